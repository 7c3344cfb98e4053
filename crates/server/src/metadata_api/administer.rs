//! Users, teams, keys and shares: what the metadata API does to them.

use std::future::Future;

use async_graphql::{Context, Enum, ID, InputObject, Json, Object, OneofObject, Result, SimpleObject};
use engine::audit::Act;
use metadata::Name;
use metadata::catalog::Right;
use serde_json::{Map, Value};
use store::{Grantee, InvitationKind};
use uuid::Uuid;

use super::Scene;
use super::people::{Key, Share};
use super::problem::{administered, identified, wrong};
use crate::admin::{Active, AdminError, NewKey, NewShare, NewUser, deed, fields_of_json};
use crate::oidc::Provider;

/// What changes who may come in, and what they may do.
#[derive(Default)]
pub(crate) struct PeopleMutation;

/// A link for setting a password.
#[derive(SimpleObject)]
struct Link {
    /// What the user hands in with the password, at `/auth/invite/accept` or `/auth/reset/accept`. Shown once.
    token: String,
    /// When it ends.
    expires: String,
}

/// A key that was made.
#[derive(SimpleObject)]
struct MadeKey {
    /// The key. Shown once.
    api_key: String,
    /// What is kept of it.
    key: Key,
}

/// With whom a record is shared.
#[derive(OneofObject)]
enum GranteeInput {
    /// One user.
    User(ID),
    /// The users of a team.
    Team(ID),
    /// The bearers of a role.
    Role(String),
}

/// How far a share goes.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Level {
    /// The record may be seen.
    Read,
    /// It may be changed, too.
    Update,
}

/// Where users log in beside here.
#[derive(InputObject)]
struct LoginProviderInput {
    /// Its address, with `/.well-known/openid-configuration` below it.
    issuer: String,
    /// The id that it knows us by.
    client_id: String,
    /// The secret that it knows us by.
    client_secret: String,
    /// What is asked for beside `openid`.
    #[graphql(default_with = "vec![\"email\".to_owned(), \"profile\".to_owned()]")]
    scopes: Vec<String>,
    /// Domains of e-mail addresses that may log in; all when empty.
    #[graphql(default)]
    domains: Vec<String>,
    /// Whether users are made at their first login.
    #[graphql(default)]
    create_users: bool,
    /// The roles of users that are made.
    #[graphql(default)]
    roles: Vec<String>,
}

impl Scene {
    /// Carries out an act of administration, which the audit log has already: it holds for the next request.
    pub(super) async fn administer<T>(&self, work: impl Future<Output = Result<T, AdminError>>) -> Result<T> {
        let done = Box::pin(work).await;
        self.app.generation.pass();
        done.map_err(|error| administered(&error))
    }

    async fn record_data(
        &self,
        (act, object): (Act, &str),
        fields: Option<Json<Value>>,
    ) -> Result<query::request::RecordData> {
        let json = match fields {
            None | Some(Json(Value::Null)) => Map::new(),
            Some(Json(Value::Object(members))) => members,
            Some(_) => return Err(wrong("fields: expected an object {\"field\": value}")),
        };
        let Some(definition) = self.catalog.object(object) else {
            return Err(wrong(format!("there is no object `{object}`")));
        };
        match fields_of_json(&self.catalog, definition, &json) {
            Ok(data) => Ok(data),
            Err(error) => Err(self.without((act, object), Right::Users, &error).await),
        }
    }

    async fn role(&self, act: Act, role: &str, needed: Right) -> Result<Name> {
        match self.admin().role(role) {
            Ok(role) => Ok(role),
            Err(error) => Err(self.without((act, "user"), needed, &error).await),
        }
    }

    /// What was named wrongly is told to those who have the right; to others the act is refused, as it would be with good names.
    async fn without(
        &self,
        (act, object): (Act, &str),
        needed: Right,
        error: &AdminError,
    ) -> async_graphql::Error {
        let held = self.admin().must_for(deed(act, object, None), needed).await;
        administered(held.as_ref().err().unwrap_or(error))
    }
}

fn instant(text: Option<&str>) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
    text.map(|text| {
        text.parse().map_err(|_| wrong(format!("`{text}` is no instant: expected 2027-01-31T00:00:00Z")))
    })
    .transpose()
}

#[Object]
impl PeopleMutation {
    /// Makes a user; the id of the record. `fields` are further fields of it: relations are ids or unique values.
    async fn create_user(
        &self,
        context: &Context<'_>,
        email: String,
        name: Option<String>,
        fields: Option<Json<Value>>,
        #[graphql(default)] roles: Vec<String>,
    ) -> Result<ID> {
        let scene = context.data::<Scene>()?;
        let fields = scene.record_data((Act::UserCreate, "user"), fields).await?;
        let mut given = Vec::with_capacity(roles.len());
        for role in &roles {
            given.push(scene.role(Act::UserCreate, role, Right::Users).await?);
        }
        let new = NewUser { email, name, fields, roles: given };
        Ok(scene.administer(scene.admin().create_user(new)).await?.into())
    }

    /// Changes fields of a user's record.
    async fn update_user(&self, context: &Context<'_>, id: ID, fields: Json<Value>) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        let user = identified(&id)?;
        let data = scene.record_data((Act::UserUpdate, "user"), Some(fields)).await?;
        scene.administer(scene.admin().update_user(user, data)).await?;
        Ok(true)
    }

    /// Keeps a user out: sessions end, keys open nothing.
    async fn deactivate_user(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let (scene, user) = (context.data::<Scene>()?, identified(&id)?);
        scene.administer(scene.admin().set_active(user, Active::No)).await?;
        Ok(true)
    }

    /// Lets a user in again.
    async fn activate_user(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let (scene, user) = (context.data::<Scene>()?, identified(&id)?);
        scene.administer(scene.admin().set_active(user, Active::Yes)).await?;
        Ok(true)
    }

    /// Gives a role to a user: at most the rights that one has.
    async fn grant_role(&self, context: &Context<'_>, user: ID, role: String) -> Result<bool> {
        let (scene, user) = (context.data::<Scene>()?, identified(&user)?);
        let name = scene.role(Act::RoleGrant, &role, Right::Users).await?;
        scene.administer(scene.admin().grant_role(user, &name)).await?;
        Ok(true)
    }

    /// Takes a role from a user.
    async fn revoke_role(&self, context: &Context<'_>, user: ID, role: String) -> Result<bool> {
        let (scene, user) = (context.data::<Scene>()?, identified(&user)?);
        scene.administer(scene.admin().revoke_role(user, &role)).await?;
        Ok(true)
    }

    /// Makes a link by which a user sets the first password; earlier ones end.
    async fn invite(&self, context: &Context<'_>, user: ID) -> Result<Link> {
        link(context.data::<Scene>()?, identified(&user)?, InvitationKind::Invite).await
    }

    /// Makes a link by which a user sets a new password; earlier ones end.
    async fn reset_password(&self, context: &Context<'_>, user: ID) -> Result<Link> {
        link(context.data::<Scene>()?, identified(&user)?, InvitationKind::Reset).await
    }

    /// Ends the sessions of a user, or one of them; how many there were.
    async fn end_sessions(&self, context: &Context<'_>, user: ID, session: Option<ID>) -> Result<u64> {
        let (scene, user) = (context.data::<Scene>()?, identified(&user)?);
        let only = session.as_ref().map(identified).transpose()?;
        scene.administer(scene.admin().end_sessions(user, only)).await
    }

    /// Makes a team; the id of the record.
    async fn create_team(&self, context: &Context<'_>, fields: Json<Value>) -> Result<ID> {
        let scene = context.data::<Scene>()?;
        let data = scene.record_data((Act::UserUpdate, "team"), Some(fields)).await?;
        Ok(scene.administer(scene.admin().create_team(data)).await?.into())
    }

    /// Changes fields of a team.
    async fn update_team(&self, context: &Context<'_>, id: ID, fields: Json<Value>) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        let team = identified(&id)?;
        let data = scene.record_data((Act::UserUpdate, "team"), Some(fields)).await?;
        scene.administer(scene.admin().update_team(team, data)).await?;
        Ok(true)
    }

    /// Deletes a team; its members are in none then.
    async fn delete_team(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let (scene, team) = (context.data::<Scene>()?, identified(&id)?);
        scene.administer(scene.admin().delete_team(team)).await?;
        Ok(true)
    }

    /// Puts a user into a team, or with `null` out of theirs.
    async fn set_team(&self, context: &Context<'_>, user: ID, team: Option<ID>) -> Result<bool> {
        let (scene, user) = (context.data::<Scene>()?, identified(&user)?);
        let team = team.as_ref().map(identified).transpose()?;
        scene.administer(scene.admin().set_team(user, team)).await?;
        Ok(true)
    }

    /// Makes an API key; one without role and user has every right, and only those who have them make it.
    async fn create_key(
        &self,
        context: &Context<'_>,
        name: String,
        role: Option<String>,
        user: Option<ID>,
        #[graphql(desc = "When it ends: 2027-01-31T00:00:00Z")] expires: Option<String>,
    ) -> Result<MadeKey> {
        let scene = context.data::<Scene>()?;
        let role = match role {
            Some(role) => Some(scene.role(Act::KeyCreate, &role, Right::Keys).await?),
            None => None,
        };
        let user = user.as_ref().map(identified).transpose()?;
        let new = NewKey { name, role, user, expires: instant(expires.as_deref())? };
        let made = scene.administer(scene.admin().make_key(new)).await?;
        Ok(MadeKey { api_key: made.text, key: made.row.into() })
    }

    /// Ends a key.
    async fn revoke_key(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let (scene, key) = (context.data::<Scene>()?, identified(&id)?);
        scene.administer(scene.admin().revoke_key(key)).await?;
        Ok(true)
    }

    /// Shares a record: with the right `shares` any that one sees, else those that one owns; never further than one's own rights.
    async fn share(
        &self,
        context: &Context<'_>,
        object: String,
        id: ID,
        with: GranteeInput,
        #[graphql(default_with = "Level::Read")] level: Level,
        #[graphql(desc = "When it ends: 2027-01-31T00:00:00Z")] expires: Option<String>,
    ) -> Result<Share> {
        let (scene, record) = (context.data::<Scene>()?, identified(&id)?);
        let with = match with {
            GranteeInput::User(id) => Grantee::User(identified(&id)?),
            GranteeInput::Team(id) => Grantee::Team(identified(&id)?),
            GranteeInput::Role(role) => Grantee::Role(role),
        };
        let update = level == Level::Update;
        let new = NewShare { object, record, with, update, expires: instant(expires.as_deref())? };
        Ok(scene.administer(scene.admin().share(new)).await?.into())
    }

    /// Ends a share: with the right `shares` any, else one's own.
    async fn end_share(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        let (scene, share) = (context.data::<Scene>()?, identified(&id)?);
        scene.administer(scene.admin().end_share(share)).await?;
        Ok(true)
    }

    /// Says where users log in beside here.
    async fn set_login_provider(&self, context: &Context<'_>, provider: LoginProviderInput) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        let provider = Provider {
            issuer: provider.issuer,
            client_id: provider.client_id,
            client_secret: provider.client_secret,
            scopes: provider.scopes,
            domains: provider.domains,
            create_users: provider.create_users,
            roles: provider.roles,
        };
        scene.administer(provider.keep(&scene.admin())).await?;
        Ok(true)
    }

    /// Takes the login provider away; passwords remain.
    async fn remove_login_provider(&self, context: &Context<'_>) -> Result<bool> {
        let scene = context.data::<Scene>()?;
        scene.administer(Provider::remove(&scene.admin())).await?;
        Ok(true)
    }
}

async fn link(scene: &Scene, user: Uuid, kind: InvitationKind) -> Result<Link> {
    let link = scene.administer(scene.admin().invite(user, kind)).await?;
    let expires = link.expires.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    Ok(Link { token: link.token, expires })
}
