//! Input types that select, order and group records of one object.

use async_graphql::dynamic::InputObject;
use metadata::catalog::{Field as CatalogField, Object};

use super::field::Shape;
use super::outputs::{FOLDS, counter};
use super::shared::list_filter;
use super::{Builder, input, input_type, names};

pub(super) fn register(builder: &mut Builder<'_>, object: &Object) {
    let Some(object) = builder.catalog.object(&object.name) else { return };
    let fields = builder.fields(object);
    filter(builder, object, &fields);
    many_filter(builder, object);
    order(builder, object, &fields);
    group_by(builder, object, &fields);
    having(builder, object, &fields);
}

/// The filters of an enum and of lists of it.
pub(super) fn enum_filters(builder: &mut Builder<'_>, name: &str) {
    let list = format!("[{name}!]");
    let filter = format!("{name}Filter");
    let fields = [("eq", name), ("ne", name), ("in", &list), ("notIn", &list), ("isNull", "Boolean")];
    builder.add(&filter, input_type(&filter, fields));
    list_filter(builder, &format!("{name}ListFilter"), name);
}

fn filter(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let (records, one) = (names.with("Filter"), names.with("OneFilter"));
    let (mut of_records, mut of_one) = (joined(&records), joined(&one).field(input("isNull", "Boolean")));
    for (field, shape) in fields {
        let of = match shape {
            Shape::Value(value) => value.filter(),
            Shape::Parts(composite) => format!("{}Filter", composite.type_name()),
            Shape::One(to) => builder.names(to).with("OneFilter"),
            Shape::Many(to) => builder.names(to).with("ManyFilter"),
            Shape::OneOf(to) => {
                let union = names::field_enum(&object.name, &field.name) + "Filter";
                let members = to.iter().fold(input_type(&union, [("isNull", "Boolean")]), |ty, to| {
                    ty.field(input(to, &builder.names(to).with("OneFilter")))
                });
                builder.add(&union, members);
                union
            }
        };
        of_records = of_records.field(input(&field.name, &of));
        of_one = of_one.field(input(&field.name, &of));
    }
    for (name, of) in super::stages::filters(builder, object) {
        of_records = of_records.field(input(name, &of));
        of_one = of_one.field(input(name, &of));
    }
    builder.add(&records, of_records.description("All members hold."));
    let related =
        "All members hold: there is a related record, and it matches. `isNull: true` where there is none.";
    builder.add(&one, of_one.description(related));
}

/// A filter with what joins filters of its kind.
fn joined(name: &str) -> InputObject {
    InputObject::new(name)
        .field(input("and", &format!("[{name}!]")))
        .field(input("or", &format!("[{name}!]")))
        .field(input("not", name))
}

fn many_filter(builder: &mut Builder<'_>, object: &Object) {
    let names = builder.names(&object.name);
    let (name, filter, count) = (names.with("ManyFilter"), names.with("Filter"), names.with("CountFilter"));
    let ints = ["eq", "ne", "gt", "gte", "lt", "lte"].map(|operator| (operator, "Int"));
    let lists = ["in", "notIn", "between"].map(|operator| (operator, "[Int!]"));
    let conditions = ints.into_iter().chain(lists).chain([("filter", filter.as_str())]);
    builder.add(
        &count,
        input_type(&count, conditions).description("How many related records there are, or match `filter`."),
    );
    let fields =
        [("some", filter.as_str()), ("every", &filter), ("none", &filter), ("count", count.as_str())];
    builder.add(
        &name,
        input_type(&name, fields)
            .description("Conditions on related records. `every` holds where there is none."),
    );
}

fn order(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let name = builder.names(&object.name).with("OrderBy");
    let by = ordered(builder, fields);
    builder.add(&name, input_type(&name, by.iter().map(|(field, of)| (*field, of.as_str()))));
}

/// Fields that something can be ordered by, with the types that say how.
fn ordered<'f>(builder: &Builder<'_>, fields: &[(&'f CatalogField, Shape)]) -> Vec<(&'f str, String)> {
    fields
        .iter()
        .filter_map(|(field, shape)| {
            let of = match shape {
                Shape::Value(value) if value.orderable() => "OrderDirection".to_owned(),
                Shape::Parts(composite) => format!("{}OrderBy", composite.type_name()),
                Shape::One(to) => builder.names(to).with("OrderBy"),
                Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => return None,
            };
            Some((field.name.as_str(), of))
        })
        .collect()
}

fn group_by(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let name = builder.names(&object.name).with("GroupBy");
    let mut ty = InputObject::new(&name);
    for (field, shape) in fields {
        let of = match shape {
            Shape::Value(value) if value.bucketed() => "DateBucket".to_owned(),
            Shape::Value(value) if value.groupable() => "Boolean".to_owned(),
            Shape::Parts(composite) => format!("{}GroupBy", composite.type_name()),
            Shape::One(to) => builder.names(to).with("GroupBy"),
            Shape::Value(_) | Shape::OneOf(_) | Shape::Many(_) => continue,
        };
        ty = ty.field(input(&field.name, &of));
    }
    builder.add(
        &name,
        ty.description(
            "What groups are made by: `{stage: true}`, `{closeDate: QUARTER}`, `{product: {name: true}}`.",
        ),
    );
}

/// `OpportunityHaving` and `OpportunityGroupOrderBy`, with the types of their folds.
fn having(builder: &mut Builder<'_>, object: &Object, fields: &[(&CatalogField, Shape)]) {
    let names = builder.names(&object.name);
    let (having, order) = (names.with("Having"), names.with("GroupOrderBy"));
    let mut conditions = InputObject::new(&having)
        .description("Conditions on the aggregates of a group; all of them hold.")
        .field(input("and", &format!("[{having}!]")))
        .field(input("or", &format!("[{having}!]")))
        .field(input("not", &having))
        .field(input("count", "IntFilter"));
    let mut orders = InputObject::new(&order)
        .description("By what the groups are made by, or by an aggregate: `{stage: ASC}`, `{count: DESC}`, `{sum: {amount: DESC}}`.")
        .field(input("count", "OrderDirection"));
    for (field, of) in ordered(builder, fields) {
        // Where a field is called like an aggregate, the aggregate is meant.
        if field != "count" && FOLDS.iter().all(|(fold, ..)| *fold != field) {
            orders = orders.field(input(field, &of));
        }
    }
    for (fold, suffix, aggregate) in FOLDS {
        let (condition, ordering) =
            (names.with(&format!("{suffix}Having")), names.with(&format!("{suffix}OrderBy")));
        let mut folded = (InputObject::new(&condition), InputObject::new(&ordering));
        let mut any = false;
        for (field, shape) in fields {
            let Shape::Value(value) = shape else { continue };
            let Some(of) = value.aggregated(aggregate).filter(|_| !counter(field)) else { continue };
            folded.0 = folded.0.field(input(&field.name, &of.filter()));
            folded.1 = folded.1.field(input(&field.name, "OrderDirection"));
            any = true;
        }
        if any {
            builder.add(&condition, folded.0);
            builder.add(&ordering, folded.1);
            conditions = conditions.field(input(fold, &condition));
            orders = orders.field(input(fold, &ordering));
        }
    }
    builder.add(&having, conditions);
    builder.add(&order, orders);
}
