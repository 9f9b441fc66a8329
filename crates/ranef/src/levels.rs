//! At which level a predictor varies: within groups, between them, or both.
//!
//! A predictor that differs between pupils of a school has two slopes, one within schools and one
//! between them, and a coefficient that mixes both answers neither question (Raudenbush and Bryk
//! 2002, chapter 5). Which predictors are of that kind is a fact of the rows, found in one pass.

use std::fmt;

use ranef_design::Parts;
use ranef_frame::Source;
use serde::Serialize;

use crate::rows::{for_each_batch, refuse_new_levels};
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// Where every predictor of a model varies, for every grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictorLevels {
    /// One for each variable and grouping factor.
    pub rows: Vec<PredictorLevel>,
}

/// Where a variable varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Varies {
    /// Within groups only: all groups have the same mean.
    Within,
    /// Between groups only: it is constant in every group.
    Between,
    /// Both.
    Both,
    /// Nowhere.
    Nowhere,
}

/// Where one variable varies with respect to one grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictorLevel {
    /// The variable as the formula writes it.
    pub predictor: String,
    /// The grouping factor.
    pub group: String,
    /// Where it varies.
    pub varies: Varies,
    /// Share of the variable's variance that lies between groups: the intraclass correlation
    /// from the analysis of variance, (MSB − MSW)/(MSB + (n₀ − 1)·MSW), at least 0; summed over
    /// the levels of a factor.
    pub icc: Option<f64>,
    /// Reliability of a group's sample mean as a measure of the group, (MSB − MSW)/MSB, at least
    /// 0, for a group of typical size (Lüdtke et al. 2008, *Psychological Methods* 13:203).
    pub reliability: Option<f64>,
}

/// Count, means and sums of squares of the columns of all variables, by level of one factor.
struct ByGroup {
    columns: usize,
    counts: Vec<f64>,
    means: Vec<f64>,
    first: Vec<f64>,
    constant: Vec<bool>,
    /// Sum of squares within groups, by column.
    within: Vec<f64>,
}

impl ByGroup {
    fn new(levels: usize, columns: usize) -> Self {
        Self {
            columns,
            counts: vec![0.0; levels],
            means: vec![0.0; levels * columns],
            first: vec![0.0; levels * columns],
            constant: vec![true; columns],
            within: vec![0.0; columns],
        }
    }

    fn add(&mut self, level: usize, column: usize, x: f64) {
        let (at, n) = (level * self.columns + column, self.counts[level]);
        if n == 1.0 {
            self.first[at] = x;
        }
        self.constant[column] &= x == self.first[at];
        let from_mean = x - self.means[at];
        self.means[at] += from_mean / n;
        self.within[column] += from_mean * (x - self.means[at]);
    }

    fn level(&self, columns: std::ops::Range<usize>) -> (Varies, Option<f64>, Option<f64>) {
        let n: f64 = self.counts.iter().sum();
        let groups = self.counts.iter().filter(|c| **c > 0.0).count() as f64;
        let squares: f64 = self.counts.iter().map(|c| c * c).sum();
        let typical = (n - squares / n) / (groups - 1.0);
        let (mut within, mut between) = (0.0, 0.0);
        let (mut inside, mut outside) = (false, false);
        for column in columns {
            let mean = |level: usize| self.means[level * self.columns + column];
            let levels = || (0..self.counts.len()).filter(|&l| self.counts[l] > 0.0);
            let grand = levels().map(|l| self.counts[l] * mean(l)).sum::<f64>() / n;
            let own: f64 = levels()
                .map(|l| self.counts[l] * (mean(l) - grand).powi(2))
                .sum();
            let total = own + self.within[column];
            inside |= !self.constant[column];
            // Means of the same numbers in another order differ in the last digits.
            let spread = (total / n).sqrt();
            outside |= levels().any(|l| (mean(l) - grand).abs() > 1e-9 * spread)
                && own > 1e-18 * n * grand * grand;
            within += if self.constant[column] {
                0.0
            } else {
                self.within[column]
            };
            between += own;
        }
        let varies = match (inside, outside) {
            (true, true) => Varies::Both,
            (true, false) => Varies::Within,
            (false, true) => Varies::Between,
            (false, false) => Varies::Nowhere,
        };
        let (msb, msw) = (
            between / (groups - 1.0),
            if n > groups {
                within / (n - groups)
            } else {
                0.0
            },
        );
        let finite = |x: f64| x.is_finite().then(|| x.max(0.0));
        match varies {
            Varies::Nowhere => (varies, None, None),
            Varies::Within => (varies, Some(0.0), Some(0.0)),
            _ => (
                varies,
                finite((msb - msw) / (msb + (typical - 1.0) * msw)),
                finite((msb - msw) / msb),
            ),
        }
    }
}

impl Fit {
    /// Where every variable of the fixed and random effects varies, for every grouping factor:
    /// one pass over the rows that the model was fitted to. Rows count once, whatever their
    /// weights.
    pub fn predictor_levels(&self, source: &dyn Source) -> Result<PredictorLevels, Error> {
        let recipe = self.recipe().variables_alone();
        let columns = recipe.fixed_names().len();
        let mut factors: Vec<ByGroup> = recipe
            .factors()
            .iter()
            .map(|f| ByGroup::new(f.levels, columns))
            .collect();
        if !factors.is_empty() {
            for_each_batch(&recipe, source, Parts::ALL, self.formula(), |_, rows| {
                refuse_new_levels(&rows)?;
                for (factor, codes) in factors.iter_mut().zip(&rows.codes) {
                    for (i, &code) in codes.iter().enumerate() {
                        factor.counts[code as usize] += 1.0;
                        for (column, values) in rows.fixed.iter().enumerate() {
                            factor.add(code as usize, column, values.at(i));
                        }
                    }
                }
                Ok(())
            })?;
        }
        let mut rows = Vec::new();
        for term in recipe.fixed_terms() {
            for (factor, group) in factors.iter().zip(recipe.factors()) {
                let (varies, icc, reliability) = factor.level(term.columns.clone());
                rows.push(PredictorLevel {
                    predictor: term.label.clone(),
                    group: group.name.clone(),
                    varies,
                    icc,
                    reliability,
                });
            }
        }
        Ok(PredictorLevels { rows })
    }
}

impl PredictorLevels {
    /// Where a variable varies with respect to a grouping factor.
    pub fn of(&self, predictor: &str, group: &str) -> Option<&PredictorLevel> {
        self.rows
            .iter()
            .find(|row| row.predictor == predictor && row.group == group)
    }
}

impl Answer for PredictorLevels {
    fn table(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("predictor", rows.iter().map(|r| r.predictor.clone()))
            .titled("Predictor")
            .text("group", rows.iter().map(|r| r.group.clone()))
            .text("varies", rows.iter().map(|r| r.varies.word().to_owned()))
            .titled("Varies")
            .numbers("icc", Style::Share, rows.iter().map(|r| r.icc))
            .titled("ICC")
            .numbers(
                "reliability",
                Style::Share,
                rows.iter().map(|r| r.reliability),
            )
            .titled("Reliability of mean")
    }
}

impl Varies {
    /// As the field writes it: `within`.
    pub fn word(self) -> &'static str {
        match self {
            Varies::Within => "within",
            Varies::Between => "between",
            Varies::Both => "both",
            Varies::Nowhere => "nowhere",
        }
    }

    /// Whether it varies within groups.
    pub fn within(self) -> bool {
        matches!(self, Varies::Within | Varies::Both)
    }
}

impl fmt::Display for PredictorLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return writeln!(f, "The model has no predictors, or no groups.");
        }
        writeln!(f, "Where the predictors vary:\n{}", self.table())
    }
}
