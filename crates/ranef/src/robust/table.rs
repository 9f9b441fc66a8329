//! Robust standard errors in a table and in words.

use std::fmt;

use super::{Robust, RobustCoefficient};
use crate::format::write_text;
use crate::table::{Answer, Style, Table};

impl Answer for Robust {
    fn table(&self) -> Table {
        coefficients(&self.fixed)
    }
}

/// Coefficients with robust and model-based standard errors.
pub(crate) fn coefficients(rows: &[RobustCoefficient]) -> Table {
    Table::new()
        .text("term", rows.iter().map(|c| c.term.clone()))
        .numbers("estimate", Style::Estimate, rows.iter().map(|c| c.estimate))
        .numbers(
            "std_error",
            Style::Estimate,
            rows.iter().map(|c| c.std_error),
        )
        .titled("Robust SE")
        .numbers("df", Style::Df, rows.iter().map(|c| c.df))
        .numbers(
            "statistic",
            Style::Statistic,
            rows.iter().map(|c| c.statistic),
        )
        .numbers("p_value", Style::PValue, rows.iter().map(|c| c.p_value))
        .numbers("lower", Style::Estimate, rows.iter().map(|c| c.lower))
        .numbers("upper", Style::Estimate, rows.iter().map(|c| c.upper))
        .numbers(
            "model_std_error",
            Style::Estimate,
            rows.iter().map(|c| c.model_std_error),
        )
        .titled("Model SE")
}

impl Robust {
    /// The joint tests in tidy columns.
    pub fn joint_table(&self) -> Table {
        let rows = &self.tests;
        Table::new()
            .text("term", rows.iter().map(|t| t.term.clone()))
            .numbers("f", Style::Statistic, rows.iter().map(|t| t.f))
            .numbers("num_df", Style::Df, rows.iter().map(|t| Some(t.num_df)))
            .numbers("den_df", Style::Df, rows.iter().map(|t| t.den_df))
            .numbers("p_value", Style::PValue, rows.iter().map(|t| t.p_value))
    }
}

impl fmt::Display for Robust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let df = match self.df_method {
            "satterthwaite" => "Satterthwaite's degrees of freedom",
            _ => "the number of clusters less one as degrees of freedom",
        };
        let head = format!(
            "Fixed effects with {} standard errors, {} clusters of {}, {df}:",
            self.kind.name(),
            self.clusters,
            self.cluster
        );
        write_text(f, &head)?;
        writeln!(f, "{}", self.table())?;
        if !self.tests.is_empty() {
            let name = match self.df_method {
                "satterthwaite" => "Joint tests (HTZ)",
                _ => "Joint tests",
            };
            writeln!(f, "{name}:\n{}", self.joint_table())?;
        }
        // Where clusters are crossed the two leave out different things.
        if self.df_method == "satterthwaite"
            && let Some(sentence) = self.comparison()
        {
            write_text(f, &sentence)?;
        }
        if let Some(reason) = &self.cluster_reason {
            write_text(f, &format!("Clusters are {}: {reason}.", self.cluster))?;
        }
        for note in &self.warnings {
            write_text(f, &format!("Note: {}.", note.message))?;
        }
        Ok(())
    }
}

impl Robust {
    /// How far the robust standard errors are from the model's.
    fn comparison(&self) -> Option<String> {
        let ratio = |c: &RobustCoefficient| {
            let ratio = c.std_error? / c.model_std_error?;
            (ratio.is_finite() && ratio > 0.0).then_some(ratio)
        };
        let (term, ratio) = self
            .fixed
            .iter()
            .filter_map(|c| Some((&c.term, ratio(c)?)))
            .max_by(|a, b| a.1.ln().abs().total_cmp(&b.1.ln().abs()))?;
        Some(if ratio.ln().abs() < 1.1f64.ln() {
            "Robust and model-based standard errors differ by less than 10%: nothing here speaks \
             against the variances of the model."
                .to_owned()
        } else {
            let side = if ratio > 1.0 { "larger" } else { "smaller" };
            let factor = if ratio > 1.0 { ratio } else { 1.0 / ratio };
            format!(
                "Robust and model-based standard errors differ most for {term}, where the robust \
                 one is {factor:.2} times {side}. A large difference is a sign that the random \
                 part of the model leaves something out; with few clusters it may be chance."
            )
        })
    }
}
