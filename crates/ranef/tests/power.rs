//! Power against closed forms, published numbers and lme4, and what cannot be planned.

use ranef::frame::{ReadOptions, open};
use ranef::{
    ClusterTrialPlan, CrossLevelPlan, Design, DfMethod, Knob, PilotTest, Power, PowerOptions,
    PowerPlan, PowerTest, SummaryStatisticsPlan,
};

fn quiet() -> impl FnMut(u32, u32) {
    |_, _| {}
}

fn options(term: &str, simulations: u32) -> PowerOptions {
    PowerOptions {
        term: Some(term.to_owned()),
        simulations,
        ..PowerOptions::default()
    }
}

fn plan(text: &str) -> PowerPlan {
    PowerPlan::of_design(Design::parse(text).unwrap()).unwrap()
}

/// 16 persons at 5 points in time, with slopes: the t of time is exact on 15 degrees of freedom. The
/// slopes differ so much that 1 fit of 90 is singular; where many are, the formula is not exact.
const GROWTH: &str = r#"
formula = "y ~ time + (time | person)"
residual_sd = 1.0
[groups.person]
levels = 16
[predictors.time]
distribution = "sequence"
to = 4
[effects]
time = 0.8
[variances.person]
sd = { "(Intercept)" = 1.5, time = 1.0 }
correlation = 0.2
"#;

/// A trial with 10 clusters of 20.
const TRIAL: &str = r#"
formula = "y ~ arm + (1 | clinic)"
[groups.clinic]
levels = 10
size = 20
[predictors.arm]
level = "clinic"
distribution = "binary"
[effects]
arm = 0.5
[variances.clinic]
icc = 0.1
"#;

/// 1 - pf(qf(.95, 2, 9), 2, 9, 80 * (0.3^2 + 0.3^2) / 2.9), by R 4.2.2.
const ARMS: f64 = 0.374108266;

/// Crossed subjects and items, with random intercepts and a condition of items.
const CROSSED: &str = r#"
formula = "y ~ condition + (1 | subject) + (1 | item)"
residual_sd = 1.0
[groups.subject]
levels = 12
[groups.item]
levels = 10
[predictors.condition]
level = "item"
distribution = "binary"
[effects]
condition = 0.8
[variances.subject]
sd = 0.5
[variances.item]
sd = 0.5
"#;

/// Yes or no answers of 40 persons to 10 questions.
const ANSWERS: &str = r#"
formula = "answer ~ treated + (1 | person)"
family = "binomial"
[groups.person]
levels = 40
size = 10
[predictors.treated]
level = "person"
distribution = "binary"
[effects]
treated = 0.9
[variances.person]
icc = 0.1
"#;

/// Simulated power is within four Monte Carlo errors of the exact one.
fn agree(power: &Power) {
    for point in &power.points {
        let (simulated, exact) = (point.power.unwrap(), point.analytic.unwrap());
        let error = (exact * (1.0 - exact) / f64::from(point.simulations)).sqrt();
        assert!((simulated - exact).abs() < 4.0 * error + 1e-9, "{point:?}");
        assert_eq!(point.failed, 0);
        assert!(point.lower.unwrap() <= simulated && simulated <= point.upper.unwrap());
    }
}

#[test]
fn balanced_designs_are_exact() {
    // R 4.2.2: se² = (τ11 + σ²/10)/16, ncp = 0.8/se, df 15:
    // 1 - pt(qt(.975, 15), 15, ncp) + pt(-qt(.975, 15), 15, ncp).
    let power = plan(GROWTH)
        .power(&options("time", 4000), &mut quiet())
        .unwrap();
    let point = &power.points[0];
    assert_eq!((point.nobs, point.groups["person"]), (80, 16));
    assert_eq!(point.analytic_exact, Some(true));
    let exact = point.analytic.unwrap();
    let by_hand = noncentral(0.8 / (1.1f64 / 16.0).sqrt(), 15.0);
    assert!((exact - by_hand).abs() < 1e-6, "{exact} {by_hand}");
    agree(&power);
    // Two levels, 8 degrees of freedom; the total variance is 1.
    let power = plan(TRIAL)
        .power(&options("arm", 4000), &mut quiet())
        .unwrap();
    let se = (4.0 * (1.0 + 19.0 * 0.1) / 200.0f64).sqrt();
    let exact = power.points[0].analytic.unwrap();
    assert!((exact - noncentral(0.5 / se, 8.0)).abs() < 1e-6);
    assert_eq!(power.points[0].analytic_exact, Some(true));
    assert_eq!(power.points[0].nobs, 200);
}

/// The power of a two-sided t test at 0.05 by Simpson's rule over the χ² of the variance.
fn noncentral(ncp: f64, df: f64) -> f64 {
    use ranef_engine::distributions::{ChiSquared, Normal, StudentT};
    let critical = StudentT::new(df).upper_quantile(0.025);
    let chi = ChiSquared::new(df);
    let (n, end) = (20_000, chi.upper_quantile(1e-14));
    let f = |x: f64| {
        let reach = critical * (x / df).sqrt();
        let outside = Normal::STANDARD.upper_tail(reach - ncp) + Normal::STANDARD.cdf(-reach - ncp);
        outside * chi.density(x)
    };
    let h = end / f64::from(n);
    let weight = |i: i32| {
        if i == 0 || i == n {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    (0..=n)
        .map(|i| weight(i) * f(f64::from(i).max(1e-12) * h))
        .sum::<f64>()
        * h
        / 3.0
}

#[test]
fn one_set_of_draws_serves_a_curve_of_effects() {
    let plan = plan(GROWTH);
    let values = [0.0, 0.4, 0.8, 1.2];
    let knob = Knob::Effect("time".to_owned());
    let curve = plan
        .curve(&knob, &values, &options("time", 2000), &mut quiet())
        .unwrap();
    agree(&curve);
    // Drawn again with the effect in the truth the numbers are the same: the draws have the same seed.
    for (point, value) in curve.points.iter().zip(values) {
        let alone = plan.with(&knob, value).unwrap();
        let alone = alone.power(&options("time", 2000), &mut quiet()).unwrap();
        let differ = i64::from(alone.points[0].significant) - i64::from(point.significant);
        assert!(differ.abs() <= 1, "{value}: {differ}");
    }
    assert!(curve.points.windows(2).all(|p| p[0].power <= p[1].power));
}

#[test]
fn tests_of_all_kinds() {
    let plan = plan(GROWTH);
    let with = |test: PowerTest, df: DfMethod| {
        let options = PowerOptions {
            test,
            df,
            ..options("time", 2000)
        };
        plan.power(&options, &mut quiet()).unwrap()
    };
    let t = with(PowerTest::Coefficient, DfMethod::Satterthwaite);
    // A term of one coefficient: F is the square of t.
    let f = with(PowerTest::Term, DfMethod::Satterthwaite);
    assert_eq!(t.points[0].significant, f.points[0].significant);
    assert!((t.points[0].analytic.unwrap() - f.points[0].analytic.unwrap()).abs() < 1e-9);
    agree(&f);
    // Balanced: Kenward and Roger's test is Satterthwaite's but for singular fits, of which there are
    // about 20.
    let kr = with(PowerTest::Coefficient, DfMethod::KenwardRoger);
    let differ = i64::from(kr.points[0].significant) - i64::from(t.points[0].significant);
    assert!(
        differ.unsigned_abs() <= t.points[0].singular.into(),
        "{differ}"
    );
    // z tests and likelihood ratios reject more often.
    let z = with(PowerTest::Coefficient, DfMethod::None);
    let lrt = with(PowerTest::LikelihoodRatio, DfMethod::Satterthwaite);
    assert!(z.points[0].significant > t.points[0].significant);
    assert!(lrt.points[0].significant > t.points[0].significant);
    assert_eq!(lrt.points[0].analytic_exact, Some(false));
    // An interval that leaves out zero is a test.
    let interval = with(PowerTest::Excludes(0.0), DfMethod::Satterthwaite);
    assert_eq!(interval.points[0].significant, t.points[0].significant);
    agree(&with(PowerTest::Excludes(0.2), DfMethod::Satterthwaite));
    agree(&with(PowerTest::Width(1.1), DfMethod::Satterthwaite));
    // A random slope by the likelihood ratio: larger slopes are found more often.
    let slope = PowerTest::Against("y ~ time + (1 | person)".to_owned());
    let found = with(slope.clone(), DfMethod::Satterthwaite).points[0]
        .power
        .unwrap();
    let knob = Knob::Sd("person".to_owned(), "time".to_owned());
    let small = plan.with(&knob, 0.1).unwrap();
    let options = PowerOptions {
        test: slope,
        ..options("time", 500)
    };
    assert!(
        small.power(&options, &mut quiet()).unwrap().points[0]
            .power
            .unwrap()
            < found - 0.2
    );
}

/// Three kinds of clinics: F on 2 and 9 degrees of freedom; and a quadratic with random effects of all
/// three, where Kenward and Roger's test is Hotelling's.
#[test]
fn terms_of_several_coefficients() {
    let arms = TRIAL
        .replace("levels = 10", "levels = 12")
        .replace("\"binary\"", "\"factor\"\nlevels = [\"a\", \"b\", \"c\"]")
        .replace("arm = 0.5", "armb = 0.6\narmc = 0.3");
    let term = |term: &str, df: DfMethod, simulations: u32| PowerOptions {
        test: PowerTest::Term,
        df,
        ..options(term, simulations)
    };
    let power = plan(&arms)
        .power(&term("arm", DfMethod::Satterthwaite, 3000), &mut quiet())
        .unwrap();
    assert_eq!(power.points[0].analytic_exact, Some(true));
    // R 4.2.2: 1 - pf(qf(.95, 2, 9), 2, 9, ncp), ncp = 80 Σ (μ - mean μ)²/2.9 over 3 arms.
    let exact = power.points[0].analytic.unwrap();
    assert!((exact - ARMS).abs() < 1e-6, "{exact}");
    agree(&power);
    let curved = GROWTH
        .replace(
            "y ~ time + (time |",
            "y ~ poly(time, 2, raw = TRUE) + (time + I(time^2) |",
        )
        .replace("time = 0.8", "\"poly(time, 2, raw = TRUE)1\" = 0.5")
        .replace("time = 1.0 }", "time = 1.0, \"I(time^2)\" = 0.5 }");
    for (df, exact) in [
        (DfMethod::KenwardRoger, true),
        (DfMethod::Satterthwaite, false),
    ] {
        let name = "poly(time, 2, raw = TRUE)";
        let power = plan(&curved)
            .power(&term(name, df, 0), &mut quiet())
            .unwrap();
        assert_eq!(power.points[0].analytic_exact, Some(exact), "{df:?}");
    }
}

#[test]
fn the_same_numbers_for_any_number_of_threads() {
    let design = Design::parse(Design::TEMPLATE).unwrap();
    let plan = PowerPlan::of_design(design).unwrap();
    let options = options("ses:treated", 300);
    let first = plan.power(&options, &mut quiet()).unwrap();
    assert!(first.points[0].pictures > 1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let second = pool.install(|| plan.power(&options, &mut quiet()).unwrap());
    assert_eq!(first, second);
    let other = PowerOptions { seed: 2, ..options };
    assert_ne!(
        plan.power(&other, &mut quiet()).unwrap().points,
        first.points
    );
}

#[test]
fn the_smallest_study() {
    let plan = plan(GROWTH);
    let knob = Knob::Groups("person".to_owned());
    let by_formula = plan
        .smallest(&knob, 0.8, None, &options("time", 0), &mut quiet())
        .unwrap();
    let exact = by_formula.smallest.unwrap().value;
    let n = exact as usize;
    let power = |n: usize| noncentral(0.8 / (1.1 / n as f64).sqrt(), n as f64 - 1.0);
    assert!(power(n) >= 0.8 && power(n - 1) < 0.8, "{n}");
    let found = plan
        .smallest(&knob, 0.8, None, &options("time", 2000), &mut quiet())
        .unwrap();
    let smallest = found.smallest.unwrap();
    assert_eq!(smallest.analytic, Some(exact));
    assert!((smallest.value - exact).abs() <= 2.0, "{smallest:?}");
    assert!(smallest.lower.unwrap() <= smallest.value && smallest.value <= smallest.upper.unwrap());
    let error = |target| {
        plan.smallest(&knob, target, None, &options("time", 0), &mut quiet())
            .unwrap_err()
    };
    assert_eq!(error(1.0).code(), "bad_target");
    assert_eq!(error(0.01).code(), "bad_target");
    // More rows within 10 clinics do not give a power that their number cannot.
    let few = PowerPlan::of_design(Design::parse(TRIAL).unwrap()).unwrap();
    let knob = Knob::Within("clinic".to_owned());
    let error = few
        .smallest(&knob, 0.95, None, &options("arm", 0), &mut quiet())
        .unwrap_err();
    assert_eq!(error.code(), "unreachable");
    assert!(
        error.hint().unwrap().contains("--groups clinic="),
        "{error:?}"
    );
    // The least effect that 16 persons show.
    let knob = Knob::Effect("time".to_owned());
    let found = plan
        .smallest(&knob, 0.8, None, &options("time", 0), &mut quiet())
        .unwrap();
    let effect = found.smallest.unwrap().value;
    let power = noncentral(effect / (1.1f64 / 16.0).sqrt(), 15.0);
    assert!((power - 0.8).abs() < 1e-3, "{effect} {power}");
}

#[test]
fn crossed_and_unequal_and_generalised() {
    let power = plan(CROSSED)
        .power(&options("condition", 1500), &mut quiet())
        .unwrap();
    assert_eq!(power.points[0].nobs, 120);
    // Between items: se² = 4(σ²ᵢ + σ²/12)/10 on 8 degrees of freedom.
    let by_hand = noncentral(0.8 / (0.4 * (0.25 + 1.0 / 12.0f64)).sqrt(), 8.0);
    assert!((power.points[0].analytic.unwrap() - by_hand).abs() < 1e-6);
    assert_eq!(power.points[0].analytic_exact, Some(true));
    agree(&power);
    let unequal = TRIAL.replace("size = 20", "size = { mean = 20, cv = 0.6 }") + "\n";
    let less = plan(&unequal)
        .power(&options("arm", 500), &mut quiet())
        .unwrap();
    assert!((less.points[0].nobs as f64 - 200.0).abs() < 10.0);
    assert!(less.points[0].analytic.unwrap() < power_of(TRIAL, "arm"));
    let found = plan(ANSWERS)
        .power(&options("treated", 1000), &mut quiet())
        .unwrap();
    let point = &found.points[0];
    // The formula leaves out what estimating the variance costs: it is right within 0.03 here, and the
    // simulations within three Monte Carlo errors.
    let apart = (point.power.unwrap() - point.analytic.unwrap()).abs();
    assert!(apart < 0.03 + 3.0 * point.std_error.unwrap(), "{point:?}");
    assert_eq!(point.analytic_exact, Some(false));
    let counts = ANSWERS
        .replace("binomial", "poisson")
        .replace("icc = 0.1", "sd = 0.5");
    let found = plan(&counts)
        .power(&options("treated", 200), &mut quiet())
        .unwrap();
    assert!(found.points[0].power.unwrap() > 0.9);
}

/// lme4 1.1-31 and lmerTest 3.1-3 on studies drawn in R: share of p < .05 among so many.
#[test]
fn simulations_agree_with_lme4() {
    let slopes = r#"
formula = "y ~ cond + (cond | subject) + (cond | item)"
residual_sd = 1.0
[groups.subject]
levels = 20
[groups.item]
levels = 16
[predictors.cond]
distribution = "binary"
[effects]
cond = 0.5
[variances.subject]
sd = { "(Intercept)" = 0.5, cond = 0.3 }
[variances.item]
sd = { "(Intercept)" = 0.4, cond = 0.3 }
"#;
    let small = GROWTH
        .replace("time = 0.8", "time = 0.35")
        .replace("= 1.5, time = 1.0", "= 0.7, time = 0.4");
    let mathieu = CrossLevelPlan::default().design();
    let design = |text: &str| Design::parse(text).unwrap();
    for (design, term, simulations, power, n) in [
        (design(&small), "time", 4000, 0.7047, 1500.0),
        (design(TRIAL), "arm", 4000, 0.4607, 1500.0),
        (design(CROSSED), "condition", 1500, 0.4713, 1500.0),
        (design(slopes), "cond", 300, 0.8600, 600.0),
        (design(ANSWERS), "treated", 1000, 0.8910, 1000.0),
        (mathieu, "w:x", 2000, 0.6480, 1000.0),
    ] {
        let plan = PowerPlan::of_design(design).unwrap();
        let found = plan
            .power(&options(term, simulations), &mut quiet())
            .unwrap();
        let point = &found.points[0];
        let theirs: f64 = power * (1.0 - power) / n;
        let error = (theirs + point.std_error.unwrap().powi(2)).sqrt();
        assert!(
            (point.power.unwrap() - power).abs() < 3.5 * error,
            "{term}: {point:?}"
        );
    }
}

fn power_of(text: &str, term: &str) -> f64 {
    let power = plan(text).power(&options(term, 0), &mut quiet()).unwrap();
    power.points[0].analytic.unwrap()
}

#[test]
fn standardised_effects_are_in_standard_deviations() {
    // The total variance is 1 where ICCs say everything: raw and standardised are the same.
    let standardized = "standardized = true\n".to_owned() + TRIAL.trim_start();
    assert!((power_of(&standardized, "arm") - power_of(TRIAL, "arm")).abs() < 1e-12);
    // With other units of the response, not.
    let raw = "residual_sd = 10.0\n".to_owned() + TRIAL.trim_start();
    let same = "standardized = true\nresidual_sd = 10.0\n".to_owned() + TRIAL.trim_start();
    assert!(power_of(&raw, "arm") < 0.06);
    assert!((power_of(&same, "arm") - power_of(TRIAL, "arm")).abs() < 1e-9);
}

#[test]
fn from_a_fitted_model() {
    let data = open("sleepstudy", &ReadOptions::default()).unwrap();
    let fit = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data).unwrap();
    let plan = PowerPlan::of_fit(&fit, &*data).unwrap();
    let observed = plan.power(&options("Days", 200), &mut quiet()).unwrap();
    assert!(observed.notes.iter().any(|n| n.code == "observed_power"));
    let changed = plan.with(&Knob::Effect("Days".to_owned()), 4.0).unwrap();
    let power = changed.power(&options("Days", 2000), &mut quiet()).unwrap();
    assert!(power.notes.iter().all(|n| n.code != "observed_power"));
    agree(&power);
    // se = 1.545790 (lme4 1.1-31), 17 degrees of freedom.
    let exact = power.points[0].analytic.unwrap();
    assert!((exact - noncentral(4.0 / 1.545790, 17.0)).abs() < 1e-4);
    // Twice the subjects, and half of them; twice the rows within subjects.
    let size = |knob: Knob, n: f64| {
        let plan = changed.with(&knob, n).unwrap();
        plan.power(&options("Days", 0), &mut quiet())
            .unwrap()
            .points[0]
            .clone()
    };
    let more = size(Knob::Groups("Subject".to_owned()), 36.0);
    assert_eq!((more.nobs, more.groups["Subject"]), (360, 36));
    assert!((more.analytic.unwrap() - noncentral(4.0 / 1.545790 * 2f64.sqrt(), 35.0)).abs() < 1e-4);
    let fewer = size(Knob::Groups("Subject".to_owned()), 9.0);
    assert_eq!((fewer.nobs, fewer.groups["Subject"]), (90, 9));
    let within = size(Knob::Within("Subject".to_owned()), 20.0);
    assert_eq!((within.nobs, within.groups["Subject"]), (360, 18));
    assert!(within.analytic > power.points[0].analytic);
    let error = plan.with(&Knob::Effect("Day".to_owned()), 1.0).unwrap_err();
    assert_eq!(error.code(), "unknown_name");
    assert!(error.hint().unwrap().contains("Days"));
}

#[test]
fn nested_groups_are_extended_with_what_lies_in_them() {
    let data = open("Pastes", &ReadOptions::default()).unwrap();
    let fit = ranef::lmer("strength ~ 1 + (1 | batch/cask)", &*data).unwrap();
    let plan = PowerPlan::of_fit(&fit, &*data).unwrap();
    let plan = plan.with(&Knob::Groups("batch".to_owned()), 25.0).unwrap();
    let power = plan
        .power(&options("(Intercept)", 50), &mut quiet())
        .unwrap();
    let groups: Vec<usize> = power.points[0].groups.values().copied().collect();
    assert!(groups.contains(&25) && groups.contains(&75), "{groups:?}");
    assert_eq!(power.points[0].nobs, 150);
}

#[test]
fn missing_groups_are_no_groups() {
    // A row without a name of its group is left out by the fit, and by what extends its rows.
    let mut text = "y,x,g\n".to_owned();
    for row in 0..40 {
        let group = match row % 9 {
            8 => String::new(),
            _ => (row % 4 + 1).to_string(),
        };
        text += &format!(
            "{},{},{group}\n",
            (row * 7 % 11) as f64 + 0.5 * row as f64,
            row % 5
        );
    }
    let data =
        ranef::frame::read_csv(text.into_bytes(), "rows.csv", &ReadOptions::default()).unwrap();
    let fit = ranef::lmer("y ~ x + (1 | g)", &data).unwrap();
    let plan = PowerPlan::of_fit(&fit, &data).unwrap();
    for (n, rows) in [(4.0, fit.nobs()), (8.0, 2 * fit.nobs())] {
        let plan = plan.with(&Knob::Groups("g".to_owned()), n).unwrap();
        let power = plan.power(&options("x", 0), &mut quiet()).unwrap();
        assert_eq!(power.points[0].groups["g"] as f64, n);
        assert_eq!(power.points[0].nobs, rows);
    }
}

#[test]
fn mathieu_aguinis_culpepper_and_chen() {
    let plan = CrossLevelPlan::default();
    let found = plan.power(&options("", 2000), &mut quiet()).unwrap();
    assert!(
        (found.std_error - 0.058799).abs() < 1e-5,
        "{}",
        found.std_error
    );
    assert!((found.ncp - 2.5201).abs() < 1e-3, "{}", found.ncp);
    assert_eq!(found.df, 60.0);
    // The closed form is of groups whose predictors have the variances they are drawn with, each; those
    // of 7 vary, which costs power. The formula of the design sees it.
    let point = &found.simulated.points[0];
    let (simulated, drawn) = (point.power.unwrap(), point.analytic.unwrap());
    assert!(drawn < found.formula - 0.02, "{drawn} {}", found.formula);
    // 100 draws of predictors are in the formula: their own error is a third of the simulations'.
    let error = point.std_error.unwrap();
    assert!(
        (simulated - drawn).abs() < 4.0 * error,
        "{simulated} {drawn}"
    );
    let bad = CrossLevelPlan {
        tau11: -1.0,
        ..CrossLevelPlan::default()
    };
    assert_eq!(
        bad.power(&options("", 10), &mut quiet())
            .unwrap_err()
            .code(),
        "bad_design"
    );
}

#[test]
fn murayama_usami_and_sakaki() {
    let plan = SummaryStatisticsPlan {
        t: 2.8,
        pilot: 20,
        groups: Some(40),
        ..Default::default()
    };
    // Their R code, by R 4.2.2.
    assert!((plan.power().unwrap().power - 0.9713209).abs() < 1e-6);
    let second = SummaryStatisticsPlan {
        level: 2,
        ..plan.clone()
    };
    let found = second.power().unwrap();
    assert!((found.power - 0.9824156).abs() < 1e-6);
    assert!((found.effect - 2.8 / (2.8f64.powi(2) + 18.0).sqrt()).abs() < 1e-12);
    let take = |take| {
        SummaryStatisticsPlan {
            take,
            ..plan.clone()
        }
        .power()
        .unwrap()
    };
    assert!((take(PilotTest::Shrunk).t - 2.8 * (1.0 - 1.0 / 7.84)).abs() < 1e-12);
    let lower = take(PilotTest::Lower(0.8));
    assert!(lower.t < 2.8 && lower.t > 1.0, "{}", lower.t);
    assert!(lower.power < 0.9);
    let groups = SummaryStatisticsPlan {
        groups: None,
        ..plan.clone()
    }
    .power()
    .unwrap();
    let less = SummaryStatisticsPlan {
        groups: Some(groups.groups - 1),
        ..plan
    }
    .power()
    .unwrap();
    assert!(groups.power >= 0.8 && less.power < 0.8);
}

#[test]
fn cluster_trials_with_costs() {
    // Raudenbush 1997, equation for n: costs of 10 to 1 and 50 to 1.
    let plan = |icc: f64, cost: f64| ClusterTrialPlan {
        effect: 0.4,
        icc,
        cost_cluster: cost,
        ..Default::default()
    };
    for (icc, cost, n) in [
        (0.01, 10.0, 31.46),
        (0.05, 10.0, 13.78),
        (0.05, 50.0, 30.82),
        (0.2, 2.0, 2.83),
    ] {
        let found = plan(icc, cost).power().unwrap();
        assert!((found.optimal_size.unwrap() - n).abs() < 0.01, "{found:?}");
        assert_eq!(found.size, n.round() as usize);
        assert!(found.power >= 0.8 && found.clusters % 2 == 0);
        // The formula is the design's, exactly.
        let text = TRIAL
            .replace("levels = 10", &format!("levels = {}", found.clusters))
            .replace("size = 20", &format!("size = {}", found.size))
            .replace("icc = 0.1", &format!("icc = {icc}"))
            .replace("arm = 0.5", "arm = 0.4");
        assert!((power_of(&text, "arm") - found.power).abs() < 1e-6);
        // No other size has more power for the money.
        let budget = found.cost * 4.0;
        let at = |size: usize| {
            let plan = ClusterTrialPlan {
                size: Some(size),
                budget: Some(budget),
                ..plan(icc, cost)
            };
            1.0 / plan.power().unwrap().std_error
        };
        assert!(
            at(found.size) > 0.97 * at(found.size * 2)
                && at(found.size) > 0.97 * at((found.size / 2).max(1))
        );
    }
    assert_eq!(
        plan(1.0, 10.0).power().unwrap_err().code(),
        "impossible_icc"
    );
}

#[test]
fn what_cannot_be_is_told_before_anything_runs() {
    let code = |from: &str, to: &str| -> (String, String) {
        let text = TRIAL.replace(from, to);
        assert_ne!(text, TRIAL);
        let error = Design::parse(&text)
            .and_then(PowerPlan::of_design)
            .and_then(|plan| plan.power(&options("arm", 10), &mut quiet()))
            .unwrap_err();
        (
            error.code().to_owned(),
            error.hint().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(code("levels = 10", "levels = 0").0, "bad_design");
    assert_eq!(code("levels = 10", "levels = 1").0, "bad_design");
    assert_eq!(code("icc = 0.1", "icc = 1.2").0, "impossible_icc");
    assert_eq!(code("icc = 0.1", "sd = -1").0, "bad_design");
    let (name, hint) = code("level = \"clinic\"", "level = \"clinics\"");
    assert_eq!(name, "unknown_name");
    assert!(hint.contains("clinic"));
    let (name, hint) = code("arm = 0.5", "arn = 0.5");
    assert_eq!(name, "unknown_name");
    assert!(hint.contains("arm"), "{hint}");
    assert_eq!(code("size = 20", "sise = 20").0, "bad_design");
    // What is too small is told with the numbers that would do.
    let (name, hint) = code("size = 20", "size = 1");
    assert_eq!(name, "group_per_row");
    assert!(hint.contains("with 2 rows in each `clinic`"), "{hint}");
    let (name, hint) = code("levels = 10", "levels = 2");
    assert_eq!(name, "no_variance_left");
    assert!(hint.contains("with 3 groups of `clinic`"), "{hint}");
    let (name, hint) = code(
        "distribution = \"binary\"",
        "distribution = \"binary\"\nshare = 0.01",
    );
    assert_eq!(name, "constant_predictor");
    assert!(hint.contains("0.100"), "{hint}");
    assert_eq!(
        code("[variances", "[parameters]\nnu = 3\n[variances").0,
        "unknown_name"
    );
    assert_eq!(
        code("(1 | clinic)", "(1 | clinic) + (1 | ward)").0,
        "unknown_column"
    );
    assert_eq!(code("icc = 0.1", "").0, "bad_design");
    let correlated = |r: &str| {
        let text = GROWTH
            .replace("y ~ time", "y ~ time + I(time^2)")
            .replace("(time |", "(time + I(time^2) |")
            .replace("time = 1.0 }", "time = 1.0, \"I(time^2)\" = 0.1 }")
            .replace("correlation = 0.2", &format!("correlation = {r}"));
        let plan = Design::parse(&text).and_then(PowerPlan::of_design)?;
        plan.power(&options("time", 0), &mut quiet())
    };
    let error = correlated("[0.9, 0.9, -0.9]").unwrap_err();
    assert_eq!(error.code(), "impossible_correlation");
    assert!(error.hint().unwrap().contains("can be from"), "{error:?}");
    assert_eq!(
        correlated("-0.6").unwrap_err().code(),
        "impossible_correlation"
    );
    assert_eq!(correlated("[0.1, 0.2]").unwrap_err().code(), "bad_design");
    assert!(correlated("0.3").is_ok());
    let alpha = PowerOptions {
        alpha: 1.5,
        ..options("arm", 10)
    };
    let error = plan(TRIAL).power(&alpha, &mut quiet()).unwrap_err();
    assert_eq!(error.code(), "bad_probability");
    let without = TRIAL.replace("arm = 0.5", "");
    let power = plan(&without)
        .power(&options("arm", 0), &mut quiet())
        .unwrap();
    assert!(power.notes.iter().any(|n| n.code == "no_effect"));
    let error = plan(TRIAL)
        .power(&options("arn", 10), &mut quiet())
        .unwrap_err();
    assert_eq!(error.code(), "unknown_name");
}

#[test]
fn an_interrupt_keeps_what_is_done() {
    let plan = plan(GROWTH);
    let options = options("time", 100_000);
    let interrupt = options.interrupt.clone();
    let power = plan.power(&options, &mut |done, _| {
        if done > 0 {
            interrupt.set();
        }
    });
    let power = power.unwrap();
    assert!(power.interrupted);
    let point = &power.points[0];
    assert!(point.simulations > 0 && point.simulations < 100_000);
}

#[test]
fn dropout_and_shares_of_combinations() {
    let text = "dropout = 0.4\n".to_owned() + GROWTH.trim_start();
    let power = plan(&text)
        .power(&options("time", 200), &mut quiet())
        .unwrap();
    assert!(power.points[0].nobs < 80 && power.points[0].nobs >= 80 - 16 * 4);
    let text = "share = 0.5\n".to_owned() + CROSSED.trim_start();
    let power = plan(&text)
        .power(&options("condition", 100), &mut quiet())
        .unwrap();
    assert_eq!(power.points[0].nobs, 60);
    assert_eq!(
        (
            power.points[0].groups["subject"],
            power.points[0].groups["item"]
        ),
        (12, 10)
    );
}
