//! Who may read and write what. The only place that decides; the only maker of [`Permitted`].

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
}

impl<Shape> Permitted<Shape> {
    /// What was permitted.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}
