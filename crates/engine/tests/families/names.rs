//! Families by name, what they expect of a response, and links there and back.

use ranef_engine::glmm::family::{
    Counts, Family, Fault, Likelihood, Link, NameError, Observation, Scale,
};

fn parse(text: &str) -> Likelihood {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn canonical_names_are_read_back() {
    for family in Family::all() {
        assert_eq!(family.to_string().parse(), Ok(family));
        for &link in family.links() {
            let likelihood = family.with(link).expect("an allowed link");
            assert_eq!(likelihood.to_string().parse(), Ok(likelihood));
            let labels: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
            let density = likelihood.density(labels.len());
            assert_eq!(
                density.nuisance(),
                likelihood.parameters(&labels).len(),
                "{likelihood}"
            );
            let rows: Vec<Observation> = [1.0, 2.0, 1.0]
                .map(|y| Observation::of(if family == Family::Beta { 0.3 * y } else { y }, 4.0))
                .to_vec();
            let start = density.start_nuisance(&rows);
            assert_eq!(start.len(), density.nuisance(), "{likelihood}");
            for row in &rows {
                let at = density.derivatives(row, density.start(row), &start);
                assert!(at.value.is_finite(), "{likelihood} {row:?} {start:?}");
            }
        }
        for link in Link::ALL {
            assert_eq!(
                family.with(link).is_ok(),
                family.links().contains(&link),
                "{family} {link}"
            );
        }
    }
}

#[test]
fn other_spellings() {
    let zip = Family::ZeroInflated(Counts::Poisson);
    let second = Counts::NegativeBinomial2;
    for (text, family, link) in [
        ("binomial", Family::Binomial, Link::Logit),
        (" Binomial : PROBIT ", Family::Binomial, Link::Probit),
        ("binomial(cloglog)", Family::Binomial, Link::Cloglog),
        (
            "binomial(link = \"cauchit\")",
            Family::Binomial,
            Link::Cauchit,
        ),
        ("Gamma", Family::Gamma, Link::Log),
        ("Gamma:inverse", Family::Gamma, Link::Inverse),
        (
            "inverse_gaussian:1/mu^2",
            Family::InverseGaussian,
            Link::InverseSquare,
        ),
        ("inverse.gaussian", Family::InverseGaussian, Link::Log),
        ("negative-binomial", Family::Counts(second), Link::Log),
        ("Negative_Binomial", Family::Counts(second), Link::Log),
        (
            "NBINOM1:sqrt",
            Family::Counts(Counts::NegativeBinomial1),
            Link::Sqrt,
        ),
        ("cumulative", Family::Ordinal, Link::Logit),
        ("ordinal:probit", Family::Ordinal, Link::Probit),
        ("student-t", Family::Student, Link::Identity),
        ("zip", zip, Link::Log),
        ("zero_inflated_poisson", zip, Link::Log),
        ("zinb", Family::ZeroInflated(second), Link::Log),
        (
            "hurdle-negative-binomial",
            Family::Hurdle(second),
            Link::Log,
        ),
        (
            "zero-truncated-poisson",
            Family::Truncated(Counts::Poisson),
            Link::Log,
        ),
    ] {
        let found = parse(text);
        assert_eq!((found.family(), found.link()), (family, link), "{text}");
    }
}

#[test]
fn wrong_names_say_what_there_is() {
    let error = "poison".parse::<Likelihood>().expect_err("no such family");
    assert!(matches!(error, NameError::Family { .. }) && error.code() == "unknown_family");
    assert!(error.to_string().contains("poisson, nbinom2"), "{error}");
    let error = "poisson:logg".parse::<Likelihood>().expect_err("no link");
    assert_eq!(error.code(), "unknown_link");
    assert!(
        error.to_string().ends_with("log, sqrt, identity"),
        "{error}"
    );
    let error = "gamma:logit".parse::<Likelihood>().expect_err("not so");
    assert_eq!(
        error.to_string(),
        "gamma does not go with the logit link; it allows log, inverse, identity"
    );
}

#[test]
fn responses_are_checked() {
    let poisson = Family::Counts(Counts::Poisson);
    let truncated = Family::Truncated(Counts::Poisson);
    for (family, y, trials, expected) in [
        (poisson, 3.0, 1.0, Ok(())),
        (poisson, -1.0, 1.0, Err(Fault::Negative)),
        (poisson, 0.5, 1.0, Err(Fault::NotWhole)),
        (poisson, f64::INFINITY, 1.0, Err(Fault::NotFinite)),
        (truncated, 0.0, 1.0, Err(Fault::Zero)),
        (truncated, 1.0, 1.0, Ok(())),
        (Family::Binomial, 3.0, 3.0, Ok(())),
        (Family::Binomial, 2.0001, 7.0, Ok(())),
        (Family::Binomial, 2.3, 7.0, Err(Fault::NotWhole)),
        (Family::Binomial, 4.0, 3.0, Err(Fault::AboveTrials)),
        (Family::Binomial, 0.0, 0.0, Err(Fault::NoTrials)),
        (Family::Gamma, 0.0, 1.0, Err(Fault::NotPositive)),
        (Family::Beta, 1.0, 1.0, Err(Fault::AtTheEnd)),
        (Family::Beta, 37.0, 1.0, Err(Fault::OutsideUnit)),
        (Family::Beta, 0.2, 1.0, Ok(())),
        (Family::Ordinal, 2.0, 3.0, Ok(())),
        (Family::Ordinal, 3.0, 3.0, Err(Fault::NotACategory)),
        (Family::Gaussian, -3.7, 1.0, Ok(())),
    ] {
        assert_eq!(family.check(y, trials), expected, "{family} {y} {trials}");
    }
}

#[test]
fn scales_and_their_slopes() {
    for scale in [Scale::Same, Scale::Exp, Scale::OnePlusExp, Scale::Logistic] {
        for psi in [-2.0, 0.3, 1.5] {
            let difference = (scale.of(psi + 1e-5) - scale.of(psi - 1e-5)) / 2e-5;
            assert!((scale.slope(psi) - difference).abs() < 1e-8 * (1.0 + difference));
        }
    }
    let names: Vec<String> = parse("ordinal")
        .parameters(&["low", "mid", "high"].map(String::from))
        .into_iter()
        .map(|parameter| parameter.name)
        .collect();
    assert_eq!(names, ["low|mid", "mid|high"]);
}

#[test]
fn links_there_and_back() {
    for link in Link::ALL {
        let means: &[f64] = match link {
            Link::Logit | Link::Probit | Link::Cloglog | Link::Cauchit => {
                &[1e-12, 0.02, 0.4, 0.5, 0.93]
            }
            _ => &[1e-9, 0.2, 1.0, 55.0],
        };
        for &mean in means {
            let eta = link.of(mean);
            let at = link.value(eta);
            assert!((at.mean - mean).abs() <= 1e-13 * mean, "{link} {mean}");
            let ln_mean = link.ln_mean(eta);
            assert!((ln_mean.value.exp() - mean).abs() <= 1e-13 * mean);
            // (log μ)' = μ'/μ and so on.
            let (a, b, c) = (at.first / mean, at.second / mean, at.third / mean);
            let close = |x: f64, y: f64, size: f64| (x - y).abs() <= 1e-11 * (1.0 + size);
            assert!(close(ln_mean.first, a, a.abs()), "{link} {mean}");
            assert!(close(ln_mean.second, b - a * a, b.abs() + a * a), "{link}");
            let third = c - 3.0 * a * b + 2.0 * a * a * a;
            assert!(close(ln_mean.third, third, c.abs() + a.abs().powi(3)));
        }
    }
}
