//! Who points at whom.

use std::collections::HashMap;

use metadata::catalog::{FieldType, OnDelete};
use metadata::{Catalog, Name};

/// A field that points at records of some object.
#[derive(Clone, Debug)]
pub(crate) struct Pointer {
    /// The object that has the field.
    pub(crate) object: Name,
    /// The field.
    pub(crate) field: Name,
    /// What becomes of the pointing record when the other is deleted.
    pub(crate) on_delete: OnDelete,
}

/// All pointers by the object that they point at, in the order of the catalog.
pub(crate) fn pointers(catalog: &Catalog) -> HashMap<Name, Vec<Pointer>> {
    let mut out: HashMap<Name, Vec<Pointer>> = HashMap::new();
    for (object, definition) in &catalog.objects {
        for (name, field) in &definition.fields {
            if field.system && &**name != "owner" {
                continue;
            }
            let pointer = |on_delete| Pointer { object: object.clone(), field: name.clone(), on_delete };
            match &field.ty {
                FieldType::Lookup(lookup) => {
                    out.entry(lookup.to.clone()).or_default().push(pointer(lookup.on_delete));
                }
                FieldType::Polymorphic { to, .. } => {
                    for target in to {
                        out.entry(target.clone()).or_default().push(pointer(OnDelete::Clear));
                    }
                }
                _ => {}
            }
        }
    }
    out
}
