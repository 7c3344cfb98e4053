//! Why a caller may do something to a record, or may not: the verdict comes from the same conditions that decide the act itself, asked in one
//! statement.

use std::sync::Arc;

use expr::{Encoding, Moment, Value};
use metadata::Name;
use metadata::catalog::Action;
use query::access::{self, ADMIN, Access};
use query::lower::Lowering;
use sql::{Cells, Ident, Query, Scalar};
use uuid::Uuid;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::ReadError;
use crate::model::{Shape, Slots, alias, equals, select_columns, system_column};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// A record of which object.
    pub object: Name,
    /// Which record.
    pub id: Uuid,
    /// What would be done to it.
    pub action: Action,
    /// One of its fields: whether it may be seen, or written where something is written.
    pub field: Option<String>,
}

/// The verdict and its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it may be done.
    pub allowed: bool,
    /// All that could allow it. What is not seen may not be done, so the rules of reading come first where something else is asked.
    pub rules: Vec<Ground>,
    /// Whether the field that was asked about may be seen or written; a field that is not there may not.
    pub field: Option<bool>,
}

/// One thing that grants an act, and whether it does so on this record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The act.
    pub action: Action,
    /// The role; none where the record was shared.
    pub role: Option<Name>,
    /// As it stands in the role's document: `team`; `share` where the record was shared.
    pub scope: String,
    /// Whether the record is one of those.
    pub holds: bool,
}

impl Engine {
    /// Why `subject` may or may not do something to a record that `asker` sees; `None` when for the asker there is no such record.
    pub async fn explain(
        &self,
        asker: &Caller,
        subject: &Caller,
        question: &Question,
    ) -> Result<Option<Explanation>, ReadError> {
        access::permit_object(&asker.catalog, &asker.access, &question.object)?;
        let shape = self.read_shape(asker, &question.object)?;
        let own = asker.access == subject.access && asker.actor == subject.actor;
        if !own
            && Asked::of(asker, question, Vec::new()).ask(&shape, asker).await?.is_none_or(|row| !row.seen)
        {
            return Ok(None);
        }
        let acts = if question.action == Action::Read {
            vec![Action::Read]
        } else {
            vec![Action::Read, question.action]
        };
        let Some(row) = Asked::of(subject, question, acts).ask(&shape, subject).await? else {
            return Ok(None);
        };
        if own && !row.seen {
            return Ok(None);
        }
        let field = question.field.as_deref().map(|field| reaches(&subject.access, question, field));
        let allowed = row.seen && row.granted && field != Some(false);
        Ok(Some(Explanation { allowed, rules: row.grounds, field }))
    }
}

/// Whether the act reaches the field.
fn reaches(access: &Access, question: &Question, field: &str) -> bool {
    let seen = access.sees(&question.object, field);
    match question.action {
        Action::Create | Action::Update => seen && access.may_write(&question.object, field),
        Action::Read | Action::Delete | Action::Destroy => seen,
    }
}

/// What one statement asks of a record.
struct Asked<'a> {
    question: &'a Question,
    /// Each rule of each act; its condition, where it has one.
    rules: Vec<(Ground, Option<expr::Expr>)>,
}

/// Its answer.
struct Answer {
    seen: bool,
    granted: bool,
    grounds: Vec<Ground>,
}

impl<'a> Asked<'a> {
    fn of(caller: &Caller, question: &'a Question, acts: Vec<Action>) -> Self {
        let mut rules = Vec::new();
        for action in acts {
            match caller.access.rules(&question.object, action) {
                None => {
                    let ground =
                        Ground { action, role: Name::new(ADMIN).ok(), scope: "all".to_owned(), holds: true };
                    rules.push((ground, None));
                }
                Some(found) => rules.extend(found.into_iter().map(|rule| {
                    let ground =
                        Ground { action, role: rule.role.clone(), scope: rule.text.clone(), holds: true };
                    (ground, rule.condition.clone())
                })),
            }
        }
        Self { question, rules }
    }

    async fn ask(self, shape: &Shape, caller: &Caller) -> Result<Option<Answer>, ReadError> {
        let catalog = Arc::clone(&caller.catalog);
        let mut lowering = Lowering::new(&catalog, caller.tenant.dialect(), 1);
        let query = self.query(shape, caller, &mut lowering)?;
        let moment = Moment { now: caller.clock.now(), zone: caller.zone };
        let values = [Value::Id(self.question.id)];
        let values = lowering.into_slots().bind(&values, &moment, &caller.facts)?;
        let statement = sql::print_query(&query, caller.tenant.dialect());
        let rows = caller.tenant.fetch(&statement, &values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        // Deleted records may be brought back or destroyed, and nothing else.
        let deleted = row.value(0, Encoding::DateTime) != Value::Null;
        if deleted && !matches!(self.question.action, Action::Delete | Action::Destroy) {
            return Ok(None);
        }
        let truth = |place: usize| row.value(place, Encoding::Bool) == Value::Bool(true);
        let grounds = self.rules.into_iter().enumerate();
        let grounds = grounds.map(|(place, (ground, _))| Ground { holds: truth(place + 3), ..ground });
        Ok(Some(Answer { seen: truth(1), granted: truth(2), grounds: grounds.collect() }))
    }

    /// When it was deleted, whether it is seen, whether the act is granted, and whether each rule holds.
    fn query(&self, shape: &Shape, caller: &Caller, lowering: &mut Lowering<'_>) -> Result<Query, ReadError> {
        let object = &shape.object.name;
        let mut truths = Vec::new();
        for action in [Action::Read, self.question.action] {
            let granted = lowering.granted(&caller.access, action, object, &alias());
            truths.push(granted?);
        }
        for (_, condition) in &self.rules {
            let scope = condition.as_ref().map(|condition| lowering.scope(condition, object, &alias()));
            truths.push(scope.transpose()?);
        }
        let id = equals(system_column(shape, shape.system.id), Slots::default().one(Encoding::Id));
        let mut query = select_columns(shape, &[shape.system.deleted_at], vec![id]);
        for (place, truth) in truths.into_iter().enumerate() {
            let truth = truth.map_or(Scalar::Bool(true), |truth| {
                Scalar::Case(vec![(truth, Scalar::Bool(true))], Some(Box::new(Scalar::Bool(false))))
            });
            query.columns.push((truth, Ident::made(&format!("g{place}"))));
        }
        Ok(query)
    }
}
