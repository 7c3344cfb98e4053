//! From a field's document to its type: which type is meant, which keywords it may have, and what those say.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

use super::{AUTHORED, COMMON_KEYWORDS, Kind};
use crate::catalog::{Choice, Choices, FieldType, NumberLimits, Pattern, TextLimits};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{FieldDocument, JsonType, OneOrMany, TypeName};
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

/// The type that a document describes. `raw` are the keys as written.
pub(crate) fn build(reading: &mut Reading<'_>, raw: &Json) -> Option<FieldType> {
    let name = type_name(reading)?;
    let kind = AUTHORED.iter().find(|kind| word(name) == kind.about().name);
    let Some(kind) = kind else {
        let message = format!("Fields of type `{}` are not supported by this version yet", word(name));
        reading.fault(codes::NOT_YET, "/x-type", &message);
        return None;
    };
    check_keywords(*kind, reading, raw);
    check_plain_type(reading, name);
    kind.build(reading)
}

fn type_name(reading: &mut Reading<'_>) -> Option<TypeName> {
    let doc = reading.doc;
    if let Some(name) = doc.x_type {
        return Some(name);
    }
    let chosen = doc.values.is_some() || doc.choices.is_some();
    match doc.ty {
        None | Some(JsonType::String) if chosen => Some(TypeName::Select),
        None => {
            let known: Vec<&str> = AUTHORED.iter().map(|kind| kind.about().name).collect();
            let mut finding = Finding::new(codes::MISSING_KEY, "", "The field has no type");
            finding.expected =
                Some(format!("`x-type`, or `type` of JSON Schema; x-type is one of {}", known.join(", ")));
            reading.findings.push(finding);
            None
        }
        Some(JsonType::String) => formatted(reading),
        Some(JsonType::Integer) => Some(TypeName::Int),
        Some(JsonType::Number) => Some(TypeName::Float),
        Some(JsonType::Boolean) => Some(TypeName::Bool),
        Some(JsonType::Array) => {
            let items = doc.items.as_ref();
            let listed =
                chosen || items.is_some_and(|items| items.values.is_some() || items.choices.is_some());
            Some(if listed { TypeName::MultiSelect } else { TypeName::Tags })
        }
        Some(JsonType::Object) => Some(TypeName::Json),
    }
}

fn formatted(reading: &mut Reading<'_>) -> Option<TypeName> {
    const FORMATS: [(&str, TypeName); 7] = [
        ("date", TypeName::Date),
        ("date-time", TypeName::DateTime),
        ("time", TypeName::Time),
        ("email", TypeName::Email),
        ("uri", TypeName::Url),
        ("url", TypeName::Url),
        ("duration", TypeName::Duration),
    ];
    let Some(format) = reading.doc.format.as_deref() else { return Some(TypeName::Text) };
    let found = FORMATS.iter().find(|(name, _)| *name == format).map(|(_, ty)| *ty);
    if found.is_none() {
        let known = FORMATS.map(|(name, _)| name);
        let mut finding =
            Finding::new(codes::BAD_VALUE, "/format", format!("The format `{format}` is not known"));
        finding.expected = Some(known.join(", "));
        finding.found = Some(format.to_owned());
        finding.hint = did_you_mean(format, known).map(|meant| format!("did you mean `{meant}`?"));
        reading.findings.push(finding);
    }
    found
}

/// As documents spell it.
pub(crate) fn word(name: TypeName) -> &'static str {
    match name {
        TypeName::Text => "text",
        TypeName::LongText => "longText",
        TypeName::RichText => "richText",
        TypeName::Email => "email",
        TypeName::Phone => "phone",
        TypeName::Url => "url",
        TypeName::Color => "color",
        TypeName::Select => "select",
        TypeName::MultiSelect => "multiSelect",
        TypeName::Tags => "tags",
        TypeName::Bool => "bool",
        TypeName::Int => "int",
        TypeName::BigInt => "bigint",
        TypeName::Float => "float",
        TypeName::Decimal => "decimal",
        TypeName::Percent => "percent",
        TypeName::Rating => "rating",
        TypeName::Money => "money",
        TypeName::AutoNumber => "autoNumber",
        TypeName::Date => "date",
        TypeName::Time => "time",
        TypeName::DateTime => "dateTime",
        TypeName::Duration => "duration",
        TypeName::PersonName => "personName",
        TypeName::Address => "address",
        TypeName::GeoPoint => "geoPoint",
        TypeName::Json => "json",
        TypeName::Lookup => "lookup",
        TypeName::MasterDetail => "masterDetail",
        TypeName::ManyToMany => "manyToMany",
        TypeName::Polymorphic => "polymorphic",
        TypeName::Formula => "formula",
        TypeName::Rollup => "rollup",
        TypeName::File => "file",
        TypeName::Score => "score",
    }
}

fn check_keywords(kind: &dyn Kind, reading: &mut Reading<'_>, raw: &Json) {
    let about = kind.about();
    for key in raw.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if COMMON_KEYWORDS.contains(&key.as_str()) || about.keywords.contains(&key.as_str()) {
            continue;
        }
        let mut finding = Finding::new(
            codes::UNKNOWN_KEY,
            &format!("/{key}"),
            format!("`{key}` does not belong to a field of type `{}`", about.name),
        );
        finding.key = true;
        finding.found = Some(key.clone());
        finding.expected =
            Some(COMMON_KEYWORDS.iter().chain(about.keywords).copied().collect::<Vec<_>>().join(", "));
        let owners: Vec<&str> = AUTHORED
            .iter()
            .map(|kind| kind.about())
            .filter(|about| about.keywords.contains(&key.as_str()))
            .map(|about| about.name)
            .collect();
        finding.hint = (!owners.is_empty()).then(|| format!("it belongs to {}", owners.join(", ")));
        reading.findings.push(finding);
    }
}

/// `type` beside `x-type` is for other readers of the schema; it must not contradict.
fn check_plain_type(reading: &mut Reading<'_>, name: TypeName) {
    use JsonType::{Array, Boolean, Integer, Number, Object, String};
    let (Some(_), Some(plain)) = (reading.doc.x_type, reading.doc.ty) else { return };
    let fits: &[JsonType] = match name {
        TypeName::Int | TypeName::Rating => &[Integer, Number],
        TypeName::BigInt => &[Integer, Number, String],
        TypeName::Float => &[Number],
        TypeName::Decimal | TypeName::Percent | TypeName::Money => &[Number, String],
        TypeName::Bool => &[Boolean],
        TypeName::Tags | TypeName::MultiSelect | TypeName::ManyToMany => &[Array],
        TypeName::PersonName | TypeName::Address | TypeName::GeoPoint => &[Object],
        TypeName::Lookup | TypeName::MasterDetail | TypeName::Polymorphic => &[String, Object],
        TypeName::Json | TypeName::Formula | TypeName::Rollup => return,
        _ => &[String],
    };
    if !fits.contains(&plain) {
        let message = format!("A field of type `{}` is not of this plain type", word(name));
        reading.fault(codes::BAD_VALUE, "/type", &message);
    }
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
