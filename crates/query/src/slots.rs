//! The values of a statement: those of the request, and those derived from them before they are bound.
//!
//! Statements are cached by shape, so nothing that depends on a value may be decided while lowering. What must be worked out from a
//! value (folding, escaping of patterns, page size plus one, rounding to a column's scale) is a [`Derived`] slot.

use std::sync::Arc;

use expr::{Function, Moment, Slot, Value};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::access::Facts;

/// The slots of one statement: the first ones are the request's, the derived ones follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    given: Slot,
    derived: Vec<Derived>,
}

/// Where derived slots are numbered from until the request's are counted; no request has that many values.
const FIRST_DERIVED: Slot = 0x8000;

/// A value worked out from the request's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Derived {
    /// A function that depends on the moment of the request only, with its literal argument.
    Constant(Function, Option<String>),
    /// A value of the request, changed.
    Of(Slot, Transform),
    /// A fact about the acting user, by its path below `user`.
    Fact(Vec<Arc<str>>),
}

/// How a time zone is told to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZoneForm {
    /// Its IANA name.
    Name,
    /// JSON text `[["from instant", offset in seconds], …]`, descending.
    Offsets,
}

/// Ways to change a value before it is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// A pattern for `LIKE … ESCAPE '\'`.
    Pattern(Pattern, Case),
    /// The text, with case taken away.
    Case(Case),
    /// The words of a search as a list of patterns, each `%word%`.
    Words,
    /// A number in a decimal column of this scale.
    Scale(u8, Rounding),
    /// A list of numbers: those that a decimal column of this scale can hold.
    ScaleList(u8),
    /// A number in a column of whole numbers.
    Whole(Rounding),
    /// A list of numbers: those that are whole.
    WholeList,
    /// A page size, or the default when it is null.
    Size(i64),
    /// The same plus one: to see whether more follows.
    SizePlusOne(i64),
    /// A count that is zero when null.
    Count,
    /// A length of time as duration fields hold it: null when it has months, which have no fixed length.
    Seconds,
    /// The whole months of a duration.
    Months,
    /// The microseconds of a duration beside its months.
    Micros,
    /// A number as a float.
    Float,
    /// The members of a list that are not null.
    Known,
    /// A value as a list of one, for tests on lists.
    Single,
    /// A zone's name for the database at hand.
    Zone(ZoneForm),
}

/// What of a pattern is literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Has wildcards of its own.
    Like,
    /// Literal, anywhere.
    Contains,
    /// Literal, at the beginning.
    StartsWith,
    /// Literal, at the end.
    EndsWith,
}

/// How case is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// It is kept.
    Kept,
    /// ASCII letters only.
    Ascii,
    /// Unicode folding, as in folded side columns.
    Folded,
}

/// What becomes of digits that a column cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// The next value below.
    Down,
    /// The next value above.
    Up,
    /// The value becomes null: no stored value is equal to it.
    Exact,
}

/// Why the values of a statement cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The request's values do not fit its shape: a fault of the door.
    #[error("the request has {found} values, its shape uses {expected}")]
    Missing {
        /// How many the shape uses.
        expected: usize,
        /// How many arrived.
        found: usize,
    },
    /// A period cannot be worked out for this moment.
    #[error(transparent)]
    Constant(#[from] expr::EvalError),
}

impl Slots {
    /// For a request whose shape uses `given` values.
    pub fn new(given: Slot) -> Self {
        Self { given, derived: Vec::new() }
    }

    /// For a shape whose values are not counted yet: [`Slots::settle`] does that when all is lowered.
    pub(crate) fn open() -> Self {
        Self::new(FIRST_DERIVED)
    }

    /// Counts the request's slots that are used, and moves the derived ones behind them: in the parameters and holes, too.
    pub(crate) fn settle(self, params: &mut [sql::Param], holes: &mut [sql::Hole]) -> Self {
        fn slot_of(param: &mut sql::Param) -> Option<&mut Slot> {
            match &mut param.source {
                sql::Source::Slot(slot) => Some(slot),
                sql::Source::Constant(_) | sql::Source::Zip(_) => None,
            }
        }
        fn slot_in(hole: &mut sql::Hole) -> Option<&mut Slot> {
            match hole {
                sql::Hole::Number(slot) => Some(slot),
                sql::Hole::Schema => None,
            }
        }
        let derived = self.derived.iter().filter_map(|derived| match derived {
            Derived::Of(slot, _) => Some(*slot),
            Derived::Constant(..) | Derived::Fact(_) => None,
        });
        let plain = params
            .iter_mut()
            .filter_map(|param| slot_of(param).copied())
            .chain(holes.iter_mut().filter_map(|hole| slot_in(hole).copied()));
        let given =
            derived.chain(plain.filter(|slot| *slot < FIRST_DERIVED)).map(|slot| slot + 1).max().unwrap_or(0);
        for slot in params.iter_mut().filter_map(slot_of).chain(holes.iter_mut().filter_map(slot_in)) {
            if *slot >= FIRST_DERIVED {
                *slot = *slot - FIRST_DERIVED + given;
            }
        }
        Self { given, derived: self.derived }
    }

    /// The slot of a derived value; equal ones share a slot.
    pub fn derive(&mut self, derived: Derived) -> Slot {
        let place = self.derived.iter().position(|d| *d == derived).unwrap_or_else(|| {
            self.derived.push(derived);
            self.derived.len() - 1
        });
        self.given.saturating_add(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// All values in the order of the statement's slots.
    pub fn bind(&self, values: &[Value], moment: &Moment, facts: &Facts) -> Result<Vec<Value>, BindError> {
        let given = usize::from(self.given);
        let Some(request) = values.get(..given) else {
            return Err(BindError::Missing { expected: given, found: values.len() });
        };
        let mut out = Vec::with_capacity(given + self.derived.len());
        out.extend_from_slice(request);
        for derived in &self.derived {
            out.push(match derived {
                Derived::Constant(function, period) => {
                    expr::request_constant(*function, period.as_deref(), moment)?
                }
                Derived::Of(slot, transform) => {
                    let value = request
                        .get(usize::from(*slot))
                        .ok_or(BindError::Missing { expected: usize::from(*slot) + 1, found: given })?;
                    transform.apply(value)
                }
                Derived::Fact(path) => facts.value(path, moment.now),
            });
        }
        Ok(out)
    }
}

impl Transform {
    /// The changed value; null stays null except where a default is stated.
    pub fn apply(self, value: &Value) -> Value {
        match self {
            Transform::Pattern(pattern, case) => text(value, |t| pattern.of(&case.of(t))),
            Transform::Case(case) => text(value, |t| case.of(t)),
            Transform::Words => match value {
                Value::Text(t) => Value::List(
                    Case::Folded
                        .of(t)
                        .split_whitespace()
                        .map(|word| Value::Text(Pattern::Contains.of(word)))
                        .collect(),
                ),
                _ => Value::List(Vec::new()),
            },
            Transform::Scale(scale, rounding) => scaled(value, scale, rounding),
            Transform::ScaleList(scale) => each(value, |v| scaled(v, scale, Rounding::Exact)),
            Transform::Whole(rounding) => whole_number(value, rounding),
            Transform::WholeList => each(value, |v| whole_number(v, Rounding::Exact)),
            Transform::Size(default) => Value::Int(whole(value).unwrap_or(default)),
            Transform::SizePlusOne(default) => Value::Int(whole(value).unwrap_or(default).saturating_add(1)),
            Transform::Count => Value::Int(whole(value).unwrap_or(0)),
            Transform::Seconds => match value {
                Value::Duration(d) if d.months == 0 => Value::Duration(*d),
                _ => Value::Null,
            },
            Transform::Months => match value {
                Value::Duration(d) => Value::Int(i64::from(d.months)),
                _ => Value::Null,
            },
            Transform::Micros => match value {
                Value::Duration(d) => Value::Int(d.micros),
                _ => Value::Null,
            },
            Transform::Float => match value {
                Value::Int(n) => Decimal::from(*n).to_f64().map_or(Value::Null, Value::Float),
                Value::Decimal(d) => d.to_f64().map_or(Value::Null, Value::Float),
                other => other.clone(),
            },
            Transform::Known => each(value, Value::clone),
            Transform::Single => Value::List(vec![value.clone()]),
            Transform::Zone(form) => match value {
                Value::Text(name) => zone_value(name.parse().unwrap_or(chrono_tz::UTC), form),
                _ => zone_value(chrono_tz::UTC, form),
            },
        }
    }
}

fn text(value: &Value, change: impl Fn(&str) -> String) -> Value {
    match value {
        Value::Text(t) => Value::Text(change(t)),
        _ => Value::Null,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        _ => None,
    }
}

impl Case {
    fn of(self, text: &str) -> String {
        match self {
            Case::Kept => text.to_owned(),
            Case::Ascii => expr::fold_ascii(text),
            Case::Folded => expr::fold(text),
        }
    }
}

impl Pattern {
    /// The `LIKE` pattern; a lone `\` at the end of an authored pattern stands for itself on both databases.
    fn of(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        if self == Pattern::Like {
            let mut escaped = false;
            for c in text.chars() {
                escaped = c == '\\' && !escaped;
                out.push(c);
            }
            if escaped {
                out.push('\\');
            }
            return out;
        }
        if matches!(self, Pattern::Contains | Pattern::EndsWith) {
            out.push('%');
        }
        for c in text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        if matches!(self, Pattern::Contains | Pattern::StartsWith) {
            out.push('%');
        }
        out
    }
}

/// Changes the members of a list; what becomes null is left out.
fn each(value: &Value, change: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(change).filter(|v| !v.is_null()).collect()),
        _ => Value::Null,
    }
}

/// A number as a column of that scale holds it, clamped to the 64-bit range of such columns.
fn scaled(value: &Value, scale: u8, rounding: Rounding) -> Value {
    let number = match value {
        Value::Int(n) => Decimal::from(*n),
        Value::Decimal(d) => *d,
        _ => return Value::Null,
    };
    let digits = u32::from(scale);
    let rounded = match rounding {
        Rounding::Exact if number.round_dp(digits) != number => return Value::Null,
        Rounding::Exact => number,
        Rounding::Down => number.round_dp_with_strategy(digits, RoundingStrategy::ToNegativeInfinity),
        Rounding::Up => number.round_dp_with_strategy(digits, RoundingStrategy::ToPositiveInfinity),
    };
    let most = Decimal::new(i64::MAX, digits);
    let least = Decimal::new(-i64::MAX, digits);
    if rounding == Rounding::Exact && (rounded > most || rounded < least) {
        return Value::Null;
    }
    Value::Decimal(rounded.clamp(least, most).normalize())
}

fn whole_number(value: &Value, rounding: Rounding) -> Value {
    match value {
        Value::Int(n) => Value::Int(*n),
        other => match scaled(other, 0, rounding) {
            Value::Decimal(d) => d.to_i64().map_or(Value::Null, Value::Int),
            other => other,
        },
    }
}

fn zone_value(zone: chrono_tz::Tz, form: ZoneForm) -> Value {
    match form {
        ZoneForm::Name => Value::Text(zone.name().to_owned()),
        ZoneForm::Offsets => Value::Text(crate::lower::zone::offsets(zone)),
    }
}
