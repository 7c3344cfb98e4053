//! The canonical text of an expression: what [`parse`](crate::parse()) reads back as the same tree. Slots are printed `$n`, which no
//! source may hold.

use std::fmt::{self, Display, Formatter, Write};

use crate::tree::{BinaryOp, Expr, FieldPath, ListOp, Node, Quantifier, Root, TextOp};
use crate::types::Type;
use crate::value::Value;

/// How tightly a node binds; an operand that binds less tightly than its place asks is put into brackets.
fn strength(expr: &Expr) -> u8 {
    match &expr.node {
        Node::Or(_) => 1,
        Node::And(_) => 2,
        Node::Binary(op, ..) => binary_strength(*op),
        Node::In(..) => 4,
        Node::Coalesce(..) => 6,
        // `a == null` and `a != null`
        Node::IsNull(_) => 3,
        Node::Not(inner) => {
            if matches!(inner.node, Node::IsNull(_)) {
                3
            } else {
                9
            }
        }
        Node::Negate(_) => 9,
        Node::Literal(_)
        | Node::Slot(_)
        | Node::Field(_)
        | Node::List(_)
        | Node::Text(..)
        | Node::ListTest(..)
        | Node::If(..)
        | Node::Call(..)
        | Node::Exists { .. }
        | Node::Count { .. }
        | Node::Stays { .. } => 10,
    }
}

fn binary_strength(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual => 3,
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => 5,
        BinaryOp::Add | BinaryOp::Subtract => 7,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => 8,
        // Printed as a call.
        BinaryOp::Different => 10,
    }
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Different => "differs",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
    }
}

/// An expression in a place that asks for a strength.
struct At<'a>(&'a Expr, u8);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if strength(self.0) < self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Literal(value) => literal(value, f),
            Node::Slot(slot) => write!(f, "${slot}"),
            Node::Field(path) => field(path, &self.ty, f),
            Node::Not(inner) => match &inner.node {
                Node::IsNull(of) => write!(f, "{} != null", At(of, 4)),
                _ => write!(f, "!{}", At(inner, 9)),
            },
            // A number literal would swallow the sign.
            Node::Negate(inner) if matches!(inner.node, Node::Literal(_)) => write!(f, "-({inner})"),
            Node::Negate(inner) => write!(f, "-{}", At(inner, 9)),
            Node::And(items) => joined(items, " && ", 3, "true", f),
            Node::Or(items) => joined(items, " || ", 2, "false", f),
            Node::Binary(BinaryOp::Different, a, b) => write!(f, "differs({a}, {b})"),
            Node::Binary(op, a, b) => {
                let strength = binary_strength(*op);
                write!(f, "{} {} {}", At(a, strength), sign(*op), At(b, strength + 1))
            }
            Node::IsNull(of) => write!(f, "{} == null", At(of, 3)),
            Node::In(subject, list) => write!(f, "{} in {}", At(subject, 4), At(list, 5)),
            Node::List(items) => {
                f.write_char('[')?;
                joined(items, ", ", 0, "", f)?;
                f.write_char(']')
            }
            Node::Text(op, subject, pattern) => write!(f, "{}({subject}, {pattern})", text_op(*op)),
            Node::ListTest(op, list, None) => write!(f, "{}({list})", list_op(*op)),
            Node::ListTest(op, list, Some(operand)) => write!(f, "{}({list}, {operand})", list_op(*op)),
            Node::If(condition, then, other) => {
                write!(f, "if {condition} {{ {then} }} else {{ {other} }}")
            }
            Node::Coalesce(first, second) => write!(f, "{} ?? {}", At(first, 6), At(second, 7)),
            Node::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                joined(arguments, ", ", 0, "", f)?;
                f.write_char(')')
            }
            Node::Exists { quantifier, relation, condition } => {
                let name = match quantifier {
                    Quantifier::Some => "some",
                    Quantifier::Every => "every",
                    Quantifier::None => "none",
                };
                related(name, relation, condition.as_deref(), f)
            }
            Node::Count { relation, condition } => related("count", relation, condition.as_deref(), f),
            Node::Stays { record, condition } => {
                let name = if self.ty == Type::Bool { "stayed" } else { "stays" };
                related(name, record, condition.as_deref(), f)
            }
        }
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Record => "record",
            Root::Old => "old",
            Root::User => "user",
            Root::Settings => "settings",
        })?;
        self.steps.iter().try_for_each(|step| write!(f, ".{step}"))
    }
}

/// A root itself is its id with the type of a record.
fn field(path: &FieldPath, ty: &Type, f: &mut Formatter<'_>) -> fmt::Result {
    match (path.root, path.steps.as_slice(), ty) {
        (Root::Record, [id], Type::Record(_)) if &**id == "id" => f.write_str("record"),
        (Root::Old, [id], Type::Record(_)) if &**id == "id" => f.write_str("old"),
        (Root::User, [id], Type::Record(_)) if &**id == "id" => f.write_str("user"),
        _ => path.fmt(f),
    }
}

fn joined(items: &[Expr], between: &str, strength: u8, empty: &str, f: &mut Formatter<'_>) -> fmt::Result {
    if items.is_empty() {
        return f.write_str(empty);
    }
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        At(item, strength).fmt(f)?;
    }
    Ok(())
}

fn related(name: &str, relation: &FieldPath, condition: Option<&Expr>, f: &mut Formatter<'_>) -> fmt::Result {
    match condition {
        Some(condition) => write!(f, "{name}({relation}, {condition})"),
        None => write!(f, "{name}({relation})"),
    }
}

fn text_op(op: TextOp) -> &'static str {
    match op {
        TextOp::Like => "like",
        TextOp::ILike => "ilike",
        TextOp::StartsWith => "startsWith",
        TextOp::EndsWith => "endsWith",
        TextOp::Contains => "contains",
    }
}

fn list_op(op: ListOp) -> &'static str {
    match op {
        ListOp::Has => "has",
        ListOp::HasAny => "hasAny",
        ListOp::HasAll => "hasAll",
        ListOp::IsEmpty => "isEmpty",
    }
}

fn literal(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        // The point tells decimals from ints, the exponent floats from decimals.
        Value::Decimal(v) if v.fract().is_zero() => write!(f, "{}.0", value.to_text()),
        Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => f.write_str(&value.to_text()),
        Value::Float(v) => write!(f, "{v:e}"),
        Value::Text(text) => quoted(text, f),
        Value::Date(_) => write!(f, "date(\"{}\")", value.to_text()),
        Value::Time(_) => write!(f, "time(\"{}\")", value.to_text()),
        Value::DateTime(_) => write!(f, "dateTime(\"{}\")", value.to_text()),
        Value::Duration(_) => write!(f, "duration(\"{}\")", value.to_text()),
        Value::Id(_) => write!(f, "id(\"{}\")", value.to_text()),
        Value::List(values) => {
            f.write_char('[')?;
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    f.write_str(", ")?;
                }
                literal(value, f)?;
            }
            f.write_char(']')
        }
        Value::Json(json) => write!(f, "{json}"),
    }
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
