//! Arithmetic that is exact, rounds half away from zero, and errors where a result leaves its range, on both databases alike.
//!
//! Decimals of scale `s` must stay below `9.2e18 / 10^s` in size: `9.2e12` for six digits. On PostgreSQL they are `numeric` and the bound is a domain
//! (`"armature"."decimal6"`, made by `store`); on SQLite they are whole numbers of `10^-s`. SQLite turns an overflowing integer into a float in silence:
//! every result is looked at, and one out of range is an error, because `abs(-9223372036854775808)` is.

use expr::Encoding;

use super::{Bound, Printer};
use crate::{Arithmetic, Dialect, Scalar};

/// The greatest size of a scaled decimal, on SQLite.
const MOST: i64 = 9_199_999_999_999_999_999;

/// What errors with "integer overflow" on SQLite, for an operand that is not null. It depends on the operand, so that it is never
/// computed ahead.
pub(super) const SQLITE_OVERFLOW: &str = "abs(-9223372036854775807 - ($0 IS NOT NULL))";

/// Ten to this power.
pub(super) fn power(scale: u8) -> i64 {
    10_i64.saturating_pow(u32::from(scale))
}

/// The domain of decimals of this scale, which refuses what is out of range.
pub(super) fn domain(scale: u8) -> String {
    format!("\"armature\".\"decimal{scale}\"")
}

impl Printer {
    pub(super) fn arithmetic(&mut self, op: Arithmetic, encoding: Encoding, a: &Scalar, b: &Scalar) {
        match (encoding, self.dialect) {
            (Encoding::Decimal(scale), Dialect::Postgres) => self.postgres_decimal(op, scale, a, b),
            (Encoding::Decimal(scale), Dialect::Sqlite) => self.sqlite_decimal(op, scale, a, b),
            (Encoding::Float, dialect) => self.float(op, dialect, a, b),
            (
                Encoding::Int
                | Encoding::Duration
                | Encoding::Text
                | Encoding::Bool
                | Encoding::Date
                | Encoding::Time
                | Encoding::DateTime
                | Encoding::Id
                | Encoding::Json
                | Encoding::TextList,
                dialect,
            ) => self.whole(op, dialect, a, b),
        }
    }

    fn postgres_decimal(&mut self, op: Arithmetic, scale: u8, a: &Scalar, b: &Scalar) {
        let domain = domain(scale);
        let template = match op {
            Arithmetic::Add => format!("($0 + $1)::{domain}"),
            Arithmetic::Subtract => format!("($0 - $1)::{domain}"),
            Arithmetic::Multiply => format!("round($0 * $1, {scale})::{domain}"),
            // A divisor of many digits makes the quotient exact enough to be rounded once more.
            Arithmetic::Divide => format!("round($0 / nullif($1, 0)::numeric(64,32), {scale})::{domain}"),
            Arithmetic::Remainder => "($0 % nullif($1, 0))".to_owned(),
        };
        self.once(&[a, b], &template);
    }

    /// Whole numbers of 64 bits; the quotient is cut towards zero.
    fn whole(&mut self, op: Arithmetic, dialect: Dialect, a: &Scalar, b: &Scalar) {
        let template = match op {
            Arithmetic::Add => "($0 + $1)",
            Arithmetic::Subtract => "($0 - $1)",
            Arithmetic::Multiply => "($0 * $1)",
            Arithmetic::Divide => "($0 / nullif($1, 0))",
            Arithmetic::Remainder => "($0 % nullif($1, 0))",
        };
        match dialect {
            Dialect::Postgres => self.once(&[a, b], template),
            Dialect::Sqlite => self.checked(
                &[a, b],
                &format!("CASE WHEN typeof($0) = 'real' THEN {SQLITE_OVERFLOW} ELSE $0 END"),
                |p| p.once(&[a, b], template),
            ),
        }
    }

    fn float(&mut self, op: Arithmetic, dialect: Dialect, a: &Scalar, b: &Scalar) {
        let template = match op {
            Arithmetic::Add => "($0 + $1)",
            Arithmetic::Subtract => "($0 - $1)",
            Arithmetic::Multiply => "($0 * $1)",
            Arithmetic::Divide => "($0 / nullif($1, 0))",
            Arithmetic::Remainder => match dialect {
                Dialect::Postgres => "($0 - $1 * trunc($0 / nullif($1, 0)))",
                Dialect::Sqlite => "($0 - $1 * CAST($0 / nullif($1, 0) AS INTEGER))",
            },
        };
        match dialect {
            Dialect::Postgres if op == Arithmetic::Remainder => self.computed(&[a, b], template),
            Dialect::Postgres => self.once(&[a, b], template),
            Dialect::Sqlite => {
                let check =
                    format!("CASE WHEN abs($0) > 1.7976931348623157e308 THEN {SQLITE_OVERFLOW} ELSE $0 END");
                // PostgreSQL calls a product or quotient that vanishes an error; so is it here.
                let kept = |result: &str, vanished: &str| {
                    format!("CASE WHEN {result} = 0 AND {vanished} THEN {SQLITE_OVERFLOW} ELSE {result} END")
                };
                match op {
                    Arithmetic::Add | Arithmetic::Subtract => {
                        self.checked(&[a, b], &check, |p| p.once(&[a, b], template));
                    }
                    Arithmetic::Multiply => {
                        let kept = kept(template, "$0 <> 0 AND $1 <> 0");
                        self.checked(&[a, b], &check, |p| p.computed(&[a, b], &kept));
                    }
                    Arithmetic::Divide => {
                        let kept = kept(template, "$0 <> 0");
                        self.checked(&[a, b], &check, |p| p.computed(&[a, b], &kept));
                    }
                    Arithmetic::Remainder => self.checked(&[a, b], &check, |p| p.computed(&[a, b], template)),
                }
            }
        }
    }

    fn sqlite_decimal(&mut self, op: Arithmetic, scale: u8, a: &Scalar, b: &Scalar) {
        match op {
            Arithmetic::Add => self.sqlite_bounded(&[a, b], |p| p.once(&[a, b], "($0 + $1)")),
            Arithmetic::Subtract => self.sqlite_bounded(&[a, b], |p| p.once(&[a, b], "($0 - $1)")),
            Arithmetic::Multiply => self.sqlite_bounded(&[a, b], |p| p.computed(&[a, b], &product(scale))),
            Arithmetic::Divide => self.sqlite_bounded(&[a, b], |p| p.computed(&[a, b], &quotient(scale))),
            Arithmetic::Remainder => self.once(&[a, b], "($0 % nullif($1, 0))"),
        }
    }

    /// Prints an integer that may have become a float, and the check that it is a decimal in range.
    pub(super) fn sqlite_bounded(&mut self, operands: &[&Scalar], print: impl Fn(&mut Self)) {
        self.checked(
            operands,
            &format!("CASE WHEN $0 BETWEEN -{MOST} AND {MOST} THEN $0 WHEN $0 IS NOT NULL THEN {SQLITE_OVERFLOW} END"),
            print,
        );
    }

    /// A template over a computation that is printed once, unless it must stay where it is.
    fn checked(&mut self, operands: &[&Scalar], template: &str, print: impl Fn(&mut Self)) {
        if self.literal || operands.iter().any(|operand| operand.aggregates()) {
            self.put("(");
            for (place, piece) in template.split("$0").enumerate() {
                if place > 0 {
                    print(self);
                }
                self.put(piece);
            }
            self.put(")");
            return;
        }
        let alias = self.alias();
        self.put("(SELECT ");
        self.template(template, &[Bound::Column(alias.clone(), 0)]);
        self.put(" FROM (SELECT ");
        print(self);
        self.put(" AS \"v0\" LIMIT 1 OFFSET 0) AS ");
        self.ident(&alias);
        self.put(")");
    }
}

/// The product of two scaled numbers, by high and low parts of each, so that only what is out of range anyway becomes a float. The sum's
/// last term is the only one with a fraction, and is rounded.
fn product(scale: u8) -> String {
    let one = power(scale);
    let half = one / 2;
    let (ah, al) = (format!("(abs($0) / {one})"), format!("(abs($0) % {one})"));
    let (bh, bl) = (format!("(abs($1) / {one})"), format!("(abs($1) % {one})"));
    let size = format!("({ah} * {bh} * {one} + {ah} * {bl} + {al} * {bh} + ({al} * {bl} + {half}) / {one})");
    format!("CASE WHEN ($0 < 0) <> ($1 < 0) THEN -{size} ELSE {size} END")
}

/// The quotient of two scaled numbers: whole part, then the remainder carried on. Where the remainder times ten to the scale would overflow, the
/// remainder is carried on bit by bit: `(n, q, r)` are the bits left, the quotient and the remainder so far.
fn quotient(scale: u8) -> String {
    let one = power(scale);
    let bits = 64 - one.leading_zeros();
    let safe = 9_200_000_000_000_000_000 / one;
    // Doubling and adding modulo the divisor without leaving 64 bits: `r + r >= b` is `r >= b - r`.
    let near = format!(
        "((abs($0) % abs($1)) * {one} / abs($1) + ((abs($0) % abs($1)) * {one} % abs($1) >= abs($1) - (abs($0) % abs($1)) * {one} % abs($1)))"
    );
    let far = format!(
        "(WITH RECURSIVE \"_d\"(\"n\", \"q\", \"r\") AS (SELECT {bits} * 2, 0, 0 UNION ALL SELECT \"n\" - 1, \
         CASE WHEN \"n\" % 2 = 0 THEN \"q\" * 2 + (\"r\" >= abs($1) - \"r\") \
         WHEN ({one} >> (\"n\" / 2)) & 1 THEN \"q\" + (\"r\" >= abs($1) - abs($0) % abs($1)) ELSE \"q\" END, \
         CASE WHEN \"n\" % 2 = 0 THEN CASE WHEN \"r\" >= abs($1) - \"r\" THEN \"r\" - (abs($1) - \"r\") ELSE \"r\" * 2 END \
         WHEN ({one} >> (\"n\" / 2)) & 1 THEN CASE WHEN \"r\" >= abs($1) - abs($0) % abs($1) THEN \"r\" - (abs($1) - abs($0) % abs($1)) \
         ELSE \"r\" + abs($0) % abs($1) END ELSE \"r\" END \
         FROM \"_d\" WHERE \"n\" > 0) SELECT \"q\" + (\"r\" >= abs($1) - \"r\") FROM \"_d\" WHERE \"n\" = 0)"
    );
    let size = format!("(abs($0) / abs($1) * {one} + CASE WHEN abs($1) < {safe} THEN {near} ELSE {far} END)");
    format!("CASE WHEN $1 = 0 THEN NULL WHEN ($0 < 0) <> ($1 < 0) THEN -{size} ELSE {size} END")
}
