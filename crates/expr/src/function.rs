//! The closed table of functions: one place for name, signature and meaning.

/// A function that expressions may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// The instant of the request.
    Now,
    /// The day of the request in the caller's time zone.
    Today,
    /// `days(from, to)`: whole days between two dates.
    Days,
}
