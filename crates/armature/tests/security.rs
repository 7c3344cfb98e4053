//! `docs/reference/security.md` names a test for each case, or says why there is none; each test that it names is in the tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The cases, by group: the first of each and the last, without those that are nobody's.
const CASES: [(&str, u8, u8, &[u8]); 7] = [
    ("TI", 1, 12, &[11]),
    ("PM", 1, 16, &[7]),
    ("GQ", 1, 17, &[6]),
    ("AU", 1, 12, &[5]),
    ("SB", 1, 16, &[13]),
    ("CC", 1, 11, &[6]),
    ("CR", 1, 11, &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/reference/security.md")).expect("the page of cases")
}

/// Rows of the tables: case, what is tried, what covers it.
fn rows(page: &str) -> Vec<[&str; 3]> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .filter_map(|line| <[&str; 3]>::try_from(line.split(" | ").collect::<Vec<_>>()).ok())
        .filter(|[case, ..]| case.as_bytes().get(2) == Some(&b'-') && case.len() == 5)
        .collect()
}

#[test]
fn every_case_has_its_line() {
    let page = page();
    let told: BTreeSet<String> = rows(&page).iter().map(|[case, ..]| (*case).to_owned()).collect();
    let cases = CASES.iter().flat_map(|(group, first, last, none)| {
        (*first..=*last).filter(|n| !none.contains(n)).map(move |number| format!("{group}-{number:02}"))
    });
    assert_eq!(told, cases.collect());
}

#[test]
fn every_named_test_is_there() {
    let (page, mut named) = (page(), 0);
    for [case, _, covered] in rows(&page) {
        let tests: Vec<(&str, &str)> =
            covered.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect();
        assert!(!tests.is_empty() || covered.starts_with("none: "), "{case}: {covered}");
        for (file, test) in tests {
            let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            let there = text.contains(&format!("fn {test}()")) || text.contains(&format!("on_both!({test},"));
            assert!(there, "{case}: {file} has no test {test}");
            named += 1;
        }
    }
    assert!(named > 50, "only {named} tests are named");
}
