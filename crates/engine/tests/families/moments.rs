//! Densities sum to 1, and moments and information are what the sums say.

use ranef_engine::glmm::family::Observation;

use crate::cases::{self, Case, Support};

/// Values with their probability (or density times quadrature weight), weight 1.
pub fn distribution(case: &Case, eta: f64, psi: &[f64]) -> Vec<(f64, f64)> {
    let row = Observation {
        weight: 1.0,
        ..case.row
    };
    let probability = |y: f64| {
        let row = Observation { y, ..row };
        (case.density.constant(&row) + case.density.log_density(&row, eta, psi)).exp()
    };
    match case.support {
        Support::UpTo(n) => (0..=n)
            .map(f64::from)
            .map(|y| (y, probability(y)))
            .collect(),
        Support::Counts => {
            let mut values = Vec::new();
            let mut y = 0.0;
            let mut sum = 0.0;
            while y < 4e5 {
                let p = probability(y);
                sum += p;
                values.push((y, p));
                y += 1.0;
                if sum > 0.5 && p < 1e-19 {
                    break;
                }
            }
            values
        }
    }
}

#[test]
fn densities_sum_to_one_and_have_their_moments() {
    for case in cases::all() {
        for psi in &case.psi {
            for &eta in &case.eta {
                let name = format!("{} eta {eta} psi {psi:?}", case.name);
                let values = distribution(&case, eta, psi);
                let expect =
                    |f: &dyn Fn(f64) -> f64| values.iter().map(|&(y, p)| p * f(y)).sum::<f64>();
                let close = |what: &str, found: f64, expected: f64| {
                    assert!(
                        (found - expected).abs() <= 1e-9 * (1e-6 + expected.abs()),
                        "{name} {what}: {found} not {expected}"
                    );
                };
                close("sum", expect(&|_| 1.0), 1.0);
                let trials = case.row.trials;
                let mean = expect(&|y| y / trials);
                let row = Observation {
                    weight: 1.0,
                    ..case.row
                };
                close("mean", case.density.mean(eta, psi), mean);
                let variance = expect(&|y| (y / trials - mean).powi(2));
                let stated = case.density.variance(&row, eta, psi);
                if stated.is_finite() {
                    close("variance", stated, variance);
                }
                let score = expect(&|y| {
                    let row = Observation { y, ..row };
                    case.density.derivatives(&row, eta, psi).first
                });
                let information = expect(&|y| {
                    let row = Observation { y, ..row };
                    -case.density.derivatives(&row, eta, psi).second
                });
                assert!(
                    score.abs() <= 1e-9 * (1.0 + information.abs().sqrt()),
                    "{name} score {score}"
                );
                let stated = case.density.information(&row, eta, psi);
                if case.exact_information {
                    assert!(
                        (stated - information).abs() <= 1e-8 * information.abs() + 1e-14,
                        "{name} information: {stated} not {information}"
                    );
                } else {
                    assert!(
                        stated > 0.0 && stated <= information * (1.0 + 1e-8) + 1e-12,
                        "{name} information: {stated} of {information}"
                    );
                }
                assert!(case.density.link_variance(eta, psi) > 0.0, "{name}");
            }
        }
    }
}

/// The deviance is zero where no linear predictor does better, and positive elsewhere.
#[test]
fn deviance_is_twice_the_lack_of_a_perfect_fit() {
    for case in cases::all() {
        for psi in &case.psi {
            for &y in &case.responses {
                let row = case.at(y);
                let saturated = case.density.saturated(&row, psi);
                let mut best = f64::NEG_INFINITY;
                for step in -30_000..=30_000 {
                    // To ±4000, denser about 0.
                    let eta = (f64::from(step) * 3e-4).sinh();
                    best = best.max(case.density.log_density(&row, eta, psi));
                }
                for &eta in &case.eta {
                    let deviance = case.density.deviance(&row, eta, psi);
                    let lack = 2.0 * (saturated - case.density.log_density(&row, eta, psi));
                    assert!(deviance >= 0.0 && (deviance - lack).abs() <= 1e-9 * (1.0 + lack));
                }
                // The grid comes close and never past it.
                let size = 1.0 + saturated.abs();
                assert!(
                    best <= saturated + 1e-9 * size && best >= saturated - 3e-3 * size,
                    "{} y {y} psi {psi:?}: {saturated}, on the grid {best}",
                    case.name
                );
                let start = case.density.start(&row);
                assert!(
                    case.density.log_density(&row, start, psi).is_finite(),
                    "{} y {y} starts at {start}",
                    case.name
                );
            }
        }
    }
}
