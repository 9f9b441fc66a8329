//! Whole fits: values of lme4, exact zeros, certificates, random starts, false boundaries.

mod support;

use ranef_engine::Layout;
use ranef_engine::lmm::{self, Fit, FitError, Optimizer, Options};

use support::data::{DYESTUFF, DYESTUFF2, batches, sleepstudy};
use support::{Model, Rng, assert_close, maximal, relative};

/// What lme4 1.1-31 and lmerTest 3.1-3 say, at the better of two optimisers.
struct Expected {
    criterion: f64,
    theta: &'static [f64],
    beta: &'static [f64],
    sigma: f64,
    vcov: &'static [f64],
    /// Satterthwaite's degrees of freedom of each fixed effect.
    df: &'static [f64],
}

fn agrees(mut fit: Fit, expected: &Expected) {
    assert!(fit.certificate.converged, "{:?}", fit.certificate);
    assert!(
        fit.value < expected.criterion + 1e-6 && fit.value > expected.criterion - 1e-5,
        "criterion {} against {}",
        fit.value,
        expected.criterion
    );
    assert_close("theta", &fit.theta, expected.theta, 1e-4);
    assert_close("sigma", &[fit.sigma], &[expected.sigma], 2e-5);
    let p = expected.beta.len();
    for j in 0..p {
        let error = expected.vcov[j * p + j].sqrt();
        let gap = (fit.beta[j] - expected.beta[j]).abs() / error;
        assert!(gap < 1e-6, "beta {j}: {gap} standard errors");
    }
    assert_close("vcov", &fit.vcov, expected.vcov, 2e-4);
    let inference = fit.inference();
    for (j, df) in expected.df.iter().enumerate() {
        let mut contrast = vec![0.0; p];
        contrast[j] = 1.0;
        let ours = inference.satterthwaite(&contrast);
        assert!(relative(ours, *df, 0.0) < 2e-6, "df {j}: {ours} not {df}");
    }
}

#[test]
fn dyestuff() {
    let expected = Expected {
        criterion: 319.654276842257,
        theta: &[0.848323767332081],
        beta: &[1527.5],
        sigma: 49.5101000907292,
        vcov: &[375.716658578113],
        df: &[5.0],
    };
    agrees(batches(&DYESTUFF).fit(true).unwrap(), &expected);
}

#[test]
fn dyestuff2_has_no_variance_between_batches() {
    let fit = batches(&DYESTUFF2).fit(false).unwrap();
    assert_eq!(fit.theta, [0.0], "exactly zero");
    assert_eq!(fit.singular, [true]);
    let expected = Expected {
        criterion: 162.873036653826,
        theta: &[0.0],
        beta: &[5.6656],
        sigma: 3.65323135137465,
        vcov: &[0.444869976888889],
        df: &[30.0],
    };
    agrees(fit, &expected);
    let reml = batches(&DYESTUFF2).fit(true).unwrap();
    assert_eq!(reml.theta, [0.0]);
}

#[test]
fn sleepstudy_with_random_slopes() {
    let reml = Expected {
        criterion: 1743.62827195849,
        theta: &[0.966732893590541, 0.0151690675460488, 0.230909592018104],
        beta: &[251.405104848484, 10.4672859595964],
        sigma: 25.5918157386296,
        vcov: &[
            46.5745681671017,
            -1.45109528373815,
            -1.45109528373815,
            2.38946330137743,
        ],
        df: &[17.0, 17.0],
    };
    let ml = Expected {
        criterion: 1751.9393444632,
        theta: &[0.929225387595172, 0.0181656841314699, 0.222645424073262],
        beta: &[251.405104848484, 10.4672859595955],
        sigma: 25.5918158320228,
        vcov: &[
            43.987090526638,
            -1.37048011870663,
            -1.37048011870663,
            2.25671538095668,
        ],
        df: &[18.0, 18.0],
    };
    agrees(sleepstudy(true).fit(true).unwrap(), &reml);
    agrees(sleepstudy(true).fit(false).unwrap(), &ml);
}

#[test]
fn sleepstudy_with_uncorrelated_slopes() {
    let expected = Expected {
        criterion: 1743.66929358131,
        theta: &[0.979896351249747, 0.234230589924627],
        beta: &[251.405104848484, 10.4672859595964],
        sigma: 25.5652851528222,
        vcov: &[
            47.408478498955,
            -1.98055698468216,
            -1.98055698468216,
            2.43224609554133,
        ],
        df: &[18.1562020, 18.1562020],
    };
    agrees(sleepstudy(false).fit(true).unwrap(), &expected);
}

/// Conditional modes of the first subjects and their standard deviations, from lme4's
/// `ranef(fit, condVar = TRUE)`.
#[test]
fn sleepstudy_random_effects() {
    let mut fit = sleepstudy(true).fit(true).unwrap();
    let effects = fit.random_effects();
    assert_close(
        "308 and 309",
        &effects.modes[0][..4],
        &[
            2.2585661715957,
            9.1989717766115,
            -40.398579278586,
            -8.61970282628892,
        ],
        1e-5,
    );
    assert_close(
        "variance of 308",
        &effects.covariances[0][..4],
        &[
            145.7055875198,
            -21.44450359794,
            -21.4445035979,
            5.31228291226,
        ],
        1e-5,
    );
}

#[test]
fn maximal_models_need_few_evaluations() {
    for (singular, value) in [(false, Some(15125.644689028)), (true, None)] {
        let model = maximal(100, 50, 5, singular);
        let fit = model.fit(true).unwrap();
        assert!(fit.certificate.converged, "{:?}", fit.certificate);
        assert!(fit.evaluations <= 25, "{} evaluations", fit.evaluations);
        assert!(fit.certificate.smallest_score > -1e-5);
        assert_eq!(fit.singular.iter().any(|&s| s), singular);
        if let Some(value) = value {
            assert!((fit.value - value).abs() < 1e-6, "{}", fit.value);
        }
    }
}

/// Starts as far as e^±3 from the truth, diagonals log-uniform.
fn random_start(rng: &mut Rng, layout: &Layout) -> Vec<f64> {
    layout
        .entries()
        .iter()
        .map(|e| {
            if e.is_diagonal() {
                (5.0 * rng.uniform() - 3.0).exp()
            } else {
                0.5 * rng.normal()
            }
        })
        .collect()
}

/// A simulated model with one or two grouping factors; `missing` directions have no variance.
fn simulated(seed: u64, crossed: bool, width: usize, missing: usize) -> Model {
    let mut rng = Rng(seed);
    for _ in 0..20 {
        rng.uniform();
    }
    let rows = 240;
    let levels = if crossed { vec![20, 12] } else { vec![24] };
    let mut x = vec![vec![1.0; rows]];
    for _ in 1..width.max(2) {
        x.push((0..rows).map(|_| rng.normal()).collect());
    }
    let codes: Vec<Vec<u32>> = levels
        .iter()
        .map(|&j| (0..rows).map(|_| rng.below(j) as u32).collect())
        .collect();
    let mut y: Vec<f64> = (0..rows).map(|_| rng.normal()).collect();
    for (codes, &j) in codes.iter().zip(&levels) {
        for a in 0..width.saturating_sub(missing) {
            let b: Vec<f64> = (0..j).map(|_| 0.7 * rng.normal()).collect();
            for i in 0..rows {
                y[i] += b[codes[i] as usize] * x[a][i];
            }
        }
    }
    let terms: Vec<(usize, usize, Option<usize>)> =
        (0..levels.len()).map(|f| (f, width, Some(0))).collect();
    Model {
        layout: Layout::new(x.len(), Some(0), &levels, &terms),
        y,
        weights: None,
        codes,
        z: vec![x[..width].to_vec(); levels.len()],
        x,
    }
}

#[test]
fn no_start_ends_above_the_best() {
    let mut rng = Rng(77);
    for (seed, crossed, width, missing) in [
        (1, false, 1, 0),
        (2, false, 1, 1),
        (3, false, 2, 0),
        (4, false, 2, 1),
        (5, false, 3, 1),
        (6, true, 1, 0),
        (7, true, 2, 1),
        (8, true, 3, 2),
        (9, true, 2, 2),
    ] {
        let model = simulated(seed, crossed, width, missing);
        let statistics = model.statistics();
        let mut values = vec![model.fit(true).unwrap().value];
        for _ in 0..20 {
            let options = Options {
                start: Some(random_start(&mut rng, &model.layout)),
                ..Options::default()
            };
            let fit = lmm::fit(&statistics, &options).unwrap();
            assert!(
                fit.certificate.converged,
                "model {seed} from {:?}: {:?}",
                options.start, fit.certificate
            );
            values.push(fit.value);
        }
        let best = values.iter().copied().fold(f64::INFINITY, f64::min);
        let worst = values.iter().copied().fold(best, f64::max);
        assert!(worst - best < 1e-7, "model {seed}: {best} to {worst}");
    }
}

/// Where Λ = [0 0; b c] the slope in the first entry is zero whatever the data say, so bounded
/// optimisers stop there. Q has a negative eigenvalue, and the fit escapes.
#[test]
fn a_false_boundary_is_left() {
    for model in [
        sleepstudy(true),
        simulated(11, false, 2, 0),
        simulated(12, true, 2, 0),
    ] {
        let statistics = model.statistics();
        let best = model.fit(true).unwrap().value;
        // In the user's units: only the slopes vary.
        let mut start = Vec::new();
        for _ in &model.layout.terms {
            start.extend([0.0, 0.0, 0.1]);
        }
        let options = Options {
            start: Some(start),
            ..Options::default()
        };
        let fit = lmm::fit(&statistics, &options).unwrap();
        assert!(fit.certificate.converged);
        assert!(
            (fit.value - best).abs() < 1e-7,
            "{} above {best}",
            fit.value
        );
        // From nothing at all.
        let options = Options {
            start: Some(vec![0.0; model.layout.entries().len()]),
            ..Options::default()
        };
        let fit = lmm::fit(&statistics, &options).unwrap();
        assert!(
            (fit.value - best).abs() < 1e-7,
            "{} above {best}",
            fit.value
        );
    }
}

#[test]
fn other_optimisers_end_at_the_same_value() {
    for model in [batches(&DYESTUFF), sleepstudy(true), sleepstudy(false)] {
        let best = model.fit(true).unwrap().value;
        for (optimizer, tolerance) in [
            (Optimizer::Bfgs, 1e-7),
            (Optimizer::Bobyqa, 1e-6),
            (Optimizer::NelderMead, 1e-6),
        ] {
            let options = Options {
                optimizer,
                ..Options::default()
            };
            let fit = lmm::fit(&model.statistics(), &options).unwrap();
            assert!(
                (fit.value - best).abs() < tolerance,
                "{optimizer:?}: {} against {best}",
                fit.value
            );
            assert!(fit.certificate.smallest_score > -1e-5);
        }
    }
}

#[test]
fn no_random_effects_is_a_linear_model() {
    let days = sleepstudy(true);
    let model = Model {
        layout: Layout::new(2, Some(0), &[], &[]),
        codes: Vec::new(),
        z: Vec::new(),
        ..days
    };
    let fit = model.fit(true).unwrap();
    // lm(Reaction ~ Days) in R.
    assert_close(
        "beta",
        &fit.beta,
        &[251.405104848485, 10.467285959596],
        1e-12,
    );
    assert_close("sigma", &[fit.sigma], &[47.7147197437785], 1e-10);
    assert!(fit.certificate.converged);
    assert!(fit.theta.is_empty() && fit.singular.is_empty());
}

#[test]
fn an_exact_response_leaves_no_residual() {
    let mut model = sleepstudy(true);
    for (constant, slope) in [
        (3.0, 2.0),
        (1e9, 1e-3),
        (-0.1, 0.3),
        (0.0, 1e-30),
        (7.0, 0.0),
    ] {
        for i in 0..180 {
            model.y[i] = constant * model.x[0][i] + slope * model.x[1][i];
        }
        for reml in [true, false] {
            let error = model.fit(reml).err();
            assert_eq!(error, Some(FitError::NoResidual), "{constant} {slope}");
        }
    }
    // Every subject a line of its own: the likelihood has no bound.
    for i in 0..180 {
        let subject = f64::from(model.codes[0][i]);
        model.y[i] = (subject * 1.3).sin() + model.x[1][i] * (subject * 0.7).cos();
    }
    for reml in [true, false] {
        assert_eq!(model.fit(reml).err(), Some(FitError::NoResidual));
    }
}

/// Nearly exact, but honestly so: a ten-thousandth of the spread is residual.
#[test]
fn a_small_residual_is_a_residual() {
    let mut model = sleepstudy(true);
    let mut rng = Rng(3);
    for i in 0..180 {
        model.y[i] = 1e3 + 5.0 * model.x[1][i] + 1e-3 * rng.normal();
    }
    let fit = model.fit(true).unwrap();
    assert!(fit.certificate.converged);
    assert!((fit.sigma / 1e-3 - 1.0).abs() < 0.2, "{}", fit.sigma);
}

#[test]
fn too_few_rows() {
    let model = Model {
        layout: Layout::new(2, Some(0), &[2], &[(0, 1, Some(0))]),
        y: vec![1.0, 2.0],
        x: vec![vec![1.0; 2], vec![0.0, 1.0]],
        weights: None,
        codes: vec![vec![0, 1]],
        z: vec![vec![vec![1.0; 2]]],
    };
    assert_eq!(
        model.fit(true).err(),
        Some(FitError::TooFewRows { rows: 2, fixed: 2 })
    );
}

#[test]
fn collinear_columns_have_no_criterion() {
    let mut model = sleepstudy(true);
    model.layout.fixed = 3;
    model
        .x
        .push(model.x[1].iter().map(|d| 2.0 * d - 1.0).collect());
    assert_eq!(model.fit(true).err(), Some(FitError::NotDefined));
}
