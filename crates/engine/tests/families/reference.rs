//! Log-densities against R 4.2.2: `dbinom`, `dpois`, `dnbinom`, `dgamma`, `dnorm`, `dbeta`, `dt`,
//! `plogis` and their like with `log = TRUE`; the inverse Gaussian by its formula, which R does not
//! have.

use ranef_engine::glmm::family::{
    Beta, Binomial, Density, Gamma, Gaussian, Hurdle, InverseGaussian, Link, NegativeBinomial1,
    NegativeBinomial2, Observation, Ordinal, Poisson, Student, Truncated, ZeroInflated,
};

fn check(density: &dyn Density, row: Observation, eta: f64, psi: &[f64], expected: f64) {
    let found = density.constant(&row) + density.log_density(&row, eta, psi);
    assert!(
        (found - expected).abs() <= 3e-13 * expected.abs().max(1.0),
        "{row:?} {eta} {psi:?}: {found} not {expected}"
    );
}

#[test]
fn counts_and_proportions() {
    let binomial = |link| Binomial { link };
    let of = Observation::of;
    check(
        &binomial(Link::Logit),
        of(3.0, 10.0),
        -0.7,
        &[],
        -1.3443687460725329,
    );
    check(
        &binomial(Link::Probit),
        of(0.0, 4.0),
        1.9,
        &[],
        -14.201125302168531,
    );
    check(
        &binomial(Link::Cloglog),
        of(7.0, 9.0),
        0.4,
        &[],
        -1.1840311222170636,
    );
    check(
        &binomial(Link::Cauchit),
        of(2.0, 5.0),
        -3.1,
        &[],
        -2.62994489749786,
    );
    check(
        &binomial(Link::Log),
        of(2.0, 5.0),
        -0.9,
        &[],
        -1.0629212357321212,
    );
    // A weight multiplies.
    let twice = of(3.0, 10.0).weighted(2.0);
    check(
        &binomial(Link::Logit),
        twice,
        -0.7,
        &[],
        2.0 * -1.3443687460725329,
    );
    let at = Observation::new;
    check(
        &Poisson { link: Link::Log },
        at(12.0),
        1.7,
        &[],
        -5.061161887389085,
    );
    check(
        &Poisson { link: Link::Sqrt },
        at(3.0),
        1.2,
        &[],
        -2.1378301284643273,
    );
    check(
        &Poisson { link: Link::Sqrt },
        at(3.0),
        -1.2,
        &[],
        -2.1378301284643273,
    );
    check(
        &Poisson {
            link: Link::Identity,
        },
        at(0.0),
        2.5,
        &[],
        -2.5,
    );
    let second = NegativeBinomial2 { link: Link::Log };
    check(&second, at(7.0), 1.1, &[0.8f64.ln()], -3.4525711057173387);
    // From mpmath: R has -3.8293273778, nine digits.
    check(
        &second,
        at(7.0),
        1.1,
        &[1e9f64.ln()],
        -3.829_327_380_528_503,
    );
    check(&second, at(300.0), 5.1, &[2.3f64.ln()], -6.758168957436727);
    let first = NegativeBinomial1 { link: Link::Log };
    check(&first, at(7.0), 1.1, &[1.7f64.ln()], -3.3293305860843674);
}

#[test]
fn numbers() {
    let at = |y: f64, weight: f64| Observation::new(y).weighted(weight);
    let psi = [0.4f64.ln()];
    check(
        &Gamma { link: Link::Log },
        at(2.2, 1.0),
        0.3,
        &psi,
        -1.6357702139905745,
    );
    check(
        &Gamma {
            link: Link::Inverse,
        },
        at(2.2, 3.0),
        0.8,
        &psi,
        -2.1711953751805653,
    );
    check(
        &InverseGaussian { link: Link::Log },
        at(2.2, 1.0),
        0.3,
        &psi,
        -1.8688474735500968,
    );
    let link = Link::InverseSquare;
    check(
        &InverseGaussian { link },
        at(0.3, 2.0),
        0.8,
        &psi,
        -2.7694577488324725,
    );
    check(
        &Gaussian { link: Link::Log },
        at(1.4, 2.0),
        0.3,
        &[0.7f64.ln()],
        -0.22082089526698845,
    );
    let beta = |link| Beta { link };
    check(
        &beta(Link::Logit),
        at(0.31, 1.0),
        0.6,
        &[9f64.ln()],
        -1.184830492092027,
    );
    check(
        &beta(Link::Logit),
        at(0.001, 1.0),
        -4.0,
        &[0.5f64.ln()],
        2.1221103107123582,
    );
    // R's has eleven digits here: the shapes are 57,926 and 42,074.
    let found = beta(Link::Probit).constant(&at(0.58, 1.0))
        + beta(Link::Probit).log_density(&at(0.58, 1.0), 0.2, &[1e5f64.ln()]);
    assert!((found - 5.431409947457289).abs() < 1e-9, "{found}");
    let student = Student {
        link: Link::Identity,
    };
    check(
        &student,
        at(1.4, 2.0),
        -2.0,
        &[0.7f64.ln(), 2.4f64.ln()],
        -6.227926514895018,
    );
    check(
        &student,
        at(1.4, 1.0),
        -2.0,
        &[0.7f64.ln(), (1e6 - 1.0f64).ln()],
        -12.358054860890377,
    );
}

#[test]
fn categories() {
    let ordinal = |link| Ordinal {
        link,
        categories: 3,
    };
    let at = Observation::new;
    let psi = [-1.0, 0.5];
    check(
        &ordinal(Link::Logit),
        at(0.0),
        0.4,
        &psi,
        -1.620417409918451,
    );
    check(
        &ordinal(Link::Logit),
        at(1.0),
        0.4,
        &psi,
        -1.117296528917476,
    );
    check(
        &ordinal(Link::Logit),
        at(2.0),
        0.4,
        &psi,
        -0.7443966600735709,
    );
    check(
        &ordinal(Link::Probit),
        at(1.0),
        0.4,
        &psi,
        -0.7785500089543413,
    );
    check(
        &ordinal(Link::Cloglog),
        at(1.0),
        0.4,
        &psi,
        -0.7978383476223001,
    );
    let out_of_order = ordinal(Link::Logit).log_density(&at(1.0), 0.4, &[0.5, -1.0]);
    assert_eq!(out_of_order, f64::NEG_INFINITY);
    let p = ordinal(Link::Logit).probabilities(0.4, &psi);
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-15);
}

#[test]
fn zeros() {
    let link = Link::Log;
    let poisson = Poisson { link };
    let second = NegativeBinomial2 { link };
    let at = Observation::new;
    let logit = Link::Logit.of(0.3);
    let k = 1.5f64.ln();
    check(
        &ZeroInflated(poisson),
        at(0.0),
        0.4,
        &[logit],
        -0.782036853931703,
    );
    check(
        &ZeroInflated(poisson),
        at(3.0),
        0.4,
        &[logit],
        -2.4402591108080576,
    );
    check(
        &ZeroInflated(second),
        at(0.0),
        0.4,
        &[k, logit],
        -0.6005634915433494,
    );
    check(
        &Hurdle(poisson),
        at(0.0),
        0.4,
        &[logit],
        -1.2039728043259361,
    );
    check(&Hurdle(poisson), at(3.0), 0.4, &[logit], -2.185416158609396);
    check(
        &Hurdle(second),
        at(3.0),
        0.4,
        &[k, logit],
        -2.2586831103113756,
    );
    check(&Truncated(poisson), at(3.0), -0.4, &[], -2.945571925274022);
}
