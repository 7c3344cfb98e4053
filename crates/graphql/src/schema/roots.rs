//! `Query` and `Mutation`.

use async_graphql::Value;
use async_graphql::dynamic::{Field, InputValue, Object as Output};

use super::outputs::list_arguments;
use super::{Builder, input, output};

/// Registers the roots; false when there is nothing to write.
pub(super) fn register(builder: &mut Builder<'_>) -> bool {
    let mut query = Output::new("Query").field(output("me", "Me!").description("Who one is."));
    query = query.field(explain());
    let mut mutation = Output::new("Mutation");
    let mut writes = false;
    for object in builder.objects() {
        let names = builder.names(&object.name);
        let title = object.title.as_str();
        query = query
            .field(
                output(&names.one, &names.base)
                    .argument(input("id", "ID!"))
                    .argument(input("deleted", "DeletedRecords"))
                    .description(format!("{title}: one record by id, or null.")),
            )
            .field(
                list_arguments(builder, output(&names.many, &(names.with("Connection") + "!")), &object.name)
                    .description(format!("{title}: a page of records.")),
            )
            .field(
                super::stages::as_of(builder, groups(&names.many, &names.base), &object.name)
                    .description(format!("{title}: groups with aggregates.")),
            )
            .field(history(&names.one).description(format!(
                "{title}: what happened to a record, the newest first; null without such a record."
            )));
        for field in super::stages::roots(builder, object) {
            query = query.field(field);
        }
        if builder.has(&names.with("CreateInput")) {
            writes = true;
            for field in mutations(&names.base, &names.plural) {
                mutation = mutation.field(field);
            }
            if let Some((stage, data)) = super::stages::moved(builder, object) {
                mutation = mutation.field(moving(&names.base, &stage, data.as_deref()));
            }
        }
    }
    builder.add("Query", query);
    if writes {
        builder.add("Mutation", mutation);
    }
    writes
}

fn history(one: &str) -> Field {
    output(&format!("{one}History"), "[RecordChange!]")
        .argument(input("id", "ID!"))
        .argument(input("first", "Int").description("50 unless said, at most 1,000."))
        .argument(input("after", "ID").description("Those older than this change."))
}

fn explain() -> Field {
    output("explain", "Explanation")
        .argument(input("object", "String!"))
        .argument(input("id", "ID!"))
        .argument(input("action", "RecordAct!"))
        .argument(input("field", "String"))
        .description("Why one may do something to a record, or may not; null where one sees no such record.")
}

fn groups(many: &str, base: &str) -> Field {
    output(&format!("{many}GroupBy"), &format!("[{base}Group!]!"))
        .argument(input("groupBy", &format!("[{base}GroupBy!]!")))
        .argument(input("filter", &format!("{base}Filter")))
        .argument(input("having", &format!("{base}Having")))
        .argument(input("orderBy", &format!("[{base}GroupOrderBy!]")))
        .argument(input("first", "Int"))
        .argument(input("deleted", "DeletedRecords"))
}

fn mutations(base: &str, plural: &str) -> Vec<Field> {
    let (one, bulk) = (format!("{base}Payload!"), format!("{base}BulkPayload!"));
    let (create, update) = (format!("{base}CreateInput!"), format!("{base}UpdateInput!"));
    let filter = format!("{base}Filter!");
    let creates = format!("[{create}]!");
    let mut fields = vec![
        write(&format!("create{base}"), &one, vec![input("data", &create)]),
        write(&format!("create{plural}"), &bulk, vec![input("data", &creates), all_or_none()]),
        write(
            &format!("update{base}"),
            &one,
            vec![input("id", "ID!"), input("data", &update), input("expectedVersion", "Int")],
        ),
        write(
            &format!("update{plural}"),
            &bulk,
            vec![input("filter", &filter), input("data", &update), all_or_none()],
        ),
        write(
            &format!("upsert{plural}"),
            &bulk,
            vec![input("key", "String!"), input("data", &creates), all_or_none()],
        ),
    ];
    for verb in ["delete", "restore", "destroy"] {
        fields.push(write(&format!("{verb}{base}"), &one, vec![input("id", "ID!")]));
        fields.push(write(&format!("{verb}{plural}"), &bulk, vec![input("filter", &filter), all_or_none()]));
    }
    fields
}

fn moving(base: &str, stage: &str, data: Option<&str>) -> Field {
    let mut arguments = vec![input("id", "ID!"), input("to", stage), input("reason", "String")];
    arguments.extend(data.map(|data| input("data", data).description("Written with the move.")));
    arguments.push(input("expectedVersion", "Int"));
    write(&format!("move{base}"), &format!("{base}Payload!"), arguments)
        .description("To another stage, by the transition that leads there.")
}

fn all_or_none() -> InputValue {
    input("allOrNone", "Boolean").default_value(Value::Boolean(true)).description("One failure undoes all.")
}

fn write(name: &str, payload: &str, arguments: Vec<InputValue>) -> Field {
    arguments
        .into_iter()
        .fold(output(name, payload), Field::argument)
        .argument(input("dryRun", "Boolean").description("Do everything, then roll back."))
        .argument(
            input("idempotencyKey", "String").description("A repeated key answers with the first outcome."),
        )
}
