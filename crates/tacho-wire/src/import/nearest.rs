//! The name that was probably meant.

/// The candidate with the smallest edit distance (Levenshtein's) to `name`, upper and lower case alike; the first of equals.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates.into_iter().min_by_key(|candidate| strsim::levenshtein(&name, &candidate.to_lowercase()))
}
