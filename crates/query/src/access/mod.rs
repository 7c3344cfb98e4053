//! Who may read and write what. The only place that decides; the only maker of [`Permitted`].
//!
//! What may be *named* is decided by walking the whole shape ([`names`]); which *rows* take part is asked by lowering of
//! [`Access::rows`] at every access to a table: root, nested, quantifier, roll-up, lookup hop.

mod beyond;
mod facts;
mod names;
mod rights;
mod visible;

use std::sync::Arc;

use metadata::Name;
use metadata::catalog::{Action, Catalog, FieldType, Many, Object, Right, Via};

pub use facts::{Facts, Shared, Shares};
pub use rights::{ADMIN, Access, Rights, Rows, Rule};

use crate::request::{Operation, Read, RecordData, RecordRef, Which, Write};

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
    /// The act is granted on no record of the object.
    #[error("you may not {act} `{object}` records")]
    ForbiddenAct {
        /// The object, which the caller sees.
        object: String,
        /// The act, as roles have it: `update`, `export`.
        act: &'static str,
    },
    /// Rights depend on the records.
    #[error(
        "`{object}` records are changed through /metadata or the command line only: rights depend on them"
    )]
    Administered {
        /// The object, which the caller sees.
        object: String,
    },
    /// The field may be seen but not written.
    #[error("you may not write `{object}.{field}`")]
    ForbiddenField {
        /// The object.
        object: String,
        /// The field.
        field: String,
    },
}

impl Denied {
    /// Whether a visible thing was asked for that is not granted, rather than one that does not exist for the caller.
    pub fn forbidden(&self) -> bool {
        matches!(
            self,
            Denied::ForbiddenAct { .. } | Denied::ForbiddenField { .. } | Denied::Administered { .. }
        )
    }
}

impl<Shape> Permitted<Shape> {
    /// What was permitted.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The rights it was permitted by.
    pub fn access(&self) -> &Access {
        &self.access
    }
}

/// Lets a read pass or refuses it.
pub fn permit(catalog: &Catalog, access: &Access, read: Read) -> Result<Permitted<Read>, Denied> {
    names::Walk::new(access.seen(catalog)).read(&read)?;
    Ok(Permitted { shape: read, access: access.clone() })
}

/// The field that a move changes. Whoever moves need not be allowed to write it: that is for the transition's roles to say.
const STAGE: &str = "stage";

/// Lets a write pass or refuses it, as far as that does not depend on the record: whoever carries it out asks [`Access::rows`] for each record.
pub fn permit_write(catalog: &Catalog, access: &Access, write: Write) -> Result<Permitted<Write>, Denied> {
    let walk = names::Walk::new(access.seen(catalog));
    let object = &write.object;
    walk.object(object)?;
    let granted = Granted { access, object };
    match &write.operation {
        Operation::Create(records, _) => {
            records.iter().try_for_each(|data| walk.data(object, data))?;
            granted.act(Action::Create)?;
            records.iter().try_for_each(|data| granted.fields(data, None))?;
        }
        Operation::Upsert { key, records, .. } => {
            walk.field_of(object, key)?;
            records.iter().try_for_each(|data| walk.data(object, data))?;
            granted.act(Action::Create).or_else(|_| granted.act(Action::Update))?;
            records.iter().try_for_each(|data| granted.fields(data, Some(key)))?;
        }
        Operation::Update { data, .. } => {
            walk.data(object, data)?;
            granted.act(Action::Update)?;
            granted.fields(data, None)?;
        }
        Operation::Move { data, .. } => {
            walk.field_of(object, STAGE)?;
            walk.data(object, data)?;
            granted.act(Action::Update)?;
            granted.fields(data, None)?;
        }
        Operation::UpdateMany(which, data, _) => {
            which_records(&walk, object, which)?;
            walk.data(object, data)?;
            granted.act(Action::Update)?;
            granted.fields(data, None)?;
        }
        Operation::Delete(which, _) | Operation::Restore(which, _) => {
            which_records(&walk, object, which)?;
            granted.act(Action::Delete)?;
        }
        Operation::Destroy(which, _) => {
            which_records(&walk, object, which)?;
            granted.act(Action::Destroy)?;
        }
    }
    Ok(Permitted { shape: write, access: access.clone() })
}

/// A way for many records at once, which a role grants beside the acts on the records themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// From a file.
    Import,
    /// Into a file.
    Export,
}

/// The object as the caller sees it, if its records may be transferred.
pub fn permit_transfer<'a>(
    catalog: &'a Catalog,
    access: &'a Access,
    object: &str,
    transfer: Transfer,
) -> Result<&'a Arc<Object>, Denied> {
    let found = names::Walk::new(access.seen(catalog)).object(object)?;
    let (granted, act) = match transfer {
        Transfer::Import => (access.may_import(object), "import"),
        Transfer::Export => (access.may_export(object), "export"),
    };
    if granted { Ok(found) } else { Err(Denied::ForbiddenAct { object: object.to_owned(), act }) }
}

/// The object as the caller sees it: whose history is read, or of whose records it is asked who may do what.
pub fn permit_object<'a>(
    catalog: &'a Catalog,
    access: &'a Access,
    object: &str,
) -> Result<&'a Arc<Object>, Denied> {
    names::Walk::new(access.seen(catalog)).object(object)
}

/// The object as the caller sees it, if its records may be erased with all their traces.
pub fn permit_erasure<'a>(
    catalog: &'a Catalog,
    access: &'a Access,
    object: &str,
) -> Result<&'a Arc<Object>, Denied> {
    let found = permit_object(catalog, access, object)?;
    if access.may(Right::Erase) {
        Ok(found)
    } else {
        Err(Denied::ForbiddenAct { object: object.to_owned(), act: Right::Erase.as_str() })
    }
}

/// Objects of the platform whose records rights depend on.
const ADMINISTERED: [&str; 2] = ["user", "team"];

/// Refuses a write to records that rights depend on, also from the far end of a relation: asked by whoever lets a write in through
/// a door for records.
pub fn refuse_administered(catalog: &Catalog, write: &Write) -> Result<(), Denied> {
    let refuse = |object: &str| {
        if ADMINISTERED.contains(&object) {
            return Err(Denied::Administered { object: object.to_owned() });
        }
        Ok(())
    };
    // Where nothing is written, nothing is refused: a function that is about no record.
    if matches!(&write.operation, Operation::Create(records, _) if records.is_empty()) {
        return Ok(());
    }
    refuse(&write.object)?;
    let object = catalog.object(&write.object);
    let given: Vec<&RecordData> = match &write.operation {
        Operation::Create(records, _) | Operation::Upsert { records, .. } => records.iter().collect(),
        Operation::Update { data, .. } | Operation::Move { data, .. } | Operation::UpdateMany(_, data, _) => {
            vec![data]
        }
        Operation::Delete(..) | Operation::Restore(..) | Operation::Destroy(..) => Vec::new(),
    };
    for (field, _) in given.into_iter().flat_map(|data| &data.fields) {
        if let Some(FieldType::Many(Many { to, via: Via::Field(_) })) =
            object.and_then(|object| object.field(field)).map(|field| &field.ty)
        {
            refuse(to)?;
        }
    }
    Ok(())
}

/// What is granted on a visible object.
struct Granted<'a> {
    access: &'a Access,
    object: &'a Name,
}

impl Granted<'_> {
    fn act(&self, action: Action) -> Result<(), Denied> {
        match self.access.rows(self.object, action) {
            Rows::None => Err(Denied::ForbiddenAct { object: self.object.to_string(), act: action.as_str() }),
            Rows::Where(_) | Rows::All => Ok(()),
        }
    }

    /// The key of an upsert only names its record where that is there already.
    fn fields(&self, data: &RecordData, key: Option<&Name>) -> Result<(), Denied> {
        let forbidden = |field: &Name| key != Some(field) && !self.access.may_write(self.object, field);
        match data.fields.iter().map(|(field, _)| field).find(|field| forbidden(field)) {
            None => Ok(()),
            Some(field) => {
                Err(Denied::ForbiddenField { object: self.object.to_string(), field: field.to_string() })
            }
        }
    }
}

fn which_records(walk: &names::Walk<'_>, object: &Name, which: &Which) -> Result<(), Denied> {
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
