//! A bootstrap as tables and sentences.

use std::fmt;

use super::{Bootstrap, BootstrapCount, BootstrapRow};
use crate::format::write_text;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

impl BootstrapCount {
    /// `1000 replicates (seed 1), of which 3 failed and 21 were singular`.
    pub(super) fn words(&self) -> String {
        let mut out = format!("{} replicates (seed {})", self.done, self.seed);
        match (self.failed, self.singular) {
            (0, 0) => {}
            (0, singular) => out += &format!(", {singular} of them singular"),
            (failed, 0) => out += &format!(" and {failed} that failed"),
            (failed, singular) => {
                out += &format!(", {singular} of them singular, and {failed} that failed");
            }
        }
        out
    }
}

impl Bootstrap {
    /// How the intervals came about, in a sentence.
    pub(super) fn how(&self) -> String {
        let mut kind = self.count.kind.words().to_owned();
        kind[..1].make_ascii_uppercase();
        format!(
            "{kind}, {}: {}% {} intervals.",
            self.count.words(),
            percent(self.level),
            self.interval.words()
        )
    }

    /// The replicates, one a row, and a column for each number.
    pub fn draws(&self) -> Table {
        let done = self.values.first().map_or(0, Vec::len);
        let table = Table::new().numbers("replicate", Style::Count, (1..=done).map(|r| r as f64));
        self.rows
            .iter()
            .zip(&self.values)
            .fold(table, |table, (row, values)| {
                let name = match &row.group {
                    Some(group) => format!("{group}.{}", row.parameter),
                    None => row.parameter.clone(),
                };
                table.numbers(&name, Style::Digits, values.iter().copied())
            })
    }

    fn numbers<'a>(table: Table, rows: impl Iterator<Item = &'a BootstrapRow> + Clone) -> Table {
        table
            .numbers("estimate", Style::Digits, rows.clone().map(|r| r.estimate))
            .numbers("bias", Style::Digits, rows.clone().map(|r| r.bias))
            .numbers(
                "std_error",
                Style::Digits,
                rows.clone().map(|r| r.std_error),
            )
            .titled("se")
            .numbers("lower", Style::Digits, rows.clone().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.map(|r| r.upper))
    }
}

impl Answer for Bootstrap {
    fn table(&self) -> Table {
        let rows = self.rows.iter();
        let table = Table::new()
            .text("kind", rows.clone().map(|r| r.kind.to_owned()))
            .text("group", rows.clone().map(|r| r.group.clone()))
            .text("parameter", rows.clone().map(|r| r.parameter.clone()));
        Self::numbers(table, rows.clone()).numbers(
            "count",
            Style::Count,
            rows.map(|r| r.count as f64),
        )
    }
}

impl fmt::Display for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &self.how())?;
        for (kind, title) in [
            ("fixed", "Fixed effects"),
            ("ran_pars", "Random effects"),
            ("family", "Parameters of the family"),
            ("share", "Shares of variance"),
            ("contrast", "Contrasts"),
            ("prediction", "Expected values with random effects at zero"),
            ("own", "Statistics"),
        ] {
            let rows = self.rows.iter().filter(|r| r.kind == kind);
            if rows.clone().next().is_none() {
                continue;
            }
            writeln!(f, "\n{title}")?;
            let mut table = Table::new();
            if rows.clone().any(|r| r.group.is_some()) {
                table = table.text("group", rows.clone().map(|r| r.group.clone()));
            }
            table = table.text("parameter", rows.clone().map(|r| r.parameter.clone()));
            write!(f, "{}", Self::numbers(table, rows))?;
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
        }
        for note in &self.notes {
            write_text(f, note)?;
        }
        Ok(())
    }
}
