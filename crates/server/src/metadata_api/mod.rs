//! `/metadata`: the tenant's catalog over GraphQL. Read it, plan and apply documents, add a field; the next request to `/graphql`
//! answers it.

mod administer;
mod audit;
mod clock;
mod jobs;
mod mutation;
mod notifications;
mod people;
mod problem;
mod query;
mod read;
mod result;

use std::sync::Arc;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql::{EmptySubscription, MergedObject, ObjectType, Request, Schema, Variables};
use engine::{Caller, Door};
use graphql::{Code, Error, Location, PathSegment};
use metadata::Catalog;
use metadata::catalog::Right;
use serde_json::Value as Json;

use crate::admin::Admin;
use crate::app::App;
use crate::failure;
use crate::http::{Answer, Question};
use crate::keys::Principal;
use crate::payload;
use crate::rates::{self, Limited};
use crate::settings::Settings;
use crate::trace::TraceId;

/// The schema of the metadata API; the same for all tenants.
pub(crate) enum MetadataSchema {
    /// As it is served.
    Plain(Schema<Query, Mutation, EmptySubscription>),
    /// With a clock that can be moved.
    Tested(Schema<Query, TestedMutation, EmptySubscription>),
}

/// What can be asked.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    query::MetadataQuery,
    people::PeopleQuery,
    audit::AuditQuery,
    jobs::JobQuery,
    notifications::NotificationQuery,
);

/// What can be done.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(
    mutation::MetadataMutation,
    administer::PeopleMutation,
    audit::AuditMutation,
    jobs::JobMutation,
    notifications::NotificationMutation,
);

/// What can be done where tests move the clock.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct TestedMutation(
    mutation::MetadataMutation,
    administer::PeopleMutation,
    audit::AuditMutation,
    jobs::JobMutation,
    notifications::NotificationMutation,
    clock::ClockMutation,
);

/// Levels of fields; introspection needs 15.
const MOST_DEPTH: usize = 20;
const MOST_FIELDS: usize = 2_000;

fn schema<M: ObjectType + Default + 'static>() -> Schema<Query, M, EmptySubscription> {
    Schema::build(Query::default(), M::default(), EmptySubscription)
        .disable_suggestions()
        .limit_depth(MOST_DEPTH)
        .limit_complexity(MOST_FIELDS)
        .finish()
}

impl MetadataSchema {
    /// The schema that the settings want.
    pub(crate) fn of(settings: &Settings) -> Self {
        if settings.test_clock { Self::Tested(schema()) } else { Self::Plain(schema()) }
    }

    async fn execute(&self, request: Request) -> async_graphql::Response {
        match self {
            Self::Plain(schema) => schema.execute(request).await,
            Self::Tested(schema) => schema.execute(request).await,
        }
    }
}

/// The schema of the metadata API as text.
pub fn sdl() -> String {
    schema::<Mutation>().sdl()
}

/// What resolvers see of a request.
pub(crate) struct Scene {
    pub(crate) app: Arc<App>,
    pub(crate) principal: Arc<Principal>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) caller: Caller,
}

impl Scene {
    /// Administration on the caller's behalf.
    pub(crate) fn admin(&self) -> Admin<'_> {
        Admin { engine: &self.app.engine, caller: &self.caller }
    }

    /// Refuses callers who have none of these rights.
    pub(crate) fn must_any(&self, rights: &[Right]) -> async_graphql::Result<()> {
        if rights.iter().any(|right| self.caller.access.may(*right)) {
            return Ok(());
        }
        let names: Vec<String> = rights.iter().map(|right| format!("`{}`", right.as_str())).collect();
        Err(problem::forbidden(format!("this needs the right {}", names.join(" or "))))
    }
}

/// Answers a question about metadata.
pub(crate) async fn answer(
    app: &Arc<App>,
    principal: &Arc<Principal>,
    question: Question,
    by_get: bool,
    trace: &TraceId,
) -> Answer {
    if let Err(error) = graphql::check_text(&question.query) {
        return Answer::Refused(vec![error]);
    }
    let document = match async_graphql::parser::parse_query(&question.query) {
        Ok(document) => document,
        Err(error) => {
            let mut refused = Error::validation(format!("The document cannot be read: {error}"));
            refused.locations =
                error.positions().map(|at| Location { line: at.line, column: at.column }).collect();
            return Answer::Refused(vec![refused]);
        }
    };
    // Before async-graphql walks it, fragments expanded.
    if let Err(error) = graphql::check_document(&document) {
        return Answer::Refused(vec![error]);
    }
    let changes = writes(&document, question.operation.as_deref());
    if by_get && changes {
        return Answer::NotByGet;
    }
    let cost = if changes { rates::CHANGE } else { rates::QUESTION };
    match app.rates.take_at_most(principal.tenant.name(), principal.counted_as(), cost) {
        Ok(()) => {}
        Err(Limited::Wait(wait)) => return Answer::Later(wait),
        Err(Limited::Never { burst }) => {
            return Answer::Refused(vec![failure::too_much_at_once(cost, burst)]);
        }
    }
    let catalog = match app.catalogs.get(&principal.tenant).await {
        Ok(catalog) => catalog,
        Err(error) => return Answer::Refused(vec![failure::catalog(&error)]),
    };
    let caller = match app.caller(principal, Arc::clone(&catalog), (Door::Metadata, trace)).await {
        Ok(caller) => caller,
        Err(error) => return Answer::Refused(vec![error]),
    };
    let scene = Scene { app: Arc::clone(app), principal: Arc::clone(principal), catalog, caller };
    let mut request =
        Request::new("").variables(Variables::from_json(Json::Object(question.variables))).data(scene);
    request.set_parsed_query(document);
    request.operation_name = question.operation;
    let response = app.metadata.execute(request).await;
    let errors: Vec<Error> = response.errors.iter().map(ours).collect();
    // Without a path the operation was not begun.
    if !errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty()) {
        return Answer::Refused(errors);
    }
    match response.data.into_json() {
        Ok(Json::Object(members)) => {
            let roots: Vec<payload::RootValue> = members
                .into_iter()
                .map(|(key, value)| (Arc::from(key), Some(value.to_string().into_bytes())))
                .collect();
            Answer::Run(payload::answer(Some(&roots), &errors, trace))
        }
        Ok(_) => Answer::Run(payload::answer(None, &errors, trace)),
        Err(error) => Answer::Refused(vec![failure::internal(&error)]),
    }
}

fn writes(document: &ExecutableDocument, operation: Option<&str>) -> bool {
    let chosen = match (&document.operations, operation) {
        (DocumentOperations::Single(only), _) => Some(only),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) => all.values().next(),
    };
    chosen.is_some_and(|operation| operation.node.ty == OperationType::Mutation)
}

/// An error of async-graphql in our form. Codes and details that resolvers gave are kept.
fn ours(error: &async_graphql::ServerError) -> Error {
    let given = |name: &str| {
        let value = error.extensions.as_ref()?.get(name)?;
        value.clone().into_json().ok()
    };
    let code = match given("code").as_ref().and_then(Json::as_str) {
        Some("REFUSED") => Code::Refused,
        Some("CONFLICT") => Code::Conflict,
        Some("NOT_FOUND") => Code::NotFound,
        Some("FORBIDDEN") => Code::Forbidden,
        Some("RATE_LIMITED") => Code::RateLimited,
        Some("INTERNAL") => Code::Internal,
        Some("TIMEOUT") => Code::Timeout,
        _ => Code::Validation,
    };
    let mut ours = Error::new(code, error.message.clone());
    ours.locations = error.locations.iter().map(|at| Location { line: at.line, column: at.column }).collect();
    ours.path = error
        .path
        .iter()
        .map(|segment| match segment {
            async_graphql::PathSegment::Field(name) => PathSegment::Key(Arc::from(name.as_str())),
            async_graphql::PathSegment::Index(index) => PathSegment::Index(*index),
        })
        .collect();
    for name in ["hint", "plan"] {
        if let Some(value) = given(name) {
            ours = ours.with(if name == "hint" { "hint" } else { "plan" }, value);
        }
    }
    ours
}
