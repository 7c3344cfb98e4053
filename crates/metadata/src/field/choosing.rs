//! The choices that a field's document gives or names, and what makes a good choice.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Reading;
use crate::catalog::{Choice, Choices};
use crate::codes;
use crate::diagnostic::Finding;
use crate::hint::did_you_mean;
use crate::name::Name;

impl Reading<'_> {
    /// The choices of a select field: written in place, or a shared list.
    pub fn choices(&mut self) -> Option<Arc<Choices>> {
        let doc = self.doc;
        let items = doc.items.as_ref();
        let (values, at) = match (&doc.values, items.and_then(|items| items.values.as_ref())) {
            (Some(values), _) => (Some(values), "/enum"),
            (None, Some(values)) => (Some(values), "/items/enum"),
            (None, None) => (None, "/enum"),
        };
        let shared = doc.choices.as_deref().or(items.and_then(|items| items.choices.as_deref()));
        match (values, shared) {
            (Some(_), Some(_)) => {
                self.fault(codes::BAD_CHOICES, at, "Give the choices in `enum` or by `x-choices`, not both");
                None
            }
            (Some(values), None) => self.choices_in_place(values, at),
            (None, Some(shared)) => self.shared_choices(shared),
            (None, None) => {
                self.fault(codes::MISSING_KEY, "", "A select field needs `enum` or `x-choices`");
                None
            }
        }
    }

    fn shared_choices(&mut self, named: &str) -> Option<Arc<Choices>> {
        let name = named.rsplit('/').next().unwrap_or(named);
        if let Some(found) = self.known.choices.get(name) {
            return Some(Arc::clone(found));
        }
        if !self.known.broken_choices.contains(name) {
            let mut finding = Finding::new(
                codes::UNKNOWN_CHOICES,
                "/x-choices",
                format!("There is no choice list `{named}`"),
            );
            finding.found = Some(named.to_owned());
            finding.hint = did_you_mean(name, self.known.choices.keys().map(Name::as_str))
                .map(|meant| format!("did you mean `{meant}`?"));
            self.findings.push(finding);
        }
        None
    }

    fn choices_in_place(&mut self, values: &[String], at: &str) -> Option<Arc<Choices>> {
        if values.is_empty() {
            self.fault(codes::BAD_CHOICES, at, "The list of choices is empty");
            return None;
        }
        let mut choices: Vec<Choice> = Vec::new();
        let mut seen = HashSet::new();
        let mut sound = true;
        for (index, value) in values.iter().enumerate() {
            if !seen.insert(value.as_str()) {
                self.fault(
                    codes::DUPLICATE_NAME,
                    &format!("{at}/{index}"),
                    &format!("The choice `{value}` is given twice"),
                );
                sound = false;
                continue;
            }
            if let Some(fault) = choice_fault(value) {
                self.findings.push(Finding { pointer: format!("{at}/{index}"), ..fault });
                sound = false;
            }
            choices.push(Choice {
                value: Arc::from(value.as_str()),
                label: self.doc.labels.get(value).cloned().unwrap_or_else(|| made_label(value)),
                labels: IndexMap::new(),
                renamed_from: self.doc.renamed_values.get(value).cloned(),
                also: Vec::new(),
            });
        }
        self.strangers("x-labels", self.doc.labels.keys(), &seen);
        self.strangers("x-renamedValues", self.doc.renamed_values.keys(), &seen);
        let name = format!("{}.{}", self.object, self.name);
        sound.then(|| Arc::new(Choices { title: made_label(self.name), name, choices }))
    }

    /// Keys of a map that name no choice.
    fn strangers<'k>(&mut self, map: &str, keys: impl Iterator<Item = &'k String>, values: &HashSet<&str>) {
        for key in keys.filter(|key| !values.contains(key.as_str())) {
            let pointer = format!("/{map}/{}", crate::json::escape(key));
            let mut finding =
                Finding::new(codes::BAD_CHOICES, &pointer, format!("`{key}` is none of the choices"));
            finding.key = true;
            finding.hint =
                did_you_mean(key, values.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            self.findings.push(finding);
        }
    }
}

/// Why a text cannot be a choice.
pub(crate) fn choice_fault(value: &str) -> Option<Finding> {
    let mut bytes = value.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    if !starts || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        let made: String = made_value(value);
        let mut finding = Finding::new(
            codes::BAD_NAME,
            "",
            format!(
                "The choice `{value}` cannot be an enum value of the API: a letter, then letters, digits and _"
            ),
        );
        finding.found = Some(value.to_owned());
        finding.hint = (!made.is_empty()).then(|| format!("use `{made}` with the label \"{value}\""));
        return Some(finding);
    }
    if matches!(value, "true" | "false" | "null") {
        return Some(Finding::new(
            codes::RESERVED_NAME,
            "",
            format!("GraphQL keeps `{value}`; it cannot be a choice"),
        ));
    }
    (value.len() > 100).then(|| Finding::new(codes::BAD_NAME, "", "A choice has at most 100 characters"))
}

/// `Closed Won` as `closedWon`.
fn made_value(label: &str) -> String {
    let words = label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String = words
        .enumerate()
        .map(|(index, word)| {
            let (first, rest) = word.split_at(1);
            if index == 0 {
                word.to_lowercase()
            } else {
                format!("{}{}", first.to_uppercase(), rest.to_lowercase())
            }
        })
        .collect();
    if joined.starts_with(|c: char| c.is_ascii_digit()) { format!("v{joined}") } else { joined }
}

/// `closeDate` as `Close date`, `new_business` as `New business`.
pub(crate) fn made_label(name: &str) -> String {
    let mut label = String::with_capacity(name.len() + 4);
    let mut last_lower = false;
    for c in name.chars() {
        match c {
            '_' => label.push(' '),
            _ if c.is_ascii_uppercase() && last_lower => {
                label.push(' ');
                label.push(c.to_ascii_lowercase());
            }
            _ if label.is_empty() => label.extend(c.to_uppercase()),
            _ => label.push(c),
        }
        last_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_made_for_people_and_programs() {
        assert_eq!(made_label("closeDate"), "Close date");
        assert_eq!(made_label("new_business"), "New business");
        assert_eq!(made_label("A"), "A");
        assert_eq!(made_value("Closed - Won!"), "closedWon");
        assert_eq!(made_value("30 days"), "v30Days");
    }
}
