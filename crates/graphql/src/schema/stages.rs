//! What the API has because an object has lifecycles: where a record stands, filters on its stages, and what the log tells.

use async_graphql::dynamic::{Field, InputObject, Object as Output};
use metadata::catalog::Object;

use super::{Builder, input, input_type, output, output_type};

/// What is said of a stage itself.
const STAGE: [(&str, &str); 7] = [
    ("stage", "String!"),
    ("title", "String!"),
    ("kind", "String!"),
    ("journey", "String"),
    ("phase", "String"),
    ("probability", "Int"),
    ("expected", "String"),
];

/// The types that are the same for every object with lifecycles.
pub(super) fn register(builder: &mut Builder<'_>) {
    if !builder.objects().iter().any(|object| staged(object)) {
        return;
    }
    let ages = ["gt", "gte", "lt", "lte"].map(|operator| (operator, "String"));
    let age = input_type("StageAgeFilter", ages.into_iter().chain([("between", "[String!]")]));
    builder.add(
        "StageAgeFilter",
        age.description("How long a record has been in its stage: `{gt: \"7d\"}`; units `w d h m s`."),
    );
    builder.add("StageStay", stay());
    let funnel = [
        ("entered", "Int!", "Records that came, each once."),
        ("stays", "Int!", "How often they came: who comes twice counts twice."),
        ("present", "Int!", "Records that are in it."),
        (
            "advanced",
            "Int!",
            "Of the records that came, those that were in a later stage afterwards; stages beside the way do not count.",
        ),
        (
            "conversion",
            "Decimal",
            "`advanced` as a part of `entered`, 0.25 for a quarter; null where none came.",
        ),
        ("won", "Int!", "Of the records that came, those that were won then or afterwards."),
        (
            "lost",
            "Int!",
            "Of the records that came, those that were lost then or afterwards, whatever became of them later.",
        ),
    ];
    builder.add("FunnelStage", told("FunnelStage", &STAGE, &funnel).description("A stage of a funnel."));
    let aging = [
        ("count", "Int!", "Records that are in it."),
        ("meanDays", "Decimal", "How many days they have been in it."),
        ("p50Days", "Decimal", "The half of them has been in it for no longer."),
        ("p90Days", "Decimal", "Nine tenths of them have been in it for no longer."),
        ("overdue", "Int!", "Those that have been in it for longer than expected."),
        ("oldest", "DateTime", "Since when the first of them has been in it."),
    ];
    builder.add(
        "AgingStage",
        told("AgingStage", &STAGE, &aging).description("A stage and those who are in it."),
    );
    let velocity = [
        ("from", "String!", "The stage that was left."),
        ("to", "String!", "The stage that was entered."),
        ("bucket", "Date", "First day of the stretch of time in which it was; null without `by`."),
        ("count", "Int!", "How often."),
        ("meanDays", "Decimal", "How many days the stays in `from` had taken."),
        ("p50Days", "Decimal", "The half of them had taken no longer."),
        ("p90Days", "Decimal", "Nine tenths of them had taken no longer."),
    ];
    builder.add(
        "StageVelocity",
        told("StageVelocity", &[], &velocity)
            .description("A way from stage to stage, and how long those who took it had stayed. Percentiles are continuous."),
    );
}

fn stay() -> Output {
    let fields = [
        ("id", "ID!", ""),
        ("lifecycle", "String!", ""),
        ("transition", "String", "The transition that led there; null where a record began, or was put."),
        ("from", "String", "The stage before; null where a record began."),
        ("to", "String!", "The stage. A stage that was removed since is told by its former name."),
        ("pass", "Int!", "The how manyth stay in this stage."),
        ("enteredAt", "DateTime!", ""),
        ("leftAt", "DateTime", "Null while it lasts."),
        ("leftTo", "String", "The stage behind; null while it lasts."),
        ("days", "Decimal", "How many days it lasted; null while it lasts."),
        ("actor", "String", "Who moved the record; null for a user whom one does not see."),
        ("user", "ID", "The user who did; null for one whom one does not see."),
        ("cause", "String!", "user, script, automation, schedule, import or apply."),
        ("detail", "String", "What exactly: an automation's name, a script with its line."),
        ("reason", "String", ""),
    ];
    told("StageStay", &[], &fields).description("The stay of a record in a stage.")
}

fn told(name: &str, plain: &[(&str, &str)], described: &[(&str, &str, &str)]) -> Output {
    let ty = output_type(name, plain.iter().copied());
    described.iter().fold(ty, |ty, (name, of, text)| {
        let field = output(name, of);
        ty.field(if text.is_empty() { field } else { field.description(*text) })
    })
}

/// Whether records have stages that are seen.
fn staged(object: &Object) -> bool {
    object.lifecycle_field("stage").is_some()
}

/// The type of the field's values: an enum, or a text where they are too many for one.
fn value_of(builder: &Builder<'_>, object: &Object, field: &str) -> String {
    let field = object.field(field);
    let shape = field.map(|field| super::shape(&object.name, field));
    match shape {
        Some(super::Shape::Value(value)) if builder.has(&value.output()) => value.output(),
        _ => "String".to_owned(),
    }
}

/// `Opportunity.lifecycle`, with its types.
pub(super) fn lifecycle(builder: &mut Builder<'_>, object: &Object) -> Option<Field> {
    if !staged(object) {
        return None;
    }
    let names = builder.names(&object.name);
    let name = names.with("Lifecycle");
    let stage = value_of(builder, object, "stage");
    let mut ty = Output::new(&name).description("Where a record stands in its lifecycle.");
    if object.lifecycle_field("lifecycle").is_some() {
        let of = value_of(builder, object, "lifecycle") + "!";
        ty = ty.field(output("name", &of)).field(output("title", "String!"));
    }
    ty = ty.field(output("stage", &format!("{stage}!")));
    for (field, shown, of) in [("stageEnteredAt", "enteredAt", "DateTime!"), ("pass", "pass", "Int!")] {
        if object.lifecycle_field(field).is_some() {
            ty = ty.field(output(shown, of));
        }
    }
    let way = names.with("Move");
    let to = format!("{stage}!");
    let moves =
        output_type(&way, [("to", to.as_str()), ("allowed", "Boolean!"), ("missing", "[WriteError!]!")]);
    builder.add(&way, moves.description("A stage that a transition leads to from here."));
    let moves = output("moves", &format!("[{way}!]!"));
    ty = ty.field(moves.description("What may come next, and what is missing for it."));
    let mut field = output("lifecycle", &name).description("Null for a record that takes none.");
    if object.has_log() {
        let stays = output("history", "[StageStay!]!")
            .argument(input("first", "Int").description("50 unless said, at most 1,000."))
            .argument(input("after", "ID").description("Those behind this stay."))
            .argument(input("last", "Int").description("The last ones instead of the first ones."))
            .argument(input("before", "ID").description("Those before this stay."));
        ty = ty.field(stays.description("Its stays, in their order."));
        field = field.argument(
            input("asOf", "DateTime").description("Where it stood then; null where it stood nowhere."),
        );
    }
    builder.add(&name, ty);
    Some(field)
}

/// The stage that `moveOpportunity` takes, and the data, if any of it can be written; `None` where there is nothing to move.
pub(super) fn moved(builder: &Builder<'_>, object: &Object) -> Option<(String, Option<String>)> {
    let data = builder.names(&object.name).with("UpdateInput");
    let stage = value_of(builder, object, "stage") + "!";
    staged(object).then(|| (stage, builder.has(&data).then_some(data)))
}

/// The argument `asOf`, where the records have a log.
pub(super) fn as_of(builder: &Builder<'_>, field: Field, of: &str) -> Field {
    if !builder.catalog.object(of).is_some_and(|object| object.has_log()) {
        return field;
    }
    field.argument(input("asOf", "DateTime").description(
        "The records with the lifecycle, stage, stageEnteredAt and pass that they had then, also in conditions, orders and groups; those \
         that stood nowhere then are left out. All else is as it is now. Relative dates and ages are counted from then.",
    ))
}

/// The conditions of a filter, with their types.
pub(super) fn filters(builder: &mut Builder<'_>, object: &Object) -> Vec<(&'static str, String)> {
    if !object.has_log() {
        return Vec::new();
    }
    let names = builder.names(&object.name);
    let (reached, entered) = (names.with("ReachedFilter"), names.with("EnteredStageFilter"));
    let stage = value_of(builder, object, "stage") + "!";
    let lifecycle = value_of(builder, object, "lifecycle");
    let stay = |name: &str| {
        InputObject::new(name).field(input("stage", &stage)).field(input("lifecycle", &lifecycle))
    };
    let times = input("times", "IntFilter").description("How often; at least once unless said.");
    builder.add(
        &reached,
        stay(&reached).field(times).description("The record has been in the stage, now or before."),
    );
    builder.add(
        &entered,
        stay(&entered)
            .field(input("at", "DateTimeFilter"))
            .field(input("pass", "Int").description("The how manyth time."))
            .description("The record has entered the stage: all of this holds of one and the same stay."),
    );
    vec![("stageAge", "StageAgeFilter".to_owned()), ("reached", reached), ("enteredStage", entered)]
}

/// What the log tells of an object's records.
pub(super) fn roots(builder: &Builder<'_>, object: &Object) -> Vec<Field> {
    if !object.has_log() {
        return Vec::new();
    }
    let names = builder.names(&object.name);
    let title = object.title.as_str();
    let (stage, lifecycle) = (value_of(builder, object, "stage"), value_of(builder, object, "lifecycle"));
    let root = |suffix: &str, of: &str| {
        output(&format!("{}{suffix}", names.one), of)
            .argument(input("lifecycle", &lifecycle).description("Which, where there are several."))
            .argument(input("filter", &names.with("Filter")).description("Of which records."))
            .argument(input("asOf", "DateTime").description("As the log told it then; the filter, too."))
    };
    let during = |field: Field, what: &str| {
        field
            .argument(input("from", "DateTime").description(format!("{what} from this instant on.")))
            .argument(input("to", "DateTime").description(format!("{what} before this instant.")))
    };
    let velocity = during(root("Velocity", "[StageVelocity!]!"), "Stages that were left")
        .argument(
            input("by", "DateBucket")
                .description("In which stretches of time, in one's own time zone; all of it as one without."),
        )
        .argument(input("pass", "Int").description("Only the stays of this pass in the stage that was left."))
        .argument(input("fromStage", &stage).description("Only those that left this stage."))
        .argument(input("toStage", &stage).description("Only those that entered this stage."))
        .argument(input("first", "Int").description("1,000 unless said, which is the most."));
    vec![
        during(root("Funnel", "[FunnelStage!]!"), "Records that entered a stage")
            .description(format!("{title}: of each stage, who came and what became of them, up to now.")),
        velocity.description(format!(
            "{title}: of each way from stage to stage, how long those who took it had stayed."
        )),
        root("Aging", "[AgingStage!]!")
            .description(format!("{title}: of each stage, how long those who are in it have been there.")),
    ]
}
