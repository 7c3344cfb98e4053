//! Additions to an object of this or another package.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::field::FieldDocument;
use super::object::{DuplicateDocument, RuleDocument, UniqueDocument};

/// Additions to an object of this or another package, or of the platform (`user`, `team`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Extension")]
pub struct ExtensionDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// The object, `core/lead` or `lead`.
    pub extends: String,
    /// What these additions are for.
    pub description: Option<String>,
    /// Fields added to the object.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, FieldDocument>")]
    pub properties: IndexMap<String, FieldDocument>,
    /// Fields that a record must have, added ones or those of the object.
    #[serde(default)]
    pub required: Vec<String>,
    /// Another field that names a record to people.
    #[serde(rename = "x-display")]
    pub display: Option<String>,
    /// Further fields that search looks in.
    #[serde(rename = "x-search", default)]
    pub search: Vec<String>,
    /// Further indexes.
    #[serde(rename = "x-indexes", default)]
    pub indexes: Vec<Vec<String>>,
    /// Further unique rules.
    #[serde(rename = "x-unique", default)]
    pub unique: Vec<UniqueDocument>,
    /// Further validation rules.
    #[serde(rename = "x-rules", default)]
    pub rules: Vec<RuleDocument>,
    /// Rules about records that look like duplicates.
    #[serde(rename = "x-duplicates", default)]
    pub duplicates: Vec<DuplicateDocument>,
}
