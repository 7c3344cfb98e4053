//! A list at the root: one row for each record, in typed columns; totals stand beside them.

use expr::{Encoding, Slot};
use metadata::layout::Role;
use sql::{CellType, From, Ident, Join, JoinKind, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Place, Rows, equal};
use super::order::{Key, Way};
use super::selection::{Columns, Pieces, json_text, object_pieces};
use crate::cost::DEFAULT_PAGE;
use crate::cursor::{fingerprint, key_name};
use crate::request::{
    AggregateItem, Deleted, EdgeItem, FoldItem, Keyed, ListArgs, ListPart, ListRead, PageItem,
};
use crate::response::{CurrencyCheck, Form, ListForm, Piece, Present};
use crate::slots::Transform;

/// What the parts of a list ask for.
#[expect(clippy::struct_excessive_bools, reason = "four independent questions about one shape")]
pub(super) struct Wants {
    /// Records.
    pub rows: bool,
    /// Whether more follows, or positions.
    pub page_info: bool,
    /// Totals.
    pub totals: bool,
    /// Positions.
    pub cursors: bool,
}

impl Wants {
    pub fn of(list: &ListRead) -> Self {
        let mut wants = Self { rows: false, page_info: false, totals: false, cursors: false };
        for part in &list.parts {
            match &part.item {
                ListPart::TypeName(_) => {}
                ListPart::Nodes(_) => wants.rows = true,
                ListPart::Edges(edges) => {
                    wants.rows = true;
                    wants.cursors |= edges.iter().any(|edge| edge.item == EdgeItem::Cursor);
                }
                ListPart::PageInfo(items) => {
                    wants.page_info = true;
                    wants.rows = true;
                    wants.cursors |= items
                        .iter()
                        .any(|item| matches!(item.item, PageItem::StartCursor | PageItem::EndCursor));
                }
                ListPart::TotalCount => wants.totals = true,
                ListPart::Aggregate(items) => wants.totals |= measures(items),
            }
        }
        wants
    }
}

/// Whether anything is computed over the rows, and not only a type named.
pub(super) fn measures(items: &[Keyed<AggregateItem>]) -> bool {
    items.iter().any(|item| match &item.item {
        AggregateItem::TypeName(_) => false,
        AggregateItem::Count => true,
        AggregateItem::Fold(_, fields) => fields.iter().any(|field| matches!(field.item, FoldItem::Field(_))),
    })
}

/// Which way a page is fetched.
pub(super) fn way(args: &ListArgs) -> Way {
    if args.page.backward { Way::Backward } else { Way::Forward }
}

/// Whether the page began at a position: there is a record before it.
pub(super) fn behind(args: &ListArgs) -> bool {
    if args.page.backward { args.page.before.is_some() } else { args.page.after.is_some() }
}

impl Cx<'_> {
    /// The rows of a list before anything is selected of them.
    fn listed(&mut self, list: &ListRead) -> Result<Rows, LowerError> {
        let mut rows = self.rows(&list.object, list.args.deleted)?;
        self.as_of(&mut rows, list.args.as_of)?;
        Ok(rows)
    }

    /// The rows as they stood in their lifecycles at an instant; those that stood nowhere are left out.
    pub fn as_of(&mut self, rows: &mut Rows, at: Option<Slot>) -> Result<(), LowerError> {
        if let Some(at) = at {
            let place = rows.place.clone();
            rows.place = self.at(&mut rows.frame, &place, at, JoinKind::Inner)?;
        }
        Ok(())
    }

    /// The rows that a list's arguments select, whatever the page.
    pub fn selected(&mut self, rows: &mut Rows, args: &ListArgs) -> Result<(), LowerError> {
        let place = rows.place.clone();
        if let Some(filter) = &args.filter {
            let truth = self.truth(&mut rows.frame, &place, filter)?;
            rows.filter.push(truth);
        }
        if let Some(words) = args.search {
            let found = self.search(&place, words)?;
            rows.filter.push(found);
        }
        Ok(())
    }

    /// Whether every word stands in one of the object's search fields.
    fn search(&mut self, place: &Place, words: Slot) -> Result<Scalar, LowerError> {
        let mut texts = Vec::new();
        let seen =
            |name: &&metadata::Name| self.access.is_none_or(|access| access.sees(&place.object.name, name));
        for name in place.object.search.iter().filter(seen).collect::<Vec<_>>() {
            let text = match self.stored(place, name, &Role::Folded)? {
                Some(folded) => Some(folded.scalar),
                None => self
                    .stored(place, name, &Role::Value)?
                    .filter(|typed| typed.encoding == Encoding::Text)
                    .map(|typed| Scalar::LowerAscii(Box::new(typed.scalar))),
            };
            if let Some(text) = text {
                if !texts.is_empty() {
                    // No word holds a line break, so that none is found across two fields.
                    texts.push(Scalar::Text("\n".to_owned()));
                }
                texts.push(Scalar::Coalesce(vec![text, Scalar::Text(String::new())]));
            }
        }
        let words = self.slot(words, Some(Transform::Words), Encoding::Text, true);
        let text = match texts.len() {
            0 => Scalar::Text(String::new()),
            1 => texts.pop().unwrap_or(Scalar::Text(String::new())),
            _ => Scalar::Concat(texts),
        };
        Ok(Scalar::LikeAll(Box::new(text), words))
    }

    /// Narrows the rows to what lies beyond the page's positions.
    pub fn within(&mut self, rows: &mut Rows, keys: &[Key], args: &ListArgs) -> Result<(), LowerError> {
        for (position, way) in [(&args.page.after, Way::Forward), (&args.page.before, Way::Backward)] {
            if let Some(position) = position {
                let beyond = self.beyond(keys, position, way)?;
                rows.filter.push(beyond);
            }
        }
        Ok(())
    }

    /// `LIMIT` and `OFFSET`; one record more where it matters whether more follows.
    pub fn paged(&mut self, query: &mut Query, args: &ListArgs, one_more: bool) {
        let transform =
            if one_more { Transform::SizePlusOne(DEFAULT_PAGE) } else { Transform::Size(DEFAULT_PAGE) };
        query.limit = Some(Scalar::Param(self.slot(args.page.size, Some(transform), Encoding::Int, false)));
        query.offset = args
            .page
            .offset
            .map(|slot| Scalar::Param(self.slot(slot, Some(Transform::Count), Encoding::Int, false)));
    }

    /// The statement of a list and how its rows are read.
    pub fn list(&mut self, list: &ListRead) -> Result<(Query, Form, Vec<CurrencyCheck>), LowerError> {
        let wants = Wants::of(list);
        let mut totals = Columns::after(0);
        let mut total_rows = self.listed(list)?;
        if wants.totals {
            self.selected(&mut total_rows, &list.args)?;
        }
        let mut checks = Vec::new();
        let mut measured = Vec::new();
        for part in &list.parts {
            measured.push(match &part.item {
                ListPart::TotalCount => {
                    Some(vec![Piece::Cell(totals.add(Scalar::CountAll), CellType::Plain(Encoding::Int))])
                }
                ListPart::Aggregate(items) => {
                    Some(self.aggregate_pieces(&mut total_rows, items, &mut totals, &mut checks)?)
                }
                ListPart::TypeName(_) | ListPart::Nodes(_) | ListPart::Edges(_) | ListPart::PageInfo(_) => {
                    None
                }
            });
        }
        let totals = totals.into_list();
        let mut columns = Columns::after(totals.len());
        let page = if wants.rows { Some(self.page(list, &wants, &mut columns)?) } else { None };
        let pieces = list_pieces(
            list,
            measured,
            page.as_ref().map(|page| page.records.as_slice()).unwrap_or_default(),
        );
        let (present, cursor) = match &page {
            None => (Present::None, Vec::new()),
            Some(page) if wants.totals => (Present::Where(page.id), page.cursor.clone()),
            Some(page) => (Present::All, page.cursor.clone()),
        };
        let form = Form::List(ListForm {
            pieces,
            present,
            size: list.args.page.size,
            backward: list.args.page.backward,
            behind: behind(&list.args),
            offset: list.args.page.offset,
            cursor,
        });
        let query = match (page, wants.totals) {
            (Some(page), false) => Query { columns: columns.into_list(), ..page.query },
            (None, true) => total_rows.query(totals),
            (None, false) => Query { columns: vec![(Scalar::Int(1), Ident::made("c0"))], ..Query::default() },
            (Some(page), true) => beside_totals(total_rows.query(totals), page, columns),
        };
        Ok((query, form, checks))
    }

    /// The rows of the page.
    fn page(
        &mut self,
        list: &ListRead,
        wants: &Wants,
        columns: &mut Columns,
    ) -> Result<PageRows, LowerError> {
        let way = way(&list.args);
        let split = self.split(list, wants)?;
        let (mut rows, keys, limit) = if let Some(split) = split {
            split
        } else if list.args.page.offset.is_some() {
            self.skipped(list, wants)?
        } else {
            let mut rows = self.listed(list)?;
            self.selected(&mut rows, &list.args)?;
            let keys = self.keys(&mut rows, &list.args.order)?;
            self.within(&mut rows, &keys, &list.args)?;
            let mut limit = Query::default();
            self.paged(&mut limit, &list.args, wants.page_info);
            (rows, keys, limit)
        };
        let place = rows.place.clone();
        let id = columns.add(self.id(&place)?);
        let mut records = Vec::with_capacity(list.parts.len());
        for part in &list.parts {
            records.push(match &part.item {
                ListPart::Nodes(selection) => {
                    self.record_pieces(&mut rows.frame, &place, selection, columns)?
                }
                ListPart::Edges(edges) => {
                    let pieces = object_pieces(edges, |item, pieces| {
                        match item {
                            EdgeItem::TypeName(name) => pieces.text(&json_text(name)),
                            EdgeItem::Cursor => pieces.push(Piece::Cursor),
                            EdgeItem::Node(selection) => {
                                pieces.extend(self.record_pieces(
                                    &mut rows.frame,
                                    &place,
                                    selection,
                                    columns,
                                )?);
                            }
                        }
                        Ok(())
                    })?;
                    pieces.into_vec()
                }
                ListPart::TypeName(_)
                | ListPart::PageInfo(_)
                | ListPart::TotalCount
                | ListPart::Aggregate(_) => Vec::new(),
            });
        }
        let key_columns: Vec<(usize, Encoding)> = if wants.cursors || wants.totals {
            keys.iter().map(|key| (columns.add(key.scalar.clone()), key.encoding)).collect()
        } else {
            Vec::new()
        };
        let cursor = if wants.cursors { cursor_pieces(list, &key_columns) } else { Vec::new() };
        let order = self.order_by(&keys, way, |_, key| key.scalar.clone());
        let mut query = rows.query(Vec::new());
        query.order = order;
        query.limit = limit.limit;
        query.offset = limit.offset;
        let alias = self.alias('p');
        let outer_order = if wants.totals {
            self.order_by(&keys, way, |place, _| {
                let column = key_columns.get(place).map_or(0, |(column, _)| *column);
                Scalar::Column(alias.clone(), Ident::made(&format!("c{column}")))
            })
        } else {
            Vec::new()
        };
        Ok(PageRows { query, id, records, cursor, alias, outer_order })
    }

    /// A page behind a position whose records with a value at the first key are followed by those without: two ranges of one index, each with its
    /// own limit. As one condition the database would read the index from its beginning.
    fn split(
        &mut self,
        list: &ListRead,
        wants: &Wants,
    ) -> Result<Option<(Rows, Vec<Key>, Query)>, LowerError> {
        let (position, along) = match (&list.args.page.after, &list.args.page.before) {
            (Some(position), None) => (position, Way::Forward),
            (None, Some(position)) => (position, Way::Backward),
            (None, None) | (Some(_), Some(_)) => return Ok(None),
        };
        let mut known = self.listed(list)?;
        let mut keys = self.keys(&mut known, &list.args.order)?;
        if along != way(&list.args) || !Cx::has_nulls_behind(&keys, position, along) {
            return Ok(None);
        }
        self.selected(&mut known, &list.args)?;
        if let Some(first) = keys.first_mut() {
            *first = first.clone().known();
        }
        let beyond = self.beyond(&keys, position, along)?;
        known.filter.push(beyond);
        let mut unknown = self.listed(list)?;
        self.selected(&mut unknown, &list.args)?;
        let unknown_keys = self.keys(&mut unknown, &list.args.order)?;
        unknown.filter.extend(unknown_keys.first().map(|key| Scalar::IsNull(Box::new(key.scalar.clone()))));
        let mut ranges = Vec::with_capacity(2);
        for (rows, keys) in [(known, keys), (unknown, unknown_keys)] {
            let id = self.id(&rows.place)?;
            let mut ids = rows.query(vec![(id, Ident::made("id"))]);
            ids.order = self.order_by(&keys, along, |_, key| key.scalar.clone());
            self.paged(&mut ids, &list.args, wants.page_info);
            ranges.push(ids);
        }
        let (rows, keys) = self.joined_to(list, Relation::Union(ranges))?;
        let mut limit = Query::default();
        self.paged(&mut limit, &list.args, wants.page_info);
        Ok(Some((rows, keys, limit)))
    }

    /// The records of which a relation yields the ids.
    fn joined_to(&mut self, list: &ListRead, ids: Relation) -> Result<(Rows, Vec<Key>), LowerError> {
        let mut rows = self.rows(&list.object, Deleted::With)?;
        let alias = self.alias('p');
        let on = equal(self.id(&rows.place)?, Scalar::Column(alias.clone(), Ident::made("id")));
        let table = std::mem::replace(&mut rows.from, From { source: ids, alias });
        rows.frame.joins.push(Join { kind: JoinKind::Inner, from: table, on: Some(on) });
        self.as_of(&mut rows, list.args.as_of)?;
        let keys = self.keys(&mut rows, &list.args.order)?;
        Ok((rows, keys))
    }

    /// A page far from the beginning: the ids are skipped over an index, then only the page's records are read.
    fn skipped(&mut self, list: &ListRead, wants: &Wants) -> Result<(Rows, Vec<Key>, Query), LowerError> {
        let mut skipped = self.listed(list)?;
        self.selected(&mut skipped, &list.args)?;
        let keys = self.keys(&mut skipped, &list.args.order)?;
        let order = self.order_by(&keys, way(&list.args), |_, key| key.scalar.clone());
        let id = self.id(&skipped.place)?;
        let mut ids = skipped.query(vec![(id, Ident::made("id"))]);
        ids.order = order;
        self.paged(&mut ids, &list.args, wants.page_info);
        let (rows, keys) = self.joined_to(list, Relation::Query(Box::new(ids)))?;
        Ok((rows, keys, Query::default()))
    }
}

/// The page of a list before it is put together with the totals.
struct PageRows {
    query: Query,
    id: usize,
    /// Pieces of one record for each part of the list; empty for parts that are no records.
    records: Vec<Vec<Piece>>,
    cursor: Vec<Piece>,
    alias: Ident,
    outer_order: Vec<Order>,
}

/// Totals that stand in every row, and in one row when the page is empty.
fn beside_totals(totals: Query, page: PageRows, columns: Columns) -> Query {
    let alias = Ident::made("totals");
    let all = totals
        .columns
        .iter()
        .map(|(_, name)| (Scalar::Column(alias.clone(), name.clone()), name.clone()))
        .chain(columns.aliases().map(|name| (Scalar::Column(page.alias.clone(), name.clone()), name.clone())))
        .collect();
    let query = Query { columns: columns.into_list(), ..page.query };
    let from = From { source: Relation::Query(Box::new(query)), alias: page.alias };
    Query {
        columns: all,
        from: Some(From { source: Relation::Query(Box::new(totals)), alias }),
        joins: vec![Join { kind: JoinKind::Left, from, on: None }],
        order: page.outer_order,
        ..Query::default()
    }
}

/// The parts of a list as pieces.
fn list_pieces(list: &ListRead, measured: Vec<Option<Vec<Piece>>>, records: &[Vec<Piece>]) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    pieces.text("{");
    for (place, (part, measured)) in list.parts.iter().zip(measured).enumerate() {
        pieces.key(place == 0, &part.key);
        match (&part.item, measured) {
            (_, Some(measured)) => pieces.extend(measured),
            (ListPart::TypeName(name), None) => pieces.text(&json_text(name)),
            (ListPart::PageInfo(items), None) => {
                pieces.text("{");
                for (place, item) in items.iter().enumerate() {
                    pieces.key(place == 0, &item.key);
                    match &item.item {
                        PageItem::TypeName(name) => pieces.text(&json_text(name)),
                        PageItem::HasNextPage => pieces.push(Piece::HasNext),
                        PageItem::HasPreviousPage => pieces.push(Piece::HasPrevious),
                        PageItem::StartCursor => pieces.push(Piece::StartCursor),
                        PageItem::EndCursor => pieces.push(Piece::EndCursor),
                    }
                }
                pieces.text("}");
            }
            (
                ListPart::Nodes(_) | ListPart::Edges(_) | ListPart::TotalCount | ListPart::Aggregate(_),
                None,
            ) => {
                pieces.push(Piece::Rows(records.get(place).cloned().unwrap_or_default()));
            }
        }
    }
    pieces.text("}");
    pieces.into_vec()
}

/// The JSON of a row's position, as [`crate::cursor::decode`] reads it.
fn cursor_pieces(list: &ListRead, keys: &[(usize, Encoding)]) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    pieces.text("{\"o\":");
    pieces.text(&json_text(&fingerprint(&list.object, &list.args.order)));
    for (place, (column, encoding)) in keys.iter().enumerate() {
        let name = if place == list.args.order.len() { "id".to_owned() } else { key_name(place) };
        pieces.key(false, &name);
        pieces.push(Piece::Cell(*column, CellType::Plain(*encoding)));
    }
    pieces.text("}");
    pieces.into_vec()
}
