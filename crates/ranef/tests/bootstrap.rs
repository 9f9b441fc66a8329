//! Bootstrap and simulation: against R, against plain twins, and with what cannot be done.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{
    Bootstrap, BootstrapInterval, BootstrapOptions, BootstrapType, Fit, Interrupt, IntervalMethod,
    Model, SimulateOptions, Statistic, compare_bootstrap,
};

const SLEEP: &str = "Reaction ~ Days + (Days | Subject)";

/// Means and standard deviations of 2,000 replicates of lme4 1.1-31's `bootMer`, in the order of our
/// rows.
const BOOT_MER: [(f64, f64); 6] = [
    (251.147611, 6.859555),
    (10.478267, 1.571102),
    (24.121713, 5.942788),
    (0.115271, 0.350903),
    (5.790244, 1.287352),
    (25.559135, 1.473305),
];

/// The same of 1,000 with `use.u = TRUE`.
const BOOT_MER_KEPT: [(f64, f64); 6] = [
    (251.337950, 3.659730),
    (10.474549, 0.677983),
    (21.262347, 4.010123),
    (0.320298, 0.288938),
    (5.445788, 0.746135),
    (25.448931, 1.476217),
];

/// pbkrtest 0.5.2's `PBmodcomp`: the statistic and the p-value of 2,000 replicates.
const PB_FIXED: (f64, f64) = (0.3333, 0.8856);

/// The same of 1,000.
const PB_CORRELATION: (f64, f64) = (0.0639, 0.8100);

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn sleep() -> (Fit, Box<dyn Source>) {
    let data = data("sleepstudy");
    (ranef::lmer(SLEEP, &*data).unwrap(), data)
}

fn options(replicates: u32, kind: BootstrapType) -> BootstrapOptions {
    BootstrapOptions {
        replicates,
        kind,
        ..BootstrapOptions::default()
    }
}

fn parameters() -> [Statistic; 1] {
    [Statistic::Parameters(Vec::new())]
}

fn run(fit: &Fit, source: &dyn Source, options: &BootstrapOptions) -> Bootstrap {
    fit.bootstrap(Some(source), &parameters(), options, &mut |_, _| {})
        .unwrap()
}

/// Means and standard deviations of replicates that another program made.
#[track_caller]
fn like(found: &Bootstrap, theirs: &[(f64, f64)], count: f64) {
    let ours = found.count.done as f64;
    for (row, &(mean, sd)) in found.rows.iter().zip(theirs) {
        let (my_sd, my_mean) = (
            row.std_error.unwrap(),
            row.estimate.unwrap() + row.bias.unwrap(),
        );
        let error = sd * (1.0 / ours + 1.0 / count).sqrt();
        assert!(
            (my_mean - mean).abs() < 4.0 * error,
            "{}: {my_mean} {mean} ± {error}",
            row.parameter
        );
        // The standard error of a standard deviation, with room for tails heavier than normal.
        let error = 1.3 * sd * (0.5 / ours + 0.5 / count).sqrt();
        assert!(
            (my_sd - sd).abs() < 4.0 * error,
            "{}: {my_sd} {sd} ± {error}",
            row.parameter
        );
    }
}

#[test]
fn sleepstudy_as_boot_mer() {
    let (fit, source) = sleep();
    let found = run(&fit, &*source, &options(4000, BootstrapType::Parametric));
    let names: Vec<&str> = found.rows.iter().map(|r| r.parameter.as_str()).collect();
    assert_eq!(
        names,
        [
            "(Intercept)",
            "Days",
            "sd__(Intercept)",
            "cor__(Intercept).Days",
            "sd__Days",
            "sd__Observation"
        ]
    );
    assert_eq!((found.count.done, found.count.failed), (4000, 0));
    assert!(found.count.singular > 20 && found.count.singular < 160);
    like(&found, &BOOT_MER, 2000.0);
    let kept = run(&fit, &*source, &options(2000, BootstrapType::Kept));
    like(&kept, &BOOT_MER_KEPT, 1000.0);
}

/// The same replicates whatever the number of threads, other ones with another seed.
#[test]
fn replicates_are_a_matter_of_the_seed() {
    let (fit, source) = sleep();
    for kind in [
        BootstrapType::Parametric,
        BootstrapType::Residual,
        BootstrapType::Cases,
        BootstrapType::Cluster,
    ] {
        let all = run(&fit, &*source, &options(60, kind));
        let again = run(&fit, &*source, &options(60, kind));
        assert_eq!(all, again, "{kind:?}");
        let few = run(&fit, &*source, &options(20, kind));
        assert_eq!(few.values[1], all.values[1][..20], "{kind:?}");
        let other = BootstrapOptions {
            seed: 2,
            ..options(60, kind)
        };
        assert_ne!(run(&fit, &*source, &other).values[1], all.values[1]);
    }
}

/// A replicate with rows drawn anew is what a fit of these rows gives: groups drawn with
/// replacement, each draw a group of its own.
#[test]
fn cluster_replicates_are_fits_of_relabelled_groups() {
    use ranef_engine::random::Stream;
    let (fit, source) = sleep();
    let found = run(&fit, &*source, &options(3, BootstrapType::Cluster));
    let mut columns: (Vec<f64>, Vec<f64>) = Default::default();
    let csv = {
        let mut out = Vec::new();
        ranef::frame::write_csv(&*source, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let at = |name: &str| head.iter().position(|h| *h == name).unwrap();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        columns.0.push(cells[at("Reaction")].parse().unwrap());
        columns.1.push(cells[at("Days")].parse().unwrap());
    }
    for replicate in 0..3u32 {
        let mut stream = Stream::new(1, replicate, 0);
        let (mut y, mut x, mut g) = (Vec::new(), Vec::new(), Vec::new());
        for draw in 0..18 {
            // Subjects stand one after another, ten rows each.
            let subject = stream.below(18) as usize;
            for row in subject * 10..subject * 10 + 10 {
                y.push(columns.0[row]);
                x.push(columns.1[row]);
                g.push(format!("draw {draw:02}"));
            }
        }
        let table = Table::new()
            .number("Reaction", y)
            .number("Days", x)
            .text("Subject", g)
            .source()
            .unwrap();
        let plain = ranef::lmer(SLEEP, &table).unwrap();
        let block = &plain.varcorr()[0];
        let expected = [
            plain.fixef()[0],
            plain.fixef()[1],
            block.sd[0],
            block.corr[1][0].unwrap(),
            block.sd[1],
            plain.sigma(),
        ];
        for (values, expected) in found.values.iter().zip(expected) {
            let value = values[replicate as usize].unwrap();
            assert!(
                (value - expected).abs() < 1e-4 * expected.abs().max(1.0),
                "{value} {expected}"
            );
        }
    }
}

/// Reflated residuals: the variances of replicates are those of the model, not of predicted effects.
#[test]
fn residual_bootstrap_has_the_variances_of_the_model() {
    let (fit, source) = sleep();
    let found = run(&fit, &*source, &options(1500, BootstrapType::Residual));
    // REML on 18 groups: standard deviations are biased by up to 4 percent.
    for row in &found.rows[2..] {
        if row.parameter.starts_with("sd__") {
            let share = row.bias.unwrap() / row.estimate.unwrap();
            assert!(share.abs() < 0.06, "{}: {share}", row.parameter);
        }
    }
    // With the effects as predicted it would be 15 percent and more.
    let kept = run(&fit, &*source, &options(1000, BootstrapType::Kept));
    assert!(kept.rows[2].bias.unwrap() / kept.rows[2].estimate.unwrap() < -0.1);
}

#[test]
fn intervals_of_four_kinds() {
    let (fit, source) = sleep();
    let ends = |interval| {
        let options = BootstrapOptions {
            interval,
            ..options(2000, BootstrapType::Parametric)
        };
        let found = run(&fit, &*source, &options);
        let ends = |i: usize| (found.rows[i].lower.unwrap(), found.rows[i].upper.unwrap());
        (ends(1), ends(4), found)
    };
    let (fixed, sd, percentile) = ends(BootstrapInterval::Percentile);
    let (basic, basic_sd, _) = ends(BootstrapInterval::Basic);
    let days = fit.fixef()[1];
    assert!((basic.0 - (2.0 * days - fixed.1)).abs() < 1e-12);
    assert!((basic_sd.1 - (2.0 * fit.varcorr()[0].sd[1] - sd.0)).abs() < 1e-12);
    let (normal, _, _) = ends(BootstrapInterval::Normal);
    let row = &percentile.rows[1];
    let half = 1.959963984540054 * row.std_error.unwrap();
    assert!((normal.0 - (days - row.bias.unwrap() - half)).abs() < 1e-9);
    let (bca, bca_sd, _) = ends(BootstrapInterval::Bca);
    // Standard deviations come out too small and skewed: BCa moves both ends up.
    assert!(bca_sd.0 > sd.0 && bca_sd.1 > sd.1, "{bca_sd:?} {sd:?}");
    assert!((bca.0 - fixed.0).abs() < 0.8 && (bca.1 - fixed.1).abs() < 0.8);
    // Nearly the exact t interval of a balanced design: 10.467 ± 2.110 · 1.546.
    assert!(
        (fixed.0 - 7.40).abs() < 0.3 && (fixed.1 - 13.53).abs() < 0.3,
        "{fixed:?}"
    );
}

/// All kinds of statistics, and a function of one's own that asks a fit.
#[test]
fn statistics_of_replicates() {
    let (fit, source) = sleep();
    let new = Table::new().number("Days", [0.0, 4.0]).source().unwrap();
    let asked = [
        Statistic::Parameters(vec!["Days".into(), "sd__Observation".into()]),
        Statistic::Icc,
        Statistic::RSquared,
        Statistic::Contrasts(fit.hypotheses("2 * Days").unwrap()),
        fit.statistic_of_rows(&new).unwrap(),
    ];
    let choice = options(40, BootstrapType::Parametric);
    let found = fit
        .bootstrap(None, &asked, &choice, &mut |_, _| {})
        .unwrap();
    let names: Vec<&str> = found.rows.iter().map(|r| r.parameter.as_str()).collect();
    assert_eq!(
        names,
        [
            "Days",
            "sd__Observation",
            "icc",
            "icc_unadjusted",
            "icc",
            "r2_marginal",
            "r2_conditional",
            "2 * Days",
            "row 1",
            "row 2"
        ]
    );
    let own = |replicate: &ranef::Replicate| {
        let fit = replicate.fit(&fit);
        // What is unknown is said to be: no number of the model stands in its place.
        assert!(
            fit.coefficients()
                .iter()
                .all(|c| c.std_error.is_none() && c.df.is_none())
        );
        assert!(fit.effects(0.95).random.iter().all(|e| e.estimate.is_nan()));
        assert!(!fit.summary().to_string().is_empty());
        let shares = fit.varcorr()[0].sd[0].powi(2) / (fit.sigma().powi(2));
        vec![
            fit.fixef()[1],
            shares,
            fit.fixef()[0] + 4.0 * fit.fixef()[1],
        ]
    };
    let names: Vec<String> = ["days", "ratio", "day 4"].map(String::from).to_vec();
    let own = fit
        .bootstrap_of(Some(&*source), &names, &own, &choice, &mut |_, _| {})
        .unwrap();
    for replicate in 0..40 {
        let at = |row: usize| found.values[row][replicate].unwrap();
        assert!((own.values[0][replicate].unwrap() - at(0)).abs() < 1e-12);
        assert!((at(7) - 2.0 * at(0)).abs() < 1e-12);
        assert!((at(9) - at(8) - 4.0 * at(0)).abs() < 1e-9);
        assert!((own.values[2][replicate].unwrap() - at(9)).abs() < 1e-9);
        // One grouping factor: its share is the adjusted one.
        assert_eq!(at(2), at(4));
        // R²c = R²m + (1 − R²m)·ICC.
        assert!((at(6) - at(5) - (1.0 - at(5)) * at(2)).abs() < 1e-12);
    }
    // The estimates are those of the questions themselves.
    assert!((found.rows[2].estimate.unwrap() - fit.icc(0.95, None).adjusted).abs() < 1e-12);
    assert!((found.rows[6].estimate.unwrap() - fit.r_squared(0.95).conditional).abs() < 1e-12);
    assert!((found.rows[9].estimate.unwrap() - 293.274).abs() < 1e-2);
}

/// Fixed effects with few groups, and a variance: pbkrtest's p-values within Monte Carlo error.
#[test]
fn tests_as_pb_modcomp() {
    let cake = data("cake");
    let few = {
        let mut out = Vec::new();
        ranef::frame::write_csv(&*cake, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let column = |name: &str| -> Vec<String> {
            let at = head.iter().position(|h| *h == name).unwrap();
            let cells = text.lines().skip(1).map(|l| l.split(',').nth(at).unwrap());
            cells.map(str::to_owned).collect()
        };
        let replicate = column("replicate");
        let keep = |name: &str| -> Vec<String> {
            let all = column(name).into_iter().zip(&replicate);
            all.filter(|(_, r)| r.parse::<u32>().unwrap() <= 4)
                .map(|(x, _)| x)
                .collect()
        };
        let number =
            |name: &str| -> Vec<f64> { keep(name).iter().map(|x| x.parse().unwrap()).collect() };
        Table::new()
            .number("angle", number("angle"))
            .number("temp", number("temp"))
            .text("recipe", keep("recipe"))
            .text("replicate", keep("replicate"))
            .source()
            .unwrap()
    };
    let fit =
        |formula: &str, source: &dyn Source| Model::new(formula).reml(false).fit(source).unwrap();
    let small = fit("angle ~ temp + (1 | recipe:replicate)", &few);
    let large = fit("angle ~ recipe + temp + (1 | recipe:replicate)", &few);
    let choice = options(4000, BootstrapType::Parametric);
    let comparison =
        compare_bootstrap(&[&large, &small], &[&few], &choice, &mut |_, _| {}).unwrap();
    let row = &comparison.rows[1];
    let test = row.bootstrap.as_ref().unwrap();
    assert_eq!(test.done + test.failed as usize, 4000);
    assert_eq!(
        row.p_bootstrap,
        Some((1 + test.extreme) as f64 / (1 + test.done) as f64)
    );
    close(test.p_value, PB_FIXED.1, 4000.0, 2000.0);
    assert!((row.chisq.unwrap() - PB_FIXED.0).abs() < 1e-4, "{row:?}");
    // With nine degrees of freedom between groups χ² is too sure.
    assert!(test.p_value > row.p_value.unwrap() + 0.01);

    let sleepstudy = data("sleepstudy");
    let small = fit("Reaction ~ Days + (Days || Subject)", &*sleepstudy);
    let large = fit(SLEEP, &*sleepstudy);
    let comparison =
        compare_bootstrap(&[&small, &large], &[&*sleepstudy], &choice, &mut |_, _| {}).unwrap();
    let test = comparison.rows[1].bootstrap.as_ref().unwrap();
    assert!((comparison.rows[1].chisq.unwrap() - PB_CORRELATION.0).abs() < 1e-4);
    close(test.p_value, PB_CORRELATION.1, 4000.0, 1000.0);
}

#[track_caller]
fn close(ours: f64, theirs: f64, n: f64, m: f64) {
    let error = (theirs * (1.0 - theirs) * (1.0 / n + 1.0 / m)).sqrt();
    assert!(
        (ours - theirs).abs() < 4.0 * error + 2.0 / n,
        "{ours} {theirs} ± {error}"
    );
}

/// A generalised model: means and standard deviations of simulated responses are those of the family,
/// and a bootstrap finds the standard errors of the fit where these are right.
#[test]
fn generalised_models() {
    let cbpp = data("cbpp");
    let formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
    let fit = ranef::glmer(formula, "binomial".parse().unwrap(), &*cbpp).unwrap();
    let simulate = SimulateOptions {
        count: 2000,
        kept: true,
        ..SimulateOptions::default()
    };
    let simulation = fit.simulate(&*cbpp, &simulate).unwrap();
    let fitted = fit.predict(&*cbpp, ranef::Groups::All).unwrap().fit;
    let sizes: Vec<f64> = {
        let mut out = Vec::new();
        ranef::frame::write_csv(&*cbpp, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let at = text
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|h| h == "size")
            .unwrap();
        let cells = text.lines().skip(1).map(|l| l.split(',').nth(at).unwrap());
        cells.map(|c| c.parse().unwrap()).collect()
    };
    for (i, (p, size)) in fitted.iter().zip(sizes).enumerate() {
        let p = p.unwrap();
        let draws: Vec<f64> = simulation.simulations.iter().map(|s| s[i]).collect();
        assert!(
            draws
                .iter()
                .all(|y| y.fract() == 0.0 && (0.0..=size).contains(y))
        );
        let mean = draws.iter().sum::<f64>() / 2000.0;
        let error = (size * p * (1.0 - p) / 2000.0).sqrt();
        assert!(
            (mean - size * p).abs() < 4.5 * error,
            "row {i}: {mean} {} ± {error}",
            size * p
        );
    }
    let found = run(&fit, &*cbpp, &options(400, BootstrapType::Parametric));
    assert_eq!(found.count.failed, 0);
    for (row, coefficient) in found.rows.iter().zip(fit.coefficients()) {
        let (ours, wald) = (row.std_error.unwrap(), coefficient.std_error.unwrap());
        assert!(
            (ours / wald - 1.0).abs() < 0.2,
            "{}: {ours} {wald}",
            row.parameter
        );
    }
    for kind in [BootstrapType::Cluster, BootstrapType::Cases] {
        let found = run(&fit, &*cbpp, &options(50, kind));
        assert!(found.count.done > 45, "{found}");
    }
    let bca = BootstrapOptions {
        interval: BootstrapInterval::Bca,
        ..options(200, BootstrapType::Parametric)
    };
    let found = run(&fit, &*cbpp, &bca);
    assert!(found.rows.iter().all(|r| r.lower < r.upper));
    let small = ranef::glmer(
        "cbind(incidence, size - incidence) ~ 1 + (1 | herd)",
        "binomial".parse().unwrap(),
        &*cbpp,
    )
    .unwrap();
    let choice = options(99, BootstrapType::Parametric);
    let comparison =
        compare_bootstrap(&[&small, &fit], &[&*cbpp], &choice, &mut |_, _| {}).unwrap();
    assert_eq!(comparison.rows[1].p_bootstrap, Some(0.01));
}

/// Crossed factors, weights and offsets, no random effects: rows drawn one by one say the same as
/// draws without rows.
#[test]
fn parameters_of_the_family_have_intervals() {
    let ticks = data("grouseticks");
    let fit = ranef::glmer(
        "TICKS ~ YEAR + (1 | BROOD)",
        "nbinom2".parse().unwrap(),
        &*ticks,
    )
    .unwrap();
    let options = options(60, BootstrapType::Parametric);
    let found = run(&fit, &*ticks, &options);
    let at = found.rows.iter().position(|r| r.kind == "family").unwrap();
    let (row, draws) = (&found.rows[at], &found.values[at]);
    let own = &fit.family_parameters()[0];
    assert_eq!(
        (row.parameter.as_str(), row.estimate),
        (own.name.as_str(), Some(own.estimate))
    );
    assert!(row.lower.unwrap() < own.estimate && own.estimate < row.upper.unwrap());
    // The delta method knows nothing of the right tail.
    let ratio = row.std_error.unwrap() / own.std_error;
    assert!((0.6..1.9).contains(&ratio), "{ratio}");
    // The fits of the replicates say the same, and know no standard errors.
    let name = ["own".to_owned()];
    let statistic = |replicate: &ranef::Replicate| {
        let fit = replicate.fit(&fit);
        assert!(fit.coefficients().iter().all(|c| c.std_error.is_none()));
        vec![fit.family_parameters()[0].estimate]
    };
    let twin = fit
        .bootstrap_of(Some(&*ticks), &name, &statistic, &options, &mut |_, _| {})
        .unwrap();
    assert_eq!(&twin.values[0], draws);
    let intervals = fit
        .confint_bootstrap(&[], Some(&*ticks), &options, &mut |_, _| {})
        .unwrap();
    assert_eq!(intervals.rows[at].effect, ranef::Effect::Family);
    assert_eq!(intervals.rows[at].lower, row.lower);
}

#[test]
fn other_designs() {
    let penicillin = data("Penicillin");
    let fit = ranef::lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", &*penicillin).unwrap();
    let found = run(&fit, &*penicillin, &options(600, BootstrapType::Parametric));
    assert_eq!(found.count.failed, 0);
    // Two thirds of the plates' variance are known from 24 of them: 0.847 ± 0.14.
    assert!(
        (found.rows[1].std_error.unwrap() - 0.135).abs() < 0.02,
        "{found}"
    );
    let by_sample = BootstrapOptions {
        group: Some("sample".into()),
        ..options(100, BootstrapType::Cluster)
    };
    assert!(run(&fit, &*penicillin, &by_sample).count.done > 90);

    let rows = 60;
    let x: Vec<f64> = (0..rows).map(|i| f64::from(i * 7 % 13)).collect();
    let y: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(i, x)| 3.0 * x + (i * 31 % 17) as f64)
        .collect();
    let w: Vec<f64> = (0..rows).map(|i| 0.5 + f64::from(i % 4)).collect();
    let table = Table::new().number("y", y).number("x", x).number("w", w);
    let table = table.source().unwrap();
    let fit = Model::new("y ~ x").weights("w").fit(&table).unwrap();
    let found = run(&fit, &table, &options(2000, BootstrapType::Parametric));
    for (row, coefficient) in found.rows.iter().zip(fit.coefficients()) {
        let share = row.std_error.unwrap() / coefficient.std_error.unwrap();
        assert!((share - 1.0).abs() < 0.08, "{share}");
    }
    let fit = Model::new("y ~ 1").offset("x").fit(&table).unwrap();
    let found = run(&fit, &table, &options(400, BootstrapType::Residual));
    assert!(found.rows[0].bias.unwrap().abs() < 0.5 * found.rows[0].std_error.unwrap());
}

/// New rows: known groups keep their effects, unknown ones have one of their own each, which all
/// rows of the group share.
#[test]
fn simulations_for_new_rows() {
    let (fit, _) = sleep();
    let new = Table::new()
        .number("Days", [0.0, 0.0, 0.0, 0.0])
        .text("Subject", ["308", "new", "new", "other"])
        .source()
        .unwrap();
    let choice = SimulateOptions {
        count: 4000,
        kept: true,
        ..SimulateOptions::default()
    };
    let simulation = fit.simulate_new(&new, &choice).unwrap();
    let column = |i: usize| -> Vec<f64> { simulation.simulations.iter().map(|s| s[i]).collect() };
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let covariance = |a: &[f64], b: &[f64]| {
        let (ma, mb) = (mean(a), mean(b));
        a.iter()
            .zip(b)
            .map(|(x, y)| (x - ma) * (y - mb))
            .sum::<f64>()
            / a.len() as f64
    };
    let fitted = fit.predict(&new, ranef::Groups::All).unwrap().fit;
    let (tau, sigma) = (fit.varcorr()[0].cov[0][0], fit.sigma().powi(2));
    let all: Vec<Vec<f64>> = (0..4).map(column).collect();
    for (i, expected) in fitted.iter().enumerate() {
        let variance = if i == 0 { sigma } else { tau + sigma };
        let error = (variance / 4000.0).sqrt();
        assert!(
            (mean(&all[i]) - expected.unwrap()).abs() < 4.0 * error,
            "{i}"
        );
        let found = covariance(&all[i], &all[i]);
        assert!(
            (found / variance - 1.0).abs() < 4.0 * (2.0f64 / 4000.0).sqrt(),
            "{i}: {found}"
        );
    }
    let error = ((tau + sigma).powi(2) + tau * tau).sqrt() / 4000f64.sqrt();
    assert!((covariance(&all[1], &all[2]) - tau).abs() < 4.0 * error);
    assert!(covariance(&all[1], &all[3]).abs() < 4.0 * error);
    // Anew, the known subject varies as well.
    let anew = fit
        .simulate_new(
            &new,
            &SimulateOptions {
                kept: false,
                ..choice
            },
        )
        .unwrap();
    let known: Vec<f64> = anew.simulations.iter().map(|s| s[0]).collect();
    assert!((covariance(&known, &known) / (tau + sigma) - 1.0).abs() < 0.1);
    assert!((mean(&known) - fit.fixef()[0]).abs() < 3.0);
}

/// Responses of every kind of family can be simulated and fitted again.
#[test]
fn simulated_responses_are_of_their_family() {
    let ticks = data("grouseticks");
    let fit = ranef::glmer(
        "TICKS ~ YEAR + (1 | BROOD)",
        "nbinom2".parse().unwrap(),
        &*ticks,
    )
    .unwrap();
    let simulation = fit.simulate(&*ticks, &SimulateOptions::default()).unwrap();
    assert!(
        simulation.simulations[0]
            .iter()
            .all(|y| *y >= 0.0 && y.fract() == 0.0)
    );
    assert_eq!(simulation.row.len(), fit.nobs());
    let found = run(&fit, &*ticks, &options(8, BootstrapType::Parametric));
    assert!(found.count.done >= 6);
}

#[test]
fn an_interrupt_keeps_what_is_done() {
    let (fit, source) = sleep();
    let interrupt = Interrupt::default();
    let fit = fit.with_interrupt(&interrupt);
    let own = |_: &ranef::Replicate| vec![1.0];
    let names = ["one".to_owned()];
    let mut waves = 0;
    let choice = options(1_000_000, BootstrapType::Parametric);
    let found = fit
        .bootstrap_of(Some(&*source), &names, &own, &choice, &mut |done, _| {
            waves += 1;
            if done > 0 {
                interrupt.set();
            }
        })
        .unwrap();
    assert!(found.count.interrupted && waves == 2);
    assert!(found.count.done >= 30 && found.count.done < 100_000);
    assert!(found.notes.iter().any(|n| n.starts_with("Stopped after")));
    // Nothing at all is an error.
    let nothing = fit.bootstrap(None, &parameters(), &choice, &mut |_, _| {});
    assert_eq!(nothing.unwrap_err().code(), "interrupted");
}

#[test]
fn what_cannot_be_done_is_said() {
    let (fit, source) = sleep();
    let code =
        |options: &BootstrapOptions, statistics: &[Statistic], source: Option<&dyn Source>| {
            let found = fit.bootstrap(source, statistics, options, &mut |_, _| {});
            found.unwrap_err().code()
        };
    let usual = options(20, BootstrapType::Parametric);
    let none = options(0, BootstrapType::Parametric);
    assert_eq!(code(&none, &parameters(), None), "too_few_replicates");
    let unknown = BootstrapOptions {
        group: Some("Subjekt".into()),
        ..options(20, BootstrapType::Cluster)
    };
    assert_eq!(
        code(&unknown, &parameters(), Some(&*source)),
        "unknown_group"
    );
    for kind in [BootstrapType::Cases, BootstrapType::Residual] {
        assert_eq!(code(&options(20, kind), &parameters(), None), "needs_rows");
    }
    let bca = BootstrapOptions {
        interval: BootstrapInterval::Bca,
        ..usual.clone()
    };
    assert_eq!(code(&bca, &parameters(), None), "needs_rows");
    let level = BootstrapOptions {
        level: 1.0,
        ..usual.clone()
    };
    assert_eq!(code(&level, &parameters(), None), "bad_level");
    let wrong = [Statistic::Parameters(vec!["Dayz".into()])];
    assert_eq!(code(&usual, &wrong, None), "unknown_parameter");
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let found = loaded.bootstrap(Some(&*source), &parameters(), &usual, &mut |_, _| {});
    assert_eq!(found.unwrap_err().code(), "needs_rows");
    let other = data("cake");
    let simulated = fit.simulate(&*other, &SimulateOptions::default());
    assert!(simulated.is_err());
    let nothing = SimulateOptions {
        count: 0,
        ..SimulateOptions::default()
    };
    let simulated = fit.simulate(&*source, &nothing);
    assert_eq!(simulated.unwrap_err().code(), "no_simulations");
    let plain = ranef::lmer("Reaction ~ Days", &*source).unwrap();
    let found = plain.bootstrap(None, &[Statistic::Icc], &usual, &mut |_, _| {});
    assert_eq!(found.unwrap_err().code(), "no_random_effects");
    let cluster = options(20, BootstrapType::Cluster);
    let found = plain.bootstrap(Some(&*source), &parameters(), &cluster, &mut |_, _| {});
    assert_eq!(found.unwrap_err().code(), "no_groups");
    // Not nested: nothing to test.
    let other = ranef::lmer("Reaction ~ 1 + (1 | Subject)", &*source).unwrap();
    let sources: [&dyn Source; 1] = [&*source];
    let found = compare_bootstrap(&[&plain, &other], &sources, &usual, &mut |_, _| {});
    assert_eq!(found.unwrap_err().code(), "no_nested");
    let found = compare_bootstrap(&[&plain, &fit], &[], &usual, &mut |_, _| {});
    assert_eq!(found.unwrap_err().code(), "needs_rows");
}

/// A variance of zero: replicates are singular half of the time, and that is an answer.
#[test]
fn singular_fits() {
    let dyestuff2 = data("Dyestuff2");
    let fit = ranef::lmer("Yield ~ 1 + (1 | Batch)", &*dyestuff2).unwrap();
    assert!(fit.singular());
    let found = run(&fit, &*dyestuff2, &options(1000, BootstrapType::Parametric));
    assert_eq!(found.count.failed, 0);
    // P(F(5, 24) < 1) = 0.562 is the probability of a zero.
    let share = found.count.singular as f64 / 1000.0;
    assert!(
        (share - 0.562).abs() < 4.0 * (0.562f64 * 0.438 / 1000.0).sqrt(),
        "{share}"
    );
    assert_eq!(found.rows[1].lower, Some(0.0));
    assert!(found.to_string().contains("singular"));
    let intervals = fit.confint(IntervalMethod::Bootstrap, 0.9).unwrap();
    assert_eq!(intervals.rows.len(), 3);
}
