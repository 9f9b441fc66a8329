//! The warning for ids that begin anew in every group.
//!
//! A file of pupils in classes in schools often numbers the classes 1, 2, 3 within each school.
//! `(1 | school) + (1 | class)` then takes class 1 of every school for one class, and nothing in
//! the fit says so. The data cannot prove it (six raters numbered 1 to 6 may really see every
//! patient), so the rule asks for all signs at once, and the note says "if".
//!
//! An inner factor `class` with k levels is suspected of being reused in an outer factor `school`
//! with m levels when
//!
//! 1. both stand in the formula by themselves, as single columns, and `school:class` does not
//!    stand there: who wrote the interaction knows;
//! 2. k ≤ m / 2: inner ids that begin anew are few, compared with the groups they begin anew in;
//! 3. the levels of `class` look like running numbers: the integers from 0 or 1 on, or single
//!    letters from a on, alone or behind one common stem (`class1`, `class2`), without a gap;
//! 4. in at least 95 % of the schools the classes seen are the first ones of that list, without a
//!    gap: 1 to 3 here, 1 to 2 there;
//! 5. a cell of school and class has two rows or more on average: with one row in each cell there
//!    would be no classes to speak of, and plates × samples with one reading each are a design;
//! 6. either the number of classes differs between schools and fewer than half of the schools have
//!    all k; or every school has all k of them, k is at most 12, and they are numbers: three machines
//!    A, B, C that six workers use in turn are what they look like. In a design that is truly
//!    crossed but has gaps, such as pupils × waves with drop-out, most of the outer groups see the
//!    whole set, and that is the case between the two.
//!
//! What remains is a complete crossing with replicates (every rater numbered 1 to 3 rates each of
//! ten patients twice), where it is as likely a design as a mistake: there the note is a question
//! to the person, and costs a line.

use ranef_formula::{Expr, ExprKind, Span};

use crate::category::{Levelling, level_label};
use crate::plan::Plan;
use crate::recipe::GroupingFactor;
use crate::structure::{PairShape, Relation, Structure};
use crate::survey::{Note, Watch};

/// Notes on pairs of grouping factors. The watches stand beside the pairs of the structure.
pub(crate) fn notes(
    plan: &Plan,
    factors: &[GroupingFactor],
    structure: &Structure,
    watches: &[Watch],
    rows: usize,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for (
        PairShape {
            first,
            second,
            relation,
        },
        watch,
    ) in structure.pairs.iter().zip(watches)
    {
        if !matches!(relation, Relation::Crossed | Relation::PartlyCrossed { .. })
            || ![*first, *second]
                .iter()
                .all(|&f| is_column(plan, &factors[f]))
            || factors
                .iter()
                .any(|factor| joins(plan, factor, &factors[*first], &factors[*second]))
        {
            continue;
        }
        let cells: Vec<[u32; 2]> = watch.cells().collect();
        for (outer, inner, swap) in [(*first, *second, false), (*second, *first, true)] {
            let pairs = cells
                .iter()
                .map(|&[a, b]| if swap { [b, a] } else { [a, b] });
            if reused(plan, &factors[outer], &factors[inner], pairs, rows) {
                notes.push(note(plan, &factors[outer], &factors[inner]));
                break;
            }
        }
    }
    notes
}

fn reused(
    plan: &Plan,
    outer: &GroupingFactor,
    inner: &GroupingFactor,
    cells: impl Iterator<Item = [u32; 2]>,
    rows: usize,
) -> bool {
    if 2 * inner.levels > outer.levels {
        return false;
    }
    let labels: Vec<String> = (0..inner.levels)
        .map(|level| level_label(&plan.categories, inner.category, level))
        .collect();
    let Some((places, numbered)) = running(&labels) else {
        return false;
    };
    let mut seen = vec![0; outer.levels];
    let mut highest = vec![0; outer.levels];
    let mut count = 0;
    for [group, level] in cells {
        let group = group as usize;
        seen[group] += 1;
        highest[group] = highest[group].max(places[level as usize] + 1);
        count += 1;
    }
    if rows < 2 * count {
        return false;
    }
    let from_the_first = seen
        .iter()
        .zip(&highest)
        .filter(|(seen, highest)| seen == highest)
        .count();
    if 20 * from_the_first < 19 * outer.levels {
        return false;
    }
    let complete = seen.iter().filter(|&&seen| seen == inner.levels).count();
    2 * complete < outer.levels || (complete == outer.levels && inner.levels <= 12 && numbered)
}

/// The place of each label in a list of running numbers or letters, if together they are one, and
/// whether they are numbers.
fn running(labels: &[String]) -> Option<(Vec<usize>, bool)> {
    let stem = common_stem(labels);
    let numbers: Option<Vec<usize>> = labels
        .iter()
        .map(|label| label[stem..].parse::<usize>().ok())
        .collect();
    let letters = || {
        labels
            .iter()
            .map(|label| match &label.as_bytes()[stem..] {
                [letter @ (b'a'..=b'z' | b'A'..=b'Z')] => {
                    Some((letter.to_ascii_lowercase() - b'a') as usize + 1)
                }
                _ => None,
            })
            .collect::<Option<Vec<usize>>>()
    };
    let numbered = numbers.is_some();
    let numbers = numbers.or_else(letters)?;
    let first = *numbers.iter().min()?;
    let mut places: Vec<usize> = numbers.iter().map(|number| number - first).collect();
    let result = places.clone();
    places.sort_unstable();
    let without_gap = places.iter().enumerate().all(|(i, &place)| i == place);
    (first <= 1 && without_gap).then_some((result, numbered))
}

/// Length of what all labels begin with, digits excluded.
fn common_stem(labels: &[String]) -> usize {
    let first = &labels[0];
    let end = first.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    if labels.iter().all(|label| label.starts_with(&first[..end])) {
        end
    } else {
        0
    }
}

/// Whether a factor is a column by itself.
fn is_column(plan: &Plan, factor: &GroupingFactor) -> bool {
    matches!(
        plan.categories[factor.category].source,
        Levelling::Column { .. }
    )
}

/// Whether a factor is an interaction that two others are both part of.
fn joins(plan: &Plan, factor: &GroupingFactor, a: &GroupingFactor, b: &GroupingFactor) -> bool {
    fn parts(plan: &Plan, category: usize, found: &mut Vec<usize>) {
        found.push(category);
        if let Levelling::Pair { left, right, .. } = plan.categories[category].source {
            parts(plan, left, found);
            parts(plan, right, found);
        }
    }
    let mut found = Vec::new();
    parts(plan, factor.category, &mut found);
    found.contains(&a.category) && found.contains(&b.category)
}

fn note(plan: &Plan, outer: &GroupingFactor, inner: &GroupingFactor) -> Note {
    let first = level_label(&plan.categories, inner.category, 0);
    let shown = (0..inner.levels.min(3))
        .map(|level| level_label(&plan.categories, inner.category, level))
        .collect::<Vec<_>>()
        .join(", ");
    let more = if inner.levels > 3 { ", ..." } else { "" };
    let (outer, inner) = (&outer.name, &inner.name);
    let written = [outer, inner]
        .map(|name| Expr::new(ExprKind::Column(name.clone()), Span::default()).to_string());
    let nested = written.join("/");
    Note {
        code: "reused_ids".into(),
        message: format!(
            "`{inner}` is numbered {shown}{more} in every `{outer}`, and the formula takes \
             `{inner}` {first} of each `{outer}` for one and the same. If it is another in each, \
             write `(1 | {nested})`."
        ),
    }
}
