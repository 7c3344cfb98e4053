//! Brings an earlier version back, as a new one.

use metadata::catalog::{Choices, FieldType};
use metadata::layout::Table;
use metadata::{Catalog, Layout};
use store::Tenant;

use crate::apply::{Applied, carry_out, settled};
use crate::error::DeployError;
use crate::options::{ApplyOptions, Mapping, PlanOptions};
use crate::plan::{Draft, Plan, Target};
use crate::published::{self, Published};

/// Applies the documents of that version. Fields dropped since come back with their values, unless they were purged.
pub async fn revert(tenant: &Tenant, version: i64, options: ApplyOptions) -> Result<Applied, DeployError> {
    let base = settled(tenant).await?;
    let older = published::numbered(tenant, version).await?;
    let mut options = options;
    former_choices(&base, &older, &mut options.mapping)?;
    let target = target(&base, older);
    let draft = Draft::new(tenant, base, target, options.asked(), options.at).await?;
    carry_out(tenant, draft, &options).await
}

/// What a revert would do.
pub async fn plan_revert(tenant: &Tenant, version: i64, options: PlanOptions) -> Result<Plan, DeployError> {
    let base = published::current(tenant).await?;
    let older = published::numbered(tenant, version).await?;
    let mut options = options;
    former_choices(&base, &older, &mut options.mapping)?;
    let target = target(&base, older);
    Ok(Draft::new(tenant, base, target, options.asked(), PlanOptions::moment()).await?.plan)
}

/// All documents of the older version and no others, on tables where what it stored goes by the names that it knew.
fn target(base: &Published, older: Published) -> Target {
    let mut layout = base.layout.clone();
    take_names_back(&mut layout, &older.layout);
    layout.revive(&older.layout);
    Target { files: Vec::new(), beside: older.files, layout }
}

/// Choices that were renamed since get their former values, where the caller says nothing else.
fn former_choices(base: &Published, older: &Published, mapping: &mut Mapping) -> Result<(), DeployError> {
    let (now, then) = (base.resolve()?.catalog, older.resolve()?.catalog);
    for object in then.objects.values() {
        for field in object.fields.values() {
            let (Some(had), Some(has)) =
                (choices(&then, &object.name, &field.name), choices(&now, &object.name, &field.name))
            else {
                continue;
            };
            let holds =
                |list: &Choices, value: &str| list.choices.iter().any(|choice| &*choice.value == value);
            for choice in has.choices.iter().filter(|choice| !holds(had, &choice.value)) {
                let former = choice.renamed_from.as_ref().filter(|former| holds(had, former));
                if let Some(former) = former {
                    let said = mapping.0.entry(format!("{}.{}", object.name, field.name)).or_default();
                    said.entry(choice.value.to_string()).or_insert_with(|| Some(former.clone()));
                }
            }
        }
    }
    Ok(())
}

fn choices<'a>(catalog: &'a Catalog, object: &str, field: &str) -> Option<&'a Choices> {
    match &catalog.object(object)?.field(field)?.ty {
        FieldType::Select(choices) | FieldType::MultiSelect(choices) => Some(choices),
        _ => None,
    }
}

/// Undoes renames: whatever lies in a column that the older version knew gets the name it had there.
fn take_names_back(layout: &mut Layout, older: &Layout) {
    for (old_name, old_table) in &older.tables {
        let now = layout
            .tables
            .iter()
            .find(|(_, table)| table.name == old_table.name)
            .map(|(name, _)| name.clone());
        let Some(now) = now else { continue };
        if now != *old_name
            && !layout.tables.contains_key(old_name)
            && let Some(table) = layout.tables.shift_remove(&now)
        {
            layout.tables.insert(old_name.clone(), table);
        }
        if let Some(table) = layout.tables.values_mut().find(|table| table.name == old_table.name) {
            take_fields_back(table, old_table);
        }
    }
}

fn take_fields_back(table: &mut Table, older: &Table) {
    for (old_name, old_columns) in &older.fields {
        let holds = |columns: &Vec<metadata::layout::Column>| {
            columns.iter().any(|column| old_columns.iter().any(|old| old.name == column.name))
        };
        let now = table.fields.iter().find(|(_, columns)| holds(columns)).map(|(name, _)| name.clone());
        let Some(now) = now.filter(|now| now != old_name) else { continue };
        if !table.fields.contains_key(old_name)
            && let Some(columns) = table.fields.shift_remove(&now)
        {
            table.fields.insert(old_name.clone(), columns);
        }
    }
}
