//! Tables, columns and indexes.

use super::Printer;
use super::types::column_type;
use crate::{ColumnDef, Ddl, Dialect, Ident, Scalar, Statement};

pub(super) fn print(ddl: &Ddl, dialect: Dialect) -> Vec<Statement> {
    let mut printer = Printer::new(dialect);
    printer.literal = true;
    match ddl {
        Ddl::CreateTable { table, columns, primary_key } => printer.create_table(table, columns, primary_key),
        Ddl::AddColumn { table, column } => {
            printer.put("ALTER TABLE ");
            printer.table(table);
            printer.put(" ADD COLUMN ");
            printer.column_def(column);
        }
        Ddl::DropColumn { table, column } => {
            printer.put("ALTER TABLE ");
            printer.table(table);
            printer.put(" DROP COLUMN ");
            printer.ident(column);
        }
        Ddl::DropTable { table } => {
            printer.put("DROP TABLE ");
            printer.table(table);
        }
        Ddl::CreateIndex { name, table, parts, unique, condition, concurrently } => {
            printer.put(if *unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
            if *concurrently && dialect == Dialect::Postgres {
                printer.put("CONCURRENTLY ");
            }
            printer.create_index(name, table, parts, condition.as_ref());
        }
        Ddl::DropIndex { name, concurrently } => {
            printer.put("DROP INDEX ");
            if *concurrently && dialect == Dialect::Postgres {
                printer.put("CONCURRENTLY ");
            }
            printer.put("IF EXISTS ");
            printer.table(name);
        }
    }
    vec![printer.finish()]
}

impl Printer {
    fn create_table(&mut self, table: &Ident, columns: &[ColumnDef], primary_key: &[Ident]) {
        self.put("CREATE TABLE ");
        self.table(table);
        self.put(" (");
        self.each(columns, ", ", super::Printer::column_def);
        if !primary_key.is_empty() {
            self.put(", PRIMARY KEY (");
            self.each(primary_key, ", ", super::Printer::ident);
            self.put(")");
        }
        self.put(")");
    }

    fn column_def(&mut self, column: &ColumnDef) {
        self.ident(&column.name);
        self.put(" ");
        self.put(column_type(column.encoding, self.dialect));
        if column.not_null {
            self.put(" NOT NULL");
        }
    }

    fn create_index(
        &mut self,
        name: &Ident,
        table: &Ident,
        parts: &[(Scalar, bool)],
        condition: Option<&Scalar>,
    ) {
        self.ident(name);
        self.put(" ON ");
        self.table(table);
        self.put(" (");
        self.each(parts, ", ", |p, (part, descending)| {
            if matches!(part, Scalar::Bare(_)) {
                p.scalar(part);
            } else {
                p.put("(");
                p.scalar(part);
                p.put(")");
            }
            p.put(if *descending { " DESC" } else { "" });
        });
        self.put(")");
        if let Some(condition) = condition {
            self.put(" WHERE ");
            self.scalar(condition);
        }
    }
}
