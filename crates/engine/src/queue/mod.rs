//! Work that a write asks for, to be done by a worker after the commit; and what a worker asks of the engine.
//!
//! A job is a row in the transaction of the write that wants it: both are there, or neither. What it was put in with is told to its handler as
//! `event`, the job's id as `event.id`, at every attempt the same.

mod handle;
mod moments;

use chrono::{DateTime, Utc};
use metadata::Name;
use metadata::catalog::FunctionPath;
use query::access::Access;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{NewJob, Part};
use uuid::Uuid;

pub use handle::Handled;
pub use moments::{Awaiting, Matched};

use crate::caller::Caller;
use crate::error::WriteError;
use crate::outcome::{Effect, EffectKind};
use crate::run::{Halt, Run};

/// The kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The handler of an automation runs.
    Automation,
    /// A script's function runs that another script asked for.
    Function,
    /// A record is taken to another stage, because its time has come.
    Transition,
    /// A version of the catalog was published: what stands for its schedules, dates and times is made.
    Catalog,
    /// Stands for as long as an automation has a schedule; puts its runs into the queue.
    Schedule,
    /// Stands for as long as an automation waits for dates of records.
    Date,
    /// Stands for as long as a transition waits for its time.
    Age,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] = [
        Kind::Automation,
        Kind::Function,
        Kind::Transition,
        Kind::Catalog,
        Kind::Schedule,
        Kind::Date,
        Kind::Age,
    ];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Automation => "automation",
            Kind::Function => "function",
            Kind::Transition => "transition",
            Kind::Catalog => "catalog",
            Kind::Schedule => "schedule",
            Kind::Date => "date",
            Kind::Age => "age",
        }
    }

    /// The kind of that name.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who set something off, as it is kept until a worker acts on their behalf. Their rights are those that they have then, and never more
/// than they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// As it stands in the history.
    pub label: String,
    /// The user, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// The roles that they had; every right where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Name>>,
}

impl Principal {
    /// Whoever makes a request.
    pub fn of(caller: &Caller) -> Self {
        Self {
            label: caller.actor.label.clone(),
            user: caller.actor.user,
            roles: caller.access.given().map(<[Name]>::to_vec),
        }
    }

    /// The rights of their roles, as far as `present` says that they still have them.
    pub fn roles_among(&self, present: &[Name]) -> Vec<Name> {
        let kept = |role: &&Name| self.roles.as_ref().is_none_or(|roles| roles.contains(role));
        present.iter().filter(kept).cloned().collect()
    }
}

/// What a job was put in with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// What its handler sees as `event`, the id aside.
    #[serde(default)]
    pub event: Json,
    /// Who set it off; nobody where a clock did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
}

/// A function that a job runs, in the transaction in which the job ends.
#[derive(Debug)]
pub struct Duty<'a> {
    /// The job.
    pub job: Uuid,
    /// The key under which it waited: by the note of its run, work under a key is known to be done.
    pub key: Option<&'a str>,
    /// The automation, or the function's own name.
    pub name: &'a str,
    /// What is run.
    pub function: &'a FunctionPath,
    /// What it sees as `event`.
    pub event: script::Data,
    /// The record that it sees, if it is about one.
    pub about: Option<(Name, Uuid)>,
    /// With whose rights it asks and writes.
    pub principal: &'a Caller,
}

/// How many jobs may set each other off in a row.
const DEEPEST: usize = 16;

/// An automation at work on a record, as it stands in the chain of what it sets off: while it is there, it is not set off again for this record.
pub fn link(automation: &str, record: Option<Uuid>) -> String {
    record.map_or_else(|| automation.to_owned(), |record| format!("{automation}@{record}"))
}

/// A piece of work for a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// `event.id`.
    pub id: Uuid,
    /// Work under a key waits only once.
    pub key: Option<String>,
    /// What kind of work.
    pub kind: Kind,
    /// The automation, function or transition.
    pub subject: String,
    /// The record that it is about.
    pub about: Option<(Name, Uuid)>,
    /// What it is put in with.
    pub errand: Errand,
    /// Not before.
    pub due: DateTime<Utc>,
    /// What led to it, the first one first.
    pub chain: Vec<String>,
}

impl Queued {
    /// As a row of the queue.
    pub fn row(&self, now: DateTime<Utc>) -> Result<NewJob, WriteError> {
        Ok(NewJob {
            id: self.id,
            key: self.key.clone(),
            kind: self.kind.as_str().to_owned(),
            subject: self.subject.clone(),
            object: self.about.as_ref().map(|(object, _)| object.as_str().to_owned()),
            record: self.about.as_ref().map(|(_, record)| *record),
            payload: serde_json::to_string(&self.errand).map_err(WriteError::internal)?,
            due: self.due,
            chain: serde_json::to_string(&self.chain).map_err(WriteError::internal)?,
            depth: i64::try_from(self.chain.len()).map_err(WriteError::internal)?,
            created: now,
        })
    }
}

impl Run<'_> {
    /// Work of this kind, due at once, that the caller of this write sets off.
    pub(crate) fn work(
        &self,
        kind: Kind,
        subject: impl Into<String>,
        event: Json,
    ) -> Result<Queued, WriteError> {
        let chain = self.caller.cause.chain.clone();
        if chain.len() >= DEEPEST {
            let message =
                format!("jobs set each other off more than {DEEPEST} times in a row: {}", chain.join(" → "));
            return Err(WriteError::Usage { message });
        }
        Ok(Queued {
            id: self.new_id(),
            key: None,
            kind,
            subject: subject.into(),
            about: None,
            errand: Errand { event, by: Some(Principal::of(self.caller)) },
            due: self.now,
            chain,
        })
    }
}

/// Writes the work that was asked for, just before the commit.
pub(crate) async fn write(run: &mut Run<'_>) -> Result<(), Halt> {
    if run.queued.is_empty() {
        return Ok(());
    }
    let now = run.now;
    let rows = run.queued.iter().map(|work| work.row(now)).collect::<Result<Vec<_>, _>>()?;
    let part = Part::insert(run.model.dialect, &rows);
    let Some(tx) = &mut run.tx else {
        return Err(WriteError::internal("work was asked for without a transaction").into());
    };
    tx.carry(&part).await?;
    for work in &run.queued {
        // Of what the caller does not see nothing is told.
        let Some((object, id)) = &work.about else { continue };
        let told = run.caller.access == Access::Everything || run.outcome.ids.contains(&Some(*id));
        if told {
            run.outcome.effects.push(Effect {
                kind: EffectKind::Queued,
                object: object.clone(),
                id: *id,
                field: None,
                from: Json::Null,
                to: Json::String(work.subject.clone()),
            });
        }
    }
    Ok(())
}
