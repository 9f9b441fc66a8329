//! Verdicts on the model: minimum, dimensions, groups, predictors.

use super::listed;
use crate::Fit;
use crate::diagnose::check::{Finding, Verdict};
use crate::diagnose::collinearity::{Collinearity, Inflation};
use crate::diagnose::optimizers::Optimizers;
use crate::diagnose::singularity::Singularity;
use crate::few_groups::{self, FEW, VERY_FEW};
use crate::format::scientific;

pub(in crate::diagnose) fn convergence(fit: &Fit) -> Finding {
    let certificate = fit.certificate();
    Finding::new(
        "convergence",
        if certificate.converged {
            Verdict::Ok
        } else {
            Verdict::Problem
        },
        "Convergence: first and second derivatives of the criterion where the fit ended.",
        if !certificate.converged && fit.notes().iter().any(|n| n.code == "separation") {
            // Said once, of the separation.
            "It is not a minimum, because the likelihood rises for ever: see separation.".to_owned()
        } else if certificate.converged {
            format!(
                "It is a minimum: the criterion can fall by {} at most.",
                scientific(certificate.newton_decrement, 1)
            )
        } else {
            format!(
                "It is not a minimum: the criterion may still fall by {}.",
                scientific(certificate.newton_decrement, 1)
            )
        },
        "Do not use these estimates; look for predictors of extreme size, or simplify the random \
         effects."
            .to_owned(),
        "problem unless the Newton decrement is below 5e-7 and the scores of all terms vanish",
    )
}

pub(in crate::diagnose) fn optimizers(fit: &Fit, found: Option<&Optimizers>) -> Finding {
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
        // Where a variance is not determined every optimiser ends where it likes: that is said of
        // the singularity.
        Some(found) if !found.agree && !fit.certificate().uninformed.is_empty() => Finding::new(
            "optimizers",
            Verdict::Ok,
            looked,
            "They end at different variances, as the data say nothing on one of them.",
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

pub(in crate::diagnose) fn singularity(found: &Singularity) -> Finding {
    let looked = "Singularity: whether the random effects have as many dimensions as the model gives \
                  them.";
    let found_text = if found.principal.is_empty() {
        "The model has no random effects.".to_owned()
    } else if !found.singular && found.explanations.is_empty() {
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
            Some(c) if c.change.abs() < 0.005 => ", and the fixed effects stay where they are".to_owned(),
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
        if found.singular || !found.explanations.is_empty() {
            Verdict::Note
        } else {
            Verdict::Ok
        },
        looked,
        found_text,
        advice,
        "note where the covariance matrix of a term is singular, or its columns are collinear",
    )
}

pub(in crate::diagnose) fn groups(fit: &Fit) -> Finding {
    let reml = fit.family().is_gaussian().then(|| fit.reml());
    let rule = "note below 10 levels, problem below 5 (Elff et al. 2021, BJPS 51:412: REML with \
                degrees of freedom that count groups holds down to few)";
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
            0..VERY_FEW => Verdict::Problem,
            VERY_FEW..FEW => Verdict::Note,
            _ => Verdict::Ok,
        },
        looked,
        format!("There are {}.", listed(&all)),
        few_groups::note(&least.name, least.levels, reml, fit.df_method()).map(|note| note.message),
        rule,
    )
}

pub(in crate::diagnose) fn collinearity(found: &Collinearity) -> Finding {
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
    if worst.level != "model" && size(worst) >= 5.0 && !worst.shares_data {
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
