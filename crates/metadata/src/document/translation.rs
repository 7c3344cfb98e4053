//! `translations/zh-CN.json`: what people read, in one language.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What people read, in one language. May speak of objects of other packages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Translation")]
pub struct TranslationDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Tag of the language, `zh-CN`; the name of the file when absent.
    pub language: Option<String>,
    /// By object.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ObjectTranslation>")]
    pub objects: IndexMap<String, ObjectTranslation>,
    /// Titles of roles, by role.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub roles: IndexMap<String, String>,
    /// By lifecycle.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LifecycleTranslation>")]
    pub lifecycles: IndexMap<String, LifecycleTranslation>,
    /// Titles of automations, by automation.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub automations: IndexMap<String, String>,
    /// Labels of shared choice lists: list, value, label.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>")]
    pub choices: IndexMap<String, IndexMap<String, String>>,
}

/// What people read of one lifecycle.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LifecycleTranslation {
    /// Title of the lifecycle.
    pub title: Option<String>,
    /// Titles of stages, by stage.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub stages: IndexMap<String, String>,
}

/// What people read of one object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ObjectTranslation {
    /// Title of the object.
    pub title: Option<String>,
    /// Titles of fields, by field.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub fields: IndexMap<String, String>,
    /// Labels of choices written in place: field, value, label.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>")]
    pub choices: IndexMap<String, IndexMap<String, String>>,
}
