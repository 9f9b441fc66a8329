//! A paragraph for the methods section of a paper: what was done, with the works it rests on.

use ranef::{DfMethod, Error, Markup, Text, Verdict};

use super::{Material, counted};
use crate::document::Block;
use crate::references::Work;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let mut out = vec![Block::Paragraph(Text::plain(
        "To be pasted and shortened. Say in your own words why the model has these terms.",
    ))];
    out.push(Block::Paragraph(paragraph(m)));
    let results = m.fit.apa();
    out.push(Block::Heading("For the results section".to_owned()));
    out.push(Block::List(results.coefficients()));
    if let Some(variances) = results.variances() {
        out.push(Block::Paragraph(variances));
    }
    Ok(out)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn paragraph(m: &mut Material<'_>) -> Text {
    let fit = m.fit;
    let paper = fit.paper(Markup::Text);
    let mixed = !fit.varcorr().is_empty();
    let gaussian = fit.family().is_gaussian();
    let mut text = Text::plain(format!("A {} was fitted, ", lower(&paper.title())))
        .then_code(fit.formula())
        .then(format!(
            ", to {}",
            counted(fit.nobs(), "observation", "observations")
        ));
    let groups: Vec<String> = (fit.recipe().factors().iter())
        .map(|g| format!("{} levels of {}", g.levels, g.name))
        .collect();
    if !groups.is_empty() {
        text = text.then(format!(" in {}", ranef::numbers::list(&groups)));
    }
    let ranef = m.cited.cite(&[Work::Ranef]);
    let how = match (gaussian, mixed, fit.reml(), fit.options()) {
        (true, false, ..) => "by least squares".to_owned(),
        (true, true, true, _) => format!(
            "by restricted maximum likelihood {}",
            m.cited.cite(&[Work::PattersonThompson1971])
        ),
        (true, true, false, _) => "by maximum likelihood".to_owned(),
        (false, ..) => match fit.approximation() {
            None => "by maximum likelihood".to_owned(),
            Some(words) => {
                let works: &[Work] = match words.split(' ').next() {
                    Some("adaptive") => &[Work::PinheiroBates1995],
                    Some("Laplace") => &[Work::TierneyKadane1986],
                    _ => &[],
                };
                let cite = match works {
                    [] => String::new(),
                    works => format!(" {}", m.cited.cite(works)),
                };
                format!("by maximum likelihood, the likelihood by {words}{cite}")
            }
        },
    };
    text = text.then(format!(
        ", {how}, with ranef {}. ",
        ranef.trim_start_matches("(ranef ").trim_end_matches(')')
    ));
    if mixed {
        let cite = m.cited.cite(&[Work::Bates2015]);
        text = text.then(format!(
            "The model and its formula are those of lme4 {cite}. "
        ));
    }
    if fit.family().name() == "ordinal" {
        let cite = m.cited.cite(&[Work::McCullagh1980]);
        text = text.then(format!("Categories are ordered by thresholds {cite}. "));
    }
    let dropped = fit.row_count().dropped;
    if dropped > 0 {
        text = text.then(format!(
            "{} with missing values {} left out. ",
            counted(dropped, "row", "rows"),
            if dropped == 1 { "was" } else { "were" }
        ));
    }
    text = text.then(match (fit.df_method(), mixed) {
        (DfMethod::None, _) => "Fixed effects were tested by z tests".to_owned(),
        (DfMethod::Satterthwaite, true) => format!(
            "Fixed effects were tested by t tests with Satterthwaite's degrees of freedom {}",
            m.cited.cite(&[Work::Satterthwaite1946])
        ),
        (DfMethod::KenwardRoger, true) => format!(
            "Fixed effects were tested by t tests with Kenward and Roger's degrees of freedom and \
             standard errors {}",
            m.cited.cite(&[Work::KenwardRoger1997])
        ),
        _ => "Fixed effects were tested by t tests with residual degrees of freedom".to_owned(),
    });
    text = text.then("; intervals are 95% Wald intervals. ");
    if mixed {
        text = text.then(format!(
            "Shares of variance are marginal and conditional R² and intraclass correlations {}. ",
            m.cited.cite(match gaussian {
                true => &[Work::NakagawaSchielzeth2013, Work::Johnson2014],
                false => &[Work::NakagawaSchielzeth2013, Work::Nakagawa2017],
            })
        ));
    }
    if fit.singular() {
        text = text.then(format!(
            "The fit is singular: a variance is estimated as zero or random effects as perfectly \
             correlated, so that the data support a simpler random-effects structure {}. ",
            m.cited.cite(&[Work::Matuschek2017])
        ));
    }
    if !fit.certificate().converged {
        text = text.then("The fit did not converge. ");
    }
    if let Ok((check, _)) = &m.check {
        let cite = m.cited.cite(&[Work::DunnSmyth1996]);
        text = text.then(format!(
            "Assumptions were checked by residuals and random effects, by quantile residuals {cite} \
             from {} simulated data sets, and by the influence of rows and groups",
            check.simulated.replicates
        ));
        let of = |verdict: Verdict| -> Vec<String> {
            let found = check.checks.iter().filter(|f| f.verdict == verdict);
            found.map(|f| super::checks::title(&f.name)).collect()
        };
        let (problems, notes) = (of(Verdict::Problem), of(Verdict::Note));
        text = text.then(match (problems.is_empty(), notes.is_empty()) {
            (true, true) => "; none gave reason for doubt.".to_owned(),
            (true, false) => format!("; to be noted: {}.", ranef::numbers::list(&notes)),
            (false, true) => format!("; problems: {}.", ranef::numbers::list(&problems)),
            (false, false) => format!(
                "; problems: {}; to be noted: {}.",
                ranef::numbers::list(&problems),
                ranef::numbers::list(&notes)
            ),
        });
    }
    text
}
