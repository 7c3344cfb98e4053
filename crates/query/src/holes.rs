//! Holes in an answer: what no statement can compute, so that the statement leaves its input in the place. They are found by walking the
//! bytes along the shape, never by what the bytes say: no value of a record can pretend to be one.

use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use crate::request::{
    EdgeItem, Keyed, LifecyclePart, LifecycleRead, ListPart, ListRead, MovePart, Read, RecordItem, Selection,
};

/// Where the holes of an answer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holes {
    tree: Tree,
    /// What is selected of moves, each once; [`Gap::selection`] is a place in it.
    pub selections: Vec<Vec<Keyed<MovePart>>>,
}

/// The way to the holes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    /// Below these keys of an object.
    Object(Vec<(Arc<str>, Tree)>),
    /// In each item of a list.
    List(Box<Tree>),
    /// Here.
    Moves,
}

/// A hole that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is to be replaced.
    pub range: Range<usize>,
    /// Of which object the record is.
    pub object: String,
    /// Of which record.
    pub record: Uuid,
    /// Which of [`Holes::selections`] is wanted of it.
    pub selection: usize,
}

impl Holes {
    /// The holes in the answer to a read, if it has any.
    pub fn of(read: &Read) -> Option<Self> {
        let mut search = Search::default();
        let tree = match read {
            Read::Record(record) => search.selection(&record.selection),
            Read::List(list) => search.list(list),
            Read::Groups(_) | Read::Stages(_) => None,
        };
        tree.map(|tree| Self { tree, selections: search.selections })
    }

    /// The holes in a record of which that is selected.
    pub fn of_record(selection: &Selection) -> Option<Self> {
        let mut search = Search::default();
        search.selection(selection).map(|tree| Self { tree, selections: search.selections })
    }

    /// The holes in their order.
    pub fn gaps(&self, answer: &[u8]) -> Vec<Gap> {
        let mut walk = Walk { answer, at: 0, gaps: Vec::new() };
        walk.value(&self.tree);
        walk.gaps
    }
}

/// Looks for holes in a shape.
#[derive(Default)]
struct Search {
    selections: Vec<Vec<Keyed<MovePart>>>,
}

impl Search {
    fn selection(&mut self, selection: &Selection) -> Option<Tree> {
        let mut keys = Vec::new();
        for Keyed { key, item } in selection {
            let below = match item {
                RecordItem::One(_, selection) => self.selection(selection),
                RecordItem::OneOf(_, selections) => {
                    let members: Vec<Tree> =
                        selections.iter().filter_map(|(_, selection)| self.selection(selection)).collect();
                    members.into_iter().reduce(Tree::beside)
                }
                RecordItem::Many(_, list) => self.list(list),
                RecordItem::Lifecycle(read) => self.lifecycle(read),
                RecordItem::TypeName(_)
                | RecordItem::Value(_)
                | RecordItem::Parts(..)
                | RecordItem::Score(..) => None,
            };
            keys.extend(below.map(|below| (key.clone(), below)));
        }
        object_of(keys)
    }

    fn lifecycle(&mut self, read: &LifecycleRead) -> Option<Tree> {
        let mut keys = Vec::new();
        for part in &read.parts {
            if let LifecyclePart::Moves(parts) = &part.item {
                if !self.selections.contains(parts) {
                    self.selections.push(parts.clone());
                }
                keys.push((part.key.clone(), Tree::Moves));
            }
        }
        object_of(keys)
    }

    fn list(&mut self, list: &ListRead) -> Option<Tree> {
        let mut keys = Vec::new();
        for part in &list.parts {
            let each = match &part.item {
                ListPart::Nodes(selection) => self.selection(selection),
                ListPart::Edges(edges) => {
                    let mut nodes = Vec::new();
                    for edge in edges {
                        if let EdgeItem::Node(selection) = &edge.item {
                            nodes.extend(self.selection(selection).map(|below| (edge.key.clone(), below)));
                        }
                    }
                    object_of(nodes)
                }
                ListPart::TypeName(_)
                | ListPart::PageInfo(_)
                | ListPart::TotalCount
                | ListPart::Aggregate(_) => None,
            };
            keys.extend(each.map(|each| (part.key.clone(), Tree::List(Box::new(each)))));
        }
        object_of(keys)
    }
}

fn object_of(keys: Vec<(Arc<str>, Tree)>) -> Option<Tree> {
    if keys.is_empty() { None } else { Some(Tree::Object(keys)) }
}

impl Tree {
    /// The holes of either: keys that both have lead to the same kind of value, which validation has seen to.
    fn beside(self, other: Tree) -> Tree {
        match (self, other) {
            (Tree::Object(mut keys), Tree::Object(others)) => {
                for (key, below) in others {
                    match keys.iter().position(|(known, _)| *known == key) {
                        Some(at) => {
                            let (key, known) = keys.remove(at);
                            keys.insert(at, (key, known.beside(below)));
                        }
                        None => keys.push((key, below)),
                    }
                }
                Tree::Object(keys)
            }
            (Tree::List(one), Tree::List(other)) => Tree::List(Box::new(one.beside(*other))),
            (one, _) => one,
        }
    }
}

/// A walk through JSON that is known to be well-formed.
struct Walk<'b> {
    answer: &'b [u8],
    at: usize,
    gaps: Vec<Gap>,
}

impl Walk<'_> {
    fn value(&mut self, tree: &Tree) {
        self.blank();
        match (tree, self.here()) {
            (Tree::Object(keys), Some(b'{')) => self.members(|walk| {
                let key = walk.string();
                walk.pass(b':');
                let name = walk.answer.get(key).unwrap_or_default();
                match keys.iter().find(|(known, _)| known.as_bytes() == name) {
                    Some((_, below)) => walk.value(below),
                    None => walk.skip(),
                }
            }),
            (Tree::List(each), Some(b'[')) => self.members(|walk| walk.value(each)),
            (Tree::Moves, Some(b'"')) => {
                let start = self.at;
                let inner = self.string();
                let gap = self.gap(inner, start);
                self.gaps.extend(gap);
            }
            // Null, where there is no record.
            _ => self.skip(),
        }
    }

    /// The statement writes `object:id:selection`.
    fn gap(&self, inner: Range<usize>, start: usize) -> Option<Gap> {
        let text = std::str::from_utf8(self.answer.get(inner)?).ok()?;
        let mut words = text.split(':');
        let (object, record, selection) = (words.next()?, words.next()?, words.next()?);
        let (record, selection) = (record.parse().ok()?, selection.parse().ok()?);
        Some(Gap { range: start..self.at, object: object.to_owned(), record, selection })
    }

    fn here(&self) -> Option<u8> {
        self.answer.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.here().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn pass(&mut self, byte: u8) {
        self.blank();
        if self.here() == Some(byte) {
            self.at += 1;
        }
    }

    /// The members of an object or the items of a list, from its opening bracket to its closing one.
    fn members(&mut self, mut each: impl FnMut(&mut Self)) {
        self.at += 1;
        loop {
            self.blank();
            match self.here() {
                Some(b',') => self.at += 1,
                Some(b'}' | b']') => {
                    self.at += 1;
                    return;
                }
                None => return,
                Some(_) => {
                    let before = self.at;
                    each(self);
                    if self.at == before {
                        return;
                    }
                }
            }
        }
    }

    /// What stands between the quotes.
    fn string(&mut self) -> Range<usize> {
        self.blank();
        let start = self.at + 1;
        self.at = start;
        while let Some(byte) = self.here() {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.answer.len());
        self.at += 1;
        start..end
    }

    /// Passes a value of which nothing is wanted.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.blank();
            match self.here() {
                Some(b'"') => {
                    self.string();
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                None | Some(b'}' | b']' | b',' | b':') => return,
                Some(_) => {
                    let word = |byte: u8| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace();
                    while self.here().is_some_and(word) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed<T>(key: &str, item: T) -> Keyed<T> {
        Keyed { key: Arc::from(key), item }
    }

    fn moving() -> Selection {
        let parts = vec![keyed("ways", LifecyclePart::Moves(Vec::new()))];
        let lifecycle = RecordItem::Lifecycle(Box::new(LifecycleRead { as_of: None, parts }));
        let name = metadata::Name::new("name").expect("a name");
        vec![keyed("title", RecordItem::Value(name)), keyed("l", lifecycle)]
    }

    #[test]
    fn holes_are_found_where_the_shape_has_them_and_nowhere_else() {
        let id = Uuid::from_u128(7);
        let hole = format!("lead:{id}:0");
        let holes = Holes::of_record(&moving()).expect("a hole");
        let forged = serde_json::json!({"l": {"ways": hole}}).to_string();
        let record = serde_json::json!({
            "title": format!("a \" l {{[ {hole}"), "other": [{"l": {"ways": hole}}, forged],
            "l": {"stage": "x", "ways": hole, "more": -1.5e3},
        });
        for text in [record.to_string(), serde_json::to_string_pretty(&record).expect("JSON")] {
            let gaps = holes.gaps(text.as_bytes());
            assert_eq!(gaps.len(), 1, "{text}");
            assert_eq!(&text[gaps[0].range.clone()], format!("\"{hole}\""));
            assert!(gaps[0].object == "lead" && gaps[0].record == id && gaps[0].selection == 0);
        }
        assert!(holes.gaps(b"null").is_empty());
        assert!(holes.gaps(br#"{"title":"x","l":null}"#).is_empty());
        assert!(Holes::of_record(&moving()[..1].to_vec()).is_none());
    }

    #[test]
    fn bytes_that_are_no_json_end_the_walk() {
        let holes = Holes::of_record(&moving()).expect("a hole");
        for text in [
            "",
            "{",
            "{\"l\"",
            "{\"l\":{\"ways\":\"",
            "{]",
            "[}",
            "{\"l\":{\"ways\":\"lead:x:0\"}}",
            "\\",
            "{\"\\",
        ] {
            assert!(holes.gaps(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
