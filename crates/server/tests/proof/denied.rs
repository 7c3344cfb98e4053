//! PM-04: a denied write leaves nothing but its row in the audit log, by whatever door it came.

use std::collections::BTreeMap;

use serde_json::Value;
use testing::{contents, each_database};

use crate::data::{Data, user};
use crate::stage::Stage;

/// All tables of the tenant but the audit log, and how many entries that has.
async fn state(url: &str) -> (BTreeMap<String, Vec<String>>, usize) {
    let mut tables = contents(url, "home").await;
    let audit = tables.remove("audit").map_or(0, |rows| rows.len());
    assert!(tables.len() > 8, "{:?}", tables.keys());
    (tables, audit)
}

/// A tenant with these records, and the key `home-me` of a seller.
async fn sold_by_me(store: &store::Store, data: &Data) -> Stage {
    let stage = Stage::new(store).await;
    let tenant = stage.tenant("home", data).await;
    tenant.grant_roles(user(1), &["seller".to_owned()]).await.expect("a role");
    stage.key(&tenant, "home-me", None, Some(user(1))).await;
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_write_leaves_only_its_entry_in_the_audit_log() {
    each_database(|handles| async move {
        let data = Data::new(11);
        let stage = sold_by_me(&handles.store, &data).await;
        let sees = |object: &str, seen: bool, mine: bool| {
            let fits = data.objects[object].iter().find(|(_, cells)| {
                data.sees("seller", 1, object, cells) == seen
                    && (!seen || data.may("seller", 1, "update", object, cells) == mine)
            });
            fits.map_or_else(|| panic!("no such {object}"), |(id, _)| id.to_string())
        };
        let (foreign, hidden) = (sees("account", true, false), sees("account", false, false));
        let (mine, no_deal) = (sees("deal", true, true), sees("deal", false, false));
        let write = |call: &str, selection: &str| format!("mutation {{ {call} {{ {selection} }} }}");
        let e = "errors { code message }";
        for (asked, noted) in [
            (write(&format!("updateAccount(id: \"{foreign}\", data: {{name: \"x\"}})"), e), 1),
            (write(&format!("updateAccount(id: \"{foreign}\", data: {{name: \"x\"}}, dryRun: true)"), e), 1),
            (write(&format!("updateAccount(id: \"{hidden}\", data: {{name: \"x\"}})"), e), 1),
            (write(&format!("updateAccounts(filter: {{id: {{eq: \"{foreign}\"}}}}, data: {{name: \"x\"}})"), e), 1),
            (write(&format!("deleteAccount(id: \"{foreign}\")"), e), 1),
            (write(&format!("deleteAccounts(filter: {{id: {{in: [\"{foreign}\"]}}}})"), e), 1),
            (write(&format!("restoreAccount(id: \"{foreign}\")"), e), 1),
            (write(&format!("destroyDeal(id: \"{mine}\")"), e), 1),
            (write(&format!("createAccount(data: {{name: \"x\", owner: {{id: \"{}\"}}}})", user(3)), e), 1),
            (write(&format!("createAccounts(data: [{{name: \"x\", owner: {{id: \"{0}\"}}}}, {{name: \"y\", owner: {{id: \"{0}\"}}}}])", user(3)), e), 1),
            (write(&format!("createDeal(data: {{name: \"x\", owner: {{id: \"{}\"}}, account: {{id: \"{hidden}\"}}}})", user(1)), e), 0),
            (write(&format!("createNote(data: {{text: \"x\", deal: {{id: \"{no_deal}\"}}}})"), e), 0),
            (write(&format!("updateDeal(id: \"{mine}\", data: {{cost: \"1\"}})"), e), 0),
            (write(&format!("updateDeal(id: \"{mine}\", data: {{name: null}})"), e), 0),
            (write(&format!("updateDeal(id: \"{mine}\", data: {{doubled: \"1\"}})"), e), 0),
            (write("upsertAccounts(key: \"name\", data: [{name: \"x\"}])", e), 0),
        ] {
            let before = state(&handles.url).await;
            let answer = stage.ask("/graphql", "home-me", &asked).await;
            let after = state(&handles.url).await;
            assert!(refused(&answer), "{asked}: {answer}");
            assert_eq!(after.0, before.0, "{asked}: {answer}");
            assert_eq!(after.1, before.1 + noted, "{asked}: {answer}");
        }
        for (path, file, status) in [
            ("/import/account".to_owned(), "name\nx\n".to_owned(), 403),
            ("/import/vault".to_owned(), "name\nx\n".to_owned(), 400),
            ("/import/deal?upsert=id".to_owned(), format!("id,name\n{no_deal},x\n"), 200),
        ] {
            let before = state(&handles.url).await;
            let (answered, text) = stage.post(&path, "home-me", file).await;
            let after = state(&handles.url).await;
            assert_eq!(answered, status, "{path}: {text}");
            assert_eq!(after.0, before.0, "{path}: {text}");
            assert!(after.1 <= before.1 + 2, "{path}: {text}");
        }
    })
    .await;
}

fn refused(answer: &Value) -> bool {
    let own = answer["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    let of_field = |payload: &Value| payload["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    own || answer["data"].as_object().is_some_and(|roots| roots.values().any(of_field))
}

/// GQ-15: mutations run one after the other; what was done before one that is forbidden stays, what stands behind it is not tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutations_run_in_turn_until_one_is_forbidden() {
    each_database(|handles| async move {
        let data = Data::new(11);
        let stage = sold_by_me(&handles.store, &data).await;
        let mine: Vec<_> = data.objects["deal"]
            .iter()
            .filter(|(_, cells)| data.sees("seller", 1, "deal", cells))
            .map(|(id, _)| id.to_string())
            .take(2)
            .collect();
        let call = |id: &str| {
            format!("updateDeal(id: \"{id}\", data: {{name: \"in turn\"}}) {{ errors {{ code }} }}")
        };
        let asked = format!(
            "mutation {{ a: {} b: destroyDeal(id: \"{}\") {{ errors {{ code }} }} c: {} }}",
            call(&mine[0]),
            mine[1],
            call(&mine[1])
        );
        let answer = stage.ask("/graphql", "home-me", &asked).await;
        let errors = answer["errors"].as_array().map_or(0, Vec::len);
        assert!(errors == 1 && answer["errors"][0]["path"][0] == "b", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        let named = "{ deals(filter: {name: {eq: \"in turn\"}}) { nodes { id } } }";
        let kept = stage.ask("/graphql", "home-all", named).await;
        assert_eq!(kept["data"]["deals"]["nodes"], serde_json::json!([{"id": mine[0]}]));
    })
    .await;
}
