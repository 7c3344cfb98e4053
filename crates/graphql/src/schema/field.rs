//! What a field is in the API. One arm a field type: a new one is decided here, for output, input, filter, order, group and aggregate.

use metadata::Name;
use metadata::catalog::{Aggregate, Choices, Field, FieldType, Object, Returns};

use super::names;

/// How a field is reached in the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A value.
    Value(ValueType),
    /// A composite with parts.
    Parts(Composite),
    /// To one record.
    One(Name),
    /// To one record of one of several objects.
    OneOf(Vec<Name>),
    /// To many records.
    Many(Name),
}

/// The type of a value in the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// `String`
    Text,
    /// An enum of that name.
    Enum(String),
    /// A list of an enum of that name.
    EnumList(String),
    /// `[String!]`
    TextList,
    /// `Boolean`
    Bool,
    /// `Int`
    Int,
    /// `BigInt`
    BigInt,
    /// `Float`
    Float,
    /// `Decimal`
    Decimal,
    /// `Date`
    Date,
    /// `Time`
    Time,
    /// `DateTime`
    DateTime,
    /// `15m`, `7d`; a `String`
    Duration,
    /// `ID`
    Id,
    /// `JSON`
    Json,
}

/// The composite types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Composite {
    /// `PersonName`
    PersonName,
    /// `PostalAddress`
    Address,
    /// `GeoPoint`
    GeoPoint,
}

impl Composite {
    /// All of them.
    pub(crate) const ALL: [Composite; 3] = [Composite::PersonName, Composite::Address, Composite::GeoPoint];

    /// Name of the type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Composite::PersonName => "PersonName",
            Composite::Address => "PostalAddress",
            Composite::GeoPoint => "GeoPoint",
        }
    }

    /// Its parts with their types.
    pub(crate) fn parts(self) -> Vec<(&'static str, ValueType)> {
        let field = match self {
            Composite::PersonName => FieldType::PersonName,
            Composite::Address => FieldType::Address,
            Composite::GeoPoint => FieldType::GeoPoint,
        };
        field
            .parts()
            .iter()
            .map(|(name, _, ty)| {
                (*name, if *ty == expr::Type::Float { ValueType::Float } else { ValueType::Text })
            })
            .collect()
    }
}

/// What the field is in the API.
pub(crate) fn shape(object: &Name, field: &Field) -> Shape {
    Shape::Value(match &field.ty {
        FieldType::Text(_)
        | FieldType::LongText(_)
        | FieldType::RichText(_)
        | FieldType::Email(_)
        | FieldType::Phone(_)
        | FieldType::Url(_)
        | FieldType::Color
        | FieldType::Currency { .. }
        | FieldType::AutoNumber { .. } => ValueType::Text,
        FieldType::Id => ValueType::Id,
        FieldType::Select(choices) => match enum_name(object, field, choices) {
            Some(name) => ValueType::Enum(name),
            None => ValueType::Text,
        },
        FieldType::MultiSelect(choices) => match enum_name(object, field, choices) {
            Some(name) => ValueType::EnumList(name),
            None => ValueType::TextList,
        },
        FieldType::Tags(_) => ValueType::TextList,
        FieldType::Bool => ValueType::Bool,
        FieldType::Int(_)
        | FieldType::Rating { .. }
        | FieldType::Rollup { aggregate: Aggregate::Count, .. }
        | FieldType::Score { returns: Returns::Int, .. } => ValueType::Int,
        FieldType::BigInt(_) => ValueType::BigInt,
        FieldType::Float(_) => ValueType::Float,
        FieldType::Decimal { .. } | FieldType::Percent(_) | FieldType::Money { .. } => ValueType::Decimal,
        FieldType::Date => ValueType::Date,
        FieldType::Time => ValueType::Time,
        FieldType::DateTime => ValueType::DateTime,
        FieldType::Duration => ValueType::Duration,
        FieldType::Json => ValueType::Json,
        FieldType::PersonName => return Shape::Parts(Composite::PersonName),
        FieldType::Address => return Shape::Parts(Composite::Address),
        FieldType::GeoPoint => return Shape::Parts(Composite::GeoPoint),
        FieldType::Lookup(lookup) => return Shape::One(lookup.to.clone()),
        FieldType::Polymorphic { to, .. } => return Shape::OneOf(to.clone()),
        FieldType::Many(many) => return Shape::Many(many.to.clone()),
        FieldType::Formula { returns, .. }
        | FieldType::Rollup { returns, .. }
        | FieldType::Score { returns, .. } => returned(returns),
    })
}

fn returned(returns: &Returns) -> ValueType {
    match returns {
        Returns::Text => ValueType::Text,
        Returns::Bool => ValueType::Bool,
        Returns::Int => ValueType::BigInt,
        Returns::Decimal => ValueType::Decimal,
        Returns::Float => ValueType::Float,
        Returns::Date => ValueType::Date,
        Returns::DateTime => ValueType::DateTime,
    }
}

/// What is behind the name of a score for its parts: `fitParts`.
const PARTS: &str = "Parts";

/// Under which name the parts of a score are told; `None` where they are not, or where a field has that name.
pub(crate) fn parts_of(object: &Object, field: &Field) -> Option<String> {
    let name = format!("{}{PARTS}", field.name);
    (field.explains_score() && object.field(&name).is_none()).then_some(name)
}

/// The score whose parts are told under that name.
pub(crate) fn explained<'o>(object: &'o Object, name: &str) -> Option<&'o Name> {
    let score = object.field(name.strip_suffix(PARTS)?)?;
    parts_of(object, score).map(|_| &score.name)
}

/// The enum of a field's choices, unless they are too many for one, or none.
fn enum_name(object: &Name, field: &Field, choices: &Choices) -> Option<String> {
    let legal = 1..=Choices::MOST_IN_ENUM;
    legal.contains(&choices.choices.len()).then(|| names::field_enum(object, &field.name))
}

impl ValueType {
    /// The output type.
    pub(crate) fn output(&self) -> String {
        match self {
            ValueType::Text | ValueType::Duration => "String".into(),
            ValueType::Enum(name) => name.clone(),
            ValueType::EnumList(name) => format!("[{name}!]"),
            ValueType::TextList => "[String!]".into(),
            ValueType::Bool => "Boolean".into(),
            ValueType::Int => "Int".into(),
            ValueType::BigInt => "BigInt".into(),
            ValueType::Float => "Float".into(),
            ValueType::Decimal => "Decimal".into(),
            ValueType::Date => "Date".into(),
            ValueType::Time => "Time".into(),
            ValueType::DateTime => "DateTime".into(),
            ValueType::Id => "ID".into(),
            ValueType::Json => "JSON".into(),
        }
    }

    /// The filter's input type.
    pub(crate) fn filter(&self) -> String {
        match self {
            ValueType::Text => "StringFilter".into(),
            ValueType::Enum(name) => format!("{name}Filter"),
            ValueType::EnumList(name) => format!("{name}ListFilter"),
            ValueType::TextList => "StringListFilter".into(),
            ValueType::Bool => "BooleanFilter".into(),
            ValueType::Int => "IntFilter".into(),
            ValueType::BigInt => "BigIntFilter".into(),
            ValueType::Float => "FloatFilter".into(),
            ValueType::Decimal => "DecimalFilter".into(),
            ValueType::Date => "DateFilter".into(),
            ValueType::Time => "TimeFilter".into(),
            ValueType::DateTime => "DateTimeFilter".into(),
            ValueType::Duration => "DurationFilter".into(),
            ValueType::Id => "IdFilter".into(),
            ValueType::Json => "JsonFilter".into(),
        }
    }

    /// Whether records can be ordered by it.
    pub(crate) fn orderable(&self) -> bool {
        !matches!(self, ValueType::Json | ValueType::TextList | ValueType::EnumList(_))
    }

    /// Whether records can be grouped by it.
    pub(crate) fn groupable(&self) -> bool {
        self.orderable()
    }

    /// Whether groups of it are made by buckets.
    pub(crate) fn bucketed(&self) -> bool {
        matches!(self, ValueType::Date | ValueType::DateTime)
    }

    /// The type of that aggregate over it, if it can be had.
    pub(crate) fn aggregated(&self, aggregate: Aggregate) -> Option<ValueType> {
        let number = match self {
            ValueType::Int | ValueType::BigInt => Some((ValueType::BigInt, ValueType::Decimal)),
            ValueType::Decimal => Some((ValueType::Decimal, ValueType::Decimal)),
            ValueType::Float => Some((ValueType::Float, ValueType::Float)),
            _ => None,
        };
        match aggregate {
            Aggregate::Count => None,
            Aggregate::Sum => number.map(|(sum, _)| sum),
            Aggregate::Avg => number.map(|(_, mean)| mean),
            Aggregate::Min | Aggregate::Max => match self {
                ValueType::Text | ValueType::Date | ValueType::Time | ValueType::DateTime => {
                    Some(self.clone())
                }
                _ => number.map(|_| self.clone()),
            },
        }
    }
}
