//! Nothing is timed before both servers give the same answers, and write the same number of rows.

use serde_json::Value;

use crate::{Failure, database};

use super::client::Connection;
use super::numbers::Numbers;
use super::operation::{Operation, Side};
use super::servers::Servers;
use super::world::World;

/// How many requests of each kind are compared.
const SAMPLES: u64 = 25;

/// Asks both servers the same; the answers must be equal as JSON.
pub async fn compare(operation: &Operation, servers: &Servers, world: &World) -> Result<(), Failure> {
    let mut floor = Connection::open(servers.port(Side::Floor)).await?;
    let mut armature = Connection::open(servers.port(Side::Armature)).await?;
    for sample in 1..=SAMPLES {
        let ask = |side| operation.request(side, &mut Numbers::new(sample), world);
        // The platform goes first: an update that changes nothing leaves no history there.
        let found = armature.ask(&ask(Side::Armature)).await?;
        let expected = floor.ask(&ask(Side::Floor)).await?;
        let (left, right): (Value, Value) = (parse(&expected.body)?, parse(&found.body)?);
        if expected.status != 200 || found.status != 200 || left != right {
            return Err(difference(operation.name, &left, &right).into());
        }
    }
    Ok(())
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|_| format!("not JSON: {}", String::from_utf8_lossy(body)).into())
}

fn difference(name: &str, floor: &Value, armature: &Value) -> String {
    let cut = |value: &Value| value.to_string().chars().take(1500).collect::<String>();
    format!("`{name}`: the answers differ\n  floor:    {}\n  armature: {}", cut(floor), cut(armature))
}

/// Each write of the comparison left one row of history and one event, whoever made it.
pub async fn same_rows_written(url: &str) -> Result<(), Failure> {
    let pool = database::pool(url, 1).await?;
    for table in ["history", "outbox"] {
        let counts: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT object || ' ' || kind, count(*) FROM {}.{table} GROUP BY 1 ORDER BY 1",
            database::SCHEMA
        )))
        .fetch_all(&pool)
        .await?;
        let expected = i64::try_from(SAMPLES)? * 2;
        if let Some((what, count)) = counts.iter().find(|(_, count)| *count != expected) {
            return Err(format!(
                "{table} has {count} rows of `{what}` where the floor and armature together wrote {expected}"
            )
            .into());
        }
    }
    pool.close().await;
    Ok(())
}
