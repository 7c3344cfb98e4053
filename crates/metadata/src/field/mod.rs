//! Field types. One file each: what it is, its keywords, the JSON Schema of a value, its columns, how values are read, written and checked.
//! This file lists them all; `docs/reference/field-types.md` is generated from it.

mod about;
mod address;
mod auto_number;
mod bigint;
mod bool;
mod build;
mod choose;
mod choosing;
mod color;
mod computed;
mod currency;
mod date;
mod date_time;
mod decimal;
mod duration;
mod email;
mod float;
mod formula;
mod geo_point;
mod id;
mod int;
mod json;
mod limits;
mod long_text;
mod lookup;
mod many;
mod many_to_many;
mod master_detail;
mod money;
mod multi_select;
mod parts;
mod percent;
mod person_name;
mod phone;
mod polymorphic;
mod problem;
mod rating;
mod reading;
mod reference;
mod relation;
mod rich_text;
mod rollup;
mod score;
mod select;
mod tags;
mod text;
mod time;
mod url;

pub use about::{About, COMMON_KEYWORDS};
pub use problem::ValueProblem;
pub use reference::reference;

pub(crate) use build::build;
pub(crate) use choosing::{choice_fault, made_label};
pub(crate) use reading::{Known, Reading};

use limits::{check_limits, text_schema};

use expr::{Encoding, Type, Value};
use serde_json::Value as Json;

use crate::catalog::FieldType;
use crate::layout::Role;

/// What a field type does. The default bodies suit a text in one column.
pub(crate) trait Kind: Sync {
    /// Name, keywords and reference text.
    fn about(&self) -> About;

    /// The field type that a document describes; faults are reported to `reading`.
    fn build(&self, reading: &mut Reading<'_>) -> Option<FieldType>;

    /// JSON Schema of a value.
    fn schema(&self, ty: &FieldType) -> Json {
        text_schema(ty.text_limits(), None)
    }

    /// Columns, for types that have any.
    fn columns(&self, _: &FieldType) -> Vec<(Role, Encoding)> {
        one_column(Encoding::Text)
    }

    /// Reads a value that is not null.
    fn read_json(&self, ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
        let text = json.as_str().ok_or_else(|| ValueProblem::wrong_type("a string", json))?;
        self.read_text(ty, text)
    }

    /// Reads a text that is not empty.
    fn read_text(&self, _: &FieldType, text: &str) -> Result<Value, ValueProblem> {
        Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("type", &bad))
    }

    /// Writes a value that is not null.
    fn write_json(&self, value: &Value) -> Json {
        value.to_json()
    }

    /// Whether a value that is not null keeps the limits.
    fn check(&self, ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
        check_limits(ty, value)
    }
}

/// The type's file.
pub(crate) fn kind(ty: &FieldType) -> &'static dyn Kind {
    match ty {
        FieldType::Id => &id::Id,
        FieldType::Text(_) => &text::Text,
        FieldType::LongText(_) => &long_text::LongText,
        FieldType::RichText(_) => &rich_text::RichText,
        FieldType::Email(_) => &email::Email,
        FieldType::Phone(_) => &phone::Phone,
        FieldType::Url(_) => &url::Url,
        FieldType::Color => &color::Color,
        FieldType::Select(_) => &select::Select,
        FieldType::MultiSelect(_) => &multi_select::MultiSelect,
        FieldType::Tags(_) => &tags::Tags,
        FieldType::Bool => &bool::Bool,
        FieldType::Int(_) => &int::Int,
        FieldType::BigInt(_) => &bigint::BigInt,
        FieldType::Float(_) => &float::Float,
        FieldType::Decimal { .. } => &decimal::Decimal,
        FieldType::Percent(_) => &percent::Percent,
        FieldType::Rating { .. } => &rating::Rating,
        FieldType::Money { .. } => &money::Money,
        FieldType::Currency { .. } => &currency::Currency,
        FieldType::AutoNumber { .. } => &auto_number::AutoNumber,
        FieldType::Date => &date::Date,
        FieldType::Time => &time::Time,
        FieldType::DateTime => &date_time::DateTime,
        FieldType::Duration => &duration::Duration,
        FieldType::PersonName => &person_name::PersonName,
        FieldType::Address => &address::Address,
        FieldType::GeoPoint => &geo_point::GeoPoint,
        FieldType::Json => &json::AnyJson,
        FieldType::Lookup(lookup) if lookup.master => &master_detail::MasterDetail,
        FieldType::Lookup(_) => &lookup::Lookup,
        FieldType::Polymorphic { .. } => &polymorphic::Polymorphic,
        FieldType::Many(_) => &many::Many,
        FieldType::Formula { .. } => &formula::Formula,
        FieldType::Rollup { .. } => &rollup::Rollup,
        FieldType::Score { .. } => &score::Score,
    }
}

/// All field types that documents may name, in the order of the reference.
pub(crate) const AUTHORED: [&dyn Kind; 34] = [
    &text::Text,
    &long_text::LongText,
    &rich_text::RichText,
    &email::Email,
    &phone::Phone,
    &url::Url,
    &color::Color,
    &select::Select,
    &multi_select::MultiSelect,
    &tags::Tags,
    &bool::Bool,
    &int::Int,
    &bigint::BigInt,
    &float::Float,
    &decimal::Decimal,
    &percent::Percent,
    &rating::Rating,
    &money::Money,
    &auto_number::AutoNumber,
    &date::Date,
    &time::Time,
    &date_time::DateTime,
    &duration::Duration,
    &person_name::PersonName,
    &address::Address,
    &geo_point::GeoPoint,
    &json::AnyJson,
    &lookup::Lookup,
    &master_detail::MasterDetail,
    &polymorphic::Polymorphic,
    &many_to_many::ManyToMany,
    &formula::Formula,
    &rollup::Rollup,
    &score::Score,
];

/// Reads a value as it stands in JSON. Null is null. Limits are not checked here but by [`crate::validate()`].
pub fn read_json(ty: &FieldType, json: &Json) -> Result<Value, ValueProblem> {
    if json.is_null() { Ok(Value::Null) } else { kind(ty).read_json(ty, json) }
}

/// Reads a value as it stands in a CSV cell. The empty cell is null; a choice may be named by value or label.
pub fn read_text(ty: &FieldType, text: &str) -> Result<Value, ValueProblem> {
    if text.is_empty() { Ok(Value::Null) } else { kind(ty).read_text(ty, text) }
}

/// Writes a value as JSON: decimals and 64-bit integers as strings.
pub fn write_json(ty: &FieldType, value: &Value) -> Json {
    if value.is_null() { Json::Null } else { kind(ty).write_json(value) }
}

/// The columns in which a field of that type is stored; none for what is computed at read.
pub fn columns(ty: &FieldType, folded: bool) -> Vec<(Role, Encoding)> {
    let mut columns = kind(ty).columns(ty);
    if folded {
        columns.push((Role::Folded, Encoding::Text));
    }
    columns
}

/// JSON Schema (2020-12) of a value of that type.
pub fn schema(ty: &FieldType) -> Json {
    kind(ty).schema(ty)
}

/// The name that documents give the type.
pub fn type_name(ty: &FieldType) -> &'static str {
    kind(ty).about().name
}

/// Whether documents may name a type so.
pub(crate) fn is_type_name(name: &str) -> bool {
    AUTHORED.iter().any(|kind| kind.about().name == name)
}

/// One column that holds the value.
fn one_column(encoding: Encoding) -> Vec<(Role, Encoding)> {
    vec![(Role::Value, encoding)]
}

/// The answer to whoever writes what is only read.
fn read_only(text: &str) -> Result<Value, ValueProblem> {
    Err(ValueProblem::new("readOnly", "nothing: this field is not written", format!("`{text}`")))
}
