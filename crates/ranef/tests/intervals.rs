//! Confidence intervals: against R, and what they say where there is none.

use ranef::frame::{ReadOptions, open};
use ranef::{Answer, ConfidenceIntervals, DfMethod, Fit, IntervalMethod, Model, Open};

fn fit(formula: &str, data: &str, reml: bool) -> Fit {
    let data = open(data, &ReadOptions::default()).unwrap();
    Model::new(formula).reml(reml).fit(&*data).unwrap()
}

const SLEEP: &str = "Reaction ~ Days + (Days | Subject)";

#[track_caller]
fn agree(intervals: &ConfidenceIntervals, expected: &[(&str, &str, f64, f64)], tolerance: f64) {
    assert_eq!(intervals.rows.len(), expected.len());
    for (row, (group, name, lower, upper)) in intervals.rows.iter().zip(expected) {
        assert_eq!(row.parameter, *name);
        assert_eq!(row.group.as_deref().unwrap_or(""), *group);
        let width = upper - lower;
        let (l, u) = (row.lower.unwrap(), row.upper.unwrap());
        assert!(
            (l - lower).abs() < tolerance * width && (u - upper).abs() < tolerance * width,
            "{name}: {l} {u} against {lower} {upper}"
        );
        assert!(l <= row.estimate.unwrap() && row.estimate.unwrap() <= u);
        assert_eq!((row.open, &row.reason), (None, &None));
    }
}

/// lme4 1.1-31, `confint(profile(m))`: a spline through points, off by up to 3e-5 of a width.
#[test]
fn profiles_as_in_lme4() {
    for reml in [true, false] {
        let intervals = fit(SLEEP, "sleepstudy", reml)
            .confint(IntervalMethod::Profile, 0.95)
            .unwrap();
        agree(
            &intervals,
            &[
                ("", "(Intercept)", 237.680695488, 265.129514591),
                ("", "Days", 7.35865326164, 13.5759187523),
                ("Subject", "sd__(Intercept)", 14.3814268738, 37.7159961466),
                (
                    "Subject",
                    "cor__(Intercept).Days",
                    -0.481500739637,
                    0.684985976586,
                ),
                ("Subject", "sd__Days", 3.801164104317, 8.753383162684),
                ("Residual", "sd__Observation", 22.8982668528, 28.8579965656),
            ],
            4e-5,
        );
        // Of REML only: a word on the refit.
        assert_eq!(intervals.notes.len(), usize::from(reml));
    }
    agree(
        &fit(
            "diameter ~ 1 + (1 | plate) + (1 | sample)",
            "Penicillin",
            true,
        )
        .confint(IntervalMethod::Profile, 0.95)
        .unwrap(),
        &[
            ("", "(Intercept)", 21.2666273835, 24.6778176175),
            ("plate", "sd__(Intercept)", 0.633565787571, 1.18210398413),
            ("sample", "sd__(Intercept)", 1.09578926496, 3.55629191101),
            (
                "Residual",
                "sd__Observation",
                0.485845400178,
                0.629453478509,
            ),
        ],
        4e-5,
    );
    agree(
        &fit("Yield ~ 1 + (1 | Batch)", "Dyestuff", true)
            .confint(IntervalMethod::Profile, 0.95)
            .unwrap(),
        &[
            ("", "(Intercept)", 1486.4514999, 1568.5484944),
            ("Batch", "sd__(Intercept)", 12.1985352, 84.0630467),
            ("Residual", "sd__Observation", 38.2299848827, 67.6576962445),
        ],
        4e-5,
    );
}

#[test]
fn wald_is_t_with_the_fits_degrees_of_freedom() {
    // lmerTest 3.1-3: 251.4051 ± qt(.975, 17) × 6.824597, 10.46729 ± qt(.975, 17) × 1.545790.
    let intervals = fit(SLEEP, "sleepstudy", true)
        .confint(IntervalMethod::Wald, 0.95)
        .unwrap();
    let t = 2.1098155778331806;
    for (row, estimate, error) in [
        (&intervals.rows[0], 251.405104848485, 6.8245966),
        (&intervals.rows[1], 10.467285959596, 1.5457899),
    ] {
        assert!((row.df.unwrap() - 17.0).abs() < 1e-4);
        assert!((row.lower.unwrap() - (estimate - t * error)).abs() < 2e-6 * estimate);
        assert!((row.upper.unwrap() - (estimate + t * error)).abs() < 2e-6 * estimate);
    }
    // By z where the fit has no degrees of freedom.
    let data = open("sleepstudy", &ReadOptions::default()).unwrap();
    let normal = Model::new(SLEEP)
        .df(DfMethod::None)
        .fit(&*data)
        .unwrap()
        .confint(IntervalMethod::Wald, 0.9)
        .unwrap();
    let row = &normal.rows[1];
    assert_eq!(row.df, None);
    let half = 1.6448536269514722 * 1.5457899;
    assert!((row.upper.unwrap() - row.lower.unwrap() - 2.0 * half).abs() < 1e-5);
}

/// The delta method against differences: the interval of log σ must be ±z times a standard error
/// that a second difference of the profile gives. For σ alone that is 1/√(2(n−p)) where nothing
/// else depends on it.
#[test]
fn wald_of_variances() {
    let linear = fit("Reaction ~ Days", "sleepstudy", true);
    let rows = linear.confint(IntervalMethod::Wald, 0.95).unwrap().rows;
    let sigma = rows.last().unwrap();
    let half = 1.959963984540054 / (2.0 * 178.0f64).sqrt();
    assert!((sigma.lower.unwrap() / (linear.sigma() * (-half).exp()) - 1.0).abs() < 1e-9);
    assert!((sigma.upper.unwrap() / (linear.sigma() * half.exp()) - 1.0).abs() < 1e-9);
    // Balanced one-way layout: σ̂² and σ̂² + nτ̂² are independent, so by REML
    // Var(log τ̂) = [Var(MSA) + Var(MSE)]/(n²·4τ⁴), Var(MS) = 2MS²/df (Searle et al. 1992).
    let dyes = fit("Yield ~ 1 + (1 | Batch)", "Dyestuff", true);
    let rows = dyes.confint(IntervalMethod::Wald, 0.95).unwrap().rows;
    let (tau, within) = (dyes.varcorr()[0].cov[0][0], dyes.sigma().powi(2));
    let between = within + 5.0 * tau;
    let variance = (2.0 * between * between / 5.0 + 2.0 * within * within / 24.0) / 25.0;
    let half = 1.959963984540054 * (variance / (4.0 * tau * tau)).sqrt();
    let ratio = rows[1].upper.unwrap() / tau.sqrt();
    assert!((ratio.ln() / half - 1.0).abs() < 1e-6, "{ratio}");
    assert!((rows[1].lower.unwrap() * rows[1].upper.unwrap() / tau - 1.0).abs() < 1e-12);
}

/// On Fisher's z the interval of a correlation is symmetric, and within −1 to 1; three effects take
/// rows of θ that do not lie side by side.
#[test]
fn wald_of_correlations() {
    for formula in [SLEEP, "Reaction ~ Days + (Days + I(Days^2) | Subject)"] {
        let fit = fit(formula, "sleepstudy", true);
        let rows = fit.confint(IntervalMethod::Wald, 0.95).unwrap().rows;
        for row in rows.iter().filter(|r| r.parameter.starts_with("cor__")) {
            let (Some(lower), Some(upper)) = (row.lower, row.upper) else {
                assert!(row.reason.is_some());
                continue;
            };
            let estimate = row.estimate.unwrap();
            assert!(-1.0 < lower && lower < estimate && estimate < upper && upper < 1.0);
            let middle = 0.5 * (lower.atanh() + upper.atanh());
            assert!((middle - estimate.atanh()).abs() < 1e-9);
        }
    }
}

#[test]
fn a_variance_of_zero_has_words() {
    let fit = fit("Yield ~ 1 + (1 | Batch)", "Dyestuff2", true);
    let wald = fit.confint(IntervalMethod::Wald, 0.95).unwrap();
    assert_eq!((wald.rows[1].lower, wald.rows[1].upper), (None, None));
    assert!(wald.rows[1].reason.as_ref().unwrap().contains("boundary"));
    let profile = fit.confint(IntervalMethod::Profile, 0.95).unwrap();
    let row = &profile.rows[1];
    assert_eq!((row.lower, row.open), (Some(0.0), Some(Open::Lower)));
    assert!(row.upper.unwrap() > 1.0);
    assert!(row.reason.as_ref().unwrap().contains("zero"));
    assert!(profile.to_string().contains("zero cannot be excluded"));
}

#[test]
fn parameters_are_chosen_by_name() {
    let fit = fit(SLEEP, "sleepstudy", true);
    let names = |wanted: &[&str]| -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|s| s.to_string()).collect();
        fit.confint_of(&wanted, IntervalMethod::Wald, 0.95)
            .unwrap()
            .rows
            .into_iter()
            .map(|r| r.parameter)
            .collect()
    };
    assert_eq!(names(&["sd__Days, Days"]), ["Days", "sd__Days"]);
    assert_eq!(
        names(&["Subject.sd__Days", "Residual.sd__Observation"]).len(),
        2
    );
    assert_eq!(names(&["beta_"]), ["(Intercept)", "Days"]);
    assert_eq!(names(&["theta_"]).len(), 4);
    let error = fit
        .confint_of(&["Nights".to_owned()], IntervalMethod::Wald, 0.95)
        .unwrap_err();
    assert_eq!(error.code(), "unknown_parameter");
    assert!(error.hint().unwrap().contains("`sd__Days`"));
    let error = fit.confint(IntervalMethod::Wald, 1.0).unwrap_err();
    assert_eq!(error.code(), "bad_level");
}

#[test]
fn names_with_commas() {
    let fit = fit(
        "Reaction ~ poly(Days, 2) + (1 | Subject)",
        "sleepstudy",
        true,
    );
    let wanted = ["poly(Days, 2)2,sd__(Intercept)".to_owned()];
    let rows = fit
        .confint_of(&wanted, IntervalMethod::Wald, 0.95)
        .unwrap()
        .rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].parameter, "poly(Days, 2)2");
}

#[test]
fn a_loaded_model_needs_its_rows_for_profiles_only() {
    let data = open("sleepstudy", &ReadOptions::default()).unwrap();
    let fit = Model::new(SLEEP).fit(&*data).unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let wald = loaded.confint(IntervalMethod::Wald, 0.95).unwrap();
    assert_eq!(wald, fit.confint(IntervalMethod::Wald, 0.95).unwrap());
    let error = loaded.confint(IntervalMethod::Profile, 0.95).unwrap_err();
    assert_eq!(error.code(), "needs_rows");
    let again = loaded
        .with_rows(&*data)
        .unwrap()
        .confint(IntervalMethod::Profile, 0.95)
        .unwrap();
    let first = fit.confint(IntervalMethod::Profile, 0.95).unwrap();
    for (a, b) in again.rows.iter().zip(&first.rows) {
        assert!((a.lower.unwrap() - b.lower.unwrap()).abs() < 1e-6);
    }
}

#[test]
fn aliased_coefficients_have_a_row_and_no_interval() {
    let fit = fit(
        "Reaction ~ Days + I(2 * Days) + (1 | Subject)",
        "sleepstudy",
        true,
    );
    for method in [IntervalMethod::Wald, IntervalMethod::Profile] {
        let rows = fit.confint(method, 0.95).unwrap().rows;
        let row = &rows[2];
        assert_eq!((row.estimate, row.lower, row.upper), (None, None, None));
        assert!(row.reason.is_some());
        assert!(rows.iter().filter(|r| r.lower.is_some()).count() == 4);
    }
}

#[test]
fn tables_and_curves() {
    let fit = fit(SLEEP, "sleepstudy", true);
    let intervals = fit.confint(IntervalMethod::Profile, 0.95).unwrap();
    let names: Vec<String> = intervals
        .table()
        .columns()
        .iter()
        .map(|c| c.name.clone())
        .collect();
    assert_eq!(
        names,
        [
            "effect",
            "group",
            "parameter",
            "estimate",
            "lower",
            "upper",
            "reason"
        ]
    );
    let json = serde_json::to_value(&intervals).unwrap();
    assert_eq!(json["method"], "profile");
    assert_eq!(json["rows"][2]["parameter"], "sd__(Intercept)");
    assert_eq!(json["rows"][2]["effect"], "ran_pars");
    let curves = fit.profile_curves(&["Days".to_owned()], 0.95, 5).unwrap();
    assert_eq!(curves.len(), 1);
    assert!(curves[0].points.len() > 10);
    assert!(curves[0].points.windows(2).all(|p| p[0].1 <= p[1].1));
}

/// A slope and twice the same: the fit names it, and no interval pretends to know its variance.
#[test]
fn collinear_random_effects_are_named() {
    use ranef::frame::Table;
    let mut csv = Vec::new();
    ranef::frame::write_csv(
        &*open("sleepstudy", &ReadOptions::default()).unwrap(),
        &mut csv,
    )
    .unwrap();
    let text = String::from_utf8(csv).unwrap();
    let cells: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    let number = |at: usize| -> Vec<f64> { cells.iter().map(|c| c[at].parse().unwrap()).collect() };
    let days = number(1);
    let source = Table::new()
        .number("y", number(0))
        .number("half", days.iter().map(|d| 0.5 * d - 1.0))
        .number("days", days)
        .text("g", cells.iter().map(|c| c[2]))
        .source()
        .unwrap();
    let fit = ranef::lmer("y ~ days + (days + half | g)", &source).unwrap();
    let note = fit
        .notes()
        .iter()
        .find(|n| n.code == "collinear_effects")
        .unwrap();
    assert!(
        note.message.contains("half = −1 + 0.5·days in every row"),
        "{}",
        note.message
    );
    let plain = ranef::lmer("y ~ days + (days | g)", &source).unwrap();
    assert!((fit.criterion() - plain.criterion()).abs() < 1e-5);
    assert!(plain.notes().iter().all(|n| n.code != "collinear_effects"));
    for method in [IntervalMethod::Profile, IntervalMethod::Wald] {
        let (found, expected) = (
            fit.confint(method, 0.95).unwrap(),
            plain.confint(method, 0.95).unwrap(),
        );
        for row in &found.rows {
            let blurred =
                row.effect == ranef::Effect::RanPars && row.parameter != "sd__Observation";
            if blurred {
                assert_eq!(row.upper, None, "{row:?}");
                assert!(
                    row.reason.as_ref().unwrap().contains("collinear"),
                    "{row:?}"
                );
                continue;
            }
            let same = expected
                .rows
                .iter()
                .find(|r| r.parameter == row.parameter)
                .unwrap();
            for (a, b) in [(row.lower, same.lower), (row.upper, same.upper)] {
                assert!(
                    (a.unwrap() - b.unwrap()).abs() < 1e-4 * b.unwrap().abs(),
                    "{row:?} {same:?}"
                );
            }
        }
    }
    let check = fit
        .check(&source, &ranef::CheckOptions::default(), &mut |_| {})
        .unwrap();
    let finding = check.finding("singularity").unwrap();
    assert_eq!(finding.verdict, ranef::Verdict::Note);
    assert!(
        finding.found.contains("follows from the others"),
        "{}",
        finding.found
    );
    // A saved model knows it too.
    let loaded = ranef::Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let wald = loaded.confint(IntervalMethod::Wald, 0.95).unwrap();
    assert!(
        wald.rows
            .iter()
            .any(|r| r.reason.as_ref().is_some_and(|r| r.contains("collinear")))
    );
}
