//! The committed reference is what the tables say.

use std::path::Path;

#[test]
fn the_reference_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/scripts.md");
    let written = script::reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &written).expect("the reference is written");
    }
    let committed = std::fs::read_to_string(&file).expect("docs/reference/scripts.md is there");
    assert!(committed == written, "run UPDATE_REFERENCE=1 cargo test -p script --test reference");
}
