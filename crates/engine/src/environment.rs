//! A record in memory as expressions see it. What is not at hand (related records, roll-ups) is said to be unavailable, and the database
//! is asked instead.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use expr::{Environment, EvalError, FieldPath, Root, Value};
use metadata::catalog::FieldType;
use query::access::Access;

use crate::caller::Caller;
use crate::model::{Record, Shape};

/// A record on its way, and as it was.
pub(crate) struct Judged<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) now: DateTime<Utc>,
    pub(crate) shape: &'a Shape,
    pub(crate) record: &'a Record,
    pub(crate) before: Option<&'a Record>,
    /// The package whose settings are meant; that of the object where nothing is said.
    pub(crate) package: Option<&'a str>,
}

impl<'a> Judged<'a> {
    /// A record, with the settings of its object's package.
    pub(crate) fn new(
        caller: &'a Caller,
        now: DateTime<Utc>,
        shape: &'a Shape,
        record: &'a Record,
        before: Option<&'a Record>,
    ) -> Self {
        Self { caller, now, shape, record, before, package: None }
    }

    /// What a formula of the object sees of a record.
    fn over<'b>(&'b self, record: &'b Record) -> Judged<'b>
    where
        'a: 'b,
    {
        Judged { record, package: None, ..*self }
    }

    fn own(&self, record: &Record, path: &FieldPath) -> Result<Value, EvalError> {
        let unavailable = || EvalError::Unavailable(path.steps.join("."));
        let (first, rest) = path.steps.split_first().ok_or(EvalError::Malformed("an empty path"))?;
        let field = self.shape.object.field(first).ok_or_else(unavailable)?;
        if let FieldType::Formula { expr, .. } | FieldType::Score { expr, .. } = &field.ty {
            return expr::evaluate(expr, &self.over(record));
        }
        match rest {
            [] => self.shape.value_slot(first).map(|slot| record.get(slot).clone()).ok_or_else(unavailable),
            [part] => {
                if let Some(slot) = self.shape.part_slot(first, part) {
                    return Ok(record.get(slot).clone());
                }
                self.through(record, first, Some(part)).ok_or_else(unavailable)
            }
            _ => self.through(record, first, None).ok_or_else(unavailable),
        }
    }

    /// What is known of the acting user, as the database is told it. Those who may do everything need no facts to be somebody.
    fn user(&self, path: &FieldPath) -> Value {
        match (self.caller.facts.value(&path.steps, self.now), &*path.steps) {
            (Value::Null, [id]) if &**id == "id" && self.caller.access == Access::Everything => {
                self.caller.actor.user.map_or(Value::Null, Value::Id)
            }
            (known, _) => known,
        }
    }

    /// What is behind a relation without asking for it: null behind null, and the id.
    fn through(&self, record: &Record, field: &str, last: Option<&str>) -> Option<Value> {
        let value = record.get(self.shape.value_slot(field)?);
        (value.is_null() || last == Some("id")).then(|| value.clone())
    }
}

impl Environment for Judged<'_> {
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError> {
        match path.root {
            Root::Record => self.own(self.record, path),
            Root::Old => match self.before {
                Some(before) => self.own(before, path),
                None => Ok(Value::Null),
            },
            Root::User => Ok(self.user(path)),
            Root::Settings => {
                let package = self.package.unwrap_or(&self.shape.object.package);
                let package = self.caller.catalog.packages.get(package);
                let setting = path.steps.first().and_then(|name| package?.settings.get(&**name));
                setting
                    .map(|setting| setting.value.clone())
                    .ok_or_else(|| EvalError::Unavailable(format!("settings.{}", path.steps.join("."))))
            }
        }
    }

    fn related(&self, path: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError> {
        Err(EvalError::Unavailable(path.steps.join(".")))
    }

    fn slot(&self, _slot: expr::Slot) -> Result<Value, EvalError> {
        Err(EvalError::Malformed("a slot outside of a request"))
    }

    fn folded(&self, path: &FieldPath) -> bool {
        let field = path.steps.first().and_then(|name| self.shape.object.field(name));
        field.is_some_and(|field| field.folded)
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn zone(&self) -> Tz {
        self.caller.zone
    }
}
