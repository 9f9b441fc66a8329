//! Power as a table and sentences.

use std::fmt;

use super::{Power, PowerResult};
use crate::format::write_text;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

impl Power {
    fn numbers(&self, all: bool) -> Table {
        let rows = &self.points;
        let any = |f: fn(&PowerResult) -> bool| all || rows.iter().any(f);
        let mut table = Table::new();
        if let Some(across) = &self.across {
            let whole = |p: &PowerResult| p.value.is_none_or(|v| v.fract() == 0.0);
            let style = match rows.iter().all(whole) {
                true => Style::Count,
                false => Style::Digits,
            };
            table = table
                .numbers("value", style, rows.iter().map(|p| p.value))
                .titled(across);
        }
        table = table
            .numbers("nobs", Style::Count, rows.iter().map(|p| p.nobs as f64))
            .titled("Rows");
        if any(|p| p.power.is_some()) {
            table = table
                .numbers("power", Style::Share, rows.iter().map(|p| p.power))
                .titled("Power")
                .numbers("lower", Style::Share, rows.iter().map(|p| p.lower))
                .numbers("upper", Style::Share, rows.iter().map(|p| p.upper))
                .numbers("std_error", Style::Share, rows.iter().map(|p| p.std_error))
                .titled("MC error");
        }
        if any(|p| p.analytic.is_some()) {
            table = table
                .numbers("analytic", Style::Share, rows.iter().map(|p| p.analytic))
                .titled("By formula");
        }
        if any(|p| p.singular > 0) {
            table = table
                .numbers(
                    "singular",
                    Style::Count,
                    rows.iter().map(|p| f64::from(p.singular)),
                )
                .titled("Singular");
        }
        if any(|p| p.failed > 0) {
            table = table
                .numbers(
                    "failed",
                    Style::Count,
                    rows.iter().map(|p| f64::from(p.failed)),
                )
                .titled("Failed");
        }
        if all {
            table = table
                .numbers(
                    "simulations",
                    Style::Count,
                    rows.iter().map(|p| f64::from(p.simulations)),
                )
                .numbers(
                    "significant",
                    Style::Count,
                    rows.iter().map(|p| f64::from(p.significant)),
                )
                .numbers("effect", Style::Digits, rows.iter().map(|p| p.effect))
                .numbers(
                    "exaggeration",
                    Style::Statistic,
                    rows.iter().map(|p| p.exaggeration),
                )
                .numbers(
                    "wrong_sign",
                    Style::Share,
                    rows.iter().map(|p| p.wrong_sign),
                );
        }
        table
    }

    fn words(&self) -> String {
        let mut out = String::new();
        if let [only] = self.points.as_slice() {
            if let (Some(power), Some(lower), Some(upper)) = (only.power, only.lower, only.upper) {
                out += &format!(
                    "{} of {} simulated studies find {}: a power of {power:.3}, {}% interval {lower:.3} \
                     to {upper:.3}.",
                    only.significant,
                    only.simulations,
                    self.term,
                    percent(self.level)
                );
            }
            if let Some(by) = only.analytic {
                let exact = if only.analytic_exact == Some(true) {
                    ""
                } else {
                    "about "
                };
                out += &format!(" By formula it is {exact}{by:.3}.");
            }
            if let Some(exaggeration) = only.exaggeration.filter(|x| *x > 1.1) {
                out += &format!(
                    " The studies that find it exaggerate the effect {exaggeration:.2} times on average."
                );
            }
            if only.failed > 0 {
                out += &format!(" {} could not be fitted and do not count.", only.failed);
            }
        }
        if let (Some(found), Some(target)) = (&self.smallest, self.target) {
            let digits = |x: f64| match found.whole {
                true => format!("{x:.0}"),
                false => format!("{x:.4}"),
            };
            out += &format!(
                " {}: a power of {target} needs {}",
                found.across,
                digits(found.value)
            );
            if let (Some(lower), Some(upper)) = (found.lower, found.upper) {
                out += &format!(
                    " ({}% interval {} to {})",
                    percent(self.level),
                    digits(lower),
                    digits(upper)
                );
            }
            if let Some(by) = found.analytic {
                out += &format!("; by formula {}", digits(by));
            }
            out.push('.');
        }
        if self.interrupted {
            out += " It was stopped before all simulations were done.";
        }
        out.trim_start().to_owned()
    }
}

impl Answer for Power {
    fn table(&self) -> Table {
        self.numbers(true)
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.points.iter().any(|p| p.power.is_some()) {
            true => format!(", {} simulations (seed {})", self.simulations, self.seed),
            false => ", by formula".to_owned(),
        };
        write_text(
            f,
            &format!("Power to find {} in {}", self.term, self.formula),
        )?;
        write_text(f, &format!("{}, alpha {}{how}", self.test, self.alpha))?;
        writeln!(f)?;
        write!(f, "{}", self.numbers(false))?;
        let words = self.words();
        if !words.is_empty() {
            writeln!(f)?;
            write_text(f, &words)?;
        }
        for note in &self.notes {
            writeln!(f)?;
            write_text(f, &note.message)?;
        }
        Ok(())
    }
}
