//! A field's document as the field types read it: limits, relations, names, each with its faults.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::Number;

use crate::catalog::{Choices, NumberLimits, Pattern, TextLimits};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{FieldDocument, JsonType, OneOrMany};
use crate::hint::did_you_mean;
use crate::name::Name;

/// What fields may refer to.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Objects with their packages.
    pub objects: IndexMap<Name, String>,
    /// Names of objects whose documents are faulty: what refers to them is not reported.
    pub broken_objects: HashSet<String>,
    /// Shared choice lists.
    pub choices: IndexMap<Name, Arc<Choices>>,
    /// Names of faulty choice lists.
    pub broken_choices: HashSet<String>,
}

/// Something is wrong, and has been said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported;

/// A field being built.
pub(crate) struct Reading<'a> {
    /// The object that has the field.
    pub object: &'a Name,
    /// The field.
    pub name: &'a Name,
    /// What its author wrote.
    pub doc: &'a FieldDocument,
    /// What it may refer to.
    pub known: &'a Known,
    /// What is wrong with it; pointers begin at the field.
    pub findings: Vec<Finding>,
}

impl Reading<'_> {
    /// Reports a fault at a key of the field.
    pub fn fault(&mut self, code: &'static str, pointer: &str, message: &str) {
        self.findings.push(Finding::new(code, pointer, message));
    }

    /// For types that only the platform makes.
    pub fn not_authored(&mut self, name: &str) {
        let message = format!("Fields of type `{name}` are made by the platform");
        self.fault(codes::BAD_VALUE, "/x-type", &message);
    }

    /// Limits on text; `None` when they contradict each other.
    pub fn text_limits(&mut self) -> Option<TextLimits> {
        let doc = self.doc;
        self.limits(doc.min_length, doc.max_length, doc.pattern.as_deref(), "")
    }

    /// Limits on the texts of a list.
    pub fn item_limits(&mut self) -> Option<TextLimits> {
        let Some(items) = &self.doc.items else { return Some(TextLimits::default()) };
        if items.ty.is_some_and(|ty| ty != JsonType::String) {
            self.fault(codes::BAD_VALUE, "/items/type", "Lists hold strings");
            return None;
        }
        self.limits(items.min_length, items.max_length, items.pattern.as_deref(), "/items")
    }

    fn limits(
        &mut self,
        min: Option<u32>,
        max: Option<u32>,
        pattern: Option<&str>,
        at: &str,
    ) -> Option<TextLimits> {
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.fault(
                codes::BAD_LIMIT,
                &format!("{at}/minLength"),
                "`minLength` is greater than `maxLength`: no text can meet both",
            );
            return None;
        }
        let pattern = match pattern.map(Pattern::new) {
            None => None,
            Some(Ok(pattern)) => Some(pattern),
            Some(Err(error)) => {
                let message = format!("The pattern is not a regular expression of linear time: {error}");
                self.fault(codes::BAD_PATTERN, &format!("{at}/pattern"), &message);
                return None;
            }
        };
        Some(TextLimits { min_length: min, max_length: max, pattern })
    }

    /// Limits on numbers; `None` when they are not exact decimals or contradict each other.
    pub fn number_limits(&mut self) -> Option<NumberLimits> {
        let doc = self.doc;
        let limits = NumberLimits {
            minimum: self.bound("minimum", doc.minimum.as_ref()).ok()?,
            maximum: self.bound("maximum", doc.maximum.as_ref()).ok()?,
            exclusive_minimum: self.bound("exclusiveMinimum", doc.exclusive_minimum.as_ref()).ok()?,
            exclusive_maximum: self.bound("exclusiveMaximum", doc.exclusive_maximum.as_ref()).ok()?,
            multiple_of: self.bound("multipleOf", doc.multiple_of.as_ref()).ok()?,
        };
        let least = limits.minimum.or(limits.exclusive_minimum);
        let most = limits.maximum.or(limits.exclusive_maximum);
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let key = if limits.minimum.is_some() { "/minimum" } else { "/exclusiveMinimum" };
            self.fault(
                codes::BAD_LIMIT,
                key,
                "The least value is greater than the greatest: no number can meet both",
            );
            return None;
        }
        if limits.multiple_of.is_some_and(|of| of <= Decimal::ZERO) {
            self.fault(codes::BAD_LIMIT, "/multipleOf", "`multipleOf` is greater than zero");
            return None;
        }
        Some(limits)
    }

    fn bound(&mut self, key: &str, number: Option<&Number>) -> Result<Option<Decimal>, Reported> {
        let Some(number) = number else { return Ok(None) };
        let text = number.to_string();
        let exact = if text.contains(['e', 'E']) {
            Decimal::from_scientific(&text)
        } else {
            Decimal::from_str(&text)
        };
        exact.map(Some).map_err(|_| {
            self.fault(codes::BAD_LIMIT, &format!("/{key}"), "A limit has at most 28 digits");
            Reported
        })
    }

    /// The objects that a relation points at.
    pub fn targets(&mut self) -> Option<Vec<Name>> {
        let names: Vec<(String, &str)> = match &self.doc.to {
            None => {
                self.fault(codes::MISSING_KEY, "", "A relation needs `x-to`, the object that it points at");
                return None;
            }
            Some(OneOrMany::One(name)) => vec![("/x-to".to_owned(), name)],
            Some(OneOrMany::Many(names)) => names
                .iter()
                .enumerate()
                .map(|(index, name)| (format!("/x-to/{index}"), name.as_str()))
                .collect(),
        };
        if names.is_empty() {
            self.fault(codes::BAD_RELATION, "/x-to", "The list of objects is empty");
            return None;
        }
        let found: Vec<Option<Name>> =
            names.iter().map(|(pointer, name)| self.object_named(name, pointer)).collect();
        let mut targets: Vec<Name> = Vec::new();
        for name in found.iter().flatten() {
            if !targets.contains(name) {
                targets.push(name.clone());
            }
        }
        // An object that is faulty hides the relation; one that is missing has been reported.
        found.iter().all(Option::is_some).then_some(targets)
    }

    /// The one object that a relation points at.
    pub fn single_target(&mut self) -> Option<Name> {
        let targets = self.targets()?;
        if let [one] = targets.as_slice() {
            Some(one.clone())
        } else {
            self.fault(
                codes::BAD_RELATION,
                "/x-to",
                "This relation points at one object; `polymorphic` may point at several",
            );
            None
        }
    }

    /// An object by its name, `account` or `core/account`.
    pub fn object_named(&mut self, named: &str, pointer: &str) -> Option<Name> {
        let (package, name) = match named.rsplit_once('/') {
            Some((package, name)) => (Some(package), name),
            None => (None, named),
        };
        let found = self.known.objects.get_key_value(name);
        if let Some((name, owner)) = found
            && package.is_none_or(|package| package == owner)
        {
            return Some(name.clone());
        }
        if !self.known.broken_objects.contains(name) {
            let mut finding =
                Finding::new(codes::UNKNOWN_OBJECT, pointer, format!("There is no object `{named}`"));
            finding.found = Some(named.to_owned());
            finding.hint = match found {
                Some((name, owner)) => Some(format!("did you mean `{owner}/{name}`?")),
                None => did_you_mean(name, self.known.objects.keys().map(Name::as_str))
                    .map(|meant| format!("did you mean `{meant}`?")),
            };
            self.findings.push(finding);
        }
        None
    }

    /// The name of the far end.
    pub fn inverse(&mut self) -> Result<Option<Name>, Reported> {
        self.optional_name(self.doc.inverse.as_deref(), "/x-inverse")
    }

    /// A name that may be absent.
    pub fn optional_name(&mut self, name: Option<&str>, pointer: &str) -> Result<Option<Name>, Reported> {
        match name.map(Name::new) {
            None => Ok(None),
            Some(Ok(name)) => Ok(Some(name)),
            Some(Err(bad)) => {
                self.fault(codes::BAD_NAME, pointer, &bad.to_string());
                Err(Reported)
            }
        }
    }
}
