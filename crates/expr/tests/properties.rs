//! What holds of all expressions and filters.

use expr::arbitrary::{Vocabulary, expressions, filters, records};
use expr::filter::{Values, read};
use expr::sample::{Record, Sample, World};
use expr::{EvalError, Expr, Moment, Node, Type, Value, evaluate, parse};
use proptest::prelude::*;

fn moment() -> Moment {
    Moment { now: "2026-01-30T23:30:00Z".parse().expect("an instant"), zone: chrono_tz::Asia::Shanghai }
}

fn world(record: Record, slots: Vec<Value>) -> World {
    World {
        record,
        old: Record::default(),
        user: Record::default(),
        settings: std::collections::BTreeMap::new(),
        slots,
        moment: moment(),
        folded: vec!["name".to_owned()],
    }
}

fn any_expression() -> impl Strategy<Value = Expr> {
    let words = Vocabulary::of(&Sample, "deal");
    let types = [Type::Bool, Type::Int, Type::Decimal, Type::Float, Type::Text, Type::Date, Type::DateTime];
    proptest::strategy::Union::new(types.map(|ty| expressions(&words, &ty, 3)))
}

/// JSON with the words of filters at any place.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        proptest::sample::select(vec!["", "won", "last 7 days", "2026-01-31", "7d", "1.5", "\\", "\0"])
            .prop_map(serde_json::Value::from),
    ];
    let key = proptest::sample::select(vec![
        "and",
        "or",
        "not",
        "some",
        "every",
        "none",
        "count",
        "filter",
        "isNull",
        "eq",
        "in",
        "between",
        "like",
        "relative",
        "hasAny",
        "name",
        "amount",
        "stage",
        "tags",
        "closeDate",
        "dueAt",
        "effort",
        "account",
        "subject",
        "address",
        "city",
        "tasks",
        "deals",
        "id",
        "bogus",
    ]);
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            3 => proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|map| map.into_iter().map(|(key, json)| (key.to_owned(), json)).collect()),
        ]
    })
}

/// Whether the value is one of the type, or null.
fn fits(value: &Value, ty: &Type) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => *ty == Type::Bool,
        Value::Int(_) => *ty == Type::Int,
        Value::Decimal(_) => *ty == Type::Decimal,
        Value::Float(v) => *ty == Type::Float && v.is_finite(),
        Value::Text(_) => *ty == Type::Text,
        Value::Date(_) => *ty == Type::Date,
        Value::Time(_) => *ty == Type::Time,
        Value::DateTime(_) => *ty == Type::DateTime,
        Value::Duration(_) => *ty == Type::Duration,
        Value::Id(_) => *ty == Type::Id,
        Value::List(_) => matches!(ty, Type::List(_)),
        Value::Json(_) => *ty == Type::Json,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(expr in any_expression()) {
        let text = expr.to_string();
        let again = parse(&text, &Sample, "deal", None);
        prop_assert!(again.is_ok(), "{text}: {again:?}");
        prop_assert_eq!(again.expect("was checked").without_places(), expr.without_places(), "{}", text);
    }

    #[test]
    fn values_have_the_type_that_was_checked(expr in any_expression(), record in records(&Sample, "deal")) {
        match evaluate(&expr, &world(record, Vec::new())) {
            Ok(value) => prop_assert!(fits(&value, &expr.ty), "{expr}: {value:?} is no {}", expr.ty),
            Err(error) => prop_assert_eq!(error, EvalError::Overflow, "{}", expr),
        }
    }

    #[test]
    fn filters_mean_the_same_inline_and_in_slots(filter in filters(&Sample, "deal", 3), record in records(&Sample, "deal")) {
        let inline = read(&filter, &Sample, "deal", &mut Values::Inline);
        prop_assert!(inline.is_ok(), "{filter}: {inline:?}");
        let mut values = Values::Slots { values: Vec::new(), moment: moment() };
        let slotted = read(&filter, &Sample, "deal", &mut values).expect("reads in slots too");
        let Values::Slots { values, .. } = values else { unreachable!("slots stay slots") };
        let world = world(record, values);
        let of = |tree: Option<Expr>| tree.map(|tree| evaluate(&tree, &world)).transpose();
        let (inline, slotted) = (of(inline.expect("was checked")), of(slotted));
        prop_assert_eq!(&inline, &slotted, "{}", filter);
        prop_assert!(matches!(inline, Ok(None | Some(Value::Bool(_)))), "{inline:?}");
    }

    #[test]
    fn a_complement_is_a_complement(filter in filters(&Sample, "deal", 2), record in records(&Sample, "deal")) {
        let tree = read(&filter, &Sample, "deal", &mut Values::Inline).expect("reads").expect("asks something");
        let world = world(record, Vec::new());
        let truth = evaluate(&tree, &world);
        let complement = evaluate(&Expr::condition(Node::Not(Box::new(tree))), &world);
        prop_assert_eq!(complement.map(|v| Value::Bool(v == Value::Bool(false))), truth);
    }

    #[test]
    fn no_json_panics(json in any_json()) {
        for mut values in [Values::Inline, Values::Slots { values: Vec::new(), moment: moment() }] {
            if let Err(problems) = read(&json, &Sample, "deal", &mut values) {
                prop_assert!(!problems.is_empty(), "{json}");
            }
        }
    }

    #[test]
    fn no_text_panics(source in "\\PC{0,80}") {
        let _ = parse(&source, &Sample, "deal", None);
    }

    #[test]
    fn no_row_of_words_panics(words in proptest::collection::vec(proptest::sample::select(vec![
        "record", ".", "amount", "tasks", "tags", "closeDate", "(", ")", "[", "]", "{", "}", "if", "else", "in", "!", "-", "+", "*", "/",
        "%", "==", "<", "&&", "||", "??", ",", "1", "2.5", "1e9", "\"7d\"", "'x'", "null", "true", "count", "round", "min", "date", "some",
        "contains", "dateFrom", "today", "user", "old", "settings", "9223372036854775808", "\"", "\\",
    ]), 0..25)) {
        let _ = parse(&words.join(" "), &Sample, "deal", Some(&Type::Bool));
        let _ = parse(&words.concat(), &Sample, "deal", None);
    }
}
