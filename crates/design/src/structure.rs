//! How grouping factors lie to each other: nested, crossed, or something between; and how large
//! their groups are.
//!
//! All of it comes out of the pass that codes the rows. For every level of A the first level of B
//! beside it is remembered; while no level of A has met a second level of B, A is nested in B, and
//! the set of pairs that occur is known exactly: each level of A with its one partner. Only when
//! the nesting fails in both directions does a set of pairs begin to grow, starting from that one,
//! so nested designs never pay for it.

use serde::{Deserialize, Serialize};

use crate::cells::CellSet;
use crate::coder::NONE;

/// The shape of the data as the grouping factors see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// One for each of [`crate::Recipe::factors`].
    pub factors: Vec<FactorShape>,
    /// One for each pair of factors.
    pub pairs: Vec<PairShape>,
}

/// Number and sizes of the groups of a factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactorShape {
    /// Name of the factor.
    pub name: String,
    /// Number of groups.
    pub levels: usize,
    /// Rows of the smallest group.
    pub smallest: usize,
    /// Rows of the largest group.
    pub largest: usize,
    /// Median number of rows.
    pub median: f64,
    /// Groups with one row only.
    pub singletons: usize,
}

/// How two grouping factors lie to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairShape {
    /// Position of the one in [`Structure::factors`].
    pub first: usize,
    /// Position of the other.
    pub second: usize,
    /// The relation.
    pub relation: Relation,
}

/// The relation of two grouping factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The levels of both correspond one to one.
    Same,
    /// Each level of the first lies within one level of the second.
    FirstInSecond,
    /// Each level of the second lies within one level of the first.
    SecondInFirst,
    /// Every level of the one occurs with every level of the other.
    Crossed,
    /// Some combinations occur.
    PartlyCrossed {
        /// Number of combinations that occur.
        cells: usize,
    },
}

impl FactorShape {
    /// The shape of a factor from the sizes of its groups.
    pub(crate) fn new(name: String, mut sizes: Vec<usize>) -> Self {
        let n = sizes.len();
        let mut at = |place: usize| *sizes.select_nth_unstable(place).1 as f64;
        let median = match n {
            0 => 0.0,
            n if n % 2 == 1 => at(n / 2),
            n => (at(n / 2 - 1) + at(n / 2)) / 2.0,
        };
        Self {
            name,
            levels: n,
            smallest: sizes.iter().copied().min().unwrap_or(0),
            largest: sizes.iter().copied().max().unwrap_or(0),
            median,
            singletons: sizes.iter().filter(|&&size| size == 1).count(),
        }
    }
}

/// Watches two factors row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct PairWatch {
    first: Side,
    second: Side,
    /// Pairs seen, once neither side is nested in the other.
    pairs: CellSet,
    both_broken: bool,
}

/// One factor and its partners in the other.
#[derive(Clone, Debug, Default)]
struct Side {
    /// First partner of each level; [`NONE`] before it has one.
    partner: Vec<u32>,
    /// Whether a level has met a second partner.
    broken: bool,
}

impl Side {
    #[inline]
    fn meet(&mut self, level: u32, partner: u32) {
        let level = level as usize;
        if level >= self.partner.len() {
            self.partner.resize(level + 1 + level / 2, NONE);
        }
        let known = &mut self.partner[level];
        if *known == NONE {
            *known = partner;
        } else if *known != partner {
            self.broken = true;
        }
    }
}

impl PairWatch {
    /// Adds rows.
    pub(crate) fn add(&mut self, first: &[u32], second: &[u32]) {
        for (&a, &b) in first.iter().zip(second) {
            if a == NONE || b == NONE {
                continue;
            }
            if !self.both_broken {
                let nested = (!self.first.broken, !self.second.broken);
                self.first.meet(a, b);
                self.second.meet(b, a);
                if self.first.broken && self.second.broken {
                    self.collect(nested);
                }
            }
            if self.both_broken {
                self.pairs.insert(a, b);
            }
        }
    }

    /// Starts the table of pairs from the side that was nested until this row.
    fn collect(&mut self, (first_was_nested, _): (bool, bool)) {
        self.both_broken = true;
        let side = if first_was_nested {
            &self.first
        } else {
            &self.second
        };
        let seen: Vec<(u32, u32)> = side
            .partner
            .iter()
            .enumerate()
            .filter(|(_, partner)| **partner != NONE)
            .map(|(level, &partner)| (level as u32, partner))
            .collect();
        for (level, partner) in seen {
            if first_was_nested {
                self.pairs.insert(level, partner);
            } else {
                self.pairs.insert(partner, level);
            }
        }
    }

    /// The relation, given the numbers of levels.
    pub(crate) fn relation(&self, first_levels: usize, second_levels: usize) -> Relation {
        match (self.first.broken, self.second.broken) {
            (false, false) => Relation::Same,
            (false, true) => Relation::FirstInSecond,
            (true, false) => Relation::SecondInFirst,
            (true, true) if self.pairs.len() == first_levels * second_levels => Relation::Crossed,
            (true, true) => Relation::PartlyCrossed {
                cells: self.pairs.len(),
            },
        }
    }

    /// The pairs that occur when the factors are crossed, fully or partly.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = [u32; 2]> {
        self.pairs.iter()
    }
}
