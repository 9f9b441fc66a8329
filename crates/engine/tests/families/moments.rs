//! Densities sum to 1, and moments and information are what the sums say.

use ranef_engine::glmm::family::Observation;

use crate::cases::{self, Case, Support};

/// A value, its probability, and up to where that probability reaches.
#[derive(Clone, Copy)]
pub struct Mass {
    pub y: f64,
    pub p: f64,
    pub edge: f64,
}

/// All values of a response with their probabilities, at weight 1. Densities are cut into cells on
/// a scale on which the trapezoidal rule converges exponentially.
pub fn distribution(case: &Case, eta: f64, psi: &[f64]) -> Vec<Mass> {
    let row = Observation {
        weight: 1.0,
        ..case.row
    };
    let probability = |y: f64| {
        let row = Observation { y, ..row };
        (case.density.constant(&row) + case.density.log_density(&row, eta, psi)).exp()
    };
    let whole = |y: f64| Mass {
        y,
        p: probability(y),
        edge: y,
    };
    // y and dy/dt at t.
    let cells = |from: f64, to: f64, n: u32, at: &dyn Fn(f64) -> (f64, f64)| -> Vec<Mass> {
        let step = (to - from) / f64::from(n);
        (0..=n)
            .map(|i| {
                let t = from + step * f64::from(i);
                let (y, slope) = at(t);
                Mass {
                    y,
                    p: probability(y) * slope * step,
                    edge: at(t + 0.5 * step).0,
                }
            })
            .filter(|mass| mass.p.is_finite())
            .collect()
    };
    match case.support {
        Support::UpTo(n) => (0..=n).map(f64::from).map(whole).collect(),
        Support::Counts | Support::PositiveCounts => {
            let mut values = Vec::new();
            let mut y = if case.support == Support::Counts {
                0.0
            } else {
                1.0
            };
            let mut sum = 0.0;
            while y < 4e5 {
                let mass = whole(y);
                sum += mass.p;
                values.push(mass);
                y += 1.0;
                if sum > 0.5 && y > eta.min(7.0).exp() && mass.p < 1e-19 {
                    break;
                }
            }
            values
        }
        Support::Positive => {
            let centre = case.density.mean(eta, psi).ln();
            cells(centre - 90.0, centre + 12.0, 10_000, &|t| {
                (t.exp(), t.exp())
            })
        }
        Support::Unit => {
            let logistic = |t: f64| 1.0 / (1.0 + (-t).exp());
            let slope = |t: f64| logistic(t) * logistic(-t);
            // Where 1 − y has digits left.
            cells(-300.0, 34.0, 20_000, &|t| (logistic(t), slope(t)))
        }
        Support::Real => {
            let centre = case.density.mean(eta, psi);
            let scale = psi[0].exp();
            cells(-40.0, 40.0, 8_000, &|t| {
                (centre + scale * t.sinh(), scale * t.cosh())
            })
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
                let expect = |f: &dyn Fn(f64) -> f64| {
                    values.iter().map(|mass| mass.p * f(mass.y)).sum::<f64>()
                };
                let close = |what: &str, found: f64, expected: f64| {
                    assert!(
                        (found - expected).abs() <= 1e-9 * (1e-5 + expected.abs()),
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
                let best = supremum(|eta| case.density.log_density(&row, eta, psi));
                for &eta in &case.eta {
                    let deviance = case.density.deviance(&row, eta, psi);
                    let lack = 2.0 * (saturated - case.density.log_density(&row, eta, psi));
                    assert!(deviance >= 0.0 && (deviance - lack).abs() <= 1e-9 * (1.0 + lack));
                }
                if y < 0.0 && case.name.ends_with("log") {
                    // A mean of y, which only a Gaussian response has, cannot be had.
                    assert!(best < saturated);
                    continue;
                }
                let size = 1.0 + saturated.abs();
                assert!(
                    (best - saturated).abs() <= 1e-8 * size,
                    "{} y {y} psi {psi:?}: {saturated}, found {best}",
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

/// The largest value of a log-density that rises to one peak and falls, found without its
/// derivatives: the best of a grid in arsinh η, and golden sections between its neighbours. Where it
/// only rises the end of the grid, ±5·10¹², is as good as infinity.
fn supremum(log_density: impl Fn(f64) -> f64) -> f64 {
    let at = |t: f64| {
        let value = log_density(t.sinh());
        if value.is_nan() {
            f64::NEG_INFINITY
        } else {
            value
        }
    };
    let place = |step: i32| f64::from(step) * 5e-3;
    let (mut best, mut peak) = (f64::NEG_INFINITY, 0);
    for step in -6_000..=6_000 {
        let value = at(place(step));
        if value > best {
            (best, peak) = (value, step);
        }
    }
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (place(peak - 1), place(peak + 1));
    for _ in 0..100 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        let (left, right) = (at(a), at(b));
        best = best.max(left).max(right);
        if left < right {
            low = a;
        } else {
            high = b;
        }
    }
    best
}
