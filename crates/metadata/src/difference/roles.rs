//! What changed among roles. Nothing of it touches a table.

use super::{Changes, Detail};
use crate::catalog::{Action, Catalog, Grant, Role, Scope};
use crate::name::Name;

/// Roles by name, renames honoured.
pub(super) fn roles(old: &Catalog, new: &Catalog, changes: &mut Changes) {
    let mut gone: Vec<&Name> = old.roles.keys().filter(|name| !new.roles.contains_key(*name)).collect();
    for (name, role) in &new.roles {
        let path = format!("roles.{name}");
        let before = old.roles.get(name).or_else(|| {
            let former = role.renamed_from.as_ref()?;
            let place = gone.iter().position(|other| *other == former)?;
            gone.remove(place);
            old.roles.get(former)
        });
        let Some(before) = before else {
            changes.add(path, Detail::RoleAdded { role: name.clone() });
            continue;
        };
        if before.name != role.name {
            let (role, from) = (name.clone(), before.name.clone());
            changes.add(path.clone(), Detail::RoleRenamed { role, from });
        }
        if !same_grants(before, role) {
            changes.add(path.clone(), Detail::RoleChanged { role: name.clone() });
        }
        changes.other(
            path,
            &[
                ("title", before.title != role.title || before.titles != role.titles),
                ("description", before.description != role.description),
                ("package", before.package != role.package),
            ],
        );
    }
    for name in gone {
        changes.add(format!("roles.{name}"), Detail::RoleDropped { role: name.clone() });
    }
}

/// Whether two roles grant the same, in whatever order they say it.
fn same_grants(one: &Role, other: &Role) -> bool {
    let covers = |one: &Role, other: &Role| {
        one.objects.iter().all(|(name, grant)| other.objects.get(name).is_some_and(|same| equal(grant, same)))
    };
    one.metadata == other.metadata && covers(one, other) && covers(other, one)
}

fn equal(one: &Grant, other: &Grant) -> bool {
    let within = |one: &[Scope], other: &[Scope]| {
        one.iter().all(|scope| other.iter().any(|same| (scope.kind, &scope.text) == (same.kind, &same.text)))
    };
    let same = |action| {
        let (one, other) = (one.scopes(action), other.scopes(action));
        within(one, other) && within(other, one)
    };
    Action::ALL.into_iter().all(same)
        && one.reads == other.reads
        && one.writes == other.writes
        && (one.import, one.export) == (other.import, other.export)
}
