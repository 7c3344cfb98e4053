//! What a read may cost at most, worked out from its shape and page sizes before any SQL: rows multiplied through nesting.

use expr::{Slot, Value};

use crate::access::Permitted;
use crate::request::{
    EdgeItem, GroupRead, Keyed, LifecyclePart, LifecycleRead, ListPart, ListRead, Operation, Read,
    RecordItem, StageRead, Told, Which, Write,
};

/// Rows that one request may touch at most.
pub const BUDGET: u64 = 100_000;
/// Levels that one request may nest at most.
pub const DEPTH: u32 = 15;
/// Records on one page at most.
pub const LARGEST_PAGE: i64 = 1_000;
/// Records on a page when its size is not stated.
pub const DEFAULT_PAGE: i64 = 50;
/// What a record that is written costs, in rows that are read.
pub const WRITTEN: u64 = 5;
/// What the moves of a record cost, in rows that are read.
pub const MOVES: u64 = 10;
/// What a look at all stages of a lifecycle costs, in rows that are read.
pub const STAGES: u64 = 1_000;
/// Groups when their number is not stated.
pub const DEFAULT_GROUPS: i64 = 1_000;

/// What a read may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Rows that it may yield, all levels counted.
    pub rows: u64,
    /// Its deepest level; the root is 1.
    pub depth: u32,
}

/// Why a read is refused before it is run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostExceeded {
    /// Too many rows.
    #[error(
        "the request may touch {rows} rows, the limit is {BUDGET}: ask for smaller pages or less nesting"
    )]
    Rows {
        /// What it would cost.
        rows: u64,
    },
    /// Too deep.
    #[error("the request is nested {depth} levels deep, the limit is {DEPTH}")]
    Depth {
        /// Its depth.
        depth: u32,
    },
    /// A page size outside of 0 to 1,000. Code `VALIDATION`.
    #[error("a page may have 0 to {LARGEST_PAGE} records, not {size}")]
    PageSize {
        /// As asked.
        size: i64,
    },
    /// A negative offset. Code `VALIDATION`.
    #[error("offset may not be negative, {offset} is")]
    Offset {
        /// As asked.
        offset: i64,
    },
}

/// The cost of one root; a door that runs several roots adds them up with [`within_budget`].
pub fn check(read: &Permitted<Read>, values: &[Value]) -> Result<Cost, CostExceeded> {
    let mut meter = Meter { values, deepest: 0 };
    let rows = match read.shape() {
        Read::Record(record) => meter.selection(&record.selection, 1)?.saturating_add(1),
        Read::List(list) => meter.list(list, 1)?,
        Read::Groups(groups) => meter.groups(groups)?,
        Read::Stages(read) => meter.stages(read)?,
    };
    let cost = Cost { rows, depth: meter.deepest };
    within_budget(cost)?;
    Ok(cost)
}

/// Whether a cost stays within the limits.
pub fn within_budget(cost: Cost) -> Result<(), CostExceeded> {
    if cost.depth > DEPTH {
        return Err(CostExceeded::Depth { depth: cost.depth });
    }
    if cost.rows > BUDGET {
        return Err(CostExceeded::Rows { rows: cost.rows });
    }
    Ok(())
}

/// What a write costs before it is known what it will do: its records, each as much as some rows; by filter, as many as a batch.
pub fn of_write(write: &Write) -> u64 {
    const MATCHING: u64 = 1_000;
    let of = |which: &Which| match which {
        Which::One(_) => 1,
        Which::Matching(..) => MATCHING,
    };
    let records = match &write.operation {
        Operation::Create(records, _) | Operation::Upsert { records, .. } => records.len() as u64,
        Operation::Update { .. } | Operation::Move { .. } => 1,
        Operation::UpdateMany(which, ..)
        | Operation::Delete(which, _)
        | Operation::Restore(which, _)
        | Operation::Destroy(which, _) => of(which),
    };
    records.saturating_mul(WRITTEN)
}

struct Meter<'a> {
    values: &'a [Value],
    deepest: u32,
}

impl Meter<'_> {
    /// The page size in a slot, judged.
    fn size(&self, slot: Slot, default: i64) -> Result<u64, CostExceeded> {
        let size = match self.values.get(usize::from(slot)) {
            Some(Value::Int(size)) => *size,
            _ => default,
        };
        match u64::try_from(size) {
            Ok(rows) if size <= LARGEST_PAGE => Ok(rows),
            _ => Err(CostExceeded::PageSize { size }),
        }
    }

    fn level(&mut self, depth: u32) -> Result<(), CostExceeded> {
        self.deepest = self.deepest.max(depth);
        if depth > DEPTH { Err(CostExceeded::Depth { depth }) } else { Ok(()) }
    }

    /// Rows below one record.
    fn selection(&mut self, selection: &[Keyed<RecordItem>], depth: u32) -> Result<u64, CostExceeded> {
        self.level(depth)?;
        let mut rows = 0_u64;
        for keyed in selection {
            let below = match &keyed.item {
                RecordItem::TypeName(_)
                | RecordItem::Value(_)
                | RecordItem::Parts(..)
                | RecordItem::Score(..) => 0,
                RecordItem::One(_, selection) => self.selection(selection, depth + 1)?.saturating_add(1),
                RecordItem::OneOf(_, selections) => {
                    let mut most = 0;
                    for (_, selection) in selections {
                        most = self.selection(selection, depth + 1)?.saturating_add(1).saturating_add(most);
                    }
                    most
                }
                RecordItem::Many(_, list) => self.list(list, depth + 1)?,
                RecordItem::Lifecycle(read) => self.lifecycle(read, depth + 1)?,
            };
            rows = rows.saturating_add(below);
        }
        Ok(rows)
    }

    fn list(&mut self, list: &ListRead, depth: u32) -> Result<u64, CostExceeded> {
        self.level(depth)?;
        let size = self.size(list.args.page.size, DEFAULT_PAGE)?;
        if let Some(Value::Int(offset)) =
            list.args.page.offset.and_then(|slot| self.values.get(usize::from(slot)))
            && *offset < 0
        {
            return Err(CostExceeded::Offset { offset: *offset });
        }
        let mut each = 0_u64;
        let mut folds = 0_u64;
        for part in &list.parts {
            match &part.item {
                ListPart::TypeName(_) | ListPart::PageInfo(_) => {}
                ListPart::TotalCount | ListPart::Aggregate(_) => folds += 1,
                ListPart::Nodes(selection) => {
                    each = each.saturating_add(1 + self.selection(selection, depth)?);
                }
                ListPart::Edges(edges) => {
                    each = each.saturating_add(1);
                    for edge in edges {
                        if let EdgeItem::Node(selection) = &edge.item {
                            each = each.saturating_add(self.selection(selection, depth)?);
                        }
                    }
                }
            }
        }
        Ok(size.saturating_mul(each.max(1)).saturating_add(folds))
    }

    /// Rows below one record for its lifecycle.
    fn lifecycle(&mut self, read: &LifecycleRead, depth: u32) -> Result<u64, CostExceeded> {
        self.level(depth)?;
        let mut rows = u64::from(read.as_of.is_some());
        for part in &read.parts {
            rows = rows.saturating_add(match &part.item {
                LifecyclePart::Moves(_) => MOVES,
                LifecyclePart::History(stays) => self.size(stays.size, DEFAULT_PAGE)?,
                LifecyclePart::TypeName(_)
                | LifecyclePart::Name
                | LifecyclePart::Title
                | LifecyclePart::Stage
                | LifecyclePart::EnteredAt
                | LifecyclePart::Pass => 0,
            });
        }
        Ok(rows)
    }

    /// Reads the log, as a grouping reads the records.
    fn stages(&mut self, read: &StageRead) -> Result<u64, CostExceeded> {
        self.level(1)?;
        match &read.told {
            Told::Velocity(velocity) => self.size(velocity.size, DEFAULT_GROUPS),
            Told::Funnel { .. } | Told::Aging(_) => Ok(STAGES),
        }
    }

    fn groups(&mut self, groups: &GroupRead) -> Result<u64, CostExceeded> {
        self.level(1)?;
        self.size(groups.size, DEFAULT_GROUPS)
    }
}
