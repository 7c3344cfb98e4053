//! What somebody may have meant.

/// The nearest of the candidates, when it is near enough to be a slip: of letters, of case, of the `x-` before it.
pub fn did_you_mean<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let plain = |word: &str| word.to_lowercase().replace('-', "");
    let bare = |word: &str| word.trim_start_matches("x-").to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // A missing `x-` counts for less than a wrong letter, for more than nothing.
        let prefix = usize::from(found.starts_with("x-") != candidate.starts_with("x-"));
        let whole = strsim::osa_distance(&plain(found), &plain(candidate)) * 2;
        let distance = whole.min(strsim::osa_distance(&bare(found), &bare(candidate)) * 2 + prefix);
        // Ties are broken by the words themselves, because some lists have no order.
        if best.is_none_or(|least| (distance, candidate) < least) {
            best = Some((distance, candidate));
        }
    }
    let near = (bare(found).chars().count() / 3).min(3) * 2 + 1;
    best.filter(|(distance, _)| *distance <= near).map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        let known = ["maxLength", "x-type", "type", "x-onDelete", "format"];
        assert_eq!(did_you_mean("maxLenght", known).as_deref(), Some("maxLength"));
        assert_eq!(did_you_mean("xtype", known).as_deref(), Some("x-type"));
        assert_eq!(did_you_mean("onDelete", known).as_deref(), Some("x-onDelete"));
        assert_eq!(did_you_mean("colour", known), None);
    }
}
