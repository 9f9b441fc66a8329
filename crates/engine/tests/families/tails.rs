//! Values and derivatives where means underflow, against mpmath.

use ranef_engine::glmm::family::{Binomial, Density, Link, Observation, Poisson};

/// Finite numbers with |η| to 700, whatever the response.
#[test]
fn numbers_are_finite_far_out() {
    for link in [Link::Logit, Link::Probit, Link::Cloglog, Link::Cauchit] {
        let density = Binomial { link };
        for y in [0.0, 1.0, 3.0, 10.0] {
            let row = Observation::of(y, 10.0);
            for step in -70..=70 {
                let eta = 10.0 * f64::from(step);
                let at = density.derivatives(&row, eta, &[]);
                for number in [at.value, at.first, at.second, at.third] {
                    assert!(number.is_finite(), "{link} y {y} eta {eta}: {at:?}");
                }
                let information = density.information(&row, eta, &[]);
                assert!(information >= 0.0 && information.is_finite());
            }
        }
    }
    let density = Poisson { link: Link::Log };
    for y in [0.0, 5.0] {
        for eta in [-700.0, 700.0] {
            let at = density.derivatives(&Observation::new(y), eta, &[]);
            assert!(at.value.is_finite() && at.third.is_finite());
        }
        // Beyond that there is no number for the mean.
        let at = density.derivatives(&Observation::new(y), 1000.0, &[]);
        assert_eq!((at.value, at.first), (f64::NEG_INFINITY, 0.0));
    }
}
