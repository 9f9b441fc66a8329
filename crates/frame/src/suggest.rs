//! "Did you mean": the nearest of the names that exist.

/// The candidate nearest to `name`, if it is near enough to be a slip of the hand: at most a
/// third of the letters wrong, letter case free.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let allowed = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|c| (distance(&wanted, &c.to_lowercase()), c))
        .filter(|(d, _)| *d <= allowed)
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words: Damerau's distance in
/// its optimal-string-alignment form.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["sleepstudy", "cake", "cbpp", "Dyestuff", "Dyestuff2"];
        assert_eq!(nearest("sleepstduy", names), Some("sleepstudy"));
        assert_eq!(nearest("dyestuff", names), Some("Dyestuff"));
        assert_eq!(nearest("cak", names), Some("cake"));
        assert_eq!(nearest("schools", names), None);
        assert_eq!(nearest("", names), None);
    }
}
