//! `package.json`

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A versioned folder of metadata.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Package")]
pub struct PackageDocument {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name: a lower-case letter, then letters, digits, `-` and `_`.
    pub name: String,
    /// Version by the rules of SemVer, e.g. `1.4.0`.
    pub version: String,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Names of the packages that this one builds on.
    #[serde(default)]
    pub depends: Vec<String>,
    /// Plugins that the scripts of this package import.
    #[serde(default)]
    pub plugins: Vec<String>,
    /// Typed settings with their defaults; expressions name them `settings.<name>`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SettingDocument>")]
    pub settings: IndexMap<String, SettingDocument>,
}

/// A setting of a package.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Setting")]
pub struct SettingDocument {
    /// What it holds.
    #[serde(rename = "type")]
    pub ty: SettingType,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Its value unless the tenant sets another; numbers that are not whole may be written as strings to be exact.
    pub default: serde_json::Value,
}

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SettingType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Number,
    /// True or false.
    Boolean,
    /// A day, `2026-03-31`.
    Date,
    /// A length of time, `7d`.
    Duration,
}
