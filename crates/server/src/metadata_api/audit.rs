//! What was done and denied, why somebody may do something, and erasing a person.

use async_graphql::{Context, Enum, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, SecondsFormat, Utc};
use engine::audit::{Act, Asked, Line, Page, Verdict};
use engine::{Erase, Ground, Question};
use metadata::Name;
use metadata::catalog;
use metadata::catalog::Right;
use serde_json::Value;

use super::Scene;
use super::problem::{administered, advised, identified, wrong};
use crate::admin::deed;

/// Entries of a page where nothing is said.
const PAGE: i32 = 50;
/// Most entries of a page.
const LARGEST_PAGE: i32 = 1_000;

/// Something that was done or tried.
#[derive(SimpleObject)]
struct AuditEntry {
    /// Its id, by which a page goes on.
    id: ID,
    /// When.
    at: String,
    /// Who: `user:ann@example.com`, `key:import bot`.
    actor: String,
    /// The user record, if there is one.
    user: Option<ID>,
    /// The way in: `graphql`, `metadata`, `import`, `login`, `command`.
    door: String,
    /// What: `update`, `roleGrant`, `login` …
    act: String,
    /// To a record of which object.
    object: Option<String>,
    /// To which record.
    record: Option<ID>,
    /// `done` or `denied`.
    outcome: String,
    /// More about it; never values of records.
    detail: Option<Json<Value>>,
    /// The request's trace, as it stands in errors and in the server's log.
    trace: Option<String>,
}

impl From<Line> for AuditEntry {
    fn from(line: Line) -> Self {
        AuditEntry {
            id: line.id.into(),
            at: line.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            actor: line.actor,
            user: line.user.map(ID::from),
            door: line.door,
            act: line.act,
            object: line.object,
            record: line.record.map(ID::from),
            outcome: line.outcome,
            detail: line.detail.map(Json),
            trace: line.trace,
        }
    }
}

/// Some entries of the audit log, the newest first.
#[derive(SimpleObject)]
struct AuditPage {
    /// The entries.
    nodes: Vec<AuditEntry>,
    /// Whether there are older ones, and how to ask for them.
    page_info: AuditPageInfo,
}

/// How a page of the audit log goes on.
#[derive(SimpleObject)]
struct AuditPageInfo {
    /// Whether there are older entries.
    has_next_page: bool,
    /// What to pass as `after`.
    end_cursor: Option<ID>,
}

impl From<Page> for AuditPage {
    fn from(page: Page) -> Self {
        let end_cursor = page.lines.last().map(|line| line.id.into());
        AuditPage {
            nodes: page.lines.into_iter().map(AuditEntry::from).collect(),
            page_info: AuditPageInfo { has_next_page: page.more, end_cursor },
        }
    }
}

/// What would be done to a record.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Action {
    /// See it.
    Read,
    /// Change it.
    Update,
    /// Delete it, or restore it.
    Delete,
    /// Delete it for good.
    Destroy,
}

impl From<Action> for catalog::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Read => catalog::Action::Read,
            Action::Update => catalog::Action::Update,
            Action::Delete => catalog::Action::Delete,
            Action::Destroy => catalog::Action::Destroy,
        }
    }
}

/// Whether a user may do something to a record, and why.
#[derive(SimpleObject)]
struct Explanation {
    /// Whether it may be done.
    allowed: bool,
    /// All that could allow it. What is not seen may not be done, so the rules of reading come first.
    rules: Vec<Rule>,
    /// Whether the field that was asked about may be seen, or written where something is written.
    field: Option<bool>,
}

/// One thing that grants an act, and whether it does so on this record.
#[derive(SimpleObject)]
struct Rule {
    /// The act.
    action: String,
    /// The role; null where the record was shared.
    role: Option<String>,
    /// As it stands in the role's document: `team`; `share` where the record was shared.
    scope: String,
    /// Whether the record is one of those.
    holds: bool,
}

impl From<Ground> for Rule {
    fn from(ground: Ground) -> Self {
        Rule {
            action: ground.action.as_str().to_owned(),
            role: ground.role.map(|role| role.to_string()),
            scope: ground.scope,
            holds: ground.holds,
        }
    }
}

/// How much was erased: the proof.
#[derive(SimpleObject)]
struct Erasure {
    /// Records that are gone, by object.
    records: Json<Value>,
    /// Entries of their history.
    history: u64,
    /// Events that have lost their content.
    events: u64,
    /// Outcomes of requests that were kept for their repetition.
    outcomes: u64,
    /// Entries of the audit log that have lost their content, or the name of who acted.
    audit: u64,
    /// Whatever let the person in, or was shared with them.
    access: u64,
}

/// Which entries are wanted, as words.
fn act(text: &str) -> Result<Act> {
    let found = Act::ALL.into_iter().find(|act| act.as_str() == text);
    found.ok_or_else(|| {
        let known: Vec<&str> = Act::ALL.into_iter().map(Act::as_str).collect();
        advised(format!("act: there is no act `{text}`"), &format!("there are {}", known.join(", ")))
    })
}

fn verdict(text: &str) -> Result<Verdict> {
    let found = [Verdict::Done, Verdict::Denied].into_iter().find(|verdict| verdict.as_str() == text);
    found.ok_or_else(|| advised(format!("outcome: `{text}` is none"), "there are done, denied"))
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    let read = |text: &str| {
        let wrong = |_| wrong(format!("{name}: `{text}` is no instant; expected 2027-01-31T00:00:00Z"));
        text.parse::<DateTime<Utc>>().map_err(wrong)
    };
    text.map(read).transpose()
}

fn object(text: &str) -> Result<Name> {
    Name::new(text).map_err(|_| wrong(format!("there is no object `{text}`")))
}

/// What was done, and why it may be.
#[derive(Default)]
pub(crate) struct AuditQuery;

#[Object]
impl AuditQuery {
    /// The audit log, the newest entry first: what was denied, and what was done to users, rights and metadata. Needs the right `audit`.
    #[expect(clippy::too_many_arguments, reason = "each is a filter of the API")]
    async fn audit(
        &self,
        context: &Context<'_>,
        #[graphql(default_with = "PAGE", desc = "How many, at most 1,000")] first: i32,
        #[graphql(desc = "Those older than the entry with this id")] after: Option<ID>,
        #[graphql(desc = "As it stands in the entries: `user:ann@example.com`")] actor: Option<String>,
        #[graphql(desc = "`update`, `roleGrant`, `login` …")] act: Option<String>,
        object: Option<String>,
        record: Option<ID>,
        #[graphql(desc = "`done` or `denied`")] outcome: Option<String>,
        #[graphql(desc = "Not before: 2027-01-31T00:00:00Z")] from: Option<String>,
        #[graphql(desc = "Before: 2027-01-31T00:00:00Z")] to: Option<String>,
    ) -> Result<AuditPage> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Audit])?;
        if !(1..=LARGEST_PAGE).contains(&first) {
            return Err(wrong(format!("first: expected 1 to {LARGEST_PAGE}, found {first}")));
        }
        let asked = Asked {
            first: usize::try_from(first).unwrap_or_default(),
            after: after.as_ref().map(identified).transpose()?,
            actor,
            user: None,
            act: act.as_deref().map(self::act).transpose()?,
            object,
            record: record.as_ref().map(identified).transpose()?,
            verdict: outcome.as_deref().map(verdict).transpose()?,
            from: moment("from", from.as_deref())?,
            to: moment("to", to.as_deref())?,
        };
        let page = scene.app.engine.audit_page(&scene.caller, &asked).await;
        page.map(AuditPage::from).map_err(|error| administered(&error.into()))
    }

    /// Why a user may or may not do something to a record; null where one sees no such record oneself. Needs the right `users`.
    async fn explain(
        &self,
        context: &Context<'_>,
        user: ID,
        object: String,
        id: ID,
        action: Action,
        #[graphql(desc = "A field of it: whether it may be seen, or written where something is written")]
        field: Option<String>,
    ) -> Result<Option<Explanation>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Users])?;
        let question =
            Question { object: self::object(&object)?, id: identified(&id)?, action: action.into(), field };
        let explained = scene.admin().explain(identified(&user)?, &question).await;
        let explained = explained.map_err(|error| administered(&error))?;
        Ok(explained.map(|found| Explanation {
            allowed: found.allowed,
            rules: found.rules.into_iter().map(Rule::from).collect(),
            field: found.field,
        }))
    }
}

/// What cannot be undone.
#[derive(Default)]
pub(crate) struct AuditMutation;

#[Object]
impl AuditMutation {
    /// Erases the record of a person for good, with every trace that the platform keeps of it. `reason` stays in the audit log and must
    /// not hold what is erased. Needs the right `erase`.
    async fn erase(&self, context: &Context<'_>, object: String, id: ID, reason: String) -> Result<Erasure> {
        let scene = context.data::<Scene>()?;
        let entry = deed(Act::Erase, &object, id.parse().ok());
        let permitted = scene.admin().must_for(entry, Right::Erase).await;
        permitted.map_err(|error| administered(&error))?;
        let wanted = Erase { object: self::object(&object)?, id: identified(&id)?, reason };
        let erased = scene.administer(scene.admin().erase(&wanted)).await?;
        let records = erased.records.iter().map(|(object, count)| (object.to_string(), (*count).into()));
        Ok(Erasure {
            records: Json(Value::Object(records.collect())),
            history: erased.history,
            events: erased.events,
            outcomes: erased.outcomes,
            audit: erased.audit,
            access: erased.access,
        })
    }
}
