//! Diagnostics: values from R 4.2.2 with lme4 1.1-31 (influence, hatvalues, cooks.distance, rstudent,
//! rePCA) on the unbalanced sleep study, definitions with V built whole on random designs, and
//! verdicts on data whose fault is known.

use proptest::prelude::*;
use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{Check, CheckOptions, DeletionMethod, Fit, Model, Optimizer, Simulate, Verdict, lmer};
use ranef_engine::random::Stream;

const UNBALANCED: &str = "Reaction ~ Days * grp + (Days | Subject)";

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn unbalanced() -> (Fit, Box<dyn Source>) {
    let data = data("sleep_unbal");
    (lmer(UNBALANCED, &*data).unwrap(), data)
}

fn silent() -> impl FnMut(usize, usize) {
    |_, _| {}
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

#[test]
fn groups_left_out_exactly_as_in_r() {
    let (fit, data) = unbalanced();
    let found = fit
        .group_influence(
            &*data,
            Some("Subject"),
            DeletionMethod::Exact,
            &mut silent(),
        )
        .unwrap();
    assert_eq!(found.method, DeletionMethod::Exact);
    assert_eq!(found.terms, ["(Intercept)", "Days", "grpB", "Days:grpB"]);
    // cooks.distance(influence(m, groups = "Subject")), which lme4 scales by (J − p)/J.
    let lme4 = [
        0.1182987229,
        0.140216347,
        0.08610417279,
        0.09191400591,
        0.04269860902,
        0.009198730936,
        0.02251438306,
        0.004616706958,
        0.06206531947,
        0.08308958325,
        0.04341583254,
        0.04267455594,
        0.01022406762,
        0.01732714115,
        0.003801393058,
        0.0708663654,
        0.001056451464,
        0.009539926764,
    ];
    for (level, want) in found.levels.iter().zip(lme4) {
        // lme4's refits stop a little before the minimum.
        near(level.cooks_lme4.unwrap(), want, 2e-3 * want);
        near(
            level.cooks_distance.unwrap(),
            want * 18.0 / 14.0,
            3e-3 * want,
        );
    }
    let first = &found.levels[0];
    assert_eq!((first.level.as_str(), first.n), ("308", 5));
    near(first.cooks_distance.unwrap(), 0.152099, 2e-6);
    near(first.cooks_one_step.unwrap(), 0.150105, 2e-6);
    let without = [252.7730293, 12.38934379, -0.6555867904, -5.154673555];
    let dfbetas = [
        -0.033290974403,
        0.1071759327270,
        0.09809326633,
        -0.7347173139,
    ];
    for j in 0..4 {
        near(first.without[j].unwrap(), without[j], 1e-3);
        // lme4 takes the difference the other way round.
        near(first.dfbetas[j].unwrap(), -dfbetas[j], 1e-4);
    }
    // γ₋/γ − 1 of the two variances, the covariance, and the residual variance.
    let changes: Vec<(&str, f64)> = first
        .rvc
        .iter()
        .map(|c| (c.parameter.as_str(), c.change.unwrap()))
        .collect();
    assert_eq!(changes[0].0, "var__(Intercept)");
    near(changes[0].1, 719.6719703 / 643.199050456 - 1.0, 1e-4);
    assert_eq!(changes[1].0, "cov__(Intercept).Days");
    assert_eq!(changes[2].0, "var__Days");
    near(changes[2].1, 22.65994090 / 37.972361232 - 1.0, 1e-4);
    assert_eq!(changes[3].0, "var__Observation");
    near(changes[3].1, 621.2743004 / 642.922648207 - 1.0, 1e-5);
}

#[test]
fn one_step_keeps_the_variances() {
    let (fit, data) = unbalanced();
    let found = fit
        .group_influence(&*data, None, DeletionMethod::OneStep, &mut silent())
        .unwrap();
    assert_eq!(found.method, DeletionMethod::OneStep);
    for level in &found.levels {
        assert_eq!(level.cooks_distance, level.cooks_one_step);
        assert!(level.rvc.is_empty());
        // Rows that are left out add no precision.
        assert!(level.covratio.unwrap() > 1.0);
    }
    let error = fit
        .group_influence(
            &*data,
            Some("Day"),
            DeletionMethod::Automatic,
            &mut silent(),
        )
        .unwrap_err();
    assert_eq!(error.code(), "unknown_group");
}

#[test]
fn rows_as_in_r() {
    let (fit, data) = unbalanced();
    let found = fit.row_influence(&*data).unwrap();
    near(found.effective_parameters, 29.196138, 1e-5);
    // hatvalues(m), cooks.distance(m), rstudent(m)
    let hat = [0.2814569802, 0.1956096047, 0.1711028831, 0.2079368154];
    let cook = [0.001814695703, 0.0256133391, 0.1844601164, 0.00466242475];
    let student = [-0.1361295086, -0.6490848099, -1.89061407, 0.2665324755];
    for (i, row) in found.rows.iter().take(4).enumerate() {
        assert_eq!(row.row, i + 1);
        near(row.leverage, hat[i], 1e-6);
        near(row.cooks_distance.unwrap(), cook[i], 1e-5);
        near(row.studentised, student[i], 1e-5);
    }
}

#[test]
fn residuals_as_in_r() {
    let (fit, data) = unbalanced();
    let found = fit.residual_table(&*data, None).unwrap();
    // residuals(m, "pearson", scaled = TRUE); Reaction − predict(m, re.form = ~0);
    // forwardsolve(t(chol(V)), marginal)
    let pearson = [-0.1153927874, -0.5821499761, -1.721286649, 0.2372083905];
    let marginal = [-1.431946441, -1.310583918, -18.23802139];
    let decorrelated = [
        -0.03992875251,
        -0.01884571852,
        -0.5588461709,
        1.642895545,
        3.039180966,
        -0.847162423,
    ];
    for (got, want) in found.pearson.iter().zip(pearson) {
        near(*got, want, 1e-5);
    }
    for (got, want) in found.marginal.iter().zip(marginal) {
        near(*got, want, 1e-4);
    }
    for (got, want) in found.decorrelated.iter().zip(decorrelated) {
        near(got.unwrap(), want, 1e-5);
    }
    assert_eq!(found.row.len(), 154);
}

/// Nested, crossed, three effects a group: hatvalues, cooks.distance and rstudent of the first three
/// rows, cooks.distance(influence(m, groups)) of some groups, Cholesky residuals of the first and last
/// two rows.
#[test]
fn other_designs_as_in_r() {
    struct Case {
        formula: &'static str,
        data: &'static str,
        rho: f64,
        leverage: f64,
        cooks: [f64; 3],
        studentised: [f64; 3],
        group: &'static str,
        groups: &'static [(&'static str, f64)],
        white: [f64; 4],
    }
    let cases = [
        Case {
            formula: "strength ~ 1 + (1 | batch/cask)",
            data: "Pastes",
            rho: 29.0051667513,
            leverage: 0.483419445855,
            cooks: [0.0784354590479, 0.00219538462662, 3.15486445569],
            studentised: [0.289509747206, -0.0484353316882, -1.83610418877],
            group: "batch",
            groups: &[("A", 0.118806577235), ("B", 0.0137632565027)],
            white: [
                0.836987089425,
                -0.0236244698151,
                -0.269173983392,
                -2.05804197528,
            ],
        },
        Case {
            formula: "diameter ~ 1 + (1 | plate) + (1 | sample)",
            data: "Penicillin",
            rho: 27.4723623995,
            leverage: 0.190780294441,
            cooks: [1.03433443128, 0.0526186393339, 0.0784323700469],
            studentised: [2.09458002956, 0.47242870132, 0.576785238223],
            group: "sample",
            groups: &[("A", 0.245521148105), ("D", 0.000481915408315)],
            white: [
                1.84802395864,
                -0.269243377025,
                -1.80300215339,
                -1.51340637204,
            ],
        },
        Case {
            formula: "score ~ Machine + (Machine | Worker)",
            data: "Machines",
            rho: 17.4820286465,
            leverage: 0.319674799594,
            cooks: [0.110954953314, 0.0043684366154, 0.0465660086302],
            studentised: [-0.841662646227, 0.167004327523, 0.54525444268],
            group: "Worker",
            groups: &[("1", 0.00667794202073), ("2", 0.086280809941)],
            white: [
                -0.0848362502328,
                0.582239486157,
                -0.275739258717,
                -0.9364747132,
            ],
        },
    ];
    for case in cases {
        let data = data(case.data);
        let fit = lmer(case.formula, &*data).unwrap();
        let rows = fit.row_influence(&*data).unwrap();
        near(rows.effective_parameters, case.rho, 1e-5);
        near(rows.rows[0].leverage, case.leverage, 1e-6);
        for i in 0..3 {
            near(rows.rows[i].cooks_distance.unwrap(), case.cooks[i], 1e-5);
            near(rows.rows[i].studentised, case.studentised[i], 1e-5);
        }
        let groups = fit
            .group_influence(
                &*data,
                Some(case.group),
                DeletionMethod::Exact,
                &mut silent(),
            )
            .unwrap();
        for (name, want) in case.groups {
            let level = groups.levels.iter().find(|l| l.level == *name).unwrap();
            near(level.cooks_lme4.unwrap(), *want, 1e-6);
        }
        let white = fit.residual_table(&*data, None).unwrap().decorrelated;
        let n = white.len();
        for (at, want) in [0, 1, n - 2, n - 1].into_iter().zip(case.white) {
            near(white[at].unwrap(), want, 1e-6);
        }
    }
    // rePCA of the last.
    let fit = lmer("score ~ Machine + (Machine | Worker)", &*data("Machines")).unwrap();
    let want = [6.63442811688, 4.63242578469, 2.14698364358];
    for (component, want) in fit.principal_components()[0].components.iter().zip(want) {
        near(component.relative_sd, want, 1e-6);
    }
}

#[test]
fn shapes_and_spreads_as_in_r() {
    let (fit, data) = unbalanced();
    let normality = fit.normality(&*data).unwrap();
    // shapiro.test() of studentised residuals and of modes over √(τ² − Var(b | y)).
    let want = [
        (0.90476491, 1.778352e-08),
        (0.9442991619, 0.3426675989),
        (0.9577098047, 0.5580899456),
    ];
    assert_eq!(normality.samples.len(), 3);
    for (sample, (w, p)) in normality.samples.iter().zip(want) {
        near(sample.statistic.unwrap(), w, 1e-5);
        near(sample.p_value.unwrap(), p, 1e-3 * p);
        assert_eq!(sample.qq.len(), sample.n);
        assert!(sample.qq.windows(2).all(|w| w[0] <= w[1]));
    }
    let spread = fit.spread(&*data).unwrap();
    // n R² of lm(r² ~ fitted), and anova(lm(|r − median| ~ Subject)).
    let fitted = &spread.tests[0];
    near(fitted.statistic.unwrap(), 1.378555469, 1e-4);
    near(fitted.p_value.unwrap(), 0.2403473568, 1e-5);
    let groups = spread.tests.last().unwrap();
    assert_eq!((groups.of.as_str(), groups.df), ("Subject", 17.0));
    near(groups.statistic.unwrap(), 1.52712, 1e-4);
    near(groups.p_value.unwrap(), 0.093905, 1e-5);
    let collinearity = fit.collinearity(&*data).unwrap();
    let vif = [2.0, 1.041295692, 2.041295692];
    for (found, want) in collinearity.inflation.iter().zip(vif) {
        assert_eq!(found.level, "model");
        near(found.vif.unwrap(), want, 1e-5);
    }
    let principal = &fit.principal_components()[0];
    near(principal.components[0].relative_sd, 1.0002181111, 1e-6);
    near(principal.components[1].relative_sd, 0.2430138776, 1e-6);
    near(principal.components[0].share, 0.944260, 1e-6);
    near(principal.components[1].cumulative, 1.0, 1e-12);
    near(principal.components[0].rotation[0], 0.999996624894, 1e-6);
}

#[test]
fn conditional_aic_of_the_test_bed() {
    let data = data("sleep_unbal");
    let fit = Model::new(UNBALANCED).reml(false).fit(&*data).unwrap();
    let found = fit.conditional_aic(&*data).unwrap();
    near(found.conditional_loglik, -703.2829, 1e-3);
    near(found.effective_parameters, 28.2041, 1e-3);
    near(found.caic, 1464.974, 1e-3);
    // Estimation of the variances costs something.
    assert!(found.effective_parameters_corrected.unwrap() > found.effective_parameters);
}

#[test]
fn optimisers_agree() {
    let (fit, _) = unbalanced();
    let all = [
        Optimizer::Newton,
        Optimizer::Bfgs,
        Optimizer::Bobyqa,
        Optimizer::NelderMead,
    ];
    let found = fit.compare_optimizers(&all).unwrap();
    assert!(found.agree, "{found:?}");
    assert_eq!(found.runs.len(), 4);
    for run in &found.runs {
        near(run.above.unwrap(), 0.0, 1e-5);
        assert!(run.fixed_difference.unwrap() < 1e-2, "{run:?}");
    }
    assert_eq!(found.verdict, "All 4 optimisers end at the same minimum.");
}

#[test]
fn a_singular_fit_has_prices() {
    let data = data("cake");
    let fit = lmer(
        "angle ~ recipe * temperature + (temperature | recipe:replicate)",
        &*data,
    );
    let fit = fit.unwrap();
    let found = fit.singularity(&*data);
    assert_eq!(found.singular, fit.singular());
    let dyestuff = open("Dyestuff2", &ReadOptions::default()).unwrap();
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*dyestuff).unwrap();
    let found = fit.singularity(&*dyestuff);
    assert!(found.singular);
    assert_eq!(found.principal[0].components[0].sd, 0.0);
    let model = found.recommended().unwrap();
    assert_eq!(model.formula, "Yield ~ 1");
    near(model.cost, 0.0, 1e-8);
    near(model.aic_change, -2.0, 1e-8);
    near(model.largest_change().unwrap().change, 0.0, 1e-8);
}

#[test]
fn a_loaded_model_is_given_its_rows() {
    let (fit, data) = unbalanced();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let all = [Optimizer::Newton];
    assert_eq!(
        loaded.compare_optimizers(&all).unwrap_err().code(),
        "needs_rows"
    );
    let again = loaded.with_rows(&*data).unwrap();
    let (a, b) = (
        again.residual_table(&*data, None).unwrap(),
        fit.residual_table(&*data, None).unwrap(),
    );
    for (x, y) in a.studentised.iter().zip(&b.studentised) {
        near(*x, *y, 1e-8);
    }
    // Others are refused.
    let fewer = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let other = open("sleepstudy", &ReadOptions::default()).unwrap();
    assert!(fewer.with_rows(&*other).is_err());
}

/// Two crossed factors with a random slope on the first, weights and an offset.
#[derive(Clone, Debug)]
struct Random {
    y: Vec<f64>,
    x: Vec<f64>,
    o: Vec<f64>,
    w: Vec<f64>,
    g: Vec<usize>,
    h: Vec<usize>,
}

const CROSSED: &str = "y ~ x + offset(o) + (x | g) + (1 | h)";

impl Random {
    fn new(seed: u64, rows: usize) -> Self {
        let mut stream = Stream::new(seed, 0, 0);
        let groups = 6;
        let mut effects =
            |n: usize, size: f64| -> Vec<f64> { (0..n).map(|_| size * stream.normal()).collect() };
        let (a, b, c) = (effects(groups, 2.0), effects(groups, 0.7), effects(4, 1.0));
        let (x, o) = (effects(rows, 1.0), effects(rows, 1.0));
        let noise = effects(rows, 1.0);
        let g: Vec<usize> = (0..rows).map(|i| i % groups).collect();
        let h: Vec<usize> = (0..rows)
            .map(|_| (stream.uniform() * 4.0) as usize)
            .collect();
        let w: Vec<f64> = (0..rows).map(|_| 0.3 + stream.uniform()).collect();
        let y = (0..rows)
            .map(|i| {
                3.0 + 0.5 * x[i]
                    + o[i]
                    + a[g[i]]
                    + b[g[i]] * x[i]
                    + c[h[i]]
                    + noise[i] / w[i].sqrt()
            })
            .collect();
        Self { y, x, o, w, g, h }
    }

    fn source(&self, keep: impl Fn(usize) -> bool) -> MemorySource {
        let kept: Vec<usize> = (0..self.y.len()).filter(|&i| keep(i)).collect();
        let pick = |v: &[f64]| -> Vec<f64> { kept.iter().map(|&i| v[i]).collect() };
        let name =
            |v: &[usize]| -> Vec<String> { kept.iter().map(|&i| format!("l{}", v[i])).collect() };
        Table::new()
            .number("y", pick(&self.y))
            .number("x", pick(&self.x))
            .number("o", pick(&self.o))
            .number("w", pick(&self.w))
            .text("g", name(&self.g))
            .text("h", name(&self.h))
            .source()
            .unwrap()
    }

    fn fit(&self, reml: bool) -> (Fit, MemorySource) {
        let source = self.source(|_| true);
        let fit = model(reml).fit(&source).unwrap();
        (fit, source)
    }

    /// V by its definition.
    fn variance(&self, fit: &Fit) -> Vec<Vec<f64>> {
        let n = self.y.len();
        let (g, h) = (&fit.varcorr()[0].cov, &fit.varcorr()[1].cov);
        (0..n)
            .map(|i| {
                (0..n)
                    .map(|j| {
                        let mut v = 0.0;
                        if self.g[i] == self.g[j] {
                            let (a, b) = ([1.0, self.x[i]], [1.0, self.x[j]]);
                            for r in 0..2 {
                                for s in 0..2 {
                                    v += a[r] * g[r][s] * b[s];
                                }
                            }
                        }
                        if self.h[i] == self.h[j] {
                            v += h[0][0];
                        }
                        if i == j {
                            v += fit.sigma().powi(2) / self.w[i];
                        }
                        v
                    })
                    .collect()
            })
            .collect()
    }
}

fn model(reml: bool) -> Model {
    Model::new(CROSSED).weights("w").reml(reml)
}

/// L of LL' = A.
fn cholesky(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let taken: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = a[i][j] - taken;
            l[i][j] = if i == j { rest.sqrt() } else { rest / l[j][j] };
        }
    }
    l
}

fn forward(l: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::new();
    for i in 0..b.len() {
        let taken: f64 = (0..i).map(|k| l[i][k] * out[k]).sum();
        out.push((b[i] - taken) / l[i][i]);
    }
    out
}

/// GLS with a given V: β̂ and its covariance for two columns.
fn gls(v: &[Vec<f64>], x: &[f64], y: &[f64]) -> ([f64; 2], [[f64; 2]; 2]) {
    let l = cholesky(v);
    let columns = [forward(&l, &vec![1.0; y.len()]), forward(&l, x)];
    let response = forward(&l, y);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    let m = [0, 1].map(|i| [0, 1].map(|j| dot(&columns[i], &columns[j])));
    let determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    let phi = [
        [m[1][1] / determinant, -m[0][1] / determinant],
        [-m[1][0] / determinant, m[0][0] / determinant],
    ];
    let t = [0, 1].map(|i| dot(&columns[i], &response));
    let beta = [0, 1].map(|i| phi[i][0] * t[0] + phi[i][1] * t[1]);
    (beta, phi)
}

fn cooks(fit: &Fit, beta: [f64; 2]) -> f64 {
    let v = fit.vcov();
    let determinant = v[0] * v[3] - v[1] * v[2];
    let d = [fit.fixef()[0] - beta[0], fit.fixef()[1] - beta[1]];
    (d[0] * d[0] * v[3] - 2.0 * d[0] * d[1] * v[1] + d[1] * d[1] * v[0]) / determinant / 2.0
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    /// Decorrelated residuals, leverages, deletion of rows and groups, with V built whole.
    #[test]
    fn by_definition(seed in 0u64..1000, rows in 30usize..50, reml: bool) {
        let world = Random::new(seed, rows);
        let (fit, source) = world.fit(reml);
        let v = world.variance(&fit);
        let response: Vec<f64> = world.y.iter().zip(&world.o).map(|(y, o)| y - o).collect();
        let found = fit.residual_table(&source, None).unwrap();
        let white = forward(&cholesky(&v), &found.marginal);
        for (got, want) in found.decorrelated.iter().zip(&white) {
            prop_assert!((got.unwrap() - want).abs() < 1e-6, "{got:?} {want}");
        }
        // ŷ is linear in y at given variances: its derivative by the definition of the residual,
        // e = RPy, so that 1 − h = R P.
        let l = cholesky(&v);
        let columns = [forward(&l, &vec![1.0; rows]), forward(&l, &world.x)];
        let (_, phi) = gls(&v, &world.x, &response);
        let rowwise = fit.row_influence(&source).unwrap();
        for i in 0..rows {
            let mut unit = vec![0.0; rows];
            unit[i] = 1.0;
            let e = forward(&l, &unit);
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
            let c = [dot(&columns[0], &e), dot(&columns[1], &e)];
            let taken: f64 = (0..2)
                .map(|a| (0..2).map(|b| c[a] * phi[a][b] * c[b]).sum::<f64>())
                .sum();
            let want = 1.0 - fit.sigma().powi(2) / world.w[i] * (dot(&e, &e) - taken);
            prop_assert!((found.leverage[i] - want).abs() < 1e-6);
            // Without the row.
            let left: Vec<usize> = (0..rows).filter(|&j| j != i).collect();
            let (beta, phi) = without(&v, &world.x, &response, &left);
            let row = &rowwise.rows[i];
            prop_assert!((row.cooks_fixed.unwrap() - cooks(&fit, beta)).abs() < 1e-6);
            for j in 0..2 {
                let want = (fit.fixef()[j] - beta[j]) / phi[j][j].sqrt();
                prop_assert!((row.dfbetas[j].unwrap() - want).abs() < 1e-5);
            }
        }
        // Groups, with the variances kept and with a fit of its own.
        let once = fit
            .group_influence(&source, Some("g"), DeletionMethod::OneStep, &mut |_, _| {})
            .unwrap();
        let exact = fit
            .group_influence(&source, Some("g"), DeletionMethod::Exact, &mut |_, _| {})
            .unwrap();
        for (at, level) in once.levels.iter().enumerate() {
            let left: Vec<usize> = (0..rows).filter(|&j| world.g[j] != at).collect();
            let (beta, phi) = without(&v, &world.x, &response, &left);
            prop_assert!((level.cooks_distance.unwrap() - cooks(&fit, beta)).abs() < 1e-6);
            let ratio = (phi[0][0] * phi[1][1] - phi[0][1] * phi[1][0])
                / (fit.vcov()[0] * fit.vcov()[3] - fit.vcov()[1] * fit.vcov()[2]);
            prop_assert!((level.covratio.unwrap() / ratio - 1.0).abs() < 1e-6);
            let fresh = model(reml).fit(&world.source(|i| world.g[i] != at)).unwrap();
            let found = &exact.levels[at];
            // Not θ: where a fit is singular, the minimum may be flat.
            for j in 0..2 {
                let error = fresh.vcov()[3 * j].sqrt();
                prop_assert!((found.without[j].unwrap() - fresh.fixef()[j]).abs() < 1e-4 * error);
                prop_assert!((found.std_errors_without[j].unwrap() / error - 1.0).abs() < 1e-4);
            }
            let beta = [fresh.fixef()[0], fresh.fixef()[1]];
            prop_assert!((found.cooks_distance.unwrap() - cooks(&fit, beta)).abs() < 1e-3);
        }
    }

    /// tr ∂ŷ/∂y by differences of fits, the variances estimated anew each time.
    #[test]
    fn corrected_degrees_by_differences(seed in 0u64..1000, reml: bool) {
        let world = Random::new(seed, 36);
        let (fit, source) = world.fit(reml);
        let found = fit.conditional_aic(&source).unwrap();
        // A boundary between variances that are zero and that are not is no place for differences.
        let near_zero = fit.theta().iter().any(|t| t.abs() < 0.05);
        if near_zero || fit.singular() {
            return Ok(());
        }
        let step = 1e-4;
        let mut trace = 0.0;
        for i in 0..36 {
            let fitted = |by: f64| {
                let mut moved = world.clone();
                moved.y[i] += by;
                let source = moved.source(|_| true);
                model(reml).fit(&source).unwrap().fitted(&source).unwrap()[i]
            };
            trace += (fitted(step) - fitted(-step)) / (2.0 * step);
        }
        let got = found.effective_parameters_corrected.unwrap();
        prop_assert!((got - trace).abs() < 2e-3 * trace, "{got} {trace} {found:?}");
    }
}

/// A group of so many rows is left out by a new solution and not row by row.
#[test]
fn a_large_group_by_definition() {
    let rows = 345;
    let mut world = Random::new(4, rows);
    world.g = (0..rows)
        .map(|i| if i < 305 { 0 } else { 1 + i % 5 })
        .collect();
    let (fit, source) = world.fit(true);
    let v = world.variance(&fit);
    let response: Vec<f64> = world.y.iter().zip(&world.o).map(|(y, o)| y - o).collect();
    let found = fit
        .group_influence(&source, Some("g"), DeletionMethod::OneStep, &mut silent())
        .unwrap();
    assert_eq!(found.levels.len(), 6);
    for (at, level) in found.levels.iter().enumerate() {
        let left: Vec<usize> = (0..rows).filter(|&j| world.g[j] != at).collect();
        let (beta, phi) = without(&v, &world.x, &response, &left);
        near(level.cooks_distance.unwrap(), cooks(&fit, beta), 1e-6);
        for j in 0..2 {
            let error = phi[j][j].sqrt();
            near(level.std_errors_without[j].unwrap() / error, 1.0, 1e-6);
        }
    }
}

fn without(v: &[Vec<f64>], x: &[f64], y: &[f64], left: &[usize]) -> ([f64; 2], [[f64; 2]; 2]) {
    let part: Vec<Vec<f64>> = left
        .iter()
        .map(|&i| left.iter().map(|&j| v[i][j]).collect())
        .collect();
    let pick = |values: &[f64]| -> Vec<f64> { left.iter().map(|&i| values[i]).collect() };
    gls(&part, &pick(x), &pick(y))
}

/// Rows of 40 groups of 15 with a fault of one's choice.
fn study(fault: impl Fn(usize, f64, f64, &mut Stream) -> (f64, f64)) -> MemorySource {
    let mut stream = Stream::new(11, 0, 0);
    let (mut y, mut x, mut z, mut g) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for group in 0..40 {
        let level = 0.8 * stream.normal();
        for _ in 0..15 {
            let predictor = stream.normal();
            let noise = stream.normal();
            let (error, other) = fault(group, predictor, noise, &mut stream);
            x.push(predictor);
            z.push(other);
            g.push(format!("{group:02}"));
            y.push(10.0 + predictor + level + error);
        }
    }
    Table::new()
        .number("y", y)
        .number("x", x)
        .number("z", z)
        .text("g", g)
        .source()
        .unwrap()
}

fn check(source: &MemorySource) -> Check {
    let fit = lmer("y ~ x + z + (1 | g)", source).unwrap();
    fit.check(source, &CheckOptions::default(), &mut |_| {})
        .unwrap()
}

#[track_caller]
fn verdict(check: &Check, name: &str) -> Verdict {
    check.finding(name).unwrap().verdict
}

#[test]
fn a_sound_model_is_left_alone() {
    let found = check(&study(|_, _, noise, stream| (noise, stream.normal())));
    for finding in &found.checks {
        assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
        assert!(finding.advice.is_none());
    }
    assert_eq!(found.checks.len(), 16);
    let text = found.to_string();
    assert!(
        text.starts_with("Is the fit sound? 0 problems, 0 notes, 16 in order."),
        "{text}"
    );
}

#[test]
fn faults_are_found() {
    let heavy = check(&study(|_, _, noise, stream| {
        (noise / (stream.uniform() * 0.97 + 0.03), stream.normal())
    }));
    assert_eq!(verdict(&heavy, "normality_residuals"), Verdict::Note);
    assert_ne!(verdict(&heavy, "simulated_uniformity"), Verdict::Ok);
    assert_ne!(verdict(&heavy, "simulated_outliers"), Verdict::Ok);
    assert_ne!(verdict(&heavy, "influence_rows"), Verdict::Ok);

    let wide = check(&study(|_, x, noise, stream| {
        (noise * (0.7 * x).exp(), stream.normal())
    }));
    assert_ne!(verdict(&wide, "variance_predictors"), Verdict::Ok);
    assert_ne!(verdict(&wide, "variance_fitted"), Verdict::Ok);

    let unequal = check(&study(|group, _, noise, stream| {
        (
            noise * if group % 2 == 0 { 0.4 } else { 1.6 },
            stream.normal(),
        )
    }));
    assert_ne!(verdict(&unequal, "variance_groups"), Verdict::Ok);

    let double = check(&study(|_, x, noise, stream| {
        (noise, x + 0.05 * stream.normal())
    }));
    assert_eq!(verdict(&double, "collinearity"), Verdict::Problem);

    // In a product the same is a matter of coding.
    let far = study(|_, _, noise, stream| (noise, 100.0 + stream.normal()));
    let fit = lmer("y ~ x * z + (1 | g)", &far).unwrap();
    let coded = fit
        .check(&far, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    assert!(coded.collinearity.inflation.iter().all(|i| i.shares_data));
    assert!(coded.collinearity.inflation[0].vif.unwrap() > 1000.0);
    assert_eq!(verdict(&coded, "collinearity"), Verdict::Note);

    let curved = check(&study(|_, x, noise, stream| {
        (noise + x * x, stream.normal())
    }));
    assert_ne!(
        verdict(&curved, "simulated_quantiles"),
        Verdict::Ok,
        "{curved}"
    );

    // A group that alone decides on the effect of z.
    let alone = check(&study(|group, _, noise, _| {
        let z = if group == 7 { 30.0 } else { 0.0 };
        (noise + 0.5 * z + group as f64 * 0.01, z + 0.2 * noise.sin())
    }));
    assert_ne!(verdict(&alone, "influence_groups"), Verdict::Ok);
}

#[test]
fn few_groups_are_named() {
    let source = study(|_, _, noise, stream| (noise, stream.normal()));
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*data("Dyestuff")).unwrap();
    let found = fit
        .check(&*data("Dyestuff"), &CheckOptions::default(), &mut |_| {})
        .unwrap();
    assert_eq!(verdict(&found, "groups"), Verdict::Note);
    assert_eq!(verdict(&found, "normality_random"), Verdict::Unknown);
    // A linear model is checked as well.
    let fit = lmer("y ~ x", &source).unwrap();
    let found = fit
        .check(&source, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    assert!(found.optimizers.is_none());
    assert_eq!(verdict(&found, "groups"), Verdict::Ok);
}

/// Two rows a group: half of every residual is taken up by its own group, which is no fault of the
/// model.
#[test]
fn leverage_is_no_departure() {
    let mut stream = Stream::new(3, 0, 0);
    let (mut y, mut x, mut g) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..1500 {
        let level = 1.5 * stream.normal();
        for _ in 0..2 {
            x.push(stream.normal());
            y.push(x[x.len() - 1] + level + stream.normal());
            g.push(format!("{group}"));
        }
    }
    let source = Table::new()
        .number("y", y)
        .number("x", x)
        .text("g", g)
        .source()
        .unwrap();
    let fit = lmer("y ~ x + (1 | g)", &source).unwrap();
    let found = fit
        .simulated_residuals(&source, Simulate::default())
        .unwrap();
    assert!(found.dispersion_expected < 0.9, "{found:?}");
    assert!(
        (found.dispersion / found.dispersion_expected - 1.0).abs() < 0.02,
        "{found:?}"
    );
    assert!(found.distance_p < 0.01 && found.distance_adjusted_p > 0.05);
    assert!(found.outliers_p > 0.01 && found.outliers_expected < 2.0 * 3000.0 / 251.0);
    assert!(found.largest_quantile_deviation().1 > 0.01);
    let check = fit
        .check(&source, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    for finding in &check.checks {
        assert!(finding.verdict <= Verdict::Unknown, "{finding:?}");
    }
}

#[test]
fn simulated_residuals_are_reproducible_and_uniform() {
    let source = study(|_, _, noise, stream| (noise, stream.normal()));
    let fit = lmer("y ~ x + z + (1 | g)", &source).unwrap();
    for conditional in [true, false] {
        let simulate = Simulate {
            replicates: 250,
            conditional,
            seed: 5,
        };
        let found = fit.simulated_residuals(&source, simulate).unwrap();
        assert_eq!(found, fit.simulated_residuals(&source, simulate).unwrap());
        let other = fit
            .simulated_residuals(
                &source,
                Simulate {
                    seed: 6,
                    ..simulate
                },
            )
            .unwrap();
        assert_ne!(found.residuals, other.residuals);
        assert!(found.residuals.iter().all(|u| (0.0..=1.0).contains(u)));
        assert!(found.distance_adjusted_p > 0.01, "{found:?}");
        assert!(found.outliers_p > 0.01, "{found:?}");
        assert!(found.largest_quantile_deviation().1 > 0.01, "{found:?}");
        let ratio = found.dispersion / found.dispersion_expected;
        assert!((ratio - 1.0).abs() < 0.1, "{found:?}");
        // The same as places in the normal distribution around the expected value.
        if conditional {
            let residuals = fit.residual_table(&source, None).unwrap();
            let normal = ranef_engine::distributions::Normal::STANDARD;
            for (u, r) in found.residuals.iter().zip(&residuals.pearson) {
                // Five standard errors of a share of 250.
                assert!((u - normal.cdf(*r)).abs() < 0.16, "{u} {r}");
            }
        }
    }
    let few = Simulate {
        replicates: 5,
        ..Simulate::default()
    };
    let error = fit.simulated_residuals(&source, few).unwrap_err();
    assert_eq!(error.code(), "too_few_replicates");
}
