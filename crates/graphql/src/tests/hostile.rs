//! Documents that are meant to hurt: each is answered quickly, most by a refusal. The time allowed is for unoptimised code
//! on a busy machine; what is expanded without measure takes minutes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{context, surface};

const MOST: Duration = Duration::from_secs(1);

/// Whether the document is refused; in either case it must not take long.
fn refused(text: &str) -> bool {
    let surface = surface();
    let start = Instant::now();
    let result = match surface.prepare(text) {
        Ok(prepared) => prepared.lower(&surface, None, &serde_json::Map::new(), &context()).map(|_| ()),
        Err(errors) => Err(errors),
    };
    let took = start.elapsed();
    assert!(took < MOST, "{} bytes took {took:?}", text.len());
    result.is_err()
}

fn repeated(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = write!(text, "{}", each(number));
        text
    })
}

#[test]
fn too_many_of_anything() {
    for (what, text) in [
        ("duplicate fields", format!("{{ accounts {{ nodes {{ {} }} }} }}", "id ".repeat(10_000))),
        (
            "aliases",
            format!("{{ accounts {{ nodes {{ {} }} }} }}", repeated(6_000, |n| format!("a{n}: id "))),
        ),
        ("directives", format!("{{ accounts {{ totalCount {} }} }}", "@include(if: true) ".repeat(3_000))),
        ("unknown directives", format!("{{ me {{ tenant {} }} }}", "@a ".repeat(10_000))),
        (
            "unused fragments",
            format!(
                "{{ me {{ tenant }} }} {}",
                repeated(2_000, |n| format!("fragment f{n} on Me {{ tenant }} "))
            ),
        ),
        ("bytes", format!("{{ me {{ tenant }} }} # {}", "x".repeat(70_000))),
        ("brackets", "{".repeat(30_000)),
        ("lists", format!("{{ accounts(orderBy: {}) {{ totalCount }} }}", "[".repeat(30_000))),
        ("objects", format!("{{ accounts(filter: {}) {{ totalCount }} }}", "{not:".repeat(12_000))),
        ("operations", repeated(300, |n| format!("query q{n} {{ me {{ tenant }} }} "))),
        (
            "introspections",
            format!("{{ {} }}", repeated(100, |n| format!("a{n}: __schema {{ types {{ name }} }} "))),
        ),
    ] {
        assert!(refused(&text), "{what}");
    }
}

#[test]
fn many_duplicates_are_merged() {
    assert!(!refused(&format!("{{ accounts {{ nodes {{ {} }} }} }}", "id ".repeat(1_500))));
}

#[test]
fn fragments_that_explode_or_turn_in_circles() {
    let doubling = repeated(20, |n| format!("fragment f{n} on Account {{ ...f{m} ...f{m} }} ", m = n + 1));
    let text = format!("{{ accounts {{ nodes {{ ...f0 }} }} }} {doubling} fragment f20 on Account {{ id }}");
    assert!(refused(&text), "2^20 spreads");
    assert!(refused(
        "{ accounts { nodes { ...a } } } fragment a on Account { ...b } fragment b on Account { ...a }"
    ));
    assert!(refused("{ accounts { nodes { ...a } } } fragment a on Account { parent { ...a } }"));
    assert!(refused("{ ...__schema } fragment __schema on Query { me { nothing } }"));
}

#[test]
fn depth_counts_after_expansion() {
    let nested = |levels: usize| {
        format!("{{ accounts {{ nodes {{ {} id {} }} }} }}", "parent { ".repeat(levels), "} ".repeat(levels))
    };
    assert!(!refused(&nested(12)));
    assert!(refused(&nested(13)));
    let hidden = "{ accounts { nodes { ...a } } }
        fragment a on Account { parent { parent { parent { parent { ...b } } } } }
        fragment b on Account { parent { parent { parent { parent { ...c } } } } }
        fragment c on Account { parent { parent { parent { parent { parent { id } } } } } }";
    assert!(refused(hidden));
}

#[test]
fn introspection_in_introspection() {
    assert!(refused("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"));
    assert!(!refused("{ __type(name: \"Account\") { fields { type { fields { name } } } } }"));
}

#[test]
fn broken_texts() {
    for text in [
        "",
        "{",
        "}",
        "\"",
        "\"\"\"",
        "query",
        "{ a",
        "fragment on on on { a }",
        "\u{0}",
        "{ me { tenant } } \u{feff}",
        "{ a(b: \"\\u12\") }",
    ] {
        let surface = surface();
        if let Err(errors) = surface.prepare(text) {
            let error = serde_json::to_value(&errors[0]).expect("JSON");
            assert_eq!(error["extensions"]["code"], json!("VALIDATION"), "{text:?}");
            assert!(!error["message"].as_str().unwrap_or_default().contains('\n'), "{text:?}");
        }
    }
}
