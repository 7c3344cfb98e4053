//! Limits on values. Simple ones are compared here, exactly; patterns and formats are compiled once a field with the crate `jsonschema`
//! (no references, linear-time regular expressions).

use expr::Value;
use jsonschema::{PatternOptions, Validator};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::ValueProblem;
use crate::catalog::{FieldType, NumberLimits, TextLimits};

/// What of a field's schema has to be compiled.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pattern: Option<(String, Validator)>,
    format: Option<(&'static str, Validator)>,
}

impl Checks {
    /// Compiles patterns and formats.
    pub(crate) fn of(ty: &FieldType) -> Self {
        let pattern = ty.text_limits().and_then(|limits| limits.pattern.as_ref());
        let format = match ty {
            FieldType::Email(_) => Some("email"),
            FieldType::Url(_) => Some("uri"),
            _ => None,
        };
        Self {
            pattern: pattern.and_then(|p| Some((p.clone(), pattern_validator(p).ok()?))),
            format: format.and_then(|f| Some((f, compile(&json!({"format": f})).ok()?))),
        }
    }

    /// Whether there is anything to run.
    fn text(&self, text: &str) -> Result<(), ValueProblem> {
        if self.pattern.is_none() && self.format.is_none() {
            return Ok(());
        }
        let json = Json::String(text.to_owned());
        if let Some((format, validator)) = &self.format
            && !validator.is_valid(&json)
        {
            let expected = if *format == "email" { "an e-mail address" } else { "an absolute address (http or https)" };
            return Err(ValueProblem::new("format", expected, format!("`{text}`")));
        }
        if let Some((pattern, validator)) = &self.pattern
            && !validator.is_valid(&json)
        {
            return Err(ValueProblem::new("pattern", format!("text that matches {pattern}"), format!("`{text}`")));
        }
        Ok(())
    }
}

/// Compiles a pattern, or says why it is none.
pub(crate) fn pattern_validator(pattern: &str) -> Result<Validator, String> {
    compile(&json!({"pattern": pattern}))
}

fn compile(schema: &Json) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Length, pattern and format of a text.
pub(crate) fn check_text(limits: &TextLimits, text: &str, checks: &Checks) -> Result<(), ValueProblem> {
    let length = || u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if let Some(most) = limits.max_length
        && length() > most
    {
        return Err(ValueProblem::new("maxLength", format!("at most {most} characters"), format!("{}", length())));
    }
    if let Some(least) = limits.min_length
        && length() < least
    {
        return Err(ValueProblem::new("minLength", format!("at least {least} characters"), format!("{}", length())));
    }
    checks.text(text)
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
        NumberLimits { multiple_of: Some(limit), .. } if number.checked_rem(*limit).is_some_and(|rest| !rest.is_zero()) => {
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
        (_, Some(limit)) => Err(ValueProblem::new("minimum", format!("at least {limit}"), number.to_string())),
        _ => Ok(()),
    }
}

/// The limits as keywords of JSON Schema.
pub(crate) fn text_schema(limits: &TextLimits, format: Option<&str>) -> Json {
    let mut schema = serde_json::Map::new();
    schema.insert("type".to_owned(), json!("string"));
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            schema.insert(key.to_owned(), value);
        }
    };
    put("format", format.map(Json::from));
    put("minLength", limits.min_length.map(Json::from));
    put("maxLength", limits.max_length.map(Json::from));
    put("pattern", limits.pattern.clone().map(Json::from));
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
        let number = limit.and_then(|limit| serde_json::from_str::<serde_json::Number>(&limit.normalize().to_string()).ok());
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
