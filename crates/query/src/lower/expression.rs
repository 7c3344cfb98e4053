//! Expressions as scalars. Conditions are lowered as *truths*: TRUE where the expression is true, FALSE or NULL elsewhere, so that plain
//! comparisons reach the planner; the complement is taken with `IS NOT TRUE`.

use std::sync::Arc;

use expr::{BinaryOp, Encoding, Expr, FieldPath, Node, Root, Type, Value};
use metadata::catalog::{Aggregate, Field, FieldType, Returns};
use metadata::layout::Role;
use sql::{Arithmetic, Ident, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, Typed, unknown, unsupported};
use crate::slots::{Derived, Transform};

/// What of the field at the end of a path is wanted.
#[derive(Clone, Copy)]
pub(super) enum Leaf {
    /// Its value.
    Value,
    /// Its folded side column.
    Folded,
}

/// How values of a type are written when no column says otherwise.
pub(super) fn encoding_of(ty: &Type) -> Encoding {
    match ty {
        Type::Null | Type::Text => Encoding::Text,
        Type::Bool => Encoding::Bool,
        Type::Int => Encoding::Int,
        Type::Decimal => Encoding::Decimal(6),
        Type::Float => Encoding::Float,
        Type::Date => Encoding::Date,
        Type::Time => Encoding::Time,
        Type::DateTime => Encoding::DateTime,
        Type::Duration => Encoding::Duration,
        Type::Id | Type::Record(_) => Encoding::Id,
        Type::Json => Encoding::Json,
        Type::List(_) => Encoding::TextList,
    }
}

/// How results of formulas and roll-ups are written.
pub(super) fn returned(returns: &Returns) -> Encoding {
    encoding_of(&returns.expr_type())
}

/// The same value in another encoding.
pub(super) fn convert(typed: Typed, to: Encoding) -> Typed {
    if typed.encoding == to {
        return typed;
    }
    let scalar = match typed.scalar {
        Scalar::Null(_) => Scalar::Null(to),
        scalar => Scalar::Convert(Box::new(scalar), typed.encoding, to),
    };
    Typed { scalar, encoding: to }
}

impl Cx<'_> {
    /// The condition as a truth.
    pub fn truth(&mut self, frame: &mut Frame, place: &Place, expr: &Expr) -> Result<Scalar, LowerError> {
        Ok(match &expr.node {
            Node::Literal(value) => Scalar::Bool(*value == Value::Bool(true)),
            Node::Not(inner) => self.complement(frame, place, inner)?,
            Node::And(all) => Scalar::And(self.truths(frame, place, all)?),
            Node::Or(all) => Scalar::Or(self.truths(frame, place, all)?),
            Node::Binary(op, left, right) if is_comparison(*op) => {
                self.compare(frame, place, *op, (left, right))?
            }
            Node::IsNull(inner) => self.is_null(frame, place, inner)?,
            Node::In(subject, list) => self.is_in(frame, place, subject, list)?,
            Node::Text(op, subject, pattern) => self.matches(frame, place, *op, (subject, pattern))?,
            Node::ListTest(op, subject, other) => {
                self.list_test(frame, place, *op, (subject, other.as_deref()))?
            }
            Node::If(condition, then, otherwise) => Scalar::Case(
                vec![(self.truth(frame, place, condition)?, self.truth(frame, place, then)?)],
                Some(Box::new(self.truth(frame, place, otherwise)?)),
            ),
            Node::Exists { quantifier, relation, condition } => {
                self.exists(frame, place, *quantifier, (relation, condition.as_deref()))?
            }
            Node::Stays { record, condition } if expr.ty == Type::Bool => {
                let rows = self.stays_of(frame, place, record, condition.as_deref())?;
                Scalar::Exists(Box::new(rows.query(vec![(Scalar::Int(1), Ident::made("v"))])))
            }
            Node::Slot(_)
            | Node::Field(_)
            | Node::Coalesce(..)
            | Node::Call(..)
            | Node::Binary(..)
            | Node::Negate(_)
            | Node::List(_)
            | Node::Count { .. }
            | Node::Stays { .. } => {
                let typed = self.value(frame, place, expr)?;
                if typed.encoding != Encoding::Bool {
                    return Err(unsupported(format!("a condition of type {}", expr.ty)));
                }
                typed.scalar
            }
        })
    }

    fn truths(&mut self, frame: &mut Frame, place: &Place, all: &[Expr]) -> Result<Vec<Scalar>, LowerError> {
        all.iter().map(|one| self.truth(frame, place, one)).collect()
    }

    /// TRUE where the condition is not.
    fn complement(&mut self, frame: &mut Frame, place: &Place, expr: &Expr) -> Result<Scalar, LowerError> {
        Ok(match &expr.node {
            Node::Not(inner) => self.truth(frame, place, inner)?,
            Node::IsNull(_) | Node::Exists { .. } => match self.truth(frame, place, expr)? {
                Scalar::Not(inner) => *inner,
                truth => Scalar::Not(Box::new(truth)),
            },
            _ => Scalar::IsNotTrue(Box::new(self.truth(frame, place, expr)?)),
        })
    }

    /// The value of an expression; conditions yield TRUE or FALSE, never NULL.
    pub fn value(&mut self, frame: &mut Frame, place: &Place, expr: &Expr) -> Result<Typed, LowerError> {
        let encoding = encoding_of(&expr.ty);
        let scalar = match &expr.node {
            Node::Literal(Value::Null) => Scalar::Null(encoding),
            Node::Literal(value) => Scalar::Param(Cx::constant(value.clone(), encoding, false)),
            Node::Slot(slot) => Scalar::Param(self.slot(*slot, None, encoding, false)),
            Node::Field(path) if path.root == Root::User => {
                Scalar::Param(self.fact(&path.steps, encoding, false))
            }
            Node::Field(path) => return self.path(frame, place, path),
            Node::Negate(inner) => {
                let inner = convert(self.value(frame, place, inner)?, encoding);
                let zero = Box::new(Scalar::Int(0));
                Scalar::Arithmetic(Arithmetic::Subtract, encoding, zero, Box::new(inner.scalar))
            }
            Node::Binary(op, left, right) if !is_comparison(*op) => {
                return self.arithmetic(frame, place, *op, (left, right), &expr.ty);
            }
            Node::If(condition, then, otherwise) => {
                let condition = self.truth(frame, place, condition)?;
                let then = convert(self.value(frame, place, then)?, encoding);
                let otherwise = convert(self.value(frame, place, otherwise)?, encoding);
                Scalar::Case(vec![(condition, then.scalar)], Some(Box::new(otherwise.scalar)))
            }
            Node::Coalesce(first, second) => Scalar::Coalesce(vec![
                convert(self.value(frame, place, first)?, encoding).scalar,
                convert(self.value(frame, place, second)?, encoding).scalar,
            ]),
            Node::Call(function, arguments) => {
                return self.call(frame, place, *function, arguments, encoding);
            }
            Node::Count { relation, condition } => {
                self.count(frame, place, relation, condition.as_deref())?
            }
            Node::Stays { record, condition } if expr.ty == Type::Int => {
                let rows = self.stays_of(frame, place, record, condition.as_deref())?;
                Scalar::Subquery(Box::new(rows.query(vec![(Scalar::CountAll, Ident::made("v"))])))
            }
            Node::List(_) => return Err(unsupported("a list outside of `in`")),
            Node::Not(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Binary(..)
            | Node::IsNull(_)
            | Node::In(..)
            | Node::Text(..)
            | Node::ListTest(..)
            | Node::Exists { .. }
            | Node::Stays { .. } => {
                Scalar::Coalesce(vec![self.truth(frame, place, expr)?, Scalar::Bool(false)])
            }
        };
        Ok(Typed { scalar, encoding })
    }

    fn arithmetic(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        op: BinaryOp,
        (left, right): (&Expr, &Expr),
        ty: &Type,
    ) -> Result<Typed, LowerError> {
        let encoding = encoding_of(ty);
        let operator = match op {
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Subtract,
            BinaryOp::Multiply => Arithmetic::Multiply,
            BinaryOp::Divide => Arithmetic::Divide,
            BinaryOp::Remainder => Arithmetic::Remainder,
            _ => return Err(unsupported("a comparison as arithmetic")),
        };
        if matches!(ty, Type::Date | Type::DateTime) {
            return self.shift(frame, place, operator, (left, right), encoding);
        }
        let first = self.value(frame, place, left)?;
        let second = self.value(frame, place, right)?;
        let scalar = match ty {
            Type::Text => Scalar::Concat(vec![first.scalar, second.scalar]),
            _ => Scalar::Arithmetic(
                operator,
                encoding,
                Box::new(convert(first, encoding).scalar),
                Box::new(convert(second, encoding).scalar),
            ),
        };
        Ok(Typed { scalar, encoding })
    }

    /// A day or instant, some length of time later or earlier.
    fn shift(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        operator: Arithmetic,
        (left, right): (&Expr, &Expr),
        encoding: Encoding,
    ) -> Result<Typed, LowerError> {
        let (base, length) = if left.ty == Type::Duration { (right, left) } else { (left, right) };
        let base = self.value(frame, place, base)?;
        let (months, micros) = match &length.node {
            Node::Literal(value) => (
                Scalar::Param(Cx::constant(Transform::Months.apply(value), Encoding::Int, false)),
                Scalar::Param(Cx::constant(Transform::Micros.apply(value), Encoding::Int, false)),
            ),
            Node::Slot(slot) => (
                Scalar::Param(self.slot(*slot, Some(Transform::Months), Encoding::Int, false)),
                Scalar::Param(self.slot(*slot, Some(Transform::Micros), Encoding::Int, false)),
            ),
            _ => {
                let seconds = self.value(frame, place, length)?.scalar;
                let micro = Box::new(Scalar::Int(1_000_000));
                (
                    Scalar::Int(0),
                    Scalar::Arithmetic(Arithmetic::Multiply, Encoding::Int, Box::new(seconds), micro),
                )
            }
        };
        let turn = |scalar: Scalar| match operator {
            Arithmetic::Subtract => Scalar::Arithmetic(
                Arithmetic::Subtract,
                Encoding::Int,
                Box::new(Scalar::Int(0)),
                Box::new(scalar),
            ),
            _ => scalar,
        };
        let scalar =
            Scalar::Shift(Box::new(base.scalar), encoding, Box::new(turn(months)), Box::new(turn(micros)));
        Ok(Typed { scalar, encoding })
    }

    fn call(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        function: expr::Function,
        arguments: &[Expr],
        encoding: Encoding,
    ) -> Result<Typed, LowerError> {
        if function.is_request_constant() {
            let period = match arguments.first().map(|argument| &argument.node) {
                None => None,
                Some(Node::Literal(Value::Text(period))) => Some(period.clone()),
                Some(_) => return Err(unsupported(format!("`{}` of a computed period", function.name()))),
            };
            let slot = self.slots.derive(Derived::Constant(function, period));
            return Ok(Typed { scalar: Scalar::Param(self.slot(slot, None, encoding, false)), encoding });
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let typed = self.value(frame, place, argument)?;
            // Decimals are computed in millionths everywhere, whatever the column's scale; `min` and `max` take their result's type.
            let wanted = match (function, typed.encoding) {
                (expr::Function::Min | expr::Function::Max, _) => encoding,
                (_, Encoding::Decimal(_)) => Encoding::Decimal(6),
                (expr::Function::Round | expr::Function::Floor | expr::Function::Ceil, Encoding::Int)
                    if values.is_empty() =>
                {
                    Encoding::Decimal(6)
                }
                (_, other) => other,
            };
            values.push(convert(typed, wanted));
        }
        let first = values.first().map_or(encoding, |typed| typed.encoding);
        let values = values.into_iter().map(|typed| typed.scalar).collect();
        let scalar = Scalar::Call(function, first, values);
        Ok(Typed { scalar, encoding })
    }

    /// A fact about the acting user.
    pub fn fact(&mut self, path: &[Arc<str>], encoding: Encoding, list: bool) -> sql::Param {
        let slot = self.slots.derive(Derived::Fact(path.to_vec()));
        self.slot(slot, None, encoding, list)
    }

    /// The value at the end of a path of the record.
    pub fn path(&mut self, frame: &mut Frame, place: &Place, path: &FieldPath) -> Result<Typed, LowerError> {
        match path.root {
            Root::Record => self.steps(frame, place, &path.steps),
            Root::Old => Err(unsupported("`old`")),
            Root::User => Err(unsupported("`user`")),
            Root::Settings => self.setting(place, path),
        }
    }

    /// A setting of the package that defines the object; one of another package where that has none of the name.
    fn setting(&self, place: &Place, path: &FieldPath) -> Result<Typed, LowerError> {
        let name = path.steps.first().map_or("", |step| step);
        let own = self.catalog.packages.get(&place.object.package);
        let found = own
            .into_iter()
            .chain(self.catalog.packages.values())
            .find_map(|package| package.settings.get(name));
        let setting = found.ok_or_else(|| unknown("settings", name))?;
        let encoding = encoding_of(&setting.ty);
        let scalar = match &setting.value {
            Value::Null => Scalar::Null(encoding),
            value => Scalar::Param(Cx::constant(value.clone(), encoding, false)),
        };
        Ok(Typed { scalar, encoding })
    }

    /// The value at the end of the steps.
    pub fn steps(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        steps: &[Arc<str>],
    ) -> Result<Typed, LowerError> {
        let last = steps.last().map_or("", |step| step);
        self.follow(frame, place, steps, Leaf::Value)?.ok_or_else(|| unknown(&place.object.name, last))
    }

    /// Follows the steps; `None` where a folded column is wanted and there is none.
    pub fn follow(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        steps: &[Arc<str>],
        leaf: Leaf,
    ) -> Result<Option<Typed>, LowerError> {
        let Some((first, rest)) = steps.split_first() else { return Err(unknown(&place.object.name, "")) };
        let field = Cx::field(place, first)?;
        match (&field.ty, rest) {
            (_, []) => match leaf {
                Leaf::Value => self.field_value(frame, place, &field).map(Some),
                Leaf::Folded => self.stored(place, &field.name, &Role::Folded),
            },
            (FieldType::Lookup(_), [id]) if self.pointers && **id == *"id" => {
                self.column(place, &field.name, &Role::Value).map(Some)
            }
            (FieldType::Lookup(lookup), rest) => self.through(frame, place, (&field, &lookup.to), rest, leaf),
            (FieldType::Polymorphic { .. }, [target, rest @ ..]) => {
                self.through(frame, place, (&field, target), rest, leaf)
            }
            (_, [part]) => match leaf {
                Leaf::Value => self.column(place, &field.name, &Role::Part(part.to_string())).map(Some),
                Leaf::Folded => Ok(None),
            },
            (_, [_, further, ..]) => Err(unknown(first, further)),
        }
    }

    /// Goes through a to-one relation: by a shared join where joins may be added, else by a correlated subquery.
    fn through(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        (field, target): (&Field, &str),
        rest: &[Arc<str>],
        leaf: Leaf,
    ) -> Result<Option<Typed>, LowerError> {
        let id = [Arc::from("id")];
        let rest = if rest.is_empty() { &id } else { rest };
        if frame.open {
            let there = self.hop(frame, place, field, target)?;
            let typed = self.follow(frame, &there, rest, leaf)?;
            return if Cx::computed(&there, rest) {
                typed.map(|typed| self.where_there(&there, typed)).transpose()
            } else {
                Ok(typed)
            };
        }
        let mut rows = self.hop_rows(place, field, target)?;
        let there = rows.place.clone();
        let Some(typed) = self.follow(&mut rows.frame, &there, rest, leaf)? else { return Ok(None) };
        let query = rows.query(vec![(typed.scalar, Ident::made("v"))]);
        Ok(Some(Typed { scalar: Scalar::Subquery(Box::new(query)), encoding: typed.encoding }))
    }

    /// Whether the value is computed so that it could be something where there is no record.
    fn computed(place: &Place, steps: &[Arc<str>]) -> bool {
        let [name] = steps else { return false };
        place.object.field(name).is_some_and(|field| {
            matches!(
                field.ty,
                FieldType::Formula { stored: false, .. }
                    | FieldType::Score { .. }
                    | FieldType::Rollup { aggregate: Aggregate::Count, .. }
            )
        })
    }

    /// The value, or null where a joined record is absent.
    fn where_there(&mut self, there: &Place, typed: Typed) -> Result<Typed, LowerError> {
        let present = Scalar::Not(Box::new(Scalar::IsNull(Box::new(self.id(there)?))));
        Ok(Typed { scalar: Scalar::Case(vec![(present, typed.scalar)], None), encoding: typed.encoding })
    }

    /// The value of a field: stored, computed, or the id of the record that a relation points at (null when that is deleted).
    pub fn field_value(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        field: &Field,
    ) -> Result<Typed, LowerError> {
        let typed = self.any_field_value(frame, place, field)?;
        match (&field.ty, &place.scope) {
            (
                FieldType::Formula { stored: false, .. } | FieldType::Rollup { .. } | FieldType::Score { .. },
                Some(scope),
            ) => {
                // A database may compute before it looks whether the row takes part. Of a row that one may not see not even an overflow must be
                // heard.
                let guarded = Scalar::Case(vec![(Scalar::clone(scope), typed.scalar)], None);
                Ok(Typed { scalar: guarded, encoding: typed.encoding })
            }
            _ => Ok(typed),
        }
    }

    fn any_field_value(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        field: &Field,
    ) -> Result<Typed, LowerError> {
        match &field.ty {
            FieldType::Formula { returns, expr, stored: false } | FieldType::Score { returns, expr, .. }
                if field.system_scope =>
            {
                // Joins that others share are made with the caller's rights: it takes its own.
                let value =
                    self.unscoped(|cx| cx.deeper(|cx| cx.value(&mut Frame::closed(), place, expr)))?;
                Ok(convert(value, returned(returns)))
            }
            FieldType::Formula { returns, expr, stored: false } | FieldType::Score { returns, expr, .. } => {
                self.deeper(|cx| {
                    let value = cx.value(frame, place, expr)?;
                    Ok(convert(value, returned(returns)))
                })
            }
            FieldType::Rollup { .. } if field.system_scope => {
                self.unscoped(|cx| cx.deeper(|cx| cx.rollup(place, field)))
            }
            FieldType::Rollup { .. } => self.deeper(|cx| cx.rollup(place, field)),
            FieldType::Lookup(lookup) => {
                let id = self.through(frame, place, (field, &lookup.to), &[], Leaf::Value)?;
                id.ok_or_else(|| unknown(&place.object.name, &field.name))
            }
            FieldType::Polymorphic { to, .. } => {
                let mut ids = Vec::with_capacity(to.len());
                for target in to {
                    let id = self.through(frame, place, (field, target), &[], Leaf::Value)?;
                    ids.extend(id.map(|typed| typed.scalar));
                }
                Ok(Typed { scalar: Scalar::Coalesce(ids), encoding: Encoding::Id })
            }
            _ => self.column(place, &field.name, &Role::Value),
        }
    }
}

/// Whether the operator compares rather than computes.
fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Different
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual => true,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
            false
        }
    }
}
