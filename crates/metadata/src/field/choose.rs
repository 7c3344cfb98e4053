//! Choosing from a list, by value or by label; and lists of texts.

use std::sync::Arc;

use expr::{Type, Value};

use super::ValueProblem;
use crate::catalog::Choices;

/// Whether the text is a value of the list.
pub(super) fn check_choice(choices: &Choices, text: &str) -> Result<(), ValueProblem> {
    if choices.choices.iter().any(|choice| &*choice.value == text) {
        Ok(())
    } else {
        Err(no_choice(choices, text))
    }
}

/// The value that a text names: a value, or a label in any language, the latter without case.
pub(super) fn find_choice(choices: &Choices, text: &str) -> Result<Arc<str>, ValueProblem> {
    let text = text.trim();
    let folded = expr::fold(text);
    let exact = choices.choices.iter().find(|choice| &*choice.value == text);
    let labelled = || {
        choices.choices.iter().find(|choice| {
            expr::fold(&choice.label) == folded
                || choice.labels.values().chain(&choice.also).any(|label| expr::fold(label) == folded)
                || expr::fold(&choice.value) == folded
        })
    };
    exact.or_else(labelled).map(|choice| Arc::clone(&choice.value)).ok_or_else(|| no_choice(choices, text))
}

fn no_choice(choices: &Choices, text: &str) -> ValueProblem {
    let shown: Vec<&str> = choices.choices.iter().take(12).map(|choice| &*choice.value).collect();
    let more = if choices.choices.len() > 12 { " …" } else { "" };
    ValueProblem::new("enum", format!("one of {}{more}", shown.join(", ")), format!("`{text}`"))
}

/// The texts of a CSV cell: parted by `;` or `|`.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '|']).map(str::trim).filter(|piece| !piece.is_empty())
}

/// A list of texts, each once, in the order of their first mention.
pub(super) fn list_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Value, ValueProblem> {
    let mut values: Vec<Value> = Vec::new();
    for text in texts {
        let value = Value::parse(&Type::Text, text).map_err(|bad| ValueProblem::bad_text("type", &bad))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Value::List(values))
}
