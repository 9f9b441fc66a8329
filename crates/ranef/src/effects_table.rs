//! Random effects and coefficients of groups as tables to be read.

use std::fmt;

use crate::effects::Effects;
use crate::format::{align_left, align_right, common, round};
use crate::table::{Answer, Style, Table};

impl Answer for Effects {
    fn table(&self) -> Table {
        let rows = &self.random;
        Table::new()
            .text("group", rows.iter().map(|e| e.group.clone()))
            .text("level", rows.iter().map(|e| e.level.clone()))
            .text("term", rows.iter().map(|e| e.term.clone()))
            .numbers("estimate", Style::Estimate, rows.iter().map(|e| e.estimate))
            .numbers(
                "std_error",
                Style::Estimate,
                rows.iter().map(|e| e.std_error),
            )
            .numbers("lower", Style::Estimate, rows.iter().map(|e| e.lower))
            .numbers("upper", Style::Estimate, rows.iter().map(|e| e.upper))
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.random.is_empty() {
            return writeln!(f, "The model has no random effects.");
        }
        let blocks = self.random.chunk_by(|a, b| a.group == b.group);
        for (i, block) in blocks.enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            writeln!(
                f,
                "Random effects of {}, with {}% intervals:",
                block[0].group,
                self.level * 100.0
            )?;
            let estimates: Vec<f64> = block.iter().map(|e| e.estimate).collect();
            let errors: Vec<f64> = block.iter().map(|e| e.std_error).collect();
            let lower: Vec<f64> = block.iter().map(|e| e.lower).collect();
            let upper: Vec<f64> = block.iter().map(|e| e.upper).collect();
            let columns = [
                align_left(headed("", repeated_once(block.iter().map(|e| &e.level)))),
                align_left(headed("", block.iter().map(|e| e.term.clone()).collect())),
                align_right(headed("Estimate", numbers(&estimates))),
                align_right(headed("Std. Error", numbers(&errors))),
                align_right(headed("Lower", numbers(&lower))),
                align_right(headed("Upper", numbers(&upper))),
            ];
            write_columns(f, &columns)?;
        }
        for group in self.coef.chunk_by(|a, b| a.group == b.group) {
            writeln!(
                f,
                "\nCoefficients of each {} (fixed effects plus its random effects):",
                group[0].group
            )?;
            let width = group
                .iter()
                .take_while(|c| c.level == group[0].level)
                .count();
            let levels: Vec<String> = group.chunks(width).map(|c| c[0].level.clone()).collect();
            let mut columns = vec![align_left(headed("", levels))];
            for (at, first) in group[..width].iter().enumerate() {
                let values: Vec<f64> = group.chunks(width).map(|c| c[at].estimate).collect();
                columns.push(align_right(headed(&first.term, numbers(&values))));
            }
            write_columns(f, &columns)?;
        }
        match &self.link {
            None => Ok(()),
            Some(link) => writeln!(f, "\nAll numbers are on the scale of the {link} link."),
        }
    }
}

fn headed(head: &str, cells: Vec<String>) -> Vec<String> {
    std::iter::once(head.to_owned()).chain(cells).collect()
}

/// The level on the first line of each run only.
fn repeated_once<'a>(levels: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut last = None;
    levels
        .map(|level| {
            let shown = if last == Some(level) { "" } else { level };
            last = Some(level);
            shown.to_owned()
        })
        .collect()
}

/// Four significant digits for the largest of a column: a mode near zero is near zero, and its
/// digits are noise.
fn numbers(values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let decimals = if largest > 0.0 && largest.is_finite() {
        (3 - largest.log10().floor() as i32).max(0)
    } else {
        0
    };
    let rounded: Vec<Option<f64>> = values.iter().map(|&x| Some(round(x, decimals))).collect();
    common(&rounded, 12)
}

fn write_columns(f: &mut fmt::Formatter<'_>, columns: &[Vec<String>]) -> fmt::Result {
    for row in 0..columns[0].len() {
        let line: Vec<&str> = columns.iter().map(|c| c[row].as_str()).collect();
        writeln!(f, " {}", line.join("  ").trim_end())?;
    }
    Ok(())
}
