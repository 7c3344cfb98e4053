//! `docs/reference/lifecycles.md` and `docs/reference/automations.md`.

use std::fmt::Write as _;

use super::{keys, words};
use crate::document::{
    AutomationDocument, LifecycleExtensionDocument, PackageTest, PluginDocument, lifecycle_schema, schema_of,
};

/// The example of the page on lifecycles; it stands beside `core`.
pub const LIFECYCLE_EXAMPLE: &str = include_str!("lifecycle.json");

/// The examples of the page on automations; they stand beside `core`.
pub const AUTOMATION_EXAMPLE: &str = include_str!("automation.json");

const TABLE: &str = "\n| key | meaning |\n|---|---|\n";

/// `docs/reference/lifecycles.md`
pub fn lifecycles() -> String {
    let schema = lifecycle_schema();
    let definition = |name: &str| schema.get("$defs").and_then(|defs| defs.get(name));
    let mut page = String::from(LIFECYCLES);
    let _ = writeln!(page, "```json\n{LIFECYCLE_EXAMPLE}```");
    let _ = write!(page, "\n## Keys\n{TABLE}");
    keys(&mut page, Some(&schema), "");
    let _ = write!(page, "\nOf a stage:\n{TABLE}");
    keys(&mut page, definition("Stage"), "");
    keys(&mut page, definition("SopStep"), "sop.");
    let _ = write!(page, "\nKinds of stage:\n\n| kind | meaning |\n|---|---|\n");
    words(&mut page, definition("StageKindName"));
    let _ = write!(page, "\nSteps of the general journey:\n\n| journey | the customer |\n|---|---|\n");
    words(&mut page, definition("JourneyName"));
    let _ = write!(page, "\nOf a transition:\n{TABLE}");
    keys(&mut page, definition("Transition"), "");
    keys(&mut page, definition("Timed"), "auto.");
    page.push_str(MEANING);
    let _ = write!(page, "\n## Extending one\n{EXTENDING}{TABLE}");
    keys(&mut page, Some(&schema_of::<LifecycleExtensionDocument>()), "");
    page.push_str(CHANGING);
    page
}

/// `docs/reference/automations.md`
pub fn automations() -> String {
    let schema = schema_of::<AutomationDocument>();
    let definition = |name: &str| schema.get("$defs").and_then(|defs| defs.get(name));
    let mut page = String::from(AUTOMATIONS);
    let _ = writeln!(page, "```json\n{AUTOMATION_EXAMPLE}```");
    let _ = write!(page, "\n## Keys\n{TABLE}");
    keys(&mut page, Some(&schema), "");
    let _ = write!(page, "\nOf the trigger, below `on`:\n{TABLE}");
    keys(&mut page, definition("Trigger"), "");
    keys(&mut page, definition("TransitionTrigger"), "transition.");
    let _ = write!(page, "\nWhen it runs:\n\n| run | meaning |\n|---|---|\n");
    words(&mut page, definition("RunName"));
    page.push_str(RUNNING);
    let _ = write!(page, "\n## Plugins\n{PLUGINS}{TABLE}");
    keys(&mut page, Some(&schema_of::<PluginDocument>()), "");
    tests(&mut page);
    page
}

/// What stands in `tests/`.
fn tests(page: &mut String) {
    let schema = schema_of::<PackageTest>();
    let definition = |name: &str| schema.get("$defs").and_then(|defs| defs.get(name));
    let _ = write!(page, "\n## Tests\n{TESTS}{TABLE}");
    keys(page, Some(&schema), "");
    let parts = [
        ("a case", "TestCase"),
        ("a step", "TestStep"),
        ("what is expected", "TestExpectation"),
        ("a refusal", "TestRefusal"),
    ];
    for (title, name) in parts {
        let _ = write!(page, "\nOf {title}:\n{TABLE}");
        keys(page, definition(name), "");
    }
}

const LIFECYCLES: &str = "\
# Lifecycles

<!-- Generated from crates/metadata/src/reference and document/lifecycle.rs by a test; UPDATE_SCHEMAS=1 writes it anew. -->

A lifecycle says through which stages the records of an object pass, and what each move demands. It is a document in `lifecycles/`.

- **A move that no transition allows does not happen**, by whatever door: the API, a file, a script, a plain update of `stage`.
- **A record is in at most one lifecycle.** Of several for one object, the first whose `when` holds takes a new record; those without a
  `when` are asked last, and those of a package before those of the packages it builds on.
- Records of an object with lifecycles have the fields `lifecycle`, `stage`, `stageEnteredAt` and `pass` (the how manyth stay in this
  stage). Do not define them yourself. A select `stage` that the object had before keeps its values: `apply` puts each record into that
  stage, or at the entry.
- Every stay is a row of the transition log: from, to, pass, when it began and ended, who, why.

";

const MEANING: &str = "
## What a move demands

In this order, and all that is unmet is told at once: the right to update the record and one of `roles`; `requires`; the required steps of the
stage that is left (when it goes on: to a later stage, or one that is won); `needs`; `guard`; a `reason`; the `cooldown` of the target. Then `set` is written, with the move, and
`then` runs in the same transaction. Each refusal carries as `rule` the transition's `name`, or `lifecycle.from.to`.

Several transitions may join the same two stages: they are tried in their order, and the first that allows is taken; where none does, the one that
lacks least says why. A `message` is what the person is told of the guard, or of `needs` where there is none; beside either of them it stands before
what else is missing. Who takes a transition by itself, or by the clock, is asked for no role and no reason; people may take it, too, at any time,
unless its `guard` or `needs` says no. `auto` tries a
transition without being asked: `true` as soon as what it demands comes true, also through related records; `stageAge` and `date` when the
time has come and the rest holds. A condition that looks at the time (`today()`, `now()`, `relative`, or a formula that does) comes true though
nobody writes: a server asks it every minute. A guard by script is asked when something is written, and when a `stageAge` or `date` has come.

A `guard` of the form `module::function` is a script: a function of `scripts/module.rhai`, or of a plugin that the package names. It
returns `true` or the text of the refusal. Everything else is an expression; `settings.name` are those of the package that wrote it.

Whoever has the right `history` may create and import records into any stage, with the time at which they entered it.
";

const EXTENDING: &str = "
A document with `extends` adds to a lifecycle of its own or another package: `{\"extends\": \"core/newBusiness\", \"stages\": [{\"name\":
\"proof\", \"after\": \"proposal\"}], \"transitions\": [{\"from\": \"proposal\", \"to\": \"proof\"}]}`. A stage or transition that is there already keeps the
keys that are not given.
";

const CHANGING: &str = "
## Changing one that is in use

`plan` tells what a change does to records before anything happens:

| effect | meaning |
|---|---|
| `stage:leadMtl.mql` | Records stand in a stage that goes. Refused until it is said where they go: `\"renamedFrom\": \"mql\"` in another stage (the log takes the new name, too), `\"moved\": {\"mql\": \"engaged\"}` in the lifecycle (a new stay begins), or in the mapping of `plan` and `apply`, `{\"lead.stage\": {\"mql\": \"engaged\"}}`. |
| `lifecycle:leadMtl` | Records stand in a lifecycle that goes while the object keeps others. Refused until `renamedFrom` or the mapping, `{\"lead.lifecycle\": {\"leadMtl\": \"other\"}}`, says which takes them. |
| `held:leadMtl.mql.sql` | Records wait in the stage that a changed transition leads out of, and would not be let through now. |
| `replay:leadMtl.mql.sql` | Past moves that the changed `guard`, `needs` or `requires` would have refused, judged by the records as they are now: how many, whose, and what they are worth. `plan --replay 30d` says how far back; 90 days when nothing is said. A guard by script is asked again with the record alone; what asks who acts, or what was before, is left out. |

An object that gains a lifecycle has all its records put into it in the transaction that publishes: `stageEnteredAt` is their last change,
the log says `apply`.

## What `check` says

Unknown fields, stages, roles, scripts and settings, expressions of the wrong type, and dates that are none are errors. Warnings are `UNREACHABLE_STAGE`, `DEAD_END` (a
stage that is neither won nor lost, without a way out), `IDLE_TRANSITION` (none of its roles may update the object), `SOP_WITHOUT_TASK` (required steps that no task can do) and `SHADOWED_LIFECYCLE`. [Codes](errors.md) lists them all.
";

const AUTOMATIONS: &str = "\
# Automations, plugins, tests

<!-- Generated from crates/metadata/src/reference and document by a test; UPDATE_SCHEMAS=1 writes it anew. -->

An automation is a trigger and what is done when it fires: fields that are `set`, a script function that runs (`then`), or both. It is a
document in `automations/`; scripts lie in `scripts/NAME.rhai` beside it and are called `NAME::function`.

";

const RUNNING: &str = "
- Only real changes fire: an update that changes nothing, or none of `fields`, does not.
- Automations run in the order of packages and names. What they write fires others; a chain ends when it would fire an automation again
  for the same record, and at depth 16.
- `before` assigns to the record itself; `set` and `then` may do so. A move is decided behind the `before` automations, so that none runs
  `before` a transition: use the transition's `set`.
- A `job` is written with the change and run behind the commit, at least once, with the same `event.id` at each attempt. It is tried again when
  it fails, and at last kept until somebody replays it.
- `each` makes one run for each record that matches when the moment comes.
- `as` is whose rights apply. A clock has none of its own: give a role, or `system`.
";

const PLUGINS: &str = "
A plugin is a module of script functions that packages share: `plugins/NAME/plugin.json` and `plugins/NAME/NAME.rhai`, beside the packages
or within one, or one that ships with the platform. A package names those that it uses in its `package.json`, `\"plugins\": [\"roundRobin\"]`, or with the
settings that are not the plugin's defaults, `\"plugins\": {\"roundRobin\": {\"team\": \"Inside sales\"}}`.
";

const TESTS: &str = "
`armature test DIR` tries the cases in `tests/` on an embedded database, with a clock of its own. Each case begins with what is `given`, and is
rolled back.
";
