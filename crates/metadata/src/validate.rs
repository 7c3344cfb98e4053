//! Whether a record's values keep what the object's schema demands. Simple limits are compared directly, so that a record costs a few
//! comparisons; patterns and formats were compiled when the catalog was made.

use expr::Value;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::catalog::{Field, FieldType, Object};
use crate::field::{ValueProblem, kind, schema};

/// The values of one record, however the caller keeps them.
pub trait RecordValues {
    /// The value of a field, or of a part of a composite field; `None` is null.
    fn value(&self, field: &str, part: Option<&str>) -> Option<&Value>;
}

/// Keys are `field` and `field.part`.
impl RecordValues for IndexMap<String, Value> {
    fn value(&self, field: &str, part: Option<&str>) -> Option<&Value> {
        match part {
            None => self.get(field),
            Some(part) => self.get(&format!("{field}.{part}")),
        }
    }
}

/// A value that breaks the object's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, or `field.part`.
    pub path: String,
    /// The keyword: `required`, `maxLength`, `pattern`, `minimum`, `enum`, `format` …
    pub rule: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Everything in the record that breaks the schema: required fields, limits, patterns, formats, choices.
pub fn validate(object: &Object, record: &dyn RecordValues) -> Vec<Violation> {
    let mut violations = Vec::new();
    for field in object.fields.values() {
        // What the platform writes itself is right by construction; virtual fields have no values here.
        if (field.system && &*field.name != "owner") || matches!(field.ty, FieldType::Many(_)) {
            continue;
        }
        if field.ty.parts().is_empty() {
            whole(field, record, &mut violations);
        } else {
            parts(field, record, &mut violations);
        }
    }
    violations
}

fn whole(field: &Field, record: &dyn RecordValues, violations: &mut Vec<Violation>) {
    match record.value(&field.name, None) {
        None | Some(Value::Null) if field.required => violations.push(missing(field)),
        None | Some(Value::Null) => {}
        Some(value) => {
            if let Err(problem) = kind(&field.ty).check(&field.ty, value) {
                violations.push(violation(field, None, problem));
            }
        }
    }
}

fn parts(field: &Field, record: &dyn RecordValues, violations: &mut Vec<Violation>) {
    let mut any = false;
    for (part, ..) in field.ty.parts() {
        let value = record.value(&field.name, Some(part)).filter(|value| !value.is_null());
        any |= value.is_some();
        if let (FieldType::GeoPoint, Some(Value::Float(degrees))) = (&field.ty, value) {
            let most = if *part == "latitude" { 90.0 } else { 180.0 };
            if !(-most..=most).contains(degrees) {
                let problem =
                    ValueProblem::new("maximum", format!("-{most} to {most} degrees"), degrees.to_string());
                violations.push(violation(field, Some(part), problem));
            }
        }
    }
    if field.required && !any {
        violations.push(missing(field));
    }
}

fn missing(field: &Field) -> Violation {
    Violation {
        path: field.name.to_string(),
        rule: "required",
        message: format!("{} is required", field.title),
        expected: "a value".to_owned(),
        found: "nothing".to_owned(),
    }
}

fn violation(field: &Field, part: Option<&str>, problem: ValueProblem) -> Violation {
    let path = part.map_or_else(|| field.name.to_string(), |part| format!("{}.{part}", field.name));
    Violation {
        path,
        rule: problem.rule,
        message: format!("{}: expected {}, found {}", field.title, problem.expected, problem.found),
        expected: problem.expected,
        found: problem.found,
    }
}

impl Object {
    /// The JSON Schema (2020-12) of a record as the API returns it: what [`validate`] checks, for other readers.
    pub fn record_schema(&self) -> Json {
        let fields = || self.fields.values().filter(|field| !matches!(field.ty, FieldType::Many(_)));
        let properties: Map<String, Json> = fields()
            .map(|field| {
                let mut one = schema(&field.ty);
                if let Some(map) = one.as_object_mut() {
                    map.insert("title".to_owned(), Json::from(field.title.as_str()));
                }
                (field.name.to_string(), one)
            })
            .collect();
        let required: Vec<&str> =
            fields().filter(|field| field.required).map(|field| field.name.as_str()).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": properties,
            "required": required,
        })
    }
}
