//! Are residuals and random effects normal?

use std::fmt;

use ranef_engine::goodness::{anderson_darling, normal_scores, shape, shapiro_wilk};
use ranef_frame::Source;
use serde::Serialize;

use super::model_rows::ModelRows;
use super::residuals::studentised;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// Tests, shapes and quantile plots of the residuals and of each random effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normality {
    /// The residuals first (of a gaussian model), then the random effects in the order of the formula.
    pub samples: Vec<NormalitySample>,
}

/// Numbers that should be normal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NormalitySample {
    /// `Residual` or the grouping factor.
    pub group: String,
    /// The random effect; `None` for the residuals.
    pub term: Option<String>,
    /// How many numbers.
    pub n: usize,
    /// `shapiro_wilk` up to 5000 numbers, `anderson_darling` beyond; `None` for fewer than 3 or
    /// where there is no variance.
    pub test: Option<String>,
    /// Its statistic, W or A*².
    pub statistic: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// m₃/m₂^(3/2): 0 for symmetric distributions.
    pub skewness: f64,
    /// m₄/m₂² − 3: 0 for the normal distribution, positive for heavy tails.
    pub excess_kurtosis: f64,
    /// Normal scores and the sorted numbers beside them, in standard units: a straight line where
    /// they are normal. At most 500 points.
    pub qq: Vec<(f64, f64)>,
}

/// Points of a quantile plot; more than an eye can tell apart.
const POINTS: usize = 500;

impl Fit {
    /// Normality of the studentised residuals and of each random effect, whose conditional modes
    /// are divided by their standard deviation under the model, √(τ² − Var(b | y)) (Lange and Ryan
    /// 1989, Annals of Statistics 17:624): modes of small groups are shrunk more, and unscaled they
    /// would look heavy-tailed in unbalanced data.
    pub fn normality(&self, source: &dyn Source) -> Result<Normality, Error> {
        let (rows, leverages) = self.rows_and_leverages(source)?;
        Ok(self.normality_of(&rows, &leverages))
    }

    pub(super) fn normality_of(&self, rows: &ModelRows, leverages: &[f64]) -> Normality {
        let pearson: Vec<f64> = (0..rows.n).map(|i| rows.pearson(i, self.sigma())).collect();
        let residuals = studentised(&pearson, leverages);
        // Residuals of other families are normal in no model.
        let mut samples = match rows.response {
            None => vec![NormalitySample::of("Residual", None, residuals)],
            Some(_) => Vec::new(),
        };
        for effect in self.standardised_effects() {
            let term = Some(effect.term.as_str());
            samples.push(NormalitySample::of(&effect.group, term, effect.values));
        }
        Normality { samples }
    }

    /// Each random effect divided by its standard deviation under the model, term by term in the
    /// order of the formula.
    pub(super) fn standardised_effects(&self) -> Vec<StandardisedEffect> {
        let widths = self.widths();
        let effects = self.random_effects();
        let mut out = Vec::new();
        for block in self.varcorr() {
            let k = widths[block.factor];
            for (a, term) in block.terms.iter().enumerate() {
                let at = block.offset + a;
                let variance = block.cov[a][a];
                let modes = effects.modes[block.factor].chunks_exact(k);
                let covariances = effects.covariances[block.factor].chunks_exact(k * k);
                let (levels, values) = (modes.zip(covariances).enumerate())
                    .filter_map(|(level, (mode, covariance))| {
                        let spread = variance - covariance[at * k + at];
                        // A level without rows, or an effect without variance, says nothing.
                        (spread > 1e-6 * variance).then(|| (level, mode[at] / spread.sqrt()))
                    })
                    .unzip();
                out.push(StandardisedEffect {
                    group: block.group.clone(),
                    factor: block.factor,
                    term: term.clone(),
                    levels,
                    values,
                });
            }
        }
        out
    }
}

/// The conditional modes of one random effect in standard units.
pub(super) struct StandardisedEffect {
    pub group: String,
    pub factor: usize,
    pub term: String,
    /// The levels that have a value.
    pub levels: Vec<usize>,
    pub values: Vec<f64>,
}

impl NormalitySample {
    fn of(group: &str, term: Option<&str>, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len();
        let test = match n {
            0..=5000 => shapiro_wilk(&values).map(|t| ("shapiro_wilk", t)),
            _ => anderson_darling(&values).map(|t| ("anderson_darling", t)),
        };
        let form = shape(&values);
        let kept: Vec<usize> = if n <= POINTS {
            (0..n).collect()
        } else {
            (0..POINTS).map(|i| i * (n - 1) / (POINTS - 1)).collect()
        };
        let scores = if n > 0 { normal_scores(n) } else { Vec::new() };
        Self {
            group: group.to_owned(),
            term: term.map(str::to_owned),
            n,
            test: test.map(|(name, _)| name.to_owned()),
            statistic: test.map(|(_, t)| t.statistic),
            p_value: test.map(|(_, t)| t.p_value),
            skewness: form.skewness,
            excess_kurtosis: form.excess_kurtosis,
            qq: kept.iter().map(|&i| (scores[i], values[i])).collect(),
        }
    }
}

impl Answer for Normality {
    fn table(&self) -> Table {
        let rows = &self.samples;
        Table::new()
            .text("group", rows.iter().map(|r| r.group.clone()))
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64))
            .text(
                "test",
                (rows.iter()).map(|r| r.test.as_ref().map(|t| readable(t))),
            )
            .titled("Test")
            .numbers("statistic", Style::Share, rows.iter().map(|r| r.statistic))
            .titled("Statistic")
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
            .numbers(
                "skewness",
                Style::Statistic,
                rows.iter().map(|r| r.skewness),
            )
            .titled("Skewness")
            .numbers(
                "excess_kurtosis",
                Style::Statistic,
                rows.iter().map(|r| r.excess_kurtosis),
            )
            .titled("Excess kurtosis")
    }
}

fn readable(test: &str) -> String {
    match test {
        "shapiro_wilk" => "Shapiro-Wilk".to_owned(),
        "anderson_darling" => "Anderson-Darling".to_owned(),
        other => other.to_owned(),
    }
}

impl fmt::Display for Normality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.samples.iter().any(|s| s.term.is_none()) {
            true => writeln!(f, "Normality of residuals and random effects:")?,
            false => writeln!(f, "Normality of random effects:")?,
        }
        write!(f, "{}", self.table())
    }
}
