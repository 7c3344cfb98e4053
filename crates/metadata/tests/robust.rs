//! Whatever a document says, resolution answers with a catalog or with diagnostics that have a place.

use std::fs;
use std::path::Path;

use metadata::{Base, SourceFile, resolve};
use proptest::prelude::*;
use serde_json::{Value, json};

fn core() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../metadata/core");
    let read = |path: &str| SourceFile {
        path: path.to_owned(),
        text: fs::read_to_string(root.join(path)).expect("core ships"),
    };
    [
        "package.json",
        "objects/account.json",
        "objects/opportunity.json",
        "objects/campaign.json",
        "objects/user.json",
        "choices/source.json",
    ]
    .map(read)
    .to_vec()
}

/// What may stand where something else stood.
fn stranger() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!("")),
        Just(json!("record.")),
        Just(json!("id")),
        Just(json!("名")),
        Just(json!("account")),
        Just(json!("core/lead")),
        Just(json!(["name", "name"])),
        Just(json!({"and": [{"name": {"eq": null}}]})),
        Just(json!({"x-type": "rollup", "x-of": "contacts", "x-aggregate": "sum", "x-field": "name"})),
        Just(
            json!({"x-type": "formula", "x-returns": "int", "x-formula": "record.account.parent.wonAmount"})
        ),
        Just(json!({"x-type": "manyToMany", "x-to": "account", "x-inverse": "name"})),
        "[a-zA-Z.\"\\\\ {}\\[\\]:,0-9-]{0,12}".prop_map(Value::from),
    ]
}

/// Replaces, removes or adds something at the n-th place of a document.
fn change(json: &mut Value, left: &mut usize, with: &Value, how: u8) {
    if *left == 0 {
        *left = usize::MAX;
        *json = with.clone();
        return;
    }
    *left -= 1;
    match json {
        Value::Array(items) => {
            for index in 0..items.len() {
                if *left == 0 && how == 1 {
                    items.remove(index);
                    *left = usize::MAX;
                    return;
                }
                if let Some(item) = items.get_mut(index) {
                    change(item, left, with, how);
                }
                if *left == usize::MAX {
                    return;
                }
            }
        }
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if *left == 0 && how != 0 {
                    let value = map.remove(&key).unwrap_or_default();
                    if how == 2 {
                        map.insert(format!("{key}x"), value);
                    }
                    *left = usize::MAX;
                    return;
                }
                if let Some(value) = map.get_mut(&key) {
                    change(value, left, with, how);
                }
                if *left == usize::MAX {
                    return;
                }
            }
        }
        _ => {}
    }
}

fn answers(files: &[SourceFile]) -> Result<(), TestCaseError> {
    if let Err(diagnostics) = resolve(files, &Base::default()) {
        prop_assert!(!diagnostics.is_empty(), "refused without a reason");
        for diagnostic in diagnostics {
            prop_assert!(diagnostic.line >= 1 && diagnostic.column >= 1 && !diagnostic.message.is_empty());
            prop_assert!(
                metadata::codes::ALL.iter().any(|code| code.code == diagnostic.code),
                "{}",
                diagnostic.code
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn changed_documents(
        changes in prop::collection::vec((0..6_usize, 0..250_usize, 0..3_u8, stranger()), 1..4),
    ) {
        let mut files = core();
        for (file, place, how, with) in changes {
            let Some(file) = files.get_mut(file) else { continue };
            let mut json: Value = serde_json::from_str(&file.text).unwrap_or_default();
            let mut left = place;
            change(&mut json, &mut left, &with, how);
            file.text = serde_json::to_string_pretty(&json).unwrap_or_default();
        }
        answers(&files)?;
    }

    #[test]
    fn cut_and_mangled_texts(file in 0..6_usize, at in 0..4_000_usize, insert in "[\\PC\"{},:\\[\\]\\\\]{0,4}", cut: bool) {
        let mut files = core();
        if let Some(file) = files.get_mut(file) {
            let place = (0..=at.min(file.text.len())).rev().find(|at| file.text.is_char_boundary(*at)).unwrap_or(0);
            let (front, back) = file.text.split_at(place);
            file.text = format!("{front}{insert}{}", if cut { "" } else { back });
        }
        answers(&files)?;
    }
}
