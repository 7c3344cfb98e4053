//! Whether a document has the shape of its kind. The check walks the generated JSON Schema, reports every fault with its place, and returns
//! what is sound: a faulty part is left out, so that it hides only what depends on it.

use serde_json::{Map, Value};

use crate::diagnostic::Finding;
use crate::hint::did_you_mean;
use crate::json::{Node, NodeKind, escape};

/// The outcome of a check.
#[derive(Debug, Default)]
pub struct Shape {
    /// Everything that is wrong.
    pub faults: Vec<Finding>,
    /// Pointers of fields that were left out, because something in them is wrong.
    pub hidden: Vec<String>,
    /// Pointers of members of lists that were left out, so that those behind them have moved up.
    pub dropped: Vec<String>,
}

impl Shape {
    /// Checks a node against a generated schema; `None` when nothing sound is left.
    pub fn check(&mut self, root: &Value, node: &Node, base: &str) -> Option<Value> {
        Walk { root, shape: self }.node(root, node, base, false)
    }
}

struct Walk<'a> {
    root: &'a Value,
    shape: &'a mut Shape,
}

impl<'a> Walk<'a> {
    /// `strict` is set inside a field: there any faulty value hides the whole field.
    fn node(&mut self, schema: &'a Value, node: &Node, pointer: &str, strict: bool) -> Option<Value> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) {
            let target = self.root.get("$defs").and_then(|defs| defs.get(name))?;
            return self.node(target, node, pointer, strict || name == "Field");
        }
        if let Some(words) = words_of(schema) {
            return self.word(&words, node, pointer);
        }
        if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
            let fitting = alternatives.iter().find(|one| admits(self.resolved(one), node));
            return if let Some(one) = fitting {
                self.node(one, node, pointer, strict)
            } else {
                let expected =
                    alternatives.iter().filter_map(|one| type_words(self.resolved(one))).collect::<Vec<_>>();
                self.wrong_type(&expected.join(" or "), node, pointer)
            };
        }
        if !admits(schema, node) {
            return self.wrong_type(&type_words(schema).unwrap_or_default(), node, pointer);
        }
        match &node.kind {
            NodeKind::Object(_)
                if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() =>
            {
                self.object(schema, node, pointer, strict)
            }
            NodeKind::Array(items) => match schema.get("items") {
                Some(of) => Some(Value::Array(self.items(of, items, pointer, strict)?)),
                None => Some(node.to_json()),
            },
            NodeKind::Number(number) => {
                let least = schema.get("minimum").and_then(Value::as_f64).unwrap_or(f64::MIN);
                let most = schema.get("maximum").and_then(Value::as_f64).unwrap_or(f64::MAX);
                let within = number.as_f64().is_some_and(|n| (least..=most).contains(&n));
                if within {
                    Some(node.to_json())
                } else {
                    let expected = bounds(schema);
                    self.shape.faults.push(Finding {
                        code: crate::codes::WRONG_TYPE,
                        pointer: pointer.to_owned(),
                        key: false,
                        message: format!("Expected {expected}, found {number}"),
                        expected: Some(expected),
                        found: Some(number.to_string()),
                        hint: None,
                    });
                    None
                }
            }
            _ => Some(node.to_json()),
        }
    }

    fn items(&mut self, of: &'a Value, items: &[Node], pointer: &str, strict: bool) -> Option<Vec<Value>> {
        let checked: Vec<Option<Value>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.node(of, item, &format!("{pointer}/{index}"), strict))
            .collect();
        let whole = checked.iter().all(Option::is_some);
        let faulty = checked.iter().enumerate().filter(|(_, item)| item.is_none());
        self.shape.dropped.extend(faulty.map(|(index, _)| format!("{pointer}/{index}")));
        (whole || !strict).then(|| checked.into_iter().flatten().collect())
    }

    fn object(&mut self, schema: &'a Value, node: &Node, pointer: &str, strict: bool) -> Option<Value> {
        let NodeKind::Object(entries) = &node.kind else { return None };
        let known = schema.get("properties").and_then(Value::as_object);
        let find = |key: &str| known.and_then(|known| known.get_key_value(key));
        let others = schema.get("additionalProperties");
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut sound = Map::new();
        let mut whole = true;
        for entry in entries {
            let here = format!("{pointer}/{}", escape(&entry.key));
            let (key, of) = match (find(&entry.key).map(|(_, of)| of), others) {
                (Some(of), _) => (entry.key.as_str(), of),
                (None, Some(Value::Object(_) | Value::Bool(true))) => {
                    (entry.key.as_str(), others.unwrap_or(&Value::Null))
                }
                (None, _) => {
                    let meant = self.unknown_key(entry.key.as_str(), &here, known);
                    // A misspelt key is read as the one that was meant, so that its absence is not reported as well.
                    match meant.filter(|key| node.get(key).is_none()).and_then(|key| find(&key)) {
                        Some((key, of)) => (key.as_str(), of),
                        None => continue,
                    }
                }
            };
            if let Some(value) = self.node(of, &entry.value, &here, strict) {
                sound.insert(key.to_owned(), value);
            } else {
                let is_field = of.get("$ref").and_then(Value::as_str).is_some_and(|r| r.ends_with("/Field"));
                if is_field {
                    self.shape.hidden.push(here);
                } else {
                    whole &= !strict && !required.contains(&key);
                }
            }
        }
        for key in required {
            if !sound.contains_key(key) {
                if node.get(key).is_none() {
                    self.missing_key(key, pointer, entries.is_empty());
                }
                whole = false;
            }
        }
        whole.then_some(Value::Object(sound))
    }

    fn unknown_key(
        &mut self,
        key: &str,
        pointer: &str,
        known: Option<&Map<String, Value>>,
    ) -> Option<String> {
        let keys = || known.into_iter().flat_map(Map::keys).map(String::as_str);
        let meant = did_you_mean(key, keys());
        self.shape.faults.push(Finding {
            code: crate::codes::UNKNOWN_KEY,
            pointer: pointer.to_owned(),
            key: true,
            message: format!("`{key}` is not a key that this place knows"),
            expected: Some(listed(keys())),
            found: Some(key.to_owned()),
            hint: meant.as_ref().map(|meant| format!("did you mean `{meant}`?")),
        });
        meant
    }

    fn missing_key(&mut self, key: &str, pointer: &str, empty: bool) {
        self.shape.faults.push(Finding {
            code: crate::codes::MISSING_KEY,
            pointer: pointer.to_owned(),
            key: false,
            message: format!("`{key}` is missing"),
            expected: Some(key.to_owned()),
            found: empty.then(|| "an empty object".to_owned()),
            hint: None,
        });
    }

    fn word(&mut self, words: &[&str], node: &Node, pointer: &str) -> Option<Value> {
        let Some(text) = node.text() else { return self.wrong_type("a string", node, pointer) };
        if words.contains(&text) {
            return Some(node.to_json());
        }
        self.shape.faults.push(Finding {
            code: crate::codes::BAD_VALUE,
            pointer: pointer.to_owned(),
            key: false,
            message: format!("`{text}` is not one of the words that stand here"),
            expected: Some(listed(words.iter().copied())),
            found: Some(text.to_owned()),
            hint: if pointer.ends_with("/type") && crate::field::is_type_name(text) {
                Some(format!("write \"x-type\": \"{text}\""))
            } else {
                did_you_mean(text, words.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
            },
        });
        None
    }

    fn wrong_type(&mut self, expected: &str, node: &Node, pointer: &str) -> Option<Value> {
        self.shape.faults.push(Finding {
            code: crate::codes::WRONG_TYPE,
            pointer: pointer.to_owned(),
            key: false,
            message: format!("Expected {expected}, found {}", node.kind_name()),
            expected: Some(expected.to_owned()),
            found: Some(node.kind_name().to_owned()),
            hint: None,
        });
        None
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.rsplit('/').next())
            .and_then(|name| self.root.get("$defs").and_then(|defs| defs.get(name)))
            .unwrap_or(schema)
    }
}

/// A closed list of words: `enum`, `const`, or alternatives that are all constants.
fn words_of(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(Value::as_str).collect();
    }
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![word]);
    }
    let lists: Option<Vec<Vec<&str>>> = schema.get("oneOf")?.as_array()?.iter().map(words_of).collect();
    lists.map(|lists| lists.into_iter().flatten().collect())
}

fn admits(schema: &Value, node: &Node) -> bool {
    if words_of(schema).is_some() {
        return node.text().is_some();
    }
    let Some(types) = schema.get("type") else { return true };
    let fits = |ty: &Value| match (ty.as_str().unwrap_or_default(), &node.kind) {
        ("string", NodeKind::String(_))
        | ("boolean", NodeKind::Bool(_))
        | ("number", NodeKind::Number(_))
        | ("array", NodeKind::Array(_))
        | ("object", NodeKind::Object(_)) => true,
        ("integer", NodeKind::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    types.as_array().map_or_else(|| fits(types), |types| types.iter().any(fits))
}

fn type_words(schema: &Value) -> Option<String> {
    let word = |ty: &Value| {
        Some(match ty.as_str()? {
            "string" => "a string",
            "boolean" => "true or false",
            "number" => "a number",
            "integer" => "a whole number",
            "array" => "a list",
            "object" => "an object",
            _ => return None,
        })
    };
    if let Some(words) = words_of(schema) {
        return Some(format!("one of {}", words.join(", ")));
    }
    match schema.get("type")? {
        Value::Array(types) => Some(types.iter().filter_map(word).collect::<Vec<_>>().join(" or ")),
        one => word(one).map(str::to_owned),
    }
}

/// The limits of a number as a person would write them.
fn bounds(schema: &Value) -> String {
    let limit = |key: &str| schema.get(key).map(|limit| limit.to_string().trim_end_matches(".0").to_owned());
    match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(most)) => format!("a number from {least} to {most}"),
        (Some(least), None) => format!("a number of at least {least}"),
        (None, Some(most)) => format!("a number of at most {most}"),
        (None, None) => "a number".to_owned(),
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
