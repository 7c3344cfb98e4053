//! Logging in at an OpenID provider: authorization code with PKCE, state and nonce. Each login asks the provider for its keys, so that
//! keys that it has changed are known.
//!
//! Never: an e-mail address that the provider has not verified, a state that comes twice or from another browser, a redirect to
//! another site.

mod fetch;
mod provider;

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::Duration;
use engine::Person;
use engine::audit::{Act, Entry};
use graphql::{Code, Error};
use metadata::Name;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Identity, Tenant};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub(crate) use provider::Provider;

use crate::admin::{Admin, AdminError, NewUser, Secret, secret_hash};
use crate::app::App;
use crate::auth::{Refused, Visit};
use crate::failure;
use crate::serve::Routes;
use crate::session::{self, Secure};

/// How long a login at the provider may take.
const PATIENCE: Duration = Duration::minutes(10);
const COOKIE: &str = "armature_login";

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub(crate) fn routes() -> Routes {
    vec![("/auth/oidc/{tenant}/start", get(start)), ("/auth/oidc/{tenant}/callback", get(callback))]
}

/// A login that is under way, as it is kept.
#[derive(Serialize, Deserialize)]
struct Attempt {
    nonce: String,
    verifier: String,
    /// Where to go afterwards.
    to: String,
}

#[derive(Deserialize)]
struct StartQuery {
    to: Option<String>,
}

#[derive(Deserialize)]
struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

fn refused(message: &str) -> Refused {
    Refused::nobody(message)
}

/// The provider cannot be asked.
fn down(error: &dyn std::fmt::Display) -> Refused {
    tracing::warn!(%error, "a login provider cannot be asked");
    let message = "The login provider does not answer; a password still logs in";
    Refused::new(StatusCode::BAD_GATEWAY, Error::new(Code::Timeout, message))
}

/// A path on this site; anything else leads home.
fn local(to: Option<&str>) -> String {
    let legal = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to.len() <= 1_000
            && to.chars().all(|c| c.is_ascii_graphic() && c != '\\')
    };
    to.filter(legal).unwrap_or("/").to_owned()
}

/// Everything that is asked of a provider.
struct Asked {
    tenant: Tenant,
    provider: Provider,
    client: Client,
}

impl Visit {
    async fn ask(&self, tenant: &str) -> Result<Asked, Refused> {
        let none = || {
            Refused::new(StatusCode::NOT_FOUND, Error::new(Code::NotFound, "There is no login provider here"))
        };
        let tenant = self.tenant(tenant).await?.ok_or_else(none)?;
        let provider = Provider::stored(&tenant).await?.ok_or_else(none)?;
        let redirect = format!("{}/auth/oidc/{}/callback", self.site()?, tenant.name());
        let redirect = RedirectUrl::new(redirect).map_err(|error| Refused::wrong(error.to_string()))?;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| down(&error))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &fetch::fetch).await;
        let metadata = metadata.map_err(|error| down(&error))?;
        let secret = ClientSecret::new(provider.client_secret.clone());
        let id = ClientId::new(provider.client_id.clone());
        let client =
            CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect);
        Ok(Asked { tenant, provider, client })
    }

    /// How browsers reach us.
    fn site(&self) -> Result<String, Refused> {
        let set = self.app.settings.public_url.trim_end_matches('/');
        if !set.is_empty() {
            return Ok(set.to_owned());
        }
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok());
        host.map(|host| format!("http://{host}")).ok_or_else(|| Refused::wrong("The request names no host"))
    }

    fn attempt_cookie(&self, value: &str, seconds: i64) -> Result<HeaderValue, Refused> {
        let secure = if self.app.secure() == Secure::Yes { "; Secure" } else { "" };
        let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text)
            .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, failure::internal(&error)))
    }
}

fn redirect(to: &str, cookies: Vec<HeaderValue>) -> Result<Response, Refused> {
    let location = HeaderValue::from_str(to).map_err(|error| Refused::wrong(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

async fn start(
    State(app): State<Arc<App>>,
    Path(tenant): Path<String>,
    Query(query): Query<StartQuery>,
    request: Request,
) -> Response {
    let visit = Visit::new(&app, &request);
    drop(request);
    let outcome = async {
        app.rates.begin_login(visit.peer).map_err(Refused::wait)?;
        let Asked { tenant, provider, client } = visit.ask(&tenant).await?;
        let secret = Secret::draw("")?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = secret.text.clone();
        let mut asking = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge);
        for scope in &provider.scopes {
            asking = asking.add_scope(Scope::new(scope.clone()));
        }
        let (url, _, nonce) = asking.url();
        let attempt = Attempt {
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            to: local(query.to.as_deref()),
        };
        let kept = json!(attempt).to_string();
        let now = app.clock.now();
        tenant.begin_login(&secret.hash, &kept, now, now + PATIENCE).await?;
        redirect(url.as_str(), vec![visit.attempt_cookie(&secret.text, PATIENCE.num_seconds())?])
    }
    .await;
    outcome.unwrap_or_else(|refused| visit.answer(Err(refused)))
}

async fn callback(
    State(app): State<Arc<App>>,
    Path(tenant): Path<String>,
    Query(query): Query<CallbackQuery>,
    request: Request,
) -> Response {
    let visit = Visit::new(&app, &request);
    drop(request);
    let outcome = async {
        let (asked, code, attempt) = visit.come_back(&tenant, query).await?;
        let (tenant, person, to) = Box::pin(visit.identified(asked, code, attempt)).await?;
        visit.end_session().await?;
        let cookie = visit.begin_session(&tenant, person.id).await?;
        let entry = Entry::done(Act::Login).with(json!({ "provider": true }));
        visit.note(&tenant, &person.label, Some(person.id), entry).await;
        redirect(&to, vec![cookie, visit.attempt_cookie("", 0)?])
    }
    .await;
    outcome.unwrap_or_else(|refused| visit.answer(Err(refused)))
}

impl Visit {
    /// The attempt that somebody came back from, with the provider's code for it.
    async fn come_back(
        &self,
        tenant: &str,
        query: CallbackQuery,
    ) -> Result<(Asked, String, Attempt), Refused> {
        let state = query.state.ok_or_else(|| refused("The login did not begin here"))?;
        let bound = session::named(&self.headers, COOKIE).unwrap_or_default();
        if !bool::from(bound.as_bytes().ct_eq(state.as_bytes())) {
            return Err(refused("The login did not begin in this browser"));
        }
        let now = self.app.clock.now();
        let home = self.tenant(tenant).await?.ok_or_else(|| refused("The login did not begin here"))?;
        let kept = home.end_login(&secret_hash(&state), now).await?;
        let kept =
            kept.ok_or_else(|| refused("This login was finished before, or took too long; begin again"))?;
        let attempt: Attempt =
            serde_json::from_str(&kept).map_err(|error| AdminError::Internal(error.to_string()))?;
        if let Some(error) = query.error {
            tracing::info!(error, "a login provider refused");
            return Err(refused("The login provider refused"));
        }
        let code = query.code.ok_or_else(|| refused("The login provider gave no code"))?;
        let asked = self.ask(tenant).await?;
        Ok((asked, code, attempt))
    }

    /// The person whom the provider names; whoever is nobody here leaves an entry.
    async fn identified(
        &self,
        asked: Asked,
        code: String,
        attempt: Attempt,
    ) -> Result<(Tenant, Person, String), Refused> {
        let known = async {
            let claims = self.claims(&asked, code, attempt.verifier, &attempt.nonce).await?;
            self.user_of(&asked, &claims).await
        };
        match known.await {
            Ok(person) => Ok((asked.tenant, person, attempt.to)),
            Err(refused) => {
                let entry = Entry::denied(Act::LoginFailed).with(json!({ "provider": true }));
                self.note(&asked.tenant, "unknown account", None, entry).await;
                Err(refused)
            }
        }
    }

    /// What the provider says, once its signature, issuer, audience, time and nonce are right.
    async fn claims(
        &self,
        asked: &Asked,
        code: String,
        verifier: String,
        nonce: &str,
    ) -> Result<CoreIdTokenClaims, Refused> {
        let exchange =
            asked.client.exchange_code(AuthorizationCode::new(code)).map_err(|error| down(&error))?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&fetch::fetch)
            .await
            .map_err(|error| match error {
                openidconnect::RequestTokenError::ServerResponse(_) => {
                    refused("The login provider did not take the code")
                }
                other => down(&other),
            })?;
        let token = openidconnect::TokenResponse::id_token(&answer);
        let token = token.ok_or_else(|| refused("The login provider gave no identity"))?;
        let now = self.app.clock.now();
        let verifier = asked.client.id_token_verifier().set_time_fn(move || now);
        let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()));
        claims.cloned().map_err(|error| {
            tracing::warn!(%error, "an identity was not believed");
            refused("The login provider's answer is not to be believed")
        })
    }

    /// The user of an identity: known by issuer and subject, else by a verified e-mail address, else made where that is wanted.
    async fn user_of(&self, asked: &Asked, claims: &CoreIdTokenClaims) -> Result<Person, Refused> {
        let (tenant, provider) = (&asked.tenant, &asked.provider);
        let identity = |user| Identity {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            user,
        };
        let email = claims.email().map(|email| email.to_string());
        let verified = email.filter(|_| claims.email_verified() == Some(true));
        if !provider.allows(verified.as_deref()) {
            return Err(Refused::forbidden("This address may not log in here"));
        }
        let known = tenant.identity(claims.issuer(), claims.subject()).await?;
        let user = match (known, verified) {
            (Some(user), _) => user,
            (None, None) => {
                return Err(Refused::forbidden("The login provider has not verified this address"));
            }
            (None, Some(email)) => {
                let user = self.user_by(asked, &email, claims).await?;
                tenant.bind_identity(&identity(user)).await?;
                user
            }
        };
        self.active(tenant, user).await?.ok_or_else(|| Refused::forbidden("This user is not active"))
    }

    async fn user_by(&self, asked: &Asked, email: &str, claims: &CoreIdTokenClaims) -> Result<Uuid, Refused> {
        let caller = self.platform(&asked.tenant).await?;
        let admin = Admin { engine: &self.app.engine, caller: &caller };
        let found = self.app.engine.user_by_email(&asked.tenant, &caller.catalog, email).await?;
        if let Some(user) = found {
            return Ok(user);
        }
        if !asked.provider.create_users {
            return Err(Refused::forbidden("There is no user with this address"));
        }
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let roles: Vec<Name> =
            asked.provider.roles.iter().map(|role| admin.role(role)).collect::<Result<_, _>>()?;
        let new = NewUser { email: email.to_owned(), name, roles, ..NewUser::default() };
        Ok(admin.create_user(new).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn a_redirect_leads_to_this_site_only() {
        for good in ["/", "/leads?view=mine#top", "/a//b"] {
            assert_eq!(local(Some(good)), good);
        }
        for bad in ["", "//evil", "/\\evil", "https://evil", "evil", "/a\nb", "/\u{e9}", "javascript:1"] {
            assert_eq!(local(Some(bad)), "/", "{bad}");
        }
        assert_eq!(local(None), "/");
    }
}
