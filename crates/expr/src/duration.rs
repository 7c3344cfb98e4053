//! Lengths of time as metadata writes them: `15m 3h 7d 2w 3mo`.

/// Months and microseconds are kept apart, because a month has no fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    /// Whole calendar months.
    pub months: i32,
    /// Microseconds beside the months.
    pub micros: i64,
}
