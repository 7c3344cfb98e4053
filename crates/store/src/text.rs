//! The one place where text becomes SQL that the driver runs.
//!
//! What comes in is printed by crate `sql` (values bound, identifiers checked), or made here of checked names.

use expr::Value;
use sql::{Hole, Ident, Statement};
use sqlx::AssertSqlSafe;

use crate::StoreError;

/// SQL that is ours to vouch for.
pub(crate) fn vouched(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

/// A statement with its holes filled. The schema is made of a checked name, numbers are whole.
pub(crate) fn filled(
    statement: &Statement,
    schema: Option<&str>,
    values: &[Value],
) -> Result<String, StoreError> {
    let (chunks, holes) = (&statement.chunks, &statement.holes);
    let mut text = String::with_capacity(chunks.iter().map(String::len).sum::<usize>() + holes.len() * 24);
    for (place, chunk) in chunks.iter().enumerate() {
        match (place.checked_sub(1).and_then(|before| holes.get(before)), schema) {
            (Some(Hole::Schema), Some(schema)) => {
                text.push('"');
                text.push_str(schema);
                text.push_str("\".");
            }
            (Some(Hole::Number(slot)), _) => {
                let Some(Value::Int(number)) = values.get(usize::from(*slot)) else {
                    return Err(StoreError::BadParameter {
                        index: usize::from(*slot) + 1,
                        expected: "a whole number".to_owned(),
                    });
                };
                text.push_str(itoa::Buffer::new().format(*number));
            }
            (Some(Hole::Schema), None) | (None, _) => {}
        }
        text.push_str(chunk);
    }
    Ok(text)
}

/// `SAVEPOINT "name"` and its like.
pub(crate) fn named(before: &str, name: &Ident) -> String {
    let mut text = before.to_owned();
    name.quote_into(&mut text);
    text
}
