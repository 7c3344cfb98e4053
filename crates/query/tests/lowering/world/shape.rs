//! Shapes of requests in few words.

use std::sync::Arc;

use expr::Expr;
use metadata::Name;
use metadata::catalog::Aggregate;
use query::request::{
    AggregateItem, Deleted, EdgeItem, FoldItem, Keyed, ListArgs, ListPart, ListRead, OrderKey, Page,
    PageItem, PartItem, Read, RecordItem, Selection,
};

use super::name;

pub fn keyed<T>(key: &str, item: T) -> Keyed<T> {
    Keyed { key: Arc::from(key), item }
}

pub fn values(names: &[&str]) -> Selection {
    names.iter().map(|text| keyed(text, RecordItem::Value(name(text)))).collect()
}

pub fn one(relation: &str, selection: Selection) -> Keyed<RecordItem> {
    keyed(relation, RecordItem::One(name(relation), selection))
}

pub fn one_of(relation: &str, selections: Vec<(&str, Selection)>) -> Keyed<RecordItem> {
    let selections: Vec<(Name, Selection)> =
        selections.into_iter().map(|(to, selection)| (name(to), selection)).collect();
    keyed(relation, RecordItem::OneOf(name(relation), selections))
}

pub fn parts(composite: &str, names: &[&str]) -> Keyed<RecordItem> {
    let items = names.iter().map(|part| keyed(part, PartItem::Part(Arc::from(*part)))).collect();
    keyed(composite, RecordItem::Parts(name(composite), items))
}

pub fn below(relation: &str, list: ListRead) -> Keyed<RecordItem> {
    keyed(relation, RecordItem::Many(name(relation), Box::new(list)))
}

pub fn order(path: &str, descending: bool, nulls_first: bool) -> OrderKey {
    OrderKey { path: path.split('.').map(Arc::from).collect(), descending, nulls_first }
}

/// A forward page whose size is in that slot.
pub fn page(size: u16) -> Page {
    Page { size, backward: false, after: None, before: None, offset: None }
}

pub fn args(filter: Option<Expr>, order: Vec<OrderKey>, page: Page) -> ListArgs {
    ListArgs { filter, search: None, order, page, deleted: Deleted::Without, as_of: None }
}

pub fn list(object: &str, args: ListArgs, parts: Vec<Keyed<ListPart>>) -> ListRead {
    ListRead { object: name(object), args, parts }
}

pub fn nodes(selection: Selection) -> Keyed<ListPart> {
    keyed("nodes", ListPart::Nodes(selection))
}

pub fn edges(selection: Selection) -> Keyed<ListPart> {
    keyed(
        "edges",
        ListPart::Edges(vec![keyed("cursor", EdgeItem::Cursor), keyed("node", EdgeItem::Node(selection))]),
    )
}

pub fn total() -> Keyed<ListPart> {
    keyed("totalCount", ListPart::TotalCount)
}

pub fn page_info() -> Keyed<ListPart> {
    keyed(
        "pageInfo",
        ListPart::PageInfo(vec![
            keyed("hasNextPage", PageItem::HasNextPage),
            keyed("hasPreviousPage", PageItem::HasPreviousPage),
            keyed("startCursor", PageItem::StartCursor),
            keyed("endCursor", PageItem::EndCursor),
        ]),
    )
}

pub fn fold(aggregate: Aggregate, key: &str, fields: &[&str]) -> Keyed<AggregateItem> {
    let items = fields.iter().map(|text| keyed(text, FoldItem::Field(name(text)))).collect();
    keyed(key, AggregateItem::Fold(aggregate, items))
}

pub fn read(list: ListRead) -> Read {
    Read::List(list)
}
