//! The answers to be read.

use std::fmt;

use super::{Decomposition, Icc, RSquared, Share, VarianceComparison};
use crate::Note;
use crate::format::write_text;
use crate::table::{Answer, Style, Table};

fn shares(rows: &[Share]) -> Table {
    Table::new()
        .text("measure", rows.iter().map(|r| r.measure.clone()))
        .titled("Measure")
        .numbers("estimate", Style::Share, rows.iter().map(|r| r.estimate))
        .numbers("std_error", Style::Share, rows.iter().map(|r| r.std_error))
        .numbers("lower", Style::Share, rows.iter().map(|r| r.lower))
        .numbers("upper", Style::Share, rows.iter().map(|r| r.upper))
}

/// With their definitions, for programs.
fn defined(rows: &[Share]) -> Table {
    shares(rows)
        .text("method", rows.iter().map(|r| r.method.map(str::to_owned)))
        .text("definition", rows.iter().map(|r| r.definition.clone()))
}

fn definitions(f: &mut fmt::Formatter<'_>, rows: &[Share]) -> fmt::Result {
    for row in rows {
        let line = format!("{}: {}", row.measure, row.definition);
        write_text(f, &line)?;
    }
    Ok(())
}

fn remarks(f: &mut fmt::Formatter<'_>, notes: &[Note]) -> fmt::Result {
    for note in notes {
        writeln!(f)?;
        write_text(f, &note.message)?;
    }
    Ok(())
}

impl Answer for Icc {
    fn table(&self) -> Table {
        defined(&self.rows)
    }
}

impl fmt::Display for Icc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Intraclass correlation, with {}% intervals (delta method, observed information)\n",
            self.confidence * 100.0
        )?;
        writeln!(f, "{}", shares(&self.rows))?;
        definitions(f, &self.rows)?;
        if let Some(distribution) = &self.distribution {
            writeln!(f)?;
            write_text(f, &distribution.reading)?;
        }
        if self.groups.is_empty() {
            return writeln!(
                f,
                "\nThe model has no groups: no variance lies between them."
            );
        }
        if self.distribution.is_some() {
            writeln!(f, "\nGroups, on the scale of the link:")?;
        } else {
            writeln!(f, "\nGroups and what their likeness costs:")?;
        }
        writeln!(f, "{}", self.groups_table())?;
        for sentence in self.sentences() {
            write_text(f, &sentence)?;
        }
        if !self.curve.is_empty() {
            writeln!(
                f,
                "\nWith random slopes the share depends on where one looks:"
            )?;
            let c = &self.curve;
            let table = Table::new()
                .text("group", c.iter().map(|c| c.group.clone()))
                .text("term", c.iter().map(|c| c.term.clone()))
                .titled("Predictor")
                .numbers("x", Style::Estimate, c.iter().map(|c| c.x))
                .titled("at")
                .numbers("variance", Style::Estimate, c.iter().map(|c| c.variance))
                .titled("Variance")
                .numbers("vpc", Style::Share, c.iter().map(|c| c.vpc))
                .titled("Share");
            writeln!(f, "{table}")?;
            for turn in &self.minima {
                let least = format!(
                    "Groups of {} differ least at {} = {:.4} (share {:.3}){}.",
                    turn.group,
                    turn.term,
                    turn.x,
                    turn.vpc,
                    if turn.in_range {
                        ""
                    } else {
                        ", which is outside the data"
                    }
                );
                write_text(f, &least)?;
            }
        }
        remarks(f, &self.notes)
    }
}

impl Icc {
    /// The grouping factors, a row each: their shares, and what the likeness of rows costs or, in a
    /// generalised model, the median ratio.
    pub fn groups_table(&self) -> Table {
        let g = &self.groups;
        let generalised = self.distribution.is_some();
        let table = Table::new()
            .text("group", g.iter().map(|g| g.group.clone()))
            .numbers("levels", Style::Count, g.iter().map(|g| g.levels as f64))
            .titled("Groups")
            .numbers("mean_size", Style::Df, g.iter().map(|g| g.mean_size))
            .titled("Mean size")
            .numbers("variance", Style::Estimate, g.iter().map(|g| g.variance))
            .titled("Variance")
            .numbers("icc", Style::Share, g.iter().map(|g| g.icc))
            .titled("ICC")
            .numbers("cumulative", Style::Share, g.iter().map(|g| g.cumulative))
            .titled("Same group");
        match generalised {
            true if g.iter().all(|g| g.median_ratio.is_some()) => table
                .numbers(
                    "median_ratio",
                    Style::Statistic,
                    g.iter().map(|g| g.median_ratio),
                )
                .titled("Median ratio"),
            true => table,
            false => table
                .numbers(
                    "design_effect",
                    Style::Statistic,
                    g.iter().map(|g| g.design_effect),
                )
                .titled("Design effect")
                .numbers("effective_n", Style::Df, g.iter().map(|g| g.effective_n))
                .titled("Effective n"),
        }
    }

    /// What the shares say, in sentences; none for a model without groups.
    pub fn sentences(&self) -> Vec<String> {
        if self.groups.is_empty() {
            return Vec::new();
        }
        let mut out: Vec<String> = self.ratio_words().into_iter().collect();
        for group in &self.groups {
            out.push(format!(
                "Two observations of the same {} correlate {:.3}{}.",
                group.group,
                group.cumulative,
                if self.curve.iter().any(|c| c.group == group.group) {
                    " or so, on average over the predictors whose slopes differ"
                } else {
                    ""
                }
            ));
        }
        out.push(if self.distribution.is_some() {
            "These are correlations of the latent variable, or of the logarithm of the expected \
             count; on the scale of the response they are smaller and depend on the mean."
                .to_owned()
        } else {
            format!(
                "For the mean, or an effect of what varies between groups only, the {} observations \
                 are worth {:.0} independent ones; contrasts within groups gain from the likeness \
                 instead.",
                self.nobs, self.effective_n
            )
        });
        out
    }

    /// What the median ratio of the first group says.
    fn ratio_words(&self) -> Option<String> {
        let group = self.groups.first()?;
        let ratio = group.median_ratio?;
        let logit = self.distribution.as_ref()?.link == "logit";
        let of = if logit { "odds" } else { "mean" };
        Some(format!(
            "Of two {} drawn at random the one with the higher {of} has {ratio:.2} times the {of} of \
             the other, in the median over pairs.",
            group.group
        ))
    }
}

impl Answer for RSquared {
    fn table(&self) -> Table {
        let mut rows = self.rows.clone();
        rows.extend(self.decomposition.measures.iter().cloned());
        defined(&rows)
    }
}

impl fmt::Display for RSquared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Explained variance, with {}% intervals (delta method, observed information)\n",
            self.confidence * 100.0
        )?;
        writeln!(f, "{}", shares(&self.rows))?;
        definitions(f, &self.rows)?;
        let v = &self.variances;
        if let Some(distribution) = &self.distribution {
            writeln!(f)?;
            write_text(f, &distribution.reading)?;
        }
        let table = Table::new()
            .text(
                "part",
                ["σ²_f fixed effects", "σ²_l random effects", "σ² residual"].map(String::from),
            )
            .titled("")
            .numbers("variance", Style::Estimate, [v.fixed, v.random, v.residual])
            .titled("Variance");
        writeln!(f, "\n{table}")?;
        self.decomposition.write(f)?;
        if !self.semi_partial.is_empty() {
            let s = &self.semi_partial;
            writeln!(
                f,
                "\nSemi-partial R² of fixed effects (kr: Kenward-Roger's F; nsj, sgv: V as a scalar):"
            )?;
            let table = Table::new()
                .text("term", s.iter().map(|s| s.term.clone()))
                .text("method", s.iter().map(|s| s.method.to_owned()))
                .titled("Method")
                .numbers("num_df", Style::Df, s.iter().map(|s| s.num_df))
                .numbers("den_df", Style::Df, s.iter().map(|s| s.den_df))
                .numbers("f", Style::Statistic, s.iter().map(|s| s.f))
                .numbers("r2", Style::Share, s.iter().map(|s| s.r2))
                .titled("R²")
                .numbers("lower", Style::Share, s.iter().map(|s| s.lower))
                .numbers("upper", Style::Share, s.iter().map(|s| s.upper));
            write!(f, "{table}")?;
        }
        if !self.reliability.is_empty() {
            let r = &self.reliability;
            writeln!(f, "\nReliability of the groups' coefficients:")?;
            let mut table = Table::new()
                .text("group", r.iter().map(|r| r.group.clone()))
                .text("term", r.iter().map(|r| r.term.clone()))
                .numbers("reliability", Style::Share, r.iter().map(|r| r.reliability))
                .titled("Reliability");
            if self.distribution.is_none() {
                table = table
                    .numbers("hlm", Style::Share, r.iter().map(|r| r.hlm))
                    .titled("HLM's");
            }
            write!(f, "{table}")?;
        }
        for slopes in self.slopes.iter().filter(|s| s.rho_beta > 0.0) {
            let share = format!(
                "Differences between {} in slopes make up {:.3} of the variance of the response \
                 (ρ_β of Aguinis and Culpepper).",
                slopes.group, slopes.rho_beta
            );
            writeln!(f)?;
            write_text(f, &share)?;
        }
        if let Some(against) = &self.against {
            against.write(f)?;
        }
        remarks(f, &self.notes)
    }
}

impl Answer for Decomposition {
    fn table(&self) -> Table {
        defined(&self.measures)
    }
}

impl fmt::Display for Decomposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Decomposition {
    /// The pieces, a row each, as shares of the variance; with one grouping factor also of that
    /// within and between its groups.
    pub fn pieces(&self) -> Table {
        let (w, b) = (self.within.as_ref(), self.between.as_ref());
        let names = [
            "fixed effects within (f1)",
            "fixed effects between (f2)",
            "random slopes (v)",
            "random effects at the mean (m)",
            "residual",
            "variance",
        ];
        let total = [
            self.total.f1,
            self.total.f2,
            Some(self.total.v),
            Some(self.total.m),
            Some(self.total.residual),
        ];
        let within = [
            w.map(|w| w.f1),
            None,
            w.map(|w| w.v),
            None,
            w.map(|w| w.residual),
        ];
        let between = [None, b.map(|b| b.f2), None, b.map(|b| b.m), None];
        if w.is_some() {
            Table::new()
                .text("part", names[..5].iter().map(|n| (*n).to_owned()))
                .titled("")
                .numbers("total", Style::Share, total)
                .titled("Total")
                .numbers("within", Style::Share, within)
                .titled("Within")
                .numbers("between", Style::Share, between)
                .titled("Between")
        } else {
            Table::new()
                .text(
                    "part",
                    ["fixed effects (f)", names[2], names[3], names[4]].map(String::from),
                )
                .titled("")
                .numbers(
                    "total",
                    Style::Share,
                    [
                        self.total.f,
                        self.total.v,
                        self.total.m,
                        self.total.residual,
                    ],
                )
                .titled("Total")
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "All variance in pieces (Rights and Sterba 2019):")?;
        write!(f, "{}", self.pieces())?;
        remarks(f, &self.notes)
    }
}

impl Answer for VarianceComparison {
    fn table(&self) -> Table {
        let c = &self.components;
        Table::new()
            .text("group", c.iter().map(|c| c.group.clone()))
            .text("term", c.iter().map(|c| c.term.clone()))
            .numbers("variance", Style::Estimate, c.iter().map(|c| c.variance))
            .titled("Variance")
            .numbers("against", Style::Estimate, c.iter().map(|c| c.against))
            .titled("Before")
            .numbers("reduction", Style::Share, c.iter().map(|c| c.reduction))
            .titled("Reduction")
    }
}

impl fmt::Display for VarianceComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl VarianceComparison {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nAgainst {}:", self.against)?;
        writeln!(f, "{}", self.table())?;
        let m = &self.measures;
        let table = Table::new()
            .text("measure", m.iter().map(|m| m.measure.clone()))
            .titled("Measure")
            .numbers("estimate", Style::Share, m.iter().map(|m| m.estimate))
            .titled("Here")
            .numbers("against", Style::Share, m.iter().map(|m| m.against))
            .titled("Before")
            .numbers("difference", Style::Share, m.iter().map(|m| m.difference))
            .titled("Difference");
        write!(f, "{table}")?;
        remarks(f, &self.notes)
    }
}
