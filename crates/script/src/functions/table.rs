//! What the reference says of functions that are not in the table of expressions. A test holds names and arguments equal to what the
//! interpreter knows.

/// One function: name, how it is called, what it does.
pub(crate) type Described = (&'static str, &'static str, &'static str);

/// Functions that ask the platform; only handlers have them.
pub(crate) const ASKING: &[Described] = &[
    (
        "find",
        "find(\"tier\", #{filter: #{name: #{eq: \"A\"}}, orderBy: #{name: \"ASC\"}, first: 10})",
        "The records that match, as the API's list would give them to the handler's principal; `first` is 50 unless said otherwise, at most 1,000. All three arguments may be left out.",
    ),
    (
        "get",
        "get(\"account\", id)",
        "The record of that id; null where there is none that the principal may see.",
    ),
    ("count", "count(\"task\", #{done: #{eq: false}})", "How many records match the filter."),
    (
        "create",
        "create(\"task\", #{subject: \"Call\", related: #{lead: #{id: record.id}}})",
        "Makes a record and gives it; a refusal is an error, which `try { } catch (why) { }` may catch: nothing of it stays behind.",
    ),
    (
        "update",
        "update(task, #{done: true})<br>update(\"task\", id, #{done: true})",
        "Changes a record and gives it as it is then.",
    ),
    (
        "move",
        "move(lead, \"mql\")<br>move(lead, \"recycled\", #{reason: \"no budget\", data: #{score: 0}})<br>move(\"lead\", id, \"mql\")",
        "Moves a record to a stage, by its transition, and gives it as it is then.",
    ),
    ("claim", "claim(lead)<br>claim(\"lead\", id)", "Takes a record out of a pool. Not yet: it is refused."),
    (
        "notify",
        "notify(user, \"A new lead\")",
        "Tells a user something: with the commit it stands in their `notifications` on `/metadata`, with the record that the handler is about.",
    ),
    (
        "schedule",
        "schedule(\"3d\", \"lead::remind\", #{lead: record.id})",
        "Runs a function as a job at an instant, or so much later; it sees the map as `event`, with the job's id as `event.id`.",
    ),
    (
        "enqueue",
        "enqueue(\"lead::sync\", #{lead: record.id})",
        "Runs a function as a job after the commit; it sees the map as `event`, with the job's id as `event.id`.",
    ),
    ("log", "log(\"routed to \" + name)", "Keeps a line with the run."),
];

/// Functions that expressions have as forms of their own.
pub(crate) const FORMS: &[Described] = &[
    ("date", "date(\"2026-01-31\")", "A day, written out."),
    ("dateTime", "dateTime(\"2026-01-31T12:30:00Z\")", "An instant, written out."),
    ("time", "time(\"14:30\")", "A time of day, written out."),
    ("duration", "duration(\"7d\")", "A length of time, written out."),
    ("int", "int(\"42\")", "A whole number, read from text."),
    ("decimal", "decimal(\"1.50\")", "An exact decimal, read from text."),
    ("like", "like(text, pattern)", "Whether the text matches: `%` is any text, `_` one character."),
    ("ilike", "ilike(text, pattern)", "The same without case."),
    ("contains", "contains(text, part)", "Whether the part occurs, without case; also `part in text`."),
    ("startsWith", "startsWith(text, part)", "Whether the text begins with the part, without case."),
    ("endsWith", "endsWith(text, part)", "Whether the text ends with the part, without case."),
    ("has", "has(list, value)", "Whether the list holds the value; also `value in list`."),
    ("hasAny", "hasAny(list, [a, b])", "Whether the list holds at least one of the values."),
    ("hasAll", "hasAll(list, [a, b])", "Whether the list holds all the values."),
    ("isEmpty", "isEmpty(list)", "Whether the list is null or holds nothing."),
];

/// The interpreter's own functions that scripts most often want.
pub(crate) const BUILT_IN: &[Described] = &[
    ("push", "list.push(value)", "Adds a value at the end."),
    ("filter", "list.filter(|x| x.done)", "The elements that meet a condition."),
    ("map", "list.map(|x| x.amount)", "What a function makes of each element."),
    ("reduce", "list.reduce(|sum, x| (sum ?? 0) + x)", "All elements brought together."),
    ("some", "list.some(|x| x > 3)", "Whether one element meets the condition."),
    ("all", "list.all(|x| x > 3)", "Whether all elements meet the condition."),
    ("sort", "list.sort()", "Sorts the list in its place."),
    ("keys", "map.keys()", "The names in a map."),
    ("split", "text.split(\",\")", "The parts of a text, as a list."),
    ("sub_string", "text.sub_string(0, 3)", "A part of a text."),
    ("index_of", "text.index_of(\"@\")", "Where a part begins; -1 where it does not occur."),
];
