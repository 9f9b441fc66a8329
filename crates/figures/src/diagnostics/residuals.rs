//! Residuals against fitted values, with a smooth.
//!
//! The residuals are studentised (Pearson's over √(1 − h)), so that all have the same standard
//! deviation where the model is right. Fitted values include the random effects, as in lme4's
//! `plot(m)`: shrinkage draws them towards the mean and leaves the residuals a slight rise along them
//! that is no fault; the verdict is therefore that of the expected values of the population.

use std::fmt;

use ranef::{Answer, Diagnostics, Finding, Table};
use serde::Serialize;

use super::{
    NAMES_NOTE, RESIDUAL, SmoothCurve, cloud, fitted_title, found, heading, named, reference, rows,
};
use crate::chart::{Axis, Panel, Rule};
use crate::words::{number, range, write_text};
use crate::{Chart, Figure};

/// Residuals along fitted values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResidualPlot {
    /// What stands across: the fitted response, or the linear predictor of a generalised model.
    pub across: String,
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// Its fitted value.
    pub fitted: Vec<f64>,
    /// Its studentised residual.
    pub residual: Vec<f64>,
    /// Cleveland's robust local line through them.
    pub smooth: SmoothCurve,
    /// The verdict on patterns along the expected values, where responses were simulated.
    pub finding: Option<Finding>,
}

impl ResidualPlot {
    /// Of what [`ranef::Fit::diagnostics`] found.
    pub fn of(from: &Diagnostics) -> Self {
        Self {
            across: fitted_title(from),
            row: from.row.clone(),
            fitted: from.fitted.clone(),
            residual: from.residual.clone(),
            smooth: SmoothCurve::through(&from.fitted, &from.residual),
            finding: from.finding("simulated_quantiles").cloned(),
        }
    }

    pub(super) fn panel(&self, title: Option<String>) -> Panel {
        let mut layers = vec![
            reference(Rule::Horizontal(0.0)),
            cloud(&self.fitted, &self.residual, &self.row),
        ];
        layers.extend(self.smooth.layer());
        let size = |i: usize| self.residual[i].abs();
        layers.extend(named(&self.fitted, &self.residual, &self.row, &size, 3.0));
        Panel {
            title,
            x: Axis::new(self.across.clone()),
            y: Axis::new(RESIDUAL).including([-2.0, 2.0]),
            layers,
        }
    }

    pub(super) fn checked(&self) -> Panel {
        self.panel(Some(heading(
            "Linearity",
            self.finding.as_ref(),
            "The line should run flat at zero.",
        )))
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let (low, high) = ends(&self.fitted);
        let mut out = format!(
            "Studentised residuals of {} against {}, which runs from {}.",
            rows(self.row.len()),
            lower_first(&self.across),
            range(low, high)
        );
        if let Some((least, most)) = self.smooth.range() {
            out.push_str(&format!(
                " The smooth line through them lies between {} and {} standard deviations.",
                number(least, 1.0),
                number(most, 1.0)
            ));
        }
        let beyond = self.residual.iter().filter(|r| r.abs() > 3.0).count();
        out.push_str(&match beyond {
            0 => " No residual lies beyond 3 standard deviations.".to_owned(),
            n => format!(" {} beyond 3 standard deviations.", lies(n)),
        });
        out + &found(self.finding.as_ref())
    }
}

fn lies(n: usize) -> String {
    match n {
        1 => "1 residual lies".to_owned(),
        n => format!("{} residuals lie", crate::words::count(n)),
    }
}

/// The least and the largest.
pub(super) fn ends(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(*x), high.max(*x))
        })
}

/// A title within a sentence.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A cloud and its smooth as one table, told apart by `part`.
pub(super) fn cloud_table(
    row: &[usize],
    x: (&str, &[f64]),
    y: (&str, &[f64]),
    smooth: &SmoothCurve,
) -> Table {
    use ranef::Style;
    let n = smooth.x.len();
    let part = std::iter::repeat_n("row", row.len()).chain(std::iter::repeat_n("smooth", n));
    let number = row.iter().map(|r| Some(*r as f64));
    Table::new()
        .text("part", part.map(str::to_owned))
        .numbers(
            "row",
            Style::Count,
            number.chain(std::iter::repeat_n(None, n)),
        )
        .numbers(x.0, Style::Digits, x.1.iter().chain(&smooth.x).copied())
        .numbers(y.0, Style::Digits, y.1.iter().chain(&smooth.y).copied())
}

/// A figure of a cloud in words: the smooth at a few places, and what is seen.
pub(super) fn write_cloud(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    names: (&str, &str),
    smooth: &SmoothCurve,
    description: &str,
) -> fmt::Result {
    use ranef::Style;
    writeln!(f, "{title}\n")?;
    if smooth.x.len() > 2 {
        let at = crate::words::thinned(smooth.x.len(), 9);
        let table = Table::new()
            .numbers(names.0, Style::Digits, at.iter().map(|&i| smooth.x[i]))
            .titled(names.0)
            .numbers(names.1, Style::Share, at.iter().map(|&i| smooth.y[i]))
            .titled(names.1);
        writeln!(f, "{table}")?;
    }
    write_text(f, description)
}

impl Answer for ResidualPlot {
    fn table(&self) -> Table {
        cloud_table(
            &self.row,
            ("fitted", &self.fitted),
            ("residual", &self.residual),
            &self.smooth,
        )
    }
}

impl fmt::Display for ResidualPlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cloud(
            f,
            "Residuals along the fitted values",
            ("fitted", "smooth"),
            &self.smooth,
            &self.description(),
        )
    }
}

impl Figure for ResidualPlot {
    fn chart(&self) -> Chart {
        Chart {
            name: "residuals",
            title: "Residuals along the fitted values".to_owned(),
            subtitle: Some(
                "The line, a robust local regression, should run flat at zero".to_owned(),
            ),
            notes: vec![NAMES_NOTE.to_owned()],
            description: self.description(),
            panels: vec![self.panel(None)],
            ..Chart::default()
        }
    }
}
