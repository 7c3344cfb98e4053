//! Generated files in the repository are those that the code makes now.

use std::fs;
use std::path::Path;

#[test]
fn committed_files_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
    let mut drifted = Vec::new();
    for (path, text) in metadata::schema::generated() {
        let file = root.join(path);
        if update {
            fs::create_dir_all(file.parent().expect("files lie in folders")).expect("the folder can be made");
            fs::write(&file, &text).expect("the file can be written");
        } else if fs::read_to_string(&file).unwrap_or_default() != text {
            drifted.push(path);
        }
    }
    assert!(drifted.is_empty(), "UPDATE_SCHEMAS=1 writes these anew: {drifted:?}");
}

#[test]
fn schemas_are_legal_and_accept_what_ships() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let schemas = metadata::schema::generated();
    let schema = |name: &str| {
        let (_, text) = schemas
            .iter()
            .find(|(path, _)| path.ends_with(&format!("schema/{name}.json")))
            .expect("it is generated");
        jsonschema::validator_for(&serde_json::from_str(text).expect("JSON")).expect("a legal schema")
    };
    let (object, extension) = (schema("object"), schema("extension"));
    for entry in fs::read_dir(root.join("metadata/core/objects")).expect("core ships") {
        let path = entry.expect("an entry").path();
        let json: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("a text")).expect("JSON");
        let validator = if json.get("extends").is_some() { &extension } else { &object };
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    for (folder, name) in [("roles", "role"), ("lifecycles", "lifecycle")] {
        let legal = schema(name);
        for entry in fs::read_dir(root.join("metadata/core").join(folder)).expect("core ships them") {
            let path = entry.expect("an entry").path();
            let json: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(&path).expect("a text")).expect("JSON");
            let errors: Vec<String> = legal.iter_errors(&json).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        }
    }
    let lifecycle = schema("lifecycle");
    assert!(!lifecycle.is_valid(
        &serde_json::json!({"name": "x", "object": "lead", "stages": [], "transitions": [{"to": "x"}]})
    ));
    assert!(!object.is_valid(&serde_json::json!({"name": "x"})));
}
