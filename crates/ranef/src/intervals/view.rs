//! Confidence intervals as tables.

use std::fmt;

use super::{ConfidenceIntervals, Effect, IntervalMethod};
use crate::format::write_text;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

impl Answer for ConfidenceIntervals {
    fn table(&self) -> Table {
        let effect = |e: Effect| match e {
            Effect::Fixed => "fixed",
            Effect::RanPars => "ran_pars",
            Effect::Family => "family",
        };
        let mut table = Table::new()
            .text(
                "effect",
                self.rows.iter().map(|r| effect(r.effect).to_owned()),
            )
            .text("group", self.rows.iter().map(|r| r.group.clone()))
            .text("parameter", self.rows.iter().map(|r| r.parameter.clone()))
            .numbers(
                "estimate",
                Style::Estimate,
                self.rows.iter().map(|r| r.estimate),
            )
            .numbers("lower", Style::Estimate, self.rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Estimate, self.rows.iter().map(|r| r.upper));
        if self.method == IntervalMethod::Wald {
            table = table.numbers("df", Style::Df, self.rows.iter().map(|r| r.df));
        }
        table.text("reason", self.rows.iter().map(|r| r.reason.clone()))
    }
}

impl fmt::Display for ConfidenceIntervals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            IntervalMethod::Wald => "Wald",
            IntervalMethod::Profile => "profile likelihood",
            IntervalMethod::Bootstrap => "bootstrap",
        };
        writeln!(f, "{}% intervals by {method}:", percent(self.level))?;
        let ran_pars = self.rows.iter().filter(|r| r.effect == Effect::RanPars);
        let fixed = self.rows.iter().filter(|r| r.effect == Effect::Fixed);
        let family = self.rows.iter().filter(|r| r.effect == Effect::Family);
        // A table for each kind: one scale of decimals for coefficients in thousands would leave
        // none to correlations.
        for (title, rows) in [
            ("Fixed effects", fixed.collect::<Vec<_>>()),
            ("Random effects", ran_pars.collect()),
            ("Parameters of the family", family.collect()),
        ] {
            if rows.is_empty() {
                continue;
            }
            writeln!(f, "\n{title}")?;
            let mut table = Table::new();
            if rows.iter().any(|r| r.group.is_some()) {
                let mut last = None;
                table = table.text(
                    "group",
                    rows.iter().map(|r| {
                        let shown = (last != Some(&r.group)).then(|| r.group.clone()).flatten();
                        last = Some(&r.group);
                        shown
                    }),
                );
            }
            table = table
                .text("parameter", rows.iter().map(|r| r.parameter.clone()))
                .numbers("estimate", Style::Digits, rows.iter().map(|r| r.estimate))
                .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
                .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper));
            if rows.iter().any(|r| r.df.is_some()) {
                table = table.numbers("df", Style::Df, rows.iter().map(|r| r.df));
            }
            write!(f, "{table}")?;
        }
        let reasons: Vec<String> = self
            .rows
            .iter()
            .filter_map(|r| {
                let group = r
                    .group
                    .as_ref()
                    .map_or(String::new(), |g| format!(" ({g})"));
                Some(format!("{}{group}: {}.", r.parameter, r.reason.as_ref()?))
            })
            .chain(self.notes.iter().cloned())
            .collect();
        if !reasons.is_empty() {
            writeln!(f)?;
        }
        for reason in reasons {
            write_text(f, &reason)?;
        }
        Ok(())
    }
}
