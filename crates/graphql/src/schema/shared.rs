//! Types that are the same for every catalog: scalars, orders, filters of values, composites, pages, payload parts.

use async_graphql::dynamic::Scalar;

use super::field::Composite;
use super::{Builder, input_type, output_type};

const SCALARS: [(&str, &str); 6] = [
    (
        "Decimal",
        "An exact decimal number as a string, \"12.5\". Input may also be a number of at most 15 digits.",
    ),
    ("BigInt", "A 64-bit integer as a string. Input may also be a number."),
    ("Date", "A calendar day, 2026-03-31."),
    ("DateTime", "An instant, 2026-03-31T09:00:00Z; answers are in UTC with microseconds."),
    ("Time", "A time of day, 09:30:00."),
    ("JSON", "Any JSON value."),
];

const EQUALITY: [&str; 2] = ["eq", "ne"];
const LISTS: [&str; 2] = ["in", "notIn"];
const COMPARISONS: [&str; 4] = ["gt", "gte", "lt", "lte"];
const TEXTS: [&str; 5] = ["like", "ilike", "startsWith", "endsWith", "contains"];

pub(super) fn register(builder: &mut Builder<'_>) {
    for (name, description) in SCALARS {
        builder.add(name, Scalar::new(name).description(description));
    }
    enums(builder);
    value_filters(builder);
    for composite in Composite::ALL {
        composites(builder, composite);
    }
    pages_and_payloads(builder);
    past_and_rights(builder);
}

fn enums(builder: &mut Builder<'_>) {
    builder.add_enum(
        "OrderDirection",
        "Plain ASC has nulls last, plain DESC has them first.",
        [
            ("ASC", "Upwards, nulls last"),
            ("DESC", "Downwards, nulls first"),
            ("ASC_NULLS_FIRST", ""),
            ("ASC_NULLS_LAST", ""),
            ("DESC_NULLS_FIRST", ""),
            ("DESC_NULLS_LAST", ""),
        ],
    );
    builder.add_enum(
        "DateBucket",
        "Length of the buckets that dates are grouped by. A bucket is its first day; weeks begin on Monday.",
        [("DAY", ""), ("WEEK", ""), ("MONTH", ""), ("QUARTER", ""), ("YEAR", "")],
    );
    builder.add_enum(
        "DeletedRecords",
        "Whether soft-deleted records take part; without it they do not.",
        [("ONLY", "Only deleted records"), ("WITH", "Deleted records, too")],
    );
}

fn past_and_rights(builder: &mut Builder<'_>) {
    let change = output_type(
        "RecordChange",
        [
            ("id", "ID!"),
            ("at", "DateTime!"),
            ("actor", "String"),
            ("user", "ID"),
            ("door", "String"),
            ("kind", "String!"),
            ("version", "Int!"),
            ("changes", "[FieldChange!]!"),
        ],
    );
    let change = change.description(
        "One thing that happened to a record. `actor` is null for a user whom one does not see.",
    );
    builder.add("RecordChange", change);
    let field = output_type(
        "FieldChange",
        [("field", "String!"), ("from", "JSON"), ("to", "JSON"), ("hidden", "Boolean!")],
    );
    let field = field.description(
        "A field that was changed. `hidden`: it named a record that one does not see, and is null.",
    );
    builder.add("FieldChange", field);
    let explanation =
        output_type("Explanation", [("allowed", "Boolean!"), ("rules", "[Ground!]!"), ("field", "Boolean")]);
    let explanation = explanation.description(
        "A verdict and its grounds. To do anything to a record one must see it, so the rules of `read` come first. `field`: whether the \
         field that was asked about may be seen, or written where something is written.",
    );
    builder.add("Explanation", explanation);
    let ground = output_type(
        "Ground",
        [("action", "String!"), ("role", "String"), ("scope", "String!"), ("holds", "Boolean!")],
    );
    let ground = ground.description(
        "A rule that grants an act, and whether it does so on this record. `role` is null for a share.",
    );
    builder.add("Ground", ground);
    builder.add_enum(
        "RecordAct",
        "What may be done to a record.",
        [
            ("CREATE", "Make it as it is"),
            ("READ", ""),
            ("UPDATE", ""),
            ("DELETE", "Or bring it back"),
            ("DESTROY", ""),
        ],
    );
}

fn value_filters(builder: &mut Builder<'_>) {
    let text = [&EQUALITY[..], &COMPARISONS, &TEXTS].concat();
    let ordered = [&EQUALITY[..], &COMPARISONS].concat();
    value_filter(builder, "StringFilter", "String", &text, true);
    value_filter(builder, "IntFilter", "Int", &ordered, true);
    value_filter(builder, "BigIntFilter", "BigInt", &ordered, true);
    value_filter(builder, "FloatFilter", "Float", &ordered, true);
    value_filter(builder, "DecimalFilter", "Decimal", &ordered, true);
    value_filter(builder, "DateFilter", "Date", &ordered, true);
    value_filter(builder, "DateTimeFilter", "DateTime", &ordered, true);
    value_filter(builder, "TimeFilter", "Time", &ordered, true);
    value_filter(builder, "DurationFilter", "String", &ordered, true);
    value_filter(builder, "IdFilter", "ID", &EQUALITY, false);
    builder.add(
        "BooleanFilter",
        input_type(
            "BooleanFilter",
            [
                ("eq", "Boolean"),
                ("ne", "Boolean"),
                ("in", "[Boolean!]"),
                ("notIn", "[Boolean!]"),
                ("isNull", "Boolean"),
            ],
        ),
    );
    builder.add("JsonFilter", input_type("JsonFilter", [("isNull", "Boolean")]));
    list_filter(builder, "StringListFilter", "String");
}

fn value_filter(builder: &mut Builder<'_>, name: &str, ty: &str, operators: &[&str], between: bool) {
    let list = format!("[{ty}!]");
    let mut fields: Vec<(&str, &str)> = operators.iter().map(|operator| (*operator, ty)).collect();
    fields.extend(LISTS.map(|operator| (operator, list.as_str())));
    if between {
        fields.push(("between", &list));
    }
    if matches!(name, "DateFilter" | "DateTimeFilter") {
        fields.push(("relative", "String"));
    }
    fields.push(("isNull", "Boolean"));
    builder.add(
        name,
        input_type(name, fields)
            .description(format!("Conditions on a value of type {ty}; all of them hold.")),
    );
}

/// `has hasAny hasAll isEmpty` over a list of that element type.
pub(super) fn list_filter(builder: &mut Builder<'_>, name: &str, of: &str) {
    let list = format!("[{of}!]");
    let fields = [
        ("has", of),
        ("hasAny", list.as_str()),
        ("hasAll", &list),
        ("isEmpty", "Boolean"),
        ("isNull", "Boolean"),
    ];
    builder.add(name, input_type(name, fields));
}

fn composites(builder: &mut Builder<'_>, composite: Composite) {
    let name = composite.type_name();
    let parts = composite.parts();
    let values: Vec<(&str, String)> = parts.iter().map(|(part, ty)| (*part, ty.output())).collect();
    let filters: Vec<(&str, String)> = parts
        .iter()
        .map(|(part, ty)| (*part, ty.filter()))
        .chain([("isNull", "Boolean".to_owned())])
        .collect();
    builder.add(name, output_type(name, values.iter().map(|(part, ty)| (*part, ty.as_str()))));
    for (suffix, fields) in [("Input", &values), ("Filter", &filters)] {
        let name = format!("{name}{suffix}");
        builder.add(&name, input_type(&name, fields.iter().map(|(part, ty)| (*part, ty.as_str()))));
    }
    for (suffix, ty) in [("OrderBy", "OrderDirection"), ("GroupBy", "Boolean")] {
        let name = format!("{name}{suffix}");
        builder.add(&name, input_type(&name, parts.iter().map(|(part, _)| (*part, ty))));
    }
}

fn pages_and_payloads(builder: &mut Builder<'_>) {
    builder.add(
        "PageInfo",
        output_type(
            "PageInfo",
            [
                ("hasNextPage", "Boolean!"),
                ("hasPreviousPage", "Boolean!"),
                ("startCursor", "String"),
                ("endCursor", "String"),
            ],
        ),
    );
    builder.add(
        "WriteError",
        output_type(
            "WriteError",
            [
                ("code", "String!"),
                ("path", "String"),
                ("rule", "String"),
                ("message", "String!"),
                ("scriptLine", "Int"),
                ("index", "Int"),
            ],
        )
        .description(
            "Why a record was not written, or would not be. `scriptLine`: of the script that said no. `index` counts the records of a bulk \
             write from 0.",
        ),
    );
    builder.add(
        "WriteEffect",
        output_type(
            "WriteEffect",
            [
                ("kind", "String!"),
                ("object", "String!"),
                ("id", "ID"),
                ("field", "String"),
                ("from", "JSON"),
                ("to", "JSON"),
            ],
        )
        .description("What a write did, or with `dryRun` would have done."),
    );
    builder.add(
        "Me",
        output_type(
            "Me",
            [
                ("tenant", "String!"),
                ("kind", "String!"),
                ("name", "String"),
                ("role", "String"),
                ("roles", "[String!]!"),
                ("user", "ID"),
            ],
        )
        .description(
            "Who one is. `kind` is KEY or SESSION; `role` and `roles` are those that one acts with, empty for a key with all rights; \
             `user` is the id of one's own record, null for a key that acts as no user.",
        ),
    );
}
