//! Scripts with what they need to run in a test.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use expr::{Moment, Value};
use indexmap::IndexMap;
use script::{
    Budget, Data, Fixed, Host, HostCall, HostError, Library, Limits, Path, Place, Problem, Ran, Scene,
    ScriptError, Source, Verdict,
};

/// The one module of most tests.
pub fn source(module: &str, text: &str) -> Source {
    let settings =
        [("threshold".to_owned(), Value::Int(60)), ("region".to_owned(), Value::Text("north".to_owned()))];
    Source {
        package: "shop".to_owned(),
        module: module.to_owned(),
        file: format!("scripts/{module}.rhai"),
        text: text.into(),
        settings: IndexMap::from(settings),
    }
}

/// The library of one script.
pub fn library(text: &str) -> Library {
    Library::compile(&[source("lead", text)]).expect("it compiles").0
}

/// What is wrong with a script.
pub fn problems(text: &str) -> Vec<Problem> {
    match Library::compile(&[source("lead", text)]) {
        Ok((_, problems)) | Err(problems) => problems,
    }
}

/// A function of `lead`.
pub fn path(function: &str) -> Path<'_> {
    Path { package: "shop", module: "lead", function }
}

/// A budget that ends after so long.
pub fn budget(time: Duration) -> Arc<Budget> {
    let started = Instant::now();
    let limits = Limits { time, ..Limits::for_records(1) };
    Arc::new(Budget::new(limits, Arc::new(move || started.elapsed())))
}

/// Enough for anything honest.
pub fn ample() -> Arc<Budget> {
    budget(Duration::from_secs(20))
}

/// A lead.
pub fn record() -> Fixed {
    let day = |text: &str| Data::Value(Value::Date(text.parse().expect("a day")));
    let account = Fixed {
        kind: "account".to_owned(),
        id: Some("0189f7a0-0000-7000-8000-00000000000a".to_owned()),
        values: IndexMap::from([("tier".to_owned(), Data::text("A"))]),
        assignable: false,
    };
    let values = IndexMap::from([
        ("name".to_owned(), Data::text("Ada")),
        ("score".to_owned(), Data::Value(Value::Int(40))),
        ("amount".to_owned(), Data::Value(Value::Decimal("0.10".parse().expect("a decimal")))),
        ("phone".to_owned(), Data::NULL),
        ("closeDate".to_owned(), day("2026-03-31")),
        ("tags".to_owned(), Data::List(vec![Data::text("a"), Data::text("b")])),
        ("account".to_owned(), Data::Record(Arc::new(account))),
    ]);
    let id = Some("0189f7a0-0000-7000-8000-000000000001".to_owned());
    Fixed { kind: "lead".to_owned(), id, values, assignable: true }
}

/// The scene around it.
pub fn scene() -> Scene {
    let user = Fixed {
        kind: "user".to_owned(),
        id: Some("u1".to_owned()),
        values: IndexMap::from([("id".to_owned(), Data::text("u1"))]),
        assignable: false,
    };
    Scene {
        record: Some(Arc::new(record())),
        old: None,
        user: Arc::new(user),
        event: Data::Map(IndexMap::from([("kind".to_owned(), Data::text("create"))])),
        assigns: true,
        moment: Moment { now: "2026-03-02T09:00:00Z".parse().expect("an instant"), zone: chrono_tz::UTC },
    }
}

/// What a guard with this body says.
pub fn judge(body: &str) -> Result<Verdict, ScriptError> {
    let library = library(&format!("fn g(record, old, user, settings, event) {{\n{body}\n}}"));
    library.judge(path("g"), &scene(), &ample())
}

/// What an expression over the scene gives, written out.
pub fn value(body: &str) -> String {
    match run(&format!("fn h(record, old, user, settings, event) {{\n[{body}]\n}}"), &Quiet) {
        Ok(ran) => ran.returned.map_or_else(String::new, |data| match data {
            Data::List(items) => items.first().map_or_else(String::new, |item| item.to_json().to_string()),
            other => other.to_json().to_string(),
        }),
        Err(error) => format!("{error}"),
    }
}

/// Runs the handler `h`.
pub fn run(text: &str, host: &(impl Host + Clone + 'static)) -> Result<Ran, ScriptError> {
    library(text).run(path("h"), &scene(), Arc::new(host.clone()), &ample())
}

/// A host that has nothing.
#[derive(Clone)]
pub struct Quiet;

impl Host for Quiet {
    fn call(&self, _: HostCall, _: Place) -> Result<Data, HostError> {
        Ok(Data::NULL)
    }
}

/// A host that keeps what it is asked, and answers as it is told.
#[derive(Clone, Default)]
pub struct Keeping {
    pub asked: Arc<Mutex<Vec<(HostCall, Place)>>>,
    pub refuses: bool,
    pub ends: bool,
    pub panics: bool,
}

impl Host for Keeping {
    fn call(&self, call: HostCall, place: Place) -> Result<Data, HostError> {
        self.asked.lock().expect("a list").push((call, place));
        assert!(!self.panics, "the host fails");
        if self.ends {
            return Err(HostError::Ended);
        }
        if self.refuses { Err(HostError::Refused("`title` is missing".to_owned())) } else { Ok(Data::NULL) }
    }
}
