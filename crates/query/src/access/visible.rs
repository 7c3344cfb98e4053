//! The part of a catalog that some roles may see: a catalog of its own, in which what is hidden does not exist.

use std::collections::HashMap;
use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{Catalog, Field, FieldType, LIFECYCLE_FIELDS, Many, Object, Role, Via};

/// The catalog without the objects that are not readable and the fields that no role grants. Its hash is that of what is seen: roles that see
/// the same share a schema.
pub(super) fn catalog(
    catalog: &Catalog,
    roles: &[&Arc<Role>],
    readable: &dyn Fn(&Object) -> bool,
) -> Catalog {
    let mut sight = Sight { catalog, roles, readable, known: HashMap::new() };
    let mut objects = IndexMap::with_capacity(catalog.objects.len());
    for object in catalog.objects.values() {
        if let Some(seen) = sight.object_seen(object) {
            objects.insert(object.name.clone(), Arc::new(seen));
        }
    }
    let used = |name: &String| {
        objects
            .values()
            .flat_map(|object: &Arc<Object>| object.fields.values())
            .any(|field| field.ty.choices().is_some_and(|choices| choices.name == *name))
    };
    let choices = catalog.choices.iter().filter(|(_, choices)| used(&choices.name));
    let staged = |object: &str| objects.get(object).is_some_and(|object| object.field("stage").is_some());
    let lifecycles = catalog.lifecycles.iter().filter(|(_, lifecycle)| staged(&lifecycle.object));
    Catalog {
        version: catalog.version,
        hash: hash(catalog, &objects),
        lifecycles: lifecycles.map(|(name, lifecycle)| (name.clone(), Arc::clone(lifecycle))).collect(),
        choices: choices.map(|(name, choices)| (name.clone(), Arc::clone(choices))).collect(),
        roles: IndexMap::new(),
        packages: catalog.packages.clone(),
        layout: catalog.layout.clone(),
        objects,
        ..Catalog::default()
    }
}

/// The catalog's own hash and a mark for each thing that is seen of it.
fn hash(catalog: &Catalog, objects: &IndexMap<Name, Arc<Object>>) -> String {
    use std::fmt::Write;
    let mut marks = String::new();
    for (name, whole) in &catalog.objects {
        let Some(seen) = objects.get(name) else {
            marks.push('-');
            continue;
        };
        let bits = whole.fields.values().map(|field| match seen.field(&field.name) {
            None => '0',
            Some(same) if Arc::ptr_eq(same, field) => '1',
            Some(_) => '2',
        });
        marks.extend(bits);
        for field in seen.fields.values() {
            if let FieldType::Polymorphic { to, .. } = &field.ty {
                // Writing to a string cannot fail.
                let _ = write!(marks, "{to:?}");
            }
        }
        marks.push('.');
    }
    format!("{}:{marks}", catalog.hash)
}

struct Sight<'a> {
    catalog: &'a Catalog,
    roles: &'a [&'a Arc<Role>],
    readable: &'a dyn Fn(&Object) -> bool,
    /// Fields that were judged; a field that is being judged counts as hidden, so that a circle ends.
    known: HashMap<(Name, Name), bool>,
}

impl Sight<'_> {
    fn object(&self, name: &str) -> bool {
        self.catalog.object(name).is_some_and(|object| (self.readable)(object))
    }

    fn object_seen(&mut self, object: &Arc<Object>) -> Option<Object> {
        if !self.object(&object.name) {
            return None;
        }
        let mut fields = IndexMap::with_capacity(object.fields.len());
        for field in object.fields.values() {
            if self.field(object, field) {
                fields.insert(field.name.clone(), self.narrowed(field));
            }
        }
        let seen = |name: &Name| fields.contains_key(name);
        Some(Object {
            display: object.display.clone().filter(seen),
            search: object.search.iter().filter(|name| seen(name)).cloned().collect(),
            indexes: object.indexes.iter().filter(|names| names.iter().all(seen)).cloned().collect(),
            uniques: object
                .uniques
                .iter()
                .filter(|unique| {
                    unique.fields.iter().all(seen)
                        && unique.condition.as_ref().is_none_or(|rule| self.expr_seen(&object.name, rule))
                })
                .cloned()
                .collect(),
            rules: object
                .rules
                .iter()
                .filter(|rule| self.expr_seen(&object.name, &rule.check))
                .cloned()
                .collect(),
            owned: object.owned && fields.contains_key("owner"),
            fields,
            ..Object::clone(object)
        })
    }

    /// A polymorphic field leads to visible objects only.
    fn narrowed(&self, field: &Arc<Field>) -> Arc<Field> {
        let FieldType::Polymorphic { to, inverse } = &field.ty else { return Arc::clone(field) };
        if to.iter().all(|target| self.object(target)) {
            return Arc::clone(field);
        }
        let to = to.iter().filter(|target| self.object(target)).cloned().collect();
        let ty = FieldType::Polymorphic { to, inverse: inverse.clone() };
        Arc::new(Field { ty, ..Field::clone(field) })
    }

    fn field(&mut self, object: &Object, field: &Field) -> bool {
        let key = (object.name.clone(), field.name.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.known.insert(key.clone(), false);
        let seen = self.granted(object, field) && self.inputs(object, field);
        self.known.insert(key, seen);
        seen
    }

    fn granted(&mut self, object: &Object, field: &Field) -> bool {
        if &*field.name == "id" {
            return true;
        }
        match &field.ty {
            // The far end of a relation is seen by whoever sees the relation.
            FieldType::Many(Many { to, via: Via::Field(by) }) => {
                let catalog = self.catalog;
                let Some(far) = catalog.object(to) else { return false };
                self.object(to) && far.field(by).is_some_and(|pointer| self.field(far, pointer))
            }
            FieldType::Many(Many { to, via: Via::Link { object: link, .. } }) => {
                self.object(to) && self.object(link)
            }
            FieldType::Currency { of } => object.field(of).is_some_and(|money| self.field(object, money)),
            _ if object.link && !self.roles.iter().any(|role| role.objects.contains_key(&object.name)) => {
                true
            }
            _ => self
                .roles
                .iter()
                .filter_map(|role| role.objects.get(&object.name))
                .any(|grant| !grant.read.is_empty() && grant.reads.grants(field)),
        }
    }

    /// Whether all that the field shows may be seen.
    fn inputs(&mut self, object: &Object, field: &Field) -> bool {
        match &field.ty {
            FieldType::Lookup(lookup) => self.object(&lookup.to),
            FieldType::Polymorphic { to, .. } => to.iter().any(|target| self.object(target)),
            FieldType::Formula { expr, .. } | FieldType::Score { expr, .. } => {
                field.system_scope || self.expr_seen(&object.name, expr)
            }
            FieldType::Rollup { of, field: folded, filter, .. } => {
                if field.system_scope {
                    return true;
                }
                let catalog = self.catalog;
                let Some(relation) = object.field(of) else { return false };
                let FieldType::Many(many) = &relation.ty else { return false };
                let Some(far) = catalog.object(&many.to) else { return false };
                self.field(object, relation)
                    && folded
                        .as_ref()
                        .is_none_or(|name| far.field(name).is_some_and(|field| self.field(far, field)))
                    && filter.as_ref().is_none_or(|filter| self.expr_seen(&far.name, filter))
            }
            _ => true,
        }
    }

    /// Whether all fields of records that an expression names may be seen.
    fn expr_seen(&mut self, object: &str, expr: &Expr) -> bool {
        match &expr.node {
            Node::Field(path) => !matches!(self.end_of(object, path), End::Hidden),
            Node::Exists { relation, condition, .. } | Node::Count { relation, condition } => {
                match (self.end_of(object, relation), condition) {
                    (End::Records(to), Some(condition)) => self.expr_seen(&to, condition),
                    (End::Records(_), None) => true,
                    (End::Value | End::Hidden, _) => false,
                }
            }
            Node::Stays { record, .. } => match self.end_of(object, record) {
                End::Records(of) => LIFECYCLE_FIELDS.iter().all(|name| {
                    let step = FieldPath { root: Root::Record, steps: vec![Arc::from(*name)] };
                    matches!(self.end_of(&of, &step), End::Value)
                }),
                End::Value | End::Hidden => false,
            },
            _ => expr.children().all(|child| self.expr_seen(object, child)),
        }
    }

    fn end_of(&mut self, object: &str, path: &FieldPath) -> End {
        if !matches!(path.root, Root::Record | Root::Old) {
            return End::Value;
        }
        self.follow(object, path).unwrap_or(End::Hidden)
    }

    /// `None` where a step is hidden.
    fn follow(&mut self, object: &str, path: &FieldPath) -> Option<End> {
        let catalog = self.catalog;
        let mut at = catalog.object(object)?;
        let mut steps = path.steps.iter();
        while let Some(step) = steps.next() {
            let field = at.field(step)?;
            if !self.field(at, field) {
                return None;
            }
            let to = match &field.ty {
                FieldType::Lookup(lookup) => &lookup.to,
                FieldType::Many(many) => &many.to,
                FieldType::Polymorphic { .. } => match steps.next() {
                    None => return Some(End::Value),
                    Some(target) if self.object(target) => {
                        at = catalog.object(target)?;
                        continue;
                    }
                    Some(_) => return None,
                },
                // A part of a composite is seen with the composite.
                _ => return Some(End::Value),
            };
            at = catalog.object(to)?;
        }
        Some(End::Records(at.name.clone()))
    }
}

/// Where a path leads.
enum End {
    /// Past something that is hidden.
    Hidden,
    /// To a value.
    Value,
    /// To records of an object.
    Records(Name),
}
