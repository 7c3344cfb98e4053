//! The two printers. Deterministic: parameters are numbered in the order in which they are first printed, and equal ones share a number.
//!
//! Aliases that begin with `_` belong to the printers.

mod arithmetic;
mod convert;
mod ddl;
mod fold;
mod function;
mod json;
mod list;
mod literal;
mod query;
mod scalar;
mod time;
mod types;
mod write;

use crate::{Ddl, Dialect, Hole, Ident, Param, Query, Scalar, Statement, Write};

/// Prints a query.
pub fn print_query(query: &Query, dialect: Dialect) -> Statement {
    let mut printer = Printer::new(dialect);
    printer.query(query);
    printer.finish()
}

/// Prints a write; one statement on PostgreSQL, several for [`Write::Together`] on SQLite, to be run in one transaction.
pub fn print_write(write: &Write, dialect: Dialect) -> Vec<Statement> {
    write::print(write, dialect)
}

/// Prints a definition. Constants become literals, for definitions take no parameters.
pub fn print_ddl(ddl: &Ddl, dialect: Dialect) -> Vec<Statement> {
    ddl::print(ddl, dialect)
}

/// What is being printed.
pub(crate) struct Printer {
    dialect: Dialect,
    chunks: Vec<String>,
    holes: Vec<Hole>,
    out: String,
    params: Vec<Param>,
    /// Whether parameters are printed as literals.
    literal: bool,
    /// Alias whose columns are printed bare: SQLite's `RETURNING` does not know it.
    hidden_alias: Option<Ident>,
    /// Table that bare columns are qualified with: in `ON CONFLICT` they would be ambiguous.
    bare_table: Option<Ident>,
    /// The common table expression of the write before this one.
    previous: Option<Ident>,
    aliases: u32,
}

impl Printer {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            chunks: Vec::new(),
            holes: Vec::new(),
            out: String::with_capacity(512),
            params: Vec::new(),
            literal: false,
            hidden_alias: None,
            bare_table: None,
            previous: None,
            aliases: 0,
        }
    }

    fn finish(mut self) -> Statement {
        self.chunks.push(self.out);
        Statement { chunks: self.chunks.into(), holes: self.holes.into(), params: self.params.into() }
    }

    /// Appends text of our own.
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn ident(&mut self, ident: &Ident) {
        ident.quote_into(&mut self.out);
    }

    /// A table of the tenant: a hole for its schema, then the name.
    fn table(&mut self, table: &Ident) {
        self.hole(Hole::Schema);
        self.ident(table);
    }

    fn hole(&mut self, hole: Hole) {
        self.chunks.push(std::mem::take(&mut self.out));
        self.holes.push(hole);
    }

    /// A fresh alias of the printer's.
    fn alias(&mut self) -> Ident {
        self.aliases += 1;
        Ident::made(&format!("_{}", self.aliases))
    }

    /// Prints the items with a separator between them.
    fn each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut print: impl FnMut(&mut Self, T),
    ) {
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.put(separator);
            }
            print(self, item);
        }
    }

    /// Prints a computation that mentions an operand more than once. An operand that is more than a name is computed once in a fenced
    /// subselect, so that nesting never multiplies the text.
    fn binding(&mut self, operands: &[&Scalar], print: impl FnOnce(&mut Self, &[Bound])) {
        // Aggregates cannot stand in a subselect of their own query, subselects not in an index.
        let inline = self.literal || operands.iter().any(|operand| operand.aggregates());
        if inline || operands.iter().all(|operand| is_name(operand)) {
            let bound: Vec<Bound> =
                operands.iter().map(|operand| Bound::Scalar((*operand).clone())).collect();
            self.put("(");
            print(self, &bound);
            self.put(")");
            return;
        }
        let alias = self.alias();
        let bound: Vec<Bound> =
            (0..operands.len()).map(|place| Bound::Column(alias.clone(), place)).collect();
        self.put("(SELECT ");
        print(self, &bound);
        self.put(" FROM (SELECT ");
        self.each(operands.iter().enumerate(), ", ", |p, (place, operand)| {
            p.scalar(operand);
            p.put(&format!(" AS \"v{place}\""));
        });
        // Without the fence both databases would substitute the operand's text at each mention.
        self.put(match self.dialect {
            Dialect::Postgres => " OFFSET 0) AS ",
            Dialect::Sqlite => " LIMIT 1 OFFSET 0) AS ",
        });
        self.ident(&alias);
        self.put(")");
    }

    fn bound(&mut self, bound: &Bound) {
        match bound {
            Bound::Scalar(scalar) => self.scalar(scalar),
            Bound::Column(alias, place) => {
                self.ident(alias);
                self.put(&format!(".\"v{place}\""));
            }
        }
    }

    /// Prints a template in which `$0`, `$1` … stand for the operands.
    fn template(&mut self, template: &str, operands: &[Bound]) {
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            self.put(before);
            let digit = after[1..].chars().next().and_then(|c| c.to_digit(10));
            if let Some(operand) = digit.and_then(|digit| operands.get(digit as usize)) {
                self.bound(operand);
                rest = &after[2..];
            } else {
                self.put("$");
                rest = &after[1..];
            }
        }
        self.put(rest);
    }

    /// [`Printer::binding`] with a template.
    fn computed(&mut self, operands: &[&Scalar], template: &str) {
        self.binding(operands, |p, bound| p.template(template, bound));
    }

    /// A template each of whose operands is mentioned once, so that nothing needs to be bound.
    fn once(&mut self, operands: &[&Scalar], template: &str) {
        let bound: Vec<Bound> = operands.iter().map(|operand| Bound::Scalar((*operand).clone())).collect();
        self.template(template, &bound);
    }
}

/// An operand that may be mentioned several times.
enum Bound {
    Scalar(Scalar),
    Column(Ident, usize),
}

/// Whether repeating it costs nothing.
fn is_name(scalar: &Scalar) -> bool {
    matches!(
        scalar,
        Scalar::Column(..)
            | Scalar::Bare(_)
            | Scalar::Excluded(_)
            | Scalar::Param(_)
            | Scalar::Null(_)
            | Scalar::Bool(_)
            | Scalar::Int(_)
            | Scalar::Text(_)
    )
}
