//! Matching one to one by overlap in time.

/// A stretch of time, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub from_ms: i64,
    pub until_ms: i64,
}

impl Span {
    pub fn new(from_ms: i64, until_ms: i64) -> Span {
        Span { from_ms, until_ms: until_ms.max(from_ms) }
    }

    /// Milliseconds that both hold; negative: that lie between them.
    pub fn overlap_ms(self, other: Span) -> i64 {
        self.until_ms.min(other.until_ms) - self.from_ms.max(other.from_ms)
    }
}

/// Pairs of indices into `truth` and `found` that lie within `tolerance_ms` of each other; each index at most once. The
/// pairs with the nearest beginnings go first, so that a stray beside the right one takes nothing away.
pub(crate) fn pair(truth: &[Span], found: &[Span], tolerance_ms: i64) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for (t, true_span) in truth.iter().enumerate() {
        for (f, found_span) in found.iter().enumerate() {
            if true_span.overlap_ms(*found_span) >= -tolerance_ms {
                candidates.push(((true_span.from_ms - found_span.from_ms).abs(), t, f));
            }
        }
    }
    candidates.sort_unstable();
    let (mut is_true_taken, mut is_found_taken) = (vec![false; truth.len()], vec![false; found.len()]);
    let mut pairs = Vec::new();
    for (_, t, f) in candidates {
        if !is_true_taken[t] && !is_found_taken[f] {
            (is_true_taken[t], is_found_taken[f]) = (true, true);
            pairs.push((t, f));
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pairs: &[(i64, i64)]) -> Vec<Span> {
        pairs.iter().map(|(from, until)| Span::new(*from, *until)).collect()
    }

    #[test]
    fn each_is_matched_once_and_the_nearest_beginning_wins() {
        let truth = spans(&[(100, 200), (400, 500)]);
        let found = spans(&[(90, 95), (110, 190), (430, 430), (900, 950)]);
        assert_eq!(pair(&truth, &found, 20), [(0, 0), (1, 2)]);
        assert_eq!(pair(&truth, &found[1..], 20), [(0, 0), (1, 1)]);
        assert_eq!(pair(&truth, &found[3..], 20), []);
        assert_eq!(pair(&truth, &spans(&[(220, 230)]), 20), [(0, 0)]);
        assert_eq!(pair(&truth, &spans(&[(221, 230)]), 20), []);
    }
}
