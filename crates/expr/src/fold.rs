//! Case folding and normal form of text: the one definition of "without case".

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Text in Unicode normal form C.
pub fn nfc(text: &str) -> String {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes { text.to_owned() } else { text.nfc().collect() }
}

/// Unicode default case folding of the text's normal form C, in normal form C again. What folded side columns hold, and what is
/// compared with them.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    nfc(&caseless::default_case_fold_str(&nfc(text)))
}

/// ASCII folding: what "without case" means for fields without a folded side column, and what `lower` computes.
pub fn fold_ascii(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_unicode_default_folding() {
        assert_eq!(fold("ABC"), "abc");
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("E\u{301}COLE"), "école");
        assert_eq!(fold("İ"), "i\u{307}");
        assert_eq!(fold("中文 😀"), "中文 😀");
        assert_eq!(fold(&fold("ǅ ﬃ Ÿ")), fold("ǅ ﬃ Ÿ"));
        assert_eq!(nfc("e\u{301}"), "é");
        assert_eq!(fold_ascii("ÀB"), "Àb");
    }
}
