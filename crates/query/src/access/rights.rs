//! The rights of a set of roles on one catalog, worked out once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root, Span, Type};
use metadata::Name;
use metadata::catalog::{Action, Catalog, FieldType, Grant, Object, Right, Role, Scope};

use super::facts::Shares;
use super::{beyond, visible};

/// The role that has every right and is there in every tenant. No document can define it.
pub const ADMIN: &str = "admin";

/// The rights of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// All rights in the tenant: the role [`ADMIN`], a key made without a role, the platform itself.
    Everything,
    /// What some roles grant.
    Limited(Arc<Rights>),
}

/// Which records an act is granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// None.
    None,
    /// Those of which the condition holds, with the record as `record` and facts of the `user`.
    Where(Expr),
    /// All.
    All,
}

/// What some roles grant on a catalog, together with what was shared.
pub struct Rights {
    /// Equal rights on one catalog have equal keys.
    key: String,
    /// The roles, with those that they inherit.
    roles: BTreeSet<Name>,
    /// The roles by name, as far as the catalog knows them.
    given: Vec<Name>,
    metadata: BTreeSet<Right>,
    visible: Arc<Catalog>,
    objects: HashMap<Name, OfObject>,
}

struct OfObject {
    rules: Vec<(Action, Rule)>,
    rows: HashMap<Action, Rows>,
    writable: HashSet<Name>,
    import: bool,
    export: bool,
}

/// One thing that grants an act on some records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The role that grants it; none where the record was shared.
    pub role: Option<Name>,
    /// As it stands in the role's document; `share` where the record was shared.
    pub text: String,
    /// Of which records; `None` of every one.
    pub condition: Option<Expr>,
}

impl PartialEq for Rights {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Rights {}

impl Hash for Rights {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl std::fmt::Debug for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rights").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Access {
    /// The rights of these roles together; roles that the catalog does not know, by their present or former name, grant nothing.
    pub fn of(catalog: &Catalog, roles: &[Name], shares: &Shares) -> Self {
        if roles.iter().any(|role| &**role == ADMIN) {
            return Access::Everything;
        }
        let mut known: Vec<&Arc<Role>> = roles.iter().filter_map(|role| bearing(catalog, role)).collect();
        known.sort_by(|a, b| a.name.cmp(&b.name));
        known.dedup_by(|a, b| a.name == b.name);
        Access::Limited(Arc::new(Rights::new(catalog, &known, shares)))
    }

    /// The part of the catalog that the caller may see: what schemas are built from and requests are understood with.
    pub fn visible<'a>(&'a self, catalog: &'a Arc<Catalog>) -> &'a Arc<Catalog> {
        match self {
            Access::Everything => catalog,
            Access::Limited(rights) => &rights.visible,
        }
    }

    /// The same without keeping it.
    pub(super) fn seen<'a>(&'a self, catalog: &'a Catalog) -> &'a Catalog {
        match self {
            Access::Everything => catalog,
            Access::Limited(rights) => &rights.visible,
        }
    }

    /// Whether the caller has a right besides those on records.
    pub fn may(&self, right: Right) -> bool {
        match self {
            Access::Everything => true,
            Access::Limited(rights) => rights.metadata.contains(&right),
        }
    }

    /// Whether the caller has a role, or one that inherits it; who may do everything has all of them.
    pub fn bears(&self, role: &str) -> bool {
        match self {
            Access::Everything => true,
            Access::Limited(rights) => rights.roles.iter().any(|own| &**own == role),
        }
    }

    /// The roles that these rights were made of, those that they inherit left out; `None`: every right.
    pub fn given(&self) -> Option<&[Name]> {
        match self {
            Access::Everything => None,
            Access::Limited(rights) => Some(&rights.given),
        }
    }

    /// Whether files of an object may be imported.
    pub(super) fn may_import(&self, object: &str) -> bool {
        self.everything() || self.object(object).is_some_and(|of| of.import)
    }

    /// Whether files of an object may be exported.
    pub(super) fn may_export(&self, object: &str) -> bool {
        self.everything() || self.object(object).is_some_and(|of| of.export)
    }

    /// On which records of an object an act is granted. To change or delete a record one must see it, too.
    pub fn rows(&self, object: &str, action: Action) -> &Rows {
        if self.everything() {
            return &Rows::All;
        }
        self.object(object).and_then(|of| of.rows.get(&action)).unwrap_or(&Rows::None)
    }

    /// What grants an act on records of an object; the condition of [`Access::rows`] is the disjunction of these. `None`: every right.
    pub fn rules(&self, object: &str, action: Action) -> Option<Vec<&Rule>> {
        if self.everything() {
            return None;
        }
        let rules = self.object(object).map(|of| of.rules.as_slice()).unwrap_or_default();
        Some(rules.iter().filter(|(of, _)| *of == action).map(|(_, rule)| rule).collect())
    }

    /// Whether a field may be seen, provided that there is one.
    pub fn sees(&self, object: &str, field: &str) -> bool {
        match self {
            Access::Everything => true,
            Access::Limited(rights) => {
                rights.visible.object(object).is_some_and(|object| object.field(field).is_some())
            }
        }
    }

    /// Whether a field may be written, as far as roles are asked: also of a record that is written along with another, which only whoever
    /// carries out the write knows of.
    pub fn may_write(&self, object: &str, field: &str) -> bool {
        self.everything() || self.object(object).is_some_and(|of| of.writable.contains(field))
    }

    /// Whether this caller has at least the rights of another on the same catalog, as far as both come from roles by name: what somebody
    /// may hand on to others.
    pub fn covers(&self, other: &Access) -> bool {
        match (self, other) {
            (Access::Everything, _) => true,
            (Access::Limited(_), Access::Everything) => false,
            (Access::Limited(own), Access::Limited(other)) => own.covers(other),
        }
    }

    fn everything(&self) -> bool {
        matches!(self, Access::Everything)
    }

    /// What is granted on an object, where that is anything but everything.
    fn object(&self, object: &str) -> Option<&OfObject> {
        match self {
            Access::Everything => None,
            Access::Limited(rights) => rights.objects.get(object),
        }
    }
}

/// The role of that name, or the one that was renamed from it: who bears it bears it still.
fn bearing<'a>(catalog: &'a Catalog, name: &Name) -> Option<&'a Arc<Role>> {
    let former = || catalog.roles.values().find(|role| role.renamed_from.as_ref() == Some(name));
    catalog.roles.get(name).or_else(former)
}

/// The roles with all that they inherit, however far.
fn inherited(catalog: &Catalog, roles: &[&Arc<Role>]) -> BTreeSet<Name> {
    let mut all = BTreeSet::new();
    let mut open: Vec<&Name> = roles.iter().map(|role| &role.name).collect();
    while let Some(name) = open.pop() {
        if all.insert(name.clone()) {
            open.extend(catalog.roles.get(name).into_iter().flat_map(|role| &role.inherits));
        }
    }
    all
}

impl Rights {
    fn new(catalog: &Catalog, roles: &[&Arc<Role>], shares: &Shares) -> Self {
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let grants = |object: &Object| -> Vec<&Grant> {
            roles.iter().filter_map(|role| role.objects.get(&object.name)).collect()
        };
        let implied = |object: &Object| object.link && grants(object).is_empty();
        let (links, others): (Vec<_>, Vec<_>) = catalog.objects.values().partition(|object| implied(object));
        let mut objects: HashMap<Name, OfObject> = others
            .into_iter()
            .map(|object| (object.name.clone(), OfObject::new(object, &grants(object), shares)))
            .filter(|(_, of)| of.rows.contains_key(&Action::Read))
            .collect();
        let links: Vec<_> = links
            .into_iter()
            .filter_map(|link| Some((link.name.clone(), OfObject::link(link, &objects)?)))
            .collect();
        objects.extend(links);
        let readable = |object: &Object| objects.contains_key(&object.name);
        let visible = Arc::new(visible::catalog(catalog, roles, &readable));
        let key = format!("{}|{shares:?}", names.join(","));
        let metadata = roles.iter().flat_map(|role| role.metadata.iter().copied()).collect();
        let given = roles.iter().map(|role| role.name.clone()).collect();
        let mut rights = Self { key, given, roles: inherited(catalog, roles), metadata, visible, objects };
        rights.keep_to_visible();
        rights
    }

    /// What may not be seen may not be written either.
    fn keep_to_visible(&mut self) {
        let visible = &self.visible;
        self.objects.retain(|name, of| {
            let Some(object) = visible.object(name) else { return false };
            of.writable.retain(|field| object.field(field).is_some());
            true
        });
    }

    fn covers(&self, other: &Rights) -> bool {
        let fields = |rights: &Rights, name: &Name| -> Vec<Name> {
            let object = rights.visible.object(name);
            object.map(|object| object.fields.keys().cloned().collect()).unwrap_or_default()
        };
        other.metadata.is_subset(&self.metadata)
            && other.objects.iter().all(|(name, theirs)| {
                let Some(own) = self.objects.get(name) else { return false };
                let seen = fields(self, name);
                theirs.writable.is_subset(&own.writable)
                    && fields(other, name).iter().all(|field| seen.contains(field))
                    && (own.import || !theirs.import)
                    && (own.export || !theirs.export)
                    && theirs.rules.iter().all(|(action, rule)| {
                        own.rows.get(action) == Some(&Rows::All)
                            || own
                                .rules
                                .iter()
                                .any(|(act, known)| act == action && known.condition == rule.condition)
                    })
            })
    }
}

impl OfObject {
    fn new(object: &Object, grants: &[&Grant], shares: &Shares) -> Self {
        let mut rules = Vec::new();
        for action in Action::ALL {
            for scope in grants.iter().flat_map(|grant| grant.scopes(action)) {
                let rule = Rule::from(scope);
                if !rules.contains(&(action, rule.clone())) {
                    rules.push((action, rule));
                }
            }
            // A share opens a record to those who know the object, not the object.
            let knows = |action| grants.iter().any(|grant| !grant.scopes(action).is_empty());
            if shares.holds(&object.name, action) && knows(Action::Read) {
                rules.push((action, Rule::shared(&object.name, action)));
            }
        }
        let rows = Action::ALL
            .into_iter()
            .map(|action| {
                let of: Vec<&Rule> =
                    rules.iter().filter(|(act, _)| *act == action).map(|(_, rule)| rule).collect();
                (action, Rows::any(&of))
            })
            .filter(|(_, rows)| *rows != Rows::None)
            .collect();
        let granted = |name: &&Name| {
            // Who may change a record may move it: transitions say who takes them.
            object.lifecycle_field(name).is_some_and(|field| field.writable())
                || object
                    .field(name)
                    .is_some_and(|field| grants.iter().any(|grant| grant.writes.grants(field)))
        };
        Self {
            rules,
            rows,
            writable: object.fields.keys().filter(granted).cloned().collect(),
            import: grants.iter().any(|grant| grant.import),
            export: grants.iter().any(|grant| grant.export),
        }
    }

    /// A link without a document of its own is seen by whoever sees both of its ends.
    fn link(link: &Object, others: &HashMap<Name, OfObject>) -> Option<Self> {
        let mut conditions = Vec::new();
        for field in link.fields.values().filter(|field| !field.system) {
            let FieldType::Lookup(lookup) = &field.ty else { continue };
            match others.get(&lookup.to)?.rows.get(&Action::Read)? {
                Rows::Where(condition) => conditions.push(beyond::through(&field.name, condition)),
                Rows::All => {}
                Rows::None => return None,
            }
        }
        let rows = if conditions.is_empty() { Rows::All } else { Rows::Where(Expr::all(conditions)) };
        Some(Self {
            rules: Vec::new(),
            rows: HashMap::from([(Action::Read, rows)]),
            writable: HashSet::new(),
            import: false,
            export: false,
        })
    }
}

impl Rows {
    fn any(rules: &[&Rule]) -> Self {
        if rules.is_empty() {
            return Rows::None;
        }
        let conditions: Option<Vec<Expr>> = rules.iter().map(|rule| rule.condition.clone()).collect();
        conditions.map_or(Rows::All, |conditions| Rows::Where(Expr::any(conditions)))
    }
}

impl From<&Scope> for Rule {
    fn from(scope: &Scope) -> Self {
        Rule { role: Some(scope.role.clone()), text: scope.text.clone(), condition: scope.condition.clone() }
    }
}

impl Rule {
    fn shared(object: &Name, action: Action) -> Self {
        let field = |root, steps, ty| Expr {
            node: Node::Field(FieldPath { root, steps }),
            ty,
            span: Span::default(),
        };
        let record = field(Root::Record, vec![Arc::from("id")], Type::Id);
        let shared = field(Root::User, Shares::path(object, action), Type::List(Box::new(Type::Id)));
        let condition = Expr::condition(Node::In(Box::new(record), Box::new(shared)));
        Rule { role: None, text: "share".to_owned(), condition: Some(condition) }
    }
}
