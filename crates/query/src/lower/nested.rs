//! A list below a record: its whole connection as one JSON value, made by a correlated subquery.

use expr::Encoding;
use metadata::Name;
use metadata::catalog::FieldType;
use sql::{CellType, Compare, From, Ident, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Place, Rows, unknown};
use super::list::{Wants, behind, measures, way};
use super::order::{Way, position_pairs};
use super::selection::{Pairs, type_name};
use crate::cost::DEFAULT_PAGE;
use crate::request::{EdgeItem, Keyed, ListPart, ListRead, PageItem};
use crate::slots::Transform;

impl Cx<'_> {
    /// The list below the record as JSON.
    pub fn nested_list(&mut self, place: &Place, name: &Name, list: &ListRead) -> Result<Scalar, LowerError> {
        let wants = Wants::of(list);
        let record_parts = list
            .parts
            .iter()
            .filter(|part| matches!(part.item, ListPart::Nodes(_) | ListPart::Edges(_)))
            .count();
        let shared = wants.page_info || record_parts > 1;
        let page = Ident::made(&format!("{}p", place.alias.as_str()));
        let mut pairs: Pairs = Vec::with_capacity(list.parts.len());
        for (number, part) in list.parts.iter().enumerate() {
            let (scalar, cell) = match &part.item {
                ListPart::TypeName(name) => type_name(name),
                ListPart::Nodes(_) | ListPart::Edges(_) if shared => {
                    (self.shared_records(&page, number, list), CellType::Raw)
                }
                ListPart::Nodes(_) | ListPart::Edges(_) => {
                    (self.own_records(place, name, list, part)?, CellType::Raw)
                }
                ListPart::PageInfo(items) => (self.page_info(&page, items, list), CellType::Raw),
                ListPart::TotalCount => {
                    let rows = self.below(place, name, list)?;
                    let count = rows.query(vec![(Scalar::CountAll, Ident::made("v"))]);
                    (Scalar::Subquery(Box::new(count)), CellType::Plain(Encoding::Int))
                }
                ListPart::Aggregate(items) => {
                    let mut rows = self.below(place, name, list)?;
                    let json = self.aggregate_json(&mut rows, items)?;
                    if !measures(items) {
                        pairs.push((part.key.to_string(), json, CellType::Raw));
                        continue;
                    }
                    (Scalar::Subquery(Box::new(rows.query(vec![(json, Ident::made("j"))]))), CellType::Raw)
                }
            };
            pairs.push((part.key.to_string(), scalar, cell));
        }
        let object = Scalar::JsonObject(pairs);
        if !shared {
            return Ok(object);
        }
        let rows = self.page_rows(place, name, list, &wants)?;
        Ok(Scalar::Subquery(Box::new(Query {
            with: vec![(page, rows)],
            columns: vec![(object, Ident::made("j"))],
            ..Query::default()
        })))
    }

    /// The rows below the record that the list's arguments select.
    fn below(&mut self, place: &Place, name: &Name, list: &ListRead) -> Result<Rows, LowerError> {
        let field = Cx::field(place, name)?;
        let FieldType::Many(many) = &field.ty else { return Err(unknown(&place.object.name, name)) };
        let near = self.id(place)?;
        let mut rows = self.related(&place.object.name, near, many, list.args.deleted)?;
        self.as_of(&mut rows, list.args.as_of)?;
        self.selected(&mut rows, &list.args)?;
        Ok(rows)
    }

    /// One part's records, read for it alone.
    fn own_records(
        &mut self,
        place: &Place,
        name: &Name,
        list: &ListRead,
        part: &Keyed<ListPart>,
    ) -> Result<Scalar, LowerError> {
        let mut rows = self.below(place, name, list)?;
        let keys = self.keys(&mut rows, &list.args.order)?;
        self.within(&mut rows, &keys, &list.args)?;
        let json = self.part_json(&mut rows, list, part)?;
        let way = way(&list.args);
        let order = self.order_by(&keys, way, |_, key| key.scalar.clone());
        if way == Way::Forward {
            let mut query = rows.query(vec![(json, Ident::made("j"))]);
            query.order = order;
            self.paged(&mut query, &list.args, false);
            return Ok(Scalar::JsonArray(Box::new(query)));
        }
        // The last ones are fetched from the end and shown in order.
        let number = Scalar::RowNumber(order.clone());
        let mut query = rows.query(vec![(json, Ident::made("j")), (number, Ident::made("r"))]);
        query.order = order;
        self.paged(&mut query, &list.args, false);
        let alias = self.alias('p');
        let column = |name: &str| Scalar::Column(alias.clone(), Ident::made(name));
        Ok(Scalar::JsonArray(Box::new(Query {
            columns: vec![(column("j"), Ident::made("j"))],
            order: vec![Order { by: column("r"), descending: true, nulls_first: true }],
            from: Some(From { source: Relation::Query(Box::new(query)), alias }),
            ..Query::default()
        })))
    }

    /// The page that several parts read: for each part its JSON, the position, and the place in the order of fetching.
    fn page_rows(
        &mut self,
        place: &Place,
        name: &Name,
        list: &ListRead,
        wants: &Wants,
    ) -> Result<Query, LowerError> {
        let mut rows = self.below(place, name, list)?;
        let keys = self.keys(&mut rows, &list.args.order)?;
        self.within(&mut rows, &keys, &list.args)?;
        let mut columns = Vec::new();
        for (number, part) in list.parts.iter().enumerate() {
            if matches!(part.item, ListPart::Nodes(_) | ListPart::Edges(_)) {
                columns.push((self.part_json(&mut rows, list, part)?, Ident::made(&format!("j{number}"))));
            }
        }
        if wants.cursors {
            columns.push((self.position(&mut rows, list)?, Ident::made("c")));
        }
        let order = self.order_by(&keys, way(&list.args), |_, key| key.scalar.clone());
        columns.push((Scalar::RowNumber(order.clone()), Ident::made("r")));
        let mut query = rows.query(columns);
        query.order = order;
        self.paged(&mut query, &list.args, wants.page_info);
        Ok(query)
    }

    /// The position of a row as the text of a cursor.
    fn position(&mut self, rows: &mut Rows, list: &ListRead) -> Result<Scalar, LowerError> {
        let keys = self.keys(rows, &list.args.order)?;
        let keys = keys.into_iter().map(|key| (key.scalar, key.encoding));
        let pairs = position_pairs(&list.object, &list.args.order, keys);
        Ok(Scalar::Hex(Box::new(Scalar::JsonObject(pairs))))
    }

    /// A record as one part of the list shows it.
    fn part_json(
        &mut self,
        rows: &mut Rows,
        list: &ListRead,
        part: &Keyed<ListPart>,
    ) -> Result<Scalar, LowerError> {
        let place = rows.place.clone();
        match &part.item {
            ListPart::Nodes(selection) => self.record_json(&mut rows.frame, &place, selection),
            ListPart::Edges(edges) => {
                let mut pairs: Pairs = Vec::with_capacity(edges.len());
                for edge in edges {
                    let (scalar, cell) = match &edge.item {
                        EdgeItem::TypeName(name) => type_name(name),
                        EdgeItem::Cursor => (self.position(rows, list)?, CellType::Plain(Encoding::Text)),
                        EdgeItem::Node(selection) => {
                            (self.record_json(&mut rows.frame, &place, selection)?, CellType::Raw)
                        }
                    };
                    pairs.push((edge.key.to_string(), scalar, cell));
                }
                Ok(Scalar::JsonObject(pairs))
            }
            ListPart::TypeName(_) | ListPart::PageInfo(_) | ListPart::TotalCount | ListPart::Aggregate(_) => {
                Ok(Scalar::JsonObject(Vec::new()))
            }
        }
    }

    fn size(&mut self, list: &ListRead) -> Scalar {
        Scalar::Param(self.slot(
            list.args.page.size,
            Some(Transform::Size(DEFAULT_PAGE)),
            Encoding::Int,
            false,
        ))
    }

    /// What of the shared page is shown: the record that only tells whether more follows is left out.
    fn shown(
        &mut self,
        page: &Ident,
        list: &ListRead,
        columns: Vec<(Scalar, Ident)>,
        descending: bool,
    ) -> Query {
        let number = || Scalar::Column(page.clone(), Ident::made("r"));
        Query {
            columns,
            from: Some(From { source: Relation::Cte(page.clone()), alias: page.clone() }),
            filter: Some(Scalar::Compare(
                Compare::LessOrEqual,
                Box::new(number()),
                Box::new(self.size(list)),
            )),
            order: vec![Order { by: number(), descending, nulls_first: descending }],
            ..Query::default()
        }
    }

    /// Whether there is a record where the page began.
    fn begins_behind(&mut self, list: &ListRead) -> Scalar {
        let Some(offset) = list.args.page.offset else { return Scalar::Bool(behind(&list.args)) };
        let skipped = Scalar::Param(self.slot(offset, Some(Transform::Count), Encoding::Int, false));
        Scalar::Compare(Compare::Greater, Box::new(skipped), Box::new(Scalar::Int(0)))
    }

    fn shared_records(&mut self, page: &Ident, number: usize, list: &ListRead) -> Scalar {
        let json = Scalar::Column(page.clone(), Ident::made(&format!("j{number}")));
        let shown = self.shown(page, list, vec![(json, Ident::made("j"))], list.args.page.backward);
        Scalar::JsonArray(Box::new(shown))
    }

    fn page_info(&mut self, page: &Ident, items: &[Keyed<PageItem>], list: &ListRead) -> Scalar {
        let mut pairs: Pairs = Vec::with_capacity(items.len());
        for keyed in items {
            let end = |item: PageItem| (item == PageItem::EndCursor) != list.args.page.backward;
            let truth = CellType::Plain(Encoding::Bool);
            let (scalar, cell) = match &keyed.item {
                PageItem::TypeName(name) => type_name(name),
                PageItem::HasNextPage if list.args.page.backward => (self.begins_behind(list), truth),
                PageItem::HasPreviousPage if !list.args.page.backward => (self.begins_behind(list), truth),
                PageItem::HasNextPage | PageItem::HasPreviousPage => {
                    let all = Query {
                        columns: vec![(Scalar::CountAll, Ident::made("v"))],
                        from: Some(From { source: Relation::Cte(page.clone()), alias: page.clone() }),
                        ..Query::default()
                    };
                    let count = Box::new(Scalar::Subquery(Box::new(all)));
                    (Scalar::Compare(Compare::Greater, count, Box::new(self.size(list))), truth)
                }
                item @ (PageItem::StartCursor | PageItem::EndCursor) => {
                    let cursor = Scalar::Column(page.clone(), Ident::made("c"));
                    let mut one = self.shown(page, list, vec![(cursor, Ident::made("c"))], end(item.clone()));
                    one.limit = Some(Scalar::Int(1));
                    (Scalar::Subquery(Box::new(one)), CellType::Plain(Encoding::Text))
                }
            };
            pairs.push((keyed.key.to_string(), scalar, cell));
        }
        Scalar::JsonObject(pairs)
    }
}
