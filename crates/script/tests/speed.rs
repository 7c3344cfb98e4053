//! What a guard costs. The bound is loose, because tests run unoptimised beside others; `bench` measures in earnest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use expr::{Moment, Value};
use indexmap::IndexMap;
use script::{Budget, Data, Fixed, Library, Limits, Path, Scene, Source, Verdict};

#[test]
fn a_guard_reads_what_it_needs_of_a_wide_record() {
    let text = "fn ready(record, settings) { if record.f3 > 2 && record.f7 == 7 && record.f9 + record.f11 < 100 && record.name != () && record.f20 >= settings.threshold { true } else { \"not yet\" } }";
    let settings = IndexMap::from([("threshold".to_owned(), Value::Int(20))]);
    let source = Source {
        package: "p".into(),
        module: "m".into(),
        file: "scripts/m.rhai".into(),
        text: text.into(),
        settings,
    };
    let (library, _) = Library::compile(&[source]).expect("compiles");
    let mut values: IndexMap<String, Data> =
        (0..30).map(|i| (format!("f{i}"), Data::Value(Value::Int(i)))).collect();
    values.insert("name".into(), Data::text("Ada"));
    let record = Fixed { kind: "lead".into(), id: None, values, assignable: false };
    let path = Path { package: "p", module: "m", function: "ready" };
    let runs = 5_000;
    let started = Instant::now();
    for _ in 0..runs {
        let scene = Scene {
            record: Some(Arc::new(record.clone())),
            old: None,
            user: Arc::new(Fixed::default()),
            event: Data::NULL,
            assigns: false,
            moment: Moment { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::UTC },
        };
        let budget = Arc::new(Budget::new(Limits::for_records(1), Arc::new(|| Duration::ZERO)));
        assert_eq!(library.judge(path, &scene, &budget), Ok(Verdict::Holds));
    }
    let each = started.elapsed() / runs;
    assert!(each < Duration::from_millis(1), "{each:?} a guard");
    // For whoever looks: `cargo nextest run --no-capture`.
    std::io::Write::write_all(&mut std::io::stdout(), format!("{each:?} a guard\n").as_bytes())
        .expect("written");
}
