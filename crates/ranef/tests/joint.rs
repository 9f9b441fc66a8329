//! Responses that depend on parameters of the family: probabilities of ordered categories, means of
//! counts with extra zeros, intervals of the parameters themselves.

use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{
    AreasOptions, Fit, Groups, Interval, IntervalMethod, MeansOptions, Model, PoststratifyOptions,
    PredictOptions, ResponseScale,
};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).expect("built in")
}

fn fit(formula: &str, name: &str, family: &str) -> Fit {
    Model::new(formula)
        .family(family.parse().expect("a family"))
        .factors(["YEAR"].into_iter().filter(|f| formula.contains(f)))
        .fit(&*data(name))
        .expect("a fit")
}

fn near(what: &str, got: f64, want: f64, within: f64) {
    assert!(
        (got - want).abs() <= within * want.abs(),
        "{what}: {got} {want}"
    );
}

/// Rows of a table as a source.
fn rows(table: Table) -> MemorySource {
    table.source().expect("a table")
}

/// emmeans 1.8.4 on ordinal 2022.11-16: `emmeans(m, ~ resp | btype + Gender, mode = "prob")` and
/// `mode = "mean.class"` (counted from 1) of `clmm(resp ~ Gender + btype + (1 | id), VerbAgg)`.
#[test]
fn means_of_categories_as_emmeans() {
    let ordinal = fit("resp ~ Gender + btype + (1 | id)", "VerbAgg", "ordinal");
    let means = ordinal
        .means(&MeansOptions::by(["Gender", "btype"]))
        .expect("means");
    assert_eq!(means.categories, ["no", "perhaps", "yes"]);
    let expected = [
        (0.342531074, 0.01954115109),
        (0.3956433196, 0.007629673966),
        (0.2618256064, 0.01686914466),
        (0.548844123, 0.02156159624),
        (0.3192873937, 0.01260572623),
        (0.1318684832, 0.01033959639),
    ];
    let found = means.rows[..2].iter().flat_map(|r| &r.probabilities);
    for (got, want) in found.zip(expected) {
        let got = got.expect("an estimate");
        assert!((got.estimate - want.0).abs() < 5e-5, "{got:?} {want:?}");
        near("standard error", got.std_error, want.1, 1e-3);
        assert!(0.0 < got.lower && got.lower < got.estimate && got.upper < 1.0);
    }
    let classes = [
        (1.919294532, 0.03570206338),
        (1.58302436, 0.0313801695),
        (1.31346952, 0.02208986623),
        (2.041300598, 0.0622669953),
        (1.692419806, 0.05794418514),
        (1.390755339, 0.04309791765),
    ];
    for (row, want) in means.rows.iter().zip(classes) {
        let got = row.value.expect("an estimate");
        assert!((got.estimate + 1.0 - want.0).abs() < 1e-4, "{got:?}");
        near("standard error", got.std_error, want.1, 1e-3);
    }
    // Saved and loaded they are the same.
    let again = Fit::from_json(&ordinal.to_json().expect("saved")).expect("loaded");
    assert_eq!(
        again
            .means(&MeansOptions::by(["Gender", "btype"]))
            .expect("means"),
        means
    );
}

/// ordinal 2022.11-16: `predict(clm(resp ~ Gender + btype, VerbAgg), nd, se.fit = TRUE, interval =
/// TRUE)`, whose intervals are normal on the scale of the logit.
#[test]
fn predictions_of_categories_as_clm() {
    let ordinal = fit("resp ~ Gender + btype", "VerbAgg", "ordinal");
    let new = rows(
        Table::new()
            .text("Gender", ["F", "M"].map(str::to_owned))
            .text("btype", ["curse", "shout"].map(str::to_owned)),
    );
    let options = PredictOptions::from(Groups::None).interval(Interval::Confidence);
    let found = ordinal.predict(&new, options).expect("predictions");
    let expected = [
        [
            [
                0.366575787563,
                0.0093400149792,
                0.348469530456,
                0.385066809894,
            ],
            [
                0.328976029296,
                0.00611910455795,
                0.317096110227,
                0.341078730565,
            ],
            [
                0.304448183141,
                0.00868932470080,
                0.287690011754,
                0.321741604337,
            ],
        ],
        [
            [
                0.658205698470,
                0.0131023934790,
                0.632082071559,
                0.683403515003,
            ],
            [
                0.225546038194,
                0.00786704204670,
                0.210501177844,
                0.241337482595,
            ],
            [
                0.116248263336,
                0.00640445191627,
                0.104272199805,
                0.129401113003,
            ],
        ],
    ];
    for (row, want) in found.probabilities.iter().zip(expected) {
        for (got, want) in row.as_ref().expect("a row").iter().zip(want) {
            let [std_error, lower, upper] = got.interval.expect("an interval");
            near("probability", got.fit, want[0], 1e-6);
            near("standard error", std_error, want[1], 1e-5);
            near("lower", lower, want[2], 1e-5);
            near("upper", upper, want[3], 1e-5);
        }
    }
    // The mean category is made of the probabilities.
    for (row, mean) in found.probabilities.iter().zip(&found.fit) {
        let row = row.as_ref().expect("a row");
        let want = row[1].fit + 2.0 * row[2].fit;
        near("mean", mean.expect("a row"), want, 1e-12);
    }
}

/// The joint draws of small areas, which go their own way, and the delta method agree: in a known
/// group and, averaged over groups, in a new one.
#[test]
fn draws_and_delta_method_agree() {
    let ordinal = fit("resp ~ Gender + btype + (1 | id)", "VerbAgg", "ordinal");
    let cell = || {
        rows(
            Table::new()
                .text("Gender", ["F".to_owned()])
                .text("btype", ["scold".to_owned()])
                .text("id", ["7".to_owned()]),
        )
    };
    let options = PredictOptions::from(Groups::All).interval(Interval::Confidence);
    let delta = ordinal.predict(&cell(), options).expect("a prediction");
    let delta = delta.intervals.expect("intervals").rows[0].expect("a row");
    let none: [&str; 0] = [];
    let drawn = ordinal
        .poststratify(&cell(), None, &PoststratifyOptions::by(none).draws(20_000))
        .expect("an estimate");
    near(
        "standard error",
        drawn.rows[0].std_error,
        delta.std_error,
        0.05,
    );
    near("lower", drawn.rows[0].lower, delta.lower, 0.03);
    near("upper", drawn.rows[0].upper, delta.upper, 0.03);
    let areas = ordinal
        .areas(&*data("VerbAgg"), &AreasOptions::default())
        .expect("areas");
    assert_eq!(areas.areas.len(), 316);
    assert!(
        areas
            .notes
            .iter()
            .any(|n| n.code == "categories_as_numbers")
    );
}

/// A family, the population in three years, and two known groups: estimate and standard error.
type Case = (&'static str, [[f64; 2]; 3], [[f64; 2]; 2]);

/// glmmTMB 1.1.5: `predict(m, nd, type = "response", se.fit = TRUE, re.form = NA)` of
/// `TICKS ~ YEAR + (1 | BROOD)` with `ziformula = ~ 1` on grouseticks.
#[test]
fn means_with_extra_zeros_as_glmmtmb() {
    let years = || rows(Table::new().number("YEAR", [95.0, 96.0, 97.0]));
    let cases: [Case; 3] = [
        (
            "zero-inflated-poisson",
            [
                [1.456125423226, 0.342591879083],
                [5.403315777783, 1.100965439999],
                [0.579067980153, 0.144140629152],
            ],
            [
                [0.407850489338, 0.347954773908],
                [0.802796783508, 0.471445551209],
            ],
        ),
        (
            "hurdle-poisson",
            [
                [2.00240176716, 0.367890406501],
                [4.15026421946, 0.718166518854],
                [1.21639788863, 0.161179401042],
            ],
            [
                [2.00240176716, 1.709521259835],
                [1.57978018037, 0.690361057379],
            ],
        ),
        (
            "hurdle-negative-binomial",
            [
                [2.20493118062, 0.414132722491],
                [4.36553807989, 0.750606087841],
                [1.28842508250, 0.181340330439],
            ],
            [
                [2.20493118062, 1.781818325054],
                [1.72875766827, 0.856052814169],
            ],
        ),
    ];
    for (family, population, groups) in cases {
        let model = fit("TICKS ~ YEAR + (1 | BROOD)", "grouseticks", family);
        let options = PredictOptions::from(Groups::None).interval(Interval::Confidence);
        let found = model.predict(&years(), options).expect("predictions");
        let intervals = found.intervals.as_ref().expect("intervals");
        for ((value, interval), want) in found.fit.iter().zip(&intervals.rows).zip(population) {
            near(family, value.expect("a row"), want[0], 1e-4);
            near(family, interval.expect("a row").std_error, want[1], 2e-4);
        }
        let means = model.means(&MeansOptions::by(["YEAR"])).expect("means");
        for (row, want) in means.rows.iter().zip(population) {
            near(family, row.value.expect("a mean").std_error, want[1], 2e-4);
        }
        assert!(!means.notes.iter().any(|n| n.code == "zeros_known"));
        // In known groups glmmTMB adds what the variance of the groups is uncertain by.
        let options = PredictOptions::from(Groups::All).interval(Interval::Confidence);
        let found = model
            .predict(&*data("grouseticks"), options)
            .expect("predictions");
        let intervals = found.intervals.as_ref().expect("intervals");
        for (row, want) in [0, 9].into_iter().zip(groups) {
            let interval = intervals.rows[row].expect("a row");
            near(family, found.fit[row].expect("a row"), want[0], 2e-4);
            near(family, interval.std_error, want[1], 0.015);
        }
    }
}

/// glmmTMB 1.1.5: `confint(m)`, zi.(Intercept), as a probability; and `sigma(m)`.
#[test]
fn family_parameters_have_intervals() {
    let model = fit(
        "TICKS ~ YEAR + (1 | BROOD)",
        "grouseticks",
        "zero-inflated-poisson",
    );
    let wald = model
        .confint(IntervalMethod::Wald, 0.95)
        .expect("intervals");
    let last = wald.rows.last().expect("rows");
    assert_eq!(last.parameter, "zero_probability");
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    near(
        "lower",
        last.lower.expect("an end"),
        logistic(-4.6779713573),
        2e-3,
    );
    near(
        "upper",
        last.upper.expect("an end"),
        logistic(-2.4441958879),
        2e-3,
    );
    let named = model
        .confint_of(&["family_".to_owned()], IntervalMethod::Profile, 0.95)
        .expect("intervals");
    assert_eq!(named.rows.len(), 1);
    let profile = &named.rows[0];
    let (lower, upper) = (
        profile.lower.expect("an end"),
        profile.upper.expect("an end"),
    );
    assert!(
        0.0 < lower && lower < 0.0276 && 0.0277 < upper && upper < 0.0799,
        "{profile:?}"
    );
    // No extra zeros: the estimate is at the end of its range, and the interval begins there.
    let none = fit(
        "TICKS ~ YEAR + (1 | BROOD)",
        "grouseticks",
        "zero-inflated-nbinom2",
    );
    let zero = ["zero_probability".to_owned()];
    let profile = none
        .confint_of(&zero, IntervalMethod::Profile, 0.95)
        .expect("an interval");
    assert_eq!(profile.rows[0].lower, Some(0.0));
    assert!(
        profile.rows[0]
            .upper
            .is_some_and(|x| (0.02..0.05).contains(&x))
    );
    let wald = none
        .confint_of(&zero, IntervalMethod::Wald, 0.95)
        .expect("an interval");
    assert!(wald.rows[0].lower.is_none() && wald.rows[0].reason.is_some());
    let hurdle = fit(
        "TICKS ~ YEAR + (1 | BROOD)",
        "grouseticks",
        "hurdle-negative-binomial",
    );
    near(
        "sigma",
        hurdle.glance().rows[0].sigma.expect("a sigma"),
        3.36847788733,
        2e-3,
    );
}

/// Gaussian with a log link, no random effects: −2ℓ has the profile n log σ² + RSS/σ² in σ, whose ends
/// are roots of one equation.
#[test]
fn the_profile_of_sigma_is_that_of_the_formula() {
    let n = 60u8;
    let x: Vec<f64> = (0..n).map(|i| f64::from(i) / 30.0).collect();
    let noise = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    let y: Vec<f64> = (0..usize::from(n))
        .map(|i| (0.5 + 0.4 * x[i]).exp() + noise(i))
        .collect();
    let source = rows(Table::new().number("x", x).number("y", y));
    let model = Model::new("y ~ x")
        .family("gaussian:log".parse().expect("a family"))
        .fit(&source)
        .expect("a fit");
    let found = model
        .confint_of(&["sigma".to_owned()], IntervalMethod::Profile, 0.95)
        .expect("an interval");
    let sigma = model.family_parameters()[0].estimate;
    let z2 = 1.959963984540054f64.powi(2);
    for end in [found.rows[0].lower, found.rows[0].upper] {
        let r = (sigma / end.expect("an end")).powi(2);
        let rise = f64::from(n) * (r - 1.0 - r.ln());
        assert!((rise - z2).abs() < 1e-3, "{rise}");
    }
}

#[test]
fn levels_have_the_order_that_is_asked_for() {
    let source = data("VerbAgg");
    let model = |order: &[&str]| {
        Model::new("resp ~ btype + (1 | id)")
            .family("ordinal".parse().expect("a family"))
            .levels("resp", order.iter().copied())
    };
    let plain = model(&["no", "perhaps", "yes"])
        .fit(&*source)
        .expect("a fit");
    let reversed = model(&["yes", "perhaps", "no"])
        .levels("btype", ["shout", "..."])
        .fit(&*source)
        .expect("a fit");
    assert!((plain.criterion() - reversed.criterion()).abs() < 1e-6);
    assert_eq!(reversed.fixed_names(), ["btypecurse", "btypescold"]);
    // curse against shout, upside down.
    near("effect", reversed.fixef()[0], plain.fixef()[1], 1e-5);
    let names: Vec<String> = (reversed.family_parameters().into_iter())
        .map(|p| p.name)
        .collect();
    assert_eq!(names, ["yes|perhaps", "perhaps|no"]);
    let means = reversed.means(&MeansOptions::by(["btype"])).expect("means");
    assert_eq!(means.rows[0].at[0].to_string(), "shout");
    let refused = |order: &[&str]| model(order).fit(&*source).expect_err("refused");
    let unknown = refused(&["no", "perhps", "yes"]);
    assert_eq!(unknown.code(), "unknown_level");
    assert!(unknown.hint().is_some_and(|h| h.contains("perhaps")));
    assert_eq!(refused(&["no", "yes"]).code(), "level_not_listed");
    assert_eq!(refused(&["no", "no", "..."]).code(), "unknown_level");
    let column = Model::new("resp ~ btype + (1 | id)").levels("rsp", ["no", "..."]);
    assert_eq!(
        column.fit(&*source).expect_err("refused").code(),
        "unknown_column"
    );
}

/// Ratios of models with zeros of their own are of the count part, not of means.
#[test]
fn ratios_say_what_they_are_of() {
    let hurdle = fit(
        "TICKS ~ YEAR + (1 | BROOD)",
        "grouseticks",
        "hurdle-poisson",
    );
    let means = hurdle
        .means(&MeansOptions::by(["YEAR"]).pairwise(true))
        .expect("means");
    let (a, b) = (
        means.rows[0].value.expect("a mean"),
        means.rows[1].value.expect("a mean"),
    );
    let ratio = means.contrasts[0].value.expect("a ratio");
    near("rate", ratio.estimate, (-0.794429090374f64).exp(), 1e-3);
    assert!((ratio.estimate - a.estimate / b.estimate).abs() > 0.02);
    assert!(
        means
            .notes
            .iter()
            .any(|n| n.code == "ratios_of_the_count_part")
    );
    let text = hurdle.ratios(0.95).expect("ratios").to_string();
    assert!(text.contains("Rate ratios of the count part"), "{text}");
    let link = MeansOptions::by(["YEAR"]).scale(ResponseScale::Link);
    let link = hurdle.means(&link).expect("means");
    assert!(
        !link
            .notes
            .iter()
            .any(|n| n.code == "ratios_of_the_count_part")
    );
}

/// The parameters of the family stand in the equations, and an identity link is no other scale.
#[test]
fn words_of_families() {
    let source = data("grouseticks");
    let model = fit(
        "TICKS ~ YEAR + (1 | BROOD)",
        "grouseticks",
        "hurdle-nbinom2",
    );
    let levels = model.predictor_levels(&*source).expect("levels");
    let equations = model.equations(&levels, false);
    let last = equations.symbols.last().expect("symbols");
    assert_eq!(
        (last.symbol.as_str(), last.term.as_str()),
        ("π", "zero_probability")
    );
    assert!(equations.to_string().contains("φ, π)"), "{equations}");
    let t = Model::new("Reaction ~ Days * Subject")
        .family("t".parse().expect("a family"))
        .factors(["Subject"])
        .fit(&*data("sleepstudy"))
        .expect("a fit");
    let slopes = t
        .slopes(&ranef::SlopesOptions::new("Days", "Subject"))
        .expect("slopes");
    assert!(slopes.identity);
    assert!(
        slopes
            .to_string()
            .contains("since the link is the identity")
    );
}
