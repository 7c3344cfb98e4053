//! Fields and their types. One variant a field type; parameters are resolved (defaults filled in).

use std::sync::Arc;

use expr::{Expr, Type};
use indexmap::IndexMap;
use rust_decimal::Decimal;

use super::{Choices, Pattern};
use crate::name::Name;

/// A property of an object.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own that a document states")]
pub struct Field {
    /// `closeDate`
    pub name: Name,
    /// For people.
    pub title: String,
    /// Titles in other languages, by tag.
    pub titles: IndexMap<String, String>,
    /// For people and for the generated schema.
    pub description: Option<String>,
    /// What it holds.
    pub ty: FieldType,
    /// Whether a record may be written without it.
    pub required: bool,
    /// Computed at create when the field is absent.
    pub default: Option<Expr>,
    /// Left out of `*` in role grants.
    pub sensitive: bool,
    /// `id`, `createdAt` and their like: present on every object, written by the platform only (but `owner`).
    pub system: bool,
    /// Whether it has a folded side column: displayed, searched, unique, or an e-mail address.
    pub folded: bool,
    /// Whether formulas and roll-ups in it see more than their reader (`"x-scope": "system"`).
    pub system_scope: bool,
    /// Its former name, when its author renamed it; without effect once the former name is gone.
    pub renamed_from: Option<Name>,
}

impl Field {
    /// Whether it is a score whose parts may be told: its reader sees all that they look at.
    pub fn explains_score(&self) -> bool {
        matches!(self.ty, FieldType::Score { .. }) && !self.system_scope
    }

    /// Whether clients may write it: neither computed nor kept by the platform.
    pub fn writable(&self) -> bool {
        match &self.ty {
            FieldType::Id
            | FieldType::AutoNumber { .. }
            | FieldType::Formula { .. }
            | FieldType::Rollup { .. }
            | FieldType::Score { .. } => false,
            _ => !self.system || matches!(&*self.name, "owner" | "stage"),
        }
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum FieldType {
    /// A record's id, a UUID v7; only the system field `id`.
    Id,
    /// One line of text.
    Text(TextLimits),
    /// Several lines.
    LongText(TextLimits),
    /// HTML, sanitised on write.
    RichText(TextLimits),
    /// E-mail address, lower-cased side column.
    Email(TextLimits),
    /// Telephone number as typed.
    Phone(TextLimits),
    /// Absolute http(s) address.
    Url(TextLimits),
    /// `#rrggbb`
    Color,
    /// One of a list.
    Select(Arc<Choices>),
    /// Several of a list.
    MultiSelect(Arc<Choices>),
    /// Free texts.
    Tags(TextLimits),
    /// True or false.
    Bool,
    /// 32-bit in GraphQL, so limited to that range.
    Int(NumberLimits),
    /// 64-bit.
    BigInt(NumberLimits),
    /// Binary float.
    Float(NumberLimits),
    /// Exact, at most 18 digits.
    Decimal {
        /// Digits in all, at most 18.
        precision: u8,
        /// Fraction digits.
        scale: u8,
        /// Bounds.
        limits: NumberLimits,
    },
    /// Exact percentage (12.5 means 12.5 %), scale 4.
    Percent(NumberLimits),
    /// Whole number from 0 to `most`.
    Rating {
        /// Highest value, 5 by default.
        most: u8,
    },
    /// decimal(18,4); a field `<field>Currency` of type `Currency` stands beside it.
    Money {
        /// ISO code taken where none is given; the tenant's when absent here.
        currency: Option<String>,
        /// Bounds.
        limits: NumberLimits,
    },
    /// ISO 4217 code of the money field `of`; made by resolution, never authored.
    Currency {
        /// The money field.
        of: Name,
    },
    /// `O-{YYYY}-{00000}`, assigned at create.
    AutoNumber {
        /// Literal text with `{YYYY}`, `{MM}`, `{DD}` and one run of zeros in braces.
        pattern: String,
    },
    /// Calendar day.
    Date,
    /// Time of day.
    Time,
    /// Instant.
    DateTime,
    /// `15m`, `3h`, `7d`; stored in seconds.
    Duration,
    /// Parts: `salutation first middle last suffix`.
    PersonName,
    /// Parts: `street city state postalCode country`.
    Address,
    /// Parts: `latitude longitude`.
    GeoPoint,
    /// Any JSON.
    Json,
    /// To one record of an object; `masterDetail` when the record lives and dies with it.
    Lookup(Lookup),
    /// To one record of one of several objects.
    Polymorphic {
        /// The objects it may point at.
        to: Vec<Name>,
        /// Name of the far end on each of them.
        inverse: Option<Name>,
    },
    /// To many records: the far end of a lookup or polymorphic field, or either end of a many-to-many relation. Has no column.
    Many(Many),
    /// Computed from the record.
    Formula {
        /// Type of the result; decides encoding and GraphQL type.
        returns: Returns,
        /// The expression.
        expr: Expr,
        /// Kept in a column, recomputed on write; own fields only.
        stored: bool,
    },
    /// Sum of weighted conditions over the record, computed when it is read.
    Score {
        /// The conditions with their points, in their order.
        points: Vec<Points>,
        /// `int` when all points are whole, else `decimal`.
        returns: Returns,
        /// The sum as one expression, which is lowered like a formula that is not stored.
        expr: Expr,
    },
    /// Aggregate over a to-many relation.
    Rollup {
        /// The to-many field.
        of: Name,
        /// The aggregate.
        aggregate: Aggregate,
        /// The field of the related object; absent for `count`.
        field: Option<Name>,
        /// Which related records count; `Root::Record` is the related record.
        filter: Option<Expr>,
        /// Type of the result.
        returns: Returns,
    },
}

/// Points that a score has when a condition holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// For people.
    pub title: Option<String>,
    /// When it counts; `None` is always.
    pub when: Option<Expr>,
    /// How many; null is none.
    pub points: Expr,
}

/// A to-one relation.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The object it points at.
    pub to: Name,
    /// Name of the to-many field on the far side.
    pub inverse: Option<Name>,
    /// What happens to this record when the other is deleted.
    pub on_delete: OnDelete,
    /// Master-detail: required, cascades, inherits access.
    pub master: bool,
}

/// What a deletion of the related record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The deletion is refused.
    Restrict,
    /// This field becomes null.
    Clear,
    /// This record is deleted with it.
    Cascade,
}

/// A to-many relation.
#[derive(Clone, Debug)]
pub struct Many {
    /// The related object.
    pub to: Name,
    /// How one gets there.
    pub via: Via,
}

/// The way of a to-many relation.
#[derive(Clone, Debug)]
pub enum Via {
    /// Related records point here by this field (a lookup, or a polymorphic field that may point here).
    Field(Name),
    /// Through a link object: its field that points here, and its field that points there.
    Link {
        /// The link object.
        object: Name,
        /// Points at this record.
        near: Name,
        /// Points at the related record.
        far: Name,
    },
}

/// What formulas and roll-ups yield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Text.
    Text,
    /// Truth value.
    Bool,
    /// 64-bit integer.
    Int,
    /// Exact decimal of six fraction digits.
    Decimal,
    /// Binary float.
    Float,
    /// Day.
    Date,
    /// Instant.
    DateTime,
}

/// Ways to fold many values into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many records.
    Count,
    /// Sum; null when there is none.
    Sum,
    /// Smallest.
    Min,
    /// Greatest.
    Max,
    /// Mean, a decimal.
    Avg,
}

/// Bounds on text, in characters (Unicode scalar values).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextLimits {
    /// At least.
    pub min_length: Option<u32>,
    /// At most.
    pub max_length: Option<u32>,
    /// Linear-time regular expression, unanchored as in JSON Schema.
    pub pattern: Option<Pattern>,
}

/// Bounds on numbers, exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberLimits {
    /// At least.
    pub minimum: Option<Decimal>,
    /// At most.
    pub maximum: Option<Decimal>,
    /// More than.
    pub exclusive_minimum: Option<Decimal>,
    /// Less than.
    pub exclusive_maximum: Option<Decimal>,
    /// A multiple of.
    pub multiple_of: Option<Decimal>,
}

impl Returns {
    /// The expression type of the result.
    pub fn expr_type(&self) -> Type {
        match self {
            Returns::Text => Type::Text,
            Returns::Bool => Type::Bool,
            Returns::Int => Type::Int,
            Returns::Decimal => Type::Decimal,
            Returns::Float => Type::Float,
            Returns::Date => Type::Date,
            Returns::DateTime => Type::DateTime,
        }
    }
}

/// Parts of composite types: name in the API, suffix of the column, type.
pub type Parts = &'static [(&'static str, &'static str, Type)];

impl FieldType {
    /// The parts of a composite type; empty for all others.
    pub fn parts(&self) -> Parts {
        match self {
            FieldType::PersonName => &[
                ("salutation", "salutation", Type::Text),
                ("first", "first", Type::Text),
                ("middle", "middle", Type::Text),
                ("last", "last", Type::Text),
                ("suffix", "suffix", Type::Text),
            ],
            FieldType::Address => &[
                ("street", "street", Type::Text),
                ("city", "city", Type::Text),
                ("state", "state", Type::Text),
                ("postalCode", "postal_code", Type::Text),
                ("country", "country", Type::Text),
            ],
            FieldType::GeoPoint => {
                &[("latitude", "latitude", Type::Float), ("longitude", "longitude", Type::Float)]
            }
            _ => &[],
        }
    }

    /// The type of the field's value in expressions and filters; `None` for to-many and polymorphic relations and for
    /// composites, whose parts have types of their own.
    pub fn expr_type(&self) -> Option<Type> {
        Some(match self {
            FieldType::Id => Type::Id,
            FieldType::Text(_)
            | FieldType::LongText(_)
            | FieldType::RichText(_)
            | FieldType::Email(_)
            | FieldType::Phone(_)
            | FieldType::Url(_)
            | FieldType::Color
            | FieldType::Select(_)
            | FieldType::Currency { .. }
            | FieldType::AutoNumber { .. } => Type::Text,
            FieldType::MultiSelect(_) | FieldType::Tags(_) => Type::List(Box::new(Type::Text)),
            FieldType::Bool => Type::Bool,
            FieldType::Int(_) | FieldType::BigInt(_) | FieldType::Rating { .. } => Type::Int,
            FieldType::Float(_) => Type::Float,
            FieldType::Decimal { .. } | FieldType::Percent(_) | FieldType::Money { .. } => Type::Decimal,
            FieldType::Date => Type::Date,
            FieldType::Time => Type::Time,
            FieldType::DateTime => Type::DateTime,
            FieldType::Duration => Type::Duration,
            FieldType::Json => Type::Json,
            FieldType::Lookup(lookup) => Type::Record(lookup.to.shared()),
            FieldType::Formula { returns, .. }
            | FieldType::Rollup { returns, .. }
            | FieldType::Score { returns, .. } => returns.expr_type(),
            FieldType::PersonName
            | FieldType::Address
            | FieldType::GeoPoint
            | FieldType::Polymorphic { .. }
            | FieldType::Many(_) => return None,
        })
    }
}
