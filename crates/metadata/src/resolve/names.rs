//! Names that are taken: by GraphQL, the filter grammar, the expression language, scripts and the platform; and names that would
//! become one in the API.

use std::collections::HashMap;

use super::draft::{Draft, DraftObject};
use super::report::{At, Report};
use crate::catalog::Choices;
use crate::codes;
use crate::diagnostic::Finding;

/// Fields that the platform gives to records.
const SYSTEM: [&str; 14] = [
    "id",
    "createdAt",
    "createdBy",
    "updatedAt",
    "updatedBy",
    "version",
    "deletedAt",
    "owner",
    "ownerSince",
    "lifecycle",
    "stageEnteredAt",
    "pass",
    "hidden",
    "stageAge",
];

/// Words of the filter grammar that stand where field names stand.
const FILTER: [&str; 9] = ["and", "or", "not", "some", "every", "none", "count", "reached", "enteredStage"];

/// Words that the expression language and scripts (Rhai) keep, now or for later.
const SCRIPT: [&str; 57] = [
    "true",
    "false",
    "null",
    "let",
    "const",
    "if",
    "else",
    "switch",
    "do",
    "while",
    "until",
    "loop",
    "for",
    "in",
    "continue",
    "break",
    "return",
    "throw",
    "try",
    "catch",
    "import",
    "export",
    "as",
    "fn",
    "private",
    "this",
    "var",
    "static",
    "is",
    "goto",
    "exit",
    "match",
    "case",
    "public",
    "protected",
    "new",
    "use",
    "with",
    "module",
    "package",
    "super",
    "spawn",
    "thread",
    "go",
    "sync",
    "async",
    "await",
    "yield",
    "default",
    "void",
    "nil",
    "shared",
    "call",
    "curry",
    "eval",
    "print",
    "debug",
];

/// Types of the API that are not made from objects.
const TYPES: [&str; 60] = [
    "Query",
    "Mutation",
    "Subscription",
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
    "Decimal",
    "BigInt",
    "Date",
    "DateTime",
    "Time",
    "JSON",
    "PageInfo",
    "PersonName",
    "PostalAddress",
    "GeoPoint",
    "PersonNameInput",
    "PostalAddressInput",
    "GeoPointInput",
    "PersonNameFilter",
    "PostalAddressFilter",
    "GeoPointFilter",
    "PersonNameOrderBy",
    "PostalAddressOrderBy",
    "GeoPointOrderBy",
    "PersonNameGroupBy",
    "PostalAddressGroupBy",
    "GeoPointGroupBy",
    "OrderDirection",
    "DateBucket",
    "DeletedRecords",
    "WriteError",
    "WriteEffect",
    "Me",
    "RecordChange",
    "FieldChange",
    "Explanation",
    "Ground",
    "StageStay",
    "StageAgeFilter",
    "FunnelStage",
    "AgingStage",
    "StageVelocity",
    "ScorePart",
    "RecordAct",
    "StringFilter",
    "StringListFilter",
    "IntFilter",
    "BigIntFilter",
    "FloatFilter",
    "DecimalFilter",
    "BooleanFilter",
    "DateFilter",
    "DateTimeFilter",
    "TimeFilter",
    "DurationFilter",
    "IdFilter",
    "JsonFilter",
];

/// Suffixes of the types that the API makes for an object.
const SUFFIXES: [&str; 41] = [
    "",
    "Filter",
    "OneFilter",
    "ManyFilter",
    "OrderBy",
    "CreateInput",
    "UpdateInput",
    "UpsertInput",
    "Connection",
    "Edge",
    "Payload",
    "BulkPayload",
    "Group",
    "GroupBy",
    "GroupKey",
    "Aggregate",
    "Sum",
    "Avg",
    "Min",
    "Max",
    "Having",
    "Ref",
    "ManyInput",
    "Change",
    "RefInput",
    "CountFilter",
    "ManyRef",
    "GroupOrderBy",
    "SumHaving",
    "AvgHaving",
    "MinHaving",
    "MaxHaving",
    "SumOrderBy",
    "AvgOrderBy",
    "MinOrderBy",
    "MaxOrderBy",
    "Move",
    "Lifecycle",
    "LifecycleName",
    "ReachedFilter",
    "EnteredStageFilter",
];

/// Root fields of the API that are not made from objects.
const ROOTS: [&str; 4] = ["me", "explain", "node", "advanceClock"];

/// Why a field cannot have that name; `None` when it can.
pub fn reserved_field(name: &str) -> Option<&'static str> {
    match name {
        "owner" | "ownerSince" => Some("`\"x-owned\": true` gives records an owner"),
        _ if SYSTEM.contains(&name) => Some("the platform gives records a field of that name"),
        _ if name.starts_with("__") => Some("GraphQL keeps names that begin with two underscores"),
        _ if FILTER.contains(&name) => Some("filters keep that word"),
        _ if SCRIPT.contains(&name) => Some("expressions and scripts keep that word"),
        _ => None,
    }
}

/// Reports objects and enums whose names meet in the API.
pub fn collisions(draft: &Draft, report: &mut Report) {
    let mut types: HashMap<String, String> =
        TYPES.iter().map(|ty| ((*ty).to_owned(), "the platform".to_owned())).collect();
    let mut roots: HashMap<String, String> =
        ROOTS.iter().map(|root| ((*root).to_owned(), "the platform".to_owned())).collect();
    for object in draft.objects.values() {
        let owner = format!("object `{}`", object.name);
        let name_at = place(object, "/name");
        if object.name == object.plural {
            let message = format!("The plural of `{}` is the same word; the API needs two", object.name);
            let mut finding = Finding::new(codes::NAME_COLLISION, "", message);
            finding.hint = Some(format!("`{}List` would do", object.name));
            report.error(&place(object, "/plural"), finding);
        }
        for suffix in SUFFIXES {
            claim(&mut types, format!("{}{suffix}", object.name.pascal()), &owner, &name_at, report);
        }
        for (root, at) in roots_of(object) {
            claim(&mut roots, root, &owner, &at, report);
        }
    }
    for object in draft.objects.values() {
        for drafted in object.fields.values() {
            let is_enum = |choices: &Choices| choices.choices.len() <= Choices::MOST_IN_ENUM;
            let choices = drafted.field.ty.choices().filter(|choices| is_enum(choices));
            let Some(origin) = &drafted.origin else { continue };
            if choices.is_none() {
                continue;
            }
            let name = format!("{}{}", object.name.pascal(), drafted.field.name.pascal());
            let owner = format!("the choices of `{}.{}`", object.name, drafted.field.name);
            for suffix in ["", "Filter", "ListFilter"] {
                claim(&mut types, format!("{name}{suffix}"), &owner, &origin.at, report);
            }
        }
    }
}

fn place(object: &DraftObject, pointer: &str) -> At {
    if object.link { object.at.clone() } else { object.at.below(pointer) }
}

/// Names of the root fields made for an object.
fn roots_of(object: &DraftObject) -> Vec<(String, At)> {
    let (one, many) = (object.name.pascal(), object.plural.pascal());
    let single = ["create", "update", "delete", "restore", "destroy", "move", "claim", "release", "convert"];
    let bulk = ["create", "update", "upsert", "delete", "restore", "destroy", "merge"];
    let mut roots = vec![(object.name.to_string(), place(object, "/name"))];
    if object.name != object.plural {
        roots.push((object.plural.to_string(), place(object, "/plural")));
        roots.push((format!("{}GroupBy", object.plural), place(object, "/plural")));
        roots.extend(bulk.iter().map(|verb| (format!("{verb}{many}"), place(object, "/plural"))));
    }
    roots.extend(single.iter().map(|verb| (format!("{verb}{one}"), place(object, "/name"))));
    roots.push((format!("{}Changes", object.name), place(object, "/name")));
    for suffix in ["History", "Funnel", "Velocity", "Aging"] {
        roots.push((format!("{}{suffix}", object.name), place(object, "/name")));
    }
    roots
}

fn claim(taken: &mut HashMap<String, String>, name: String, owner: &str, at: &At, report: &mut Report) {
    match taken.get(&name) {
        None => {
            taken.insert(name, owner.to_owned());
        }
        Some(other) if other == owner => {}
        Some(other) => {
            let message = format!("In the API {owner} would be called `{name}`, which belongs to {other}");
            let mut finding = Finding::new(codes::NAME_COLLISION, "", message);
            finding.found = Some(name);
            report.error(at, finding);
        }
    }
}
