//! From rows to the bytes of the response. A shape is compiled once with the statement; writing walks it and copies.

use expr::{Slot, Value};
use sql::{CellType, Cells};

use crate::cost::DEFAULT_PAGE;
use crate::cursor;

/// How the rows of one statement become JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseShape {
    pub(crate) form: Form,
    /// Sums of money that must not be taken over several currencies.
    pub(crate) currencies: Vec<CurrencyCheck>,
    /// Whether nested JSON may hold the mark of a sum over several currencies.
    pub(crate) marked: bool,
}

/// What the statement yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// At most one row: an object or null.
    Record(Vec<Piece>),
    /// A page.
    List(ListForm),
    /// One object a row.
    Groups(Vec<Piece>),
}

/// How the rows of a page are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListForm {
    /// What is written; cells stand for the first row's (totals), `Piece::Rows` for the records.
    pub pieces: Vec<Piece>,
    /// Which rows hold a record.
    pub present: Present,
    /// The page size's slot.
    pub size: Slot,
    /// Rows arrive in reverse.
    pub backward: bool,
    /// Whether the page began at a position, behind which there is a record.
    pub behind: bool,
    /// Slot of the number of records skipped.
    pub offset: Option<Slot>,
    /// The position of a row.
    pub cursor: Vec<Piece>,
}

/// Which rows of a page hold a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    /// All of them.
    All,
    /// None: they hold totals only.
    None,
    /// Those where the column is not null; a page without records has one row with the totals.
    Where(usize),
}

/// One step of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes as they are.
    Text(Box<[u8]>),
    /// A cell of the row.
    Cell(usize, CellType),
    /// What belongs to the first column that is not null; null when all are.
    FirstOf(Vec<(usize, Vec<Piece>)>),
    /// Null when all the columns are, else what follows.
    IfAny(Vec<usize>, Vec<Piece>),
    /// The position of the row, as a JSON string.
    Cursor,
    /// An array with one value for each record.
    Rows(Vec<Piece>),
    /// `hasNextPage`
    HasNext,
    /// `hasPreviousPage`
    HasPrevious,
    /// Position of the first record or null.
    StartCursor,
    /// Position of the last record or null.
    EndCursor,
}

/// A column that counts the currencies of a sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CurrencyCheck {
    pub column: usize,
    pub field: String,
}

/// The rows cannot become the answer. Code `VALIDATION`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// A sum would add different currencies.
    #[error("the sum of `{field}` is over several currencies: group by `{field}Currency` or filter by it")]
    MixedCurrencies {
        /// The money field.
        field: String,
    },
}

/// What nested JSON holds in place of a sum over several currencies.
pub(crate) const MIXED_MARK: &str = "\u{1}mixed currencies: ";
/// The same as it stands in JSON text.
const MIXED_MARK_JSON: &[u8] = b"\"\\u0001mixed currencies: ";

/// Writes the value of the root field. `values` are the request's, in the order of its slots.
pub fn write<Row: Cells>(
    shape: &ResponseShape,
    rows: &[Row],
    values: &[Value],
    out: &mut Vec<u8>,
) -> Result<(), ResponseError> {
    let start = out.len();
    for check in &shape.currencies {
        let several =
            |row: &Row| matches!(row.value(check.column, expr::Encoding::Int), Value::Int(n) if n > 1);
        if rows.iter().any(several) {
            return Err(ResponseError::MixedCurrencies { field: check.field.clone() });
        }
    }
    match &shape.form {
        Form::Record(pieces) => match rows.first() {
            Some(row) => write_pieces(pieces, row, &[], out),
            None => out.extend_from_slice(b"null"),
        },
        Form::Groups(pieces) => write_array(rows.iter(), out, |row, out| write_pieces(pieces, row, &[], out)),
        Form::List(list) => write_list(list, rows, values, out),
    }
    match shape.marked.then(|| mixed(out.get(start..).unwrap_or_default())).flatten() {
        Some(field) => Err(ResponseError::MixedCurrencies { field }),
        None => Ok(()),
    }
}

/// The field of the first mark of a mixed sum in the written bytes.
fn mixed(written: &[u8]) -> Option<String> {
    let at = written.windows(MIXED_MARK_JSON.len()).position(|window| window == MIXED_MARK_JSON)?;
    let rest = written.get(at + MIXED_MARK_JSON.len()..)?;
    let field = rest.split(|byte| *byte == b'"').next()?;
    Some(String::from_utf8_lossy(field).into_owned())
}

fn write_array<'r, Row: 'r>(
    rows: impl Iterator<Item = &'r Row>,
    out: &mut Vec<u8>,
    each: impl Fn(&'r Row, &mut Vec<u8>),
) {
    out.push(b'[');
    for (place, row) in rows.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        each(row, out);
    }
    out.push(b']');
}

/// The pieces of one row; those of a page stand only in a [`ListForm`].
fn write_pieces<Row: Cells>(pieces: &[Piece], row: &Row, cursor: &[Piece], out: &mut Vec<u8>) {
    for piece in pieces {
        match piece {
            Piece::Text(bytes) => out.extend_from_slice(bytes),
            Piece::Cell(column, cell) => row.write_json(*column, *cell, out),
            Piece::FirstOf(cases) => match cases.iter().find(|(column, _)| !row.is_null(*column)) {
                Some((_, pieces)) => write_pieces(pieces, row, cursor, out),
                None => out.extend_from_slice(b"null"),
            },
            Piece::IfAny(columns, _) if columns.iter().all(|column| row.is_null(*column)) => {
                out.extend_from_slice(b"null");
            }
            Piece::IfAny(_, pieces) => write_pieces(pieces, row, cursor, out),
            Piece::Cursor => write_cursor(cursor, row, out),
            Piece::Rows(_) | Piece::HasNext | Piece::HasPrevious | Piece::StartCursor | Piece::EndCursor => {}
        }
    }
}

fn write_cursor<Row: Cells>(cursor: &[Piece], row: &Row, out: &mut Vec<u8>) {
    let mut json = Vec::with_capacity(128);
    write_pieces(cursor, row, &[], &mut json);
    out.push(b'"');
    cursor::encode(&json, out);
    out.push(b'"');
}

fn write_list<Row: Cells>(list: &ListForm, rows: &[Row], values: &[Value], out: &mut Vec<u8>) {
    let size = match values.get(usize::from(list.size)) {
        Some(Value::Int(size)) => usize::try_from(*size).unwrap_or(0),
        _ => usize::try_from(DEFAULT_PAGE).unwrap_or(0),
    };
    let found = match (list.present, rows.first()) {
        (Present::Where(column), Some(first)) if !first.is_null(column) => rows,
        (Present::All, _) => rows,
        (Present::Where(_) | Present::None, _) => &[],
    };
    let shown = found.get(..size.min(found.len())).unwrap_or_default();
    let more = found.len() > size;
    let skipped = list.offset.and_then(|slot| values.get(usize::from(slot)));
    let behind = list.behind || matches!(skipped, Some(Value::Int(skipped)) if *skipped > 0);
    let (start, end) =
        if list.backward { (shown.last(), shown.first()) } else { (shown.first(), shown.last()) };
    let position_of = |found: Option<&Row>, out: &mut Vec<u8>| match found {
        Some(record) => write_cursor(&list.cursor, record, out),
        None => out.extend_from_slice(b"null"),
    };
    for piece in &list.pieces {
        match piece {
            Piece::Text(bytes) => out.extend_from_slice(bytes),
            Piece::Rows(record) => {
                let each = |row, out: &mut Vec<u8>| write_pieces(record, row, &list.cursor, out);
                if list.backward {
                    write_array(shown.iter().rev(), out, each);
                } else {
                    write_array(shown.iter(), out, each);
                }
            }
            Piece::HasNext => write_bool(if list.backward { behind } else { more }, out),
            Piece::HasPrevious => write_bool(if list.backward { more } else { behind }, out),
            Piece::StartCursor => position_of(start, out),
            Piece::EndCursor => position_of(end, out),
            Piece::Cell(..) | Piece::FirstOf(..) | Piece::IfAny(..) | Piece::Cursor => {
                if let Some(row) = rows.first() {
                    write_pieces(std::slice::from_ref(piece), row, &list.cursor, out);
                } else {
                    out.extend_from_slice(b"null");
                }
            }
        }
    }
}

fn write_bool(truth: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if truth { b"true" } else { b"false" });
}
