//! Matching of text: patterns, and comparison without case.

use crate::fold::{fold, fold_ascii};
use crate::tree::TextOp;

/// How "without case" is meant for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// By Unicode: the field has a folded side column.
    Unicode,
    /// A to Z only.
    Ascii,
}

impl Folding {
    fn of(self, text: &str) -> String {
        match self {
            Folding::Unicode => fold(text),
            Folding::Ascii => fold_ascii(text),
        }
    }
}

/// Whether the subject matches.
pub fn matches(op: TextOp, subject: &str, pattern: &str, folding: Folding) -> bool {
    match op {
        TextOp::Like => like(subject, pattern),
        TextOp::ILike => like(&folding.of(subject), &folding.of(pattern)),
        TextOp::StartsWith => folding.of(subject).starts_with(&folding.of(pattern)),
        TextOp::EndsWith => folding.of(subject).ends_with(&folding.of(pattern)),
        TextOp::Contains => folding.of(subject).contains(&folding.of(pattern)),
    }
}

/// `%` is any text, `_` one character, `\` takes the next character as it is. Linear in subject times pattern, without recursion.
fn like(subject: &str, pattern: &str) -> bool {
    let subject: Vec<char> = subject.chars().collect();
    let pattern = words(pattern);
    let (mut s, mut p) = (0, 0);
    // Where to go on when what follows the last `%` does not match: its place, and how much of the subject it has taken.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(c) = subject.get(s) {
        match pattern.get(p) {
            Some(Word::Any) => {
                retry = Some((p, s));
                p += 1;
                continue;
            }
            Some(Word::One) => {
                s += 1;
                p += 1;
                continue;
            }
            Some(Word::Char(wanted)) if wanted == c => {
                s += 1;
                p += 1;
                continue;
            }
            Some(Word::Char(_)) | None => {}
        }
        let Some((place, taken)) = retry else { return false };
        retry = Some((place, taken + 1));
        s = taken + 1;
        p = place + 1;
    }
    pattern.get(p..).unwrap_or_default().iter().all(|word| matches!(word, Word::Any))
}

enum Word {
    Any,
    One,
    Char(char),
}

fn words(pattern: &str) -> Vec<Word> {
    let mut chars = pattern.chars();
    let mut words = Vec::new();
    while let Some(c) = chars.next() {
        words.push(match c {
            '%' => Word::Any,
            '_' => Word::One,
            '\\' => Word::Char(chars.next().unwrap_or('\\')),
            c => Word::Char(c),
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op: TextOp, subject: &str, pattern: &str, folding: Folding, expected: bool) {
        assert_eq!(matches(op, subject, pattern, folding), expected, "{op:?} {subject} {pattern}");
    }

    #[test]
    fn patterns_match_by_character() {
        let like =
            |subject, pattern, expected| check(TextOp::Like, subject, pattern, Folding::Ascii, expected);
        like("", "", true);
        like("", "%", true);
        like("", "_", false);
        like("abc", "a%", true);
        like("abc", "%c", true);
        like("abc", "%b%", true);
        like("abc", "A%", false);
        like("abab", "%ab", true);
        like("aab", "%ab", true);
        like("中文字", "中_字", true);
        like("😀", "_", true);
        like("100%", "100\\%", true);
        like("1000", "100\\%", false);
        like("a_b", "a\\_b", true);
        like("a\\b", "a\\\\b", true);
        like(&"a".repeat(2_000), &format!("{}b", "%a".repeat(50)), false);
    }

    #[test]
    fn without_case_is_unicode_or_ascii() {
        check(TextOp::ILike, "STRASSE", "straß%", Folding::Unicode, true);
        check(TextOp::ILike, "ÉCOLE", "école", Folding::Unicode, true);
        check(TextOp::ILike, "ÉCOLE", "école", Folding::Ascii, false);
        check(TextOp::ILike, "École", "Éc%", Folding::Ascii, true);
        check(TextOp::Contains, "Müller GmbH", "gmbh", Folding::Ascii, true);
        check(TextOp::Contains, "100%", "%", Folding::Ascii, true);
        check(TextOp::Contains, "abc", "%", Folding::Ascii, false);
        check(TextOp::StartsWith, "Σίσυφος", "ΣΊΣΥΦΟΣ", Folding::Unicode, true);
        check(TextOp::EndsWith, "abc", "BC", Folding::Ascii, true);
        check(TextOp::EndsWith, "abc", "", Folding::Ascii, true);
    }
}
