//! The main job on real input: the CRM set beside the project, imported by the maps in the repository, held against figures that are
//! computed here from the files alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::instance::{Instance, Kind, on_both, root};

on_both!(a_real_data_set_comes_in_whole, import_and_compare);

/// The data's folder; it is not part of the repository.
fn data() -> Option<PathBuf> {
    let folder = root().join("../shared/data/maven-crm");
    folder.is_dir().then_some(folder)
}

/// Object, file, map, key, rows: in the order of the package's README.
const IMPORTS: [(&str, &str, &str, &str, u64); 6] = [
    ("team", "sales_teams.csv", "offices", "name", 35),
    ("user", "sales_teams.csv", "managers", "name", 35),
    ("user", "sales_teams.csv", "agents", "name", 35),
    ("product", "products.csv", "products", "name", 7),
    ("account", "accounts.csv", "accounts", "name", 85),
    ("opportunity", "sales_pipeline.csv", "opportunities", "externalId", 8800),
];

async fn import_and_compare(kind: Kind) {
    let Some(data) = data() else {
        eprintln!("SKIPPED: the data set is not beside the project (../shared/data/maven-crm)");
        return;
    };
    let package = root().join("metadata/maven-crm");
    let mut instance = Instance::new(kind).await;
    instance.run(&["apply", &package.display().to_string(), "--tenant", "acme"]).ok();
    for round in 0..2 {
        for (object, file, map, key, rows) in IMPORTS {
            let file = data.join(file).display().to_string();
            let map = package.join(format!("maps/{map}.json")).display().to_string();
            let answer = instance
                .run(&["import", object, &file, "--tenant", "acme", "--map", &map, "--upsert", key])
                .ok();
            let report = answer.value();
            assert_eq!(report["read"], rows, "{object}: {report}");
            assert_eq!(report["rejected"], 0, "{object}: {report}");
            if round == 1 && object != "user" {
                assert_eq!(report["created"], 0, "a second run makes nothing new: {report}");
            }
        }
    }
    instance.serve();
    let truth = Truth::of(&data);
    compare(&instance, &truth).await;
}

/// What the files say.
struct Truth {
    stages: BTreeMap<String, i64>,
    won_by_product: BTreeMap<String, Decimal>,
    won_by_quarter: BTreeMap<String, Decimal>,
    without_account: i64,
    parents: BTreeMap<String, String>,
}

impl Truth {
    fn of(data: &Path) -> Self {
        let mut truth = Self {
            stages: BTreeMap::new(),
            won_by_product: BTreeMap::new(),
            won_by_quarter: BTreeMap::new(),
            without_account: 0,
            parents: BTreeMap::new(),
        };
        for row in rows(&data.join("sales_pipeline.csv")) {
            *truth.stages.entry(row["deal_stage"].to_lowercase()).or_default() += 1;
            truth.without_account += i64::from(row["account"].is_empty());
            if row["deal_stage"] == "Won" {
                let value: Decimal = row["close_value"].parse().expect("a won deal has a value");
                *truth.won_by_product.entry(row["product"].replace("GTXPro", "GTX Pro")).or_default() +=
                    value;
                let month: u32 = row["close_date"][5..7].parse().expect("a month");
                let quarter = format!("{}-{:02}-01", &row["close_date"][..4], (month - 1) / 3 * 3 + 1);
                *truth.won_by_quarter.entry(quarter).or_default() += value;
            }
        }
        for row in rows(&data.join("accounts.csv")) {
            if !row["subsidiary_of"].is_empty() {
                truth.parents.insert(row["account"].clone(), row["subsidiary_of"].clone());
            }
        }
        truth
    }
}

fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(file).expect("a CSV file").deserialize().map(|row| row.expect("a row")).collect()
}

async fn compare(instance: &Instance, truth: &Truth) {
    let data = instance
        .data(
            "{ stages: opportunitiesGroupBy(groupBy: [{stage: true}]) { key { stage } aggregate { count } }
               products: opportunitiesGroupBy(groupBy: [{product: {name: true}}], filter: {stage: {eq: won}}) { key { product { name } } aggregate { sum { amount } } }
               quarters: opportunitiesGroupBy(groupBy: [{closeDate: QUARTER}], filter: {stage: {eq: won}}) { key { closeDate } aggregate { sum { amount } } }
               blank: opportunities(filter: {account: {isNull: true}}) { totalCount }
               children: accounts(filter: {parent: {isNull: false}}, first: 100) { nodes { name parent { name } } } }",
            json!({}),
        )
        .await;
    let stages: BTreeMap<String, i64> = list(&data["stages"])
        .map(|group| (text(&group["key"]["stage"]), group["aggregate"]["count"].as_i64().expect("count")))
        .collect();
    assert_eq!(stages, truth.stages);
    let sums = |groups: &Value, key: fn(&Value) -> String| -> BTreeMap<String, Decimal> {
        list(groups)
            .map(|group| {
                (key(&group["key"]), text(&group["aggregate"]["sum"]["amount"]).parse().expect("a sum"))
            })
            .collect()
    };
    assert_eq!(sums(&data["products"], |key| text(&key["product"]["name"])), truth.won_by_product);
    assert_eq!(sums(&data["quarters"], |key| text(&key["closeDate"])), truth.won_by_quarter);
    assert_eq!(data["blank"]["totalCount"], truth.without_account);
    let parents: BTreeMap<String, String> = list(&data["children"]["nodes"])
        .map(|node| (text(&node["name"]), text(&node["parent"]["name"])))
        .collect();
    assert_eq!(parents, truth.parents);
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
