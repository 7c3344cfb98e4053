//! The one place where text becomes SQL that the driver runs.
//!
//! What comes in is printed by crate `sql` (values bound, identifiers checked), or made here of checked names.

use sql::{Ident, Statement};
use sqlx::AssertSqlSafe;

/// SQL that is ours to vouch for.
pub(crate) fn vouched(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

/// A statement with the schema in its holes: `"t_acme".` on PostgreSQL, nothing on SQLite. The schema is made of a checked name.
pub(crate) fn filled(statement: &Statement, schema: Option<&str>) -> String {
    let chunks = &statement.chunks;
    let mut text = String::with_capacity(chunks.iter().map(String::len).sum::<usize>() + chunks.len() * 24);
    for (place, chunk) in chunks.iter().enumerate() {
        if let (true, Some(schema)) = (place > 0, schema) {
            text.push('"');
            text.push_str(schema);
            text.push_str("\".");
        }
        text.push_str(chunk);
    }
    text
}

/// `SAVEPOINT "name"` and its like.
pub(crate) fn named(before: &str, name: &Ident) -> String {
    let mut text = before.to_owned();
    name.quote_into(&mut text);
    text
}
