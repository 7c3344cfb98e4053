//! Records in a lifecycle: the row, its history, its event, its stay in the log and the notes of two runs, in one statement.
//!
//! Two tables of the same columns: of a `deal` both automations set a field before it is written; of a `trade` the second one makes a
//! task for whoever moved it.

use axum::Json as Body;
use axum::extract::{Path, State};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::Row;
use uuid::Uuid;

use super::json::Json;
use super::write::new_id;
use super::{Answer, Floor};
use crate::database::SCHEMA;

/// What is known of a new deal.
#[derive(Deserialize)]
pub struct New {
    name: String,
    amount: Decimal,
    cost: Decimal,
}

/// A deal that is moved.
#[derive(Deserialize)]
pub struct Moved {
    id: Uuid,
    amount: Decimal,
}

/// Of one table.
pub struct Statements {
    create: &'static str,
    step: &'static str,
}

impl Statements {
    /// Those of a table; one that `makes` tasks.
    pub fn of(table: &str, makes: bool) -> Self {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        Self { create: leak(create(table)), step: leak(step(table, makes)) }
    }
}

/// What follows from a written row `r`: history, event, runs. `$1` is a list of ids.
fn notes(table: &str, kind: &str, changes: &str, runs: [&str; 2]) -> String {
    let run = |at: usize, name: &str| {
        format!(
            "run{at} AS (INSERT INTO {SCHEMA}.automation_run (id, at, automation, object, record, outcome, operations, micros, input, effects) \
             SELECT $1[{at}], now(), '{name}', '{table}', id, 'done', 0, 40, \
               '{{\"event\":{{\"kind\":\"{kind}\"}},\"by\":\"key:bench\",\"chain\":[]}}', '{{\"effects\":[],\"assigned\":[],\"log\":[],\"calls\":0,\"written\":0}}' FROM r)"
        )
    };
    let [first, second] = runs;
    format!(
        "kept AS (INSERT INTO {SCHEMA}.history (id, object, record, version, at, actor, door, kind, changes) \
           SELECT $1[1], '{table}', id, version, now(), 'key:bench', 'graphql', '{kind}', {changes} FROM r), \
         sent AS (INSERT INTO {SCHEMA}.outbox (id, at, object, record, version, kind, payload) \
           SELECT $1[2], now(), '{table}', id, version, '{kind}', {changes} FROM r), {}, {}",
        run(3, first),
        run(4, second),
    )
}

/// `$2` id, `$3` name, `$4` amount, `$5` cost.
fn create(table: &str) -> String {
    let changes = "json_build_object('name', json_build_array(null, name), 'amount', json_build_array(null, trim_scale(amount)::text), \
         'cost', json_build_array(null, trim_scale(cost)::text), 'margin', json_build_array(null, trim_scale(margin)::text), \
         'size', json_build_array(null, size), 'stage', json_build_array(null, stage))::text";
    format!(
        "WITH r AS (INSERT INTO {SCHEMA}.{table} (id, created_at, updated_at, version, name, amount, cost, margin, size, lifecycle, stage, stage_entered_at, pass) \
           VALUES ($2, now(), now(), 1, $3, $4, $5, $4 - $5, CASE WHEN $4 > 1000 THEN 'large' ELSE 'small' END, '{table}Way', 'open', now(), 1) RETURNING *), \
         {}, \
         stay AS (INSERT INTO {SCHEMA}.transition (id, object, record, lifecycle, to_stage, pass, entered, actor, cause, version) \
           SELECT $1[5], '{table}', id, '{table}Way', 'open', 1, now(), 'key:bench', 'user', 1 FROM r) \
         SELECT name, margin, size, stage FROM r",
        notes(table, "created", changes, ["margin", "size"])
    )
}

/// `$2` id, `$3` amount; `$4`, with tasks only, is a list of further ids.
fn step(table: &str, makes: bool) -> String {
    let sized = if makes { "" } else { "'size', json_build_array(null, size), " };
    let changes = format!(
        "json_build_object('amount', json_build_array(null, trim_scale(amount)::text), 'margin', json_build_array(null, trim_scale(margin)::text), \
           {sized}'stage', json_build_array('open', stage))::text"
    );
    let size = if makes { "" } else { "size = CASE WHEN $3 > 1000 THEN 'large' ELSE 'small' END, " };
    let task = if makes {
        format!(
            ", task AS (INSERT INTO {SCHEMA}.task (id, created_at, updated_at, version, subject, subject_folded, done, priority) \
               SELECT $4[1], now(), now(), 1, 'Call ' || name, 'call ' || lower(name), false, 'high' FROM r), \
             told AS (INSERT INTO {SCHEMA}.outbox (id, at, object, record, version, kind, payload) \
               SELECT $4[2], now(), 'task', $4[1], 1, 'created', json_build_object('subject', json_build_array(null, 'Call ' || name), \
                 'done', json_build_array(null, false), 'priority', json_build_array(null, 'high'))::text FROM r)"
        )
    } else {
        String::new()
    };
    let second = if makes { "call" } else { "size" };
    format!(
        "WITH r AS (UPDATE {SCHEMA}.{table} SET amount = $3, margin = $3 - cost, {size}\
           stage = 'offered', stage_entered_at = now(), version = version + 1, updated_at = now() \
           WHERE id = $2 AND stage = 'open' AND deleted_at IS NULL RETURNING *), \
         ended AS (UPDATE {SCHEMA}.transition SET left_at = now(), left_to = 'offered' WHERE object = '{table}' AND record = $2 AND left_at IS NULL), \
         {}, \
         stay AS (INSERT INTO {SCHEMA}.transition (id, object, record, lifecycle, name, from_stage, to_stage, pass, entered, actor, cause, version) \
           SELECT $1[5], '{table}', id, '{table}Way', '{table}Way.open.offered', 'open', 'offered', 1, now(), 'key:bench', 'user', 1 FROM r){task} \
         SELECT name, margin, size, stage FROM r",
        notes(table, "updated", &changes, ["margin", second])
    )
}

pub async fn make(State(floor): State<Floor>, Path(table): Path<String>, Body(new): Body<New>) -> Answer {
    let row = sqlx::query(floor.statements.of_deals(&table).create)
        .bind(ids(5))
        .bind(new_id())
        .bind(new.name)
        .bind(new.amount)
        .bind(new.cost)
        .fetch_one(&floor.pool)
        .await;
    Answer(row.and_then(|row| answer(&row)))
}

pub async fn advance(
    State(floor): State<Floor>,
    Path(table): Path<String>,
    Body(moved): Body<Moved>,
) -> Answer {
    let query =
        sqlx::query(floor.statements.of_deals(&table).step).bind(ids(5)).bind(moved.id).bind(moved.amount);
    let query = if table == "trade" { query.bind(ids(2)) } else { query };
    Answer(query.fetch_one(&floor.pool).await.and_then(|row| answer(&row)))
}

fn ids(count: usize) -> Vec<Uuid> {
    std::iter::repeat_with(new_id).take(count).collect()
}

fn answer(row: &sqlx::postgres::PgRow) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Json::new(r#"{"data":{"written":{"record":{"name":"#);
    json.text(row.try_get(0)?);
    json.raw(r#","margin":"#);
    json.decimal(row.try_get(1)?);
    json.raw(r#","size":"#);
    json.text(row.try_get(2)?);
    json.raw(r#","stage":"#);
    json.text(row.try_get(3)?);
    Ok(json.end(r#"},"errors":[]}}}"#))
}
