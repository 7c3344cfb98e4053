//! Reads: one record, a list, groups.

use std::sync::Arc;

use expr::{Expr, Slot};
use metadata::Name;
use metadata::catalog::Aggregate;
use sql::Bucket;

use super::{LifecycleRead, StageRead};

/// A read. Hash and equality are those of the shape: values are apart, in slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// One record, or null.
    Record(RecordRead),
    /// A page of records with what belongs to it.
    List(ListRead),
    /// Groups with aggregates.
    Groups(GroupRead),
    /// What the log of stages tells.
    Stages(StageRead),
}

/// Something selected, under the key it has in the response. Order is the order of the response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keyed<T> {
    /// Response key (alias or name).
    pub key: Arc<str>,
    /// What stands there.
    pub item: T,
}

/// What is selected of a record.
pub type Selection = Vec<Keyed<RecordItem>>;

/// One record by id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordRead {
    /// Of which object.
    pub object: Name,
    /// Slot of the id.
    pub id: Slot,
    /// What of it.
    pub selection: Selection,
    /// Whether deleted records count.
    pub deleted: Deleted,
}

/// A list, at the root or below a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListRead {
    /// Of which object.
    pub object: Name,
    /// Which records, in which order.
    pub args: ListArgs,
    /// What of the page.
    pub parts: Vec<Keyed<ListPart>>,
}

/// Which records, in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListArgs {
    /// A condition; `Root::Record` is the listed record.
    pub filter: Option<Expr>,
    /// Slot of the words looked for.
    pub search: Option<Slot>,
    /// Order keys as asked; `id` is added as the last one by lowering.
    pub order: Vec<OrderKey>,
    /// Which page.
    pub page: Page,
    /// Whether deleted records count.
    pub deleted: Deleted,
    /// Slot of the instant (`DateTime`) at which the records stood in the stages that are asked for and told; now without it. Records
    /// that stood in none then are left out.
    pub as_of: Option<Slot>,
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Slot of the page size (Int).
    pub size: Slot,
    /// `last` instead of `first`: counted from the end, shown in order.
    pub backward: bool,
    /// Only what stands behind this position.
    pub after: Option<Vec<CursorKey>>,
    /// Only what stands before this position.
    pub before: Option<Vec<CursorKey>>,
    /// Slot of the number of records skipped; never with `after` or `before`.
    pub offset: Option<Slot>,
}

/// One key of a position: the value at that place of the order. The last one is the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CursorKey {
    /// The record had no value there.
    Null,
    /// Its value.
    Slot(Slot),
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// A value field, through to-one relations and parts of composites.
    pub path: Vec<Arc<str>>,
    /// Downwards.
    pub descending: bool,
    /// Where nulls go; resolved (plain ASC last, plain DESC first).
    pub nulls_first: bool,
}

/// Whether soft-deleted records take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Deleted {
    /// They do not.
    #[default]
    Without,
    /// Only they do.
    Only,
    /// They do, too.
    With,
}

/// What is selected of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RecordItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// A value field: stored, formula or roll-up.
    Value(Name),
    /// Parts of a composite field; the composite is null when all its parts are.
    Parts(Name, Vec<Keyed<PartItem>>),
    /// The record that a lookup points at, or null.
    One(Name, Selection),
    /// The record that a polymorphic field points at: a selection for each object it may be.
    OneOf(Name, Vec<(Name, Selection)>),
    /// A list below this record.
    Many(Name, Box<ListRead>),
    /// The parts of a score.
    Score(Name, Vec<Keyed<ScorePart>>),
    /// Where it stands in its lifecycle, or null.
    Lifecycle(Box<LifecycleRead>),
}

/// What is selected of a part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ScorePart {
    /// `__typename`
    TypeName(Arc<str>),
    /// What it is called.
    Title,
    /// The condition, as text.
    When,
    /// How many points it gives.
    Points,
    /// Whether it gives them.
    Holds,
}

/// What is selected of a composite.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PartItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// The part of that name.
    Part(Arc<str>),
}

/// What is selected of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// `edges { cursor node { … } }`
    Edges(Vec<Keyed<EdgeItem>>),
    /// `nodes { … }`
    Nodes(Selection),
    /// `pageInfo { … }`
    PageInfo(Vec<Keyed<PageItem>>),
    /// How many records match, whatever the page.
    TotalCount,
    /// Over all that match, whatever the page.
    Aggregate(Vec<Keyed<AggregateItem>>),
}

/// What is selected of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EdgeItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// The position of the record.
    Cursor,
    /// The record.
    Node(Selection),
}

/// What is selected of `pageInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PageItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// Whether more follows.
    HasNextPage,
    /// Whether something stands before.
    HasPreviousPage,
    /// Position of the first record.
    StartCursor,
    /// Position of the last record.
    EndCursor,
}

/// What is selected of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AggregateItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// How many records.
    Count,
    /// `sum { amount }` and their like.
    Fold(Aggregate, Vec<Keyed<FoldItem>>),
}

/// What is selected below `sum`, `avg`, `min`, `max`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FoldItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// The field of that name.
    Field(Name),
}

/// Groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupRead {
    /// Of which object.
    pub object: Name,
    /// Which records.
    pub filter: Option<Expr>,
    /// Whether deleted records count.
    pub deleted: Deleted,
    /// As in [`ListArgs::as_of`].
    pub as_of: Option<Slot>,
    /// What they are grouped by.
    pub keys: Vec<GroupKey>,
    /// Which groups.
    pub having: Option<Having>,
    /// In which order; lowering adds the keys at the end.
    pub order: Vec<GroupOrder>,
    /// Slot of the greatest number of groups (Int).
    pub size: Slot,
    /// Slot of the time zone's IANA name (Text) for buckets of instants.
    pub zone: Slot,
    /// What of each group.
    pub parts: Vec<Keyed<GroupPart>>,
}

/// One key of a grouping.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupKey {
    /// A value field, through to-one relations and parts.
    pub path: Vec<Arc<str>>,
    /// For dates and instants.
    pub bucket: Option<Bucket>,
}

/// An aggregate over a group: which, and of which field (`None` for count).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Measure {
    /// The aggregate.
    pub aggregate: Aggregate,
    /// The field.
    pub field: Option<Name>,
}

/// A condition on groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Having {
    /// All of them.
    And(Vec<Having>),
    /// Any of them.
    Or(Vec<Having>),
    /// The complement.
    Not(Box<Having>),
    /// A comparison of an aggregate with a slot.
    Compare(Measure, expr::BinaryOp, Slot),
    /// Whether the aggregate is null.
    IsNull(Measure),
}

/// One key of an order of groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupOrder {
    /// By what.
    pub by: GroupOrderBy,
    /// Downwards.
    pub descending: bool,
    /// Where nulls go; resolved.
    pub nulls_first: bool,
}

/// By what groups are ordered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupOrderBy {
    /// The n-th key.
    Key(usize),
    /// An aggregate.
    Measure(Measure),
}

/// What is selected of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupPart {
    /// `__typename`
    TypeName(Arc<str>),
    /// `key { … }`
    Key(Vec<Keyed<KeyItem>>),
    /// `aggregate { … }`
    Aggregate(Vec<Keyed<AggregateItem>>),
}

/// What is selected of a group's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyItem {
    /// `__typename`
    TypeName(Arc<str>),
    /// The n-th key.
    Key(usize),
    /// Keys through a relation.
    Nested(Vec<Keyed<KeyItem>>),
}
