//! The operators of filters, and which of them a type has.

use std::fmt;

use crate::tree::{BinaryOp, ListOp, TextOp};
use crate::types::Type;

/// What a filter may ask of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Known and unequal.
    Ne,
    /// One of a list.
    In,
    /// Known and none of a list.
    NotIn,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Between two values, both included.
    Between,
    /// Whether it is null.
    IsNull,
    /// Matches a pattern, case-sensitive.
    Like,
    /// Matches a pattern without case.
    ILike,
    /// Begins with, without case.
    StartsWith,
    /// Ends with, without case.
    EndsWith,
    /// Contains, without case.
    Contains,
    /// The list holds the value.
    Has,
    /// The list holds one of the values.
    HasAny,
    /// The list holds all the values.
    HasAll,
    /// Whether the list is null or holds nothing.
    IsEmpty,
    /// Lies in a period counted from today.
    Relative,
}

/// What an operator compares with, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// One value of the field's type.
    One(BinaryOp),
    /// One text.
    Text(TextOp),
    /// One value of the type of the list's elements.
    Element,
    /// A list of values; whether it must hold the field's value.
    List(Membership),
    /// A list of values, against a field that is a list.
    Lists(ListOp),
    /// Two values.
    Two,
    /// `true` or `false`.
    Truth,
    /// A period, as text.
    Period,
}

/// Whether a list must hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It must.
    In,
    /// It must not.
    NotIn,
}

const ALL: [(&str, Operator); 20] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("in", Operator::In),
    ("notIn", Operator::NotIn),
    ("gt", Operator::Gt),
    ("gte", Operator::Gte),
    ("lt", Operator::Lt),
    ("lte", Operator::Lte),
    ("between", Operator::Between),
    ("like", Operator::Like),
    ("ilike", Operator::ILike),
    ("startsWith", Operator::StartsWith),
    ("endsWith", Operator::EndsWith),
    ("contains", Operator::Contains),
    ("has", Operator::Has),
    ("hasAny", Operator::HasAny),
    ("hasAll", Operator::HasAll),
    ("isEmpty", Operator::IsEmpty),
    ("relative", Operator::Relative),
    ("isNull", Operator::IsNull),
];

impl Operator {
    /// The operator of that name.
    pub fn named(name: &str) -> Option<Operator> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    /// What it compares with.
    pub fn operand(self) -> Operand {
        match self {
            Operator::Eq => Operand::One(BinaryOp::Equal),
            Operator::Ne => Operand::One(BinaryOp::Different),
            Operator::Gt => Operand::One(BinaryOp::Greater),
            Operator::Gte => Operand::One(BinaryOp::GreaterOrEqual),
            Operator::Lt => Operand::One(BinaryOp::Less),
            Operator::Lte => Operand::One(BinaryOp::LessOrEqual),
            Operator::Like => Operand::Text(TextOp::Like),
            Operator::ILike => Operand::Text(TextOp::ILike),
            Operator::StartsWith => Operand::Text(TextOp::StartsWith),
            Operator::EndsWith => Operand::Text(TextOp::EndsWith),
            Operator::Contains => Operand::Text(TextOp::Contains),
            Operator::Has => Operand::Element,
            Operator::In => Operand::List(Membership::In),
            Operator::NotIn => Operand::List(Membership::NotIn),
            Operator::HasAny => Operand::Lists(ListOp::HasAny),
            Operator::HasAll => Operand::Lists(ListOp::HasAll),
            Operator::Between => Operand::Two,
            Operator::IsNull | Operator::IsEmpty => Operand::Truth,
            Operator::Relative => Operand::Period,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The operators that filters on values of the type have, in the order in which they are listed to people.
pub fn operators(ty: &Type) -> Vec<Operator> {
    let (equality, order, text, list, period) = match ty {
        Type::Int | Type::Decimal | Type::Float | Type::Time | Type::Duration => {
            (true, true, false, false, false)
        }
        Type::Text => (true, true, true, false, false),
        Type::Date | Type::DateTime => (true, true, false, false, true),
        Type::Bool | Type::Id | Type::Record(_) => (true, false, false, false, false),
        Type::List(_) => (false, false, false, true, false),
        Type::Json | Type::Null => (false, false, false, false, false),
    };
    let has = |operator: Operator| match operator {
        Operator::Eq | Operator::Ne | Operator::In | Operator::NotIn => equality,
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte | Operator::Between => order,
        Operator::Like | Operator::ILike | Operator::StartsWith | Operator::EndsWith | Operator::Contains => {
            text
        }
        Operator::Has | Operator::HasAny | Operator::HasAll | Operator::IsEmpty => list,
        Operator::Relative => period,
        Operator::IsNull => true,
    };
    ALL.iter().map(|(_, operator)| *operator).filter(|operator| has(*operator)).collect()
}
