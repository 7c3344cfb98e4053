//! What is refused before any SQL: names that are not there, pages that are too large, nesting that costs too much.

use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};
use query::access::{Access, Denied, Permitted, permit, permit_write};
use query::cost::{Cost, CostExceeded, check};
use query::request::{Batch, Input, Operation, Read, RecordData, RecordRef, Selection, Write};
use std::sync::Arc;

use crate::world;
use crate::world::shape::*;

fn permitted(read: Read) -> Result<Permitted<Read>, Denied> {
    permit(&world::catalog(), &Access::Everything, read)
}

fn deals(selection: Selection) -> Read {
    read(list("deal", args(None, vec![], page(0)), vec![nodes(selection)]))
}

fn unknown_field(object: &str, field: &str) -> Denied {
    Denied::UnknownField { object: object.to_owned(), field: field.to_owned() }
}

#[test]
fn unknown_names_are_refused_wherever_they_stand() {
    let refused = |read: Read| permitted(read).expect_err("refused");
    assert_eq!(
        refused(read(list("nobody", args(None, vec![], page(0)), vec![total()]))),
        Denied::UnknownObject { object: "nobody".to_owned() }
    );
    assert_eq!(refused(deals(values(&["salary"]))), unknown_field("deal", "salary"));
    assert_eq!(refused(deals(vec![one("account", values(&["salary"]))])), unknown_field("account", "salary"));
    assert_eq!(refused(deals(vec![parts("address", &["planet"])])), unknown_field("deal.address", "planet"));
    let order = vec![order("account.salary", false, false)];
    assert_eq!(
        refused(read(list("deal", args(None, order, page(0)), vec![total()]))),
        unknown_field("account", "salary")
    );
    let below_tasks = list("task", args(None, vec![], page(0)), vec![nodes(values(&["salary"]))]);
    assert_eq!(refused(deals(vec![below("tasks", below_tasks)])), unknown_field("task", "salary"));
}

#[test]
fn fields_of_another_kind_are_refused() {
    let wrong = |read: Read| matches!(permitted(read), Err(Denied::WrongKind { .. }));
    assert!(wrong(deals(values(&["account"]))));
    assert!(wrong(deals(values(&["tasks"]))));
    assert!(wrong(deals(values(&["address"]))));
    assert!(wrong(deals(vec![one("name", values(&["id"]))])));
    assert!(wrong(deals(vec![one_of("subject", vec![("task", values(&["id"]))])])));
    let users = list("user", args(None, vec![], page(0)), vec![total()]);
    assert!(wrong(deals(vec![below("tasks", users)])));
}

#[test]
fn a_filter_is_walked_down_to_its_leaves() {
    let path = FieldPath { root: Root::Record, steps: vec![Arc::from("account"), Arc::from("salary")] };
    let leaf = |path| Expr { node: Node::Field(path), ty: Type::Bool, span: Span::default() };
    let filter = |path| Expr { node: Node::Not(Box::new(leaf(path))), ty: Type::Bool, span: Span::default() };
    let asked = |path| read(list("deal", args(Some(filter(path)), vec![], page(0)), vec![total()]));
    assert_eq!(permitted(asked(path.clone())).expect_err("refused"), unknown_field("account", "salary"));
    let user = FieldPath { root: Root::User, ..path };
    assert_eq!(permitted(asked(user)).expect_err("refused"), Denied::WrongRoot);
}

#[test]
fn writes_are_walked_too() {
    let catalog = world::catalog();
    let create = |fields: Vec<(&str, Input)>| {
        let fields = fields.into_iter().map(|(text, input)| (world::name(text), input)).collect();
        let write = Write {
            object: world::name("deal"),
            operation: Operation::Create(
                vec![RecordData { fields, ..RecordData::default() }],
                Batch::AllOrNone,
            ),
            dry_run: false,
            idempotency_key: None,
        };
        permit_write(&catalog, &Access::Everything, write).map(|_| ())
    };
    assert_eq!(create(vec![("name", Input::Value(Value::Text("a".into())))]), Ok(()));
    assert_eq!(create(vec![("salary", Input::Value(Value::Null))]), Err(unknown_field("deal", "salary")));
    let by = |field: &str| Input::One(RecordRef::By(world::name(field), Value::Text("a".into())));
    assert_eq!(create(vec![("account", by("name"))]), Ok(()));
    assert_eq!(create(vec![("account", by("salary"))]), Err(unknown_field("account", "salary")));
    assert!(matches!(create(vec![("name", by("name"))]), Err(Denied::WrongKind { .. })));
}

fn nested(levels: usize) -> Read {
    let mut selection = values(&["id"]);
    for _ in 0..levels {
        selection =
            vec![below("children", list("account", args(None, vec![], page(0)), vec![nodes(selection)]))];
    }
    read(list("account", args(None, vec![], page(0)), vec![nodes(selection)]))
}

fn cost(read: Read, values: &[Value]) -> Result<Cost, CostExceeded> {
    check(&permitted(read).expect("permitted"), values)
}

#[test]
fn cost_multiplies_page_sizes() {
    assert_eq!(cost(nested(0), &[Value::Int(50)]), Ok(Cost { rows: 50, depth: 1 }));
    assert_eq!(cost(nested(1), &[Value::Int(10)]), Ok(Cost { rows: 110, depth: 2 }));
    assert_eq!(cost(nested(0), &[Value::Null]), Ok(Cost { rows: 50, depth: 1 }));
    assert_eq!(cost(nested(1), &[Value::Int(1000)]), Err(CostExceeded::Rows { rows: 1_001_000 }));
    assert_eq!(cost(nested(15), &[Value::Int(1)]), Err(CostExceeded::Depth { depth: 16 }));
    assert_eq!(cost(nested(12), &[Value::Int(0)]), Ok(Cost { rows: 0, depth: 13 }));
}

#[test]
fn page_sizes_out_of_range_are_refused() {
    assert_eq!(cost(nested(0), &[Value::Int(1000)]).map(|cost| cost.rows), Ok(1000));
    assert_eq!(cost(nested(0), &[Value::Int(1001)]), Err(CostExceeded::PageSize { size: 1001 }));
    assert_eq!(cost(nested(0), &[Value::Int(-1)]), Err(CostExceeded::PageSize { size: -1 }));
    let mut skipping = page(0);
    skipping.offset = Some(1);
    let read = read(list("account", args(None, vec![], skipping), vec![nodes(values(&["id"]))]));
    assert_eq!(cost(read, &[Value::Int(1), Value::Int(-5)]), Err(CostExceeded::Offset { offset: -5 }));
}

#[test]
fn each_alias_counts() {
    let tasks = || list("task", args(None, vec![], page(0)), vec![nodes(values(&["id"]))]);
    let mut selection = vec![below("tasks", tasks()), below("tasks", tasks())];
    selection[1].key = Arc::from("again");
    assert_eq!(cost(deals(selection), &[Value::Int(10)]), Ok(Cost { rows: 210, depth: 2 }));
}
