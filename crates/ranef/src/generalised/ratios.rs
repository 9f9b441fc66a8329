//! Ratios: what coefficients on the scale of a logit or a logarithm come to.
//!
//! exp(β) is the ratio of odds (logit), of rates (logarithm of a count), of hazards (complementary
//! log-log) or of means (logarithm of anything else) that goes with one unit more of a predictor,
//! or with a level beside the first, in the same group: random effects stand at the same value on
//! both sides. Intervals are those of β, transformed.
//!
//! Of a random intercept with variance τ² the same scale has the median ratio exp(√(2τ²)Φ⁻¹(¾)):
//! of two groups drawn at random, the median of the ratio of the higher to the lower (Larsen and
//! Merlo 2005, American Journal of Epidemiology 161:81; for rates Austin, Stryhn, Leckie and Merlo
//! 2018; for hazards Austin, Wagner and Merlo 2017). Its interval is Wald's of the standard
//! deviation, transformed.

use std::fmt;

use ranef_design::{Contrast, VariableValues};
use ranef_engine::distributions::Normal;
use ranef_engine::glmm::family::{Family as Distribution, Link};
use serde::Serialize;

use crate::format::wrap;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit, IntervalMethod};

/// What a ratio is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RatioKind {
    /// Odds p/(1 − p).
    Odds,
    /// Expected counts, per unit of exposure.
    Rate,
    /// Rates of the counts of a model with zeros of their own: before zeros are cut off (hurdle and
    /// truncated families) or put in beside them (zero-inflated ones). Not of means.
    CountRate,
    /// Hazards.
    Hazard,
    /// Probabilities.
    Risk,
    /// Expected values.
    Mean,
}

/// The coefficients of a model as ratios.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratios {
    /// What they are ratios of.
    pub kind: RatioKind,
    /// The probability that an interval holds its ratio.
    pub level: f64,
    /// One a fixed effect; the intercept is no ratio but the odds, rate … where all predictors are
    /// zero.
    pub rows: Vec<Ratio>,
    /// The median ratio of each random intercept.
    pub median: Vec<MedianRatio>,
    /// How ratios lie to those of means, where zeros are modelled apart.
    pub about: Option<String>,
}

/// exp(β) of one fixed effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The coefficient.
    pub term: String,
    /// exp(β); `None` where the data cannot give it.
    pub ratio: Option<f64>,
    /// Its standard error by the delta method, exp(β)·se.
    pub std_error: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// z of β against zero, which is the ratio against one.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// What the number says.
    pub meaning: Option<String>,
}

/// The median ratio of two groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MedianRatio {
    /// The grouping factor.
    pub group: String,
    /// exp(√(2τ²)Φ⁻¹(¾)), 1 or more.
    pub ratio: f64,
    /// Lower end of the interval; `None` where τ is estimated as zero.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// What the number says.
    pub meaning: String,
}

impl RatioKind {
    /// What exponentials of this model are ratios of; `None` where they are none.
    pub(crate) fn of(fit: &Fit) -> Option<Self> {
        let family = fit.family();
        if family.is_gaussian() {
            return None;
        }
        let distribution = family.distribution();
        match family.link() {
            Link::Logit => Some(RatioKind::Odds),
            Link::Cloglog => Some(RatioKind::Hazard),
            Link::Log if distribution == Distribution::Binomial => Some(RatioKind::Risk),
            Link::Log => Some(match distribution {
                Distribution::Counts(_) => RatioKind::Rate,
                Distribution::ZeroInflated(_)
                | Distribution::Hurdle(_)
                | Distribution::Truncated(_) => RatioKind::CountRate,
                _ => RatioKind::Mean,
            }),
            _ => None,
        }
    }

    /// `odds ratio`.
    pub fn name(self) -> &'static str {
        match self {
            RatioKind::Odds => "odds ratio",
            RatioKind::Rate => "incidence-rate ratio",
            RatioKind::CountRate => "rate ratio of the count part",
            RatioKind::Hazard => "hazard ratio",
            RatioKind::Risk => "risk ratio",
            RatioKind::Mean => "ratio of means",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            RatioKind::Odds => "Odds ratios",
            RatioKind::Rate => "Incidence-rate ratios",
            RatioKind::CountRate => "Rate ratios of the count part",
            RatioKind::Hazard => "Hazard ratios",
            RatioKind::Risk => "Risk ratios",
            RatioKind::Mean => "Ratios of means",
        }
    }

    fn median(self) -> &'static str {
        match self {
            RatioKind::Odds => "median odds ratio",
            RatioKind::Rate => "median rate ratio",
            RatioKind::CountRate => "median rate ratio of the count part",
            RatioKind::Hazard => "median hazard ratio",
            RatioKind::Risk => "median risk ratio",
            RatioKind::Mean => "median ratio",
        }
    }

    /// What a ratio multiplies.
    fn of_what(self) -> &'static str {
        match self {
            RatioKind::Odds => "odds",
            RatioKind::Rate | RatioKind::CountRate => "expected count",
            RatioKind::Hazard => "hazard",
            RatioKind::Risk => "probability",
            RatioKind::Mean => "expected value",
        }
    }
}

impl Fit {
    /// The fixed effects as ratios of odds, rates, hazards or means, and the median ratio of the
    /// groups, with Wald intervals.
    ///
    /// # Errors
    /// `no_ratios` for links whose coefficients are no logarithms of ratios.
    pub fn ratios(&self, level: f64) -> Result<Ratios, Error> {
        let Some(kind) = RatioKind::of(self) else {
            return Err(Error::new(
                "no_ratios",
                format!(
                    "coefficients of a {} model are not logarithms of ratios",
                    self.family()
                ),
            )
            .with_hint(
                "ratios need the link logit, log or cloglog; ask for means or predictions on the \
                 scale of the response instead",
            ));
        };
        let rows = self
            .coefficients()
            .into_iter()
            .enumerate()
            .map(|(column, c)| {
                let ends = c.wald_interval(level);
                let ratio = c.estimate.map(f64::exp);
                Ratio {
                    meaning: ratio.map(|r| self.meaning(kind, column, &c.term, r)),
                    std_error: ratio.zip(c.std_error).map(|(r, se)| r * se),
                    lower: ends.map(|e| e[0].exp()),
                    upper: ends.map(|e| e[1].exp()),
                    term: c.term,
                    ratio,
                    statistic: c.statistic,
                    p_value: c.p_value,
                }
            })
            .collect();
        Ok(Ratios {
            kind,
            level,
            rows,
            median: self.median_ratios(kind, level)?,
            about: self.about_count_rates().map(str::to_owned),
        })
    }

    fn median_ratios(&self, kind: RatioKind, level: f64) -> Result<Vec<MedianRatio>, Error> {
        let intervals = self.confint(IntervalMethod::Wald, level)?;
        let scale = std::f64::consts::SQRT_2 * Normal::STANDARD.quantile(0.75);
        let mut out = Vec::new();
        for block in self.varcorr() {
            let Some(at) = block.terms.iter().position(|t| t == "(Intercept)") else {
                continue;
            };
            let found = intervals.rows.iter().find(|r| {
                r.group.as_ref() == Some(&block.group)
                    && r.parameter == "sd__(Intercept)"
                    && r.estimate == Some(block.sd[at])
            });
            let ratio = (scale * block.sd[at]).exp();
            let others = if block.terms.len() > 1 {
                "whose slopes are at zero of their predictors, "
            } else {
                ""
            };
            out.push(MedianRatio {
                group: block.group.clone(),
                ratio,
                lower: found.and_then(|r| r.lower).map(|sd| (scale * sd).exp()),
                upper: found.and_then(|r| r.upper).map(|sd| (scale * sd).exp()),
                meaning: format!(
                    "Of two `{}` drawn at random, {others}the one with the higher {} has in the \
                     median {} times that of the other, at the same predictors.",
                    block.group,
                    self.ratio_of(kind),
                    number(ratio),
                ),
            });
        }
        Ok(out)
    }

    /// What ratios of rates say of means, where zeros are modelled apart.
    pub(crate) fn about_count_rates(&self) -> Option<&'static str> {
        Some(match self.family().distribution() {
            Distribution::ZeroInflated(_) => {
                "ratios are of the rate of the counts among which extra zeros are put; since these are \
                 as likely in all rows, means are in the same ratios"
            }
            Distribution::Hurdle(_) => {
                "ratios are of the rate of the count part before its zeros are cut off; the means of \
                 the response, without those zeros and with those of the hurdle, are in other ratios"
            }
            Distribution::Truncated(_) => {
                "ratios are of the rate of the counts before their zeros are cut off; the means of the \
                 response, without zeros, are in other ratios"
            }
            _ => return None,
        })
    }

    /// What a ratio multiplies: where zeros are modelled apart, not the whole expected count.
    fn ratio_of(&self, kind: RatioKind) -> &'static str {
        match self.family().distribution() {
            Distribution::ZeroInflated(_) => "rate of the counts that are no extra zeros",
            Distribution::Hurdle(_) | Distribution::Truncated(_) => {
                "rate of the counts before zeros are cut off"
            }
            _ => kind.of_what(),
        }
    }

    /// What a ratio says.
    fn meaning(&self, kind: RatioKind, column: usize, term: &str, ratio: f64) -> String {
        let what = match self.family().distribution() {
            Distribution::Ordinal if kind == RatioKind::Odds => "odds of a higher category",
            _ => self.ratio_of(kind),
        };
        let r = number(ratio);
        let recipe = self.recipe();
        if term == "(Intercept)" {
            return match kind {
                RatioKind::Odds => format!(
                    "No ratio: where all predictors are zero or at their first level, the odds are \
                     {r}, a probability of {}.",
                    number(ratio / (1.0 + ratio))
                ),
                _ => format!(
                    "No ratio: where all predictors are zero or at their first level, the {what} \
                     is {r}."
                ),
            };
        }
        let Some(owner) = recipe
            .fixed_terms()
            .iter()
            .find(|t| t.columns.contains(&column))
        else {
            return format!("The {what} is multiplied by {r}.");
        };
        let variables = recipe.variables();
        let times = format!("{r} times");
        match owner.variables[..] {
            [(variable, _)] => match &variables[variable].values {
                VariableValues::Numbers { columns: 1 } => format!(
                    "With one unit more of `{}` the {what} {} {times} as large.",
                    variables[variable].name,
                    if kind == RatioKind::Odds { "are" } else { "is" },
                ),
                VariableValues::Factor { levels, contrast } if *contrast == Contrast::Treatment => {
                    let name = &variables[variable].name;
                    let level = term.strip_prefix(name.as_str()).unwrap_or(term);
                    let first = levels.first().map_or("", String::as_str);
                    if level == first || !levels.iter().any(|l| l == level) {
                        return format!("The {what} is multiplied by {r}.");
                    }
                    format!(
                        "Where `{name}` is {level} the {what} {} {times} as large as where it is \
                         {first}.",
                        if kind == RatioKind::Odds { "are" } else { "is" },
                    )
                }
                _ => format!("With one unit more of `{term}` the {what} is multiplied by {r}."),
            },
            _ => format!(
                "A ratio of ratios: with one unit more of one of `{term}` the ratio of the other is \
                 multiplied by {r}."
            ),
        }
    }
}

/// Three significant digits.
fn number(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let rounded: f64 = format!("{x:.2e}").parse().unwrap_or(x);
    if (1e-3..1e6).contains(&rounded.abs()) {
        let decimals = (2 - rounded.abs().log10().floor() as i32).max(0) as usize;
        format!("{rounded:.decimals$}")
    } else {
        format!("{rounded:e}")
    }
}

impl Ratios {
    /// The table for people, at the end of a summary too.
    pub(crate) fn short(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("ratio", Style::Digits, rows.iter().map(|r| r.ratio))
            .titled("Ratio")
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper))
    }

    /// Ratios with their intervals, and the median ratios in sentences.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, columns: usize) -> fmt::Result {
        writeln!(
            f,
            "{} with {}% intervals (in the same group):",
            self.kind.title(),
            percent(self.level)
        )?;
        write!(f, "{}", self.short())?;
        for median in &self.median {
            writeln!(f, "{}", wrap(&median.sentence(self.kind), columns))?;
        }
        Ok(())
    }
}

impl MedianRatio {
    fn sentence(&self, kind: RatioKind) -> String {
        let mut name = kind.median().to_owned();
        name[..1].make_ascii_uppercase();
        let interval = match (self.lower, self.upper) {
            (Some(lower), Some(upper)) => format!(" ({} to {})", number(lower), number(upper)),
            _ => String::new(),
        };
        format!(
            "{name} of {}: {}{interval}. {}",
            self.group,
            number(self.ratio),
            self.meaning
        )
    }
}

impl Answer for Ratios {
    fn table(&self) -> Table {
        let (rows, median) = (&self.rows, &self.median);
        let medians = median.len();
        let none = || std::iter::repeat_n(None, medians);
        let kinds = rows.iter().map(|r| match r.term.as_str() {
            "(Intercept)" => "baseline".to_owned(),
            _ => self.kind.name().to_owned(),
        });
        Table::new()
            .text(
                "kind",
                kinds.chain(median.iter().map(|_| self.kind.median().to_owned())),
            )
            .titled("Kind")
            .text(
                "term",
                rows.iter()
                    .map(|r| r.term.clone())
                    .chain(median.iter().map(|m| m.group.clone())),
            )
            .numbers(
                "ratio",
                Style::Digits,
                rows.iter()
                    .map(|r| r.ratio)
                    .chain(median.iter().map(|m| Some(m.ratio))),
            )
            .titled("Ratio")
            .numbers(
                "std_error",
                Style::Digits,
                rows.iter().map(|r| r.std_error).chain(none()),
            )
            .numbers(
                "lower",
                Style::Digits,
                rows.iter()
                    .map(|r| r.lower)
                    .chain(median.iter().map(|m| m.lower)),
            )
            .numbers(
                "upper",
                Style::Digits,
                rows.iter()
                    .map(|r| r.upper)
                    .chain(median.iter().map(|m| m.upper)),
            )
            .numbers(
                "statistic",
                Style::Statistic,
                rows.iter().map(|r| r.statistic).chain(none()),
            )
            .titled("z value")
            .numbers(
                "p_value",
                Style::PValue,
                rows.iter().map(|r| r.p_value).chain(none()),
            )
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const COLUMNS: usize = 80;
        self.write(f, COLUMNS)?;
        writeln!(f)?;
        for row in &self.rows {
            if let Some(meaning) = &row.meaning {
                writeln!(f, "{}", wrap(&format!("{}: {meaning}", row.term), COLUMNS))?;
            }
        }
        writeln!(
            f,
            "{}",
            wrap(
                match self.kind {
                    RatioKind::Odds | RatioKind::Hazard => {
                        "Ratios compare cases of the same group, with its random effects: between \
                         averages of the population they are nearer to 1 (`ranef means --re average`)."
                    }
                    RatioKind::CountRate => {
                        "Ratios compare cases of the same group, with its random effects."
                    }
                    _ => {
                        "Ratios compare cases of the same group, with its random effects: between \
                         averages of the population they are the same, unless slopes vary between \
                         groups."
                    }
                },
                COLUMNS
            )
        )?;
        match &self.about {
            Some(about) => {
                let mut sentence = about.clone();
                sentence[..1].make_ascii_uppercase();
                writeln!(f, "{}", wrap(&format!("{sentence}."), COLUMNS))
            }
            None => Ok(()),
        }
    }
}
