//! The resolved, immutable metadata of one tenant at one version. Everything in it has been checked: whoever holds a `Catalog`
//! may rely on every name in it leading somewhere.

mod automation;
mod clock;
mod crossing;
mod field;
mod lifecycle;
mod pattern;
mod role;

use std::sync::Arc;

use expr::Expr;
use indexmap::IndexMap;

pub use automation::*;
pub use clock::Tick;
pub use field::*;
pub use lifecycle::*;
pub use pattern::Pattern;
pub use role::*;

use crate::layout::Layout;
use crate::name::Name;

/// All objects and choice lists of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Number of the published version; 0 before the first apply.
    pub version: i64,
    /// SHA-256 over the canonical documents and the layout: tenants with equal hashes share statements and schemas.
    pub hash: String,
    /// Objects by name, in the order of packages and files.
    pub objects: IndexMap<Name, Arc<Object>>,
    /// Shared choice lists by name.
    pub choices: IndexMap<Name, Arc<Choices>>,
    /// Roles by name.
    pub roles: IndexMap<Name, Arc<Role>>,
    /// Lifecycles by name.
    pub lifecycles: IndexMap<Name, Arc<Lifecycle>>,
    /// Automations by name, in the order in which they run.
    pub automations: IndexMap<Name, Arc<Automation>>,
    /// Scripts of packages and of the plugins that they declare.
    pub scripts: Vec<Script>,
    /// Packages by name, each behind those that it depends on.
    pub packages: IndexMap<String, Package>,
    /// Where each field is stored.
    pub layout: Layout,
}

impl Catalog {
    /// The object of that name.
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(name)
    }

    /// The lifecycles that records of an object can take, in the order in which they are asked.
    pub fn lifecycles_of<'a>(&'a self, object: &'a str) -> impl Iterator<Item = &'a Arc<Lifecycle>> {
        self.lifecycles.values().filter(move |lifecycle| &*lifecycle.object == object)
    }
}

/// A package as far as the running system needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// SemVer.
    pub version: String,
    /// For people.
    pub title: String,
    /// Typed settings with their defaults; expressions name them `settings.<name>`.
    pub settings: IndexMap<Name, Setting>,
}

/// A setting of a package.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its type in expressions.
    pub ty: expr::Type,
    /// Its value unless the tenant set another.
    pub value: expr::Value,
}

/// A business object type.
#[derive(Clone, Debug)]
pub struct Object {
    /// `opportunity`
    pub name: Name,
    /// `opportunities`
    pub plural: Name,
    /// `Opportunity`, for people.
    pub title: String,
    /// Titles in other languages, by tag (`zh-CN`).
    pub titles: IndexMap<String, String>,
    /// For people and for the generated schema.
    pub description: Option<String>,
    /// The package that defines it.
    pub package: String,
    /// All fields by name: system fields first, then authored ones, then the far ends of relations.
    pub fields: IndexMap<Name, Arc<Field>>,
    /// The field that names a record to people.
    pub display: Option<Name>,
    /// Fields that `search` looks in.
    pub search: Vec<Name>,
    /// Extra indexes, each a list of fields.
    pub indexes: Vec<Vec<Name>>,
    /// Unique rules, `unique: true` fields included.
    pub uniques: Vec<Unique>,
    /// Validation rules across fields.
    pub rules: Vec<Rule>,
    /// Whether records have `owner` and `ownerSince`.
    pub owned: bool,
    /// Whether changes of field values are kept in `history`.
    pub history: bool,
    /// Whether it is the link of a many-to-many relation that has no document of its own.
    pub link: bool,
    /// Its former name, when its author renamed it; without effect once the former name is gone.
    pub renamed_from: Option<Name>,
}

impl Object {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Arc<Field>> {
        self.fields.get(name)
    }

    /// Whether the field alone identifies a record: it has a unique rule of its own without a condition.
    pub fn identifies(&self, field: &str) -> bool {
        field == "id"
            || self
                .uniques
                .iter()
                .any(|u| u.condition.is_none() && matches!(&*u.fields, [one] if &**one == field))
    }
}

/// No two living records may agree in all these fields, where the condition holds. A null in one of them never collides.
#[derive(Clone, Debug)]
pub struct Unique {
    /// Stable name, from its fields.
    pub name: String,
    /// Stored fields or to-one relations.
    pub fields: Vec<Name>,
    /// Which records take part; over own stored fields only.
    pub condition: Option<Expr>,
}

/// A condition that every written record must meet.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable name, sent as `rule` of the refusal.
    pub name: Name,
    /// Must be true.
    pub check: Expr,
    /// What the person is told.
    pub message: String,
    /// The field it is shown at.
    pub path: Option<Name>,
}

/// A list of values to choose from.
#[derive(Clone, Debug)]
pub struct Choices {
    /// Its name; `object.field` for a list written in place.
    pub name: String,
    /// For people.
    pub title: String,
    /// In the order in which they are shown.
    pub choices: Vec<Choice>,
}

/// One value of a choice list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// `[A-Za-z][A-Za-z0-9_]*`, as stored and as in the API.
    pub value: Arc<str>,
    /// For people.
    pub label: String,
    /// Labels in other languages, by tag.
    pub labels: IndexMap<String, String>,
    /// Its former value, when it was renamed.
    pub renamed_from: Option<String>,
    /// What it is called elsewhere: a stage, in further lifecycles of its object.
    pub also: Vec<String>,
}

impl Choices {
    /// Lists longer than this are strings in the API.
    pub const MOST_IN_ENUM: usize = 500;
}
