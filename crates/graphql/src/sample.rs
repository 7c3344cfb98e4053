//! A catalog for the tests of this crate, made by hand: what resolution would make of a few documents.

use std::sync::Arc;

use indexmap::IndexMap;
use metadata::catalog::{
    Choice, Choices, Field, FieldType, Lifecycle, Lookup, Many, NumberLimits, Object, OnDelete, Stage,
    StageKind, TextLimits, Unique, Via,
};
use metadata::{Catalog, Name};

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}

pub(crate) fn field(of: &str, ty: FieldType) -> Field {
    Field {
        name: name(of),
        title: of.to_owned(),
        titles: IndexMap::new(),
        description: None,
        ty,
        required: false,
        default: None,
        sensitive: false,
        system: false,
        folded: false,
        system_scope: false,
        renamed_from: None,
    }
}

fn system(of: &str, ty: FieldType) -> Field {
    Field { system: true, ..field(of, ty) }
}

fn choices(of: &str, values: &[&str]) -> Arc<Choices> {
    let choice = |value: &&str| Choice {
        value: Arc::from(*value),
        label: format!("{value}!"),
        labels: IndexMap::new(),
        renamed_from: None,
        also: Vec::new(),
    };
    Arc::new(Choices {
        name: of.to_owned(),
        title: of.to_owned(),
        choices: values.iter().map(choice).collect(),
    })
}

pub(crate) fn lookup(to: &str, inverse: Option<&str>) -> FieldType {
    FieldType::Lookup(Lookup {
        to: name(to),
        inverse: inverse.map(name),
        on_delete: OnDelete::Clear,
        master: false,
    })
}

fn many(to: &str, via: &str) -> FieldType {
    FieldType::Many(Many { to: name(to), via: Via::Field(name(via)) })
}

pub(crate) fn text() -> FieldType {
    FieldType::Text(TextLimits::default())
}

pub(crate) fn object(of: &str, plural: &str, fields: Vec<Field>) -> Object {
    let mut all = vec![
        system("id", FieldType::Id),
        system("createdAt", FieldType::DateTime),
        system("updatedAt", FieldType::DateTime),
        system("version", FieldType::Int(NumberLimits::default())),
        system("deletedAt", FieldType::DateTime),
    ];
    all.extend(fields);
    Object {
        name: name(of),
        plural: name(plural),
        title: of.to_owned(),
        titles: IndexMap::new(),
        description: None,
        package: "test".to_owned(),
        fields: all.into_iter().map(|field| (field.name.clone(), Arc::new(field))).collect(),
        display: Some(name("name")),
        search: vec![name("name")],
        indexes: Vec::new(),
        uniques: Vec::new(),
        rules: Vec::new(),
        owned: false,
        history: false,
        link: false,
        renamed_from: None,
    }
}

fn lifecycle(of: &str) -> Lifecycle {
    let stage = |text: &str| Stage {
        name: Arc::from(text),
        title: text.to_owned(),
        titles: IndexMap::new(),
        description: None,
        kind: StageKind::Open,
        journey: None,
        phase: None,
        expected: None,
        probability: None,
        functions: Vec::new(),
        systems: Vec::new(),
        metrics: Vec::new(),
        sop: Vec::new(),
        locked: Vec::new(),
        cooldown: None,
        renamed_from: None,
    };
    Lifecycle {
        name: name(of),
        object: name("opportunity"),
        title: of.to_owned(),
        titles: IndexMap::new(),
        description: None,
        package: "test".to_owned(),
        when: None,
        stages: ["open", "won", "lost"].map(|text| (Arc::from(text), stage(text))).into(),
        transitions: Vec::new(),
        moved: IndexMap::new(),
        renamed_from: None,
    }
}

/// Accounts with contacts and opportunities, users who own them, and tasks about either.
pub(crate) fn catalog() -> Arc<Catalog> {
    let industry = choices("industry", &["software", "steel"]);
    let mut account = object(
        "account",
        "accounts",
        vec![
            field("name", text()),
            field("number", text()),
            field("industry", FieldType::Select(Arc::clone(&industry))),
            field("office", FieldType::Address),
            field("tags", FieldType::Tags(TextLimits::default())),
            field("parent", lookup("account", Some("children"))),
            field("children", many("account", "parent")),
            field("opportunities", many("opportunity", "account")),
            field("tasks", many("task", "about")),
        ],
    );
    account.uniques.push(Unique { name: "number".into(), fields: vec![name("number")], condition: None });
    let opportunity = object(
        "opportunity",
        "opportunities",
        vec![
            field("name", text()),
            field("account", lookup("account", Some("opportunities"))),
            field("owner", lookup("user", None)),
            system("lifecycle", FieldType::Select(choices("opportunity.lifecycle", &["sale", "renewal"]))),
            system("stage", FieldType::Select(choices("opportunity.stage", &["open", "won", "lost"]))),
            system("stageEnteredAt", FieldType::DateTime),
            system("pass", FieldType::Int(NumberLimits::default())),
            field("amount", FieldType::Money { currency: None, limits: NumberLimits::default() }),
            field("amountCurrency", FieldType::Currency { of: name("amount") }),
            field("closeDate", FieldType::Date),
            field("seats", FieldType::Int(NumberLimits::default())),
        ],
    );
    let task = object(
        "task",
        "tasks",
        vec![
            field("name", text()),
            field(
                "about",
                FieldType::Polymorphic {
                    to: vec![name("account"), name("opportunity")],
                    inverse: Some(name("tasks")),
                },
            ),
            field("done", FieldType::Bool),
        ],
    );
    let user = object("user", "users", vec![field("name", text())]);
    let objects = [user, account, opportunity, task];
    Arc::new(Catalog {
        version: 1,
        hash: "sample".into(),
        objects: objects.into_iter().map(|object| (object.name.clone(), Arc::new(object))).collect(),
        choices: IndexMap::from([(name("industry"), industry)]),
        lifecycles: ["sale", "renewal"].into_iter().map(|of| (name(of), Arc::new(lifecycle(of)))).collect(),
        ..Catalog::default()
    })
}
