//! What changed between two catalogs, typed, so that `deploy` decides what it means for tables and records.

mod fields;
mod lifecycles;
mod roles;
mod rules;

use std::collections::HashMap;

use crate::catalog::{Catalog, Object};
use crate::name::Name;

pub use lifecycles::{counterpart, same_guard};

/// One change of metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `lead`, `lead.closeDate`, `lead.rules.margin`, `choices.industry`, `roles.sales`.
    pub path: String,
    /// What happened there.
    pub detail: Detail,
}

/// What happened. Objects and fields are named as in the new catalog, dropped ones as in the old.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants' fields are the objects, fields and names that they say")]
pub enum Detail {
    PackageAdded {
        package: String,
    },
    PackageDropped {
        package: String,
    },
    /// Version, title, dependencies or settings.
    PackageChanged {
        package: String,
    },
    ObjectAdded {
        object: Name,
    },
    ObjectDropped {
        object: Name,
    },
    ObjectRenamed {
        object: Name,
        from: Name,
    },
    FieldAdded {
        object: Name,
        field: Name,
    },
    FieldDropped {
        object: Name,
        field: Name,
    },
    FieldRenamed {
        object: Name,
        field: Name,
        from: Name,
    },
    /// Its columns have other encodings: a new column, values are converted.
    FieldRetyped {
        object: Name,
        field: Name,
        from: String,
        to: String,
    },
    /// Another type or limits in the same columns; values stay.
    FieldChanged {
        object: Name,
        field: Name,
        what: Vec<&'static str>,
        tightened: bool,
    },
    RequiredAdded {
        object: Name,
        field: Name,
    },
    RequiredDropped {
        object: Name,
        field: Name,
    },
    /// The side column without case has to be filled.
    FoldedAdded {
        object: Name,
        field: Name,
    },
    FoldedDropped {
        object: Name,
        field: Name,
    },
    /// A stored formula computes something else: its column has to be filled anew.
    FormulaChanged {
        object: Name,
        field: Name,
    },
    /// A formula is kept in a column from now on (true) or no longer (false).
    FormulaStoredChanged {
        object: Name,
        field: Name,
        stored: bool,
    },
    UniqueAdded {
        object: Name,
        name: String,
    },
    UniqueDropped {
        object: Name,
        name: String,
    },
    IndexAdded {
        object: Name,
        fields: Vec<Name>,
    },
    IndexDropped {
        object: Name,
        fields: Vec<Name>,
    },
    RuleAdded {
        object: Name,
        rule: Name,
    },
    RuleDropped {
        object: Name,
        rule: Name,
    },
    /// Its condition is another.
    RuleChanged {
        object: Name,
        rule: Name,
    },
    /// Values that a select or multi-select field no longer has.
    ChoicesRemoved {
        object: Name,
        field: Name,
        removed: Vec<String>,
    },
    /// Values of a select or multi-select field that have a new name: (old, new).
    ChoicesRenamed {
        object: Name,
        field: Name,
        renamed: Vec<(String, String)>,
    },
    ChoicesAdded {
        object: Name,
        field: Name,
        added: Vec<String>,
    },
    RoleAdded {
        role: Name,
    },
    RoleDropped {
        role: Name,
    },
    RoleRenamed {
        role: Name,
        from: Name,
    },
    /// It grants something else, itself or through what it inherits.
    RoleChanged {
        role: Name,
    },
    LifecycleAdded {
        lifecycle: Name,
    },
    LifecycleDropped {
        lifecycle: Name,
    },
    LifecycleRenamed {
        lifecycle: Name,
        from: Name,
    },
    /// Its object or its condition is another.
    LifecycleChanged {
        lifecycle: Name,
    },
    StageAdded {
        lifecycle: Name,
        stage: String,
    },
    StageDropped {
        lifecycle: Name,
        stage: String,
    },
    StageRenamed {
        lifecycle: Name,
        stage: String,
        from: String,
    },
    /// Its kind, what it locks, its cool-down or its required steps.
    StageChanged {
        lifecycle: Name,
        stage: String,
    },
    TransitionAdded {
        lifecycle: Name,
        transition: String,
    },
    TransitionDropped {
        lifecycle: Name,
        transition: String,
    },
    /// What it demands or does: `ways`, `guard`, `needs`, `requires`, `roles`, `reason`, `set`, `then`, `auto`.
    TransitionChanged {
        lifecycle: Name,
        transition: String,
        what: Vec<&'static str>,
    },
    AutomationAdded {
        automation: Name,
    },
    AutomationDropped {
        automation: Name,
    },
    AutomationRenamed {
        automation: Name,
        from: Name,
    },
    /// What sets it off, or what it does.
    AutomationChanged {
        automation: Name,
    },
    ScriptAdded {
        package: String,
        module: String,
    },
    ScriptDropped {
        package: String,
        module: String,
    },
    /// What it says, or its settings.
    ScriptChanged {
        package: String,
        module: String,
    },
    /// Only what people read: titles, labels, descriptions, order, display and search.
    Other {
        what: Vec<&'static str>,
    },
}

/// All changes from one catalog to another, renames honoured, in a stable order: packages, then objects as the new catalog has them, then
/// dropped objects, then roles, lifecycles, automations and scripts.
pub fn difference(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let mut changes = Changes::default();
    for (name, object) in &new.objects {
        let former = object.renamed_from.as_ref().filter(|former| !new.objects.contains_key(*former));
        if let Some(former) =
            former.filter(|former| old.objects.contains_key(*former) && !old.objects.contains_key(name))
        {
            changes.renames.insert(former.clone(), name.clone());
        }
    }
    packages(old, new, &mut changes);
    let mut gone: Vec<&Name> = old.objects.keys().filter(|name| !new.objects.contains_key(*name)).collect();
    for (name, object) in &new.objects {
        let before = old.objects.get(name).or_else(|| {
            let former = object.renamed_from.as_ref()?;
            let place = gone.iter().position(|other| *other == former)?;
            gone.remove(place);
            old.objects.get(former)
        });
        match before {
            None => object_added(object, &mut changes),
            Some(before) => {
                if before.name != object.name {
                    let (object, from) = (object.name.clone(), before.name.clone());
                    changes.add(object.to_string(), Detail::ObjectRenamed { object, from });
                }
                object_changed(before, object, &mut changes);
            }
        }
    }
    for name in gone {
        changes.add(name.to_string(), Detail::ObjectDropped { object: name.clone() });
    }
    roles::roles(old, new, &mut changes);
    lifecycles::lifecycles(old, new, &mut changes);
    lifecycles::automations(old, new, &mut changes);
    lifecycles::scripts(old, new, &mut changes);
    changes.all
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Changes {
    all: Vec<Change>,
    /// Objects with another name now: old name, new name.
    renames: HashMap<Name, Name>,
}

impl Changes {
    /// What an object of the old catalog is called in the new one.
    pub(crate) fn renamed<'a>(&'a self, old: &'a Name) -> &'a Name {
        self.renames.get(old).unwrap_or(old)
    }

    pub(crate) fn add(&mut self, path: String, detail: Detail) {
        self.all.push(Change { path, detail });
    }

    /// What people read, in one change.
    pub(crate) fn other(&mut self, path: String, what: &[(&'static str, bool)]) {
        let what: Vec<&'static str> =
            what.iter().filter(|(_, changed)| *changed).map(|(what, _)| *what).collect();
        if !what.is_empty() {
            self.add(path, Detail::Other { what });
        }
    }
}

fn packages(old: &Catalog, new: &Catalog, changes: &mut Changes) {
    for (name, package) in &new.packages {
        let path = format!("packages.{name}");
        let package_name = name.clone();
        match old.packages.get(name) {
            None => changes.add(path, Detail::PackageAdded { package: package_name }),
            Some(before) if before != package => {
                changes.add(path, Detail::PackageChanged { package: package_name });
            }
            Some(_) => {}
        }
    }
    for name in old.packages.keys().filter(|name| !new.packages.contains_key(*name)) {
        changes.add(format!("packages.{name}"), Detail::PackageDropped { package: name.clone() });
    }
}

/// An object and what hangs on it; its fields come with its table and are not listed one by one.
fn object_added(object: &Object, changes: &mut Changes) {
    changes.add(object.name.to_string(), Detail::ObjectAdded { object: object.name.clone() });
    for unique in &object.uniques {
        let detail = Detail::UniqueAdded { object: object.name.clone(), name: unique.name.clone() };
        changes.add(format!("{}.unique.{}", object.name, unique.name), detail);
    }
    for fields in &object.indexes {
        let detail = Detail::IndexAdded { object: object.name.clone(), fields: fields.clone() };
        changes.add(index_path(&object.name, fields), detail);
    }
}

pub(crate) fn index_path(object: &Name, fields: &[Name]) -> String {
    format!("{object}.indexes.{}", fields.iter().map(Name::as_str).collect::<Vec<_>>().join("_"))
}

fn object_changed(old: &Object, new: &Object, changes: &mut Changes) {
    fields(old, new, changes);
    rules::uniques(old, new, changes);
    rules::indexes(old, new, changes);
    rules::rules(old, new, changes);
    changes.other(
        new.name.to_string(),
        &[
            ("title", old.title != new.title || old.titles != new.titles),
            ("description", old.description != new.description),
            ("plural", old.plural != new.plural),
            ("package", old.package != new.package),
            ("display", old.display.as_ref().map(|name| rules::renamed(name, new)) != new.display),
            ("search", rules::renamed_all(&old.search, new) != new.search),
            ("owned", old.owned != new.owned),
            ("history", old.history != new.history),
            ("order", order(old, new) != order(new, old)),
        ],
    );
}

/// The fields of one that the other has, too, in their order: a field more or less is no change of order.
fn order<'a>(one: &'a Object, other: &Object) -> Vec<&'a Name> {
    one.fields.keys().filter(|name| other.fields.contains_key(*name)).collect()
}

fn fields(old: &Object, new: &Object, changes: &mut Changes) {
    let mut gone: Vec<&Name> = old.fields.keys().filter(|name| !new.fields.contains_key(*name)).collect();
    for (name, field) in &new.fields {
        let before = old.fields.get(name).or_else(|| {
            let former = field.renamed_from.as_ref()?;
            let place = gone.iter().position(|other| *other == former)?;
            gone.remove(place);
            old.fields.get(former)
        });
        let path = format!("{}.{name}", new.name);
        match before {
            None => changes.add(path, Detail::FieldAdded { object: new.name.clone(), field: name.clone() }),
            Some(before) => {
                if before.name != field.name {
                    let (object, field, from) = (new.name.clone(), name.clone(), before.name.clone());
                    changes.add(path, Detail::FieldRenamed { object, field, from });
                }
                fields::changed(&new.name, before, field, changes);
            }
        }
    }
    for name in gone {
        let detail = Detail::FieldDropped { object: new.name.clone(), field: name.clone() };
        changes.add(format!("{}.{name}", new.name), detail);
    }
}
