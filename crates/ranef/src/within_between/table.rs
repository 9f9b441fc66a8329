//! Within and between effects in a table and in words.

use std::fmt;

use super::{EffectLevel, LevelEffect, WithinBetween, WithinBetweenForm};
use crate::format::{round, write_text};
use crate::table::{Answer, Style, Table};

impl EffectLevel {
    /// As the field writes it.
    pub fn word(self) -> &'static str {
        match self {
            EffectLevel::Within => "within",
            EffectLevel::Between => "between",
            EffectLevel::Contextual => "contextual",
            EffectLevel::Plain => "plain",
        }
    }
}

impl Answer for WithinBetween {
    fn table(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .text("effect", rows.iter().map(|r| r.effect.word().to_owned()))
            .titled("Effect")
            .numbers("estimate", Style::Estimate, rows.iter().map(|r| r.estimate))
            .numbers(
                "std_error",
                Style::Estimate,
                rows.iter().map(|r| r.std_error),
            )
            .numbers("df", Style::Df, rows.iter().map(|r| r.df))
            .numbers(
                "statistic",
                Style::Statistic,
                rows.iter().map(|r| r.statistic),
            )
            .titled(match rows.iter().any(|r| r.df.is_some()) {
                true => "t value",
                false => "z value",
            })
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
    }
}

impl fmt::Display for WithinBetween {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Effects within and between groups of {}, from the model\n  {}",
            self.group, self.formula
        )?;
        writeln!(f, "beside the plain model\n  {}\n", self.plain_formula)?;
        writeln!(f, "{}", self.table())?;
        for row in &self.rows {
            if row.effect == EffectLevel::Contextual
                && let Some(sentence) = self.reading(row)
            {
                write_text(f, &sentence)?;
            }
        }
        for level in &self.levels {
            if let (Some(icc), Some(reliability)) = (level.icc, level.reliability) {
                let sampled = format!(
                    "{:.0}% of the variance of {} lies between groups. Its group mean, from the rows \
                     at hand, has reliability {reliability:.2}: where these are a sample of the \
                     group, the contextual effect comes out too small by about that factor (Lüdtke \
                     et al. 2008).",
                    100.0 * icc,
                    level.predictor
                );
                write_text(f, &sampled)?;
            }
        }
        if let Some([with, without]) = self.aic {
            writeln!(
                f,
                "AIC by maximum likelihood: {with:.1} with the pair, {without:.1} without."
            )?;
        }
        if self.form == WithinBetweenForm::Mundlak {
            writeln!(
                f,
                "In this form the coefficient of the group mean is the contextual effect."
            )?;
        }
        for note in &self.warnings {
            write_text(f, &format!("Note: {}", note.message))?;
        }
        Ok(())
    }
}

impl WithinBetween {
    fn reading(&self, row: &LevelEffect) -> Option<String> {
        let term = &row.term;
        let of = |effect| self.effect(term, effect)?.estimate;
        let (within, between) = (of(EffectLevel::Within)?, of(EffectLevel::Between)?);
        let p = row.p_value?;
        let number = |x: f64| {
            let digits = 2 - x.abs().log10().floor().clamp(-8.0, 2.0) as i32;
            round(x, digits).to_string()
        };
        let shown = if p < 0.001 {
            "p < 0.001".to_owned()
        } else {
            format!("p = {p:.3}")
        };
        Some(if term.contains(':') {
            format!(
                "{term}: {} within groups, {} between them; the difference has {shown}.",
                number(within),
                number(between)
            )
        } else {
            format!(
                "{term}: {} for a unit more within the same group, {} for a group mean one unit \
                 higher; the two differ by {} ({shown}){}.",
                number(within),
                number(between),
                number(between - within),
                if p < 0.05 {
                    ", so that the coefficient of the plain model mixes two different effects"
                } else {
                    ""
                }
            )
        })
    }
}
