//! `SELECT`.

use super::Printer;
use crate::{Dialect, From, Join, JoinKind, Order, Query, Relation, Scalar};

impl Printer {
    pub(super) fn query(&mut self, query: &Query) {
        if let (Dialect::Postgres, [(Scalar::JsonObject(pairs), alias)]) = (self.dialect, query.columns.as_slice())
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
        self.select(query, |p| {
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
        self.select(query, |p| p.json_columns(pairs));
    }

    fn select(&mut self, query: &Query, columns: impl FnOnce(&mut Self)) {
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
            self.each(&query.group, ", ", |p, key| p.scalar(key));
        }
        if let Some(having) = &query.having {
            self.put(" HAVING ");
            self.scalar(having);
        }
        if !query.order.is_empty() {
            self.put(" ORDER BY ");
            self.order(&query.order);
        }
        self.page(query);
    }

    fn page(&mut self, query: &Query) {
        if let Some(limit) = &query.limit {
            self.put(" LIMIT ");
            self.scalar(limit);
        } else if query.offset.is_some() && self.dialect == Dialect::Sqlite {
            self.put(" LIMIT -1");
        }
        if let Some(offset) = &query.offset {
            self.put(" OFFSET ");
            self.scalar(offset);
        }
        if query.lock && self.dialect == Dialect::Postgres {
            self.put(" FOR UPDATE");
            if let (Some(from), false) = (&query.from, query.joins.is_empty()) {
                self.put(" OF ");
                self.ident(&from.alias);
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
        self.each(order, ", ", |p, key| {
            p.scalar(&key.by);
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
