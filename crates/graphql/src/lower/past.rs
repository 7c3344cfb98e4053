//! `opportunityHistory` and `explain`: arguments and what is selected of the answers.

use metadata::Name;
use metadata::catalog::Action;
use query::request::Keyed;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Lowering;
use super::failure::{Arguments, Failures};
use crate::document::Collected;

/// Changes of a page where none is said.
const FIRST: usize = 50;
/// Most changes of a page.
const MOST: usize = 1_000;

/// A page of what happened to a record.
#[derive(Clone, Debug)]
pub struct History {
    /// A record of which object.
    pub object: Name,
    /// Which record.
    pub id: Uuid,
    /// How many changes.
    pub first: usize,
    /// Those older than this one.
    pub after: Option<Uuid>,
    /// What is selected of each.
    pub parts: Vec<Keyed<ChangePart>>,
}

/// A field of `RecordChange`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the type, by their names")]
pub enum ChangePart {
    TypeName,
    Id,
    At,
    Actor,
    User,
    Door,
    Kind,
    Version,
    Changes(Vec<Keyed<FieldChangePart>>),
}

/// A field of `FieldChange`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of the type, by their names")]
pub enum FieldChangePart {
    TypeName,
    Field,
    From,
    To,
    Hidden,
}

/// A question about rights.
#[derive(Clone, Debug)]
pub struct Explain {
    /// A record of which object.
    pub object: Name,
    /// Which record.
    pub id: Uuid,
    /// What would be done to it.
    pub action: Action,
    /// One of its fields.
    pub field: Option<String>,
    /// What is selected of the answer.
    pub parts: Vec<Keyed<ExplainPart>>,
}

/// A field of `Explanation`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the type, by their names")]
pub enum ExplainPart {
    TypeName,
    Allowed,
    Field,
    Rules(Vec<Keyed<GroundPart>>),
}

/// A field of `Ground`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of the type, by their names")]
pub enum GroundPart {
    TypeName,
    Action,
    Role,
    Scope,
    Holds,
}

impl<'d> Lowering<'_, 'd> {
    pub(super) fn history(&mut self, object: &Name, field: &Collected<'d>) -> Result<History, Failures> {
        let arguments = self.arguments("Query", field)?;
        let id = self.id(field, "id", arguments.get("id"))?;
        let after = match arguments.get("after") {
            None | Some(Json::Null) => None,
            given => Some(self.id(field, "after", given)?),
        };
        let first = match arguments.get("first").and_then(Json::as_i64) {
            None => FIRST,
            Some(first) => usize::try_from(first).ok().filter(|first| *first <= MOST).ok_or_else(|| {
                vec![self.argument_error(field, "first", format!("first must be from 0 to {MOST}"))]
            })?,
        };
        let parts = self.plain("RecordChange", field, |part| {
            Ok(Some(match part.name {
                "__typename" => ChangePart::TypeName,
                "id" => ChangePart::Id,
                "at" => ChangePart::At,
                "actor" => ChangePart::Actor,
                "user" => ChangePart::User,
                "door" => ChangePart::Door,
                "kind" => ChangePart::Kind,
                "version" => ChangePart::Version,
                "changes" => ChangePart::Changes(self.field_changes(part)?),
                _ => return Ok(None),
            }))
        })?;
        Ok(History { object: object.clone(), id, first, after, parts })
    }

    fn field_changes(&self, field: &Collected<'d>) -> Result<Vec<Keyed<FieldChangePart>>, Failures> {
        self.plain("FieldChange", field, |part| {
            Ok(Some(match part.name {
                "__typename" => FieldChangePart::TypeName,
                "field" => FieldChangePart::Field,
                "from" => FieldChangePart::From,
                "to" => FieldChangePart::To,
                "hidden" => FieldChangePart::Hidden,
                _ => return Ok(None),
            }))
        })
    }

    pub(super) fn explain(&mut self, field: &Collected<'d>) -> Result<Explain, Failures> {
        let arguments = self.arguments("Query", field)?;
        let id = self.id(field, "id", arguments.get("id"))?;
        let text = |name: &str| arguments.get(name).and_then(Json::as_str);
        let object = text("object").unwrap_or_default();
        let Some(known) = self.catalog.object(object) else {
            let message = format!("object: there is no object `{object}`");
            return Err(vec![self.argument_error(field, "object", message)]);
        };
        let (object, action) = (known.name.clone(), self.act(field, &arguments)?);
        let asked = text("field").map(str::to_owned);
        let parts = self.plain("Explanation", field, |part| {
            Ok(Some(match part.name {
                "__typename" => ExplainPart::TypeName,
                "allowed" => ExplainPart::Allowed,
                "field" => ExplainPart::Field,
                "rules" => ExplainPart::Rules(self.grounds(part)?),
                _ => return Ok(None),
            }))
        })?;
        Ok(Explain { object, id, action, field: asked, parts })
    }

    fn act(&self, field: &Collected<'d>, arguments: &Arguments) -> Result<Action, Failures> {
        let said = arguments.get("action").and_then(Json::as_str).unwrap_or_default();
        let named = |action: &Action| action.as_str().eq_ignore_ascii_case(said);
        Action::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| vec![self.argument_error(field, "action", format!("action: {said} is no act"))])
    }

    fn grounds(&self, field: &Collected<'d>) -> Result<Vec<Keyed<GroundPart>>, Failures> {
        self.plain("Ground", field, |part| {
            Ok(Some(match part.name {
                "__typename" => GroundPart::TypeName,
                "action" => GroundPart::Action,
                "role" => GroundPart::Role,
                "scope" => GroundPart::Scope,
                "holds" => GroundPart::Holds,
                _ => return Ok(None),
            }))
        })
    }
}
