//! `plugins/roundRobin/plugin.json`: a module of script functions that packages share, beside `roundRobin.rhai`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::package::SettingDocument;

/// A module of script functions that packages share. Its functions see `settings`: these, as the package sets them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Plugin")]
pub struct PluginDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name, that of its folder and of its module.
    pub name: String,
    /// Version by the rules of SemVer.
    pub version: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Typed settings with their defaults; a package sets others in `plugins`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SettingDocument>")]
    pub settings: IndexMap<String, SettingDocument>,
}
