//! A business object: a JSON Schema of its records plus `x-` keywords.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::field::FieldDocument;

/// A business object: a JSON Schema of its records plus `x-` keywords.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Object")]
pub struct ObjectDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then up to 59 letters and digits.
    pub name: String,
    /// Name of many of them, in the same form.
    pub plural: String,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    #[serde(rename = "x-titles", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people and for the generated API.
    pub description: Option<String>,
    /// Always `object`.
    #[serde(rename = "type")]
    pub ty: ObjectType,
    /// The former name, when this object was renamed.
    pub renamed_from: Option<String>,
    /// Fields that a record must have.
    #[serde(default)]
    pub required: Vec<String>,
    /// The fields by name.
    #[schemars(with = "BTreeMap<String, FieldDocument>")]
    pub properties: IndexMap<String, FieldDocument>,
    /// The field that names a record to people; `name` when there is one.
    #[serde(rename = "x-display")]
    pub display: Option<String>,
    /// Fields that search looks in; the display field when absent.
    #[serde(rename = "x-search")]
    pub search: Option<Vec<String>>,
    /// Further indexes, each a list of fields.
    #[serde(rename = "x-indexes", default)]
    pub indexes: Vec<Vec<String>>,
    /// Whether records have an `owner`.
    #[serde(rename = "x-owned", default)]
    pub owned: bool,
    /// Whether changes of field values are kept.
    #[serde(rename = "x-history", default)]
    pub history: bool,
    /// Fields, or fields and a filter, in which no two living records agree.
    #[serde(rename = "x-unique", default)]
    pub unique: Vec<UniqueDocument>,
    /// Conditions that every written record must meet.
    #[serde(rename = "x-rules", default)]
    pub rules: Vec<RuleDocument>,
    /// Rules about records that look like duplicates.
    #[serde(rename = "x-duplicates", default)]
    pub duplicates: Vec<DuplicateDocument>,
}

/// `object`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ObjectType {
    /// The only type of a record.
    Object,
}

/// Fields in which no two living records agree.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Unique")]
pub enum UniqueDocument {
    /// Among all records.
    Fields(Vec<String>),
    /// Among the records that the filter selects.
    Partial(PartialUnique),
}

/// Uniqueness among some records.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PartialUnique {
    /// The fields.
    pub fields: Vec<String>,
    /// A filter over fields of the record itself.
    #[serde(rename = "where")]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub condition: Option<serde_json::Value>,
}

/// A condition that every written record must meet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Rule")]
pub struct RuleDocument {
    /// Stable name.
    pub name: String,
    /// An expression that must be true.
    pub check: String,
    /// What the person is told when it is not.
    pub message: String,
    /// The field that the message is shown at.
    pub path: Option<String>,
}

/// A rule about records that look like duplicates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Duplicate")]
pub struct DuplicateDocument {
    /// Stable name.
    pub name: String,
    /// Fields that agree.
    #[serde(rename = "match")]
    pub fields: Vec<String>,
    /// What happens.
    pub action: Option<String>,
}
