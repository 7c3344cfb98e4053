//! From one encoding to another.

use expr::Encoding;

use super::Printer;
use super::arithmetic::{SQLITE_OVERFLOW, domain, power};
use super::types::value_type;
use crate::{Dialect, Scalar};

/// Text of a decimal of that scale on SQLite, without trailing zeros. The operand is mentioned several times.
pub(super) fn sqlite_decimal_text(scale: u8) -> String {
    if scale == 0 {
        return "CAST($0 AS TEXT)".to_owned();
    }
    let one = power(scale);
    format!(
        "CASE WHEN $0 IS NOT NULL THEN CASE WHEN $0 < 0 THEN '-' ELSE '' END || \
         rtrim(rtrim(printf('%d.%0{scale}d', abs($0) / {one}, abs($0) % {one}), '0'), '.') END"
    )
}

/// Text of a length of time in seconds, as `expr::Duration` writes it: `1d12h`, weeks only where nothing is left over. Both dialects.
pub(super) fn duration_text(dialect: Dialect) -> String {
    let text = match dialect {
        Dialect::Postgres => "::text",
        Dialect::Sqlite => "",
    };
    let part = |unit: &str, count: &str| {
        format!("CASE WHEN {count} > 0 THEN ({count}){text} || '{unit}' ELSE '' END")
    };
    format!(
        "CASE WHEN $0 = 0 THEN '0s' WHEN $0 IS NOT NULL THEN CASE WHEN $0 < 0 THEN '-' ELSE '' END || \
         CASE WHEN $0 % 604800 = 0 THEN (abs($0) / 604800){text} || 'w' ELSE {} || {} || {} || {} END END",
        part("d", "abs($0) / 86400"),
        part("h", "abs($0) % 86400 / 3600"),
        part("m", "abs($0) % 3600 / 60"),
        part("s", "abs($0) % 60"),
    )
}

/// Text of a float on SQLite that reads back as the same one: its own conversions stop at fifteen digits.
pub(super) const SQLITE_FLOAT: &str = "CASE WHEN CAST(printf('%!.15g', $0) AS REAL) = $0 THEN printf('%!.15g', $0) \
     WHEN $0 IS NOT NULL THEN printf('%!.17g', $0) END";

/// `2026-01-31T12:30:00.000000Z` on PostgreSQL.
pub(super) const POSTGRES_INSTANT: &str =
    "to_char($0 AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
/// `12:30:00.000000` on PostgreSQL.
pub(super) const POSTGRES_TIME: &str = "to_char('2000-01-01'::date + $0, 'HH24:MI:SS.US')";

impl Printer {
    pub(super) fn convert(&mut self, x: &Scalar, from: Encoding, to: Encoding) {
        if from == to {
            self.scalar(x);
            return;
        }
        match to {
            Encoding::Decimal(scale) => self.convert_to_decimal(x, from, scale),
            Encoding::Int | Encoding::Duration => self.convert_to_int(x, from),
            Encoding::Float => self.convert_to_float(x, from),
            Encoding::Text => self.convert_to_text(x, from),
            Encoding::Date => self.convert_to_date(x, from),
            Encoding::DateTime => self.convert_to_instant(x, from),
            Encoding::Bool | Encoding::Time | Encoding::Id | Encoding::Json | Encoding::TextList => {
                self.cast(x, to);
            }
        }
    }

    /// A mere change of type: text that is known to be of the right form.
    fn cast(&mut self, x: &Scalar, to: Encoding) {
        match self.dialect {
            Dialect::Postgres => self.once(&[x], &format!("($0)::{}", value_type(to))),
            Dialect::Sqlite => self.scalar(x),
        }
    }

    fn convert_to_decimal(&mut self, x: &Scalar, from: Encoding, scale: u8) {
        let domain = domain(scale);
        match (self.dialect, from) {
            (Dialect::Postgres, Encoding::Float) => {
                // As `expr` defines it: in float arithmetic, so that both databases and memory agree.
                let one = power(scale);
                self.computed(
                    &[x],
                    &format!("(sign($0)::numeric * floor(abs($0) * {one}::double precision + 0.5::double precision)::bigint / {one}::numeric(64,32))::{domain}"),
                );
            }
            (Dialect::Postgres, _) => self.once(&[x], &format!("round(($0)::numeric, {scale})::{domain}")),
            (Dialect::Sqlite, Encoding::Decimal(had)) if had > scale => {
                self.computed(&[x], &shortened(had - scale));
            }
            (Dialect::Sqlite, Encoding::Decimal(had)) => {
                let factor = power(scale - had);
                self.sqlite_bounded(&[x], |p| p.once(&[x], &format!("($0 * {factor})")));
            }
            (Dialect::Sqlite, Encoding::Float) => {
                let one = power(scale);
                self.computed(
                    &[x],
                    &format!(
                        "CASE WHEN abs($0) * {one}.0 + 0.5 < 9.2e18 THEN CAST(abs($0) * {one}.0 + 0.5 AS INTEGER) * (CASE WHEN $0 < 0 THEN -1 ELSE 1 END) \
                         WHEN $0 IS NOT NULL THEN {SQLITE_OVERFLOW} END"
                    ),
                );
            }
            (Dialect::Sqlite, _) => {
                let factor = power(scale);
                self.sqlite_bounded(&[x], |p| p.once(&[x], &format!("($0 * {factor})")));
            }
        }
    }

    /// Decimals round half away from zero, floats too.
    fn convert_to_int(&mut self, x: &Scalar, from: Encoding) {
        match (self.dialect, from) {
            (Dialect::Postgres, Encoding::Decimal(_)) => self.once(&[x], "round($0, 0)::bigint"),
            (Dialect::Postgres, Encoding::Float) => self.computed(&[x], "(sign($0) * floor(abs($0) + 0.5::double precision))::bigint"),
            (Dialect::Postgres, _) => self.once(&[x], "($0)::bigint"),
            (Dialect::Sqlite, Encoding::Decimal(0)) => self.scalar(x),
            (Dialect::Sqlite, Encoding::Decimal(had)) => self.computed(&[x], &shortened(had)),
            (Dialect::Sqlite, Encoding::Float) => self.computed(
                &[x],
                &format!(
                    "CASE WHEN abs($0) + 0.5 < 9223372036854775808.0 THEN CAST(abs($0) + 0.5 AS INTEGER) * (CASE WHEN $0 < 0 THEN -1 ELSE 1 END) \
                     WHEN $0 IS NOT NULL THEN {SQLITE_OVERFLOW} END"
                ),
            ),
            (Dialect::Sqlite, _) => self.once(&[x], "CAST($0 AS INTEGER)"),
        }
    }

    /// Of a decimal: its whole number of units as a float, divided in float arithmetic.
    fn convert_to_float(&mut self, x: &Scalar, from: Encoding) {
        match (self.dialect, from) {
            (Dialect::Postgres, Encoding::Decimal(scale)) => {
                let one = power(scale);
                self.once(&[x], &format!("(trunc($0 * {one})::double precision / {one}::double precision)"));
            }
            (Dialect::Postgres, _) => self.once(&[x], "($0)::double precision"),
            (Dialect::Sqlite, Encoding::Decimal(scale)) => {
                let one = power(scale);
                self.once(&[x], &format!("(CAST($0 AS REAL) / {one}.0)"));
            }
            (Dialect::Sqlite, _) => self.once(&[x], "CAST($0 AS REAL)"),
        }
    }

    pub(super) fn convert_to_text(&mut self, x: &Scalar, from: Encoding) {
        match self.dialect {
            Dialect::Postgres => {
                self.put("(");
                match from {
                    Encoding::Decimal(_) => self.once(&[x], "trim_scale($0)::text"),
                    Encoding::Date => self.once(&[x], "to_char($0, 'YYYY-MM-DD')"),
                    Encoding::Time => self.once(&[x], POSTGRES_TIME),
                    Encoding::DateTime => self.once(&[x], POSTGRES_INSTANT),
                    Encoding::Duration => self.computed(&[x], &duration_text(Dialect::Postgres)),
                    Encoding::TextList => self.once(&[x], "to_json($0)::text"),
                    Encoding::Text
                    | Encoding::Bool
                    | Encoding::Int
                    | Encoding::Float
                    | Encoding::Id
                    | Encoding::Json => {
                        self.once(&[x], "($0)::text");
                    }
                }
                self.put(") COLLATE \"C\"");
            }
            Dialect::Sqlite => match from {
                Encoding::Decimal(scale) => self.computed(&[x], &sqlite_decimal_text(scale)),
                Encoding::Bool => self.once(&[x], "(CASE $0 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
                Encoding::Duration => self.computed(&[x], &duration_text(Dialect::Sqlite)),
                Encoding::Int => self.once(&[x], "CAST($0 AS TEXT)"),
                Encoding::Float => self.computed(&[x], SQLITE_FLOAT),
                Encoding::Text
                | Encoding::Date
                | Encoding::Time
                | Encoding::DateTime
                | Encoding::Id
                | Encoding::Json
                | Encoding::TextList => self.scalar(x),
            },
        }
    }

    /// The day of an instant in UTC.
    fn convert_to_date(&mut self, x: &Scalar, from: Encoding) {
        match (self.dialect, from) {
            (Dialect::Postgres, Encoding::DateTime) => self.once(&[x], "($0 AT TIME ZONE 'UTC')::date"),
            (Dialect::Postgres, _) => self.cast(x, Encoding::Date),
            (Dialect::Sqlite, _) => self.once(&[x], "substr($0, 1, 10)"),
        }
    }

    /// The first instant of a day in UTC.
    fn convert_to_instant(&mut self, x: &Scalar, from: Encoding) {
        match (self.dialect, from) {
            (Dialect::Postgres, Encoding::Date) => self.once(&[x], "(($0)::timestamp AT TIME ZONE 'UTC')"),
            (Dialect::Sqlite, Encoding::Date) => self.once(&[x], "($0 || 'T00:00:00.000000Z')"),
            (Dialect::Postgres | Dialect::Sqlite, _) => self.cast(x, Encoding::DateTime),
        }
    }
}

/// A scaled number with so many digits fewer, rounded half away from zero.
pub(super) fn shortened(digits: u8) -> String {
    let factor = power(digits);
    let half = factor / 2;
    format!("($0 + CASE WHEN $0 < 0 THEN -{half} ELSE {half} END) / {factor}")
}
