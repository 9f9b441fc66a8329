//! Do numbers follow the distribution they should? Tests of goodness of fit, and the sizes of
//! departures, which tell more than the tests do: with many numbers every departure is
//! significant, with few none is.

mod bands;
mod binomial;
mod kolmogorov;
mod normality;

pub use bands::{order_statistic_band, simultaneous_level};
pub use binomial::binomial_test;
pub use kolmogorov::{kolmogorov_distance, kolmogorov_p};
pub use normality::{Shape, anderson_darling, normal_scores, shape, shapiro_wilk};

/// A test statistic with its p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// The probability of one at least as extreme if the numbers follow the distribution.
    pub p_value: f64,
}
