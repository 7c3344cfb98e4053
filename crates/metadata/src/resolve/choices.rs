//! Shared choice lists.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::draft::checked_name;
use super::load::{Documents, Loaded, Typed};
use super::report::Report;
use crate::catalog::{Choice, Choices};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{ChoiceDocument, ChoicesDocument};
use crate::field::{Known, choice_fault, made_label};

/// Reads all shared lists into `known`.
pub fn choices(documents: &Documents, known: &mut Known, report: &mut Report) {
    known.broken_choices.clone_from(&documents.broken);
    for loaded in &documents.all {
        let Typed::Choices(doc) = &loaded.typed else { continue };
        let Some(name) = checked_name(&doc.name, &loaded.at, "/name", report) else {
            known.broken_choices.insert(doc.name.clone());
            continue;
        };
        if known.choices.contains_key(&name) {
            let message = format!("There is another choice list `{name}`");
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
            continue;
        }
        match list(loaded, doc, report) {
            Some(list) => {
                known.choices.insert(name, Arc::new(list));
            }
            None => {
                known.broken_choices.insert(name.to_string());
            }
        }
    }
}

fn list(loaded: &Loaded, doc: &ChoicesDocument, report: &mut Report) -> Option<Choices> {
    if doc.choices.is_empty() {
        report
            .error(&loaded.at, Finding::new(codes::BAD_CHOICES, "/choices", "The list of choices is empty"));
        return None;
    }
    let mut seen = HashSet::new();
    let mut sound = true;
    let mut choices = Vec::new();
    for (index, document) in doc.choices.iter().enumerate() {
        let choice = choice(document);
        let (value, pointer) = match document {
            ChoiceDocument::Value(value) => (value, format!("/choices/{index}")),
            ChoiceDocument::Labelled(labelled) => (&labelled.value, format!("/choices/{index}/value")),
        };
        if let Some(fault) = choice_fault(value) {
            report.error(&loaded.at, Finding { pointer, ..fault });
            sound = false;
        } else if !seen.insert(value.clone()) {
            let message = format!("The choice `{value}` is given twice");
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, &pointer, message));
            sound = false;
        }
        choices.push(choice);
    }
    let title = doc.title.clone().unwrap_or_else(|| made_label(&doc.name));
    sound.then(|| Choices { name: doc.name.clone(), title, choices })
}

fn choice(document: &ChoiceDocument) -> Choice {
    match document {
        ChoiceDocument::Value(value) => Choice {
            value: Arc::from(value.as_str()),
            label: made_label(value),
            labels: IndexMap::new(),
            renamed_from: None,
            also: Vec::new(),
        },
        ChoiceDocument::Labelled(doc) => Choice {
            value: Arc::from(doc.value.as_str()),
            label: doc.label.clone().unwrap_or_else(|| made_label(&doc.value)),
            labels: doc.labels.clone(),
            renamed_from: doc.renamed_from.clone(),
            also: Vec::new(),
        },
    }
}
