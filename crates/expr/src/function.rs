//! The closed table of functions: the one place of their names, signatures and exact meanings.
//!
//! A function is here only if memory, PostgreSQL and SQLite (without extensions) can compute the same. Whoever lowers or evaluates
//! one follows its `doc`. Unless it says otherwise, the result is null when any argument is null. Days and instants lie in the years
//! 1 to 9999; a result outside them is null. `like`, `contains`, `has`, `some`, `count` … are not here: they have nodes of their own.

use crate::types::Type;

/// A function that expressions may call. The meaning of each is in [`Function::spec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// `now()`
    Now,
    /// `today()`
    Today,
    /// `dateFrom("last 7 days")`
    DateFrom,
    /// `dateTo("last 7 days")`
    DateTo,
    /// `instantFrom("last 7 days")`
    InstantFrom,
    /// `instantTo("last 7 days")`
    InstantTo,
    /// `days(from, to)`
    Days,
    /// `hours(from, to)`
    Hours,
    /// `months(from, to)`
    Months,
    /// `years(from, to)`
    Years,
    /// `year(date)`
    Year,
    /// `month(date)`
    Month,
    /// `day(date)`
    Day,
    /// `weekday(date)`
    Weekday,
    /// `addDays(date, n)`
    AddDays,
    /// `addMonths(date, n)`
    AddMonths,
    /// `startOfWeek(date)`
    StartOfWeek,
    /// `startOfMonth(date)`
    StartOfMonth,
    /// `startOfQuarter(date)`
    StartOfQuarter,
    /// `startOfYear(date)`
    StartOfYear,
    /// `date(dateTime)`
    Date,
    /// `abs(x)`
    Abs,
    /// `round(x, n)`
    Round,
    /// `floor(x)`
    Floor,
    /// `ceil(x)`
    Ceil,
    /// `min(a, b, …)`
    Min,
    /// `max(a, b, …)`
    Max,
    /// `int(x)`
    Int,
    /// `decimal(x)`
    Decimal,
    /// `float(x)`
    Float,
    /// `text(x)`
    Text,
    /// `len(text)`
    Len,
    /// `lower(text)`
    Lower,
    /// `upper(text)`
    Upper,
    /// `trim(text)`
    Trim,
    /// `substring(text, start, length)`
    Substring,
    /// `replace(text, from, to)`
    Replace,
    /// `isBlank(text)`
    IsBlank,
}

/// One way to call a function.
#[derive(Debug)]
pub struct Signature {
    /// Types of the arguments; the last one may be repeated where the function is variadic.
    pub params: &'static [Type],
    /// Type of the result.
    pub returns: Type,
}

/// What the table says of a function.
#[derive(Debug)]
pub struct FunctionSpec {
    /// Which function.
    pub function: Function,
    /// Its name in expression text.
    pub name: &'static str,
    /// The ways to call it.
    pub signatures: &'static [Signature],
    /// Whether the last parameter may be repeated.
    pub variadic: bool,
    /// What it computes, exactly: for the generated reference and for those who lower it.
    pub doc: &'static str,
}

// A macro, because only literals are promoted to statics.
macro_rules! sig {
    ([$($param:expr),*] => $returns:expr) => {
        Signature { params: &[$($param),*], returns: $returns }
    };
}

const fn spec(
    function: Function,
    name: &'static str,
    signatures: &'static [Signature],
    doc: &'static str,
) -> FunctionSpec {
    FunctionSpec { function, name, signatures, variadic: false, doc }
}

const fn variadic(mut spec: FunctionSpec) -> FunctionSpec {
    spec.variadic = true;
    spec
}

/// All functions, in the order of [`Function`].
pub static FUNCTIONS: &[FunctionSpec] = &[
    spec(
        Function::Now,
        "now",
        &[sig!([] => Type::DateTime)],
        "The instant of the request, the same everywhere in it. A request constant.",
    ),
    spec(
        Function::Today,
        "today",
        &[sig!([] => Type::Date)],
        "The day of the request in the caller's time zone. A request constant.",
    ),
    spec(
        Function::DateFrom,
        "dateFrom",
        &[sig!([Type::Text] => Type::Date)],
        "First day of a period such as \"last 7 days\" or \"this quarter\", written as a literal. A request constant.",
    ),
    spec(
        Function::DateTo,
        "dateTo",
        &[sig!([Type::Text] => Type::Date)],
        "The day after the last day of a period written as a literal. A request constant.",
    ),
    spec(
        Function::InstantFrom,
        "instantFrom",
        &[sig!([Type::Text] => Type::DateTime)],
        "The instant at which a period begins in the caller's time zone. A request constant.",
    ),
    spec(
        Function::InstantTo,
        "instantTo",
        &[sig!([Type::Text] => Type::DateTime)],
        "The instant just after a period in the caller's time zone. A request constant.",
    ),
    spec(
        Function::Days,
        "days",
        &[sig!([Type::Date, Type::Date] => Type::Int), sig!([Type::DateTime, Type::DateTime] => Type::Int)],
        "Days from the first to the second, negative when the second is earlier; of instants, whole periods of 24 hours, cut towards zero.",
    ),
    spec(
        Function::Hours,
        "hours",
        &[sig!([Type::DateTime, Type::DateTime] => Type::Int)],
        "Whole hours from the first to the second, cut towards zero.",
    ),
    spec(
        Function::Months,
        "months",
        &[sig!([Type::Date, Type::Date] => Type::Int)],
        "Whole months from the first to the second: 12 * years + months of the two dates' difference, less one where the later date's day of the month is smaller than the earlier's; negative when the second is earlier (`months(a, b) == -months(b, a)`).",
    ),
    spec(
        Function::Years,
        "years",
        &[sig!([Type::Date, Type::Date] => Type::Int)],
        "`months(from, to)` divided by 12, cut towards zero.",
    ),
    spec(Function::Year, "year", &[sig!([Type::Date] => Type::Int)], "The year."),
    spec(Function::Month, "month", &[sig!([Type::Date] => Type::Int)], "The month, 1 to 12."),
    spec(Function::Day, "day", &[sig!([Type::Date] => Type::Int)], "The day of the month, 1 to 31."),
    spec(
        Function::Weekday,
        "weekday",
        &[sig!([Type::Date] => Type::Int)],
        "The day of the week: Monday 1 to Sunday 7.",
    ),
    spec(
        Function::AddDays,
        "addDays",
        &[sig!([Type::Date, Type::Int] => Type::Date)],
        "So many days later; null outside the years 1 to 9999.",
    ),
    spec(
        Function::AddMonths,
        "addMonths",
        &[sig!([Type::Date, Type::Int] => Type::Date)],
        "The same day so many months later, or the month's last day where it is shorter (January 31 and one month: February 28 or 29); null outside the years 1 to 9999.",
    ),
    spec(
        Function::StartOfWeek,
        "startOfWeek",
        &[sig!([Type::Date] => Type::Date)],
        "The Monday on or before the day.",
    ),
    spec(
        Function::StartOfMonth,
        "startOfMonth",
        &[sig!([Type::Date] => Type::Date)],
        "The first day of the month.",
    ),
    spec(
        Function::StartOfQuarter,
        "startOfQuarter",
        &[sig!([Type::Date] => Type::Date)],
        "The first day of January, April, July or October.",
    ),
    spec(Function::StartOfYear, "startOfYear", &[sig!([Type::Date] => Type::Date)], "January 1 of the year."),
    spec(Function::Date, "date", &[sig!([Type::DateTime] => Type::Date)], "The day of the instant in UTC."),
    spec(
        Function::Abs,
        "abs",
        &[
            sig!([Type::Int] => Type::Int),
            sig!([Type::Decimal] => Type::Decimal),
            sig!([Type::Float] => Type::Float),
        ],
        "The value without its sign; the smallest int overflows.",
    ),
    spec(
        Function::Round,
        "round",
        &[sig!([Type::Decimal] => Type::Decimal), sig!([Type::Decimal, Type::Int] => Type::Decimal)],
        "Rounded half away from zero to so many fraction digits (a literal from 0 to 6, else 0).",
    ),
    spec(
        Function::Floor,
        "floor",
        &[sig!([Type::Decimal] => Type::Int)],
        "The greatest whole number that is not greater.",
    ),
    spec(
        Function::Ceil,
        "ceil",
        &[sig!([Type::Decimal] => Type::Int)],
        "The smallest whole number that is not smaller.",
    ),
    variadic(spec(
        Function::Min,
        "min",
        COMPARED,
        "The smallest of two to eight values; null when any is null.",
    )),
    variadic(spec(
        Function::Max,
        "max",
        COMPARED,
        "The greatest of two to eight values; null when any is null.",
    )),
    spec(
        Function::Int,
        "int",
        &[sig!([Type::Decimal] => Type::Int), sig!([Type::Float] => Type::Int)],
        "Cut towards zero; null for floats of 9.2e18 or more in size.",
    ),
    spec(
        Function::Decimal,
        "decimal",
        &[sig!([Type::Int] => Type::Decimal), sig!([Type::Float] => Type::Decimal)],
        "Of an int: the same number. Of a float: the sign of x times (abs(x) * 1e6 + 0.5 in float arithmetic, cut to a whole number) / 1e6. Overflow at 9.2e12 and beyond.",
    ),
    spec(
        Function::Float,
        "float",
        &[sig!([Type::Int] => Type::Float), sig!([Type::Decimal] => Type::Float)],
        "Of an int: the nearest float. Of a decimal: its whole number of millionths as a float, divided by 1e6 in float arithmetic.",
    ),
    spec(
        Function::Text,
        "text",
        &[
            sig!([Type::Int] => Type::Text),
            sig!([Type::Decimal] => Type::Text),
            sig!([Type::Bool] => Type::Text),
            sig!([Type::Date] => Type::Text),
            sig!([Type::DateTime] => Type::Text),
        ],
        "The value as text: numbers without trailing zeros (`-0.5`), `true` or `false`, `2026-01-31`, `2026-01-31T12:30:00.000000Z`.",
    ),
    spec(
        Function::Len,
        "len",
        &[sig!([Type::Text] => Type::Int)],
        "Number of characters (Unicode scalar values).",
    ),
    spec(
        Function::Lower,
        "lower",
        &[sig!([Type::Text] => Type::Text)],
        "A to Z become a to z; no other letter changes.",
    ),
    spec(
        Function::Upper,
        "upper",
        &[sig!([Type::Text] => Type::Text)],
        "a to z become A to Z; no other letter changes.",
    ),
    spec(
        Function::Trim,
        "trim",
        &[sig!([Type::Text] => Type::Text)],
        "Without spaces (U+0020 only) at its beginning and end.",
    ),
    spec(
        Function::Substring,
        "substring",
        &[sig!([Type::Text, Type::Int, Type::Int] => Type::Text)],
        "So many characters (Unicode scalar values) from the place on, which counts from 0. Numbers below 0 count as 0; what lies behind the end is left out.",
    ),
    spec(
        Function::Replace,
        "replace",
        &[sig!([Type::Text, Type::Text, Type::Text] => Type::Text)],
        "Every occurrence of the second, from left to right and case-sensitive, gives way to the third; unchanged where the second is empty.",
    ),
    spec(
        Function::IsBlank,
        "isBlank",
        &[sig!([Type::Text] => Type::Bool)],
        "Whether it is null or holds nothing but spaces (U+0020). Never null.",
    ),
];

/// Forms that read like calls but have nodes of their own or are replaced when the text is checked: name, how it is written, meaning.
pub static FORMS: &[(&str, &str, &str)] = &[
    (
        "like",
        "like(text, pattern)",
        "Whether the text matches the literal pattern: `%` is any text, `_` one character, `\\` takes the next as it is. Case-sensitive.",
    ),
    ("ilike", "ilike(text, pattern)", "The same without case."),
    ("contains", "contains(text, part)", "Whether the part occurs in the text, without case."),
    ("startsWith", "startsWith(text, part)", "Whether the text begins with the part, without case."),
    ("endsWith", "endsWith(text, part)", "Whether the text ends with the part, without case."),
    ("has", "has(list, value)", "Whether the list holds the value; also written `value in list`."),
    ("hasAny", "hasAny(list, [a, b])", "Whether the list holds at least one of the values."),
    ("hasAll", "hasAll(list, [a, b])", "Whether the list holds all the values."),
    ("isEmpty", "isEmpty(list)", "Whether the list is null or holds nothing."),
    (
        "differs",
        "differs(a, b)",
        "Whether both are known and unequal; `a != b` is also true where one is null.",
    ),
    (
        "some",
        "some(record.tasks, condition)",
        "Whether at least one related record meets the condition, in which `record` is the related record.",
    ),
    ("every", "every(record.tasks, condition)", "Whether no related record fails the condition."),
    ("none", "none(record.tasks, condition)", "Whether no related record meets the condition."),
    ("count", "count(record.tasks, condition)", "How many related records meet the condition."),
    ("date", "date(\"2026-01-31\")", "A day, written out."),
    ("dateTime", "dateTime(\"2026-01-31T12:30:00Z\")", "An instant, written out."),
    ("time", "time(\"14:30\")", "A time of day, written out."),
    (
        "duration",
        "duration(\"7d\")",
        "A length of time, written out: `15m 3h 7d 2w 3mo`, or several of them in a row.",
    ),
    ("id", "id(\"…\")", "A record's id, written out."),
];

/// What `min` and `max` compare.
const COMPARED: &[Signature] = &[
    sig!([Type::Int, Type::Int] => Type::Int),
    sig!([Type::Decimal, Type::Decimal] => Type::Decimal),
    sig!([Type::Float, Type::Float] => Type::Float),
    sig!([Type::Date, Type::Date] => Type::Date),
    sig!([Type::DateTime, Type::DateTime] => Type::DateTime),
];

impl Function {
    /// Most arguments of a variadic function.
    pub const MOST_ARGUMENTS: usize = 8;

    /// The function of that name.
    pub fn named(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|spec| spec.name == name).map(|spec| spec.function)
    }

    /// Its row of the table.
    pub fn spec(self) -> &'static FunctionSpec {
        // The table is in the order of the enum; a test holds it so.
        &FUNCTIONS[self as usize]
    }

    /// Its name in expression text.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether its value depends on nothing but the request's [`Moment`](crate::Moment) (its argument, if any, is a literal). Those
    /// who lower to SQL compute it with [`request_constant`](crate::request_constant) when they bind.
    pub fn is_request_constant(self) -> bool {
        matches!(
            self,
            Function::Now
                | Function::Today
                | Function::DateFrom
                | Function::DateTo
                | Function::InstantFrom
                | Function::InstantTo
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (place, spec) in FUNCTIONS.iter().enumerate() {
            assert_eq!(spec.function as usize, place, "{}", spec.name);
            assert_eq!(spec.function.name(), spec.name);
            assert_eq!(Function::named(spec.name), Some(spec.function));
        }
    }
}
