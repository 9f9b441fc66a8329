//! Is the fit sound? The findings, the worst first, each with its verdict in words.

use ranef::{Check, Error, Text, Verdict};

use super::{Material, marked, missing};
use crate::document::{Block, Finding, Level};

impl From<Verdict> for Level {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ok => Level::Ok,
            Verdict::Unknown => Level::Unknown,
            Verdict::Note => Level::Note,
            Verdict::Problem => Level::Problem,
        }
    }
}

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let check = match &m.check {
        Ok((check, _)) => check,
        Err(error) => return Ok(vec![missing("The check", error)]),
    };
    let mut out = vec![Block::Paragraph(Text::plain(format!(
        "{} questions were asked of the fit: {}. A small p-value alone makes no note and no problem: \
         a deviation must also be large enough to matter.",
        check.checks.len(),
        tally(check)
    )))];
    // A sort that is stable keeps the order of the questions within a verdict.
    let mut findings: Vec<&ranef::Finding> = check.checks.iter().collect();
    findings.sort_by_key(|f| match f.verdict {
        Verdict::Problem => 0,
        Verdict::Note => 1,
        Verdict::Ok => 2,
        Verdict::Unknown => 3,
    });
    out.push(Block::Findings(
        (findings.iter())
            .map(|f| Finding {
                level: f.verdict.into(),
                about: marked(&f.looked_at),
                found: marked(&f.found),
                advice: f.advice.as_deref().map(marked),
            })
            .collect(),
    ));
    if let Ok((_, shown)) = &m.check {
        out.extend(m.figures.checks(m.fit, shown)?);
    }
    Ok(out)
}

/// "1 problem, 2 notes, 12 in order".
pub(super) fn tally(check: &Check) -> String {
    let count = |verdict: Verdict| check.checks.iter().filter(|c| c.verdict == verdict).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let unknown = match count(Verdict::Unknown) {
        0 => String::new(),
        n => format!(", {n} that cannot be told"),
    };
    format!(
        "{}, {}, {} in order{unknown}",
        plural(count(Verdict::Problem), "problem"),
        plural(count(Verdict::Note), "note"),
        count(Verdict::Ok)
    )
}

/// The stable name of a question as people say it: `normality_residuals` is "normality of
/// residuals".
pub(super) fn title(name: &str) -> String {
    match name {
        "normality_residuals" => "normality of residuals",
        "normality_random" => "normality of random effects",
        "variance_fitted" => "variance along fitted values",
        "variance_predictors" => "variance along predictors",
        "variance_groups" => "variance between groups",
        "simulated_uniformity" => "distribution of simulated residuals",
        "simulated_dispersion" => "dispersion",
        "simulated_outliers" => "outliers",
        "simulated_quantiles" => "patterns in simulated residuals",
        "influence_groups" => "influential groups",
        "influence_rows" => "influential rows",
        "singularity" => "singularity",
        "groups" => "number of groups",
        "optimizers" => "agreement of optimisers",
        "zero_inflation" => "zeros",
        other => return other.replace('_', " "),
    }
    .to_owned()
}
