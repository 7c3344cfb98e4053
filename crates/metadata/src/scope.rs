//! What expressions and filters may name, over a catalog.

use std::sync::Arc;

use expr::{Member, Scope, Staged, Type};

use crate::catalog::{Catalog, Field, FieldType, Lifecycle};

/// The names of a catalog, seen from one package (for `settings`).
#[derive(Clone, Copy, Debug)]
pub struct CatalogScope<'a> {
    catalog: &'a Catalog,
    package: Option<&'a str>,
}

impl Catalog {
    /// The names that a filter of the API may use.
    pub fn scope(&self) -> CatalogScope<'_> {
        CatalogScope { catalog: self, package: None }
    }

    /// The names that an expression of that package may use: its settings too.
    pub fn scope_of<'a>(&'a self, package: &'a str) -> CatalogScope<'a> {
        CatalogScope { catalog: self, package: Some(package) }
    }
}

impl Scope for CatalogScope<'_> {
    fn member(&self, object: &str, name: &str) -> Option<Member> {
        self.catalog.object(object)?.field(name).map(|field| member_of(field))
    }

    fn members(&self, object: &str) -> Vec<Arc<str>> {
        self.catalog
            .object(object)
            .map(|o| o.fields.keys().map(crate::name::Name::shared).collect())
            .unwrap_or_default()
    }

    fn setting(&self, name: &str) -> Option<Type> {
        let package = self.catalog.packages.get(self.package?)?;
        package.settings.get(name).map(|setting| setting.ty.clone())
    }

    fn lifecycles(&self, object: &str) -> Vec<Staged> {
        if !self.catalog.object(object).is_some_and(|object| object.has_log()) {
            return Vec::new();
        }
        self.catalog.lifecycles_of(object).map(|lifecycle| staged(lifecycle)).collect()
    }
}

/// A lifecycle as filters name it.
pub fn staged(lifecycle: &Lifecycle) -> Staged {
    Staged { name: lifecycle.name.shared(), stages: lifecycle.stages.keys().cloned().collect() }
}

/// What a field is to an expression.
pub fn member_of(field: &Field) -> Member {
    match &field.ty {
        FieldType::Lookup(lookup) => Member::One(lookup.to.shared()),
        FieldType::Polymorphic { to, .. } => {
            Member::OneOf(to.iter().map(crate::name::Name::shared).collect())
        }
        FieldType::Many(many) => Member::Many(many.to.shared()),
        FieldType::Select(choices) | FieldType::MultiSelect(choices) => Member::Value {
            ty: field.ty.expr_type().unwrap_or(Type::Text),
            choices: Some(choices.choices.iter().map(|choice| Arc::clone(&choice.value)).collect()),
        },
        other => match other.expr_type() {
            Some(ty) => Member::Value { ty, choices: None },
            None => Member::Parts(
                other.parts().iter().map(|(name, _, ty)| (Arc::from(*name), ty.clone())).collect(),
            ),
        },
    }
}
