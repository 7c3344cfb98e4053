//! Building blocks of rows: values in the form in which every door hands them to the write pipeline.

use chrono::{DateTime, NaiveDate, Utc};
use expr::Value;
use metadata::Name;
use query::request::{Input, RecordData, RecordRef};
use rust_decimal::Decimal;

/// A name that is written in this program.
pub fn name(text: &str) -> Name {
    Name::new(text).expect("the demo's names are written here and checked by its tests")
}

/// A record with these fields.
pub fn record(fields: Vec<(&str, Input)>) -> RecordData {
    let fields = fields.into_iter().map(|(field, input)| (name(field), input)).collect();
    RecordData { fields, ..RecordData::default() }
}

/// Text, or a value of a choice list.
pub fn text(value: impl Into<String>) -> Input {
    Input::Value(Value::Text(value.into()))
}

/// A whole number.
pub fn whole(value: u32) -> Input {
    Input::Value(Value::Int(i64::from(value)))
}

/// True or false.
pub fn truth(value: bool) -> Input {
    Input::Value(Value::Bool(value))
}

/// A calendar day.
pub fn day(value: NaiveDate) -> Input {
    Input::Value(Value::Date(value))
}

/// An instant.
pub fn instant(value: DateTime<Utc>) -> Input {
    Input::Value(Value::DateTime(value))
}

/// So many units of money.
pub fn money(units: u32) -> Input {
    Input::Value(Value::Decimal(Decimal::from(units)))
}

/// A percentage.
pub fn percent(value: u32) -> Input {
    money(value)
}

/// The related record whose unique field has that value.
pub fn one(by: &str, key: &str) -> Input {
    Input::One(RecordRef::By(name(by), Value::Text(key.to_owned())))
}

/// The user with that address.
pub fn user(email: &str) -> Input {
    one("email", email)
}

/// The related record of that object, named by its external id.
pub fn one_of(object: &str, key: &str) -> Input {
    Input::OneOf(name(object), RecordRef::By(name("externalId"), Value::Text(key.to_owned())))
}

/// Town and country.
pub fn address(city: &str, country: &str) -> Input {
    Input::Parts(vec![
        ("city".to_owned(), Value::Text(city.to_owned())),
        ("country".to_owned(), Value::Text(country.to_owned())),
    ])
}
