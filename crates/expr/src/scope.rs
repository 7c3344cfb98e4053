//! What the checker and the filter reader ask about names.

use std::sync::Arc;

use crate::types::Type;

/// What a field is to an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// A value; with its choices, so that a misspelt one is found.
    Value {
        /// Its type.
        ty: Type,
        /// Legal values, where they are a closed list.
        choices: Option<Arc<[Arc<str>]>>,
    },
    /// A composite with named parts.
    Parts(Vec<(Arc<str>, Type)>),
    /// To one record of an object.
    One(Arc<str>),
    /// To one record of one of several objects; the next step of a path is the object's name.
    OneOf(Vec<Arc<str>>),
    /// To many records of an object.
    Many(Arc<str>),
}

/// A lifecycle that records of an object may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Its name.
    pub name: Arc<str>,
    /// Its stages, in their order.
    pub stages: Vec<Arc<str>>,
}

/// Names that may be used. Implemented by `metadata` over a catalog (or one that is being resolved).
pub trait Scope {
    /// The field of an object, if the caller may name it.
    fn member(&self, object: &str, name: &str) -> Option<Member>;
    /// All field names of an object, for hints.
    fn members(&self, object: &str) -> Vec<Arc<str>>;
    /// The type of a setting of the package; `None` when there is none of that name.
    fn setting(&self, name: &str) -> Option<Type>;
    /// The lifecycles of an object, if the caller may name their log; none where there is nothing to tell.
    fn lifecycles(&self, _object: &str) -> Vec<Staged> {
        Vec::new()
    }
}
