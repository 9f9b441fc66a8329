//! Categories: whatever sorts rows into levels, be it a grouping factor or a factor of the fixed
//! effects. A column that is both is one category, coded once.

use ranef_formula::Span;
use serde::{Deserialize, Serialize};

use crate::coder::{Coder, Id, NONE};
use crate::error::{DesignError, Problem};
use crate::label;
use crate::numeric::Numeric;

/// Something that sorts rows into levels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Category {
    /// As the formula writes it: `Variety:Block`.
    pub(crate) name: String,
    /// Where it stands in the formula.
    pub(crate) span: Span,
    /// Where the levels come from.
    pub(crate) source: Levelling,
    /// The levels, sorted; empty until the survey has seen the rows.
    pub(crate) levels: Levels,
    /// How many levels at the end came after the fit, from new data: they have group means, but no
    /// effects.
    #[serde(default)]
    pub(crate) later: usize,
}

/// Where levels come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Levelling {
    /// The values of a column. `ordered`: the levels stand in the order of its dictionary.
    Column {
        column: usize,
        ordered: bool,
        logical: bool,
    },
    /// The values of an expression: `factor(round(x))`.
    Computed(Numeric),
    /// The pairs of levels of two categories that occur: `a:b`, or `interaction(a, b)`.
    Pair {
        left: usize,
        right: usize,
        style: PairStyle,
    },
    /// The levels of another category in another order or under other names.
    Recoded {
        base: usize,
        recoding: Recoding,
        map: Vec<u32>,
        labels: Vec<String>,
    },
}

/// How pairs are named and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PairStyle {
    /// `a:b`: "a1:b1", "a1:b2", ...
    Colon,
    /// `interaction(a, b)`: "a1.b1", "a2.b1", ...
    Dot,
}

/// How levels are recoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Recoding {
    /// `relevel(f, ref)`: this level comes first.
    First(String),
    /// `factor(f, levels, labels)`: these levels in this order under these names.
    Listed {
        levels: Vec<String>,
        labels: Vec<String>,
    },
    /// What [`crate::Options::levels`] says of a column: all levels in this order.
    Ordered(Vec<String>),
    /// `factor(f, labels = ...)`: all levels in their order under these names.
    Named(Vec<String>),
}

/// The levels of a category, by code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Levels {
    /// Text.
    Words(Vec<String>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Integers, some of which `f64` would confuse.
    Integers(Vec<i64>),
    /// Pairs of codes.
    Pairs(Vec<[u32; 2]>),
}

impl Recoding {
    /// The new code of each level ([`NONE`] for one that is not listed) and the new labels.
    pub(crate) fn apply(
        &self,
        name: &str,
        levels: &[String],
    ) -> Result<(Vec<u32>, Vec<String>), DesignError> {
        let refuse = |message: String| {
            let listed: Vec<String> = levels.iter().take(12).map(|l| format!("\"{l}\"")).collect();
            let hint = Some(format!("its levels are {}", listed.join(", ")));
            Err(Problem::CannotLearn { message, hint }.into())
        };
        match self {
            Recoding::First(first) => {
                let Some(at) = levels.iter().position(|level| level == first) else {
                    return refuse(format!("`{name}`: there is no level \"{first}\""));
                };
                let mut order: Vec<usize> = (0..levels.len()).collect();
                order[..=at].rotate_right(1);
                let mut map = vec![0; levels.len()];
                order
                    .iter()
                    .enumerate()
                    .for_each(|(new, &old)| map[old] = new as u32);
                Ok((
                    map,
                    order.into_iter().map(|old| levels[old].clone()).collect(),
                ))
            }
            Recoding::Ordered(listed) => ordered(name, listed, levels),
            Recoding::Named(labels) if labels.len() == levels.len() => Ok(merge(labels.iter())),
            Recoding::Named(labels) => refuse(format!(
                "`{name}` gives {} labels to {} levels",
                labels.len(),
                levels.len()
            )),
            Recoding::Listed {
                levels: listed,
                labels,
            } => {
                // Listed levels that no row has are dropped, as unused levels are everywhere.
                let used = listed
                    .iter()
                    .zip(labels)
                    .filter(|(level, _)| levels.contains(level));
                let (used, labels): (Vec<&String>, Vec<&String>) = used.unzip();
                let (codes, labels) = merge(labels.into_iter());
                let code = |level| {
                    used.iter()
                        .position(|u| *u == level)
                        .map_or(NONE, |i| codes[i])
                };
                Ok((levels.iter().map(code).collect(), labels))
            }
        }
    }
}

/// What stands for all levels that are not listed.
const REST: &str = "...";

/// The levels of a column in the order that was asked for.
fn ordered(
    name: &str,
    listed: &[String],
    levels: &[String],
) -> Result<(Vec<u32>, Vec<String>), DesignError> {
    let (listed, rest) = match listed.split_last() {
        Some((last, before)) if last == REST => (before, true),
        _ => (listed, false),
    };
    let refuse = |unknown: bool, message: String, hint: String| {
        Err(Problem::LevelOrder {
            column: name.to_owned(),
            unknown,
            message,
            hint,
        }
        .into())
    };
    let shown: Vec<&str> = levels.iter().take(12).map(String::as_str).collect();
    if let Some(wrong) = listed.iter().find(|level| !levels.contains(level)) {
        let known: Vec<&str> = levels.iter().map(String::as_str).collect();
        let hint = match ranef_formula::did_you_mean(wrong, &known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("its levels are {}", shown.join(", ")),
        };
        return refuse(
            true,
            format!("the order of `{name}` has \"{wrong}\", which no row has"),
            hint,
        );
    }
    if let Some(twice) = (1..listed.len()).find(|&i| listed[..i].contains(&listed[i])) {
        let message = format!("the order of `{name}` has \"{}\" twice", listed[twice]);
        return refuse(true, message, "name every level once".to_owned());
    }
    let mut order: Vec<String> = listed.to_vec();
    order.extend(
        levels
            .iter()
            .filter(|l| rest && !listed.contains(l))
            .cloned(),
    );
    if let Some(missing) = levels.iter().find(|level| !order.contains(level)) {
        return refuse(
            false,
            format!("the order of `{name}` lacks \"{missing}\", which rows have"),
            format!(
                "its levels are {}; `...` at the end stands for all others",
                shown.join(", ")
            ),
        );
    }
    let place = |level: &String| order.iter().position(|l| l == level).unwrap_or_default() as u32;
    Ok((levels.iter().map(place).collect(), order))
}

/// Codes of labels in the order of first appearance: a label given twice merges two levels.
fn merge<'a>(labels: impl Iterator<Item = &'a String>) -> (Vec<u32>, Vec<String>) {
    let mut distinct: Vec<String> = Vec::new();
    let codes = labels
        .map(|label| {
            let known = distinct.iter().position(|known| known == label);
            known.unwrap_or_else(|| {
                distinct.push(label.clone());
                distinct.len() - 1
            }) as u32
        })
        .collect();
    (codes, distinct)
}

impl Levels {
    /// Number of levels.
    pub(crate) fn len(&self) -> usize {
        match self {
            Levels::Words(levels) => levels.len(),
            Levels::Numbers(levels) => levels.len(),
            Levels::Integers(levels) => levels.len(),
            Levels::Pairs(levels) => levels.len(),
        }
    }

    /// The levels that a coder has met in used rows, sorted, and the sorted place of each of its
    /// codes ([`NONE`] for a level that no used row has). `counts` has the used rows of each code;
    /// `places` those of the halves of pairs.
    pub(crate) fn sorted(
        coder: &Coder,
        counts: &[usize],
        source: &Levelling,
        places: impl Fn(usize) -> Vec<u32>,
    ) -> (Levels, Vec<u32>) {
        let used: Vec<u32> = (0..coder.len() as u32)
            .filter(|&code| counts[code as usize] > 0)
            .collect();
        match coder {
            Coder::Words(table) => {
                let words = table.levels();
                let ordered = matches!(source, Levelling::Column { ordered: true, .. });
                let order = if ordered {
                    used
                } else {
                    sort(used, |&a, &b| words[a as usize].cmp(&words[b as usize]))
                };
                let levels = order
                    .iter()
                    .map(|&code| words[code as usize].clone())
                    .collect();
                (Levels::Words(levels), inverse(&order, coder.len()))
            }
            Coder::Ids(table) => {
                let ids = table.levels();
                let number = |id: Id| match id {
                    Id::Integer(i) => i as f64,
                    Id::Fraction(x) => x,
                };
                let order = sort(used, |&a, &b| match (ids[a as usize], ids[b as usize]) {
                    (Id::Integer(a), Id::Integer(b)) => a.cmp(&b),
                    (a, b) => number(a).total_cmp(&number(b)),
                });
                let exact = |&code: &u32| match ids[code as usize] {
                    Id::Integer(i) => Some(i),
                    Id::Fraction(_) => None,
                };
                let levels = match order.iter().map(exact).collect::<Option<Vec<i64>>>() {
                    Some(integers) => Levels::Integers(integers),
                    None => Levels::Numbers(
                        order
                            .iter()
                            .map(|&code| number(ids[code as usize]))
                            .collect(),
                    ),
                };
                (levels, inverse(&order, coder.len()))
            }
            Coder::Pairs(table) => {
                let Levelling::Pair { left, right, style } = source else {
                    unreachable!("pairs come from a pair of categories")
                };
                let (left, right) = (places(*left), places(*right));
                let pair = |code: u32| {
                    let [l, r] = table.levels()[code as usize];
                    [left[l as usize], right[r as usize]]
                };
                let key = |code: u32| match (style, pair(code)) {
                    (PairStyle::Colon, pair) => pair,
                    (PairStyle::Dot, [l, r]) => [r, l],
                };
                let order = sort(used, |&a, &b| key(a).cmp(&key(b)));
                let levels = order.iter().map(|&code| pair(code)).collect();
                (Levels::Pairs(levels), inverse(&order, coder.len()))
            }
        }
    }
}

impl Category {
    /// A coder that learns the levels of this category; none for one that recodes another.
    pub(crate) fn learner(&self, text: bool) -> Option<Coder> {
        match self.source {
            Levelling::Column { .. } if text => Some(Coder::Words(Default::default())),
            Levelling::Column { .. } | Levelling::Computed(_) => {
                Some(Coder::Ids(Default::default()))
            }
            Levelling::Pair { .. } => Some(Coder::Pairs(Default::default())),
            Levelling::Recoded { .. } => None,
        }
    }

    /// Number of levels of the fit.
    pub(crate) fn len(&self) -> usize {
        match &self.source {
            Levelling::Recoded { labels, .. } => labels.len(),
            _ => self.levels.len() - self.later,
        }
    }
}

/// The label of a level, written when it is asked for: a million pairs stay pairs of codes.
pub(crate) fn level_label(categories: &[Category], category: usize, level: usize) -> String {
    let this = &categories[category];
    if let Levelling::Recoded { labels, .. } = &this.source {
        return labels[level].clone();
    }
    match &this.levels {
        Levels::Words(words) => words[level].clone(),
        Levels::Integers(integers) => match (&this.source, integers[level]) {
            (Levelling::Column { logical: true, .. }, 0) => "FALSE".into(),
            (Levelling::Column { logical: true, .. }, 1) => "TRUE".into(),
            (_, integer) => integer.to_string(),
        },
        Levels::Numbers(numbers) => label::number(numbers[level]),
        Levels::Pairs(pairs) => {
            let Levelling::Pair { left, right, style } = this.source else {
                unreachable!("pairs come from a pair of categories")
            };
            let [l, r] = pairs[level];
            let left = level_label(categories, left, l as usize);
            let right = level_label(categories, right, r as usize);
            match style {
                PairStyle::Colon => format!("{left}:{right}"),
                PairStyle::Dot => format!("{left}.{right}"),
            }
        }
    }
}

fn sort(mut codes: Vec<u32>, by: impl FnMut(&u32, &u32) -> std::cmp::Ordering) -> Vec<u32> {
    codes.sort_unstable_by(by);
    codes
}

/// The place of every code in an order that may leave some out.
fn inverse(order: &[u32], len: usize) -> Vec<u32> {
    let mut places = vec![NONE; len];
    for (place, &code) in order.iter().enumerate() {
        places[code as usize] = place as u32;
    }
    places
}
