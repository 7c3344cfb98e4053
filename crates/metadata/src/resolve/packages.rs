//! Packages: their order, their settings.

use std::collections::BTreeMap;

use expr::{Type, Value};
use indexmap::IndexMap;

use super::draft::checked_name;
use super::load::{Documents, Loaded, PLATFORM, Typed};
use super::plugins::SHARED;
use super::report::{At, Report};
use crate::catalog::{Package, Setting};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{PackageDocument, SettingDocument, SettingType};
use crate::hint::did_you_mean;
use crate::name::Name;

/// All packages, each behind those that it depends on.
pub fn packages(documents: &Documents, report: &mut Report) -> IndexMap<String, Package> {
    let mut found: BTreeMap<&str, (&Loaded, &PackageDocument)> = BTreeMap::new();
    for loaded in &documents.all {
        let Typed::Package(doc) = &loaded.typed else { continue };
        if !is_package_name(&doc.name) {
            let mut finding = Finding::new(
                codes::BAD_NAME,
                "/name",
                format!("`{}` is not the name of a package", doc.name),
            );
            finding.expected = Some("[a-z][A-Za-z0-9_-]{0,59}".to_owned());
            report.error(&loaded.at, finding);
        }
        if doc.name == PLATFORM || doc.name == SHARED {
            let message = format!("The platform keeps the name `{}` for what it brings itself", doc.name);
            report.error(&loaded.at, Finding::new(codes::RESERVED_NAME, "/name", message));
        } else if found.insert(&doc.name, (loaded, doc)).is_some() {
            let message = format!("There is another package `{}`", doc.name);
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
        }
    }
    for (loaded, doc) in found.values() {
        check(loaded, doc, &found, documents, report);
    }
    let mut order: Vec<&str> = Vec::new();
    for name in found.keys() {
        let mut way = Vec::new();
        descend(name, &found, &mut way, &mut order, report);
    }
    order
        .into_iter()
        .filter_map(|name| {
            found.get(name).map(|(loaded, doc)| (name.to_owned(), package(loaded, doc, report)))
        })
        .collect()
}

fn check(
    loaded: &Loaded,
    doc: &PackageDocument,
    found: &BTreeMap<&str, (&Loaded, &PackageDocument)>,
    documents: &Documents,
    report: &mut Report,
) {
    if semver::Version::parse(&doc.version).is_err() {
        let mut finding = Finding::new(
            codes::BAD_VERSION,
            "/version",
            format!("`{}` is not a version of SemVer", doc.version),
        );
        finding.expected = Some("three numbers, such as 1.4.0".to_owned());
        finding.found = Some(doc.version.clone());
        report.error(&loaded.at, finding);
    }
    for (name, below, range) in doc.depends.each() {
        let pointer = format!("/depends/{below}");
        let present = found.get(name).map(|(_, present)| present.version.as_str());
        if let Some(range) = range {
            check_range(loaded, name, &pointer, range, present, report);
        }
        if present.is_some() || name == PLATFORM || documents.broken_packages.contains(name) {
            continue;
        }
        let mut finding =
            Finding::new(codes::UNKNOWN_PACKAGE, &pointer, format!("There is no package `{name}`"));
        finding.found = Some(name.to_owned());
        finding.key = range.is_some();
        finding.hint =
            did_you_mean(name, found.keys().copied()).map(|meant| format!("did you mean `{meant}`?"));
        report.error(&loaded.at, finding);
    }
}

/// Whether the range of versions is one, and the version that is there lies in it.
fn check_range(
    loaded: &Loaded,
    name: &str,
    pointer: &str,
    range: &str,
    present: Option<&str>,
    report: &mut Report,
) {
    // `>=1.0 <2.0`, as npm has it, is meant as `>=1.0, <2.0`.
    let separated = range.split_whitespace().collect::<Vec<_>>();
    let written = separated.iter().enumerate().fold(String::new(), |mut text, (index, part)| {
        let continues = text.ends_with([',', '<', '>', '=', '^', '~']) || part.starts_with(',');
        if index > 0 && !continues {
            text.push(',');
        }
        text.push_str(part);
        text
    });
    let Ok(wanted) = semver::VersionReq::parse(&written) else {
        let mut finding =
            Finding::new(codes::BAD_VERSION, pointer, format!("`{range}` is not a range of versions"));
        finding.expected = Some("a range of SemVer, such as ^1.0 or >=1.2, <2".to_owned());
        finding.found = Some(range.to_owned());
        report.error(&loaded.at, finding);
        return;
    };
    let Some(present) = present.and_then(|text| semver::Version::parse(text).ok()) else { return };
    if !wanted.matches(&present) {
        let message = format!("`{name}` {range} is needed, {present} is there");
        let mut finding = Finding::new(codes::BAD_VERSION, pointer, message);
        finding.expected = Some(range.to_owned());
        finding.found = Some(present.to_string());
        report.error(&loaded.at, finding);
    }
}

/// Depth first, so that what is depended on comes first.
fn descend<'a>(
    name: &'a str,
    found: &BTreeMap<&'a str, (&'a Loaded, &'a PackageDocument)>,
    way: &mut Vec<&'a str>,
    order: &mut Vec<&'a str>,
    report: &mut Report,
) {
    if order.contains(&name) {
        return;
    }
    let Some((loaded, doc)) = found.get(name) else { return };
    if let Some(start) = way.iter().position(|other| *other == name) {
        let circle: Vec<&str> = way.iter().skip(start).copied().chain([name]).collect();
        let circle = circle.join(" → ");
        let mut finding = Finding::new(
            codes::CYCLIC_PACKAGES,
            "/depends",
            format!("Packages depend on each other: {circle}"),
        );
        finding.found = Some(circle);
        report.error(&loaded.at, finding);
        return;
    }
    way.push(name);
    for (next, _, _) in doc.depends.each() {
        descend(next, found, way, order, report);
    }
    way.pop();
    order.push(name);
}

fn package(loaded: &Loaded, doc: &PackageDocument, report: &mut Report) -> Package {
    Package {
        version: doc.version.clone(),
        title: doc.title.clone().unwrap_or_else(|| doc.name.clone()),
        settings: settings_of(&doc.settings, &loaded.at, report),
    }
}

/// Settings with their types and defaults, of the document at `at`.
pub fn settings_of(
    documents: &IndexMap<String, SettingDocument>,
    at: &At,
    report: &mut Report,
) -> IndexMap<Name, Setting> {
    let mut settings = IndexMap::new();
    for (text, setting) in documents {
        let at = at.below(&format!("/settings/{}", crate::json::escape(text)));
        let Some(name) = checked_name(text, &at, "", report) else { continue };
        if let Some((ty, value)) = setting_of(setting.ty, &setting.default) {
            settings.insert(name, Setting { ty, value });
        } else {
            let mut finding =
                Finding::new(codes::BAD_DEFAULT, "/default", "The default is not of the setting's type");
            finding.expected = Some(format!("{:?}", setting.ty).to_lowercase());
            finding.found = Some(setting.default.to_string());
            report.error(&at, finding);
        }
    }
    settings
}

/// The value of a setting, with its type in expressions; `None` when it is of another type.
pub fn setting_of(of: SettingType, json: &serde_json::Value) -> Option<(Type, Value)> {
    let ty = match of {
        SettingType::String => Type::Text,
        SettingType::Integer => Type::Int,
        SettingType::Number => Type::Decimal,
        SettingType::Boolean => Type::Bool,
        SettingType::Date => Type::Date,
        SettingType::Duration => Type::Duration,
        SettingType::Array => {
            let text = |item: &serde_json::Value| item.as_str().map(|text| Value::Text(text.to_owned()));
            let items: Option<Vec<Value>> = json.as_array()?.iter().map(text).collect();
            return Some((Type::List(Box::new(Type::Text)), Value::List(items?)));
        }
        SettingType::Object => {
            return json.is_object().then(|| (Type::Json, Value::Json(json.clone())));
        }
    };
    let text = match (json, of) {
        (
            serde_json::Value::String(text),
            SettingType::String | SettingType::Date | SettingType::Duration | SettingType::Number,
        ) => text.clone(),
        (serde_json::Value::Number(number), SettingType::Integer | SettingType::Number) => number.to_string(),
        (serde_json::Value::Bool(value), SettingType::Boolean) => value.to_string(),
        _ => return None,
    };
    Value::parse(&ty, &text).ok().map(|value| (ty, value))
}

fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 60
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
