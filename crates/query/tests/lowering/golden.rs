//! The SQL of representative reads, on both dialects.

use std::fmt::Write as _;

use crate::world;
use crate::world::shape::*;
use metadata::catalog::{Aggregate, Catalog};
use query::access::{Access, permit};
use query::lower::{Lowered, lower};
use query::request::{
    AggregateItem, AgingPart, CursorKey, FunnelPart, Length, LifecyclePart, LifecycleRead, ListPart, Page,
    Period, Read, RecordItem, StageFact, StageRead, StayList, StayPart, Told, Velocity, VelocityPart,
};
use sql::Dialect;

fn lowered(catalog: &Catalog, read: Read, dialect: Dialect) -> Lowered {
    let read = permit(catalog, &Access::Everything, read).expect("permitted");
    lower(&read, catalog, dialect).expect("lowered")
}

fn check(name: &str, read: &Read) {
    check_of(&world::catalog(), name, read);
}

fn check_of(catalog: &Catalog, name: &str, read: &Read) {
    let mut text = String::new();
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let lowered = lowered(catalog, read.clone(), dialect);
        let _ = writeln!(text, "-- {dialect:?}\n{}", lowered.statement.shown().replace('§', ""));
        for (place, param) in lowered.statement.params.iter().enumerate() {
            let _ = writeln!(text, "-- {}: {param:?}", place + 1);
        }
        let _ = writeln!(text, "-- {:?}\n", lowered.slots);
    }
    insta::assert_snapshot!(name, text);
}

#[test]
fn flat_list() {
    let catalog = world::catalog();
    let filter = world::parse(
        &catalog,
        "deal",
        "record.amount > 10 && contains(record.name, \"é%\") && record.account.tier == \"A\"",
    );
    let mut selection = values(&["id", "name", "amount", "closeDate", "doubled", "openTasks"]);
    selection.push(one("account", values(&["name", "tier"])));
    selection.push(parts("address", &["city"]));
    let args = args(Some(filter), vec![order("closeDate", true, true)], page(0));
    check("flat_list", &read(list("deal", args, vec![nodes(selection), page_info()])));
}

#[test]
fn totals_beside_a_page() {
    let aggregate = ListPart::Aggregate(vec![
        keyed("count", AggregateItem::Count),
        fold(Aggregate::Sum, "sum", &["amount", "fee", "count"]),
        fold(Aggregate::Avg, "avg", &["count"]),
    ]);
    let args = args(None, vec![order("account.name", false, false)], page(0));
    let list = list("deal", args, vec![total(), keyed("aggregate", aggregate), edges(values(&["id"]))]);
    check("totals_beside_a_page", &read(list));
}

#[test]
fn nested_lists() {
    let mut contact = values(&["id", "name"]);
    contact.push(one("deal", values(&["name"])));
    let tasks = list("task", args(None, vec![order("dueDate", false, false)], page(1)), vec![nodes(contact)]);
    let members =
        list("user", args(None, vec![], page(1)), vec![edges(values(&["name"])), page_info(), total()]);
    let mut deal = values(&["id", "name"]);
    deal.push(below("tasks", tasks));
    deal.push(below("members", members));
    deal.push(one_of("subject", vec![("account", values(&["name"])), ("user", values(&["country"]))]));
    let read = read(list("deal", args(None, vec![], page(0)), vec![nodes(deal)]));
    check("nested_lists", &read);
}

#[test]
fn deep_offset() {
    let mut page = page(0);
    page.offset = Some(1);
    let args = args(None, vec![order("closeDate", false, false)], page);
    check("deep_offset", &read(list("deal", args, vec![nodes(values(&["id", "name"]))])));
}

#[test]
fn quantifiers() {
    let catalog = world::catalog();
    let source = "every(record.tasks, record.done == true) && !(record.account.parent.name == \"x\" || some(record.tasks, record.points > 3)) \
                  && count(record.tasks) >= 2 && record.account.spent > 1";
    let filter = world::parse(&catalog, "deal", source);
    let read = read(list("deal", args(Some(filter), vec![], page(0)), vec![total()]));
    check("quantifiers", &read);
}

#[test]
fn behind_a_position() {
    let position = |first| vec![first, CursorKey::Slot(2)];
    let asked = |key, position| {
        let page = Page { after: Some(position), ..page(0) };
        read(list("deal", args(None, vec![key], page), vec![nodes(values(&["id", "name"])), page_info()]))
    };
    let up = || order("closeDate", false, false);
    check("behind_a_value_with_nulls_to_come", &asked(up(), position(CursorKey::Slot(1))));
    check("behind_a_null", &asked(up(), position(CursorKey::Null)));
    check(
        "behind_a_value_with_nulls_before",
        &asked(order("closeDate", true, true), position(CursorKey::Slot(1))),
    );
    check(
        "behind_a_value_that_is_never_null",
        &asked(order("createdAt", false, false), position(CursorKey::Slot(1))),
    );
}

/// The same over leads that pass through stages.
fn check_staged(name: &str, read: &Read) {
    check_of(&world::staged::catalog(), name, read);
}

#[test]
fn stages() {
    let parts = vec![
        keyed("stage", LifecyclePart::Stage),
        keyed("moves", LifecyclePart::Moves(Vec::new())),
        keyed(
            "history",
            LifecyclePart::History(StayList {
                size: 0,
                backward: true,
                after: None,
                before: None,
                parts: vec![keyed("to", StayPart::To), keyed("days", StayPart::Days)],
            }),
        ),
    ];
    let lifecycle = LifecycleRead { as_of: None, parts };
    let mut selection = values(&["id"]);
    selection.push(keyed("lifecycle", RecordItem::Lifecycle(Box::new(lifecycle))));
    let mut then = args(None, vec![order("stage", false, false)], page(0));
    then.as_of = Some(1);
    check_staged("stages_of_then", &read(list("lead", then, vec![nodes(selection)])));
    let stages = |told| {
        let (object, lifecycle) = (world::name("lead"), world::name("mtl"));
        Read::Stages(StageRead { object, lifecycle, filter: None, as_of: None, told })
    };
    let parts = vec![
        keyed("from", VelocityPart::From),
        keyed("count", VelocityPart::Count),
        keyed("mean", VelocityPart::Days(Length::Mean)),
        keyed("p90", VelocityPart::Days(Length::NinetyPercent)),
    ];
    let period = Period { from: Some(2), to: None };
    let (pass, from_stage, to_stage) = (None, None, None);
    let by = Some(sql::Bucket::Month);
    let velocity = Velocity { period, by, zone: 1, pass, from_stage, to_stage, size: 0, parts };
    check_staged("velocity", &stages(Told::Velocity(velocity)));
    let parts = vec![
        keyed("stage", FunnelPart::Fact(StageFact::Name)),
        keyed("entered", FunnelPart::Entered),
        keyed("conversion", FunnelPart::Conversion),
    ];
    check_staged("funnel", &stages(Told::Funnel { period: Period::default(), parts }));
    let parts = vec![
        keyed("stage", AgingPart::Fact(StageFact::Name)),
        keyed("overdue", AgingPart::Overdue),
        keyed("p50", AgingPart::Days(Length::Median)),
    ];
    check_staged("aging", &stages(Told::Aging(parts)));
}
