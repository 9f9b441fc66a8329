//! Verdicts on residuals and random effects.

use super::{CHANCE, by_size, p};
use crate::diagnose::check::{Finding, Verdict};
use crate::diagnose::normality::{Normality, NormalitySample};
use crate::diagnose::simulated::Simulated;
use crate::diagnose::spread::{Spread, SpreadTest};

/// Size of a departure from normality: from 1 on it is worth a note. Light tails do no harm.
fn departure(sample: &NormalitySample) -> f64 {
    (sample.skewness.abs() / 0.5).max(sample.excess_kurtosis)
}

/// Never a problem by itself: fixed effects and variances are estimated consistently whatever the
/// distributions.
const NORMALITY_RULE: &str =
    "ok where p ≥ 0.01, or |skewness| < 0.5 and excess kurtosis < 1; else note";

fn shape_in_words(sample: &NormalitySample) -> &'static str {
    let (skew, heavy) = (sample.skewness, sample.excess_kurtosis >= 1.0);
    match (skew >= 0.5, skew <= -0.5, heavy) {
        (true, _, true) => "heavy-tailed, more so upwards",
        (_, true, true) => "heavy-tailed, more so downwards",
        (_, _, true) => "symmetric with heavy tails",
        (true, ..) => "skewed, with a longer tail upwards",
        (_, true, _) => "skewed, with a longer tail downwards",
        _ => "about symmetric, without heavy tails",
    }
}

fn moments_in_words(sample: &NormalitySample) -> String {
    format!(
        "skewness {:.2}, excess kurtosis {:.2}",
        sample.skewness, sample.excess_kurtosis
    )
    .replace('-', "−")
}

fn test_in_words(sample: &NormalitySample) -> String {
    match (sample.test.as_deref(), sample.statistic, sample.p_value) {
        (Some("shapiro_wilk"), Some(w), Some(value)) => {
            format!("Shapiro-Wilk W = {w:.3}, {}", p(value))
        }
        (Some(_), Some(a), Some(value)) => format!("Anderson-Darling A = {a:.2}, {}", p(value)),
        _ => "too few for a test".to_owned(),
    }
}

pub(in crate::diagnose) fn normal_residuals(found: &Normality) -> Finding {
    let sample = &found.samples[0];
    Finding::new(
        "normality_residuals",
        by_size(sample.p_value, departure(sample), 1.0, f64::INFINITY),
        "Normality of residuals: their distribution, studentised.",
        format!(
            "It is {} ({}; {}).",
            shape_in_words(sample),
            test_in_words(sample),
            moments_in_words(sample)
        ),
        "Tests of fixed effects bear this well; predictions of single observations do not. Look at the \
         rows with the largest residuals (`ranef influence --rows`), and at a transformed response if \
         the tail is on one side."
            .to_owned(),
        NORMALITY_RULE,
    )
}

pub(in crate::diagnose) fn normal_effects(found: &Normality) -> Finding {
    let looked =
        "Normality of random effects: conditional modes, scaled by their standard deviation.";
    let effects: Vec<&NormalitySample> =
        found.samples.iter().filter(|s| s.term.is_some()).collect();
    let tested: Vec<&NormalitySample> = effects.iter().copied().filter(|s| s.n >= 8).collect();
    let size = |s: &&NormalitySample| {
        let unlikely = s.p_value.is_some_and(|p| p < CHANCE);
        if unlikely { departure(s) } else { 0.0 }
    };
    let Some(worst) = tested.iter().copied().max_by(|a, b| {
        size(a).total_cmp(&size(b)).then(
            b.p_value
                .unwrap_or(1.0)
                .total_cmp(&a.p_value.unwrap_or(1.0)),
        )
    }) else {
        let none = effects.is_empty();
        return Finding::new(
            "normality_random",
            if none { Verdict::Ok } else { Verdict::Unknown },
            looked,
            if none {
                "The model has no random effects."
            } else {
                "No random effect has variance in 8 groups or more: too few to see a distribution."
            },
            None,
            NORMALITY_RULE,
        );
    };
    Finding::new(
        "normality_random",
        by_size(worst.p_value, departure(worst), 1.0, f64::INFINITY),
        looked,
        format!(
            "{}`{}` of {} is {} ({}; {}).",
            if tested.len() > 1 {
                "Farthest from normal: "
            } else {
                ""
            },
            worst.term.as_deref().unwrap_or_default(),
            worst.group,
            shape_in_words(worst),
            test_in_words(worst),
            moments_in_words(worst)
        ),
        "Fixed effects bear this well; predictions for outlying groups are drawn too far to the mean. \
         Look at the groups with the largest effects (`ranef effects`): a predictor of the groups may \
         be missing."
            .to_owned(),
        NORMALITY_RULE,
    )
}

const SPREAD_RULE: &str = "ok where p ≥ 0.01 or the standard deviations differ by less than a factor of \
                           1.5; problem from a factor of 2.5; else note";

fn spread(name: &str, looked: &str, tests: &[&SpreadTest], of_many: bool) -> Finding {
    let count = tests.len() as f64;
    let corrected = |t: &SpreadTest| t.p_value.map(|p| (p * count).min(1.0));
    let worst = (tests.iter()).min_by(|a, b| {
        let p = |t: &SpreadTest| corrected(t).unwrap_or(2.0);
        p(a).total_cmp(&p(b))
    });
    let Some(worst) = worst else {
        return Finding::new(
            name,
            Verdict::Ok,
            looked,
            "The model has no predictors.",
            None,
            SPREAD_RULE,
        );
    };
    let ratio = worst.sd_ratio.unwrap_or(1.0);
    let found = match (worst.statistic, corrected(worst)) {
        (Some(statistic), Some(value)) => format!(
            "{}the residual standard deviation is {ratio:.2} times as large where it is large as where it \
             is small (Breusch-Pagan χ² = {statistic:.2} on {} df, {}{}).",
            if of_many {
                format!("Most along `{}`: ", worst.of)
            } else {
                "Along them ".to_owned()
            },
            worst.df,
            p(value),
            if count > 1.0 {
                format!(" after {count} tests")
            } else {
                String::new()
            }
        ),
        _ => "The test cannot be made: there is no variation to go along.".to_owned(),
    };
    Finding::new(
        name,
        by_size(corrected(worst), ratio, 1.5, 2.5),
        looked,
        found,
        "Model the logarithm of the response if it is positive and spreads as it grows; or give weights; \
         or use cluster-robust standard errors."
            .to_owned(),
        SPREAD_RULE,
    )
}

pub(in crate::diagnose) fn spread_fitted(found: &Spread) -> Finding {
    let tests: Vec<&SpreadTest> = found.tests.iter().filter(|t| t.along == "fitted").collect();
    spread(
        "variance_fitted",
        "Residual variance along the fitted values.",
        &tests,
        false,
    )
}

pub(in crate::diagnose) fn spread_predictors(found: &Spread) -> Finding {
    let tests: Vec<&SpreadTest> = (found.tests.iter())
        .filter(|t| t.along == "predictor")
        .collect();
    spread(
        "variance_predictors",
        "Residual variance along each predictor.",
        &tests,
        true,
    )
}

pub(in crate::diagnose) fn spread_groups(found: &Spread) -> Finding {
    let rule = "ok where p ≥ 0.01 or the groups explain less than 3 % of the sizes of residuals beyond \
                chance (ω²); problem from 14 %; else note";
    let looked = "Residual variance between groups.";
    let tests: Vec<&SpreadTest> = found.tests.iter().filter(|t| t.along == "group").collect();
    if tests.is_empty() {
        return Finding::new(
            "variance_groups",
            Verdict::Ok,
            looked,
            "The model has no groups.",
            None,
            rule,
        );
    }
    let count = tests.iter().filter(|t| t.p_value.is_some()).count() as f64;
    let corrected = |t: &SpreadTest| t.p_value.map(|p| (p * count).min(1.0));
    let worst = (tests.iter())
        .filter(|t| t.p_value.is_some())
        .min_by(|a, b| {
            corrected(a)
                .unwrap_or(2.0)
                .total_cmp(&corrected(b).unwrap_or(2.0))
        });
    let Some(worst) = worst else {
        return Finding::new(
            "variance_groups",
            Verdict::Unknown,
            looked,
            "Groups have fewer than three rows on average: their own variances cannot be told.",
            None,
            rule,
        );
    };
    let omega = worst.omega_squared.unwrap_or(0.0);
    Finding::new(
        "variance_groups",
        by_size(corrected(worst), omega, 0.03, 0.14),
        looked,
        format!(
            "Which group of {} a row belongs to explains {:.1} % of how large its residual is, beyond \
             chance (Brown-Forsythe F = {:.2}, {}).",
            worst.of,
            100.0 * omega,
            worst.statistic.unwrap_or(0.0),
            p(corrected(worst).unwrap_or(1.0)),
        ),
        "Some groups scatter more than others: look whether they differ in how they were measured; a \
         random slope may be missing."
            .to_owned(),
        rule,
    )
}

pub(in crate::diagnose) fn simulated(found: &Simulated, generalised: bool) -> Vec<Finding> {
    let how = format!(
        "{} simulated responses ({}, seed {})",
        found.replicates, found.method, found.seed
    );
    let conditional = found.method == "conditional";
    let distance = found.distance_adjusted;
    let uniformity = Finding::new(
        "simulated_uniformity",
        by_size(Some(found.distance_adjusted_p), distance, 0.05, 0.15),
        format!("Distribution: where the observations lie among {how}."),
        format!(
            "The largest distance of shares from what the model expects is {distance:.3} ({}).",
            p(found.distance_adjusted_p)
        ),
        if generalised {
            "The shape of the response is not that of the model: look at overdispersion and zeros, and \
             at another family or link."
        } else {
            "The shape of the response is not that of the model: see the normality of residuals and of \
             random effects."
        }
        .to_owned(),
        "ok where p ≥ 0.01 or the distance is below 0.05; problem from 0.15; else note",
    );
    let relative = found.dispersion / found.dispersion_expected;
    let size = relative.max(1.0 / relative);
    let dispersion = Finding::new(
        "simulated_dispersion",
        if (conditional && !generalised) || found.dispersion_p >= CHANCE || size < 1.25 {
            Verdict::Ok
        } else {
            Verdict::Note
        },
        format!("Dispersion: the spread of residuals against that of {how}."),
        if conditional && !generalised {
            format!(
                "It is {:.2} times theirs, where leverages make {:.2} expected. In a gaussian model this \
                 holds by itself, as σ is estimated from the same residuals.",
                found.dispersion, found.dispersion_expected
            )
        } else {
            format!(
                "It is {:.2} times theirs, where {:.2} is expected ({}).",
                found.dispersion,
                found.dispersion_expected,
                p(found.dispersion_p)
            )
        },
        "The variances of the model and the spread of the data differ.".to_owned(),
        if generalised {
            "note where p < 0.01 and the ratio is off by more than 1.25"
        } else {
            "unconditional simulation only: note where p < 0.01 and the ratio is off by more than 1.25"
        },
    );
    let excess = found.outliers as f64 / found.outliers_expected.max(1e-12);
    let outliers = Finding::new(
        "simulated_outliers",
        if found.outliers_p < CHANCE && excess > 2.0 {
            Verdict::Note
        } else {
            Verdict::Ok
        },
        format!("Outliers: observations beyond all of {how}."),
        format!(
            "There are {}, and {:.1} by chance ({}).",
            found.outliers,
            found.outliers_expected,
            p(found.outliers_p)
        ),
        "Look at these rows (`ranef residuals --simulate conditional`: 0 or 1) for errors of recording; \
         fit without them and compare."
            .to_owned(),
        "note where p < 0.01 and there are more than twice as many as by chance",
    );
    let (deviation, value) = found.largest_quantile_deviation();
    let found_text = if found.quantiles.is_empty() {
        "There is nothing to go along: the expected value is the same for all.".to_owned()
    } else {
        format!(
            "In a third of the rows the share below a quartile is off by {:.0} percentage points at most \
             ({} after 3 tests).",
            100.0 * deviation,
            p(value)
        )
    };
    let quantiles = Finding::new(
        "simulated_quantiles",
        by_size(Some(value), deviation, 0.1, 0.2),
        format!("Pattern: quartiles of the places among {how}, along the expected values."),
        found_text,
        "There is a pattern that the model does not have: a curve, an interaction, or a variance that \
         changes."
            .to_owned(),
        "ok where p ≥ 0.01 or no share is off by 10 points; problem from 20; else note",
    );
    vec![uniformity, dispersion, outliers, quantiles]
}
