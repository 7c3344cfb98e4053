//! The fields of a stay in a stage, as conditions of [`Node::Stays`](crate::Node::Stays) name them.

/// Name of the lifecycle.
pub const LIFECYCLE: &str = "lifecycle";
/// Name of the stage.
pub const STAGE: &str = "to";
/// The how manyth stay of the record in that stage.
pub const PASS: &str = "pass";
/// When it began.
pub const ENTERED_AT: &str = "enteredAt";
