//! The one typed tree that expression text and API filters both become.
//!
//! Truth is two-valued: a comparison with null is false, and `Not` is its complement. `Equal`/`NotEqual` are null-safe
//! (`null == null`); `Different` is the filter's `ne`, false when either side is null.

use std::sync::Arc;

use crate::types::Type;
use crate::value::Value;

/// Number of a value that arrives with the request instead of standing in the tree.
pub type Slot = u16;

/// Byte range in the expression's source text; empty in trees that come from filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A checked expression: its node, its type, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expr {
    /// What it computes.
    pub node: Node,
    /// The type of its value.
    pub ty: Type,
    /// Where it stood in the source.
    pub span: Span,
}

/// One step of computation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A constant of the catalog.
    Literal(Value),
    /// A value of the request; never null, the front end refuses null where a filter compares.
    Slot(Slot),
    /// A field, through to-one relations and parts of composite fields.
    Field(FieldPath),
    /// Two-valued complement.
    Not(Box<Expr>),
    /// Arithmetic negation.
    Negate(Box<Expr>),
    /// All of them; true when empty.
    And(Vec<Expr>),
    /// Any of them; false when empty.
    Or(Vec<Expr>),
    /// Comparison and arithmetic.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// Whether the value is null.
    IsNull(Box<Expr>),
    /// Whether the first is one of the second (a `List` node or a slot of list type); null is in no list.
    In(Box<Expr>, Box<Expr>),
    /// A list written out.
    List(Vec<Expr>),
    /// Text matching: subject, pattern.
    Text(TextOp, Box<Expr>, Box<Expr>),
    /// Tests on a list field; the second operand is absent for `IsEmpty`.
    ListTest(ListOp, Box<Expr>, Option<Box<Expr>>),
    /// `if a { b } else { c }`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a ?? b`
    Coalesce(Box<Expr>, Box<Expr>),
    /// A function of the closed table.
    Call(crate::function::Function, Vec<Expr>),
    /// Over a to-many relation; in `condition`, `Root::Record` is the related record.
    Exists {
        /// Some, every or none.
        quantifier: Quantifier,
        /// The to-many field.
        relation: FieldPath,
        /// What each related record is asked; `None` asks only that it is there.
        condition: Option<Box<Expr>>,
    },
    /// How many related records satisfy the condition.
    Count {
        /// The to-many field.
        relation: FieldPath,
        /// Which of them count.
        condition: Option<Box<Expr>>,
    },
}

/// Comparison and arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// Null-safe equality.
    Equal,
    /// Complement of `Equal`.
    NotEqual,
    /// Both known and unequal (the filter's `ne`).
    Different,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// Numbers, dates plus durations, text concatenation.
    Add,
    /// Numbers, dates minus durations.
    Subtract,
    /// Numbers.
    Multiply,
    /// Numbers; int division gives decimal, by zero gives null.
    Divide,
    /// Remainder with the sign of the dividend.
    Remainder,
}

/// Ways to match text. `Like` knows `%`, `_` and `\` as escape; the literal ones do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// Case-sensitive pattern.
    Like,
    /// The same without case.
    ILike,
    /// Literal, without case.
    StartsWith,
    /// Literal, without case.
    EndsWith,
    /// Literal, without case.
    Contains,
}

/// Tests on list fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOp {
    /// Holds the one value.
    Has,
    /// Holds at least one of the values.
    HasAny,
    /// Holds all the values.
    HasAll,
    /// Holds nothing (null counts as empty).
    IsEmpty,
}

/// Over a to-many relation. `Every` is true where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// No exception.
    Every,
    /// Not one.
    None,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The record judged.
    Record,
    /// The record as it was before this write.
    Old,
    /// The user who acts.
    User,
    /// The package's settings.
    Settings,
}

/// `record.account.tier`: a root and the names after it. The last step may be a part of a composite field (`amountCurrency` is a
/// field of its own; `address.city` is two steps).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldPath {
    /// Where it begins.
    pub root: Root,
    /// Field names, at least one.
    pub steps: Vec<Arc<str>>,
}
