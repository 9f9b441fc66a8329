//! Where the variance lies: intraclass correlations, R², and variance in pieces.

use ranef::{Caption, Error, Share, Style, Table, Text};

use super::{Material, marked, paragraph};
use crate::document::Block;
use crate::references::Work;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let grouped = !m.fit.varcorr().is_empty();
    let slopes = m.fit.varcorr().iter().any(|b| b.terms.len() > 1);
    let mut works = vec![Work::NakagawaSchielzeth2013];
    if m.r2.distribution.is_some() {
        works.push(Work::Nakagawa2017);
    }
    if slopes {
        works.push(Work::Johnson2014);
    }
    let cite = m.cited.cite(&works);
    let mut out = vec![Block::Paragraph(Text::plain(match grouped {
        true => format!(
            "Shares of the variance {cite}: marginal R² is that of the fixed effects, conditional R² \
             that of fixed and random effects together; the adjusted ICC is the share of the \
             differences between groups in what the fixed effects leave, the unadjusted one their \
             share in all variance."
        ),
        false => format!("R² {cite} is the share of the predictors in the variance."),
    }))];
    out.push(Block::Table(shares(&m.r2.rows).grid(&Caption {
        title: "Shares of variance, with 95% intervals".to_owned(),
        note: String::new(),
    })));
    if let Some(distribution) = &m.r2.distribution {
        out.push(paragraph(&distribution.reading));
    }
    if grouped {
        out.push(Block::Table(
            m.icc.groups_table().grid(&Caption {
                title: "Intraclass correlations by group".to_owned(),
                note: match m.r2.distribution {
                    Some(_) => {
                        "On the scale of the link. Same group: the correlation of two rows of \
                            the same group, with the factors that contain it."
                            .to_owned()
                    }
                    None => "Same group: the correlation of two rows of the same group, with the \
                         factors that contain it. Design effect: how much the likeness of rows \
                         inflates the variance of a mean. Effective n: the independent rows that \
                         would tell a mean as well."
                        .to_owned(),
                },
            }),
        ));
        let sentences = m.icc.sentences();
        out.push(Block::List(sentences.iter().map(|s| marked(s)).collect()));
        if m.r2.distribution.is_none() {
            let cite = m.cited.cite(&[Work::RightsSterba2019]);
            out.push(Block::Paragraph(Text::plain(format!(
                "All variance in pieces {cite}:"
            ))));
            out.push(Block::Table(m.r2.decomposition.pieces().grid(&Caption {
                title: "The variance in pieces, as shares".to_owned(),
                note: String::new(),
            })));
        }
    }
    out.extend(m.figures.variance(m.fit)?);
    let mut said: Vec<&str> = Vec::new();
    let notes = m.r2.notes.iter().chain(&m.r2.decomposition.notes);
    for note in
        notes.filter(|n| !["all_terms", "other_lambda", "linear_only"].contains(&n.code.as_str()))
    {
        if !said.contains(&note.message.as_str()) {
            said.push(&note.message);
            out.push(paragraph(&note.message));
        }
    }
    Ok(out)
}

/// The shares under the names that papers give them.
fn shares(rows: &[Share]) -> Table {
    let name = |row: &Share| {
        match row.measure.as_str() {
            "marginal" => "Marginal R²",
            "conditional" => "Conditional R²",
            "adjusted" => "Adjusted ICC",
            "unadjusted" => "Unadjusted ICC",
            other => other,
        }
        .to_owned()
    };
    Table::new()
        .text("measure", rows.iter().map(name))
        .titled("Share")
        .numbers("estimate", Style::Share, rows.iter().map(|r| r.estimate))
        .numbers("lower", Style::Share, rows.iter().map(|r| r.lower))
        .numbers("upper", Style::Share, rows.iter().map(|r| r.upper))
}
