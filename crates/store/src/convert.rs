//! Values on their way into the database: what fits which encoding, the same for both.

use chrono::{DateTime, SubsecRound, Utc};
use expr::{Slot, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use sql::{Param, Source};

use crate::StoreError;

/// A value does not fit its parameter. The place is added by the binder.
pub(crate) struct Misfit;

impl Misfit {
    pub(crate) fn at(self, place: usize, param: &Param) -> StoreError {
        let Misfit = self;
        let list = if param.list { "a list of " } else { "" };
        StoreError::BadParameter { index: place + 1, expected: format!("{list}{:?}", param.encoding) }
    }
}

static NULL: Value = Value::Null;

/// The value of a parameter.
pub(crate) fn source<'a>(source: &'a Source, values: &'a [Value]) -> Result<&'a Value, Misfit> {
    match source {
        Source::Slot(slot) => slot_value(*slot, values),
        Source::Constant(value) => Ok(value),
        Source::Zip(_) => Ok(&NULL),
    }
}

fn slot_value(slot: Slot, values: &[Value]) -> Result<&Value, Misfit> {
    values.get(usize::from(slot)).ok_or(Misfit)
}

/// The items of a list parameter.
pub(crate) fn items(value: &Value) -> Result<&[Value], Misfit> {
    match value {
        Value::List(items) => Ok(items),
        _ => Err(Misfit),
    }
}

pub(crate) fn bool(value: &Value) -> Result<Option<bool>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(v) => Ok(Some(*v)),
        _ => Err(Misfit),
    }
}

/// Whole numbers, and lengths of time in seconds.
pub(crate) fn int(value: &Value) -> Result<Option<i64>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Int(v) => Ok(Some(*v)),
        Value::Duration(v) => v.seconds().map(Some).ok_or(Misfit),
        Value::Decimal(v) if v.is_integer() => i64::try_from(*v).map(Some).map_err(|_| Misfit),
        _ => Err(Misfit),
    }
}

/// A decimal rounded half away from zero to the scale.
pub(crate) fn decimal(value: &Value, scale: u8) -> Result<Option<Decimal>, Misfit> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Int(v) => Decimal::from(*v),
        Value::Decimal(v) => *v,
        _ => return Err(Misfit),
    };
    Ok(Some(number.round_dp_with_strategy(u32::from(scale), RoundingStrategy::MidpointAwayFromZero)))
}

/// The same as a whole number of units, as SQLite stores it.
pub(crate) fn scaled(value: &Value, scale: u8) -> Result<Option<i64>, Misfit> {
    let Some(number) = decimal(value, scale)? else { return Ok(None) };
    let have = number.scale();
    let factor = 10_i128.checked_pow(u32::from(scale).saturating_sub(have)).ok_or(Misfit)?;
    number.mantissa().checked_mul(factor).and_then(|units| i64::try_from(units).ok()).map(Some).ok_or(Misfit)
}

pub(crate) fn float(value: &Value) -> Result<Option<f64>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Float(v) if v.is_finite() => Ok(Some(*v)),
        #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
        Value::Int(v) => Ok(Some(*v as f64)),
        Value::Decimal(v) => f64::try_from(*v).map(Some).map_err(|_| Misfit),
        _ => Err(Misfit),
    }
}

/// Texts are bound as they are; a NUL, which PostgreSQL cannot store, fits nowhere.
pub(crate) fn text(value: &Value) -> Result<Option<String>, Misfit> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::Text(v) => v.clone(),
        Value::Id(_) | Value::Json(_) => value.to_text(),
        _ => return Err(Misfit),
    };
    if text.contains('\0') { Err(Misfit) } else { Ok(Some(text)) }
}

pub(crate) fn date(value: &Value) -> Result<Option<chrono::NaiveDate>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Date(v) => Ok(Some(*v)),
        _ => Err(Misfit),
    }
}

pub(crate) fn time(value: &Value) -> Result<Option<chrono::NaiveTime>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Time(v) => Ok(Some(v.trunc_subsecs(6))),
        _ => Err(Misfit),
    }
}

pub(crate) fn instant(value: &Value) -> Result<Option<DateTime<Utc>>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::DateTime(v) => Ok(Some(v.trunc_subsecs(6))),
        _ => Err(Misfit),
    }
}

pub(crate) fn id(value: &Value) -> Result<Option<uuid::Uuid>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::Id(v) => Ok(Some(*v)),
        Value::Text(v) => v.parse().map(Some).map_err(|_| Misfit),
        _ => Err(Misfit),
    }
}

/// JSON with its keys in the order of PostgreSQL's `jsonb` (by length, then by bytes), so that both databases give back the same.
pub(crate) fn json(value: &Value) -> Result<Option<serde_json::Value>, Misfit> {
    let json = match value {
        Value::Null => return Ok(None),
        Value::Json(v) => sorted(v),
        Value::List(_) | Value::Text(_) | Value::Bool(_) | Value::Int(_) => value.to_json(),
        _ => return Err(Misfit),
    };
    if holds_nul(&json) { Err(Misfit) } else { Ok(Some(json)) }
}

fn sorted(json: &serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::Object(members) => {
            let mut pairs: Vec<_> = members.iter().collect();
            pairs.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn holds_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}

/// The texts of a list cell.
pub(crate) fn texts(value: &Value) -> Result<Option<Vec<String>>, Misfit> {
    match value {
        Value::Null => Ok(None),
        Value::List(items) => {
            items.iter().map(|item| text(item)?.ok_or(Misfit)).collect::<Result<_, _>>().map(Some)
        }
        _ => Err(Misfit),
    }
}
