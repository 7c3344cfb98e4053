//! The reads.

use axum::extract::{Query, State};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::json::Json;
use super::{Answer, Floor, statements};

#[derive(Deserialize)]
pub struct Listed {
    stage: String,
    least: Decimal,
}

pub async fn list(State(floor): State<Floor>, Query(asked): Query<Listed>) -> Answer {
    let rows = sqlx::query(statements::LIST).bind(asked.stage).bind(asked.least).fetch_all(&floor.pool).await;
    Answer(rows.and_then(|rows| list_json(&rows)))
}

fn list_json(rows: &[PgRow]) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Json::new(r#"{"data":{"opportunities":{"nodes":["#);
    for (place, row) in rows.iter().enumerate() {
        json.comma(place);
        json.raw(r#"{"id":"#);
        json.id(row.try_get(0)?);
        json.raw(r#","name":"#);
        json.text(row.try_get(1)?);
        json.raw(r#","stage":"#);
        json.text(row.try_get(2)?);
        json.raw(r#","type":"#);
        json.text(row.try_get(3)?);
        json.raw(r#","amount":"#);
        json.decimal(row.try_get(4)?);
        json.raw(r#","probability":"#);
        json.decimal(row.try_get(5)?);
        json.raw(r#","engagedOn":"#);
        json.day(row.try_get(6)?);
        json.raw(r#","closeDate":"#);
        json.day(row.try_get(7)?);
        json.raw(r#","nextStep":"#);
        json.text(row.try_get(8)?);
        json.raw(r#","createdAt":"#);
        json.instant(row.try_get(9)?);
        json.raw("}");
    }
    Ok(json.end("]}}}"))
}

#[derive(Deserialize)]
pub struct Named {
    id: Uuid,
}

pub async fn one(State(floor): State<Floor>, Query(asked): Query<Named>) -> Answer {
    let row = sqlx::query(statements::ONE).bind(asked.id).fetch_optional(&floor.pool).await;
    Answer(row.and_then(|row| one_json(row.as_ref())))
}

fn one_json(row: Option<&PgRow>) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Json::new(r#"{"data":{"account":"#);
    let Some(row) = row else { return Ok(json.end("null}}")) };
    json.raw(r#"{"id":"#);
    json.id(row.try_get(0)?);
    for (place, name) in ["name", "type", "tier", "industry", "website", "phone"].into_iter().enumerate() {
        json.raw(",\"");
        json.raw(name);
        json.raw("\":");
        json.text(row.try_get(place + 1)?);
    }
    json.raw(r#","employees":"#);
    json.whole(row.try_get(7)?);
    json.raw(r#","annualRevenue":"#);
    json.decimal(row.try_get(8)?);
    json.raw(r#","foundedYear":"#);
    json.whole(row.try_get(9)?);
    Ok(json.end("}}}"))
}

#[derive(Deserialize)]
pub struct From {
    from: String,
}

pub async fn nested(State(floor): State<Floor>, Query(asked): Query<From>) -> Answer {
    let row = sqlx::query(statements::NESTED).bind(asked.from).fetch_one(&floor.pool).await;
    Answer(row.and_then(|row| {
        let mut json = Json::new(r#"{"data":{"accounts":{"nodes":"#);
        json.raw(row.try_get(0)?);
        Ok(json.end("}}}"))
    }))
}

pub async fn groups(State(floor): State<Floor>) -> Answer {
    let rows = sqlx::query(statements::GROUPS).fetch_all(&floor.pool).await;
    Answer(rows.and_then(|rows| groups_json(&rows)))
}

fn groups_json(rows: &[PgRow]) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Json::new(r#"{"data":{"opportunitiesGroupBy":["#);
    for (place, row) in rows.iter().enumerate() {
        json.comma(place);
        json.raw(r#"{"key":{"stage":"#);
        json.text(row.try_get(0)?);
        json.raw(r#","closeDate":"#);
        json.day(row.try_get::<Option<NaiveDate>, _>(1)?);
        json.raw(r#"},"aggregate":{"count":"#);
        json.whole(row.try_get(2)?);
        json.raw(r#","sum":{"amount":"#);
        json.decimal(row.try_get(3)?);
        json.raw("}}}");
    }
    Ok(json.end("]}}"))
}

#[derive(Deserialize)]
pub struct Skipped {
    offset: i64,
}

pub async fn offset(State(floor): State<Floor>, Query(asked): Query<Skipped>) -> Answer {
    let rows = sqlx::query(statements::OFFSET).bind(asked.offset).fetch_all(&floor.pool).await;
    Answer(rows.and_then(|rows| activities_json(&rows)))
}

#[derive(Deserialize)]
pub struct Position {
    at: DateTime<Utc>,
    id: Uuid,
}

pub async fn cursor(State(floor): State<Floor>, Query(asked): Query<Position>) -> Answer {
    let rows = sqlx::query(statements::CURSOR).bind(asked.at).bind(asked.id).fetch_all(&floor.pool).await;
    Answer(rows.and_then(|rows| activities_json(&rows)))
}

fn activities_json(rows: &[PgRow]) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Json::new(r#"{"data":{"activities":{"nodes":["#);
    for (place, row) in rows.iter().enumerate() {
        json.comma(place);
        json.raw(r#"{"id":"#);
        json.id(row.try_get(0)?);
        json.raw(r#","subject":"#);
        json.text(row.try_get(1)?);
        json.raw(r#","type":"#);
        json.text(row.try_get(2)?);
        json.raw(r#","direction":"#);
        json.text(row.try_get(3)?);
        json.raw(r#","aim":"#);
        json.text(row.try_get(4)?);
        json.raw(r#","happenedAt":"#);
        json.instant(row.try_get(5)?);
        json.raw(r#","outcome":"#);
        json.text(row.try_get(6)?);
        json.raw(r#","location":"#);
        json.text(row.try_get(7)?);
        json.raw(r#","notes":"#);
        json.text(row.try_get(8)?);
        json.raw(r#","createdAt":"#);
        json.instant(row.try_get(9)?);
        json.raw("}");
    }
    Ok(json.end("]}}}"))
}
