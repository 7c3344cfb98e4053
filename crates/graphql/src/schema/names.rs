//! The names of types and root fields, in one place. `check` refuses metadata in which two of them collide.

use metadata::Name;

/// `opportunity` → `Opportunity`
pub(crate) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// The enum of a field's own choices: `OpportunityStage`; of lifecycles `OpportunityLifecycleName`, because `OpportunityLifecycle` is where
/// a record stands.
pub(crate) fn field_enum(object: &str, field: &str) -> String {
    let kind = if field == "lifecycle" { "Name" } else { "" };
    pascal(object) + &pascal(field) + kind
}

/// Names of the types of one object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectNames {
    /// `Opportunity`
    pub(crate) base: String,
    /// `Opportunities`
    pub(crate) plural: String,
    /// `opportunity`
    pub(crate) one: String,
    /// `opportunities`
    pub(crate) many: String,
}

impl ObjectNames {
    /// Those of an object.
    pub(crate) fn of(name: &Name, plural: &Name) -> ObjectNames {
        ObjectNames {
            base: pascal(name),
            plural: pascal(plural),
            one: name.to_string(),
            many: plural.to_string(),
        }
    }

    /// `OpportunityFilter` and its like.
    pub(crate) fn with(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.base)
    }
}
