//! `package.json`

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

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
    /// Plugins whose functions this package calls: their names, or each name with the settings that are not its defaults.
    #[serde(default)]
    pub plugins: Plugins,
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

/// The plugins of a package.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Plugins {
    /// Names; their settings have their defaults.
    Plain(Vec<String>),
    /// Name to settings: `{"roundRobin": {"role": "sdr"}}`.
    Set(#[schemars(with = "BTreeMap<String, BTreeMap<String, Value>>")] PluginSettings),
}

/// The settings of each plugin.
type PluginSettings = IndexMap<String, Map<String, Value>>;

impl Default for Plugins {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

/// A plugin as a package uses it.
#[derive(Clone, Debug)]
pub struct PluginUse<'a> {
    /// Its name.
    pub name: &'a str,
    /// The pointer below `plugins` where it stands.
    pub below: String,
    /// The settings that are not its defaults.
    pub settings: Option<&'a Map<String, Value>>,
}

impl Plugins {
    /// All of them, in their order.
    pub fn each(&self) -> Vec<PluginUse<'_>> {
        match self {
            Self::Plain(names) => names
                .iter()
                .enumerate()
                .map(|(index, name)| PluginUse { name, below: index.to_string(), settings: None })
                .collect(),
            Self::Set(plugins) => plugins
                .iter()
                .map(|(name, settings)| PluginUse {
                    name,
                    below: crate::json::escape(name),
                    settings: Some(settings),
                })
                .collect(),
        }
    }
}

/// A setting of a package or a plugin.
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
    pub default: Value,
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
    /// A list of texts.
    Array,
    /// Any JSON object, for scripts.
    Object,
}
