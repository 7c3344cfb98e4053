//! What scripts have told users.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::{Compare, Param, Scalar, Source};
use uuid::Uuid;

use crate::statement::{Table, Terms, cell};
use crate::{Row, StoreError, Tenant};

static NOTIFICATION: Table = Table {
    name: "notification",
    columns: &[
        ("id", Encoding::Id),
        ("at", Encoding::DateTime),
        ("user_id", Encoding::Id),
        ("message", Encoding::Text),
        ("object", Encoding::Text),
        ("record", Encoding::Id),
        ("sender", Encoding::Text),
        ("read_at", Encoding::DateTime),
    ],
};

/// Something that a user was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRow {
    /// Its id; later ones are greater.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub message: String,
    /// About a record of which object.
    pub object: Option<String>,
    /// About which record.
    pub record: Option<Uuid>,
    /// The automation or function that told it.
    pub sender: String,
    /// When it was read.
    pub read: Option<DateTime<Utc>>,
}

/// Which of a user's notifications are wanted, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Whose.
    pub user: Uuid,
    /// Only what was not read yet.
    pub unread: bool,
    /// Those older than the one with this id.
    pub before: Option<Uuid>,
    /// How many.
    pub first: i64,
}

impl Tenant {
    /// Some of a user's notifications.
    pub async fn notifications(
        &self,
        wanted: &NotificationFilter,
    ) -> Result<Vec<NotificationRow>, StoreError> {
        let mut terms = Terms::default();
        let mut filter = vec![NOTIFICATION.is(&mut terms, "user_id", Value::Id(wanted.user))];
        if wanted.unread {
            filter.push(NOTIFICATION.is_null("read_at"));
        }
        if let Some(before) = wanted.before {
            filter.push(NOTIFICATION.compare(&mut terms, "id", Compare::Less, Value::Id(before)));
        }
        self.page(&NOTIFICATION, terms, filter, (true, wanted.first))
            .await?
            .iter()
            .map(notification)
            .collect()
    }

    /// Notes that a user has read some of theirs; how many of them were news.
    pub async fn notifications_read(
        &self,
        user: Uuid,
        ids: Vec<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut terms = Terms::default();
        let ids = Value::List(ids.into_iter().map(Value::Id).collect());
        let list = Param { source: Source::Slot(terms.slot(ids)), encoding: Encoding::Id, list: true };
        let filter = vec![
            NOTIFICATION.is(&mut terms, "user_id", Value::Id(user)),
            Scalar::InParam(Box::new(NOTIFICATION.column("id")), list),
            NOTIFICATION.is_null("read_at"),
        ];
        let change = NOTIFICATION.update(terms, "read_at", Value::DateTime(now), filter);
        Ok(self.change(vec![change]).await?.len())
    }
}

fn notification(row: &Row) -> Result<NotificationRow, StoreError> {
    Ok(NotificationRow {
        id: cell::id(row, 0)?,
        at: cell::instant(row, 1)?,
        message: cell::text(row, 3)?,
        object: cell::optional_text(row, 4)?,
        record: cell::optional_id(row, 5)?,
        sender: cell::text(row, 6)?,
        read: cell::optional_instant(row, 7)?,
    })
}
