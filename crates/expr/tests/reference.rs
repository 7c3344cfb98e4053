//! The committed reference is what the tables say.

use std::path::Path;

#[test]
fn the_reference_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/expressions.md");
    let written = expr::reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&file, &written).expect("the reference is written");
    }
    let committed = std::fs::read_to_string(&file).expect("docs/reference/expressions.md is there");
    assert!(committed == written, "run UPDATE_REFERENCE=1 cargo test -p expr --test reference");
}
