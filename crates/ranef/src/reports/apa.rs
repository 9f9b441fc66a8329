//! A report for the results section: sentences and a table in the style of the American
//! Psychological Association, as Markdown that pandoc or Quarto turns into a word processor's file.

use std::fmt;

use super::markup::{Markup, Text};
use super::numbers::{correlation, decimals, df_text, fixed_point, list, p_apa, significant};
use super::paper::{LEVEL, df_words, fixed, interval, method_words, random, title};
use crate::{Coefficient, Fit, RandomBlock};

/// A report in APA style; `Display` prints it as Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Apa<'a> {
    fit: &'a Fit,
}

impl Fit {
    /// The fit for a results section in APA style.
    pub fn apa(&self) -> Apa<'_> {
        Apa { fit: self }
    }
}

impl Apa<'_> {
    /// What was fitted to what, as a sentence or two.
    pub fn opening(&self) -> Text {
        opening(self.fit)
    }

    /// A coefficient with its test: "Days: *b* = 10.47, *SE* = 1.55, …"; a line each.
    pub fn coefficients(&self) -> Vec<Text> {
        self.fit.coefficients().iter().map(sentence).collect()
    }

    /// The random effects in sentences; `None` where the model has none.
    pub fn variances(&self) -> Option<Text> {
        (!self.fit.varcorr().is_empty()).then(|| variances(self.fit))
    }
}

impl fmt::Display for Apa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = self.fit;
        let markup = Markup::Markdown;
        let set = |text: Text| text.set(markup);
        writeln!(f, "{}\n", set(opening(fit)))?;
        for coefficient in fit.coefficients() {
            writeln!(f, "- {}", set(sentence(&coefficient)))?;
        }
        if !fit.varcorr().is_empty() {
            writeln!(f, "\n{}", set(variances(fit)))?;
        }
        for note in fit.notes() {
            writeln!(f, "\n{}", set(Text::plain(&note.message)))?;
        }
        writeln!(f, "\n{}\n", set(Text::bold("Table 1")))?;
        f.write_str(&fixed(fit, Text::italic(title(fit))).set(markup))?;
        if !fit.varcorr().is_empty() {
            writeln!(f, "\n{}\n", set(Text::bold("Table 2")))?;
            let title = Text::italic(format!("Random effects of the {}", lower(&title(fit))));
            f.write_str(&random(fit, title).set(markup))?;
        }
        Ok(())
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// What was fitted to what.
fn opening(fit: &Fit) -> Text {
    let factors: Vec<String> = (fit.recipe().factors().iter())
        .map(|g| format!("{} levels of {}", g.levels, g.name))
        .collect();
    let grouped = if factors.is_empty() {
        String::new()
    } else {
        format!(" in {}", list(&factors))
    };
    Text::plain(format!(
        "A {}, ",
        lower(&title(fit))
    ))
    .then_code(fit.formula())
    .then(format!(
        ", was estimated by {} from {} observations{grouped}; {}. Intervals are Wald intervals.",
        method_words(fit),
        fit.nobs(),
        df_words(fit)
    ))
}

/// "Days: b = 10.47, SE = 1.55, 95% CI [7.21, 13.73], t(17) = 6.77, p < .001."
fn sentence(c: &Coefficient) -> Text {
    let named = Text::plain(format!("{}: ", c.term));
    let (Some(estimate), Some(error)) = (c.estimate, c.std_error) else {
        return named.then("not estimated, because other columns determine it.");
    };
    let places = decimals(c.std_error);
    let text = named
        .then_italic("b")
        .then(format!(" = {}, ", fixed_point(estimate, places)))
        .then_italic("SE")
        .then(format!(" = {}, ", fixed_point(error, places)))
        .then(format!(
            "{}% CI {}, ",
            LEVEL * 100.0,
            interval(c, places).unwrap_or_default()
        ));
    let statistic = c.statistic.map(|t| fixed_point(t, 2)).unwrap_or_default();
    let text = match c.df {
        Some(df) => text
            .then_italic("t")
            .then(format!("({}) = {statistic}, ", df_text(df))),
        None => text.then_italic("z").then(format!(" = {statistic}, ")),
    };
    let p = c.p_value.map(p_apa).unwrap_or_default();
    let equals = if p.starts_with('<') { "" } else { "= " };
    text.then_italic("p").then(format!(" {equals}{p}."))
}

fn variances(fit: &Fit) -> Text {
    let mut text = Text::default();
    let linear = fit.family().is_gaussian();
    let blocks = fit.varcorr().len();
    for (i, block) in fit.varcorr().iter().enumerate() {
        let end = if linear || i + 1 < blocks { ". " } else { "." };
        text = text
            .then(format!("Between levels of {}: ", block.group))
            .append(block_words(block))
            .then(end);
    }
    if !linear {
        return text;
    }
    text.then("Residual ")
        .then_italic("SD")
        .then(format!(" = {}.", significant(fit.sigma())))
}

/// "SD = 24.74 of (Intercept) and 5.92 of Days, r = .07".
fn block_words(block: &RandomBlock) -> Text {
    let sds: Vec<String> = block
        .terms
        .iter()
        .zip(&block.sd)
        .map(|(term, sd)| format!("{} of {term}", significant(*sd)))
        .collect();
    let mut text = Text::italic("SD").then(format!(" = {}", list(&sds)));
    for (i, row) in block.corr.iter().enumerate() {
        for (j, r) in row[..i].iter().enumerate() {
            let Some(r) = r else {
                continue;
            };
            let of = if block.terms.len() > 2 {
                format!(" ({} with {})", block.terms[i], block.terms[j])
            } else {
                String::new()
            };
            text = text
                .then(", ")
                .then_italic("r")
                .then(format!(" = {}{of}", correlation(*r)));
        }
    }
    text
}
