//! The reader of JSON (RFC 8259): bounded in size and depth, refuses a key given twice, reports where it stopped.

use serde_json::Number;

use super::{Entry, Node, NodeKind};

/// Longest file that is read, in bytes.
pub const LONGEST_FILE: usize = 1024 * 1024;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// Why a text is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte where it was noticed.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    pub expected: Option<String>,
}

/// Reads one JSON text. Keys given twice are faults that do not end the reading (the first one holds); a syntax error ends it.
pub fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut parser = Parser { text, at: start, faults: Vec::new() };
    if text.len() > LONGEST_FILE {
        let message = format!("The file has {} bytes; at most {LONGEST_FILE} are read", text.len());
        return (None, vec![Fault { at: 0, message, expected: None }]);
    }
    if let Some(at) = text.find(char::REPLACEMENT_CHARACTER) {
        // Whoever read the file puts this character where the bytes were not UTF-8; no document has a use for it.
        let message = "The bytes here are not UTF-8".to_owned();
        return (None, vec![Fault { at, message, expected: Some("a file in UTF-8".to_owned()) }]);
    }
    match parser.document() {
        Ok(node) => (Some(node), parser.faults),
        Err(fault) => {
            parser.faults.push(fault);
            (None, parser.faults)
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    faults: Vec<Fault>,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Node, Fault> {
        self.space();
        let node = self.value(0)?;
        self.space();
        match self.peek() {
            None => Ok(node),
            Some(_) => {
                Err(self.fault("There is more text behind the end of the document", "the end of the file"))
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > DEEPEST {
            return Err(self.fault(&format!("Nested deeper than {DEEPEST} levels"), "a flatter document"));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => NodeKind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => NodeKind::Number(self.number()?),
            Some(b't') => self.word("true", NodeKind::Bool(true))?,
            Some(b'f') => self.word("false", NodeKind::Bool(false))?,
            Some(b'n') => self.word("null", NodeKind::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { start, end: self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<NodeKind, Fault> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(NodeKind::Object(entries));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.space();
            let value = self.value(depth + 1)?;
            if entries.iter().any(|entry| entry.key == key) {
                let message = format!("The key `{key}` is given twice in one object");
                self.faults.push(Fault { at: start, message, expected: Some("each key once".to_owned()) });
            } else {
                entries.push(Entry { key, start, value });
            }
            self.space();
            if self.eat(b'}') {
                return Ok(NodeKind::Object(entries));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<NodeKind, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(NodeKind::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(NodeKind::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if byte >= 0x20 => self.at += 1,
                Some(_) => {
                    return Err(
                        self.fault("A string may not hold a line break or control character", "`\\n`")
                    );
                }
                None => return Err(Fault { at: start, ..self.fault("The string is not closed", "`\"`") }),
            }
        }
        self.at += 1;
        let slice = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(slice).map_err(|error| Fault {
            at: start,
            ..self.fault(&format!("The string is not legal: {error}"), "a string")
        })
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let slice = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(slice).map_err(|_| Fault {
            at: start,
            ..self.fault(&format!("`{slice}` is not a number of JSON"), "a number")
        })
    }

    fn word(&mut self, word: &str, kind: NodeKind) -> Result<NodeKind, Fault> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(kind)
        } else {
            Err(self.unexpected("a value"))
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let message = match next {
            None => "The file ends too early".to_owned(),
            Some('/' | '#') => "JSON has no comments".to_owned(),
            Some('}' | ']') if self.after_comma() => "A comma stands before the closing bracket".to_owned(),
            Some(other) => format!("`{other}` does not belong here"),
        };
        self.fault(&message, expected)
    }

    fn after_comma(&self) -> bool {
        self.text.get(..self.at).is_some_and(|before| before.trim_end().ends_with(','))
    }

    fn fault(&self, message: &str, expected: &str) -> Fault {
        Fault { at: self.at, message: message.to_owned(), expected: Some(expected.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_given_twice_keeps_the_first_and_is_reported() {
        let (node, faults) = parse(r#"{"a": 1, "a": 2}"#);
        assert_eq!(node.expect("it is read").to_json(), serde_json::json!({"a": 1}));
        assert_eq!(faults.iter().map(|f| f.at).collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(100_000);
        let (node, faults) = parse(&deep);
        assert!(node.is_none());
        assert!(faults.iter().any(|f| f.message.contains("deeper")), "{faults:?}");
        let (node, faults) = parse(&format!("\"{}\"", "x".repeat(LONGEST_FILE)));
        assert!(node.is_none() && faults.iter().any(|f| f.message.contains("bytes")), "{faults:?}");
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, at, words) in [
            ("{\"a\": 1,}", 8, "comma"),
            ("{\"a\" 1}", 5, "does not belong"),
            ("// x", 0, "comments"),
            ("{\"a\": ", 6, "too early"),
            ("{} {}", 3, "more text"),
            ("{\"a\": 01}", 6, "number"),
            ("\"\\q\"", 0, "not legal"),
            ("\"ab", 0, "not closed"),
            ("\"\\", 0, "not closed"),
        ] {
            let (node, faults) = parse(text);
            assert!(node.is_none(), "{text}");
            assert!(faults.iter().any(|f| f.at == at && f.message.contains(words)), "{text}: {faults:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_any_text(text in "[\\[\\]{}\",:a0-9.eE tn\\\\-]{0,24}") {
            let ours = parse(&text);
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (&ours.0, theirs) {
                (Some(node), Ok(json)) if ours.1.is_empty() => prop_assert_eq!(node.to_json(), json),
                (Some(_), Ok(_)) | (None, Err(_)) => {}
                (ours, theirs) => prop_assert!(false, "{ours:?} {theirs:?}"),
            }
        }
    }
}
