//! A small catalog with a field of every kind, written out by hand: the world of `expr::sample` with what reads need beside it.

pub mod generate;
pub mod records;
pub mod shape;
pub mod staged;

use std::sync::Arc;

use expr::{Encoding, Expr, Type};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{
    Aggregate, Catalog, Choice, Choices, Field, FieldType, Lookup, Many, NumberLimits, Object, OnDelete,
    Returns, TextLimits, Via,
};
use metadata::layout::{Column, Layout, Role, Table};
use sql::{ColumnDef, Ddl, Ident, Scalar};

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn field(text: &str, ty: FieldType) -> Field {
    Field {
        name: name(text),
        title: text.to_owned(),
        titles: IndexMap::new(),
        description: None,
        ty,
        required: false,
        default: None,
        sensitive: false,
        system: matches!(text, "id" | "createdAt" | "updatedAt" | "version" | "deletedAt"),
        folded: false,
        system_scope: false,
        renamed_from: None,
    }
}

fn folded(text: &str) -> Field {
    Field { folded: true, ..field(text, FieldType::Text(TextLimits::default())) }
}

pub fn text(name: &str) -> Field {
    field(name, FieldType::Text(TextLimits::default()))
}

fn int(name: &str) -> Field {
    field(name, FieldType::BigInt(NumberLimits::default()))
}

fn decimal(name: &str, scale: u8) -> Field {
    field(name, FieldType::Decimal { precision: 18, scale, limits: NumberLimits::default() })
}

pub fn lookup(text: &str, to: &str, inverse: Option<&str>) -> Field {
    let ty = Lookup { to: name(to), inverse: inverse.map(name), on_delete: OnDelete::Clear, master: false };
    field(text, FieldType::Lookup(ty))
}

pub fn many(text: &str, to: &str, via: &str) -> Field {
    field(text, FieldType::Many(Many { to: name(to), via: Via::Field(name(via)) }))
}

fn linked(text: &str, to: &str, near: &str, far: &str) -> Field {
    let via = Via::Link { object: name("membership"), near: name(near), far: name(far) };
    field(text, FieldType::Many(Many { to: name(to), via }))
}

fn choices(text: &str) -> Arc<Choices> {
    let values: &[&str] =
        if text == "stage" { &["new", "qualified", "won", "lost"] } else { &["de", "cn", "us"] };
    let choice = |value: &&str| Choice {
        value: Arc::from(*value),
        label: (*value).to_owned(),
        labels: IndexMap::new(),
        renamed_from: None,
        also: Vec::new(),
    };
    Arc::new(Choices {
        name: text.to_owned(),
        title: text.to_owned(),
        choices: values.iter().map(choice).collect(),
    })
}

pub fn object(text: &str, fields: Vec<Field>) -> Object {
    let system = [
        field("id", FieldType::Id),
        field("createdAt", FieldType::DateTime),
        field("updatedAt", FieldType::DateTime),
        field("version", FieldType::BigInt(NumberLimits::default())),
        field("deletedAt", FieldType::DateTime),
    ];
    Object {
        name: name(text),
        plural: name(&format!("{text}s")),
        title: text.to_owned(),
        titles: IndexMap::new(),
        description: None,
        package: "world".to_owned(),
        fields: system.into_iter().chain(fields).map(|field| (field.name.clone(), Arc::new(field))).collect(),
        display: Some(name("name")),
        search: if text == "deal" { vec![name("name"), name("note")] } else { vec![name("name")] },
        indexes: Vec::new(),
        uniques: Vec::new(),
        rules: Vec::new(),
        owned: false,
        history: false,
        link: text == "membership",
        renamed_from: None,
    }
}

fn deal() -> Object {
    object(
        "deal",
        vec![
            folded("name"),
            text("note"),
            field("stage", FieldType::Select(choices("stage"))),
            int("count"),
            int("rank"),
            decimal("amount", 6),
            decimal("cost", 2),
            field("rate", FieldType::Float(NumberLimits::default())),
            field("weight", FieldType::Float(NumberLimits::default())),
            field("won", FieldType::Bool),
            field("hot", FieldType::Bool),
            field("closeDate", FieldType::Date),
            field("startDate", FieldType::Date),
            field("opensAt", FieldType::Time),
            field("seenAt", FieldType::DateTime),
            field("dueAt", FieldType::DateTime),
            field("effort", FieldType::Duration),
            field("tags", FieldType::Tags(TextLimits::default())),
            field("markets", FieldType::MultiSelect(choices("markets"))),
            field("extra", FieldType::Json),
            field("address", FieldType::Address),
            field("fee", FieldType::Money { currency: None, limits: NumberLimits::default() }),
            field("feeCurrency", FieldType::Currency { of: name("fee") }),
            lookup("account", "account", Some("deals")),
            lookup("owner", "user", None),
            field(
                "subject",
                FieldType::Polymorphic {
                    to: vec![name("account"), name("user")],
                    inverse: Some(name("subjects")),
                },
            ),
            many("tasks", "task", "deal"),
            linked("members", "user", "deal", "user"),
        ],
    )
}

fn objects() -> Vec<Object> {
    vec![
        deal(),
        object(
            "account",
            vec![
                folded("name"),
                text("tier"),
                int("employees"),
                decimal("revenue", 4),
                lookup("parent", "account", Some("children")),
                many("deals", "deal", "account"),
                many("children", "account", "parent"),
                many("subjects", "deal", "subject"),
            ],
        ),
        object(
            "task",
            vec![
                folded("name"),
                field("done", FieldType::Bool),
                int("points"),
                decimal("price", 2),
                field("dueDate", FieldType::Date),
                lookup("deal", "deal", Some("tasks")),
            ],
        ),
        object(
            "user",
            vec![
                folded("name"),
                text("country"),
                field("active", FieldType::Bool),
                linked("deals", "deal", "user", "deal"),
                many("subjects", "deal", "subject"),
            ],
        ),
        object("membership", vec![lookup("deal", "deal", None), lookup("user", "user", None)]),
    ]
}

fn encoding(ty: &FieldType) -> Option<Encoding> {
    Some(match ty {
        FieldType::Money { .. } | FieldType::Percent(_) => Encoding::Decimal(4),
        FieldType::Decimal { scale, .. } => Encoding::Decimal(*scale),
        FieldType::Formula { .. }
        | FieldType::Rollup { .. }
        | FieldType::Score { .. }
        | FieldType::Many(_) => return None,
        FieldType::Lookup(_) | FieldType::Polymorphic { .. } => Encoding::Id,
        other => match other.expr_type()? {
            Type::Bool => Encoding::Bool,
            Type::Int => Encoding::Int,
            Type::Float => Encoding::Float,
            Type::Date => Encoding::Date,
            Type::Time => Encoding::Time,
            Type::DateTime => Encoding::DateTime,
            Type::Duration => Encoding::Duration,
            Type::Id => Encoding::Id,
            Type::Json => Encoding::Json,
            Type::List(_) => Encoding::TextList,
            _ => Encoding::Text,
        },
    })
}

fn columns(field: &Field) -> Vec<Column> {
    let base = field.name.snake();
    let column = |suffix: &str, role, encoding| Column { name: format!("{base}{suffix}"), role, encoding };
    let mut all = Vec::new();
    if let Some(encoding) = encoding(&field.ty) {
        all.push(column("", Role::Value, encoding));
    }
    if field.folded {
        all.push(column("_folded", Role::Folded, Encoding::Text));
    }
    if matches!(field.ty, FieldType::Polymorphic { .. }) {
        all.push(column("_object", Role::Object, Encoding::Text));
    }
    for (part, suffix, ty) in field.ty.parts() {
        let encoding = if *ty == Type::Float { Encoding::Float } else { Encoding::Text };
        all.push(column(&format!("_{suffix}"), Role::Part((*part).to_owned()), encoding));
    }
    all
}

fn layout(objects: &[Object]) -> Layout {
    let table = |object: &Object| Table {
        name: object.name.snake(),
        fields: object
            .fields
            .values()
            .map(|field| (field.name.clone(), columns(field)))
            .filter(|(_, columns)| !columns.is_empty())
            .collect(),
        dropped: Vec::new(),
        retired: Vec::new(),
    };
    let tables = objects.iter().map(|object| (object.name.clone(), table(object))).collect();
    Layout { tables, ..Layout::default() }
}

pub fn assembled(objects: Vec<Object>) -> Catalog {
    let layout = layout(&objects);
    let objects = objects.into_iter().map(|object| (object.name.clone(), Arc::new(object))).collect();
    Catalog { version: 1, hash: "world".to_owned(), objects, layout, ..Catalog::default() }
}

/// Parses an expression over records of `object`.
pub fn parse(catalog: &Catalog, object: &str, source: &str) -> Expr {
    expr::parse(source, &catalog.scope(), object, None)
        .map_err(|problems| format!("{source}: {problems:?}"))
        .expect("parses")
}

/// The catalog; formulas and roll-ups come in a second step, because they are parsed against the first.
pub fn catalog() -> Catalog {
    let mut plain = objects();
    let first = assembled(objects());
    let formula = |text: &str, object: &str, returns: Returns, source: &str| {
        let expr = parse(&first, object, source);
        field(text, FieldType::Formula { returns, expr, stored: false })
    };
    let rollup = |text: &str, aggregate, folded: Option<&str>, filter: Option<&str>, returns| {
        let filter = filter.map(|source| parse(&first, "task", source));
        let ty = FieldType::Rollup { of: name("tasks"), aggregate, field: folded.map(name), filter, returns };
        field(text, ty)
    };
    let computed = [
        formula("doubled", "deal", Returns::Decimal, "record.amount * 2"),
        formula("headline", "deal", Returns::Text, "record.name + \" / \" + (record.account.name ?? \"-\")"),
        formula("overdue", "deal", Returns::Bool, "record.closeDate < today() && record.stage != \"won\""),
        rollup("openTasks", Aggregate::Count, None, Some("record.done != true"), Returns::Int),
        rollup("points", Aggregate::Sum, Some("points"), None, Returns::Int),
        rollup("spent", Aggregate::Sum, Some("price"), None, Returns::Decimal),
    ];
    if let Some(deal) = plain.iter_mut().find(|object| &*object.name == "deal") {
        deal.fields.extend(computed.into_iter().map(|field| (field.name.clone(), Arc::new(field))));
    }
    let second = assembled(plain.clone());
    if let Some(account) = plain.iter_mut().find(|object| &*object.name == "account") {
        let filter = Some(parse(&second, "deal", "record.openTasks > 0"));
        let ty = FieldType::Rollup {
            of: name("deals"),
            aggregate: Aggregate::Sum,
            field: Some(name("spent")),
            filter,
            returns: Returns::Decimal,
        };
        account.fields.insert(name("spent"), Arc::new(field("spent", ty)));
    }
    assembled(plain)
}

/// The definitions of the world's tables.
pub fn tables(catalog: &Catalog) -> Vec<Ddl> {
    catalog
        .layout
        .tables
        .values()
        .map(|table| Ddl::CreateTable {
            table: Ident::made(&table.name),
            columns: table
                .fields
                .values()
                .flatten()
                .map(|column| ColumnDef {
                    name: Ident::made(&column.name),
                    encoding: column.encoding,
                    not_null: matches!(column.name.as_str(), "id" | "created_at" | "updated_at" | "version"),
                })
                .collect(),
            primary_key: vec![Ident::made("id")],
        })
        .chain(catalog.layout.tables.values().map(|table| Ddl::CreateIndex {
            name: Ident::made(&format!("{}_name", table.name)),
            table: Ident::made(&table.name),
            parts: vec![
                (Scalar::Bare(Ident::made("version")), false),
                (Scalar::Bare(Ident::made("id")), false),
            ],
            unique: false,
            condition: Some(Scalar::IsNull(Box::new(Scalar::Bare(Ident::made("deleted_at"))))),
            concurrently: false,
        }))
        .collect()
}
