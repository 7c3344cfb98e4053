//! Scalar expressions.

use expr::Encoding;

use super::Printer;
use super::types::value_type;
use crate::{Compare, Dialect, Ident, Param, Scalar};

impl Printer {
    pub(super) fn scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Column(..)
            | Scalar::Bare(_)
            | Scalar::Excluded(_)
            | Scalar::Param(_)
            | Scalar::Null(_)
            | Scalar::Bool(_)
            | Scalar::Int(_)
            | Scalar::Text(_) => self.leaf(scalar),
            Scalar::And(parts) => self.junction(parts, " AND ", "TRUE"),
            Scalar::Or(parts) => self.junction(parts, " OR ", "FALSE"),
            Scalar::Not(x) => self.once(&[x], "(NOT $0)"),
            Scalar::IsNotTrue(x) => self.once(&[x], "($0 IS NOT TRUE)"),
            Scalar::IsNull(x) => self.once(&[x], "($0 IS NULL)"),
            Scalar::Compare(compare, a, b) => self.compare(*compare, a, b),
            Scalar::Arithmetic(op, encoding, a, b) => self.arithmetic(*op, *encoding, a, b),
            Scalar::Convert(x, from, to) => self.convert(x, *from, *to),
            Scalar::InParam(x, list) => self.in_param(x, list),
            Scalar::InList(x, list) => self.in_list(x, list),
            Scalar::InQuery(x, query) => self.in_query(x, query),
            Scalar::Case(arms, otherwise) => self.case(arms, otherwise.as_deref()),
            Scalar::Coalesce(parts) => self.coalesce(parts),
            Scalar::Like(x, pattern) => self.once(&[x, pattern], "($0 LIKE $1 ESCAPE '\\')"),
            Scalar::LikeAll(x, patterns) => self.like_all(x, patterns),
            Scalar::LowerAscii(x) => self.lower_ascii(x),
            Scalar::Concat(parts) => self.junction(parts, " || ", "''"),
            Scalar::Exists(query) => {
                // SQLite 3.51 turns a bare EXISTS into a join that counts a row once a match against OFFSET.
                self.put(match self.dialect {
                    Dialect::Postgres => "EXISTS (",
                    Dialect::Sqlite => "+EXISTS (",
                });
                self.query(query);
                self.put(")");
            }
            Scalar::Subquery(query) => {
                self.put("(");
                self.query(query);
                self.put(")");
            }
            Scalar::Aggregate(fold, x, encoding) => self.aggregate(*fold, x, *encoding),
            Scalar::Several(x) => self.several(x),
            Scalar::CountAll => self.put("count(*)"),
            Scalar::Bucket(bucket, x, encoding, zone) => self.bucket(*bucket, x, *encoding, zone.as_deref()),
            Scalar::ListTest(test, list, operand) => self.list_test(*test, list, operand.as_deref()),
            Scalar::JsonObject(pairs) => self.json_object(pairs),
            Scalar::JsonArray(query) => self.json_array(query),
            Scalar::RawJson(text) => {
                self.quoted(text);
                self.put(if self.dialect == Dialect::Postgres { "::json" } else { "" });
            }
            Scalar::Call(function, encoding, args) => self.call(*function, *encoding, args),
            Scalar::RowNumber(order) => {
                self.put("row_number() OVER (");
                if !order.is_empty() {
                    self.put("ORDER BY ");
                    self.order(order);
                }
                self.put(")");
            }
            Scalar::RunningMax { of, partition, order } => {
                self.put("max(");
                self.scalar(of);
                self.put(") OVER (PARTITION BY ");
                self.each(partition, ", ", super::Printer::scalar);
                self.put(" ORDER BY ");
                self.order(order);
                self.put(" ROWS UNBOUNDED PRECEDING)");
            }
            Scalar::MicroDays(from, to) => self.micro_days(from, to),
            Scalar::Millionths(x) => self.millionths(x),
            Scalar::Spread(spread, x) => self.spread(*spread, x),
            Scalar::Shift(x, encoding, months, micros) => self.shift(x, *encoding, months, micros),
            Scalar::Hex(x) => match self.dialect {
                Dialect::Postgres => self.once(&[x], "encode(convert_to(($0)::text, 'UTF8'), 'hex')"),
                Dialect::Sqlite => self.once(&[x], "lower(hex($0))"),
            },
            Scalar::Wrote => self.wrote(),
            Scalar::HeldVersion(key, schema) => match self.dialect {
                Dialect::Postgres => self.once(&[key, schema], "armature.try_version($0, $1)"),
                Dialect::Sqlite => self.put("(SELECT max(\"version\") FROM \"metadata_version\")"),
            },
        }
    }

    /// An array is an initial plan of its own: a query that locks or limits must not be run again for each row.
    fn in_query(&mut self, x: &Scalar, query: &crate::Query) {
        self.put("(");
        self.scalar(x);
        self.put(match self.dialect {
            Dialect::Postgres => " = ANY(ARRAY(",
            Dialect::Sqlite => " IN (",
        });
        self.query(query);
        self.put(match self.dialect {
            Dialect::Postgres => ")))",
            Dialect::Sqlite => "))",
        });
    }

    fn leaf(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Column(alias, column) => self.column(alias, column),
            Scalar::Bare(column) => {
                if let Some(table) = self.bare_table.clone() {
                    self.ident(&table);
                    self.put(".");
                }
                self.ident(column);
            }
            Scalar::Excluded(column) => {
                self.put("excluded.");
                self.ident(column);
            }
            Scalar::Param(param) => self.param(param),
            Scalar::Null(encoding) => {
                self.put("NULL");
                if self.dialect == Dialect::Postgres {
                    self.put("::");
                    self.put(value_type(*encoding));
                }
            }
            Scalar::Bool(value) => self.put(if *value { "TRUE" } else { "FALSE" }),
            Scalar::Int(number) => self.int(*number),
            Scalar::Text(text) => self.text(text),
            other => self.scalar(other),
        }
    }

    fn column(&mut self, alias: &Ident, column: &Ident) {
        if self.hidden_alias.as_ref() != Some(alias) {
            self.ident(alias);
            self.put(".");
        }
        self.ident(column);
    }

    /// `$1::type`, so that its type never depends on where it stands; `?1` on SQLite, whose values know theirs.
    pub(super) fn param(&mut self, param: &Param) {
        if self.literal {
            self.literal(param);
            return;
        }
        let number = self.param_number(param);
        match self.dialect {
            Dialect::Postgres => {
                self.put(&format!("${number}::{}", list_type(param)));
                if param.encoding == Encoding::Text && !param.list {
                    self.put(" COLLATE \"C\"");
                }
            }
            Dialect::Sqlite => self.put(&format!("?{number}")),
        }
    }

    pub(super) fn param_number(&mut self, param: &Param) -> usize {
        let place = self.params.iter().position(|known| known == param).unwrap_or_else(|| {
            self.params.push(param.clone());
            self.params.len() - 1
        });
        place + 1
    }

    fn junction(&mut self, parts: &[Scalar], between: &str, empty: &str) {
        match parts {
            [] => self.put(empty),
            [one] => self.scalar(one),
            many => {
                self.put("(");
                self.each(many, between, super::Printer::scalar);
                self.put(")");
            }
        }
    }

    fn compare(&mut self, compare: Compare, a: &Scalar, b: &Scalar) {
        let operator = match (compare, self.dialect) {
            (Compare::Equal, _) => " = ",
            (Compare::NotEqual, _) => " <> ",
            (Compare::Same, Dialect::Postgres) => " IS NOT DISTINCT FROM ",
            (Compare::Same, Dialect::Sqlite) => " IS ",
            (Compare::Less, _) => " < ",
            (Compare::LessOrEqual, _) => " <= ",
            (Compare::Greater, _) => " > ",
            (Compare::GreaterOrEqual, _) => " >= ",
        };
        self.put("(");
        self.scalar(a);
        self.put(operator);
        self.scalar(b);
        self.put(")");
    }

    pub(super) fn in_list(&mut self, x: &Scalar, list: &[Scalar]) {
        if list.is_empty() {
            self.put("FALSE");
            return;
        }
        self.put("(");
        self.scalar(x);
        self.put(" IN (");
        self.each(list, ", ", super::Printer::scalar);
        self.put("))");
    }

    fn case(&mut self, arms: &[(Scalar, Scalar)], otherwise: Option<&Scalar>) {
        if arms.is_empty() {
            match otherwise {
                Some(value) => self.scalar(value),
                None => self.put("NULL"),
            }
            return;
        }
        self.put("CASE");
        for (condition, value) in arms {
            self.put(" WHEN ");
            self.scalar(condition);
            self.put(" THEN ");
            self.scalar(value);
        }
        if let Some(value) = otherwise {
            self.put(" ELSE ");
            self.scalar(value);
        }
        self.put(" END");
    }

    fn coalesce(&mut self, parts: &[Scalar]) {
        match parts {
            [] => self.put("NULL"),
            [one] => self.scalar(one),
            many => {
                self.put("coalesce(");
                self.each(many, ", ", super::Printer::scalar);
                self.put(")");
            }
        }
    }

    fn lower_ascii(&mut self, x: &Scalar) {
        match self.dialect {
            Dialect::Postgres => self.once(&[x], "lower(($0) COLLATE \"C\")"),
            Dialect::Sqlite => self.once(&[x], "lower($0)"),
        }
    }

    /// Whether the previous write of a `Together` wrote: PostgreSQL looks at what it returned, SQLite counts.
    fn wrote(&mut self) {
        match (self.dialect, self.previous.clone()) {
            (Dialect::Sqlite, _) => self.put("(changes() > 0)"),
            (Dialect::Postgres, Some(previous)) => {
                self.put("EXISTS (SELECT 1 FROM ");
                self.ident(&previous);
                self.put(")");
            }
            (Dialect::Postgres, None) => self.put("TRUE"),
        }
    }
}

fn list_type(param: &Param) -> String {
    match (param.list, param.encoding) {
        (false, encoding) => value_type(encoding).to_owned(),
        // Arrays of arrays would have to be of one length: each list travels as JSON text.
        (true, Encoding::TextList) => "text[]".to_owned(),
        (true, encoding) => format!("{}[]", value_type(encoding)),
    }
}
