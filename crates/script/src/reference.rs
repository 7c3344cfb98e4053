//! The reference of scripts, written from the tables: `docs/reference/scripts.md`. A test holds the file equal.

use std::fmt::Write;

use expr::{FUNCTIONS, Function, Type};

use crate::functions::{ASKING, BUILT_IN, FORMS};
use crate::scene::PARAMETERS;

const HEAD: &str = "# Scripts

Generated from `crates/script`; `UPDATE_REFERENCE=1 cargo test -p script --test reference` writes it anew.

Scripts are [Rhai](https://rhai.rs/book/) in `scripts/<module>.rhai` of a package. A function is named by its path, `lead::readyForSales`: as the
`guard` or the `then` of a transition, or as the `then` of an automation. Scripts of one package see each other, and the plugins that the package
declares, as `module::function(…)`. Outside of functions only `const` and `import \"module\" as name` may stand; a function names a constant as
`global::NAME`.

```rhai
/// A guard gives `true`, or the text of its refusal.
fn readyForSales(record, settings) {
    if record.budget == () { return \"ask for the budget first\"; }
    if record.score < settings.threshold { return `the score is ${record.score}, ${settings.threshold} are needed`; }
    true
}

/// A handler that runs before the record is judged changes it by assigning fields.
fn tidy(record) { record.email = lower(trim(record.email)); }

/// A handler that runs after it was written asks the platform.
fn createCall(record, user) {
    create(\"task\", #{subject: `Call ${record.name}`, dueDate: today() + \"1d\", owner: record.owner});
}
```

Two kinds: **guards** only judge; they see what they are handed and ask nobody. **Handlers** (`before`, `after`, `job`) may ask the platform, with the
rights of whoever set them off unless `as` says otherwise; what they may not see is not there. An error that is not caught undoes the whole write,
and is told with file, line, column, record and automation.

## Arguments

A function gets its arguments by the names of its parameters, whichever it wants, in any order.

| parameter | |
|---|---|
";

const VALUES: &str = "
Fields are read as `record.amount`, through to-one relations as `record.account.tier`. A field that is not there is an error with its place.
A relation compares equal to the id of its record.

## Values

| in the record | in a script |
|---|---|
| nothing | `()`; `record.phone ?? \"none\"`; comparisons with it are false, `== ()` asks for it |
| int, bigint | int, 64 bits; `7 / 2` is 3, `7.0 / 2` is 3.5 |
| decimal, money, percent, float | exact decimal: literals such as `0.1` are exact, there are no floats |
| text, choice, id | text, `\"…\"` or `` `…${value}` `` |
| date, dateTime, time, duration | values of their own; a text beside one is read as one: `record.closeDate > \"2026-01-31\"`, `today() + \"3mo\"` |
| list, tags, multi-select | list, `[…]` |
| json, address and other composites | map, `#{…}` |

Comparing a text with a number is an error.

## Limits

Of one run: 200,000 steps, 64 KB of source and of any text, lists of 1,000, maps of 500, 200 variables, calls 32 deep, 16 MB in all. Of everything that
one request sets off, in any depth: 200,000 steps (10,000 more for each further record of a bulk request), 500 questions to the platform, 1,000 records
written, 10,000 read, 5 seconds, 16 levels of writes that set off writes. No script can catch it when a limit is reached. There is no `eval`, no
waiting, no file, no network.
";

/// The page.
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    for (name, doc) in PARAMETERS {
        let _ = writeln!(out, "| `{name}` | {doc} |");
    }
    out.push_str(VALUES);
    out.push_str("\n## Asking the platform\n\nFor handlers; a guard that names one of these is refused by `check`. Filters and orders are those of the API (see expressions.md); as `in` is a word of the language, a map says `#{stage: #{\"in\": [\"open\"]}}`.\n\n| call | |\n|---|---|\n");
    table(&mut out, ASKING);
    out.push_str("\n## Functions of expressions\n\nThe same names with the same meaning. A function of null is null unless it says otherwise.\n\n| call and result | meaning |\n|---|---|\n");
    for spec in FUNCTIONS.iter().filter(|spec| spec.function != Function::Float) {
        let calls: Vec<String> = spec
            .signatures
            .iter()
            .filter(|signature| !signature.params.contains(&Type::Float))
            .map(|signature| {
                let params: Vec<String> = signature.params.iter().map(ToString::to_string).collect();
                let more = if spec.variadic { ", …" } else { "" };
                format!("`{}({}{more})` {}", spec.name, params.join(", "), signature.returns)
            })
            .collect();
        let _ = writeln!(out, "| {} | {} |", calls.join("<br>"), cell(spec.doc));
    }
    out.push_str("\n## More\n\n| call | |\n|---|---|\n");
    table(&mut out, FORMS);
    out.push_str("\n## From Rhai itself\n\nA choice; [its book](https://rhai.rs/book/) has all of them.\n\n| call | |\n|---|---|\n");
    table(&mut out, BUILT_IN);
    out
}

fn table(out: &mut String, rows: &[(&str, &str, &str)]) {
    for (_, call, doc) in rows {
        let calls: Vec<String> = call.split("<br>").map(|call| format!("`{}`", cell(call))).collect();
        let _ = writeln!(out, "| {} | {} |", calls.join("<br>"), cell(doc));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
