//! What a document may cost to look at. Two checks that come before validation, whose rules take quadratic and, where fragments are
//! expanded, exponential time: one pass over the bytes, then one over the parsed document that visits each fragment once.

use std::collections::HashMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};

use super::location;
use crate::error::Error;

/// Longest document, in bytes.
pub(crate) const MOST_BYTES: usize = 64 * 1024;
const MOST_TOKENS: usize = 10_000;
const MOST_NESTING: usize = 100;
const MOST_DIRECTIVES: usize = 500;
const MOST_SPREADS: usize = 1_000;
const MOST_FRAGMENTS: usize = 250;
const MOST_OPERATIONS: usize = 50;
/// Fields after fragments are expanded.
const MOST_FIELDS: u64 = 5_000;
/// Levels of fields after fragments are expanded.
const MOST_DEPTH: u32 = 15;
const MOST_INTROSPECTION_DEPTH: u32 = 20;
/// How many lists of introspection may stand in each other: `types { fields { … } }` has two.
const MOST_INTROSPECTION_LISTS: u32 = 2;
/// The standard introspection query has one `__schema`; some tools ask for a few types beside it.
const MOST_INTROSPECTION_ROOTS: u64 = 20;
const MOST_INTROSPECTION_FIELDS: u64 = 400;

/// The check over bytes: refuses documents that are too long or have too many tokens, brackets, directives or spreads.
pub fn check_text(text: &str) -> Result<(), Error> {
    if text.len() > MOST_BYTES {
        return Err(too_much("bytes", text.len(), MOST_BYTES));
    }
    let mut scan = Scan::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = scan.token(bytes, at, byte);
        scan.check()?;
    }
    Ok(())
}

#[derive(Default)]
struct Scan {
    tokens: usize,
    directives: usize,
    spreads: usize,
    open: usize,
}

impl Scan {
    /// Reads what begins at `at` and returns where it ends.
    fn token(&mut self, bytes: &[u8], at: usize, byte: u8) -> usize {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => return at + 1,
            b'#' => return end_of_line(bytes, at),
            _ => self.tokens += 1,
        }
        match byte {
            b'"' => return end_of_string(bytes, at),
            b'{' | b'[' | b'(' => self.open += 1,
            b'}' | b']' | b')' => self.open = self.open.saturating_sub(1),
            b'@' => self.directives += 1,
            b'.' if bytes[at..].starts_with(b"...") => {
                self.spreads += 1;
                return at + 3;
            }
            b'_' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                let word =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+');
                return at + bytes[at..].iter().take_while(|byte| word(byte)).count();
            }
            _ => {}
        }
        at + 1
    }

    fn check(&self) -> Result<(), Error> {
        for (what, found, most) in [
            ("tokens", self.tokens, MOST_TOKENS),
            ("levels of brackets", self.open, MOST_NESTING),
            ("directives", self.directives, MOST_DIRECTIVES),
            ("fragment spreads", self.spreads, MOST_SPREADS),
        ] {
            if found > most {
                return Err(too_much(what, found, most));
            }
        }
        Ok(())
    }
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
        .map_or(bytes.len(), |length| at + length)
}

fn end_of_string(bytes: &[u8], at: usize) -> usize {
    if bytes[at..].starts_with(b"\"\"\"") {
        let mut next = at + 3;
        while next < bytes.len() {
            if bytes[next..].starts_with(b"\\\"\"\"") {
                next += 4;
            } else if bytes[next..].starts_with(b"\"\"\"") {
                return next + 3;
            } else {
                next += 1;
            }
        }
        return next;
    }
    let mut next = at + 1;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'\\' => next += 2,
            b'"' => return next + 1,
            // The parser says where the string is not closed.
            b'\n' | b'\r' => return next,
            _ => next += 1,
        }
    }
    bytes.len()
}

fn too_much(what: &str, found: usize, most: usize) -> Error {
    Error::validation(format!("The document has too many {what}: at most {most} are allowed"))
        .with("limit", most)
        .with("found", format!("{found} or more"))
}

/// The check over the parsed document: fragment cycles, fields and depth after expansion, size of introspection.
pub fn check_document(document: &ExecutableDocument) -> Result<(), Error> {
    for (what, found, most) in [
        ("fragments", document.fragments.len(), MOST_FRAGMENTS),
        ("operations", document.operations.iter().count(), MOST_OPERATIONS),
    ] {
        if found > most {
            return Err(too_much(what, found, most));
        }
    }
    let mut measuring = Measuring { document, fragments: HashMap::new() };
    for name in document.fragments.keys() {
        measuring.fragment(name)?;
    }
    for (_, operation) in document.operations.iter() {
        let size = measuring.set(&operation.node.selection_set.node)?;
        size.check(operation)?;
    }
    Ok(())
}

/// The size of a selection after expansion.
#[derive(Clone, Copy, Default)]
struct Size {
    fields: u64,
    depth: u32,
    introspection_roots: u64,
    introspection_fields: u64,
    introspection_depth: u32,
    introspection_lists: u32,
}

impl Size {
    fn beside(self, other: Size) -> Size {
        Size {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            introspection_roots: self.introspection_roots.saturating_add(other.introspection_roots),
            introspection_fields: self.introspection_fields.saturating_add(other.introspection_fields),
            introspection_depth: self.introspection_depth.max(other.introspection_depth),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }

    /// The size of a field of that name above this selection.
    fn below(self, name: &str) -> Size {
        let fields = self.fields.saturating_add(1);
        let depth = self.depth.saturating_add(1);
        let list = matches!(name, "types" | "fields" | "inputFields" | "interfaces" | "possibleTypes");
        let lists = self.introspection_lists.saturating_add(u32::from(list));
        if matches!(name, "__schema" | "__type") {
            return Size {
                fields: 1,
                depth: 1,
                introspection_roots: 1,
                introspection_fields: fields,
                introspection_depth: depth,
                introspection_lists: lists,
            };
        }
        Size { fields, depth, introspection_lists: lists, ..self }
    }

    fn check<T>(self, place: &Positioned<T>) -> Result<(), Error> {
        // Lists of introspection only count below `__schema` and `__type`: a business object may well have a field `types`.
        let lists = if self.introspection_roots > 0 { self.introspection_lists } else { 0 };
        for (what, found, most) in [
            ("fields, fragments expanded", self.fields, MOST_FIELDS),
            ("levels of fields, fragments expanded", self.depth.into(), MOST_DEPTH.into()),
            ("introspection fields at its root", self.introspection_roots, MOST_INTROSPECTION_ROOTS),
            ("introspection fields", self.introspection_fields, MOST_INTROSPECTION_FIELDS),
            ("levels of introspection", self.introspection_depth.into(), MOST_INTROSPECTION_DEPTH.into()),
            ("introspection lists in each other", lists.into(), MOST_INTROSPECTION_LISTS.into()),
        ] {
            if found > most {
                return Err(Error::validation(format!(
                    "The operation has too many {what}: at most {most} are allowed"
                ))
                .at(location(place.pos))
                .with("limit", most)
                .with("found", found));
            }
        }
        Ok(())
    }
}

struct Measuring<'d> {
    document: &'d ExecutableDocument,
    /// `None` while it is being measured: meeting it again is a cycle.
    fragments: HashMap<&'d str, Option<Size>>,
}

impl<'d> Measuring<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<Size, Error> {
        let mut size = Size::default();
        for item in &set.items {
            let one = match &item.node {
                Selection::Field(field) => {
                    self.set(&field.node.selection_set.node)?.below(&field.node.name.node)
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            size = size.beside(one);
        }
        Ok(size)
    }

    /// An unknown fragment counts nothing here; validation names it.
    fn fragment(&mut self, name: &str) -> Result<Size, Error> {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        match self.fragments.get(name.as_str()) {
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(cycle(name, fragment)),
            None => {
                self.fragments.insert(name, None);
                let size = self.set(&fragment.node.selection_set.node)?;
                self.fragments.insert(name, Some(size));
                Ok(size)
            }
        }
    }
}

fn cycle(name: &str, fragment: &Positioned<FragmentDefinition>) -> Error {
    Error::validation(format!("The fragment {name} contains itself")).at(location(fragment.pos))
}
