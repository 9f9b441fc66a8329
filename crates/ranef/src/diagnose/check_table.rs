//! A check as a text to be read.

use std::fmt;

use super::check::{Check, Finding, Verdict};
use crate::format::{columns, width};
use crate::table::{Answer, Table};

impl Verdict {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Note => "note",
            Verdict::Problem => "problem",
        }
    }
}

impl Answer for Check {
    fn table(&self) -> Table {
        let rows = &self.checks;
        let each =
            |text: fn(&Finding) -> String| -> Vec<String> { rows.iter().map(text).collect() };
        Table::new()
            .text("name", each(|f| f.name.clone()))
            .text("verdict", each(|f| f.verdict.word().to_owned()))
            .text("message", each(|f| f.message.clone()))
    }
}

/// Sets a text in lines of `columns`, the lines after the first indented.
fn set(text: &str, indent: usize, columns: usize) -> String {
    let mut out = String::new();
    let mut length = indent;
    for (i, word) in text.split_whitespace().enumerate() {
        let size = width(word);
        if i > 0 && length + 1 + size > columns {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            length = indent;
        } else if i > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += size;
    }
    out
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = columns(f);
        let count = |verdict: Verdict| self.checks.iter().filter(|c| c.verdict == verdict).count();
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        writeln!(
            f,
            "Is the fit sound? {}, {}, {} in order{}.",
            plural(count(Verdict::Problem), "problem"),
            plural(count(Verdict::Note), "note"),
            count(Verdict::Ok),
            match count(Verdict::Unknown) {
                0 => String::new(),
                n => format!(", {n} that cannot be told"),
            }
        )?;
        for finding in &self.checks {
            writeln!(f)?;
            let mark = format!("{:<8}", finding.verdict.word());
            let text = format!("{} {}", finding.looked_at, finding.found);
            writeln!(f, "{mark}{}", set(&text, 8, columns))?;
            if let Some(advice) = &finding.advice {
                writeln!(f, "        {}", set(&format!("→ {advice}"), 8, columns))?;
            }
        }
        writeln!(f, "\n{:columns$}", self.singularity)?;
        if let Some(optimizers) = &self.optimizers {
            writeln!(f, "{optimizers:columns$}")?;
        }
        if !self.collinearity.inflation.is_empty() {
            writeln!(f, "{:columns$}", self.collinearity)?;
        }
        if !self.normality.samples.is_empty() {
            writeln!(f, "{}", self.normality)?;
        }
        if let Some(spread) = &self.spread {
            writeln!(f, "{spread}")?;
        }
        if let Some(dispersion) = &self.dispersion {
            writeln!(f, "{dispersion}")?;
        }
        write!(f, "{}", self.simulated)?;
        match &self.caic {
            Some(caic) => write!(f, "\n{caic:columns$}"),
            None => Ok(()),
        }
    }
}
