//! A row for each estimate: fixed effects, variances, random effects, coefficients of groups.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::summary::labels;
use crate::{
    Answer, Coefficient, Error, Fit, IntervalMethod, ParameterInterval, RandomBlock, Style, Table,
};

/// Which estimates a tidy table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TidyEffect {
    /// Fixed effects.
    Fixed,
    /// Standard deviations and correlations of the random effects, or variances and covariances.
    RanPars,
    /// Conditional modes of the random effects, level by level.
    RanVals,
    /// Coefficients of each level: fixed effects plus conditional modes.
    RanCoefs,
}

impl TidyEffect {
    /// The name that broom.mixed gives it.
    pub fn name(self) -> &'static str {
        match self {
            TidyEffect::Fixed => "fixed",
            TidyEffect::RanPars => "ran_pars",
            TidyEffect::RanVals => "ran_vals",
            TidyEffect::RanCoefs => "ran_coefs",
        }
    }
}

/// The scale of random-effect parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Standard deviations and correlations.
    #[default]
    Sdcor,
    /// Variances and covariances.
    Vcov,
}

/// What a tidy table has.
#[derive(Clone, Debug, PartialEq)]
pub struct TidyOptions {
    /// The kinds of estimates, in the order wanted; fixed effects and random-effect parameters
    /// unless told otherwise.
    pub effects: Vec<TidyEffect>,
    /// The scale of the random-effect parameters.
    pub scale: Scale,
    /// Intervals: how they are made and with which confidence, such as 0.95; `None` for none.
    pub interval: Option<(IntervalMethod, f64)>,
}

impl Default for TidyOptions {
    fn default() -> Self {
        Self {
            effects: vec![TidyEffect::Fixed, TidyEffect::RanPars],
            scale: Scale::default(),
            interval: None,
        }
    }
}

/// Estimates, one a row, with broom.mixed's columns. Serialised it is `{"rows": [...]}` with the
/// columns of [`Tidy::table`]: only those that apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Tidy {
    /// The estimates.
    pub rows: Vec<TidyRow>,
    /// The confidence level of the intervals, where there are any.
    pub interval: Option<f64>,
}

/// One estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct TidyRow {
    /// What kind of estimate.
    pub effect: TidyEffect,
    /// The grouping factor, `Residual` for σ; a factor that comes in several terms gets `.1`,
    /// `.2` for its parameters, as in lme4. `None` for fixed effects.
    pub group: Option<String>,
    /// The level of the grouping factor, for random effects and coefficients.
    pub level: Option<String>,
    /// The coefficient, or for parameters `sd__Days`, `cor__(Intercept).Days`, `var__…`, `cov__…`,
    /// `sd__Observation`.
    pub term: String,
    /// The estimate; `None` for an aliased coefficient, and for a correlation with an effect that
    /// does not vary.
    pub estimate: Option<f64>,
    /// Its standard error, for a random effect its conditional standard deviation.
    pub std_error: Option<f64>,
    /// t, or z where there are no degrees of freedom.
    pub statistic: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower end of the interval: that of [`Fit::confint`] for fixed effects and parameters (of
    /// variances its squares, of covariances none), normal for random effects.
    pub conf_low: Option<f64>,
    /// Upper end.
    pub conf_high: Option<f64>,
}

impl TidyRow {
    fn new(effect: TidyEffect, term: impl Into<String>, estimate: Option<f64>) -> Self {
        Self {
            effect,
            group: None,
            level: None,
            term: term.into(),
            estimate,
            std_error: None,
            statistic: None,
            df: None,
            p_value: None,
            conf_low: None,
            conf_high: None,
        }
    }
}

impl Fit {
    /// The estimates as a tidy table.
    ///
    /// # Errors
    /// As [`Fit::confint`], where intervals are asked for.
    pub fn tidy(&self, options: &TidyOptions) -> Result<Tidy, Error> {
        let level = options.interval.map(|(_, level)| level);
        let any = |wanted: &[TidyEffect]| options.effects.iter().any(|e| wanted.contains(e));
        // Both come from one call, which costs as much as there are levels.
        let by_level = any(&[TidyEffect::RanVals, TidyEffect::RanCoefs])
            .then(|| self.effects(level.unwrap_or(0.95)));
        // Fixed effects and then parameters, in the order of the rows here.
        let intervals = match options.interval {
            Some((method, level)) if any(&[TidyEffect::Fixed, TidyEffect::RanPars]) => {
                self.confint(method, level)?.rows
            }
            _ => Vec::new(),
        };
        let coefficients = self.facts.recipe.fixed_names().len();
        let (of_fixed, of_parameters) = intervals.split_at(coefficients.min(intervals.len()));
        let mut rows = Vec::new();
        for effect in &options.effects {
            match (effect, &by_level) {
                (TidyEffect::Fixed, _) => rows.extend(self.tidy_fixed(of_fixed)),
                (TidyEffect::RanPars, _) => {
                    rows.extend(self.tidy_parameters(options, of_parameters));
                }
                (TidyEffect::RanVals, Some(effects)) => {
                    rows.extend(effects.random.iter().map(|e| TidyRow {
                        group: Some(e.group.clone()),
                        level: Some(e.level.clone()),
                        std_error: Some(e.std_error),
                        conf_low: level.map(|_| e.lower),
                        conf_high: level.map(|_| e.upper),
                        ..TidyRow::new(TidyEffect::RanVals, &e.term, Some(e.estimate))
                    }));
                }
                (TidyEffect::RanCoefs, Some(effects)) => {
                    rows.extend(effects.coef.iter().map(|c| TidyRow {
                        group: Some(c.group.clone()),
                        level: Some(c.level.clone()),
                        ..TidyRow::new(TidyEffect::RanCoefs, &c.term, Some(c.estimate))
                    }));
                }
                _ => {}
            }
        }
        Ok(Tidy {
            rows,
            interval: level,
        })
    }

    fn tidy_fixed(&self, intervals: &[ParameterInterval]) -> Vec<TidyRow> {
        let one = |(i, c): (usize, Coefficient)| TidyRow {
            std_error: c.std_error,
            statistic: c.statistic,
            df: c.df,
            p_value: c.p_value,
            conf_low: intervals.get(i).and_then(|r| r.lower),
            conf_high: intervals.get(i).and_then(|r| r.upper),
            ..TidyRow::new(TidyEffect::Fixed, c.term, c.estimate)
        };
        self.coefficients()
            .into_iter()
            .enumerate()
            .map(one)
            .collect()
    }

    fn tidy_parameters(
        &self,
        options: &TidyOptions,
        intervals: &[ParameterInterval],
    ) -> Vec<TidyRow> {
        let scale = options.scale;
        let blocks = self.varcorr();
        let mut rows = Vec::new();
        for (block, label) in blocks.iter().zip(labels(blocks)) {
            rows.extend(
                parameters(block, scale)
                    .into_iter()
                    .map(|(term, estimate)| TidyRow {
                        group: Some(label.clone()),
                        ..TidyRow::new(TidyEffect::RanPars, term, estimate)
                    }),
            );
        }
        let sigma = self.sigma();
        let (term, estimate) = match scale {
            Scale::Sdcor => ("sd__Observation", sigma),
            Scale::Vcov => ("var__Observation", sigma * sigma),
        };
        if self.family().is_gaussian() {
            rows.push(TidyRow {
                group: Some("Residual".to_owned()),
                ..TidyRow::new(TidyEffect::RanPars, term, Some(estimate))
            });
        }
        let (intervals, of_family) = intervals.split_at(rows.len().min(intervals.len()));
        for (row, interval) in rows.iter_mut().zip(intervals) {
            let end = |x: Option<f64>| match scale {
                Scale::Sdcor => x,
                Scale::Vcov if row.term.starts_with("var__") => x.map(|sd| sd * sd),
                Scale::Vcov => None,
            };
            (row.conf_low, row.conf_high) = (end(interval.lower), end(interval.upper));
        }
        let own = self.family_parameters();
        rows.extend(own.into_iter().enumerate().map(|(k, p)| {
            let finite = |x: f64| x.is_finite().then_some(x);
            let interval = of_family.get(k);
            TidyRow {
                group: Some("Family".to_owned()),
                std_error: finite(p.std_error),
                conf_low: interval.and_then(|i| i.lower),
                conf_high: interval.and_then(|i| i.upper),
                ..TidyRow::new(TidyEffect::RanPars, p.name, Some(p.estimate))
            }
        }));
        rows
    }
}

/// The parameters of a block in the order of its lower triangle, by columns.
fn parameters(block: &RandomBlock, scale: Scale) -> Vec<(String, Option<f64>)> {
    let (one, two) = match scale {
        Scale::Sdcor => ("sd", "cor"),
        Scale::Vcov => ("var", "cov"),
    };
    let mut out = Vec::new();
    for (column, first) in block.terms.iter().enumerate() {
        for (row, second) in block.terms.iter().enumerate().skip(column) {
            let value = match scale {
                Scale::Vcov => Some(block.cov[row][column]),
                Scale::Sdcor if row == column => Some(block.sd[row]),
                Scale::Sdcor => block.corr[row][column],
            };
            let term = if row == column {
                format!("{one}__{first}")
            } else {
                format!("{two}__{first}.{second}")
            };
            out.push((term, value));
        }
    }
    out
}

impl Answer for Tidy {
    fn table(&self) -> Table {
        let rows = &self.rows;
        let kinds = |wanted: &[TidyEffect]| rows.iter().any(|r| wanted.contains(&r.effect));
        let fixed = kinds(&[TidyEffect::Fixed]);
        let mut table =
            Table::new().text("effect", rows.iter().map(|r| r.effect.name().to_owned()));
        if kinds(&[
            TidyEffect::RanPars,
            TidyEffect::RanVals,
            TidyEffect::RanCoefs,
        ]) {
            table = table.text("group", rows.iter().map(|r| r.group.clone()));
        }
        if kinds(&[TidyEffect::RanVals, TidyEffect::RanCoefs]) {
            table = table.text("level", rows.iter().map(|r| r.level.clone()));
        }
        let number = |table: Table, name: &str, style, pick: fn(&TidyRow) -> Option<f64>| {
            table.numbers(name, style, rows.iter().map(pick))
        };
        table = table.text("term", rows.iter().map(|r| r.term.clone()));
        table = number(table, "estimate", Style::Digits, |r| r.estimate);
        if kinds(&[TidyEffect::Fixed, TidyEffect::RanVals]) {
            table = number(table, "std.error", Style::Digits, |r| r.std_error);
        }
        if fixed {
            table = number(table, "statistic", Style::Statistic, |r| r.statistic);
            if rows.iter().any(|r| r.df.is_some()) {
                table = number(table, "df", Style::Df, |r| r.df);
            } else {
                table = table.titled("z value");
            }
            table = number(table, "p.value", Style::PValue, |r| r.p_value);
        }
        if self.interval.is_some() {
            table = number(table, "conf.low", Style::Digits, |r| r.conf_low);
            table = number(table, "conf.high", Style::Digits, |r| r.conf_high);
        }
        table
    }
}

impl Serialize for Tidy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rows_of(&self.table(), serializer)
    }
}

/// `{"rows": [{…}, …]}`.
pub(super) fn rows_of<S: Serializer>(table: &Table, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut object = serializer.serialize_struct("Rows", 1)?;
    object.serialize_field("rows", table)?;
    object.end()
}

impl fmt::Display for Tidy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(f)
    }
}
