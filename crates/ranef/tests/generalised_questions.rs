//! Questions about generalised models: shares of variance, residuals, checks, influence, comparisons,
//! saved models. Values of lme4 1.1-31 (bobyqa at tolPwrss 1e-10), performance 0.10.2 and an own
//! likelihood in TMB (held against glmmTMB 1.1.5), all in R 4.2.2.

mod dense;

use dense::{Dense, Rng};
use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{
    CheckOptions, DeletionMethod, Fit, LinkVariance, Model, NullMean, RSquared, Simulate, Verdict,
    compare,
};

const CBPP: &str = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
const TICKS: &str = "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | LOCATION)";
const TICKS_BY_ROW: &str =
    "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)";

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn model(formula: &str, family: &str) -> Model {
    let columns: &[&str] = match formula {
        f if f.contains("TICKS") => &["YEAR", "BROOD", "INDEX", "LOCATION"],
        f if f.contains("herd") => &["period"],
        _ => &[],
    };
    Model::new(formula)
        .family(family.parse().unwrap())
        .factors(columns.iter().copied())
}

fn cbpp() -> Fit {
    model(CBPP, "binomial").fit(&*data("cbpp")).unwrap()
}

fn ticks(formula: &str) -> Fit {
    model(formula, "poisson")
        .fit(&*data("grouseticks"))
        .unwrap()
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

fn measure(answer: &RSquared, name: &str) -> f64 {
    answer
        .rows
        .iter()
        .find(|s| s.measure == name)
        .unwrap()
        .estimate
}

/// Marginal and conditional R², ICC adjusted and unadjusted.
#[track_caller]
fn shares(fit: &Fit, want: [f64; 4], tolerance: f64) {
    let answer = fit.r_squared(0.95);
    for (name, want) in ["marginal", "conditional", "adjusted", "unadjusted"]
        .iter()
        .zip(want)
    {
        near(measure(&answer, name), want, tolerance);
    }
    let icc = fit.icc(0.95, None);
    near(icc.adjusted, want[2], tolerance);
    near(icc.unadjusted, want[3], tolerance);
}

/// performance 0.10.2: `icc` and `r2_nakagawa`.
#[test]
fn shares_of_yes_and_no() {
    let probit = model(CBPP, "binomial:probit").fit(&*data("cbpp")).unwrap();
    let verbal = "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)";
    let verbal = model(verbal, "binomial").fit(&*data("VerbAgg")).unwrap();
    let known = [
        (cbpp(), [0.0853636, 0.1872123, 0.1113543, 0.1018487]),
        (probit, [0.0764709, 0.1711535, 0.1025227, 0.0946827]),
        (verbal, [0.1725249, 0.4892036, 0.3827048, 0.3166787]),
    ];
    for (fit, want) in known {
        shares(&fit, want, 2e-4);
        let found = fit.icc(0.95, None).distribution.unwrap();
        assert_eq!((found.method, found.lambda), ("theoretical", None));
    }
    let cloglog = model(CBPP, "binomial:cloglog").fit(&*data("cbpp")).unwrap();
    let found = cloglog.icc(0.95, None).distribution.unwrap();
    near(found.variance, std::f64::consts::PI.powi(2) / 6.0, 1e-12);
}

/// The own likelihood in TMB with λ from its own null model, and with R's formulas.
#[test]
fn shares_of_counts() {
    let by = |method, mean| {
        ticks(TICKS_BY_ROW)
            .with_link_variance(method, mean)
            .unwrap()
    };
    let fit = by(LinkVariance::Theoretical, NullMean::Average);
    let answer = fit.r_squared(0.95);
    near(answer.variances.fixed, 1.75920966, 1e-4);
    near(answer.variances.random, 0.84209533, 1e-4);
    let found = answer.distribution.clone().unwrap();
    assert_eq!(
        (found.method, found.lambda_from),
        ("lognormal", Some("null_model"))
    );
    near(found.observation_level, 0.29323183, 1e-4);
    near(found.lambda.unwrap(), 6.07085025, 2e-3);
    near(found.variance, 0.15248206, 5e-5);
    shares(&fit, [0.57735437, 0.85372132, 0.65389758, 0.27636695], 5e-5);
    // The level of a row is no group.
    let icc = fit.icc(0.95, None);
    let groups: Vec<&str> = icc.groups.iter().map(|g| g.group.as_str()).collect();
    assert_eq!(groups, ["BROOD", "LOCATION"]);
    let sum: f64 = icc.groups.iter().map(|g| g.icc).sum();
    near(sum, icc.adjusted, 1e-12);

    let fit = by(LinkVariance::Trigamma, NullMean::Average);
    near(
        fit.r_squared(0.95).distribution.unwrap().variance,
        0.17902911,
        6e-5,
    );
    shares(&fit, [0.57236764, 0.84634755, 0.64069031, 0.27397991], 5e-5);
    let fit = by(LinkVariance::Delta, NullMean::Average);
    near(
        fit.r_squared(0.95).distribution.unwrap().variance,
        0.16472157,
        6e-5,
    );
    // performance: exp(β₀) alone; its optimum is lme4's default one.
    let fit = by(LinkVariance::Theoretical, NullMean::Median);
    near(
        fit.icc(0.95, None).distribution.unwrap().lambda.unwrap(),
        1.54368919,
        1e-3,
    );
    shares(
        &fit,
        [0.518615518, 0.766867316, 0.515703782, 0.248251798],
        1.5e-3,
    );

    let plain = ticks(TICKS);
    shares(
        &plain,
        [0.61653573, 0.94511583, 0.85687279, 0.32858010],
        5e-5,
    );
    near(
        plain.icc(0.95, None).distribution.unwrap().lambda.unwrap(),
        6.00606023,
        2e-3,
    );
}

#[test]
fn random_slopes_of_counts_have_a_curve() {
    let formula = "TICKS ~ YEAR + cHEIGHT + (cHEIGHT | LOCATION)";
    let fit = model(formula, "poisson")
        .fit(&*data("grouseticks"))
        .unwrap();
    let icc = fit.icc(0.95, Some(&[0.0, 1.0]));
    let block = &fit.varcorr()[0];
    let residual = icc.distribution.unwrap().variance;
    for point in &icc.curve {
        let x = point.x;
        let v = block.cov[0][0] + 2.0 * x * block.cov[0][1] + x * x * block.cov[1][1];
        near(point.variance, v, 1e-9 * v);
        near(point.vpc, v / (v + residual), 1e-9);
    }
    assert_eq!(icc.curve.len(), 2);
}

#[test]
fn the_delta_method_of_yes_and_no() {
    let fit = model(
        "cbind(incidence, size - incidence) ~ 1 + (1 | herd)",
        "binomial",
    );
    let fit = fit.fit(&*data("cbpp")).unwrap();
    let fit = fit
        .with_link_variance(LinkVariance::Delta, NullMean::Median)
        .unwrap();
    let found = fit.icc(0.95, None).distribution.unwrap();
    let p = 1.0 / (1.0 + (-fit.fixef()[0]).exp());
    near(found.variance, 1.0 / (p * (1.0 - p)), 1e-9);
    near(found.lambda.unwrap(), p, 1e-12);
    let error = fit
        .with_link_variance(LinkVariance::Trigamma, NullMean::Median)
        .unwrap_err();
    assert_eq!(error.code(), "no_trigamma");
}

/// lme4: `residuals(m, type = …)`, `fitted`, `predict(re.form = NA)`.
#[test]
fn residuals_of_every_kind() {
    let (fit, source) = (cbpp(), data("cbpp"));
    let found = fit.residual_table(&*source, None).unwrap();
    let known: [(&[f64], [f64; 4]); 5] = [
        (
            &found.raw,
            [-0.165350503, 0.108251743, 0.318486916, -0.0840287546],
        ),
        (
            &found.pearson,
            [-1.33986164, 1.07512587, 2.87961560, -0.677264085],
        ),
        (
            found.deviance.as_ref().unwrap(),
            [-1.43803189, 0.988743151, 2.35699783, -0.936858081],
        ),
        (
            found.working.as_ref().unwrap(),
            [-0.775508128, 0.889820649, 2.89291004, -1.09173733],
        ),
        (
            &found.fitted,
            [0.308207646, 0.141748257, 0.125957528, 0.0840287546],
        ),
    ];
    for (got, want) in known {
        for (got, want) in got.iter().zip(want) {
            near(*got, want, 1e-5);
        }
    }
    let eta = |p: f64| (p / (1.0 - p)).ln();
    near(eta(found.population[0]), -1.39853212, 1e-5);
    assert_eq!(fit.residuals(&*source).unwrap(), found.raw);
    assert_eq!(fit.fitted(&*source).unwrap(), found.fitted);
    let five = fit.summarise_residuals(&*source).unwrap().quantiles;
    for (got, want) in five.iter().zip([
        -2.38179288,
        -0.78881125,
        -0.20241268,
        0.51460144,
        2.87961560,
    ]) {
        near(*got, want, 1e-5);
    }
    // The same model from shares with weights.
    let shares = model("incidence/size ~ period + (1 | herd)", "binomial").weights("size");
    let again = shares
        .fit(&*source)
        .unwrap()
        .residual_table(&*source, None)
        .unwrap();
    for (a, b) in found.pearson.iter().zip(&again.pearson) {
        near(*a, *b, 1e-6);
    }
}

/// h = W(x, z)C(x, z)' with C the inverse of [X Z]'W[X Z] + diag(0, 1/τ²), whole.
#[test]
fn leverages_are_those_of_the_whole_matrix() {
    let (fit, source) = (cbpp(), data("cbpp"));
    let found = fit.residual_table(&*source, None).unwrap();
    let augmented = fit.augment(&*source).unwrap();
    let csv = {
        let mut out = Vec::new();
        ranef::frame::write_csv(&augmented.rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let column = |name: &str| -> Vec<f64> {
        let at = csv
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|c| c == name)
            .unwrap();
        let cells = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(at).unwrap());
        cells
            .map(|cell| cell.trim_matches('"').parse().unwrap())
            .collect()
    };
    let (herd, period) = (column("herd"), column("period"));
    let weights: Vec<f64> = column(".sqrtXwt").iter().map(|x| x * x).collect();
    let q = 4 + 15;
    let row = |i: usize| -> Vec<f64> {
        let mut row = vec![0.0; q];
        row[0] = 1.0;
        if period[i] > 1.0 {
            row[period[i] as usize - 1] = 1.0;
        }
        row[4 + herd[i] as usize - 1] = 1.0;
        row
    };
    let mut matrix = Dense::zeros(q);
    for i in 0..56 {
        let x = row(i);
        for a in 0..q {
            for b in 0..q {
                matrix.set(a, b, matrix.at(a, b) + weights[i] * x[a] * x[b]);
            }
        }
    }
    for a in 4..q {
        matrix.set(a, a, matrix.at(a, a) + 1.0 / fit.varcorr()[0].cov[0][0]);
    }
    let inverse = matrix.inverse();
    let hat = column(".hat");
    for (i, weight) in weights.iter().enumerate() {
        let want = weight * inverse.quadratic(&row(i));
        near(found.leverage[i], want, 1e-8);
        near(hat[i], want, 1e-8);
    }
    // lme4's response object.
    for (name, want) in [
        (".sqrtXwt", [1.72772096, 1.20825008, 0.995404473]),
        (".sqrtrwt", [8.10316038, 9.93171876, 9.04155069]),
        (".weights", [14.0, 12.0, 9.0]),
        (".mu", [0.308207646, 0.141748257, 0.125957528]),
        (".wtres", [-1.33986164, 1.07512587, 2.87961560]),
        (".resid", [-1.43803189, 0.988743151, 2.35699783]),
    ] {
        for (got, want) in column(name).iter().zip(want) {
            near(*got, want, 2e-5);
        }
    }
    assert_eq!(column(".fitted"), column(".eta"));
}

/// performance's `check_overdispersion`; zeros by `sum(dpois(0, fitted(m)))`.
#[test]
fn overdispersion_and_zeros() {
    let source = data("grouseticks");
    let plain = ticks(TICKS);
    let found = plain.dispersion(&*source).unwrap();
    near(found.chisq, 691.136603, 5e-3);
    near(found.ratio, 1.740898, 2e-5);
    assert_eq!(found.df, 397.0);
    near(found.p_value.ln(), 3.14725e-18f64.ln(), 1e-2);
    assert!(found.effective_ratio > 2.0 && found.informative);
    let row = ticks(TICKS_BY_ROW).dispersion(&*source).unwrap();
    near(row.chisq, 163.210605, 5e-2);
    near(row.ratio, 0.412148, 2e-4);
    let shares = cbpp().dispersion(&*data("cbpp")).unwrap();
    near(shares.chisq, 63.078, 5e-4);
    near(shares.p_value, 0.119, 5e-4);

    let check = plain
        .check(&*source, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    let zeros = check.simulated.zeros.unwrap();
    assert_eq!(zeros.observed, 126);
    near(zeros.expected, 108.899, 1.5);
    assert_eq!(
        check.finding("overdispersion").unwrap().verdict,
        Verdict::Problem
    );
    assert_eq!(
        check.finding("zero_inflation").unwrap().verdict,
        Verdict::Note
    );
    let by_row = ticks(TICKS_BY_ROW);
    let check = by_row
        .check(&*source, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    assert!(check.finding("overdispersion").unwrap().verdict <= Verdict::Note);
    // So many fits would take a minute.
    assert!(
        check
            .groups
            .iter()
            .all(|g| g.method == DeletionMethod::OneStep)
    );
}

/// Counts of 40 groups with 12 rows each.
struct World {
    group: Vec<f64>,
    x: Vec<f64>,
    mean: Vec<f64>,
}

impl World {
    fn new(rng: &mut Rng, sd: f64) -> Self {
        let effects: Vec<f64> = (0..40).map(|_| sd * rng.normal()).collect();
        let group: Vec<f64> = (0..480).map(|i| (i / 12) as f64).collect();
        let x: Vec<f64> = (0..480).map(|_| rng.normal()).collect();
        let mean = group
            .iter()
            .zip(&x)
            .map(|(g, x)| (0.7 + 0.4 * x + effects[*g as usize]).exp());
        Self {
            mean: mean.collect(),
            group,
            x,
        }
    }

    fn counts(&self, rng: &mut Rng, extra: f64) -> Vec<f64> {
        let draw = |mean: &f64| {
            let mean = mean * (extra * rng.normal() - 0.5 * extra * extra).exp();
            // Arrivals within a unit of time.
            let (mut time, mut count) = (0.0, 0.0);
            loop {
                time -= rng.uniform().ln() / mean;
                if time > 1.0 {
                    return count;
                }
                count += 1.0;
            }
        };
        self.mean.iter().map(draw).collect()
    }

    fn source(&self, y: Vec<f64>) -> MemorySource {
        Table::new()
            .number("y", y)
            .number("x", self.x.clone())
            .number("g", self.group.clone())
            .source()
            .unwrap()
    }
}

/// Where the model is right nothing is found, in either kind of simulation; where counts have more
/// spread or zeros than it has, that is.
#[test]
fn simulated_residuals_tell_right_from_wrong() {
    let mut rng = Rng(20_250_101);
    let mut smallest = f64::INFINITY;
    let fit_of = |source: &MemorySource| {
        let model = Model::new("y ~ x + (1 | g)").family("poisson".parse().unwrap());
        model.factors(["g"]).fit(source).unwrap()
    };
    for conditional in [true, false] {
        let how = Simulate {
            conditional,
            ..Simulate::default()
        };
        for _ in 0..3 {
            let world = World::new(&mut rng, 0.5);
            let source = world.source(world.counts(&mut rng, 0.0));
            let found = fit_of(&source).simulated_residuals(&source, how).unwrap();
            smallest = smallest
                .min(found.distance_adjusted_p)
                .min(found.dispersion_p)
                .min(found.outliers_p)
                .min(found.zeros.unwrap().p_value)
                .min(found.largest_quantile_deviation().1);
            near(found.dispersion, found.dispersion_expected, 0.12);
        }
        // Fifteen p-values for each.
        assert!(smallest > 0.0003, "{smallest}");
        if !conditional {
            // New groups have so much spread that little else shows.
            continue;
        }
        let world = World::new(&mut rng, 0.5);
        let source = world.source(world.counts(&mut rng, 0.8));
        let fit = fit_of(&source);
        let found = fit.simulated_residuals(&source, how).unwrap();
        assert!(found.dispersion_p < 0.01, "{}", found.dispersion_p);
        assert!(found.dispersion > 1.2 * found.dispersion_expected);
        let mut y = world.counts(&mut rng, 0.0);
        y.iter_mut().step_by(4).for_each(|y| *y = 0.0);
        let source = world.source(y);
        let found = fit_of(&source).simulated_residuals(&source, how).unwrap();
        let zeros = found.zeros.unwrap();
        assert!(
            zeros.observed as f64 > 1.2 * zeros.expected && zeros.p_value < 0.01,
            "{zeros:?}"
        );
        // The same seed, the same numbers.
        let again = fit_of(&source).simulated_residuals(&source, how).unwrap();
        assert_eq!(again.residuals, found.residuals);
    }
}

/// lme4's `influence(m, "herd")`: coefficients without each herd.
#[test]
fn groups_are_left_out() {
    let (fit, source) = (cbpp(), data("cbpp"));
    let exact = fit
        .group_influence(
            &*source,
            Some("herd"),
            DeletionMethod::Exact,
            &mut |_, _| {},
        )
        .unwrap();
    let known = [
        [-1.37479080, -1.16207469, -1.47370780, -1.58274231],
        [-1.36638970, -0.98769622, -1.11885841, -1.58688631],
        [-1.49198207, -0.92689260, -0.91297368, -1.62420411],
    ];
    for (level, want) in exact.levels.iter().zip(known) {
        for (j, want) in want.iter().enumerate() {
            near(level.without[j].unwrap(), *want, 2e-3 * exact.std_errors[j]);
        }
        assert!(level.rvc.iter().all(|c| c.group == "herd"));
    }
    // With lme4's own covariance in R: 0.34098 and 0.43246.
    near(exact.levels[0].cooks_distance.unwrap(), 0.34098, 3e-3);
    near(exact.levels[10].cooks_distance.unwrap(), 0.43246, 3e-3);
    // One step goes most of the way.
    let step = fit
        .group_influence(&*source, None, DeletionMethod::OneStep, &mut |_, _| {})
        .unwrap();
    for (a, b) in step.levels.iter().zip(&exact.levels) {
        let (a, b) = (a.cooks_distance.unwrap(), b.cooks_distance.unwrap());
        assert!((a - b).abs() < 0.2 * b + 0.005, "{a} {b}");
    }
    let rows = fit.row_influence(&*source).unwrap();
    let worst = rows
        .rows
        .iter()
        .max_by(|a, b| a.cooks_fixed.partial_cmp(&b.cooks_fixed).unwrap());
    assert_eq!(worst.unwrap().row, 37);
}

/// lme4's `anova`, and the likelihood ratio to `glm`.
#[test]
fn comparisons_and_deletions() {
    let (fit, source) = (cbpp(), data("cbpp"));
    let null = model(
        "cbind(incidence, size - incidence) ~ 1 + (1 | herd)",
        "binomial",
    );
    let null = null.fit(&*source).unwrap();
    let found = compare(&[&fit, &null], true).unwrap();
    assert_eq!(found.refit, None);
    near(found.rows[1].chisq.unwrap(), 25.61006, 1e-4);
    near(found.rows[1].p_value.unwrap(), 1.1509e-5, 1e-8);
    near(found.rows[0].aic, 213.6626272, 1e-4);
    let found = fit.deletions(&*source).unwrap();
    near(found.rows[1].lrt.unwrap(), 14.00583524, 1e-5);
    near(
        found.rows[1].p_boundary.unwrap(),
        0.5 * found.rows[1].p_value.unwrap(),
        1e-12,
    );
    let ticks_source = data("grouseticks");
    let found = ticks(TICKS).deletions(&*ticks_source).unwrap();
    near(
        found.rows[1].lrt.unwrap(),
        2.0 * (1133.52094386 - 987.93815695),
        1e-4,
    );
    near(
        found.rows[2].lrt.unwrap(),
        2.0 * (989.03774626 - 987.93815695),
        1e-4,
    );
    // Densities of numbers are not probabilities of counts.
    let linear = Model::new("TICKS ~ YEAR + (1 | BROOD)")
        .reml(false)
        .factors(["YEAR", "BROOD"]);
    let linear = linear.fit(&*ticks_source).unwrap();
    let counts = model("TICKS ~ YEAR + (1 | BROOD)", "poisson")
        .fit(&*ticks_source)
        .unwrap();
    assert_eq!(
        compare(&[&linear, &counts], true).unwrap_err().code(),
        "different_families"
    );
    assert_eq!(
        counts.variance_against(&linear).unwrap_err().code(),
        "different_family"
    );
    // Links are compared by AIC only.
    let probit = model(CBPP, "binomial:probit").fit(&*source).unwrap();
    let found = compare(&[&null, &probit], true).unwrap();
    assert_eq!(
        (found.rows[1].nested, found.rows[1].chisq),
        (Some(false), None)
    );
    assert!(found.notes.iter().any(|n| n.code == "different_families"));
}

#[test]
fn a_saved_model_answers_like_the_one_that_was_fitted() {
    for (fit, source) in [(cbpp(), data("cbpp")), (ticks(TICKS), data("grouseticks"))] {
        let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
        assert!(!loaded.has_rows());
        assert_eq!(
            loaded.residuals(&*source).unwrap(),
            fit.residuals(&*source).unwrap()
        );
        // Without rows λ is the mean of the response, and the answer says so.
        let without = loaded.icc(0.95, None).distribution.unwrap();
        assert_eq!(
            without.lambda_from.is_some(),
            fit.family().name() == "poisson"
        );
        assert_ne!(without.lambda_from, Some("null_model"));
        let again = loaded.with_rows(&*source).unwrap();
        let (a, b) = (again.icc(0.95, None), fit.icc(0.95, None));
        near(a.adjusted, b.adjusted, 1e-9);
        let options = CheckOptions::default();
        let quiet = &mut |_: &'static str| {};
        let a = again.check(&*source, &options, quiet).unwrap();
        let b = fit.check(&*source, &options, quiet).unwrap();
        for (a, b) in a.checks.iter().zip(&b.checks) {
            assert_eq!((&a.name, a.verdict), (&b.name, b.verdict));
        }
        near(
            a.dispersion.unwrap().chisq,
            b.dispersion.unwrap().chisq,
            1e-6,
        );
    }
    let fit = cbpp();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let rows = data("cbpp");
    let other: String = {
        let mut out = Vec::new();
        ranef::frame::write_csv(&*rows, &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .replacen("1,2,14,1", "1,9,14,1", 1)
    };
    let path = std::env::temp_dir().join(format!("ranef-other-{}.csv", std::process::id()));
    std::fs::write(&path, other).unwrap();
    let other = open(path.to_str().unwrap(), &ReadOptions::default()).unwrap();
    assert_eq!(loaded.with_rows(&*other).unwrap_err().code(), "other_rows");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn separation_is_named() {
    let mut rng = Rng(7);
    let n = 120;
    let group: Vec<f64> = (0..n).map(|i| (i % 10) as f64).collect();
    let treated: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let y: Vec<f64> = treated
        .iter()
        .map(|t| f64::from(u8::from(*t == 1.0 || rng.uniform() < 0.4)))
        .collect();
    let source = Table::new()
        .number("y", y)
        .number("treated", treated)
        .number("g", group)
        .source()
        .unwrap();
    let model = Model::new("y ~ treated + (1 | g)").family("binomial".parse().unwrap());
    // That there is no fit is an answer as well.
    let Ok(fit) = model.factors(["g"]).fit(&source) else {
        return;
    };
    let check = fit
        .check(&source, &CheckOptions::default(), &mut |_| {})
        .unwrap();
    assert_eq!(
        check.finding("separation").unwrap().verdict,
        Verdict::Problem
    );
    assert_eq!(check.separation[0].term, "treated");
    assert_eq!(check.separation[0].rows, Some(40));
    assert_eq!(
        check.finding("overdispersion").unwrap().verdict,
        Verdict::Ok
    );
}

#[test]
fn what_generalised_models_do_not_have_is_refused() {
    let (fit, source) = (cbpp(), data("cbpp"));
    let codes = [
        fit.spread(&*source).map(|_| ()).unwrap_err().code(),
        fit.conditional_aic(&*source)
            .map(|_| ())
            .unwrap_err()
            .code(),
        fit.semi_partial(0.95).map(|_| ()).unwrap_err().code(),
        fit.pooling(None, 0.95).map(|_| ()).unwrap_err().code(),
        fit.robust(&*source, &Default::default())
            .map(|_| ())
            .unwrap_err()
            .code(),
        fit.fixed_effects(&*source, &Default::default())
            .map(|_| ())
            .unwrap_err()
            .code(),
        cbpp()
            .with_df(ranef::DfMethod::Satterthwaite)
            .map(|_| ())
            .unwrap_err()
            .code(),
    ];
    assert!(codes.iter().all(|c| *c == "linear_only"), "{codes:?}");
    let linear = ranef::lmer("Reaction ~ Days + (1 | Subject)", &*data("sleepstudy")).unwrap();
    assert_eq!(
        linear.dispersion(&*data("sleepstudy")).unwrap_err().code(),
        "generalised_only"
    );
}
