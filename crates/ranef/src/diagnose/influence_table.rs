//! Influence as tables to be read.

use std::fmt;

use super::influence::{DeletionMethod, GroupInfluence, LevelInfluence};
use super::influence_rows::{RowInfluence, RowInfluences};
use crate::format::write_text;
use crate::table::{Answer, Style, Table};

/// So many are printed for people; programs get all.
const SHOWN: usize = 10;

fn table_of_levels(terms: &[String], levels: &[&LevelInfluence]) -> Table {
    type Measure = fn(&LevelInfluence) -> Option<f64>;
    let each =
        |measure: Measure| -> Vec<Option<f64>> { levels.iter().map(|l| measure(l)).collect() };
    let mut table = Table::new()
        .text("level", levels.iter().map(|l| l.level.clone()))
        .numbers("n", Style::Count, levels.iter().map(|l| l.n as f64))
        .numbers(
            "cooks_distance",
            Style::Estimate,
            each(|l| l.cooks_distance),
        )
        .titled("Cook's D")
        .numbers(
            "cooks_one_step",
            Style::Estimate,
            each(|l| l.cooks_one_step),
        )
        .titled("one step")
        .numbers("mdffits", Style::Estimate, each(|l| l.mdffits))
        .titled("MDFFITS")
        .numbers("covtrace", Style::Share, each(|l| l.covtrace))
        .titled("COVTRACE")
        .numbers("covratio", Style::Share, each(|l| l.covratio))
        .titled("COVRATIO");
    for (j, term) in terms.iter().enumerate() {
        table = table
            .numbers(
                &format!("dfbetas_{term}"),
                Style::Share,
                levels.iter().map(|l| l.dfbetas[j]),
            )
            .titled(term);
    }
    table
}

fn table_of_rows(terms: &[String], rows: &[&RowInfluence]) -> Table {
    let mut table = Table::new()
        .numbers("row", Style::Count, rows.iter().map(|r| r.row as f64))
        .numbers("leverage", Style::Share, rows.iter().map(|r| r.leverage))
        .numbers(
            "studentised",
            Style::Share,
            rows.iter().map(|r| r.studentised),
        )
        .numbers(
            "cooks_distance",
            Style::Estimate,
            rows.iter().map(|r| r.cooks_distance),
        )
        .titled("D (fitted)")
        .numbers(
            "cooks_fixed",
            Style::Estimate,
            rows.iter().map(|r| r.cooks_fixed),
        )
        .titled("D (fixed)");
    for (j, term) in terms.iter().enumerate() {
        table = table
            .numbers(
                &format!("dfbetas_{term}"),
                Style::Share,
                rows.iter().map(|r| r.dfbetas[j]),
            )
            .titled(term);
    }
    table
}

impl GroupInfluence {
    /// The groups by falling Cook's distance, those first without which there is no model.
    pub fn ranked(&self) -> Vec<&LevelInfluence> {
        let mut levels: Vec<&LevelInfluence> = self.levels.iter().collect();
        let size = |l: &LevelInfluence| l.cooks_distance.unwrap_or(f64::INFINITY);
        levels.sort_by(|a, b| size(b).total_cmp(&size(a)));
        levels
    }

    /// For each fixed effect whose sign a single group decides, that group.
    pub fn sign_changes(&self) -> Vec<(&str, &str)> {
        let mut out = Vec::new();
        for (j, term) in self.terms.iter().enumerate() {
            let turned =
                |l: &&LevelInfluence| l.without[j].is_some_and(|b| b * self.estimates[j] < 0.0);
            let most = self.levels.iter().filter(turned).max_by(|a, b| {
                let size = |l: &LevelInfluence| l.dfbetas[j].map_or(0.0, f64::abs);
                size(a).total_cmp(&size(b))
            });
            if let Some(level) = most {
                out.push((term.as_str(), level.level.as_str()));
            }
        }
        out
    }
}

impl Answer for GroupInfluence {
    fn table(&self) -> Table {
        let levels: Vec<&LevelInfluence> = self.levels.iter().collect();
        let mut table = table_of_levels(&self.terms, &levels).numbers(
            "cooks_lme4",
            Style::Share,
            levels.iter().map(|l| l.cooks_lme4),
        );
        let parameters = levels.iter().find(|l| !l.rvc.is_empty());
        for (i, first) in parameters.map_or(&[][..], |l| &l.rvc).iter().enumerate() {
            table = table.numbers(
                &format!("rvc_{}_{}", first.group, first.parameter),
                Style::Share,
                (levels.iter()).map(|l| l.rvc.get(i).and_then(|change| change.change)),
            );
        }
        table
    }
}

impl Answer for RowInfluences {
    fn table(&self) -> Table {
        table_of_rows(&self.terms, &self.rows.iter().collect::<Vec<_>>())
    }
}

impl fmt::Display for GroupInfluence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranked = self.ranked();
        let shown = &ranked[..ranked.len().min(SHOWN)];
        let how = match self.method {
            DeletionMethod::OneStep => "in one step, the variances kept",
            _ => "by fitting the model without each",
        };
        let most = if shown.len() < ranked.len() {
            format!("the {} most influential of {}", shown.len(), ranked.len())
        } else {
            format!("{}", ranked.len())
        };
        let head = format!("Influence of groups of {} ({most}; {how}):", self.group);
        write_text(f, &head)?;
        write!(f, "{}", table_of_levels(&self.terms, shown))?;
        writeln!(f)?;
        write_text(
            f,
            "Cook's D: how far all fixed effects together move without the group, in units of \
             their uncertainty; above 1 is much. COVRATIO above 1: the group adds precision. Under \
             the names of the fixed effects: how many standard errors each is higher with the \
             group than without it (DFBETAS).",
        )?;
        let fixed = |l: &&LevelInfluence| l.cooks_distance.is_none() && !self.terms.is_empty();
        let needed: Vec<&str> = (self.levels.iter().filter(fixed))
            .map(|l| l.level.as_str())
            .collect();
        if !needed.is_empty() {
            let needed = needed.join(" or ");
            let text = format!("Without {needed} some coefficient could not be estimated at all.");
            write_text(f, &text)?;
        }
        for (term, level) in self.sign_changes() {
            writeln!(f, "Without {level} the sign of `{term}` is another.")?;
        }
        Ok(())
    }
}

impl fmt::Display for RowInfluences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranked: Vec<&RowInfluence> = self.rows.iter().collect();
        let size = |r: &RowInfluence| r.cooks_fixed.unwrap_or(f64::INFINITY);
        ranked.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let shown = &ranked[..ranked.len().min(SHOWN)];
        let head = format!(
            "Influence of rows (the {} most influential of {}; the variances kept):",
            shown.len(),
            ranked.len()
        );
        write_text(f, &head)?;
        write!(f, "{}", table_of_rows(&self.terms, shown))?;
        let legend = format!(
            "D (fixed): Cook's distance of the fixed effects, how far they move together without \
             the row in units of their uncertainty; above 1 is much. D (fitted): that of the \
             fitted values, (e/(1 − h))²h/(σ²p) with leverage h, which random effects make large. \
             Under the names of the fixed effects: how many standard errors each is higher with \
             the row than without it (DFBETAS). The leverages sum to {:.2}, the effective number \
             of parameters.",
            self.effective_parameters
        );
        writeln!(f)?;
        write_text(f, &legend)
    }
}
