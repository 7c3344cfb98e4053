//! What callers may do who may not do everything, record by record, on both databases.

use std::sync::Arc;

use engine::{Actor, Caller, Effect, EffectKind, Outcome, WriteError};
use expr::{Expr, FieldPath, Node, Root, Span, Type, Value};
use metadata::Catalog;
use metadata::catalog::{Action, FieldGrant, Grant, Role, Scope, ScopeKind};
use query::access::{Access, Facts};
use query::request::{Batch, Deleted, Input, Operation, RecordRef, Which, Write};
use serde_json::{Value as Json, json};
use testing::{Handles, each_database};
use uuid::Uuid;

use crate::support::{World, by_id, create, data, delete, name, refusals, text, update, world, write};

/// A path below a root, of ids.
fn path(root: Root, steps: &[&str]) -> Expr {
    let steps = steps.iter().map(|step| Arc::from(*step)).collect();
    Expr { node: Node::Field(FieldPath { root, steps }), ty: Type::Id, span: Span::default() }
}

/// Of which records an act is granted.
#[derive(Clone)]
pub enum Of {
    All,
    Where(Expr),
}

/// `record.<steps> in [user.id]`
pub fn owned(steps: &[&str]) -> Of {
    let list = Expr {
        node: Node::List(vec![path(Root::User, &["id"])]),
        ty: Type::List(Box::new(Type::Id)),
        span: Span::default(),
    };
    Of::Where(Expr::condition(Node::In(Box::new(path(Root::Record, steps)), Box::new(list))))
}

/// `record.<field> == "<value>"`
pub fn equals(field: &str, value: &str) -> Of {
    let of = Expr { ty: Type::Text, ..path(Root::Record, &[field]) };
    let literal =
        Expr { node: Node::Literal(Value::Text(value.to_owned())), ty: Type::Text, span: Span::default() };
    Of::Where(Expr::condition(Node::Binary(expr::BinaryOp::Equal, Box::new(of), Box::new(literal))))
}

pub fn all() -> Of {
    Of::All
}

/// What a role grants on one object: acts with the condition of their scope; every field that is named may be read, those of the second list
/// written.
pub fn grant(acts: &[(Action, Of)], reads: &[&str], writes: &[&str]) -> Grant {
    let fields = |names: &[&str]| FieldGrant {
        all: names.contains(&"*"),
        names: names.iter().filter(|n| **n != "*").map(|n| name(n)).collect(),
    };
    let scopes = |action: Action| -> Vec<Scope> {
        acts.iter()
            .filter(|(act, _)| *act == action)
            .map(|(_, of)| match of {
                Of::All => (ScopeKind::All, None, "all"),
                Of::Where(condition) => (ScopeKind::Filter, Some(condition.clone()), "own"),
            })
            .map(|(kind, condition, text)| Scope {
                kind,
                condition,
                role: name("clerk"),
                text: text.to_owned(),
            })
            .collect()
    };
    Grant {
        create: scopes(Action::Create),
        read: scopes(Action::Read),
        update: scopes(Action::Update),
        delete: scopes(Action::Delete),
        destroy: scopes(Action::Destroy),
        reads: fields(reads),
        writes: fields(writes),
        import: false,
        export: false,
    }
}

impl World {
    /// The same world for a user with the role `clerk`, which grants this.
    pub async fn clerk(&self, grants: &[(&str, Grant)]) -> (World, Uuid) {
        let user = self.made("user", &[("name", text("Clerk")), ("email", text("clerk@example.com"))]).await;
        (self.acting(user, grants), user)
    }

    /// The same for a user that is there.
    pub fn acting(&self, user: Uuid, grants: &[(&str, Grant)]) -> World {
        let role = Role {
            name: name("clerk"),
            title: "Clerk".to_owned(),
            titles: indexmap::IndexMap::new(),
            description: None,
            package: "shop".to_owned(),
            inherits: Vec::new(),
            objects: grants.iter().map(|(object, grant)| (name(object), grant.clone())).collect(),
            metadata: indexmap::IndexSet::new(),
            renamed_from: None,
        };
        let mut catalog = Catalog::clone(&self.caller.catalog);
        // Roles made by hand are not part of the published hash.
        catalog.hash = format!("{}:{grants:?}", catalog.hash);
        catalog.roles.insert(name("clerk"), Arc::new(role));
        let facts = Facts::of(user, &[user], &[]);
        let access = Access::of(&catalog, &[name("clerk")], &facts.shares());
        let caller = Caller {
            catalog: Arc::new(catalog),
            actor: Actor { label: "user:clerk@example.com".to_owned(), user: Some(user) },
            access,
            facts: Arc::new(facts),
            trace: Some(Arc::from("0af7651916cd43dd8448eb211c80319c")),
            ..self.caller.clone()
        };
        World { engine: Arc::clone(&self.engine), caller }
    }

    /// What the tables hold that a denied write must not touch: everything but the audit log, as text.
    pub async fn contents(&self) -> Vec<(String, Vec<String>)> {
        let mut out = Vec::new();
        let tables = self.caller.catalog.layout.tables.values().map(|table| {
            let columns =
                table.fields.values().flatten().map(|column| (column.name.clone(), column.encoding));
            (table.name.clone(), columns.collect::<Vec<_>>())
        });
        for (table, columns) in tables.collect::<Vec<_>>() {
            let rows = self.dump(&table, &columns).await;
            out.push((table, rows));
        }
        for table in ["history", "outbox", "idempotency", "sequence"] {
            out.push((table.to_owned(), vec![self.rows(table).await.to_string()]));
        }
        out
    }

    async fn dump(&self, table: &str, columns: &[(String, expr::Encoding)]) -> Vec<String> {
        let ident = |text: &str| sql::Ident::new(text).expect("a name");
        let alias = sql::Ident::made("t");
        let query = sql::Query {
            columns: columns
                .iter()
                .map(|(column, _)| (sql::Scalar::Column(alias.clone(), ident(column)), ident(column)))
                .collect(),
            from: Some(sql::From { source: sql::Relation::Table(ident(table)), alias: alias.clone() }),
            ..sql::Query::default()
        };
        let statement = sql::print_query(&query, self.caller.tenant.dialect());
        let rows = self.caller.tenant.fetch(&statement, &[]).await.expect("rows");
        let cells = |row: &store::Row| {
            let cells = columns.iter().enumerate();
            let cells =
                cells.map(|(place, (_, encoding))| sql::Cells::value(row, place, *encoding).to_json());
            Json::Array(cells.collect()).to_string()
        };
        let mut rows: Vec<String> = rows.iter().map(cells).collect();
        rows.sort();
        rows
    }

    /// The newest entry of the audit log: act, object, record, outcome, code.
    pub async fn last_audit(&self) -> Option<(String, String, Option<Uuid>, String, String)> {
        let asked = engine::audit::Asked { first: 1, ..engine::audit::Asked::default() };
        let page = self.engine.audit_page(&self.caller, &asked).await.expect("a page");
        page.lines.into_iter().next().map(|line| {
            assert_eq!(line.trace.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
            assert_eq!(
                (line.actor.as_str(), line.user, line.door.as_str()),
                (self.caller.actor.label.as_str(), self.caller.actor.user, "test")
            );
            let detail = line.detail.unwrap_or_default();
            let code = detail["code"].as_str().unwrap_or_default().to_owned();
            (line.act, line.object.unwrap_or_default(), line.record, line.outcome, code)
        })
    }

    /// A write that must be denied and leave nothing but one entry in the audit log; what it answers.
    pub async fn denied(&self, write: Write) -> Result<Outcome, WriteError> {
        let (before, noted) = (self.contents().await, self.rows("audit").await);
        let answer = self.try_run(write.clone()).await;
        assert_eq!(self.contents().await, before, "{write:?} left traces");
        assert_eq!(self.rows("audit").await, noted + 1, "{write:?}: {answer:?}");
        answer
    }
}

#[track_caller]
fn forbidden(answer: Result<Outcome, WriteError>) -> String {
    let told = match answer {
        Err(WriteError::Forbidden(refusal)) => refusal.message,
        Err(WriteError::Denied(denied)) if denied.forbidden() => denied.to_string(),
        other => format!("expected FORBIDDEN, found {other:?}"),
    };
    assert!(told.starts_with("you may not "), "{told}");
    told
}

fn not_found(answer: Result<Outcome, WriteError>) -> Vec<(String, String)> {
    let outcome = answer.expect("a payload");
    assert!(outcome.ids.iter().all(Option::is_none) && outcome.effects.is_empty(), "{outcome:?}");
    outcome.errors.iter().map(|e| (e.code.as_str().to_owned(), e.message.clone())).collect()
}

fn owner(user: Uuid) -> (&'static str, Input) {
    ("owner", by_id(user))
}

const FIRM: [&str; 9] =
    ["name", "code", "owner", "size", "double", "parent", "children", "persons", "contracts"];

fn firms() -> Grant {
    grant(
        &[
            (Action::Read, owned(&["owner", "id"])),
            (Action::Read, equals("code", "open")),
            (Action::Update, owned(&["owner", "id"])),
            (Action::Delete, owned(&["owner", "id"])),
            (Action::Create, owned(&["owner", "id"])),
        ],
        &FIRM,
        &["name", "code", "owner", "parent", "children", "persons"],
    )
}

/// The person's firm decides: only the database can tell.
fn persons() -> Grant {
    let own = || owned(&["firm", "owner", "id"]);
    grant(
        &[
            (Action::Read, own()),
            (Action::Update, own()),
            (Action::Create, own()),
            (Action::Delete, own()),
            (Action::Destroy, own()),
        ],
        &["name", "firm"],
        &["name", "firm"],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn records_out_of_sight_are_missing_and_those_in_sight_forbidden() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user)]).await;
        let open = world.made("firm", &[("name", text("Open")), ("code", text("open"))]).await;
        let other = world.made("firm", &[("name", text("Other"))]).await;
        let random = Uuid::from_u128(7);

        let renamed = |id| update("firm", id, &[("name", text("New"))]);
        let outcome = clerk.run(renamed(mine)).await;
        assert!(outcome.ok() && outcome.ids == vec![Some(mine)], "{outcome:?}");

        // The same words for what is out of sight and for what is not there.
        let unseen = not_found(clerk.denied(renamed(other)).await);
        assert_eq!(unseen, not_found(clerk.denied(renamed(random)).await));
        assert_eq!(unseen[0].0, "NOT_FOUND");
        let audit = clerk.last_audit().await.expect("an entry");
        assert_eq!(
            audit,
            ("update".into(), "firm".into(), Some(random), "denied".into(), "NOT_FOUND".into())
        );
        assert_eq!(
            not_found(clerk.denied(delete("firm", other)).await),
            not_found(clerk.denied(delete("firm", random)).await)
        );

        assert_eq!(forbidden(clerk.denied(renamed(open)).await), "you may not update this Firm");
        let audit = clerk.last_audit().await.expect("an entry");
        assert_eq!(audit, ("update".into(), "firm".into(), Some(open), "denied".into(), "FORBIDDEN".into()));
        assert_eq!(forbidden(clerk.denied(delete("firm", open)).await), "you may not delete this Firm");
        assert_eq!(
            forbidden(
                clerk.denied(write("firm", Operation::Destroy(Which::One(mine), Batch::AllOrNone))).await
            ),
            "you may not destroy `firm` records"
        );
        assert_eq!(
            forbidden(clerk.denied(update("firm", mine, &[("size", crate::support::int(3))])).await),
            "you may not write `firm.size`"
        );

        let outcome = clerk.run(delete("firm", mine)).await;
        assert!(outcome.ok(), "{outcome:?}");
        let restore = |id| write("firm", Operation::Restore(Which::One(id), Batch::AllOrNone));
        world.run(delete("firm", open)).await;
        world.run(delete("firm", other)).await;
        assert_eq!(
            not_found(clerk.denied(restore(other)).await),
            not_found(clerk.denied(restore(random)).await)
        );
        forbidden(clerk.denied(restore(open)).await);
        assert!(clerk.run(restore(mine)).await.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_depend_on_related_records_are_asked_of_the_database() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms()), ("person", persons())]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user)]).await;
        let open = world.made("firm", &[("name", text("Open")), ("code", text("open"))]).await;
        let ann = world.made("person", &[("name", text("Ann")), ("firm", by_id(mine))]).await;
        let bob = world.made("person", &[("name", text("Bob")), ("firm", by_id(open))]).await;

        assert!(clerk.run(update("person", ann, &[("name", text("Anna"))])).await.ok());
        let random = Uuid::from_u128(7);
        let renamed = |id| update("person", id, &[("name", text("x"))]);
        assert_eq!(
            not_found(clerk.denied(renamed(bob)).await),
            not_found(clerk.denied(renamed(random)).await)
        );

        // Judged when it is finished: the firm decides.
        let made = |firm| create("person", &[("name", text("Eve")), ("firm", by_id(firm))]);
        assert!(clerk.run(made(mine)).await.ok());
        assert_eq!(forbidden(clerk.denied(made(open)).await), "you may not create this Person");

        // A wave in which some may be written and some not.
        let three = vec![
            data(&[("name", text("A")), ("firm", by_id(mine))]),
            data(&[("name", text("B")), ("firm", by_id(open))]),
            data(&[("name", text("C")), ("firm", by_id(mine))]),
        ];
        let noted = clerk.rows("audit").await;
        let outcome = clerk.run(write("person", Operation::Create(three.clone(), Batch::Each))).await;
        assert_eq!(refusals(&outcome), vec![("FORBIDDEN".to_owned(), String::new(), Some(1))]);
        assert_eq!(outcome.ids.iter().filter(|id| id.is_some()).count(), 2);
        assert_eq!(clerk.rows("audit").await, noted + 1);
        forbidden(clerk.denied(write("person", Operation::Create(three, Batch::AllOrNone))).await);

        assert!(clerk.run(write("person", Operation::Destroy(Which::One(ann), Batch::AllOrNone))).await.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_write_names_must_be_seen() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms()), ("person", persons())]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user), ("tier", text("a"))]).await;
        let open =
            world.made("firm", &[("name", text("Open")), ("code", text("open")), ("tier", text("a"))]).await;
        let other =
            world.made("firm", &[("name", text("Other")), ("code", text("x")), ("tier", text("a"))]).await;
        let ann = world.made("person", &[("name", text("Ann")), ("firm", by_id(mine))]).await;
        let bob = world.made("person", &[("name", text("Bob")), ("firm", by_id(other))]).await;
        let random = Uuid::from_u128(7);

        let pointed = |at: Input| update("firm", mine, &[("parent", at)]);
        let said = |outcome: &Outcome, id: &str| -> Vec<(String, String)> {
            outcome.errors.iter().map(|e| (e.code.as_str().to_owned(), e.message.replace(id, "?"))).collect()
        };
        for (hidden, missing, hid, mis) in [
            (by_id(other), by_id(random), other.to_string(), random.to_string()),
            (
                Input::One(RecordRef::By(name("code"), Value::Text("x".into()))),
                Input::One(RecordRef::By(name("code"), Value::Text("y".into()))),
                "\"x\"".to_owned(),
                "\"y\"".to_owned(),
            ),
        ] {
            let one = clerk.run(pointed(hidden)).await;
            let two = clerk.run(pointed(missing)).await;
            assert!(!one.ok() && said(&one, &hid) == said(&two, &mis), "{one:?} {two:?}");
        }
        assert!(clerk.run(pointed(by_id(open))).await.ok());

        // Connecting a child changes the child.
        let joined = |connect: Vec<Uuid>, disconnect: Vec<Uuid>| {
            let ids = |ids: Vec<Uuid>| ids.into_iter().map(RecordRef::Id).collect();
            let many = Input::Many { connect: ids(connect), disconnect: ids(disconnect) };
            update("firm", mine, &[("persons", many)])
        };
        for (connect, disconnect) in [(vec![bob], vec![]), (vec![], vec![bob])] {
            let outcome = clerk.run(joined(connect, disconnect)).await;
            assert_eq!(refusals(&outcome)[0].1, "reference", "{outcome:?}");
        }
        assert!(clerk.run(joined(vec![], vec![ann])).await.ok());
        let children = update(
            "firm",
            mine,
            &[("children", Input::Many { connect: vec![RecordRef::Id(open)], disconnect: vec![] })],
        );
        assert_eq!(forbidden(clerk.denied(children).await), "you may not update this Firm");

        // One who sees a lookup's field but not its record is not told by writing it which it is.
        world.run(update("firm", mine, &[("parent", by_id(other))])).await;
        let same = clerk.run(pointed(by_id(other))).await;
        assert!(!same.ok(), "{same:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_among_the_records_in_sight() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user)]).await;
        let open = world.made("firm", &[("name", text("Open")), ("code", text("open"))]).await;
        let other = world.made("firm", &[("name", text("Other"))]).await;
        let every = || Which::Matching(Expr::condition(Node::And(Vec::new())), Vec::new());
        let renamed =
            |batch| write("firm", Operation::UpdateMany(every(), data(&[("name", text("New"))]), batch));
        forbidden(clerk.denied(renamed(Batch::AllOrNone)).await);
        let outcome = clerk.run(renamed(Batch::Each)).await;
        assert_eq!(outcome.ids.len(), 2, "{outcome:?}");
        assert_eq!(outcome.ids.iter().flatten().collect::<Vec<_>>(), vec![&mine]);
        assert_eq!(outcome.errors.len(), 1);
        let names = |id| {
            let world = &world;
            async move { world.one("firm", id, &["name"]).await["name"].clone() }
        };
        assert_eq!(
            (names(mine).await, names(open).await, names(other).await),
            (json!("New"), json!("Open"), json!("Other"))
        );
        let gone = clerk.run(write("firm", Operation::Delete(every(), Batch::Each))).await;
        assert_eq!(gone.ids.iter().flatten().collect::<Vec<_>>(), vec![&mine], "{gone:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_tells_nothing_of_records_out_of_sight() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        world.made("firm", &[("name", text("Mine")), ("code", text("m")), owner(user)]).await;
        world.made("firm", &[("name", text("Open")), ("code", text("open"))]).await;
        world.made("firm", &[("name", text("Other")), ("code", text("o"))]).await;
        let upsert = |code: &str, batch| {
            let records = vec![data(&[("code", text(code)), ("name", text("New"))])];
            write("firm", Operation::Upsert { key: name("code"), records, batch })
        };
        assert!(clerk.run(upsert("m", Batch::AllOrNone)).await.ok());
        let fresh = clerk.run(upsert("fresh", Batch::AllOrNone)).await;
        assert_eq!(fresh.created, vec![true], "{fresh:?}");
        forbidden(clerk.denied(upsert("open", Batch::AllOrNone)).await);
        // As if it had been created: somebody has the value already.
        let met = clerk.denied(upsert("o", Batch::AllOrNone)).await.expect("a payload");
        let created = clerk
            .denied(create("firm", &[("code", text("o")), ("name", text("New"))]))
            .await
            .expect("a payload");
        let said = |outcome: &Outcome| (refusals(outcome), outcome.errors[0].message.clone());
        assert_eq!(said(&met), said(&created));
        assert_eq!(met.errors[0].code.as_str(), "CONFLICT");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_left_the_sight_of_the_writer() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        let boss = world.made("user", &[("name", text("Boss")), ("email", text("boss@example.com"))]).await;
        let users = grant(&[(Action::Read, all())], &["email"], &[]);
        let clerk = clerk.acting(user, &[("firm", firms()), ("user", users)]);
        let secret = world.made("firm", &[("name", text("Secret")), ("tier", text("a"))]).await;
        let mine = world
            .made(
                "firm",
                &[
                    ("name", text("Mine")),
                    owner(user),
                    ("parent", by_id(secret)),
                    ("size", crate::support::int(2)),
                ],
            )
            .await;
        let open =
            world.made("firm", &[("name", text("Open")), ("code", text("open")), ("tier", text("a"))]).await;
        let returning = engine::Returning {
            selection: ["id", "name"]
                .map(|field| query::request::Keyed {
                    key: field.into(),
                    item: query::request::RecordItem::Value(name(field)),
                })
                .to_vec(),
            values: vec![],
        };
        let run = async |write: Write| {
            clerk.engine.write(&clerk.caller, write, Some(&returning)).await.expect("written")
        };

        // The former parent is out of sight: its id is not told.
        let moved = run(update("firm", mine, &[("parent", by_id(open))])).await;
        let effect: Vec<(Json, Json)> =
            moved.effects.iter().map(|e| (e.from.clone(), e.to.clone())).collect();
        assert_eq!(effect, vec![(Json::Null, json!(open))]);
        assert!(moved.records[0].is_some());

        // Given away: written, and out of sight.
        let given = run(update("firm", mine, &[("owner", by_id(boss)), ("name", text("Given"))])).await;
        assert!(given.ok() && given.records == vec![None], "{given:?}");
        let hidden = |effect: &Effect| (effect.kind, effect.id, effect.field.clone(), effect.to.clone());
        assert_eq!(
            given.effects.iter().map(hidden).collect::<Vec<_>>(),
            vec![(EffectKind::Hidden, mine, None, Json::Null)]
        );
        assert_eq!(world.one("firm", mine, &["name"]).await["name"], "Given");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cascades_are_the_platforms_and_tell_only_what_is_seen() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user)]).await;
        let ann = world.made("person", &[("name", text("Ann")), ("firm", by_id(mine))]).await;
        let contract = world.made("contract", &[("firm", by_id(mine))]).await;
        let child = world.made("firm", &[("name", text("Child")), ("size", crate::support::int(1))]).await;
        world.run(update("firm", mine, &[("tier", text("a"))])).await;
        world.run(update("firm", child, &[("parent", by_id(mine))])).await;

        // Neither how many nor what.
        let refused = clerk.run(delete("firm", mine)).await;
        assert_eq!(refused.errors[0].message, "other records still point at it");
        let sees = grant(&[(Action::Read, owned(&["firm", "owner", "id"]))], &["firm"], &[]);
        let more = clerk.acting(user, &[("firm", firms()), ("contract", sees)]);
        let refused = more.run(delete("firm", mine)).await;
        assert_eq!(refused.errors[0].message, "contract records still point at it (`firm`)");

        world.run(delete("contract", contract)).await;
        let outcome = clerk.run(delete("firm", mine)).await;
        assert!(outcome.ok(), "{outcome:?}");
        let told: Vec<(EffectKind, Uuid)> = outcome.effects.iter().map(|e| (e.kind, e.id)).collect();
        assert_eq!(told, vec![(EffectKind::Deleted, mine)]);
        assert_ne!(world.one("person", ann, &["deletedAt"]).await["deletedAt"], Json::Null);
        assert_eq!(world.one("firm", child, &["parent"]).await["parent"], Json::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_may_be_made_by_whoever_may_change_the_near_record() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let clubs = grant(&[(Action::Read, equals("name", "Chess"))], &["name", "members"], &[]);
        let mut people = persons();
        people.reads.names.insert(name("clubs"));
        people.writes.names.insert(name("clubs"));
        let (clerk, user) = world.clerk(&[("firm", firms()), ("person", people), ("club", clubs)]).await;
        let mine = world.made("firm", &[("name", text("Mine")), owner(user)]).await;
        let ann = world.made("person", &[("name", text("Ann")), ("firm", by_id(mine))]).await;
        let bob = world.made("person", &[("name", text("Bob"))]).await;
        let chess = world.made("club", &[("name", text("Chess"))]).await;
        let golf = world.made("club", &[("name", text("Golf"))]).await;
        let joined = |person, club| {
            let many = Input::Many { connect: vec![RecordRef::Id(club)], disconnect: vec![] };
            update("person", person, &[("clubs", many)])
        };
        assert!(clerk.run(joined(ann, chess)).await.ok());
        assert_eq!(refusals(&clerk.run(joined(ann, golf)).await)[0].1, "reference");
        not_found(clerk.denied(joined(bob, chess)).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_out_of_sight_are_not_named_by_refusals() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let names: &[&str] = &["owner"];
        let blind = grant(
            &[(Action::Read, all()), (Action::Create, all()), (Action::Update, all())],
            names,
            &["owner"],
        );
        let (clerk, _) = world.clerk(&[("firm", blind)]).await;
        let refused = clerk.run(create("firm", &[])).await;
        assert_eq!(refusals(&refused), vec![("VALIDATION".to_owned(), "hidden".to_owned(), None)]);
        assert!(!refused.errors[0].message.contains("ame"), "{refused:?}");
        assert_eq!(clerk.list("firm", &["id"], Deleted::With).await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_with_all_rights_leave_no_entries() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let missing = world.run(update("firm", Uuid::from_u128(7), &[("name", text("x"))])).await;
        assert_eq!(refusals(&missing)[0].0, "NOT_FOUND");
        assert_eq!(world.rows("audit").await, 0);
    })
    .await;
}
