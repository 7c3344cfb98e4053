//! Users and keys from the command line, and what they open on a server that runs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::instance::{Instance, Kind, on_both};

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
