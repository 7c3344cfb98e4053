//! A database with one tenant, commands run on it, and a server on a free port.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// The database kinds that every scenario runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// One database of its own, removed at the end.
pub struct Instance {
    pub database: String,
    pub folder: tempfile::TempDir,
    server: Option<Child>,
    pub url: String,
    pub key: String,
    http: reqwest::Client,
    postgres: Option<testing::EmptyDatabase>,
}

/// What a command answered.
pub struct Answer {
    pub code: i32,
    pub json: Vec<Value>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The last JSON line.
    pub fn value(&self) -> &Value {
        self.json.last().unwrap_or_else(|| panic!("no JSON on stdout; stderr: {}", self.stderr))
    }

    /// Fails the test with the command's words unless it exited with 0.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {:?}\nstderr: {}", self.json, self.stderr);
        self
    }
}

impl Instance {
    /// A fresh database with the tenant `acme` and an all-rights key; no server yet.
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (database, postgres) = match kind {
            Kind::Sqlite => (format!("sqlite:{}", folder.path().join("data").display()), None),
            Kind::Postgres => {
                let database = testing::EmptyDatabase::create().await;
                (database.url(), Some(database))
            }
        };
        let mut instance = Self {
            database,
            folder,
            server: None,
            url: String::new(),
            key: String::new(),
            http: server::http_client().build().expect("a client"),
            postgres,
        };
        instance.run(&["tenant", "create", "acme"]).ok();
        instance.key = instance.create_key("acme");
        instance
    }

    /// The database on PostgreSQL.
    pub fn postgres(&self) -> &testing::EmptyDatabase {
        self.postgres.as_ref().expect("an instance on PostgreSQL")
    }

    pub fn create_key(&self, tenant: &str) -> String {
        let answer = self.run(&["key", "create", "--tenant", tenant]).ok();
        answer.value()["apiKey"].as_str().expect("apiKey").to_owned()
    }

    /// Runs a command on this database with `--json`.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("the binary runs");
        answer(&output)
    }

    /// The command, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_armature"));
        command
            .args(arguments)
            .args(["--json", "--database", &self.database])
            .current_dir(self.folder.path());
        command
    }

    /// Starts the server and waits for its ready line.
    pub fn serve(&mut self) {
        let mut child = self
            .command(&["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("ready line `{line}`: {e}"));
        ready["graphql"].as_str().expect("graphql").clone_into(&mut self.url);
        self.server = Some(child);
    }

    /// Ends the server at once, as a crash would.
    pub fn kill_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("the server can be killed");
            server.wait().expect("the server ends");
        }
    }

    /// Sends a request with the tenant's key; returns the whole answer.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_as(&self.key, "/graphql", query, variables).await
    }

    /// The `data` of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].take()
    }

    /// Sends a request to the metadata endpoint.
    pub async fn ask_metadata(&self, query: &str, variables: Value) -> Value {
        self.ask_as(&self.key, "/metadata", query, variables).await
    }

    pub async fn ask_as(&self, key: &str, path: &str, query: &str, variables: Value) -> Value {
        let url = self.url.replace("/graphql", path);
        let response = self
            .http
            .post(url)
            .bearer_auth(key)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .expect("the server answers");
        response.json().await.expect("the answer is JSON")
    }

    /// Writes files into a folder of this instance and returns its path.
    pub fn write(&self, dir: &str, files: &[(&str, Value)]) -> String {
        let dir = self.folder.path().join(dir);
        for (name, document) in files {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, serde_json::to_string_pretty(document).expect("JSON")).expect("a file");
        }
        dir.display().to_string()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // The test may already be failing: the process must go either way.
            let _gone = server.kill();
            let _reaped = server.wait();
        }
    }
}

/// A command's output, read as JSON lines.
pub fn answer(output: &Output) -> Answer {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let json = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Answer {
        code: output.status.code().unwrap_or(-1),
        json,
        stdout: stdout.into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a scenario on both databases.
macro_rules! on_both {
    ($name:ident, $scenario:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$scenario(crate::instance::Kind::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$scenario(crate::instance::Kind::Postgres).await;
            }
        }
    };
}
pub(crate) use on_both;
