//! What is selected of a record: as columns with the pieces that write them (at the root), or as a JSON object (below a list).

use expr::Encoding;
use metadata::Name;
use metadata::catalog::{Aggregate, Field, FieldType, Returns};
use metadata::layout::Role;
use sql::{CellType, Ident, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, unknown};
use crate::request::{Keyed, PartItem, RecordItem};
use crate::response::Piece;

/// Pairs of a JSON object.
pub(super) type Pairs = Vec<(String, Scalar, CellType)>;

/// The result columns of a statement; equal ones are selected once.
pub(super) struct Columns {
    base: usize,
    list: Vec<(Scalar, Ident)>,
}

impl Columns {
    /// Columns that follow `base` others.
    pub fn after(base: usize) -> Self {
        Self { base, list: Vec::new() }
    }

    /// The place of the scalar among the result columns.
    pub fn add(&mut self, scalar: Scalar) -> usize {
        let place = self.list.iter().position(|(known, _)| *known == scalar).unwrap_or_else(|| {
            let alias = Ident::made(&format!("c{}", self.base + self.list.len()));
            self.list.push((scalar, alias));
            self.list.len() - 1
        });
        self.base + place
    }

    /// The columns with their aliases.
    pub fn into_list(self) -> Vec<(Scalar, Ident)> {
        self.list
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The aliases alone.
    pub fn aliases(&self) -> impl Iterator<Item = &Ident> {
        self.list.iter().map(|(_, alias)| alias)
    }
}

/// Pieces under construction; neighbouring texts become one.
#[derive(Default)]
pub(super) struct Pieces(Vec<Piece>);

impl Pieces {
    pub fn text(&mut self, text: &str) {
        if let Some(Piece::Text(last)) = self.0.last_mut() {
            let mut bytes = std::mem::take(last).into_vec();
            bytes.extend_from_slice(text.as_bytes());
            *last = bytes.into_boxed_slice();
        } else {
            self.0.push(Piece::Text(text.as_bytes().into()));
        }
    }

    /// A key of an object, with the comma before it.
    pub fn key(&mut self, first: bool, key: &str) {
        if !first {
            self.text(",");
        }
        self.text(&json_text(key));
        self.text(":");
    }

    pub fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Text(bytes) => self.text(&String::from_utf8_lossy(&bytes)),
            piece => self.0.push(piece),
        }
    }

    pub fn extend(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            self.push(piece);
        }
    }

    pub fn into_vec(self) -> Vec<Piece> {
        self.0
    }
}

/// An object whose values are written one after the other.
pub(super) fn object_pieces<T>(
    items: &[Keyed<T>],
    mut value: impl FnMut(&T, &mut Pieces) -> Result<(), LowerError>,
) -> Result<Pieces, LowerError> {
    let mut pieces = Pieces::default();
    pieces.text("{");
    for (place, keyed) in items.iter().enumerate() {
        pieces.key(place == 0, &keyed.key);
        value(&keyed.item, &mut pieces)?;
    }
    pieces.text("}");
    Ok(pieces)
}

/// A text as a JSON string.
pub(super) fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A type's name as a pair's value.
pub(super) fn type_name(name: &str) -> (Scalar, CellType) {
    (Scalar::Text(name.to_owned()), CellType::Plain(Encoding::Text))
}

/// How a field's value is written into the response: whole numbers that may pass 32 bits as texts, counts as numbers.
pub(super) fn cell_of(field: &Field, encoding: Encoding) -> CellType {
    match &field.ty {
        FieldType::Rollup { aggregate: Aggregate::Count, .. } => CellType::Plain(encoding),
        FieldType::BigInt(_)
        | FieldType::Formula { returns: Returns::Int, .. }
        | FieldType::Rollup { returns: Returns::Int, .. } => CellType::BigInt,
        _ => CellType::Plain(encoding),
    }
}

impl Cx<'_> {
    /// The record as pieces over result columns. Records at the end of lookups are joined in, lists below are JSON.
    pub fn record_pieces(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        selection: &[Keyed<RecordItem>],
        columns: &mut Columns,
    ) -> Result<Vec<Piece>, LowerError> {
        let pieces = object_pieces(selection, |item, pieces| {
            match item {
                RecordItem::TypeName(name) => pieces.text(&json_text(name)),
                RecordItem::Value(name) => {
                    let field = Cx::field(place, name)?;
                    let typed = self.field_value(frame, place, &field)?;
                    pieces.push(Piece::Cell(columns.add(typed.scalar), cell_of(&field, typed.encoding)));
                }
                RecordItem::Parts(name, parts) => {
                    pieces.push(self.composite_pieces(place, name, parts, columns)?);
                }
                RecordItem::One(name, selection) => {
                    let field = Cx::field(place, name)?;
                    let FieldType::Lookup(lookup) = &field.ty else {
                        return Err(unknown(&place.object.name, name));
                    };
                    pieces.push(Piece::FirstOf(vec![self.one(
                        frame,
                        place,
                        (&field, &lookup.to),
                        selection,
                        columns,
                    )?]));
                }
                RecordItem::OneOf(name, selections) => {
                    let field = Cx::field(place, name)?;
                    let mut cases = Vec::with_capacity(selections.len());
                    for (target, selection) in selections {
                        cases.push(self.one(frame, place, (&field, target), selection, columns)?);
                    }
                    pieces.push(Piece::FirstOf(cases));
                }
                RecordItem::Many(name, list) => {
                    let json = self.nested_list(place, name, list)?;
                    pieces.push(Piece::Cell(columns.add(json), CellType::Raw));
                }
                RecordItem::Score(name, parts) => {
                    let json = self.score_parts(place, name, parts)?;
                    pieces.push(Piece::Cell(columns.add(json), CellType::Raw));
                }
                RecordItem::Lifecycle(read) => {
                    pieces.push(self.lifecycle_pieces(frame, place, read, columns)?);
                }
            }
            Ok(())
        })?;
        Ok(pieces.into_vec())
    }

    fn one(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        (field, target): (&Field, &Name),
        selection: &[Keyed<RecordItem>],
        columns: &mut Columns,
    ) -> Result<(usize, Vec<Piece>), LowerError> {
        let there = self.hop(frame, place, field, target)?;
        let present = columns.add(self.id(&there)?);
        Ok((present, self.record_pieces(frame, &there, selection, columns)?))
    }

    fn composite_pieces(
        &mut self,
        place: &Place,
        name: &Name,
        parts: &[Keyed<PartItem>],
        columns: &mut Columns,
    ) -> Result<Piece, LowerError> {
        let mut all = Vec::new();
        for (part, _, _) in Cx::field(place, name)?.ty.parts() {
            let typed = self.column(place, name, &Role::Part((*part).to_owned()))?;
            all.push(columns.add(typed.scalar));
        }
        let pieces = object_pieces(parts, |item, pieces| {
            match item {
                PartItem::TypeName(name) => pieces.text(&json_text(name)),
                PartItem::Part(part) => {
                    let typed = self.column(place, name, &Role::Part(part.to_string()))?;
                    pieces.push(Piece::Cell(columns.add(typed.scalar), CellType::Plain(typed.encoding)));
                }
            }
            Ok(())
        })?;
        Ok(Piece::IfAny(all, pieces.into_vec()))
    }

    /// The record as a JSON object made by the database.
    pub fn record_json(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        selection: &[Keyed<RecordItem>],
    ) -> Result<Scalar, LowerError> {
        let mut pairs: Pairs = Vec::with_capacity(selection.len());
        for keyed in selection {
            let (scalar, cell) = match &keyed.item {
                RecordItem::TypeName(name) => type_name(name),
                RecordItem::Value(name) => {
                    let field = Cx::field(place, name)?;
                    let typed = self.field_value(frame, place, &field)?;
                    (typed.scalar, cell_of(&field, typed.encoding))
                }
                RecordItem::Parts(name, parts) => (self.composite_json(place, name, parts)?, CellType::Raw),
                RecordItem::One(name, selection) => {
                    let field = Cx::field(place, name)?;
                    let FieldType::Lookup(lookup) = &field.ty else {
                        return Err(unknown(&place.object.name, name));
                    };
                    (self.one_json(place, &field, &lookup.to, selection)?, CellType::Raw)
                }
                RecordItem::OneOf(name, selections) => {
                    let field = Cx::field(place, name)?;
                    let mut cases = Vec::with_capacity(selections.len());
                    for (target, selection) in selections {
                        cases.push(self.one_json(place, &field, target, selection)?);
                    }
                    (Scalar::Coalesce(cases), CellType::Raw)
                }
                RecordItem::Many(name, list) => (self.nested_list(place, name, list)?, CellType::Raw),
                RecordItem::Score(name, parts) => (self.score_parts(place, name, parts)?, CellType::Raw),
                RecordItem::Lifecycle(read) => (self.lifecycle_json(frame, place, read)?, CellType::Raw),
            };
            pairs.push((keyed.key.to_string(), scalar, cell));
        }
        Ok(Scalar::JsonObject(pairs))
    }

    /// The record at the end of a lookup as JSON; NULL when there is none.
    fn one_json(
        &mut self,
        place: &Place,
        field: &Field,
        target: &Name,
        selection: &[Keyed<RecordItem>],
    ) -> Result<Scalar, LowerError> {
        let mut rows = self.hop_rows(place, field, target)?;
        let there = rows.place.clone();
        let json = self.record_json(&mut rows.frame, &there, selection)?;
        Ok(Scalar::Subquery(Box::new(rows.query(vec![(json, Ident::made("j"))]))))
    }

    fn composite_json(
        &mut self,
        place: &Place,
        name: &Name,
        parts: &[Keyed<PartItem>],
    ) -> Result<Scalar, LowerError> {
        let mut empty = Vec::new();
        for (part, _, _) in Cx::field(place, name)?.ty.parts() {
            let typed = self.column(place, name, &Role::Part((*part).to_owned()))?;
            empty.push(Scalar::IsNull(Box::new(typed.scalar)));
        }
        let mut pairs: Pairs = Vec::with_capacity(parts.len());
        for keyed in parts {
            let (scalar, cell) = match &keyed.item {
                PartItem::TypeName(name) => type_name(name),
                PartItem::Part(part) => {
                    let typed = self.column(place, name, &Role::Part(part.to_string()))?;
                    (typed.scalar, CellType::Plain(typed.encoding))
                }
            };
            pairs.push((keyed.key.to_string(), scalar, cell));
        }
        let null = Scalar::RawJson("null".to_owned());
        Ok(Scalar::Case(vec![(Scalar::And(empty), null)], Some(Box::new(Scalar::JsonObject(pairs)))))
    }
}
