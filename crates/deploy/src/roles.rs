//! What becomes of those who bear a role that is renamed or dropped.

use expr::{Encoding, Value};
use metadata::difference::{Change, Detail};
use metadata::{Catalog, Name};
use sql::{Compare, Delete, Ident, Scalar, Write};
use store::{Tenant, Transaction};

use crate::error::DeployError;
use crate::plan::Effect;
use crate::statements::{ROW, SAMPLE, column, compare, constant, count, id_text, print, run, select, update};

/// Who bears which role.
const BEARERS: &str = "user_role";

fn is(field: &str, text: &str) -> Scalar {
    compare(Compare::Equal, column(field), constant(Value::Text(text.to_owned()), Encoding::Text))
}

/// How many users lose a role that is dropped.
pub async fn effects(tenant: &Tenant, changes: &[Change]) -> Result<Vec<Effect>, DeployError> {
    let mut found = Vec::new();
    for change in changes {
        let Detail::RoleDropped { role } = &change.detail else { continue };
        let bearers = count(tenant, BEARERS, is("role", role), &[]).await?;
        let mut query = select(BEARERS, [column("user_id")], is("role", role));
        query.limit = Some(Scalar::Int(SAMPLE));
        let rows = tenant.fetch(&print(&query, tenant), &[]).await?;
        let sample = rows.iter().map(|row| id_text(&sql::Cells::value(row, 0, Encoding::Id))).collect();
        found.push(Effect {
            replay: None,
            object: "user".to_owned(),
            rule: format!("role:{role}"),
            count: bearers,
            sample,
            refuses: false,
        });
    }
    Ok(found)
}

/// Gives those who bear a role, and what was shared with it, its new name.
pub async fn rename(
    tenant: &Tenant,
    transaction: &mut Transaction,
    renamed: &[(Name, Name)],
) -> Result<(), DeployError> {
    for (old, new) in renamed {
        let name = || constant(Value::Text(new.to_string()), Encoding::Text);
        // There was no role of the new name, so whoever has that on them has it from long ago.
        let stale = Delete { table: Ident::made(BEARERS), alias: Ident::made(ROW), filter: is("role", new) };
        run(tenant, transaction, &Write::Delete(stale)).await?;
        run(tenant, transaction, &update(BEARERS, "role", name(), is("role", old))).await?;
        let shared = Scalar::And(vec![is("grantee_kind", "role"), is("grantee", old)]);
        run(tenant, transaction, &update("share", "grantee", name(), shared)).await?;
    }
    Ok(())
}

/// Gives the keys that act with renamed roles, and login providers that give them, the new names, once these are published. Doing it again
/// changes nothing, so the next publish makes up for one that died before this.
pub async fn rename_elsewhere(tenant: &Tenant, catalog: &Catalog) -> Result<(), DeployError> {
    for (old, new) in former(catalog).filter(|(old, _)| !catalog.roles.contains_key(*old)) {
        move_elsewhere(tenant, old, new).await?;
    }
    Ok(())
}

/// The same before a role is published that takes the former name of another: what is left of that name belongs to the other.
pub async fn make_way(tenant: &Tenant, taken: &[(Name, Name)]) -> Result<(), DeployError> {
    for (old, new) in taken {
        move_elsewhere(tenant, old, new).await?;
    }
    Ok(())
}

/// Former names of roles that had been renamed already and that new roles take, with the present ones.
pub fn taken(old: &Catalog, new: &Catalog) -> Vec<(Name, Name)> {
    let known = |name: &Name| old.roles.contains_key(name);
    let taken = former(new).filter(|(old, now)| new.roles.contains_key(*old) && !known(old) && known(now));
    taken.map(|(old, now)| (old.clone(), now.clone())).collect()
}

/// Former names of roles, with the present ones.
fn former(catalog: &Catalog) -> impl Iterator<Item = (&Name, &Name)> {
    catalog.roles.values().filter_map(|role| Some((role.renamed_from.as_ref()?, &role.name)))
}

async fn move_elsewhere(tenant: &Tenant, old: &Name, new: &Name) -> Result<(), DeployError> {
    tenant.store().keys_rename_role(tenant.name(), old, new).await?;
    Ok(tenant.login_providers_rename_role(old, new).await?)
}
