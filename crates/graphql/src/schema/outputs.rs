//! Output types of one object: the record, pages, aggregates, groups, payloads, and unions of polymorphic fields.

use async_graphql::dynamic::{Field, Object as Output, Union};
use metadata::catalog::{Aggregate, Field as CatalogField, FieldType, Object};

use super::field::{Shape, ValueType};
use super::{Builder, input, names, output, output_type};

/// The folds of an aggregate: its API name, the suffix of its type, and which.
pub(crate) const FOLDS: [(&str, &str, Aggregate); 4] = [
    ("sum", "Sum", Aggregate::Sum),
    ("avg", "Avg", Aggregate::Avg),
    ("min", "Min", Aggregate::Min),
    ("max", "Max", Aggregate::Max),
];

pub(super) fn register(builder: &mut Builder<'_>, object: &Object) {
    let object = match builder.catalog.object(&object.name) {
        Some(object) => object.as_ref(),
        None => return,
    };
    let fields = builder.fields(object);
    record(builder, object, &fields);
    page(builder, object);
    aggregates(builder, object, &fields);
    groups(builder, object, &fields);
    payloads(builder, object);
}

fn record(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let mut ty = Output::new(&names.base).description(object.description.as_deref().unwrap_or(&object.title));
    for (field, shape) in fields {
        let name = field.name.as_str();
        let made = match shape {
            Shape::Value(value) => {
                choice_enums(builder, field, value);
                if object.lifecycle_field(name).is_some() && name == "lifecycle" {
                    continue;
                }
                let always = matches!(name, "id" | "createdAt" | "updatedAt" | "version") && field.system;
                output(name, &(value.output() + if always { "!" } else { "" }))
            }
            Shape::Parts(composite) => output(name, composite.type_name()),
            Shape::One(to) => output(name, &builder.names(to).base),
            Shape::OneOf(to) => {
                let union = names::field_enum(&object.name, name);
                let members = to.iter().map(|to| builder.names(to).base);
                let made = members.fold(Union::new(&union), Union::possible_type);
                builder.add(&union, made);
                output(name, &union)
            }
            Shape::Many(to) => {
                let far = builder.names(to);
                list_arguments(builder, output(name, &(far.with("Connection") + "!")), to)
            }
        };
        ty = ty.field(made.description(description(field)));
        if let Some(parts) = super::field::parts_of(object, field) {
            let made = output(&parts, "[ScorePart!]!");
            ty = ty.field(made.description(format!("{}: of which conditions it is made.", field.title)));
        }
    }
    if let Some(lifecycle) = super::stages::lifecycle(builder, object) {
        ty = ty.field(lifecycle);
    }
    builder.add(&names.base, ty);
}

/// Whether it counts the writes of a record: sums and means of that say nothing.
pub(super) fn counter(field: &CatalogField) -> bool {
    field.system && field.name.as_str() == "version"
}

/// The title, and the description beneath it.
pub(super) fn description(field: &CatalogField) -> String {
    match &field.description {
        Some(text) => format!("{}\n\n{text}", field.title),
        None => field.title.clone(),
    }
}

fn choice_enums(builder: &mut Builder<'_>, field: &CatalogField, value: &ValueType) {
    let (ValueType::Enum(name) | ValueType::EnumList(name)) = value else { return };
    let (FieldType::Select(choices) | FieldType::MultiSelect(choices)) = &field.ty else { return };
    let items = choices.choices.iter().map(|choice| (&*choice.value, choice.label.as_str()));
    builder.add_enum(name, &field.title, items);
    super::filters::enum_filters(builder, name);
}

/// The arguments of a list, at the root and below a record.
pub(super) fn list_arguments(builder: &Builder<'_>, field: Field, of: &str) -> Field {
    let base = builder.names(of).base;
    let field = field
        .argument(input("filter", &format!("{base}Filter")))
        .argument(input("orderBy", &format!("[{base}OrderBy!]")))
        .argument(input("search", "String"))
        .argument(input("first", "Int"))
        .argument(input("after", "String"))
        .argument(input("last", "Int"))
        .argument(input("before", "String"))
        .argument(input("offset", "Int"))
        .argument(input("deleted", "DeletedRecords"));
    super::stages::as_of(builder, field, of)
}

fn page(builder: &mut Builder<'_>, object: &Object) {
    let names = builder.names(&object.name);
    let (node, edge, page) = (format!("{}!", names.base), names.with("Edge"), names.with("Connection"));
    builder.add(&edge, output_type(&edge, [("node", node.as_str()), ("cursor", "String!")]));
    let (edges, nodes, aggregate) =
        (format!("[{edge}!]!"), format!("[{node}]!"), format!("{}!", names.with("Aggregate")));
    builder.add(
        &page,
        output_type(
            &page,
            [
                ("edges", edges.as_str()),
                ("nodes", &nodes),
                ("pageInfo", "PageInfo!"),
                ("totalCount", "Int!"),
                ("aggregate", &aggregate),
            ],
        ),
    );
}

fn aggregates(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let base = names.with("Aggregate");
    let mut ty = output_type(&base, [("count", "Int!")]);
    for (fold, suffix, aggregate) in FOLDS {
        let name = names.with(suffix);
        let mut folded: Option<Output> = None;
        for (field, shape) in fields {
            let Shape::Value(value) = shape else { continue };
            let Some(of) = value.aggregated(aggregate).filter(|_| !counter(field)) else { continue };
            let made = output(&field.name, &of.output()).description(&field.title);
            folded = Some(folded.unwrap_or_else(|| Output::new(&name)).field(made));
        }
        if let Some(folded) = folded {
            builder.add(&name, folded);
            ty = ty.field(output(fold, &format!("{name}!")));
        }
    }
    builder.add(&base, ty.description("Over all records that match, whatever the page."));
}

fn groups(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let (group, key) = (names.with("Group"), names.with("GroupKey"));
    let mut ty = Output::new(&key);
    for (field, shape) in fields {
        let of = match shape {
            // A bucket is its first day, of instants too.
            Shape::Value(value) if value.bucketed() => "Date".to_owned(),
            Shape::Value(value) if value.groupable() => value.output(),
            Shape::Parts(composite) => composite.type_name().to_owned(),
            Shape::One(to) => builder.names(to).with("GroupKey"),
            Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => continue,
        };
        ty = ty.field(output(&field.name, &of).description(&field.title));
    }
    builder.add(&key, ty);
    let (key, aggregate) = (format!("{key}!"), format!("{}!", names.with("Aggregate")));
    builder.add(&group, output_type(&group, [("key", key.as_str()), ("aggregate", &aggregate)]));
}

fn payloads(builder: &mut Builder<'_>, object: &Object) {
    let names = builder.names(&object.name);
    let (one, bulk) = (names.with("Payload"), names.with("BulkPayload"));
    let rest = [("errors", "[WriteError!]!"), ("effects", "[WriteEffect!]!")];
    builder.add(&one, output_type(&one, [("record", names.base.as_str())].into_iter().chain(rest)));
    let records = format!("[{}]!", names.base);
    builder.add(&bulk, output_type(&bulk, [("records", records.as_str())].into_iter().chain(rest)));
}

/// `ScorePart`, where an object has a score whose parts are told.
pub(super) fn score_parts(builder: &mut Builder<'_>) {
    let explains = |object: &&Object| object.fields.values().any(|field| field.explains_score());
    if !builder.objects().iter().any(explains) {
        return;
    }
    let fields = [("title", "String"), ("when", "String"), ("points", "Decimal"), ("holds", "Boolean!")];
    let part = output_type("ScorePart", fields);
    builder.add(
        "ScorePart",
        part.description(
            "A condition of a score: how many points it gives, and whether it gives them to this record. `when` is null where it always does.",
        ),
    );
}
