//! The writes: the row, its history and its event in one statement, so in one transaction.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json as Body;
use axum::extract::State;
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::Row;
use uuid::{NoContext, Timestamp, Uuid};

use super::json::Json;
use super::{Answer, Floor, statements};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    first_name: String,
    last_name: String,
    email: String,
    job_title: String,
    phone: String,
    account: Uuid,
}

pub async fn create(State(floor): State<Floor>, Body(contact): Body<Contact>) -> Answer {
    let row = sqlx::query(floor.statements.create)
        .bind(new_id())
        .bind(format!("{} {}", contact.first_name, contact.last_name))
        .bind(contact.first_name)
        .bind(contact.last_name)
        .bind(contact.email)
        .bind(contact.job_title)
        .bind(contact.phone)
        .bind(contact.account)
        .bind(new_id())
        .bind(new_id())
        .fetch_one(&floor.pool)
        .await;
    Answer(row.and_then(|row| {
        let mut json = Json::new(r#"{"data":{"createContact":{"record":{"name":"#);
        json.text(row.try_get(0)?);
        json.raw(r#","email":"#);
        json.text(row.try_get(1)?);
        Ok(json.end(r#"},"errors":[]}}}"#))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    id: Uuid,
    next_step: String,
    amount: Decimal,
}

pub async fn update(State(floor): State<Floor>, Body(change): Body<Change>) -> Answer {
    let row = sqlx::query(statements::UPDATE)
        .bind(change.id)
        .bind(change.next_step)
        .bind(change.amount)
        .bind(new_id())
        .bind(new_id())
        .fetch_one(&floor.pool)
        .await;
    Answer(row.and_then(|row| {
        let mut json = Json::new(r#"{"data":{"updateOpportunity":{"record":{"id":"#);
        json.id(row.try_get(0)?);
        json.raw(r#","name":"#);
        json.text(row.try_get(1)?);
        json.raw(r#","nextStep":"#);
        json.text(row.try_get(2)?);
        json.raw(r#","amount":"#);
        json.decimal(row.try_get(3)?);
        Ok(json.end(r#"},"errors":[]}}}"#))
    }))
}

pub(super) fn new_id() -> Uuid {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, now.as_secs(), now.subsec_nanos()))
}
