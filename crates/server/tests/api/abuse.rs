//! What the metadata API does not let itself be used for.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use deploy::ApplyOptions;
use serde_json::{Value, json};
use testing::{Handles, each_database};

use crate::login::metadata;
use crate::stage::{KEY, Stage, business, now};

fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["extensions"]["code"].as_str()).collect()
}

#[tokio::test]
async fn fragments_that_explode_are_refused_before_they_do() {
    each_database(async |handles: Handles| {
        let stage = Stage::new(&handles, &business()).await;
        let mut query = String::from("{ ...F0 }");
        for level in 0..40 {
            let next = level + 1;
            let _ = write!(
                query,
                " fragment F{level} on Query {{ catalog {{ version }} ...F{next} ...F{next} }}"
            );
        }
        query.push_str(" fragment F40 on Query { catalog { version } }");
        let asked = Instant::now();
        let answer = stage.post("/metadata", KEY, &query, json!({})).await.body;
        assert_eq!(codes(&answer), ["VALIDATION"], "{answer}");
        // Expanded, this would take longer than the test may.
        assert!(asked.elapsed() < Duration::from_secs(20));
        let circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
        assert_eq!(codes(&stage.post("/metadata", KEY, circle, json!({})).await.body), ["VALIDATION"]);
    })
    .await;
}

#[tokio::test]
async fn large_answers_are_not_multiplied_by_aliases() {
    each_database(async |handles: Handles| {
        let stage = Stage::new(&handles, &business()).await;
        let aliases: String = (0..20).fold(String::new(), |mut all, n| {
            let _ = write!(all, "a{n}: schema ");
            all
        });
        let answer = stage.post("/metadata", KEY, &format!("{{ {aliases} }}"), json!({})).await.body;
        assert_eq!(codes(&answer), ["VALIDATION"], "{answer}");
        let one = stage.post("/metadata", KEY, "{ a: schema b: catalog { version } }", json!({})).await.body;
        assert!(one["errors"].is_null(), "{one}");
    })
    .await;
}

#[tokio::test]
async fn a_file_is_refused_for_what_may_not_be_written_and_before_it_is_taken_in() {
    each_database(async |handles: Handles| {
        let stage = Stage::new(&handles, &business()).await;
        let grant = |import: bool| {
            json!({"company": {"create": ["all"], "read": ["all"], "update": ["all"], "import": import,
            "fields": {"read": ["name", "code"], "write": ["name"]}}})
        };
        let mut files = business();
        for (name, import) in [("bringer", true), ("looker", false)] {
            let role = json!({"name": name, "title": name, "objects": grant(import)});
            files.push(crate::stage::role(&role));
        }
        deploy::apply(&handles.tenant, &files, ApplyOptions::new("test", now())).await.expect("applied");
        for (role, file, status) in [
            ("bringer", "name\nAcme\n", 200),
            ("bringer", "name,code\nAcme,A1\n", 403),
            // Endless, and never read.
            ("looker", "", 403),
        ] {
            let query = "mutation($r: String!) { createKey(name: \"k\", role: $r) { apiKey } }";
            let made = metadata(&stage, KEY, query, json!({"r": role})).await;
            let key = made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}"));
            let body = if file.is_empty() {
                Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>("name\n")))
            } else {
                Body::from(file)
            };
            let request = Request::post("/import/company").header("authorization", format!("Bearer {key}"));
            let answer = stage.send(request.body(body).expect("a request")).await;
            assert_eq!(answer.status.as_u16(), status, "{role}: {}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_plan_tells_of_records_only_those_who_may_apply() {
    each_database(async |handles: Handles| {
        let stage = Stage::new(&handles, &business()).await;
        let mut files = business();
        for (name, rights) in [("reader", json!(["read"])), ("applier", json!(["apply"]))] {
            let role = json!({"name": name, "title": name, "metadata": rights});
            files.push(crate::stage::role(&role));
        }
        deploy::apply(&handles.tenant, &files, ApplyOptions::new("test", now())).await.expect("applied");
        stage.data("mutation { createCompany(data: {name: \"Acme\", code: \"S3CRET\"}) { errors { code } } }", json!({})).await;
        // A rule that asks about a value: the plan would say of how many records it is true, and of which.
        let probe = json!([
            {"path": "package.json", "text": json!({"name": "probe", "version": "1.0.0", "title": "Probe", "depends": {"test": "*"}}).to_string()},
            {"path": "objects/company.json", "text": json!({"extends": "company", "x-rules": [
                {"name": "probe", "check": "record.code != \"S3CRET\"", "message": "no"}]}).to_string()},
        ]);
        let query = "query($d: [DocumentInput!]!) { plan(documents: $d) { hash effects { rule count sample } diagnostics { message } } }";
        for (role, told) in [("reader", 0), ("applier", 1)] {
            let made = metadata(&stage, KEY, "mutation($r: String!) { createKey(name: \"k\", role: $r) { apiKey } }", json!({"r": role})).await;
            let key = made["data"]["createKey"]["apiKey"].as_str().unwrap_or_else(|| panic!("{made:#}"));
            let answer = metadata(&stage, key, query, json!({"d": probe})).await;
            let answer = &answer["data"];
            let effects = answer["plan"]["effects"].as_array().map(Vec::len);
            assert_eq!(effects, Some(told), "{role}: {answer}");
            assert!(answer["plan"]["hash"].is_string(), "{role}: {answer}");
        }
    })
    .await;
}
