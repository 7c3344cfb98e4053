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
    /// The packages that this one builds on: their names, or each name with the versions that will do.
    #[serde(default)]
    pub depends: Dependencies,
    /// Plugins that the scripts of this package import.
    #[serde(default)]
    pub plugins: Vec<String>,
    /// Typed settings with their defaults; expressions name them `settings.<name>`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SettingDocument>")]
    pub settings: IndexMap<String, SettingDocument>,
}

/// The packages that another one builds on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dependencies {
    /// Names; any version will do.
    Any(Vec<String>),
    /// Name to range of versions by the rules of SemVer: `{"core": "^1.0"}`.
    Ranges(#[schemars(with = "BTreeMap<String, String>")] IndexMap<String, String>),
}

impl Default for Dependencies {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl Dependencies {
    /// Each package's name, the pointer below `depends` where it stands, and the versions that will do.
    pub fn each(&self) -> Vec<(&str, String, Option<&str>)> {
        match self {
            Self::Any(names) => {
                names.iter().enumerate().map(|(index, name)| (&**name, index.to_string(), None)).collect()
            }
            Self::Ranges(ranges) => ranges
                .iter()
                .map(|(name, range)| (&**name, crate::json::escape(name), Some(&**range)))
                .collect(),
        }
    }
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
