//! Changes and steps in the words that people see.

use metadata::difference::{Change, Detail};

use super::{ChangeLine, Class, Step};
use crate::work::{Fill, Rewrite, TableWork, Work};

/// One change of metadata.
pub fn line(change: &Change) -> ChangeLine {
    ChangeLine { kind: kind(&change.detail).to_owned(), path: change.path.clone() }
}

fn kind(detail: &Detail) -> &'static str {
    match detail {
        Detail::PackageAdded { .. } => "packageAdded",
        Detail::PackageDropped { .. } => "packageDropped",
        Detail::PackageChanged { .. } => "packageChanged",
        Detail::ObjectAdded { .. } => "objectAdded",
        Detail::ObjectDropped { .. } => "objectDropped",
        Detail::ObjectRenamed { .. } => "objectRenamed",
        Detail::FieldAdded { .. } => "fieldAdded",
        Detail::FieldDropped { .. } => "fieldDropped",
        Detail::FieldRenamed { .. } => "fieldRenamed",
        Detail::FieldRetyped { .. } => "fieldRetyped",
        Detail::FieldChanged { .. } => "fieldChanged",
        Detail::RequiredAdded { .. } => "requiredAdded",
        Detail::RequiredDropped { .. } => "requiredDropped",
        Detail::FoldedAdded { .. } => "foldedAdded",
        Detail::FoldedDropped { .. } => "foldedDropped",
        Detail::FormulaChanged { .. } => "formulaChanged",
        Detail::FormulaStoredChanged { .. } => "formulaStoredChanged",
        Detail::UniqueAdded { .. } => "uniqueAdded",
        Detail::UniqueDropped { .. } => "uniqueDropped",
        Detail::IndexAdded { .. } => "indexAdded",
        Detail::IndexDropped { .. } => "indexDropped",
        Detail::RuleAdded { .. } => "ruleAdded",
        Detail::RuleDropped { .. } => "ruleDropped",
        Detail::RuleChanged { .. } => "ruleChanged",
        Detail::ChoicesRemoved { .. } => "choicesRemoved",
        Detail::ChoicesRenamed { .. } => "choicesRenamed",
        Detail::ChoicesAdded { .. } => "choicesAdded",
        Detail::RoleAdded { .. } => "roleAdded",
        Detail::RoleDropped { .. } => "roleDropped",
        Detail::RoleRenamed { .. } => "roleRenamed",
        Detail::RoleChanged { .. } => "roleChanged",
        Detail::LifecycleAdded { .. } => "lifecycleAdded",
        Detail::LifecycleDropped { .. } => "lifecycleDropped",
        Detail::LifecycleRenamed { .. } => "lifecycleRenamed",
        Detail::LifecycleChanged { .. } => "lifecycleChanged",
        Detail::StageAdded { .. } => "stageAdded",
        Detail::StageDropped { .. } => "stageDropped",
        Detail::StageRenamed { .. } => "stageRenamed",
        Detail::StageChanged { .. } => "stageChanged",
        Detail::TransitionAdded { .. } => "transitionAdded",
        Detail::TransitionDropped { .. } => "transitionDropped",
        Detail::TransitionChanged { .. } => "transitionChanged",
        Detail::AutomationAdded { .. } => "automationAdded",
        Detail::AutomationDropped { .. } => "automationDropped",
        Detail::AutomationRenamed { .. } => "automationRenamed",
        Detail::AutomationChanged { .. } => "automationChanged",
        Detail::ScriptAdded { .. } => "scriptAdded",
        Detail::ScriptDropped { .. } => "scriptDropped",
        Detail::ScriptChanged { .. } => "scriptChanged",
        Detail::Other { .. } => "changed",
    }
}

/// All steps on tables, in the order of objects.
pub fn steps(work: &Work, changes: &[Change]) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in &work.tables {
        table_steps(table, changes, &mut steps);
    }
    for (object, _) in &work.dropped {
        let what = format!("drop object {}; its table is kept until purge", object.name);
        steps.push(Step { class: Class::Destructive, object: object.name.to_string(), what });
    }
    steps
}

fn table_steps(work: &TableWork, changes: &[Change], steps: &mut Vec<Step>) {
    let mut push =
        |class: Class, what: String| steps.push(Step { class, object: work.object.name.to_string(), what });
    if work.created {
        return push(Class::Safe, format!("create table {}", work.table.name));
    }
    if work.old.is_none() {
        push(Class::Safe, format!("bring back table {}", work.table.name));
    }
    for field in work.revived.iter().filter(|_| work.old.is_some()) {
        push(Class::Safe, format!("bring back field {field} with its values"));
    }
    for column in &work.columns {
        push(Class::Safe, format!("add column {}", column.name));
    }
    for fill in &work.fills {
        push(Class::Backfill, filled(work, fill, changes));
    }
    for rewrite in &work.rewrites {
        push(Class::Backfill, rewritten(rewrite));
    }
    for index in &work.indexes {
        push(Class::Safe, format!("build {}", index.what));
    }
    for index in &work.dropped_indexes {
        push(Class::Safe, format!("drop index {index}"));
    }
    for (field, _) in &work.dropped {
        if field.writable() {
            push(Class::Destructive, format!("drop field {}; its values are kept until purge", field.name));
        } else {
            push(Class::Safe, format!("forget the computed values of {}", field.name));
        }
    }
}

fn filled(work: &TableWork, fill: &Fill, changes: &[Change]) -> String {
    match fill {
        Fill::Convert(convert) => {
            let name = &convert.field.name;
            let types = changes.iter().find_map(|change| match &change.detail {
                Detail::FieldRetyped { object, field, from, to }
                    if *object == work.object.name && field == name =>
                {
                    Some(format!(" from {from} to {to}"))
                }
                _ => None,
            });
            format!("convert {name}{}", types.unwrap_or_default())
        }
        Fill::Fold { field, .. } => format!("fill {} without case", field.name),
        Fill::Currency { money, code, .. } => format!("set the currency of {money} to {code}"),
        Fill::Formula { field, .. } => format!("compute {}", field.name),
    }
}

fn rewritten(rewrite: &Rewrite) -> String {
    let one =
        |(old, new): (&String, &Option<String>)| format!("{old} to {}", new.as_deref().unwrap_or("nothing"));
    let all: Vec<String> = rewrite.values.iter().map(one).collect();
    format!("change {}: {}", rewrite.field.name, all.join(", "))
}
