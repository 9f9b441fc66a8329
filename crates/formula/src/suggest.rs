//! "Did you mean …?": the known name nearest to a misspelt one.
//!
//! Names of columns go wrong in few ways: a slip of the keys (`Reactoin`), the wrong case
//! (`reaction`), another separator (`total_fruits` for `total.fruits`), or only the beginning of
//! a long name (`Subj`). Each is worth a suggestion; a far-fetched suggestion is worse than none.

/// The candidate nearest to `name`, or `None` when none is near.
///
/// Nearness is the Damerau-Levenshtein distance in its restricted form (a swap of neighbours
/// counts as one slip), of the names without regard to case; an exact match in case wins among
/// equals, then the earlier candidate. One slip is allowed for every three characters.
///
/// ```
/// use ranef_formula::did_you_mean;
/// let columns = ["Reaction", "Days", "Subject"];
/// assert_eq!(did_you_mean("reactoin", &columns), Some("Reaction"));
/// assert_eq!(did_you_mean("Group", &columns), None);
/// ```
pub fn did_you_mean<'a, S>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str>
where
    S: AsRef<str> + ?Sized + 'a,
{
    candidates
        .into_iter()
        .map(AsRef::as_ref)
        .filter_map(|candidate| Some((cost(name, candidate)?, candidate)))
        // `min_by_key` keeps the first among equals: the order of the columns decides.
        .min_by_key(|&(cost, _)| cost)
        .map(|(_, candidate)| candidate)
}

/// Twice the number of slips, plus one if case differs; `None` when too far.
fn cost(name: &str, candidate: &str) -> Option<usize> {
    let wanted = simplify(name);
    let known = simplify(candidate);
    if wanted.is_empty() || known.is_empty() {
        return None;
    }
    let case = usize::from(!candidate.starts_with(name) && !same_case(name, candidate));
    // The longer of the two decides how many slips are plausible, but a name of one or two
    // characters has a neighbour in every table: there only case and separators may differ.
    let allowed = match wanted.len().max(known.len()) {
        0..=2 => 0,
        length => (length / 3).max(1),
    };
    let slips = distance(&wanted, &known);
    if slips <= allowed {
        return Some(2 * slips + case);
    }
    // The beginning of a long name, as `Subj` for `Subject`, ranks behind any slip.
    let begins = wanted.len() >= 3 && known.starts_with(&wanted);
    begins.then(|| 2 * slips + case + 100)
}

/// Lower case, without the separators that differ between programs.
fn simplify(name: &str) -> Vec<char> {
    name.chars()
        .filter(|c| !matches!(c, '.' | '_' | ' ' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn same_case(name: &str, candidate: &str) -> bool {
    let upper = |text: &str| text.chars().filter(|c| c.is_uppercase()).count();
    upper(name) == upper(candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut current = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            current[j] = replace.min(last[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                current[j] = current[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, current);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 8] = [
        "Reaction",
        "Days",
        "Subject",
        "total.fruits",
        "school_id",
        "x1",
        "x2",
        "Größe",
    ];

    #[test]
    fn finds_slips() {
        for (wrong, right) in [
            ("Raection", "Reaction"),
            ("reaction", "Reaction"),
            ("Day", "Days"),
            ("Subjct", "Subject"),
            ("Subj", "Subject"),
            ("total_fruits", "total.fruits"),
            ("schoolid", "school_id"),
            ("school", "school_id"),
            ("X1", "x1"),
            ("Grösse", "Größe"),
            ("größe", "Größe"),
        ] {
            assert_eq!(did_you_mean(wrong, &COLUMNS), Some(right), "{wrong}");
        }
    }

    #[test]
    fn stays_silent_when_far() {
        for wrong in ["age", "x3", "z", "", "Su", "treatment"] {
            assert_eq!(did_you_mean(wrong, &COLUMNS), None, "{wrong}");
        }
        assert_eq!(did_you_mean::<str>("x", []), None);
    }

    #[test]
    fn prefers_case_then_order() {
        assert_eq!(did_you_mean("Aged", &["aged", "Aged"]), Some("Aged"));
        assert_eq!(did_you_mean("abcx", &["abcd", "abce"]), Some("abcd"));
        let owned = vec!["income".to_string()];
        assert_eq!(did_you_mean("incom", &owned), Some("income"));
    }

    #[test]
    fn a_swap_is_one_slip() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("abcd"), &chars("abdc")), 1);
        assert_eq!(distance(&chars("kitten"), &chars("sitting")), 3);
        assert_eq!(distance(&chars(""), &chars("abc")), 3);
    }
}
