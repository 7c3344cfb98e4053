//! Totals and groups.

use expr::{BinaryOp, Encoding, Slot, Type};
use metadata::Name;
use metadata::catalog::{Aggregate, Field, FieldType, Object};
use sql::{CellType, Dialect, From, Ident, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Rows, Typed, unsupported};
use super::related::fold;
use super::selection::{Columns, Pairs, Pieces, cell_of, json_text, object_pieces, type_name};
use crate::cost::DEFAULT_GROUPS;
use crate::request::{
    AggregateItem, FoldItem, GroupOrderBy, GroupPart, GroupRead, Having, KeyItem, Keyed, Measure,
};
use crate::response::{CurrencyCheck, Form, MIXED_MARK, Piece};
use crate::slots::{Transform, ZoneForm};

/// An aggregate and how it is written.
struct Measured {
    typed: Typed,
    cell: CellType,
    /// TRUE where the rows hold several currencies.
    mixed: Option<Scalar>,
}

/// How the result of an aggregate over a field is written.
fn measured_cell(field: &Field, aggregate: Aggregate, encoding: Encoding) -> CellType {
    match (aggregate, encoding) {
        (Aggregate::Sum, Encoding::Int) => CellType::BigInt,
        (Aggregate::Min | Aggregate::Max, _) => cell_of(field, encoding),
        (Aggregate::Count | Aggregate::Sum | Aggregate::Avg, _) => CellType::Plain(encoding),
    }
}

/// The field with the currencies of a money field.
fn currency_of<'o>(object: &'o Object, money: &Name) -> Option<&'o Name> {
    let is_its_currency = |field: &Field| matches!(&field.ty, FieldType::Currency { of } if of == money);
    object.fields.values().find(|field| is_its_currency(field)).map(|field| &field.name)
}

/// Whether the rows at hand hold several currencies.
fn several(currency: &Scalar) -> Scalar {
    Scalar::Several(Box::new(currency.clone()))
}

impl Cx<'_> {
    /// An aggregate over rows; `input` takes what is aggregated to where it can be named.
    fn measure(
        &mut self,
        rows: &mut Rows,
        measure: &Measure,
        input: &mut dyn FnMut(Scalar) -> Scalar,
    ) -> Result<Measured, LowerError> {
        let Some(name) = &measure.field else {
            let typed = fold(measure.aggregate, None)?;
            let cell = CellType::Plain(typed.encoding);
            return Ok(Measured { typed, cell, mixed: None });
        };
        let place = rows.place.clone();
        let field = Cx::field(&place, name)?;
        let value = self.field_value(&mut rows.frame, &place, &field)?;
        let adds_up = matches!(measure.aggregate, Aggregate::Sum | Aggregate::Avg);
        let mixed = match currency_of(&place.object, name).filter(|_| adds_up) {
            Some(currency) => {
                let currency = Cx::field(&place, currency)?;
                let code = self.field_value(&mut rows.frame, &place, &currency)?;
                Some(several(&input(code.scalar)))
            }
            None => None,
        };
        let typed =
            fold(measure.aggregate, Some(Typed { scalar: input(value.scalar), encoding: value.encoding }))?;
        let cell = measured_cell(&field, measure.aggregate, typed.encoding);
        Ok(Measured { typed, cell, mixed })
    }

    /// `aggregate { … }` over result columns.
    pub fn aggregate_pieces(
        &mut self,
        rows: &mut Rows,
        items: &[Keyed<AggregateItem>],
        columns: &mut Columns,
        checks: &mut Vec<CurrencyCheck>,
    ) -> Result<Vec<Piece>, LowerError> {
        self.measures(items, columns, checks, &mut |cx, measure| {
            cx.measure(rows, measure, &mut |scalar| scalar)
        })
    }

    fn measures(
        &mut self,
        items: &[Keyed<AggregateItem>],
        columns: &mut Columns,
        checks: &mut Vec<CurrencyCheck>,
        measure: &mut dyn FnMut(&mut Self, &Measure) -> Result<Measured, LowerError>,
    ) -> Result<Vec<Piece>, LowerError> {
        let mut cell = |cx: &mut Self, asked: &Measure| -> Result<Piece, LowerError> {
            let measured = measure(cx, asked)?;
            if let (Some(mixed), Some(field)) = (measured.mixed, &asked.field) {
                let count = Scalar::Case(vec![(mixed, Scalar::Int(2))], Some(Box::new(Scalar::Int(1))));
                checks.push(CurrencyCheck { column: columns.add(count), field: field.to_string() });
            }
            Ok(Piece::Cell(columns.add(measured.typed.scalar), measured.cell))
        };
        let pieces = object_pieces(items, |item, pieces| {
            match item {
                AggregateItem::TypeName(name) => pieces.text(&json_text(name)),
                AggregateItem::Count => {
                    pieces.push(cell(self, &Measure { aggregate: Aggregate::Count, field: None })?);
                }
                AggregateItem::Fold(aggregate, fields) => {
                    let folds = object_pieces(fields, |item, pieces| {
                        match item {
                            FoldItem::TypeName(name) => pieces.text(&json_text(name)),
                            FoldItem::Field(name) => {
                                let asked = Measure { aggregate: *aggregate, field: Some(name.clone()) };
                                pieces.push(cell(self, &asked)?);
                            }
                        }
                        Ok(())
                    })?;
                    pieces.extend(folds.into_vec());
                }
            }
            Ok(())
        })?;
        Ok(pieces.into_vec())
    }

    /// `aggregate { … }` below a record, as JSON. A sum over several currencies becomes a mark that the writer of the response finds.
    pub fn aggregate_json(
        &mut self,
        rows: &mut Rows,
        items: &[Keyed<AggregateItem>],
    ) -> Result<Scalar, LowerError> {
        let mut pairs: Pairs = Vec::with_capacity(items.len());
        for keyed in items {
            let (scalar, cell) = match &keyed.item {
                AggregateItem::TypeName(name) => type_name(name),
                AggregateItem::Count => (Scalar::CountAll, CellType::Plain(Encoding::Int)),
                AggregateItem::Fold(aggregate, fields) => {
                    let mut folds: Pairs = Vec::with_capacity(fields.len());
                    for field in fields {
                        let (scalar, cell) = match &field.item {
                            FoldItem::TypeName(name) => type_name(name),
                            FoldItem::Field(name) => self.fold_json(rows, *aggregate, name)?,
                        };
                        folds.push((field.key.to_string(), scalar, cell));
                    }
                    (Scalar::JsonObject(folds), CellType::Raw)
                }
            };
            pairs.push((keyed.key.to_string(), scalar, cell));
        }
        Ok(Scalar::JsonObject(pairs))
    }

    fn fold_json(
        &mut self,
        rows: &mut Rows,
        aggregate: Aggregate,
        name: &Name,
    ) -> Result<(Scalar, CellType), LowerError> {
        let asked = Measure { aggregate, field: Some(name.clone()) };
        let measured = self.measure(rows, &asked, &mut |scalar| scalar)?;
        let Some(mixed) = measured.mixed else { return Ok((measured.typed.scalar, measured.cell)) };
        self.marked = true;
        let mark = Scalar::Text(format!("{MIXED_MARK}{name}"));
        let text = Scalar::Convert(Box::new(measured.typed.scalar), measured.typed.encoding, Encoding::Text);
        Ok((Scalar::Case(vec![(mixed, mark)], Some(Box::new(text))), CellType::Plain(Encoding::Text)))
    }

    /// The statement of a grouping. Keys and what is aggregated are computed in a subselect, so that groups are named by column.
    pub fn groups(&mut self, read: &GroupRead) -> Result<(Query, Form, Vec<CurrencyCheck>), LowerError> {
        let mut rows = self.rows(&read.object, read.deleted)?;
        self.as_of(&mut rows, read.as_of)?;
        let place = rows.place.clone();
        if let Some(filter) = &read.filter {
            let truth = self.truth(&mut rows.frame, &place, filter)?;
            rows.filter.push(truth);
        }
        let alias = Ident::made("s");
        let mut inner = Columns::after(0);
        let name = |scalar: Scalar, inner: &mut Columns| {
            Scalar::Column(alias.clone(), Ident::made(&format!("c{}", inner.add(scalar))))
        };
        let mut keys = Vec::with_capacity(read.keys.len());
        for key in &read.keys {
            let typed = self.steps(&mut rows.frame, &place, &key.path)?;
            let typed = match key.bucket {
                Some(bucket) => self.bucket(bucket, typed, read.zone),
                None => typed,
            };
            keys.push(Typed { scalar: name(typed.scalar, &mut inner), encoding: typed.encoding });
        }
        let mut columns = Columns::after(0);
        let mut checks = Vec::new();
        let mut parts = Pieces::default();
        parts.text("{");
        for (number, part) in read.parts.iter().enumerate() {
            parts.key(number == 0, &part.key);
            match &part.item {
                GroupPart::TypeName(name) => parts.text(&json_text(name)),
                GroupPart::Key(items) => parts.extend(self.key_pieces(read, &keys, items, &mut columns)?),
                GroupPart::Aggregate(items) => {
                    let mut measure = |cx: &mut Self, asked: &Measure| {
                        let mut measured =
                            cx.measure(&mut rows, asked, &mut |scalar| name(scalar, &mut inner))?;
                        if grouped_by_currency(read, &place.object, asked) {
                            measured.mixed = None;
                        }
                        Ok(measured)
                    };
                    parts.extend(self.measures(items, &mut columns, &mut checks, &mut measure)?);
                }
            }
        }
        parts.text("}");
        let mut measure = |cx: &mut Self, asked: &Measure| {
            Ok(cx.measure(&mut rows, asked, &mut |scalar| name(scalar, &mut inner))?.typed)
        };
        let having = read.having.as_ref().map(|having| self.having(having, &mut measure)).transpose()?;
        let order = self.group_order(read, &keys, &mut measure)?;
        if columns.is_empty() {
            columns.add(Scalar::CountAll);
        }
        if inner.is_empty() {
            inner.add(Scalar::Int(1));
        }
        let limit = self.slot(read.size, Some(Transform::Size(DEFAULT_GROUPS)), Encoding::Int, false);
        let query = Query {
            columns: columns.into_list(),
            from: Some(From { source: Relation::Query(Box::new(rows.query(inner.into_list()))), alias }),
            group: keys.into_iter().map(|key| key.scalar).collect(),
            having,
            order,
            limit: Some(Scalar::Param(limit)),
            ..Query::default()
        };
        Ok((query, Form::Groups(parts.into_vec()), checks))
    }

    pub fn bucket(&mut self, bucket: sql::Bucket, typed: Typed, zone: Slot) -> Typed {
        let zone = (typed.encoding == Encoding::DateTime).then(|| {
            let form = match self.dialect {
                Dialect::Postgres => ZoneForm::Name,
                Dialect::Sqlite => ZoneForm::Offsets,
            };
            Box::new(Scalar::Param(self.slot(zone, Some(Transform::Zone(form)), Encoding::Text, false)))
        });
        let scalar = Scalar::Bucket(bucket, Box::new(typed.scalar), typed.encoding, zone);
        Typed { scalar, encoding: Encoding::Date }
    }

    fn key_pieces(
        &mut self,
        read: &GroupRead,
        keys: &[Typed],
        items: &[Keyed<KeyItem>],
        columns: &mut Columns,
    ) -> Result<Vec<Piece>, LowerError> {
        let pieces = object_pieces(items, |item, pieces| {
            match item {
                KeyItem::TypeName(name) => pieces.text(&json_text(name)),
                KeyItem::Nested(items) => pieces.extend(self.key_pieces(read, keys, items, columns)?),
                KeyItem::Key(number) => {
                    let (Some(key), Some(asked)) = (keys.get(*number), read.keys.get(*number)) else {
                        return Err(unsupported("a key that is not grouped by"));
                    };
                    let field = self.end_of_path(&read.object, &asked.path);
                    let cell = match field {
                        Some(field) if asked.bucket.is_none() => cell_of(&field, key.encoding),
                        _ => CellType::Plain(key.encoding),
                    };
                    pieces.push(Piece::Cell(columns.add(key.scalar.clone()), cell));
                }
            }
            Ok(())
        })?;
        Ok(pieces.into_vec())
    }

    /// The field at the end of a path, unless that is a part of one.
    fn end_of_path(&self, object: &str, path: &[std::sync::Arc<str>]) -> Option<std::sync::Arc<Field>> {
        let (first, rest) = path.split_first()?;
        let field = self.catalog.object(object)?.field(first)?;
        match (&field.ty, rest) {
            (_, []) => Some(std::sync::Arc::clone(field)),
            (FieldType::Lookup(lookup), rest) => self.end_of_path(&lookup.to, rest),
            (FieldType::Polymorphic { .. }, [target, rest @ ..]) => self.end_of_path(target, rest),
            (_, _) => None,
        }
    }

    fn having(
        &mut self,
        having: &Having,
        measure: &mut dyn FnMut(&mut Self, &Measure) -> Result<Typed, LowerError>,
    ) -> Result<Scalar, LowerError> {
        Ok(match having {
            Having::And(all) => {
                Scalar::And(all.iter().map(|one| self.having(one, measure)).collect::<Result<_, _>>()?)
            }
            Having::Or(all) => {
                Scalar::Or(all.iter().map(|one| self.having(one, measure)).collect::<Result<_, _>>()?)
            }
            Having::Not(one) => Scalar::IsNotTrue(Box::new(self.having(one, measure)?)),
            Having::IsNull(asked) => Scalar::IsNull(Box::new(measure(self, asked)?.scalar)),
            Having::Compare(asked, op, slot) => {
                let typed = measure(self, asked)?;
                self.compare_slot(*op, typed, *slot)
            }
        })
    }

    fn compare_slot(&mut self, op: BinaryOp, typed: Typed, slot: Slot) -> Scalar {
        // Numbers arrive as ints or decimals, whatever the aggregate yields.
        self.compare_with_slot(op, typed, slot, &Type::Decimal)
    }

    fn group_order(
        &mut self,
        read: &GroupRead,
        keys: &[Typed],
        measure: &mut dyn FnMut(&mut Self, &Measure) -> Result<Typed, LowerError>,
    ) -> Result<Vec<Order>, LowerError> {
        let mut order = Vec::with_capacity(read.order.len() + keys.len());
        for asked in &read.order {
            let by = match &asked.by {
                GroupOrderBy::Measure(asked) => measure(self, asked)?.scalar,
                GroupOrderBy::Key(number) => {
                    let key = keys.get(*number).ok_or_else(|| unsupported("a key that is not grouped by"))?;
                    key.scalar.clone()
                }
            };
            order.push(Order { by, descending: asked.descending, nulls_first: asked.nulls_first });
        }
        for key in keys {
            order.push(Order { by: key.scalar.clone(), descending: false, nulls_first: false });
        }
        Ok(order)
    }
}

/// Whether a money field is summed within groups of one currency.
fn grouped_by_currency(read: &GroupRead, object: &Object, asked: &Measure) -> bool {
    let currency = asked.field.as_ref().and_then(|money| currency_of(object, money));
    currency.is_some_and(|currency| {
        read.keys.iter().any(|key| matches!(key.path.as_slice(), [only] if **only == *currency.as_str()))
    })
}
