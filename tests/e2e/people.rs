//! Users and keys from the command line, and what they open on a server that runs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::instance::{Instance, Kind, on_both, root};

/// Asks until the answer is as wanted; a second is what a change may take.
async fn within_a_second(instance: &Instance, key: &str, query: &str, wanted: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let answer = instance.ask_as(key, "/graphql", query, json!({})).await;
        if wanted(&answer) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{answer:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn refused(answer: &Value) -> bool {
    answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
}

on_both!(users_and_keys_are_made_and_end, users_and_keys);

async fn users_and_keys(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    instance.serve();
    let boss =
        instance.run(&["user", "create", "boss@acme.example", "--tenant", "acme", "--role", "admin"]).ok();
    let boss_id = boss.value()["user"].as_str().expect("an id").to_owned();
    let made = instance
        .run(&[
            "user",
            "create",
            "ann@acme.example",
            "--tenant",
            "acme",
            "--role",
            "admin",
            "--name",
            "Ann",
            "--set",
            "manager=boss@acme.example",
            "--set",
            "timeZone=Asia/Shanghai",
        ])
        .ok();
    let (ann, key) =
        (made.value()["user"].clone(), made.value()["apiKey"].as_str().expect("a key").to_owned());
    let me = "{ me { kind name role roles user tenant } }";
    let answer = instance.ask_as(&key, "/graphql", me, json!({})).await;
    assert_eq!(
        answer["data"]["me"],
        json!({"kind": "KEY", "name": "Ann", "role": "admin", "roles": ["admin"], "user": ann, "tenant": "acme"})
    );
    let read = "{ users(filter: {email: {eq: \"ann@acme.example\"}}) { nodes { manager { id } } } }";
    let answer = instance.ask_as(&key, "/graphql", read, json!({})).await;
    assert_eq!(answer["data"]["users"]["nodes"][0]["manager"]["id"], boss_id, "{answer:#}");

    let wrong = instance.run(&["user", "create", "x@acme.example", "--tenant", "acme", "--role", "nobody"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("there is no role `nobody`; there are admin"), "{}", wrong.stderr);
    let twice = instance.run(&["user", "create", "ANN@acme.example", "--tenant", "acme"]);
    assert_eq!(twice.code, 1, "an address belongs to one user: {:?}", twice.json);

    // Inactive users are nobody, at once and until they are let in again.
    instance.run(&["user", "deactivate", "ann@acme.example", "--tenant", "acme"]).ok();
    within_a_second(&instance, &key, me, refused).await;
    instance.run(&["user", "activate", "ann@acme.example", "--tenant", "acme"]).ok();
    within_a_second(&instance, &key, me, |answer| answer["data"]["me"]["name"] == "Ann").await;
    // Without a role nothing is seen.
    instance.run(&["user", "revoke", "ann@acme.example", "--role", "admin", "--tenant", "acme"]).ok();
    within_a_second(&instance, &key, "{ users { nodes { id } } }", |answer| answer["errors"].is_array())
        .await;
    let listed = instance.run(&["user", "list", "--tenant", "acme"]).ok();
    let users = listed.value()["users"].as_array().expect("users");
    let roles =
        |email: &str| users.iter().find(|user| user["email"] == email).map(|user| user["roles"].clone());
    assert_eq!(roles("ann@acme.example"), Some(json!([])));
    assert_eq!(roles("boss@acme.example"), Some(json!(["admin"])));

    shared(&instance, &boss_id);

    // Keys end by themselves and by hand.
    let made = instance
        .run(&["key", "create", "--tenant", "acme", "--role", "admin", "--name", "bot", "--expires", "30d"])
        .ok();
    let bot = made.value()["apiKey"].as_str().expect("a key").to_owned();
    within_a_second(&instance, &bot, me, |answer| answer["data"]["me"]["role"] == "admin").await;
    let listed = instance.run(&["key", "list", "--tenant", "acme"]).ok();
    let keys = listed.value()["keys"].as_array().expect("keys").clone();
    let shown = keys.iter().find(|key| key["name"] == "bot").expect("the bot's");
    assert_eq!(shown["prefix"], bot[..12], "{shown}");
    assert!(shown["expires"].is_string() && !listed.json.iter().any(|line| line.to_string().contains(&bot)));
    instance.run(&["key", "revoke", &bot[..12], "--tenant", "acme"]).ok();
    within_a_second(&instance, &bot, me, refused).await;
}

/// A record is shared, listed and taken back; without somebody to share it with nothing happens.
fn shared(instance: &Instance, record: &str) {
    let create = ["share", "create", "user", record, "--tenant", "acme"];
    let nobody = instance.run(&create);
    assert!(nobody.code != 0 && nobody.stderr.contains("--user"), "{}", nobody.stderr);
    let made = instance.run(&[&create[..], &["--user", "ann@acme.example", "--expires", "5d"]].concat()).ok();
    let listed = instance.run(&["share", "list", "user", "--tenant", "acme"]).ok();
    let share = made.value()["share"].as_str().unwrap_or_else(|| panic!("{:?}", made.json)).to_owned();
    assert!(listed.value().to_string().contains(&share), "{:?}", listed.json);
    instance.run(&["share", "end", &share, "--tenant", "acme"]).ok();
}

on_both!(the_command_line_leaves_entries_and_erases, entries);

async fn entries(kind: Kind) {
    let mut instance = Instance::new(kind).await;
    let acme = ["--tenant", "acme"];
    let run = |instance: &Instance, arguments: &[&str]| instance.run(&[arguments, &acme].concat());
    let package = root().join("metadata/core").display().to_string();
    run(&instance, &["apply", &package]).ok();
    let made = run(&instance, &["user", "create", "ann@acme.example"]).ok();
    let (ann, key) = (
        made.value()["user"].as_str().expect("an id").to_owned(),
        made.value()["apiKey"].as_str().expect("a key").to_owned(),
    );
    instance.serve();
    run(&instance, &["user", "grant", "ann@acme.example", "--role", "admin"]).ok();
    within_a_second(&instance, &key, "{ me { name } }", |answer| answer["data"]["me"]["name"] == "ann").await;

    // Why she may, and why not without the role.
    let may = run(&instance, &["explain", "ann@acme.example", "user", &ann, "read", "email"]).ok();
    assert_eq!(
        (&may.value()["allowed"], &may.value()["field"]),
        (&json!(true), &json!(true)),
        "{:?}",
        may.json
    );
    run(&instance, &["user", "revoke", "ann@acme.example", "--role", "admin"]).ok();
    let not = run(&instance, &["explain", "ann@acme.example", "user", &ann, "update"]).ok();
    assert_eq!(not.value()["allowed"], false, "{:?}", not.json);
    let slip = run(&instance, &["explain", "ann@acme.example", "user", &ann, "read", "emial"]);
    assert!(slip.code == 1 && slip.stderr.contains("`user` has no field `emial`"), "{}", slip.stderr);
    let nobody = run(&instance, &["explain", "bob@acme.example", "user", &ann, "read"]);
    assert!(nobody.code == 1 && nobody.stderr.contains("there is no user"), "{}", nobody.stderr);

    let revoked = run(&instance, &["key", "create", "--name", "bot\u{1b}[31m"]).ok();
    let id = revoked.value()["key"].as_str().expect("an id").to_owned();
    run(&instance, &["key", "revoke", &id]).ok();
    let lead = instance
        .ask_as(
            &instance.key,
            "/graphql",
            "mutation { createLead(data: {lastName: \"L\"}) { record { id } errors { message } } }",
            json!({}),
        )
        .await;
    let lead =
        lead["data"]["createLead"]["record"]["id"].as_str().unwrap_or_else(|| panic!("{lead:#}")).to_owned();
    let shared = run(&instance, &["share", "create", "lead", &lead, "--user", "ann@acme.example"]).ok();
    run(&instance, &["share", "end", shared.value()["share"].as_str().expect("an id")]).ok();
    run(&instance, &["user", "deactivate", "ann@acme.example"]).ok();
    run(&instance, &["user", "activate", "ann@acme.example"]).ok();
    run(&instance, &["revert", "2", "--allow-destructive"]).ok();
    run(&instance, &["purge"]).ok();
    within_a_second(&instance, &key, "{ me { name } }", |answer| answer["data"]["me"]["name"] == "ann").await;

    let missing =
        run(&instance, &["erase", "user", "00000000-0000-0000-0000-000000000007", "--reason", "asked"]);
    assert!(missing.code == 1 && missing.stderr.contains("there is no"), "{}", missing.stderr);
    let erased = run(&instance, &["erase", "user", &ann, "--reason", "asked by herself"]).ok();
    assert_eq!(erased.value()["records"]["user"], 1, "{:?}", erased.json);
    within_a_second(&instance, &key, "{ me { name } }", refused).await;

    let log = run(&instance, &["audit", "--last", "100"]).ok();
    let acts: Vec<&str> = log.json.iter().map(|line| line["act"].as_str().expect("an act")).collect();
    assert_eq!(
        acts,
        vec![
            "keyCreate",
            "apply",
            "userCreate",
            "keyCreate",
            "roleGrant",
            "roleRevoke",
            "keyCreate",
            "keyRevoke",
            "shareCreate",
            "shareEnd",
            "userDeactivate",
            "userUpdate",
            "revert",
            "purge",
            "erase",
        ]
    );
    for line in &log.json {
        assert!(
            line["door"] == "command" && line["outcome"] == "done" && line["trace"].is_string(),
            "{line:#}"
        );
    }
    assert!(!log.stdout.contains("ann@acme.example"), "{}", log.stdout);
    // For people: sentences, and nothing that commands a terminal.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_armature"));
    let told = command
        .args(["audit", "--tenant", "acme", "--last", "20", "--database", &instance.database])
        .output()
        .expect("the binary runs");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("command line  gave a role: user "), "{told}");
    assert!(told.contains("erased a person") && told.contains("reason asked by herself"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
}

#[test]
fn the_settings_show_how_long_things_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("armature.toml"), "[server]\naudit-days = 400\n").expect("written");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_armature"));
    let shown = command
        .args(["serve", "--print-config"])
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("audit-days = 400") && shown.contains("history-days = 0"), "{shown}");
}
