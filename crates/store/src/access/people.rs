//! Roles, passwords, invitations and identities of users.

use chrono::{DateTime, Utc};
use expr::{Encoding, Value};
use sql::Compare;
use uuid::Uuid;

use crate::statement::{Table, Terms, cell};
use crate::{StoreError, Tenant};

static USER_ROLE: Table =
    Table { name: "user_role", columns: &[("user_id", Encoding::Id), ("role", Encoding::Text)] };
static CREDENTIAL: Table = Table {
    name: "credential",
    columns: &[("user_id", Encoding::Id), ("password", Encoding::Text), ("changed", Encoding::DateTime)],
};
static INVITATION: Table = Table {
    name: "invitation",
    columns: &[
        ("hash", Encoding::Text),
        ("user_id", Encoding::Id),
        ("kind", Encoding::Text),
        ("created", Encoding::DateTime),
        ("expires", Encoding::DateTime),
        ("used", Encoding::DateTime),
    ],
};
static IDENTITY: Table = Table {
    name: "identity",
    columns: &[("issuer", Encoding::Text), ("subject", Encoding::Text), ("user_id", Encoding::Id)],
};
static PROVIDER: Table =
    Table { name: "login_provider", columns: &[("name", Encoding::Text), ("settings", Encoding::Text)] };
static ATTEMPT: Table = Table {
    name: "login_attempt",
    columns: &[
        ("hash", Encoding::Text),
        ("state", Encoding::Text),
        ("expires", Encoding::DateTime),
        ("used", Encoding::DateTime),
    ],
};

/// A stored password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The argon2id text.
    pub password: String,
    /// When it was set.
    pub changed: DateTime<Utc>,
}

/// What a link for setting a password was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKind {
    /// The first password.
    Invite,
    /// A new one.
    Reset,
}

impl InvitationKind {
    fn as_str(self) -> &'static str {
        match self {
            InvitationKind::Invite => "invite",
            InvitationKind::Reset => "reset",
        }
    }
}

/// A link for setting a password; good for one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Hash of its secret.
    pub hash: [u8; 32],
    /// Whose password.
    pub user: Uuid,
    /// What for.
    pub kind: InvitationKind,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

/// An account at a login provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The account there.
    pub subject: String,
    /// The user.
    pub user: Uuid,
}

impl Tenant {
    /// Roles of a user, by name.
    pub async fn roles_of(&self, user: Uuid) -> Result<Vec<String>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![USER_ROLE.is(&mut terms, "user_id", Value::Id(user))];
        let rows = USER_ROLE.rows(self, terms, filter).await?;
        rows.iter().map(|row| cell::text(row, 1)).collect()
    }

    /// All users with their roles.
    pub async fn user_roles(&self) -> Result<Vec<(Uuid, String)>, StoreError> {
        let rows = USER_ROLE.rows(self, Terms::default(), Vec::new()).await?;
        rows.iter().map(|row| Ok((cell::id(row, 0)?, cell::text(row, 1)?))).collect()
    }

    /// Gives roles to a user; those that the user has already stay.
    pub async fn grant_roles(&self, user: Uuid, roles: &[String]) -> Result<(), StoreError> {
        let grant = |role: &String| {
            USER_ROLE
                .insert(vec![Value::Id(user), Value::Text(role.clone())], Some((&["user_id", "role"], &[])))
        };
        self.change(roles.iter().map(grant).collect()).await.map(|_| ())
    }

    /// Takes a role from a user.
    pub async fn revoke_role(&self, user: Uuid, role: &str) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let filter = vec![
            USER_ROLE.is(&mut terms, "user_id", Value::Id(user)),
            USER_ROLE.is(&mut terms, "role", Value::Text(role.to_owned())),
        ];
        self.change(vec![USER_ROLE.delete(terms, filter)]).await.map(|_| ())
    }

    /// The password of a user.
    pub async fn credential(&self, user: Uuid) -> Result<Option<Credential>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![CREDENTIAL.is(&mut terms, "user_id", Value::Id(user))];
        let rows = CREDENTIAL.rows(self, terms, filter).await?;
        let credential =
            |row| Ok(Credential { password: cell::text(row, 1)?, changed: cell::instant(row, 2)? });
        rows.first().map(credential).transpose()
    }

    /// Sets the password of a user; all links for setting it end.
    pub async fn set_credential(&self, user: Uuid, credential: &Credential) -> Result<(), StoreError> {
        let values = vec![
            Value::Id(user),
            Value::Text(credential.password.clone()),
            Value::DateTime(credential.changed),
        ];
        let mut terms = Terms::default();
        let links = vec![INVITATION.is(&mut terms, "user_id", Value::Id(user))];
        self.change(vec![
            CREDENTIAL.insert(values, Some((&["user_id"], &["password", "changed"]))),
            INVITATION.delete(terms, links),
        ])
        .await
        .map(|_| ())
    }

    /// Keeps a link for setting a password; earlier ones of the user end.
    pub async fn invite(&self, invitation: &Invitation) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let earlier = vec![INVITATION.is(&mut terms, "user_id", Value::Id(invitation.user))];
        let values = vec![
            Value::Text(hex(&invitation.hash)),
            Value::Id(invitation.user),
            Value::Text(invitation.kind.as_str().to_owned()),
            Value::DateTime(invitation.created),
            Value::DateTime(invitation.expires),
            Value::Null,
        ];
        self.change(vec![INVITATION.delete(terms, earlier), INVITATION.insert(values, None)])
            .await
            .map(|_| ())
    }

    /// Ends a user's links for setting a password.
    pub async fn end_invitations(&self, user: Uuid) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let filter = vec![INVITATION.is(&mut terms, "user_id", Value::Id(user))];
        self.change(vec![INVITATION.delete(terms, filter)]).await.map(|_| ())
    }

    /// Uses a link up: whose password may be set. `None` when there is none of this kind, it was used, or it has ended. Of several
    /// at once one gets it.
    pub async fn use_invitation(
        &self,
        hash: &[u8; 32],
        kind: InvitationKind,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![
            INVITATION.is(&mut terms, "hash", Value::Text(hex(hash))),
            INVITATION.is(&mut terms, "kind", Value::Text(kind.as_str().to_owned())),
            INVITATION.is_null("used"),
            INVITATION.compare(&mut terms, "expires", Compare::Greater, Value::DateTime(now)),
        ];
        let rows = self.change(vec![INVITATION.update(terms, "used", Value::DateTime(now), filter)]).await?;
        rows.first().map(|row| cell::id(row, 1)).transpose()
    }

    /// The user of an account at a login provider.
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Uuid>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![
            IDENTITY.is(&mut terms, "issuer", Value::Text(issuer.to_owned())),
            IDENTITY.is(&mut terms, "subject", Value::Text(subject.to_owned())),
        ];
        let rows = IDENTITY.rows(self, terms, filter).await?;
        rows.first().map(|row| cell::id(row, 2)).transpose()
    }

    /// Binds an account at a login provider to a user; one that is bound stays as it is.
    pub async fn bind_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        let values = vec![
            Value::Text(identity.issuer.clone()),
            Value::Text(identity.subject.clone()),
            Value::Id(identity.user),
        ];
        self.change(vec![IDENTITY.insert(values, Some((&["issuer", "subject"], &[])))]).await.map(|_| ())
    }

    /// The settings of a login provider.
    pub async fn login_provider(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![PROVIDER.is(&mut terms, "name", Value::Text(name.to_owned()))];
        let rows = PROVIDER.rows(self, terms, filter).await?;
        rows.first().map(|row| cell::text(row, 1)).transpose()
    }

    /// Sets up a login provider, or takes it away.
    pub async fn set_login_provider(&self, name: &str, settings: Option<&str>) -> Result<(), StoreError> {
        let key = Value::Text(name.to_owned());
        let change = if let Some(settings) = settings {
            let values = vec![key, Value::Text(settings.to_owned())];
            PROVIDER.insert(values, Some((&["name"], &["settings"])))
        } else {
            let mut terms = Terms::default();
            let filter = vec![PROVIDER.is(&mut terms, "name", key)];
            PROVIDER.delete(terms, filter)
        };
        self.change(vec![change]).await.map(|_| ())
    }

    /// Gives a role that login providers give to users they make its new name.
    pub async fn login_providers_rename_role(&self, old: &str, new: &str) -> Result<(), StoreError> {
        for row in PROVIDER.rows(self, Terms::default(), Vec::new()).await? {
            let (name, text) = (cell::text(&row, 0)?, cell::text(&row, 1)?);
            let mut settings: serde_json::Value =
                serde_json::from_str(&text).map_err(|bad| StoreError::Other(crate::Cause::new(bad)))?;
            let Some(roles) = settings.get_mut("roles").and_then(serde_json::Value::as_array_mut) else {
                continue;
            };
            if !roles.iter().any(|role| role == old) {
                continue;
            }
            for role in roles.iter_mut().filter(|role| *role == old) {
                *role = new.into();
            }
            self.set_login_provider(&name, Some(&settings.to_string())).await?;
        }
        Ok(())
    }

    /// Keeps the state of a login that goes on at a provider, by the hash of its secret; those that have ended go.
    pub async fn begin_login(
        &self,
        hash: &[u8; 32],
        state: &str,
        now: DateTime<Utc>,
        expires: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let ended = vec![ATTEMPT.compare(&mut terms, "expires", Compare::Less, Value::DateTime(now))];
        let values = vec![
            Value::Text(hex(hash)),
            Value::Text(state.to_owned()),
            Value::DateTime(expires),
            Value::Null,
        ];
        self.change(vec![ATTEMPT.delete(terms, ended), ATTEMPT.insert(values, None)]).await.map(|_| ())
    }

    /// Uses the state of a login up: it is given once.
    pub async fn end_login(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        let mut terms = Terms::default();
        let filter = vec![
            ATTEMPT.is(&mut terms, "hash", Value::Text(hex(hash))),
            ATTEMPT.is_null("used"),
            ATTEMPT.compare(&mut terms, "expires", Compare::Greater, Value::DateTime(now)),
        ];
        let rows = self.change(vec![ATTEMPT.update(terms, "used", Value::DateTime(now), filter)]).await?;
        rows.first().map(|row| cell::text(row, 1)).transpose()
    }
}

fn hex(hash: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
