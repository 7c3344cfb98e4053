//! Packages: their order, their settings.

use std::collections::BTreeMap;

use expr::{Type, Value};
use indexmap::IndexMap;

use super::draft::checked_name;
use super::load::{Documents, Loaded, PLATFORM, Typed};
use super::report::Report;
use crate::catalog::{Package, Setting};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{PackageDocument, SettingDocument, SettingType};
use crate::hint::did_you_mean;

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
        if doc.name == PLATFORM {
            report.error(
                &loaded.at,
                Finding::new(
                    codes::RESERVED_NAME,
                    "/name",
                    "The platform's own objects are called by that name",
                ),
            );
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
    if !is_semver(&doc.version) {
        let mut finding = Finding::new(
            codes::BAD_VERSION,
            "/version",
            format!("`{}` is not a version of SemVer", doc.version),
        );
        finding.expected = Some("three numbers, such as 1.4.0".to_owned());
        finding.found = Some(doc.version.clone());
        report.error(&loaded.at, finding);
    }
    for (index, name) in doc.depends.iter().enumerate() {
        if found.contains_key(name.as_str()) || name == PLATFORM || documents.broken_packages.contains(name) {
            continue;
        }
        let pointer = format!("/depends/{index}");
        let mut finding =
            Finding::new(codes::UNKNOWN_PACKAGE, &pointer, format!("There is no package `{name}`"));
        finding.found = Some(name.clone());
        finding.hint =
            did_you_mean(name, found.keys().copied()).map(|meant| format!("did you mean `{meant}`?"));
        report.error(&loaded.at, finding);
    }
    for index in 0..doc.plugins.len() {
        let message = "Plugins are not yet supported by this version";
        report.error(&loaded.at, Finding::new(codes::NOT_YET, &format!("/plugins/{index}"), message));
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
    for next in &doc.depends {
        descend(next, found, way, order, report);
    }
    way.pop();
    order.push(name);
}

fn package(loaded: &Loaded, doc: &PackageDocument, report: &mut Report) -> Package {
    let mut settings = IndexMap::new();
    for (text, setting) in &doc.settings {
        let at = loaded.at.below(&format!("/settings/{}", crate::json::escape(text)));
        let Some(name) = checked_name(text, &at, "", report) else { continue };
        if let Some((ty, value)) = value_of(setting) {
            settings.insert(name, Setting { ty, value });
        } else {
            let mut finding =
                Finding::new(codes::BAD_DEFAULT, "/default", "The default is not of the setting's type");
            finding.expected = Some(format!("{:?}", setting.ty).to_lowercase());
            finding.found = Some(setting.default.to_string());
            report.error(&at, finding);
        }
    }
    Package {
        version: doc.version.clone(),
        title: doc.title.clone().unwrap_or_else(|| doc.name.clone()),
        settings,
    }
}

fn value_of(setting: &SettingDocument) -> Option<(Type, Value)> {
    let ty = match setting.ty {
        SettingType::String => Type::Text,
        SettingType::Integer => Type::Int,
        SettingType::Number => Type::Decimal,
        SettingType::Boolean => Type::Bool,
        SettingType::Date => Type::Date,
        SettingType::Duration => Type::Duration,
    };
    let text = match (&setting.default, setting.ty) {
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

/// `1.4.0`, `1.4.0-rc.1+build`
fn is_semver(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let number = |text: &&str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'))
    };
    let rest = version.get(core.len()..).unwrap_or_default();
    let tail = rest.is_empty()
        || (rest.len() > 1
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')));
    numbers.len() == 3 && numbers.iter().all(number) && tail
}

#[cfg(test)]
mod tests {
    use super::is_semver;

    #[test]
    fn versions() {
        for good in ["1.4.0", "0.0.1", "1.0.0-rc.1", "1.0.0+build.5"] {
            assert!(is_semver(good), "{good}");
        }
        for bad in ["1", "1.0", "01.0.0", "1.0.0.0", "v1.0.0", "1.0.x", "1.0.0-", ""] {
            assert!(!is_semver(bad), "{bad}");
        }
    }
}
