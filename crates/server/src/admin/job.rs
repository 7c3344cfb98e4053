//! Jobs that have failed for good: done once more, or struck out.

use engine::audit::{Act, Entry};
use metadata::catalog::Right;
use serde_json::json;
use uuid::Uuid;

use super::{Admin, AdminError};

impl Admin<'_> {
    /// Gives a dead job to the workers once more. What an automation does needs the right to say what automations do.
    pub async fn replay_job(&self, id: Uuid) -> Result<(), AdminError> {
        let entry = Entry::done(Act::JobReplay).with(json!({ "job": id }));
        let work = async {
            self.must(Right::Apply)?;
            let now = self.caller.clock.now();
            let there = self.caller.tenant.job_replay(id, now).await?;
            there.then_some(()).ok_or_else(|| AdminError::not_found("there is no dead job with this id"))
        };
        self.noted(entry, work).await
    }

    /// Strikes out a job that no worker has.
    pub async fn discard_job(&self, id: Uuid) -> Result<(), AdminError> {
        let entry = Entry::done(Act::JobDiscard).with(json!({ "job": id }));
        let work = async {
            self.must(Right::Apply)?;
            let now = self.caller.clock.now();
            let there = self.caller.tenant.job_discard(id, now).await?;
            there
                .then_some(())
                .ok_or_else(|| AdminError::not_found("there is no such job that nobody works on"))
        };
        self.noted(entry, work).await
    }
}
