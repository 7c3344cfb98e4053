//! The interpreter as scripts get it: what it has, what it lacks, and how far anything may go.

use std::sync::LazyLock;

use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage, MoreStringPackage,
    Package,
};
use rhai::{Engine, INT, OptimizationLevel, Position};
use rust_decimal::Decimal;

use crate::budget::OPERATIONS_OF_A_RUN;
use crate::error::Place;
use crate::{frame, functions, handle, moments};

/// Longest source, in bytes.
pub(crate) const SOURCE: usize = 64 * 1024;

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It judges and asks nobody.
    Pure,
    /// It may ask its host.
    Effectful,
}

struct Packages {
    core: CorePackage,
    logic: LogicPackage,
    math: BasicMathPackage,
    arrays: BasicArrayPackage,
    maps: BasicMapPackage,
    strings: MoreStringPackage,
}

/// The interpreter's own functions, made once.
static PACKAGES: LazyLock<Packages> = LazyLock::new(|| Packages {
    core: CorePackage::new(),
    logic: LogicPackage::new(),
    math: BasicMathPackage::new(),
    arrays: BasicArrayPackage::new(),
    maps: BasicMapPackage::new(),
    strings: MoreStringPackage::new(),
});

/// An interpreter without modules.
pub(crate) fn engine(kind: Kind) -> Engine {
    let mut engine = Engine::new_raw();
    PACKAGES.core.register_into_engine(&mut engine);
    PACKAGES.logic.register_into_engine(&mut engine);
    PACKAGES.math.register_into_engine(&mut engine);
    PACKAGES.arrays.register_into_engine(&mut engine);
    PACKAGES.maps.register_into_engine(&mut engine);
    PACKAGES.strings.register_into_engine(&mut engine);
    limits(&mut engine);
    hooks(&mut engine);
    moments::register(&mut engine);
    handle::register(&mut engine);
    functions::register(&mut engine);
    let refused = "asks the platform, which a guard cannot: it only judges";
    functions::register_asking(&mut engine, (kind == Kind::Pure).then_some(refused));
    forbidden(&mut engine);
    engine
}

fn limits(engine: &mut Engine) {
    engine
        .set_max_operations(OPERATIONS_OF_A_RUN)
        .set_max_call_levels(32)
        .set_max_expr_depths(64, 32)
        .set_max_string_size(SOURCE)
        .set_max_array_size(1_000)
        .set_max_map_size(500)
        .set_max_variables(200)
        .set_max_functions(100)
        .set_max_modules(100)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        // So that comparisons of unlike values reach the functions that call them an error.
        .set_fast_operators(false)
        .set_optimization_level(OptimizationLevel::Simple);
}

#[expect(deprecated, reason = "the interpreter marks hooks that may change; its version is pinned")]
fn hooks(engine: &mut Engine) {
    engine.on_progress(frame::progress);
    engine.on_var(|_, _, context| frame::variable(context.call_level(), context.scope()).map(|()| None));
    engine.on_def_var(|running, _, context| {
        if running {
            frame::variable(context.call_level(), context.scope())?;
        }
        Ok(true)
    });
    engine.on_print(frame::print);
    engine.on_debug(|line, _, _| frame::print(line));
}

/// What the interpreter would otherwise have or be told is missing in words of its own.
fn forbidden(engine: &mut Engine) {
    engine.disable_symbol("eval");
    let no = || -> Result<(), Box<rhai::EvalAltResult>> { Err("a script cannot wait".into()) };
    engine.register_fn("sleep", move |_: INT| no());
    engine.register_fn("sleep", move |_: Decimal| no());
}

/// A position as a place.
pub(crate) fn place_of(file: &str, position: Position) -> Place {
    let number = |at: Option<usize>| at.and_then(|at| u32::try_from(at).ok());
    Place { file: file.to_owned(), line: number(position.line()), column: number(position.position()) }
}
