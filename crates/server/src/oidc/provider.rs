//! The settings of a tenant's login provider.

use engine::audit::{Act, Entry};
use metadata::Name;
use query::access::ADMIN;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tenant;

use crate::admin::{Admin, AdminError};

/// The one provider that a tenant may have.
const NAME: &str = "oidc";

/// Where users log in beside here.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) scopes: Vec<String>,
    /// Domains of e-mail addresses that may log in; all when empty.
    pub(crate) domains: Vec<String>,
    /// Whether users are made at their first login.
    pub(crate) create_users: bool,
    /// The roles of users that are made.
    pub(crate) roles: Vec<String>,
}

impl Provider {
    /// What a tenant has set.
    pub(crate) async fn stored(tenant: &Tenant) -> Result<Option<Self>, AdminError> {
        let Some(text) = tenant.login_provider(NAME).await? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| AdminError::Internal(error.to_string()))
    }

    /// The same, for an administrator.
    pub(crate) async fn of(admin: &Admin<'_>) -> Result<Option<Self>, AdminError> {
        admin.must(metadata::catalog::Right::Users)?;
        Self::stored(&admin.caller.tenant).await
    }

    /// Keeps the settings. Whoever names the provider names who everybody is: this needs every right.
    pub(crate) async fn keep(self, admin: &Admin<'_>) -> Result<(), AdminError> {
        let deed = Entry::done(Act::UserUpdate).with(json!({ "loginProvider": self.issuer }));
        admin.noted(deed, self.put(admin)).await
    }

    async fn put(&self, admin: &Admin<'_>) -> Result<(), AdminError> {
        must_have_all(admin)?;
        for role in &self.roles {
            admin.role(role)?;
        }
        let loopback = ["http://127.0.0.1:", "http://localhost:"];
        if !self.issuer.starts_with("https://")
            && !loopback.iter().any(|start| self.issuer.starts_with(start))
        {
            return Err(AdminError::wrong("issuer: expected an address that begins with https://"));
        }
        let text = serde_json::to_string(self).map_err(|error| AdminError::Internal(error.to_string()))?;
        Ok(admin.caller.tenant.set_login_provider(NAME, Some(&text)).await?)
    }

    /// Takes the provider away.
    pub(crate) async fn remove(admin: &Admin<'_>) -> Result<(), AdminError> {
        let deed = Entry::done(Act::UserUpdate).with(json!({ "loginProvider": null }));
        let work = async {
            must_have_all(admin)?;
            Ok(admin.caller.tenant.set_login_provider(NAME, None).await?)
        };
        admin.noted(deed, work).await
    }

    /// Whether an address may log in; one that is not verified is none.
    pub(crate) fn allows(&self, email: Option<&str>) -> bool {
        if self.domains.is_empty() {
            return true;
        }
        let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        domain.is_some_and(|domain| self.domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)))
    }
}

fn must_have_all(admin: &Admin<'_>) -> Result<(), AdminError> {
    let all = Name::new(ADMIN).map_err(|error| AdminError::Internal(error.to_string()))?;
    admin.must(metadata::catalog::Right::Users)?;
    admin.must_cover(&[all])
}
