//! History, explanations, erasure and retention, on both databases.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use engine::audit::{Act, Asked, Entry};
use engine::{Caller, Clock, Erase, Explanation, Past, Question, Returning, WriteError};
use metadata::catalog::Action;
use query::request::{Batch, Keyed, Operation, RecordItem, Which, Write};
use serde_json::json;
use testing::{Handles, each_database, places_with};
use uuid::Uuid;

use crate::rights::{all, equals, grant, owned};
use crate::support::{World, by_id, create, delete, int, name, text, update, world, write};

/// A world in which it is another day.
fn on_day(world: &World, days: i64) -> World {
    struct Later(Arc<dyn Clock>, TimeDelta);
    impl Clock for Later {
        fn now(&self) -> DateTime<Utc> {
            self.0.now() + self.1
        }
    }
    let clock = Arc::new(Later(Arc::clone(&world.caller.clock), TimeDelta::days(days)));
    World { engine: Arc::clone(&world.engine), caller: Caller { clock, ..world.caller.clone() } }
}

async fn past(world: &World, object: &str, id: Uuid) -> Option<Vec<engine::Happened>> {
    let past = Past { object: name(object), id, first: 50, after: None };
    world.engine.history(&world.caller, &past).await.expect("a history")
}

/// Kind, actor and changes of each entry.
fn told(entries: &[engine::Happened]) -> Vec<(String, Option<String>, Vec<serde_json::Value>)> {
    let change = |c: &engine::Changed| json!([c.field, c.from, c.to, c.hidden]);
    let entry =
        |e: &engine::Happened| (e.kind.clone(), e.actor.clone(), e.changes.iter().map(change).collect());
    entries.iter().map(entry).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_what_its_reader_may_see() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let firms = || {
            let acts = [(Action::Read, owned(&["owner", "id"])), (Action::Read, equals("code", "open"))];
            grant(&acts, &["name", "code", "parent"], &[])
        };
        let (clerk, user) = world.clerk(&[("firm", firms())]).await;
        let boss = world.made("user", &[("name", text("Boss")), ("email", text("boss@example.com"))]).await;
        let chief = world.acting(
            boss,
            &[("firm", grant(&[(Action::Read, all()), (Action::Update, all())], &["*"], &["*"]))],
        );
        let secret = world.made("firm", &[("name", text("Secret")), ("tier", text("a"))]).await;
        let open =
            world.made("firm", &[("name", text("Open")), ("code", text("open")), ("tier", text("a"))]).await;
        let mine =
            world.made("firm", &[("name", text("One")), ("owner", by_id(user)), ("size", int(4))]).await;
        world.run(update("firm", mine, &[("parent", by_id(secret))])).await;
        world.run(update("firm", mine, &[("parent", by_id(open))])).await;
        world.run(update("firm", mine, &[("size", int(5))])).await;
        chief.run(update("firm", mine, &[("name", text("Two"))])).await;

        let entries = past(&clerk, "firm", mine).await.expect("in sight");
        let changes = told(&entries);
        assert_eq!(entries.len(), 4, "{changes:?}");
        // Users out of sight are not named; a change of a field out of sight is left out.
        assert_eq!(changes[0], ("updated".into(), None, vec![json!(["name", "One", "Two", false])]));
        assert_eq!(changes[1].2, vec![json!(["parent", null, open, true])]);
        assert_eq!(changes[2].2, vec![json!(["parent", null, null, true])]);
        assert_eq!((changes[3].0.as_str(), changes[3].1.as_deref()), ("created", Some("test")));
        assert_eq!(changes[3].2, vec![json!(["name", null, "One", false])]);

        let whole = past(&world, "firm", mine).await.expect("in sight");
        assert_eq!(whole.len(), 5);
        assert_eq!((whole[0].actor.as_deref(), whole[0].user), (Some("user:clerk@example.com"), Some(boss)));
        assert_eq!(told(&whole)[2].2, vec![json!(["parent", secret, open, false])]);

        // One after the other.
        let page = |after| Past { object: name("firm"), id: mine, first: 1, after };
        let mut after = None;
        let mut ids = Vec::new();
        while let Some(one) =
            clerk.engine.history(&clerk.caller, &page(after)).await.expect("a page").unwrap_or_default().pop()
        {
            after = Some(one.id);
            ids.push(one.id);
        }
        assert_eq!(ids, entries.iter().map(|entry| entry.id).collect::<Vec<_>>());

        assert_eq!(past(&clerk, "firm", secret).await, None);
        assert_eq!(past(&clerk, "firm", Uuid::from_u128(7)).await, None);
        assert_eq!(past(&world, "firm", Uuid::from_u128(7)).await, None);
        let hidden = Past { object: name("person"), id: mine, first: 1, after: None };
        let refused = clerk.engine.history(&clerk.caller, &hidden).await;
        assert!(matches!(refused, Err(engine::ReadError::Denied(_))), "{refused:?}");

        // Deleted, it is still in sight; owned by another, it is not.
        world.run(delete("firm", mine)).await;
        assert_eq!(told(&past(&clerk, "firm", mine).await.expect("in sight"))[0].0, "deleted");
        world.run(write("firm", Operation::Restore(Which::One(mine), Batch::AllOrNone))).await;
        world.run(update("firm", mine, &[("owner", by_id(boss))])).await;
        assert_eq!(past(&clerk, "firm", mine).await, None);
    })
    .await;
}

/// Numbers that look like chance, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// What became of an attempt: found, and done.
fn verdict(answer: Result<engine::Outcome, WriteError>) -> (bool, bool) {
    match answer {
        Ok(outcome) if outcome.ok() => (true, true),
        Ok(_) => (false, false),
        Err(WriteError::Forbidden(_) | WriteError::Denied(_)) => (true, false),
        Err(other) => (matches!(other, WriteError::Stale), true),
    }
}

/// Attempts in all, on each database.
const ATTEMPTS: usize = 1_500;

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_is_the_verdict() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let mut dice = Dice(7);
        let mut users = Vec::new();
        for number in 0..3 {
            let email = text(&format!("{number}@example.com"));
            users.push(world.made("user", &[("name", text("User")), ("email", email)]).await);
        }
        let scopes = [all(), owned(&["owner", "id"]), equals("tier", "a"), equals("name", "Gold")];
        let far = [all(), owned(&["firm", "owner", "id"]), equals("name", "Gold")];
        let mut firms = Vec::new();
        let mut persons = Vec::new();
        for _ in 0..12 {
            let owner = ("owner", by_id(dice.one(&users)));
            let fields =
                [("name", text(dice.one(&["Gold", "Iron"]))), ("tier", text(dice.one(&["a", "b"]))), owner];
            firms.push(world.made("firm", &fields).await);
            let fields = [("name", text(dice.one(&["Gold", "Iron"]))), ("firm", by_id(dice.one(&firms)))];
            persons.push(world.made("person", &fields).await);
        }
        let mut clerks = Vec::new();
        for _ in 0..12 {
            let mut of = |scopes: &[crate::rights::Of]| {
                let acts: Vec<_> =
                    [Action::Read, Action::Read, Action::Update, Action::Delete, Action::Destroy]
                        .into_iter()
                        .filter_map(|act| {
                            let of = dice.one(scopes);
                            (dice.below(5) > 0).then_some((act, of))
                        })
                        .chain([(Action::Read, scopes[2].clone())])
                        .collect();
                let reads: &[&str] = &["name", "firm", "owner", "tier"];
                grant(&acts, reads, if dice.below(3) > 0 { &["name"] } else { &[] })
            };
            let grants = [("firm", of(&scopes)), ("person", of(&far))];
            clerks.push(world.acting(dice.one(&users), &grants));
        }
        let mut seen = [0; 3];
        for _ in 0..ATTEMPTS {
            let clerk = dice.one(&clerks.iter().collect::<Vec<_>>());
            let (object, id) =
                if dice.below(2) == 0 { ("firm", dice.one(&firms)) } else { ("person", dice.one(&persons)) };
            let action = dice.one(&[Action::Read, Action::Update, Action::Delete, Action::Destroy]);
            let field = (action == Action::Update).then(|| "name".to_owned());
            let question = Question { object: name(object), id, action, field };
            let explained =
                clerk.engine.explain(&clerk.caller, &clerk.caller, &question).await.expect("an answer");
            let attempt = |operation| Write { dry_run: true, ..write(object, operation) };
            let real = match action {
                Action::Update => verdict(
                    clerk
                        .try_run(Write { dry_run: true, ..update(object, id, &[("name", text("New"))]) })
                        .await,
                ),
                Action::Delete => {
                    verdict(clerk.try_run(attempt(Operation::Delete(Which::One(id), Batch::AllOrNone))).await)
                }
                Action::Destroy => verdict(
                    clerk.try_run(attempt(Operation::Destroy(Which::One(id), Batch::AllOrNone))).await,
                ),
                Action::Create | Action::Read => {
                    let found = clerk.one(object, id, &[]).await != serde_json::Value::Null;
                    (found, found)
                }
            };
            let told = explained.as_ref().map_or((false, false), |e| (true, e.allowed));
            // An act that is granted on no record of the object is forbidden before one is looked for.
            let by_object = real == (true, false) && told == (false, false);
            let none = clerk.caller.access.rows(object, action) == &query::access::Rows::None
                || !clerk.caller.access.may_write(object, "name");
            assert!(told == real || (by_object && none), "{question:?}: {explained:?}, in truth {real:?}");
            if let Some(explained) = &explained {
                let holds = |act: Action| explained.rules.iter().any(|rule| rule.action == act && rule.holds);
                let expected = holds(Action::Read) && holds(action) && explained.field != Some(false);
                assert_eq!(explained.allowed, expected, "{explained:?}");
            }
            seen[usize::from(told.0) + usize::from(told.1)] += 1;
        }
        assert!(seen.iter().all(|count| *count > ATTEMPTS / 20), "too much alike: {seen:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_manages_users_is_told_why_another_may_not() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let own = grant(&[(Action::Read, owned(&["owner", "id"]))], &["name"], &[]);
        let (clerk, _) = world.clerk(&[("firm", own)]).await;
        let firm = world.made("firm", &[("name", text("Other"))]).await;
        let question =
            Question { object: name("firm"), id: firm, action: Action::Update, field: Some("size".into()) };
        let own = clerk.engine.explain(&clerk.caller, &clerk.caller, &question).await.expect("an answer");
        assert_eq!(own, None);
        let told = clerk.engine.explain(&world.caller, &clerk.caller, &question).await.expect("an answer");
        let Some(Explanation { allowed, rules, field }) = told else {
            unreachable!("there is such a record")
        };
        assert_eq!((allowed, field), (false, Some(false)));
        let rules: Vec<_> = rules.into_iter().map(|r| (r.action, r.role, r.scope, r.holds)).collect();
        assert_eq!(rules, vec![(Action::Read, Some(name("clerk")), "own".to_owned(), false)]);
    })
    .await;
}

const MARK: &str = "Zephyrine";

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_nowhere() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let marked = |rest: &str| text(&format!("{MARK} {rest}"));
        let firm = world.made("firm", &[("name", marked("GmbH")), ("code", marked("former"))]).await;
        world
            .run(update(
                "firm",
                firm,
                &[
                    ("code", marked("new")),
                    ("notes", marked("\"quoted\"")),
                    ("email", text("zephyrine@example.com")),
                ],
            ))
            .await;
        let person = world.made("person", &[("name", marked("Ann")), ("firm", by_id(firm))]).await;
        let returning = Returning {
            selection: vec![Keyed { key: "name".into(), item: RecordItem::Value(name("name")) }],
            values: vec![],
        };
        let kept = Write {
            idempotency_key: Some("k".into()),
            ..update("person", person, &[("name", marked("Anna"))])
        };
        world.engine.write(&world.caller, kept, Some(&returning)).await.expect("written");
        let other =
            Write { idempotency_key: Some("other".into()), ..create("firm", &[("name", text("Other"))]) };
        world.run(other).await;
        let entry = Entry::done(Act::LoginFailed).with(json!({"as": "zephyrine@example.com"}));
        world.engine.audit(&world.caller, entry).await.expect("noted");
        let before = places_with(&bed.url, "acme", MARK).await;
        for place in ["firm.name", "history.changes", "outbox.payload", "idempotency.outcome"] {
            assert!(
                before.iter().any(|found| found.ends_with(place) || found == place),
                "{place} not in {before:?}"
            );
        }

        let erase = |reason: &str| Erase { object: name("firm"), id: firm, reason: reason.to_owned() };
        let careless = world.engine.erase(&world.caller, &erase(&format!("{MARK} GmbH asked"))).await;
        assert!(matches!(careless, Err(WriteError::Usage { .. })), "{careless:?}");
        assert_eq!(places_with(&bed.url, "acme", MARK).await, before);
        let contract = world.made("contract", &[("firm", by_id(firm))]).await;
        let refused =
            world.engine.erase(&world.caller, &erase("asked to be forgotten")).await.expect("an answer");
        assert_eq!(refused.expect_err("a contract is in the way")[0].rule.as_deref(), Some("contract.firm"));
        world.run(write("contract", Operation::Destroy(Which::One(contract), Batch::AllOrNone))).await;

        let erased = world.engine.erase(&world.caller, &erase("asked to be forgotten")).await;
        let erased = erased.expect("an answer").expect("nothing is in the way");
        assert_eq!(erased.records, [(name("firm"), 1), (name("person"), 1)].into());
        assert_eq!(
            (erased.history, erased.events, erased.outcomes, erased.audit),
            (6, 6, 1, 1),
            "{erased:?}"
        );
        assert_eq!(places_with(&bed.url, "acme", MARK).await, Vec::<String>::new());
        assert_eq!(places_with(&bed.url, "acme", "zephyrine").await, Vec::<String>::new());
        assert_eq!((world.rows("idempotency").await, world.rows("history").await), (1, 1));
        let page = world
            .engine
            .audit_page(&world.caller, &Asked { first: 1, ..Asked::default() })
            .await
            .expect("a page");
        assert_eq!((page.lines[0].act.as_str(), page.lines[0].record), ("erase", Some(firm)));
        assert_eq!(page.lines[0].detail.as_ref().expect("counts")["reason"], "asked to be forgotten");
        let gone = write("firm", Operation::Restore(Which::One(firm), Batch::AllOrNone));
        assert!(!world.run(gone).await.ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_erase_do() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let everything = grant(&Action::ALL.map(|action| (action, all())), &["*"], &["*"]);
        let (clerk, user) = world.clerk(&[("firm", everything)]).await;
        let firm = world.made("firm", &[("name", text("Other")), ("owner", by_id(user))]).await;
        let before = clerk.contents().await;
        let erase = Erase { object: name("firm"), id: firm, reason: "why not".to_owned() };
        let denied = clerk.engine.erase(&clerk.caller, &erase).await;
        assert!(matches!(&denied, Err(WriteError::Denied(denied)) if denied.forbidden()), "{denied:?}");
        assert_eq!(clerk.contents().await, before);
        let audit = clerk.last_audit().await.expect("an entry");
        assert_eq!((audit.0.as_str(), audit.2, audit.3.as_str()), ("erase", Some(firm), "denied"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_erased_leaves_no_name_behind() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let fields = [("name", text("Zephyrine Quill")), ("email", text("zephyrine@example.com"))];
        let user = world.made("user", &fields).await;
        let mut acting = world.acting(
            user,
            &[("firm", grant(&[(Action::Read, all()), (Action::Create, all())], &["name"], &["name"]))],
        );
        acting.caller.actor.label = "user:zephyrine@example.com".to_owned();
        let firm = acting.made("firm", &[("name", text("Made"))]).await;
        assert!(acting.try_run(delete("firm", firm)).await.is_err());
        let erase = Erase { object: name("user"), id: user, reason: "left".to_owned() };
        let erased =
            world.engine.erase(&world.caller, &erase).await.expect("an answer").expect("nothing in the way");
        assert_eq!(erased.audit, 1, "{erased:?}");
        assert_eq!(places_with(&bed.url, "acme", "zephyrine").await, Vec::<String>::new());
        assert_eq!(past(&world, "firm", firm).await.expect("there")[1].actor.as_deref(), Some("erased"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_enough_is_forgotten() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let old = on_day(&world, -40);
        let firm = old.made("firm", &[("name", text("Old"))]).await;
        for _ in 0..3 {
            old.engine.audit(&old.caller, Entry::done(Act::Login)).await.expect("noted");
        }
        world.run(update("firm", firm, &[("name", text("New"))])).await;
        world.engine.audit(&world.caller, Entry::done(Act::Logout)).await.expect("noted");
        let before = world.caller.clock.now() - TimeDelta::days(30);
        let forget = |kept| engine::retention::forget(&world.caller.tenant, kept, before);
        assert_eq!(forget(engine::retention::Kept::Audit).await.expect("done"), 3);
        assert_eq!(forget(engine::retention::Kept::History).await.expect("done"), 1);
        assert_eq!((world.rows("audit").await, world.rows("history").await), (1, 1));
        assert_eq!(forget(engine::retention::Kept::Audit).await.expect("done"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_in_pages_and_by_what_is_asked() {
    each_database(|bed: Handles| async move {
        let world = world(&bed.tenant).await;
        let user = Uuid::from_u128(5);
        for number in 0..5 {
            let act = if number % 2 == 0 { Act::RoleGrant } else { Act::KeyCreate };
            let entry = Entry::done(act).on(&name("user"), user).with(json!({"number": number}));
            world.engine.audit(&world.caller, entry).await.expect("noted");
        }
        let numbers = async |asked: Asked| -> (Vec<i64>, bool, Option<Uuid>) {
            let page = world.engine.audit_page(&world.caller, &asked).await.expect("a page");
            let number = |line: &engine::audit::Line| line.detail.as_ref().and_then(|d| d["number"].as_i64());
            (page.lines.iter().filter_map(number).collect(), page.more, page.lines.last().map(|line| line.id))
        };
        let asked = |first| Asked { first, ..Asked::default() };
        let (first, more, last) = numbers(asked(2)).await;
        assert_eq!((first, more), (vec![4, 3], true));
        let (rest, more, _) = numbers(Asked { after: last, ..asked(10) }).await;
        assert_eq!((rest, more), (vec![2, 1, 0], false));
        let of =
            Asked { act: Some(Act::KeyCreate), object: Some("user".into()), record: Some(user), ..asked(10) };
        assert_eq!(numbers(of).await.0, vec![3, 1]);
        let nobody = Asked { actor: Some("nobody".into()), ..asked(10) };
        assert_eq!(numbers(nobody).await.0, Vec::<i64>::new());
        let later = world.caller.clock.now() + TimeDelta::days(1);
        assert_eq!(numbers(Asked { from: Some(later), ..asked(10) }).await.0, Vec::<i64>::new());
        assert_eq!(numbers(Asked { to: Some(later), ..asked(10) }).await.0.len(), 5);
    })
    .await;
}
