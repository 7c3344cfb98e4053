//! The machine's clock and randomness: the only place that asks for them.
