//! What lowering carries along: the catalog, slots, aliases, and the ways from one table to the next.

use std::sync::Arc;

use expr::{Encoding, Expr, Slot, Value};
use metadata::catalog::{Action, Catalog, Field, FieldType, Object};
use metadata::layout::{Role, Table};
use sql::{Compare, Dialect, From, Ident, Join, JoinKind, Param, Query, Relation, Scalar, Source};

use super::LowerError;
use super::log::{self, Past};
use crate::access::{Access, Rows as Granted};
use crate::request::{Deleted, Keyed, MovePart};
use crate::slots::{Derived, Slots, Transform};

/// One statement being made.
pub(super) struct Cx<'a> {
    pub catalog: &'a Catalog,
    pub dialect: Dialect,
    pub slots: Slots,
    /// Whose rights decide which rows take part; `None` where the platform itself asks (rules, backfills, scopes).
    pub access: Option<&'a Access>,
    /// Whether the id at the end of a lookup is the pointer itself, whatever became of the record: so it is in scopes.
    pub pointers: bool,
    /// Whether nested JSON may hold the mark of a sum over several currencies.
    pub marked: bool,
    /// What is selected of the moves of records: [`crate::holes::Holes::selections`].
    pub moves: Vec<Vec<Keyed<MovePart>>>,
    aliases: u32,
    depth: u32,
}

/// The row of a table that an expression is about.
#[derive(Clone)]
pub(super) struct Place {
    pub alias: Ident,
    pub object: Arc<Object>,
    /// That the caller may see the row, where that is not certain of every row.
    pub scope: Option<Arc<Scalar>>,
    /// Where its lifecycle is looked at as it was at some instant.
    pub past: Option<Past>,
}

/// Where joins of to-one relations go.
pub(super) struct Frame {
    /// The joins made so far.
    pub joins: Vec<Join>,
    /// Which hop each of them is: from which alias, by which field, to which object.
    hops: Vec<(Ident, Arc<str>, Place)>,
    /// Whether joins may be added; else hops become correlated subqueries.
    pub open: bool,
}

/// A scalar and how its value is written.
#[derive(Clone)]
pub(super) struct Typed {
    pub scalar: Scalar,
    pub encoding: Encoding,
}

/// A table with what must hold of its rows: the beginning of a query.
pub(super) struct Rows {
    pub from: From,
    pub frame: Frame,
    pub filter: Vec<Scalar>,
    pub place: Place,
}

impl Frame {
    /// One to which joins may be added.
    pub fn open() -> Self {
        Self { joins: Vec::new(), hops: Vec::new(), open: true }
    }

    /// One that stays within the row at hand.
    pub fn closed() -> Self {
        Self { joins: Vec::new(), hops: Vec::new(), open: false }
    }
}

impl Rows {
    /// The query over these rows.
    pub fn query(self, columns: Vec<(Scalar, Ident)>) -> Query {
        Query {
            columns,
            from: Some(self.from),
            joins: self.frame.joins,
            filter: conjunction(self.filter),
            ..Query::default()
        }
    }
}

/// All of them, or nothing to ask.
pub(super) fn conjunction(mut all: Vec<Scalar>) -> Option<Scalar> {
    match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(Scalar::And(all)),
    }
}

/// `a = b`
pub(super) fn equal(a: Scalar, b: Scalar) -> Scalar {
    Scalar::Compare(Compare::Equal, Box::new(a), Box::new(b))
}

/// How deep formulas and roll-ups may refer to each other. Resolution has refused cycles; this guards the stack.
const DEEPEST: u32 = 40;

impl<'a> Cx<'a> {
    pub fn new(catalog: &'a Catalog, dialect: Dialect, slots: Slots, access: Option<&'a Access>) -> Self {
        Self {
            catalog,
            dialect,
            slots,
            access,
            pointers: false,
            marked: false,
            moves: Vec::new(),
            aliases: 0,
            depth: 0,
        }
    }

    /// Runs a step one level deeper into formulas.
    pub fn deeper<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, LowerError>,
    ) -> Result<T, LowerError> {
        if self.depth >= DEEPEST {
            return Err(LowerError::TooDeep(DEEPEST));
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    /// The next alias: `t0`, `t1` …
    pub fn alias(&mut self, prefix: char) -> Ident {
        let alias = Ident::made(&format!("{prefix}{}", self.aliases));
        self.aliases += 1;
        alias
    }

    pub fn object(&self, name: &str) -> Result<Arc<Object>, LowerError> {
        self.catalog.object(name).cloned().ok_or_else(|| unknown(name, "object"))
    }

    pub fn table(&self, object: &str) -> Result<&'a Table, LowerError> {
        self.catalog.layout.tables.get(object).ok_or_else(|| unknown(object, "table"))
    }

    pub fn field(place: &Place, name: &str) -> Result<Arc<Field>, LowerError> {
        place.object.field(name).cloned().ok_or_else(|| unknown(&place.object.name, name))
    }

    /// A stored column of the row, if the field has one in that role.
    pub fn stored(&self, place: &Place, field: &str, role: &Role) -> Result<Option<Typed>, LowerError> {
        if let (Some((scalar, encoding)), Role::Value) =
            (place.past.as_ref().and_then(|past| past.field(field)), role)
        {
            return Ok(Some(Typed { scalar, encoding }));
        }
        let table = match log::table_of(&place.object) {
            Some(table) => table,
            None => self.table(&place.object.name)?,
        };
        let Some(column) = table.column(field, role) else { return Ok(None) };
        let name = Ident::new(&column.name).map_err(|_| unknown(&place.object.name, &column.name))?;
        Ok(Some(Typed { scalar: Scalar::Column(place.alias.clone(), name), encoding: column.encoding }))
    }

    /// A stored column of the row that must be there.
    pub fn column(&self, place: &Place, field: &str, role: &Role) -> Result<Typed, LowerError> {
        self.stored(place, field, role)?.ok_or_else(|| unknown(&place.object.name, field))
    }

    /// The id of the row.
    pub fn id(&self, place: &Place) -> Result<Scalar, LowerError> {
        Ok(self.column(place, "id", &Role::Value)?.scalar)
    }

    /// What must hold of any row of the table: it is not deleted (or is, as asked), and the caller may see it.
    fn visible(&mut self, place: &mut Place, deleted: Deleted) -> Result<Vec<Scalar>, LowerError> {
        let mut all = Vec::new();
        if let Some(deleted_at) = self.stored(place, "deletedAt", &Role::Value)? {
            let alive = Scalar::IsNull(Box::new(deleted_at.scalar));
            match deleted {
                Deleted::Without => all.push(alive),
                Deleted::Only => all.push(Scalar::Not(Box::new(alive))),
                Deleted::With => {}
            }
        }
        if let Some(access) = self.access {
            let granted = self.granted(place, access.rows(&place.object.name, Action::Read))?;
            place.scope = granted.clone().map(Arc::new);
            all.extend(granted);
        }
        Ok(all)
    }

    /// That an act is granted on the row; `None` where it is on every row.
    pub fn granted(&mut self, place: &Place, rows: &Granted) -> Result<Option<Scalar>, LowerError> {
        match rows {
            Granted::All => Ok(None),
            Granted::None => Ok(Some(Scalar::Bool(false))),
            Granted::Where(condition) => self.scope(place, condition).map(Some),
        }
    }

    /// The condition of a scope: the platform asks it, over all records.
    pub fn scope(&mut self, place: &Place, condition: &Expr) -> Result<Scalar, LowerError> {
        let pointers = std::mem::replace(&mut self.pointers, true);
        let scope = self.unscoped(|cx| cx.truth(&mut Frame::closed(), place, condition));
        self.pointers = pointers;
        scope
    }

    /// Runs a step for which rights are not asked.
    pub fn unscoped<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, LowerError>,
    ) -> Result<T, LowerError> {
        let access = self.access.take();
        let result = step(self);
        self.access = access;
        result
    }

    fn place(&mut self, object: &str) -> Result<(From, Place), LowerError> {
        let table = self.table(object)?;
        let name = Ident::new(&table.name).map_err(|_| unknown(object, &table.name))?;
        let alias = self.alias('t');
        let place = Place { alias: alias.clone(), object: self.object(object)?, scope: None, past: None };
        Ok((From { source: Relation::Table(name), alias }, place))
    }

    /// The rows of an object.
    pub fn rows(&mut self, object: &str, deleted: Deleted) -> Result<Rows, LowerError> {
        let (from, mut place) = self.place(object)?;
        let filter = self.visible(&mut place, deleted)?;
        Ok(Rows { from, frame: Frame::open(), filter, place })
    }

    /// The record that a lookup, or a polymorphic field towards `target`, points at: a shared `LEFT JOIN` whose columns are null when there is
    /// none that may be seen.
    pub fn hop(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        field: &Field,
        target: &str,
    ) -> Result<Place, LowerError> {
        let step: Arc<str> = Arc::from(format!("{}/{target}", field.name));
        if let Some((_, _, there)) =
            frame.hops.iter().find(|(from, by, _)| *from == place.alias && *by == step)
        {
            return Ok(there.clone());
        }
        let (from, mut there) = self.place(target)?;
        let on = self.points_at(place, field, &mut there)?;
        frame.joins.push(Join { kind: JoinKind::Left, from, on: conjunction(on) });
        frame.hops.push((place.alias.clone(), step, there.clone()));
        Ok(there)
    }

    /// The same record as the beginning of a subquery.
    pub fn hop_rows(&mut self, place: &Place, field: &Field, target: &str) -> Result<Rows, LowerError> {
        let (from, mut there) = self.place(target)?;
        let filter = self.points_at(place, field, &mut there)?;
        Ok(Rows { from, frame: Frame::open(), filter, place: there })
    }

    fn points_at(
        &mut self,
        place: &Place,
        field: &Field,
        there: &mut Place,
    ) -> Result<Vec<Scalar>, LowerError> {
        let pointer = self.column(place, &field.name, &Role::Value)?;
        let mut on = vec![equal(self.id(there)?, pointer.scalar)];
        if matches!(field.ty, FieldType::Polymorphic { .. }) {
            let object = self.column(place, &field.name, &Role::Object)?;
            on.push(equal(object.scalar, Scalar::Text(there.object.name.to_string())));
        }
        on.extend(self.visible(there, Deleted::Without)?);
        Ok(on)
    }

    /// A value of the request, changed on its way where that is asked.
    pub fn slot(
        &mut self,
        slot: Slot,
        transform: Option<Transform>,
        encoding: Encoding,
        list: bool,
    ) -> Param {
        let slot = transform.map_or(slot, |transform| self.slots.derive(Derived::Of(slot, transform)));
        Param { source: Source::Slot(slot), encoding, list }
    }

    /// A constant of the catalog.
    pub fn constant(value: Value, encoding: Encoding, list: bool) -> Param {
        Param { source: Source::Constant(value), encoding, list }
    }
}

pub(super) fn unknown(object: &str, name: &str) -> LowerError {
    LowerError::Unknown { object: object.to_owned(), name: name.to_owned() }
}

pub(super) fn unsupported(what: impl Into<String>) -> LowerError {
    LowerError::Unsupported { what: what.into() }
}
