//! The reference of field types, as Markdown.

use std::fmt::Write as _;

use super::{AUTHORED, COMMON_KEYWORDS};

/// `docs/reference/field-types.md`
pub fn reference() -> String {
    let mut page = String::from(
        "# Field types\n\n<!-- Generated from crates/metadata/src/field by its tests; UPDATE_SCHEMAS=1 writes it anew. -->\n\n\
         A field's type is given by `x-type`, or by plain JSON Schema where the table says so. Every field may also have ",
    );
    let common: Vec<String> = COMMON_KEYWORDS.iter().map(|key| format!("`{key}`")).collect();
    let _ = writeln!(page, "{}.", common.join(", "));
    for kind in AUTHORED {
        let about = kind.about();
        let _ = writeln!(page, "\n## {}\n\n{}\n", about.name, about.summary);
        if !about.plain.is_empty() {
            let _ = writeln!(page, "- plain form: `{}`", about.plain);
        }
        let keywords: Vec<String> = about.keywords.iter().map(|key| format!("`{key}`")).collect();
        let keywords = if keywords.is_empty() { "none of its own".to_owned() } else { keywords.join(", ") };
        let _ = writeln!(page, "- keywords: {keywords}");
        let _ = writeln!(page, "- in JSON: `{}`", about.json);
        let _ = writeln!(page, "- in the API: {}", about.graphql);
        let _ = writeln!(page, "- columns: {}", about.columns);
    }
    page.push_str("\n## file\n\nNot supported by this version yet; a document that uses them gets the diagnostic `NOT_YET`.\n");
    page
}
