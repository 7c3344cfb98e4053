//! From a permitted read to one SQL statement, and from expressions to scalars.

mod aggregate;
mod compare;
mod context;
mod expression;
mod funnel;
mod lifecycle;
mod list;
mod log;
mod nested;
mod order;
mod related;
mod score;
mod selection;
mod stages;
mod tempo;
pub(crate) mod zone;

use std::sync::Arc;

use expr::{Encoding, Expr, Slot};
use metadata::catalog::{Action, Catalog};
use sql::{Dialect, Ident, Query, Scalar, Statement};

use self::context::{Cx, Frame, Place, equal};
pub(crate) use self::order::path_encoding;
use self::selection::Columns;
use crate::access::{Access, Permitted};
use crate::holes::Holes;
use crate::request::{Read, RecordRead};
use crate::response::{Form, ResponseShape};
use crate::slots::Slots;

/// A statement and what becomes of its rows. Depends on shape, rights, catalog and dialect only, so that it can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// What is run. Its parameters are slots of the values that [`Slots::bind`] yields, or constants.
    pub statement: Statement,
    /// Makes the statement's values from the request's.
    pub slots: Slots,
    /// Makes the answer from the rows.
    pub response: ResponseShape,
}

/// Why something cannot be SQL. After `permit` none of these is the client's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// A name that the catalog or its layout does not know.
    #[error("`{object}` has no stored `{name}`")]
    Unknown {
        /// Of which object.
        object: String,
        /// The field, or the path's step.
        name: String,
    },
    /// Something that has no meaning in SQL.
    #[error("{what} cannot be asked of the database")]
    Unsupported {
        /// What.
        what: String,
    },
    /// Formulas or roll-ups that refer to each other too deeply.
    #[error("formulas refer to each other more than {0} deep")]
    TooDeep(u32),
}

/// One statement for the read, however deep it is nested.
pub fn lower(read: &Permitted<Read>, catalog: &Catalog, dialect: Dialect) -> Result<Lowered, LowerError> {
    let mut cx = Cx::new(catalog, dialect, Slots::open(), Some(read.access()));
    cx.moves = Holes::of(read.shape()).map(|holes| holes.selections).unwrap_or_default();
    let (query, form, currencies) = match read.shape() {
        Read::Record(record) => {
            let (query, form) = cx.record(record)?;
            (query, form, Vec::new())
        }
        Read::List(list) => cx.list(list)?,
        Read::Groups(groups) => cx.groups(groups)?,
        Read::Stages(read) => {
            let (query, form) = cx.stages(read)?;
            (query, form, Vec::new())
        }
    };
    let mut statement = sql::print_query(&query, dialect);
    let (mut params, mut holes) = (statement.params.to_vec(), statement.holes.to_vec());
    let slots = cx.slots.settle(&mut params, &mut holes);
    (statement.params, statement.holes) = (params.into(), holes.into());
    Ok(Lowered { statement, slots, response: ResponseShape { form, currencies, marked: cx.marked } })
}

impl Cx<'_> {
    /// The statement of one record.
    fn record(&mut self, read: &RecordRead) -> Result<(Query, Form), LowerError> {
        let mut rows = self.rows(&read.object, read.deleted)?;
        let place = rows.place.clone();
        let id = Scalar::Param(self.slot(read.id, None, Encoding::Id, false));
        rows.filter.push(equal(self.id(&place)?, id));
        let mut columns = Columns::after(0);
        let pieces = self.record_pieces(&mut rows.frame, &place, &read.selection, &mut columns)?;
        if columns.is_empty() {
            columns.add(Scalar::Int(1));
        }
        Ok((rows.query(columns.into_list()), Form::Record(pieces)))
    }
}

/// Lowers single expressions for other rooms: rules, backfills, unique conditions, filters of bulk writes. Expressions see the row of one table
/// under an alias; what they reach through relations becomes correlated subqueries, so that the scalar can stand anywhere.
pub struct Lowering<'a> {
    cx: Cx<'a>,
}

impl<'a> Lowering<'a> {
    /// `given` is how many values the request brings (0 for expressions of the catalog).
    pub fn new(catalog: &'a Catalog, dialect: Dialect, given: Slot) -> Self {
        Self { cx: Cx::new(catalog, dialect, Slots::new(given), None) }
    }

    /// The same on behalf of a caller: what the expressions reach, by relations and in the row itself, is limited to what the caller may see.
    pub fn on_behalf(catalog: &'a Catalog, dialect: Dialect, given: Slot, access: &'a Access) -> Self {
        Self { cx: Cx::new(catalog, dialect, Slots::new(given), Some(access)) }
    }

    /// That an act is granted on the row; `None` where it is on every row.
    pub fn granted(
        &mut self,
        access: &Access,
        action: Action,
        object: &str,
        alias: &Ident,
    ) -> Result<Option<Scalar>, LowerError> {
        let place = self.place(object, alias)?;
        self.cx.granted(&place, access.rows(object, action))
    }

    /// The condition of one scope, as it is asked where rows are chosen.
    pub fn scope(&mut self, condition: &Expr, object: &str, alias: &Ident) -> Result<Scalar, LowerError> {
        let place = self.place(object, alias)?;
        self.cx.scope(&place, condition)
    }

    /// A condition: TRUE where the expression is true, FALSE or NULL elsewhere.
    pub fn condition(&mut self, expr: &Expr, object: &str, alias: &Ident) -> Result<Scalar, LowerError> {
        let place = self.place(object, alias)?;
        self.cx.truth(&mut Frame::closed(), &place, expr)
    }

    /// A value with its encoding.
    pub fn scalar(
        &mut self,
        expr: &Expr,
        object: &str,
        alias: &Ident,
    ) -> Result<(Scalar, Encoding), LowerError> {
        let place = self.place(object, alias)?;
        let typed = self.cx.value(&mut Frame::closed(), &place, expr)?;
        Ok((typed.scalar, typed.encoding))
    }

    /// The value of a field of the record, formulas and roll-ups included.
    pub fn field(
        &mut self,
        object: &str,
        field: &str,
        alias: &Ident,
    ) -> Result<(Scalar, Encoding), LowerError> {
        let place = self.place(object, alias)?;
        let field = Cx::field(&place, field)?;
        let typed = self.cx.field_value(&mut Frame::closed(), &place, &field)?;
        Ok((typed.scalar, typed.encoding))
    }

    /// The slots of all that was lowered: `bind` makes the values of the statement that it goes into.
    pub fn into_slots(self) -> Slots {
        self.cx.slots
    }

    fn place(&mut self, object: &str, alias: &Ident) -> Result<Place, LowerError> {
        let of = self.cx.object(object)?;
        let mut place = Place { alias: alias.clone(), object: of, scope: None, past: None };
        if let Some(access) = self.cx.access {
            let seen = self.cx.granted(&place, access.rows(object, Action::Read))?;
            place.scope = seen.map(Arc::new);
        }
        Ok(place)
    }
}
