//! A summary as it goes into a paper: a table of fixed effects, one of random effects, and what
//! the reader must know, in Markdown, LaTeX or HTML.

use std::fmt;

use super::markup::{Grid, GridRow, Markup, Text};
use super::numbers::{correlation, decimals, df_text, fixed_point, list, p_apa, significant};
use crate::{Coefficient, DfMethod, Fit};

/// Confidence level of the intervals in papers.
pub(super) const LEVEL: f64 = 0.95;

/// A fit set in a markup language; `Display` prints it, and each of its parts can be had alone.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    fit: &'a Fit,
    markup: Markup,
}

impl Fit {
    /// The summary as tables in a markup language: HTML and LaTeX for files of their own.
    pub fn paper(&self, markup: Markup) -> Paper<'_> {
        Paper { fit: self, markup }
    }
}

impl Paper<'_> {
    /// What the model is, such as `Linear mixed model of Reaction`.
    pub fn title(&self) -> String {
        title(self.fit)
    }

    /// How the model was estimated, such as `restricted maximum likelihood`.
    pub fn estimation(&self) -> &'static str {
        method_words(self.fit)
    }

    /// How the tests of fixed effects got their degrees of freedom.
    pub fn tests(&self) -> &'static str {
        df_words(self.fit)
    }

    /// The table of fixed effects, with intervals at 95 %.
    pub fn fixed(&self, title: Text) -> Grid {
        fixed(self.fit, title)
    }

    /// The table of random effects; `None` where the model has none.
    pub fn random(&self, title: Text) -> Option<Grid> {
        (!self.fit.varcorr().is_empty()).then(|| random(self.fit, title))
    }
}

impl fmt::Display for Paper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fit, markup) = (self.fit, self.markup);
        let mut body = String::new();
        body += &paragraph(markup, &Text::plain("Formula: ").then_code(fit.formula()));
        body += &fixed(fit, Text::plain(title(fit))).set(markup);
        if !fit.varcorr().is_empty() {
            body += blank(markup);
            body += &random(fit, Text::plain("Random effects")).set(markup);
        }
        for note in fit.notes() {
            body += blank(markup);
            body += &paragraph(markup, &Text::plain(&note.message));
        }
        f.write_str(&markup.document(&title(fit), &body))
    }
}

fn blank(markup: Markup) -> &'static str {
    if markup == Markup::Html { "" } else { "\n" }
}

fn paragraph(markup: Markup, text: &Text) -> String {
    let text = text.set(markup);
    match markup {
        Markup::Html => format!("<p>{text}</p>\n"),
        Markup::Latex => format!("\\noindent {text}\n\n"),
        Markup::Text | Markup::Markdown => format!("{text}\n\n"),
    }
}

/// What the model is.
pub(super) fn title(fit: &Fit) -> String {
    let kind = match (fit.varcorr().is_empty(), fit.family().is_gaussian()) {
        (true, true) => "Linear model".to_owned(),
        (false, true) => "Linear mixed model".to_owned(),
        (fixed, false) => format!(
            "Generalised linear {}model ({}, {} link)",
            if fixed { "" } else { "mixed " },
            fit.family().name(),
            fit.family().link().name()
        ),
    };
    match fit.recipe().response_name() {
        Some(response) => format!("{kind} of {response}"),
        None => kind,
    }
}

/// How the tests got their degrees of freedom, as the end of a sentence.
pub(super) fn df_words(fit: &Fit) -> &'static str {
    let method = fit.df_method();
    if method == DfMethod::None {
        "z tests"
    } else if method == DfMethod::Residual || fit.varcorr().is_empty() {
        "residual degrees of freedom"
    } else if method == DfMethod::Satterthwaite {
        "degrees of freedom by Satterthwaite's method"
    } else {
        "degrees of freedom by Kenward and Roger's method"
    }
}

/// How the model was estimated.
pub(super) fn method_words(fit: &Fit) -> &'static str {
    if !fit.family().is_gaussian() {
        return match (fit.varcorr().is_empty(), fit.options().agq) {
            (true, _) => "maximum likelihood",
            (false, 0) => "maximum likelihood, with fixed effects found together with the modes",
            (false, 1) => "maximum likelihood with Laplace's approximation",
            (false, _) => "maximum likelihood with adaptive Gauss-Hermite quadrature",
        };
    }
    match (fit.varcorr().is_empty(), fit.reml()) {
        (true, _) => "least squares",
        (false, true) => "restricted maximum likelihood",
        (false, false) => "maximum likelihood",
    }
}

/// The table of fixed effects.
pub(super) fn fixed(fit: &Fit, title: Text) -> Grid {
    let table = fit.coefficients();
    let with_df = table.iter().any(|c| c.df.is_some());
    let mut heads = vec![
        (Text::plain("Predictor"), true),
        (Text::italic("b"), false),
        (Text::italic("SE"), false),
        (Text::plain(format!("{}% CI", LEVEL * 100.0)), false),
        (Text::italic(if with_df { "t" } else { "z" }), false),
    ];
    if with_df {
        heads.push((Text::italic("df"), false));
    }
    heads.push((Text::italic("p"), false));
    let rows = table
        .iter()
        .map(|c| {
            let decimals = decimals(c.std_error);
            let mut cells = vec![
                Text::plain(&c.term),
                number(c.estimate, decimals),
                number(c.std_error, decimals),
                Text::plain(interval(c, decimals).unwrap_or_default()),
                number(c.statistic, 2),
            ];
            if with_df {
                cells.push(Text::plain(c.df.map(df_text).unwrap_or_default()));
            }
            cells.push(Text::plain(c.p_value.map(p_apa).unwrap_or_default()));
            GridRow::Cells(cells)
        })
        .collect();
    Grid {
        title,
        spanners: Vec::new(),
        heads,
        rows,
        note: fixed_note(fit),
    }
}

/// What must be known to read the table of fixed effects.
fn fixed_note(fit: &Fit) -> Text {
    let groups: Vec<String> = fit
        .recipe()
        .factors()
        .iter()
        .map(|g| format!("{} levels of {}", g.levels, g.name))
        .collect();
    let grouped = if groups.is_empty() {
        String::new()
    } else {
        format!(" in {}", list(&groups))
    };
    let criterion = if fit.reml() && !fit.varcorr().is_empty() {
        format!("REML criterion = {:.1}", fit.criterion())
    } else {
        format!("log-likelihood = {:.1}", fit.log_likelihood())
    };
    Text::italic("Note.").then(format!(
        " {} observations{grouped}; estimated by {}, {}. {criterion}, AIC = {:.1}, BIC = {:.1}.",
        fit.nobs(),
        method_words(fit),
        df_words(fit),
        fit.aic(),
        fit.bic()
    ))
}

/// The table of random effects.
pub(super) fn random(fit: &Fit, title: Text) -> Grid {
    let blocks = fit.varcorr();
    let correlated = blocks.iter().any(|b| b.terms.len() > 1);
    let mut heads = vec![
        (Text::plain("Group"), true),
        (Text::plain("Effect"), true),
        (Text::plain("Variance"), false),
        (Text::italic("SD"), false),
    ];
    if correlated {
        heads.push((Text::plain("Correlations"), false));
    }
    let mut rows = Vec::new();
    let mut push = |group: &str, term: &str, sd: f64, correlations: String| {
        let mut cells = vec![
            Text::plain(group),
            Text::plain(term),
            Text::plain(significant(sd * sd)),
            Text::plain(significant(sd)),
        ];
        if correlated {
            cells.push(Text::plain(correlations));
        }
        rows.push(GridRow::Cells(cells));
    };
    for (block, label) in blocks.iter().zip(crate::summary::labels(blocks)) {
        for (i, term) in block.terms.iter().enumerate() {
            let with: Vec<String> = block.corr[i][..i]
                .iter()
                .map(|r| r.map_or("–".to_owned(), correlation))
                .collect();
            push(
                if i == 0 { &label } else { "" },
                term,
                block.sd[i],
                with.join(", "),
            );
        }
    }
    if fit.family().is_gaussian() {
        push("Residual", "", fit.sigma(), String::new());
    }
    let note = if blocks.iter().any(|b| b.terms.len() > 2) {
        Text::italic("Note.")
            .then(" Correlations are with the effects of the same group above, in their order.")
    } else {
        Text::default()
    };
    Grid {
        title,
        spanners: Vec::new(),
        heads,
        rows,
        note,
    }
}

pub(super) fn number(x: Option<f64>, decimals: usize) -> Text {
    Text::plain(x.map(|x| fixed_point(x, decimals)).unwrap_or_default())
}

/// `[7.21, 13.73]`.
pub(super) fn interval(c: &Coefficient, decimals: usize) -> Option<String> {
    let [low, high] = c.wald_interval(LEVEL)?;
    Some(format!(
        "[{}, {}]",
        fixed_point(low, decimals),
        fixed_point(high, decimals)
    ))
}
