//! The model in words and in equations.

use ranef::{Error, Text};

use super::{Material, marked, missing};
use crate::document::{Block, Meaning};

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let fit = m.fit;
    let words = fit.words();
    let mut out = vec![
        Block::Paragraph(Text::plain("Formula: ").then_code(fit.formula())),
        Block::Paragraph(words.response),
    ];
    out.push(Block::List(
        words.fixed.into_iter().chain(words.random).collect(),
    ));
    out.push(Block::Heading("In equations".to_owned()));
    let levels = match &m.levels {
        Ok(levels) => levels,
        Err(error) => {
            out.push(missing("Writing the model by level", error));
            return Ok(out);
        }
    };
    let equations = fit.equations(levels, false);
    let several = equations.levels.len() > 1;
    for level in &equations.levels {
        let title = match several {
            true if level.level == 1 => Text::plain("Level 1, the rows:"),
            true => Text::plain(format!("Level {}, ", level.level))
                .then_code(&level.name)
                .then(":"),
            false => Text::plain("The model of a row:"),
        };
        let own = level.equations.iter().chain(&level.distributions);
        out.push(Block::Equations(title, own.cloned().collect()));
    }
    if several {
        out.push(Block::Equations(
            Text::plain("In one line:"),
            vec![equations.combined.clone()],
        ));
    }
    if !equations.symbols.is_empty() {
        let errors: Vec<(String, Option<f64>)> = (fit.coefficients().into_iter())
            .map(|c| (c.term, c.std_error))
            .chain((fit.family_parameters().into_iter()).map(|p| (p.name, Some(p.std_error))))
            .collect();
        let meanings = equations.symbols.iter().map(|s| {
            let error = errors.iter().find(|(term, _)| *term == s.term);
            let decimals = ranef::numbers::decimals(error.and_then(|(_, error)| *error));
            Meaning {
                symbol: ranef::Equation {
                    text: s.symbol.clone(),
                    latex: s.latex.clone(),
                    mathml: vec![s.mathml.clone()],
                },
                term: s.term.clone(),
                estimate: ranef::numbers::fixed_point(s.estimate, decimals),
            }
        });
        out.push(Block::Symbols(meanings.collect()));
    }
    for note in &equations.warnings {
        let mut message = note.message.clone();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        out.push(Block::Paragraph(marked(&format!("{message}."))));
    }
    Ok(out)
}
