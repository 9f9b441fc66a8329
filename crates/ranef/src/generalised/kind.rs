//! What kind of response a family is of. Likelihoods compare within a kind only: a density of
//! measurements and a probability of counts are different things.

use crate::family::Family;

/// What a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    /// Numbers with a density.
    Measurements,
    /// Counts without an upper end.
    Counts,
    /// Successes among trials.
    Trials,
    /// Ordered categories.
    Categories,
}

impl Family {
    /// The kind of the response.
    pub(crate) fn response_kind(&self) -> ResponseKind {
        let name = self.name();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["beta-binomial", "betabinomial"]) || name == "binomial" {
            ResponseKind::Trials
        } else if has(&["poisson", "nbinom", "negative"]) {
            ResponseKind::Counts
        } else if has(&["ordinal", "cumulative"]) {
            ResponseKind::Categories
        } else {
            ResponseKind::Measurements
        }
    }
}

impl ResponseKind {
    /// The same in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Measurements => "measurements",
            Self::Counts => "counts",
            Self::Trials => "successes among trials",
            Self::Categories => "ordered categories",
        }
    }
}
