//! Running the whole order again after a lost race: a few times, with growing pauses of random length.

use std::time::Duration;

use store::StoreError;

use crate::caller::Caller;
use crate::run::Halt;

/// Attempts in all.
const MOST: u32 = 10;

pub(crate) struct Attempts<'a> {
    caller: &'a Caller,
    made: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(caller: &'a Caller) -> Self {
        Self { caller, made: 1 }
    }

    /// Waits before the next attempt, or gives up.
    pub(crate) async fn pause(&mut self, cause: StoreError) -> Result<(), crate::error::WriteError> {
        if self.made >= MOST {
            return Err(crate::error::WriteError::Store(cause));
        }
        let longest = 4_u64 << self.made.min(8);
        let pause = 1 + self.caller.ids.jitter(longest);
        tracing::debug!(attempt = self.made, pause, "a write lost a race and is run again");
        self.made += 1;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}

/// A race that the engine itself noticed: another writer was faster.
pub(crate) fn lost() -> Halt {
    Halt::Again(StoreError::Retryable)
}
