//! Each act on each record by each door, against the oracle of `data.rs`: one verdict, whichever way one comes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testing::each_database;
use uuid::Uuid;

use crate::data::{Cells, Data, OBJECTS, user};
use crate::stage::Stage;

const LOOKERS: [(&str, u8); 5] = [("seller", 1), ("seller", 5), ("manager", 0), ("analyst", 3), ("guest", 4)];

/// What comes of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The object does not exist for this caller.
    Unknown,
    /// The record does not.
    NotFound,
    /// It is there, but not for that.
    Forbidden,
    Done,
}

struct Looker<'a> {
    stage: &'a Stage,
    data: &'a Data,
    key: &'a str,
    role: &'a str,
    me: u8,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_gives_the_same_verdict() {
    each_database(|handles| async move {
        let stage = Stage::new(&handles.store).await;
        let data = Data::new(7);
        let tenant = stage.tenant("matrix", &data).await;
        for (number, (role, me)) in LOOKERS.into_iter().enumerate() {
            // Roles belong to users: each looker has only the one.
            for (other, who) in LOOKERS {
                if who == me {
                    tenant.revoke_role(user(me), other).await.expect("gone");
                }
            }
            tenant.grant_roles(user(me), &[role.to_owned()]).await.expect("a role");
            let key = format!("matrix-me-{number}");
            stage.key(&tenant, &key, None, Some(user(me))).await;
            let looker = Looker { stage: &stage, data: &data, key: &key, role, me };
            looker.reads().await;
            looker.writes().await;
            looker.creates().await;
        }
    })
    .await;
}

fn plural(object: &str) -> String {
    format!("{object}s")
}

fn capital(object: &str) -> String {
    let mut letters = object.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// The field that is written in the trials: everybody who may write the object may write it.
fn written(object: &str) -> &'static str {
    if object == "note" { "text" } else { "name" }
}

fn codes(answer: &Value, root: &str) -> Vec<String> {
    let texts = |errors: &Value, pointer: &str| -> Vec<String> {
        let errors = errors.as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error.pointer(pointer)?.as_str().map(str::to_owned)).collect()
    };
    let mut codes = texts(&answer["errors"], "/extensions/code");
    codes.extend(texts(&answer["data"][root]["errors"], "/code"));
    codes
}

impl Looker<'_> {
    async fn ask(&self, query: &str) -> Value {
        self.stage.ask("/graphql", self.key, query).await
    }

    fn seen(&self, object: &str, cells: &Cells) -> bool {
        self.data.sees(self.role, self.me, object, cells)
    }

    fn verdict(&self, act: &str, object: &str, cells: &Cells) -> Verdict {
        if !Data::knows(self.role, object) {
            Verdict::Unknown
        } else if !self.seen(object, cells) {
            // An act that is granted on no record at all is refused before any record is looked for.
            if self.ever(act, object) { Verdict::NotFound } else { Verdict::Forbidden }
        } else if self.data.may(self.role, self.me, act, object, cells) {
            Verdict::Done
        } else {
            Verdict::Forbidden
        }
    }

    /// Whether the role grants the act on any record.
    fn ever(&self, act: &str, object: &str) -> bool {
        matches!(
            (self.role, object, act),
            ("seller", "account" | "deal" | "note" | "contact", "create" | "update" | "delete")
                | ("manager", "account", "update")
                | ("manager", "deal", "update" | "delete")
                | ("manager", "note", "create" | "update" | "delete")
        )
    }

    fn told(&self, answer: &Value, root: &str, what: &str) -> Verdict {
        let codes = codes(answer, root);
        let first = codes.first().map(String::as_str);
        let known = matches!(first, None | Some("NOT_FOUND" | "FORBIDDEN" | "VALIDATION"));
        assert!(known, "{} {}: {what}: {answer}", self.role, self.me);
        match first {
            None => Verdict::Done,
            Some("NOT_FOUND") => Verdict::NotFound,
            Some("FORBIDDEN") => Verdict::Forbidden,
            Some(_) => Verdict::Unknown,
        }
    }

    fn is(&self, found: Verdict, expected: Verdict, what: &str) {
        assert_eq!(found, expected, "{} {}: {what}", self.role, self.me);
    }

    /// Get, list, count, group, search, nested below the master, export: the same records.
    async fn reads(&self) {
        for object in OBJECTS {
            let plural = plural(object);
            let all = self.ask(&format!("{{ {plural}(first: 1000) {{ totalCount nodes {{ id }} }} }}")).await;
            if !Data::knows(self.role, object) {
                assert_eq!(codes(&all, &plural), ["VALIDATION"], "{} {object}", self.role);
                continue;
            }
            let expected: BTreeSet<String> = self.data.objects[object]
                .iter()
                .filter(|(_, cells)| self.seen(object, cells))
                .map(|(id, _)| id.to_string())
                .collect();
            let nodes = all["data"][&plural]["nodes"].as_array().cloned().unwrap_or_default();
            let listed: BTreeSet<String> =
                nodes.iter().filter_map(|node| node["id"].as_str().map(str::to_owned)).collect();
            assert_eq!(listed, expected, "{} {}: list of {object}", self.role, self.me);
            assert_eq!(all["data"][&plural]["totalCount"], json!(expected.len()));
            let grouped = self
                .ask(&format!("{{ {plural}GroupBy(groupBy: [{{id: true}}]) {{ key {{ id }} aggregate {{ count }} }} {plural}(first: 0) {{ aggregate {{ count }} }} }}"))
                .await;
            assert_eq!(grouped["data"][&plural]["aggregate"]["count"], json!(expected.len()), "{grouped}");
            let groups = grouped["data"][format!("{plural}GroupBy")].as_array().map(Vec::len);
            assert_eq!(groups, Some(expected.len()), "{object} in groups");
            for id in self.data.objects[object].keys() {
                let one = self.ask(&format!("{{ {object}(id: \"{id}\") {{ id }} }}")).await;
                let there = one["data"][object]["id"].as_str() == Some(&id.to_string());
                assert_eq!(
                    there,
                    expected.contains(&id.to_string()),
                    "{} get {object} {id}: {one}",
                    self.role
                );
            }
            self.exported(object, &expected).await;
        }
    }

    async fn exported(&self, object: &str, expected: &BTreeSet<String>) {
        let (status, text) = self.stage.get(&format!("/export/{object}"), self.key).await;
        if !matches!((self.role, object), ("seller" | "analyst", "deal")) {
            assert_eq!(status, 403, "{} exports {object}: {text}", self.role);
            return;
        }
        let ids: BTreeSet<String> =
            text.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect();
        assert_eq!((status, &ids), (200, expected), "{} exports {object}", self.role);
        let header = text.lines().next().unwrap_or_default();
        assert!(
            !header.contains("cost") && !header.contains("vault") && !header.contains("margin"),
            "{header}"
        );
    }

    /// Update and delete, one by one and in bulk, by id and by filter, and from a file.
    async fn writes(&self) {
        for object in OBJECTS {
            let (one, many, field) = (capital(object), capital(&plural(object)), written(object));
            for (id, cells) in self.data.objects[object].iter().step_by(3) {
                let update = self.verdict("update", object, cells);
                let delete = self.verdict("delete", object, cells);
                let single = format!(
                    "mutation {{ update{one}(id: \"{id}\", data: {{{field}: \"x\"}}, dryRun: true) {{ record {{ id }} errors {{ code }} }} }}"
                );
                let answer = self.ask(&single).await;
                self.is(self.told(&answer, &format!("update{one}"), &single), update, &single);
                let removal =
                    format!("mutation {{ delete{one}(id: \"{id}\", dryRun: true) {{ errors {{ code }} }} }}");
                let answer = self.ask(&removal).await;
                self.is(self.told(&answer, &format!("delete{one}"), &removal), delete, &removal);
                let destruction = format!(
                    "mutation {{ destroy{one}(id: \"{id}\", dryRun: true) {{ errors {{ code }} }} }}"
                );
                let answer = self.ask(&destruction).await;
                let never =
                    if Data::knows(self.role, object) { Verdict::Forbidden } else { Verdict::Unknown };
                self.is(self.told(&answer, &format!("destroy{one}"), &destruction), never, &destruction);
                // By a filter: what is not seen is not met, what is met must be granted.
                let by_filter = format!(
                    "mutation {{ update{many}(filter: {{id: {{eq: \"{id}\"}}}}, data: {{{field}: \"x\"}}, dryRun: true) {{ records {{ id }} errors {{ code }} }} }}"
                );
                let answer = self.ask(&by_filter).await;
                let root = format!("update{many}");
                let met = answer["data"][&root]["records"].as_array().map_or(0, Vec::len);
                match update {
                    Verdict::NotFound => {
                        assert!(met == 0 && codes(&answer, &root).is_empty(), "{by_filter}: {answer}");
                    }
                    Verdict::Done => {
                        assert!(met == 1 && codes(&answer, &root).is_empty(), "{by_filter}: {answer}");
                    }
                    refused => self.is(self.told(&answer, &root, &by_filter), refused, &by_filter),
                }
            }
        }
        self.imports().await;
    }

    /// Only sellers may import, and only deals: row by row the verdicts of an update.
    async fn imports(&self) {
        for object in ["deal", "account"] {
            let field = written(object);
            for (id, cells) in self.data.objects[object].iter().step_by(7) {
                let file = format!("id,{field}\n{id},x\n");
                let (status, text) =
                    self.stage.post(&format!("/import/{object}?upsert=id&dryRun=true"), self.key, file).await;
                if (self.role, object) != ("seller", "deal") {
                    let hidden = !Data::knows(self.role, object);
                    assert_eq!(status, if hidden { 400 } else { 403 }, "{} {object}: {text}", self.role);
                    continue;
                }
                let report: Value = serde_json::from_str(&text).expect("a report");
                let updated = report["report"]["updated"].as_u64() == Some(1);
                let expected = self.verdict("update", object, cells) == Verdict::Done;
                assert_eq!(updated, expected, "{} {}: import of {id}: {text}", self.role, self.me);
            }
        }
    }

    /// Creation is judged on the finished record, whoever it is made for.
    async fn creates(&self) {
        for (object, owner) in [("account", 1), ("account", 3), ("deal", 1), ("deal", 5), ("deal", 0)] {
            let cells = Cells::from([("owner.id", user(owner).to_string())]);
            let expected = if !Data::knows(self.role, object) {
                Verdict::Unknown
            } else if self.data.may(self.role, self.me, "create", object, &cells) {
                Verdict::Done
            } else {
                Verdict::Forbidden
            };
            // What names a hidden field of a visible object is unknown, too.
            let owned = self.role != "guest" && Data::knows(self.role, object);
            let expected = if owned { expected } else { Verdict::Unknown };
            let (one, many) = (capital(object), capital(&plural(object)));
            let data = format!("{{name: \"x\", owner: {{id: \"{}\"}}}}", user(owner));
            let single =
                format!("mutation {{ create{one}(data: {data}, dryRun: true) {{ errors {{ code }} }} }}");
            let answer = self.ask(&single).await;
            self.is(self.told(&answer, &format!("create{one}"), &single), expected, &single);
            for all in [true, false] {
                let bulk = format!(
                    "mutation {{ create{many}(data: [{data}], allOrNone: {all}, dryRun: true) {{ errors {{ code }} }} }}"
                );
                let answer = self.ask(&bulk).await;
                self.is(self.told(&answer, &format!("create{many}"), &bulk), expected, &bulk);
            }
            let upsert = format!(
                "mutation {{ upsert{many}(key: \"id\", data: [{{id: \"{}\", name: \"x\"}}], dryRun: true) {{ errors {{ code }} }} }}",
                Uuid::from_u128(5)
            );
            let answer = self.ask(&upsert).await;
            assert!(
                !codes(&answer, &format!("upsert{many}")).is_empty(),
                "nobody makes a record under an id of their own: {answer}"
            );
        }
    }
}
