//! Who is told how an apply goes on: a progress bar, or a test that wants to see it die.

/// A step of an apply that is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// New tables and columns, beside the old ones.
    Expand,
    /// New columns are filled, batch by batch.
    Backfill,
    /// Indexes are built.
    Index,
    /// Rows that changed meanwhile are filled again.
    CatchUp,
    /// The new version is written.
    Publish,
    /// The transaction that publishes commits.
    Commit,
    /// It has been published; what is left over goes away.
    Finish,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Which stage.
    pub stage: Stage,
    /// Of which table or index; empty where the stage is about all.
    pub what: &'a str,
    /// Rows done.
    pub done: u64,
    /// Rows in all; 0 where that is not known.
    pub total: u64,
}

/// Is called before each step. An `Err` stops the apply there, as a crash would: nothing is cleaned up.
pub trait Observer: Send + Sync {
    /// `progress.done` rows of `progress.total` are done.
    fn step(&self, progress: Progress<'_>) -> Result<(), String>;
}

/// Does not look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: Progress<'_>) -> Result<(), String> {
        Ok(())
    }
}
