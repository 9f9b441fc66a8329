//! What the fixed effects would be without some of the rows, θ and σ kept: one step of deletion.
//!
//! A row that is left out is a row with a free parameter of its own. With dummies D for the rows S,
//! GLS gives δ̂ = (P_SS)⁻¹(Py)_S and
//!
//! β̂ − β̂_(S) = F δ̂,  Φ_(S) = Φ + σ²F(P_SS)⁻¹F',  F = (X'V⁻¹X)⁻¹X'V⁻¹D
//!
//! (Christensen, Pearson and Johnson 1992, Technometrics 34:38; Demidenko and Stukel 2005, Statistics
//! in Medicine 24:893). P and F come from the joint covariance C of all effects: with rows a = (x, z)
//! P_ij = w_i[i = j] − w_iw_j a_iCa_j'/σ², F_i = w_i Cov(a_i, β̂)/σ², and (Py)_i = w_i(y − ŷ)_i. So a
//! group costs its rows squared, in any design, crossed or nested.

use super::joint::{JointRow, JointRows};

/// A row to be left out.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// The row, ready to be compared with others.
    pub row: JointRow,
    /// y − ŷ, random effects included.
    pub residual: f64,
    /// Its precision weight.
    pub weight: f64,
}

/// What leaving out does to the fixed effects.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// β̂ − β̂_(S), p numbers.
    pub change: Vec<f64>,
    /// Φ_(S), p × p by rows, with the σ of all rows.
    pub vcov: Vec<f64>,
}

/// A pivot below this share of a row's weight is rounding: without the rows a fixed effect cannot
/// be estimated.
const PIVOT: f64 = 1e-9;

impl JointRows<'_> {
    /// The fixed effects without some rows, θ and `sigma` kept; `vcov` is theirs with all rows.
    /// `None` where they cannot be estimated without these rows.
    pub fn without(&self, rows: &[LeftOut], sigma: f64, vcov: &[f64]) -> Option<Deletion> {
        let covariances = match rows {
            [one] => vec![self.variance_of(&one.row).total],
            _ => self.covariances(&rows.iter().map(|r| &r.row).collect::<Vec<_>>()),
        };
        self.solve(rows, covariances, sigma, vcov)
    }

    /// The same for one row whose leverage h is known already.
    pub fn without_row(
        &self,
        row: &LeftOut,
        leverage: f64,
        sigma: f64,
        vcov: &[f64],
    ) -> Option<Deletion> {
        let variance = leverage * sigma * sigma / row.weight;
        self.solve(std::slice::from_ref(row), vec![variance], sigma, vcov)
    }

    /// Given the covariances of what the rows miss, lower triangle by rows.
    fn solve(
        &self,
        rows: &[LeftOut],
        mut l: Vec<f64>,
        sigma: f64,
        vcov: &[f64],
    ) -> Option<Deletion> {
        let (n, p) = (rows.len(), vcov.len().isqrt());
        let scale = 1.0 / (sigma * sigma);
        // P_SS, lower triangle, and its Cholesky factor in its place.
        for i in 0..n {
            let a = rows[i].weight;
            for j in 0..=i {
                let own = if i == j { a } else { 0.0 };
                l[i * n + j] = own - scale * a * rows[j].weight * l[i * n + j];
            }
        }
        for i in 0..n {
            for j in 0..=i {
                let (before, current) = l.split_at(i * n);
                let other = if j == i {
                    &current[..j]
                } else {
                    &before[j * n..j * n + j]
                };
                let taken: f64 = current[..j].iter().zip(other).map(|(x, y)| x * y).sum();
                let rest = l[i * n + j] - taken;
                l[i * n + j] = if i != j {
                    rest / l[j * n + j]
                } else if rest > PIVOT * rows[i].weight {
                    rest.sqrt()
                } else {
                    return None;
                };
            }
        }
        // L⁻¹ of (Py)_S and of F'.
        let mut half: Vec<Vec<f64>> = Vec::with_capacity(n);
        for (i, row) in rows.iter().enumerate() {
            let mut line: Vec<f64> = self
                .with_fixed(&row.row)
                .iter()
                .map(|c| scale * row.weight * c)
                .collect();
            line.push(row.weight * row.residual);
            for (j, done) in half.iter().enumerate() {
                let factor = l[i * n + j];
                line.iter_mut()
                    .zip(done)
                    .for_each(|(x, d)| *x -= factor * d);
            }
            line.iter_mut().for_each(|x| *x /= l[i * n + i]);
            half.push(line);
        }
        let mut out = Deletion {
            change: vec![0.0; p],
            vcov: vcov.to_vec(),
        };
        for line in &half {
            for a in 0..p {
                out.change[a] += line[a] * line[p];
                for b in 0..p {
                    out.vcov[a * p + b] += sigma * sigma * line[a] * line[b];
                }
            }
        }
        Some(out)
    }
}
