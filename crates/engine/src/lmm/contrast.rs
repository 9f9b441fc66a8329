//! Several contrasts at once: what the F tests of Satterthwaite and of Kenward and Roger share.

use crate::optimize::symmetric_eigen;

/// An F test: `scaling`·F is compared with the F distribution on `num_df` and `den_df`; `f` has the
/// scaling in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FTest {
    /// The statistic, scaled.
    pub f: f64,
    /// What the plain Wald F was multiplied with: Kenward and Roger's λ, 1 by Satterthwaite.
    pub scaling: f64,
    /// Rank of the contrasts.
    pub num_df: f64,
    /// Degrees of freedom of the denominator.
    pub den_df: f64,
}

impl FTest {
    /// Wald's F of several contrasts, q × p by rows, given their estimates less the values tested,
    /// the p × p covariance matrix and the degrees of freedom of the denominator (infinite: χ²/q).
    pub fn wald(contrasts: &[f64], values: &[f64], covariance: &[f64], den_df: f64) -> Self {
        let turned = Uncorrelated::of(contrasts, values, covariance);
        Self {
            f: turned.mean_square(),
            scaling: 1.0,
            num_df: turned.rank() as f64,
            den_df,
        }
    }
}

/// Eigenvalues of the contrasts' covariance below this share of the largest are zero, as in
/// lmerTest: √ε.
const DEPENDENT: f64 = 1.490_116_119_384_765_6e-8;

/// Contrasts turned so that their estimates are uncorrelated: with LΦL' = PDP', the rows of P'L of
/// the eigenvalues that are not zero.
pub(super) struct Uncorrelated {
    /// q × p by rows.
    pub rows: Vec<f64>,
    /// Their estimates less what is tested.
    pub values: Vec<f64>,
    /// Their variances D.
    pub variances: Vec<f64>,
}

impl Uncorrelated {
    /// Turns contrasts (rows × p) whose estimates less the tested values are `values`, given the
    /// covariance matrix Φ of the p fixed effects.
    pub fn of(contrasts: &[f64], values: &[f64], covariance: &[f64]) -> Self {
        let p = covariance.len().isqrt();
        let n = values.len();
        let product = covariance_of(contrasts, covariance, n, p);
        // Rows in different units (a slope per day, a mean in grams) may differ by more than the
        // tolerance and yet be independent: what counts then is their correlation.
        let scale: Vec<f64> = (0..n)
            .map(|i| {
                let d = product[i * n + i];
                if d > 0.0 { 1.0 / d.sqrt() } else { 0.0 }
            })
            .collect();
        let plain = Self::turn(contrasts, values, &product, &vec![1.0; n], p);
        let scaled = Self::turn(contrasts, values, &product, &scale, p);
        if scaled.rank() > plain.rank() {
            scaled
        } else {
            plain
        }
    }

    fn turn(contrasts: &[f64], values: &[f64], product: &[f64], scale: &[f64], p: usize) -> Self {
        let n = values.len();
        let matrix: Vec<f64> = (0..n * n)
            .map(|at| product[at] * scale[at / n] * scale[at % n])
            .collect();
        let mut out = Self {
            rows: Vec::new(),
            values: Vec::new(),
            variances: Vec::new(),
        };
        let Some((variances, vectors)) = symmetric_eigen(&matrix, n) else {
            return out;
        };
        let largest = variances.iter().copied().fold(0.0, f64::max);
        for (&variance, vector) in variances.iter().zip(vectors.chunks_exact(n.max(1))).rev() {
            if variance <= DEPENDENT * largest {
                continue;
            }
            let weights: Vec<f64> = vector.iter().zip(scale).map(|(v, s)| v * s).collect();
            out.rows.extend((0..p).map(|j| {
                (0..n)
                    .map(|i| weights[i] * contrasts[i * p + j])
                    .sum::<f64>()
            }));
            let value = weights.iter().zip(values).map(|(w, v)| w * v).sum();
            out.values.push(value);
            out.variances.push(variance);
        }
        out
    }

    /// How many there are.
    pub fn rank(&self) -> usize {
        self.variances.len()
    }

    /// The mean of the squared t.
    pub fn mean_square(&self) -> f64 {
        let sum: f64 = self
            .values
            .iter()
            .zip(&self.variances)
            .map(|(v, d)| v * v / d)
            .sum();
        sum / self.rank() as f64
    }
}

/// LAL' of a contrast matrix with n rows.
pub(super) fn covariance_of(contrasts: &[f64], matrix: &[f64], n: usize, p: usize) -> Vec<f64> {
    let mut half = vec![0.0; n * p];
    for i in 0..n {
        for j in 0..p {
            half[i * p + j] = (0..p)
                .map(|b| contrasts[i * p + b] * matrix[b * p + j])
                .sum();
        }
    }
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let sum = (0..p).map(|b| half[i * p + b] * contrasts[j * p + b]).sum();
            out[i * n + j] = sum;
            out[j * n + i] = sum;
        }
    }
    out
}
