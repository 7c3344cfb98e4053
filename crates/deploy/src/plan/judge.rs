//! Values that are judged one by one: under a type that they have to be converted to, and under limits that are tighter.

use std::collections::BTreeMap;

use expr::Value;
use indexmap::IndexMap;
use metadata::catalog::Object;
use metadata::difference::Detail;
use metadata::layout::{Column, Role};
use metadata::{Name, validate};
use sql::Scalar;

use super::Effect;
use super::effects::{Judged, Verdict, effect};
use crate::convert::convert_mapped;
use crate::error::DeployError;
use crate::rows::Batches;
use crate::statements::{SAMPLE, holding, id_text, living};
use crate::work::{Fill, TableWork};

/// Rows that are read at a time.
const BATCH: i64 = 5_000;

/// Records that something is said about.
#[derive(Default)]
struct Tally {
    count: u64,
    sample: Vec<String>,
}

impl Tally {
    fn note(&mut self, id: &Value) {
        self.count += 1;
        if i64::try_from(self.sample.len()).unwrap_or(i64::MAX) < SAMPLE {
            self.sample.push(id_text(id));
        }
    }

    fn into_effect(self, object: &str, rule: String, verdict: Verdict) -> Effect {
        effect(object, rule, self.count, self.sample, verdict)
    }
}

/// Values that do not parse as the new type of their field.
pub async fn converted(judged: &Judged<'_>, work: &TableWork) -> Result<Vec<Effect>, DeployError> {
    let mut found = Vec::new();
    let object = &work.object.name;
    for fill in &work.fills {
        let Fill::Convert(convert) = fill else { continue };
        let mut tally = Tally::default();
        let columns =
            convert.source.as_ref().map_or_else(|| convert.left.clone(), |source| vec![source.clone()]);
        let mut batches = Batches::new(&work.table.name, columns.clone(), holding(&columns), BATCH);
        loop {
            let rows = batches.fetch(judged.tenant).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let value = row.cells.first().filter(|_| convert.source.is_some());
                let fits = value.is_some_and(|value| {
                    convert_mapped(judged.mapping, object, &convert.from, &convert.field, value).is_ok()
                });
                if !fits {
                    tally.note(&row.id);
                }
            }
        }
        found.push(tally.into_effect(object, format!("type:{}", convert.field.name), Verdict::Refused));
    }
    Ok(found)
}

/// Values that stay in their column and break what the field demands from now on: refused where they are of another type or not among the
/// choices, held at their next write where they break a limit.
pub async fn tightened(judged: &Judged<'_>, work: &TableWork) -> Result<Vec<Effect>, DeployError> {
    let fields = tightened_fields(judged, work);
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let judge = trimmed(&work.object, &fields);
    let stored: Vec<(String, Column)> = fields.iter().flat_map(|name| cells_of(work, name)).collect();
    let columns: Vec<Column> = stored.iter().map(|(_, column)| column.clone()).collect();
    let filter = Scalar::And(vec![living(), holding(&columns)]);
    let mut batches = Batches::new(&work.table.name, columns, filter, BATCH);
    let mut tallies: BTreeMap<(String, Verdict), Tally> = BTreeMap::new();
    loop {
        let rows = batches.fetch(judged.tenant).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let values = stored.iter().zip(row.cells).map(|((key, _), value)| (key.clone(), value));
            let values: IndexMap<String, Value> = values.filter(|(_, value)| !value.is_null()).collect();
            let mut noted: Vec<(String, Verdict)> = Vec::new();
            for violation in validate(&judge, &values) {
                let field = violation.path.split('.').next().unwrap_or_default();
                let rewritten = values.get(field).is_some_and(|value| is_rewritten(work, field, value));
                if violation.rule == "required" || rewritten {
                    continue;
                }
                let key = rule_of(field, violation.rule);
                if !noted.contains(&key) {
                    tallies.entry(key.clone()).or_default().note(&row.id);
                    noted.push(key);
                }
            }
        }
    }
    let object = &work.object.name;
    Ok(tallies.into_iter().map(|((rule, verdict), tally)| tally.into_effect(object, rule, verdict)).collect())
}

fn rule_of(field: &str, rule: &str) -> (String, Verdict) {
    match rule {
        "enum" => (format!("choices:{field}"), Verdict::Refused),
        "type" | "format" => (format!("type:{field}"), Verdict::Refused),
        _ => (format!("limit:{field}"), Verdict::Told),
    }
}

/// Whether the value becomes another: by the caller's mapping, or because its choice was renamed.
fn is_rewritten(work: &TableWork, field: &str, value: &Value) -> bool {
    let of_field = || work.rewrites.iter().filter(|rewrite| &*rewrite.field.name == field);
    let said = |text: &str| of_field().any(|rewrite| rewrite.values.contains_key(text));
    match value {
        Value::Text(text) => said(text),
        Value::List(items) => items.iter().any(|item| matches!(item, Value::Text(text) if said(text))),
        _ => false,
    }
}

fn tightened_fields(judged: &Judged<'_>, work: &TableWork) -> Vec<Name> {
    let mut fields = Vec::new();
    for change in judged.changes {
        if let Detail::FieldChanged { object, field, tightened: true, .. } = &change.detail
            && *object == work.object.name
            && cells_of(work, field).iter().all(|(_, column)| !work.is_fresh(column))
        {
            fields.push(field.clone());
        }
    }
    fields
}

/// The object with no other fields than these.
fn trimmed(object: &Object, fields: &[Name]) -> Object {
    let mut object = object.clone();
    object.fields.retain(|name, _| fields.contains(name));
    object
}

/// The columns of a field under the keys that validation knows: `field`, `field.part`.
fn cells_of(work: &TableWork, field: &Name) -> Vec<(String, Column)> {
    let columns = work.table.fields.get(field).map_or(&[][..], Vec::as_slice);
    let keyed = |column: &Column| match &column.role {
        Role::Value => Some((field.to_string(), column.clone())),
        Role::Part(part) => Some((format!("{field}.{part}"), column.clone())),
        Role::Folded | Role::Object => None,
    };
    columns.iter().filter_map(keyed).collect()
}
