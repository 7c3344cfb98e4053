//! The functions of the expression language, as `expr`'s table documents them.

use expr::{Encoding, Function, Value};

use super::Printer;
use super::arithmetic::{domain, power};
use super::convert::shortened;
use super::time::sqlite_micros;
use crate::{Bucket, Dialect, Scalar, Source};

/// The scale of decimals in the expression language.
const SCALE: u8 = 6;

impl Printer {
    pub(super) fn call(&mut self, function: Function, encoding: Encoding, args: &[Scalar]) {
        let nothing = Scalar::Null(encoding);
        let first = args.first().unwrap_or(&nothing);
        match function {
            // Constants of the request are parameters; printed here they are unknown.
            Function::Now | Function::InstantFrom | Function::InstantTo => {
                self.scalar(&Scalar::Null(Encoding::DateTime));
            }
            Function::Today | Function::DateFrom | Function::DateTo => {
                self.scalar(&Scalar::Null(Encoding::Date));
            }
            Function::Days
            | Function::Hours
            | Function::Months
            | Function::Years
            | Function::Year
            | Function::Month
            | Function::Day
            | Function::Weekday => self.calendar(function, encoding, args),
            Function::AddDays => self.add_days(args),
            Function::AddMonths => self.add_months(args),
            Function::StartOfWeek => self.bucket(Bucket::Week, first, Encoding::Date, None),
            Function::StartOfMonth => self.bucket(Bucket::Month, first, Encoding::Date, None),
            Function::StartOfQuarter => self.bucket(Bucket::Quarter, first, Encoding::Date, None),
            Function::StartOfYear => self.bucket(Bucket::Year, first, Encoding::Date, None),
            Function::Date => self.convert(first, Encoding::DateTime, Encoding::Date),
            Function::Abs => self.once(&[first], "abs($0)"),
            Function::Round => self.round(first, args.get(1)),
            Function::Floor => {
                self.whole_part(first, "floor($0)::bigint", "($0 / 1000000 - ($0 % 1000000 < 0))");
            }
            Function::Ceil => {
                self.whole_part(first, "ceil($0)::bigint", "($0 / 1000000 + ($0 % 1000000 > 0))");
            }
            Function::Min => self.extreme("least", "min", args),
            Function::Max => self.extreme("greatest", "max", args),
            Function::Int if encoding == Encoding::Float => self.whole_part(
                first,
                "CASE WHEN abs($0) < 9.2e18 THEN trunc($0)::bigint END",
                "CASE WHEN abs($0) < 9.2e18 THEN CAST($0 AS INTEGER) END",
            ),
            Function::Int => self.whole_part(first, "trunc($0)::bigint", "($0 / 1000000)"),
            Function::Decimal => self.convert(first, encoding, Encoding::Decimal(SCALE)),
            Function::Float => self.convert(first, encoding, Encoding::Float),
            Function::Text => self.convert_to_text(first, encoding),
            Function::Len
            | Function::Lower
            | Function::Upper
            | Function::Trim
            | Function::Substring
            | Function::Replace
            | Function::IsBlank => self.text_function(function, args),
        }
    }

    fn whole_part(&mut self, x: &Scalar, postgres: &str, sqlite: &str) {
        let template = match self.dialect {
            Dialect::Postgres => postgres,
            Dialect::Sqlite => sqlite,
        };
        self.computed(&[x], template);
    }

    fn calendar(&mut self, function: Function, encoding: Encoding, args: &[Scalar]) {
        let operands: Vec<&Scalar> = args.iter().collect();
        let instants = encoding == Encoding::DateTime;
        let template = match self.dialect {
            Dialect::Postgres => match function {
                Function::Days if instants => "trunc(extract(epoch FROM $1 - $0) / 86400)::bigint".to_owned(),
                Function::Days => "($1 - $0)::bigint".to_owned(),
                Function::Hours => "trunc(extract(epoch FROM $1 - $0) / 3600)::bigint".to_owned(),
                Function::Years => format!(
                    "{} / 12",
                    months(
                        "extract(year FROM $N)::bigint",
                        "extract(month FROM $N)::bigint",
                        "extract(day FROM $N)"
                    )
                ),
                Function::Year => "extract(year FROM $0)::bigint".to_owned(),
                Function::Month => "extract(month FROM $0)::bigint".to_owned(),
                Function::Day => "extract(day FROM $0)::bigint".to_owned(),
                Function::Weekday => "extract(isodow FROM $0)::bigint".to_owned(),
                _ => months(
                    "extract(year FROM $N)::bigint",
                    "extract(month FROM $N)::bigint",
                    "extract(day FROM $N)",
                ),
            },
            Dialect::Sqlite => match function {
                Function::Days if instants => {
                    format!("({} - {}) / 86400000000", sqlite_micros("$1"), sqlite_micros("$0"))
                }
                Function::Days => "CAST(julianday($1) - julianday($0) AS INTEGER)".to_owned(),
                Function::Hours => {
                    format!("({} - {}) / 3600000000", sqlite_micros("$1"), sqlite_micros("$0"))
                }
                Function::Years => format!("{} / 12", sqlite_months()),
                Function::Year => "CAST(substr($0, 1, 4) AS INTEGER)".to_owned(),
                Function::Month => "CAST(substr($0, 6, 2) AS INTEGER)".to_owned(),
                Function::Day => "CAST(substr($0, 9, 2) AS INTEGER)".to_owned(),
                Function::Weekday => "CAST(strftime('%u', $0) AS INTEGER)".to_owned(),
                _ => sqlite_months(),
            },
        };
        self.computed(&operands, &template);
    }

    fn add_days(&mut self, args: &[Scalar]) {
        let operands: Vec<&Scalar> = args.iter().collect();
        let template = match self.dialect {
            Dialect::Postgres => {
                "CASE WHEN $1 BETWEEN -4000000 AND 4000000 THEN CASE WHEN ($0 - '0001-01-01'::date) + $1 BETWEEN 0 AND 3652058 THEN $0 + ($1)::int END END"
            }
            Dialect::Sqlite => {
                "CASE WHEN $1 BETWEEN -4000000 AND 4000000 THEN CASE WHEN date($0, $1 || ' days') BETWEEN '0001-01-01' AND '9999-12-31' THEN date($0, $1 || ' days') END END"
            }
        };
        self.computed(&operands, template);
    }

    fn add_months(&mut self, args: &[Scalar]) {
        if let [x, months] = args {
            self.shift(x, Encoding::Date, months, &Scalar::Int(0));
        } else {
            self.scalar(&Scalar::Null(Encoding::Date));
        }
    }

    fn round(&mut self, x: &Scalar, digits: Option<&Scalar>) {
        let digits = match digits {
            Some(Scalar::Int(digits)) => *digits,
            Some(Scalar::Param(param)) => match &param.source {
                Source::Constant(Value::Int(digits)) => *digits,
                Source::Constant(_) | Source::Slot(_) | Source::Zip(_) => 0,
            },
            Some(_) | None => 0,
        };
        let digits = u8::try_from(digits).ok().filter(|digits| *digits <= SCALE).unwrap_or(0);
        match self.dialect {
            Dialect::Postgres => self.once(&[x], &format!("round($0, {digits})::{}", domain(SCALE))),
            Dialect::Sqlite if digits == SCALE => self.scalar(x),
            Dialect::Sqlite => {
                let template = format!(
                    "{} * {}",
                    shortened(SCALE - digits).replacen("($0", "(($0", 1) + ")",
                    power(SCALE - digits)
                );
                self.sqlite_bounded(&[x], |p| p.computed(&[x], &template));
            }
        }
    }

    fn extreme(&mut self, postgres: &str, sqlite: &str, args: &[Scalar]) {
        let operands: Vec<&Scalar> = args.iter().collect();
        let list = (0..operands.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
        match (self.dialect, operands.as_slice()) {
            (_, [one]) => self.scalar(one),
            (Dialect::Postgres, many) => {
                self.computed(many, &format!("CASE WHEN num_nulls({list}) = 0 THEN {postgres}({list}) END"));
            }
            (Dialect::Sqlite, many) => self.once(many, &format!("{sqlite}({list})")),
        }
    }

    fn text_function(&mut self, function: Function, args: &[Scalar]) {
        let operands: Vec<&Scalar> = args.iter().collect();
        let template = match (function, self.dialect) {
            (Function::Len, Dialect::Postgres) => "char_length($0)::bigint",
            (Function::Len, Dialect::Sqlite) => "length($0)",
            (Function::Lower, Dialect::Postgres) => "lower(($0) COLLATE \"C\")",
            (Function::Lower, Dialect::Sqlite) => "lower($0)",
            (Function::Upper, Dialect::Postgres) => "upper(($0) COLLATE \"C\")",
            (Function::Upper, Dialect::Sqlite) => "upper($0)",
            (Function::Trim, Dialect::Postgres) => "btrim($0, ' ')",
            (Function::Trim, Dialect::Sqlite) => "trim($0, ' ')",
            (Function::IsBlank, Dialect::Postgres) => "(coalesce(btrim($0, ' '), '') = '')",
            (Function::IsBlank, Dialect::Sqlite) => "(coalesce(trim($0, ' '), '') = '')",
            (Function::Replace, _) => "replace($0, $1, $2)",
            (_, Dialect::Postgres) => {
                let template = "CASE WHEN num_nulls($0, $1, $2) = 0 THEN \
                     substr($0, least(greatest($1, 0), 1000000000)::int + 1, least(greatest($2, 0), 1000000000)::int) END";
                return self.computed(&operands, template);
            }
            (_, Dialect::Sqlite) => {
                "substr($0, min(max($1, 0), 1000000000) + 1, min(max($2, 0), 1000000000))"
            }
        };
        self.once(&operands, template);
    }
}

/// Whole months from `$0` to `$1`, out of the templates of year, month and day of `$N`.
fn months(year: &str, month: &str, day: &str) -> String {
    let of = |part: &str, operand: &str| part.replace("$N", operand);
    format!(
        "(12 * ({} - {}) + {} - {} + CASE WHEN $1 >= $0 THEN CASE WHEN {d1} < {d0} THEN -1 ELSE 0 END ELSE CASE WHEN {d0} < {d1} THEN 1 ELSE 0 END END)",
        of(year, "$1"),
        of(year, "$0"),
        of(month, "$1"),
        of(month, "$0"),
        d0 = of(day, "$0"),
        d1 = of(day, "$1"),
    )
}

fn sqlite_months() -> String {
    months(
        "CAST(substr($N, 1, 4) AS INTEGER)",
        "CAST(substr($N, 6, 2) AS INTEGER)",
        "CAST(substr($N, 9, 2) AS INTEGER)",
    )
}
