//! Ordered categories.

use super::tails::ln_one_minus_exp;
use super::{Density, Derivatives, Link, Nuisance, Observation, compose, compose_nuisance};
use crate::random::Stream;

/// The cumulative model: P(y ≤ k) = F(ψ_k − η) for categories 0 … K − 1, with F the function of the
/// link, so that a larger η makes higher categories likelier (McCullagh 1980; `ordinal::clmm`).
///
/// The K − 1 thresholds are the nuisance parameters, as they are: out of order they have the
/// log-density −∞. The weight multiplies the log-density. Means and variances are of the number of
/// the category.
///
/// The probability of an inner category is a difference. Its logarithm is taken in the tail that is
/// nearer, log F(b) + log(1 − exp(log F(a) − log F(b))), so that categories are told apart, and
/// differentiated, where 1 − F has no digits left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinal {
    /// Logit, probit, cloglog or cauchit.
    pub link: Link,
    /// Number of categories, 2 or more.
    pub categories: usize,
}

/// The log-probability of an inner category as L(η) + log(1 − exp x(η)).
struct Inner {
    lead: Derivatives,
    /// The threshold that is nearer to the bulk, and the other one.
    near: usize,
    far: usize,
    other: Derivatives,
    x: Derivatives,
    /// Value and derivatives of log(1 − exp x) in x.
    gap: Derivatives,
}

impl Ordinal {
    fn inner(self, category: usize, eta: f64, psi: &[f64]) -> Inner {
        let (lower, upper) = (psi[category - 1] - eta, psi[category] - eta);
        let lower_tail = lower + upper < 0.0;
        let (near, far) = if lower_tail {
            (category, category - 1)
        } else {
            (category - 1, category)
        };
        let at = |threshold: usize| {
            let argument = psi[threshold] - eta;
            if lower_tail {
                self.link.ln_mean(argument)
            } else {
                self.link.ln_rest(argument)
            }
        };
        let (lead, other) = (at(near), at(far));
        let x = other.combined(1.0, lead, -1.0);
        // As functions of η, not of the argument.
        let x = x.mirrored();
        let gap = if x.value < -740.0 {
            Derivatives::default()
        } else {
            ln_one_minus_exp(x.value)
        };
        Inner {
            lead,
            near,
            far,
            other,
            x,
            gap,
        }
    }

    /// The log-density with derivatives, of weight 1.
    fn category(self, category: usize, eta: f64, psi: &[f64]) -> Derivatives {
        let last = self.categories - 1;
        if !in_order(psi) || category > last {
            return Derivatives::OUTSIDE;
        }
        if category == 0 {
            self.link.ln_mean(psi[0] - eta).mirrored()
        } else if category == last {
            self.link.ln_rest(psi[last - 1] - eta).mirrored()
        } else {
            let inner = self.inner(category, eta, psi);
            let lead = inner.lead.mirrored();
            if inner.gap.value == 0.0 {
                return lead;
            }
            compose(
                [inner.gap.first, inner.gap.second, inner.gap.third],
                &inner.x,
            )
            .with_value(inner.gap.value)
            .combined(1.0, lead, 1.0)
        }
    }

    /// The probability of each category.
    pub fn probabilities(&self, eta: f64, psi: &[f64]) -> Vec<f64> {
        (0..self.categories)
            .map(|k| self.category(k, eta, psi).value.exp())
            .collect()
    }
}

fn in_order(psi: &[f64]) -> bool {
    psi.windows(2).all(|pair| pair[0] < pair[1]) && psi.iter().all(|x| x.is_finite())
}

impl Density for Ordinal {
    fn nuisance(&self) -> usize {
        self.categories - 1
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        self.category(row.y as usize, eta, psi).scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        out.fill(Nuisance::default());
        let last = self.categories - 1;
        let category = row.y as usize;
        if !in_order(psi) || category > last {
            return;
        }
        // ∂/∂ψ of f(ψ − η), whose derivatives in η alternate.
        let own = |d: &Derivatives| Nuisance {
            value: d.first,
            first: -d.second,
            second: d.third,
        };
        if category == 0 {
            out[0] = own(&self.link.ln_mean(psi[0] - eta)).scaled(row.weight);
        } else if category == last {
            out[last - 1] = own(&self.link.ln_rest(psi[last - 1] - eta)).scaled(row.weight);
        } else {
            let inner = self.inner(category, eta, psi);
            let lead = own(&inner.lead);
            if inner.gap.value == 0.0 {
                out[inner.near] = lead.scaled(row.weight);
                return;
            }
            let outer = [inner.gap.first, inner.gap.second, inner.gap.third];
            let near = compose_nuisance(outer, &inner.x, &lead.times(-1.0));
            out[inner.near] = lead.plus(&near).scaled(row.weight);
            out[inner.far] =
                compose_nuisance(outer, &inner.x, &own(&inner.other)).scaled(row.weight);
        }
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let information: f64 = (0..self.categories)
            .map(|k| {
                let at = self.category(k, eta, psi);
                let p = at.value.exp();
                if p > 0.0 {
                    p * at.first * at.first
                } else {
                    0.0
                }
            })
            .sum();
        if information.is_finite() {
            row.weight * information
        } else {
            0.0
        }
    }

    fn mean(&self, eta: f64, psi: &[f64]) -> f64 {
        let p = self.probabilities(eta, psi);
        p.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let p = self.probabilities(eta, psi);
        let mean: f64 = p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        p.iter()
            .enumerate()
            .map(|(k, p)| p * (k as f64 - mean).powi(2))
            .sum()
    }

    /// π²/3, 1 and π²/6 for logit, probit and cloglog; infinite for cauchit.
    fn link_variance(&self, _: f64, _: &[f64]) -> f64 {
        self.link.latent_variance().unwrap_or(f64::INFINITY)
    }

    /// An outer category can have any probability; an inner one is likeliest in the middle of its
    /// thresholds.
    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        let category = row.y as usize;
        if !in_order(psi) || category == 0 || category + 1 == self.categories {
            return 0.0;
        }
        if category >= self.categories {
            return f64::NEG_INFINITY;
        }
        let start = 0.5 * (psi[category - 1] + psi[category]);
        row.weight * super::peak::peak(start, |eta| self.category(category, eta, psi))
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let u = stream.uniform();
        let above = psi
            .iter()
            .filter(|&&threshold| self.link.value(threshold - eta).mean < u)
            .count();
        above as f64
    }

    fn start(&self, _: &Observation) -> f64 {
        0.0
    }

    /// Thresholds that give each category its share, none less than half an observation.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let mut share = vec![0.5; self.categories];
        for row in rows {
            if let Some(share) = share.get_mut(row.y as usize) {
                *share += row.weight;
            }
        }
        let all: f64 = share.iter().sum();
        let mut sum = 0.0;
        share[..self.categories - 1]
            .iter()
            .map(|share| {
                sum += share / all;
                self.link.of(sum)
            })
            .collect()
    }
}
