//! Teams, and who is in them.

use expr::Value;
use metadata::catalog::Right;
use query::request::{Batch, Input, Operation, RecordData, RecordRef, Which};
use uuid::Uuid;

use super::user::put;
use super::{Admin, AdminError};

impl Admin<'_> {
    /// Makes a team; the id of the record.
    pub async fn create_team(&self, data: RecordData) -> Result<Uuid, AdminError> {
        self.must(Right::Users)?;
        let team = self.write("team", Operation::Create(vec![data], Batch::AllOrNone)).await?;
        self.caller.tenant.tell().await?;
        Ok(team)
    }

    /// Changes fields of a team.
    pub async fn update_team(&self, team: Uuid, data: RecordData) -> Result<(), AdminError> {
        self.must(Right::Users)?;
        self.write("team", Operation::Update { id: team, data, expected_version: None }).await?;
        Ok(self.caller.tenant.tell().await?)
    }

    /// Deletes a team; its members are in none then.
    pub async fn delete_team(&self, team: Uuid) -> Result<(), AdminError> {
        self.must(Right::Users)?;
        self.write("team", Operation::Delete(Which::One(team), Batch::AllOrNone)).await?;
        Ok(self.caller.tenant.tell().await?)
    }

    /// Puts a user into a team, or out of theirs.
    pub async fn set_team(&self, user: Uuid, team: Option<Uuid>) -> Result<(), AdminError> {
        let input = team.map_or(Input::Value(Value::Null), |team| Input::One(RecordRef::Id(team)));
        let mut data = RecordData::default();
        put(&mut data, "team", input)?;
        self.update_user(user, data).await
    }
}
