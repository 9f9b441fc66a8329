//! Mean and variance of all responses, to start dispersions from.

use super::Observation;

/// Weighted mean and variance.
pub(super) struct Summary {
    pub mean: f64,
    pub variance: f64,
}

impl Summary {
    pub(super) fn of(rows: &[Observation]) -> Self {
        Self::by(rows, |row| row.y)
    }

    pub(super) fn by(rows: &[Observation], value: impl Fn(&Observation) -> f64) -> Self {
        let (mut weight, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for row in rows {
            // West's update (1979, CACM 22, 532).
            let y = value(row);
            weight += row.weight;
            let off = y - mean;
            mean += off * row.weight / weight;
            squares += row.weight * off * (y - mean);
        }
        let variance = squares / weight;
        if variance.is_finite() {
            Self { mean, variance }
        } else {
            Self {
                mean: 1.0,
                variance: 1.0,
            }
        }
    }
}
