//! What the tests of the engine share: a small package on both databases, and short ways to write and to look.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use deploy::{ApplyOptions, Catalogs};
use engine::{Actor, Caller, Door, Engine, Outcome, SystemClock, SystemIds, WriteError};
use expr::Value;
use metadata::{Name, SourceFile};
use query::access::Access;
use query::request::{
    Batch, Deleted, Input, Keyed, ListArgs, ListPart, ListRead, Operation, Page, Read, RecordData,
    RecordItem, RecordRef, Which, Write,
};
use store::Tenant;
use uuid::Uuid;

const PACKAGE: &str = r#"{"name": "shop", "version": "1.0.0", "title": "Shop"}"#;

const OBJECTS: &str = r#"[
{"name": "firm", "plural": "firms", "title": "Firm", "type": "object", "required": ["name"], "x-display": "name", "x-history": true, "x-owned": true,
 "properties": {
  "name": {"type": "string", "maxLength": 40},
  "code": {"type": "string", "x-unique": true},
  "email": {"type": "string", "format": "email", "x-unique": true},
  "tier": {"type": "string", "enum": ["a", "b"], "x-labels": {"a": "Best", "b": "Other"}, "default": "b"},
  "size": {"type": "integer", "minimum": 0},
  "revenue": {"x-type": "money", "x-currency": "EUR"},
  "rate": {"x-type": "decimal"},
  "share": {"type": "number"},
  "active": {"type": "boolean"},
  "founded": {"type": "string", "format": "date", "x-default": "today()"},
  "seen": {"type": "string", "format": "date-time"},
  "place": {"x-type": "address"},
  "tags": {"type": "array", "items": {"type": "string"}},
  "notes": {"x-type": "longText"},
  "extra": {"type": "object"},
  "number": {"x-type": "autoNumber", "x-pattern": "F-{YYYY}-{0000}"},
  "double": {"x-type": "formula", "x-returns": "int", "x-formula": "record.size * 2", "x-stored": true},
  "people": {"x-type": "rollup", "x-of": "persons", "x-aggregate": "count"},
  "parent": {"x-type": "lookup", "x-to": "firm", "x-inverse": "children", "x-onDelete": "clear"}
 },
 "x-rules": [
  {"name": "notHuge", "check": "record.size == null || record.size < 1000000", "message": "Too large", "path": "size"},
  {"name": "parentTier", "check": "record.parent == null || record.parent.tier == \"a\"", "message": "The parent must be of tier a", "path": "parent"}
 ]},
{"name": "person", "plural": "persons", "title": "Person", "type": "object", "required": ["name"], "x-history": true,
 "properties": {
  "name": {"type": "string"},
  "firm": {"x-type": "lookup", "x-to": "firm", "x-inverse": "persons", "x-onDelete": "cascade"},
  "clubs": {"x-type": "manyToMany", "x-to": "club", "x-inverse": "members"}
 }},
{"name": "club", "plural": "clubs", "title": "Club", "type": "object", "x-history": true,
 "properties": {"name": {"type": "string"}}},
{"name": "contract", "plural": "contracts", "title": "Contract", "type": "object", "x-history": false,
 "properties": {
  "name": {"type": "string"},
  "firm": {"x-type": "lookup", "x-to": "firm", "x-inverse": "contracts", "x-onDelete": "restrict"}
 }},
{"name": "note", "plural": "notes", "title": "Note", "type": "object",
 "properties": {
  "text": {"type": "string"},
  "about": {"x-type": "polymorphic", "x-to": ["firm", "person"], "x-inverse": "notesAbout"}
 }}
]"#;

/// A package on one database, and somebody who may do everything.
pub struct World {
    pub engine: Arc<Engine>,
    pub caller: Caller,
}

/// Applies the package to a fresh tenant.
pub async fn world(tenant: &Tenant) -> World {
    world_of(tenant, &[("package.json", PACKAGE), ("objects/all.json", OBJECTS)]).await
}

/// The same with another package.
pub async fn world_of(tenant: &Tenant, files: &[(&str, &str)]) -> World {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    let catalogs = Catalogs::new(now);
    catalogs.get(tenant).await.expect("the platform's objects");
    deploy::apply(tenant, &files, ApplyOptions::new("test", now())).await.expect("the package applies");
    let catalog = catalogs.reload(tenant).await.expect("a catalog");
    let caller = Caller {
        tenant: tenant.clone(),
        catalog,
        actor: Actor { label: "test".to_owned(), user: None },
        access: Access::Everything,
        facts: Arc::default(),
        cause: Arc::default(),
        door: Door::Test,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
        zone: chrono_tz::UTC,
        trace: None,
    };
    World { engine: Arc::new(Engine::new()), caller }
}

pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).single().expect("a real instant")
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn text(value: &str) -> Input {
    Input::Value(Value::Text(value.to_owned()))
}

pub fn int(value: i64) -> Input {
    Input::Value(Value::Int(value))
}

pub fn null() -> Input {
    Input::Value(Value::Null)
}

pub fn by_id(id: Uuid) -> Input {
    Input::One(RecordRef::Id(id))
}

pub fn data(fields: &[(&str, Input)]) -> RecordData {
    let fields = fields.iter().map(|(field, input)| (name(field), input.clone())).collect();
    RecordData { fields, ..RecordData::default() }
}

pub fn write(object: &str, operation: Operation) -> Write {
    Write { object: name(object), operation, dry_run: false, idempotency_key: None }
}

pub fn create(object: &str, fields: &[(&str, Input)]) -> Write {
    write(object, Operation::Create(vec![data(fields)], Batch::AllOrNone))
}

pub fn update(object: &str, id: Uuid, fields: &[(&str, Input)]) -> Write {
    write(object, Operation::Update { id, data: data(fields), expected_version: None })
}

pub fn delete(object: &str, id: Uuid) -> Write {
    write(object, Operation::Delete(Which::One(id), Batch::AllOrNone))
}

impl World {
    pub async fn run(&self, write: Write) -> Outcome {
        self.try_run(write).await.expect("the write is carried out")
    }

    pub async fn try_run(&self, write: Write) -> Result<Outcome, WriteError> {
        self.engine.write(&self.caller, write, None).await
    }

    /// Writes one record that must not be refused; its id.
    pub async fn made(&self, object: &str, fields: &[(&str, Input)]) -> Uuid {
        let outcome = self.run(create(object, fields)).await;
        assert_eq!(outcome.errors, vec![], "creating a {object}");
        outcome.ids[0].expect("an id")
    }

    /// All records of an object as JSON, by id.
    pub async fn all(&self, object: &str, fields: &[&str]) -> Vec<serde_json::Value> {
        self.list(object, fields, Deleted::Without).await
    }

    pub async fn list(&self, object: &str, fields: &[&str], deleted: Deleted) -> Vec<serde_json::Value> {
        let definition = self.caller.catalog.object(object).expect("an object");
        let item = |field: &&str| {
            let lookup = matches!(
                definition.field(field).expect("a field").ty,
                metadata::catalog::FieldType::Lookup(_)
            );
            let id = vec![Keyed { key: "id".into(), item: RecordItem::Value(name("id")) }];
            let item = if lookup { RecordItem::One(name(field), id) } else { RecordItem::Value(name(field)) };
            Keyed { key: (*field).into(), item }
        };
        let selection = fields.iter().map(item).collect();
        let read = Read::List(ListRead {
            object: name(object),
            args: ListArgs {
                filter: None,
                search: None,
                order: vec![],
                page: Page { size: 0, backward: false, after: None, before: None, offset: None },
                deleted,
                as_of: None,
            },
            parts: vec![Keyed { key: "nodes".into(), item: ListPart::Nodes(selection) }],
        });
        let bytes = self.engine.read(&self.caller, read, &[Value::Int(1000)]).await.expect("a page");
        let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        json["nodes"].as_array().expect("records").clone()
    }

    /// One record by id, living or not.
    pub async fn one(&self, object: &str, id: Uuid, fields: &[&str]) -> serde_json::Value {
        let mut wanted = vec!["id"];
        wanted.extend(fields);
        let all = self.list(object, &wanted, Deleted::With).await;
        all.into_iter().find(|r| r["id"] == id.to_string()).unwrap_or(serde_json::Value::Null)
    }

    /// What the living records of an object have in the first column of a field, as ids; readers would hide what points nowhere.
    pub async fn stored(&self, object: &str, field: &str) -> Vec<Value> {
        let table = &self.caller.catalog.layout.tables[object];
        let alias = sql::Ident::made("t");
        let column = |field: &str| {
            let name = sql::Ident::new(&table.fields[field][0].name).expect("a name");
            sql::Scalar::Column(alias.clone(), name)
        };
        let null = |field: &str| sql::Scalar::IsNull(Box::new(column(field)));
        let query = sql::Query {
            columns: vec![(column(field), sql::Ident::made("id"))],
            from: Some(sql::From {
                source: sql::Relation::Table(sql::Ident::new(&table.name).expect("a name")),
                alias: alias.clone(),
            }),
            filter: Some(sql::Scalar::And(vec![null("deletedAt"), sql::Scalar::Not(Box::new(null(field)))])),
            ..sql::Query::default()
        };
        let statement = sql::print_query(&query, self.caller.tenant.dialect());
        let rows = self.caller.tenant.fetch(&statement, &[]).await.expect("a column");
        rows.iter().map(|row| sql::Cells::value(row, 0, expr::Encoding::Id)).collect()
    }

    /// How many rows a platform table has.
    pub async fn rows(&self, table: &str) -> i64 {
        let query = sql::Query {
            columns: vec![(sql::Scalar::CountAll, sql::Ident::made("n"))],
            from: Some(sql::From {
                source: sql::Relation::Table(sql::Ident::made(table)),
                alias: sql::Ident::made("t"),
            }),
            ..sql::Query::default()
        };
        let statement = sql::print_query(&query, self.caller.tenant.dialect());
        let rows = self.caller.tenant.fetch(&statement, &[]).await.expect("a count");
        let Value::Int(count) = sql::Cells::value(&rows[0], 0, expr::Encoding::Int) else { return -1 };
        count
    }
}

/// The paths, rules and codes of refusals.
pub fn refusals(outcome: &Outcome) -> Vec<(String, String, Option<usize>)> {
    let short = |refusal: &engine::Refusal| {
        (
            format!("{} {}", refusal.code.as_str(), refusal.path.clone().unwrap_or_default())
                .trim()
                .to_owned(),
            refusal.rule.clone().unwrap_or_default(),
            refusal.index,
        )
    };
    outcome.errors.iter().map(short).collect()
}
