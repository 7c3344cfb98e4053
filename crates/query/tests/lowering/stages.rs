//! Lifecycles: what is read of stages and their log is what counting in memory finds, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use expr::filter::Values;
use expr::{Expr, Value};
use metadata::catalog::{Catalog, StageKind};
use query::request::{
    AgingPart, FunnelPart, GroupKey, GroupPart, GroupRead, KeyItem, Keyed, Length, LifecyclePart,
    LifecycleRead, Period, Read, RecordItem, ScorePart, StageFact, StageRead, StayList, StayPart, Told,
    Velocity, VelocityPart,
};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use sql::Bucket;
use testing::{Chance, Handles, each_database};

use crate::differential::{json as answered, moment};
use crate::world;
use crate::world::shape::*;
use crate::world::staged::{self, Lead, STAGES, Stay};

async fn filled(bed: &Handles, catalog: &Catalog, leads: &[Lead]) {
    let dialect = bed.tenant.dialect();
    let tables: Vec<_> =
        world::tables(catalog).iter().flat_map(|table| sql::print_ddl(table, dialect)).collect();
    bed.tenant.execute_ddl(&tables).await.expect("tables");
    for write in staged::inserts(leads) {
        bed.tenant.run_write(&sql::print_write(&write, dialect), &[]).await.expect("records");
    }
}

/// A filter of the API with its values behind those that are there.
fn filter(catalog: &Catalog, object: &str, json: &Json, values: &mut Vec<Value>) -> Option<Expr> {
    let mut slots = Values::Slots { values: std::mem::take(values), moment: moment() };
    let read = expr::filter::read(json, &catalog.scope(), object, &mut slots).expect("a filter");
    if let Values::Slots { values: all, .. } = slots {
        *values = all;
    }
    read
}

fn put(values: &mut Vec<Value>, value: Value) -> u16 {
    values.push(value);
    u16::try_from(values.len() - 1).expect("few")
}

fn days(micros: i64) -> i128 {
    (i128::from(micros) + 43_200) / 86_400
}

fn length(stay: &Stay, until: DateTime<Utc>) -> i128 {
    days((until - stay.entered).num_microseconds().expect("short"))
}

fn decimal(millionths: i128) -> Json {
    json!(Decimal::from_i128_with_scale(millionths, 6).normalize().to_string())
}

fn lengths(mut all: Vec<i128>) -> [Json; 3] {
    let count = i128::try_from(all.len()).expect("few");
    if count == 0 {
        return [Json::Null, Json::Null, Json::Null];
    }
    all.sort_unstable();
    let at = |place: i128| all[usize::try_from(place).expect("a place")];
    let tenths = |tenths: i128| {
        let (whole, rest) = (tenths * (count - 1) / 10, tenths * (count - 1) % 10);
        let (low, high) = (at(whole), at((whole + 1).min(count - 1)));
        decimal((low * 10 + (high - low) * rest + 5) / 10)
    };
    let sum: i128 = all.iter().sum();
    [decimal((2 * sum + count) / (2 * count)), tenths(5), tenths(9)]
}

/// One of the questions of these tests.
struct Asked {
    least: Option<i64>,
    as_of: Option<DateTime<Utc>>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    pass: Option<i64>,
    by: Option<Bucket>,
}

impl Asked {
    fn new(chance: &mut Chance) -> Self {
        let instant = |chance: &mut Chance, odds: usize| {
            let days = i64::try_from(chance.below(380)).expect("small");
            chance.one_in(odds).then(|| staged::beginning() + TimeDelta::days(days))
        };
        Self {
            least: chance.one_in(2).then(|| i64::try_from(chance.below(60)).expect("small")),
            as_of: instant(chance, 3),
            from: instant(chance, 3),
            to: instant(chance, 3),
            pass: chance.one_in(4).then(|| 1 + i64::try_from(chance.below(3)).expect("small")),
            by: *chance.pick(&[None, Some(Bucket::Month), Some(Bucket::Quarter), Some(Bucket::Week)]),
        }
    }

    fn during(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn now(&self) -> DateTime<Utc> {
        self.as_of.unwrap_or(moment().now)
    }

    /// The leads that are asked about, each with the stays that had begun.
    fn of(&self, leads: &[Lead]) -> Vec<Lead> {
        let asked = |lead: &&Lead| !lead.deleted && self.least.is_none_or(|least| lead.score >= least);
        let begun = |lead: &Lead| {
            let mut lead = lead.clone();
            lead.stays.retain(|stay| stay.entered <= self.now());
            lead
        };
        leads.iter().filter(asked).map(begun).filter(|lead| !lead.stays.is_empty()).collect()
    }

    fn read(
        &self,
        catalog: &Catalog,
        told: impl FnOnce(&mut Vec<Value>, Period) -> Told,
    ) -> (Read, Vec<Value>) {
        let mut values = Vec::new();
        let filter = self
            .least
            .and_then(|least| filter(catalog, "lead", &json!({"score": {"gte": least}}), &mut values));
        let mut slot = |at: Option<DateTime<Utc>>| at.map(|at| put(&mut values, Value::DateTime(at)));
        let (as_of, from, to) = (slot(self.as_of), slot(self.from), slot(self.to));
        let told = told(&mut values, Period { from, to });
        let (object, lifecycle) = (world::name("lead"), world::name("mtl"));
        (Read::Stages(StageRead { object, lifecycle, filter, as_of, told }), values)
    }
}

fn funnel(asked: &Asked, leads: &[Lead]) -> Json {
    let rank = |stage: usize| match STAGES[stage].1 {
        StageKind::Open | StageKind::Won => Some(stage),
        StageKind::Detour | StageKind::Lost => None,
    };
    let leads = asked.of(leads);
    let row = |number: usize| {
        let (mut entered, mut stays, mut present, mut advanced, mut won, mut lost) = (0_i64, 0, 0, 0, 0, 0);
        for lead in &leads {
            let came: Vec<usize> = (0..lead.stays.len())
                .filter(|at| lead.stays[*at].stage == number && asked.during(lead.stays[*at].entered))
                .collect();
            stays += came.len();
            let open = |stay: &&Stay| stay.left.is_none_or(|(left, _)| left > asked.now());
            present += usize::from(lead.stays.iter().filter(open).any(|stay| stay.stage == number));
            let Some(first) = came.first() else { continue };
            let since = &lead.stays[*first..];
            entered += 1;
            let is = |kind| since.iter().any(|stay| STAGES[stay.stage].1 == kind);
            advanced +=
                i64::from(since.iter().any(|stay| rank(stay.stage).is_some_and(|rank| rank > number)));
            won += i64::from(is(StageKind::Won));
            lost += i64::from(is(StageKind::Lost));
        }
        let share =
            || decimal((i128::from(advanced) * 2_000_000 + i128::from(entered)) / (2 * i128::from(entered)));
        let conversion = if entered == 0 { Json::Null } else { share() };
        json!({"stage": STAGES[number].0, "kind": STAGES[number].1.as_str(), "entered": entered, "stays": stays,
               "present": present, "advanced": advanced, "conversion": conversion, "won": won, "lost": lost})
    };
    (0..STAGES.len()).map(row).collect()
}

fn bucket(by: Bucket, at: DateTime<Utc>) -> String {
    let day = at.with_timezone(&moment().zone).date_naive();
    let first = match by {
        Bucket::Week => day - chrono::Days::new(day.weekday().num_days_from_monday().into()),
        Bucket::Quarter => {
            day.with_day(1).and_then(|day| day.with_month0(day.month0() / 3 * 3)).expect("a day")
        }
        _ => day.with_day(1).expect("a day"),
    };
    first.to_string()
}

fn velocity(asked: &Asked, leads: &[Lead]) -> Json {
    let mut ways: BTreeMap<(Option<String>, usize, usize), Vec<i128>> = BTreeMap::new();
    for lead in asked.of(leads) {
        for stay in &lead.stays {
            let Some((left, to)) =
                stay.left.filter(|(left, _)| *left <= asked.now() || asked.as_of.is_none())
            else {
                continue;
            };
            if asked.during(left) && asked.pass.is_none_or(|pass| pass == stay.pass) {
                let key = (asked.by.map(|by| bucket(by, left)), stay.stage, to);
                ways.entry(key).or_default().push(length(stay, left));
            }
        }
    }
    let row = |((bucket, from, to), all): ((Option<String>, usize, usize), Vec<i128>)| {
        let count = all.len();
        let [mean, half, most] = lengths(all);
        json!({"from": STAGES[from].0, "to": STAGES[to].0, "bucket": bucket, "count": count,
               "mean": mean, "p50": half, "p90": most})
    };
    ways.into_iter().map(row).collect()
}

fn aging(asked: &Asked, leads: &[Lead]) -> Json {
    let leads = asked.of(leads);
    let row = |number: usize| {
        let standing = leads.iter().filter_map(|lead| match asked.as_of {
            Some(at) => lead.at(at),
            None => lead.stays.last(),
        });
        let here: Vec<&Stay> = standing.filter(|stay| stay.stage == number).collect();
        let late = here.iter().filter(|stay| match STAGES[number].0 {
            "mql" => stay.entered + TimeDelta::days(7) < asked.now(),
            "sql" => stay.entered + chrono::Months::new(1) < asked.now(),
            _ => false,
        });
        let oldest = here.iter().map(|stay| stay.entered).min();
        let oldest = oldest.map(|at| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
        let [mean, half, most] = lengths(here.iter().map(|stay| length(stay, asked.now())).collect());
        json!({"stage": STAGES[number].0, "count": here.len(), "overdue": late.count(), "oldest": oldest,
               "mean": mean, "p50": half, "p90": most})
    };
    (0..STAGES.len()).map(row).collect()
}

fn facts() -> Vec<Keyed<FunnelPart>> {
    vec![
        keyed("stage", FunnelPart::Fact(StageFact::Name)),
        keyed("kind", FunnelPart::Fact(StageFact::Kind)),
        keyed("entered", FunnelPart::Entered),
        keyed("stays", FunnelPart::Stays),
        keyed("present", FunnelPart::Present),
        keyed("advanced", FunnelPart::Advanced),
        keyed("conversion", FunnelPart::Conversion),
        keyed("won", FunnelPart::Won),
        keyed("lost", FunnelPart::Lost),
    ]
}

async fn compared(bed: &Handles, catalog: &Catalog, leads: &[Lead], seed: u64) {
    let asked = Asked::new(&mut Chance::new(seed));
    let (read, values) = asked.read(catalog, |_, period| Told::Funnel { period, parts: facts() });
    assert_eq!(answered(bed, catalog, read, &values).await, funnel(&asked, leads), "the funnel of {seed}");
    let spread = |of: fn(Length) -> VelocityPart| {
        [("mean", Length::Mean), ("p50", Length::Median), ("p90", Length::NinetyPercent)]
            .map(|(name, length)| keyed(name, of(length)))
    };
    let (read, values) = asked.read(catalog, |values, period| {
        let zone = put(values, Value::Text(moment().zone.name().to_owned()));
        let size = put(values, Value::Int(1000));
        let pass = asked.pass.map(|pass| put(values, Value::Int(pass)));
        let mut parts = vec![
            keyed("from", VelocityPart::From),
            keyed("to", VelocityPart::To),
            keyed("bucket", VelocityPart::Bucket),
            keyed("count", VelocityPart::Count),
        ];
        parts.extend(spread(VelocityPart::Days));
        Told::Velocity(Velocity {
            period,
            by: asked.by,
            zone,
            pass,
            from_stage: None,
            to_stage: None,
            size,
            parts,
        })
    });
    assert_eq!(
        answered(bed, catalog, read, &values).await,
        velocity(&asked, leads),
        "the velocity of {seed}"
    );
    let (read, values) = asked.read(catalog, |_, _| {
        let mut parts = vec![
            keyed("stage", AgingPart::Fact(StageFact::Name)),
            keyed("count", AgingPart::Count),
            keyed("overdue", AgingPart::Overdue),
            keyed("oldest", AgingPart::Oldest),
        ];
        let lengths = [("mean", Length::Mean), ("p50", Length::Median), ("p90", Length::NinetyPercent)];
        parts.extend(lengths.map(|(name, length)| keyed(name, AgingPart::Days(length))));
        Told::Aging(parts)
    });
    assert_eq!(answered(bed, catalog, read, &values).await, aging(&asked, leads), "the aging of {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_tells_what_counting_finds() {
    each_database(|bed| async move {
        let catalog = staged::catalog();
        let leads = staged::leads(&mut Chance::new(5), 150);
        filled(&bed, &catalog, &leads).await;
        for seed in 0..40 {
            compared(&bed, &catalog, &leads, seed).await;
        }
    })
    .await;
}

/// Ids of the leads that a filter selects, at an instant if there is one.
async fn selected(
    bed: &Handles,
    catalog: &Catalog,
    json: &Json,
    as_of: Option<DateTime<Utc>>,
) -> BTreeSet<String> {
    let mut values = vec![Value::Int(1000)];
    let filter = filter(catalog, "lead", json, &mut values);
    let as_of = as_of.map(|at| put(&mut values, Value::DateTime(at)));
    let mut args = args(filter, vec![], page(0));
    args.as_of = as_of;
    let found = answered(
        bed,
        catalog,
        read(list("lead", args, vec![nodes(crate::world::shape::values(&["id"]))])),
        &values,
    )
    .await;
    let nodes = found["nodes"].as_array().expect("records");
    nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
}

fn those(leads: &[Lead], which: impl Fn(&Lead) -> bool) -> BTreeSet<String> {
    let living = leads.iter().filter(|lead| !lead.deleted);
    living.filter(|lead| which(lead)).map(|lead| lead.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_are_asked_of_the_present_and_of_the_past() {
    each_database(|bed| async move {
        let catalog = staged::catalog();
        let leads = staged::leads(&mut Chance::new(9), 120);
        filled(&bed, &catalog, &leads).await;
        let times = |lead: &Lead, stage: usize| lead.stays.iter().filter(|stay| stay.stage == stage).count();
        let now = moment().now;
        let since = |lead: &Lead| now - lead.stays.last().expect("a stay").entered;
        let may = staged::beginning() + TimeDelta::days(120);
        let june = staged::beginning() + TimeDelta::days(151);
        let may_to_june = json!([may.to_rfc3339(), june.to_rfc3339()]);
        let came = |lead: &Lead, pass: Option<i64>| {
            lead.stays.iter().any(|stay| {
                stay.stage == 1
                    && (may..=june).contains(&stay.entered)
                    && pass.is_none_or(|pass| stay.pass == pass)
            })
        };
        for (json, expected) in [
            (json!({"reached": {"stage": "mql"}}), those(&leads, |lead| times(lead, 1) > 0)),
            (json!({"not": {"reached": {"stage": "mql"}}}), those(&leads, |lead| times(lead, 1) == 0)),
            (
                json!({"reached": {"lifecycle": "mtl", "stage": "mql", "times": {"gte": 2}}}),
                those(&leads, |lead| times(lead, 1) >= 2),
            ),
            (
                json!({"reached": {"stage": "sql", "times": {"eq": 0}}}),
                those(&leads, |lead| times(lead, 2) == 0),
            ),
            (
                json!({"enteredStage": {"stage": "mql", "at": {"between": may_to_june}}}),
                those(&leads, |lead| came(lead, None)),
            ),
            (
                json!({"enteredStage": {"stage": "mql", "at": {"between": may_to_june}, "pass": 2}}),
                those(&leads, |lead| came(lead, Some(2))),
            ),
            (json!({"stageAge": {"gt": "200d"}}), those(&leads, |lead| since(lead) > TimeDelta::days(200))),
            (
                json!({"stageAge": {"between": ["100d", "300d"]}}),
                those(&leads, |lead| (TimeDelta::days(100)..=TimeDelta::days(300)).contains(&since(lead))),
            ),
            (
                json!({"stage": {"in": ["sql"]}}),
                those(&leads, |lead| lead.stays.last().expect("a stay").stage == 2),
            ),
        ] {
            let found = selected(&bed, &catalog, &json, None).await;
            assert_eq!(found, expected, "{json}");
            assert!(!found.is_empty(), "{json} is asked of nothing");
        }
        for stage in [0, 1, 2, 4] {
            let asked = json!({"stage": {"eq": STAGES[stage].0}});
            let found = selected(&bed, &catalog, &asked, Some(may)).await;
            assert_eq!(
                found,
                those(&leads, |lead| lead.at(may).is_some_and(|stay| stay.stage == stage)),
                "{asked}"
            );
        }
        let asked = json!({"reached": {"stage": "mql"}});
        let found = selected(&bed, &catalog, &asked, Some(may)).await;
        let by_then = |lead: &Lead| lead.stays.iter().any(|stay| stay.stage == 1 && stay.entered <= may);
        assert_eq!(found, those(&leads, by_then), "{asked}");
        groups_of_then(&bed, &catalog, &leads, may).await;
    })
    .await;
}

/// How many stood in each stage at an instant.
async fn groups_of_then(bed: &Handles, catalog: &Catalog, leads: &[Lead], at: DateTime<Utc>) {
    let count = GroupPart::Aggregate(vec![keyed("count", query::request::AggregateItem::Count)]);
    let groups = Read::Groups(GroupRead {
        object: world::name("lead"),
        filter: None,
        deleted: query::request::Deleted::Without,
        as_of: Some(2),
        keys: vec![GroupKey { path: vec!["stage".into()], bucket: None }],
        having: None,
        order: Vec::new(),
        size: 0,
        zone: 1,
        parts: vec![keyed("key", GroupPart::Key(vec![keyed("stage", KeyItem::Key(0))])), keyed("all", count)],
    });
    let slots = [Value::Int(100), Value::Text("UTC".to_owned()), Value::DateTime(at)];
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    for lead in leads.iter().filter(|lead| !lead.deleted) {
        if let Some(stay) = lead.at(at) {
            *expected.entry(STAGES[stay.stage].0).or_default() += 1;
        }
    }
    let row = |(stage, count): (&str, usize)| json!({"key": {"stage": stage}, "all": {"count": count}});
    let expected: Json = expected.into_iter().map(row).collect();
    assert_eq!(answered(bed, catalog, groups, &slots).await, expected);
}

fn lifecycle(as_of: Option<u16>, stays: StayList) -> Keyed<RecordItem> {
    let parts = vec![
        keyed("name", LifecyclePart::Name),
        keyed("title", LifecyclePart::Title),
        keyed("stage", LifecyclePart::Stage),
        keyed("enteredAt", LifecyclePart::EnteredAt),
        keyed("pass", LifecyclePart::Pass),
        keyed("history", LifecyclePart::History(stays)),
    ];
    keyed("lifecycle", RecordItem::Lifecycle(Box::new(LifecycleRead { as_of, parts })))
}

fn stays(size: u16, backward: bool, after: Option<u16>) -> StayList {
    let parts = vec![
        keyed("id", StayPart::Id),
        keyed("from", StayPart::From),
        keyed("to", StayPart::To),
        keyed("pass", StayPart::Pass),
        keyed("days", StayPart::Days),
        keyed("actor", StayPart::Actor),
    ];
    StayList { size, backward, after, before: None, parts }
}

fn told(lead: &Lead, stays: &[Stay]) -> Json {
    let row = |stay: &Stay| {
        let before = lead.stays.iter().rposition(|one| one.id == stay.id).and_then(|at| at.checked_sub(1));
        json!({"id": stay.id.to_string(), "from": before.map(|at| STAGES[lead.stays[at].stage].0),
               "to": STAGES[stay.stage].0, "pass": stay.pass,
               "days": stay.left.map(|(left, _)| decimal(length(stay, left))), "actor": "user:user1@example.com"})
    };
    stays.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_record_stands_is_told_with_its_past() {
    each_database(|bed| async move {
        let catalog = staged::catalog();
        let leads = staged::leads(&mut Chance::new(2), 20);
        filled(&bed, &catalog, &leads).await;
        let at = |stay: &Stay| stay.entered.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let long = leads.iter().find(|lead| !lead.deleted && lead.stays.len() > 3).expect("a long past");
        let mut selection = values(&["id"]);
        selection.push(lifecycle(None, stays(0, false, None)));
        let mut past = lifecycle(Some(1), stays(2, true, None));
        past.key = "past".into();
        selection.push(past);
        let mut further = lifecycle(None, stays(2, false, Some(3)));
        further.key = "further".into();
        selection.push(further);
        let then = staged::beginning() + TimeDelta::days(150);
        let slots = [Value::Int(100), Value::DateTime(then), Value::Int(2), Value::Id(long.stays[0].id)];
        let mut inner = values(&["id"]);
        inner.push(one("lead", selection.clone()));
        let notes = list("note", args(None, vec![], page(0)), vec![nodes(inner)]);
        selection.push(below("notes", notes));
        let asked = list("lead", args(None, vec![], page(0)), vec![nodes(selection), total()]);
        let found = answered(&bed, &catalog, read(asked), &slots).await;
        let found = found["nodes"].as_array().expect("records");
        assert_eq!(found.len(), leads.iter().filter(|lead| !lead.deleted).count());
        let mut nested = 0;
        for told_of in found {
            let lead = leads.iter().find(|lead| told_of["id"] == lead.id.to_string()).expect("a lead");
            let last = lead.stays.last().expect("a stay");
            let whole = json!({"name": "mtl", "title": "Marketing to lead", "stage": STAGES[last.stage].0,
                               "enteredAt": at(last), "pass": last.pass, "history": told(lead, &lead.stays)});
            assert_eq!(told_of["lifecycle"], whole);
            let begun: Vec<Stay> = lead.stays.iter().filter(|stay| stay.entered <= then).cloned().collect();
            match lead.at(then) {
                None => assert_eq!(told_of["past"], Json::Null),
                Some(stay) => {
                    assert_eq!(told_of["past"]["stage"], STAGES[stay.stage].0);
                    assert_eq!(told_of["past"]["pass"], stay.pass);
                    let last_two = &begun[begun.len().saturating_sub(2)..];
                    assert_eq!(told_of["past"]["history"], told(lead, last_two));
                }
            }
            if lead.id == long.id {
                assert_eq!(told_of["further"]["history"], told(lead, &lead.stays[1..3]));
            } else {
                assert_eq!(
                    told_of["further"]["history"],
                    json!([]),
                    "a stay of another record is no position"
                );
            }
            for note in told_of["notes"]["nodes"].as_array().expect("notes") {
                nested += 1;
                for part in ["lifecycle", "past", "further"] {
                    assert_eq!(note["lead"][part], told_of[part], "nested as above");
                }
            }
        }
        assert_eq!(nested, 5);
    })
    .await;
}

#[test]
fn what_no_filter_on_stages_may_say() {
    let catalog = staged::catalog();
    for (json, expected) in [
        (json!({"reached": {"stage": "mqll"}}), "\"mqll\" is no stage"),
        (json!({"reached": {"times": {"gte": 2}}}), "a stage is wanted"),
        (json!({"reached": {"stage": "mql", "lifecycle": "no"}}), "\"no\" is no lifecycle"),
        (json!({"reached": {"stage": null}}), "null is no stage"),
        (json!({"reached": {"stage": "mql", "times": {}}}), "an operator is missing"),
        (json!({"reached": {"stage": "mql", "pass": 1}}), "there is no condition `pass` here"),
        (json!({"enteredStage": {"stage": "mql", "pass": 0}}), "0 is no number of a pass"),
        (json!({"stageAge": {"gt": "3y"}}), "\"3y\" is no length of time"),
        (json!({"stageAge": {}}), "an operator is missing"),
        (json!({"stageAge": {"is": "7d"}}), "there is no operator `is` here"),
        (json!({"stageAge": null}), "a comparison must not be null"),
    ] {
        let mut slots = Values::Slots { values: Vec::new(), moment: moment() };
        let problems = expr::filter::read(&json, &catalog.scope(), "lead", &mut slots).expect_err("refused");
        assert_eq!(problems[0].message, expected, "{json}");
    }
    let unknown =
        expr::filter::read(&json!({"stageAge": {"gt": "7d"}}), &catalog.scope(), "note", &mut Values::Inline);
    assert_eq!(unknown.expect_err("refused")[0].message, "`note` has no field `stageAge`");
    let hint = expr::filter::read(&json!({"reachd": {}}), &catalog.scope(), "lead", &mut Values::Inline);
    assert!(hint.expect_err("refused")[0].hint.as_deref().is_some_and(|hint| hint.contains("reached")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_score_is_told_with_its_parts() {
    each_database(|bed| async move {
        let catalog = staged::catalog();
        let leads = staged::leads(&mut Chance::new(3), 40);
        filled(&bed, &catalog, &leads).await;
        let parts = vec![
            keyed("title", ScorePart::Title),
            keyed("when", ScorePart::When),
            keyed("points", ScorePart::Points),
            keyed("holds", ScorePart::Holds),
        ];
        let mut selection = values(&["id", "fit"]);
        selection.push(keyed("fitParts", RecordItem::Score(world::name("fit"), parts)));
        let mut inner = values(&["id"]);
        inner.push(one("lead", selection.clone()));
        let notes = list("note", args(None, vec![], page(0)), vec![nodes(inner)]);
        selection.push(below("notes", notes));
        let mut slots = vec![Value::Int(100)];
        let hot = filter(&catalog, "lead", &json!({"fit": {"gte": 20}}), &mut slots);
        let asked = args(hot, vec![order("fit", true, true)], page(0));
        let found = answered(&bed, &catalog, read(list("lead", asked, vec![nodes(selection)])), &slots).await;
        let found = found["nodes"].as_array().expect("records");
        assert_eq!(found.len(), those(&leads, |lead| lead.score >= 50).len());
        for told in found {
            let lead = leads.iter().find(|lead| told["id"] == lead.id.to_string()).expect("a lead");
            let parts = json!([
                {"title": "Hot", "when": "record.score >= 50", "points": "20", "holds": true},
                {"title": null, "when": "record.name == \"Lead 7\"", "points": lead.score.to_string(), "holds": false},
                {"title": null, "when": null, "points": "1", "holds": true},
            ]);
            assert!(told["fit"] == 21 && told["fitParts"] == parts, "{told}");
            for note in told["notes"]["nodes"].as_array().expect("notes") {
                assert_eq!(note["lead"]["fitParts"], parts);
            }
        }
    })
    .await;
}
