//! Reference pages that are made from the types of documents and from examples that a test resolves.

mod lifecycles;

use std::fmt::Write as _;

use serde_json::Value;

use crate::document::{RoleDocument, schema_of};

pub use lifecycles::{AUTOMATION_EXAMPLE, LIFECYCLE_EXAMPLE, automations, lifecycles};

/// The example of the page on roles; it stands beside `core`.
pub const ROLE_EXAMPLE: &str = include_str!("role.json");

/// `docs/reference/roles.md`
pub fn roles() -> String {
    let schema = schema_of::<RoleDocument>();
    let definition = |name: &str| schema.get("$defs").and_then(|defs| defs.get(name));
    let mut page = String::from(HEAD);
    let _ = writeln!(page, "```json\n{ROLE_EXAMPLE}```");
    page.push_str("\n## Keys\n\n| key | meaning |\n|---|---|\n");
    keys(&mut page, Some(&schema), "");
    page.push_str("\nOf one object, below `objects`:\n\n| key | meaning |\n|---|---|\n");
    keys(&mut page, definition("Grant"), "");
    keys(&mut page, definition("Fields"), "fields.");
    page.push_str(SCOPES);
    words(&mut page, definition("ScopeWord"));
    page.push_str(FILTERS);
    page.push_str(
        "\n## Rights besides working with records\n\nBelow `metadata`:\n\n| right | allows to |\n|---|---|\n",
    );
    words(&mut page, definition("RightName"));
    page.push_str(TAIL);
    page
}

/// The keys of an object with their descriptions.
fn keys(page: &mut String, object: Option<&Value>, prefix: &str) {
    let properties = object.and_then(|object| object.get("properties")).and_then(Value::as_object);
    for (key, of) in properties.into_iter().flatten().filter(|(key, _)| *key != "$schema") {
        row(page, &format!("{prefix}{key}"), of);
    }
}

/// The words of a closed list with their descriptions.
fn words(page: &mut String, list: Option<&Value>) {
    let words = list.and_then(|list| list.get("oneOf")).and_then(Value::as_array);
    for of in words.into_iter().flatten() {
        row(page, of.get("const").and_then(Value::as_str).unwrap_or_default(), of);
    }
}

fn row(page: &mut String, word: &str, of: &Value) {
    let meaning = of.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let _ = writeln!(page, "| `{word}` | {meaning} |");
}

const HEAD: &str = "\
# Roles

<!-- Generated from crates/metadata/src/reference and document/role.rs by a test; UPDATE_SCHEMAS=1 writes it anew. -->

A role says what its bearers may do. It is a document in `roles/`, is planned, applied, pulled and brought back like all metadata, and takes
effect within a second for everybody who bears it.

- **Whatever a role is silent about it does not grant.** There is nothing that forbids.
- **Several roles grant together what any of them does**: rows and fields are united, each for itself.
- **What one may not see does not exist.** A hidden object or field is unknown to schema, filters, sorting, groups, hints and errors; a
  hidden record is like an id that was never given.
- **Seen, but not granted** is `FORBIDDEN`. To change or delete a record one must see it.
- `admin` is built in: it has every right and no document. A key that is made without a role has every right, too.

`armature schema --tenant T --role R` prints the API as the bearers of a role see it; `explain` in the API says which rule grants what.

";

const SCOPES: &str = "
A lookup at an object that the role does not see is hidden with it; the far end of a relation is seen by whoever sees the lookup. A formula
or roll-up is seen when it is granted and everything it is made from is seen; `\"x-scope\": \"system\"` lifts the second condition, and `check`
and `plan` list what it shows to whom. A money field takes its currency along.

## Scopes

Each act is granted on a list of scopes; a record needs to be in one of them.

| scope | which records |
|---|---|
";

const FILTERS: &str = "| `{…}` | Records that match a filter, in the grammar of the API: `{\"country\": {\"eq\": \"DE\"}}`. |

An object without `x-owned` that has a `masterDetail` field takes its master's owner, through several masters if need be; of several the
first that leads to an owner counts. The *team* of a user are those with the same `team`, the user included; *below* a user are all who have
them as `manager`, and so on down. Whoever has no team has no records of the team.

In filters of scopes three texts stand for facts of the request, as operands of `eq`, `ne`, `in`, `gt`, `gte`, `lt`, `lte` and `between`:

| text | stands for |
|---|---|
| `$user` | the id of the user: `{\"createdBy\": {\"id\": {\"eq\": \"$user\"}}}` |
| `$user.field` | a field of the user's own record: `{\"country\": {\"eq\": \"$user.country\"}}`; of a lookup its id: `\"$user.team\"` |
| `$today` | the day of the request, in the zone of the user |

A fact that is not known (an empty field, a key that is nobody's) equals nothing, not even an empty field. Mind that `not` turns that round:
`{\"not\": {\"country\": {\"eq\": \"$user.country\"}}}` holds of every record for a user without country; `ne` does not.
";

const TAIL: &str = "
## What `check` says

`BAD_SCOPE`, `BAD_GRANT`, `UNKNOWN_ROLE`, `CYCLIC_ROLES` and the codes of unknown objects and fields are errors. `IDLE_GRANT` is a warning:
`read` without `fields` (only the id is seen), a grant on an object without `read`, `create` without the fields that a record requires,
`pool` while there are no pools. `SYSTEM_SCOPE` is a warning, too. [Codes](errors.md) lists them all.

The roles of `metadata/core/roles` are to begin from: `staff`, `sales`, `salesManager`, `marketing`, `partnerManager`, `support`, `dataSteward` and
`reader`. A package of your own may inherit from them.
";
