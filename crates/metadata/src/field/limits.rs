//! Limits on values. Simple ones are compared here, exactly; patterns and formats are compiled once, with the crate `jsonschema` (no
//! references, linear-time regular expressions).

use std::sync::LazyLock;

use expr::Value;
use jsonschema::Validator;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::ValueProblem;
use crate::catalog::{FieldType, NumberLimits, TextLimits};

/// A format that `jsonschema` knows, compiled once for all fields.
static EMAIL: LazyLock<Option<Validator>> = LazyLock::new(|| format_validator("email"));
static URI: LazyLock<Option<Validator>> = LazyLock::new(|| format_validator("uri"));

fn format_validator(format: &str) -> Option<Validator> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&json!({"format": format}))
        .ok()
}

fn is_format(validator: &LazyLock<Option<Validator>>, text: &str) -> bool {
    validator.as_ref().is_some_and(|validator| validator.is_valid(&Json::String(text.to_owned())))
}

/// An e-mail address.
pub(crate) fn check_email(text: &str) -> Result<(), ValueProblem> {
    if is_format(&EMAIL, text) {
        Ok(())
    } else {
        Err(ValueProblem::new("format", "an e-mail address", format!("`{text}`")))
    }
}

/// An absolute address of the web.
pub(crate) fn check_url(text: &str) -> Result<(), ValueProblem> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) && is_format(&URI, text) {
        Ok(())
    } else {
        Err(ValueProblem::new("format", "an absolute address (http or https)", format!("`{text}`")))
    }
}

/// The limits of a text or number type; other types have none.
pub(crate) fn check_limits(ty: &FieldType, value: &Value) -> Result<(), ValueProblem> {
    match (ty.text_limits(), ty.number_limits(), value) {
        (Some(limits), _, Value::Text(text)) => check_text(limits, text),
        (_, Some(limits), number) => check_number(limits, number),
        _ => Ok(()),
    }
}

/// Length, pattern and format of a text.
pub(crate) fn check_text(limits: &TextLimits, text: &str) -> Result<(), ValueProblem> {
    let length = || u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if let Some(most) = limits.max_length
        && length() > most
    {
        return Err(ValueProblem::new(
            "maxLength",
            format!("at most {most} characters"),
            format!("{}", length()),
        ));
    }
    if let Some(least) = limits.min_length
        && length() < least
    {
        return Err(ValueProblem::new(
            "minLength",
            format!("at least {least} characters"),
            format!("{}", length()),
        ));
    }
    match &limits.pattern {
        Some(pattern) if !pattern.matches(text) => {
            let expected = format!("text that matches {}", pattern.source());
            Err(ValueProblem::new("pattern", expected, format!("`{text}`")))
        }
        _ => Ok(()),
    }
}

/// Bounds of a number, compared exactly.
pub(crate) fn check_number(limits: &NumberLimits, value: &Value) -> Result<(), ValueProblem> {
    let number = match value {
        Value::Int(number) => Decimal::from(*number),
        Value::Decimal(number) => *number,
        // By its shortest text, so that 0.3 is a multiple of 0.1.
        Value::Float(number) => match number.to_string().parse() {
            Ok(number) => number,
            Err(_) => return check_great_float(limits, *number),
        },
        _ => return Ok(()),
    };
    let broken = |rule, words: &str, limit: &Decimal| {
        Err(ValueProblem::new(rule, format!("{words} {}", limit.normalize()), number.normalize().to_string()))
    };
    match limits {
        NumberLimits { minimum: Some(limit), .. } if number < *limit => broken("minimum", "at least", limit),
        NumberLimits { maximum: Some(limit), .. } if number > *limit => broken("maximum", "at most", limit),
        NumberLimits { exclusive_minimum: Some(limit), .. } if number <= *limit => {
            broken("exclusiveMinimum", "more than", limit)
        }
        NumberLimits { exclusive_maximum: Some(limit), .. } if number >= *limit => {
            broken("exclusiveMaximum", "less than", limit)
        }
        NumberLimits { multiple_of: Some(limit), .. }
            if number.checked_rem(*limit).is_some_and(|rest| !rest.is_zero()) =>
        {
            broken("multipleOf", "a multiple of", limit)
        }
        _ => Ok(()),
    }
}

/// Digits of a decimal: in front of the point and behind it.
pub(crate) fn check_digits(precision: u8, scale: u8, value: &Value) -> Result<(), ValueProblem> {
    let Value::Decimal(number) = value else { return Ok(()) };
    let number = number.normalize();
    if number.scale() > u32::from(scale) {
        let expected = format!("at most {scale} digits behind the point");
        return Err(ValueProblem::new("x-scale", expected, number.to_string()));
    }
    let whole = number.abs().trunc();
    let most = Decimal::from(10_u64.pow(u32::from(precision.saturating_sub(scale)).min(19)));
    if whole >= most {
        let expected = format!("at most {} digits in front of the point", precision.saturating_sub(scale));
        return Err(ValueProblem::new("x-precision", expected, number.to_string()));
    }
    Ok(())
}

/// A float beyond any decimal: only its sign can break a bound.
fn check_great_float(limits: &NumberLimits, number: f64) -> Result<(), ValueProblem> {
    let above = limits.maximum.as_ref().or(limits.exclusive_maximum.as_ref()).filter(|_| number > 0.0);
    let below = limits.minimum.as_ref().or(limits.exclusive_minimum.as_ref()).filter(|_| number < 0.0);
    match (above, below) {
        (Some(limit), _) => Err(ValueProblem::new("maximum", format!("at most {limit}"), number.to_string())),
        (_, Some(limit)) => {
            Err(ValueProblem::new("minimum", format!("at least {limit}"), number.to_string()))
        }
        _ => Ok(()),
    }
}

/// The limits as keywords of JSON Schema.
pub(crate) fn text_schema(limits: Option<&TextLimits>, format: Option<&str>) -> Json {
    let mut schema = serde_json::Map::new();
    schema.insert("type".to_owned(), json!("string"));
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            schema.insert(key.to_owned(), value);
        }
    };
    put("format", format.map(Json::from));
    let Some(limits) = limits else { return Json::Object(schema) };
    put("minLength", limits.min_length.map(Json::from));
    put("maxLength", limits.max_length.map(Json::from));
    put("pattern", limits.pattern.as_ref().map(|pattern| Json::from(pattern.source())));
    Json::Object(schema)
}

/// The limits as keywords of JSON Schema; decimals travel as strings, so their bounds cannot be said there.
pub(crate) fn number_schema(limits: &NumberLimits, ty: &str) -> Json {
    let mut schema = serde_json::Map::new();
    schema.insert("type".to_owned(), json!(ty));
    let bounds = [
        ("minimum", &limits.minimum),
        ("maximum", &limits.maximum),
        ("exclusiveMinimum", &limits.exclusive_minimum),
        ("exclusiveMaximum", &limits.exclusive_maximum),
        ("multipleOf", &limits.multiple_of),
    ];
    for (key, limit) in bounds {
        let number = limit.and_then(|limit| {
            serde_json::from_str::<serde_json::Number>(&limit.normalize().to_string()).ok()
        });
        if let Some(number) = number {
            schema.insert(key.to_owned(), Json::Number(number));
        }
    }
    Json::Object(schema)
}

impl FieldType {
    /// Bounds of text types.
    pub fn text_limits(&self) -> Option<&TextLimits> {
        match self {
            FieldType::Text(limits)
            | FieldType::LongText(limits)
            | FieldType::RichText(limits)
            | FieldType::Email(limits)
            | FieldType::Phone(limits)
            | FieldType::Url(limits)
            | FieldType::Tags(limits) => Some(limits),
            _ => None,
        }
    }

    /// Bounds of number types.
    pub fn number_limits(&self) -> Option<&NumberLimits> {
        match self {
            FieldType::Int(limits)
            | FieldType::BigInt(limits)
            | FieldType::Float(limits)
            | FieldType::Decimal { limits, .. }
            | FieldType::Percent(limits)
            | FieldType::Money { limits, .. } => Some(limits),
            _ => None,
        }
    }

    /// The choices of select types.
    pub fn choices(&self) -> Option<&std::sync::Arc<crate::catalog::Choices>> {
        match self {
            FieldType::Select(choices) | FieldType::MultiSelect(choices) => Some(choices),
            _ => None,
        }
    }
}
