//! A value of one field type as a value of another: what can be written as text and read back.

use chrono::NaiveTime;
use expr::Value;
use metadata::catalog::{Field, FieldType};
use metadata::field::{read_text, write_json};

use crate::options::Mapping;

/// The value in the new type; `Err` when it has no place there.
pub fn convert(from: &FieldType, to: &FieldType, value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if points(from) || points(to) {
        return Err("a relation does not become anything else".to_owned());
    }
    match (value, to) {
        (Value::DateTime(instant), FieldType::Date) => return Ok(Value::Date(instant.date_naive())),
        (Value::Date(day), FieldType::DateTime) => {
            return Ok(Value::DateTime(day.and_time(NaiveTime::MIN).and_utc()));
        }
        (Value::Int(number), FieldType::Float(_)) => return read(to, &number.to_string()),
        (Value::Int(number), FieldType::Bool) => return flag(*number),
        (Value::Json(json), _) => return read(to, &text_of(json)),
        (_, FieldType::Json) => return Ok(Value::Json(write_json(from, value))),
        (Value::List(items), FieldType::MultiSelect(_) | FieldType::Tags(_)) => return list(to, items),
        (Value::List(items), _) => return one_of_list(to, items),
        (_, FieldType::MultiSelect(_) | FieldType::Tags(_)) => {
            return list(to, &[Value::Text(text_of(&write_json(from, value)))]);
        }
        _ => {}
    }
    read(to, &text_of(&write_json(from, value)))
}

/// What a value becomes under the caller's mapping; converted where nothing is said about it.
pub fn convert_mapped(
    mapping: &Mapping,
    object: &str,
    from: &Field,
    to: &Field,
    value: &Value,
) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = text_of(&write_json(&from.ty, value));
    match mapping.value(object, &to.name, &text) {
        Some(Some(new)) => read(&to.ty, new),
        Some(None) => Ok(Value::Null),
        None => convert(&from.ty, &to.ty, value),
    }
}

fn read(to: &FieldType, text: &str) -> Result<Value, String> {
    read_text(to, text).map_err(|problem| problem.message)
}

fn points(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Lookup(_) | FieldType::Polymorphic { .. } | FieldType::Many(_))
        || !ty.parts().is_empty()
}

fn flag(number: i64) -> Result<Value, String> {
    match number {
        0 => Ok(Value::Bool(false)),
        1 => Ok(Value::Bool(true)),
        other => Err(format!("{other} is neither 0 nor 1")),
    }
}

fn list(to: &FieldType, items: &[Value]) -> Result<Value, String> {
    let json: Vec<serde_json::Value> = items
        .iter()
        .map(|item| match item {
            Value::Text(text) => serde_json::Value::from(text.as_str()),
            other => write_json(&FieldType::Json, other),
        })
        .collect();
    metadata::field::read_json(to, &serde_json::Value::Array(json)).map_err(|problem| problem.message)
}

fn one_of_list(to: &FieldType, items: &[Value]) -> Result<Value, String> {
    match items {
        [] => Ok(Value::Null),
        [Value::Text(only)] => read(to, only),
        _ => Err("several values do not fit where one belongs".to_owned()),
    }
}

/// The text that people would type for the value.
pub fn text_of(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use metadata::catalog::{NumberLimits, TextLimits};
    use rust_decimal::Decimal;

    use super::*;

    fn text() -> FieldType {
        FieldType::Text(TextLimits::default())
    }

    fn decimal() -> FieldType {
        FieldType::Decimal { precision: 18, scale: 6, limits: NumberLimits::default() }
    }

    fn of(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn text_becomes_what_it_says() {
        let int = FieldType::Int(NumberLimits::default());
        assert_eq!(convert(&text(), &int, &of("42")), Ok(Value::Int(42)));
        assert!(convert(&text(), &int, &of("4.2")).is_err());
        assert!(convert(&text(), &decimal(), &of("free")).is_err());
        assert_eq!(convert(&text(), &decimal(), &of("4.20")), Ok(Value::Decimal(Decimal::new(42, 1))));
        assert_eq!(convert(&text(), &FieldType::Bool, &of("true")), Ok(Value::Bool(true)));
        assert_eq!(convert(&text(), &int, &Value::Null), Ok(Value::Null));
    }

    #[test]
    fn values_become_the_text_that_people_would_type() {
        assert_eq!(convert(&decimal(), &text(), &Value::Decimal(Decimal::new(42, 1))), Ok(of("4.2")));
        assert_eq!(convert(&FieldType::Bool, &text(), &Value::Bool(true)), Ok(of("true")));
        let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        assert_eq!(convert(&FieldType::Date, &text(), &Value::Date(day)), Ok(of("2026-03-01")));
    }

    #[test]
    fn days_and_instants_become_each_other() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        let midnight = Value::DateTime(day.and_time(NaiveTime::MIN).and_utc());
        assert_eq!(convert(&FieldType::Date, &FieldType::DateTime, &Value::Date(day)), Ok(midnight.clone()));
        assert_eq!(convert(&FieldType::DateTime, &FieldType::Date, &midnight), Ok(Value::Date(day)));
    }

    #[test]
    fn one_value_becomes_a_list_and_only_a_list_of_one_becomes_a_value() {
        let tags = FieldType::Tags(TextLimits::default());
        let list = |items: &[&str]| Value::List(items.iter().map(|item| of(item)).collect());
        assert_eq!(convert(&text(), &tags, &of("a")), Ok(list(&["a"])));
        assert_eq!(convert(&tags, &text(), &list(&["a"])), Ok(of("a")));
        assert_eq!(convert(&tags, &text(), &list(&[])), Ok(Value::Null));
        assert!(convert(&tags, &text(), &list(&["a", "b"])).is_err());
    }

    #[test]
    fn relations_and_composites_become_nothing_else() {
        assert!(convert(&FieldType::PersonName, &text(), &of("x")).is_err());
        let to = metadata::Name::new("account").expect("a name");
        let many = FieldType::Polymorphic { to: vec![to], inverse: None };
        assert!(convert(&text(), &many, &of("x")).is_err());
    }
}
