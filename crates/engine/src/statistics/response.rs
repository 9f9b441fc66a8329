//! The part of the statistics that the response is in.
//!
//! [Z X]'W[Z X] is a matter of the design alone; only Z'Wy, X'Wy and y'Wy change when the same
//! rows get another response. What simulates responses and what fits them again and again hand
//! each other these numbers and nothing else.

use super::Statistics;

/// Crossproducts of the response with everything, in standard units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseProducts {
    /// Z'Wy by grouping factor: K numbers a level.
    pub(crate) random: Vec<Vec<f64>>,
    /// X'Wy, p numbers.
    pub(crate) fixed: Vec<f64>,
    /// y'Wy.
    pub(crate) square: f64,
}

impl ResponseProducts {
    /// The same of a model without some fixed-effects columns (positions in increasing order), as
    /// [`Statistics::without_fixed`].
    pub fn without_fixed(&self, dropped: &[usize]) -> Self {
        let kept = (0..self.fixed.len()).filter(|j| !dropped.contains(j));
        Self {
            fixed: kept.map(|j| self.fixed[j]).collect(),
            ..self.clone()
        }
    }
}

impl Statistics {
    /// The crossproducts of the response.
    pub fn response_products(&self) -> ResponseProducts {
        let (p, t) = (self.layout.fixed, self.layout.fixed + 1);
        let corner = self.corner();
        ResponseProducts {
            random: (self.tail.iter())
                .map(|tail| tail.chunks_exact(t).map(|row| row[p]).collect())
                .collect(),
            fixed: (0..p).map(|j| corner[j * t + p]).collect(),
            square: corner[p * t + p],
        }
    }

    /// The statistics of the same rows with another response. Means and variances of the rows
    /// ([`Statistics::moments`]) stay those of the first one.
    ///
    /// # Panics
    /// If the products are of another model.
    pub fn with_response(&self, products: &ResponseProducts) -> Statistics {
        let (p, t) = (self.layout.fixed, self.layout.fixed + 1);
        assert_eq!(products.fixed.len(), p, "products of another model");
        let mut out = self.clone();
        for (tail, values) in out.tail.iter_mut().zip(&products.random) {
            for (row, value) in tail.chunks_exact_mut(t).zip(values) {
                row[p] = *value;
            }
        }
        let mut put = |row: usize, column: usize, value: f64| {
            out.corner[column * t + row] = value;
            out.corner_error[column * t + row] = 0.0;
        };
        for (j, value) in products.fixed.iter().enumerate() {
            put(p, j, *value);
        }
        put(p, p, products.square);
        out
    }
}
