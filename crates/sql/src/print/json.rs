//! JSON made by the database.
//!
//! PostgreSQL: `row_to_json` over aliased subselects and `json_agg`, never `jsonb`. An alias is cut at 63 bytes, so that longer keys are put
//! together as text. SQLite: text throughout, for its JSON functions would parse nested texts again at every level.

use expr::Encoding;

use super::Printer;
use super::convert::{POSTGRES_INSTANT, POSTGRES_TIME, SQLITE_FLOAT, duration_text, sqlite_decimal_text};
use crate::ident::quote_key_into;
use crate::{CellType, Dialect, Query, Scalar};

type Pair = (String, Scalar, CellType);

/// Whether the keys can be column aliases on PostgreSQL.
pub(super) fn fits_row(pairs: &[Pair]) -> bool {
    (1..=1600).contains(&pairs.len()) && pairs.iter().all(|(key, ..)| (1..=63).contains(&key.len()))
}

impl Printer {
    /// The pairs as columns under their keys.
    pub(super) fn json_columns(&mut self, pairs: &[Pair]) {
        self.each(pairs, ", ", |p, (key, scalar, cell)| {
            p.json_value(scalar, *cell);
            p.put(" AS ");
            quote_key_into(key, &mut p.out);
        });
    }

    pub(super) fn json_object(&mut self, pairs: &[Pair]) {
        let foldless = pairs.iter().all(|(_, scalar, _)| !scalar.aggregates());
        if self.dialect == Dialect::Postgres && fits_row(pairs) && foldless {
            let row = self.alias();
            self.put("(SELECT row_to_json(");
            self.ident(&row);
            self.put(") FROM (SELECT ");
            self.json_columns(pairs);
            self.put(") AS ");
            self.ident(&row);
            self.put(")");
            return;
        }
        self.put("(");
        if pairs.is_empty() {
            self.put("'{}'");
        }
        let mut before = "{".to_owned();
        for (key, scalar, cell) in pairs {
            before.push_str(&serde_json::Value::from(key.as_str()).to_string());
            before.push(':');
            self.quoted(&before);
            self.put(" || ");
            self.json_text(scalar, *cell);
            self.put(" || ");
            ",".clone_into(&mut before);
        }
        if !pairs.is_empty() {
            self.put("'}'");
        }
        self.put(if self.dialect == Dialect::Postgres { ")::json" } else { ")" });
    }

    pub(super) fn json_array(&mut self, query: &Query) {
        let alias = self.alias();
        match (self.dialect, query.columns.as_slice()) {
            (Dialect::Postgres, [(Scalar::JsonObject(pairs), _)]) if fits_row(pairs) => {
                self.put("(SELECT coalesce(json_agg(row_to_json(");
                self.ident(&alias);
                self.put(")), '[]'::json) FROM (");
                self.rows(query, pairs);
            }
            (Dialect::Postgres, _) => {
                self.put("(SELECT coalesce(json_agg(");
                self.first_column(&alias, query);
                self.put("), '[]'::json) FROM (");
                self.query(query);
            }
            (Dialect::Sqlite, _) => {
                // The order is the fenced subselect's: without the LIMIT it could be flattened into the aggregate and lost.
                self.put("(SELECT '[' || coalesce(group_concat(");
                self.first_column(&alias, query);
                self.put(", ','), '') || ']' FROM (");
                self.query(query);
                if query.limit.is_none() && query.offset.is_none() {
                    self.put(" LIMIT -1 OFFSET 0");
                }
            }
        }
        self.put(") AS ");
        self.ident(&alias);
        self.put(")");
    }

    fn first_column(&mut self, alias: &crate::Ident, query: &Query) {
        self.ident(alias);
        self.put(".");
        match query.columns.first() {
            Some((_, column)) => self.ident(column),
            None => self.put("\"?column?\""),
        }
    }

    /// A value of which PostgreSQL's `to_json` makes what we want.
    fn json_value(&mut self, x: &Scalar, cell: CellType) {
        let encoding = match cell {
            CellType::Raw => return self.scalar(x),
            CellType::BigInt => return self.once(&[x], "($0)::text"),
            CellType::Plain(encoding) => encoding,
        };
        match encoding {
            Encoding::Decimal(_) => self.once(&[x], "trim_scale($0)::text"),
            Encoding::Time => self.once(&[x], POSTGRES_TIME),
            Encoding::DateTime => self.once(&[x], POSTGRES_INSTANT),
            Encoding::Duration => self.computed(&[x], &duration_text(Dialect::Postgres)),
            // Days are written as ISO has them, whatever the session's style.
            Encoding::Date
            | Encoding::Text
            | Encoding::Bool
            | Encoding::Int
            | Encoding::Float
            | Encoding::Id
            | Encoding::Json
            | Encoding::TextList => self.scalar(x),
        }
    }

    /// JSON text, `null` for NULL.
    fn json_text(&mut self, x: &Scalar, cell: CellType) {
        if self.dialect == Dialect::Postgres {
            self.put("coalesce(to_json(");
            self.json_value(x, cell);
            self.put(")::text, 'null')");
            return;
        }
        let encoding = match cell {
            CellType::Raw => return self.once(&[x], "coalesce($0, 'null')"),
            CellType::BigInt => return self.once(&[x], "coalesce('\"' || CAST($0 AS TEXT) || '\"', 'null')"),
            CellType::Plain(encoding) => encoding,
        };
        match encoding {
            Encoding::Bool => {
                self.once(&[x], "CASE $0 WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END");
            }
            Encoding::Decimal(scale) => {
                self.put("coalesce('\"' || ");
                self.computed(&[x], &sqlite_decimal_text(scale));
                self.put(" || '\"', 'null')");
            }
            Encoding::Duration => {
                self.put("coalesce('\"' || ");
                self.computed(&[x], &duration_text(Dialect::Sqlite));
                self.put(" || '\"', 'null')");
            }
            Encoding::Json | Encoding::TextList => self.once(&[x], "coalesce($0, 'null')"),
            Encoding::Float => {
                self.put("coalesce(");
                self.computed(&[x], SQLITE_FLOAT);
                self.put(", 'null')");
            }
            Encoding::Text
            | Encoding::Int
            | Encoding::Date
            | Encoding::Time
            | Encoding::DateTime
            | Encoding::Id => {
                self.once(&[x], "json_quote($0)");
            }
        }
    }
}
