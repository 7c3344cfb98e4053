//! What is asked of lifecycles.

use expr::Value;
use query::request::{FunnelPart, LifecyclePart, Read, RecordItem, Told};
use serde_json::json;

use super::{refused, run};
use crate::lower::RootItem;

fn read(text: &str) -> (Read, Vec<Value>) {
    let mut lowered = run(text, &json!({})).expect("a lowered document");
    match lowered.roots.remove(0).item {
        RootItem::Read(read, values) => (read, values),
        other => unreachable!("a read, not {other:?}"),
    }
}

#[test]
fn a_selected_lifecycle_is_where_the_record_stands() {
    let (asked, values) = read(
        "{ opportunity(id: \"0190f5fe-0000-7000-8000-000000000001\") { stage
             lifecycle { name stage enteredAt history(last: 3) { to enteredAt } }
             then: lifecycle(asOf: \"2026-01-01T00:00:00Z\") { stage } } }",
    );
    let Read::Record(record) = asked else { unreachable!("a record") };
    let [stage, now, then] = record.selection.as_slice() else { unreachable!("three fields") };
    assert!(matches!(&stage.item, RecordItem::Value(name) if &**name == "stage"));
    let RecordItem::Lifecycle(now) = &now.item else { unreachable!("a lifecycle") };
    assert!(now.as_of.is_none() && matches!(now.parts[0].item, LifecyclePart::Name));
    let LifecyclePart::History(stays) = &now.parts[3].item else { unreachable!("the stays") };
    assert!(stays.backward && values[usize::from(stays.size)] == Value::Int(3));
    let RecordItem::Lifecycle(then) = &then.item else { unreachable!("a lifecycle") };
    let at = then.as_of.and_then(|slot| values.get(usize::from(slot)));
    assert_eq!(at.map(Value::to_text).as_deref(), Some("2026-01-01T00:00:00.000000Z"));
}

#[test]
fn what_is_relative_is_counted_from_then() {
    let asked = |as_of: &str| {
        read(&format!("{{ opportunities(filter: {{stageAge: {{gt: \"7d\"}}}}{as_of}) {{ totalCount }} }}")).1
    };
    let then = asked(", asOf: \"2026-01-08T00:00:00Z\"");
    assert!(then.iter().any(|value| value.to_text() == "2026-01-01T00:00:00.000000Z"), "{then:?}");
    assert!(asked("").iter().all(|value| value.to_text() != "2026-01-01T00:00:00.000000Z"));
}

#[test]
fn a_funnel_is_of_one_lifecycle() {
    let (asked, _) =
        read("{ opportunityFunnel(lifecycle: sale, from: \"2026-01-01T00:00:00Z\") { stage kind entered } }");
    let Read::Stages(asked) = asked else { unreachable!("stages") };
    let Told::Funnel { period, parts } = asked.told else { unreachable!("a funnel") };
    assert!(&*asked.lifecycle == "sale" && period.from.is_some() && period.to.is_none());
    assert_eq!(parts[2].item, FunnelPart::Entered);
    let error = refused("{ opportunityFunnel { stage } }", &json!({}));
    assert_eq!(error["message"], "opportunity has several lifecycles: say which");
    assert_eq!(error["extensions"]["expected"], "sale, renewal");
    for text in [
        "{ opportunityVelocity(lifecycle: sale, first: 1001) { from } }",
        "{ opportunities { nodes { lifecycle { history(first: 1, last: 1) { to } } } } }",
        "{ opportunities { nodes { lifecycle { history(first: 1001) { to } } } } }",
        "{ opportunityAging(lifecycle: sale, asOf: \"yesterday\") { stage } }",
    ] {
        assert_eq!(refused(text, &json!({}))["extensions"]["code"], "VALIDATION", "{text}");
    }
}
