//! From a permitted read to one SQL statement, and from expressions to scalars.

pub(crate) mod zone;

use std::sync::Arc;

use expr::{Encoding, Expr, Slot};
use metadata::catalog::Catalog;
use sql::{Dialect, Ident, Scalar, Statement};

use crate::access::Permitted;
use crate::request::Read;
use crate::response::ResponseShape;
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
    let _ = (read, catalog, dialect);
    Err(LowerError::Unsupported { what: "this read".to_owned() })
}

/// Lowers single expressions for other rooms: rules, backfills, unique conditions, filters of bulk writes. Expressions see the row of one table
/// under an alias; what they reach through relations becomes correlated subqueries, so that the scalar can stand anywhere.
#[derive(Debug)]
pub struct Lowering<'a> {
    catalog: &'a Catalog,
    dialect: Dialect,
    slots: Slots,
}

impl<'a> Lowering<'a> {
    /// `given` is how many values the request brings (0 for expressions of the catalog).
    pub fn new(catalog: &'a Catalog, dialect: Dialect, given: Slot) -> Self {
        Self { catalog, dialect, slots: Slots::new(given) }
    }

    /// A condition: TRUE where the expression is true, FALSE or NULL elsewhere.
    pub fn condition(&mut self, expr: &Expr, object: &str, alias: &Ident) -> Result<Scalar, LowerError> {
        let _ = (expr, object, alias, self.catalog, self.dialect);
        Err(LowerError::Unsupported { what: "this condition".to_owned() })
    }

    /// A value with its encoding.
    pub fn scalar(&mut self, expr: &Expr, object: &str, alias: &Ident) -> Result<(Scalar, Encoding), LowerError> {
        let _ = (expr, object, alias);
        Err(LowerError::Unsupported { what: "this expression".to_owned() })
    }

    /// The value of a field of the record, formulas and roll-ups included.
    pub fn field(&mut self, object: &str, field: &str, alias: &Ident) -> Result<(Scalar, Encoding), LowerError> {
        let _ = (object, field, alias);
        Err(LowerError::Unsupported { what: "this field".to_owned() })
    }

    /// The slots of all that was lowered: `bind` makes the values of the statement that it goes into.
    pub fn into_slots(self) -> Slots {
        self.slots
    }
}

/// How the value at the end of a path is written; `None` when the path leads to no single value.
pub(crate) fn path_encoding(catalog: &Catalog, object: &str, path: &[Arc<str>]) -> Option<Encoding> {
    let _ = (catalog, object, path);
    None
}
