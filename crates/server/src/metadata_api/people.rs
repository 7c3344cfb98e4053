//! Users, teams, keys and shares: what the metadata API tells of them.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use metadata::catalog::Right;
use store::{KeyRow, SessionRow, ShareRow};

use super::Scene;
use super::problem::{administered, identified};
use crate::admin::ListedUser;
use crate::oidc::Provider;

/// Somebody who works in the tenant.
#[derive(SimpleObject)]
pub(crate) struct User {
    /// The record's id.
    id: ID,
    /// Their name.
    name: String,
    /// Their address.
    email: Option<String>,
    /// Whether they may act.
    active: bool,
    /// Their roles, by name.
    roles: Vec<String>,
}

impl From<ListedUser> for User {
    fn from(user: ListedUser) -> Self {
        let ListedUser { id, name, email, active, roles } = user;
        User { id: id.into(), name, email, active, roles }
    }
}

/// A role that users and keys can have.
#[derive(SimpleObject)]
struct Role {
    /// Its name.
    name: String,
    /// For people.
    title: String,
    /// For people.
    description: Option<String>,
    /// Roles whose grants it has, too.
    inherits: Vec<String>,
}

/// An API key, without its secret.
#[derive(SimpleObject)]
pub(crate) struct Key {
    /// Its id.
    id: ID,
    /// What it is for.
    name: String,
    /// Its first characters.
    prefix: String,
    /// The role that it acts with; without role and user it has every right.
    role: Option<String>,
    /// The user that it acts as.
    user: Option<ID>,
    /// When it was made.
    created: String,
    /// When it ends.
    expires: Option<String>,
    /// When it was last used, to the minute.
    last_used: Option<String>,
}

fn text(instant: chrono::DateTime<chrono::Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

impl From<KeyRow> for Key {
    fn from(key: KeyRow) -> Self {
        Key {
            id: key.id.into(),
            name: key.name,
            prefix: key.prefix,
            role: key.role,
            user: key.user.map(ID::from),
            created: text(key.created),
            expires: key.expires.map(text),
            last_used: key.last_used.map(text),
        }
    }
}

/// A record that was shared.
#[derive(SimpleObject)]
pub(crate) struct Share {
    /// Its id.
    id: ID,
    /// Of which object the record is.
    object: String,
    /// The record.
    record: ID,
    /// `user`, `team` or `role`.
    with: String,
    /// The id of the user or team, or the name of the role.
    grantee: String,
    /// `READ` or `UPDATE`.
    level: String,
    /// When it ends.
    expires: Option<String>,
    /// When it was shared.
    created: String,
}

impl From<ShareRow> for Share {
    fn from(share: ShareRow) -> Self {
        Share {
            id: share.id.into(),
            object: share.object,
            record: share.record.into(),
            with: share.grantee.kind().to_owned(),
            grantee: share.grantee.name(),
            level: if share.update { "UPDATE" } else { "READ" }.to_owned(),
            expires: share.expires.map(text),
            created: text(share.created),
        }
    }
}

/// A session of a user.
#[derive(SimpleObject)]
struct Session {
    /// Its id.
    id: ID,
    /// When it began.
    created: String,
    /// When it ends.
    expires: String,
    /// When it was last used, to the minute.
    last_used: String,
}

impl From<SessionRow> for Session {
    fn from(session: SessionRow) -> Self {
        Session {
            id: session.id.into(),
            created: text(session.created),
            expires: text(session.expires),
            last_used: text(session.last_used),
        }
    }
}

/// Where users log in beside here.
#[derive(SimpleObject)]
struct LoginProvider {
    /// Its address.
    issuer: String,
    /// The id that it knows us by.
    client_id: String,
    /// What is asked for beside `openid`.
    scopes: Vec<String>,
    /// Domains of e-mail addresses that may log in; all when empty.
    domains: Vec<String>,
    /// Whether users are made at their first login.
    create_users: bool,
    /// The roles of users that are made.
    roles: Vec<String>,
}

/// Who may come in, and what they may do.
#[derive(Default)]
pub(crate) struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// All users. Needs the right `users`.
    async fn users(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let scene = context.data::<Scene>()?;
        let users = scene.admin().users().await.map_err(|error| administered(&error))?;
        Ok(users.into_iter().map(User::from).collect())
    }

    /// The roles that there are. Needs the right `users` or `keys`.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn roles(&self, context: &Context<'_>) -> Result<Vec<Role>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Users, Right::Keys, Right::Read, Right::Apply])?;
        let role = |role: &std::sync::Arc<metadata::catalog::Role>| Role {
            name: role.name.to_string(),
            title: role.title.clone(),
            description: role.description.clone(),
            inherits: role.inherits.iter().map(ToString::to_string).collect(),
        };
        let admin = Role {
            name: query::access::ADMIN.to_owned(),
            title: "Administrator".to_owned(),
            description: Some("Every right; built in.".to_owned()),
            inherits: Vec::new(),
        };
        Ok(std::iter::once(admin).chain(scene.catalog.roles.values().map(role)).collect())
    }

    /// The keys of the tenant. Needs the right `keys`.
    async fn keys(&self, context: &Context<'_>) -> Result<Vec<Key>> {
        let scene = context.data::<Scene>()?;
        let keys = scene.admin().keys().await.map_err(|error| administered(&error))?;
        Ok(keys.into_iter().map(Key::from).collect())
    }

    /// The shares of an object, or of one of its records: all of them with the right `shares`, one's own without.
    async fn shares(&self, context: &Context<'_>, object: String, record: Option<ID>) -> Result<Vec<Share>> {
        let scene = context.data::<Scene>()?;
        let record = record.as_ref().map(identified).transpose()?;
        let shares = scene.admin().shares(&object, record).await.map_err(|error| administered(&error))?;
        Ok(shares.into_iter().map(Share::from).collect())
    }

    /// The sessions of a user. Needs the right `users`.
    async fn sessions(&self, context: &Context<'_>, user: ID) -> Result<Vec<Session>> {
        let scene = context.data::<Scene>()?;
        let sessions =
            scene.admin().sessions(identified(&user)?).await.map_err(|error| administered(&error))?;
        Ok(sessions.into_iter().map(Session::from).collect())
    }

    /// Where users log in beside here; without its secret. Needs the right `users`.
    async fn login_provider(&self, context: &Context<'_>) -> Result<Option<LoginProvider>> {
        let scene = context.data::<Scene>()?;
        let found = Provider::of(&scene.admin()).await.map_err(|error| administered(&error))?;
        Ok(found.map(|provider| LoginProvider {
            issuer: provider.issuer,
            client_id: provider.client_id,
            scopes: provider.scopes,
            domains: provider.domains,
            create_users: provider.create_users,
            roles: provider.roles,
        }))
    }
}
