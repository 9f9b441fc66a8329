//! Verdicts on what only generalised models have.

use super::{CHANCE, listed, p};
use crate::diagnose::check::{Finding, Verdict};
use crate::diagnose::dispersion::Dispersion;
use crate::diagnose::separation::Separation;
use crate::diagnose::simulated::{Simulated, Zeros};

pub(in crate::diagnose) fn overdispersion(found: &Dispersion, simulated: &Simulated) -> Finding {
    let rule = "ok where the simulated p ≥ 0.01 or χ²/df on effective degrees of freedom lies between \
                0.67 and 1.2; problem from 1.5; else note";
    let looked = "Overdispersion: Pearson's χ² against its degrees of freedom, and against simulated \
                  responses.";
    if !found.informative {
        return Finding::new(
            "overdispersion",
            Verdict::Ok,
            looked,
            "Not a question for this family: single yes/no answers and categories have no more spread \
             than their probabilities give, and families with a dispersion, or with zeros of their \
             own, take it up; compare counts with `--family nbinom2` by `ranef compare`.",
            None,
            rule,
        );
    }
    let ratio = found.effective_ratio;
    let p_value = simulated.dispersion_p;
    let verdict = match ratio {
        _ if p_value >= CHANCE => Verdict::Ok,
        r if (1.0 / 1.5..1.2).contains(&r) => Verdict::Ok,
        r if r >= 1.5 => Verdict::Problem,
        _ => Verdict::Note,
    };
    let advice = if ratio > 1.0 {
        "Standard errors are too small. Take a family with a dispersion (negative binomial for \
         counts, beta-binomial for shares), or add a random effect with a level for each row; look \
         first whether a predictor is missing."
    } else {
        "There is less spread than the family has: standard errors are too large. Are rows sums or \
         means of others?"
    };
    Finding::new(
        "overdispersion",
        verdict,
        looked,
        format!(
            "χ² = {:.1} on {:.1} effective degrees of freedom, {ratio:.2} times what is expected ({} by \
             simulation; the usual ratio to {:.0} rows less parameters is {:.2}, {}).",
            found.chisq,
            found.effective_df,
            p(p_value),
            found.df,
            found.ratio,
            p(found.p_value)
        ),
        advice.to_owned(),
        rule,
    )
}

pub(in crate::diagnose) fn zeros(found: &Zeros) -> Finding {
    let rule = "ok where p ≥ 0.01 or the numbers of zeros differ by less than 10 %; else note";
    let observed = found.observed as f64;
    let off = (observed - found.expected).abs() / found.expected.max(1.0);
    let more = observed > found.expected;
    Finding::new(
        "zero_inflation",
        if found.p_value >= CHANCE || off < 0.1 {
            Verdict::Ok
        } else {
            Verdict::Note
        },
        "Zeros: observed and expected.",
        format!(
            "There are {} zeros, where the model expects {:.1} ({} by simulation).",
            found.observed,
            found.expected,
            p(found.p_value)
        ),
        if more {
            "There are more than the family has: overdispersion may be all of it (negative binomial), \
             or a second source of zeros (zero-inflated, hurdle)."
        } else {
            "There are fewer than the family has: could zeros not be observed (truncated)?"
        }
        .to_owned(),
        rule,
    )
}

pub(in crate::diagnose) fn separation(found: &[Separation]) -> Finding {
    let names: Vec<String> = found
        .iter()
        .map(|s| {
            format!(
                "`{}` (estimate {:.1}, standard error {:.1}: {})",
                s.term, s.estimate, s.std_error, s.reason
            )
            .replace("(estimate -", "(estimate −")
        })
        .collect();
    Finding::new(
        "separation",
        if found.is_empty() {
            Verdict::Ok
        } else {
            Verdict::Problem
        },
        "Separation: predictors whose effect has no finite estimate.",
        if found.is_empty() {
            "No column has the same extreme response in all rows of one of its values.".to_owned()
        } else {
            format!("There is {}.", listed(&names))
        },
        "Its estimate and standard error mean nothing but its direction. Join the level with another, \
         leave the predictor out, or fit with a penalty."
            .to_owned(),
        "problem where all rows of a value of a column have the same extreme response, a number divides \
         the answers, or a standard error is above 10 for one standard deviation of its column",
    )
}
