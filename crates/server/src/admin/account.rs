//! Passwords and links of users: who logs in, how they got their password, and when they lose it.

use chrono::{DateTime, Duration, Utc};
use engine::audit::{Act, Entry};
use metadata::catalog::Right;
use serde_json::json;
use store::{Credential, Invitation, InvitationKind, SessionRow, Tenant};
use uuid::Uuid;

use super::{Admin, AdminError, Passwords, Secret, deed};

/// How long a link for the first password is good.
const INVITED: Duration = Duration::days(7);
/// How long a link for a new password is good.
const RESET: Duration = Duration::hours(2);

/// A link for setting a password; the token is shown once.
#[derive(Debug)]
pub struct Link {
    /// What the user hands in with the password.
    pub token: String,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

impl Admin<'_> {
    /// Makes a link by which a user sets a password; earlier ones end.
    pub async fn invite(&self, user: Uuid, kind: InvitationKind) -> Result<Link, AdminError> {
        let act = match kind {
            InvitationKind::Invite => Act::Invite,
            InvitationKind::Reset => Act::Reset,
        };
        let deed = deed(act, "user", Some(user)).with(json!({ "link": true }));
        self.noted(deed, self.make_link(user, kind)).await
    }

    async fn make_link(&self, user: Uuid, kind: InvitationKind) -> Result<Link, AdminError> {
        self.must(Right::Users)?;
        self.must_cover_user(user).await?;
        self.must_exist(user).await?;
        let now = self.caller.clock.now();
        let expires = now
            + match kind {
                InvitationKind::Invite => INVITED,
                InvitationKind::Reset => RESET,
            };
        // The tenant stands in the token, as whoever hands it in is not known yet.
        let secret = Secret::draw(&format!("{}.", self.caller.tenant.name()))?;
        let link = Invitation { hash: secret.hash, user, kind, created: now, expires };
        self.caller.tenant.invite(&link).await?;
        Ok(Link { token: secret.text, expires })
    }

    /// Gives a user a password; all their sessions end.
    pub async fn set_password(
        &self,
        user: Uuid,
        password: String,
        passwords: &Passwords,
    ) -> Result<(), AdminError> {
        let work = async {
            self.must(Right::Users)?;
            self.must_cover_user(user).await?;
            keep_password(&self.caller.tenant, user, password, self.caller.clock.now(), passwords).await
        };
        self.noted(deed(Act::Reset, "user", Some(user)), work).await
    }

    /// The sessions of a user.
    pub async fn sessions(&self, user: Uuid) -> Result<Vec<SessionRow>, AdminError> {
        self.must(Right::Users)?;
        Ok(self.caller.tenant.store().sessions(self.caller.tenant.name(), user).await?)
    }

    /// Ends the sessions of a user, or one of them; how many there were.
    pub async fn end_sessions(&self, user: Uuid, only: Option<Uuid>) -> Result<u64, AdminError> {
        let told = |entry: Entry, ended: &u64| entry.with(json!({ "ended": ended }));
        let work = async {
            self.must(Right::Users)?;
            self.must_cover_user(user).await?;
            Ok(self.caller.tenant.store().sessions_end(self.caller.tenant.name(), user, only).await?)
        };
        self.noted_as(deed(Act::Logout, "user", Some(user)), told, work).await
    }
}

/// Keeps a user's new password; all their sessions end.
pub(crate) async fn keep_password(
    tenant: &Tenant,
    user: Uuid,
    password: String,
    now: DateTime<Utc>,
    passwords: &Passwords,
) -> Result<(), AdminError> {
    let password = passwords.hash(password).await?;
    tenant.set_credential(user, &Credential { password, changed: now }).await?;
    tenant.store().sessions_end(tenant.name(), user, None).await?;
    Ok(())
}
