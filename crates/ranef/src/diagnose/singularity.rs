//! How many dimensions the random effects have, and what simpler models would cost.

use std::fmt;

use ranef_engine::optimize::symmetric_eigen;
use ranef_frame::Source;
use serde::Serialize;

use crate::table::{Answer, Style, Table};
use crate::{Fit, SimplerModel};

/// Principal components of the random effects, and the prices of simpler models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Singularity {
    /// Whether some combination of random effects has no variance.
    pub singular: bool,
    /// In words, term by term: what is singular.
    pub explanations: Vec<String>,
    /// The principal components of each grouping factor.
    pub principal: Vec<Principal>,
    /// For a singular fit the simpler models, the cheapest first.
    pub simpler: Vec<SimplerModel>,
    reml: bool,
}

/// Principal components of the random effects of one grouping factor (Bates, Kliegl, Vasishth and
/// Baayen 2015, "Parsimonious mixed models", arXiv:1506.04967; lme4's `rePCA`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Principal {
    /// The grouping factor.
    pub group: String,
    /// The effects of all its terms.
    pub terms: Vec<String>,
    /// The components by falling variance.
    pub components: Vec<Component>,
}

/// One principal component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    /// Its standard deviation in the units of the response.
    pub sd: f64,
    /// The same relative to σ, as `rePCA` prints it.
    pub relative_sd: f64,
    /// Its share of the variance.
    pub share: f64,
    /// The share of it and those before it.
    pub cumulative: f64,
    /// Its weights on the effects, of length 1; the largest is positive.
    pub rotation: Vec<f64>,
}

impl Fit {
    /// Principal components of the random effects and, for a singular fit, the prices of simpler
    /// models, for which the rows are read again.
    pub fn singularity(&self, source: &dyn Source) -> Singularity {
        let is = |note: &&crate::Note| {
            ["singular", "no_information", "collinear_effects"].contains(&note.code.as_str())
        };
        Singularity {
            singular: self.singular(),
            explanations: (self.notes().iter().filter(is))
                .map(|note| note.message.clone())
                .collect(),
            principal: self.principal_components(),
            simpler: self.simpler_models(source),
            reml: self.reml(),
        }
    }

    /// Principal components of the random effects of each grouping factor.
    pub fn principal_components(&self) -> Vec<Principal> {
        let factors = self.recipe().factors();
        (0..factors.len())
            .filter_map(|factor| {
                let blocks: Vec<_> = (self.varcorr().iter())
                    .filter(|block| block.factor == factor)
                    .collect();
                let terms: Vec<String> = blocks.iter().flat_map(|b| b.terms.clone()).collect();
                let k = terms.len();
                let mut covariance = vec![0.0; k * k];
                let mut first = 0;
                for block in &blocks {
                    for (i, row) in block.cov.iter().enumerate() {
                        for (j, value) in row.iter().enumerate() {
                            covariance[(first + i) * k + first + j] = *value;
                        }
                    }
                    first += block.terms.len();
                }
                Some(Principal {
                    group: blocks.first()?.group.clone(),
                    components: self.components(&covariance, k)?,
                    terms,
                })
            })
            .collect()
    }

    fn components(&self, covariance: &[f64], k: usize) -> Option<Vec<Component>> {
        let (values, vectors) = symmetric_eigen(covariance, k)?;
        // What rounding leaves of an eigenvalue that is zero.
        let largest = values.iter().fold(0.0f64, |a, b| a.max(*b));
        let clean = |x: f64| if x > 1e-14 * largest { x } else { 0.0 };
        let total: f64 = values.iter().map(|&x| clean(x)).sum();
        let mut cumulative = 0.0;
        let component = |at: usize| {
            let variance = clean(values[at]);
            let share = if total > 0.0 { variance / total } else { 0.0 };
            cumulative += share;
            let mut rotation = vectors[at * k..(at + 1) * k].to_vec();
            let most =
                (rotation.iter()).fold(0.0f64, |a, &b| if b.abs() > a.abs() { b } else { a });
            if most < 0.0 {
                rotation.iter_mut().for_each(|x| *x = -*x);
            }
            Component {
                sd: variance.sqrt(),
                relative_sd: variance.sqrt() / self.sigma(),
                share,
                cumulative,
                rotation,
            }
        };
        Some((0..k).rev().map(component).collect())
    }
}

impl Singularity {
    /// What the criterion is called.
    fn criterion(&self) -> &'static str {
        if self.reml {
            "REML criterion"
        } else {
            "deviance"
        }
    }

    /// The cheapest simpler model that costs next to nothing and is not singular itself, else the
    /// cheapest by AIC.
    pub fn recommended(&self) -> Option<&SimplerModel> {
        let by_aic = |a: &&SimplerModel, b: &&SimplerModel| a.aic_change.total_cmp(&b.aic_change);
        (self.simpler.iter().filter(|m| !m.singular).min_by(by_aic))
            .or_else(|| self.simpler.iter().min_by(by_aic))
    }

    fn prices(&self) -> Table {
        let models = &self.simpler;
        Table::new()
            .text("formula", models.iter().map(|m| m.formula.clone()))
            .numbers(
                "cost",
                Style::Statistic,
                models.iter().map(|m| m.cost.max(0.0)),
            )
            .titled(&format!("Δ {}", self.criterion()))
            .numbers(
                "fewer_parameters",
                Style::Count,
                models.iter().map(|m| m.fewer_parameters as f64),
            )
            .titled("fewer parameters")
            .numbers(
                "aic_change",
                Style::Statistic,
                models.iter().map(|m| m.aic_change),
            )
            .titled("ΔAIC")
            .numbers(
                "largest_change",
                Style::Share,
                models.iter().map(|m| m.largest_change().map(|c| c.change)),
            )
            .titled("largest change (SE)")
            .text(
                "of",
                models
                    .iter()
                    .map(|m| m.largest_change().map(|c| c.term.clone())),
            )
            .text(
                "singular",
                (models.iter()).map(|m| if m.singular { "yes" } else { "no" }.to_owned()),
            )
            .titled("singular too")
    }
}

impl Answer for Singularity {
    /// The principal components, one a row.
    fn table(&self) -> Table {
        let all = || (self.principal.iter()).flat_map(|p| p.components.iter().map(move |c| (p, c)));
        let number =
            |value: fn(&Component) -> f64| -> Vec<f64> { all().map(|(_, c)| value(c)).collect() };
        let place = self.principal.iter().flat_map(|p| 1..=p.components.len());
        let main = |(p, c): (&Principal, &Component)| {
            let parts: Vec<String> = (p.terms.iter().zip(&c.rotation))
                .filter(|(_, w)| w.abs() > 0.05)
                .map(|(term, w)| format!("{w:+.2}·{term}").replace('-', "−"))
                .collect();
            parts.join(" ")
        };
        Table::new()
            .text("group", all().map(|(p, _)| p.group.clone()))
            .numbers("component", Style::Count, place.map(|i| i as f64))
            .numbers("sd", Style::Estimate, number(|c| c.sd))
            .titled("Std. Dev.")
            .numbers("relative_sd", Style::Estimate, number(|c| c.relative_sd))
            .titled("relative to σ")
            .numbers("share", Style::Share, number(|c| c.share))
            .numbers("cumulative", Style::Share, number(|c| c.cumulative))
            .text("effects", all().map(main))
    }
}

impl fmt::Display for Singularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.principal.is_empty() {
            return writeln!(f, "The model has no random effects.");
        }
        writeln!(f, "Principal components of the random effects:")?;
        write!(f, "{}", self.table())?;
        for explanation in &self.explanations {
            writeln!(f)?;
            crate::format::write_text(f, explanation)?;
        }
        if !self.simpler.is_empty() {
            writeln!(f, "\nWhat simpler models would cost:")?;
            write!(f, "{}", self.prices())?;
        }
        Ok(())
    }
}
