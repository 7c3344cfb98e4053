//! Coercion of what clients send to the types of the schema, as JSON. Strict by type, lenient only where GraphQL is: a single value for
//! a list, an int for a float, an int for an ID.

use std::fmt::Write as _;

use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql_value::Value as Literal;
use expr::did_you_mean;
use serde_json::{Map, Value as Json};

use super::validate::field_names;

/// What is wrong with an input value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InputProblem {
    /// Where below the argument or variable: `.data[3].amount`.
    pub(crate) path: String,
    /// For people.
    pub(crate) message: String,
    /// What would have been right.
    pub(crate) expected: Option<String>,
    /// The legal name that was probably meant.
    pub(crate) hint: Option<String>,
}

impl InputProblem {
    fn new(path: &Path<'_>, message: impl Into<String>, expected: impl Into<String>) -> InputProblem {
        InputProblem {
            path: path.text(),
            message: message.into(),
            expected: Some(expected.into()),
            hint: None,
        }
    }
}

/// A value on its way in: from the document or from the variables.
#[derive(Clone, Copy)]
pub(crate) enum Source<'v> {
    /// Written in the document.
    Literal(&'v Literal),
    /// Sent as a variable.
    Json(&'v Json),
}

/// The variables of an operation, already coerced. A name that is absent was not given and has no default.
pub(crate) type Variables = Map<String, Json>;

/// Where one is in a value.
pub(crate) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Path::Root => {}
            Path::Key(outer, key) => {
                outer.write(text);
                text.push('.');
                text.push_str(key);
            }
            Path::Index(outer, index) => {
                outer.write(text);
                // Writing to a String cannot fail.
                let _ = write!(text, "[{index}]");
            }
        }
    }
}

/// Coerces values to the types of one schema.
#[derive(Clone, Copy)]
pub(crate) struct Coercion<'r> {
    pub(crate) registry: &'r Registry,
    pub(crate) variables: &'r Variables,
}

impl Coercion<'_> {
    /// The value as JSON of that type; `None` when it is a variable that was not given.
    pub(crate) fn coerce(
        self,
        ty: &str,
        value: Source<'_>,
        path: &Path<'_>,
    ) -> Result<Option<Json>, InputProblem> {
        if let Source::Literal(Literal::Variable(name)) = value {
            return match (self.variables.get(name.as_str()), ty.ends_with('!')) {
                (Some(Json::Null) | None, true) => {
                    Err(InputProblem::new(path, format!("The variable ${name} must have a value"), ty))
                }
                (value, _) => Ok(value.cloned()),
            };
        }
        let null = matches!(value, Source::Literal(Literal::Null) | Source::Json(Json::Null));
        match MetaTypeName::create(ty) {
            MetaTypeName::NonNull(_) if null => Err(InputProblem::new(path, "null is not allowed", ty)),
            MetaTypeName::NonNull(inner) => self.coerce(inner, value, path),
            _ if null => Ok(Some(Json::Null)),
            MetaTypeName::List(inner) => self.list(inner, value, path).map(Some),
            MetaTypeName::Named(name) => self.named(name, value, path).map(Some),
        }
    }

    fn list(self, inner: &str, value: Source<'_>, path: &Path<'_>) -> Result<Json, InputProblem> {
        let item = |index: usize, item: Source<'_>| -> Result<Json, InputProblem> {
            Ok(self.coerce(inner, item, &Path::Index(path, index))?.unwrap_or(Json::Null))
        };
        let items = match value {
            Source::Literal(Literal::List(items)) => {
                items.iter().enumerate().map(|(index, value)| item(index, Source::Literal(value))).collect()
            }
            Source::Json(Json::Array(items)) => {
                items.iter().enumerate().map(|(index, value)| item(index, Source::Json(value))).collect()
            }
            single => self.coerce(inner, single, path).map(|value| vec![value.unwrap_or(Json::Null)]),
        };
        items.map(Json::Array)
    }

    fn named(self, name: &str, value: Source<'_>, path: &Path<'_>) -> Result<Json, InputProblem> {
        match self.registry.types.get(name) {
            Some(MetaType::InputObject { input_fields, .. }) => {
                let ty = self.registry.types.get(name);
                self.object(name, input_fields, value, path).map_err(|mut problem| {
                    if let (None, Some(ty)) = (&problem.expected, ty) {
                        problem.expected = Some(field_names(ty).join(", "));
                    }
                    problem
                })
            }
            Some(MetaType::Enum { enum_values, .. }) => {
                let text = match value {
                    Source::Literal(Literal::Enum(text)) => Some(text.as_str()),
                    Source::Json(Json::String(text)) => Some(text.as_str()),
                    Source::Literal(_) | Source::Json(_) => None,
                };
                let legal = || enum_values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                match text {
                    Some(text) if enum_values.contains_key(text) => Ok(Json::String(text.to_owned())),
                    Some(text) => Err(InputProblem {
                        hint: did_you_mean(text, enum_values.keys().map(String::as_str)),
                        ..InputProblem::new(path, format!("{name} has no value {text}"), legal())
                    }),
                    None => Err(InputProblem::new(path, format!("not a value of {name}"), legal())),
                }
            }
            Some(MetaType::Scalar { .. }) => self.scalar(name, value, path),
            _ => Err(InputProblem::new(path, format!("{name} is no input type"), "an input type")),
        }
    }

    fn object(
        self,
        name: &str,
        fields: &indexmap::IndexMap<String, MetaInputValue>,
        value: Source<'_>,
        path: &Path<'_>,
    ) -> Result<Json, InputProblem> {
        // In a filter a lost variable must not widen what is selected: it is null there, and null is refused where it compares.
        let missing =
            if name.ends_with("Filter") || name.ends_with("Having") { Some(Json::Null) } else { None };
        let mut result = Map::new();
        let mut each = |key: &str, value: Source<'_>| -> Result<(), InputProblem> {
            let Some(field) = fields.get(key) else {
                let message = format!("{name} has no field {key}");
                let hint = did_you_mean(key, fields.keys().map(String::as_str));
                return Err(InputProblem {
                    path: Path::Key(path, key).text(),
                    message,
                    expected: None,
                    hint,
                });
            };
            let coerced = self.coerce(&field.ty, value, &Path::Key(path, key))?;
            if let Some(coerced) = coerced.or_else(|| missing.clone()) {
                result.insert(key.to_owned(), coerced);
            }
            Ok(())
        };
        match value {
            Source::Literal(Literal::Object(members)) => {
                for (key, value) in members {
                    each(key.as_str(), Source::Literal(value))?;
                }
            }
            Source::Json(Json::Object(members)) => {
                for (key, value) in members {
                    each(key, Source::Json(value))?;
                }
            }
            Source::Literal(_) | Source::Json(_) => {
                return Err(InputProblem::new(path, format!("{name} is an object"), "{ … }"));
            }
        }
        for (key, field) in fields {
            if field.ty.ends_with('!') && !result.contains_key(key) {
                return Err(InputProblem::new(path, format!("{key} is missing"), field.ty.clone()));
            }
        }
        Ok(Json::Object(result))
    }

    fn scalar(self, name: &str, value: Source<'_>, path: &Path<'_>) -> Result<Json, InputProblem> {
        let json = match value {
            Source::Json(value) => value.clone(),
            Source::Literal(value) => self.plain(value, path, name == "JSON")?,
        };
        let legal = match name {
            "Int" => return int(&json, path),
            "ID" => match json {
                Json::Number(number) if number.is_i64() || number.is_u64() => {
                    return Ok(Json::String(number.to_string()));
                }
                ref other => other.is_string(),
            },
            "String" | "Date" | "DateTime" | "Time" => json.is_string(),
            "Boolean" => json.is_boolean(),
            "Float" => json.is_number(),
            "BigInt" => json.is_string() || json.is_i64(),
            "Decimal" => return decimal(json, path),
            _ => true,
        };
        if legal {
            Ok(json)
        } else {
            Err(InputProblem::new(path, format!("not a value of {name}"), scalar_form(name)))
        }
    }

    /// A literal as JSON, whatever its type.
    fn plain(self, value: &Literal, path: &Path<'_>, any: bool) -> Result<Json, InputProblem> {
        Ok(match value {
            Literal::Null => Json::Null,
            Literal::Number(number) => Json::Number(number.clone()),
            Literal::String(text) => Json::String(text.clone()),
            Literal::Boolean(truth) => Json::Bool(*truth),
            Literal::Enum(word) if any => Json::String(word.to_string()),
            Literal::Enum(word) => {
                return Err(InputProblem::new(
                    path,
                    format!("{word} is a word without quotes"),
                    "a quoted string or a number",
                ));
            }
            Literal::List(items) => {
                Json::Array(items.iter().map(|item| self.plain(item, path, any)).collect::<Result<_, _>>()?)
            }
            Literal::Object(members) => {
                let mut object = Map::new();
                for (key, value) in members {
                    object.insert(key.to_string(), self.plain(value, path, any)?);
                }
                Json::Object(object)
            }
            Literal::Variable(name) => self.variables.get(name.as_str()).cloned().unwrap_or(Json::Null),
            Literal::Binary(_) => {
                return Err(InputProblem::new(path, "uploads are not supported", "a value"));
            }
        })
    }
}

fn int(json: &Json, path: &Path<'_>) -> Result<Json, InputProblem> {
    let whole = json.as_i64().or_else(|| {
        let float = json.as_f64().filter(|float| float.fract() == 0.0)?;
        // The range is checked, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
        (float.abs() < 1e15).then_some(float as i64)
    });
    match whole.filter(|_| json.is_number()).and_then(|whole| i32::try_from(whole).ok()) {
        Some(whole) => Ok(Json::from(whole)),
        None => Err(InputProblem::new(path, "not a value of Int", scalar_form("Int"))),
    }
}

/// A number that has passed through a binary float is exact up to 15 digits; beyond, it must have been sent as a string.
fn decimal(json: Json, path: &Path<'_>) -> Result<Json, InputProblem> {
    let exact = match &json {
        Json::String(_) => true,
        Json::Number(number) if number.is_i64() => true,
        Json::Number(number) => {
            number.to_string().bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count()
                <= 16
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => false,
    };
    if exact {
        return Ok(json);
    }
    let message =
        if json.is_number() { "a number of that many digits is not exact" } else { "not a value of Decimal" };
    Err(InputProblem::new(path, message, scalar_form("Decimal")))
}

fn scalar_form(name: &str) -> &'static str {
    match name {
        "Int" => "a whole number from -2147483648 to 2147483647",
        "ID" => "an id as a string",
        "String" => "a string",
        "Boolean" => "true or false",
        "Float" => "a number",
        "BigInt" => "a 64-bit integer, as a string or a number",
        "Decimal" => "a decimal as a string, \"12.5\", or a number of at most 15 digits",
        "Date" => "a day as a string, \"2026-03-31\"",
        "DateTime" => "an instant as a string, \"2026-03-31T09:00:00Z\"",
        "Time" => "a time of day as a string, \"09:30:00\"",
        _ => "a value",
    }
}
