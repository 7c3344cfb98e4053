//! The functions of expressions, with the same meaning in scripts: whatever the table of `expr` has.

use expr::{FUNCTIONS, Function, FunctionSpec, TextOp, Type, Value, apply, request_constant, text_matches};
use rhai::{Array, Dynamic, Engine, EvalAltResult, INT, ImmutableString};
use rust_decimal::Decimal;

use crate::data::{dynamic, named, plain, whole};
use crate::frame;
use crate::moments::{failed, written};

type Failure = Box<EvalAltResult>;

/// Makes the interpreter know them.
pub(crate) fn register(engine: &mut Engine) {
    for spec in FUNCTIONS.iter().filter(|spec| spec.function != Function::Float) {
        for count in arities(spec) {
            any(engine, spec, count);
        }
    }
    exact(engine);
    literals(engine);
    texts(engine);
    lists(engine);
}

/// With how many arguments a function is called.
fn arities(spec: &FunctionSpec) -> Vec<usize> {
    let most = if spec.variadic { Function::MOST_ARGUMENTS } else { 0 };
    let written = spec.signatures.iter().map(|signature| signature.params.len());
    let mut out: Vec<usize> = written.clone().chain(written.min().unwrap_or(0)..=most).collect();
    out.sort_unstable();
    out.dedup();
    out
}

type D = Dynamic;

/// For arguments of whatever type; they are looked at when it is called.
fn any(engine: &mut Engine, spec: &'static FunctionSpec, count: usize) {
    let name = spec.name;
    match count {
        0 => engine.register_fn(name, move || call(spec, &[])),
        1 => engine.register_fn(name, move |a: D| call(spec, &[a])),
        2 => engine.register_fn(name, move |a: D, b: D| call(spec, &[a, b])),
        3 => engine.register_fn(name, move |a: D, b: D, c: D| call(spec, &[a, b, c])),
        4 => engine.register_fn(name, move |a: D, b: D, c: D, d: D| call(spec, &[a, b, c, d])),
        5 => engine.register_fn(name, move |a: D, b: D, c: D, d: D, e: D| call(spec, &[a, b, c, d, e])),
        6 => engine
            .register_fn(name, move |a: D, b: D, c: D, d: D, e: D, f: D| call(spec, &[a, b, c, d, e, f])),
        7 => engine.register_fn(name, move |a: D, b: D, c: D, d: D, e: D, f: D, g: D| {
            call(spec, &[a, b, c, d, e, f, g])
        }),
        _ => engine.register_fn(name, move |a: D, b: D, c: D, d: D, e: D, f: D, g: D, h: D| {
            call(spec, &[a, b, c, d, e, f, g, h])
        }),
    };
}

/// The same for types for which the interpreter has functions of these names that mean something else.
fn exact(engine: &mut Engine) {
    for name in ["trim", "len", "lower", "upper", "isBlank"] {
        if let Some(spec) = Function::named(name).map(Function::spec) {
            engine.register_fn(name, move |a: ImmutableString| call(spec, &[a.into()]));
        }
    }
    for name in ["abs", "round", "floor", "ceil", "int", "decimal"] {
        if let Some(spec) = Function::named(name).map(Function::spec) {
            engine.register_fn(name, move |a: Decimal| call(spec, &[a.into()]));
            engine.register_fn(name, move |a: INT| call(spec, &[a.into()]));
        }
    }
    engine.register_fn("round", |a: Decimal, b: INT| call(Function::Round.spec(), &[a.into(), b.into()]));
    for (name, spec) in [("min", Function::Min.spec()), ("max", Function::Max.spec())] {
        engine.register_fn(name, move |a: INT, b: INT| call(spec, &[a.into(), b.into()]));
        engine.register_fn(name, move |a: Decimal, b: Decimal| call(spec, &[a.into(), b.into()]));
        engine.register_fn(name, move |a: INT, b: Decimal| call(spec, &[a.into(), b.into()]));
        engine.register_fn(name, move |a: Decimal, b: INT| call(spec, &[a.into(), b.into()]));
    }
    engine.register_fn("replace", |a: ImmutableString, b: ImmutableString, c: ImmutableString| {
        call(Function::Replace.spec(), &[a.into(), b.into(), c.into()])
    });
}

/// Values written out as text.
fn literals(engine: &mut Engine) {
    engine.register_fn("date", |text: ImmutableString| written(&Type::Date, &text).map(dynamic));
    engine.register_fn("dateTime", |text: ImmutableString| written(&Type::DateTime, &text).map(dynamic));
    engine.register_fn("time", |text: ImmutableString| written(&Type::Time, &text).map(dynamic));
    engine.register_fn("duration", |text: ImmutableString| written(&Type::Duration, &text).map(dynamic));
    engine.register_fn("int", |text: ImmutableString| written(&Type::Int, &text).map(dynamic));
    engine.register_fn("decimal", |text: ImmutableString| written(&Type::Decimal, &text).map(dynamic));
    engine.register_fn("text", |text: ImmutableString| text);
}

fn texts(engine: &mut Engine) {
    let tests = [
        ("like", TextOp::Like),
        ("ilike", TextOp::ILike),
        ("contains", TextOp::Contains),
        ("startsWith", TextOp::StartsWith),
        ("endsWith", TextOp::EndsWith),
    ];
    for (name, op) in tests {
        engine.register_fn(name, move |a: ImmutableString, b: ImmutableString| text_matches(op, &a, &b));
        engine.register_fn(name, |(): (), _: ImmutableString| false);
    }
}

fn lists(engine: &mut Engine) {
    engine.register_fn("has", |list: Array, value: Dynamic| holds(&list, &value));
    engine.register_fn("has", |(): (), _: Dynamic| false);
    engine.register_fn("hasAny", |list: Array, wanted: Array| wanted.iter().any(|value| holds(&list, value)));
    engine.register_fn("hasAny", |(): (), _: Array| false);
    engine.register_fn("hasAll", |list: Array, wanted: Array| wanted.iter().all(|value| holds(&list, value)));
    engine.register_fn("hasAll", |(): (), wanted: Array| wanted.is_empty());
    engine.register_fn("isEmpty", |list: Array| list.is_empty());
    engine.register_fn("isEmpty", |(): ()| true);
    engine.register_fn("len", |list: Array| whole(list.len()));
}

fn holds(list: &Array, wanted: &Dynamic) -> bool {
    let Some(wanted) = plain(wanted).filter(|wanted| !wanted.is_null()) else { return false };
    list.iter().filter_map(plain).any(|value| value == wanted)
}

fn call(spec: &'static FunctionSpec, arguments: &[Dynamic]) -> Result<Dynamic, Failure> {
    if spec.function.is_request_constant() {
        let Some(frame) = frame::current() else { return Err("there is no request".into()) };
        let period = arguments.first().and_then(plain).map(|value| value.to_text());
        return request_constant(spec.function, period.as_deref(), &frame.moment).map(dynamic).map_err(
            |_| format!("`{}` takes a period such as \"last 7 days\" or \"this quarter\"", spec.name).into(),
        );
    }
    let values: Option<Vec<Value>> = arguments.iter().map(plain).collect();
    let fitted = values.and_then(|values| {
        [false, true].into_iter().find_map(|reading| {
            spec.signatures
                .iter()
                .find_map(|signature| fit(signature.params, spec.variadic, &values, reading))
        })
    });
    match fitted {
        Some(values) => apply(spec.function, values).map(dynamic).map_err(|error| failed(error).into()),
        None => Err(misfit(spec, arguments).into()),
    }
}

/// The arguments as values of these types: ints are decimals where those are wanted, texts are read where `reading` allows it.
fn fit(params: &[Type], variadic: bool, values: &[Value], reading: bool) -> Option<Vec<Value>> {
    let long_enough = values.len() == params.len() || (variadic && values.len() > params.len());
    if !long_enough {
        return None;
    }
    let types = params.iter().chain(std::iter::repeat_n(params.last()?, values.len() - params.len()));
    types.zip(values).map(|(ty, value)| fitting(ty, value, reading)).collect()
}

fn fitting(ty: &Type, value: &Value, reading: bool) -> Option<Value> {
    match (ty, value) {
        (_, Value::Null)
        | (Type::Int, Value::Int(_))
        | (Type::Decimal, Value::Decimal(_))
        | (Type::Text, Value::Text(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Date, Value::Date(_))
        | (Type::DateTime, Value::DateTime(_)) => Some(value.clone()),
        (Type::Decimal, Value::Int(number)) => Some(Value::Decimal((*number).into())),
        (Type::Date | Type::DateTime, Value::Text(text)) if reading => Value::parse(ty, text).ok(),
        _ => None,
    }
}

fn misfit(spec: &FunctionSpec, arguments: &[Dynamic]) -> String {
    let list = |types: Vec<String>| format!("({})", types.join(", "));
    let legal: Vec<String> = spec
        .signatures
        .iter()
        .filter(|signature| !signature.params.contains(&Type::Float))
        .map(|signature| list(signature.params.iter().map(ToString::to_string).collect()))
        .collect();
    let found = list(arguments.iter().map(named).collect());
    format!("`{}` takes {}, not {found}", spec.name, legal.join(" or "))
}
