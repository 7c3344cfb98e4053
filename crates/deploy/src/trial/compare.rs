//! What was expected beside what was found. Numbers are equal as numbers and moments as moments, however they are written; the name of a
//! record of the test stands for it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use super::bed::Bed;
use super::report::Problem;

/// Each expected field beside the record's own.
pub(super) fn fields(bed: &Bed, place: &str, expected: &Map<String, Json>, found: &Json) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in expected {
        let place = format!("{place}/{name}");
        match found.get(name) {
            Some(found) => problems.extend(differences(bed, &place, value, found)),
            None => problems.push(Problem::new(place, format!("the record has no field `{name}`"))),
        }
    }
    problems
}

/// Where the two differ; of objects only the expected members are looked at.
pub(super) fn differences(bed: &Bed, place: &str, expected: &Json, found: &Json) -> Vec<Problem> {
    match (expected, found) {
        (Json::Object(expected), Json::Object(_)) => fields(bed, place, expected, found),
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            let pairs = expected.iter().zip(found).enumerate();
            pairs
                .flat_map(|(at, (one, other))| differences(bed, &format!("{place}/{at}"), one, other))
                .collect()
        }
        _ if same(bed, expected, found) => Vec::new(),
        _ => vec![Problem::other(
            place,
            format!("expected {expected}, found {found}"),
            expected.clone(),
            found.clone(),
        )],
    }
}

fn same(bed: &Bed, expected: &Json, found: &Json) -> bool {
    if expected == found {
        return true;
    }
    if let (Some(one), Some(other)) = (number(expected), number(found)) {
        return one == other;
    }
    let (Some(one), other) = (expected.as_str(), found) else { return false };
    if let (Some(one), Some(other)) = (instant(one), other.as_str().and_then(instant)) {
        return one == other;
    }
    // A related record, named as the test names it.
    let id = bed.names.get(one).map(|(_, id)| id.to_string());
    id.is_some() && other.get("id").and_then(Json::as_str) == id.as_deref()
}

fn number(json: &Json) -> Option<Decimal> {
    match json {
        Json::Number(number) => number.to_string().parse().ok(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}
