//! `scale(x)` and `center(x)`.

use serde::{Deserialize, Serialize};

use crate::survey::Moments;

/// What is taken away and what is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    pub(crate) centre: Centre,
    pub(crate) scaling: Scaling,
}

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Centre {
    /// The mean of the rows that have the variable.
    Mean,
    /// A number: one that was given, 0 for `center = FALSE`, or the mean once it is learned.
    Is(f64),
}

/// What is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Scaling {
    /// √(Σ(x − centre)² / (n − 1)): the standard deviation, or with `center = FALSE` the root
    /// mean square, as in R.
    Spread,
    /// A number: one that was given, 1 for `scale = FALSE`, or the spread once it is learned.
    Is(f64),
}

impl Scale {
    /// Whether nothing is left to learn.
    pub(crate) fn is_given(&self) -> bool {
        matches!(
            self,
            Scale {
                centre: Centre::Is(_),
                scaling: Scaling::Is(_)
            }
        )
    }

    /// Learns; false when the spread is zero.
    pub(crate) fn learn(&mut self, moments: &Moments) -> bool {
        let centre = match self.centre {
            Centre::Mean => moments.mean,
            Centre::Is(centre) => centre,
        };
        self.centre = Centre::Is(centre);
        if let Scaling::Spread = self.scaling {
            let n = moments.n as f64;
            let squares = moments.m2 + n * (moments.mean - centre).powi(2);
            self.scaling = Scaling::Is((squares / (n - 1.0)).sqrt());
        }
        self.divisor() > 0.0 || self.divisor() < 0.0
    }

    /// The number taken away.
    pub(crate) fn center(&self) -> f64 {
        match self.centre {
            Centre::Is(centre) => centre,
            Centre::Mean => 0.0,
        }
    }

    /// The number divided by.
    pub(crate) fn divisor(&self) -> f64 {
        match self.scaling {
            Scaling::Is(divisor) => divisor,
            Scaling::Spread => 1.0,
        }
    }
}
