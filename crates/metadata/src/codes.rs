//! The stable codes of diagnostics, each with what it means. `docs/reference/errors.md` is generated from this table.

/// A code with its explanation.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// As it stands in a diagnostic.
    pub code: &'static str,
    /// In one line.
    pub meaning: &'static str,
    /// What provokes it.
    pub example: &'static str,
}

macro_rules! codes {
    ($($name:ident: $meaning:literal, $example:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = stringify!($name);)*

        /// All codes of diagnostics, in the order of the stages that report them.
        pub const ALL: &[Code] = &[$(Code { code: $name, meaning: $meaning, example: $example }),*];
    };
}

codes! {
    BAD_JSON: "The file is not JSON, is larger than 1 MiB, nests deeper than 64 levels, or gives a key twice.", "{\"name\": \"lead\",}";
    UNKNOWN_FILE: "The file lies where no document is expected.", "core/object/lead.json";
    MISSING_PACKAGE: "Documents without a package.json beside their folders.", "objects/lead.json alone in a folder";
    NOT_YET: "Part of the platform's language that this version does not carry out.", "\"x-type\": \"score\"";
    UNKNOWN_KEY: "A key that its place does not know, or that does not belong to the field's type.", "\"maxLenght\": 120";
    MISSING_KEY: "A key that must be there.", "an object without plural";
    WRONG_TYPE: "A value of another JSON type than its key takes.", "\"properties\": []";
    BAD_VALUE: "A value that its key does not take.", "\"x-type\": \"lookpu\"";
    BAD_NAME: "A name of another form than `[a-z][A-Za-z0-9]{0,59}`, or a choice that is no GraphQL name.", "\"name\": \"Close Date\"";
    RESERVED_NAME: "A name that GraphQL, the filter grammar, the expression language, scripts or the platform keep for themselves.", "a field `id` or `and`";
    DUPLICATE_NAME: "Two documents, fields, rules or choices of one name.", "object `lead` in two packages";
    NAME_COLLISION: "Two names that become one in the API.", "objects `lead` and `leadFilter`";
    BAD_VERSION: "The package's version is no SemVer.", "\"version\": \"1\"";
    UNKNOWN_PACKAGE: "A package that is neither in the folder nor published.", "\"depends\": [\"cor\"]";
    CYCLIC_PACKAGES: "Packages that depend on each other in a circle.", "a depends on b, b on a";
    UNKNOWN_OBJECT: "An object that nobody defines.", "\"x-to\": \"acount\"";
    UNKNOWN_FIELD: "A field that the object does not have.", "\"required\": [\"nmae\"]";
    UNKNOWN_CHOICES: "A choice list that nobody defines.", "\"x-choices\": \"industri\"";
    UNKNOWN_ROLE: "A role that nobody defines.", "\"inherits\": [\"raeder\"]";
    CYCLIC_ROLES: "Roles that inherit each other.", "a inherits b, b inherits a";
    BAD_SCOPE: "A scope that says nothing of the object's records: an owner they do not have, a filter without conditions.", "\"read\": [\"own\"] of an object that has no owner";
    BAD_GRANT: "A field that nobody can write, or that is granted to be written but not read.", "\"fields\": {\"read\": [\"name\"], \"write\": [\"phone\"]}";
    IDLE_GRANT: "A grant that grants nothing, or less than it seems to (a warning).", "\"update\": [\"own\"] without \"read\"";
    SYSTEM_SCOPE: "A computed field in system scope shows a role something of what it may not see (a warning).", "\"x-scope\": \"system\", \"x-formula\": \"record.price - record.cost\"";
    UNKNOWN_LIFECYCLE: "A lifecycle that nobody defines, or that is of another object.", "\"extends\": \"core/leadMlt\"";
    UNKNOWN_STAGE: "A stage that the lifecycle does not have.", "\"to\": \"mqll\"";
    UNKNOWN_SCRIPT: "A script or plugin that the package does not have.", "\"then\": \"leads::welcome\" without scripts/leads.rhai";
    UNKNOWN_PLUGIN: "A plugin that neither ships nor lies in `plugins/`.", "\"plugins\": [\"roundrobin\"]";
    UNKNOWN_SETTING: "A setting that the plugin does not have.", "\"plugins\": {\"roundRobin\": {\"rol\": \"sdr\"}}";
    BAD_LIFECYCLE: "A lifecycle without stages, or a key that has no sense where it stands.", "\"stages\": []";
    BAD_TRANSITION: "A transition that cannot be: it demands, sets or waits for what cannot be demanded, set or waited for.", "\"auto\": {\"date\": \"name\"}";
    BAD_AUTOMATION: "An automation without one trigger, without anything to do, or that asks for what its trigger or its time does not give.", "\"on\": {\"fields\": [\"email\"]}";
    BAD_SCHEDULE: "A schedule that is no cron expression of five fields, or a time zone that is none.", "\"schedule\": \"0 8 * *\"";
    BAD_SCORE: "A score without points.", "\"x-points\": []";
    BAD_SCRIPT: "A script that does not compile, calls or reads what is not there, asks the platform in a guard, is too long, or whose file's name is no name of a module; as a warning, a comparison that is never true.", "scripts/lead-rules.rhai";
    BAD_TEST: "A test that asks for what is not there, or a step that does not say what it does.", "\"when\": [{\"to\": \"mql\"}]";
    UNREACHABLE_STAGE: "A stage that no way leads to from the entry (a warning).", "a stage without a transition into it";
    DEAD_END: "A stage that is neither won nor lost and that no way leads out of (a warning).", "an open stage without a transition out of it";
    IDLE_TRANSITION: "A transition that nobody can take (a warning).", "\"roles\": [\"reader\"], which may not update the object";
    SOP_WITHOUT_TASK: "A required step that nobody can do, because no task can belong to the record (a warning).", "`required` steps for an object that `task` does not point at";
    SHADOWED_LIFECYCLE: "A lifecycle that no record takes, because one before it takes all (a warning).", "two lifecycles of an object without `when`";
    UNKNOWN_LANGUAGE: "The language of a translation is no language tag.", "translations/chinese simplified.json";
    BAD_LIMIT: "A limit that cannot be kept, or that no value can meet.", "\"minLength\": 9, \"maxLength\": 3";
    BAD_PATTERN: "A regular expression that is none, or that needs more than linear time; or the pattern of an automatic number without its zeros.", "\"pattern\": \"(\"";
    BAD_CHOICES: "A choice list that is empty, or labels for values that are not in it.", "\"enum\": []";
    BAD_DEFAULT: "A default that is not of the field's type.", "\"type\": \"integer\", \"default\": \"many\"";
    BAD_RELATION: "A relation that cannot be: its far end is missing, ambiguous or of the wrong kind.", "\"x-through\" an object without lookups to both sides";
    BAD_EXPRESSION: "An expression that does not parse or whose types do not fit.", "\"x-formula\": \"record.amount +\"";
    BAD_FILTER: "A filter that is not of the grammar, or names what is not there.", "\"x-filter\": {\"done\": {\"equals\": false}}";
    BAD_FORMULA: "A stored formula that looks beyond its own record or at the clock.", "\"x-stored\": true, \"x-formula\": \"record.account.tier\"";
    CYCLIC_FORMULA: "Formulas and roll-ups that need each other.", "a = record.b + 1, b = record.a + 1";
    BAD_ROLLUP: "A roll-up over something that is not to-many, or of a field that cannot be folded that way.", "\"x-aggregate\": \"sum\" of a text";
    BAD_UNIQUE: "A unique rule over fields that are not stored, or with a condition beyond the record itself.", "\"x-unique\": [[\"openTasks\"]]";
    BAD_INDEX: "An index over fields that are not stored.", "\"x-indexes\": [[\"weighted\"]]";
    BAD_DISPLAY: "A display or search field that is not a text.", "\"x-display\": \"amount\"";
    BAD_REQUIRED: "A required field that nobody can write.", "\"required\": [\"weighted\"]";
    TOO_MANY: "More of something than a limit allows.", "an object of 401 columns";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn no_code_twice() {
        let mut codes: Vec<_> = ALL.iter().map(|code| code.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }
}
