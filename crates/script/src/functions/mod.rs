//! The functions that scripts may call beside those of the interpreter.

mod ask;
mod compare;
mod shared;
mod table;

use rhai::Engine;

pub(crate) use table::{ASKING, BUILT_IN, FORMS};

/// Functions that every script has.
pub(crate) fn register(engine: &mut Engine) {
    compare::register(engine);
    shared::register(engine);
}

/// Functions that ask the host; where `refused` says why, they only tell that they are not to be had.
pub(crate) fn register_asking(engine: &mut Engine, refused: Option<&'static str>) {
    ask::register(engine, refused);
}
