//! A choice list that several fields share.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A list of values to choose from, shared by the fields that name it with `x-choices`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Choices")]
pub struct ChoicesDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then up to 59 letters and digits.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The former name, when this list was renamed.
    #[serde(rename = "renamedFrom")]
    pub renamed_from: Option<String>,
    /// The values in the order in which they are shown.
    pub choices: Vec<ChoiceDocument>,
}

/// One value: its text alone, or with labels.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Choice")]
pub enum ChoiceDocument {
    /// The value; its label is made from it.
    Value(String),
    /// The value with what people read.
    Labelled(LabelledChoice),
}

/// A value with what people read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabelledChoice {
    /// As stored and as in the API: a letter, then letters, digits and `_`.
    pub value: String,
    /// For people.
    pub label: Option<String>,
    /// Labels in other languages, by tag.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub labels: IndexMap<String, String>,
    /// The former value, when this one was renamed.
    pub renamed_from: Option<String>,
}
