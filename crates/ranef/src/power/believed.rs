//! What a plan believes: the fixed effects, covariances and parameters of its model.

use ranef_engine::glmm::family::Link;

use super::design::{Correlation, Design, Predicted, Variance, bad, unknown};
use super::plan::{Base, Knob, PowerPlan};
use super::study::{Belief, named_effects};
use crate::random::RandomBlock;
use crate::{Error, Fit};

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
    pub(super) fn group_of<'a>(&'a self, label: &'a str) -> &'a str {
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
