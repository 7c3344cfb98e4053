//! Everything that is generated from this crate and committed: JSON Schemas for editors, reference pages. A test fails when they drift;
//! `UPDATE_SCHEMAS=1` writes them anew.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::codes;
use crate::document::{
    AutomationDocument, ChoicesDocument, ExtensionDocument, LifecycleExtensionDocument, ObjectDocument,
    PackageDocument, PackageTest, PluginDocument, RoleDocument, TranslationDocument, lifecycle_schema,
    schema_of,
};

/// The generated files: path from the top of the repository, content.
pub fn generated() -> Vec<(&'static str, String)> {
    vec![
        ("metadata/schema/package.json", text(&titled(schema_of::<PackageDocument>(), "package", false))),
        ("metadata/schema/object.json", text(&object())),
        (
            "metadata/schema/extension.json",
            text(&titled(schema_of::<ExtensionDocument>(), "extension", true)),
        ),
        ("metadata/schema/choices.json", text(&titled(schema_of::<ChoicesDocument>(), "choices", true))),
        ("metadata/schema/role.json", text(&titled(schema_of::<RoleDocument>(), "role", true))),
        (
            "metadata/schema/translation.json",
            text(&titled(schema_of::<TranslationDocument>(), "translation", false)),
        ),
        ("metadata/schema/lifecycle.json", text(&titled(lifecycle_schema(), "lifecycle", true))),
        (
            "metadata/schema/lifecycle-extension.json",
            text(&titled(schema_of::<LifecycleExtensionDocument>(), "lifecycle-extension", true)),
        ),
        (
            "metadata/schema/automation.json",
            text(&titled(schema_of::<AutomationDocument>(), "automation", true)),
        ),
        ("metadata/schema/test.json", text(&titled(schema_of::<PackageTest>(), "test", true))),
        ("metadata/schema/plugin.json", text(&titled(schema_of::<PluginDocument>(), "plugin", false))),
        ("docs/reference/field-types.md", crate::field::reference()),
        ("docs/reference/roles.md", crate::reference::roles()),
        ("docs/reference/lifecycles.md", crate::reference::lifecycles()),
        ("docs/reference/automations.md", crate::reference::automations()),
        ("docs/reference/errors.md", errors()),
    ]
}

/// A file in `objects/` holds objects or extensions; each editor line says which.
fn object() -> Value {
    titled(schema_of::<ObjectDocument>(), "object", true)
}

/// With an `$id`, and as one document or a list of them.
fn titled(mut schema: Value, name: &str, list: bool) -> Value {
    let Some(map) = schema.as_object_mut() else { return schema };
    let mut top = serde_json::Map::new();
    top.insert("$schema".to_owned(), map.shift_remove("$schema").unwrap_or_default());
    top.insert("$id".to_owned(), json!(format!("https://armature.example/schema/{name}.json")));
    if !list {
        top.extend(std::mem::take(map));
        return Value::Object(top);
    }
    let title = map.get("title").cloned().unwrap_or_default();
    let mut defs = match map.shift_remove("$defs") {
        Some(Value::Object(defs)) => defs,
        _ => serde_json::Map::new(),
    };
    let key = title.as_str().unwrap_or("Document").to_owned();
    let reference = json!({"$ref": format!("#/$defs/{key}")});
    defs.insert(key, schema);
    top.insert("title".to_owned(), title);
    top.insert("anyOf".to_owned(), json!([reference, {"type": "array", "items": reference}]));
    top.insert("$defs".to_owned(), Value::Object(defs));
    Value::Object(top)
}

fn text(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

/// `docs/reference/errors.md`
fn errors() -> String {
    let mut page = String::from(
        "# Codes\n\n<!-- Generated from crates/metadata/src/codes.rs and schema.rs by a test; UPDATE_SCHEMAS=1 writes it anew. -->\n\n\
         Codes are stable: programs may rely on them. Messages are for people and may change.\n\n\
         ## Diagnostics\n\n\
         `armature check`, `plan`, `apply` and the metadata API report these, each with file, line, column, JSON pointer, what was expected,\n\
         what was found and a hint. Faults of expressions and filters in documents carry `BAD_EXPRESSION`, `BAD_FILTER` or `UNKNOWN_FIELD`.\n\n\
         | code | meaning | example |\n|---|---|---|\n",
    );
    for code in codes::ALL {
        let _ = writeln!(page, "| `{}` | {} | `{}` |", code.code, escape(code.meaning), escape(code.example));
    }
    page.push_str(API);
    page
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

const API: &str = "
## Errors of the API

A GraphQL error carries its code in `extensions.code`, with the path of the field and a trace id that is in the log. The codes marked
*payload* also stand in the `errors` of a mutation's payload, with `path`, `rule` and, in bulk operations, `index`.

| code | meaning | where |
|---|---|---|
| `UNAUTHENTICATED` | No key, or none that is valid. | error |
| `FORBIDDEN` | The thing is visible and the act is not allowed. | error |
| `NOT_FOUND` | There is no such thing, or the caller may not see it. | error, payload |
| `VALIDATION` | A value, filter, order, argument or document is not legal. | error, payload |
| `REFUSED` | A rule, a relation or a lifecycle forbids the write. | error, payload |
| `CONFLICT` | Another record has that value, or the record changed since it was read. | error, payload |
| `RATE_LIMITED` | Too many requests; `Retry-After` says when to come back. | error |
| `COST_EXCEEDED` | The query asks for more rows or depth than is allowed. | error |
| `SCRIPT_ERROR` | A script failed. | error |
| `TIMEOUT` | The statement took too long and was ended. | error |
| `INTERNAL` | A fault of the platform; the trace id leads to the log. | error |
";
