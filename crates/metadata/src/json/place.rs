//! From bytes to lines and columns, and from pointers to nodes.

use super::{Node, NodeKind};

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Finds the lines.
    pub fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Line and column (in characters) of a byte, both from 1.
    pub fn place(&self, text: &str, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = text.get(start..at.min(text.len())).unwrap_or_default();
        let column = before.chars().filter(|c| *c != '\u{feff}').count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// A key as a step of a JSON pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The byte of a file at which the `offset`-th byte of a string's value stands; the string begins at `start` with its quote.
pub fn within_text(text: &str, start: usize, offset: usize) -> usize {
    let mut at = start + 1;
    let mut left = offset;
    while left > 0 {
        let Some(rest) = text.get(at..) else { return start };
        let mut chars = rest.chars();
        let (written, meant) = match (chars.next(), chars.next()) {
            (Some('\\'), Some('u')) => (6, 3),
            (Some('\\'), Some(_)) => (2, 1),
            (None | Some('"'), _) => return at,
            (Some(c), _) => (c.len_utf8(), c.len_utf8()),
        };
        at += written;
        left = left.saturating_sub(meant);
    }
    at
}

impl Node {
    /// The byte at which a pointer's target begins: its key when `key` is asked for and it has one, else its value. When the pointer leads
    /// nowhere, the deepest place on its way.
    pub fn locate(&self, pointer: &str, key: bool) -> usize {
        let mut node = self;
        let mut at = self.start;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = match &node.kind {
                NodeKind::Object(_) => node.entry(&step).map(|entry| (entry.start, &entry.value)),
                NodeKind::Array(items) => step
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| (item.start, item)),
                _ => None,
            };
            let Some((key_start, value)) = next else { return at };
            at = if key { key_start } else { value.start };
            node = value;
        }
        at
    }

    /// What a pointer leads to.
    pub fn pointed(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.kind {
                NodeKind::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => node.get(&step),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "{\n  \"名\": {\"a/b\": [1, 22]}\n}";
        let lines = Lines::of(text);
        let (node, _) = parse(text);
        let node = node.expect("legal JSON");
        assert_eq!(lines.place(text, node.locate("/名/a~1b/1", false)), (2, 20));
        assert_eq!(lines.place(text, node.locate("/名/a~1b", true)), (2, 9));
        assert_eq!(lines.place(text, node.locate("/名/gone/1", false)), (2, 8));
    }
}
