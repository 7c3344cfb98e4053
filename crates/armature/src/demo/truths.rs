//! What is true of a generated data set, computed from its rows alone: what a test, or a reader, can hold the answers against.

use std::collections::BTreeMap;

use expr::Value;
use query::request::{Input, RecordData, RecordRef};
use rust_decimal::Decimal;

use super::{DemoData, Part};

/// Figures of the data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truths {
    /// Records of each object.
    pub records: BTreeMap<String, usize>,
    /// Opportunities in each stage.
    pub stages: BTreeMap<String, usize>,
    /// Sum of the amounts won, by product code.
    pub won_by_product: BTreeMap<String, Decimal>,
    /// Sum of the amounts won, by owner's address.
    pub won_by_owner: BTreeMap<String, Decimal>,
    /// Leads in each stage.
    pub leads: BTreeMap<String, usize>,
}

/// Computes the figures.
pub fn truths(data: &DemoData) -> Truths {
    let mut out = Truths::default();
    let mut leads = BTreeMap::new();
    for Part { object, key, rows } in &data.objects {
        if key.is_none() {
            *out.records.entry(object.to_string()).or_default() += rows.len();
        }
        for row in rows {
            match &**object {
                "opportunity" => count_opportunity(row, &mut out),
                "lead" => {
                    leads.insert(text(row, "externalId"), text(row, "stage"));
                }
                _ => {}
            }
        }
    }
    for stage in leads.into_values() {
        *out.leads.entry(stage).or_default() += 1;
    }
    out
}

fn count_opportunity(row: &RecordData, out: &mut Truths) {
    let stage = text(row, "stage");
    if stage == "won" {
        let amount = amount(row);
        *out.won_by_product.entry(text(row, "product")).or_default() += amount;
        *out.won_by_owner.entry(text(row, "owner")).or_default() += amount;
    }
    *out.stages.entry(stage).or_default() += 1;
}

fn field<'a>(row: &'a RecordData, name: &str) -> Option<&'a Input> {
    row.fields.iter().find(|(field, _)| &**field == name).map(|(_, input)| input)
}

/// The text of a field, or the key by which it names a related record.
fn text(row: &RecordData, name: &str) -> String {
    match field(row, name) {
        Some(Input::Value(Value::Text(text)) | Input::One(RecordRef::By(_, Value::Text(text)))) => {
            text.clone()
        }
        _ => String::new(),
    }
}

fn amount(row: &RecordData) -> Decimal {
    match field(row, "amount") {
        Some(Input::Value(Value::Decimal(amount))) => *amount,
        _ => Decimal::ZERO,
    }
}
