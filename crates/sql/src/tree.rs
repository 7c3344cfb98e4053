//! Queries and scalar expressions. Nodes say what is meant where the dialects differ (`Bucket`, `JsonObject`, `DecimalText` …); the
//! printers say how.

use expr::Encoding;

use crate::ident::Ident;
use crate::statement::Param;

/// A `SELECT`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Query {
    /// Common table expressions before it.
    pub with: Vec<(Ident, Query)>,
    /// Result columns with their aliases.
    pub columns: Vec<(Scalar, Ident)>,
    /// What it reads; `None` for a query without table.
    pub from: Option<From>,
    /// Further tables.
    pub joins: Vec<Join>,
    /// `WHERE`
    pub filter: Option<Scalar>,
    /// `GROUP BY`
    pub group: Vec<Scalar>,
    /// `HAVING`
    pub having: Option<Scalar>,
    /// `ORDER BY`
    pub order: Vec<Order>,
    /// `LIMIT`
    pub limit: Option<Scalar>,
    /// `OFFSET`
    pub offset: Option<Scalar>,
    /// `FOR …` on PostgreSQL; SQLite's writer holds the database anyway.
    pub lock: Option<Lock>,
}

/// How the rows of a query are locked until the end of the transaction. Each keeps the stronger ones out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// They stay where they are: what points at them. Does not keep out who changes them.
    KeyShare,
    /// They are about to be changed.
    Change,
    /// They are about to go, or to come back: keeps out also those who point at them.
    Removal,
    /// They are about to be changed, and those that somebody else has locked are left out.
    Free,
}

/// A source of rows with its alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// Where the rows come from.
    pub source: Relation,
    /// Alias.
    pub alias: Ident,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// A table of the tenant's schema.
    Table(Ident),
    /// A common table expression.
    Cte(Ident),
    /// A subselect.
    Query(Box<Query>),
    /// Rows that are not in any table: a list parameter for each column, with its name.
    Rows(Vec<(Param, Ident)>),
    /// The rows of one after the rows of another (`UNION ALL`); each with its own order and limit, all with the same columns.
    Union(Vec<Query>),
}

/// A join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// How.
    pub kind: JoinKind,
    /// What.
    pub from: From,
    /// `ON`; true when absent.
    pub on: Option<Scalar>,
}

/// Kinds of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// `JOIN`
    Inner,
    /// `LEFT JOIN`
    Left,
    /// `LEFT JOIN LATERAL`; PostgreSQL only, callers for SQLite use correlated scalars.
    LeftLateral,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is compared.
    pub by: Scalar,
    /// Downwards.
    pub descending: bool,
    /// Where nulls go; always printed where the dialect's own default differs.
    pub nulls_first: bool,
}

/// A scalar expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `alias.column`
    Column(Ident, Ident),
    /// `column`, unqualified (index definitions, `RETURNING`)
    Bare(Ident),
    /// `excluded.column` in `ON CONFLICT`
    Excluded(Ident),
    /// A bound value.
    Param(Param),
    /// `NULL` of a type.
    Null(Encoding),
    /// `TRUE` or `FALSE`
    Bool(bool),
    /// A whole number made by the program.
    Int(i64),
    /// A text made by the program (JSON keys, type names); quoted by the printer.
    Text(String),
    /// Conjunction; true when empty.
    And(Vec<Scalar>),
    /// Disjunction; false when empty.
    Or(Vec<Scalar>),
    /// SQL's three-valued NOT; use `IsNotTrue` for a two-valued complement.
    Not(Box<Scalar>),
    /// `x IS NOT TRUE`: the complement of two-valued logic.
    IsNotTrue(Box<Scalar>),
    /// `x IS NULL`
    IsNull(Box<Scalar>),
    /// Comparison.
    Compare(Compare, Box<Scalar>, Box<Scalar>),
    /// Arithmetic of one encoding; see [`Arithmetic`].
    Arithmetic(Arithmetic, Encoding, Box<Scalar>, Box<Scalar>),
    /// Changes the encoding, e.g. `Int` to `Decimal(6)`, `Decimal(4)` to `Decimal(6)`, anything to `Text`.
    Convert(Box<Scalar>, Encoding, Encoding),
    /// `x = ANY(list)`; the list is a list parameter.
    InParam(Box<Scalar>, Param),
    /// `x IN (a, b)`
    InList(Box<Scalar>, Vec<Scalar>),
    /// Whether it is among the rows of a one-column query, which is run once, whatever the plan.
    InQuery(Box<Scalar>, Box<Query>),
    /// `CASE WHEN … THEN … ELSE … END`
    Case(Vec<(Scalar, Scalar)>, Option<Box<Scalar>>),
    /// `COALESCE`
    Coalesce(Vec<Scalar>),
    /// `LIKE … ESCAPE '\'`, case-sensitive on both.
    Like(Box<Scalar>, Box<Scalar>),
    /// ASCII lower case.
    LowerAscii(Box<Scalar>),
    /// `a || b`
    Concat(Vec<Scalar>),
    /// `EXISTS (…)`
    Exists(Box<Query>),
    /// `(SELECT …)` as a value.
    Subquery(Box<Query>),
    /// Aggregate functions.
    Aggregate(Fold, Box<Scalar>, Encoding),
    /// Whether a group holds more than one text; null where it holds none.
    Several(Box<Scalar>),
    /// `count(*)`
    CountAll,
    /// First day of the bucket that an instant or day falls in, as a `Date`. For instants there may be a zone (UTC without): a text
    /// parameter that holds the IANA name on PostgreSQL, and on SQLite, which has no time zones, the zone's offsets as JSON
    /// `[["2026-03-29T01:00:00.000000Z", 7200], …, ["0000", 3600]]`: from when, seconds east of UTC; latest first, the last from ever.
    Bucket(Bucket, Box<Scalar>, Encoding, Option<Box<Scalar>>),
    /// Test on a list cell.
    ListTest(ListTest, Box<Scalar>, Option<Box<Scalar>>),
    /// A JSON object with keys in this order; values are written by their cell type.
    JsonObject(Vec<(String, Scalar, crate::statement::CellType)>),
    /// The rows of a one-column query of JSON texts as a JSON array, in the query's order; `[]` when empty.
    JsonArray(Box<Query>),
    /// JSON text as it is.
    RawJson(String),
    /// A function of the expression language, with the meaning that its table documents. The encoding is that of the first argument
    /// (decimals must have been brought to `Decimal(6)` before). Functions whose value is a constant of the request are parameters.
    Call(expr::Function, Encoding, Vec<Scalar>),
    /// `row_number() OVER (ORDER BY …)`
    RowNumber(Vec<Order>),
    /// `max(x)` over the rows of the same partition that come no later in that order.
    RunningMax {
        /// What is looked at.
        of: Box<Scalar>,
        /// What is equal in the rows of a partition.
        partition: Vec<Scalar>,
        /// How they follow each other.
        order: Vec<Order>,
    },
    /// The time from one instant to another in millionths of a day, rounded half away from zero, as `Int`.
    MicroDays(Box<Scalar>, Box<Scalar>),
    /// A whole number of millionths as a `Decimal(6)`.
    Millionths(Box<Scalar>),
    /// What many whole numbers, none below zero, have in common; a whole number, rounded half away from zero, NULL when there is none.
    Spread(Spread, Box<Scalar>),
    /// Whether the text matches all patterns of a list parameter, as in `Like`; true when the list is empty, never true for null.
    LikeAll(Box<Scalar>, Param),
    /// A day or instant moved by whole months (to the month's last day where it is shorter) and then by microseconds; both `Int`. Days
    /// move by whole days, what is left of the microseconds is cut towards zero. Null outside of the years 1 to 9999.
    Shift(Box<Scalar>, Encoding, Box<Scalar>, Box<Scalar>),
    /// Lower-case hex of the UTF-8 bytes of a text or of a JSON object's text: `encode(convert_to((x)::text, 'UTF8'), 'hex')` on PostgreSQL,
    /// `lower(hex(x))` on SQLite. NULL of NULL.
    Hex(Box<Scalar>),
    /// In a [`crate::Write::Together`]: whether the write before this one wrote any row.
    Wrote,
    /// The published version of the tenant's catalog, which cannot change until the statement is done; on PostgreSQL null while somebody
    /// publishes. Takes the lock's key and the schema's name, as `store` tells them.
    HeldVersion(Box<Scalar>, Box<Scalar>),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `IS NOT DISTINCT FROM` / `IS`
    Same,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Arithmetic; operands and result share the encoding. Overflow of the encoding is an error of the database on both dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product, rounded half away from zero to the encoding's scale.
    Multiply,
    /// Quotient, likewise; NULL when the divisor is zero.
    Divide,
    /// Remainder with the sign of the dividend; NULL when the divisor is zero.
    Remainder,
}

/// Aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// `count(x)`
    Count,
    /// `sum`, exact; NULL when empty.
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// Mean as `Decimal(6)`, rounded half away from zero.
    Avg,
}

/// What many numbers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// Their mean.
    Mean,
    /// The number that so many tenths of them do not pass: between the two nearest in proportion, as `percentile_cont` has it.
    Tenths(u8),
}

/// Widths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Calendar day.
    Day,
    /// Week that begins on Monday.
    Week,
    /// Month.
    Month,
    /// Quarter.
    Quarter,
    /// Year.
    Year,
}

/// Tests on list cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListTest {
    /// Holds the value.
    Has,
    /// Shares a value with the list parameter.
    HasAny,
    /// Holds every value of the list parameter.
    HasAll,
    /// Null or `[]`.
    IsEmpty,
}

impl Scalar {
    /// Whether it holds an aggregate or window function of the query that it stands in; those of subqueries are their own.
    pub fn aggregates(&self) -> bool {
        match self {
            Scalar::Aggregate(..)
            | Scalar::Several(_)
            | Scalar::CountAll
            | Scalar::RowNumber(_)
            | Scalar::RunningMax { .. }
            | Scalar::Spread(..) => true,
            Scalar::Column(..)
            | Scalar::Bare(_)
            | Scalar::Excluded(_)
            | Scalar::Param(_)
            | Scalar::Null(_)
            | Scalar::Bool(_)
            | Scalar::Int(_)
            | Scalar::Text(_)
            | Scalar::RawJson(_)
            | Scalar::Exists(_)
            | Scalar::Subquery(_)
            | Scalar::JsonArray(_)
            | Scalar::Wrote => false,
            Scalar::And(parts)
            | Scalar::Or(parts)
            | Scalar::Coalesce(parts)
            | Scalar::Concat(parts)
            | Scalar::Call(_, _, parts) => parts.iter().any(Scalar::aggregates),
            Scalar::Not(x)
            | Scalar::IsNotTrue(x)
            | Scalar::IsNull(x)
            | Scalar::Convert(x, ..)
            | Scalar::InParam(x, _)
            | Scalar::InQuery(x, _)
            | Scalar::LikeAll(x, _)
            | Scalar::Hex(x)
            | Scalar::Millionths(x)
            | Scalar::LowerAscii(x) => x.aggregates(),
            Scalar::Compare(_, a, b)
            | Scalar::Arithmetic(_, _, a, b)
            | Scalar::Like(a, b)
            | Scalar::MicroDays(a, b)
            | Scalar::HeldVersion(a, b) => a.aggregates() || b.aggregates(),
            Scalar::InList(x, list) => x.aggregates() || list.iter().any(Scalar::aggregates),
            Scalar::Case(arms, otherwise) => {
                arms.iter().any(|(condition, value)| condition.aggregates() || value.aggregates())
                    || otherwise.as_ref().is_some_and(|value| value.aggregates())
            }
            Scalar::Bucket(_, x, _, zone) => {
                x.aggregates() || zone.as_ref().is_some_and(|zone| zone.aggregates())
            }
            Scalar::ListTest(_, x, operand) => {
                x.aggregates() || operand.as_ref().is_some_and(|operand| operand.aggregates())
            }
            Scalar::JsonObject(pairs) => pairs.iter().any(|(_, value, _)| value.aggregates()),
            Scalar::Shift(x, _, months, micros) => {
                x.aggregates() || months.aggregates() || micros.aggregates()
            }
        }
    }
}
