//! GraphiQL in a real browser. `make test` installs what it needs.

use std::process::Command;

use crate::instance::{Instance, Kind, root};

#[tokio::test(flavor = "multi_thread")]
async fn graphiql_works_without_a_network() {
    let mut instance = Instance::new(Kind::Sqlite).await;
    instance.run(&["apply", &root().join("metadata/core").display().to_string(), "--tenant", "acme"]).ok();
    instance.serve();
    let url = instance.url.replace("/graphql", "");
    let screenshot = instance.folder.path().join("graphiql.png").display().to_string();
    let output = Command::new("node")
        .arg(root().join("tests/browser/graphiql.mjs"))
        .args([url.as_str(), instance.key.as_str(), screenshot.as_str()])
        .output()
        .expect("node runs (Node 20 is needed for the browser tests)");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
}
