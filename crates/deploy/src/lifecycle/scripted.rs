//! Past moves under a changed script: its guard is asked again, move by move, in batches. It sees the record as it is now and nothing else:
//! one that asks for related records, or who acts, cannot be asked and counts as if it held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use expr::{Encoding, Moment, Value};
use indexmap::IndexMap;
use metadata::catalog::{FieldType, FunctionPath, Guard, Lifecycle, Object, Transition};
use metadata::difference::Detail;
use metadata::layout::{Column, Role};
use script::{Budget, Data, Fixed, Library, Limits, Path, Scene, Source, Verdict};
use sql::{Cells, Compare, Order, Scalar};

use super::Columns;
use super::replay::{Amount, Moves, Replay, Share, kept_column, stay};
use crate::error::DeployError;
use crate::plan::{Effect, Judged, Verdict as Refuses, effect};
use crate::rows::Batches;
use crate::statements::{column, compare, constant, id_text};

/// Moves that are judged at a time, with one budget.
const BATCH: i64 = 1_000;
/// Records that an effect names.
const SHOWN: usize = 5;

/// The script that guards the transition, if it is another than before or says something else.
pub fn changed<'a>(
    judged: &Judged<'_>,
    way: &'a Transition,
    guard_changed: bool,
) -> Option<&'a FunctionPath> {
    let Some(Guard::Script(path)) = &way.guard else { return None };
    let again = |detail: &Detail| match detail {
        Detail::ScriptAdded { package, module } | Detail::ScriptChanged { package, module } => {
            *package == path.package && *module == path.module
        }
        _ => false,
    };
    (guard_changed || judged.changes.iter().any(|change| again(&change.detail))).then_some(path)
}

/// What was found so far.
#[derive(Default)]
struct Tally {
    count: u64,
    records: BTreeSet<String>,
    owners: BTreeMap<String, u64>,
}

/// The script as it will be, ready to be asked about records.
pub struct Script<'a> {
    judged: &'a Judged<'a>,
    object: &'a Object,
    library: Library,
    path: &'a FunctionPath,
    fields: Vec<(String, Column)>,
}

impl<'a> Script<'a> {
    /// `None` where the scripts do not compile: that is told elsewhere.
    pub fn new(judged: &'a Judged<'a>, object: &str, path: &'a FunctionPath) -> Option<Self> {
        let object = judged.new.object(object)?;
        let (library, _) = Library::compile(&sources(judged)).ok()?;
        Some(Self { judged, object, library, path, fields: fields(judged, object) })
    }

    /// Whether it says no about a record.
    fn refuses(&self, id: &Value, values: IndexMap<String, Value>, budget: &Arc<Budget>) -> bool {
        let FunctionPath { package, module, function } = self.path;
        let scene = scene(self.object, id, values, self.judged.moment);
        let verdict = self.library.judge(Path { package, module, function }, &scene, budget);
        matches!(verdict, Ok(Verdict::Refused { .. }))
    }

    /// Records that wait for the move and that it would hold now.
    pub async fn held(&self, before: &Lifecycle, way: &Transition) -> Result<Option<Effect>, DeployError> {
        let Some(table) = self.judged.new.layout.tables.get(&self.object.name) else { return Ok(None) };
        let kept = kept_column(self.judged, &self.object.name, "lifecycle");
        let Some(place) = Columns::of(table).filter(|_| kept.is_some()) else { return Ok(None) };
        let columns = self.fields.iter().map(|(_, of)| of.clone()).collect();
        let mut batches = Batches::new(&table.name, columns, place.waiting(before, way), BATCH);
        let (mut count, mut sample) = (0, Vec::new());
        loop {
            let rows = batches.fetch(self.judged.tenant).await?;
            if rows.is_empty() {
                break;
            }
            let budget = budget();
            for row in &rows {
                let cell = |at: usize| row.cells.get(at).cloned().unwrap_or(Value::Null);
                if self.refuses(&row.id, values(cell, self.object, &self.fields), &budget) {
                    count += 1;
                    sample.extend((sample.len() < SHOWN).then(|| id_text(&row.id)));
                }
            }
        }
        let told = || effect(&self.object.name, format!("held:{}", way.name), count, sample, Refuses::Told);
        Ok((count > 0).then(told))
    }

    /// The past moves that it would have refused.
    pub async fn refused(&self, moves: &Moves<'_>, way: &Transition) -> Result<Option<Effect>, DeployError> {
        let fields = &self.fields;
        let money = moves.money();
        let mut tally = Tally::default();
        let mut sums = BTreeMap::new();
        let mut after: Option<Value> = None;
        loop {
            let rows = moves.rows(page(moves, fields, after.as_ref())).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.value(0, Encoding::Id));
            let budget = budget();
            for row in &rows {
                let values = values(|at| row.value(at + 2, at_encoding(fields, at)), self.object, fields);
                let record = row.value(1, Encoding::Id);
                if !self.refuses(&record, values.clone(), &budget) {
                    continue;
                }
                tally.note(&record, values.get("owner"));
                if let Some(Value::Decimal(amount)) = money.as_ref().and_then(|name| values.get(name)) {
                    let currency =
                        match money.as_ref().and_then(|name| values.get(&format!("{name}Currency"))) {
                            Some(Value::Text(code)) => Some(code.clone()),
                            _ => None,
                        };
                    sums.entry(currency).and_modify(|sum| *sum += *amount).or_insert(*amount);
                }
            }
        }
        if tally.count == 0 {
            return Ok(None);
        }
        let sample = tally.records.iter().take(SHOWN).cloned().collect();
        let mut told =
            effect(&moves.object, format!("replay:{}", way.name), tally.count, sample, Refuses::Told);
        told.replay = Some(Replay {
            since: moves.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            owners: tally.shares(moves).await?,
            amounts: sums
                .into_iter()
                .map(|(currency, sum)| Amount { currency, amount: sum.normalize().to_string() })
                .collect(),
        });
        Ok(Some(told))
    }
}

impl Tally {
    fn note(&mut self, record: &Value, owner: Option<&Value>) {
        self.count += 1;
        self.records.insert(id_text(record));
        *self.owners.entry(owner.map(id_text).unwrap_or_default()).or_default() += 1;
    }

    async fn shares(&self, moves: &Moves<'_>) -> Result<Vec<Share>, DeployError> {
        let mut shares = Vec::new();
        for (owner, count) in &self.owners {
            let id = owner.parse().ok().map_or(Value::Null, Value::Id);
            let name = moves.name(&id).await?;
            shares.push(Share { owner: (!owner.is_empty()).then(|| owner.clone()), name, count: *count });
        }
        shares.sort_by_key(|share| std::cmp::Reverse(share.count));
        Ok(shares)
    }
}

/// The scripts as they will be.
fn sources(judged: &Judged<'_>) -> Vec<Source> {
    let source = |script: &metadata::catalog::Script| Source {
        package: script.package.clone(),
        module: script.module.clone(),
        file: script.file.clone(),
        text: Arc::clone(&script.text),
        settings: script.settings.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
    };
    judged.new.scripts.iter().map(source).collect()
}

/// What one batch may spend.
fn budget() -> Arc<Budget> {
    let begun = Instant::now();
    let limits = Limits::for_records(usize::try_from(BATCH).unwrap_or(1_000));
    Arc::new(Budget::new(limits, Arc::new(move || begun.elapsed())))
}

/// The fields of one value each that are stored already, with their columns.
fn fields(judged: &Judged<'_>, object: &Object) -> Vec<(String, Column)> {
    let stored =
        |name: &str| kept_column(judged, &object.name, name).filter(|column| column.role == Role::Value);
    object.fields.keys().filter_map(|name| Some((name.to_string(), stored(name)?.clone()))).collect()
}

fn page(moves: &Moves<'_>, fields: &[(String, Column)], after: Option<&Value>) -> sql::Query {
    let columns = [stay("id"), column("id")].into_iter();
    let mut query = moves.query(columns.chain(fields.iter().map(|(_, of)| column(&of.name))));
    if let Some(after) = after {
        let behind = compare(Compare::Greater, stay("id"), constant(after.clone(), Encoding::Id));
        query.filter = Some(Scalar::And(query.filter.into_iter().chain([behind]).collect()));
    }
    query.order = vec![Order { by: stay("id"), descending: false, nulls_first: false }];
    query.limit = Some(Scalar::Int(BATCH));
    query
}

fn at_encoding(fields: &[(String, Column)], at: usize) -> Encoding {
    fields.get(at).map_or(Encoding::Text, |(_, of)| of.encoding)
}

/// The values of a record, of which `cell` has those of the fields; what it has no column for yet is null.
fn values(
    cell: impl Fn(usize) -> Value,
    object: &Object,
    fields: &[(String, Column)],
) -> IndexMap<String, Value> {
    let computed = |name: &str| {
        matches!(
            object.field(name).map(|field| &field.ty),
            Some(
                FieldType::Formula { .. }
                    | FieldType::Rollup { .. }
                    | FieldType::Score { .. }
                    | FieldType::Many(_)
            )
        )
    };
    let mut values: IndexMap<String, Value> = object
        .fields
        .keys()
        .filter(|name| !computed(name))
        .map(|name| (name.to_string(), Value::Null))
        .collect();
    for (at, (name, _)) in fields.iter().enumerate() {
        values.insert(name.clone(), cell(at));
    }
    values
}

fn scene(object: &Object, id: &Value, values: IndexMap<String, Value>, moment: Moment) -> Scene {
    let data = |(name, value): (String, Value)| {
        let relation = object.field(&name).is_some_and(|field| matches!(field.ty, FieldType::Lookup(_)));
        let data = match value {
            Value::Id(_) if relation => Data::Record(Arc::new(record(&name, &value, IndexMap::new()))),
            value => Data::from(value),
        };
        (name, data)
    };
    let values = values.into_iter().map(data).collect();
    let nobody = Fixed {
        kind: "user".to_owned(),
        values: [("id".to_owned(), Data::NULL)].into_iter().collect(),
        ..Fixed::default()
    };
    Scene {
        record: Some(Arc::new(record(&object.name, id, values))),
        old: None,
        user: Arc::new(nobody),
        event: Data::NULL,
        assigns: false,
        moment,
    }
}

fn record(kind: &str, id: &Value, mut values: IndexMap<String, Data>) -> Fixed {
    values.insert("id".to_owned(), Data::text(id_text(id)));
    Fixed { kind: kind.to_owned(), id: Some(id_text(id)), values, assignable: false }
}
