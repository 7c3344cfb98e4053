//! Step 5: whether the finished record may be: the object's schema, then its rules across fields.
//!
//! Rules that need nothing but the record are judged in memory; those that look at related records are judged by the database when the
//! record is written, in the same transaction (see `flush`).

use std::sync::Arc;

use expr::{EvalError, Value};
use metadata::RecordValues;
use metadata::catalog::Action;

use super::grant;
use crate::environment::Judged;
use crate::error::WriteError;
use crate::model::{Record, Shape};
use crate::outcome::{Code, Refusal};
use crate::run::{Act, Halt, Job, Run};
use crate::sight;

/// A record as the schema's judge sees it.
struct Values<'a> {
    shape: &'a Shape,
    record: &'a Record,
}

impl RecordValues for Values<'_> {
    fn value(&self, field: &str, part: Option<&str>) -> Option<&Value> {
        let slot = match part {
            None => self.shape.value_slot(field),
            Some(part) => self.shape.part_slot(field, part),
        };
        slot.map(|slot| self.record.get(slot)).filter(|value| !value.is_null())
    }
}

/// Judges the records of the wave.
pub(crate) fn check(run: &mut Run<'_>) -> Result<(), Halt> {
    for place in 0..run.jobs.len() {
        let Some(job) = run.jobs.get(place) else { continue };
        if !matches!(job.act, Act::Create | Act::Update) || !job.writes() || run.is_refused(job.index) {
            continue;
        }
        let unjudged = match granted(run, job) {
            Some(true) => false,
            Some(false) => {
                let refusal = not_created(&job.shape);
                run.refuse_job(place, refusal);
                continue;
            }
            None => true,
        };
        let (refusals, rules) = judge(run, place)?;
        let Some(job) = run.jobs.get_mut(place) else { continue };
        job.rules = rules;
        job.unjudged = unjudged;
        let shape = Arc::clone(&job.shape);
        for refusal in refusals {
            let refusal = sight::refusal(run, &shape, refusal);
            run.refuse_job(place, refusal);
        }
    }
    Ok(())
}

/// Whether the record that was asked for may be created, now that it is finished; `None` where only the database can tell.
fn granted(run: &Run<'_>, job: &Job) -> Option<bool> {
    if job.act == Act::Create && job.asked {
        grant::in_memory(run, &job.shape, Action::Create, &job.after)
    } else {
        Some(true)
    }
}

/// The refusal of a record that may not be created as it is.
pub(crate) fn not_created(shape: &Shape) -> Refusal {
    Refusal::new(Code::Forbidden, format!("you may not create this {}", shape.object.title))
}

/// Refusals, and the rules that only the database can judge.
fn judge(run: &Run<'_>, place: usize) -> Result<(Vec<Refusal>, Vec<usize>), WriteError> {
    let Some(job) = run.jobs.get(place) else { return Ok((Vec::new(), Vec::new())) };
    let shape = Arc::clone(&job.shape);
    let values = Values { shape: &shape, record: &job.after };
    let mut refusals: Vec<Refusal> = metadata::validate(&shape.object, &values)
        .into_iter()
        .map(|violation| Refusal::at(violation.path, violation.message).rule(violation.rule))
        .collect();
    let mut rest = Vec::new();
    if !refusals.is_empty() {
        return Ok((refusals, rest));
    }
    let judged = Judged::new(run.caller, run.now, &shape, &job.after, job.before.as_ref());
    for (number, rule) in shape.object.rules.iter().enumerate() {
        match expr::holds(&rule.check, &judged) {
            Ok(true) => {}
            Ok(false) => refusals.push(broken(&shape, number)),
            Err(EvalError::Unavailable(_)) => rest.push(number),
            Err(EvalError::Overflow) => {
                let mut refusal = broken(&shape, number);
                refusal.message = format!("{} (a number is out of range)", refusal.message);
                refusals.push(refusal);
            }
            Err(error @ EvalError::Malformed(_)) => return Err(WriteError::internal(error)),
        }
    }
    Ok((refusals, rest))
}

/// The refusal of a rule.
pub(crate) fn broken(shape: &Shape, number: usize) -> Refusal {
    match shape.object.rules.get(number) {
        Some(rule) => Refusal {
            path: rule.path.as_ref().map(|path| path.as_str().to_owned()),
            ..Refusal::new(Code::Validation, rule.message.clone()).rule(rule.name.as_str())
        },
        None => Refusal::new(Code::Validation, "a rule says no"),
    }
}
