//! Scopes as conditions over a record and facts of the acting user.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};

use crate::catalog::{FACT_SUBORDINATES, FACT_TEAM, FieldType, Scope, ScopeKind};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{ScopeDocument, ScopeWord};
use crate::name::Name;
use crate::resolve::draft::{Draft, DraftObject};
use crate::resolve::expressions::{DraftScope, scope_filter};
use crate::resolve::report::{At, Report};

/// Of which object's records a scope speaks, and in whose document.
pub struct Scoping<'a> {
    pub role: &'a Name,
    pub object: &'a DraftObject,
    pub draft: &'a Draft,
    pub names: &'a DraftScope<'a>,
}

/// A scope that stands at `at`; nothing when it is faulty.
pub fn scope(scoping: &Scoping<'_>, doc: &ScopeDocument, at: &At, report: &mut Report) -> Option<Scope> {
    let (kind, condition) = match doc {
        ScopeDocument::Filter(filter) => (ScopeKind::Filter, Some(filtered(scoping, filter, at, report)?)),
        ScopeDocument::Word(ScopeWord::All) => (ScopeKind::All, None),
        ScopeDocument::Word(ScopeWord::Pool) => {
            let message = "There are no pools in this version, so this grants nothing";
            report.warn(at, Finding::new(codes::IDLE_GRANT, "", message));
            (ScopeKind::Pool, Some(Expr::condition(Node::Literal(Value::Bool(false)))))
        }
        ScopeDocument::Word(word @ (ScopeWord::Own | ScopeWord::Team | ScopeWord::Subordinates)) => {
            let kind = ScopeKind::from(*word);
            let among = match word {
                ScopeWord::Team => of_user(FACT_TEAM, ids()),
                ScopeWord::Subordinates => of_user(FACT_SUBORDINATES, ids()),
                // Null is in no list: a record without owner is not that of a caller who is nobody.
                ScopeWord::Own | ScopeWord::Pool | ScopeWord::All => {
                    expr(Node::List(vec![of_user("id", Type::Id)]), ids())
                }
            };
            let owner = owner(scoping, kind, at, report)?;
            (kind, Some(Expr::condition(Node::In(Box::new(owner), Box::new(among)))))
        }
    };
    Some(Scope { kind, condition, role: scoping.role.clone(), text: doc.text() })
}

fn ids() -> Type {
    Type::List(Box::new(Type::Id))
}

fn of_user(step: &str, ty: Type) -> Expr {
    field(Root::User, vec![Arc::from(step)], ty)
}

fn field(root: Root, steps: Vec<Arc<str>>, ty: Type) -> Expr {
    expr(Node::Field(FieldPath { root, steps }), ty)
}

fn expr(node: Node, ty: Type) -> Expr {
    Expr { node, ty, span: Span::default() }
}

/// The owner of a record, or of the nearest master that has one.
fn owner(scoping: &Scoping<'_>, kind: ScopeKind, at: &At, report: &mut Report) -> Option<Expr> {
    let (object, draft) = (scoping.object, scoping.draft);
    if let Some(mut steps) = way_to_owner(object, draft, &mut HashSet::new()) {
        steps.extend([Arc::from("owner"), Arc::from("id")]);
        return Some(field(Root::Record, steps, Type::Id));
    }
    if object.open || !object.broken.is_empty() {
        return None;
    }
    let message = format!("`{}` records have no owner, so none of them is `{}`", object.name, kind.as_str());
    let mut finding = Finding::new(codes::BAD_SCOPE, "", message);
    finding.expected = Some("`all`, or a filter".to_owned());
    finding.found = Some(kind.as_str().to_owned());
    finding.hint = Some(format!(
        "`\"x-owned\": true` gives `{}` records an owner; a detail has its master's",
        object.name
    ));
    report.error(at, finding);
    None
}

/// The masters between an object and one that has an owner; empty when it has one itself. The first master that leads there counts.
fn way_to_owner(object: &DraftObject, draft: &Draft, seen: &mut HashSet<Name>) -> Option<Vec<Arc<str>>> {
    if object.owned {
        return Some(Vec::new());
    }
    if !seen.insert(object.name.clone()) {
        return None;
    }
    object.fields.values().map(|drafted| &drafted.field).find_map(|field| {
        let FieldType::Lookup(lookup) = &field.ty else { return None };
        let master = draft.objects.get(&lookup.to).filter(|_| lookup.master)?;
        let mut steps = vec![field.name.shared()];
        steps.extend(way_to_owner(master, draft, seen)?);
        Some(steps)
    })
}

fn filtered(
    scoping: &Scoping<'_>,
    filter: &serde_json::Map<String, serde_json::Value>,
    at: &At,
    report: &mut Report,
) -> Option<Expr> {
    let json = serde_json::Value::Object(filter.clone());
    let condition = scope_filter(&json, scoping.names, &scoping.object.name, at, report).ok()?;
    if condition.is_none() {
        let mut finding =
            Finding::new(codes::BAD_SCOPE, "", "A filter without conditions selects every record");
        finding.expected = Some("a filter with a condition, or `all`".to_owned());
        finding.found = Some("{}".to_owned());
        report.error(at, finding);
    }
    condition.filter(|condition| is_known(scoping, condition, at, report))
}

/// Whether what is asked of the user is kept in their record: what is computed when it is read is not known of them.
fn is_known(scoping: &Scoping<'_>, condition: &Expr, at: &At, report: &mut Report) -> bool {
    if let Node::Field(path) = &condition.node
        && path.root == Root::User
        && let Some(name) = path.steps.first()
        && let Some(ty @ (FieldType::Formula { stored: false, .. } | FieldType::Rollup { .. })) =
            scoping.draft.ty("user", name)
    {
        let message = format!("`$user.{name}` is computed when it is read, so no scope can compare with it");
        let mut finding = Finding::new(codes::BAD_SCOPE, "", message);
        finding.expected = Some("a field that is stored; a formula with `x-stored`".to_owned());
        finding.found = Some(crate::field::type_name(ty).to_owned());
        report.error(at, finding);
        return false;
    }
    condition.children().all(|child| is_known(scoping, child, at, report))
}
