//! What kind of response a family is of. Likelihoods compare within a kind only: a density of
//! measurements and a probability of counts are different things.

use ranef_engine::glmm::family::Response;

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
        match self.distribution().response() {
            Response::Number | Response::Positive | Response::Unit => ResponseKind::Measurements,
            Response::Count | Response::PositiveCount => ResponseKind::Counts,
            Response::Successes => ResponseKind::Trials,
            Response::Category => ResponseKind::Categories,
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
