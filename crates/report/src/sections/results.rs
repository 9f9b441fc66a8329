//! What came out: fixed effects, random effects, parameters of the family, fit indices.

use ranef::numbers::{list, significant};
use ranef::{Caption, Error, Grid, GridRow, Markup, Style, Table, Text};

use super::{LEVEL, Material, marked, thousands, uninterrupted};
use crate::document::Block;
use crate::references::Work;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let fit = m.fit;
    let paper = fit.paper(Markup::Text);
    let mut out = vec![Block::Heading("Fixed effects".to_owned())];
    if fit.coefficients().is_empty() {
        out.push(Block::Paragraph(Text::plain(
            "The model has no fixed effects.",
        )));
    } else {
        out.push(Block::Table(paper.fixed(Text::plain("Fixed effects"))));
        ratios(m, &mut out)?;
        let readings: Vec<Text> = fit.readings().into_iter().flatten().collect();
        if !readings.is_empty() {
            out.push(Block::List(readings));
        }
        aliased(m, &mut out);
        out.extend(m.figures.coefficients(fit)?);
        out.extend(m.figures.predictions(fit, m.rows)?);
    }
    if let Some(table) = paper.random(Text::plain("Random effects")) {
        out.push(Block::Heading("Random effects".to_owned()));
        out.push(Block::Table(table));
        out.push(Block::Paragraph(Text::plain(
            "A standard deviation says how far the coefficients of groups typically lie from the \
             fixed effect, in the units of that coefficient.",
        )));
        let spreads = fit.spreads();
        if !spreads.is_empty() {
            out.push(Block::List(spreads));
        }
    }
    let parameters = fit.family_parameters();
    if !parameters.is_empty() {
        out.push(Block::Heading("Parameters of the family".to_owned()));
        let table = Table::new()
            .text("name", parameters.iter().map(|p| p.name.clone()))
            .titled("Parameter")
            .numbers(
                "estimate",
                Style::Digits,
                parameters.iter().map(|p| p.estimate),
            )
            .numbers(
                "std_error",
                Style::Digits,
                parameters.iter().map(|p| p.std_error),
            )
            .numbers("lower", Style::Digits, parameters.iter().map(|p| p.lower))
            .numbers("upper", Style::Digits, parameters.iter().map(|p| p.upper));
        let mut meanings: Vec<String> = Vec::new();
        for p in &parameters {
            let meaning = format!("{}: {}", p.name, p.meaning);
            if !meanings.iter().any(|known| known.ends_with(&p.meaning)) {
                meanings.push(meaning);
            }
        }
        out.push(Block::Table(table.grid(&Caption {
            title: "Parameters of the family, with 95% intervals".to_owned(),
            note: format!("{}.", meanings.join("; ")),
        })));
    }
    out.push(Block::Heading("Fit".to_owned()));
    out.push(Block::Table(indices(m)));
    Ok(out)
}

/// The coefficients as ratios, for links whose coefficients are logarithms of ratios.
fn ratios(m: &mut Material<'_>, out: &mut Vec<Block>) -> Result<(), Error> {
    let Ok(ratios) = uninterrupted(m.fit.ratios(LEVEL))? else {
        return Ok(());
    };
    let mut name = ratios.kind.name().to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let rows = ratios.rows.iter().filter(|r| r.term != "(Intercept)");
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let table = Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .titled("Predictor")
            .numbers("ratio", Style::Digits, rows.iter().map(|r| r.ratio))
            .titled(&name)
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper));
        out.push(Block::Table(table.grid(&Caption {
            title: format!("The same as ratios: exp(b), {}s with 95% intervals", ratios.kind.name()),
            note: "All hold within a group: for two rows of the same group, or of groups with the \
                   same random effects."
                .to_owned(),
        })));
    }
    let meanings = ratios.rows.iter().filter_map(|r| r.meaning.as_deref());
    let medians = ratios.median.iter().map(|r| r.meaning.as_str());
    out.push(Block::List(meanings.chain(medians).map(marked).collect()));
    if !ratios.median.is_empty() {
        let cite = m.cited.cite(&[Work::LarsenMerlo2005]);
        let numbers: Vec<String> = (ratios.median.iter())
            .map(|r| match (r.lower, r.upper) {
                (Some(low), Some(high)) => format!(
                    "{} for {} (95% CI {} to {})",
                    significant(r.ratio),
                    r.group,
                    significant(low),
                    significant(high)
                ),
                _ => format!("{} for {}", significant(r.ratio), r.group),
            })
            .collect();
        out.push(Block::Paragraph(Text::plain(format!(
            "Median ratios of groups {cite}: {}.",
            list(&numbers)
        ))));
    }
    Ok(())
}

/// Why some coefficients have no number.
fn aliased(m: &Material<'_>, out: &mut Vec<Block>) {
    let coefficients = m.fit.coefficients();
    let names: Vec<String> = (coefficients.iter())
        .filter(|c| c.estimate.is_none())
        .map(|c| format!("`{}`", c.term))
        .collect();
    if names.is_empty() {
        return;
    }
    out.push(Block::Paragraph(marked(&format!(
        "{} {} not estimated: the columns of the other predictors determine {} completely. \
         Predictions are the same with or without {}.",
        list(&names),
        if names.len() == 1 { "is" } else { "are" },
        if names.len() == 1 { "it" } else { "them" },
        if names.len() == 1 { "it" } else { "them" },
    ))));
}

/// Criterion, information criteria and what they count.
fn indices(m: &Material<'_>) -> Grid {
    let fit = m.fit;
    let restricted = fit.reml() && !fit.varcorr().is_empty() && fit.family().is_gaussian();
    let one = |x: f64| format!("{x:.1}");
    let mut rows = vec![
        ("Rows", thousands(fit.nobs())),
        ("Parameters", fit.parameters().to_string()),
        (
            if restricted {
                "REML criterion"
            } else {
                "−2 log-likelihood"
            },
            one(fit.criterion()),
        ),
        (
            if restricted {
                "Restricted log-likelihood"
            } else {
                "Log-likelihood"
            },
            one(fit.log_likelihood()),
        ),
        ("AIC", one(fit.aic())),
        ("BIC", one(fit.bic())),
        ("Marginal R²", format!("{:.3}", m.r2.marginal)),
    ];
    if !fit.varcorr().is_empty() {
        rows.push(("Conditional R²", format!("{:.3}", m.r2.conditional)));
    }
    if fit.family().is_gaussian() {
        rows.push(("Residual standard deviation", significant(fit.sigma())));
    }
    let note = match restricted {
        true => {
            " AIC and BIC use the restricted likelihood: they compare models with the same fixed \
             effects only, on the same rows."
        }
        false => " AIC and BIC compare models of the same response on the same rows.",
    };
    Grid {
        title: Text::plain("Fit indices"),
        spanners: Vec::new(),
        heads: vec![(Text::plain("Index"), true), (Text::plain("Value"), false)],
        rows: rows
            .into_iter()
            .map(|(name, value)| GridRow::Cells(vec![Text::plain(name), Text::plain(value)]))
            .collect(),
        note: Text::italic("Note.").then(note),
    }
}
