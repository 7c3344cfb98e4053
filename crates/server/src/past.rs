//! Answers about what happened to records, and about rights.

use chrono::SecondsFormat;
use engine::{Explanation, Happened, Past, Question, ReadError};
use graphql::{ChangePart, Explain, ExplainPart, FieldChangePart, GroundPart, History};
use query::request::Keyed;

use crate::app::App;
use crate::payload::{Members, json, write_list};

/// `opportunityHistory`
pub(crate) async fn history(
    app: &App,
    caller: &engine::Caller,
    asked: &History,
) -> Result<Vec<u8>, ReadError> {
    let past = Past { object: asked.object.clone(), id: asked.id, first: asked.first, after: asked.after };
    let Some(entries) = app.engine.history(caller, &past).await? else { return Ok(b"null".to_vec()) };
    let mut out = Vec::with_capacity(256 * entries.len() + 16);
    write_list(&entries, &mut out, |entry, out| {
        let mut members = Members::begin(out);
        for Keyed { key, item } in &asked.parts {
            change_part(item, entry, members.name(key));
        }
        members.end();
    });
    Ok(out)
}

fn change_part(part: &ChangePart, entry: &Happened, out: &mut Vec<u8>) {
    match part {
        ChangePart::TypeName => json("RecordChange", out),
        ChangePart::Id => json(&entry.id, out),
        ChangePart::At => json(&entry.at.to_rfc3339_opts(SecondsFormat::Micros, true), out),
        ChangePart::Actor => json(&entry.actor, out),
        ChangePart::User => json(&entry.user, out),
        ChangePart::Door => json(&entry.door, out),
        ChangePart::Kind => json(&entry.kind, out),
        ChangePart::Version => json(&entry.version, out),
        ChangePart::Changes(parts) => write_list(&entry.changes, out, |change, out| {
            let mut members = Members::begin(out);
            for Keyed { key, item } in parts {
                let place = members.name(key);
                match item {
                    FieldChangePart::TypeName => json("FieldChange", place),
                    FieldChangePart::Field => json(&change.field, place),
                    FieldChangePart::From => json(&change.from, place),
                    FieldChangePart::To => json(&change.to, place),
                    FieldChangePart::Hidden => json(&change.hidden, place),
                }
            }
            members.end();
        }),
    }
}

/// `explain`
pub(crate) async fn explain(
    app: &App,
    caller: &engine::Caller,
    asked: &Explain,
) -> Result<Vec<u8>, ReadError> {
    let question = Question {
        object: asked.object.clone(),
        id: asked.id,
        action: asked.action,
        field: asked.field.clone(),
    };
    let Some(explained) = app.engine.explain(caller, caller, &question).await? else {
        return Ok(b"null".to_vec());
    };
    let mut out = Vec::with_capacity(256);
    explanation(&asked.parts, &explained, &mut out);
    Ok(out)
}

fn explanation(parts: &[Keyed<ExplainPart>], explained: &Explanation, out: &mut Vec<u8>) {
    let mut members = Members::begin(out);
    for Keyed { key, item } in parts {
        let place = members.name(key);
        match item {
            ExplainPart::TypeName => json("Explanation", place),
            ExplainPart::Allowed => json(&explained.allowed, place),
            ExplainPart::Field => json(&explained.field, place),
            ExplainPart::Rules(parts) => write_list(&explained.rules, place, |rule, out| {
                let mut members = Members::begin(out);
                for Keyed { key, item } in parts {
                    let place = members.name(key);
                    match item {
                        GroundPart::TypeName => json("Ground", place),
                        GroundPart::Action => json(rule.action.as_str(), place),
                        GroundPart::Role => json(&rule.role.as_ref().map(metadata::Name::as_str), place),
                        GroundPart::Scope => json(&rule.scope, place),
                        GroundPart::Holds => json(&rule.holds, place),
                    }
                }
                members.end();
            }),
        }
    }
    members.end();
}
