//! The first set-up: while there is no tenant at all, whoever comes first makes one and becomes its administrator. Then this is closed
//! for good; a tenant that the command line made closes it, too.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use engine::audit::{Act, Entry};
use metadata::Name;
use query::access::ADMIN;
use serde::Deserialize;
use serde_json::json;
use store::{Tenant, TenantName};

use super::login::told;
use super::{Answered, Refused, Visit};
use crate::admin::{Admin, AdminError, NewUser, check_password, keep_password};
use crate::app::App;

#[derive(Deserialize)]
struct Setup {
    #[serde(default = "main")]
    tenant: String,
    email: String,
    password: String,
    name: Option<String>,
}

fn main() -> String {
    "main".to_owned()
}

/// Whether there is something to set up.
pub(super) async fn open(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(&app, &request);
    let outcome = async { Ok(Answered::new(json!({ "open": app.store.tenants().await?.is_empty() }))) }.await;
    visit.answer(outcome)
}

pub(super) async fn setup(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Arc::new(Visit::new(&app, &request));
    let outcome = async {
        let setup: Setup = visit.read(request).await?;
        check_password(&setup.password)?;
        let name = TenantName::new(&setup.tenant).map_err(|bad| Refused::wrong(bad.to_string()))?;
        if !setup.email.contains('@') {
            return Err(Refused::wrong("email: expected an e-mail address"));
        }
        // Whoever claims it finishes: a connection that ends meanwhile leaves neither a claim nor a tenant behind that nobody can enter.
        let begun = Arc::clone(&visit);
        let made = tokio::spawn(async move { begun.set_up(&name, setup).await });
        made.await.map_err(|error| AdminError::Internal(error.to_string()))?
    }
    .await;
    visit.answer(outcome)
}

impl Visit {
    /// Claims the set-up and makes the tenant with its administrator; where that fails, the next attempt begins anew.
    async fn set_up(&self, name: &TenantName, setup: Setup) -> Result<Answered, Refused> {
        let store = &self.app.store;
        if !store.claim_setup().await? {
            return Err(Refused::forbidden("This installation is set up already"));
        }
        let tenant = match store.tenant_create(name).await {
            Ok(tenant) => tenant,
            // A tenant of this name is somebody else's.
            Err(error) => {
                store.release_setup().await?;
                return Err(error.into());
            }
        };
        let made = self.enter(&tenant, setup).await;
        if made.is_err() {
            // Nobody has anything in it yet.
            store.tenant_drop(name).await?;
            store.release_setup().await?;
        }
        made
    }

    /// Makes the administrator of a new tenant, who is logged in.
    async fn enter(&self, tenant: &Tenant, setup: Setup) -> Result<Answered, Refused> {
        let caller = self.platform(tenant).await?;
        let admin = Admin { engine: &self.app.engine, caller: &caller };
        let role = Name::new(ADMIN).map_err(|error| AdminError::Internal(error.to_string()))?;
        let new = NewUser { email: setup.email, name: setup.name, roles: vec![role], ..NewUser::default() };
        let user = admin.create_user(new).await?;
        keep_password(tenant, user, setup.password, self.app.clock.now(), &self.app.passwords).await?;
        let person = self.active(tenant, user).await?;
        let person =
            person.ok_or_else(|| AdminError::Internal("the administrator is not there".to_owned()))?;
        let cookie = self.begin_session(tenant, user).await?;
        self.note(tenant, &person.label, Some(user), Entry::done(Act::Setup)).await;
        Ok(Answered::new(told(tenant, &person)).with(cookie))
    }
}
