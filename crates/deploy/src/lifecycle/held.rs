//! What a transition demands, as a condition over the rows as they are.

use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};
use metadata::catalog::{Guard, Lifecycle, Object, Transition};
use query::lower::Lowering;
use sql::{Ident, Scalar};

use super::Columns;
use crate::error::DeployError;
use crate::plan::{Judged, Missing, nullify};
use crate::statements::ROW;

/// The demands of a transition that a database can judge.
pub struct Demand {
    /// The object.
    pub object: String,
    /// Its table as it is.
    pub table: String,
    /// Where records keep their stage, if they keep one already.
    pub place: Option<Columns>,
    holds: Scalar,
    /// What the condition binds.
    pub values: Vec<Value>,
}

impl Demand {
    /// Guard, `needs` and `requires` together. A guard by a script, or one that asks who acts, is left out; `None` when nothing is left.
    pub fn new(
        judged: &Judged<'_>,
        missing: &Missing,
        lifecycle: &Lifecycle,
        way: &Transition,
    ) -> Result<Option<Self>, DeployError> {
        let (Some(object), Some(table)) =
            (judged.new.object(&lifecycle.object), judged.new.layout.tables.get(&lifecycle.object))
        else {
            return Ok(None);
        };
        let mut all: Vec<Expr> = way.requires.iter().filter_map(|name| has_value(object, name)).collect();
        all.extend(way.needs.clone());
        if let Some(Guard::Expr(guard)) = &way.guard {
            all.push(guard.clone());
        }
        all.retain(of_the_record);
        if all.is_empty() {
            return Ok(None);
        }
        let demand = nullify(&Expr::condition(Node::And(all)), &object.name, judged.new, missing);
        let mut lowering = Lowering::new(judged.new, judged.tenant.dialect(), 0);
        let holds = lowering.condition(&demand, &object.name, &Ident::made(ROW))?;
        let values = lowering.into_slots().bind(&[], &judged.moment, &query::access::Facts::default())?;
        Ok(Some(Self {
            object: object.name.to_string(),
            table: table.name.clone(),
            place: Columns::of(table)
                .filter(|_| !missing.contains(&(object.name.to_string(), "lifecycle".to_owned()))),
            holds,
            values,
        }))
    }

    /// The rows of which it does not hold.
    pub fn unmet(&self) -> Scalar {
        Scalar::IsNotTrue(Box::new(self.holds.clone()))
    }
}

/// The field, or a part of it, is not null.
fn has_value(object: &Object, name: &str) -> Option<Expr> {
    let field = object.field(name)?;
    let of = |steps: Vec<std::sync::Arc<str>>, ty: Type| {
        let path =
            Expr { node: Node::Field(FieldPath { root: Root::Record, steps }), ty, span: Span::default() };
        let null = Expr::condition(Node::IsNull(Box::new(path)));
        Expr::condition(Node::Not(Box::new(null)))
    };
    let parts = field.ty.parts();
    if parts.is_empty() {
        let ty = field.ty.expr_type().unwrap_or(Type::Id);
        return Some(of(vec![field.name.shared()], ty));
    }
    let each = |(part, _, ty): &(&str, &str, Type)| of(vec![field.name.shared(), (*part).into()], ty.clone());
    Some(Expr::condition(Node::Or(parts.iter().map(each).collect())))
}

/// Whether the expression asks of nothing but the record as it is.
fn of_the_record(expr: &Expr) -> bool {
    let own = match &expr.node {
        Node::Field(path) => !matches!(path.root, Root::User | Root::Old),
        _ => true,
    };
    own && expr.children().all(of_the_record)
}
