//! `armature explain`: why a user may or may not do something to a record.

use engine::{Door, Engine, Explanation, Ground, Question};
use metadata::Name;
use metadata::catalog::Action;
use serde_json::json;
use server::admin::Admin;

use crate::cli::{Explain, ExplainAction};
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Says it with all rules that could allow it; the exit code is 0 whatever the answer.
pub async fn explain(arguments: &Explain, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let Explain { user, object, id, action, field, tenant } = arguments;
    let name = Name::new(object).map_err(|error| Failure::Usage(format!("{object}: {error}")))?;
    let store = super::open(settings).await?;
    let caller = super::caller(&super::tenant(&store, tenant).await?, Door::Command).await?;
    if let Some(field) = field {
        known(&caller.catalog, object, field)?;
    }
    let engine = Engine::new();
    let admin = Admin { engine: &engine, caller: &caller };
    let action = match action {
        ExplainAction::Read => Action::Read,
        ExplainAction::Update => Action::Update,
        ExplainAction::Delete => Action::Delete,
        ExplainAction::Destroy => Action::Destroy,
    };
    let id_of_user = admin.user(user).await?;
    let active = admin.person(id_of_user).await?.is_some();
    let question = Question { object: name, id: *id, action, field: field.clone() };
    let explained = admin.explain(id_of_user, &question).await?;
    let explained =
        explained.ok_or_else(|| Failure::Usage(format!("there is no `{object}` record with the id {id}")))?;
    let asked = format!("{} {object} {id}", action.as_str());
    console.result(&shown(&explained, active), |console| {
        let may = if explained.allowed { "may" } else { "may not" };
        let of = field.as_ref().map_or_else(String::new, |field| format!(", field {field}"));
        console.say(&format!("{user} {may} {asked}{of}"));
        for line in lines(&explained, &question, active) {
            console.say(&format!("  {line}"));
        }
    })?;
    Ok(0)
}

/// A slip in the name of a field must not look like a verdict.
fn known(catalog: &metadata::Catalog, object: &str, field: &str) -> Result<(), Failure> {
    match catalog.object(object) {
        Some(found) if found.field(field).is_none() => {
            let names: Vec<&str> = found.fields.keys().map(Name::as_str).collect();
            Err(Failure::Usage(format!("`{object}` has no field `{field}`; there are {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}

/// The grounds, for people.
fn lines(explained: &Explanation, question: &Question, active: bool) -> Vec<String> {
    if !active {
        return vec!["The user is not active; whoever is not may nothing.".to_owned()];
    }
    let mut lines: Vec<String> = explained.rules.iter().map(rule).collect();
    let granted = |action: Action| explained.rules.iter().any(|rule| rule.action == action);
    for action in [Action::Read, question.action] {
        if !granted(action) {
            let line = format!("no   no role and no share grants {} of {}", action.as_str(), question.object);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if let (Some(may), Some(field)) = (explained.field, &question.field) {
        let what = if question.action == Action::Update { "written" } else { "seen" };
        let verdict = if may { "yes  a role lets" } else { "no   no role lets" };
        lines.push(format!("{verdict} {field} be {what}"));
    }
    lines
}

fn rule(ground: &Ground) -> String {
    let (mark, verb) =
        if ground.holds { ("yes", "which holds here") } else { ("no ", "which does not hold here") };
    let action = ground.action.as_str();
    match &ground.role {
        Some(role) => format!("{mark}  role {role} grants {action}: {}, {verb}", ground.scope),
        None => format!("{mark}  a share grants {action}, {verb}"),
    }
}

fn shown(explained: &Explanation, active: bool) -> serde_json::Value {
    let rule = |rule: &Ground| {
        json!({
            "action": rule.action.as_str(), "role": rule.role, "scope": rule.scope, "holds": rule.holds,
        })
    };
    json!({
        "allowed": explained.allowed,
        "active": active,
        "field": explained.field,
        "rules": explained.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}
