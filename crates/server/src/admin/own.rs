//! What administrators with less than every right may not do to themselves: scopes ask for the caller's own record, their team and those
//! below them, so whoever changes these changes which records they see.

use expr::Value;
use metadata::Name;
use metadata::catalog::FACT_SUBORDINATES;
use query::access::ADMIN;
use query::request::{Input, RecordData, RecordRef};
use uuid::Uuid;

use super::{Admin, AdminError};

/// Who can do it instead.
const OTHERS: &str = "somebody with more rights has to do this";

impl Admin<'_> {
    /// Refuses callers with less than every right to change their own record.
    pub(super) fn must_be_another(&self, user: Uuid) -> Result<(), AdminError> {
        if self.caller.actor.user != Some(user) || self.has_every_right()? {
            return Ok(());
        }
        Err(AdminError::forbidden("you may not change your own record: your rights depend on it")
            .hint(OTHERS))
    }

    /// Refuses callers with less than every right to put users below themselves or into their own team.
    pub(super) async fn must_stay_as_wide(&self, data: &RecordData) -> Result<(), AdminError> {
        let Some(own) = self.caller.actor.user.filter(|_| names_colleagues(data)) else { return Ok(()) };
        if self.has_every_right()? {
            return Ok(());
        }
        for (field, input) in &data.fields {
            let Input::One(named) = input else { continue };
            let widens = match field.as_str() {
                "manager" => {
                    let manager = self.named(field, named).await?;
                    manager.is_some_and(|manager| manager == own || self.is_below(manager))
                }
                "team" => self.named(field, named).await?.is_some_and(|team| self.is_own_team(team)),
                _ => false,
            };
            if widens {
                let message =
                    format!("`{field}`: you may not put users below yourself or into your own team");
                return Err(AdminError::forbidden(message).hint(OTHERS));
            }
        }
        Ok(())
    }

    fn has_every_right(&self) -> Result<bool, AdminError> {
        let every = Name::new(ADMIN).map_err(|error| AdminError::Internal(error.to_string()))?;
        Ok(self.must_cover(&[every]).is_ok())
    }

    async fn named(&self, field: &Name, named: &RecordRef) -> Result<Option<Uuid>, AdminError> {
        match named {
            RecordRef::Id(id) => Ok(Some(*id)),
            RecordRef::By(by, Value::Text(email))
                if field.as_str() == "manager" && by.as_str() == "email" =>
            {
                let (tenant, catalog) = (&self.caller.tenant, &self.caller.catalog);
                Ok(self.engine.user_by_email(tenant, catalog, email).await?)
            }
            RecordRef::By(..) => {
                Err(AdminError::wrong(format!("`{field}`: expected an id")).hint("name the record by its id"))
            }
        }
    }

    fn is_below(&self, user: Uuid) -> bool {
        let below = self.caller.facts.value(&[FACT_SUBORDINATES.into()], self.caller.clock.now());
        matches!(below, Value::List(below) if below.contains(&Value::Id(user)))
    }

    fn is_own_team(&self, team: Uuid) -> bool {
        let own = self.caller.facts.value(&["team".into(), "id".into()], self.caller.clock.now());
        own == Value::Id(team)
    }
}

fn names_colleagues(data: &RecordData) -> bool {
    data.fields.iter().any(|(field, _)| matches!(field.as_str(), "manager" | "team"))
}
