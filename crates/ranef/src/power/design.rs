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

    /// Everything that can be told before there are rows.
    ///
    /// # Errors
    /// `bad_design`, `unknown_name`, `impossible_icc`, with what would do.
    pub fn check(&self) -> Result<(), Error> {
        let names: Vec<&str> = self.groups.keys().map(String::as_str).collect();
        for (name, group) in &self.groups {
            if group.levels == 0 {
                return Err(bad(
                    format!("there are no groups of `{name}`: levels = 0"),
                    format!("give at least 2 levels of `{name}`, and 6 or more for a variance"),
                ));
            }
            if let Some(host) = &group.within {
                if !self.groups.contains_key(host) {
                    return Err(unknown("grouping factor", host, &names));
                }
                if self.chain(name).is_none() {
                    return Err(bad(
                        format!("`{name}` lies in itself"),
                        "write in `in` the grouping factor one level up",
                    ));
                }
            } else if group.levels < 2 {
                return Err(bad(
                    format!("`{name}` has one group: no variance between groups can be estimated"),
                    format!("give at least 2 levels of `{name}`, and 6 or more for a variance"),
                ));
            }
            if let Some(size) = &group.size {
                size.check(name)?;
            }
        }
        if self.rows == Some(0) {
            return Err(bad("rows = 0", "give 1 row or more for each combination"));
        }
        share("share", self.share.unwrap_or(1.0), (0.0, 1.0), false)?;
        if let Some(dropout) = self.dropout {
            share("dropout", dropout, (0.0, 1.0), true)?;
        }
        for (name, predictor) in &self.predictors {
            predictor.check(name, &names)?;
        }
        if let Some(sd) = self.residual_sd {
            positive("residual_sd", sd)?;
        }
        for (group, variance) in &self.variances {
            if !names.is_empty() && !self.groups.contains_key(group) {
                return Err(unknown("grouping factor", group, &names));
            }
            variance.check(group)?;
        }
        let shares: Vec<(&str, f64)> = (self.variances.iter())
            .filter_map(|(group, v)| Some((group.as_str(), v.icc?)))
            .collect();
        let total: f64 = shares.iter().map(|s| s.1).sum();
        if total >= 1.0 {
            let most = shares
                .iter()
                .fold(shares[0], |a, &b| if b.1 > a.1 { b } else { a });
            let left = 1.0 - (total - most.1);
            let more = match left > 0.0 {
                true => format!(
                    ": with the others as they are, that of `{}` can be up to below {left:.3}",
                    most.0
                ),
                false => String::new(),
            };
            return Err(Error::new(
                "impossible_icc",
                format!(
                    "the intraclass correlations add up to {total:.3}: nothing is left within groups"
                ),
            )
            .with_hint(format!(
                "they are shares of one total variance, and their sum must be below 1{more}"
            )));
        }
        Ok(())
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

/// A number within a range, of which the upper end may be out of it.
fn share(name: &str, x: f64, range: (f64, f64), open: bool) -> Result<(), Error> {
    let inside = x >= range.0 && if open { x < range.1 } else { x <= range.1 };
    if inside && (open || x > 0.0) {
        return Ok(());
    }
    let range = match open {
        true => format!("from {} to below {}", range.0, range.1),
        false => format!("above {} and at most {}", range.0, range.1),
    };
    Err(bad(
        format!("{name} = {x} is impossible"),
        format!("give a number {range}"),
    ))
}

fn positive(name: &str, x: f64) -> Result<(), Error> {
    if x > 0.0 && x.is_finite() {
        return Ok(());
    }
    Err(bad(
        format!("{name} = {x} is impossible"),
        "a standard deviation is a number above 0",
    ))
}

impl Size {
    fn check(&self, group: &str) -> Result<(), Error> {
        let wrong = |what: &str| {
            Err(bad(
                format!("size of `{group}`: {what}"),
                "a group has 1 row or more, such as size = 20",
            ))
        };
        match self {
            Size::Each(0) => wrong("0 rows"),
            Size::List(list) if list.is_empty() => wrong("an empty list"),
            Size::List(list) if list.contains(&0) => wrong("a group with 0 rows"),
            Size::Range { from, to } if *from == 0 || to < from => {
                wrong("a range must go from 1 or more upwards")
            }
            Size::Spread { mean, cv }
                if !(*mean >= 1.0 && mean.is_finite()) || !(0.0..=3.0).contains(cv) =>
            {
                wrong("a mean of 1 or more and a cv from 0 to 3 are possible")
            }
            _ => Ok(()),
        }
    }

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
    fn check(&self, name: &str, groups: &[&str]) -> Result<(), Error> {
        if let Some(level) = self.level.as_deref().filter(|l| *l != "row") {
            if !groups.contains(&level) {
                return Err(unknown("grouping factor", level, groups));
            }
        }
        match &self.values {
            PredictedValues::Normal { sd, icc, of, .. } => {
                positive(&format!("sd of `{name}`"), *sd)?;
                if !(0.0..=1.0).contains(icc) {
                    return Err(Error::new(
                        "impossible_icc",
                        format!("the intraclass correlation of `{name}` is {icc}"),
                    )
                    .with_hint("it is a share of variance: give a number from 0 to 1"));
                }
                match of {
                    Some(of) if !groups.contains(&of.as_str()) => {
                        Err(unknown("grouping factor", of, groups))
                    }
                    _ => Ok(()),
                }
            }
            PredictedValues::Uniform { from, to } if to <= from || to.is_nan() => Err(bad(
                format!("`{name}` goes from {from} to {to}"),
                "give a range that goes upwards",
            )),
            PredictedValues::Binary { share: s, .. } if !(*s > 0.0 && *s < 1.0) => Err(bad(
                format!("share = {s} of `{name}` is impossible: it would be constant"),
                "give a number between 0 and 1, without the ends",
            )),
            PredictedValues::Factor { levels, shares } => {
                if levels.len() < 2 {
                    return Err(bad(
                        format!("the factor `{name}` has {} level", levels.len()),
                        "give the names of 2 levels or more",
                    ));
                }
                let sum: f64 = shares.iter().sum();
                let wrong = shares.len() != levels.len()
                    || shares.iter().any(|s| *s <= 0.0)
                    || (sum - 1.0).abs() > 1e-6;
                if !shares.is_empty() && wrong {
                    return Err(bad(
                        format!(
                            "the shares of `{name}` are {shares:?} for {} levels",
                            levels.len()
                        ),
                        "give one share above 0 for each level; they add up to 1",
                    ));
                }
                Ok(())
            }
            PredictedValues::Sequence { .. } if self.numbers().len() < 2 => Err(bad(
                format!("the sequence `{name}` has fewer than two numbers"),
                "write values = [0, 1, 2] or from = 0, to = 4",
            )),
            _ => Ok(()),
        }
    }

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
    fn check(&self, group: &str) -> Result<(), Error> {
        for (name, per) in [("sd", &self.sd), ("variance", &self.variance)] {
            let values: Vec<f64> = match per {
                None => Vec::new(),
                Some(PerEffect::Intercept(x)) => vec![*x],
                Some(PerEffect::Named(map)) => map.values().copied().collect(),
            };
            if let Some(x) = values.into_iter().find(|x| !(*x >= 0.0 && x.is_finite())) {
                return Err(bad(
                    format!("a {name} of {x} for `{group}` is impossible"),
                    "it is 0 or a number above",
                ));
            }
        }
        if let Some(icc) = self.icc.filter(|icc| !(0.0..1.0).contains(icc)) {
            return Err(Error::new(
                "impossible_icc",
                format!("an intraclass correlation of {icc} for `{group}` is impossible"),
            )
            .with_hint("it is a share of variance: give a number from 0 to below 1"));
        }
        let correlations = match &self.correlation {
            None => &[][..],
            Some(Correlation::All(r)) => std::slice::from_ref(r),
            Some(Correlation::Each(all)) => all,
        };
        if let Some(r) = correlations.iter().find(|r| !(-1.0..=1.0).contains(*r)) {
            return Err(Error::new(
                "impossible_correlation",
                format!("a correlation of {r} for `{group}` is impossible"),
            )
            .with_hint("give a number from -1 to 1"));
        }
        Ok(())
    }

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
