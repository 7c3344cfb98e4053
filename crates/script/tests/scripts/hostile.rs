//! Scripts that mean no good: each ends at its limit, with its place, and harms nobody else.

use std::time::{Duration, Instant};

use script::{Entry, ErrorKind, Library, Verdict};

use crate::support::{Keeping, Quiet, ample, budget, judge, library, path, problems, run, scene, source};

fn stopped(body: &str) -> script::ScriptError {
    let error = judge(body).expect_err("it is stopped");
    assert_eq!(error.kind, ErrorKind::Budget, "{error}");
    assert!(error.place.line.is_some(), "{error:?}");
    error
}

#[test]
fn endless_loops_end_at_their_line() {
    assert_eq!(stopped("let a = 1;\nloop { }").place.line, Some(3));
    stopped("while true { let x = 1; }");
    stopped("let x = 0; for i in 0..9223372036854775807 { x += 1 }");
    stopped("loop { try { loop {} } catch { continue; } }");
}

#[test]
fn recursion_ends_on_a_small_stack() {
    let run = || {
        let library = library("fn g() { g() }\nfn a() { b() }\nfn b() { a() }");
        for function in ["g", "a"] {
            let error = library.judge(path(function), &scene(), &ample()).expect_err("it is stopped");
            assert_eq!(error.kind, ErrorKind::Budget, "{error}");
        }
    };
    std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no overflow");
}

#[test]
fn the_deadline_ends_a_run_that_has_steps_left() {
    let started = Instant::now();
    let library = library("fn g() { loop { let x = \"abc\".split(\"\"); } }");
    let error =
        library.judge(path("g"), &scene(), &budget(Duration::from_millis(20))).expect_err("it is stopped");
    assert_eq!(error.kind, ErrorKind::Budget);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn values_grow_to_their_limits_only() {
    stopped("let s = \"0123456789abcdef\"; loop { s += s; }");
    stopped("let s = \"x\"; s.pad(10000000, \"y\"); s.len > 0");
    stopped("let a = []; loop { a.push(1); }");
    stopped("let a = [1]; loop { a = [a, a]; }");
    stopped("let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }");
    stopped("let a = []; a.pad(1000000, 1); a.len > 0");
}

#[test]
fn all_variables_together_have_a_limit() {
    let mut many = String::from("let s = \"0123456789abcdef\"; for i in 0..11 { s += s; }\n");
    for i in 0..150 {
        use std::fmt::Write;
        let _ = writeln!(many, "let v{i} = s + \"{i}\";");
    }
    let text = format!("fn g(n) {{\n{many}\n let t = v0.len() + v1.len(); g(n + 1) }}\nfn h() {{ g(0) }}");
    let error = library(&text)
        .run(path("h"), &scene(), std::sync::Arc::new(Quiet), &ample())
        .expect_err("it is stopped");
    assert_eq!(error.kind, ErrorKind::Budget, "{error}");
    assert!(error.message.contains("MB"), "{error}");
    let variables = (0..300).fold(String::new(), |text, i| text + format!("let v{i} = {i};\n").as_str());
    stopped(&variables);
}

/// Peak memory of this process, in kilobytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("resident size");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

#[test]
fn nothing_is_left_behind_by_many_runs() {
    let text = "fn g() { let m = #{}; m.me = m; m.again = m; let a = [m]; a.push(a); let f = Fn(\"g\"); let c = f.curry(a); a.push(c); true }";
    let library = library(text);
    let once = || assert_eq!(library.judge(path("g"), &scene(), &ample()), Ok(Verdict::Holds));
    (0..1_000).for_each(|_| once());
    let early = resident();
    (0..19_000).for_each(|_| once());
    assert!(resident() < early + 5_000, "{early} KB grew to {} KB", resident());
}

#[test]
fn built_in_functions_are_quick_at_the_largest_values() {
    let text = "let s = \"0123456789abcdef\"; for i in 0..12 { s += s; }\n";
    for call in [
        "s.split(\"1\").len() > 0",
        "s.to_upper() != \"\"",
        "replace(s, \"0\", \"x\") != \"\"",
        "s.index_of(\"zz\") < 0",
        "contains(s, \"zz\") == false",
        "like(s, \"%z%z\") == false",
        "s.to_chars().len() > 0",
        "let a = []; a.pad(1000, s.len()); a.sort(); a.dedup(); a.reverse(); a.len() > 0",
    ] {
        let started = Instant::now();
        let _ = judge(&format!("{text}{call}"));
        // The interpreter is not optimised here; what counts is that no call runs away.
        assert!(started.elapsed() < Duration::from_millis(500), "{call} {:?}", started.elapsed());
    }
}

#[test]
fn what_reaches_outside_is_not_there() {
    for body in ["eval(\"1\")", "timestamp()", "open(\"/etc/passwd\")"] {
        assert!(!problems(&format!("fn g() {{ {body} }}")).is_empty(), "{body}");
    }
    assert!(
        problems("import \"/etc/passwd\" as p;\nfn g() { true }").iter().any(|p| p.place.line == Some(1))
    );
    for body in ["sleep(1)", "sleep(1.5)"] {
        let started = Instant::now();
        let error = judge(body).expect_err("refused");
        assert!(error.message.contains("cannot wait"), "{error}");
        assert!(started.elapsed() < Duration::from_millis(500));
    }
    let import = judge("import \"/etc/hostname\" as h; true").expect_err("refused");
    assert_eq!(import.kind, ErrorKind::Failed);
}

#[test]
fn printing_is_bounded_and_stays_with_the_run() {
    let ran = run("fn h() { for i in 0..5000 { print(`line ${i}`); } log(\"x\"); }", &Quiet).expect("runs");
    assert_eq!(ran.log.len(), 200);
    assert_eq!(ran.log[0], "line 0");
}

#[test]
fn sources_are_bounded_before_they_are_read() {
    let started = Instant::now();
    for text in [
        "x".repeat(10_000_000),
        format!("fn g() {{ {}1{} }}", "(".repeat(30_000), ")".repeat(30_000)),
        format!("fn g() {{ {} }}", "[".repeat(60_000)),
        format!("fn g() {{ 1 {} }}", "+ 1 ".repeat(15_000)),
        "fn g() { \u{0} }".to_owned(),
        (0..200).fold(String::new(), |text, i| text + format!("fn f{i}() {{ {i} }}\n").as_str()),
    ] {
        let found = problems(&text);
        assert!(!found.is_empty(), "{}…", &text[..20.min(text.len())]);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn one_budget_holds_for_all_runs_of_a_cascade() {
    let library = library(
        "fn g() { let x = 0; for i in 0..10000 { x += i; } true }\nfn h() { for i in 0..100 { count(\"task\"); } }",
    );
    let shared = ample();
    let ends = (0..50).find(|_| library.judge(path("g"), &scene(), &shared).is_err());
    assert!(ends.is_some(), "{:?}", shared.spent());
    let shared = ample();
    let host = std::sync::Arc::new(Keeping::default());
    let ends =
        (0..50).find_map(|_| library.run(path("h"), &scene(), host.clone(), &shared).err()).expect("it ends");
    assert!(ends.message.contains("500 times"), "{ends}");
    assert!(host.asked.lock().expect("a list").len() <= 500);
}

#[test]
fn limits_cannot_be_caught() {
    let library = library("fn h() { for i in 0..1000 { try { count(\"task\"); } catch { } } }");
    let error = library.run(path("h"), &scene(), std::sync::Arc::new(Quiet), &ample()).expect_err("it ends");
    assert_eq!(error.kind, ErrorKind::Budget, "{error}");
}

#[test]
fn a_panic_of_the_host_ends_the_run_only() {
    let host = Keeping { panics: true, ..Keeping::default() };
    let error = run("fn h() { count(\"task\"); }", &host).expect_err("it ends");
    assert_eq!(error.kind, ErrorKind::Panicked);
    assert!(!error.message.contains("the host fails"));
    assert_eq!(judge("true"), Ok(Verdict::Holds));
}

#[test]
fn runs_know_nothing_of_each_other() {
    let text = "const X = [];\nfn g() { let seen = is_def_var(\"leak\"); let leak = 1; let l = global::X; l.push(1); !seen && l.len() == 1 }";
    let library = library(text);
    for _ in 0..3 {
        assert_eq!(library.judge(path("g"), &scene(), &ample()), Ok(Verdict::Holds));
    }
}

#[test]
fn a_script_that_redefines_a_function_harms_itself_only() {
    let sources = [
        source("lead", "fn len(x) { 0 }\nfn max(a, b) { 0 }\nfn g() { max(1, 2) == 0 }"),
        source("other", "fn g() { max(1, 2) == 2 && len(\"ab\") == 2 }"),
    ];
    let (library, _) = Library::compile(&sources).expect("compiles");
    assert_eq!(library.judge(path("g"), &scene(), &ample()), Ok(Verdict::Holds));
    let other = script::Path { package: "shop", module: "other", function: "g" };
    assert_eq!(library.judge(other, &scene(), &ample()), Ok(Verdict::Holds));
}

#[test]
fn numbers_at_their_edges_are_errors_not_wraps() {
    for body in [
        "9223372036854775807 + 1",
        "2 ** 1000",
        "1 / 0",
        "1.0 / 0.0",
        "-9223372036854775807 - 2",
        "abs(-9223372036854775807 - 1)",
        "79228162514264337593543950335.0 * 10.0",
    ] {
        let error = judge(&format!("let x = {body}; true"));
        assert!(error.as_ref().is_err_and(|e| e.kind == ErrorKind::Failed), "{body}: {error:?}");
    }
}

#[test]
fn a_guard_that_asks_through_another_script_is_found() {
    let sources = [source("lead", "fn g() { b::f() }"), source("b", "fn f() { create(\"task\", #{}) }")];
    let (library, _) = Library::compile(&sources).expect("compiles");
    let found = library.check_entry(path("g"), Entry::Guard, None).expect("a function");
    assert!(found[0].message.contains("only judges"), "{found:?}");
}
