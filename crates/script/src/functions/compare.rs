//! Comparisons that the interpreter would silently call false: a text beside a number. (Beside null they are false, as in expressions.)

use rhai::{Dynamic, Engine, EvalAltResult, INT, ImmutableString};
use rust_decimal::Decimal;

use crate::handle::pair;

type Failure = Box<EvalAltResult>;

fn refused(a: impl Into<Dynamic>, b: impl Into<Dynamic>) -> Result<bool, Failure> {
    let (a, b) = (a.into(), b.into());
    Err(format!("{} are not compared; convert one with `int(…)`, `decimal(…)` or `text(…)`", pair(&a, &b))
        .into())
}

macro_rules! apart {
    ($engine:ident, $a:ty, $b:ty) => {
        for op in ["<", "<=", ">", ">="] {
            $engine.register_fn(op, |a: $a, b: $b| refused(a, b));
            $engine.register_fn(op, |b: $b, a: $a| refused(b, a));
        }
    };
}

/// Makes them errors.
pub(crate) fn register(engine: &mut Engine) {
    apart!(engine, ImmutableString, INT);
    apart!(engine, ImmutableString, Decimal);
    apart!(engine, ImmutableString, bool);
    apart!(engine, bool, INT);
    apart!(engine, bool, Decimal);
}
