//! A tenant behind a server: a consultant has a key, not a database password. Speaks the metadata API.

use std::io::Write;
use std::time::Duration;

use deploy::{ApplyOptions, Mapping, PlanOptions};
use metadata::source::SourceFile;
use reqwest::Client;
use serde_json::{Value, json};

use crate::console::Console;
use crate::failure::Failure;

/// An apply on many records may take long.
const PATIENCE: Duration = Duration::from_hours(1);

/// What planning and applying answer, in the form in which the command prints it.
const DEPLOYMENT: &str = "hash version changes { kind path } steps { class object what } \
    effects { object rule count sample refuses replay } diagnostics { code severity file line column pointer message expected found hint }";

/// A server, and the key for a tenant on it.
pub struct Remote {
    base: String,
    endpoint: String,
    key: String,
    http: Client,
}

impl Remote {
    /// `url` is the server's address, with or without a path.
    pub fn new(url: &str, key: &str) -> Result<Self, Failure> {
        let base = url.trim_end_matches('/').trim_end_matches("/graphql").trim_end_matches("/metadata");
        let http =
            server::http_client().timeout(PATIENCE).build().map_err(|e| Failure::Remote(e.to_string()))?;
        let endpoint = format!("{base}/metadata");
        Ok(Self { base: base.to_owned(), endpoint, key: key.to_owned(), http })
    }

    /// Names of the packages that the tenant has.
    pub async fn packages(&self) -> Result<Vec<String>, Failure> {
        let files = self.pull().await?;
        let folders = files.iter().filter_map(|file| file.path.strip_suffix("/package.json"));
        Ok(folders.map(str::to_owned).collect())
    }

    /// Prints the plan; the exit code.
    pub async fn plan(
        &self,
        files: &[SourceFile],
        options: &PlanOptions,
        console: &Console,
    ) -> Result<u8, Failure> {
        let query = format!(
            "query($d: [DocumentInput!]!, $m: JSON, $r: String) {{ \
             result: plan(documents: $d, mapping: $m, replay: $r) {{ {DEPLOYMENT} }} }}"
        );
        let variables =
            json!({ "d": documents(files), "m": options.mapping, "r": options.replay.to_string() });
        let deployment = self.deployment(&query, variables).await?;
        let nothing =
            list(&deployment["changes"]).next().is_none() && list(&deployment["steps"]).next().is_none();
        console.result(&deployment, |console| tell(&deployment, console))?;
        Ok(if nothing { 0 } else { 2 })
    }

    /// Applies the files and prints what was done; the exit code.
    pub async fn apply(
        &self,
        files: &[SourceFile],
        options: &ApplyOptions,
        console: &Console,
    ) -> Result<u8, Failure> {
        let query = format!(
            "mutation($d: [DocumentInput!]!, $m: JSON, $p: String, $a: Boolean!, $s: Boolean!) \
             {{ result: apply(documents: $d, mapping: $m, plan: $p, allowDestructive: $a, skipTests: $s) {{ {DEPLOYMENT} }} }}"
        );
        let variables = json!({
            "d": documents(files),
            "m": options.mapping,
            "p": options.plan,
            "a": options.allow_destructive,
            "s": options.skip_tests,
        });
        let deployment = self.deployment(&query, variables).await?;
        console.result(&deployment, |console| tell(&deployment, console))?;
        Ok(0)
    }

    /// The tenant's packages as files.
    pub async fn pull(&self) -> Result<Vec<SourceFile>, Failure> {
        let data = self.ask("{ result: pull { path text } }", json!({})).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(list(&data)
            .map(|file| SourceFile { path: text(&file["path"]), text: text(&file["text"]) })
            .collect())
    }

    /// The versions of the tenant's metadata, the newest first.
    pub async fn history(&self) -> Result<Value, Failure> {
        self.ask("{ result: history { version at actor changes { kind path } } }", json!({})).await
    }

    /// Brings an earlier version back and prints what was done; the exit code.
    pub async fn revert(
        &self,
        version: i64,
        (destructive, mapping): (bool, Mapping),
        console: &Console,
    ) -> Result<u8, Failure> {
        let query = format!(
            "mutation($v: Int!, $a: Boolean!, $m: JSON) \
             {{ result: revert(version: $v, allowDestructive: $a, mapping: $m) {{ {DEPLOYMENT} }} }}"
        );
        let variables = json!({ "v": version, "a": destructive, "m": mapping });
        let deployment = self.deployment(&query, variables).await?;
        console.result(&deployment, |console| tell(&deployment, console))?;
        Ok(0)
    }

    /// Deletes for good what changes have taken out of use; what that was.
    pub async fn purge(&self) -> Result<Value, Failure> {
        self.ask("mutation { result: purge { tables columns version } }", json!({})).await
    }

    /// Imports a file; what the server tells of it.
    pub async fn import(
        &self,
        object: &str,
        file: Vec<u8>,
        query: &[(&str, String)],
    ) -> Result<Value, Failure> {
        let url = format!("{}/import/{object}", self.base);
        let cannot = |e: reqwest::Error| unreachable(&url, &e);
        let request = self.http.post(address(&url, query)).bearer_auth(&self.key).body(file);
        let answer: Value = request.send().await.map_err(cannot)?.json().await.map_err(cannot)?;
        refused(&answer)?;
        Ok(answer)
    }

    /// Writes the records of an object.
    pub async fn export(&self, object: &str, format: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let url = format!("{}/export/{object}", self.base);
        let cannot = |e: reqwest::Error| unreachable(&url, &e);
        let address = address(&url, &[("format", format.to_owned())]);
        let mut response = self.http.get(address).bearer_auth(&self.key).send().await.map_err(cannot)?;
        if !response.status().is_success() {
            let answer: Value = response.json().await.map_err(cannot)?;
            refused(&answer)?;
            return Err(Failure::Remote("it refused without a reason".to_owned()));
        }
        while let Some(piece) = response.chunk().await.map_err(cannot)? {
            out.write_all(&piece).map_err(|e| Failure::io("write the export", e))?;
        }
        Ok(())
    }

    /// A deployment without faults; faults of the documents are a failure that names them.
    async fn deployment(&self, query: &str, variables: Value) -> Result<Value, Failure> {
        let deployment = self.ask(query, variables).await?;
        let faulty = list(&deployment["diagnostics"]).any(|diagnostic| {
            diagnostic["severity"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("error"))
        });
        if faulty { Err(Failure::RemoteDocuments(deployment["diagnostics"].clone())) } else { Ok(deployment) }
    }

    /// The field `result` of an answer.
    async fn ask(&self, query: &str, variables: Value) -> Result<Value, Failure> {
        let cannot = |e: reqwest::Error| unreachable(&self.endpoint, &e);
        let body = json!({ "query": query, "variables": variables });
        let response =
            self.http.post(&self.endpoint).bearer_auth(&self.key).json(&body).send().await.map_err(cannot)?;
        let mut answer: Value = response.json().await.map_err(cannot)?;
        refused(&answer)?;
        Ok(answer["data"]["result"].take())
    }
}

/// An address with its query, escaped.
fn address(url: &str, query: &[(&str, String)]) -> String {
    let mut address = url.to_owned();
    for (place, (key, value)) in query.iter().enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(key);
        address.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
                address.push(char::from(byte));
            } else {
                address.push('%');
                address.push_str(&hex(byte));
            }
        }
    }
    address
}

fn hex(byte: u8) -> String {
    format!("{byte:02X}")
}

fn unreachable(url: &str, error: &reqwest::Error) -> Failure {
    Failure::Unreachable(format!("{url} cannot be reached: {error}"))
}

/// The errors of an answer, as a failure.
fn refused(answer: &Value) -> Result<(), Failure> {
    let errors: Vec<_> =
        list(&answer["errors"]).filter_map(|error| error["message"].as_str().map(str::to_owned)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Failure::Remote(errors.join("\n"))) }
}

fn documents(files: &[SourceFile]) -> Value {
    files.iter().map(|file| json!({ "path": file.path, "text": file.text })).collect()
}

/// The items of a list; of anything else, none.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn tell(deployment: &Value, console: &Console) {
    for change in list(&deployment["changes"]) {
        console.say(&format!("  {} {}", shown(&change["kind"]), shown(&change["path"])));
    }
    for step in list(&deployment["steps"]) {
        console.say(&format!(
            "  {} {}: {}",
            shown(&step["class"]),
            shown(&step["object"]),
            shown(&step["what"])
        ));
    }
    for effect in list(&deployment["effects"]) {
        console.say(&format!(
            "  {} {} record(s) against {}",
            effect["count"],
            shown(&effect["object"]),
            shown(&effect["rule"])
        ));
    }
    match &deployment["version"] {
        Value::Null => console.say(&format!("Plan {}", shown(&deployment["hash"]))),
        version => console.say(&format!("Version {version} is published.")),
    }
}

fn shown(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
