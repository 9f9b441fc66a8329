//! A study that does not exist yet, written down: groups, predictors, effects, variances.

use std::collections::BTreeMap;

use ranef_formula::did_you_mean;
use serde::{Deserialize, Serialize};

use crate::{Error, Family};

/// The design of a study and what is believed about its effects.
///
/// It is read from TOML with [`Design::parse`]; [`Design::TEMPLATE`] is an example with every part
/// explained.
///
/// ```
/// let design = ranef::Design::parse(ranef::Design::TEMPLATE)?;
/// assert_eq!(design.groups["school"].levels, 40);
/// # Ok::<(), ranef::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// The model, with a response of any name.
    pub formula: String,
    /// The family of the response.
    #[serde(default)]
    pub family: Family,
    /// The grouping factors by name. Those that lie in no other are crossed with each other.
    #[serde(default)]
    pub groups: BTreeMap<String, Grouping>,
    /// Rows of each combination of crossed groups, 1 unless told.
    #[serde(default)]
    pub rows: Option<usize>,
    /// The share of the combinations of crossed groups that occur, 1 unless told.
    #[serde(default)]
    pub share: Option<f64>,
    /// The predictors by name.
    #[serde(default)]
    pub predictors: BTreeMap<String, Predicted>,
    /// The fixed effects by the names of their columns (`(Intercept)`, `ses`, `ses:publicyes`); those
    /// that are not named are zero.
    #[serde(default)]
    pub effects: BTreeMap<String, f64>,
    /// Whether effects are in standard deviations: of the response (fixed effects left out) for each
    /// standard deviation of a predictor, or for a step of a factor or binary predictor.
    #[serde(default)]
    pub standardized: bool,
    /// The variances of the random effects by grouping factor.
    #[serde(default)]
    pub variances: BTreeMap<String, Variance>,
    /// Residual standard deviation. Where all variances are given as intraclass correlations it may
    /// be left out: the total variance is then 1.
    #[serde(default)]
    pub residual_sd: Option<f64>,
    /// Parameters of the family, such as the dispersion of a negative binomial response.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
    /// The share of the groups of the lowest level that leave the study before its last row, each
    /// after a row drawn at random.
    #[serde(default)]
    pub dropout: Option<f64>,
}

/// A grouping factor of a [`Design`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// Number of groups: in each group that they lie in, if they lie in one.
    pub levels: usize,
    /// The grouping factor that they lie in (nested).
    #[serde(default, rename = "in")]
    pub within: Option<String>,
    /// Rows of each group; of the lowest level only.
    #[serde(default)]
    pub size: Option<Size>,
}

/// Sizes of groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Size {
    /// All the same.
    Each(usize),
    /// One after another, from the start again where there are more groups.
    List(Vec<usize>),
    /// A mean with a coefficient of variation: quantiles of a gamma distribution.
    Spread {
        /// Mean.
        mean: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// Evenly from one size to another.
    Range {
        /// The smallest.
        from: usize,
        /// The largest.
        to: usize,
    },
}

/// A predictor of a [`Design`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// The grouping factor that it is a property of; of rows where it is left out.
    #[serde(default)]
    pub level: Option<String>,
    /// Its distribution.
    #[serde(flatten)]
    pub values: PredictedValues,
}

/// The distribution of a predictor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "distribution", rename_all = "lowercase", deny_unknown_fields)]
pub enum PredictedValues {
    /// Normal.
    Normal {
        /// Mean.
        #[serde(default)]
        mean: f64,
        /// Standard deviation.
        #[serde(default = "one")]
        sd: f64,
        /// The share of its variance that lies between the groups of the lowest level, or of `of`.
        #[serde(default)]
        icc: f64,
        /// The grouping factor of `icc`.
        #[serde(default)]
        of: Option<String>,
    },
    /// Any number between two, each as likely.
    Uniform {
        /// The smallest.
        from: f64,
        /// The largest.
        to: f64,
    },
    /// One of two numbers.
    Binary {
        /// The share of the second.
        #[serde(default = "half")]
        share: f64,
        /// The two numbers, 0 and 1 unless told.
        #[serde(default = "zero_and_one")]
        values: [f64; 2],
    },
    /// A factor with levels of these names, the reference first.
    Factor {
        /// Names of the levels.
        levels: Vec<String>,
        /// Their shares, equal unless told.
        #[serde(default)]
        shares: Vec<f64>,
    },
    /// Numbers in order, such as points in time: from the start again after the last.
    Sequence {
        /// The numbers; or `from`, `to` and `by`.
        #[serde(default)]
        values: Vec<f64>,
        /// The first.
        #[serde(default)]
        from: Option<f64>,
        /// The last.
        #[serde(default)]
        to: Option<f64>,
        /// The step, 1 unless told.
        #[serde(default = "one")]
        by: f64,
    },
}

/// The variances of the random effects of a grouping factor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variance {
    /// Standard deviations by effect; one number is that of the intercept.
    #[serde(default)]
    pub sd: Option<PerEffect>,
    /// Variances, in the same way.
    #[serde(default)]
    pub variance: Option<PerEffect>,
    /// The intraclass correlation: the share of the intercept's variance in the total.
    #[serde(default)]
    pub icc: Option<f64>,
    /// Correlations of the effects: one for all pairs, or those below the diagonal by rows. 0 unless
    /// told.
    #[serde(default)]
    pub correlation: Option<Correlation>,
}

/// Numbers by effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerEffect {
    /// That of the intercept.
    Intercept(f64),
    /// By the names of the effects.
    Named(BTreeMap<String, f64>),
}

/// Correlations of random effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Correlation {
    /// The same for all pairs.
    All(f64),
    /// Below the diagonal, row by row.
    Each(Vec<f64>),
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn zero_and_one() -> [f64; 2] {
    [0.0, 1.0]
}

pub(super) fn bad(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new("bad_design", message).with_hint(hint)
}

/// An error about a name that nobody knows.
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let hint = match did_you_mean(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("there are: {}", known.join(", ")),
    };
    Error::new("unknown_name", format!("there is no {what} `{name}`")).with_hint(hint)
}

impl Design {
    /// An example with every part explained, to begin with.
    pub const TEMPLATE: &'static str = include_str!("template.toml");

    /// Reads a design from TOML.
    ///
    /// # Errors
    /// `bad_design` with the line, and what [`Design::check`] says.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let design: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(String::new(), |span| {
                let before = &text[..span.start.min(text.len())];
                format!(" in line {}", before.matches('\n').count() + 1)
            });
            bad(
                format!("the design cannot be read{line}: {}", e.message()),
                "`ranef power --template` prints a design with every part explained",
            )
        })?;
        design.check()?;
        Ok(design)
    }

    /// A grouping factor with those that it lies in, the outermost first; `None` for a circle.
    pub(super) fn chain<'a>(&'a self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut out = vec![name];
        let mut at = name;
        while let Some(host) = self.groups.get(at).and_then(|g| g.within.as_deref()) {
            if out.contains(&host) {
                return None;
            }
            out.push(host);
            at = host;
        }
        out.reverse();
        Some(out)
    }

    /// The grouping factors that no other lies in.
    pub(super) fn leaves(&self) -> Vec<&str> {
        let holds = |name: &str| {
            let mut all = self.groups.values();
            all.any(|g| g.within.as_deref() == Some(name))
        };
        let all = self.groups.keys().map(String::as_str);
        all.filter(|name| !holds(name)).collect()
    }

    /// Whether another draw of the predictors would give other rows than a rearrangement.
    pub(super) fn is_random(&self) -> bool {
        let mut shuffled = 0;
        for predictor in self.predictors.values() {
            match &predictor.values {
                PredictedValues::Normal { .. } | PredictedValues::Uniform { .. } => return true,
                _ => shuffled += usize::from(self.is_shuffled(predictor)),
            }
        }
        let unequal = self
            .groups
            .values()
            .any(|g| !matches!(g.size, None | Some(Size::Each(_))));
        shuffled + usize::from(unequal) > 1 || self.dropout.is_some_and(|d| d > 0.0)
    }
}

impl Size {
    /// The same shape with another mean.
    pub(super) fn with_mean(&self, n: usize) -> Self {
        match self {
            Size::Each(_) => Size::Each(n),
            Size::Spread { cv, .. } => Size::Spread {
                mean: n as f64,
                cv: *cv,
            },
            Size::List(list) => {
                let mean = list.iter().sum::<usize>() as f64 / list.len().max(1) as f64;
                let scaled = |&x: &usize| ((x as f64 * n as f64 / mean).round() as usize).max(1);
                Size::List(list.iter().map(scaled).collect())
            }
            Size::Range { from, to } => {
                let mean = 0.5 * (from + to) as f64;
                let scaled = |x: usize| ((x as f64 * n as f64 / mean).round() as usize).max(1);
                Size::Range {
                    from: scaled(*from),
                    to: scaled(*to),
                }
            }
        }
    }
}

impl Predicted {
    /// The numbers of a sequence.
    pub(super) fn numbers(&self) -> Vec<f64> {
        match &self.values {
            PredictedValues::Sequence { values, .. } if !values.is_empty() => values.clone(),
            PredictedValues::Sequence {
                from,
                to: Some(to),
                by,
                ..
            } => {
                let from = from.unwrap_or(0.0);
                let steps = ((to - from) / by + 1e-9).floor();
                match steps.is_finite() && (0.0..1e6).contains(&steps) {
                    true => (0..=steps as usize).map(|i| from + i as f64 * by).collect(),
                    false => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// How many levels it has, where all are equally frequent.
    pub(super) fn equal_levels(&self) -> Option<usize> {
        let equal = |shares: &[f64]| shares.iter().all(|s| (s - shares[0]).abs() < 1e-9);
        match &self.values {
            PredictedValues::Binary { share, .. } => (*share == 0.5).then_some(2),
            PredictedValues::Factor { levels, shares } => {
                (shares.is_empty() || equal(shares)).then_some(levels.len())
            }
            _ => None,
        }
    }

    /// The standard deviation by which a standardised effect is divided: 1 for two values and
    /// factors.
    pub(super) fn unit(&self) -> f64 {
        match &self.values {
            PredictedValues::Normal { sd, .. } => *sd,
            PredictedValues::Uniform { from, to } => (to - from) / 12f64.sqrt(),
            PredictedValues::Sequence { .. } => {
                let x = self.numbers();
                let mean = x.iter().sum::<f64>() / x.len() as f64;
                (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
            }
            _ => 1.0,
        }
    }
}

impl Variance {
    /// The standard deviation of an effect, if it is said.
    pub(super) fn of(&self, effect: &str) -> Option<f64> {
        let find = |per: &PerEffect| match per {
            PerEffect::Intercept(x) => (effect == "(Intercept)").then_some(*x),
            PerEffect::Named(map) => map.get(effect).copied(),
        };
        let sd = self.sd.as_ref().and_then(find);
        sd.or_else(|| self.variance.as_ref().and_then(find).map(f64::sqrt))
    }

    /// The effects that are named.
    pub(super) fn named(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for per in [&self.sd, &self.variance].into_iter().flatten() {
            if let PerEffect::Named(map) = per {
                out.extend(map.keys().map(String::as_str));
            }
        }
        out
    }

    /// Forgets how much intercepts differ.
    pub(super) fn without_intercept(&mut self) {
        for per in [&mut self.sd, &mut self.variance] {
            match per {
                Some(PerEffect::Intercept(_)) => *per = None,
                Some(PerEffect::Named(map)) => {
                    map.remove("(Intercept)");
                }
                None => {}
            }
        }
    }

    /// Says the standard deviation of an effect.
    pub(super) fn set(&mut self, effect: &str, sd: f64) {
        let mut map = match self.sd.take() {
            None => BTreeMap::new(),
            Some(PerEffect::Intercept(x)) => BTreeMap::from([("(Intercept)".to_owned(), x)]),
            Some(PerEffect::Named(map)) => map,
        };
        map.insert(effect.to_owned(), sd);
        self.sd = Some(PerEffect::Named(map));
    }
}
