//! What a study is planned from, a design or a fitted model, and what can be varied in it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use ranef_engine::glmm::family::Link;
use ranef_frame::{MemorySource, Source, take_rows};

use super::design::{Correlation, Design, Predicted, Size, Variance, bad, unknown};
use super::study::{Belief, Study, named_effects};
use crate::random::RandomBlock;
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
    base: Base,
    /// How models of a design are fitted, formula and family aside.
    fitting: Option<Model>,
    changes: Vec<(Knob, f64)>,
}

#[derive(Clone, Debug)]
enum Base {
    Design(Box<Design>),
    Fitted(Arc<Fitted>),
}

/// A fitted model with the rows it was fitted to.
#[derive(Debug)]
struct Fitted {
    model: Model,
    formula: String,
    rows: RecordBatch,
    /// Name and columns of each grouping factor.
    factors: Vec<(String, Vec<String>)>,
    effects: Vec<(String, f64)>,
    blocks: Vec<RandomBlock>,
    sigma: f64,
    parameters: Vec<(String, f64)>,
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
        let all: Vec<usize> = (0..source.columns().len()).collect();
        let mut batches = Vec::new();
        for batch in source.read(&all)? {
            batches.push(batch?);
        }
        let memory = MemorySource::from_batches(batches)?;
        let rows = one_batch(memory.batches())?;
        let recipe = fit.recipe();
        let shown = fit.family_parameters().into_iter();
        Ok(Self {
            base: Base::Fitted(Arc::new(Fitted {
                model: fit.options().clone(),
                formula: fit.formula().to_owned(),
                factors: (recipe.factors().iter().enumerate())
                    .map(|(f, factor)| {
                        let columns = recipe.factor_columns(f);
                        let columns = columns.into_iter().map(str::to_owned).collect();
                        (factor.name.clone(), columns)
                    })
                    .collect(),
                effects: (fit.fixed_names().into_iter().map(str::to_owned))
                    .zip(fit.fixef().iter().copied())
                    .collect(),
                blocks: fit.varcorr().to_vec(),
                sigma: fit.sigma(),
                parameters: shown.map(|p| (p.name, p.estimate)).collect(),
                rows,
            })),
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

    fn changed(&self, knob: &Knob) -> Option<f64> {
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
            design.variances.entry(group.clone()).or_default().icc = Some(value);
        }
        Knob::Sigma => design.residual_sd = Some(value),
    }
    Ok(())
}

impl Belief for PowerPlan {
    fn beta(&self, fit: &Fit) -> Result<Vec<f64>, Error> {
        match &self.base {
            Base::Design(design) => {
                let units = design.units()?;
                // Columns of factors and of functions have no unit of their own.
                let unit = |name: &str| -> f64 {
                    let parts = name.split(':').map(|part| design.predictors.get(part));
                    parts.map(|p| p.map_or(1.0, Predicted::unit)).product()
                };
                let mut beta = named_effects(fit, design.effects.iter(), |_| 0.0)?;
                if let Some(total) = units {
                    for (beta, name) in beta.iter_mut().zip(fit.fixed_names()) {
                        if name != "(Intercept)" {
                            *beta *= total / unit(name);
                        }
                    }
                }
                Ok(beta)
            }
            Base::Fitted(fitted) => {
                let said: Vec<(String, f64)> = (self.changes.iter())
                    .filter_map(|(knob, value)| match knob {
                        Knob::Effect(term) => Some((term.clone(), *value)),
                        _ => None,
                    })
                    .collect();
                let usual = |name: &str| {
                    let found = fitted.effects.iter().find(|(n, _)| n == name);
                    found.map_or(0.0, |(_, value)| *value)
                };
                named_effects(fit, said.iter().map(|(n, v)| (n, v)), usual)
            }
        }
    }

    fn covariance(&self, block: &RandomBlock, all: &[RandomBlock]) -> Result<Vec<f64>, Error> {
        let k = block.terms.len();
        let (mut sd, mut corr);
        match &self.base {
            Base::Design(design) => {
                let group = design.group_of(&block.group);
                let Some(variance) = design.variances.get(group) else {
                    return Err(bad(
                        format!("nothing says how much the groups of `{group}` differ"),
                        format!(
                            "add [variances.{group}] with sd = 0.5 or icc = 0.1 (--sd {group}=0.5 or --icc \
                             {group}=0.1)"
                        ),
                    ));
                };
                // Of a term with `||` each effect is a block of its own.
                let own = all.iter().filter(|b| design.group_of(&b.group) == group);
                let known: Vec<&str> = own.flat_map(|b| &b.terms).map(String::as_str).collect();
                if let Some(name) = variance.named().into_iter().find(|n| !known.contains(n)) {
                    return Err(unknown("random effect", name, &known));
                }
                let total = match variance.icc {
                    Some(icc) => Some((icc * design.total_variance()?).sqrt()),
                    None => None,
                };
                sd = Vec::with_capacity(k);
                for term in &block.terms {
                    let own = variance.of(term);
                    let own = own.or_else(|| total.filter(|_| term == "(Intercept)"));
                    sd.push(own.ok_or_else(|| {
                        bad(
                            format!(
                                "nothing says how much `{term}` differs between groups of `{group}`"
                            ),
                            format!(
                                "add it to [variances.{group}]: sd = {{ \"{term}\" = 0.2 }} (--sd \
                                 '{group}:{term}=0.2')"
                            ),
                        )
                    })?);
                }
                corr = correlations(variance.correlation.as_ref(), k, group)?;
            }
            Base::Fitted(fitted) => {
                let same = |b: &&RandomBlock| b.group == block.group && b.terms == block.terms;
                let Some(known) = fitted.blocks.iter().find(same) else {
                    return Err(bad(
                        format!(
                            "the extended rows have other random effects of `{}`",
                            block.group
                        ),
                        "extend by another grouping factor",
                    ));
                };
                sd = known.sd.clone();
                corr = vec![0.0; k * k];
                for i in 0..k {
                    for j in 0..k {
                        corr[i * k + j] = match i == j {
                            true => 1.0,
                            false => known.corr[i][j].unwrap_or(0.0),
                        };
                    }
                }
            }
        }
        for (i, term) in block.terms.iter().enumerate() {
            if let Some(value) = self.changed(&Knob::Sd(block.group.clone(), term.clone())) {
                sd[i] = value;
            }
        }
        if let Some(r) = self.changed(&Knob::Correlation(block.group.clone())) {
            corr = correlations(Some(&Correlation::All(r)), k, &block.group)?;
        }
        Ok((0..k * k)
            .map(|at| sd[at / k] * sd[at % k] * corr[at])
            .collect())
    }

    fn check(&self, fit: &Fit) -> Result<(), Error> {
        let known = fit.family().parameters(fit.recipe());
        let known: Vec<&str> = known.iter().map(|p| p.name.as_str()).collect();
        let sigma = fit.family().is_gaussian() || known.contains(&"sigma");
        let said = match &self.base {
            Base::Design(design) => {
                for name in design.parameters.keys() {
                    if !known.contains(&name.as_str()) {
                        return Err(unknown("parameter of the family", name, &known));
                    }
                }
                let used = |group: &str| {
                    let mut blocks = fit.varcorr().iter();
                    blocks.any(|b| design.group_of(&b.group) == group)
                };
                if let Some(group) = design.variances.keys().find(|g| !used(g)) {
                    return Err(bad(
                        format!(
                            "[variances.{group}] is of no use: the formula has no random effects of `{group}`"
                        ),
                        format!("add `(1 | {group})` to the formula, or take the variances away"),
                    ));
                }
                design.residual_sd.is_some()
            }
            Base::Fitted(_) => self.changed(&Knob::Sigma).is_some(),
        };
        if said && !sigma {
            return Err(bad(
                format!(
                    "a {} response has no residual standard deviation",
                    fit.family()
                ),
                "leave it out: such a response varies as its mean says",
            ));
        }
        Ok(())
    }

    fn sigma(&self) -> Result<f64, Error> {
        match &self.base {
            Base::Design(design) => design.sigma(),
            Base::Fitted(fitted) => Ok(self.changed(&Knob::Sigma).unwrap_or(fitted.sigma)),
        }
    }

    fn parameter(&self, name: &str) -> Option<f64> {
        match &self.base {
            Base::Design(design) => match name {
                "sigma" => design.parameters.get(name).copied().or(design.residual_sd),
                _ => design.parameters.get(name).copied(),
            },
            Base::Fitted(fitted) => {
                let changed = self.changed(&Knob::Sigma).filter(|_| name == "sigma");
                let own = fitted.parameters.iter().find(|(n, _)| n == name);
                changed.or(own.map(|(_, v)| *v))
            }
        }
    }
}

fn correlations(said: Option<&Correlation>, k: usize, group: &str) -> Result<Vec<f64>, Error> {
    let mut out: Vec<f64> = (0..k * k)
        .map(|at| f64::from(u8::from(at / k == at % k)))
        .collect();
    let pairs = k * (k - 1) / 2;
    let mut next = 0;
    for i in 1..k {
        for j in 0..i {
            let r = match said {
                None => 0.0,
                Some(Correlation::All(r)) => *r,
                Some(Correlation::Each(all)) if all.len() == pairs => all[next],
                Some(Correlation::Each(all)) => {
                    return Err(bad(
                        format!(
                            "{} correlations for the {k} random effects of `{group}`",
                            all.len()
                        ),
                        format!("give {pairs}: those below the diagonal, row by row"),
                    ));
                }
            };
            next += 1;
            (out[i * k + j], out[j * k + i]) = (r, r);
        }
    }
    Ok(out)
}

impl Design {
    /// The grouping factor of the design that a label of the formula means: `class` of
    /// `class:school`.
    fn group_of<'a>(&'a self, label: &'a str) -> &'a str {
        if self.groups.contains_key(label) {
            return label;
        }
        let depth = |name: &&str| self.chain(name).map_or(0, |c| c.len());
        let parts = label
            .split(':')
            .filter(|part| self.groups.contains_key(*part));
        parts.max_by_key(depth).unwrap_or(label)
    }

    /// The variance of residuals on the scale of the linear predictor.
    fn latent(&self) -> Result<Option<f64>, Error> {
        if self.family.is_gaussian() {
            return Ok(self.residual_sd.map(|sd| sd * sd));
        }
        let pi = std::f64::consts::PI;
        match (self.family.name(), self.family.link()) {
            ("binomial", Link::Logit) => Ok(Some(pi * pi / 3.0)),
            ("binomial", Link::Probit) => Ok(Some(1.0)),
            ("binomial", Link::Cloglog) => Ok(Some(pi * pi / 6.0)),
            _ => Err(bad(
                format!(
                    "there is no variance within groups to compare with in a {} model",
                    self.family
                ),
                "give standard deviations in [variances] and raw effects",
            )),
        }
    }

    /// The total variance on the scale of the linear predictor, fixed effects left out.
    fn total_variance(&self) -> Result<f64, Error> {
        let shares: f64 = self.variances.values().filter_map(|v| v.icc).sum();
        let own = |v: &Variance| match v.icc {
            Some(_) => 0.0,
            None => v.of("(Intercept)").map_or(0.0, |sd| sd * sd),
        };
        let given: f64 = self.variances.values().map(own).sum();
        match self.latent()? {
            Some(residual) => Ok((residual + given) / (1.0 - shares)),
            None if shares > 0.0 && given < 1.0 - shares => Ok(1.0),
            None => Err(bad(
                "nothing says how much rows differ within groups",
                "add residual_sd = 1 to the design (--sigma 1), or give all variances as icc",
            )),
        }
    }

    fn sigma(&self) -> Result<f64, Error> {
        if let Some(sd) = self.residual_sd {
            return Ok(sd);
        }
        let shares: f64 = self.variances.values().filter_map(|v| v.icc).sum();
        let own = |v: &Variance| match v.icc {
            Some(_) => 0.0,
            None => v.of("(Intercept)").map_or(0.0, |sd| sd * sd),
        };
        let given: f64 = self.variances.values().map(own).sum();
        let total = self.total_variance()?;
        Ok((total * (1.0 - shares) - given).max(0.0).sqrt())
    }

    /// The standard deviation of the response that standardised effects are in.
    fn units(&self) -> Result<Option<f64>, Error> {
        match self.standardized {
            true => Ok(Some(self.total_variance()?.sqrt())),
            false => Ok(None),
        }
    }
}

impl Fitted {
    fn knows(&self, knob: &Knob) -> Result<(), Error> {
        let factors: Vec<&str> = self.factors.iter().map(|f| f.0.as_str()).collect();
        let group = |group: &String| match factors.contains(&group.as_str()) {
            true => Ok(()),
            false => Err(unknown("grouping factor", group, &factors)),
        };
        match knob {
            Knob::Groups(g) | Knob::Within(g) | Knob::Correlation(g) => group(g),
            Knob::Effect(term) => {
                let known: Vec<&str> = self.effects.iter().map(|e| e.0.as_str()).collect();
                match known.contains(&term.as_str()) {
                    true => Ok(()),
                    false => Err(unknown("fixed effect", term, &known)),
                }
            }
            Knob::Sd(g, term) => {
                group(g)?;
                let blocks = self.blocks.iter().filter(|b| b.group == *g);
                let known: Vec<&str> = blocks
                    .flat_map(|b| b.terms.iter().map(String::as_str))
                    .collect();
                match known.contains(&term.as_str()) {
                    true => Ok(()),
                    false => Err(unknown("random effect", term, &known)),
                }
            }
            Knob::Icc(_) => Err(bad(
                "an intraclass correlation is of a design, and this plan begins with a fitted model",
                "give the standard deviation of the intercept: --sd GROUP=0.5",
            )),
            Knob::Sigma => Ok(()),
        }
    }

    /// The rows, with so many groups or so many rows within them: those there are, over again under
    /// new names.
    fn rows_for(&self, changes: &[(Knob, f64)]) -> Result<MemorySource, Error> {
        let mut rows = self.rows.clone();
        for (knob, value) in changes {
            let (name, n) = match knob {
                Knob::Groups(g) | Knob::Within(g) => (g, *value as usize),
                _ => continue,
            };
            let columns = self.factors.iter().find(|(f, _)| f == name);
            let columns = columns.map_or(&[][..], |(_, columns)| columns);
            rows = match knob {
                Knob::Groups(_) => self.more_groups(&rows, columns, n)?,
                _ => self.more_rows(&rows, columns, n)?,
            };
        }
        Ok(MemorySource::from_batches(vec![rows])?)
    }

    /// The groups in the order of their first rows, with their rows.
    fn by_group(rows: &RecordBatch, columns: &[String]) -> Vec<Vec<u32>> {
        let labels = labels(rows, columns);
        let mut place: HashMap<&str, usize> = HashMap::new();
        let mut out: Vec<Vec<u32>> = Vec::new();
        for (row, label) in labels.iter().enumerate() {
            let at = *place.entry(label).or_insert_with(|| {
                out.push(Vec::new());
                out.len() - 1
            });
            out[at].push(row as u32);
        }
        out
    }

    fn more_groups(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        n: usize,
    ) -> Result<RecordBatch, Error> {
        let groups = Self::by_group(rows, columns);
        let mut taken = Vec::new();
        let mut round = Vec::new();
        for i in 0..n {
            let group = &groups[i % groups.len()];
            taken.extend(group);
            round.extend(std::iter::repeat_n(i / groups.len(), group.len()));
        }
        self.relabelled(rows, columns, &taken, &round)
    }

    fn more_rows(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        n: usize,
    ) -> Result<RecordBatch, Error> {
        let mut taken = Vec::new();
        for group in Self::by_group(rows, columns) {
            taken.extend((0..n).map(|i| group[i % group.len()]));
        }
        Ok(take_rows(rows, &taken)?)
    }

    /// Rows whose groups, and what lies within them, have a name of their own in each round.
    fn relabelled(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        taken: &[u32],
        round: &[usize],
    ) -> Result<RecordBatch, Error> {
        let out = take_rows(rows, taken)?;
        let host = labels(rows, columns);
        // The column of a factor that lies within is renamed too.
        let mut renamed: Vec<&String> = Vec::new();
        if let [only] = columns {
            renamed.push(only);
        } else {
            renamed.extend(columns.last());
        }
        for (_, own) in &self.factors {
            for column in own.iter().filter(|c| !columns.contains(c)) {
                let inner = labels(rows, std::slice::from_ref(column));
                let mut known: HashMap<&str, &str> = HashMap::new();
                let nested = (inner.iter().zip(&host))
                    .all(|(i, h)| *known.entry(i).or_insert(h) == h.as_str());
                if nested && !renamed.contains(&column) {
                    renamed.push(column);
                }
            }
        }
        let schema = out.schema();
        let mut fields: Vec<(String, ArrayRef)> = Vec::new();
        for (field, array) in schema.fields().iter().zip(out.columns()) {
            let array: ArrayRef = match renamed.iter().any(|c| *c == field.name()) {
                false => Arc::clone(array),
                true => {
                    let own = labels(&out, std::slice::from_ref(field.name()));
                    let names = own.iter().zip(round).map(|(label, round)| match round {
                        0 => label.clone(),
                        _ => format!("{label} ({})", round + 1),
                    });
                    Arc::new(StringArray::from_iter_values(names))
                }
            };
            fields.push((field.name().clone(), array));
        }
        RecordBatch::try_from_iter(fields)
            .map_err(|e| Error::new("bad_design", format!("the rows cannot be extended: {e}")))
    }
}

/// What rows say of their groups.
fn labels(rows: &RecordBatch, columns: &[String]) -> Vec<String> {
    let mut out = vec![String::new(); rows.num_rows()];
    for column in columns {
        let Some(array) = rows.column_by_name(column) else {
            continue;
        };
        for (row, text) in out.iter_mut().enumerate() {
            if !text.is_empty() {
                text.push(':');
            }
            if let Some(words) = array.as_dictionary_opt::<UInt32Type>() {
                if let Some(key) = words.key(row) {
                    *text += words.values().as_string::<i32>().value(key);
                }
            } else if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
                *text += &numbers.value(row).to_string();
            } else if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
                *text += &numbers.value(row).to_string();
            } else if let Some(values) = array.as_boolean_opt() {
                *text += &values.value(row).to_string();
            }
        }
    }
    out
}

/// All batches as one.
fn one_batch(batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    match batches {
        [only] => Ok(only.clone()),
        [] => Err(Error::new("no_rows_left", "there are no rows")),
        _ => Err(Error::new(
            "too_many_rows",
            "a study is planned from data of at most 65,536 rows",
        )
        .with_hint("plan from a design, or from a part of the rows")),
    }
}

/// So that a plan can be shown.
impl PowerPlan {
    /// What was changed against the fitted model.
    pub fn changes(&self) -> BTreeMap<String, f64> {
        let shown = |(knob, value): &(Knob, f64)| (knob.to_string(), *value);
        self.changes.iter().map(shown).collect()
    }
}
