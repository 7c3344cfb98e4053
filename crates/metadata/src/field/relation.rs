//! What relations share.

use expr::{Type, Value};

use super::{Reading, ValueProblem};
use crate::catalog::{FieldType, Many, OnDelete, Via};
use crate::document::OnDeleteName;
use crate::name::Name;

/// Reads the id of a related record; finding it by another field is the caller's part.
pub(super) fn read_id(text: &str) -> Result<Value, ValueProblem> {
    Value::parse(&Type::Id, text.trim()).map_err(|bad| ValueProblem::bad_text("type", &bad))
}

/// What the deletion of the related record does.
pub(super) fn on_delete(reading: &Reading<'_>) -> Option<OnDelete> {
    reading.doc.on_delete.map(|name| match name {
        OnDeleteName::Restrict => OnDelete::Restrict,
        OnDeleteName::Clear => OnDelete::Clear,
        OnDeleteName::Cascade => OnDelete::Cascade,
    })
}

/// The near end of a many-to-many relation, by the names that a made link object has; one named by `x-through` is looked into later.
pub(super) fn many_to_many(reading: &mut Reading<'_>) -> Option<FieldType> {
    let to = reading.single_target()?;
    reading.inverse().ok()?;
    let doc = reading.doc;
    let object = match (&doc.through, doc.link.as_ref().and_then(|link| link.name.as_deref())) {
        (Some(through), _) => {
            if doc.link.is_some() {
                reading.fault(
                    crate::codes::BAD_RELATION,
                    "/x-link",
                    "`x-through` names an object that is there; `x-link` makes one",
                );
                return None;
            }
            reading.object_named(through, "/x-through")?
        }
        (None, Some(name)) => reading.optional_name(Some(name), "/x-link/name").ok()??,
        (None, None) => match Name::new(&format!("{}{}", reading.object, reading.name.pascal())) {
            Ok(name) => name,
            Err(bad) => {
                reading.fault(
                    crate::codes::BAD_NAME,
                    "",
                    &format!("The link object needs a shorter name in `x-link`: {bad}"),
                );
                return None;
            }
        },
    };
    let (near, far) = link_ends(reading.object, &to);
    Some(FieldType::Many(Many { to, via: Via::Link { object, near, far } }))
}

/// Names of the two lookups of a made link object.
fn link_ends(object: &Name, to: &Name) -> (Name, Name) {
    let far = if object == to { Name::new(&format!("related{}", to.pascal())).ok() } else { None };
    (object.clone(), far.unwrap_or_else(|| to.clone()))
}
