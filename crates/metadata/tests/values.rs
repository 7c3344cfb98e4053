//! Values of every field type: read from JSON and text, written, and checked.

use indexmap::IndexMap;
use metadata::catalog::{FieldType, Object};
use metadata::{Base, SourceFile, field, resolve, validate};
use serde_json::{Value as Json, json};

const FIELDS: &str = r#"{
  "text": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-zé]+$"},
  "email": {"type": "string", "format": "email"},
  "url": {"type": "string", "format": "uri"},
  "color": {"x-type": "color"},
  "pick": {"type": "string", "enum": ["open", "won"], "x-labels": {"won": "Closed Won"}},
  "picks": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
  "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
  "flag": {"type": "boolean"},
  "int": {"type": "integer", "minimum": 0, "multipleOf": 5},
  "big": {"x-type": "bigint"},
  "float": {"type": "number", "exclusiveMaximum": 1, "multipleOf": 0.1},
  "dec": {"x-type": "decimal", "x-precision": 5, "x-scale": 2},
  "pct": {"x-type": "percent", "maximum": 100},
  "stars": {"x-type": "rating"},
  "sum": {"x-type": "money", "minimum": 0.01},
  "day": {"type": "string", "format": "date"},
  "hour": {"type": "string", "format": "time"},
  "at": {"type": "string", "format": "date-time"},
  "span": {"x-type": "duration"},
  "any": {"type": "object"},
  "where": {"x-type": "geoPoint"},
  "who": {"x-type": "lookup", "x-to": "thing"}
}"#;

fn thing(required: &str) -> std::sync::Arc<Object> {
    let object = format!(
        r#"{{"name": "thing", "plural": "things", "title": "Thing", "type": "object", "required": [{required}], "properties": {FIELDS}}}"#
    );
    let files = [
        SourceFile {
            path: "package.json".to_owned(),
            text: r#"{"name": "p", "version": "1.0.0"}"#.to_owned(),
        },
        SourceFile { path: "objects/thing.json".to_owned(), text: object },
    ];
    let resolved = resolve(&files, &Base::default()).expect("the object is sound");
    std::sync::Arc::clone(resolved.catalog.object("thing").expect("it is there"))
}

fn ty<'a>(object: &'a Object, name: &str) -> &'a FieldType {
    &object.field(name).expect("the field is there").ty
}

#[test]
fn json_goes_in_and_comes_out() {
    let object = thing("");
    for (name, read, written) in [
        ("text", json!("e\u{301}a"), json!("éa")),
        ("pick", json!("won"), json!("won")),
        ("picks", json!(["b", "a", "b"]), json!(["b", "a"])),
        ("flag", json!(true), json!(true)),
        ("int", json!(3.0), json!(3)),
        ("big", json!("9007199254740993"), json!("9007199254740993")),
        ("big", json!(-5), json!("-5")),
        ("float", json!(0.25), json!(0.25)),
        ("dec", json!("12.50"), json!("12.5")),
        ("dec", json!(0.1), json!("0.1")),
        ("sum", json!(1250), json!("1250")),
        ("day", json!("2026-02-28"), json!("2026-02-28")),
        ("hour", json!("14:30"), json!("14:30:00.000000")),
        ("at", json!("2026-03-31T14:30:00+02:00"), json!("2026-03-31T12:30:00.000000Z")),
        ("span", json!("36h"), json!("1d12h")),
        ("any", json!({"a": [1, null]}), json!({"a": [1, null]})),
        ("color", json!("#1A7F37"), json!("#1a7f37")),
        ("who", json!("0198f0a1-0000-7000-8000-000000000001"), json!("0198f0a1-0000-7000-8000-000000000001")),
        ("text", Json::Null, Json::Null),
    ] {
        let value = field::read_json(ty(&object, name), &read);
        let value = value.unwrap_or_else(|problem| unreachable!("{name} {read}: {problem:?}"));
        assert_eq!(field::write_json(ty(&object, name), &value), written, "{name}");
    }
}

#[test]
fn what_is_of_another_type_is_refused() {
    let object = thing("");
    for (name, json, rule) in [
        ("text", json!(1), "type"),
        ("text", json!("a\u{0}"), "type"),
        ("pick", json!("lost"), "enum"),
        ("pick", json!("Closed Won"), "enum"),
        ("picks", json!(["a", "c"]), "enum"),
        ("flag", json!("true"), "type"),
        ("int", json!(3_000_000_000_i64), "type"),
        ("int", json!(1.5), "type"),
        ("big", json!(1.5), "type"),
        ("dec", json!("1,5"), "type"),
        ("dec", json!("0.1234567"), "type"),
        ("day", json!("2026-02-30"), "format"),
        ("at", json!("2026-03-31"), "format"),
        ("span", json!("soon"), "format"),
        ("who", json!("ada"), "type"),
        ("tags", json!(["a", 1]), "type"),
        ("any", json!("a\u{0}"), "type"),
    ] {
        let problem = field::read_json(ty(&object, name), &json).expect_err(name);
        assert_eq!(problem.rule, rule, "{name} {json}");
    }
}

#[test]
fn cells_of_csv_are_read() {
    let object = thing("");
    for (name, cell, written) in [
        ("pick", "Closed Won", json!("won")),
        ("pick", "closed won", json!("won")),
        ("picks", "a; b;a", json!(["a", "b"])),
        ("tags", "x|y", json!(["x", "y"])),
        ("flag", "Yes", json!(true)),
        ("flag", "0", json!(false)),
        ("pct", "12.5 %", json!("12.5")),
        ("int", " 10 ", json!(10)),
        ("any", "{\"a\": 1}", json!({"a": 1})),
        ("text", "", Json::Null),
    ] {
        let value = field::read_text(ty(&object, name), cell);
        let value = value.unwrap_or_else(|problem| unreachable!("{name} {cell}: {problem:?}"));
        assert_eq!(field::write_json(ty(&object, name), &value), written, "{name} {cell}");
    }
}

#[test]
fn limits_are_checked_exactly() {
    let object = thing("\"text\", \"where\"");
    let check = |values: &[(&str, Json)]| -> Vec<(String, &'static str)> {
        let mut record = IndexMap::new();
        for (name, json) in values {
            let value = field::read_json(ty(&object, name), json);
            record.insert((*name).to_owned(), value.unwrap_or_else(|problem| unreachable!("{problem:?}")));
        }
        record.insert("where.latitude".to_owned(), expr::Value::Float(91.0));
        validate(&object, &record)
            .into_iter()
            .map(|v| (v.path, v.rule))
            .filter(|(path, _)| path != "where.latitude")
            .collect()
    };
    assert_eq!(check(&[]), [("text".to_owned(), "required")]);
    let fine = [
        ("text", json!("éé")),
        ("email", json!("ada@example.org")),
        ("url", json!("https://example.org/a?b=c")),
        ("int", json!(10)),
        ("float", json!(0.3)),
        ("dec", json!("999.99")),
        ("pct", json!("100")),
        ("stars", json!(5)),
        ("sum", json!("0.01")),
        ("tags", json!(["abc"])),
        ("color", json!("#1a7f37")),
        ("span", json!("7d")),
    ];
    assert_eq!(check(&fine), []);
    for (name, json, rule) in [
        ("text", json!("é"), "minLength"),
        ("text", json!("abcde"), "maxLength"),
        ("text", json!("a1b"), "pattern"),
        ("email", json!("ada"), "format"),
        ("url", json!("javascript:alert(1)"), "format"),
        ("url", json!("https://exa mple.org"), "format"),
        ("int", json!(-5), "minimum"),
        ("int", json!(7), "multipleOf"),
        ("float", json!(1), "exclusiveMaximum"),
        ("dec", json!("1000"), "x-precision"),
        ("dec", json!("1.005"), "x-scale"),
        ("pct", json!("100.0001"), "maximum"),
        ("stars", json!(6), "maximum"),
        ("sum", json!("0.0099"), "minimum"),
        ("tags", json!(["abcd"]), "maxLength"),
        ("color", json!("red"), "format"),
        ("span", json!("3mo"), "format"),
    ] {
        let mut values = vec![("text", json!("éé"))];
        if name == "text" {
            values.clear();
        }
        values.push((name, json));
        assert_eq!(check(&values), [(name.to_owned(), rule)], "{values:?}");
    }
}

#[test]
fn a_place_needs_degrees_and_a_required_composite_one_part() {
    let object = thing("\"where\"");
    let at = |latitude: Option<f64>| {
        let mut record = IndexMap::new();
        record.extend(latitude.map(|degrees| ("where.latitude".to_owned(), expr::Value::Float(degrees))));
        validate(&object, &record).into_iter().map(|v| (v.path, v.rule)).collect::<Vec<_>>()
    };
    assert_eq!(at(None), [("where".to_owned(), "required")]);
    assert_eq!(at(Some(91.0)), [("where.latitude".to_owned(), "maximum")]);
    assert_eq!(at(Some(52.5)), []);
}
