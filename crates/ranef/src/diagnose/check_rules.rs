//! From numbers to verdicts. A departure counts only if it is both unlikely by chance (p < 0.01) and
//! large enough to matter; the limits stand in the rule of each finding.

use super::check::{Finding, Verdict};
use super::collinearity::{Collinearity, Inflation};
use super::influence::{DeletionMethod, GroupInfluence, LevelInfluence};
use super::influence_rows::{RowInfluence, RowInfluences};
use super::normality::{Normality, NormalitySample};
use super::optimizers::Optimizers;
use super::simulated::Simulated;
use super::singularity::Singularity;
use super::spread::{Spread, SpreadTest};
use crate::Fit;
use crate::format::p_values;
use ranef_engine::distributions::Normal;

/// A p-value above this is chance.
const CHANCE: f64 = 0.01;

/// `p = 0.032`, `p < 2e-16`.
fn p(value: f64) -> String {
    let text = p_values(&[Some(value)], 2).concat();
    let text = text.trim();
    match text.strip_prefix('<') {
        Some(rest) => format!("p < {}", rest.trim()),
        None => format!("p = {text}"),
    }
}

/// The verdict on a departure: none by chance, else by its size.
fn by_size(p_value: Option<f64>, size: f64, note: f64, problem: f64) -> Verdict {
    match p_value {
        None => Verdict::Unknown,
        Some(p) if p >= CHANCE || size < note => Verdict::Ok,
        Some(_) if size < problem => Verdict::Note,
        Some(_) => Verdict::Problem,
    }
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!(
            "{} and {} more",
            names[..MOST].join(", "),
            names.len() - MOST
        ),
    }
}

pub(super) fn convergence(fit: &Fit) -> Finding {
    let certificate = fit.certificate();
    Finding::new(
        "convergence",
        if certificate.converged {
            Verdict::Ok
        } else {
            Verdict::Problem
        },
        "Convergence: first and second derivatives of the criterion where the fit ended.",
        if certificate.converged {
            format!(
                "It is a minimum: the criterion can fall by {:.1e} at most.",
                certificate.newton_decrement
            )
        } else {
            format!(
                "It is not a minimum: the criterion may still fall by {:.1e}.",
                certificate.newton_decrement
            )
        },
        "Do not use these estimates; look for predictors of extreme size, or simplify the random \
         effects."
            .to_owned(),
        "problem unless the Newton decrement is below 5e-7 and the scores of all terms vanish",
    )
}

pub(super) fn optimizers(found: Option<&Optimizers>) -> Finding {
    let (looked, rule) = (
        "Optimisers: the same criterion minimised by other roads.",
        "problem where another optimiser finds a criterion lower by 1e-5 or ends at another certified \
         minimum",
    );
    match found {
        None => Finding::new(
            "optimizers",
            Verdict::Ok,
            looked,
            "The model has no random effects, so there is nothing to search for.",
            None,
            rule,
        ),
        Some(found) => Finding::new(
            "optimizers",
            if found.agree {
                Verdict::Ok
            } else {
                Verdict::Problem
            },
            looked,
            found.verdict.clone(),
            "Fit again with the optimiser that found the lowest criterion (`--optimizer`)."
                .to_owned(),
            rule,
        ),
    }
}

pub(super) fn singularity(fit: &Fit, found: &Singularity) -> Finding {
    let looked = "Singularity: whether the random effects have as many dimensions as the model gives \
                  them.";
    let uninformed = !fit.certificate().uninformed.is_empty();
    let found_text = if found.principal.is_empty() {
        "The model has no random effects.".to_owned()
    } else if !found.singular && !uninformed {
        let least: Vec<String> = (found.principal.iter())
            .filter(|p| p.components.len() > 1)
            .filter_map(|p| {
                let last = p.components.last()?;
                Some(format!(
                    "the smallest of the {} components of {} has {:.1} % of its variance",
                    p.components.len(),
                    p.group,
                    100.0 * last.share
                ))
            })
            .collect();
        match least.as_slice() {
            [] => "Every variance is above zero.".to_owned(),
            _ => format!("They have: {}.", least.join("; ")),
        }
    } else {
        found.explanations.join(" ")
    };
    let advice = found.recommended().map(|model| {
        let change = match model.largest_change() {
            Some(c) => format!(
                ", and no fixed effect changes by more than {:.2} standard errors",
                c.change.abs()
            ),
            None => String::new(),
        };
        format!(
            "The tests of fixed effects remain usable. `{}` costs {:.2} units of the criterion for {} \
             fewer parameter{} (AIC {:+.2}){change}.",
            model.formula,
            model.cost.max(0.0),
            model.fewer_parameters,
            if model.fewer_parameters == 1 { "" } else { "s" },
            model.aic_change,
        )
        .replace("(AIC -", "(AIC −")
    });
    Finding::new(
        "singularity",
        if found.singular || uninformed {
            Verdict::Note
        } else {
            Verdict::Ok
        },
        looked,
        found_text,
        advice,
        "note where the covariance matrix of a term is singular",
    )
}

pub(super) fn groups(fit: &Fit) -> Finding {
    let rule = "note below 10 levels, problem below 5 (Elff et al. 2021, BJPS 51:412: REML with \
                Satterthwaite's degrees of freedom holds down to few groups)";
    let looked = "Number of groups: what the variances between groups are estimated from.";
    let factors: Vec<_> = (fit.recipe().factors().iter().enumerate())
        .filter(|(f, _)| fit.varcorr().iter().any(|block| block.factor == *f))
        .map(|(_, factor)| factor)
        .collect();
    let Some(least) = factors.iter().min_by_key(|f| f.levels) else {
        return Finding::new(
            "groups",
            Verdict::Ok,
            looked,
            "The model has no groups.",
            None,
            rule,
        );
    };
    let all: Vec<String> = (factors.iter())
        .map(|f| format!("{} of {}", f.levels, f.name))
        .collect();
    Finding::new(
        "groups",
        match least.levels {
            0..5 => Verdict::Problem,
            5..10 => Verdict::Note,
            _ => Verdict::Ok,
        },
        looked,
        format!("There are {}.", listed(&all)),
        if least.levels < 5 {
            format!(
                "A variance between so few groups is hardly known: consider `{}` as a fixed effect.",
                least.name
            )
        } else {
            "The variance is uncertain: prefer profile intervals, and degrees of freedom by \
             Satterthwaite or Kenward and Roger."
                .to_owned()
        },
        rule,
    )
}

pub(super) fn collinearity(found: &Collinearity) -> Finding {
    let rule = "note from VIF^(1/df) of 5; problem from 10, unless the term stands in a product or a \
                power, where the VIF depends on where predictors have their zero";
    let looked = "Collinearity: how much wider standard errors are because predictors repeat each \
                  other, in the model and within and between groups.";
    // Comparable for terms of several columns: the square of the factor of the standard errors.
    let size = |i: &Inflation| i.std_error_factor.map_or(f64::INFINITY, |f| f * f);
    let worst = (found.inflation.iter()).max_by(|a, b| size(a).total_cmp(&size(b)));
    let in_model = found.inflation.iter().filter(|i| i.level == "model");
    let largest = (in_model.clone()).max_by(|a, b| size(a).total_cmp(&size(b)));
    let (Some(worst), Some(model)) = (worst, largest) else {
        return Finding::new(
            "collinearity",
            Verdict::Ok,
            looked,
            "There are not two predictors that could repeat each other.",
            None,
            rule,
        );
    };
    // The model decides: what repeats itself at one level may be told apart at another.
    let verdict = match size(model) {
        s if s < 5.0 => Verdict::Ok,
        _ if in_model.clone().all(|i| i.shares_data || size(i) < 10.0) => Verdict::Note,
        _ => Verdict::Problem,
    };
    let factor = |i: &Inflation| match i.std_error_factor {
        Some(f) => format!("{f:.2} times as wide"),
        None => "undefined, as other columns determine it".to_owned(),
    };
    let mut text = format!(
        "The standard error of `{}` is {} (VIF {}), the most of all terms.",
        model.term,
        factor(model),
        model.vif.map_or("∞".to_owned(), |v| format!("{v:.2}")),
    );
    if worst.level != "model" && size(worst) >= 5.0 {
        text.push_str(&format!(
            " Highest at a single level: `{}` {}, VIF {}.",
            worst.term,
            worst.level,
            worst.vif.map_or("∞".to_owned(), |v| format!("{v:.2}"))
        ));
    }
    Finding::new(
        "collinearity",
        verdict,
        looked,
        text,
        if model.shares_data {
            "The term stands in a product or a power: centre its predictors (`scale()`), and look again. \
             Fit and joint tests stay the same."
        } else {
            "Estimates and standard errors are right, but the data say little about these effects one by \
             one: test them together, or leave out one of two that mean the same."
        }
        .to_owned(),
        rule,
    )
}

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

pub(super) fn normal_residuals(found: &Normality) -> Finding {
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

pub(super) fn normal_effects(found: &Normality) -> Finding {
    let looked =
        "Normality of random effects: conditional modes, scaled by their standard deviation.";
    let effects = &found.samples[1..];
    let tested: Vec<&NormalitySample> = effects.iter().filter(|s| s.n >= 8).collect();
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

pub(super) fn spread_fitted(found: &Spread) -> Finding {
    let tests: Vec<&SpreadTest> = found.tests.iter().filter(|t| t.along == "fitted").collect();
    spread(
        "variance_fitted",
        "Residual variance along the fitted values.",
        &tests,
        false,
    )
}

pub(super) fn spread_predictors(found: &Spread) -> Finding {
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

pub(super) fn spread_groups(found: &Spread) -> Finding {
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

pub(super) fn simulated(found: &Simulated) -> Vec<Finding> {
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
        "The shape of the response is not that of the model: see the normality of residuals and of \
         random effects."
            .to_owned(),
        "ok where p ≥ 0.01 or the distance is below 0.05; problem from 0.15; else note",
    );
    let relative = found.dispersion / found.dispersion_expected;
    let size = relative.max(1.0 / relative);
    let dispersion = Finding::new(
        "simulated_dispersion",
        if conditional || found.dispersion_p >= CHANCE || size < 1.25 {
            Verdict::Ok
        } else {
            Verdict::Note
        },
        format!("Dispersion: the spread of residuals against that of {how}."),
        if conditional {
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
        "unconditional simulation only: note where p < 0.01 and the ratio is off by more than 1.25",
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

pub(super) fn influential_groups(found: &[GroupInfluence], left_out: &[String]) -> Finding {
    let rule = "note where leaving out one group moves a fixed effect by a standard error or changes its \
                sign while |t| ≥ 2, or cannot be done; problem where Cook's distance reaches 1";
    let looked = match found {
        [] => {
            "Influential groups: what leaving out each group does to the fixed effects.".to_owned()
        }
        _ => {
            let one = |g: &GroupInfluence| {
                let how = if g.method == DeletionMethod::OneStep {
                    ", in one step"
                } else {
                    ""
                };
                format!("{} of {}{how}", g.levels.len(), g.group)
            };
            format!(
                "Influential groups: what leaving out each does to the fixed effects ({}).",
                found.iter().map(one).collect::<Vec<_>>().join("; ")
            )
        }
    };
    let cooks = |l: &LevelInfluence| l.cooks_distance.unwrap_or(f64::NEG_INFINITY);
    let all = || {
        found
            .iter()
            .flat_map(|g| g.levels.iter().map(move |l| (g, l)))
    };
    let not_asked = match left_out {
        [] => String::new(),
        _ => format!(
            "Groups of {} are many and tied to each other, which takes minutes: ask `ranef influence \
             --group {}`.",
            listed(left_out),
            left_out[0]
        ),
    };
    let Some((group, worst)) = all().max_by(|a, b| cooks(a.1).total_cmp(&cooks(b.1))) else {
        return if left_out.is_empty() {
            let none = "The model has no groups.";
            Finding::new("influence_groups", Verdict::Ok, looked, none, None, rule)
        } else {
            Finding::new(
                "influence_groups",
                Verdict::Unknown,
                looked,
                not_asked,
                None,
                rule,
            )
        };
    };
    let mut verdict = Verdict::Ok;
    let mut text = match worst.cooks_distance {
        Some(d) => format!(
            "The most influential is {} of {}: Cook's distance {d:.3}.",
            worst.level, group.group
        ),
        None => String::new(),
    };
    // The largest single move.
    let moves = all().flat_map(|(g, l)| {
        (l.dfbetas.iter().enumerate()).filter_map(move |(j, d)| d.map(|d| (g, l, j, d)))
    });
    if let Some((g, l, j, d)) = moves.max_by(|a, b| a.3.abs().total_cmp(&b.3.abs())) {
        text.push_str(&format!(
            " The largest move is that of `{}`, {:.2} standard errors {} without {}.",
            g.terms[j],
            d.abs(),
            if d > 0.0 { "lower" } else { "higher" },
            l.level
        ));
        if d.abs() >= 1.0 {
            verdict = Verdict::Note;
        }
    }
    for g in found {
        for (term, level) in g.sign_changes() {
            let at = g.terms.iter().position(|t| t == term).unwrap_or(0);
            if (g.estimates[at] / g.std_errors[at]).abs() >= 2.0 {
                text.push_str(&format!(" Without {level} `{term}` changes its sign."));
                verdict = Verdict::Note;
            }
        }
        let needed: Vec<String> = (g.levels.iter())
            .filter(|l| l.cooks_distance.is_none() && !g.terms.is_empty())
            .map(|l| l.level.clone())
            .collect();
        if !needed.is_empty() {
            text.push_str(&format!(
                " Without {} some coefficient cannot be estimated.",
                listed(&needed)
            ));
            verdict = Verdict::Note;
        }
    }
    if worst.cooks_distance.is_some_and(|d| d >= 1.0) {
        verdict = Verdict::Problem;
    }
    text.push(' ');
    text.push_str(&not_asked);
    Finding::new(
        "influence_groups",
        verdict,
        looked,
        text.trim().to_owned(),
        "Check that group for errors, and report the results with and without it (`ranef influence`)."
            .to_owned(),
        rule,
    )
}

pub(super) fn influential_rows(found: &RowInfluences) -> Finding {
    let rule = "note where a studentised residual is beyond chance in so many rows (p < 0.01 after \
                Bonferroni's correction); problem where Cook's distance of the fixed effects reaches 1";
    let looked = "Influential rows: what leaving out each does to the fixed effects, and residuals \
                  beyond chance.";
    let cooks = |r: &&RowInfluence| r.cooks_fixed.unwrap_or(0.0);
    let Some(worst) = found
        .rows
        .iter()
        .max_by(|a, b| cooks(a).total_cmp(&cooks(b)))
    else {
        return Finding::new(
            "influence_rows",
            Verdict::Unknown,
            looked,
            "There are no rows.",
            None,
            rule,
        );
    };
    let n = found.rows.len() as f64;
    let beyond = |r: &&RowInfluence| n * Normal::STANDARD.two_sided_p(r.studentised) < CHANCE;
    let mut outlying: Vec<&RowInfluence> = found.rows.iter().filter(beyond).collect();
    outlying.sort_by(|a, b| b.studentised.abs().total_cmp(&a.studentised.abs()));
    let mut text = format!(
        "Largest Cook's distance {:.3} (row {}).",
        cooks(&worst),
        worst.row
    );
    if !outlying.is_empty() {
        let names: Vec<String> = (outlying.iter())
            .map(|r| format!("{} ({:.1})", r.row, r.studentised).replace('-', "−"))
            .collect();
        text.push_str(&format!(
            " {} with residuals that chance does not explain, in standard deviations: row{} {}.",
            match outlying.len() {
                1 => "There is 1 row".to_owned(),
                many => format!("There are {many} rows"),
            },
            if outlying.len() == 1 { "" } else { "s" },
            listed(&names)
        ));
    }
    let verdict = if cooks(&worst) >= 1.0 {
        Verdict::Problem
    } else if outlying.is_empty() {
        Verdict::Ok
    } else {
        Verdict::Note
    };
    Finding::new(
        "influence_rows",
        verdict,
        looked,
        text,
        "Check these rows for errors of recording, and fit without them to compare (`ranef influence \
         --rows` lists what each moves)."
            .to_owned(),
        rule,
    )
}
