//! What of a person may stand elsewhere: every text that their records hold or held, and those that name them.

use std::collections::BTreeSet;

use expr::Value;
use metadata::catalog::{FieldType, Object};
use metadata::layout::Role;
use serde_json::Value as Json;

use crate::model::{Record, Shape};

/// Shorter texts are in everything.
const SHORTEST: usize = 4;

/// Texts to look for.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// All of them.
    pub(super) texts: BTreeSet<String>,
    /// Names, addresses and numbers of people.
    pub(super) names: BTreeSet<String>,
}

impl Traces {
    /// The texts of a record.
    pub(super) fn of_record(&mut self, shape: &Shape, record: &Record) {
        for (slot, stored) in shape.columns.iter().enumerate() {
            if stored.role != Role::Folded {
                self.take(&shape.object, &stored.field.name, record.get(slot));
            }
        }
    }

    /// The texts of an entry of its history: `{"field": [old, new]}`.
    pub(super) fn of_changes(&mut self, object: &Object, changes: &str) {
        let Ok(Json::Object(changes)) = serde_json::from_str::<Json>(changes) else { return };
        for (key, change) in &changes {
            let field = key.split('.').next().unwrap_or(key);
            for side in change.as_array().map(Vec::as_slice).unwrap_or_default() {
                let texts = side.as_array().map_or_else(|| vec![side], |items| items.iter().collect());
                for text in texts.into_iter().filter_map(Json::as_str) {
                    self.take(object, field, &Value::Text(text.to_owned()));
                }
            }
        }
    }

    fn take(&mut self, object: &Object, field: &str, value: &Value) {
        let texts = match value {
            Value::Text(text) => vec![text],
            Value::List(items) => items
                .iter()
                .filter_map(|item| match item {
                    Value::Text(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => return,
        };
        let ty = object.field(field).map(|field| &field.ty);
        if matches!(ty, Some(FieldType::Currency { .. })) || ty.is_some_and(|ty| ty.choices().is_some()) {
            return;
        }
        let names = matches!(ty, Some(FieldType::Email(_) | FieldType::Phone(_) | FieldType::PersonName))
            || object.display.as_deref() == Some(field);
        for text in texts.into_iter().filter(|text| text.chars().count() >= SHORTEST) {
            self.texts.insert(text.clone());
            if names {
                self.names.insert(text.clone());
            }
        }
    }
}

/// The pattern of a text within JSON.
pub(super) fn within_json(text: &str) -> String {
    let json = Json::String(text.to_owned()).to_string();
    within(json.get(1..json.len().saturating_sub(1)).unwrap_or_default())
}

/// The pattern of a text within another.
pub(super) fn within(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('%');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_literal_and_as_json_writes_them() {
        assert_eq!(within("50%_x"), "%50\\%\\_x%");
        assert_eq!(within_json("a \"b\""), "%a \\\\\"b\\\\\"%");
    }
}
