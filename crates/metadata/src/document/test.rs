//! `tests/leadScoring.json`: what a package promises, as cases that `armature test` tries on an embedded database.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Cases that share a beginning. Each is tried for itself, in a transaction that is rolled back.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Test")]
pub struct PackageTest {
    /// For editors; without meaning to the platform.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Stable name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// When the cases begin, e.g. `2026-03-02T09:00:00Z`.
    pub at: Option<String>,
    /// Who acts, by a name of the test's own.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, TestUser>")]
    pub users: IndexMap<String, TestUser>,
    /// Records that are there, by a name of the test's own, made in their order by somebody with all rights.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, TestRecord>")]
    pub given: IndexMap<String, TestRecord>,
    /// What is tried.
    pub cases: Vec<TestCase>,
}

/// Somebody who acts in a test.
#[derive(Clone, Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TestUser {
    /// Their roles; `admin` has every right.
    pub roles: Vec<String>,
    /// Further fields of the user's record: `{"country": "DE"}`. The name of another user or record stands for it.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub data: Map<String, Value>,
}

/// A record that is there.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TestRecord {
    /// Its object.
    pub object: String,
    /// Its fields, as the API takes them. A relation takes the name of another record or user of the test, `{"id": …}` or
    /// `{"<unique field>": …}`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub data: Map<String, Value>,
}

/// Something that is tried, and what comes of it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// Who acts; somebody with all rights when absent.
    #[serde(rename = "as")]
    pub user: Option<String>,
    /// When it begins, where that is another moment than the test's.
    pub at: Option<String>,
    /// Further records that are there.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, TestRecord>")]
    pub given: IndexMap<String, TestRecord>,
    /// What is done. All but the last step must succeed.
    pub when: Vec<TestStep>,
    /// What comes of it.
    pub expect: TestExpectation,
}

/// One of `create`, `update`, `delete`, `move`, `claim`, `get`, `find` and `wait`, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TestStep {
    /// Makes a record: the object, and the record's name in the test under `name`.
    pub create: Option<String>,
    /// Changes the record of that name.
    pub update: Option<String>,
    /// Deletes the record of that name.
    pub delete: Option<String>,
    /// Moves the record of that name to another stage.
    #[serde(rename = "move")]
    pub moved: Option<String>,
    /// Claims the record of that name.
    pub claim: Option<String>,
    /// Reads the record of that name.
    pub get: Option<String>,
    /// Lists records of that object.
    pub find: Option<String>,
    /// Turns the clock on, e.g. `3d`; what falls due meanwhile is done.
    pub wait: Option<String>,
    /// With `create`: what the test calls the new record.
    pub name: Option<String>,
    /// With `create` (which then says what the test calls the record): its object.
    pub object: Option<String>,
    /// With `create`, `update` and `move`: fields, as the API takes them.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub data: Option<Map<String, Value>>,
    /// With `move`: the stage.
    pub to: Option<String>,
    /// With `move`: why.
    pub reason: Option<String>,
    /// With `find`: which records, in the grammar of the API.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub filter: Option<Map<String, Value>>,
    /// Who does it, where that is another than the case's.
    #[serde(rename = "as")]
    pub user: Option<String>,
}

/// What comes of a case. What is not named is not looked at.
#[derive(Clone, Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TestExpectation {
    /// The last step is refused.
    pub refused: Option<TestRefusal>,
    /// What records of the test look like afterwards, field by field; `null` is an empty field.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, Value>>")]
    pub records: IndexMap<String, Map<String, Value>>,
    /// How many records the last `find` shows.
    pub count: Option<u64>,
    /// What the last `get` or `find` shows: fields of the record, or a list of them.
    pub result: Option<Value>,
}

/// A refusal. What is not named is not looked at.
#[derive(Clone, Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TestRefusal {
    /// `REFUSED`, `VALIDATION`, `CONFLICT`, `NOT_FOUND`, `FORBIDDEN` or `SCRIPT_ERROR`.
    pub code: Option<String>,
    /// The rule: of a transition its name, `leadMtl.engaged.mql`.
    pub rule: Option<String>,
    /// The field.
    pub path: Option<String>,
    /// A part of the message.
    pub message: Option<String>,
}

/// What a step does. Names are those of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants' fields are the keys of the step")]
pub enum TestAct<'a> {
    Create { name: Option<&'a str>, object: &'a str, data: Option<&'a Map<String, Value>> },
    Update { record: &'a str, data: Option<&'a Map<String, Value>> },
    Delete { record: &'a str },
    Move { record: &'a str, to: &'a str, reason: Option<&'a str>, data: Option<&'a Map<String, Value>> },
    Claim { record: &'a str },
    Get { record: &'a str },
    Find { object: &'a str, filter: Option<&'a Map<String, Value>> },
    Wait { time: expr::Duration },
}

impl TestStep {
    /// The words that say what a step does.
    pub const WORDS: [&'static str; 8] =
        ["create", "update", "delete", "move", "claim", "get", "find", "wait"];

    /// Each of [`Self::WORDS`] with what stands under it.
    fn words(&self) -> [Option<&str>; 8] {
        [
            &self.create,
            &self.update,
            &self.delete,
            &self.moved,
            &self.claim,
            &self.get,
            &self.find,
            &self.wait,
        ]
        .map(Option::as_deref)
    }

    /// What the step does; `None` when it says nothing, or several things at once. Resolution refuses those.
    pub fn act(&self) -> Option<TestAct<'_>> {
        let mut said = Self::WORDS.into_iter().zip(self.words()).filter_map(|(word, of)| Some((word, of?)));
        let ((word, of), None) = (said.next()?, said.next()) else { return None };
        let data = self.data.as_ref();
        Some(match word {
            "create" => match &self.object {
                Some(object) => TestAct::Create { name: Some(of), object, data },
                None => TestAct::Create { name: self.name.as_deref(), object: of, data },
            },
            "update" => TestAct::Update { record: of, data },
            "delete" => TestAct::Delete { record: of },
            "move" => {
                TestAct::Move { record: of, to: self.to.as_deref()?, reason: self.reason.as_deref(), data }
            }
            "claim" => TestAct::Claim { record: of },
            "get" => TestAct::Get { record: of },
            "find" => TestAct::Find { object: of, filter: self.filter.as_ref() },
            _ => TestAct::Wait { time: of.parse().ok()? },
        })
    }
}
