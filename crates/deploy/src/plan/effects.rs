//! What a change does to the records that exist. Only counts and samples of ids; never part of the hash.

use std::collections::HashSet;

use expr::{Encoding, Expr, Moment, Value};
use metadata::Catalog;
use metadata::catalog::{Field, FieldType};
use metadata::difference::{Change, Detail};
use metadata::layout::{Column, Role};
use query::lower::Lowering;
use sql::{Compare, From, Ident, ListTest, Order, Query, Relation, Scalar};
use store::Tenant;

use super::Effect;
use super::judge;
use super::nullify::{Missing, nullify};
use crate::error::DeployError;
use crate::lifecycle::{self, Sides};
use crate::options::Mapping;
use crate::roles;
use crate::statements::{
    ROW, column, compare, constant, count, holding, integer, known, list, living, print, results, sample,
    table,
};
use crate::structure::Index;
use crate::work::{Fill, TableWork, Work};

/// What is judged.
pub struct Judged<'a> {
    /// Whose records.
    pub tenant: &'a Tenant,
    /// The catalog as it was.
    pub old: &'a Catalog,
    /// The catalog as it will be.
    pub new: &'a Catalog,
    /// What changes.
    pub changes: &'a [Change],
    /// The work on tables.
    pub work: &'a Work,
    /// What becomes of values without room.
    pub mapping: &'a Mapping,
    /// When, for rules that look at the calendar.
    pub moment: Moment,
    /// How far back the log of moves is held against changed transitions.
    pub replay: Option<expr::Duration>,
}

impl<'a> Judged<'a> {
    /// The catalogs that are compared.
    pub fn sides(&self) -> Sides<'a> {
        Sides { old: self.old, new: self.new, changes: self.changes, mapping: self.mapping }
    }
}

/// All effects, in the order of objects.
pub async fn effects(judged: &Judged<'_>) -> Result<Vec<Effect>, DeployError> {
    let missing = missing(judged);
    let mut found = Vec::new();
    for work in judged.work.tables.iter().filter(|work| !work.created) {
        let of = Table { judged, work, missing: &missing };
        found.extend(of.required().await?);
        found.extend(of.relations().await?);
        found.extend(of.choices().await?);
        found.extend(judge::converted(judged, work).await?);
        found.extend(judge::tightened(judged, work).await?);
        found.extend(of.uniques().await?);
        found.extend(of.rules().await?);
        found.extend(of.dropped().await?);
    }
    for (object, dropped) in &judged.work.dropped {
        let rows = count(judged.tenant, &dropped.name, Scalar::Bool(true), &[]).await?;
        let sample = sample(judged.tenant, &dropped.name, Scalar::Bool(true), &[]).await?;
        found.push(effect(&object.name, "drop".to_owned(), rows, sample, Verdict::Told));
    }
    found.extend(lifecycle::effects(judged, &missing).await?);
    found.extend(roles::effects(judged.tenant, judged.changes).await?);
    let mut seen = HashSet::new();
    found.retain(|effect| effect.count > 0 && seen.insert((effect.object.clone(), effect.rule.clone())));
    Ok(found)
}

/// Whether an effect forbids the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is only told.
    Told,
    /// Nothing is applied.
    Refused,
}

/// An effect on an object.
pub fn effect(object: &str, rule: String, count: u64, sample: Vec<String>, verdict: Verdict) -> Effect {
    Effect {
        object: object.to_owned(),
        rule,
        count,
        sample,
        refuses: verdict == Verdict::Refused,
        replay: None,
    }
}

/// Fields of all objects that have no column yet.
fn missing(judged: &Judged<'_>) -> Missing {
    let mut missing = Missing::new();
    for work in &judged.work.tables {
        for (field, columns) in &work.table.fields {
            let fresh = |column: &Column| column.role != Role::Folded && work.is_fresh(column);
            if work.created || columns.iter().any(fresh) {
                missing.insert((work.object.name.to_string(), field.to_string()));
            }
        }
    }
    missing
}

struct Table<'a> {
    judged: &'a Judged<'a>,
    work: &'a TableWork,
    missing: &'a Missing,
}

impl Table<'_> {
    fn name(&self) -> &str {
        &self.work.table.name
    }

    async fn told(&self, rule: String, filter: Scalar, verdict: Verdict) -> Result<Effect, DeployError> {
        self.told_with(rule, filter, &[], verdict).await
    }

    async fn told_with(
        &self,
        rule: String,
        filter: Scalar,
        values: &[Value],
        verdict: Verdict,
    ) -> Result<Effect, DeployError> {
        let tenant = self.judged.tenant;
        let rows = count(tenant, self.name(), filter.clone(), values).await?;
        let ids = if rows == 0 { Vec::new() } else { sample(tenant, self.name(), filter, values).await? };
        Ok(effect(&self.work.object.name, rule, rows, ids, verdict))
    }

    /// Records without a value that is required from now on.
    async fn required(&self) -> Result<Vec<Effect>, DeployError> {
        let mut found = Vec::new();
        for field in self.newly_required() {
            let columns = self.work.table.fields.get(&field.name).map_or(&[][..], Vec::as_slice);
            let values = columns.iter().filter(|column| column.role != Role::Folded);
            let mut empty = vec![living()];
            for of in values {
                if let Some(there) = self.stands_in(of) {
                    empty.push(Scalar::IsNull(Box::new(column(&there))));
                }
            }
            found.push(
                self.told(format!("required:{}", field.name), Scalar::And(empty), Verdict::Told).await?,
            );
        }
        Ok(found)
    }

    fn newly_required(&self) -> Vec<&Field> {
        let mut names = HashSet::new();
        for change in self.judged.changes {
            if let Detail::RequiredAdded { object, field } | Detail::FieldAdded { object, field } =
                &change.detail
                && *object == self.work.object.name
            {
                names.insert(field.clone());
            }
        }
        let object = &self.work.object;
        object
            .fields
            .values()
            .map(|field| &**field)
            .filter(|f| f.required && !f.system && names.contains(&f.name))
            .collect()
    }

    /// The column that has the value now: its own, or the one that it is filled from. `None` when it is null everywhere.
    fn stands_in(&self, of: &Column) -> Option<String> {
        if !self.work.is_fresh(of) {
            return Some(of.name.clone());
        }
        self.work.fills.iter().find_map(|fill| match fill {
            Fill::Convert(convert) if convert.targets.contains(of) => {
                Some(convert.source.as_ref()?.name.clone())
            }
            Fill::Fold { source, target, .. } if target == of => Some(source.name.clone()),
            Fill::Convert(_) | Fill::Fold { .. } | Fill::Currency { .. } | Fill::Formula { .. } => None,
        })
    }

    /// Relations that point elsewhere from now on, while records hold ids of the old object.
    async fn relations(&self) -> Result<Vec<Effect>, DeployError> {
        let Some(old) = &self.work.old else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for field in self.work.object.fields.values() {
            let columns = self.work.table.fields.get(&field.name).map_or(&[][..], Vec::as_slice);
            let Some(value) = columns.iter().find(|c| c.role == Role::Value && !self.work.is_fresh(c)) else {
                continue;
            };
            let before =
                old.fields.values().find(|other| self.old_columns(&other.name).contains(&value.name));
            let Some(before) = before else { continue };
            let filter = match (&before.ty, &field.ty) {
                (FieldType::Lookup(was), FieldType::Lookup(is))
                    if self.table_of_old(&was.to) != self.table_of_new(&is.to) =>
                {
                    known(&value.name)
                }
                (FieldType::Polymorphic { .. }, FieldType::Polymorphic { to, .. }) => {
                    let Some(kind) = columns.iter().find(|column| column.role == Role::Object) else {
                        continue;
                    };
                    let names = to.iter().map(|name| Value::Text(self.former_name(name))).collect();
                    let fits = Scalar::InParam(Box::new(column(&kind.name)), list(names, Encoding::Text));
                    Scalar::And(vec![known(&value.name), Scalar::IsNotTrue(Box::new(fits))])
                }
                _ => continue,
            };
            found.push(self.told(format!("type:{}", field.name), filter, Verdict::Refused).await?);
        }
        Ok(found)
    }

    fn old_columns(&self, field: &str) -> Vec<String> {
        let layout = &self.judged.old.layout;
        let table = layout.tables.values().find(|table| table.name == self.work.table.name);
        let columns = table.and_then(|table| table.fields.get(field));
        columns.map(|columns| columns.iter().map(|column| column.name.clone()).collect()).unwrap_or_default()
    }

    fn table_of_old(&self, object: &str) -> Option<&str> {
        self.judged.old.layout.tables.get(object).map(|table| table.name.as_str())
    }

    fn table_of_new(&self, object: &str) -> Option<&str> {
        self.judged.new.layout.tables.get(object).map(|table| table.name.as_str())
    }

    /// The name that records hold for an object of the new catalog.
    fn former_name(&self, object: &str) -> String {
        let now = self.table_of_new(object);
        let tables = &self.judged.old.layout.tables;
        let before = tables.iter().find(|(_, table)| Some(table.name.as_str()) == now);
        before.map_or_else(|| object.to_owned(), |(name, _)| name.to_string())
    }

    /// Choices in use that are removed.
    async fn choices(&self) -> Result<Vec<Effect>, DeployError> {
        let mut found = Vec::new();
        for change in self.judged.changes {
            let Detail::ChoicesRemoved { object, field, removed } = &change.detail else { continue };
            if lifecycle::keeps(&self.work.object, field) {
                continue;
            }
            let stored = self.work.table.column(field, &Role::Value).filter(|of| !self.work.is_fresh(of));
            let Some(stored) = stored.filter(|_| *object == self.work.object.name) else { continue };
            let unmapped =
                removed.iter().filter(|value| self.judged.mapping.value(object, field, value).is_none());
            let values: Vec<Value> = unmapped.map(|value| Value::Text(value.clone())).collect();
            if values.is_empty() {
                continue;
            }
            let values = list(values, Encoding::Text);
            let cell = Box::new(column(&stored.name));
            let filter = if stored.encoding == Encoding::TextList {
                Scalar::ListTest(ListTest::HasAny, cell, Some(Box::new(Scalar::Param(values))))
            } else {
                Scalar::InParam(cell, values)
            };
            found.push(self.told(format!("choices:{field}"), filter, Verdict::Refused).await?);
        }
        Ok(found)
    }

    /// Records that agree where no two may agree from now on.
    async fn uniques(&self) -> Result<Vec<Effect>, DeployError> {
        let mut found = Vec::new();
        for index in self.work.indexes.iter().filter(|index| index.unique) {
            let columns: Option<Vec<String>> = index
                .columns
                .iter()
                .map(|name| self.work.table.fields.values().flatten().find(|column| column.name == *name))
                .map(|column| self.stands_in(column?))
                .collect();
            if let Some(columns) = columns {
                found.push(self.duplicates(index, &columns).await?);
            }
        }
        Ok(found)
    }

    async fn duplicates(&self, index: &Index, columns: &[String]) -> Result<Effect, DeployError> {
        let mut filter = vec![living()];
        filter.extend(columns.iter().map(|name| known(name)));
        let unique = self.work.object.uniques.iter().find(|unique| Some(&unique.name) == index.rule.as_ref());
        if let Some(condition) = unique.and_then(|unique| unique.condition.as_ref()) {
            // Only own stored values stand in the condition of a unique rule, nothing that depends on the moment.
            filter.push(self.lowered(condition)?.0);
        }
        let keys: Vec<Scalar> = columns.iter().map(|name| column(name)).collect();
        let many = compare(Compare::Greater, Scalar::CountAll, Scalar::Int(1));
        let groups = Query {
            columns: results([Scalar::CountAll].into_iter().chain(keys.iter().cloned())),
            from: Some(table(self.name())),
            filter: Some(Scalar::And(filter.clone())),
            group: keys.clone(),
            having: Some(many.clone()),
            ..Query::default()
        };
        let numbers = Query {
            columns: results([Scalar::Column(Ident::made("groups"), Ident::made("c0"))]),
            from: Some(From {
                source: Relation::Query(Box::new(groups.clone())),
                alias: Ident::made("groups"),
            }),
            ..Query::default()
        };
        let tenant = self.judged.tenant;
        let rows = tenant.fetch(&print(&numbers, tenant), &[]).await?;
        let total: u64 = rows.iter().map(|row| integer(&sql::Cells::value(row, 0, Encoding::Int))).sum();
        let ids = if total == 0 { Vec::new() } else { self.twins(groups, columns, filter).await? };
        Ok(effect(
            &self.work.object.name,
            format!("unique:{}", index.rule_name()),
            total,
            ids,
            Verdict::Refused,
        ))
    }

    /// The ids of the first group of records that agree.
    async fn twins(
        &self,
        mut groups: Query,
        columns: &[String],
        mut filter: Vec<Scalar>,
    ) -> Result<Vec<String>, DeployError> {
        let tenant = self.judged.tenant;
        groups.order = columns
            .iter()
            .map(|name| Order { by: column(name), descending: false, nulls_first: false })
            .collect();
        groups.limit = Some(Scalar::Int(1));
        let rows = tenant.fetch(&print(&groups, tenant), &[]).await?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        for (at, name) in columns.iter().enumerate() {
            let encoding = self.encoding(name);
            let value = sql::Cells::value(first, at + 1, encoding);
            filter.push(compare(Compare::Equal, column(name), constant(value, encoding)));
        }
        sample(tenant, self.name(), Scalar::And(filter), &[]).await
    }

    fn encoding(&self, name: &str) -> Encoding {
        let table = &self.work.table;
        let all = table.fields.values().flatten().chain(&table.dropped);
        all.into_iter().find(|column| column.name == name).map_or(Encoding::Text, |column| column.encoding)
    }

    /// A condition of the new catalog over the rows as they are.
    fn lowered(&self, condition: &Expr) -> Result<(Scalar, Vec<Value>), DeployError> {
        let object = &self.work.object.name;
        let over = nullify(condition, object, self.judged.new, self.missing);
        let mut lowering = Lowering::new(self.judged.new, self.judged.tenant.dialect(), 0);
        let scalar = lowering.condition(&over, object, &Ident::made(ROW))?;
        Ok((scalar, lowering.into_slots().bind(&[], &self.judged.moment, &query::access::Facts::default())?))
    }

    /// Records that break a new or changed rule.
    async fn rules(&self) -> Result<Vec<Effect>, DeployError> {
        let mut found = Vec::new();
        for change in self.judged.changes {
            let (Detail::RuleAdded { object, rule } | Detail::RuleChanged { object, rule }) = &change.detail
            else {
                continue;
            };
            if *object != self.work.object.name {
                continue;
            }
            let Some(rule) = self.work.object.rules.iter().find(|other| other.name == *rule) else {
                continue;
            };
            let (holds, values) = self.lowered(&rule.check)?;
            let filter = Scalar::And(vec![living(), Scalar::IsNotTrue(Box::new(holds))]);
            found.push(self.told_with(format!("rule:{}", rule.name), filter, &values, Verdict::Told).await?);
        }
        Ok(found)
    }

    /// Values of fields that go.
    async fn dropped(&self) -> Result<Vec<Effect>, DeployError> {
        let mut found = Vec::new();
        for (field, columns) in self.work.dropped.iter().filter(|(field, _)| field.writable()) {
            found.push(self.told(format!("drop:{}", field.name), holding(columns), Verdict::Told).await?);
        }
        Ok(found)
    }
}
