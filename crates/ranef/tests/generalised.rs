//! Questions to generalised models: ratios, predictions, means and slopes on both scales, averages
//! over groups, tests and intervals; against R and against brute force.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{
    AnovaType, Answer, DfMethod, Family, Fit, Groups, Interval, IntervalMethod, Language,
    MeansOptions, Model, PredictOptions, RatioKind, ResponseScale, SlopesOptions,
};

const CBPP: &str = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
const EXPOSED: &str = "exposed ~ x + treat + offset(log(exposure)) + (1 | site)";
const SLOPED: &str = "sloped ~ x + treat + (x | site)";
const CROSSED: &str = "crossed ~ x * treat + (1 | person) + (1 | item)";

/// A built-in data set, or one of those beside the tests.
fn data(name: &str) -> Box<dyn Source> {
    let own = format!("{}/tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let name = match name {
        "counts" | "answers" => own.as_str(),
        name => name,
    };
    open(name, &ReadOptions::default()).unwrap()
}

fn fit(formula: &str, name: &str, family: &str) -> Fit {
    let family: Family = family.parse().unwrap();
    let factors: &[&str] = if name == "cbpp" { &["period"] } else { &[] };
    Model::new(formula)
        .family(family)
        .factors(factors.iter().copied())
        .fit(&*data(name))
        .unwrap()
}

fn cbpp() -> Fit {
    fit(CBPP, "cbpp", "binomial")
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// E[h(η + sZ)] by Simpson's rule on 4,000 points.
fn integrate(h: impl Fn(f64) -> f64, eta: f64, s: f64) -> f64 {
    let n = 4_000;
    let (from, to) = (-10.0, 10.0 + s);
    let step = (to - from) / f64::from(n);
    let sum: f64 = (0..=n)
        .map(|i| {
            let z = from + f64::from(i) * step;
            let weight = match i {
                0 => 1.0,
                i if i == n => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * h(eta + s * z) * (-0.5 * z * z).exp()
        })
        .sum();
    sum * step / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
}

fn periods(herd: &str) -> impl Source {
    Table::new()
        .number("period", [1.0, 2.0, 3.0, 4.0])
        .text("herd", [herd; 4])
        .source()
        .unwrap()
}

fn values(fit: &Fit, rows: &dyn Source, options: impl Into<PredictOptions>) -> Vec<f64> {
    let found = fit.predict(rows, options).unwrap();
    found.fit.into_iter().flatten().collect()
}

#[test]
fn ratios_are_exponentials() {
    let fit = cbpp();
    let ratios = fit.ratios(0.9).unwrap();
    assert_eq!(ratios.kind, RatioKind::Odds);
    for (ratio, c) in ratios.rows.iter().zip(fit.coefficients()) {
        let [lower, upper] = c.wald_interval(0.9).unwrap();
        let r = c.estimate.unwrap().exp();
        near(ratio.ratio.unwrap(), r, 1e-14);
        near(ratio.std_error.unwrap(), r * c.std_error.unwrap(), 1e-14);
        near(ratio.lower.unwrap(), lower.exp(), 1e-14);
        near(ratio.upper.unwrap(), upper.exp(), 1e-14);
        assert_eq!(ratio.p_value, c.p_value);
    }
    // exp(√(2·0.41250)·0.67449), Larsen and Merlo (2005).
    let sd = fit.varcorr()[0].sd[0];
    let median = &ratios.median[0];
    near(
        median.ratio,
        (std::f64::consts::SQRT_2 * sd * 0.674_489_750_196_082).exp(),
        1e-12,
    );
    let wald = fit.confint(IntervalMethod::Wald, 0.9).unwrap();
    let of_sd = wald.rows.last().unwrap();
    let transform = |sd: f64| (std::f64::consts::SQRT_2 * sd * 0.674_489_750_196_082).exp();
    near(
        median.lower.unwrap(),
        transform(of_sd.lower.unwrap()),
        1e-12,
    );
    near(
        median.upper.unwrap(),
        transform(of_sd.upper.unwrap()),
        1e-12,
    );
    let text = ratios.to_string();
    for said in [
        "Odds ratios with 90% intervals",
        "Where `period` is 2 the odds are 0.371 times as large as where it is 1.",
        "the odds are 0.247, a probability of 0.198",
        "Median odds ratio of herd: 1.85",
    ] {
        assert!(text.replace('\n', " ").contains(said), "{said}: {text}");
    }
    assert_eq!(ratios.table().rows(), 5);
}

#[test]
fn ratios_have_the_names_of_their_links() {
    let rates = fit(EXPOSED, "counts", "poisson").ratios(0.95).unwrap();
    assert_eq!(rates.kind, RatioKind::Rate);
    let meaning = rates.rows[1].meaning.as_deref().unwrap();
    assert_eq!(
        meaning,
        "With one unit more of `x` the expected count is 1.49 times as large."
    );
    let hazards = fit(CROSSED, "answers", "binomial:cloglog")
        .ratios(0.95)
        .unwrap();
    assert_eq!(hazards.kind, RatioKind::Hazard);
    assert_eq!(hazards.median.len(), 2);
    let interaction = hazards.rows[3].meaning.as_deref().unwrap();
    assert!(
        interaction.starts_with("A ratio of ratios"),
        "{interaction}"
    );
    let error = fit(CBPP, "cbpp", "binomial:probit")
        .ratios(0.95)
        .unwrap_err();
    assert_eq!(error.code(), "no_ratios");
    let linear = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    assert_eq!(linear.ratios(0.95).unwrap_err().code(), "no_ratios");
}

#[test]
fn predictions_on_both_scales() {
    let fit = cbpp();
    let rows = periods("1");
    let link = |groups: Groups| {
        values(
            &fit,
            &rows,
            PredictOptions::from(groups).scale(ResponseScale::Link),
        )
    };
    for groups in [Groups::All, Groups::None, Groups::New] {
        for (response, eta) in values(&fit, &rows, groups).iter().zip(link(groups)) {
            near(*response, logistic(eta), 1e-14);
        }
    }
    // lme4 1.1-31 with tolPwrss = 1e-12.
    for (got, want) in values(&fit, &rows, Groups::All)
        .iter()
        .zip([0.308_207_647, 0.141_748_254])
    {
        near(*got, want, 2e-7);
    }
    let difference = link(Groups::All)[0] - link(Groups::None)[0];
    near(difference, fit.random_effects().modes[0][0], 1e-12);
}

/// By R's `integrate`, and by Simpson's rule.
#[test]
fn averages_over_groups() {
    let fit = cbpp();
    let rows = periods("1");
    let average = values(&fit, &rows, Groups::Average);
    let eta = values(
        &fit,
        &rows,
        PredictOptions::from(Groups::None).scale(ResponseScale::Link),
    );
    let sd = fit.varcorr()[0].sd[0];
    let from_r = [
        0.216_092_927_15,
        0.097_042_587_46,
        0.086_118_285_07,
        0.057_300_331_08,
    ];
    for i in 0..4 {
        near(average[i], integrate(logistic, eta[i], sd), 1e-12);
        near(average[i], from_r[i], 2e-8);
    }
    // Nearer to one half, as METHODS C15 says.
    let attenuated = logistic(eta[0] / (1.0 + 0.346 * sd * sd).sqrt());
    near(average[0], attenuated, 5e-3);
    // A logarithm has a closed form, with a random slope too: E = exp(η + z'Tz/2).
    let sloped = self::fit(SLOPED, "counts", "poisson");
    let cov = &sloped.varcorr()[0].cov;
    let rows = Table::new()
        .number("x", [-1.5, 0.0, 2.0])
        .text("treat", ["a", "b", "b"])
        .source()
        .unwrap();
    let eta = values(
        &sloped,
        &rows,
        PredictOptions::from(Groups::None).scale(ResponseScale::Link),
    );
    let average = values(&sloped, &rows, Groups::Average);
    for (i, x) in [-1.5, 0.0, 2.0].into_iter().enumerate() {
        let between = cov[0][0] + 2.0 * x * cov[0][1] + x * x * cov[1][1];
        let exact = (eta[i] + 0.5 * between).exp();
        near(average[i], exact, 1e-11 * exact);
    }
}

#[test]
fn confidence_intervals_are_transformed() {
    let fit = cbpp();
    let known = Table::new()
        .number("period", [1.0, 3.0])
        .text("herd", ["1", "unseen"])
        .source()
        .unwrap();
    for groups in [Groups::All, Groups::None, Groups::New] {
        let asked = PredictOptions::from(groups).interval(Interval::Confidence);
        let response = fit.predict(&known, asked.clone()).unwrap();
        let link = fit
            .predict(&known, asked.scale(ResponseScale::Link))
            .unwrap();
        let (on_response, on_link) = (response.intervals.unwrap(), link.intervals.unwrap());
        for i in 0..2 {
            let (r, l) = (on_response.rows[i].unwrap(), on_link.rows[i].unwrap());
            near(r.lower, logistic(l.lower), 1e-13);
            near(r.upper, logistic(l.upper), 1e-13);
            let p = response.fit[i].unwrap();
            near(r.std_error, p * (1.0 - p) * l.std_error, 1e-10);
        }
    }
    // An average: the delta method by differences, the ends on the transformed line.
    let asked = PredictOptions::from(Groups::Average).interval(Interval::Confidence);
    let found = fit.predict(&known, asked).unwrap();
    let plain = PredictOptions::from(Groups::None)
        .interval(Interval::Confidence)
        .scale(ResponseScale::Link);
    let link = fit.predict(&known, plain).unwrap();
    let sd = fit.varcorr()[0].sd[0];
    let (found, link) = (
        found.intervals.unwrap().rows,
        (link.fit, link.intervals.unwrap().rows),
    );
    for i in 0..2 {
        let (eta, l) = (link.0[i].unwrap(), link.1[i].unwrap());
        let m = |eta: f64| integrate(logistic, eta, sd);
        let slope = (m(eta + 1e-4) - m(eta - 1e-4)) / 2e-4;
        let interval = found[i].unwrap();
        near(interval.std_error, slope * l.std_error, 1e-8);
        near(interval.lower, m(l.lower), 1e-11);
        near(interval.upper, m(l.upper), 1e-11);
    }
}

/// The ends of a prediction interval are quantiles of the mixture: its distribution function by
/// Simpson's rule over the linear predictor.
#[test]
fn prediction_intervals_are_quantiles() {
    let counts = fit(EXPOSED, "counts", "poisson");
    let rows = Table::new()
        .number("x", [-1.0, 0.5])
        .text("treat", ["a", "b"])
        .number("exposure", [2.0, 10.0])
        .text("site", ["s01", "s02"])
        .source()
        .unwrap();
    let below = |y: f64, eta: f64, s: f64, n: Option<f64>| -> f64 {
        if y < 0.0 {
            return 0.0;
        }
        integrate(
            |eta| {
                let (mut p, mut sum, mut k) = match n {
                    None => ((-eta.exp()).exp(), 0.0, 0.0),
                    Some(n) => ((1.0 - logistic(eta)).powf(n), 0.0, 0.0),
                };
                while k <= y {
                    sum += p;
                    p *= match n {
                        None => eta.exp() / (k + 1.0),
                        Some(n) => (n - k) / (k + 1.0) * eta.exp(),
                    };
                    k += 1.0;
                }
                sum
            },
            eta,
            s,
        )
    };
    let check = |fit: &Fit, rows: &dyn Source, groups: Groups, trials: Option<f64>| {
        let mut asked = PredictOptions::from(groups)
            .interval(Interval::Prediction)
            .level(0.9);
        if let Some(n) = trials {
            asked = asked.trials(n);
        }
        let found = fit.predict(rows, asked.clone()).unwrap().intervals.unwrap();
        // A mean over groups has the variance of a group yet to be drawn around it.
        let around = if groups == Groups::Average {
            Groups::New
        } else {
            groups
        };
        let link = PredictOptions::from(around)
            .interval(Interval::Confidence)
            .scale(ResponseScale::Link);
        let link = fit.predict(rows, link).unwrap();
        let n = trials.unwrap_or(1.0);
        for (i, interval) in found.rows.iter().enumerate() {
            let (interval, eta) = (interval.unwrap(), link.fit[i].unwrap());
            let s = link.intervals.as_ref().unwrap().rows[i].unwrap().std_error;
            let (low, high) = ((interval.lower * n).round(), (interval.upper * n).round());
            assert!(below(low - 1.0, eta, s, trials) < 0.05 && below(low, eta, s, trials) >= 0.05);
            assert!(
                below(high - 1.0, eta, s, trials) < 0.95 && below(high, eta, s, trials) >= 0.95
            );
        }
        found
    };
    for groups in [Groups::All, Groups::None, Groups::New, Groups::Average] {
        check(&counts, &rows, groups, None);
    }
    let found = check(&cbpp(), &periods("7"), Groups::New, Some(20.0));
    assert!(found.sentence().contains("Shares of 20 trials."));
    let error = counts
        .predict(
            &rows,
            PredictOptions::from(Groups::All)
                .interval(Interval::Prediction)
                .scale(ResponseScale::Link),
        )
        .unwrap_err();
    assert_eq!(error.code(), "no_observations_on_the_link");
    let error = counts
        .predict(
            &rows,
            PredictOptions::from(Groups::Average).scale(ResponseScale::Link),
        )
        .unwrap_err();
    assert_eq!(error.code(), "no_average_on_the_link");
}

/// The exposure of new rows counts. lme4 1.1-31.
#[test]
fn offsets_of_new_rows() {
    let fit = fit(EXPOSED, "counts", "poisson");
    let rows = Table::new()
        .number("x", [-1.0, 0.5, 0.5])
        .text("treat", ["a", "b", "b"])
        .number("exposure", [2.0, 10.0, 5.0])
        .text("site", ["s01", "s02", "s02"])
        .source()
        .unwrap();
    let known = values(&fit, &rows, Groups::All);
    near(known[0], 3.688_392, 1e-5);
    near(known[1], 27.617_450, 1e-4);
    near(known[2], 0.5 * known[1], 1e-12);
    let population = values(&fit, &rows, Groups::None);
    near(population[0], 2.932_035, 1e-4);
    near(population[1], 43.188_008, 1e-3);
}

/// A saved model answers as the one that was saved.
#[test]
fn saved_models_predict() {
    let fit = cbpp();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let rows = periods("3");
    for groups in [Groups::All, Groups::None, Groups::New, Groups::Average] {
        for interval in [Interval::Confidence, Interval::Prediction] {
            let asked = PredictOptions::from(groups).interval(interval);
            assert_eq!(
                fit.predict(&rows, asked.clone()).unwrap(),
                loaded.predict(&rows, asked).unwrap()
            );
        }
    }
    assert_eq!(fit.ratios(0.95).unwrap(), loaded.ratios(0.95).unwrap());
    let by = MeansOptions::by(["period"]).average(true);
    assert_eq!(fit.means(&by).unwrap(), loaded.means(&by).unwrap());
}

/// emmeans 1.8.4 on lme4 1.1-31 with tolPwrss = 1e-12.
#[test]
fn means_as_in_emmeans() {
    let fit = cbpp();
    let asked = MeansOptions::by(["period"]).pairwise(true);
    let link = fit
        .means(&asked.clone().scale(ResponseScale::Link))
        .unwrap();
    let response = fit.means(&asked).unwrap();
    assert_eq!(response.scale, Some(ResponseScale::Response));
    assert_eq!(response.ratio, Some(RatioKind::Odds));
    let probabilities = [
        (0.1980, 0.0369, 0.1354, 0.280),
        (0.0839, 0.0238, 0.0475, 0.144),
        (0.0740, 0.0226, 0.0401, 0.132),
        (0.0484, 0.0198, 0.0214, 0.106),
    ];
    for ((mean, (p, se, lower, upper)), l) in
        response.rows.iter().zip(probabilities).zip(&link.rows)
    {
        let (mean, l) = (mean.value.unwrap(), l.value.unwrap());
        near(mean.estimate, p, 6e-5);
        near(mean.std_error, se, 6e-5);
        near(mean.lower, lower, 6e-5);
        near(mean.upper, upper, 6e-4);
        near(mean.estimate, logistic(l.estimate), 1e-14);
    }
    let ratios = [
        (2.697_519_905, 0.827_173_466, 3.236_125_894, 0.006_649_375),
        (3.091_548_609, 1.009_815_941, 3.455_426_502, 0.003_084_367),
        (4.856_480_269, 2.075_835_495, 3.697_192_547, 0.001_247_409),
        (1.146_070_731, 0.436_318_332, 0.358_120_462, 0.984_274_169),
        (1.800_350_114, 0.846_617_525, 1.250_354_388, 0.594_689_030),
        (1.570_889_183, 0.760_756_400, 0.932_597_144, 0.787_331_856),
    ];
    for (row, (ratio, se, z, p)) in response.contrasts.iter().zip(ratios) {
        let value = row.value.unwrap();
        near(value.estimate, ratio, 1e-5);
        near(value.std_error, se, 2e-5);
        near(value.statistic.unwrap(), z, 3e-5);
        near(value.p_value.unwrap(), p, 1e-5);
    }
    assert_eq!(response.contrasts[0].contrast, "1 / 2");
    assert_eq!(link.contrasts[0].contrast, "1 - 2");
    near(
        link.contrasts[0].value.unwrap().estimate,
        response.contrasts[0].value.unwrap().estimate.ln(),
        1e-12,
    );
}

/// Averages and their differences with gradients by differences over refitted coefficients' roles:
/// the same formula with every coefficient moved.
#[test]
fn averaged_means() {
    let fit = cbpp();
    let found = fit
        .means(&MeansOptions::by(["period"]).average(true).pairwise(true))
        .unwrap();
    assert!(found.averaged && found.ratio.is_none());
    let sd = fit.varcorr()[0].sd[0];
    let beta = fit.fixef().to_vec();
    let mean = |beta: &[f64], i: usize| {
        let eta = beta[0] + if i > 0 { beta[i] } else { 0.0 };
        integrate(logistic, eta, sd)
    };
    let gradient = |f: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
        (0..4)
            .map(|j| {
                let (mut up, mut down) = (beta.clone(), beta.clone());
                up[j] += 1e-5;
                down[j] -= 1e-5;
                (f(&up) - f(&down)) / 2e-5
            })
            .collect()
    };
    let error = |g: &[f64]| -> f64 {
        let v = fit.vcov();
        (0..16)
            .map(|at| g[at / 4] * v[at] * g[at % 4])
            .sum::<f64>()
            .sqrt()
    };
    for (i, row) in found.rows.iter().enumerate() {
        let value = row.value.unwrap();
        near(value.estimate, mean(&beta, i), 1e-12);
        near(value.std_error, error(&gradient(&|b| mean(b, i))), 1e-8);
        assert!(0.0 < value.lower && value.lower < value.estimate && value.estimate < value.upper);
    }
    let first = found.contrasts[0].value.unwrap();
    near(first.estimate, mean(&beta, 0) - mean(&beta, 1), 1e-12);
    near(
        first.std_error,
        error(&gradient(&|b| mean(b, 0) - mean(b, 1))),
        1e-8,
    );
    let error = fit
        .means(
            &MeansOptions::by(["period"])
                .average(true)
                .scale(ResponseScale::Link),
        )
        .unwrap_err();
    assert_eq!(error.code(), "no_average_on_the_link");
}

/// Averages over the other factor of responses, with a random slope whose predictor is on the grid.
#[test]
fn averages_over_a_grid() {
    let fit = fit(SLOPED, "counts", "poisson");
    let found = fit
        .means(&MeansOptions::by(["x"]).at("x", ["-1", "2"]).average(true))
        .unwrap();
    let (beta, cov) = (fit.fixef(), &fit.varcorr()[0].cov);
    for (row, x) in found.rows.iter().zip([-1.0, 2.0]) {
        let between = cov[0][0] + 2.0 * x * cov[0][1] + x * x * cov[1][1];
        let one = |treat: f64| (beta[0] + x * beta[1] + treat * beta[2] + 0.5 * between).exp();
        let exact = 0.5 * (one(0.0) + one(1.0));
        near(row.value.unwrap().estimate, exact, 1e-11 * exact);
    }
}

/// emtrends of emmeans 1.8.4, plain and with regrid = "response".
#[test]
fn slopes_on_both_scales() {
    let fit = fit(CROSSED, "answers", "binomial");
    let asked = SlopesOptions::new("x", "treat");
    let link = fit.slopes(&asked).unwrap();
    let response = fit.slopes(&asked.scale(ResponseScale::Response)).unwrap();
    let check = |found: &ranef::Slopes, want: [(f64, f64, f64, f64); 2]| {
        for (row, (slope, se, lower, upper)) in found.rows.iter().zip(want) {
            let value = row.value.unwrap();
            near(value.estimate, slope, 6e-4);
            near(value.std_error, se, 6e-4);
            near(value.lower, lower, 6e-4);
            near(value.upper, upper, 6e-4);
        }
    };
    check(
        &link,
        [(0.449, 0.162, 0.131, 0.767), (0.666, 0.163, 0.346, 0.985)],
    );
    check(
        &response,
        [
            (0.110, 0.0401, 0.0317, 0.189),
            (0.151, 0.0393, 0.0741, 0.228),
        ],
    );
    let trend = MeansOptions::by(["treat"]).trend("x");
    let means = fit.means(&trend).unwrap();
    for (a, b) in means.rows.iter().zip(&response.rows) {
        assert_eq!(a.value, b.value);
    }
    // The derivative of the mean response, by differences.
    let at = |x: &str| {
        let asked = MeansOptions::by(["treat"]).at("x", [x]);
        fit.means(&asked).unwrap().rows[1].value.unwrap().estimate
    };
    let mid = 0.5;
    let asked = MeansOptions::by(["treat"])
        .trend("x")
        .at("x", [mid.to_string()]);
    let slope = fit.means(&asked).unwrap().rows[1].value.unwrap().estimate;
    near(slope, (at("0.5001") - at("0.4999")) / 2e-4, 1e-8);
}

/// Wald's χ² by the inverse of a 3 × 3 matrix, written out.
#[test]
fn anova_is_a_chi_square() {
    let fit = cbpp();
    for method in [
        DfMethod::None,
        DfMethod::Satterthwaite,
        DfMethod::KenwardRoger,
    ] {
        let anova = fit.anova(AnovaType::II, method).unwrap();
        assert_eq!(anova.method, DfMethod::None);
        let (b, v) = (&fit.fixef()[1..], |i: usize, j: usize| {
            fit.vcov()[(i + 1) * 4 + j + 1]
        });
        let cofactor = |i: usize, j: usize| {
            let (a, c) = ((i + 1) % 3, (i + 2) % 3);
            let (d, e) = ((j + 1) % 3, (j + 2) % 3);
            v(a, d) * v(c, e) - v(a, e) * v(c, d)
        };
        let determinant: f64 = (0..3).map(|j| v(0, j) * cofactor(0, j)).sum();
        let chisq: f64 = (0..9)
            .map(|at| b[at / 3] * cofactor(at / 3, at % 3) / determinant * b[at % 3])
            .sum();
        near(anova.rows[0].chisq.unwrap(), chisq, 1e-9 * chisq);
        assert_eq!(anova.rows[0].num_df, 3.0);
        assert!(anova.rows[0].den_df.is_none() && anova.rows[0].sum_sq.is_none());
        let text = anova.to_string();
        assert!(
            text.contains("Chisq") && text.contains("Pr(>Chisq)"),
            "{text}"
        );
    }
}

#[track_caller]
fn agree(fit: &Fit, expected: &[(&str, f64, f64)], tolerance: f64) {
    let found = fit.confint(IntervalMethod::Profile, 0.95).unwrap();
    assert_eq!(found.rows.len(), expected.len());
    for (row, (name, lower, upper)) in found.rows.iter().zip(expected) {
        assert_eq!(row.parameter, *name);
        let width = upper - lower;
        near(row.lower.unwrap(), *lower, tolerance * width);
        near(row.upper.unwrap(), *upper, tolerance * width);
        assert!(row.open.is_none() && row.reason.is_none());
    }
}

/// `confint(m, method = "profile")` of lme4 1.1-31 with tolPwrss = 1e-12. Its ends come from splines
/// through points that an optimiser left 1e-4 to 1e-3 above the minimum.
#[test]
fn profiles_as_in_lme4() {
    agree(
        &cbpp(),
        &[
            ("(Intercept)", -1.901_156_107, -0.947_791_393),
            ("period2", -1.616_678_663, -0.407_840_520),
            ("period3", -1.800_917_625, -0.511_610_306),
            ("period4", -2.500_600_711, -0.800_831_044),
            ("sd__(Intercept)", 0.346_094_462, 1.099_881_900),
        ],
        1e-4,
    );
    agree(
        &fit(SLOPED, "counts", "poisson"),
        &[
            ("(Intercept)", 0.563_542_896, 1.091_569_089),
            ("x", 0.255_200_738, 0.654_038_154),
            ("treatb", 0.358_286_024, 0.600_707_347),
            ("sd__(Intercept)", 0.498_214_757, 0.879_509_628),
            ("cor__(Intercept).x", 0.699_391_164, 0.989_491_554),
            ("sd__x", 0.364_209_344, 0.670_642_988),
        ],
        2e-4,
    );
    agree(
        &fit(CROSSED, "answers", "binomial"),
        &[
            ("(Intercept)", -0.985_793_222, 0.414_973_832),
            ("x", 0.135_704_058, 0.774_252_561),
            ("treatb", 0.098_419_614, 1.673_546_102),
            ("x:treatb", -0.222_666_108, 0.661_825_420),
            ("sd__(Intercept)", 0.687_065_728, 1.443_111_027),
            ("sd__(Intercept)", 0.421_715_786, 1.259_085_518),
        ],
        1e-3,
    );
}

/// At the end of a profile the model with the coefficient held there, as an offset, has a deviance
/// that is z² higher.
#[test]
fn ends_of_profiles_by_refitting() {
    let z = 1.959_963_984_540_054f64;
    for (formula, without) in [
        (SLOPED, "sloped ~ treat + (x | site) + offset(B * x)"),
        (
            EXPOSED,
            "exposed ~ treat + (1 | site) + offset(log(exposure) + B * x)",
        ),
    ] {
        let full = fit(formula, "counts", "poisson");
        let found = full
            .confint_of(&["x".to_owned()], IntervalMethod::Profile, 0.95)
            .unwrap();
        let row = &found.rows[0];
        for end in [row.lower.unwrap(), row.upper.unwrap()] {
            let held = fit(
                &without.replace('B', &format!("({end:?})")),
                "counts",
                "poisson",
            );
            near(held.criterion() - full.criterion(), z * z, 1e-5);
        }
    }
}

/// A variance of zero: an open end, and no panic on the boundary.
#[test]
fn profiles_on_the_boundary() {
    // Rows that differ by less than chance from site to site.
    let n = 120;
    let y: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let site: Vec<String> = (0..n).map(|i| format!("s{}", (i / 3) % 8)).collect();
    let x: Vec<f64> = (0..n).map(|i| f64::from((i * 7 % 11) as u32)).collect();
    let source = Table::new()
        .number("y", y)
        .number("x", x)
        .text("site", site.iter().map(String::as_str))
        .source()
        .unwrap();
    let fit = Model::new("y ~ x + (1 | site)")
        .family("binomial".parse().unwrap())
        .fit(&source)
        .unwrap();
    assert!(fit.varcorr()[0].sd[0] < 1e-6);
    let found = fit.confint(IntervalMethod::Profile, 0.95).unwrap();
    let sd = found.rows.last().unwrap();
    assert_eq!(sd.lower, Some(0.0));
    assert!(sd.upper.unwrap() > 0.0);
    let wald = fit.confint(IntervalMethod::Wald, 0.95).unwrap();
    assert!(wald.rows.last().unwrap().reason.is_some());
    let ratios = fit.ratios(0.95).unwrap();
    near(ratios.median[0].ratio, 1.0, 1e-6);
    assert!(ratios.median[0].lower.is_none());
}

#[test]
fn equations_have_links_and_no_residuals() {
    let fit = cbpp();
    let levels = fit.predictor_levels(&*data("cbpp")).unwrap();
    let equations = fit.equations(&levels, false);
    let rows = &equations.levels[0];
    assert!(
        rows.equations[0].text.starts_with("logit(pᵢⱼ) = β₀ⱼ"),
        "{equations}"
    );
    assert_eq!(
        rows.distributions[0].text,
        "incidenceᵢⱼ ~ Binomial(nᵢⱼ, pᵢⱼ)"
    );
    assert!(!equations.to_string().contains('ε') && !equations.latex().contains("varepsilon"));
    assert!(
        equations
            .combined
            .latex
            .starts_with("\\operatorname{logit}(p_{ij}) =")
    );
    let crossed = self::fit(CROSSED, "answers", "binomial:cloglog");
    let levels = crossed.predictor_levels(&*data("answers")).unwrap();
    let text = crossed.equations(&levels, false).to_string();
    assert!(text.contains("log(−log(1 − pᵢ)) = β₀"), "{text}");
    assert!(text.contains("crossedᵢ ~ Bernoulli(pᵢ)"), "{text}");
}

#[test]
fn code_names_family_and_link() {
    let fit = cbpp();
    let r = fit.code(Language::R).code;
    assert!(
        r.contains("glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), data = ")
            && r.contains("family = binomial(link = \"logit\")")
            && !r.contains("REML"),
        "{r}"
    );
    let stata = fit.code(Language::Stata).code;
    assert!(
        stata.contains("melogit incidence i.") && stata.contains("binomial(trials) or"),
        "{stata}"
    );
    let sas = fit.code(Language::Sas).code;
    assert!(
        sas.contains("proc glimmix") && sas.contains("model incidence/trials ="),
        "{sas}"
    );
    assert!(sas.contains("dist=binomial link=logit"), "{sas}");
    let rates = self::fit(EXPOSED, "counts", "poisson");
    let stata = rates.code(Language::Stata).code;
    assert!(
        stata.contains("mepoisson exposed x i.treat_code, offset(log_exposure)"),
        "{stata}"
    );
    let sas = rates.code(Language::Sas).code;
    assert!(
        sas.contains("dist=poisson link=log offset=log_exposure"),
        "{sas}"
    );
}

#[test]
fn the_summary_says_what_it_is() {
    let text = cbpp().summary().to_string();
    for said in [
        "Generalized linear mixed model fit by maximum likelihood (Laplace approximation)",
        " Family: binomial (logit)",
        "Modelled: the probability of incidence",
        "-2*log(L)",
        "z value",
        "Odds ratios with 95% intervals (in the same group):",
        "Median odds ratio of herd: 1.85",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Residual "), "{text}");
}
