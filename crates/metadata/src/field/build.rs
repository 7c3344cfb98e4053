//! From a field's document to its type: which type is meant, and which keywords it may have.

use serde_json::Value as Json;

use super::{AUTHORED, COMMON_KEYWORDS, Kind, Reading};
use crate::catalog::FieldType;
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{JsonType, OneOrMany, TypeName};
use crate::hint::did_you_mean;

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
    // A lookup into several objects is the polymorphic one.
    if doc.x_type == Some(TypeName::Lookup)
        && matches!(&doc.to, Some(OneOrMany::Many(objects)) if objects.len() > 1)
    {
        return Some(TypeName::Polymorphic);
    }
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
        TypeName::Json | TypeName::Formula | TypeName::Rollup | TypeName::Score => return,
        _ => &[String],
    };
    if !fits.contains(&plain) {
        let message = format!("A field of type `{}` is not of this plain type", word(name));
        reading.fault(codes::BAD_VALUE, "/type", &message);
    }
}
