//! Aggregates: exact, with the same range on both databases.

use expr::Encoding;

use super::Printer;
use super::arithmetic::{domain, power};
use crate::{Dialect, Fold, Scalar, Spread};

impl Printer {
    pub(super) fn aggregate(&mut self, fold: Fold, x: &Scalar, encoding: Encoding) {
        match fold {
            Fold::Count => self.once(&[x], "count($0)"),
            Fold::Sum => self.sum(x, encoding),
            Fold::Min => self.least(x, encoding, "min", "bool_and"),
            Fold::Max => self.least(x, encoding, "max", "bool_or"),
            Fold::Avg => self.mean(x, encoding),
        }
    }

    fn sum(&mut self, x: &Scalar, encoding: Encoding) {
        match (self.dialect, encoding) {
            (Dialect::Postgres, Encoding::Decimal(scale)) => self.once(&[x], &format!("sum($0)::{}", domain(scale))),
            (Dialect::Postgres, Encoding::Int | Encoding::Duration) => self.once(&[x], "sum($0)::bigint"),
            (Dialect::Sqlite, Encoding::Decimal(_)) => self.once(&[x], &bounded("sum($0)")),
            (Dialect::Sqlite, Encoding::Float) => self.once(
                &[x],
                "(CASE WHEN abs(sum($0)) > 1.7976931348623157e308 THEN abs(-9223372036854775807 - (sum($0) IS NOT NULL)) ELSE sum($0) END)",
            ),
            (Dialect::Postgres | Dialect::Sqlite, _) => self.once(&[x], "sum($0)"),
        }
    }

    /// PostgreSQL 15 has no `min` of ids and truth values.
    fn least(&mut self, x: &Scalar, encoding: Encoding, name: &str, of_truth: &str) {
        match (self.dialect, encoding) {
            (Dialect::Postgres, Encoding::Bool) => self.once(&[x], &format!("{of_truth}($0)")),
            (Dialect::Postgres, Encoding::Id) => {
                self.once(&[x], &format!("{name}(($0)::text COLLATE \"C\")::uuid"));
            }
            (Dialect::Postgres | Dialect::Sqlite, _) => self.once(&[x], &format!("{name}($0)")),
        }
    }

    /// The least of `text` copies its state with each row, that of `bpchar` keeps the first of equal ones.
    pub(super) fn several(&mut self, x: &Scalar) {
        match self.dialect {
            Dialect::Postgres => self.once(&[x], "(min(($0)::bpchar) <> max(($0)::bpchar))"),
            Dialect::Sqlite => self.once(&[x], "(min($0) <> max($0))"),
        }
    }

    /// Percentiles: ten times the numbers are whole at every tenth of the way between two of them, so that a float tells them exactly.
    pub(super) fn spread(&mut self, spread: Spread, x: &Scalar) {
        let template = match (self.dialect, spread) {
            (Dialect::Postgres, Spread::Mean) => {
                "round(sum($0)::numeric / nullif(count($0), 0)::numeric(64,32), 0)::bigint".to_owned()
            }
            (Dialect::Postgres, Spread::Tenths(tenths)) => format!(
                "round(round((percentile_cont(0.{tenths}) WITHIN GROUP (ORDER BY ($0 * 10)::double precision))::numeric, 0) / 10, 0)::bigint"
            ),
            (Dialect::Sqlite, Spread::Mean) => {
                "((2 * sum($0) + count($0)) / nullif(2 * count($0), 0))".to_owned()
            }
            (Dialect::Sqlite, Spread::Tenths(tenths)) => {
                let at = |place: &str| format!("(json_group_array($0 ORDER BY $0) ->> ({place}))");
                let below = at(&format!("{tenths} * (count($0) - 1) / 10"));
                let above = at(&format!("min({tenths} * (count($0) - 1) / 10 + 1, count($0) - 1)"));
                format!("(({below} * 10 + ({above} - {below}) * ({tenths} * (count($0) - 1) % 10) + 5) / 10)")
            }
        };
        self.once(&[x], &template);
    }

    pub(super) fn millionths(&mut self, x: &Scalar) {
        match self.dialect {
            Dialect::Postgres => self.once(&[x], &format!("round($0::numeric / 1000000, 6)::{}", domain(6))),
            // That is how such decimals are stored.
            Dialect::Sqlite => self.scalar(x),
        }
    }

    /// As `Decimal(6)`. The divisor's many digits make PostgreSQL's quotient exact enough to be rounded once more.
    fn mean(&mut self, x: &Scalar, encoding: Encoding) {
        let domain = domain(6);
        match (self.dialect, encoding) {
            (Dialect::Postgres, Encoding::Float) => {
                self.once(&[x], &format!("round((avg($0))::text::numeric, 6)::{domain}"));
            }
            (Dialect::Postgres, _) => {
                self.once(
                    &[x],
                    &format!("round(sum($0)::numeric / nullif(count($0), 0)::numeric(64,32), 6)::{domain}"),
                );
            }
            (Dialect::Sqlite, Encoding::Float) => {
                self.once(&[x], &bounded("CAST(abs(avg($0)) * 1000000.0 + 0.5 AS INTEGER) * (CASE WHEN avg($0) < 0 THEN -1 ELSE 1 END)"));
            }
            (Dialect::Sqlite, Encoding::Decimal(scale)) => self.once(&[x], &bounded(&sqlite_mean(scale))),
            (Dialect::Sqlite, _) => self.once(&[x], &bounded(&sqlite_mean(0))),
        }
    }
}

/// An aggregate as a decimal in range. It may be mentioned often: SQLite computes equal aggregates once.
fn bounded(aggregate: &str) -> String {
    format!(
        "(CASE WHEN {aggregate} BETWEEN -9199999999999999999 AND 9199999999999999999 THEN {aggregate} \
         WHEN {aggregate} IS NOT NULL THEN abs(-9223372036854775807 - (count($0) IS NOT NULL)) END)"
    )
}

/// Sum and count in whole numbers: the quotient, then the remainder carried on to six digits and rounded.
fn sqlite_mean(scale: u8) -> String {
    let up = power(6_u8.saturating_sub(scale));
    let down = power(scale.saturating_sub(6));
    let count = format!("(count($0) * {down})");
    format!(
        "(sum($0) / {count} * {up} + (2 * (sum($0) % {count}) * {up} + CASE WHEN sum($0) < 0 THEN -{count} ELSE {count} END) / (2 * {count}))"
    )
}
