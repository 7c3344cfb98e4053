//! The roles that ship with `core`, as they are resolved: what their bearers see, and that every scope of theirs becomes SQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use metadata::catalog::{Action, Catalog, Right, Role};
use metadata::{Base, SourceFile, resolve};
use query::access::{Access, Facts, Rows, Shares};
use query::lower::Lowering;
use sql::{Dialect, Ident};
use uuid::Uuid;

use crate::world::name;

fn files(folder: &Path) -> Vec<SourceFile> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            let relative = path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if SourceFile::wanted(&relative) {
                found.push(SourceFile { path: relative, text: fs::read_to_string(&path).expect("a text") });
            }
        }
    }
    found
}

fn core() -> Arc<Catalog> {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../metadata/core"));
    Arc::new(resolve(&files, &Base::default()).expect("core resolves").catalog)
}

fn access(catalog: &Catalog, roles: &[&str]) -> Access {
    let roles: Vec<_> = roles.iter().map(|role| name(role)).collect();
    Access::of(catalog, &roles, &Shares::default())
}

#[test]
fn fields_and_objects_are_united_and_what_is_sensitive_is_named() {
    let catalog = core();
    let (support, manager) = (access(&catalog, &["support"]), access(&catalog, &["salesManager"]));
    assert!(support.sees("account", "phone") && !support.sees("lead", "id"));
    assert!(support.visible(&catalog).object("opportunity").is_none());
    assert!(!support.sees("account", "opportunities"), "the far end of what is hidden is hidden");
    assert!(!support.sees("account", "wonAmount"), "a roll-up over hidden records is hidden");
    assert!(!support.sees("product", "cost") && manager.sees("product", "cost"));
    assert!(manager.sees("account", "wonAmount"));
    assert!(!manager.may(Right::Apply) && manager.may(Right::Shares));

    let both = access(&catalog, &["support", "salesManager"]);
    assert_eq!(*both.rows("contract", Action::Delete), Rows::None);
    assert_eq!(*both.rows("account", Action::Read), Rows::All, "`all` swallows every other scope");
    assert!(both.covers(&support) && both.covers(&manager) && !support.covers(&both));
    assert!(access(&catalog, &["nobody"]).visible(&catalog).objects.is_empty());
}

#[test]
fn a_renamed_role_is_still_borne_by_who_had_it() {
    let whole = core();
    let renamed = |name_now: &str| {
        let mut catalog = Catalog::clone(&whole);
        let sales = catalog.roles.shift_remove("sales").expect("it ships");
        let role = Role { name: name(name_now), renamed_from: Some(name("sales")), ..Role::clone(&sales) };
        catalog.roles.insert(role.name.clone(), Arc::new(role));
        catalog
    };
    let (before, after) = (access(&whole, &["sales"]), access(&renamed("seller"), &["sales"]));
    assert!(after.covers(&before) && before.covers(&after));
    // Another role of the former name is that role, and nobody bears the renamed one by it.
    let mut taken = renamed("seller");
    taken.roles.insert(name("sales"), Arc::clone(&whole.roles["support"]));
    assert!(access(&taken, &["sales"]).covers(&access(&whole, &["support"])));
    assert!(!access(&taken, &["sales"]).covers(&before));
}

#[test]
fn every_scope_becomes_sql_and_nobody_in_particular_owns_nothing() {
    let catalog = core();
    let moment = expr::Moment { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::UTC };
    let user =
        Facts::of(Uuid::from_u128(7), &[Uuid::from_u128(7), Uuid::from_u128(8)], &[Uuid::from_u128(9)]);
    let mut scopes = 0;
    for (role, action) in catalog.roles.values().flat_map(|role| Action::ALL.map(|action| (role, action))) {
        for (object, grant) in &role.objects {
            for scope in grant.scopes(action) {
                let Some(condition) = &scope.condition else { continue };
                for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                    let mut lowering = Lowering::new(&catalog, dialect, 0);
                    let lowered = lowering.condition(condition, object, &Ident::made("r"));
                    assert!(lowered.is_ok(), "{} {object} {}: {lowered:?}", role.name, scope.text);
                    let slots = lowering.into_slots();
                    slots.bind(&[], &moment, &user).expect("bound for a user");
                    slots.bind(&[], &moment, &Facts::default()).expect("bound for nobody");
                    scopes += 1;
                }
            }
        }
    }
    assert!(scopes > 100, "only {scopes} scopes were tried");
}
