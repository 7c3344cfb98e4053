//! What an effectful script may ask for. The engine carries it out with the rights of the script's principal.

use indexmap::IndexMap;

use crate::data::Data;
use crate::error::Place;

/// Carries out what a script asks for; the script waits.
pub trait Host: Send + Sync {
    /// Does it. Names are as they stand in the script, nothing is checked yet.
    fn call(&self, call: HostCall, place: Place) -> Result<Data, HostError>;
}

/// One thing that a script asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum HostCall {
    /// Records of an object, with the API's arguments: `filter`, `orderBy`, `first`, `search`.
    Find {
        /// `tier`
        object: String,
        /// By name.
        arguments: IndexMap<String, Data>,
    },
    /// The record of that id, or null.
    Get {
        /// `tier`
        object: String,
        /// Its id.
        id: String,
    },
    /// How many records match.
    Count {
        /// `tier`
        object: String,
        /// The API's filter.
        filter: Data,
    },
    /// A new record; its fields.
    Create {
        /// `tier`
        object: String,
        /// By field.
        data: IndexMap<String, Data>,
    },
    /// Changes a record.
    Update {
        /// `tier`
        object: String,
        /// Which one.
        id: String,
        /// By field.
        data: IndexMap<String, Data>,
    },
    /// Moves a record to a stage.
    Move {
        /// `lead`
        object: String,
        /// Which one.
        id: String,
        /// The stage.
        to: String,
        /// Why, where the transition asks.
        reason: Option<String>,
        /// Fields that are written with it.
        data: IndexMap<String, Data>,
    },
    /// Takes a record out of a pool.
    Claim {
        /// `lead`
        object: String,
        /// Which one.
        id: String,
    },
    /// Tells a user something.
    Notify {
        /// The user's id.
        user: String,
        /// What.
        message: String,
    },
    /// Runs a function as a job at a later time.
    Schedule {
        /// An instant, or a length of time from now.
        at: Data,
        /// `lead::remind`
        function: String,
        /// What it sees as `event`.
        event: IndexMap<String, Data>,
    },
    /// Runs a function as a job after the commit.
    Enqueue {
        /// `lead::remind`
        function: String,
        /// What it sees as `event`.
        event: IndexMap<String, Data>,
    },
    /// Keeps a line with the run.
    Log(String),
}

/// Why the host did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// It cannot be done; the script is told and may go on.
    Refused(String),
    /// Nothing more can be done: the run is over, and the host knows why.
    Ended,
}
