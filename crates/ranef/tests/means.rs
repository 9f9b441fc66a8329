//! Estimated marginal means, their differences, slopes by group, simple slopes. Values from R
//! 4.2.2 with lmerTest 3.1-3 and emmeans 1.8.4 (Satterthwaite's degrees of freedom) unless another
//! source is named.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{
    Adjust, Answer, Estimate, Fit, Groups, Means, MeansOptions, Model, Point, SlopesOptions, lmer,
};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn fit(formula: &str, name: &str) -> Fit {
    lmer(formula, &*data(name)).unwrap()
}

#[track_caller]
fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{what}: {got} is not {want} within {tolerance:e}"
    );
}

/// Estimate and standard error to 1e-4 of a standard error and 2e-4, degrees of freedom to 2e-3.
#[track_caller]
fn is(value: Option<Estimate>, estimate: f64, std_error: f64, df: f64) {
    let value = value.expect("an estimate");
    near("estimate", value.estimate, estimate, 1e-4 * std_error);
    near(
        "standard error",
        value.std_error,
        std_error,
        2e-4 * std_error,
    );
    near("df", value.df.unwrap(), df, 2e-3 * df);
}

fn row<'a>(means: &'a Means, at: &str) -> &'a ranef::Mean {
    let of = |row: &&ranef::Mean| {
        let texts: Vec<String> = row.at.iter().map(Point::to_string).collect();
        texts.join(" ") == at
    };
    means.rows.iter().find(of).expect("such a row")
}

/// Formula, data, factor, and for each level mean, standard error and degrees of freedom.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, f64, f64, f64)],
);

#[test]
fn means_by_a_factor() {
    let cases: [Case; 3] = [
        (
            "yield ~ nitro * Variety + (1 | Block/Variety)",
            "Oats",
            "Variety",
            &[
                ("Golden Rain", 104.5, 7.79753923, 8.86898138),
                ("Marvellous", 109.791666667, 7.79753923, 8.86898138),
                ("Victory", 97.625, 7.79753923, 8.86898138),
            ],
        ),
        (
            "distance ~ age * Sex + (age | Subject)",
            "Orthodont",
            "Sex",
            &[
                ("Female", 22.6477272727, 0.586138958, 25.0),
                ("Male", 24.96875, 0.48600075, 25.0),
            ],
        ),
        (
            "angle ~ recipe * temperature + (1 | recipe:replicate)",
            "cake",
            "recipe",
            &[
                ("A", 33.12222222, 1.73683341, 42.0),
                ("B", 31.64444444, 1.73683341, 42.0),
                ("C", 31.6, 1.73683341, 42.0),
            ],
        ),
    ];
    for (formula, name, by, want) in cases {
        let means = fit(formula, name).means(&MeansOptions::by([by])).unwrap();
        assert_eq!(means.rows.len(), want.len());
        for &(at, estimate, std_error, df) in want {
            is(row(&means, at).value, estimate, std_error, df);
        }
    }
}

#[test]
fn means_at_values_asked_for() {
    let fit = fit("angle ~ recipe * temp + (1 | recipe:replicate)", "cake");
    let options = MeansOptions::by(["temp", "recipe"]).at("temp", ["175", "225"]);
    let means = fit.means(&options).unwrap();
    assert_eq!(means.rows.len(), 6);
    is(row(&means, "175 A").value, 29.2793651, 1.87453433, 56.7);
    is(row(&means, "225 C").value, 35.4952381, 1.87453433, 56.7);
    // A number held at a value that is not its mean.
    let held = fit
        .means(&MeansOptions::by(["recipe"]).at("temp", ["225"]))
        .unwrap();
    assert_eq!(held.rows[2].value, row(&means, "225 C").value);
    assert_eq!(held.held["temp"], [Point::Number(225.0)]);
    // And without it, at its mean, 200.
    let middle = fit.means(&MeansOptions::by(["recipe"])).unwrap();
    assert_eq!(middle.held["temp"], [Point::Number(200.0)]);
}

#[test]
fn differences_and_their_adjustment() {
    let fit = fit(
        "yield ~ factor(nitro) * Variety + (1 | Block/Variety)",
        "Oats",
    );
    let ask = |adjust| {
        let options = MeansOptions::by(["nitro"]).pairwise(true).adjust(adjust);
        fit.means(&options).unwrap()
    };
    let means = ask(Adjust::Fdr);
    is(row(&means, "0.2").value, 98.8888889, 7.17471041, 6.79);
    assert_eq!(means.held["Variety"].len(), 3);
    assert_eq!(means.notes[0].code, "averaged_over_interaction");
    let names: Vec<&str> = means
        .contrasts
        .iter()
        .map(|c| c.contrast.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "0 - 0.2",
            "0 - 0.4",
            "0 - 0.6",
            "0.2 - 0.4",
            "0.2 - 0.6",
            "0.4 - 0.6"
        ]
    );
    is(means.contrasts[0].value, -19.5, 4.4357554, 45.0);
    let p = |means: &Means, i: usize| means.contrasts[i].value.unwrap().p_value.unwrap();
    near("fdr", p(&means, 3), 0.0014, 5e-5);
    near("fdr", p(&means, 5), 0.0446, 5e-5);
    let raw = ask(Adjust::None);
    near(
        "t",
        raw.contrasts[3].value.unwrap().statistic.unwrap(),
        -3.457,
        5e-4,
    );
    // Against the definitions.
    let plain: Vec<f64> = (0..6).map(|i| p(&raw, i)).collect();
    let mut order: Vec<usize> = (0..6).collect();
    order.sort_by(|&a, &b| plain[a].total_cmp(&plain[b]));
    let (bonferroni, holm) = (ask(Adjust::Bonferroni), ask(Adjust::Holm));
    let mut least = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        near(
            "bonferroni",
            p(&bonferroni, i),
            (6.0 * plain[i]).min(1.0),
            1e-15,
        );
        least = least.max((6 - rank) as f64 * plain[i]);
        near("holm", p(&holm, i), least.min(1.0), 1e-15);
        let best = (rank..6)
            .map(|r| 6.0 * plain[order[r]] / (r + 1) as f64)
            .fold(1.0, f64::min);
        near("fdr", p(&means, i), best, 1e-15);
    }
}

/// emmeans' own adjustment, by the studentized range; and Kenward and Roger's errors and degrees of
/// freedom, where the fit has them.
#[test]
fn tukey_and_kenward_roger() {
    let cake = fit("angle ~ recipe * temp + (1 | recipe:replicate)", "cake");
    let options = MeansOptions::by(["recipe"]).pairwise(true);
    let means = cake.means(&options).unwrap();
    assert_eq!(means.adjust, Some(Adjust::Tukey));
    for (difference, p) in means.contrasts.iter().zip([0.8200, 0.8102, 0.9998]) {
        near("tukey", difference.value.unwrap().p_value.unwrap(), p, 5e-5);
    }
    // Unbalanced, so that the two methods differ.
    let rows =
        oats_but(|block, variety, nitro| block == "I" && variety != "Victory" && nitro != "0");
    let oats = Model::new("yield ~ nf * Variety + (1 | Block/Variety)")
        .df(ranef::DfMethod::KenwardRoger)
        .fit(&rows)
        .unwrap();
    let means = oats.means(&MeansOptions::by(["Variety"])).unwrap();
    // emmeans with pbkrtest 0.5.2.
    let want = [
        (105.35938, 8.406011, 8.7052195),
        (110.34590, 8.406011, 8.7052195),
        (97.62500, 8.226083, 8.1401305),
    ];
    for (row, (estimate, std_error, df)) in means.rows.iter().zip(want) {
        is(row.value, estimate, std_error, df);
    }
}

#[test]
fn differences_stay_within() {
    let fit = fit(
        "yield ~ factor(nitro) * Variety + (1 | Block/Variety)",
        "Oats",
    );
    let options = MeansOptions::by(["Variety"])
        .within(["nitro"])
        .pairwise(true)
        .adjust(Adjust::Holm);
    let means = fit.means(&options).unwrap();
    assert_eq!((means.rows.len(), means.contrasts.len()), (12, 12));
    let of = |nitro: &str, contrast: &str| {
        let found = |c: &&ranef::Difference| {
            c.contrast == contrast && c.within == [Point::Level(nitro.to_owned())]
        };
        means
            .contrasts
            .iter()
            .find(found)
            .expect("such a difference")
            .value
    };
    is(
        of("0.2", "Marvellous - Victory"),
        18.83333333,
        9.71502499,
        30.23,
    );
    near(
        "holm",
        of("0.2", "Marvellous - Victory").unwrap().p_value.unwrap(),
        0.1858,
        1e-4,
    );
    near(
        "holm",
        of("0", "Golden Rain - Victory").unwrap().p_value.unwrap(),
        0.7770,
        1e-4,
    );
    assert_eq!(means.contrast_table().columns()[0].name, "nitro");
}

/// No rows with 0.6 and Victory: means over either factor's levels cannot be had where they need
/// that cell, and can elsewhere.
#[test]
fn empty_cells_have_no_means() {
    let rows = oats_but(|_, variety, nitro| (variety, nitro) == ("Victory", "0.6"));
    let fit = lmer("yield ~ nf * Variety + (1 | Block/Variety)", &rows).unwrap();
    let by = |name: &str| fit.means(&MeansOptions::by([name]).pairwise(true)).unwrap();
    let variety = by("Variety");
    is(row(&variety, "Golden Rain").value, 104.5, 7.4155268, 8.3);
    is(
        row(&variety, "Marvellous").value,
        109.791667,
        7.4155268,
        8.3,
    );
    assert_eq!(row(&variety, "Victory").value, None);
    assert!(variety.notes.iter().any(|n| n.code == "not_estimable"));
    assert!(variety.contrasts[0].value.is_some() && variety.contrasts[1].value.is_none());
    let nitro = by("nf");
    is(row(&nitro, "0.4").value, 114.2222222, 6.97269743, 6.88);
    assert_eq!(row(&nitro, "0.6").value, None);
    // The same from a saved model, and with another coding.
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    assert_eq!(
        loaded
            .means(&MeansOptions::by(["nf"]).pairwise(true))
            .unwrap(),
        nitro
    );
    let sum = Model::new("yield ~ nf * Variety + (1 | Block/Variety)")
        .contrasts(ranef::Contrast::Sum)
        .fit(&rows)
        .unwrap();
    let again = sum.means(&MeansOptions::by(["nf"])).unwrap();
    is(row(&again, "0.4").value, 114.2222222, 6.97269743, 6.88);
    assert_eq!(row(&again, "0.6").value, None);
    let json = serde_json::to_value(&nitro).unwrap();
    assert!(json["rows"][3]["estimate"].is_null());
    assert_eq!(json["rows"][3]["nf"], "0.6");
    assert!(json["contrasts"][2]["p_value"].is_null());
}

/// Oats without some rows.
fn oats_but(out: impl Fn(&str, &str, &str) -> bool) -> impl Source {
    let mut rows = oats_rows();
    rows.retain(|(block, variety, nitro, _)| !out(block, variety, nitro));
    Table::new()
        .number("yield", rows.iter().map(|r| r.3))
        .text("Block", rows.iter().map(|r| r.0))
        .text("Variety", rows.iter().map(|r| r.1))
        .text("nf", rows.iter().map(|r| r.2))
        .source()
        .unwrap()
}

/// The rows of Oats: what a person could type from the table of Yates (1935).
fn oats_rows() -> Vec<(&'static str, &'static str, &'static str, f64)> {
    const YIELDS: [[[f64; 4]; 3]; 6] = [
        [
            [111.0, 130.0, 157.0, 174.0],
            [117.0, 114.0, 161.0, 141.0],
            [105.0, 140.0, 118.0, 156.0],
        ],
        [
            [61.0, 91.0, 97.0, 100.0],
            [70.0, 108.0, 126.0, 149.0],
            [96.0, 124.0, 121.0, 144.0],
        ],
        [
            [68.0, 64.0, 112.0, 86.0],
            [60.0, 102.0, 89.0, 96.0],
            [89.0, 129.0, 132.0, 124.0],
        ],
        [
            [74.0, 89.0, 81.0, 122.0],
            [64.0, 103.0, 132.0, 133.0],
            [70.0, 89.0, 104.0, 117.0],
        ],
        [
            [62.0, 90.0, 100.0, 116.0],
            [80.0, 82.0, 94.0, 126.0],
            [63.0, 70.0, 109.0, 99.0],
        ],
        [
            [53.0, 74.0, 118.0, 113.0],
            [89.0, 82.0, 86.0, 104.0],
            [97.0, 99.0, 119.0, 121.0],
        ],
    ];
    let blocks = ["I", "II", "III", "IV", "V", "VI"];
    let varieties = ["Victory", "Golden Rain", "Marvellous"];
    let nitro = ["0", "0.2", "0.4", "0.6"];
    let mut out = Vec::new();
    for (block, plots) in blocks.into_iter().zip(&YIELDS) {
        for (variety, subplots) in varieties.into_iter().zip(plots) {
            for (n, &y) in nitro.into_iter().zip(subplots) {
                out.push((block, variety, n, y));
            }
        }
    }
    out
}

#[test]
fn slopes_by_group() {
    let growth = fit("distance ~ age * Sex + (age | Subject)", "Orthodont");
    let found = growth
        .means(&MeansOptions::by(["Sex"]).trend("age").pairwise(true))
        .unwrap();
    is(row(&found, "Female").value, 0.479545455, 0.1037192941, 25.0);
    is(row(&found, "Male").value, 0.784375, 0.0859994955, 25.0);
    // The levels of the built-in data are in R's order: Male, Female.
    is(found.contrasts[0].value, 0.304829545, 0.134735315, 25.0);
    near(
        "p",
        found.contrasts[0].value.unwrap().p_value.unwrap(),
        0.0326,
        5e-5,
    );
    let chicks = Model::new("weight ~ Time * Diet + (Time | Chick)")
        .factors(["Diet"])
        .fit(&*data("ChickWeight"))
        .unwrap();
    let options = MeansOptions::by(["Diet"]).trend("Time").pairwise(true);
    let found = chicks.means(&options.adjust(Adjust::Bonferroni)).unwrap();
    is(row(&found, "3").value, 11.42287097, 1.05913549, 45.14);
    is(found.contrasts[2].value, -3.254975983, 1.30510384, 45.86);
    near(
        "p",
        found.contrasts[2].value.unwrap().p_value.unwrap(),
        0.0978,
        5e-5,
    );
}

#[test]
fn transforms_are_taken_at_the_mean_of_their_column() {
    let curve = fit("Reaction ~ poly(Days, 2) + (Days | Subject)", "sleepstudy");
    let none: [&str; 0] = [];
    let overall = curve.means(&MeansOptions::by(none)).unwrap();
    is(overall.rows[0].value, 295.727457, 9.30432228, 18.99);
    // Slopes of a curve at two places; emmeans takes differences, which here are exact.
    let slopes = curve
        .means(&MeansOptions::by(none).trend("Days").at("Days", ["1"]))
        .unwrap();
    near(
        "slope",
        slopes.rows[0].value.unwrap().estimate,
        8.10816337,
        1e-3,
    );
    is(
        slopes.rows[0].value,
        slopes.rows[0].value.unwrap().estimate,
        2.39807327,
        79.72,
    );
    // The scale is that of the response, and said.
    let times = fit("log(Reaction) ~ Days + (1 | Subject)", "sleepstudy");
    let notes = times.means(&MeansOptions::by(none)).unwrap().notes;
    assert_eq!(
        notes[0].message,
        "all numbers are on the scale of `log(Reaction)`"
    );
    // log(x) at the mean of x is the prediction there.
    let logs = fit("Reaction ~ log(Days + 1) + (1 | Subject)", "sleepstudy");
    let mean = logs.means(&MeansOptions::by(none)).unwrap();
    let at = Table::new()
        .number("Days", [4.5])
        .text("Subject", ["308"])
        .source()
        .unwrap();
    let predicted = logs.predict(&at, Groups::None).unwrap().fit[0].unwrap();
    near("log", mean.rows[0].value.unwrap().estimate, predicted, 1e-9);
}

/// A factor, a 0/1 number and a text of two values are one and the same for means.
#[test]
fn numbers_with_two_values_count_as_factors() {
    let n = 120usize;
    let public = |i: usize| (i / 10).is_multiple_of(3);
    let y = (0..n)
        .map(|i| ((i * 37) % 23) as f64 + if public(i) { 4.0 } else { 0.0 } + (i / 10) as f64);
    let table = Table::new()
        .number("y", y)
        .number("ses", (0..n).map(|i| ((i * 31) % 17) as f64))
        .number("public", (0..n).map(|i| f64::from(u8::from(public(i)))))
        .text(
            "sector",
            (0..n).map(|i| if public(i) { "public" } else { "other" }),
        )
        .text("school", (0..n).map(|i| format!("s{}", i / 10)))
        .source()
        .unwrap();
    let number = lmer("y ~ ses * public + (1 | school)", &table).unwrap();
    let text = lmer("y ~ ses * sector + (1 | school)", &table).unwrap();
    let a = number
        .means(&MeansOptions::by(["public"]).pairwise(true))
        .unwrap();
    let b = text
        .means(&MeansOptions::by(["sector"]).pairwise(true))
        .unwrap();
    for (a, b) in a.rows.iter().zip(&b.rows) {
        near(
            "mean",
            a.value.unwrap().estimate,
            b.value.unwrap().estimate,
            1e-8,
        );
        near(
            "error",
            a.value.unwrap().std_error,
            b.value.unwrap().std_error,
            1e-8,
        );
    }
    assert_eq!(a.rows[1].at, [Point::Number(1.0)]);
    // Averaged over, both values weigh the same, although two schools of three are 0.
    let none: [&str; 0] = [];
    let overall = number.means(&MeansOptions::by(none)).unwrap().rows[0]
        .value
        .unwrap();
    let half = 0.5 * (a.rows[0].value.unwrap().estimate + a.rows[1].value.unwrap().estimate);
    near("overall", overall.estimate, half, 1e-9);
    // Simple slopes of one over the other: those of the coefficients.
    let slopes = number.slopes(&SlopesOptions::new("ses", "public")).unwrap();
    let beta = number.fixef();
    near(
        "slope",
        slopes.rows[0].value.unwrap().estimate,
        beta[1],
        1e-9,
    );
    near(
        "slope",
        slopes.rows[1].value.unwrap().estimate,
        beta[1] + beta[3],
        1e-9,
    );
    assert_eq!(slopes.johnson_neyman, None);
    assert_eq!(slopes.rows[0].label, None);
}

#[test]
fn offsets_are_part_of_a_mean() {
    let with = fit(
        "Reaction ~ Days + offset(2 * Days) + (1 | Subject)",
        "sleepstudy",
    );
    let without = fit("Reaction ~ Days + (1 | Subject)", "sleepstudy");
    let none: [&str; 0] = [];
    let mean = |fit: &Fit| {
        fit.means(&MeansOptions::by(none)).unwrap().rows[0]
            .value
            .unwrap()
    };
    near("mean", mean(&with).estimate, mean(&without).estimate, 1e-7);
    let slope = |fit: &Fit| {
        fit.means(&MeansOptions::by(none).trend("Days"))
            .unwrap()
            .rows[0]
            .value
            .unwrap()
    };
    near(
        "slope",
        slope(&with).estimate,
        slope(&without).estimate,
        1e-7,
    );
}

/// A cross-level interaction: bounds by the quadratic equation of Johnson and Neyman, solved here
/// with the degrees of freedom at each bound.
#[test]
fn johnson_neyman_bounds() {
    let n = 400usize;
    let school = |i: usize| i / 20;
    let w = |i: usize| (school(i) * 7 % 20) as f64 / 4.0 - 2.0;
    let x = |i: usize| ((i * 31) % 41) as f64 / 10.0 - 2.0;
    let noise = |i: usize| ((i * 7919) % 1009) as f64 / 1009.0 - 0.5;
    let table = Table::new()
        .number(
            "y",
            (0..n).map(|i| {
                1.0 + 0.1 * x(i)
                    + 0.3 * w(i)
                    + 0.15 * x(i) * w(i)
                    + 3.0 * noise(i)
                    + 0.5 * noise(school(i) + 17) * x(i)
            }),
        )
        .number("x", (0..n).map(x))
        .number("w", (0..n).map(w))
        .text("school", (0..n).map(|i| format!("s{:02}", school(i))))
        .source()
        .unwrap();
    let fit = lmer("y ~ x * w + (x | school)", &table).unwrap();
    let slopes = fit.slopes(&SlopesOptions::new("x", "w")).unwrap();
    assert_eq!(slopes.rows.len(), 3);
    assert_eq!(slopes.rows[0].label, Some("mean - sd"));
    let (b, v, p) = (fit.fixef(), fit.vcov(), 4);
    let (at, value) = match (&slopes.rows[2].at, slopes.rows[2].value) {
        (Point::Number(w), Some(value)) => (*w, value),
        other => panic!("{other:?}"),
    };
    near("slope", value.estimate, b[1] + at * b[3], 1e-9);
    let variance = |w: f64| v[p + 1] + 2.0 * w * v[p + 3] + w * w * v[3 * p + 3];
    near("error", value.std_error.powi(2), variance(at), 1e-9);
    let found = slopes.johnson_neyman.clone().unwrap();
    assert!(found.linear);
    assert!(!found.bounds.is_empty());
    for &bound in &found.bounds {
        // The interval at the bound ends at zero.
        let at = format!("{bound:.15}");
        let there = fit
            .slopes(&SlopesOptions::new("x", "w").at("w", [at]))
            .unwrap();
        let there = there.rows[0].value.unwrap();
        near(
            "touches",
            there.lower.abs().min(there.upper.abs()),
            0.0,
            1e-6 * there.std_error,
        );
    }
    near("zero", found.zeros[0], -b[1] / b[3], 1e-6);
    assert_eq!(found.regions.len(), found.bounds.len() + 1);
    for pair in found.regions.windows(2) {
        assert_ne!(pair[0].significant, pair[1].significant);
    }
    assert!(
        slopes
            .to_string()
            .contains("Johnson-Neyman: the slope of x is "),
        "{slopes}"
    );
    assert_eq!(slopes.table().rows(), 3);
    // Without an interaction there is nothing to bound.
    let plain = lmer("y ~ x + w + (x | school)", &table).unwrap();
    assert_eq!(
        plain
            .slopes(&SlopesOptions::new("x", "w"))
            .unwrap()
            .johnson_neyman,
        None
    );
    // With a curve the search stays within the data.
    let curve = lmer("y ~ x * poly(w, 2) + (1 | school)", &table).unwrap();
    let found = curve
        .slopes(&SlopesOptions::new("x", "w"))
        .unwrap()
        .johnson_neyman
        .unwrap();
    assert!(!found.linear);
    assert!(
        found
            .bounds
            .iter()
            .all(|b| (found.range[0]..=found.range[1]).contains(b))
    );
}

/// Means of groups of a transform are no interaction with the groups, and many levels are counted.
#[test]
fn within_and_between() {
    let n = 240usize;
    let school = |i: usize| i / 12;
    let table = Table::new()
        .number(
            "y",
            (0..n).map(|i| ((i * 37) % 23) as f64 + (school(i) % 5) as f64),
        )
        .number(
            "ses",
            (0..n).map(|i| ((i * 31) % 17) as f64 + (school(i) % 3) as f64),
        )
        .text("school", (0..n).map(|i| format!("s{:02}", school(i))))
        .text(
            "sector",
            (0..n).map(|i| if school(i) % 2 == 1 { "a" } else { "b" }),
        )
        .source()
        .unwrap();
    let formula = "y ~ within(ses, school) * sector + between(ses, school) + (1 | school)";
    let fit = lmer(formula, &table).unwrap();
    let slopes = fit
        .means(&MeansOptions::by(["sector"]).trend("ses"))
        .unwrap();
    assert!(slopes.notes.is_empty(), "{:?}", slopes.notes);
    let beta = |name: &str| fit.fixef()[fit.fixed_names().iter().position(|n| *n == name).unwrap()];
    let within = beta("within(ses, school)");
    near(
        "slope",
        slopes.rows[0].value.unwrap().estimate,
        within,
        1e-9,
    );
    let more = beta("within(ses, school):sectorb");
    near(
        "slope",
        slopes.rows[1].value.unwrap().estimate,
        within + more,
        1e-9,
    );
    let text = slopes.to_string();
    assert!(
        text.contains("Averaged over school with equal weights (20 levels)."),
        "{text}"
    );
}

#[test]
fn questions_without_an_answer() {
    let fit = fit("yield ~ nitro * Variety + (1 | Block/Variety)", "Oats");
    let code = |options: MeansOptions| fit.means(&options).unwrap_err().code();
    assert_eq!(code(MeansOptions::by(["Varety"])), "unknown_predictor");
    assert_eq!(code(MeansOptions::by(["Block"])), "unknown_predictor");
    assert_eq!(code(MeansOptions::by(["nitro"])), "predictor_is_a_number");
    assert_eq!(
        code(MeansOptions::by(["Variety", "Variety"])),
        "predictor_twice"
    );
    assert_eq!(
        code(MeansOptions::by(["Variety"]).trend("Variety")),
        "predictor_is_a_factor"
    );
    assert_eq!(
        code(MeansOptions::by(["Variety"]).at("nitro", ["much"])),
        "not_a_number"
    );
    assert_eq!(
        code(MeansOptions::by(["nitro"]).at("Variety", ["x"])),
        "unknown_level"
    );
    let slopes = |of: &str, over: &str| {
        fit.slopes(&SlopesOptions::new(of, over))
            .map_err(|e| e.code())
    };
    assert_eq!(
        slopes("Variety", "nitro").unwrap_err(),
        "predictor_is_a_factor"
    );
    assert_eq!(slopes("nitro", "nitro").unwrap_err(), "predictor_twice");
    assert!(slopes("nitro", "Variety").is_ok());
}

/// Means do not depend on how factors are coded, nor on the order of terms.
#[test]
fn coding_does_not_matter() {
    let source = data("Machines");
    let by = |formula: &str, contrasts| {
        let fit = Model::new(formula)
            .contrasts(contrasts)
            .fit(&*source)
            .unwrap();
        let options = MeansOptions::by(["Machine"]).pairwise(true);
        fit.means(&options).unwrap()
    };
    use ranef::Contrast::{Helmert, Poly, Sum, Treatment};
    let first = by("score ~ Machine + (1 | Worker/Machine)", Treatment);
    for (formula, contrasts) in [
        ("score ~ Machine + (1 | Worker/Machine)", Sum),
        ("score ~ Machine + (1 | Worker/Machine)", Helmert),
        ("score ~ Machine + (1 | Worker/Machine)", Poly),
        (
            "score ~ 0 + Machine + (1 | Worker:Machine) + (1 | Worker)",
            Treatment,
        ),
    ] {
        let other = by(formula, contrasts);
        for (a, b) in first.rows.iter().zip(&other.rows) {
            is(
                a.value,
                b.value.unwrap().estimate,
                b.value.unwrap().std_error,
                b.value.unwrap().df.unwrap(),
            );
        }
        for (a, b) in first.contrasts.iter().zip(&other.contrasts) {
            is(
                a.value,
                b.value.unwrap().estimate,
                b.value.unwrap().std_error,
                b.value.unwrap().df.unwrap(),
            );
        }
    }
}
