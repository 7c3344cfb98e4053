//! The reference of the language, written from the tables: `docs/reference/expressions.md`. A test holds the file equal.

use std::fmt::Write;

use crate::filter::{Operator, operators};
use crate::function::{FORMS, FUNCTIONS, FunctionSpec};
use crate::types::Type;

const HEAD: &str = "# Expressions and filters

Generated from `crates/expr`; `UPDATE_REFERENCE=1 cargo test -p expr --test reference` writes it anew.

An expression judges or computes one record: formulas, rules, guards, defaults. It sees `record`, `old` (the record before the write),
`user` and `settings`; it has no variables, loops or IO. At most 16 KB, 64 levels.

| | |
|---|---|
| literals | `42`, `1.5` (exact decimal), `1.5e3` (float), `\"text\"` or `'text'` with `\\n \\t \\r \\\" \\' \\\\ \\u00e9 \\u{1F600}`, `true`, `false`, `null` |
| fields | `record.amount`, `record.account.tier` (null where the relation is), `record.address.city`, `record.subject.account.name` (a relation to one of several objects: name the object) |
| operators, loose to tight | `\\|\\|`; `&&`; `== !=`; `in [a, b]`, `in record.tags`; `< <= > >=`; `??` (in place of null); `+ -`; `* / %`; `! -` |
| choice | `if a { b } else if c { d } else { e }` |
| dates | `record.closeDate > \"2026-01-31\"`, `today() + \"3mo\"`, `now() - \"36h\"`; durations are `15m 3h 7d 2w 3mo` or several in a row |

- Conditions are two-valued: a comparison with null is false, and `!` is its complement. `==` and `!=` are null-safe (`null == null`).
- Arithmetic with null is null; so is division by zero. Int by int gives a decimal.
- Decimals are exact: every result is rounded half away from zero to 6 fraction digits and must stay below 9.2e12, else it is an error; so is
  an int beyond 64 bits and a float that is not finite.
- Ints become decimals or floats where they meet them. Floats and decimals meet only through `float(x)` or `decimal(x)`; a literal takes the
  side it stands on. A text literal beside a date, an instant, a time, a duration or an id is read as one.
- Text is compared by code point. \"Without case\" is Unicode case folding for fields that are displayed, searched, unique or e-mail
  addresses, and A to Z for all other text.
- Days and instants lie in the years 1 to 9999; a result outside is null. A function of null is null unless it says otherwise.
";

const FILTERS: &str = "
## Filters

A filter selects records: `{\"stage\": {\"in\": [\"won\"]}, \"account\": {\"tier\": {\"eq\": \"A\"}}}`. All keys of an object must hold; `and`, `or` take lists,
`not` one filter. To-one relations and parts of composites are nested; to-many relations take `some`, `every`, `none` and
`count: {gt: 2, filter: {…}}`; `isNull` is also asked of relations and composites. `eq: null` is refused (ask `isNull`), as is a comparison
without operator; `in: []` and `or: []` select nothing, `and: []` everything. At most 500 comparisons, 32 levels.

`relative` takes `today`, `yesterday`, `tomorrow`, `this|last|next day|week|month|quarter|year`, `last|next N days|weeks|months|quarters|years`, in
the caller's time zone. Weeks begin on Monday. `last 7 days` are the seven days before today, and today; `next 7 days` begin tomorrow; `last 2
months` are the two whole months before the present one.

| type | operators |
|---|---|
";

/// The page.
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n## Functions\n\n| call and result | meaning |\n|---|---|\n");
    for spec in FUNCTIONS {
        let calls: Vec<String> = spec
            .signatures
            .iter()
            .map(|signature| format!("`{}` {}", call(spec, signature.params), signature.returns))
            .collect();
        let _ = writeln!(out, "| {} | {} |", calls.join("<br>"), cell(spec.doc));
    }
    out.push_str("\n## Forms\n\nWritten like calls; some take only literals or relations.\n\n| form | meaning |\n|---|---|\n");
    for (_, written, doc) in FORMS {
        let _ = writeln!(out, "| `{written}` | {} |", cell(doc));
    }
    out.push_str(FILTERS);
    let types = [
        Type::Text,
        Type::Int,
        Type::Decimal,
        Type::Float,
        Type::Bool,
        Type::Date,
        Type::Time,
        Type::DateTime,
        Type::Duration,
        Type::Id,
        Type::List(Box::new(Type::Text)),
        Type::Json,
    ];
    for ty in types {
        let names: Vec<&str> = operators(&ty).into_iter().map(Operator::name).collect();
        let _ = writeln!(out, "| {ty} | `{}` |", names.join(" "));
    }
    out
}

fn call(spec: &FunctionSpec, params: &[Type]) -> String {
    let params: Vec<String> = params.iter().map(ToString::to_string).collect();
    format!("{}({}{})", spec.name, params.join(", "), if spec.variadic { ", …" } else { "" })
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
