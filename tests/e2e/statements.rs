//! How many statements a request sends to PostgreSQL, read from the server's own log of them.

use std::path::PathBuf;

use serde_json::json;

use crate::instance::{Instance, Kind, root};

/// The server's log, of which the statements of one database's sessions are read.
struct Log {
    path: PathBuf,
    database: String,
    from: usize,
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = std::fs::read(&self.path).expect("the log of the tests' cluster can be read");
        let text = String::from_utf8_lossy(&text[self.from..]).into_owned();
        let statement = |line: &&str| {
            line.contains(&self.database)
                && (line.contains("LOG:  execute") || line.contains("LOG:  statement:"))
        };
        text.lines().filter(statement).map(str::to_owned).collect()
    }

    /// Everything up to now is of no interest any more.
    fn forget(&mut self) {
        self.from =
            std::fs::metadata(&self.path).expect("the log is there").len().try_into().expect("a length");
    }
}

/// One statement a root field however deep the nesting, and one round trip: nothing is asked before it.
#[tokio::test(flavor = "multi_thread")]
async fn one_statement_a_root_field() {
    let mut instance = Instance::new(Kind::Postgres).await;
    let database = instance.postgres();
    database.log_statements().await;
    let mut log = Log { path: database.log().await, database: format!(" {} ", database.name()), from: 0 };
    let package = root().join("tests/golden/reads/package").display().to_string();
    instance.run(&["apply", &package, "--tenant", "acme"]).ok();
    instance.serve();
    for n in 0..20 {
        let data = json!({ "name": format!("Company {n}"), "code": format!("C{n}") });
        let create = "mutation($d: CompanyCreateInput!) { createCompany(data: $d) { errors { message } } }";
        instance.data(create, json!({ "d": data })).await;
    }
    let nested = "{ companies(first: 20, orderBy: [{name: ASC}]) { totalCount aggregate { sum { employees } } \
                    nodes { name dealCount parent { name } deals(first: 3) { totalCount nodes { name people { nodes { email } } } } } } }";
    let two = "{ companies { nodes { name } } deals { nodes { name } } }";
    let one = "{ a: companies(filter: {deals: {none: {people: {some: {}}}}}) { nodes { name } } }";
    for (query, expected) in [(nested, 1), (two, 2), (one, 1)] {
        // The first time, the shape of the statement is unknown to the database.
        instance.data(query, json!({})).await;
        log.forget();
        for _ in 0..5 {
            instance.data(query, json!({})).await;
        }
        let seen = log.lines();
        assert_eq!(seen.len(), 5 * expected, "{query}\n{seen:#?}");
    }
}
