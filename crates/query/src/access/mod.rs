//! Who may read and write what. The only place that decides; the only maker of [`Permitted`].
//!
//! What may be *named* is decided by walking the whole shape ([`names`]); which *rows* take part is asked by lowering of
//! [`Permitted::rows`] at every access to a table: root, nested, quantifier, roll-up, lookup hop.

mod names;

use expr::Expr;
use metadata::Name;
use metadata::catalog::Catalog;

use crate::request::{Operation, Read, RecordRef, Which, Write};

/// The rights of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// All rights in the tenant: a key made without a role.
    Everything,
}

/// A request that has passed. Cannot be made outside of this module.
#[derive(Clone, Debug)]
pub struct Permitted<Shape> {
    shape: Shape,
    access: Access,
}

/// Why a request may not be: it names what does not exist, or what the caller may not see, which is the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No such object.
    #[error("there is no object `{object}`")]
    UnknownObject {
        /// As named.
        object: String,
    },
    /// No such field.
    #[error("`{object}` has no field `{field}`")]
    UnknownField {
        /// Of which object.
        object: String,
        /// As named.
        field: String,
    },
    /// The field is of another kind than its use asks for.
    #[error("`{object}.{field}` is not {expected}")]
    WrongKind {
        /// Of which object.
        object: String,
        /// Which field.
        field: String,
        /// What the use asks for, with its article.
        expected: &'static str,
    },
    /// An expression that cannot be asked of a record alone.
    #[error("a read may only name fields of `record`")]
    WrongRoot,
}

impl<Shape> Permitted<Shape> {
    /// What was permitted.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Takes the shape out, to be carried out.
    pub fn into_shape(self) -> Shape {
        self.shape
    }

    /// The rights it was permitted by.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Which rows of an object take part, as a condition with the row as `record`; `None` means all. Lowering conjoins it wherever it
    /// touches the object's table.
    pub fn rows(&self, _object: &str) -> Option<&Expr> {
        match self.access {
            Access::Everything => None,
        }
    }
}

/// Lets a read pass or refuses it.
pub fn permit(catalog: &Catalog, access: &Access, read: Read) -> Result<Permitted<Read>, Denied> {
    names::Walk::new(catalog).read(&read)?;
    match access {
        Access::Everything => Ok(Permitted { shape: read, access: access.clone() }),
    }
}

/// Lets a write pass or refuses it. Rights that depend on the record (scopes) are asked again by the engine when it has the record.
pub fn permit_write(catalog: &Catalog, access: &Access, write: Write) -> Result<Permitted<Write>, Denied> {
    let walk = names::Walk::new(catalog);
    match &write.operation {
        Operation::Create(records, _) => {
            records.iter().try_for_each(|data| walk.data(&write.object, data))?;
        }
        Operation::Upsert { key, records, .. } => {
            walk.field_of(&write.object, key)?;
            records.iter().try_for_each(|data| walk.data(&write.object, data))?;
        }
        Operation::Update { data, .. } => walk.data(&write.object, data)?,
        Operation::UpdateMany(which, data, _) => {
            which_records(&walk, &write.object, which)?;
            walk.data(&write.object, data)?;
        }
        Operation::Delete(which, _) | Operation::Restore(which, _) | Operation::Destroy(which, _) => {
            which_records(&walk, &write.object, which)?;
        }
    }
    match access {
        Access::Everything => Ok(Permitted { shape: write, access: access.clone() }),
    }
}

fn which_records(walk: &names::Walk<'_>, object: &Name, which: &Which) -> Result<(), Denied> {
    walk.object(object)?;
    match which {
        Which::One(_) => Ok(()),
        Which::Matching(filter, _) => walk.expr(object, filter),
    }
}

/// The field by which a reference names its record.
fn reference_key(reference: &RecordRef) -> Option<&Name> {
    match reference {
        RecordRef::Id(_) => None,
        RecordRef::By(field, _) => Some(field),
    }
}
