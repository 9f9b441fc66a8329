//! Complete, no and partial pooling: values from R, the formulas of the books, and the definition
//! with Henderson's matrix inverted whole.

mod dense;

use dense::{Dense, Rng};
use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{Fit, Model, PooledCoefficient, lmer};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

fn of<'a>(rows: &'a [PooledCoefficient], level: &str, term: &str) -> &'a PooledCoefficient {
    rows.iter()
        .find(|r| r.level == level && r.term == term)
        .unwrap()
}

#[test]
fn no_pooling_is_lm_list() {
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let pooling = fit.pooling(None, 0.95).unwrap();
    // R 4.2.2, lme4::lmList(Reaction ~ Days | Subject, sleepstudy), standard errors pooled.
    let rows = &pooling.groups;
    assert_eq!(rows.len(), 36);
    near(
        of(rows, "308", "(Intercept)").no_pooling.unwrap(),
        244.1927,
        5e-5,
    );
    near(of(rows, "308", "Days").no_pooling.unwrap(), 21.764702, 5e-7);
    near(of(rows, "309", "Days").no_pooling.unwrap(), 2.261785, 5e-7);
    let se = of(rows, "308", "Days").no_pooling_std_error.unwrap();
    near(se, 2.817566, 5e-7);
    near(pooling.sigma.no_pooling.unwrap(), 25.59182, 5e-6);
    // R: lm(Reaction ~ Days, sleepstudy); coef(fm1).
    let row = of(rows, "308", "Days");
    near(row.complete_pooling.unwrap(), 10.46728596, 1e-7);
    near(row.partial_pooling.unwrap(), 19.6662617, 1e-3);
    let days = &pooling.fixed[1];
    near(days.complete_pooling_std_error.unwrap(), 1.238195, 1e-6);
    near(days.partial_pooling_std_error, 1.545790, 1e-3);
    near(days.std_error_ratio.unwrap(), 1.545790 / 1.238195, 1e-3);
    // Balanced: the mean of the subjects' slopes is the slope of all.
    near(days.no_pooling.unwrap(), 10.46728596, 1e-7);
    near(
        days.no_pooling_std_error.unwrap(),
        2.817566 / 18f64.sqrt(),
        1e-6,
    );
}

#[test]
fn pooling_factors_of_gelman_and_pardoe() {
    let model = "Reaction ~ Days * grp + (Days | Subject)";
    let fit = lmer(model, &*data("sleep_unbal")).unwrap();
    let pooling = fit.pooling(None, 0.95).unwrap();
    // The plug-in formula with lme4's ranef(condVar = TRUE), in R.
    near(pooling.terms[0].pooling_factor, 0.2567383, 1e-5);
    near(pooling.terms[1].pooling_factor, 0.1904436, 1e-5);
    // The slope of a subject of group B has the interaction in it.
    let row = of(&pooling.groups, "335", "Days");
    let effects = fit.random_effects();
    let mode = effects.modes[0][2 * 8 + 1];
    assert_eq!(fit.recipe().level(0, 8), "335");
    near(
        row.partial_pooling.unwrap(),
        fit.fixef()[1] + fit.fixef()[3] + mode,
        1e-9,
    );
    // Both subjects with five rows weigh less.
    assert!(of(&pooling.groups, "308", "Days").weight < row.weight);
    assert_eq!(of(&pooling.groups, "309", "Days").sign_changed, Some(true));
    assert!(pooling.fixed[2].no_pooling.is_none() && pooling.fixed[3].no_pooling.is_none());
}

/// Unbalanced groups, a predictor of rows and one of groups.
struct Random {
    rng: Rng,
    group: Vec<usize>,
    x: Vec<f64>,
    u: Vec<f64>,
    y: Vec<f64>,
}

impl Random {
    fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let (mut group, mut x, mut u, mut y) = (vec![], vec![], vec![], vec![]);
        for g in 0..9 {
            let predictor = rng.normal();
            let (b0, b1) = (2.0 * rng.normal(), rng.normal());
            for _ in 0..3 + (rng.uniform() * 8.0) as usize {
                let value = 5.0 + rng.normal();
                group.push(g);
                x.push(value);
                u.push(predictor);
                y.push(1.0 + value + predictor + b0 + b1 * value + rng.normal());
            }
        }
        Self {
            rng,
            group,
            x,
            u,
            y,
        }
    }

    fn source(&self, more: &[(&str, &[f64])]) -> MemorySource {
        let mut table = Table::new()
            .number("y", self.y.clone())
            .number("x", self.x.clone())
            .number("u", self.u.clone())
            .text("g", self.group.iter().map(|g| format!("g{g}")));
        for (name, values) in more {
            table = table.number(name, values.to_vec());
        }
        table.source().unwrap()
    }
}

/// Henderson's equations of a fit, given X and the Z of all its random effects, inverted whole.
fn henderson(
    fit: &Fit,
    x: &[Vec<f64>],
    z: &[Vec<f64>],
    precision: &Dense,
    weights: &[f64],
) -> Dense {
    let (p, q) = (x.len(), z.len());
    let columns: Vec<&Vec<f64>> = x.iter().chain(z).collect();
    let sigma_squared = fit.sigma().powi(2);
    let mut out = Dense::zeros(p + q);
    for i in 0..p + q {
        for j in 0..p + q {
            let inner: f64 = (0..weights.len())
                .map(|r| weights[r] * columns[i][r] * columns[j][r])
                .sum();
            out.set(i, j, inner / sigma_squared);
        }
    }
    for i in 0..q {
        for j in 0..q {
            let sum = out.at(p + i, p + j) + precision.at(i, j);
            out.set(p + i, p + j, sum);
        }
    }
    out.inverse()
}

#[test]
fn partial_pooling_by_the_mixed_model_equations() {
    let mut checked = 0;
    for seed in 1..=24 {
        let mut random = Random::new(seed);
        let n = random.y.len();
        let weights: Vec<f64> = (0..n)
            .map(|_| {
                if seed % 2 == 0 {
                    1.0
                } else {
                    0.3 + random.rng.uniform()
                }
            })
            .collect();
        let source = random.source(&[("w", &weights)]);
        let model = Model::new("y ~ x * u + (x | g)")
            .weights("w")
            .reml(seed % 3 > 0);
        let fit = model.fit(&source).unwrap();
        // The equations want the inverse of the covariance.
        if fit.singular() {
            continue;
        }
        checked += 1;
        let pooling = fit.pooling(Some("g"), 0.95).unwrap();
        let fixed: Vec<Vec<f64>> = vec![
            vec![1.0; n],
            random.x.clone(),
            random.u.clone(),
            (0..n).map(|i| random.x[i] * random.u[i]).collect(),
        ];
        let z: Vec<Vec<f64>> = (0..18)
            .map(|at| {
                let own = |i: usize| f64::from(u8::from(random.group[i] == at / 2));
                (0..n)
                    .map(|i| own(i) * if at % 2 == 0 { 1.0 } else { random.x[i] })
                    .collect()
            })
            .collect();
        let cov = &fit.varcorr()[0].cov;
        let det = cov[0][0] * cov[1][1] - cov[0][1] * cov[0][1];
        let mut precision = Dense::zeros(18);
        for g in 0..9 {
            precision.set(2 * g, 2 * g, cov[1][1] / det);
            precision.set(2 * g + 1, 2 * g + 1, cov[0][0] / det);
            precision.set(2 * g, 2 * g + 1, -cov[0][1] / det);
            precision.set(2 * g + 1, 2 * g, -cov[0][1] / det);
        }
        let c = henderson(&fit, &fixed, &z, &precision, &weights);
        let complete = Dense::least_squares(&fixed, &random.y, &weights);
        for g in 0..9 {
            let rows: Vec<usize> = (0..n).filter(|&i| random.group[i] == g).collect();
            let u = random.u[rows[0]];
            let pick = |v: &[f64]| -> Vec<f64> { rows.iter().map(|&i| v[i]).collect() };
            let own = Dense::least_squares(
                &[vec![1.0; rows.len()], pick(&random.x)],
                &pick(&random.y),
                &pick(&weights),
            );
            // Var(b|y) given β: the random part of the equations alone.
            let mut inner = Dense::zeros(2);
            for a in 0..2 {
                for b in 0..2 {
                    let sum: f64 = rows
                        .iter()
                        .map(|&i| weights[i] * z[2 * g + a][i] * z[2 * g + b][i])
                        .sum();
                    inner.set(
                        a,
                        b,
                        sum / fit.sigma().powi(2) + precision.at(2 * g + a, 2 * g + b),
                    );
                }
            }
            let post = inner.inverse();
            for (a, term) in ["(Intercept)", "x"].iter().enumerate() {
                let row = of(&pooling.groups, &format!("g{g}"), term);
                assert_eq!(row.n, rows.len());
                near(
                    row.no_pooling.unwrap(),
                    own.beta[a],
                    1e-6 * (1.0 + own.beta[a].abs()),
                );
                let line = [
                    if a == 0 { 1.0 } else { 0.0 },
                    a as f64,
                    if a == 0 { u } else { 0.0 },
                    a as f64 * u,
                ];
                let read =
                    |beta: &[f64]| -> f64 { line.iter().zip(beta).map(|(c, b)| c * b).sum() };
                near(row.complete_pooling.unwrap(), read(&complete.beta), 1e-7);
                let mode = fit.random_effects().modes[0][2 * g + a];
                near(row.partial_pooling.unwrap(), read(fit.fixef()) + mode, 1e-7);
                let mut asked = vec![0.0; 4 + 18];
                asked[..4].copy_from_slice(&line);
                asked[4 + 2 * g + a] = 1.0;
                let variance = c.quadratic(&asked);
                near(
                    row.partial_pooling_std_error.unwrap(),
                    variance.sqrt(),
                    1e-6,
                );
                near(row.weight, 1.0 - post.at(a, a) / cov[a][a], 1e-7);
            }
        }
    }
    assert!(checked > 6, "{checked}");
}

#[test]
fn a_random_intercept_follows_the_books() {
    let random = Random::new(77);
    let fit = lmer("y ~ x + (1 | g)", &random.source(&[])).unwrap();
    let (tau, sigma) = (fit.varcorr()[0].cov[0][0], fit.sigma().powi(2));
    let pooling = fit.pooling(None, 0.95).unwrap();
    near(pooling.equal_weight_n.unwrap(), sigma / tau, 1e-12);
    near(pooling.terms[0].half_weight_n.unwrap(), sigma / tau, 1e-9);
    for (g, row) in pooling.groups.iter().enumerate() {
        let rows: Vec<usize> = (0..random.y.len())
            .filter(|&i| random.group[i] == g)
            .collect();
        let n = rows.len() as f64;
        // Raudenbush and Bryk (2002, eq. 3.57): λ_j = τ²/(τ² + σ²/n_j); b̂_j = λ_j(ȳ_j − x̄_j'β̂).
        let lambda = tau / (tau + sigma / n);
        near(row.weight, lambda, 1e-10);
        let mean = |v: &[f64]| rows.iter().map(|&i| v[i]).sum::<f64>() / n;
        let gap = mean(&random.y) - fit.fixef()[0] - fit.fixef()[1] * mean(&random.x);
        near(
            row.partial_pooling.unwrap(),
            fit.fixef()[0] + lambda * gap,
            1e-9,
        );
    }
    let mean = pooling.groups.iter().map(|g| g.weight).sum::<f64>() / 9.0;
    near(pooling.terms[0].mean_weight, mean, 1e-12);
    // With x common, no pooling is least squares with a dummy for every group.
    let mut columns: Vec<Vec<f64>> = (0..9)
        .map(|g| {
            random
                .group
                .iter()
                .map(|&h| f64::from(u8::from(g == h)))
                .collect()
        })
        .collect();
    columns.push(random.x.clone());
    let dense = Dense::least_squares(&columns, &random.y, &vec![1.0; random.y.len()]);
    for (row, want) in pooling.groups.iter().zip(&dense.beta) {
        near(row.no_pooling.unwrap(), *want, 1e-7);
    }
    let x = &pooling.fixed[1];
    near(x.no_pooling.unwrap(), dense.beta[9], 1e-8);
    near(x.no_pooling_std_error.unwrap(), dense.std_errors()[9], 1e-8);
    near(pooling.sigma.no_pooling.unwrap(), dense.sigma, 1e-8);
}

#[test]
fn groups_too_small_for_coefficients_of_their_own() {
    let mut random = Random::new(5);
    // g9 has one row, g10 two rows at one value of x.
    for (g, x, u, y) in [
        (9, 4.0, 0.7, 12.0),
        (10, 6.0, -0.3, 9.0),
        (10, 6.0, -0.3, 10.0),
    ] {
        random.group.push(g);
        random.x.push(x);
        random.u.push(u);
        random.y.push(y);
    }
    let fit = lmer("y ~ x * u + (x | g)", &random.source(&[])).unwrap();
    let pooling = fit.pooling(None, 0.95).unwrap();
    let beta = fit.fixef();
    for (level, at, u, why) in [
        ("g9", 10, 0.7, "1 row for 2 coefficients"),
        (
            "g10",
            2,
            -0.3,
            "its 2 rows do not tell `x` from the other coefficients",
        ),
    ] {
        let row = of(&pooling.groups, level, "x");
        assert_eq!((row.no_pooling, row.no_pooling_std_error), (None, None));
        assert_eq!(row.sign_changed, None);
        assert_eq!(row.reason.as_deref(), Some(why));
        // What the predictor of groups gives the slope is known all the same.
        assert_eq!(fit.recipe().level(0, at), level);
        let mode = fit.random_effects().modes[0][2 * at + 1];
        near(
            row.partial_pooling.unwrap(),
            beta[1] + u * beta[3] + mode,
            1e-7,
        );
        assert!(row.weight > 0.0 && row.partial_pooling_std_error.unwrap() > 0.0);
    }
    assert_eq!(pooling.terms[1].without, 2);
    // Two rows at x = 0 tell an intercept.
    for (i, x) in random.x.iter_mut().enumerate() {
        if random.group[i] == 10 {
            *x = 0.0;
        }
    }
    let fit = lmer("y ~ x * u + (x | g)", &random.source(&[])).unwrap();
    let pooling = fit.pooling(None, 0.95).unwrap();
    near(
        of(&pooling.groups, "g10", "(Intercept)")
            .no_pooling
            .unwrap(),
        9.5,
        1e-8,
    );
    let slope = of(&pooling.groups, "g10", "x");
    assert_eq!(slope.no_pooling, None);
    // Its product x·u is zero in these rows; u itself says what it would be.
    let at = (0..11)
        .find(|&l| fit.recipe().level(0, l) == "g10")
        .unwrap();
    let mode = fit.random_effects().modes[0][2 * at + 1];
    near(
        slope.partial_pooling.unwrap(),
        fit.fixef()[1] - 0.3 * fit.fixef()[3] + mode,
        1e-6,
    );
}

#[test]
fn nested_groups_have_the_outer_effects_in_them() {
    let fit = lmer("strength ~ 1 + (1 | batch/cask)", &*data("Pastes")).unwrap();
    let casks = fit.pooling(Some("batch:cask"), 0.95).unwrap();
    assert_eq!(casks.group, "cask:batch");
    assert_eq!(casks.other_groups, ["batch"]);
    assert_eq!(casks.groups.len(), 30);
    let effects = fit.random_effects();
    let label = |f: usize, l: usize| fit.recipe().level(f, l);
    let (inner, outer) = (fit.varcorr()[0].clone(), fit.varcorr()[1].clone());
    assert_eq!(
        (inner.group.as_str(), outer.group.as_str()),
        ("cask:batch", "batch")
    );
    let factor = |name: &str| {
        let found = fit.recipe().factors().iter().position(|f| f.name == name);
        found.unwrap()
    };
    let (f, g) = (factor("cask:batch"), factor("batch"));
    for level in 0..30 {
        let name = label(f, level);
        let batch = name.split(':').nth(1).unwrap().to_owned();
        let parent = (0..10).find(|&l| label(g, l) == batch).unwrap();
        let row = of(&casks.groups, &name, "(Intercept)");
        near(
            row.partial_pooling.unwrap(),
            fit.fixef()[0] + effects.modes[f][level] + effects.modes[g][parent],
            1e-9,
        );
    }
    let batches = fit.pooling(Some("batch"), 0.95).unwrap();
    assert_eq!(batches.groups.len(), 10);
    assert_eq!(
        fit.pooling(Some("casks"), 0.95).unwrap_err().code(),
        "unknown_group"
    );
}

#[test]
fn without_variance_all_is_pooled() {
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*data("Dyestuff2")).unwrap();
    let pooling = fit.pooling(None, 0.95).unwrap();
    assert_eq!(pooling.equal_weight_n, None);
    assert_eq!(pooling.terms[0].pooling_factor, 1.0);
    for row in &pooling.groups {
        assert_eq!(row.weight, 0.0);
        near(
            row.partial_pooling.unwrap(),
            row.complete_pooling.unwrap(),
            1e-9,
        );
    }
    let text = pooling.to_string();
    assert!(text.contains("pooled completely"), "{text}");
    let plain = lmer("Reaction ~ Days", &*data("sleepstudy")).unwrap();
    assert_eq!(plain.pooling(None, 0.95).unwrap_err().code(), "no_groups");
}

#[test]
fn a_loaded_fit_asks_for_its_rows() {
    let data = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    assert_eq!(loaded.pooling(None, 0.95).unwrap_err().code(), "needs_rows");
    let again = loaded
        .with_rows(&*data)
        .unwrap()
        .pooling(None, 0.95)
        .unwrap();
    let first = fit.pooling(None, 0.95).unwrap();
    for (a, b) in again.groups.iter().zip(&first.groups) {
        near(a.partial_pooling.unwrap(), b.partial_pooling.unwrap(), 1e-6);
        near(a.weight, b.weight, 1e-9);
    }
}
