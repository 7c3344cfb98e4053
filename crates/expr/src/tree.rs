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
    /// A field, through to-one relations and parts of composite fields. Of type `Record` (or `Id` for a polymorphic field) it is the
    /// relation itself, which only `IsNull` asks; a related record's id is the step `id` of type `Id`.
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
    /// The stays of a record in stages, as the log of its lifecycles tells them: of type `Bool` whether one satisfies the condition, of
    /// type `Int` how many do. In `condition`, `Root::Record` is the stay, whose fields are those of [`crate::stay`].
    Stays {
        /// The to-one relations that lead to the record; without a step it is the record judged.
        record: FieldPath,
        /// Which of them count.
        condition: Option<Box<Expr>>,
    },
}

/// Comparison and arithmetic. Both sides have one type (but `DateTime` with `Duration`): the checker writes conversions into the
/// tree. Arithmetic with null is null; overflow is an error; float results are finite, and a product or quotient that vanishes
/// although its operands do not is an overflow too.
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
    /// Numbers of one type, text concatenation, `DateTime` plus a `Duration` without months (days move by `AddDays` and `AddMonths`).
    /// An instant outside the years 1 to 9999 is null.
    Add,
    /// Numbers of one type, `DateTime` minus `Duration`.
    Subtract,
    /// Numbers.
    Multiply,
    /// Decimals or floats (ints are converted); by zero gives null.
    Divide,
    /// Ints or decimals; remainder with the sign of the dividend, null by zero.
    Remainder,
}

/// Ways to match text. `Like` knows `%`, `_` and `\` as escape (its pattern is a literal or a slot and never ends in a lone `\`); the
/// literal ones do not. A null subject or pattern gives false. "Without case" compares both sides folded: by Unicode
/// ([`fold`](crate::fold())) where the subject is a field with a folded side column, else by ASCII.
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

/// Tests on list fields; a null list counts as empty, and the result is never null. In `HasAny` and `HasAll` the second operand is a
/// `List` node or a slot of list type: any of no values is false, all of no values is true. A null in `Has` is in no list.
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
    /// Field names; none only where a node asks for the record itself.
    pub steps: Vec<Arc<str>>,
}

impl FieldPath {
    /// The path one step on.
    pub fn then(mut self, step: Arc<str>) -> Self {
        self.steps.push(step);
        self
    }
}

impl Expr {
    /// A condition without a place in a source.
    pub fn condition(node: Node) -> Self {
        Self { node, ty: Type::Bool, span: Span::default() }
    }

    /// All of the conditions: flat, the one itself when there is one, `true` when there is none.
    pub fn all(conditions: Vec<Expr>) -> Self {
        let mut items = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition.node {
                Node::And(more) => items.extend(more),
                _ => items.push(condition),
            }
        }
        Self::one_or(items, true)
    }

    /// Any of the conditions: flat, the one itself when there is one, `false` when there is none.
    pub fn any(conditions: Vec<Expr>) -> Self {
        let mut items = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition.node {
                Node::Or(more) => items.extend(more),
                _ => items.push(condition),
            }
        }
        Self::one_or(items, false)
    }

    fn one_or(mut items: Vec<Expr>, conjunction: bool) -> Self {
        match items.len() {
            0 => Self::condition(Node::Literal(Value::Bool(conjunction))),
            1 => items.remove(0),
            _ => Self::condition(if conjunction { Node::And(items) } else { Node::Or(items) }),
        }
    }

    /// The complement of a condition.
    pub fn negation(condition: Expr) -> Self {
        Self::condition(Node::Not(Box::new(condition)))
    }

    /// Whether the value is null, as a condition.
    pub fn is_null(of: Expr) -> Self {
        Self::condition(Node::IsNull(Box::new(of)))
    }

    /// The expressions directly below this one, conditions on related records included.
    pub fn children(&self) -> impl Iterator<Item = &Expr> {
        let (one, many): (Vec<&Expr>, &[Expr]) = match &self.node {
            Node::Literal(_) | Node::Slot(_) | Node::Field(_) => (Vec::new(), &[]),
            Node::Not(a) | Node::Negate(a) | Node::IsNull(a) => (vec![a], &[]),
            Node::And(items) | Node::Or(items) | Node::List(items) | Node::Call(_, items) => {
                (Vec::new(), items)
            }
            Node::Binary(_, a, b) | Node::In(a, b) | Node::Text(_, a, b) | Node::Coalesce(a, b) => {
                (vec![a, b], &[])
            }
            Node::ListTest(_, a, b) => (std::iter::once(&**a).chain(b.as_deref()).collect(), &[]),
            Node::If(a, b, c) => (vec![a, b, c], &[]),
            Node::Exists { condition, .. }
            | Node::Count { condition, .. }
            | Node::Stays { condition, .. } => (condition.as_deref().into_iter().collect(), &[]),
        };
        one.into_iter().chain(many)
    }

    /// Visits this expression and then those below it, conditions on related records included; not below one of which `visit` says false.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Expr) -> bool) {
        if !visit(self) {
            return;
        }
        match &mut self.node {
            Node::Literal(_) | Node::Slot(_) | Node::Field(_) => {}
            Node::Not(a) | Node::Negate(a) | Node::IsNull(a) => a.walk_mut(visit),
            Node::And(items) | Node::Or(items) | Node::List(items) | Node::Call(_, items) => {
                for item in items {
                    item.walk_mut(visit);
                }
            }
            Node::Binary(_, a, b) | Node::In(a, b) | Node::Text(_, a, b) | Node::Coalesce(a, b) => {
                a.walk_mut(visit);
                b.walk_mut(visit);
            }
            Node::ListTest(_, a, b) => {
                a.walk_mut(visit);
                if let Some(b) = b {
                    b.walk_mut(visit);
                }
            }
            Node::If(a, b, c) => {
                for one in [a, b, c] {
                    one.walk_mut(visit);
                }
            }
            Node::Exists { condition, .. }
            | Node::Count { condition, .. }
            | Node::Stays { condition, .. } => {
                if let Some(condition) = condition {
                    condition.walk_mut(visit);
                }
            }
        }
    }

    /// The same tree with empty spans, for comparing trees that were written differently.
    pub fn without_places(&self) -> Self {
        let mut tree = self.clone();
        tree.walk_mut(&mut |expr| {
            expr.span = Span::default();
            true
        });
        tree
    }
}
