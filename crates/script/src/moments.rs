//! Days, instants, times of day and lengths of time as values of the interpreter: compared, moved, written out. They mean what they mean in
//! expressions; a text beside one of them is read as one.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use expr::{Duration, Function, Type, Value, apply};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

use crate::data::dynamic;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Day(pub(crate) NaiveDate);
/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);
/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct TimeOfDay(pub(crate) NaiveTime);
/// A length of time. Compared without its months, which have no fixed length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length(pub(crate) Duration);

impl PartialEq for Length {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl PartialOrd for Length {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0.micros.partial_cmp(&other.0.micros)
    }
}

type Failure = Box<EvalAltResult>;

/// What is written as a text of that type.
pub(crate) fn written(ty: &Type, text: &str) -> Result<Value, Failure> {
    Value::parse(ty, text).map_err(|bad| bad.to_string().into())
}

/// A type that texts are read as.
trait Moment: Copy + PartialOrd + Send + Sync + 'static {
    const NAME: &'static str;
    fn of(text: &str) -> Result<Self, Failure>;
    fn value(self) -> Value;
}

macro_rules! moment {
    ($name:ident, $ty:expr, $variant:ident, $word:literal) => {
        impl Moment for $name {
            const NAME: &'static str = $word;
            fn of(text: &str) -> Result<Self, Failure> {
                match written(&$ty, text)? {
                    Value::$variant(value) => Ok($name(value)),
                    _ => Err(format!("`{text}` is no {}", $word).into()),
                }
            }
            fn value(self) -> Value {
                Value::$variant(self.0)
            }
        }
    };
}

moment!(Day, Type::Date, Date, "date");
moment!(Instant, Type::DateTime, DateTime, "dateTime");
moment!(TimeOfDay, Type::Time, Time, "time");
moment!(Length, Type::Duration, Duration, "duration");

macro_rules! ordered {
    ($engine:ident, $ty:ty, $($op:literal => $test:expr),*) => {
        $(
            $engine.register_fn($op, |a: $ty, b: $ty| ($test)(&a, &b));
            $engine.register_fn($op, |a: $ty, b: ImmutableString| -> Result<bool, Failure> {
                Ok(($test)(&a, &<$ty>::of(&b)?))
            });
            $engine.register_fn($op, |a: ImmutableString, b: $ty| -> Result<bool, Failure> {
                Ok(($test)(&<$ty>::of(&a)?, &b))
            });
            $engine.register_fn($op, |_: $ty, (): ()| $op == "!=");
            $engine.register_fn($op, |(): (), _: $ty| $op == "!=");
        )*
    };
}

macro_rules! known {
    ($engine:ident, $ty:ty) => {
        $engine.register_type_with_name::<$ty>(<$ty as Moment>::NAME);
        ordered!($engine, $ty,
            "==" => |a: &$ty, b: &$ty| a == b, "!=" => |a: &$ty, b: &$ty| a != b,
            "<" => |a: &$ty, b: &$ty| a < b, "<=" => |a: &$ty, b: &$ty| a <= b,
            ">" => |a: &$ty, b: &$ty| a > b, ">=" => |a: &$ty, b: &$ty| a >= b);
        $engine.register_fn("to_string", |value: &mut $ty| ImmutableString::from(value.value().to_text()));
        $engine.register_fn("to_debug", |value: &mut $ty| ImmutableString::from(value.value().to_text()));
        $engine.register_fn("+", |a: ImmutableString, b: $ty| ImmutableString::from(format!("{a}{}", b.value().to_text())));
    };
}

/// Makes the interpreter know them.
pub(crate) fn register(engine: &mut Engine) {
    known!(engine, Day);
    known!(engine, Instant);
    known!(engine, TimeOfDay);
    known!(engine, Length);
    for (name, ahead) in [("+", true), ("-", false)] {
        engine
            .register_fn(name, move |day: Day, by: ImmutableString| moved_day(day, Length::of(&by)?, ahead));
        engine.register_fn(name, move |day: Day, by: Length| moved_day(day, by, ahead));
        engine.register_fn(name, move |at: Instant, by: ImmutableString| moved(at, Length::of(&by)?, ahead));
        engine.register_fn(name, move |at: Instant, by: Length| moved(at, by, ahead));
    }
    engine.register_fn("-", |_: Day, _: Day| -> Result<Dynamic, Failure> {
        Err("two dates are not subtracted: the days between them are `days(from, to)`".into())
    });
    engine.register_fn("-", |_: Instant, _: Instant| -> Result<Dynamic, Failure> {
        Err("two instants are not subtracted: use `days(from, to)` or `hours(from, to)`".into())
    });
}

fn directed(by: Length, ahead: bool) -> Result<Duration, Failure> {
    if ahead { Ok(by.0) } else { by.0.negated().ok_or_else(|| "the duration is out of range".into()) }
}

fn moved_day(day: Day, by: Length, ahead: bool) -> Result<Dynamic, Failure> {
    const DAY: i64 = 86_400_000_000;
    let by = directed(by, ahead)?;
    if by.micros % DAY != 0 {
        return Err("a date moves by whole days or months".into());
    }
    let step = |function, date, count| {
        apply(function, vec![date, Value::Int(count)]).map_err(|error| Failure::from(failed(error)))
    };
    let date = step(Function::AddMonths, Value::Date(day.0), i64::from(by.months))?;
    step(Function::AddDays, date, by.micros / DAY).map(dynamic)
}

fn moved(at: Instant, by: Length, ahead: bool) -> Result<Dynamic, Failure> {
    use chrono::Datelike;
    let by = directed(by, ahead)?;
    if by.months != 0 {
        return Err("an instant moves by a fixed length: weeks, days, hours, minutes".into());
    }
    let later = at.0.checked_add_signed(chrono::Duration::microseconds(by.micros));
    let later = later.filter(|later| (1..=9999).contains(&later.year()));
    Ok(dynamic(later.map_or(Value::Null, Value::DateTime)))
}

pub(crate) fn failed(error: impl std::fmt::Display) -> EvalAltResult {
    EvalAltResult::ErrorRuntime(error.to_string().into(), rhai::Position::NONE)
}
