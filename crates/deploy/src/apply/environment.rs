//! One row as expressions see it: its own fields, nothing else.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use expr::{Environment, EvalError, FieldPath, Root, Slot, Value};
use metadata::Catalog;
use metadata::catalog::{FieldType, Object};

/// The values of a row by `field` and `field.part`, of fields as they will be.
pub struct RowEnvironment<'a> {
    /// The object as it will be.
    pub object: &'a Object,
    /// The new catalog.
    pub catalog: &'a Catalog,
    /// The values.
    pub values: &'a HashMap<String, Value>,
    /// The instant of the apply.
    pub now: DateTime<Utc>,
}

impl Environment for RowEnvironment<'_> {
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError> {
        let name = path.steps.join(".");
        match path.root {
            Root::Settings => self.setting(&name),
            Root::User => Err(EvalError::Unavailable(name)),
            Root::Record | Root::Old => match self.object.field(&name).map(|field| &field.ty) {
                Some(FieldType::Formula { expr, .. } | FieldType::Score { expr, .. }) => {
                    expr::evaluate(expr, self)
                }
                _ => self.values.get(&name).cloned().ok_or(EvalError::Unavailable(name)),
            },
        }
    }

    fn related(&self, path: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError> {
        Err(EvalError::Unavailable(path.steps.join(".")))
    }

    fn slot(&self, _: Slot) -> Result<Value, EvalError> {
        Err(EvalError::Malformed("a stored formula has no slots"))
    }

    fn folded(&self, path: &FieldPath) -> bool {
        path.steps.first().and_then(|name| self.object.field(name)).is_some_and(|field| field.folded)
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn zone(&self) -> Tz {
        Tz::UTC
    }
}

impl RowEnvironment<'_> {
    fn setting(&self, name: &str) -> Result<Value, EvalError> {
        let package = self.catalog.packages.get(&self.object.package);
        let setting = package.and_then(|package| package.settings.get(name));
        setting.map(|setting| setting.value.clone()).ok_or_else(|| EvalError::Unavailable(name.to_owned()))
    }
}
