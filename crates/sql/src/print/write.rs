//! `INSERT`, `UPDATE`, `DELETE`, and several of them together.

use super::Printer;
use super::types::value_type;
use crate::{
    Conflict, Delete, Dialect, Encoding, Ident, Insert, Param, Rows, Scalar, Source, Statement, Update, Write,
};

pub(super) fn print(write: &Write, dialect: Dialect) -> Vec<Statement> {
    let mut parts = Vec::new();
    flatten(write, &mut parts);
    match dialect {
        Dialect::Sqlite => parts
            .into_iter()
            .map(|part| {
                let mut printer = Printer::new(dialect);
                printer.write(part);
                printer.finish()
            })
            .collect(),
        Dialect::Postgres => {
            let mut printer = Printer::new(dialect);
            printer.together(&parts);
            vec![printer.finish()]
        }
    }
}

fn flatten<'a>(write: &'a Write, parts: &mut Vec<&'a Write>) {
    match write {
        Write::Together(writes) => writes.iter().for_each(|write| flatten(write, parts)),
        Write::Insert(_) | Write::Update(_) | Write::Delete(_) => parts.push(write),
    }
}

fn returns(write: &Write) -> bool {
    match write {
        Write::Insert(insert) => !insert.returning.is_empty(),
        Write::Update(update) => !update.returning.is_empty(),
        Write::Delete(_) | Write::Together(_) => false,
    }
}

impl Printer {
    /// All but one write become common table expressions; the rows are those of the one that returns any.
    fn together(&mut self, parts: &[&Write]) {
        if let [one] = parts {
            return self.write(one);
        }
        if parts.is_empty() {
            return self.put("SELECT 1 WHERE FALSE");
        }
        let mut shown = None;
        self.put("WITH ");
        for (place, part) in parts.iter().enumerate() {
            let name = Ident::made(&format!("_w{}", place + 1));
            self.put(if place > 0 { ", " } else { "" });
            self.ident(&name);
            self.put(" AS (");
            self.write(part);
            if returns(part) {
                shown.get_or_insert_with(|| name.clone());
            } else {
                self.put(" RETURNING 1 AS \"_\"");
            }
            self.put(")");
            self.previous = Some(name);
        }
        match shown {
            Some(name) => {
                self.put(" SELECT * FROM ");
                self.ident(&name);
            }
            None => self.put(" SELECT 1 WHERE FALSE"),
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Insert(insert) => self.insert(insert),
            Write::Update(update) => self.update(update),
            Write::Delete(delete) => self.delete(delete),
            Write::Together(writes) => writes.iter().for_each(|write| self.write(write)),
        }
    }

    fn insert(&mut self, insert: &Insert) {
        self.put("INSERT INTO ");
        self.table(&insert.table);
        self.put(" (");
        self.each(&insert.columns, ", ", super::Printer::ident);
        self.put(") ");
        match &insert.rows {
            Rows::Values(rows) => {
                self.put("VALUES ");
                self.each(rows, ", ", |p, row| {
                    p.put("(");
                    p.each(row, ", ", super::Printer::scalar);
                    p.put(")");
                });
            }
            Rows::Unnest(lists) => self.unnest(lists, &[]),
            Rows::Query(query) => {
                // SQLite takes `ON CONFLICT` for a join's `ON` unless a WHERE stands between.
                if self.dialect == Dialect::Sqlite && insert.conflict.is_some() {
                    self.put("SELECT * FROM (");
                    self.query(query);
                    self.put(") WHERE TRUE");
                } else {
                    self.query(query);
                }
            }
        }
        if let Some(conflict) = &insert.conflict {
            self.conflict(&insert.table, conflict);
        }
        self.returning(&insert.returning, None);
    }

    /// The rows of list parameters with names for their columns.
    pub(super) fn rows_of(&mut self, columns: &[(Param, Ident)]) {
        let (lists, names): (Vec<Param>, Vec<Ident>) = columns.iter().cloned().unzip();
        self.unnest(&lists, &names);
    }

    fn named(&mut self, name: Option<&Ident>) {
        if let Some(name) = name {
            self.put(" AS ");
            self.ident(name);
        }
    }

    fn unnest(&mut self, lists: &[Param], names: &[Ident]) {
        match self.dialect {
            Dialect::Postgres => {
                self.put("SELECT ");
                self.each(lists.iter().enumerate(), ", ", |p, (place, list)| {
                    let column = format!("\"_u\".\"c{place}\"");
                    if list.encoding == Encoding::TextList {
                        p.put(&format!(
                            "CASE WHEN {column} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text({column}::jsonb)) END"
                        ));
                    } else {
                        p.put(&column);
                    }
                    p.named(names.get(place));
                });
                self.put(" FROM unnest(");
                self.each(lists, ", ", |p, list| {
                    let number = p.param_number(list);
                    let of =
                        if list.encoding == Encoding::TextList { "text" } else { value_type(list.encoding) };
                    p.put(&format!("${number}::{of}[]"));
                });
                self.put(") AS \"_u\"(");
                self.each(0..lists.len(), ", ", |p, place| p.put(&format!("\"c{place}\"")));
                self.put(")");
            }
            Dialect::Sqlite => {
                let zip = Param { source: Source::Zip(lists.into()), encoding: Encoding::Json, list: false };
                let number = self.param_number(&zip);
                self.put("SELECT ");
                self.each(0..lists.len(), ", ", |p, place| {
                    p.put(&format!("\"value\" ->> {place}"));
                    p.named(names.get(place));
                });
                self.put(&format!(" FROM json_each(?{number}) WHERE TRUE"));
            }
        }
    }

    fn conflict(&mut self, table: &Ident, conflict: &Conflict) {
        self.put(" ON CONFLICT ");
        if !conflict.columns.is_empty() {
            self.put("(");
            self.each(&conflict.columns, ", ", super::Printer::ident);
            self.put(") ");
        }
        if conflict.set.is_empty() {
            return self.put("DO NOTHING");
        }
        self.put("DO UPDATE SET ");
        self.bare_table = Some(table.clone());
        self.assignments(&conflict.set);
        self.bare_table = None;
    }

    fn assignments(&mut self, set: &[(Ident, Scalar)]) {
        self.each(set, ", ", |p, (column, scalar)| {
            p.ident(column);
            p.put(" = ");
            p.scalar(scalar);
        });
    }

    fn update(&mut self, update: &Update) {
        self.put("UPDATE ");
        self.table(&update.table);
        self.put(" AS ");
        self.ident(&update.alias);
        self.put(" SET ");
        self.assignments(&update.set);
        self.put(" WHERE ");
        self.scalar(&update.filter);
        self.returning(&update.returning, Some(&update.alias));
    }

    fn delete(&mut self, delete: &Delete) {
        self.put("DELETE FROM ");
        self.table(&delete.table);
        self.put(" AS ");
        self.ident(&delete.alias);
        self.put(" WHERE ");
        self.scalar(&delete.filter);
    }

    fn returning(&mut self, returning: &[(Scalar, Ident)], alias: Option<&Ident>) {
        if returning.is_empty() {
            return;
        }
        if self.dialect == Dialect::Sqlite {
            self.hidden_alias = alias.cloned();
        }
        self.put(" RETURNING ");
        self.each(returning, ", ", |p, (scalar, name)| {
            p.scalar(scalar);
            p.put(" AS ");
            p.ident(name);
        });
        self.hidden_alias = None;
    }
}
