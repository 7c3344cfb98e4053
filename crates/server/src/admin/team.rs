//! Teams, and who is in them.

use engine::audit::{Act, Entry};
use expr::Value;
use metadata::catalog::Right;
use query::request::{Batch, Input, Operation, RecordData, RecordRef, Which};
use serde_json::json;
use uuid::Uuid;

use super::user::put;
use super::{Admin, AdminError, deed};

impl Admin<'_> {
    /// Makes a team; the id of the record.
    pub async fn create_team(&self, data: RecordData) -> Result<Uuid, AdminError> {
        let deed = deed(Act::UserUpdate, "team", None).with(json!({ "created": true }));
        let told = |entry: Entry, team: &Uuid| Entry { record: Some(*team), ..entry };
        let work = self.administer_team(Operation::Create(vec![data], Batch::AllOrNone));
        self.noted_as(deed, told, work).await
    }

    /// Changes fields of a team.
    pub async fn update_team(&self, team: Uuid, data: RecordData) -> Result<(), AdminError> {
        let names: Vec<&str> = data.fields.iter().map(|(name, _)| name.as_str()).collect();
        let deed = deed(Act::UserUpdate, "team", Some(team)).with(json!({ "fields": names }));
        let work = self.administer_team(Operation::Update { id: team, data, expected_version: None });
        self.noted(deed, work).await.map(drop)
    }

    /// Deletes a team; its members are in none then.
    pub async fn delete_team(&self, team: Uuid) -> Result<(), AdminError> {
        let deed = deed(Act::UserUpdate, "team", Some(team)).with(json!({ "deleted": true }));
        let work = self.administer_team(Operation::Delete(Which::One(team), Batch::AllOrNone));
        self.noted(deed, work).await.map(drop)
    }

    async fn administer_team(&self, operation: Operation) -> Result<Uuid, AdminError> {
        self.must(Right::Users)?;
        let team = self.write("team", operation).await?;
        self.caller.tenant.tell().await?;
        Ok(team)
    }

    /// Puts a user into a team, or out of theirs.
    pub async fn set_team(&self, user: Uuid, team: Option<Uuid>) -> Result<(), AdminError> {
        let deed = deed(Act::UserUpdate, "user", Some(user)).with(json!({ "team": team }));
        let input = team.map_or(Input::Value(Value::Null), |team| Input::One(RecordRef::Id(team)));
        let mut data = RecordData::default();
        put(&mut data, "team", input)?;
        self.noted(deed, self.change_user(user, data)).await
    }
}
