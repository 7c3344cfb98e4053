//! What a guard costs by itself: an expression, and a script, over a record of thirty fields.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use expr::{Environment, EvalError, FieldPath, Member, Moment, Scope, Slot, Type, Value};
use indexmap::IndexMap;
use script::{Budget, Data, Fixed, Library, Limits, Path, Scene, Source, Verdict};

use crate::Failure;

/// Guards of one round.
const RUNS: u32 = 20_000;
/// Rounds, of which the median counts.
const ROUNDS: usize = 9;

const SCRIPT: &str = "fn ready(record, settings) {
    if record.f3 > 2 && record.f7 == 7 && record.f9 + record.f11 < 100 && record.name != () && record.f20 >= settings.threshold { return true; }
    \"not yet\"
}";
const EXPRESSION: &str = "record.f3 > 2 && record.f7 == 7 && record.f9 + record.f11 < 100 && record.name != null && record.f20 >= 20";

/// Microseconds of an expression and of a script.
pub fn timed() -> Result<(f64, f64), Failure> {
    Ok((expression()?, scripted()?))
}

/// The record as it comes from the database, by name.
fn record() -> Vec<(String, Value)> {
    let number = |place: i64| (format!("f{place}"), Value::Int(place));
    (0..29).map(number).chain([("name".to_owned(), Value::Text("Ada".to_owned()))]).collect()
}

fn median(mut once: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..RUNS {
            once()?;
        }
        rounds.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS));
    }
    Ok(super::report::median(rounds.into_iter()))
}

/// The record, its names and its values.
struct Wide(IndexMap<String, Value>);

impl Scope for Wide {
    fn member(&self, _: &str, name: &str) -> Option<Member> {
        let ty = match self.0.get(name)? {
            Value::Int(_) => Type::Int,
            _ => Type::Text,
        };
        Some(Member::Value { ty, choices: None })
    }

    fn members(&self, _: &str) -> Vec<Arc<str>> {
        self.0.keys().map(|name| Arc::from(name.as_str())).collect()
    }

    fn setting(&self, _: &str) -> Option<Type> {
        None
    }
}

impl Environment for Wide {
    fn field(&self, path: &FieldPath) -> Result<Value, EvalError> {
        let name = path.steps.first().ok_or(EvalError::Malformed("an empty path"))?;
        self.0.get(&**name).cloned().ok_or_else(|| EvalError::Unavailable(name.to_string()))
    }

    fn related(&self, _: &FieldPath) -> Result<Vec<Box<dyn Environment + '_>>, EvalError> {
        Ok(Vec::new())
    }

    fn slot(&self, _: Slot) -> Result<Value, EvalError> {
        Err(EvalError::Malformed("a slot"))
    }

    fn folded(&self, _: &FieldPath) -> bool {
        false
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn zone(&self) -> chrono_tz::Tz {
        chrono_tz::UTC
    }
}

fn expression() -> Result<f64, Failure> {
    let values = record();
    let scope = Wide(values.iter().cloned().collect());
    let guard = expr::parse(EXPRESSION, &scope, "lead", Some(&Type::Bool))
        .map_err(|problems| format!("{problems:?}"))?;
    median(|| {
        let record = Wide(values.iter().cloned().collect());
        match expr::evaluate(&guard, &record) {
            Ok(Value::Bool(true)) => Ok(()),
            other => Err(format!("the guard said {other:?}").into()),
        }
    })
}

fn scripted() -> Result<f64, Failure> {
    let source = Source {
        package: "p".into(),
        module: "m".into(),
        file: "scripts/m.rhai".into(),
        text: SCRIPT.into(),
        settings: IndexMap::from([("threshold".to_owned(), Value::Int(20))]),
    };
    let (library, _) = Library::compile(&[source]).map_err(|problems| format!("{problems:?}"))?;
    let path = Path { package: "p", module: "m", function: "ready" };
    let budget = Arc::new(Budget::new(
        Limits { operations: u64::MAX, ..Limits::for_records(1) },
        Arc::new(|| Duration::ZERO),
    ));
    let values = record();
    median(|| {
        let values = values.iter().map(|(name, value)| (name.clone(), Data::Value(value.clone()))).collect();
        let record = Fixed { kind: "lead".into(), id: None, values, assignable: false };
        let scene = Scene {
            record: Some(Arc::new(record)),
            old: None,
            user: Arc::new(Fixed::default()),
            event: Data::NULL,
            assigns: false,
            moment: Moment { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::UTC },
        };
        match library.judge(path, &scene, &budget) {
            Ok(Verdict::Holds) => Ok(()),
            other => Err(format!("the guard said {other:?}").into()),
        }
    })
}
