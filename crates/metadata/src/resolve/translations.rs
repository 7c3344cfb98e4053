//! Titles and labels in other languages.

use std::collections::HashMap;
use std::sync::Arc;

use super::draft::Draft;
use super::load::{Documents, Loaded, Typed};
use super::report::{At, Report};
use crate::catalog::{Choices, FieldType};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{LifecycleTranslation, ObjectTranslation};
use crate::hint::did_you_mean;
use crate::json::escape;
use crate::name::Name;

/// Adds what translations say to titles and labels. What they speak of in vain is a warning: texts often outlive what they name.
pub fn translations(documents: &Documents, draft: &mut Draft, report: &mut Report) {
    let mut shared: HashMap<Name, Choices> = HashMap::new();
    let automations: Vec<&str> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::Automation(doc) => Some(doc.name.as_str()),
            _ => None,
        })
        .collect();
    for loaded in &documents.all {
        let Typed::Translation(doc) = &loaded.typed else { continue };
        let Some(language) = language(loaded, doc.language.as_deref(), report) else { continue };
        for (name, object) in &doc.objects {
            let at = loaded.at.below(&format!("/objects/{}", escape(name)));
            translate(draft, name, object, &language, &at, report);
        }
        for (name, title) in &doc.roles {
            let at = loaded.at.below(&format!("/roles/{}", escape(name)));
            role(draft, name, (&language, title), &at, report);
        }
        for (name, lifecycle) in &doc.lifecycles {
            let at = loaded.at.below(&format!("/lifecycles/{}", escape(name)));
            translate_lifecycle(draft, name, lifecycle, &language, &at, report);
        }
        for (name, title) in &doc.automations {
            let known = automations.iter().any(|known| known == name);
            let titles = draft.automation_titles.entry(name.clone()).or_default();
            titles.insert(language.clone(), title.clone());
            if !known && !documents.broken.contains(name) {
                let at = loaded.at.below(&format!("/automations/{}", escape(name)));
                stranger("automation", name, automations.iter().copied(), &at, report);
            }
        }
        for (name, labels) in &doc.choices {
            let at = loaded.at.below(&format!("/choices/{}", escape(name)));
            let Some((name, list)) = draft.known.choices.get_key_value(name.as_str()) else {
                if !draft.known.broken_choices.contains(name) {
                    stranger("choice list", name, draft.known.choices.keys().map(Name::as_str), &at, report);
                }
                continue;
            };
            let list = shared.entry(name.clone()).or_insert_with(|| (**list).clone());
            label(list, labels, &language, &at, report);
        }
    }
    let shared: HashMap<Name, Arc<Choices>> =
        shared.into_iter().map(|(name, list)| (name, Arc::new(list))).collect();
    for object in draft.objects.values_mut() {
        for drafted in object.fields.values_mut() {
            if let FieldType::Select(choices) | FieldType::MultiSelect(choices) = &mut drafted.field.ty
                && let Some(list) = shared.get(choices.name.as_str())
            {
                *choices = Arc::clone(list);
            }
        }
    }
    draft.known.choices.extend(shared);
}

/// The language of a translation: its own word, or the file's name.
fn language(loaded: &Loaded, stated: Option<&str>, report: &mut Report) -> Option<String> {
    let file = report.source(loaded.at.file).map(|source| source.path.clone()).unwrap_or_default();
    let stem =
        file.rsplit('/').next().and_then(|name| name.strip_suffix(".json")).unwrap_or_default().to_owned();
    let tag = stated.map_or(stem, str::to_owned);
    let legal = tag.len() <= 35
        && tag
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag.split('-').next().is_some_and(|first| (2..=3).contains(&first.len()));
    if legal {
        return Some(tag);
    }
    let mut finding =
        Finding::new(codes::UNKNOWN_LANGUAGE, "/language", format!("`{tag}` is not the tag of a language"));
    finding.expected = Some("a tag such as en, de or zh-CN".to_owned());
    finding.found = Some(tag);
    report.error(&loaded.at, finding);
    None
}

fn translate(
    draft: &mut Draft,
    name: &str,
    doc: &ObjectTranslation,
    language: &str,
    at: &At,
    report: &mut Report,
) {
    if !draft.objects.contains_key(name) {
        if !draft.known.broken_objects.contains(name) {
            stranger("object", name, draft.objects.keys().map(Name::as_str), at, report);
        }
        return;
    }
    let broken: Vec<String> = doc
        .fields
        .keys()
        .chain(doc.choices.keys())
        .filter(|field| draft.is_broken(name, field))
        .cloned()
        .collect();
    let Some(object) = draft.objects.get_mut(name) else { return };
    if let Some(title) = &doc.title {
        object.titles.insert(language.to_owned(), title.clone());
    }
    for (field, title) in &doc.fields {
        match object.fields.get_mut(field.as_str()) {
            Some(drafted) => {
                drafted.field.titles.insert(language.to_owned(), title.clone());
            }
            None if broken.contains(field) => {}
            None => {
                let place = at.below(&format!("/fields/{}", escape(field)));
                stranger("field", field, object.fields.keys().map(Name::as_str), &place, report);
            }
        }
    }
    for (field, labels) in &doc.choices {
        let place = at.below(&format!("/choices/{}", escape(field)));
        match object.fields.get_mut(field.as_str()).map(|drafted| &mut drafted.field.ty) {
            Some(FieldType::Select(choices) | FieldType::MultiSelect(choices))
                if choices.name.contains('.') =>
            {
                let mut list = (**choices).clone();
                label(&mut list, labels, language, &place, report);
                *choices = Arc::new(list);
            }
            _ if broken.contains(field) => {}
            _ => stranger(
                "field with choices of its own",
                field,
                object.fields.keys().map(Name::as_str),
                &place,
                report,
            ),
        }
    }
}

fn translate_lifecycle(
    draft: &mut Draft,
    name: &str,
    doc: &LifecycleTranslation,
    language: &str,
    at: &At,
    report: &mut Report,
) {
    let Some(lifecycle) = draft.lifecycles.get_mut(name) else {
        if !draft.broken_lifecycles.contains(name) {
            stranger("lifecycle", name, draft.lifecycles.keys().map(Name::as_str), at, report);
        }
        return;
    };
    if let Some(title) = &doc.title {
        lifecycle.titles.insert(language.to_owned(), title.clone());
    }
    for (stage, title) in &doc.stages {
        if let Some(drafted) = lifecycle.stages.get_mut(stage.as_str()) {
            drafted.titles.insert(language.to_owned(), title.clone());
        } else if !lifecycle.open {
            let place = at.below(&format!("/stages/{}", escape(stage)));
            stranger("stage", stage, lifecycle.stages.keys().map(|name| &**name), &place, report);
        }
    }
}

fn role(draft: &mut Draft, name: &str, (language, title): (&str, &str), at: &At, report: &mut Report) {
    if let Some(role) = draft.roles.get_mut(name) {
        role.titles.insert(language.to_owned(), title.to_owned());
    } else if !draft.broken_roles.contains(name) && !draft.known.broken_objects.contains(name) {
        stranger("role", name, draft.roles.keys().map(Name::as_str), at, report);
    }
}

fn label(
    list: &mut Choices,
    labels: &indexmap::IndexMap<String, String>,
    language: &str,
    at: &At,
    report: &mut Report,
) {
    for (value, label) in labels {
        if let Some(choice) = list.choices.iter_mut().find(|choice| *choice.value == **value) {
            choice.labels.insert(language.to_owned(), label.clone());
        } else {
            let place = at.below(&format!("/{}", escape(value)));
            stranger("choice", value, list.choices.iter().map(|choice| &*choice.value), &place, report);
        }
    }
}

fn stranger<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, at: &At, report: &mut Report) {
    let code = match what {
        "object" => codes::UNKNOWN_OBJECT,
        "role" => codes::UNKNOWN_ROLE,
        "lifecycle" => codes::UNKNOWN_LIFECYCLE,
        "stage" => codes::UNKNOWN_STAGE,
        "choice list" => codes::UNKNOWN_CHOICES,
        "choice" => codes::BAD_CHOICES,
        _ => codes::UNKNOWN_FIELD,
    };
    let mut finding = Finding::new(code, "", format!("This translates a {what} `{name}` that is not there"));
    finding.key = true;
    finding.found = Some(name.to_owned());
    finding.hint = did_you_mean(name, known).map(|meant| format!("did you mean `{meant}`?"));
    report.warn(at, finding);
}
