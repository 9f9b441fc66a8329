//! Random numbers against the distribution they are from.

use ranef_engine::distributions::ChiSquared;
use ranef_engine::glmm::family::Observation;
use ranef_engine::random::Stream;

use crate::cases;
use crate::moments::distribution;

/// Pearson's chi-square over cells of at least ten expected draws, for each family and linear
/// predictor, with its mean as a second test.
#[test]
fn draws_follow_the_distribution() {
    const DRAWS: usize = 4000;
    let mut tests = 0;
    for (part, case) in cases::all().iter().enumerate() {
        for psi in &case.psi {
            for &eta in &case.eta {
                let row = Observation {
                    weight: 1.0,
                    ..case.row
                };
                let mut stream = Stream::new(20_240_607, part as u32, eta.to_bits() as u32);
                let mut draws: Vec<f64> = (0..DRAWS)
                    .map(|_| case.density.simulate(&row, eta, psi, &mut stream))
                    .collect();
                draws.sort_by(f64::total_cmp);
                let (mut statistic, mut cells) = (0.0, 0);
                let (mut expected, mut drawn, mut next) = (0.0, 0, 0);
                let values = distribution(case, eta, psi);
                let mut left = DRAWS as f64;
                for mass in &values {
                    expected += mass.p * DRAWS as f64;
                    while next < DRAWS && draws[next] <= mass.edge {
                        next += 1;
                        drawn += 1;
                    }
                    if expected >= 10.0 && left - expected >= 10.0 {
                        left -= expected;
                        statistic += (f64::from(drawn) - expected).powi(2) / expected;
                        cells += 1;
                        (expected, drawn) = (0.0, 0);
                    }
                }
                if cells == 0 {
                    // Almost all at one value.
                    continue;
                }
                let rest = (DRAWS - next) as f64 + f64::from(drawn);
                statistic += (rest - left).powi(2) / left;
                let p = ChiSquared::new(f64::from(cells)).upper_tail(statistic);
                assert!(
                    p > 1e-5,
                    "{} eta {eta} psi {psi:?}: chi-square {statistic} of {cells}, p {p}",
                    case.name
                );
                tests += 1;
            }
        }
    }
    assert!(tests > 50, "{tests}");
}

/// Large numbers, where splitting is at work.
#[test]
fn large_counts_have_their_mean_and_variance() {
    use ranef_engine::glmm::family::{Binomial, Density, Link, Poisson};
    const DRAWS: u32 = 20_000;
    let check = |name: &str, density: &dyn Density, row: Observation, eta: f64, sd: f64| {
        let mean = density.mean(eta, &[]) * row.trials;
        let mut stream = Stream::new(11, 0, 0);
        let (mut first, mut second, mut third) = (0.0, 0.0, 0.0);
        for _ in 0..DRAWS {
            let y = density.simulate(&row, eta, &[], &mut stream);
            assert_eq!(y, y.round());
            let z = (y - mean) / sd;
            first += z / f64::from(DRAWS);
            second += z * z / f64::from(DRAWS);
            third += z * z * z / f64::from(DRAWS);
        }
        let error = 1.0 / f64::from(DRAWS).sqrt();
        assert!(first.abs() < 4.0 * error, "{name} mean {first}");
        assert!((second - 1.0).abs() < 4.0 * 1.42 * error, "{name} {second}");
        assert!(third.abs() < 4.0 * 3.9 * error + 1.0 / sd, "{name} {third}");
    };
    let poisson = Poisson { link: Link::Log };
    for mean in [50.0, 1000.0, 1e6, 1e12] {
        let eta = f64::ln(mean);
        check("poisson", &poisson, Observation::new(0.0), eta, mean.sqrt());
    }
    let binomial = Binomial { link: Link::Logit };
    for (n, eta) in [(100.0, 0.3), (1e4, -2.0), (1e9, 1.0), (1e6, -8.0)] {
        let p = binomial.mean(eta, &[]);
        let sd = (n * p * (1.0 - p)).sqrt();
        check("binomial", &binomial, Observation::of(0.0, n), eta, sd);
    }
}
