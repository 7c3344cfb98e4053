//! The commands as their users meet them: exit codes, JSON, and the way from an empty folder to an applied package and back.

use serde_json::json;

use crate::instance::{Instance, Kind, on_both};

on_both!(a_new_package_checks_plans_applies_and_comes_back, round_trip);

async fn round_trip(kind: Kind) {
    let instance = Instance::new(kind).await;
    let dir = instance.folder.path().join("my-crm").display().to_string();
    instance.run(&["new", &dir]).ok();
    let checked = instance.run(&["check", &dir]).ok();
    assert_eq!(checked.value()["ok"], true, "{:?}", checked.json);

    let planned = instance.run(&["plan", &dir, "--tenant", "acme"]);
    assert_eq!(planned.code, 2, "{:?} {}", planned.json, planned.stderr);
    let hash = planned.value()["hash"].as_str().expect("hash").to_owned();
    assert_eq!(instance.run(&["plan", &dir, "--tenant", "acme"]).value()["hash"], hash.as_str());

    let refused = instance.run(&["apply", &dir, "--tenant", "acme", "--plan", "0000"]);
    assert_eq!(refused.code, 1, "another hash must be refused");
    let applied = instance.run(&["apply", &dir, "--tenant", "acme", "--plan", &hash]).ok();
    assert!(applied.value()["version"].is_number(), "{:?}", applied.json);
    assert_eq!(instance.run(&["plan", &dir, "--tenant", "acme"]).code, 0, "nothing is left to do");

    let (once, twice) = (instance.folder.path().join("once"), instance.folder.path().join("twice"));
    for pulled in [&once, &twice] {
        let pulled = pulled.display().to_string();
        instance.run(&["pull", &pulled, "--tenant", "acme"]).ok();
        assert_eq!(
            instance.run(&["plan", &pulled, "--tenant", "acme"]).code,
            0,
            "pull, then plan: nothing to do"
        );
    }
    let same =
        std::process::Command::new("diff").args(["-r"]).args([&once, &twice]).status().expect("diff runs");
    assert!(same.success(), "two pulls are byte-identical");
}

on_both!(the_schema_of_a_role_is_what_its_bearers_see, schema_of_role);

async fn schema_of_role(kind: Kind) {
    let instance = Instance::new(kind).await;
    let dir = instance.folder.path().join("my-crm").display().to_string();
    instance.run(&["new", &dir]).ok();
    instance.run(&["apply", &dir, "--tenant", "acme"]).ok();
    let schema = |roles: &[&str]| {
        let arguments: Vec<&str> = ["schema", "--tenant", "acme"].iter().chain(roles).copied().collect();
        instance.run(&arguments)
    };
    let (whole, host) = (schema(&[]).ok().stdout, schema(&["--role", "host"]).ok().stdout);
    for sdl in [&whole, &host] {
        assert!(sdl.contains("type Visit "), "{sdl}");
    }
    assert!(whole.contains("timeZone") && !host.contains("timeZone"), "a field that the role does not see");
    assert_eq!(schema(&["--role", "host", "--role", "admin"]).ok().stdout, whole);
    let unknown = schema(&["--role", "hots"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("there are host, admin"), "{}", unknown.stderr);
}

on_both!(a_destructive_change_waits_for_its_flag_and_can_be_undone, undo);

async fn undo(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    let package = json!({ "name": "shop", "version": "1.0.0", "title": "Shop" });
    let object = |fields: serde_json::Value| {
        json!({ "name": "item", "plural": "items", "title": "Item", "type": "object", "required": ["name"],
            "properties": fields, "x-display": "name" })
    };
    let both = json!({ "name": { "type": "string" }, "price": { "x-type": "money" } });
    let dir =
        instance.write("shop", &[("package.json", package.clone()), ("objects/item.json", object(both))]);
    instance.run(&["apply", &dir, "--tenant", "acme"]).ok();
    instance.serve();
    instance
        .data(
            "mutation { createItem(data: { name: \"Lamp\", price: \"12.50\" }) { record { id } } }",
            json!({}),
        )
        .await;

    let dir =
        instance.write("shop", &[("objects/item.json", object(json!({ "name": { "type": "string" } })))]);
    let refused = instance.run(&["apply", &dir, "--tenant", "acme"]);
    assert_eq!(refused.code, 1, "dropping a field needs --allow-destructive");
    instance.run(&["apply", &dir, "--tenant", "acme", "--allow-destructive"]).ok();

    let history = instance.run(&["history", "--tenant", "acme"]).ok();
    let versions = history.value()["versions"].as_array().expect("versions").clone();
    let before = versions.iter().filter_map(|v| v["version"].as_i64()).max().expect("a version") - 1;
    instance.run(&["revert", &before.to_string(), "--tenant", "acme"]).ok();
    let restarted = instance.run(&["plan", &dir, "--tenant", "acme"]);
    assert_eq!(restarted.code, 2, "the reverted field is there again: {:?}", restarted.json);
    instance.kill_server();
    instance.serve();
    let data = instance.data("{ items { nodes { name price } } }", json!({})).await;
    assert_eq!(
        data["items"]["nodes"][0],
        json!({ "name": "Lamp", "price": "12.5" }),
        "the dropped data came back"
    );
}

on_both!(faults_are_all_reported_with_their_places, faults);

async fn faults(kind: Kind) {
    let instance = Instance::new(kind).await;
    let dir = instance.write(
        "faulty",
        &[
            ("package.json", json!({ "name": "faulty", "version": "1.0.0", "title": "Faulty" })),
            (
                "objects/item.json",
                json!({ "name": "item", "plural": "items", "title": "Item", "type": "object", "required": ["nmae"],
                    "properties": { "name": { "type": "strnig" }, "boss": { "x-type": "lookup", "x-to": "nobody" } },
                    "x-dispaly": "name" }),
            ),
        ],
    );
    let checked = instance.run(&["check", &dir]);
    assert_eq!(checked.code, 1);
    let found = checked.value()["diagnostics"].as_array().expect("diagnostics").clone();
    assert!(found.len() >= 3, "{found:?}");
    for diagnostic in &found {
        assert_eq!(diagnostic["file"], "objects/item.json", "{diagnostic}");
        assert!(diagnostic["line"].as_u64().is_some_and(|line| line > 1), "{diagnostic}");
        assert!(
            diagnostic["pointer"].as_str().is_some_and(|pointer| pointer.starts_with('/')),
            "{diagnostic}"
        );
    }
    assert!(
        found.iter().any(|d| d["hint"].as_str().is_some_and(|hint| hint.contains("x-display"))),
        "{found:?}"
    );
    let applied = instance.run(&["apply", &dir, "--tenant", "acme"]);
    assert_eq!(applied.code, 1, "a faulty folder changes nothing");
}

#[test]
fn a_misused_command_ends_with_1() {
    // `plan` says 2 when there is something to do.
    for arguments in [&["plan"][..], &["nonsense"], &["apply", "dir", "--frobnicate"]] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_armature")).args(arguments).output();
        assert_eq!(output.expect("the binary runs").status.code(), Some(1), "{arguments:?}");
    }
}

on_both!(a_key_is_enough_to_plan_apply_import_and_export, through_server);

async fn through_server(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    instance.serve();
    let (url, key) = (instance.url.clone(), instance.key.clone());
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_armature"))
            .args(arguments)
            .args(["--url", &url, "--key", &key, "--json"])
            .output();
        crate::instance::answer(&output.expect("the binary runs"))
    };
    let item = json!({ "name": "item", "plural": "items", "title": "Item", "type": "object", "required": ["name"],
        "properties": { "name": { "type": "string" } }, "x-display": "name" });
    let package = json!({ "name": "shop", "version": "1.0.0", "title": "Shop" });
    let dir = instance.write("shop", &[("package.json", package.clone()), ("objects/item.json", item)]);
    assert_eq!(run(&["plan", &dir]).code, 2);
    run(&["apply", &dir]).ok();
    assert_eq!(run(&["plan", &dir]).code, 0);
    let faulty =
        instance.write("bad", &[("package.json", package), ("objects/item.json", json!({"name": "item"}))]);
    let refused = run(&["apply", &faulty]);
    assert_eq!((refused.code, &refused.value()["ok"]), (1, &json!(false)));
    assert_eq!(refused.value()["diagnostics"][0]["file"], "objects/item.json");

    let folder = instance.folder.path();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(folder.join("items.csv"), "Label,Junk\n\"A & B\",1\n,2\n").expect("written");
    std::fs::write(folder.join("map.json"), r#"{"columns": {"Label": "name"}}"#).expect("written");
    let map = path("map.json");
    let imported =
        run(&["import", "item", &path("items.csv"), "--map", &map, "--rejects", &path("rejects.csv")]);
    assert_eq!(imported.code, 1, "a row was rejected");
    assert_eq!(
        imported.value(),
        &json!({"read": 2, "created": 1, "updated": 0, "skipped": 0, "rejected": 1})
    );
    let rejects = std::fs::read_to_string(folder.join("rejects.csv")).expect("rejects");
    assert!(rejects.contains("Name is required"), "{rejects}");
    run(&["export", "item", "--format", "jsonl", "--out", &path("items.jsonl")]).ok();
    let exported = std::fs::read_to_string(folder.join("items.jsonl")).expect("an export");
    assert!(exported.lines().count() == 1 && exported.contains("A & B"), "{exported}");
    let nothing = run(&["export", "nothing"]);
    assert_eq!(nothing.code, 1, "{}", nothing.stderr);
    let stranger = std::process::Command::new(env!("CARGO_BIN_EXE_armature"))
        .args(["export", "item", "--url", &url, "--key", "arm_0"])
        .output();
    assert_eq!(stranger.expect("the binary runs").status.code(), Some(1));
}
