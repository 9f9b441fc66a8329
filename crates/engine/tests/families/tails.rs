//! Values and derivatives where means underflow, against mpmath.

use ranef_engine::glmm::family::{
    Binomial, Density, Derivatives, Link, NegativeBinomial1, NegativeBinomial2, Nuisance,
    Observation, Poisson, Truncated,
};

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

/// log μ (true) or log(1 − μ) and three derivatives, by mpmath 1.4 with 120 digits.
#[rustfmt::skip]
const TAILS: [(Link, f64, bool, [f64; 4]); 35] = [
    (Link::Logit, -40.0, true, [-40.0, 1.0, -4.248354255291589e-18, -4.248354255291589e-18]),
    (Link::Logit, -40.0, false, [-4.248354255291589e-18, -4.248354255291589e-18, -4.248354255291589e-18, -4.248354255291589e-18]),
    (Link::Logit, -3.0, true, [-3.048587351573742, 0.9525741268224333, -0.04517665973091213, -0.04089157466094348]),
    (Link::Logit, -3.0, false, [-0.04858735157374206, -0.04742587317756678, -0.04517665973091213, -0.04089157466094348]),
    (Link::Logit, 8.0, true, [-0.00033540637289576885, 0.0003353501304664781, -0.00033523767075647424, 0.0003350128267632233]),
    (Link::Logit, 8.0, false, [-8.000335406372896, -0.9996646498695335, -0.00033523767075647424, 0.0003350128267632233]),
    (Link::Logit, 40.0, true, [-4.248354255291589e-18, 4.248354255291589e-18, -4.248354255291589e-18, 4.248354255291589e-18]),
    (Link::Logit, 40.0, false, [-40.0, -1.0, -4.248354255291589e-18, 4.248354255291589e-18]),
    (Link::Probit, -40.0, true, [-804.6084420137538, 40.02496884720726, -0.9993773316214086, 3.101744039648625e-05]),
    (Link::Probit, -26.0, true, [-342.17850892992783, 26.03834857949547, -0.998533680431561, 0.0001118081709844396]),
    (Link::Probit, -24.0, true, [-292.0987210032078, 24.041523230735745, -0.998281716348631, 0.00014172572583958696]),
    (Link::Probit, -6.0, true, [-20.736768949974707, 6.158482604544599, -0.9760123632108332, 0.0069535374991643115]),
    (Link::Probit, -6.0, false, [-9.865876455243758e-10, -6.075882855817676e-09, -3.645529717182241e-08, -2.1265590061811303e-07]),
    (Link::Probit, 5.0, true, [-2.866516129637636e-07, 1.4867199409049056e-06, -7.433601914860711e-06, 3.568131173676705e-05]),
    (Link::Probit, 5.0, false, [-15.064998393988725, -5.186503967125842, -0.9673035653828878, -0.0108257645063567]),
    (Link::Probit, 9.0, true, [-1.1285884059538405e-19, 1.0279773571668915e-18, -9.251796214502023e-18, 8.223818857335131e-17]),
    (Link::Probit, 9.0, false, [-43.628149113332114, -9.108523105002869, -0.9884852093452828, -0.0023907474397987585]),
    (Link::Cloglog, -40.0, true, [-40.0, 1.0, -2.1241771276457944e-18, -2.1241771276457944e-18]),
    (Link::Cloglog, -40.0, false, [-4.248354255291589e-18, -4.248354255291589e-18, -4.248354255291589e-18, -4.248354255291589e-18]),
    (Link::Cloglog, -2.4, true, [-2.4450160940315144, 0.9553267415601177, -0.04398772829673154, -0.04261723204808204]),
    (Link::Cloglog, -2.4, false, [-0.09071795328941251, -0.09071795328941251, -0.09071795328941251, -0.09071795328941251]),
    (Link::Cloglog, -2.2, true, [-2.254890075679549, 0.9456213231871072, -0.05335619290292904, -0.05131247996880669]),
    (Link::Cloglog, -2.2, false, [-0.11080315836233386, -0.11080315836233386, -0.11080315836233386, -0.11080315836233386]),
    (Link::Cloglog, 1.5, true, [-0.011378779845083259, 0.05128739387195545, -0.18119715546028783, 0.4196042629415046]),
    (Link::Cloglog, 1.5, false, [-4.4816890703380645, -4.4816890703380645, -4.4816890703380645, -4.4816890703380645]),
    (Link::Cloglog, 4.0, true, [-1.9423376049564018e-24, 1.0604803997042767e-22, -5.68397875705586e-21, 2.988607194088584e-19]),
    (Link::Cloglog, 4.0, false, [-54.598150033144236, -54.598150033144236, -54.598150033144236, -54.598150033144236]),
    (Link::Cauchit, -1000000.0, true, [-14.960240443814008, 9.999999999993333e-07, 9.99999999998e-13, 1.999999999992e-18]),
    (Link::Cauchit, -1000000.0, false, [-3.1830993684428716e-07, -3.1830998750468826e-13, -6.36620076329988e-19, -1.9098605329512266e-24]),
    (Link::Cauchit, -40.0, true, [-4.833817616894664, 0.024989588972454065, 0.0006242194547281677, 3.117198068089807e-05]),
    (Link::Cauchit, -40.0, false, [-0.00798790847530824, -0.0002004139279598844, -1.0054603117155382e-05, -7.564944894464678e-07]),
    (Link::Cauchit, 0.5, true, [-0.4345073545177282, 0.39322784271620026, -0.4692104104601969, 0.36688279433109744]),
    (Link::Cauchit, 0.5, false, [-1.0429418980620317, -0.7225768202070803, 0.055944195065089, 0.7297663485050792]),
    (Link::Cauchit, 40.0, true, [-0.00798790847530824, 0.0002004139279598844, -1.0054603117155382e-05, 7.564944894464678e-07]),
    (Link::Cauchit, 40.0, false, [-4.833817616894664, -0.024989588972454065, 0.0006242194547281677, -3.117198068089807e-05]),
];

#[test]
fn tails_are_right() {
    for (link, eta, lower, expected) in TAILS {
        let at = if lower {
            link.ln_mean(eta)
        } else {
            link.ln_rest(eta)
        };
        let found = [at.value, at.first, at.second, at.third];
        for order in 0..4 {
            // The third derivative of the probit is what is left of numbers that cancel.
            let error = (found[order] - expected[order]).abs();
            let allowed = 1e-13 * expected[order].abs()
                + if order < 2 {
                    0.0
                } else {
                    3e-15 * (1.0 + eta.abs().powi(2))
                };
            assert!(
                error <= allowed,
                "{link} {eta} {lower} order {order}: {} not {}",
                found[order],
                expected[order]
            );
        }
    }
}

/// Other families stay finite too, for any nuisance parameters that an optimiser may try.
#[test]
fn no_nan_anywhere() {
    for case in crate::cases::all() {
        for psi in &case.psi {
            let mut tries = vec![psi.clone()];
            for shift in [-60.0, -12.0, 12.0, 60.0] {
                tries.push(psi.iter().map(|psi| psi + shift).collect());
            }
            for psi in tries {
                for &y in &case.responses {
                    let row = case.at(y);
                    for step in -35..=35 {
                        let eta = 20.0 * f64::from(step);
                        let name = format!("{} y {y} eta {eta} psi {psi:?}", case.name);
                        let at = case.density.derivatives(&row, eta, &psi);
                        assert!(!at.value.is_nan() && at.value < 1e4, "{name}: {at:?}");
                        if at.value == f64::NEG_INFINITY {
                            assert_eq!(at, Derivatives::OUTSIDE, "{name}");
                        }
                        for number in [at.first, at.second, at.third] {
                            assert!(number.is_finite(), "{name}: {at:?}");
                        }
                        let information = case.density.information(&row, eta, &psi);
                        assert!(
                            information >= 0.0 && information.is_finite(),
                            "{name}: {information}"
                        );
                        let mut out = vec![Nuisance::default(); psi.len()];
                        case.density.nuisance_derivatives(&row, eta, &psi, &mut out);
                        for k in &out {
                            assert!(
                                k.value.is_finite() && k.first.is_finite() && k.second.is_finite(),
                                "{name}: {out:?}"
                            );
                        }
                        assert!(case.density.deviance(&row, eta, &psi) >= 0.0, "{name}");
                    }
                }
            }
        }
    }
}

/// Negative binomials that have become Poisson are Poisson, and derivatives in the dispersion
/// vanish as they should, (y − (y − μ)²)/2k, where digits of gamma functions have long cancelled.
#[test]
fn negative_binomial_becomes_poisson() {
    let link = Link::Log;
    for y in [0.0, 3.0, 40.0] {
        let row = Observation::new(y);
        let eta: f64 = 1.3;
        let mean = eta.exp();
        let poisson = Poisson { link }.derivatives(&row, eta, &[]);
        for psi in [18.0, 25.0, 32.0] {
            let k = f64::exp(psi);
            let at = NegativeBinomial2 { link }.derivatives(&row, eta, &[psi]);
            assert!((at.value - poisson.value).abs() < 1e4 / k + 1e-13 * (1.0 + y));
            assert!((at.second - poisson.second).abs() < 1e4 / k + 1e-14 * (1.0 + y));
            let mut out = [Nuisance::default()];
            NegativeBinomial2 { link }.nuisance_derivatives(&row, eta, &[psi], &mut out);
            let expected = 0.5 * (y - (y - mean).powi(2)) / k;
            let error = (out[0].value - expected).abs();
            assert!(
                error < 1e5 / k / k + 1e-14 * (1.0 + y),
                "{y} {psi}: {error}"
            );
            let at = NegativeBinomial1 { link }.derivatives(&row, eta, &[-psi]);
            assert!((at.value - poisson.value).abs() < 1e4 / k + 1e-13 * (1.0 + y));
            assert!((at.third - poisson.third).abs() < 1e4 / k + 1e-13 * (1.0 + y));
        }
    }
}

/// Ones and nothing else are what a truncated count becomes.
#[test]
fn truncation_of_small_means() {
    let density = Truncated(Poisson { link: Link::Log });
    for eta in [-3.0, -12.0, -30.0, -300.0, -900.0] {
        let mean = f64::exp(eta);
        let one = density.derivatives(&Observation::new(1.0), eta, &[]);
        // log(μ/(e^μ − 1)) = −μ/2 − μ²/24 + …
        let expected = -0.5 * mean - mean * mean / 24.0;
        assert!((one.value - expected).abs() < 1e-12 * (1.0 + eta.abs()) + mean.powi(4));
        assert!((one.first + 0.5 * mean + mean * mean / 12.0).abs() < 1e-15 * 8.0 + mean.powi(4));
        assert!((one.second + 0.5 * mean).abs() < 1e-14 + mean * mean);
        assert!((one.third + 0.5 * mean).abs() < 1e-13 + mean * mean);
        assert!((density.mean(eta, &[]) - 1.0 - 0.5 * mean).abs() < 1e-14 + mean * mean);
        let information = density.information(&Observation::new(1.0), eta, &[]);
        assert!((information - 0.5 * mean).abs() <= mean * mean);
    }
    // A probability of zero that is nothing cuts nothing off.
    let all = Poisson { link: Link::Log };
    let row = Observation::new(900.0);
    let (cut, whole) = (
        density.derivatives(&row, 7.0, &[]),
        all.derivatives(&row, 7.0, &[]),
    );
    assert_eq!(cut, whole);
}
