//! Facts of the request that the scopes of roles compare with: `$user`, `$user.field`, `$today`.

use std::sync::Arc;

use serde_json::Value as Json;

use super::compare::typed;
use super::operator::Operator;
use super::{Reader, Values};
use crate::check::listed;
use crate::function::Function;
use crate::problem::{code, did_you_mean};
use crate::scope::Member;
use crate::tree::{Expr, FieldPath, Node, Root};
use crate::types::Type;

/// The object whose records are users.
const USER: &str = "user";

/// Whether it is something about the acting user, which is null where it is not known.
pub(super) fn is_fact_of_user(expr: &Expr) -> bool {
    matches!(&expr.node, Node::Field(path) if path.root == Root::User)
}

impl Reader<'_> {
    /// The name after `$`, where facts may be named and the text names one.
    pub(super) fn names_fact<'j>(&self, json: &'j Json) -> Option<&'j str> {
        let name = json.as_str()?.strip_prefix('$')?;
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic());
        (matches!(self.values, Values::Acting) && named).then_some(name)
    }

    /// A fact as an operand, if it is of the wanted type and the operator may compare with it.
    pub(super) fn fact(&mut self, name: &str, wanted: &Type, operator: Operator) -> Option<Expr> {
        let fact = match name.split_once('.') {
            None if name == "today" => typed(Node::Call(Function::Today, Vec::new()), &Type::Date),
            None if name == USER => of_user(&["id"], &Type::Id),
            Some((USER, field)) => self.field_of_user(field)?,
            _ => return self.unknown_fact(name),
        };
        if !compares_with_facts(operator) {
            let hint = match operator {
                Operator::NotIn => Some("`ne` is false where the fact is not known".to_owned()),
                _ => None,
            };
            let problem = self
                .problem(code::VALUE, format!("`{operator}` does not compare with `${name}`"))
                .expected("a value that is written out")
                .found(format!("\"${name}\""))
                .hint(hint);
            self.problems.push(problem);
            return None;
        }
        if fact.ty == *wanted {
            return Some(fact);
        }
        let hint = match (name, wanted) {
            ("today", Type::DateTime) => {
                Some("compare instants with `relative`: `\"last 7 days\"`".to_owned())
            }
            _ => None,
        };
        let problem = self
            .problem(code::TYPE, format!("`${name}` is of type {}, not {wanted}", fact.ty))
            .expected(wanted.to_string())
            .found(fact.ty.to_string())
            .hint(hint);
        self.problems.push(problem);
        None
    }

    /// A field of the user's own record; of a lookup the other record's id.
    fn field_of_user(&mut self, name: &str) -> Option<Expr> {
        let (name, id) = name.strip_suffix(".id").map_or((name, false), |relation| (relation, true));
        match self.scope.member(USER, name) {
            Some(Member::Value { ty, .. }) if !id => Some(of_user(&[name], &ty)),
            Some(Member::One(_)) => Some(of_user(&[name, "id"], &Type::Id)),
            Some(_) => {
                let problem = self
                    .problem(code::TYPE, format!("`$user.{name}` is not one value"))
                    .expected("a field of one value, or a lookup")
                    .found(name);
                self.problems.push(problem);
                None
            }
            None => {
                let names = self.scope.members(USER);
                let hint = match name.split_once('.') {
                    Some((relation, _)) if self.scope.member(USER, relation).is_some() => {
                        Some("only fields of the user's own record are facts".to_owned())
                    }
                    _ => did_you_mean(name, names.iter().map(AsRef::as_ref)),
                };
                let problem = self
                    .problem(code::UNKNOWN_NAME, format!("`{USER}` has no field `{name}`"))
                    .found(name)
                    .hint(hint);
                self.problems.push(problem);
                None
            }
        }
    }

    fn unknown_fact(&mut self, name: &str) -> Option<Expr> {
        let found = format!("${name}");
        let problem = self
            .problem(code::VALUE, format!("`{found}` is no fact of the request"))
            .expected(listed(["$user", "$user.field", "$today"].into_iter()))
            .hint(did_you_mean(&found, ["$user", "$today"]))
            .found(found);
        self.problems.push(problem);
        None
    }
}

/// Comparisons that are false where the fact is null.
fn compares_with_facts(operator: Operator) -> bool {
    match operator {
        Operator::Eq
        | Operator::Ne
        | Operator::In
        | Operator::Gt
        | Operator::Gte
        | Operator::Lt
        | Operator::Lte
        | Operator::Between => true,
        Operator::NotIn
        | Operator::IsNull
        | Operator::Like
        | Operator::ILike
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::Contains
        | Operator::Has
        | Operator::HasAny
        | Operator::HasAll
        | Operator::IsEmpty
        | Operator::Relative => false,
    }
}

fn of_user(steps: &[&str], ty: &Type) -> Expr {
    let steps = steps.iter().map(|step| Arc::from(*step)).collect();
    typed(Node::Field(FieldPath { root: Root::User, steps }), ty)
}
