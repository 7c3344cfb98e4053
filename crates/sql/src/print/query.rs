//! `SELECT`.

use super::Printer;
use crate::{Dialect, From, Hole, Join, JoinKind, Lock, Order, Param, Query, Relation, Scalar, Source};

impl Printer {
    pub(super) fn query(&mut self, query: &Query) {
        if let (Dialect::Postgres, [(Scalar::JsonObject(pairs), alias)]) =
            (self.dialect, query.columns.as_slice())
            && super::json::fits_row(pairs)
        {
            // `row_to_json` over an aliased subselect: the cheapest way to JSON that PostgreSQL has.
            let row = self.alias();
            self.put("SELECT row_to_json(");
            self.ident(&row);
            self.put(") AS ");
            self.ident(alias);
            self.put(" FROM (");
            self.rows(query, pairs);
            self.put(") AS ");
            self.ident(&row);
            return;
        }
        self.select(query, true, |p| {
            p.each(&query.columns, ", ", |p, (scalar, alias)| {
                p.scalar(scalar);
                p.put(" AS ");
                p.ident(alias);
            });
            if query.columns.is_empty() {
                p.put("1");
            }
        });
    }

    /// The query with the pairs of its one JSON object as columns.
    pub(super) fn rows(&mut self, query: &Query, pairs: &[(String, Scalar, crate::CellType)]) {
        self.select(query, false, |p| p.json_columns(pairs));
    }

    /// `own_columns` says that the columns printed are those of the query, so that groups and orders may name them by number.
    fn select(&mut self, query: &Query, own_columns: bool, columns: impl FnOnce(&mut Self)) {
        if !query.with.is_empty() {
            self.put("WITH ");
            self.each(&query.with, ", ", |p, (name, query)| {
                p.ident(name);
                p.put(" AS (");
                p.query(query);
                p.put(")");
            });
            self.put(" ");
        }
        self.put("SELECT ");
        columns(self);
        if let Some(from) = &query.from {
            self.put(" FROM ");
            self.from(from);
        }
        for join in &query.joins {
            self.join(join);
        }
        if let Some(filter) = &query.filter {
            self.put(" WHERE ");
            self.scalar(filter);
        }
        if !query.group.is_empty() {
            self.put(" GROUP BY ");
            // By number: an expression printed twice need not be the same twice (aliases), and then would not be the group's.
            let numbered = if own_columns { query.columns.as_slice() } else { &[] };
            self.each(&query.group, ", ", |p, key| p.numbered(key, numbered));
        }
        if let Some(having) = &query.having {
            self.put(" HAVING ");
            self.scalar(having);
        }
        if !query.order.is_empty() {
            self.put(" ORDER BY ");
            let numbered =
                if own_columns && !query.group.is_empty() { query.columns.as_slice() } else { &[] };
            self.order_by(&query.order, numbered);
        }
        self.page(query);
    }

    /// The number of the column that is the same expression, else the expression.
    fn numbered(&mut self, scalar: &Scalar, columns: &[(Scalar, crate::Ident)]) {
        match columns.iter().position(|(column, _)| column == scalar) {
            Some(place) => self.put(&(place + 1).to_string()),
            None => self.scalar(scalar),
        }
    }

    fn page(&mut self, query: &Query) {
        if let Some(limit) = &query.limit {
            self.put(" LIMIT ");
            match (limit, self.dialect) {
                (Scalar::Param(Param { source: Source::Slot(slot), .. }), Dialect::Postgres)
                    if !self.literal =>
                {
                    self.hole(Hole::Number(*slot));
                }
                _ => self.scalar(limit),
            }
        } else if query.offset.is_some() && self.dialect == Dialect::Sqlite {
            self.put(" LIMIT -1");
        }
        if let Some(offset) = &query.offset {
            self.put(" OFFSET ");
            self.scalar(offset);
        }
        if let (Some(lock), Dialect::Postgres) = (query.lock, self.dialect) {
            self.put(match lock {
                Lock::KeyShare => " FOR KEY SHARE",
                Lock::Change | Lock::Free => " FOR NO KEY UPDATE",
                Lock::Removal => " FOR UPDATE",
            });
            if let (Some(from), false) = (&query.from, query.joins.is_empty()) {
                self.put(" OF ");
                self.ident(&from.alias);
            }
            if lock == Lock::Free {
                self.put(" SKIP LOCKED");
            }
        }
    }

    fn from(&mut self, from: &From) {
        match &from.source {
            Relation::Table(table) => self.table(table),
            Relation::Cte(name) => self.ident(name),
            Relation::Query(query) => {
                self.put("(");
                self.query(query);
                self.put(")");
            }
            Relation::Rows(columns) => {
                self.put("(");
                self.rows_of(columns);
                self.put(")");
            }
            Relation::Union(queries) => {
                // Each as a subselect, because SQLite knows no parentheses round the members of a union.
                self.put("(");
                self.each(queries, " UNION ALL ", |p, query| {
                    let alias = p.alias();
                    p.put("SELECT * FROM (");
                    p.query(query);
                    p.put(") AS ");
                    p.ident(&alias);
                });
                self.put(")");
            }
        }
        self.put(" AS ");
        self.ident(&from.alias);
    }

    fn join(&mut self, join: &Join) {
        self.put(match (join.kind, self.dialect) {
            (JoinKind::Inner, _) => " JOIN ",
            (JoinKind::Left, _) | (JoinKind::LeftLateral, Dialect::Sqlite) => " LEFT JOIN ",
            (JoinKind::LeftLateral, Dialect::Postgres) => " LEFT JOIN LATERAL ",
        });
        self.from(&join.from);
        self.put(" ON ");
        match &join.on {
            Some(on) => self.scalar(on),
            None => self.put("TRUE"),
        }
    }

    pub(super) fn order(&mut self, order: &[Order]) {
        self.order_by(order, &[]);
    }

    fn order_by(&mut self, order: &[Order], numbered: &[(Scalar, crate::Ident)]) {
        self.each(order, ", ", |p, key| {
            p.numbered(&key.by, numbered);
            p.put(if key.descending { " DESC" } else { " ASC" });
            // Only where it is not the default, so that plain indexes serve.
            let default_first = match p.dialect {
                Dialect::Postgres => key.descending,
                Dialect::Sqlite => !key.descending,
            };
            match (key.nulls_first, default_first) {
                (true, false) => p.put(" NULLS FIRST"),
                (false, true) => p.put(" NULLS LAST"),
                (true, true) | (false, false) => {}
            }
        });
    }
}
