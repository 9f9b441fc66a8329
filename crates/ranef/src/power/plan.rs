//! What a study is planned from, a design or a fitted model, and what can be varied in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ranef_frame::{MemorySource, Source};

use super::design::{Correlation, Design, Size, bad, unknown};
use super::fitted::Fitted;
use super::study::Study;
use crate::{Error, Fit, Model};

/// Something about a study that can be given another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knob {
    /// The number of groups of a grouping factor.
    Groups(String),
    /// The rows of each group.
    Within(String),
    /// A fixed effect.
    Effect(String),
    /// The standard deviation of a random effect of a grouping factor.
    Sd(String, String),
    /// The correlation of all pairs of random effects of a grouping factor.
    Correlation(String),
    /// The intraclass correlation of a grouping factor of a design.
    Icc(String),
    /// The residual standard deviation.
    Sigma,
}

impl Knob {
    /// Whether its values are whole numbers.
    pub fn whole(&self) -> bool {
        matches!(self, Knob::Groups(_) | Knob::Within(_))
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Knob::Groups(g) => write!(f, "Groups of {g}"),
            Knob::Within(g) => write!(f, "Rows in each {g}"),
            Knob::Effect(term) => write!(f, "Effect of {term}"),
            Knob::Sd(g, term) => write!(f, "SD of {term} between groups of {g}"),
            Knob::Correlation(g) => write!(f, "Correlation of the effects of {g}"),
            Knob::Icc(g) => write!(f, "ICC of {g}"),
            Knob::Sigma => f.write_str("Residual SD"),
        }
    }
}

/// What a study is planned from.
#[derive(Clone, Debug)]
pub struct PowerPlan {
    pub(super) base: Base,
    /// How models of a design are fitted, formula and family aside.
    fitting: Option<Model>,
    pub(super) changes: Vec<(Knob, f64)>,
}

#[derive(Clone, Debug)]
pub(super) enum Base {
    Design(Box<Design>),
    Fitted(Arc<Fitted>),
}

impl PowerPlan {
    /// From a design.
    ///
    /// # Errors
    /// As [`Design::check`].
    pub fn of_design(design: Design) -> Result<Self, Error> {
        design.check()?;
        Ok(Self {
            base: Base::Design(Box::new(design)),
            fitting: None,
            changes: Vec::new(),
        })
    }

    /// The same with a design's models fitted as this one would be (maximum likelihood, quadrature,
    /// contrasts and others); formula and family stay those of the design.
    pub fn fitted_as(mut self, model: Model) -> Self {
        self.fitting = Some(model);
        self
    }

    /// From a fitted model and its rows: what it estimates is taken for true until it is changed.
    ///
    /// # Errors
    /// Of reading the rows.
    pub fn of_fit(fit: &Fit, source: &dyn Source) -> Result<Self, Error> {
        Ok(Self {
            base: Base::Fitted(Arc::new(Fitted::of(fit, source)?)),
            fitting: None,
            changes: Vec::new(),
        })
    }

    /// The same with something at another value.
    ///
    /// # Errors
    /// `unknown_name` with the names there are; `bad_design` for values that are impossible.
    pub fn with(&self, knob: &Knob, value: f64) -> Result<Self, Error> {
        let mut out = self.clone();
        if knob.whole() && !(value >= 1.0 && value.fract() == 0.0 && value < 1e8) {
            return Err(bad(
                format!("{knob}: {value} is impossible"),
                "give a whole number from 1",
            ));
        }
        if !value.is_finite() {
            return Err(bad(
                format!("{knob}: {value} is no number"),
                "give a finite number",
            ));
        }
        let negative = matches!(knob, Knob::Sd(..)) && value < 0.0;
        if negative || (*knob == Knob::Sigma && value <= 0.0) {
            return Err(bad(
                format!("{knob}: {value} is impossible"),
                "a standard deviation is not negative, and that of residuals is above 0",
            ));
        }
        if let (Knob::Correlation(group), false) = (knob, (-1.0..=1.0).contains(&value)) {
            return Err(Error::new(
                "impossible_correlation",
                format!("a correlation of {value} for `{group}` is impossible"),
            )
            .with_hint("give a number from -1 to 1"));
        }
        match &mut out.base {
            Base::Design(design) => {
                change(design, knob, value)?;
                design.check()?;
            }
            Base::Fitted(fitted) => {
                fitted.knows(knob)?;
                out.changes.retain(|(k, _)| k != knob);
                out.changes.push((knob.clone(), value));
            }
        }
        Ok(out)
    }

    /// The names of all grouping factors.
    pub fn groups(&self) -> Vec<&str> {
        match &self.base {
            Base::Design(design) => design.groups.keys().map(String::as_str).collect(),
            Base::Fitted(fitted) => fitted.factors.iter().map(|f| f.0.as_str()).collect(),
        }
    }

    /// How many groups of a grouping factor there are, as far as that was said.
    pub(super) fn count(&self, group: &str) -> Option<usize> {
        match &self.base {
            Base::Design(design) => design.groups.get(group).map(|g| g.levels),
            Base::Fitted(_) => {
                let knob = Knob::Groups(group.to_owned());
                self.changed(&knob).map(|n| n as usize)
            }
        }
    }

    /// Whether it begins with a fitted model.
    pub fn is_of_fit(&self) -> bool {
        matches!(self.base, Base::Fitted(_))
    }

    /// What the fitted model estimates for an effect, where it is left as estimated.
    pub fn observed(&self, term: &str) -> Option<f64> {
        let Base::Fitted(fitted) = &self.base else {
            return None;
        };
        let (_, estimate) = fitted.effects.iter().find(|(name, _)| name == term)?;
        let knob = Knob::Effect(term.to_owned());
        let changed = self.changes.iter().find(|(k, _)| *k == knob);
        match changed {
            Some((_, value)) if (value - estimate).abs() > 1e-3 * estimate.abs() => None,
            _ => Some(*estimate),
        }
    }

    /// The formula.
    pub fn formula(&self) -> &str {
        match &self.base {
            Base::Design(design) => &design.formula,
            Base::Fitted(fitted) => &fitted.formula,
        }
    }

    /// The model that is fitted to each response.
    pub(super) fn model(&self) -> Model {
        match &self.base {
            Base::Design(design) => match &self.fitting {
                Some(model) => model.with_formula(&design.formula).family(design.family),
                None => Model::new(&design.formula).family(design.family),
            },
            Base::Fitted(fitted) => fitted.model.clone(),
        }
    }

    /// How many draws of the predictors are worth having for so many simulations.
    pub(super) fn pictures(&self, simulations: u32) -> u32 {
        match &self.base {
            Base::Design(design) if design.is_random() => simulations.clamp(1, 200),
            _ => 1,
        }
    }

    /// The rows of a picture.
    pub(super) fn source(&self, seed: u64, picture: u32) -> Result<MemorySource, Error> {
        match &self.base {
            Base::Design(design) => design.source(seed, picture),
            Base::Fitted(fitted) => fitted.rows_for(&self.changes),
        }
    }

    /// The study of the first picture.
    pub(super) fn study(&self, model: &Model, seed: u64) -> Result<Study, Error> {
        let source = self.source(seed, 0)?;
        Study::of(model, source, self)
    }

    /// What was changed against the fitted model.
    pub fn changes(&self) -> BTreeMap<String, f64> {
        let shown = |(knob, value): &(Knob, f64)| (knob.to_string(), *value);
        self.changes.iter().map(shown).collect()
    }

    pub(super) fn changed(&self, knob: &Knob) -> Option<f64> {
        let found = self.changes.iter().find(|(k, _)| k == knob);
        found.map(|(_, value)| *value)
    }
}

fn change(design: &mut Design, knob: &Knob, value: f64) -> Result<(), Error> {
    let names: Vec<String> = design.groups.keys().cloned().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let known = |group: &str| match names.contains(&group) {
        true => Ok(()),
        false => Err(unknown("grouping factor", group, &names)),
    };
    match knob {
        Knob::Groups(group) => {
            known(group)?;
            if let Some(grouping) = design.groups.get_mut(group) {
                grouping.levels = value as usize;
            }
        }
        Knob::Within(group) => {
            known(group)?;
            let leaves: Vec<String> = design.leaves().into_iter().map(str::to_owned).collect();
            if !leaves.contains(group) {
                return Err(bad(
                    format!(
                        "rows lie within `{}`, and its groups within `{group}`",
                        leaves.join("`, `")
                    ),
                    format!("give --within {}=N", leaves[0]),
                ));
            }
            if leaves.len() > 1 {
                design.rows = Some(value as usize);
            } else if let Some(grouping) = design.groups.get_mut(group) {
                let size = grouping.size.take().unwrap_or(Size::Each(1));
                grouping.size = Some(size.with_mean(value as usize));
            }
        }
        Knob::Effect(term) => {
            design.effects.insert(term.clone(), value);
        }
        Knob::Sd(group, term) => {
            known(group)?;
            let variance = design.variances.entry(group.clone()).or_default();
            if term == "(Intercept)" {
                variance.icc = None;
            }
            variance.set(term, value);
        }
        Knob::Correlation(group) => {
            known(group)?;
            let variance = design.variances.entry(group.clone()).or_default();
            variance.correlation = Some(Correlation::All(value));
        }
        Knob::Icc(group) => {
            known(group)?;
            let variance = design.variances.entry(group.clone()).or_default();
            variance.without_intercept();
            variance.icc = Some(value);
        }
        Knob::Sigma => design.residual_sd = Some(value),
    }
    Ok(())
}
