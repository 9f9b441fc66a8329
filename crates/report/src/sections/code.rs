//! The code to repeat the analysis.

use ranef::{Error, Language, Text};

use super::Material;
use crate::document::{Block, Level, Listing};

pub(super) fn blocks(m: &mut Material<'_>) -> Result<Vec<Block>, Error> {
    let mut out = vec![Block::Paragraph(Text::plain(format!(
        "This report was written by ranef {} from one fit, which took {} evaluations of the \
         criterion. The same data and the same code give the same numbers.",
        env!("CARGO_PKG_VERSION"),
        m.fit.evaluations()
    )))];
    for (language, title) in [
        (Language::Command, "Command line"),
        (Language::Python, "Python"),
        (Language::R, "R"),
    ] {
        let code = m.fit.code(language);
        for gap in &code.not_translated {
            out.push(Block::Remark(
                Level::Note,
                Text::plain(format!("{title} cannot say all of it: {gap}.")),
            ));
        }
        out.push(Block::Code(Listing {
            language,
            title,
            code: code.code,
        }));
    }
    Ok(out)
}
