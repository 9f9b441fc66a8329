//! A second start, from within the groups.
//!
//! Where groups differ in a predictor, the response can rise with it between groups and fall
//! within them. The criterion may then have two minima: one where random effects are small and
//! the predictor accounts for the differences between groups, and one where random effects are
//! large and its coefficient is the one within groups. Least squares, whose residuals the ordinary
//! start is made of, lie beside the first. Breusch (1987, Journal of Econometrics 36:383-389)
//! iterates from both sides and keeps the better end, which for one variance between groups is the
//! global maximum. Here the second descent is made only where the sides contradict each other.
//!
//! Of 8,000 fits to groups of which the slopes between and within were drawn apart, 6 % had two
//! minima; the ordinary start alone ended in the worse one in most of these, both sides together
//! in none with random intercepts and in ten with random slopes, nine of them with fewer than 35
//! rows. One descent from far above instead of steps of expectation and maximisation crossed the
//! ridge and ended in the worse one too, in every fifth.

use super::boundary::term_block;
use super::criterion::Criterion;
use super::start::MIDDLE;
use crate::blocks::{sandwich, transpose};
use crate::coordinates::lower_factor;
use crate::optimize::symmetric_eigen;

/// The relative standard deviation, in standard units, at which differences between groups count
/// for nothing: of groups of n rows 1 / (1 + 10⁶n) of those within.
const WIDE: f64 = 1e3;
/// Standard errors between two coefficients that are no chance.
pub(crate) const CONTRADICTION: f64 = 3.0;
/// Steps of expectation and maximisation before the descent. One ends near the minimum where
/// random effects are large, and no step crosses a ridge.
const STEPS: usize = 4;

/// The fixed effects as they are within groups.
pub(super) struct Within {
    /// The θ of it, in standard units.
    theta: Vec<f64>,
    beta: Vec<f64>,
    errors: Vec<f64>,
}

impl Within {
    /// One evaluation of the criterion; `None` where there is nothing that could contradict.
    pub fn of(criterion: &mut Criterion) -> Option<Self> {
        let layout = criterion.layout();
        if layout.fixed == usize::from(layout.intercept.is_some()) || layout.terms.is_empty() {
            return None;
        }
        let unit = criterion.unit();
        let theta: Vec<f64> = (criterion.entries().iter())
            .map(|entry| match entry.is_diagonal() {
                true if layout.takes_means(entry) => WIDE * unit,
                true => MIDDLE * unit,
                false => 0.0,
            })
            .collect();
        if !criterion.at(&theta).is_finite() {
            return None;
        }
        let p = criterion.layout().fixed;
        let (covariance, variance) = (criterion.fixed_covariance(), criterion.sigma_squared());
        Some(Self {
            theta,
            beta: criterion.fixed_effects(),
            errors: (0..p)
                .map(|j| (covariance[j * p + j] * variance).sqrt())
                .collect(),
        })
    }

    /// Whether a fitted fixed effect, in standard units, is another than within groups.
    pub fn contradicts(&self, fitted: &[f64]) -> bool {
        (self.beta.iter().zip(fitted).zip(&self.errors))
            .any(|((within, fitted), error)| (within - fitted).abs() > CONTRADICTION * error)
    }

    /// Where to descend from on this side.
    pub fn start(&self, criterion: &mut Criterion) -> Vec<f64> {
        (0..STEPS).fold(self.theta.clone(), |theta, _| {
            expect_and_maximise(criterion, &theta)
        })
    }
}

/// A step of expectation and maximisation by ML (Dempster, Laird and Rubin 1977), for each term
/// Σ − ΣQΣ/levels = Λ(I − Λ'QΛ/levels)Λ'. By REML the first step would leave the mean of the
/// effects, which the intercept takes, at its large variance.
fn expect_and_maximise(criterion: &mut Criterion, theta: &[f64]) -> Vec<f64> {
    criterion.at(theta);
    let scores = criterion.scores_by_ml();
    let layout = criterion.layout();
    let lambda = layout.lambda(theta);
    let mut out = Vec::with_capacity(theta.len());
    for term in &layout.terms {
        let k = term.width;
        let levels = layout.factors[term.factor].levels as f64;
        let score = term_block(layout, term, &scores[term.factor]);
        let mut factor = term_block(layout, term, &lambda[term.factor]);
        let mut change = sandwich(&transpose(&factor, k), &score, k);
        for (at, x) in change.iter_mut().enumerate() {
            *x = f64::from(u8::from(at % (k + 1) == 0)) - *x / levels;
        }
        if let Some((values, vectors)) = symmetric_eigen(&change, k) {
            let old = factor.clone();
            for i in 0..k {
                for j in 0..k {
                    let along: f64 = (0..k).map(|a| old[i * k + a] * vectors[j * k + a]).sum();
                    factor[i * k + j] = along * values[j].max(0.0).sqrt();
                }
            }
            lower_factor(&mut factor, k);
        }
        for column in 0..k {
            out.extend((column..k).map(|row| factor[row * k + column]));
        }
    }
    out
}
