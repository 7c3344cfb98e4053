//! What the driver knows of the data: how much there is, the key, and some positions within the activities.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::{Failure, seed};

use super::client::Connection;
use super::operation::{Side, armature_request};
use super::servers::Servers;

/// What requests are made of.
pub struct World {
    /// Armature's API key.
    pub key: String,
    /// How many accounts there are.
    pub accounts: u32,
    /// How many opportunities there are.
    pub opportunities: u32,
    /// How many rows are skipped to reach the far page.
    pub offset: u32,
    /// Positions within the activities by time, latest first.
    pub positions: Vec<Position>,
    taken: AtomicU32,
}

/// The same position for both servers.
pub struct Position {
    /// As Armature gives it out.
    pub cursor: String,
    /// When the activity happened.
    pub at: String,
    /// Its id.
    pub id: String,
}

const POSITIONS: &str = "query($skip: Int!) { activities(orderBy: [{ happenedAt: DESC }], first: 1, offset: $skip) \
                         { edges { cursor node { id happenedAt } } } }";

impl World {
    /// Without positions.
    pub fn new(key: String, percent: u32) -> Self {
        let share = |rows: u32| (rows / 100 * percent).max(200);
        World {
            key,
            accounts: share(seed::ACCOUNTS),
            opportunities: share(seed::OPPORTUNITIES),
            offset: share(seed::ACTIVITIES) / 5,
            positions: Vec::new(),
            taken: AtomicU32::new(0),
        }
    }

    /// The next number that nobody has had.
    pub fn next(&self) -> u32 {
        self.taken.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Asks Armature for positions.
    pub async fn explore(servers: &Servers, key: String, percent: u32) -> Result<Self, Failure> {
        let share = |rows: u32| (rows / 100 * percent).max(200);
        let mut world = Self::new(key, percent);
        let mut connection = Connection::open(servers.port(Side::Armature)).await?;
        for place in 0..40_u32 {
            let skip = share(seed::ACTIVITIES) / 100 * place;
            let request = armature_request(&world.key, POSITIONS, &json!({ "skip": skip }));
            let reply = connection.ask(&request).await?;
            let answer: Value = serde_json::from_slice(&reply.body)?;
            let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
            let edge = "/data/activities/edges/0";
            let position = text(&format!("{edge}/cursor"))
                .zip(text(&format!("{edge}/node/happenedAt")).zip(text(&format!("{edge}/node/id"))))
                .map(|(cursor, (at, id))| Position { cursor, at, id });
            world.positions.push(position.ok_or_else(|| format!("no position in the answer {answer}"))?);
        }
        Ok(world)
    }
}
