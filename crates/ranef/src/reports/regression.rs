//! Several models side by side, one column each: the table of most papers.
//!
//! The rows are those of `sjPlot::tab_model`: estimates with intervals and p-values, then σ², τ
//! and ρ of the random effects, the numbers of groups and rows, the adjusted intraclass correlation
//! and Nakagawa's R².

use std::fmt;

use serde::Serialize;

use super::markup::{Grid, GridRow, Markup, Text};
use super::numbers::{decimals, fixed_point, significant};
use super::paper::{LEVEL, df_words, method_words};
use crate::summary::labels;
use crate::{Answer, Coefficient, Fit, Style, Table};

/// Models side by side; `Display` prints it as text, [`RegressionTable::markup`] sets it.
#[derive(Clone, Debug, Serialize)]
pub struct RegressionTable {
    /// Names of the models, as they stand above their columns.
    pub models: Vec<String>,
    /// Their formulas.
    pub formulas: Vec<String>,
    /// How each was estimated and tested.
    pub methods: Vec<String>,
    /// The rows, top to bottom.
    pub rows: Vec<RegressionRow>,
}

/// One line of a regression table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegressionRow {
    /// `fixed`, `random` or `fit`.
    pub part: &'static str,
    /// The coefficient, or what the number is: `σ²`, `τ₀₀ Subject`, `Observations`.
    pub term: String,
    /// A number for each model; `None` where it has none.
    pub cells: Vec<Option<RegressionCell>>,
}

/// A number of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RegressionCell {
    /// The estimate; `None` for an aliased coefficient.
    pub estimate: Option<f64>,
    /// Standard error of a coefficient.
    pub std_error: Option<f64>,
    /// Lower end of its Wald interval at 95%.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
}

impl RegressionTable {
    /// Models with their names.
    pub fn of<'a>(models: impl IntoIterator<Item = (&'a str, &'a Fit)>) -> Self {
        let (names, fits): (Vec<&str>, Vec<&Fit>) = models.into_iter().unzip();
        let mut table = Self {
            models: names.iter().map(|n| (*n).to_owned()).collect(),
            formulas: fits.iter().map(|f| f.formula().to_owned()).collect(),
            methods: fits
                .iter()
                .map(|f| format!("{}{}, {}", family_words(f), method_words(f), df_words(f)))
                .collect(),
            rows: Vec::new(),
        };
        for (k, fit) in fits.iter().enumerate() {
            for coefficient in fit.coefficients() {
                table.enter("fixed", &coefficient.term, k, cell(&coefficient));
            }
        }
        for (k, fit) in fits.iter().enumerate() {
            for (term, value) in variances(fit) {
                table.enter("random", &term, k, plain(value));
            }
        }
        for (k, fit) in fits.iter().enumerate() {
            for factor in fit.recipe().factors() {
                let term = format!("N {}", factor.name);
                table.enter("fit", &term, k, plain(Some(factor.levels as f64)));
            }
        }
        for (k, fit) in fits.iter().enumerate() {
            for (term, value) in shares(fit) {
                table.enter("fit", term, k, plain(Some(value)));
            }
        }
        for (k, fit) in fits.iter().enumerate() {
            for (term, value) in [
                ("Observations", fit.nobs() as f64),
                ("AIC", fit.aic()),
                ("BIC", fit.bic()),
                ("Log-likelihood", fit.log_likelihood()),
            ] {
                table.enter("fit", term, k, plain(Some(value)));
            }
        }
        table
    }

    /// Puts a number into its line, which is made where there is none yet.
    fn enter(&mut self, part: &'static str, term: &str, model: usize, cell: RegressionCell) {
        let found = self
            .rows
            .iter()
            .position(|row| row.part == part && row.term == term);
        let at = found.unwrap_or_else(|| {
            self.rows.push(RegressionRow {
                part,
                term: term.to_owned(),
                cells: vec![None; self.models.len()],
            });
            self.rows.len() - 1
        });
        self.rows[at].cells[model] = Some(cell);
    }

    /// The table in a markup language: HTML and LaTeX for files of their own.
    pub fn markup(&self, markup: Markup) -> String {
        let title = "Models side by side";
        markup.document(title, &self.grid().set(markup))
    }

    fn grid(&self) -> Grid {
        let mut spanners = vec![(Text::default(), 1)];
        let mut heads = vec![(Text::plain("Predictors"), true)];
        for model in &self.models {
            spanners.push((Text::plain(model), 3));
            heads.extend([
                (Text::plain("Estimate"), false),
                (Text::plain(format!("{}% CI", LEVEL * 100.0)), false),
                (Text::italic("p"), false),
            ]);
        }
        let mut rows = Vec::new();
        let mut part = "fixed";
        for row in &self.rows {
            if row.part != part {
                part = row.part;
                rows.push(GridRow::Section(Text::plain(match part {
                    "random" => "Random effects",
                    _ => "Model",
                })));
            }
            rows.push(GridRow::Cells(line(row)));
        }
        Grid {
            title: Text::default(),
            spanners,
            heads,
            rows,
            note: self.note(),
        }
    }

    /// Which model is which, and how it was made.
    fn note(&self) -> Text {
        let mut text = Text::italic("Note.");
        let same = self.methods.windows(2).all(|pair| pair[0] == pair[1]);
        let models = self.models.iter().zip(&self.formulas).zip(&self.methods);
        for ((name, formula), method) in models {
            text = text.then(format!(" {name}: ")).then_code(formula);
            text = text.then(if same {
                ".".to_owned()
            } else {
                format!(" ({method}).")
            });
        }
        match self.methods.first() {
            Some(method) if same => text.then(format!(" Estimated by {method}.")),
            _ => text,
        }
    }
}

/// The family of a generalised model.
fn family_words(fit: &Fit) -> String {
    match fit.family().is_gaussian() {
        true => String::new(),
        false => format!(
            "{} ({} link), ",
            fit.family().name(),
            fit.family().link().name()
        ),
    }
}

fn plain(estimate: Option<f64>) -> RegressionCell {
    RegressionCell {
        estimate,
        ..RegressionCell::default()
    }
}

fn cell(c: &Coefficient) -> RegressionCell {
    let interval = c.wald_interval(LEVEL);
    RegressionCell {
        estimate: c.estimate,
        std_error: c.std_error,
        lower: interval.map(|[low, _]| low),
        upper: interval.map(|[_, high]| high),
        p_value: c.p_value,
    }
}

/// σ², τ and ρ as tab_model names them: 00 an intercept's variance, 11 a slope's, 01 their
/// correlation.
fn variances(fit: &Fit) -> Vec<(String, Option<f64>)> {
    let blocks = fit.varcorr();
    // As tab_model has it: in a generalised model the variance of the distribution.
    let residual = match fit.distribution_variance() {
        Some(distribution) => distribution.variance,
        None => fit.sigma().powi(2),
    };
    let mut out = vec![("σ²".to_owned(), Some(residual))];
    let mut correlations = Vec::new();
    for (block, label) in blocks.iter().zip(labels(blocks)) {
        let intercept = |i: usize| block.terms[i] == "(Intercept)";
        for (i, term) in block.terms.iter().enumerate() {
            let name = if intercept(i) {
                format!("τ₀₀ {label}")
            } else {
                format!("τ₁₁ {label}.{term}")
            };
            out.push((name, Some(block.cov[i][i])));
            for j in 0..i {
                let name = match (intercept(j), block.terms.len()) {
                    (true, 2) => format!("ρ₀₁ {label}"),
                    (true, _) => format!("ρ₀₁ {label}.{term}"),
                    (false, _) => format!("ρ₁₁ {label}.{}.{term}", block.terms[j]),
                };
                correlations.push((name, block.corr[i][j]));
            }
        }
    }
    out.extend(correlations);
    out
}

/// The intraclass correlation and both R², of a model with random effects.
fn shares(fit: &Fit) -> Vec<(&'static str, f64)> {
    if fit.varcorr().is_empty() {
        return Vec::new();
    }
    let shares = fit.shares(LEVEL);
    let named = [
        ("ICC", "adjusted"),
        ("Marginal R²", "marginal"),
        ("Conditional R²", "conditional"),
    ];
    let find = |(term, measure)| {
        let share = shares.iter().find(|s| s.measure == measure)?;
        Some((term, share.estimate))
    };
    named.into_iter().filter_map(find).collect()
}

/// The cells of one line.
fn line(row: &RegressionRow) -> Vec<Text> {
    let mut out = vec![Text::plain(&row.term)];
    // All models of a line share their decimals, those that the smallest error needs.
    let errors = row.cells.iter().flatten().filter_map(|c| c.std_error);
    let places = decimals(errors.reduce(f64::min));
    for cell in &row.cells {
        let Some(cell) = cell else {
            out.extend([Text::default(), Text::default(), Text::default()]);
            continue;
        };
        let number = |x: f64| match row.part {
            "fixed" => fixed_point(x, places),
            "random" if row.term.starts_with('ρ') => fixed_point(x, 2),
            "random" => significant(x),
            _ if row.term == "ICC" || row.term.ends_with("R²") => format!("{x:.3}"),
            _ if row.term.starts_with("N ") || row.term == "Observations" => format!("{x:.0}"),
            _ => format!("{x:.1}"),
        };
        out.push(Text::plain(match cell.estimate {
            Some(estimate) => number(estimate),
            None if row.part == "fixed" => "not estimated".to_owned(),
            None => "undefined".to_owned(),
        }));
        out.push(match (cell.lower, cell.upper) {
            (Some(low), Some(high)) => Text::plain(format!("{} – {}", number(low), number(high))),
            _ => Text::default(),
        });
        out.push(match cell.p_value {
            Some(p) if p < 0.001 => Text::plain("<0.001"),
            Some(p) if p < 0.05 => Text::bold(format!("{p:.3}")),
            Some(p) => Text::plain(format!("{p:.3}")),
            None => Text::default(),
        });
    }
    out
}

/// One row a number: part, term, model.
impl Answer for RegressionTable {
    fn table(&self) -> Table {
        let cells = || {
            self.rows.iter().flat_map(|row| {
                let named = row.cells.iter().zip(&self.models);
                named.filter_map(move |(cell, model)| Some((row, model, cell.as_ref()?)))
            })
        };
        let numbers =
            |table: Table, name: &str, style, pick: fn(&RegressionCell) -> Option<f64>| {
                table.numbers(name, style, cells().map(|(_, _, cell)| pick(cell)))
            };
        let mut table = Table::new()
            .text("part", cells().map(|(row, ..)| row.part.to_owned()))
            .text("term", cells().map(|(row, ..)| row.term.clone()))
            .text("model", cells().map(|(_, model, _)| model.clone()));
        table = numbers(table, "estimate", Style::Digits, |c| c.estimate);
        table = numbers(table, "std_error", Style::Digits, |c| c.std_error);
        table = numbers(table, "lower", Style::Digits, |c| c.lower);
        table = numbers(table, "upper", Style::Digits, |c| c.upper);
        numbers(table, "p_value", Style::PValue, |c| c.p_value)
    }
}

impl fmt::Display for RegressionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.grid().set(Markup::Text))
    }
}
