//! Semi-partial R²: what the model would lose without a fixed effect (Edwards et al. 2008; Jaeger,
//! Edwards, Das and Sen 2017), as in R's r2glmm.
//!
//! R²_β = (ν1F/ν2)/(1 + ν1F/ν2) for the Wald F of a set of coefficients. What F and ν2 are, is the
//! method:
//!
//! - `kr`: Kenward and Roger's F and degrees of freedom (from the REML fit);
//! - `nsj`: V replaced by the mean of its diagonal, ν2 = n − 1. For all fixed effects this is the
//!   marginal R² of Nakagawa, Schielzeth and Johnson;
//! - `sgv`: V replaced by its standardised generalised variance, the geometric mean over the groups
//!   of |V_j|^{1/n_j}, with ν2 = m̄(m + 1) + (m̄ − 1)(m̄ − 2)/2 and m = J − m̄ − 1 (n − 1 if m ≤ 0), m̄ the
//!   mean size of the J groups.
//!
//! Intervals are quantiles of the noncentral beta distribution with shapes ν1/2 and ν2/2 and
//! noncentrality ν1F, as in r2glmm: where the R² of new data would lie if the noncentrality were as
//! large as the statistic. They take V as known. But ν1F is itself too large a noncentrality, by ν1
//! on average, and adds to it once more what chance adds: with nothing to explain R² is about
//! ν1/(ν1 + ν2), not zero. So where F is well below 1 the whole interval lies above the estimate.
//! (Turning the tests around instead would put it below the estimate there.) A note says so.

use ranef_engine::distributions::NoncentralBeta;
use serde::Serialize;

use super::algebra::{inverse, log_det, solve};
use super::point::Model;
use crate::{Error, Fit, Note};

/// The semi-partial R² of one set of coefficients by one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SemiPartial {
    /// `Model` for all fixed effects, a term of the formula, or a column of a term with several.
    pub term: String,
    /// `model`, `term` or `column`.
    pub kind: &'static str,
    /// `kr`, `nsj` or `sgv`.
    pub method: &'static str,
    /// Coefficients tested, ν1.
    pub num_df: f64,
    /// ν2.
    pub den_df: f64,
    /// The Wald F.
    pub f: f64,
    /// The R².
    pub r2: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Coefficients tested together, as positions in `fixef`.
struct Set {
    term: String,
    kind: &'static str,
    columns: Vec<usize>,
}

impl Fit {
    /// Semi-partial R² of all fixed effects together, of every term, and of the columns of terms
    /// with several, by three methods, with intervals at `confidence`. Empty for a model with the
    /// intercept alone.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit.
    pub fn semi_partial(&self, confidence: f64) -> Result<Vec<SemiPartial>, Error> {
        let sets = self.sets();
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        let p = self.fixef().len();
        let kenward_roger = self.kenward_roger()?;
        for set in &sets {
            let mut contrasts = vec![0.0; set.columns.len() * p];
            let mut values = Vec::new();
            for (row, &j) in set.columns.iter().enumerate() {
                contrasts[row * p + j] = 1.0;
                values.push(kenward_roger.fixef()[j]);
            }
            let test = kenward_roger.f_test(&contrasts, &values);
            out.extend(row(set, "kr", test.num_df, test.den_df, test.f, confidence));
        }
        let rows = self.nobs() as f64;
        if let Some(products) = self.inverse_products() {
            let mean: f64 = {
                let model = Model::of(self, confidence);
                model.all_random(&model.here) + self.sigma().powi(2)
            };
            let (generalised, den_df) = self.generalised_variance()?;
            for (method, scalar, den_df) in
                [("nsj", mean, rows - 1.0), ("sgv", generalised, den_df)]
            {
                for set in &sets {
                    let num_df = set.columns.len() as f64;
                    let Some(wald) = wald(set, &products, self.fixef()) else {
                        continue;
                    };
                    let f = wald / scalar / num_df;
                    out.extend(row(set, method, num_df, den_df, f, confidence));
                }
            }
        }
        Ok(out)
    }

    /// The sets of coefficients that are asked about.
    fn sets(&self) -> Vec<Set> {
        let recipe = self.recipe();
        let kept = recipe.fixed_kept();
        let names = self.fixed_names();
        let assign = recipe.fixed_assign();
        let of_term = |term: usize| -> Vec<usize> {
            (0..kept.len())
                .filter(|&at| assign[kept[at]] == Some(term))
                .collect()
        };
        let all: Vec<usize> = (0..kept.len())
            .filter(|&at| assign[kept[at]].is_some())
            .collect();
        let mut sets = Vec::new();
        if all.is_empty() {
            return sets;
        }
        sets.push(Set {
            term: "Model".to_owned(),
            kind: "model",
            columns: all,
        });
        for (index, term) in recipe.fixed_terms().iter().enumerate() {
            let columns = of_term(index);
            let several = columns.len() > 1;
            if columns.is_empty() {
                continue;
            }
            sets.push(Set {
                term: term.label.clone(),
                kind: "term",
                columns: columns.clone(),
            });
            for at in columns.into_iter().filter(|_| several) {
                sets.push(Set {
                    term: names[at].to_owned(),
                    kind: "column",
                    columns: vec![at],
                });
            }
        }
        sets
    }

    /// (X'X)⁻¹, each row counted once, p × p; without the intercept's row and column where there is
    /// one.
    fn inverse_products(&self) -> Option<Vec<f64>> {
        let p = self.fixef().len();
        let n = self.nobs() as f64;
        let moments = self.moments();
        if !self.recipe().has_intercept() {
            let products: Vec<f64> = (0..p * p)
                .map(|at| {
                    let means = moments.fixed_mean[at / p] * moments.fixed_mean[at % p];
                    (n - 1.0) * moments.fixed_cov[at] + n * means
                })
                .collect();
            return inverse(&products, p);
        }
        // The intercept is the first column.
        let q = p - 1;
        let centred: Vec<f64> = (0..q * q)
            .map(|at| (n - 1.0) * moments.fixed_cov[(at / q + 1) * p + at % q + 1])
            .collect();
        let inner = inverse(&centred, q)?;
        let mut out = vec![0.0; p * p];
        for i in 0..q {
            for j in 0..q {
                out[(i + 1) * p + j + 1] = inner[i * q + j];
            }
        }
        Some(out)
    }

    /// The standardised generalised variance and its ν2: over the groups of the only grouping
    /// factor; |V|^{1/n} with several, where V has no blocks of its own.
    fn generalised_variance(&self) -> Result<(f64, f64), Error> {
        let n = self.nobs() as f64;
        let sigma_squared = self.sigma().powi(2);
        let factors = self.recipe().factors();
        let weighted = self.options().design.weights.is_some();
        let variance = if factors.len() == 1 && !weighted {
            let layout = crate::rows::layout(self.recipe());
            let lambda = layout.lambda(self.theta());
            let statistics = self.statistics()?;
            let k = layout.factors[0].width;
            let mut sum = 0.0;
            let mut levels = statistics.levels(0);
            let mut inner = vec![0.0; k * k];
            for level in 0..factors[0].levels {
                let products = levels.read(level);
                for i in 0..k {
                    for j in 0..k {
                        let mut total = f64::from(u8::from(i == j));
                        for a in 0..k {
                            for b in 0..k {
                                total += lambda[0][a * k + i]
                                    * products.random[a * k + b]
                                    * lambda[0][b * k + j];
                            }
                        }
                        inner[i * k + j] = total;
                    }
                }
                sum += log_det(&mut inner, k) / products.rows.max(1) as f64;
            }
            sigma_squared * (sum / factors[0].levels as f64).exp()
        } else {
            // log|V| from the criterion: dof(1 + log 2πσ²) + log|V/σ²| (+ log|X'V⁻¹X| σ^2p by REML).
            let p = self.fixef().len() as f64;
            let tau = std::f64::consts::TAU;
            let mut relative: Vec<f64> = self.vcov().iter().map(|x| x / sigma_squared).collect();
            let (degrees, fixed) = if self.reml() {
                (n - p, -log_det(&mut relative, self.fixef().len()))
            } else {
                (n, 0.0)
            };
            // By ML the estimate of σ² has the divisor n, by REML n − p: both profile it out.
            let log = self.criterion() - degrees * (1.0 + (tau * sigma_squared).ln()) - fixed;
            sigma_squared * (log / n).exp()
        };
        let shapes = factors.iter().filter(|f| f.levels > 0);
        let groups = shapes.map(|f| f.levels).min().unwrap_or(1) as f64;
        let mean = n / groups;
        let m = groups - mean - 1.0;
        let den_df = if m > 0.0 && !factors.is_empty() {
            mean * (m + 1.0) + (mean - 1.0) * (mean - 2.0) / 2.0
        } else {
            n - 1.0
        };
        Ok((variance, den_df))
    }
}

/// What to say of intervals that do not hold their estimate.
pub(super) fn above(rows: &[SemiPartial]) -> Option<Note> {
    let mut terms: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|r| r.lower > r.r2) {
        if !terms.contains(&row.term.as_str()) {
            terms.push(&row.term);
        }
    }
    if terms.is_empty() {
        return None;
    }
    let one = terms.len() == 1;
    Some(Note::new(
        "interval_above_estimate",
        format!(
            "The interval of a semi-partial R² of {} lies above its estimate. It says where the R² \
             of new data would lie, and chance alone gives an R² of about NumDF/(NumDF + DenDF): \
             with F so far below 1, {} explain{} no more than chance would.",
            crate::robust::listed(&terms),
            if one { "this term" } else { "these terms" },
            if one { "s" } else { "" }
        ),
    ))
}

/// (Cβ)'\[C(X'X)⁻¹C'\]⁻¹(Cβ).
fn wald(set: &Set, products: &[f64], beta: &[f64]) -> Option<f64> {
    let p = beta.len();
    let q = set.columns.len();
    let mut block: Vec<f64> = (0..q * q)
        .map(|at| products[set.columns[at / q] * p + set.columns[at % q]])
        .collect();
    let values: Vec<f64> = set.columns.iter().map(|&j| beta[j]).collect();
    let mut right = values.clone();
    solve(&mut block, &mut right, 1)?;
    Some(values.iter().zip(&right).map(|(a, b)| a * b).sum())
}

fn row(
    set: &Set,
    method: &'static str,
    num_df: f64,
    den_df: f64,
    f: f64,
    confidence: f64,
) -> Option<SemiPartial> {
    let ratio = num_df * f / den_df;
    let distribution = NoncentralBeta::new(0.5 * num_df, 0.5 * den_df, num_df * f);
    let finite = ratio.is_finite() && ratio >= 0.0;
    finite.then(|| SemiPartial {
        term: set.term.clone(),
        kind: set.kind,
        method,
        num_df,
        den_df,
        f,
        r2: ratio / (1.0 + ratio),
        lower: distribution.quantile(0.5 - 0.5 * confidence),
        upper: distribution.quantile(0.5 + 0.5 * confidence),
    })
}
