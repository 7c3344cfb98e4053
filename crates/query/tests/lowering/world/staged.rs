//! Leads that pass through stages, with random pasts.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use expr::{Duration, Encoding, Value};
use indexmap::IndexMap;
use metadata::catalog::{
    Catalog, Choice, Choices, Field, FieldType, Journey, Lifecycle, NumberLimits, Points, Returns, Stage,
    StageKind,
};
use sql::{Ident, Insert, Param, Rows, Scalar, Source, Write};
use testing::Chance;
use uuid::Uuid;

use super::{assembled, field, lookup, many, name, object, text};

/// The stages in their order, and what kind each is of.
pub const STAGES: [(&str, StageKind); 6] = [
    ("engaged", StageKind::Open),
    ("mql", StageKind::Open),
    ("sql", StageKind::Open),
    ("recycled", StageKind::Detour),
    ("converted", StageKind::Won),
    ("disqualified", StageKind::Lost),
];

fn select(text: &str, values: &[&str]) -> Field {
    let choice = |value: &&str| Choice {
        value: Arc::from(*value),
        label: (*value).to_owned(),
        labels: IndexMap::new(),
        renamed_from: None,
        also: Vec::new(),
    };
    let choices = values.iter().map(choice).collect();
    let choices = Choices { name: format!("lead.{text}"), title: text.to_owned(), choices };
    system(text, FieldType::Select(Arc::new(choices)))
}

fn system(text: &str, ty: FieldType) -> Field {
    Field { system: true, ..field(text, ty) }
}

fn stage((text, kind): (&str, StageKind)) -> Stage {
    Stage {
        name: Arc::from(text),
        title: text.to_uppercase(),
        titles: IndexMap::new(),
        description: None,
        kind,
        journey: (kind == StageKind::Won).then_some(Journey::Buy),
        phase: None,
        expected: match text {
            "mql" => "7d".parse::<Duration>().ok(),
            "sql" => "1mo".parse::<Duration>().ok(),
            _ => None,
        },
        probability: (text == "sql").then_some(40),
        functions: Vec::new(),
        systems: Vec::new(),
        metrics: Vec::new(),
        sop: Vec::new(),
        locked: Vec::new(),
        cooldown: None,
        renamed_from: None,
    }
}

/// Leads in one lifecycle, notes about them, and users.
pub fn catalog() -> Catalog {
    let stages: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
    let lead = object(
        "lead",
        vec![
            select("lifecycle", &["mtl"]),
            select("stage", &stages),
            system("stageEnteredAt", FieldType::DateTime),
            system("pass", FieldType::Int(NumberLimits::default())),
            text("name"),
            field("score", FieldType::Int(NumberLimits::default())),
            lookup("owner", "user", None),
            many("notes", "note", "lead"),
        ],
    );
    let first = assembled(vec![object(
        "lead",
        vec![field("score", FieldType::Int(NumberLimits::default())), text("name")],
    )]);
    let expr = |source: &str| super::parse(&first, "lead", source);
    let points = |title: Option<&str>, when: Option<&str>, points: &str| Points {
        title: title.map(str::to_owned),
        when: when.map(expr),
        points: expr(points),
    };
    let fit = FieldType::Score {
        points: vec![
            points(Some("Hot"), Some("record.score >= 50"), "20"),
            points(None, Some("record.name == \"Lead 7\""), "record.score"),
            points(None, None, "1"),
        ],
        returns: Returns::Int,
        expr: expr(
            "(if record.score >= 50 { 20 } else { 0 }) + (if record.name == \"Lead 7\" { record.score } else { 0 }) + 1",
        ),
    };
    let mut lead = lead;
    lead.fields.insert(name("fit"), Arc::new(field("fit", fit)));
    let note = object("note", vec![text("name"), lookup("lead", "lead", Some("notes"))]);
    let user = object("user", vec![text("name"), text("email")]);
    let mut catalog = assembled(vec![lead, note, user]);
    let lifecycle = Lifecycle {
        name: name("mtl"),
        object: name("lead"),
        title: "Marketing to lead".to_owned(),
        titles: IndexMap::new(),
        description: None,
        package: "world".to_owned(),
        when: None,
        stages: STAGES.into_iter().map(|one| (Arc::from(one.0), stage(one))).collect(),
        transitions: Vec::new(),
        moved: IndexMap::new(),
        renamed_from: None,
    };
    catalog.lifecycles.insert(name("mtl"), Arc::new(lifecycle));
    catalog
}

/// The stay of a lead in a stage.
#[derive(Clone, Debug)]
pub struct Stay {
    pub id: Uuid,
    pub stage: usize,
    pub pass: i64,
    pub entered: DateTime<Utc>,
    pub left: Option<(DateTime<Utc>, usize)>,
}

/// A lead with its stays, the last of which lasts.
#[derive(Clone, Debug)]
pub struct Lead {
    pub id: Uuid,
    pub score: i64,
    pub owner: Uuid,
    pub deleted: bool,
    pub stays: Vec<Stay>,
}

impl Lead {
    /// Where it stood at an instant.
    pub fn at(&self, at: DateTime<Utc>) -> Option<&Stay> {
        self.stays.iter().find(|stay| stay.entered <= at && stay.left.is_none_or(|(left, _)| left > at))
    }
}

/// The user of that number.
pub fn user(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// The first instant of all pasts.
pub fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_672_531_200, 0).expect("an instant")
}

/// Random leads; some are deleted. Stays of no length are among the others.
pub fn leads(chance: &mut Chance, count: u128) -> Vec<Lead> {
    let mut number = 0x0190_0000_0000_7000_9000_0000_0000_0000_u128;
    let mut id = || {
        number += 1;
        Uuid::from_u128(number)
    };
    (0..count)
        .map(|_| {
            let mut at = beginning()
                + TimeDelta::seconds(i64::from(u32::try_from(chance.below(20_000_000)).expect("small")));
            let mut stays: Vec<Stay> = Vec::new();
            let mut stage = 0;
            for _ in 0..=chance.below(8) {
                let pass =
                    i64::try_from(stays.iter().filter(|stay| stay.stage == stage).count()).expect("few") + 1;
                stays.push(Stay { id: id(), stage, pass, entered: at, left: None });
                let mut next = chance.below(STAGES.len());
                while next == stage {
                    next = chance.below(STAGES.len());
                }
                at += match chance.below(5) {
                    0 => TimeDelta::zero(),
                    1 => {
                        TimeDelta::microseconds(i64::try_from(chance.below(200_000_000_000)).expect("small"))
                    }
                    _ => TimeDelta::seconds(i64::try_from(chance.below(1_700_000)).expect("small")),
                };
                if let Some(last) = stays.last_mut() {
                    last.left = Some((at, next));
                }
                stage = next;
            }
            if let Some(last) = stays.last_mut() {
                last.left = None;
            }
            Lead {
                id: id(),
                score: i64::try_from(chance.below(100)).expect("small"),
                owner: user(if chance.one_in(2) { 1 } else { 2 }),
                deleted: chance.one_in(9),
                stays,
            }
        })
        .collect()
}

fn param(value: Value, encoding: Encoding) -> Scalar {
    match value {
        Value::Null => Scalar::Null(encoding),
        value => Scalar::Param(Param { source: Source::Constant(value), encoding, list: false }),
    }
}

fn insert(table: &str, columns: &[(&str, Encoding)], rows: Vec<Vec<Value>>) -> Write {
    let row = |values: Vec<Value>| {
        values.into_iter().zip(columns).map(|(value, (_, encoding))| param(value, *encoding)).collect()
    };
    Write::Insert(Insert {
        table: Ident::made(table),
        columns: columns.iter().map(|(column, _)| Ident::made(column)).collect(),
        rows: Rows::Values(rows.into_iter().map(row).collect()),
        conflict: None,
        returning: Vec::new(),
    })
}

fn named(stage: usize) -> Value {
    Value::Text(STAGES[stage].0.to_owned())
}

/// What puts the leads, their log and the users into the tables.
pub fn inserts(leads: &[Lead]) -> Vec<Write> {
    let system = [
        ("id", Encoding::Id),
        ("created_at", Encoding::DateTime),
        ("updated_at", Encoding::DateTime),
        ("version", Encoding::Int),
        ("deleted_at", Encoding::DateTime),
    ];
    let base = |id: Uuid, deleted: bool| {
        let at = Value::DateTime(beginning());
        let gone = if deleted { at.clone() } else { Value::Null };
        vec![Value::Id(id), at.clone(), at, Value::Int(1), gone]
    };
    let users = [1, 2].map(|number| {
        let mut row = base(user(number), false);
        row.extend([Value::Text(format!("User {number}")), Value::Text(format!("user{number}@example.com"))]);
        row
    });
    let mut writes = vec![insert(
        "user",
        &[&system[..], &[("name", Encoding::Text), ("email", Encoding::Text)]].concat(),
        users.into(),
    )];
    let columns = [
        ("lifecycle", Encoding::Text),
        ("stage", Encoding::Text),
        ("stage_entered_at", Encoding::DateTime),
        ("pass", Encoding::Int),
        ("name", Encoding::Text),
        ("score", Encoding::Int),
        ("owner", Encoding::Id),
    ];
    let row = |lead: &Lead| {
        let last = lead.stays.last().expect("a stay");
        let mut row = base(lead.id, lead.deleted);
        row.extend([
            Value::Text("mtl".to_owned()),
            named(last.stage),
            Value::DateTime(last.entered),
            Value::Int(last.pass),
            Value::Text(format!("Lead {}", lead.score)),
            Value::Int(lead.score),
            Value::Id(lead.owner),
        ]);
        row
    };
    for leads in leads.chunks(100) {
        writes.push(insert("lead", &[&system[..], &columns].concat(), leads.iter().map(row).collect()));
    }
    let notes = leads.iter().filter(|lead| !lead.deleted).take(5).enumerate().map(|(number, lead)| {
        let mut row = base(user(100 + u128::try_from(number).expect("small")), false);
        row.extend([Value::Text("Note".to_owned()), Value::Id(lead.id)]);
        row
    });
    let columns = [&system[..], &[("name", Encoding::Text), ("lead", Encoding::Id)]].concat();
    writes.push(insert("note", &columns, notes.collect()));
    let stays: Vec<Vec<Value>> = leads.iter().flat_map(log_of).collect();
    for rows in stays.chunks(100) {
        writes.push(insert("transition", &LOG, rows.to_vec()));
    }
    writes
}

const LOG: [(&str, Encoding); 15] = [
    ("id", Encoding::Id),
    ("object", Encoding::Text),
    ("record", Encoding::Id),
    ("lifecycle", Encoding::Text),
    ("name", Encoding::Text),
    ("from_stage", Encoding::Text),
    ("to_stage", Encoding::Text),
    ("pass", Encoding::Int),
    ("entered", Encoding::DateTime),
    ("left_at", Encoding::DateTime),
    ("left_to", Encoding::Text),
    ("actor", Encoding::Text),
    ("user_id", Encoding::Id),
    ("cause", Encoding::Text),
    ("version", Encoding::Int),
];

fn log_of(lead: &Lead) -> Vec<Vec<Value>> {
    let before = std::iter::once(None).chain(lead.stays.iter().map(|stay| Some(stay.stage)));
    let row = |(stay, before): (&Stay, Option<usize>)| {
        vec![
            Value::Id(stay.id),
            Value::Text("lead".to_owned()),
            Value::Id(lead.id),
            Value::Text("mtl".to_owned()),
            Value::Null,
            before.map_or(Value::Null, named),
            named(stay.stage),
            Value::Int(stay.pass),
            Value::DateTime(stay.entered),
            stay.left.map_or(Value::Null, |(at, _)| Value::DateTime(at)),
            stay.left.map_or(Value::Null, |(_, to)| named(to)),
            Value::Text("user:user1@example.com".to_owned()),
            Value::Id(user(1)),
            Value::Text("user".to_owned()),
            Value::Int(1),
        ]
    };
    lead.stays.iter().zip(before).map(row).collect()
}
