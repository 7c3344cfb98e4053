//! Days and instants. SQLite's are texts of fixed width in UTC, with six digits of a second.

use expr::Encoding;

use super::Printer;
use crate::{Bucket, Dialect, Scalar};

/// Microseconds since 1970 of an instant on SQLite.
pub(super) fn sqlite_micros(operand: &str) -> String {
    format!("(unixepoch(substr({operand}, 1, 19)) * 1000000 + CAST(substr({operand}, 21, 6) AS INTEGER))")
}

/// Whether `$1` months later it is still a month of the years 1 to 9999, on PostgreSQL.
fn legal_year(day: &str) -> String {
    format!("extract(year FROM {day}) * 12 + extract(month FROM {day}) - 1 + $1 BETWEEN 12 AND 119999")
}

impl Printer {
    pub(super) fn bucket(&mut self, bucket: Bucket, x: &Scalar, encoding: Encoding, zone: Option<&Scalar>) {
        match self.dialect {
            Dialect::Postgres => self.postgres_bucket(bucket, x, encoding, zone),
            Dialect::Sqlite => self.sqlite_bucket(bucket, x, encoding, zone),
        }
    }

    fn postgres_bucket(&mut self, bucket: Bucket, x: &Scalar, encoding: Encoding, zone: Option<&Scalar>) {
        let unit = match bucket {
            Bucket::Day => "day",
            Bucket::Week => "week",
            Bucket::Month => "month",
            Bucket::Quarter => "quarter",
            Bucket::Year => "year",
        };
        match (encoding, zone) {
            (Encoding::DateTime, Some(zone)) => {
                self.once(&[x, zone], &format!("date_trunc('{unit}', $0 AT TIME ZONE $1)::date"));
            }
            (Encoding::DateTime, None) => {
                self.once(&[x], &format!("date_trunc('{unit}', $0 AT TIME ZONE 'UTC')::date"));
            }
            (_, _) => self.once(&[x], &format!("date_trunc('{unit}', ($0)::timestamp)::date")),
        }
    }

    fn sqlite_bucket(&mut self, bucket: Bucket, x: &Scalar, encoding: Encoding, zone: Option<&Scalar>) {
        let template = match bucket {
            Bucket::Day => "$0",
            Bucket::Week => "date($0, '-6 days', 'weekday 1')",
            Bucket::Month => "(substr($0, 1, 7) || '-01')",
            Bucket::Quarter => {
                "(substr($0, 1, 5) || substr('01010104040407070710101010', CAST(substr($0, 6, 2) AS INTEGER) * 2 - 1, 2) || '-01')"
            }
            Bucket::Year => "(substr($0, 1, 4) || '-01-01')",
        };
        let (inner, operands): (String, Vec<&Scalar>) = match (encoding, zone) {
            (Encoding::DateTime, Some(zone)) => (self.local_day(), vec![x, zone]),
            (Encoding::DateTime, None) => ("substr($0, 1, 10)".to_owned(), vec![x]),
            (_, _) => ("$0".to_owned(), vec![x]),
        };
        self.computed(&operands, &template.replace("$0", &inner));
    }

    /// The day of an instant in a zone whose offsets are a parameter: the first entry that holds is the latest.
    fn local_day(&mut self) -> String {
        let zone = self.alias();
        let zone = zone.as_str();
        format!(
            "date(substr($0, 1, 19), (WITH \"{zone}\"(\"s\", \"o\") AS MATERIALIZED (SELECT \"value\" ->> 0, \"value\" ->> 1 FROM json_each($1)) \
             SELECT \"o\" FROM \"{zone}\" WHERE \"s\" <= $0 LIMIT 1) || ' seconds')"
        )
    }

    pub(super) fn micro_days(&mut self, from: &Scalar, to: &Scalar) {
        let micros = match self.dialect {
            // Microseconds up to 285 years are whole numbers of a float.
            Dialect::Postgres => "(date_part('epoch', $1 - $0) * 1000000)::bigint".to_owned(),
            Dialect::Sqlite => format!("({} - {})", sqlite_micros("$1"), sqlite_micros("$0")),
        };
        self.computed(
            &[from, to],
            &format!("({micros} + CASE WHEN $1 < $0 THEN -43200 ELSE 43200 END) / 86400"),
        );
    }

    pub(super) fn shift(&mut self, x: &Scalar, encoding: Encoding, months: &Scalar, micros: &Scalar) {
        let operands = [x, months, micros];
        let in_range =
            "$1 BETWEEN -120000 AND 120000 AND $2 BETWEEN -320000000000000000 AND 320000000000000000";
        match (self.dialect, encoding) {
            // Whether it stays within the years 1 to 9999 is asked before anything is added: PostgreSQL's own bounds are errors.
            (Dialect::Postgres, Encoding::DateTime) => {
                let month = "(($0 AT TIME ZONE 'UTC') + make_interval(months => ($1)::int))";
                let year = legal_year("$0 AT TIME ZONE 'UTC'");
                // A day and microseconds by themselves, because a product with an interval is computed in floats.
                let moved = format!(
                    "({month} + make_interval(days => ($2 / 86400000000)::int) + ($2 % 86400000000) * interval '1 microsecond')"
                );
                self.computed(
                    &operands,
                    &format!(
                        "CASE WHEN {in_range} THEN CASE WHEN {year} THEN CASE WHEN extract(epoch FROM {month}) * 1000000 + $2 \
                         BETWEEN -62135596800000000 AND 253402300799999999 THEN {moved} AT TIME ZONE 'UTC' END END END"
                    ),
                );
            }
            (Dialect::Postgres, _) => {
                let month = "($0 + make_interval(months => ($1)::int))::date";
                let year = legal_year("$0");
                self.computed(
                    &operands,
                    &format!(
                        "CASE WHEN {in_range} THEN CASE WHEN {year} THEN CASE WHEN ({month} - '0001-01-01'::date) + $2 / 86400000000 \
                         BETWEEN 0 AND 3652058 THEN {month} + ($2 / 86400000000)::int END END END"
                    ),
                );
            }
            (Dialect::Sqlite, Encoding::DateTime) => {
                let month = "(date(substr($0, 1, 10), $1 || ' months', 'floor') || substr($0, 11))";
                let sum = format!("({} + $2)", sqlite_micros(month));
                let rest = format!("(({sum} % 1000000 + 1000000) % 1000000)");
                let moved = format!(
                    "strftime('%Y-%m-%dT%H:%M:%S', ({sum} - {rest}) / 1000000, 'unixepoch') || printf('.%06dZ', {rest})"
                );
                self.computed(
                    &operands,
                    &format!("CASE WHEN {in_range} THEN CASE WHEN {sum} BETWEEN -62135596800000000 AND 253402300799999999 THEN {moved} END END"),
                );
            }
            (Dialect::Sqlite, _) => {
                let moved = "date($0, $1 || ' months', 'floor', ($2 / 86400000000) || ' days')";
                self.computed(
                    &operands,
                    &format!("CASE WHEN {in_range} THEN CASE WHEN {moved} BETWEEN '0001-01-01' AND '9999-12-31' THEN {moved} END END"),
                );
            }
        }
    }
}
