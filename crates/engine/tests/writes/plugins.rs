//! The plugins that ship, each by the package of its own tests, on both databases.

use std::path::Path;

use deploy::{ApplyOptions, Catalogs};
use engine::Caller;
use metadata::SourceFile;
use query::request::{Batch, Input, Operation};
use serde_json::json;
use testing::{Handles, each_database};

use crate::support::{World, by_id, create, name, now, null, text, update, world};

fn files(dir: &Path, below: &str, out: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        let relative = format!("{below}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            files(&path, &format!("{relative}/"), out);
        } else {
            let text = std::fs::read_to_string(&path).expect("a file");
            out.push(SourceFile { path: relative, text });
        }
    }
}

/// A tenant with the package of a plugin's tests.
async fn with(bed: &Handles, plugin: &str) -> World {
    let before = world(&bed.tenant).await;
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(plugin).join("tests");
    let mut package = Vec::new();
    files(&dir, "", &mut package);
    deploy::apply(&bed.tenant, &package, ApplyOptions::new("test", now()))
        .await
        .expect("the package applies");
    let catalog = Catalogs::new(now).reload(&bed.tenant).await.expect("a catalog");
    World { caller: Caller { catalog, ..before.caller.clone() }, engine: before.engine }
}

impl World {
    async fn inquiry(&self, fields: &[(&str, Input)]) -> serde_json::Value {
        let mut all = vec![("name", text("An inquiry"))];
        all.extend_from_slice(fields);
        let id = self.made("inquiry", &all).await;
        json!(id)
    }

    async fn owner(&self, id: &serde_json::Value) -> serde_json::Value {
        let id = id.as_str().and_then(|id| id.parse().ok()).expect("an id");
        self.one("inquiry", id, &["owner"]).await["owner"]["id"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_round_a_team() {
    each_database(|bed: Handles| async move {
        let world = with(&bed, "roundRobin").await;
        let team = world.made("team", &[("name", text("SDR"))]).await;
        let mut members = Vec::new();
        for member in ["Ann", "Bob", "Cid"] {
            members.push(json!(world.made("user", &[("name", text(member)), ("team", by_id(team))]).await));
        }
        let outsider = world.made("user", &[("name", text("Eve"))]).await;
        let mut owners = Vec::new();
        for _ in 0..6 {
            let inquiry = world.inquiry(&[]).await;
            owners.push(world.owner(&inquiry).await);
        }
        let twice: Vec<_> = members.iter().chain(&members).cloned().collect();
        assert_eq!(owners, twice);
        let kept = members[2].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let theirs = world.inquiry(&[("owner", by_id(kept))]).await;
        assert_eq!(world.owner(&theirs).await, members[2]);
        let taken = world.inquiry(&[("owner", by_id(outsider))]).await;
        assert_eq!(world.owner(&taken).await, members[0]);
        // Many at once are given out in turn, too.
        let records = (0..6).map(|_| crate::support::data(&[("name", text("x"))])).collect();
        let outcome =
            world.run(crate::support::write("inquiry", Operation::Create(records, Batch::AllOrNone))).await;
        let mut counts = [0; 3];
        for id in outcome.ids.iter().flatten() {
            let owner = world.owner(&json!(id)).await;
            counts[members.iter().position(|member| *member == owner).expect("a member")] += 1;
        }
        assert!(counts.iter().all(|count| *count >= 1), "{counts:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_to_the_owner_of_their_territory() {
    each_database(|bed: Handles| async move {
        let world = with(&bed, "territory").await;
        let mut users = Vec::new();
        for email in ["ann@example.com", "bob@example.com", "eve@example.com"] {
            users.push(json!(world.made("user", &[("name", text(email)), ("email", text(email))]).await));
        }
        for (country, owner) in [("FR", &users[1]), ("JP", &users[2]), ("DE", &users[0])] {
            let inquiry = world.inquiry(&[("country", text(country))]).await;
            assert_eq!(world.owner(&inquiry).await, *owner, "{country}");
        }
        let id = world.made("inquiry", &[("name", text("A")), ("country", text("FR"))]).await;
        world.run(update("inquiry", id, &[("country", text("DE"))])).await;
        assert_eq!(world.owner(&json!(id)).await, users[0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_scored_by_what_is_known() {
    each_database(|bed: Handles| async move {
        let world = with(&bed, "leadScoring").await;
        let decimal = |number: &str| Input::Value(expr::Value::Decimal(number.parse().expect("a number")));
        let cases = [
            (vec![("phone", text("  "))], 0),
            (vec![("phone", text("1")), ("source", text("website"))], 15),
            (vec![("phone", text("1")), ("budget", decimal("5")), ("source", text("referral"))], 50),
        ];
        for (fields, score) in cases {
            let mut all = vec![("name", text("A"))];
            all.extend(fields);
            let outcome = world.run(create("inquiry", &all)).await;
            assert_eq!(outcome.errors, vec![]);
            let id = outcome.ids[0].expect("an id");
            assert_eq!(world.one("inquiry", id, &["score"]).await["score"], score);
        }
        let id = world.made("inquiry", &[("name", text("A")), ("phone", text("1"))]).await;
        world.run(update("inquiry", id, &[("phone", null())])).await;
        assert_eq!(world.one("inquiry", id, &["score"]).await["score"], 0);
        assert!(world.caller.catalog.automations.contains_key(&name("scoreInquiry")));
    })
    .await;
}
