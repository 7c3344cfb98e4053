//! What roles let through: names, rows, writes.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};
use indexmap::{IndexMap, IndexSet};
use metadata::Name;
use metadata::catalog::{
    Action, Catalog, FACT_TEAM, Field, FieldGrant, Grant, Object, Right, Role, Scope, ScopeKind,
};
use query::access::{
    Access, Denied, Facts, Rows, Shared, Shares, Transfer, permit, permit_transfer, permit_write,
};
use query::lower::lower;
use query::request::{Batch, Input, Operation, Read, RecordData, Which, Write};
use sql::Dialect;
use uuid::Uuid;

use crate::world;
use crate::world::name;
use crate::world::shape::*;

fn path(root: Root, steps: &str, ty: Type) -> Expr {
    let steps = steps.split('.').map(Arc::from).collect();
    Expr { node: Node::Field(FieldPath { root, steps }), ty, span: Span::default() }
}

fn scope(kind: ScopeKind, condition: Option<Expr>) -> Scope {
    Scope { kind, condition, role: name("sales"), text: format!("{kind:?}").to_lowercase() }
}

fn team() -> Scope {
    let owner = path(Root::Record, "owner.id", Type::Id);
    let team = path(Root::User, FACT_TEAM, Type::List(Box::new(Type::Id)));
    scope(ScopeKind::Team, Some(Expr::condition(Node::In(Box::new(owner), Box::new(team)))))
}

fn all() -> Scope {
    scope(ScopeKind::All, None)
}

/// Those whose `tier` is the one of the user.
fn same_tier() -> Scope {
    let tier = path(Root::Record, "tier", Type::Text);
    let own = path(Root::User, "tier", Type::Text);
    let list =
        Expr { node: Node::List(vec![own]), ty: Type::List(Box::new(Type::Text)), span: Span::default() };
    scope(ScopeKind::Filter, Some(Expr::condition(Node::In(Box::new(tier), Box::new(list)))))
}

fn fields(names: &[&str]) -> FieldGrant {
    FieldGrant {
        all: names.contains(&"*"),
        names: names.iter().filter(|text| **text != "*").map(|text| name(text)).collect(),
    }
}

fn grant(read: Vec<Scope>, reads: &[&str], writes: &[&str]) -> Grant {
    Grant { read, reads: fields(reads), writes: fields(writes), ..Grant::default() }
}

fn with_role(catalog: Catalog, objects: Vec<(&str, Grant)>) -> Arc<Catalog> {
    let role = Role {
        name: name("sales"),
        title: "Sales".to_owned(),
        titles: IndexMap::new(),
        description: None,
        package: "world".to_owned(),
        inherits: Vec::new(),
        objects: objects.into_iter().map(|(object, grant)| (name(object), grant)).collect(),
        metadata: IndexSet::from([Right::Read]),
        renamed_from: None,
    };
    Arc::new(Catalog { roles: IndexMap::from([(name("sales"), Arc::new(role))]), ..catalog })
}

fn sales(catalog: &Catalog, shares: &Shares) -> Access {
    Access::of(catalog, &[name("sales")], shares)
}

/// Deals of the team without their cost and note; accounts of the user's tier.
fn world() -> (Arc<Catalog>, Access) {
    let mut deals = grant(
        vec![team()],
        &["name", "stage", "amount", "account", "owner", "subject", "closeDate", "doubled", "openTasks"],
        &["name", "cost"],
    );
    deals.update = vec![team()];
    deals.create = vec![team()];
    let accounts = grant(vec![same_tier()], &["*"], &[]);
    let users = grant(vec![all()], &["name"], &[]);
    let catalog = with_role(world::catalog(), vec![("deal", deals), ("account", accounts), ("user", users)]);
    let access = sales(&catalog, &Shares::default());
    (catalog, access)
}

fn deals(selection: query::request::Selection) -> Read {
    read(list("deal", args(None, vec![], page(0)), vec![nodes(selection)]))
}

fn unknown(object: &str, field: &str) -> Denied {
    Denied::UnknownField { object: object.to_owned(), field: field.to_owned() }
}

#[test]
fn what_is_hidden_is_unknown_wherever_it_is_named() {
    let (catalog, access) = world();
    let refused = |read: Read| permit(&catalog, &access, read).expect_err("refused");
    assert_eq!(refused(deals(values(&["cost"]))), unknown("deal", "cost"));
    assert_eq!(refused(deals(values(&["nowhere"]))), unknown("deal", "nowhere"));
    let ordered = |by| read(list("deal", args(None, vec![order(by, false, false)], page(0)), vec![total()]));
    assert_eq!(refused(ordered("cost")), unknown("deal", "cost"));
    let filter = world::parse(&catalog, "deal", "record.cost > 10");
    let filtered = read(list("deal", args(Some(filter), vec![], page(0)), vec![total()]));
    assert_eq!(refused(filtered), unknown("deal", "cost"));
    let hidden = read(list("task", args(None, vec![], page(0)), vec![total()]));
    assert_eq!(refused(hidden), Denied::UnknownObject { object: "task".to_owned() });
    let folded = fold(metadata::catalog::Aggregate::Max, "max", &["cost"]);
    let aggregate = keyed("aggregate", query::request::ListPart::Aggregate(vec![folded]));
    let aggregated = read(list("deal", args(None, vec![], page(0)), vec![aggregate]));
    assert_eq!(refused(aggregated), unknown("deal", "cost"));
    assert!(permit(&catalog, &access, deals(values(&["id", "name", "amount"]))).is_ok());
}

#[test]
fn what_rests_on_the_hidden_is_hidden_too() {
    let (catalog, access) = world();
    let seen = access.visible(&catalog);
    let deal = seen.object("deal").expect("the object");
    let names: Vec<&str> = deal.fields.keys().map(Name::as_str).collect();
    // `openTasks` counts records of an object that nobody may see; `tasks` and `members` lead there or come from no grant.
    assert_eq!(
        names,
        ["id", "name", "stage", "amount", "closeDate", "account", "owner", "subject", "members", "doubled"]
    );
    assert_eq!(deal.search, [name("name")]);
    assert!(seen.object("task").is_none());
    let user = seen.object("user").expect("the object");
    assert_eq!(user.fields.keys().map(Name::as_str).collect::<Vec<_>>(), ["id", "name", "deals", "subjects"]);
    assert_ne!(seen.hash, catalog.hash);
}

#[test]
fn equal_sight_has_one_schema() {
    let (catalog, access) = world();
    let narrow = with_role(world::catalog(), vec![("user", grant(vec![all()], &["name"], &[]))]);
    let wide = with_role(world::catalog(), vec![("user", grant(vec![all()], &["name", "country"], &[]))]);
    let hash = |catalog: &Arc<Catalog>| sales(catalog, &Shares::default()).visible(catalog).hash.clone();
    assert_ne!(hash(&narrow), hash(&wide));
    let other_rows = with_role(world::catalog(), vec![("user", grant(vec![same_tier()], &["name"], &[]))]);
    assert_eq!(hash(&narrow), hash(&other_rows));
    assert!(
        permit_transfer(&catalog, &access, "deal", Transfer::Export).is_err_and(|denied| denied.forbidden())
    );
    assert!(
        permit_transfer(&catalog, &access, "task", Transfer::Export).is_err_and(|denied| !denied.forbidden())
    );
}

fn write(operation: Operation) -> Write {
    Write { object: name("deal"), operation, dry_run: false, idempotency_key: None }
}

fn data(field: &str) -> RecordData {
    let fields = vec![(name(field), Input::Value(Value::Text("x".to_owned())))];
    RecordData { fields, ..RecordData::default() }
}

#[test]
fn writes_need_the_act_and_the_field() {
    let (catalog, access) = world();
    let asked = |operation| permit_write(&catalog, &access, write(operation)).map(|_| ());
    let id = Uuid::nil();
    let update = |field: &str| Operation::Update { id, data: data(field), expected_version: None };
    assert_eq!(asked(update("name")), Ok(()));
    assert_eq!(
        asked(update("stage")),
        Err(Denied::ForbiddenField { object: "deal".to_owned(), field: "stage".to_owned() })
    );
    // Granted for writing but not for reading: it does not exist.
    assert_eq!(asked(update("cost")), Err(unknown("deal", "cost")));
    let delete = asked(Operation::Delete(Which::One(id), Batch::Each));
    assert!(delete.is_err_and(|denied| denied.forbidden()));
    assert_eq!(access.rows("deal", Action::Destroy), &Rows::None);
}

#[test]
fn scopes_stand_at_every_table() {
    let (catalog, access) = world();
    let mut selection = values(&["id", "doubled"]);
    selection.push(one("account", values(&["name"])));
    let below = list("deal", args(None, vec![], page(1)), vec![total()]);
    let mut accounts = values(&["name"]);
    accounts.push(crate::world::shape::below("deals", below));
    let filter = world::parse(&catalog, "deal", "contains(record.account.name, \"a\")");
    let mut text = String::new();
    let reads = [
        read(list(
            "deal",
            args(Some(filter), vec![order("account.name", false, false)], page(0)),
            vec![nodes(selection)],
        )),
        read(list("account", args(None, vec![], page(0)), vec![nodes(accounts)])),
    ];
    for read in reads {
        let read = permit(&catalog, &access, read).expect("permitted");
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let lowered = lower(&read, &catalog, dialect).expect("lowered");
            let _ = writeln!(text, "-- {dialect:?}\n{}", lowered.statement.shown().replace('§', ""));
            let _ = writeln!(text, "-- {:?}\n", lowered.slots);
        }
    }
    insta::assert_snapshot!("scopes", text);
}

#[test]
fn shares_open_records_until_they_end() {
    let (catalog, without) = world();
    let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
    let (ending, lasting) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut facts = Facts::of(Uuid::from_u128(9), &[], &[]);
    facts.share(
        &name("deal"),
        [
            Shared { record: ending, update: true, expires: Some(now) },
            Shared { record: lasting, update: false, expires: None },
        ],
    );
    facts.share(&name("task"), [Shared { record: lasting, update: true, expires: None }]);
    let access = sales(&catalog, &facts.shares());
    assert_ne!(access, without);
    // A share opens a record, not an object that the role does not know.
    assert!(access.visible(&catalog).object("task").is_none());
    let rules = access.rules("deal", Action::Update).expect("limited");
    assert_eq!(rules.iter().map(|rule| rule.text.as_str()).collect::<Vec<_>>(), ["team", "share"]);
    let shared = |action: Action, at| {
        let path: Vec<Arc<str>> = ["#shared", "deal", action.as_str()].map(Arc::from).to_vec();
        facts.value(&path, at)
    };
    let before = now - TimeDelta::microseconds(1);
    assert_eq!(shared(Action::Update, before), Value::List(vec![Value::Id(ending)]));
    assert_eq!(shared(Action::Update, now), Value::List(vec![]));
    assert_eq!(shared(Action::Read, now), Value::List(vec![Value::Id(lasting)]));
}

#[test]
fn rights_are_handed_on_only_by_those_who_have_them() {
    let (catalog, access) = world();
    let wider = with_role(
        world::catalog(),
        vec![("deal", grant(vec![all()], &["*"], &["*"])), ("user", grant(vec![all()], &["name"], &[]))],
    );
    let other = sales(&wider, &Shares::default());
    assert!(access.covers(&access) && Access::Everything.covers(&access));
    assert!(!access.covers(&other) && !access.covers(&Access::Everything));
    assert!(!other.covers(&access));
    let none = Access::of(&catalog, &[name("nobody")], &Shares::default());
    assert!(access.covers(&none) && none.visible(&catalog).objects.is_empty());
}

#[test]
fn system_scope_shows_what_it_rests_on() {
    let hidden = |catalog: &Catalog, field: &str| {
        let system = |object: &Arc<Object>| {
            let fields = object.fields.iter().map(|(key, of)| {
                let system_scope = **key == *field;
                (key.clone(), Arc::new(Field { system_scope, ..Field::clone(of) }))
            });
            Arc::new(Object { fields: fields.collect(), ..Object::clone(object) })
        };
        let objects = catalog.objects.iter().map(|(key, object)| (key.clone(), system(object))).collect();
        Catalog { objects, ..catalog.clone() }
    };
    let catalog = hidden(&world::catalog(), "openTasks");
    let catalog = with_role(catalog, vec![("deal", grant(vec![all()], &["openTasks"], &[]))]);
    let access = sales(&catalog, &Shares::default());
    assert!(access.sees("deal", "openTasks") && !access.sees("deal", "tasks"));
    let read = permit(&catalog, &access, deals(values(&["openTasks"]))).expect("permitted");
    let lowered = lower(&read, &catalog, Dialect::Postgres).expect("lowered");
    assert!(lowered.statement.shown().contains("task"), "the platform counts what the reader does not see");
}
