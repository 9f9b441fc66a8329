//! The two estimators side by side, and in words.

use std::fmt;

use super::{FixedEffects, SpecificationTest};
use crate::format::write_text;
use crate::robust::listed;
use crate::table::{Answer, Style, Table};

impl Answer for FixedEffects {
    fn table(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("estimate", Style::Estimate, rows.iter().map(|r| r.estimate))
            .titled("Within")
            .numbers(
                "std_error",
                Style::Estimate,
                rows.iter().map(|r| r.std_error),
            )
            .titled("Robust SE")
            .numbers("df", Style::Df, rows.iter().map(|r| r.df))
            .numbers(
                "statistic",
                Style::Statistic,
                rows.iter().map(|r| r.statistic),
            )
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
            .numbers("lower", Style::Estimate, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Estimate, rows.iter().map(|r| r.upper))
            .numbers(
                "classical_std_error",
                Style::Estimate,
                rows.iter().map(|r| r.classical_std_error),
            )
            .titled("Classical SE")
            .numbers(
                "multilevel",
                Style::Estimate,
                rows.iter().map(|r| r.multilevel),
            )
            .titled("Multilevel")
            .numbers(
                "multilevel_std_error",
                Style::Estimate,
                rows.iter().map(|r| r.multilevel_std_error),
            )
            .titled("SE")
    }
}

impl FixedEffects {
    /// The tests in tidy columns.
    pub fn tests_table(&self) -> Table {
        let rows = &self.tests;
        let name = |t: &SpecificationTest| {
            match t.test {
                "hausman" => "Hausman",
                "mundlak" => "Group means (Wu, Mundlak)",
                _ => "Group means, robust (HTZ)",
            }
            .to_owned()
        };
        Table::new()
            .text("test", rows.iter().map(name))
            .titled("Test")
            .text(
                "kind",
                rows.iter()
                    .map(|t| if t.kind == "f" { "F" } else { "χ²" }.to_owned()),
            )
            .titled("")
            .numbers(
                "statistic",
                Style::Statistic,
                rows.iter().map(|t| t.statistic),
            )
            .titled("Value")
            .numbers("num_df", Style::Df, rows.iter().map(|t| t.df as f64))
            .numbers("den_df", Style::Df, rows.iter().map(|t| t.den_df))
            .numbers("p_value", Style::PValue, rows.iter().map(|t| t.p_value))
    }
}

impl fmt::Display for FixedEffects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!(
            "Within estimator: an intercept for each of {} groups of {}; {} standard errors, {} \
             clusters of {}:",
            self.groups,
            self.group,
            self.kind.name(),
            self.clusters,
            self.cluster
        );
        write_text(f, &head)?;
        writeln!(f, "{}", self.table())?;
        if let Some(reason) = &self.group_reason {
            write_text(f, &format!("Intercepts are for {}: {reason}.", self.group))?;
        }
        if let Some(reason) = &self.cluster_reason {
            write_text(f, &format!("Clusters are {}: {reason}.", self.cluster))?;
        }
        if !self.absorbed.is_empty() {
            let names: Vec<&str> = self.absorbed.iter().map(String::as_str).collect();
            let absorbed = format!(
                "No estimate within groups: {} (constant in every group; only the multilevel \
                 model has coefficients for it).",
                listed(&names)
            );
            write_text(f, &absorbed)?;
        }
        if self.singletons > 0 {
            writeln!(
                f,
                "{} of the groups have one row and say nothing here.",
                self.singletons
            )?;
        }
        writeln!(
            f,
            "\nAre the multilevel slopes those within groups?\n{}",
            self.tests_table()
        )?;
        let best = self
            .tests
            .iter()
            .rev()
            .find_map(|t| t.p_value.map(|p| (t.test, p)));
        if let Some((test, p)) = best {
            let name = match test {
                "hausman" => "Hausman's test",
                "mundlak" => "the test of the group means",
                _ => "the robust test of the group means",
            };
            let shown = if p < 0.001 {
                "p < 0.001".to_owned()
            } else {
                format!("p = {p:.3}")
            };
            let verdict = if p < 0.05 {
                format!(
                    "By {name} ({shown}) they are not: the multilevel slopes mix effects within \
                     and between groups. Take the predictors apart (`ranef within-between`), which \
                     keeps the multilevel model and gives the slopes within groups."
                )
            } else {
                format!(
                    "By {name} ({shown}) nothing speaks against it, and the multilevel model, \
                     which uses differences between groups too, can be kept."
                )
            };
            write_text(f, &verdict)?;
        }
        for note in &self.warnings {
            write_text(f, &format!("Note: {}.", note.message))?;
        }
        Ok(())
    }
}
