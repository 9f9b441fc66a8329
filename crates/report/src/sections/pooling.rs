//! What partial pooling did to the groups, and whether there are enough of them.

use ranef::{Caption, Error, Text};

use super::{LEVEL, Material, marked, missing, paragraph, uninterrupted};
use crate::document::{Block, Level};
use crate::references::Work;

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let fit = m.fit;
    let mut names: Vec<&str> = fit.varcorr().iter().map(|b| b.group.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return Ok(vec![Block::Paragraph(Text::plain(
            "The model has no random effects, so nothing is pooled: it is one regression for all \
             rows.",
        ))]);
    }
    let cite = m.cited.cite(&[Work::GelmanHill2007]);
    let mut out = vec![Block::Paragraph(Text::plain(format!(
        "A multilevel model lies between a regression that forgets the groups (complete pooling) and \
         one for each group alone (no pooling): the coefficients of a group are drawn towards those \
         of all groups, the more so the less its own data say (partial pooling; {}",
        cite.trim_start_matches('(')
    ))
    .then("."))];
    for note in fit.notes().iter().filter(|n| n.code == "few_groups") {
        let cite = m.cited.cite(&[Work::Elff2021]);
        let message = note.message.trim_end_matches('.');
        out.push(Block::Remark(
            Level::Note,
            marked(message).then(format!(" {cite}.")),
        ));
    }
    // One sentence for all groups where the family has no such answer.
    if let Err(error) = uninterrupted(fit.pooling(None, LEVEL))? {
        out.push(missing(
            "The comparison with no and complete pooling",
            &error,
        ));
    } else {
        let several = names.len() > 1;
        let legend = "Mean weight: the share of a group's own data in its coefficient. Pooling \
                      factor: above one half, groups are pooled more than half. Equal-weight and \
                      half-weight n: the rows at which a group's own data and those of all others \
                      weigh the same, its other coefficients being known or not.";
        for (at, name) in names.iter().enumerate() {
            let pooling = match uninterrupted(fit.pooling(Some(name), LEVEL))? {
                Ok(pooling) => pooling,
                Err(error) => {
                    out.push(missing(&format!("Pooling over {name}"), &error));
                    continue;
                }
            };
            if several {
                out.push(Block::Heading(format!("Groups: {name}")));
            }
            out.push(paragraph(&pooling.reading));
            for note in pooling.notes.iter().filter(|n| n.code != "few_groups") {
                out.push(paragraph(&note.message));
            }
            out.push(Block::Table(pooling.terms_table().grid(&Caption {
                title: format!("Pooling of the groups of {name}"),
                // Once is enough.
                note: if at == 0 { legend } else { "" }.to_owned(),
            })));
            if !several {
                out.push(Block::Table(
                    pooling.fixed_table().grid(&Caption {
                        title: "Fixed effects under complete, no and partial pooling".to_owned(),
                        note: "Ratio: the standard error of the multilevel model over that of a \
                           regression that forgets the groups. Above 1, that regression claims to \
                           know more than it does."
                            .to_owned(),
                    }),
                ));
            }
        }
    }
    for name in &names {
        out.extend(m.figures.caterpillar(fit, name)?);
    }
    out.extend(m.figures.groups(fit, m.rows)?);
    Ok(out)
}
