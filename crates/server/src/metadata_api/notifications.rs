//! What scripts have told the acting user.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use store::{NotificationFilter, NotificationRow};
use uuid::Uuid;

use super::Scene;
use super::jobs::shown;
use super::problem::{administered, identified, page, wrong};

/// Notifications of a page where nothing is said.
const PAGE: i32 = 50;

/// Something that a script told a user.
#[derive(SimpleObject)]
struct Notification {
    /// Its id, by which a page goes on.
    id: ID,
    /// When.
    at: String,
    /// What.
    message: String,
    /// The object of the record that it is about.
    object: Option<String>,
    /// The record that it is about.
    record: Option<ID>,
    /// The automation or function that told it.
    sender: String,
    /// When it was read.
    read: Option<String>,
}

impl Notification {
    /// As its reader may see it: an object that is hidden from them is not named.
    fn of(row: NotificationRow, scene: &Scene) -> Self {
        let object = row.object.filter(|object| scene.caller.visible().object(object).is_some());
        Notification {
            id: row.id.into(),
            at: shown(row.at),
            message: row.message,
            record: row.record.filter(|_| object.is_some()).map(ID::from),
            object,
            sender: row.sender,
            read: row.read.map(shown),
        }
    }
}

fn reader(scene: &Scene) -> Result<Uuid> {
    let nobody = || wrong("this key acts as no user: nothing is told to it".to_owned());
    scene.caller.actor.user.ok_or_else(nobody)
}

/// What one is told.
#[derive(Default)]
pub(crate) struct NotificationQuery;

#[Object]
impl NotificationQuery {
    /// What scripts told the acting user, the newest first.
    async fn notifications(
        &self,
        context: &Context<'_>,
        #[graphql(default, desc = "Only what was not read yet")] unread: bool,
        #[graphql(default_with = "PAGE", desc = "How many, at most 1,000")] first: i32,
        #[graphql(desc = "Those older than the one with this id")] after: Option<ID>,
    ) -> Result<Vec<Notification>> {
        let scene = context.data::<Scene>()?;
        let before = after.as_ref().map(identified).transpose()?;
        let wanted = NotificationFilter { user: reader(scene)?, unread, before, first: page(first)? };
        let rows = scene.principal.tenant.notifications(&wanted).await;
        let rows = rows.map_err(|error| administered(&error.into()))?;
        Ok(rows.into_iter().map(|row| Notification::of(row, scene)).collect())
    }
}

/// What one does with it.
#[derive(Default)]
pub(crate) struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Notes that the acting user has read some of theirs; how many of them were news.
    async fn read_notifications(&self, context: &Context<'_>, ids: Vec<ID>) -> Result<usize> {
        let scene = context.data::<Scene>()?;
        let user = reader(scene)?;
        page(i32::try_from(ids.len()).unwrap_or(i32::MAX).max(1))?;
        let ids = ids.iter().map(identified).collect::<Result<Vec<_>>>()?;
        let read = scene.principal.tenant.notifications_read(user, ids, scene.app.clock.now()).await;
        read.map_err(|error| administered(&error.into()))
    }
}
