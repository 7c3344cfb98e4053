//! The audit suite of the npm package graphql-http against a live server: no finding at MUST or SHOULD.

use std::path::Path;
use std::process::Command;

use server::{ServerConfig, Settings, serve};
use sql::Dialect;
use testing::{Bed, Handles};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::stage::{KEY, Stage, now};

/// Runs a program in the folder of the suite; panics with what it said.
fn run(program: &str, arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/graphql-http");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("this test needs Node 20 with npm on the PATH");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_finds_nothing_serious() {
    let bed = Bed::fresh(Dialect::Sqlite).await;
    let handles = Handles {
        store: bed.store.clone(),
        tenant: bed.tenant.clone(),
        canary: bed.canary.clone(),
        url: bed.url.clone(),
    };
    Stage::new(&handles, &[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/graphql", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let config = ServerConfig { store: bed.store.clone(), settings: Settings::default(), now };
    let server = tokio::spawn(serve(config, listener, async {
        let _ = stopped.await;
    }));
    let told = tokio::task::spawn_blocking(move || {
        run("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        run("node", &["run.mjs", &url, KEY])
    })
    .await
    .expect("the audit runs");
    assert!(told.contains("\"serious\": 0"), "{told}");
    stop.send(()).expect("the server runs");
    server.await.expect("no panic").expect("a good end");
    bed.clear().await;
}
