//! In brief: what a reader in a hurry takes away.

use ranef::{Error, Text, Verdict};

use super::checks::tally;
use super::{Material, counted, marked};
use crate::document::{Block, Level};

/// Coefficients that are read out; the table of results has them all.
const READ: usize = 5;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let fit = m.fit;
    let mut out = vec![Block::Paragraph(fit.apa().opening())];
    let remark = |code: &str| match code {
        "not_converged" => Level::Problem,
        _ => Level::Note,
    };
    // What must be known before any number is read.
    for note in fit.notes() {
        out.push(Block::Remark(remark(&note.code), marked(&note.message)));
    }
    out.extend(effects(m));
    out.push(Block::Paragraph(shares(m)));
    out.push(verdict(m));
    Ok(out)
}

/// What the first coefficients beside the intercept say.
fn effects(m: &Material<'_>) -> Vec<Block> {
    let fit = m.fit;
    let readings: Vec<Text> = match fit.ratios(super::LEVEL) {
        Ok(ratios) => {
            let rows = ratios.rows.iter().filter(|r| r.term != "(Intercept)");
            rows.filter_map(|row| {
                let (meaning, low, high) = (row.meaning.as_deref()?, row.lower?, row.upper?);
                let interval = format!(
                    " (95% CI {} to {}).",
                    ranef::numbers::significant(low),
                    ranef::numbers::significant(high)
                );
                Some(marked(meaning.trim_end_matches('.')).then(interval))
            })
            .collect()
        }
        Err(_) => {
            let pairs = fit.readings().into_iter().zip(fit.coefficients());
            pairs
                .filter(|(_, c)| c.term != "(Intercept)")
                .filter_map(|(text, _)| text)
                .collect()
        }
    };
    let all = fit.coefficients().len();
    if readings.is_empty() {
        return Vec::new();
    }
    let more = readings.len() > READ;
    let mut out = vec![Block::List(readings.into_iter().take(READ).collect())];
    if more {
        out.push(Block::Paragraph(Text::plain(format!(
            "These are the first {READ}; the table of results has all {all} coefficients."
        ))));
    }
    out
}

/// What the model accounts for.
fn shares(m: &Material<'_>) -> Text {
    let percent = |x: f64| format!("{:.0}%", 100.0 * x);
    let scale = match m.r2.distribution {
        Some(_) => " on the scale of the link",
        None => "",
    };
    if m.fit.varcorr().is_empty() {
        return Text::plain(format!(
            "The predictors account for {} of the variance{scale} (R²).",
            percent(m.r2.marginal)
        ));
    }
    let predictors = m.fit.fixed_names().iter().any(|n| *n != "(Intercept)");
    if !predictors {
        return Text::plain(format!(
            "There are no predictors; {} of the variance{scale} lies between groups (ICC).",
            percent(m.icc.adjusted)
        ));
    }
    Text::plain(format!(
        "The fixed effects account for {} of the variance{scale} (marginal R²), fixed and random \
         effects together for {} (conditional R²); of what the fixed effects leave, {} lies between \
         groups (adjusted ICC).",
        percent(m.r2.marginal),
        percent(m.r2.conditional),
        percent(m.icc.adjusted)
    ))
}

/// The verdict of the check in a sentence.
fn verdict(m: &Material<'_>) -> Block {
    let check = match &m.check {
        Ok((check, _)) => check,
        Err(error) => return super::missing("A check of the fit", error),
    };
    let names = |verdict: Verdict| -> Vec<String> {
        let found = check.checks.iter().filter(|f| f.verdict == verdict);
        found.map(|f| super::checks::title(&f.name)).collect()
    };
    let (problems, notes) = (names(Verdict::Problem), names(Verdict::Note));
    let counts = tally(check);
    let text = match (problems.is_empty(), notes.is_empty()) {
        (true, true) => Text::plain(format!("The fit was checked: {counts}.")),
        (true, false) => Text::plain(format!(
            "The fit was checked: {counts}. {} worth a look and a sentence in a paper: {}.",
            if notes.len() == 1 {
                "One point is"
            } else {
                "Points"
            },
            ranef::numbers::list(&notes)
        )),
        (false, _) => Text::plain(format!(
            "The fit was checked: {counts}. Before the results are used, {} must be looked at: {}.",
            counted(problems.len(), "point", "points"),
            ranef::numbers::list(&problems)
        )),
    };
    let level = match check.verdict() {
        Verdict::Problem => Level::Problem,
        Verdict::Note => Level::Note,
        Verdict::Ok | Verdict::Unknown => Level::Ok,
    };
    Block::Remark(
        level,
        text.then(" The section “Is the fit sound?” says more."),
    )
}
