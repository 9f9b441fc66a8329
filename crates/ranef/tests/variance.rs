//! Shares of variance: values of R's performance and r2glmm, closed forms, and everything once
//! more from the rows.

mod dense;

use dense::{Dense, Rng};
use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{Fit, Groups, Model, RSquared, SemiPartial, lmer};

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

fn measure(answer: &RSquared, name: &str) -> f64 {
    let mut all = answer.rows.iter().chain(&answer.decomposition.measures);
    all.find(|s| s.measure == name).unwrap().estimate
}

fn semi<'a>(rows: &'a [SemiPartial], term: &str, method: &str) -> &'a SemiPartial {
    rows.iter()
        .find(|r| r.term == term && r.method == method)
        .unwrap()
}

const TEST_BED: &str = "Reaction ~ Days * grp + (Days | Subject)";

/// Data, formula, factors, whether by REML; adjusted and unadjusted ICC, marginal and conditional
/// R² of performance 0.10.2 on lme4 1.1-31.
type Known = (
    &'static str,
    &'static str,
    &'static [&'static str],
    bool,
    [f64; 4],
);

const PERFORMANCE: [Known; 12] = [
    (
        "cake",
        "angle ~ recipe * temperature + (1 | recipe:replicate)",
        &["replicate"],
        true,
        [
            0.666643158626096,
            0.592671841941819,
            0.110960887735992,
            0.703632729677811,
        ],
    ),
    (
        "ChickWeight",
        "sqrt(weight) ~ Time + (Time - 1 | Chick) + Diet:Time",
        &["Diet", "Chick"],
        true,
        [
            0.875183780574725,
            0.173575039791887,
            0.801670182144028,
            0.975245221935914,
        ],
    ),
    (
        "Dyestuff",
        "Yield ~ 1 + (1 | Batch)",
        &[],
        true,
        [0.418487406803533, 0.418487406803533, 0.0, 0.418487406803533],
    ),
    (
        "InstEval",
        "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        &["service"],
        false,
        [
            0.213934551506903,
            0.21367959232855,
            0.00119176251127645,
            0.214871354839827,
        ],
    ),
    (
        "Machines",
        "score ~ Machine + (Machine | Worker)",
        &[],
        true,
        [
            0.975469152436372,
            0.519242091292696,
            0.467700142033384,
            0.98694223332608,
        ],
    ),
    (
        "Oats",
        "yield ~ nitro * Variety + (1 | Block/Variety)",
        &[],
        true,
        [
            0.656573981786466,
            0.406292493291334,
            0.381193125889856,
            0.787485619181189,
        ],
    ),
    (
        "Orthodont",
        "distance ~ age * Sex + (age | Subject)",
        &[],
        true,
        [
            0.671786396178356,
            0.396716431220698,
            0.409460457256161,
            0.806176888476859,
        ],
    ),
    (
        "Pastes",
        "strength ~ 1 + (1 | batch/cask)",
        &[],
        true,
        [0.937041366116793, 0.937041366116793, 0.0, 0.937041366116793],
    ),
    (
        "Penicillin",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        &[],
        true,
        [0.936336819919418, 0.936336819919418, 0.0, 0.936336819919418],
    ),
    (
        "sleepstudy",
        "log(Reaction) ~ poly(Days, 2) + (1 | Subject)",
        &[],
        true,
        [
            0.633858158067208,
            0.464780771785645,
            0.266743251829593,
            0.731524023615238,
        ],
    ),
    (
        "sleepstudy",
        "Reaction ~ Days + (Days | Subject)",
        &[],
        false,
        [
            0.709095800315117,
            0.505151679768605,
            0.287611519424993,
            0.792763199193598,
        ],
    ),
    (
        "sleepstudy",
        "Reaction ~ Days + (Days | Subject)",
        &[],
        true,
        [
            0.721658473550699,
            0.520566872388934,
            0.278652033519893,
            0.799218905908828,
        ],
    ),
];

#[test]
fn icc_and_r2_of_performance() {
    for (name, formula, factors, reml, want) in PERFORMANCE {
        let model = Model::new(formula)
            .reml(reml)
            .factors(factors.iter().copied());
        let fit = model.fit(&*data(name)).unwrap();
        let icc = fit.icc(0.95, None);
        near(icc.adjusted, want[0], 1e-6);
        near(icc.unadjusted, want[1], 1e-6);
        let r2 = fit.r_squared(0.95);
        near(r2.marginal, want[2], 1e-6);
        near(r2.conditional, want[3], 1e-6);
        // Shares of the groups add up.
        let sum: f64 = icc.groups.iter().map(|g| g.icc).sum();
        near(sum, icc.adjusted, 1e-12);
    }
}

#[test]
fn test_bed_of_the_definitions() {
    let fit = lmer(TEST_BED, &*data("sleep_unbal")).unwrap();
    let answer = fit.r_squared(0.95);
    near(answer.marginal, 0.321460, 5e-7);
    near(answer.conditional, 0.814580, 5e-7);
    near(measure(&answer, "adjusted"), 0.726737, 5e-7);
    near(measure(&answer, "unadjusted"), 0.493120, 5e-7);
    // Rights and Sterba: not centred, by their formulas in R.
    near(measure(&answer, "R2_t(f)"), 0.321252, 5e-7);
    near(measure(&answer, "R2_t(v)"), 0.099931, 5e-7);
    near(measure(&answer, "R2_t(m)"), 0.393518, 5e-7);
    near(answer.decomposition.total.residual, 0.185299, 5e-7);
    assert_eq!(answer.decomposition.centred, Some(false));
    // r2glmm's measures; kr from pbkrtest.
    let rows = &answer.semi_partial;
    for (term, kr, nsj) in [
        ("Model", 0.704955, 0.321460),
        ("Days", 0.639200, 0.223724),
        ("grp", 0.001433, 0.000154),
        ("Days:grp", 0.056329, 0.009617),
    ] {
        near(semi(rows, term, "kr").r2, kr, 5e-7);
        near(semi(rows, term, "nsj").r2, nsj, 5e-7);
    }
    near(semi(rows, "Days", "kr").den_df, 15.591262, 1e-5);
    near(semi(rows, "Model", "nsj").r2, answer.marginal, 1e-12);
    // Goldstein, Browne and Rasbash: the share at three days, and where it is least.
    let icc = fit.icc(0.95, Some(&[0.0, 4.5, 9.0]));
    let shares: Vec<f64> = icc.curve.iter().map(|c| c.vpc).collect();
    for (got, want) in shares.iter().zip([0.500, 0.685, 0.852]) {
        near(*got, want, 5e-4);
    }
    let cov = &fit.varcorr()[0].cov;
    near(icc.minima[0].x, -cov[0][1] / cov[1][1], 1e-6);
    let least = cov[0][0] - cov[0][1] * cov[0][1] / cov[1][1];
    near(icc.minima[0].variance, least, 1e-6 * least);
    // Over the range of the data, the middle is among the points.
    let icc = fit.icc(0.95, None);
    assert_eq!(
        (icc.curve[0].x, icc.curve[5].x, icc.curve[10].x),
        (0.0, 4.5, 9.0)
    );
}

/// d(θ) − d(0) = z² for lme4 1.1-31's deviance function of Dyestuff2 (uniroot): θ = 0.685055586548.
#[test]
fn the_share_of_a_zero_variance_has_the_interval_of_its_likelihood() {
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*data("Dyestuff2")).unwrap();
    let icc = fit.icc(0.95, None);
    for share in &icc.rows {
        assert_eq!((share.lower, share.method), (Some(0.0), Some("likelihood")));
        assert!(
            (share.upper.unwrap() - 0.3194043335).abs() < 1e-8,
            "{share:?}"
        );
    }
    // Without rows there is no likelihood, and with them there is again.
    let loaded = ranef::Fit::from_json(&fit.to_json().unwrap()).unwrap();
    assert_eq!(loaded.icc(0.95, None).rows[0].upper, None);
    let loaded = loaded.with_rows(&*data("Dyestuff2")).unwrap();
    assert!(loaded.icc(0.95, None).rows[0].upper.is_some());
    // What is 0 because there is nothing to vary is 0.
    let r2 = fit.r_squared(0.95);
    let marginal = &r2.rows[0];
    assert_eq!((marginal.lower, marginal.upper), (Some(0.0), Some(0.0)));
    assert!((r2.rows[1].upper.unwrap() - 0.3194043335).abs() < 1e-8);
    assert!(
        r2.decomposition
            .measures
            .iter()
            .all(|m| m.lower.is_some() || m.estimate.is_nan())
    );
}

/// With a second variance beside: the largest share on a grid of the REML criterion from V whole.
#[test]
fn intervals_on_the_boundary_are_those_of_the_dense_criterion() {
    let mut rng = Rng(11);
    let (a, b): (Vec<usize>, Vec<usize>) = (0..24).map(|i| (i % 6, i / 4)).unzip();
    let effects: Vec<f64> = (0..6).map(|_| 2.0 * rng.normal()).collect();
    let noise: Vec<f64> = (0..24).map(|_| rng.normal()).collect();
    // No differences between the means of `a` but those of `b`: less than chance would make.
    let mean = |level: usize| -> f64 {
        let own = (0..24).filter(|&i| a[i] == level).map(|i| noise[i]);
        own.sum::<f64>() / 4.0
    };
    let y: Vec<f64> = (0..24)
        .map(|i| effects[b[i]] + noise[i] - mean(a[i]))
        .collect();
    let names = |codes: &[usize]| codes.iter().map(|c| format!("l{c}")).collect::<Vec<_>>();
    let source = Table::new()
        .number("y", y.clone())
        .text("a", names(&a))
        .text("b", names(&b))
        .source()
        .unwrap();
    let fit = lmer("y ~ 1 + (1 | a) + (1 | b)", &source).unwrap();
    assert_eq!(fit.theta()[0], 0.0);
    assert!(fit.theta()[1] > 0.3);
    let criterion = |s: f64, t: f64| -> f64 {
        let n = y.len();
        let mut v = Dense::zeros(n);
        for i in 0..n {
            for j in 0..n {
                let same = |c: &[usize], x: f64| if c[i] == c[j] { x * x } else { 0.0 };
                v.set(
                    i,
                    j,
                    same(&a, s) + same(&b, t) + f64::from(u8::from(i == j)),
                );
            }
        }
        let inverse = v.inverse();
        let ones = vec![1.0; n];
        let xx = inverse.quadratic(&ones);
        let sum: Vec<f64> = y.iter().map(|y| y + 1.0).collect();
        // 1'V⁻¹y by polarisation.
        let yy = inverse.quadratic(&y);
        let xy = 0.5 * (inverse.quadratic(&sum) - xx - yy);
        let dof = (n - 1) as f64;
        let r = yy - xy * xy / xx;
        v.log_det() + xx.ln() + dof * (1.0 + (std::f64::consts::TAU * r / dof).ln())
    };
    let least = criterion(fit.theta()[0], fit.theta()[1]);
    assert!((least - fit.criterion()).abs() < 1e-6);
    let z = 1.959963984540054f64;
    let mut most = 0.0f64;
    for i in 0..=60 {
        let (mut low, mut high) = (0.0, 6.0);
        let t = 3.0 * f64::from(i) / 60.0;
        // The criterion rises with s from its least value, at zero.
        if criterion(0.0, t) - least > z * z {
            continue;
        }
        for _ in 0..30 {
            let s = 0.5 * (low + high);
            if criterion(s, t) - least > z * z {
                high = s
            } else {
                low = s
            }
        }
        most = most.max(low * low / (low * low + t * t + 1.0));
    }
    let share = fit
        .icc(0.95, None)
        .rows
        .into_iter()
        .find(|r| r.measure == "a")
        .unwrap();
    assert_eq!(share.lower, Some(0.0));
    let upper = share.upper.unwrap();
    assert!((upper - most).abs() < 0.02 * most, "{upper} {most}");
}

#[test]
fn zero_variances_have_shares_all_the_same() {
    let fit = Model::new("Yield ~ 1 + (1 | Batch)").reml(false);
    let fit = fit.fit(&*data("Dyestuff2")).unwrap();
    let icc = fit.icc(0.95, None);
    assert_eq!((icc.adjusted, icc.unadjusted), (0.0, 0.0));
    assert_eq!((icc.design_effect, icc.effective_n), (1.0, 30.0));
    assert_eq!(icc.rows[0].lower, Some(0.0));
    assert!(icc.notes.iter().any(|n| n.code == "zero_variance"));
    let r2 = fit.r_squared(0.95);
    assert_eq!((r2.marginal, r2.conditional), (0.0, 0.0));
    let text = serde_json::to_string(&r2).unwrap();
    assert!(!text.contains("NaN") && !text.contains("-0.0,"));
    // Singular, but with variance: Heck's example in small.
    let random = Random::new(3, 0.0);
    let fit = lmer("y ~ x + (x | g)", &random.source()).unwrap();
    let icc = fit.icc(0.95, None);
    assert!((0.0..1.0).contains(&icc.adjusted));
    // And no groups at all.
    let fit = lmer("Reaction ~ Days", &*data("sleepstudy")).unwrap();
    let (icc, r2) = (fit.icc(0.95, None), fit.r_squared(0.95));
    assert_eq!(icc.adjusted.to_bits(), 0.0f64.to_bits());
    let variance = fit.moments().fixed_cov[3] * fit.fixef()[1].powi(2);
    near(
        r2.marginal,
        variance / (variance + fit.sigma().powi(2)),
        1e-12,
    );
}

#[test]
fn uncorrelated_terms_all_count() {
    let fit = lmer("Reaction ~ Days + (Days || Subject)", &*data("sleepstudy")).unwrap();
    let icc = fit.icc(0.95, None);
    // Johnson: τ00 + τ11 E[Days²], which is 28.5 on days 0 to 9.
    let random = fit.varcorr()[0].cov[0][0] + 28.5 * fit.varcorr()[1].cov[0][0];
    near(icc.adjusted, random / (random + fit.sigma().powi(2)), 1e-12);
    assert_eq!(icc.groups.len(), 1);
    near(icc.groups[0].icc, icc.adjusted, 1e-12);
    // What performance 0.10.2 prints leaves the slopes out: 0.490, 0.287; 0.415, 0.702.
    let note = icc.notes.iter().find(|n| n.code == "all_terms").unwrap();
    for number in ["0.490", "0.287", "0.415", "0.702"] {
        assert!(note.message.contains(number), "{}", note.message);
    }
}

#[test]
fn standard_error_of_the_balanced_icc() {
    // One-way, balanced, REML: with F = MSB/MSW, ρ = (F − 1)/(F + k − 1), and the mean squares
    // are independent with variances of their logarithms 2/(J − 1) and 2/(J(k − 1)).
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*data("Dyestuff")).unwrap();
    let icc = fit.icc(0.95, None);
    let (j, k) = (6.0, 5.0);
    let f = 1.0 + k * fit.varcorr()[0].cov[0][0] / fit.sigma().powi(2);
    let se = k * f / (f + k - 1.0f64).powi(2) * (2.0f64 / (j - 1.0) + 2.0 / (j * (k - 1.0))).sqrt();
    near(icc.rows[0].std_error.unwrap(), se, 1e-6);
    let logit = |x: f64| (x / (1.0 - x)).ln();
    let rho = icc.adjusted;
    let half = 1.959963984540054 * se / (rho * (1.0 - rho));
    near(logit(icc.rows[0].lower.unwrap()), logit(rho) - half, 1e-5);
    near(logit(icc.rows[0].upper.unwrap()), logit(rho) + half, 1e-5);
    // Kish: equal sizes.
    near(icc.design_effect, 1.0 + 4.0 * rho, 1e-12);
    near(icc.effective_n, 30.0 / (1.0 + 4.0 * rho), 1e-12);
}

#[test]
fn nested_shares_add_up_to_the_likeness_of_a_class() {
    let fit = lmer("strength ~ 1 + (1 | batch/cask)", &*data("Pastes")).unwrap();
    let icc = fit.icc(0.95, None);
    let of = |name: &str| icc.groups.iter().find(|g| g.group == name).unwrap();
    let (cask, batch) = (of("cask:batch"), of("batch"));
    near(cask.cumulative, cask.icc + batch.icc, 1e-12);
    near(batch.cumulative, batch.icc, 1e-12);
    // The variance of the mean of all rows, from V: 10 batches of 3 casks of 2.
    let (c, b, s) = (
        fit.varcorr()[0].cov[0][0],
        fit.varcorr()[1].cov[0][0],
        fit.sigma().powi(2),
    );
    let mean = b / 10.0 + c / 30.0 + s / 60.0;
    near(icc.design_effect, mean / ((b + c + s) / 60.0), 1e-9);
}

/// Unbalanced groups with a predictor of rows and one of groups.
struct Random {
    group: Vec<usize>,
    x: Vec<f64>,
    u: Vec<f64>,
    w: Vec<f64>,
    o: Vec<f64>,
    y: Vec<f64>,
}

impl Random {
    fn new(seed: u64, slopes: f64) -> Self {
        let mut rng = Rng(seed);
        let mut out = Self {
            group: vec![],
            x: vec![],
            u: vec![],
            w: vec![],
            o: vec![],
            y: vec![],
        };
        for g in 0..10 {
            let (u, level) = (rng.normal(), rng.normal());
            let (b0, b1) = (rng.normal(), slopes * rng.normal());
            for _ in 0..4 + (rng.uniform() * 7.0) as usize {
                let (x, o) = (3.0 + level + rng.normal(), rng.normal());
                out.group.push(g);
                out.x.push(x);
                out.u.push(u);
                out.w.push(0.5 + rng.uniform());
                out.o.push(o);
                out.y
                    .push(1.0 + 0.7 * x + 0.5 * u + b0 + b1 * x + o + rng.normal());
            }
        }
        out
    }

    /// Means of the groups, one a row.
    fn between(&self, v: &[f64]) -> Vec<f64> {
        let of = |g: usize| -> Vec<f64> {
            let rows = (0..v.len()).filter(|&i| self.group[i] == g);
            rows.map(|i| v[i]).collect()
        };
        let means: Vec<f64> = (0..10).map(|g| mean(&of(g))).collect();
        self.group.iter().map(|&g| means[g]).collect()
    }

    fn within(&self, v: &[f64]) -> Vec<f64> {
        v.iter().zip(self.between(v)).map(|(x, m)| x - m).collect()
    }

    fn source(&self) -> MemorySource {
        Table::new()
            .number("y", self.y.clone())
            .number("x", self.x.clone())
            .number("c", self.within(&self.x))
            .number("m", self.between(&self.x))
            .number("u", self.u.clone())
            .number("w", self.w.clone())
            .number("o", self.o.clone())
            .text("g", self.group.iter().map(|g| format!("g{g}")))
            .source()
            .unwrap()
    }
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn variance(v: &[f64]) -> f64 {
    let m = mean(v);
    v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (v.len() as f64 - 1.0)
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    sum / (a.len() as f64 - 1.0)
}

#[test]
fn everything_once_more_from_the_rows() {
    for seed in 1..=16u64 {
        let random = Random::new(seed, 0.6);
        let source = random.source();
        // With and without a constant in the random part, weights, offset, by REML and ML.
        let constant = seed % 4 != 1;
        let formula = if constant {
            "y ~ x * u + (x | g)"
        } else {
            "y ~ x * u + (0 + x | g)"
        };
        let mut model = Model::new(formula).reml(seed % 2 == 0);
        let weights = if seed % 3 == 0 {
            model = model.weights("w");
            random.w.clone()
        } else {
            vec![1.0; random.y.len()]
        };
        if seed % 5 == 0 {
            model = model.offset("o");
        }
        let fit = model.fit(&source).unwrap();
        let n = random.y.len();
        let cov = &fit.varcorr()[0].cov;
        let z: Vec<Vec<f64>> = if constant {
            vec![vec![1.0; n], random.x.clone()]
        } else {
            vec![random.x.clone()]
        };
        let k = z.len();
        let product = |a: &dyn Fn(usize, usize) -> f64| -> f64 {
            (0..k * k)
                .map(|at| cov[at / k][at % k] * a(at / k, at % k))
                .sum()
        };
        // Xβ without the offset.
        let all = fit.predict(&source, Groups::None).unwrap();
        let fitted: Vec<f64> = (0..n)
            .map(|i| all.fit[i].unwrap() - if seed % 5 == 0 { random.o[i] } else { 0.0 })
            .collect();
        let fixed = variance(&fitted);
        let l = product(&|a, b| mean(&(0..n).map(|i| z[a][i] * z[b][i]).collect::<Vec<_>>()));
        let residual = fit.sigma().powi(2);
        let total = fixed + l + residual;
        let answer = fit.r_squared(0.95);
        near(answer.marginal, fixed / total, 1e-9);
        near(answer.conditional, (fixed + l) / total, 1e-9);
        near(fit.icc(0.95, None).adjusted, l / (l + residual), 1e-9);

        let v = product(&|a, b| covariance(&z[a], &z[b]));
        let m = product(&|a, b| mean(&z[a]) * mean(&z[b]));
        let total = fixed + v + m + residual;
        let (f1, f2) = (
            variance(&random.within(&fitted)),
            variance(&random.between(&fitted)),
        );
        near(f1 + f2, fixed, 1e-9);
        let d = &answer.decomposition;
        near(d.total.variance, total, 1e-9 * total);
        near(d.total.f1.unwrap(), f1 / total, 1e-9);
        near(d.total.f2.unwrap(), f2 / total, 1e-9);
        near(d.total.v, v / total, 1e-9);
        near(d.total.m, m / total, 1e-9);
        let centred: Vec<Vec<f64>> = z.iter().map(|z| random.within(z)).collect();
        let spread: Vec<Vec<f64>> = z.iter().map(|z| random.between(z)).collect();
        let vw = product(&|a, b| covariance(&centred[a], &centred[b]));
        let vb = product(&|a, b| covariance(&spread[a], &spread[b]));
        let inside = f1 + vw + residual;
        let within = d.within.as_ref().unwrap();
        near(within.variance, inside, 1e-9 * inside);
        near(within.v, vw / inside, 1e-9);
        let outside = f2 + m + vb;
        let between = d.between.as_ref().unwrap();
        near(between.variance, outside, 1e-9 * outside);
        near(between.m, (m + vb) / outside, 1e-9);
        let share = &answer.slopes[0];
        let observed: Vec<f64> = (0..n)
            .map(|i| random.y[i] - if seed % 5 == 0 { random.o[i] } else { 0.0 })
            .collect();
        near(share.response_variance, variance(&observed), 1e-8);
        near(share.rho_beta, vw / variance(&observed), 1e-9);
        for level in &d.predictors {
            let column: Vec<f64> = match level.term.as_str() {
                "x" => random.x.clone(),
                "u" => random.u.clone(),
                _ => (0..n).map(|i| random.x[i] * random.u[i]).collect(),
            };
            let part = variance(&random.between(&column)) / variance(&column);
            near(level.between_share, part, 1e-9);
            assert_eq!(
                level.level,
                if level.term == "u" { "between" } else { "both" }
            );
        }
        check_reliability(&fit, &random, &z, &weights);
        check_generalised_variance(&fit, &random, &z, &weights);
    }
}

/// τ²/(τ² + v_j), with the group's own least squares.
fn check_reliability(fit: &Fit, random: &Random, z: &[Vec<f64>], weights: &[f64]) {
    let cov = &fit.varcorr()[0].cov;
    let found = fit.reliability().unwrap();
    for (a, row) in found.iter().enumerate() {
        let mut sum = 0.0;
        for g in 0..10 {
            let rows: Vec<usize> = (0..random.y.len())
                .filter(|&i| random.group[i] == g)
                .collect();
            let pick = |v: &[f64]| -> Vec<f64> { rows.iter().map(|&i| v[i]).collect() };
            let columns: Vec<Vec<f64>> = z.iter().map(|z| pick(z)).collect();
            let own = Dense::least_squares(&columns, &pick(&random.y), &pick(weights));
            let v = fit.sigma().powi(2) * own.at(a, a);
            sum += cov[a][a] / (cov[a][a] + v);
        }
        assert_eq!((row.hlm_groups, row.levels), (10, 10));
        near(row.hlm.unwrap(), sum / 10.0, 1e-7);
        assert!((0.0..=1.0).contains(&row.reliability));
    }
}

/// The scalar of `sgv` from determinants of the groups' V, or of all of V with weights.
fn check_generalised_variance(fit: &Fit, random: &Random, z: &[Vec<f64>], weights: &[f64]) {
    let cov = &fit.varcorr()[0].cov;
    let n = random.y.len();
    let weighted = weights.iter().any(|w| *w != 1.0);
    let (mut each, mut whole) = (0.0, 0.0);
    for g in 0..10 {
        let rows: Vec<usize> = (0..n).filter(|&i| random.group[i] == g).collect();
        let mut v = Dense::zeros(rows.len());
        for (a, &i) in rows.iter().enumerate() {
            for (b, &j) in rows.iter().enumerate() {
                let mut sum = if i == j {
                    fit.sigma().powi(2) / weights[i]
                } else {
                    0.0
                };
                for (p, row) in cov.iter().enumerate() {
                    for (q, c) in row.iter().enumerate() {
                        sum += z[p][i] * c * z[q][j];
                    }
                }
                v.set(a, b, sum);
            }
        }
        each += v.log_det() / rows.len() as f64 / 10.0;
        whole += v.log_det() / n as f64;
    }
    let scalar = if weighted { whole } else { each }.exp();
    let rows = fit.semi_partial(0.95).unwrap();
    let (nsj, sgv) = (semi(&rows, "Model", "nsj"), semi(&rows, "Model", "sgv"));
    // Both are the same Wald statistic over their scalar.
    let mean: f64 = (0..n)
        .map(|i| {
            let mut sum = fit.sigma().powi(2);
            for (p, row) in cov.iter().enumerate() {
                for (q, c) in row.iter().enumerate() {
                    sum += z[p][i] * c * z[q][i];
                }
            }
            sum / n as f64
        })
        .sum();
    near(sgv.f * scalar, nsj.f * mean, 1e-6 * nsj.f * mean);
    let (size, groups) = (n as f64 / 10.0, 10.0);
    let m = groups - size - 1.0;
    let df = if m > 0.0 {
        size * (m + 1.0) + (size - 1.0) * (size - 2.0) / 2.0
    } else {
        n as f64 - 1.0
    };
    near(sgv.den_df, df, 1e-9);
    assert!(sgv.lower <= sgv.r2 && sgv.r2 <= sgv.upper);
}

#[test]
fn centred_predictors_are_split_by_their_level() {
    let random = Random::new(21, 0.5);
    let fit = lmer("y ~ c + m + u + (c | g)", &random.source()).unwrap();
    let d = fit.decomposition(0.95);
    assert_eq!(d.centred, Some(true));
    let levels: Vec<&str> = d.predictors.iter().map(|p| p.level).collect();
    assert_eq!(levels, ["within", "between", "between"]);
    // Rights and Sterba's own formulas for this case: m is τ00, v is τ11 var(c).
    let cov = &fit.varcorr()[0].cov;
    let c = random.within(&random.x);
    near(d.total.m * d.total.variance, cov[0][0], 1e-9);
    near(d.total.v * d.total.variance, cov[1][1] * variance(&c), 1e-9);
    let f1 = fit.fixef()[1].powi(2) * variance(&c);
    let within = d.within.unwrap();
    near(
        within.f1,
        f1 / (f1 + cov[1][1] * variance(&c) + fit.sigma().powi(2)),
        1e-9,
    );
    assert!(d.notes.is_empty());
}

#[test]
fn several_factors_have_a_total_only() {
    let fit = lmer(
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        &*data("Penicillin"),
    )
    .unwrap();
    let d = fit.decomposition(0.95);
    assert!(d.within.is_none() && d.group.is_none());
    near(
        d.total.f + d.total.v + d.total.m + d.total.residual,
        1.0,
        1e-12,
    );
    assert!(d.notes.iter().any(|n| n.code == "several_groups"));
    assert!(fit.r_squared(0.95).semi_partial.is_empty());
}

#[test]
fn one_model_against_another() {
    let data = data("Orthodont");
    let small = lmer("distance ~ 1 + (1 | Subject)", &*data).unwrap();
    let large = lmer("distance ~ age + (1 | Subject)", &*data).unwrap();
    let found = large.variance_against(&small).unwrap();
    let residual = found.components.last().unwrap();
    assert_eq!(residual.group, "Residual");
    let ratio = large.sigma().powi(2) / small.sigma().powi(2);
    near(residual.reduction.unwrap(), 1.0 - ratio, 1e-12);
    // A predictor that varies within subjects only: their variance grows, and a note says why.
    assert!(found.components[0].reduction.unwrap() < 0.0);
    assert!(found.notes.iter().any(|n| n.code == "variance_grew"));
    let marginal = found
        .measures
        .iter()
        .find(|m| m.measure == "marginal")
        .unwrap();
    near(marginal.against, 0.0, 0.0);
    near(marginal.difference, large.r_squared(0.95).marginal, 1e-12);
    let fewer = lmer(
        "Reaction ~ 1 + (1 | Subject)",
        &*open("sleepstudy", &ReadOptions::default()).unwrap(),
    );
    assert_eq!(
        large.variance_against(&fewer.unwrap()).unwrap_err().code(),
        "other_rows"
    );
}

#[test]
fn a_loaded_fit_gives_what_needs_no_rows() {
    let fit = lmer(TEST_BED, &*data("sleep_unbal")).unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let (first, again) = (fit.icc(0.95, None), loaded.icc(0.95, None));
    near(again.adjusted, first.adjusted, 1e-12);
    near(
        again.rows[0].std_error.unwrap(),
        first.rows[0].std_error.unwrap(),
        1e-9,
    );
    let (whole, part) = (fit.r_squared(0.95), loaded.r_squared(0.95));
    near(part.marginal, whole.marginal, 1e-12);
    assert!(part.semi_partial.is_empty() && part.decomposition.within.is_none());
    assert!(part.notes.iter().any(|n| n.code == "needs_rows"));
}

#[test]
fn units_do_not_matter() {
    let fit = lmer(TEST_BED, &*data("sleep_unbal")).unwrap();
    let scaled = lmer(
        "I(1000 * Reaction) ~ I(Days / 365) * grp + (I(Days / 365) | Subject)",
        &*data("sleep_unbal"),
    )
    .unwrap();
    let (a, b) = (fit.r_squared(0.95), scaled.r_squared(0.95));
    for (x, y) in a
        .rows
        .iter()
        .chain(&a.decomposition.measures)
        .zip(b.rows.iter().chain(&b.decomposition.measures))
    {
        near(x.estimate, y.estimate, 1e-6);
        near(x.std_error.unwrap(), y.std_error.unwrap(), 1e-4);
    }
    for (x, y) in a.semi_partial.iter().zip(&b.semi_partial) {
        near(x.r2, y.r2, 1e-6);
    }
}
