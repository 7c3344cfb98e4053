//! The schema of one catalog, with what is needed to prepare and lower documents.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dynamic::Schema;
use metadata::{Catalog, Name};

use crate::document::{OperationKind, Prepared};
use crate::error::Error;
use crate::schema::names::{self, ObjectNames};

/// The schema of one catalog. Cheap to share, expensive to build: keep it per catalog hash.
pub struct Surface {
    catalog: Arc<Catalog>,
    schema: Schema,
    names: HashMap<Name, Arc<ObjectNames>>,
    queries: HashMap<String, RootField>,
    mutations: HashMap<String, RootField>,
}

/// What a root field is about.
#[derive(Clone, Debug)]
pub(crate) enum RootField {
    /// Who one is.
    Me,
    /// One record.
    Record(Name),
    /// A page.
    List(Name),
    /// Groups.
    Groups(Name),
    /// What happened to a record.
    History(Name),
    /// What the log of stages tells.
    Stages(Name, Analysis),
    /// Why one may do something, or may not.
    Explain,
    /// A write.
    Write(Name, Verb),
}

/// What is asked of the log of stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Analysis {
    Funnel,
    Velocity,
    Aging,
}

impl Analysis {
    const ALL: [(Analysis, &str); 3] =
        [(Analysis::Funnel, "Funnel"), (Analysis::Velocity, "Velocity"), (Analysis::Aging, "Aging")];
}

/// What a mutation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    CreateMany,
    Update,
    Move,
    UpdateMany,
    UpsertMany,
    Delete,
    DeleteMany,
    Restore,
    RestoreMany,
    Destroy,
    DestroyMany,
}

impl Verb {
    const ALL: [Verb; 12] = [
        Verb::Create,
        Verb::CreateMany,
        Verb::Update,
        Verb::Move,
        Verb::UpdateMany,
        Verb::UpsertMany,
        Verb::Delete,
        Verb::DeleteMany,
        Verb::Restore,
        Verb::RestoreMany,
        Verb::Destroy,
        Verb::DestroyMany,
    ];

    /// Whether it is about many records.
    pub(crate) fn bulk(self) -> bool {
        match self {
            Verb::Create | Verb::Update | Verb::Move | Verb::Delete | Verb::Restore | Verb::Destroy => false,
            Verb::CreateMany
            | Verb::UpdateMany
            | Verb::UpsertMany
            | Verb::DeleteMany
            | Verb::RestoreMany
            | Verb::DestroyMany => true,
        }
    }

    /// `create` in `createOpportunity`.
    fn word(self) -> &'static str {
        match self {
            Verb::Create | Verb::CreateMany => "create",
            Verb::Update | Verb::UpdateMany => "update",
            Verb::Move => "move",
            Verb::UpsertMany => "upsert",
            Verb::Delete | Verb::DeleteMany => "delete",
            Verb::Restore | Verb::RestoreMany => "restore",
            Verb::Destroy | Verb::DestroyMany => "destroy",
        }
    }

    fn field(self, names: &ObjectNames) -> String {
        format!("{}{}", self.word(), if self.bulk() { &names.plural } else { &names.base })
    }
}

impl std::fmt::Debug for Surface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surface").field("catalog", &self.catalog.hash).finish_non_exhaustive()
    }
}

/// Why a catalog has no schema. Names were checked by resolution, so this is a defect.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be built: {0}")]
pub struct BuildError(pub String);

impl Surface {
    /// Builds the schema of a catalog.
    pub fn build(catalog: &Arc<Catalog>) -> Result<Surface, BuildError> {
        let schema = crate::schema::build(catalog)?;
        let mut surface = Surface {
            catalog: Arc::clone(catalog),
            schema,
            names: HashMap::new(),
            queries: HashMap::from([
                ("me".to_owned(), RootField::Me),
                ("explain".to_owned(), RootField::Explain),
            ]),
            mutations: HashMap::new(),
        };
        for object in catalog.objects.values().filter(|object| !object.link) {
            let names = ObjectNames::of(&object.name, &object.plural);
            let name = &object.name;
            surface.queries.insert(names.one.clone(), RootField::Record(name.clone()));
            surface.queries.insert(names.many.clone(), RootField::List(name.clone()));
            surface.queries.insert(format!("{}GroupBy", names.many), RootField::Groups(name.clone()));
            surface.queries.insert(format!("{}History", names.one), RootField::History(name.clone()));
            if object.has_log() {
                for (analysis, suffix) in Analysis::ALL {
                    let root = RootField::Stages(name.clone(), analysis);
                    surface.queries.insert(format!("{}{suffix}", names.one), root);
                }
            }
            let staged = object.lifecycle_field("stage").is_some();
            for verb in Verb::ALL.into_iter().filter(|verb| staged || *verb != Verb::Move) {
                surface.mutations.insert(verb.field(&names), RootField::Write(name.clone(), verb));
            }
            surface.names.insert(name.clone(), Arc::new(names));
        }
        Ok(surface)
    }

    /// The catalog it was built from.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The schema as text.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }

    /// Parses and validates a document. The result is worth keeping by its text.
    pub fn prepare(&self, text: &str) -> Result<Arc<Prepared>, Vec<Error>> {
        crate::document::prepare(&self.schema, text)
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn root(&self, kind: OperationKind, name: &str) -> Option<&RootField> {
        match kind {
            OperationKind::Query => self.queries.get(name),
            OperationKind::Mutation => self.mutations.get(name),
        }
    }

    /// The names of an object's types; made on the spot for one that is not in the API, which no document can reach.
    pub(crate) fn names(&self, object: &Name) -> Arc<ObjectNames> {
        if let Some(names) = self.names.get(object) {
            return Arc::clone(names);
        }
        let base = names::pascal(object);
        Arc::new(ObjectNames {
            plural: base.clone(),
            base,
            one: object.to_string(),
            many: object.to_string(),
        })
    }
}
