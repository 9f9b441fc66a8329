//! The one place where the family of the response matters to small areas: from a linear predictor
//! to an expected response, and from rows to the direct estimate of a group.

use std::sync::Arc;

use ranef_design::{DesignRows, Expect};
use ranef_engine::distributions::{Normal, StudentT};
use ranef_engine::glmm::family::{Density, Link};

use crate::generalised::rows::observations;
use crate::{Error, Fit, Note};

/// How a response lies to its linear predictor.
#[derive(Clone)]
pub(super) struct Response {
    /// Whether values are shares of trials, with the weights as trials.
    shares: bool,
    mean: Mean,
    exponential: Option<Exponential>,
}

/// A mean that is a simple function of e^η.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exponential {
    /// e^η, behind a log link.
    Itself,
    /// e^η/(1 + e^η), behind a logit.
    Share,
}

impl Exponential {
    /// The mean, given e^η.
    pub fn mean(self, e: f64) -> f64 {
        match self {
            Exponential::Itself => e,
            Exponential::Share => 1.0 / (1.0 + 1.0 / e),
        }
    }

    /// Of a family whose mean is the inverse of its link and nothing else; zero-inflated ones have a
    /// link too.
    fn of(fit: &Fit, density: &dyn Density) -> Option<Self> {
        let form = match fit.family().link() {
            Link::Log => Exponential::Itself,
            Link::Logit => Exponential::Share,
            _ => return None,
        };
        let psi = &fit.facts.estimates.nuisance;
        let same = |eta: f64| {
            let mean = form.mean(eta.exp());
            (density.mean(eta, psi) - mean).abs() <= 1e-12 * mean
        };
        [-1.3, 0.4, 2.1].into_iter().all(same).then_some(form)
    }
}

/// The expected response at a linear predictor.
#[derive(Clone)]
enum Mean {
    /// The linear predictor itself.
    Itself,
    /// That of a family.
    Family(Arc<dyn Density>),
    /// A curve, for tests.
    #[cfg(test)]
    Curve(fn(f64) -> f64),
}

/// What the rows of a group say by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Direct {
    /// Their mean.
    pub estimate: f64,
    /// Its standard error; `None` for a single row.
    pub std_error: Option<f64>,
    /// The interval.
    pub interval: Option<(f64, f64)>,
}

/// Sums over rows of weight w (West 1979, Communications of the ACM 22:532).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub rows: usize,
    pub weight: f64,
    pub mean: f64,
    squares: f64,
}

impl Response {
    /// Of a model.
    pub fn of(fit: &Fit) -> Self {
        let family = fit.family();
        let density = (!family.is_gaussian()).then(|| family.density(fit.recipe()));
        Self {
            shares: family.expects() == Expect::Binary,
            exponential: density.as_ref().and_then(|d| Exponential::of(fit, &**d)),
            mean: density.map_or(Mean::Itself, Mean::Family),
        }
    }

    /// Of a response behind a link, with the inverse of that.
    #[cfg(test)]
    pub fn curved(curve: fn(f64) -> f64) -> Self {
        Self {
            shares: false,
            mean: Mean::Curve(curve),
            exponential: None,
        }
    }

    /// What the reader should know of the numbers that are averaged.
    pub fn note(fit: &Fit) -> Option<Note> {
        let categories = crate::family::categories(fit.recipe());
        let (first, last) = (categories.first()?, categories.last()?);
        Some(Note::new(
            "categories_as_numbers",
            format!(
                "Means take the categories as numbers: {first} is 0, and so on to {last}, which \
                 is {}.",
                categories.len() - 1
            ),
        ))
    }

    /// The expected response at a linear predictor, with the nuisance parameters of the family.
    pub fn mean(&self, eta: f64, psi: &[f64]) -> f64 {
        match &self.mean {
            Mean::Itself => eta,
            Mean::Family(density) => density.mean(eta, psi),
            #[cfg(test)]
            Mean::Curve(curve) => curve(eta),
        }
    }

    /// Where the expected response is a simple function of e^η.
    pub fn of_exponential(&self) -> Option<Exponential> {
        self.exponential
    }

    /// Whether means of expected responses are expected responses of means: then a group of rows
    /// is as good as one row, and normal effects make normal estimates.
    pub fn linear(&self) -> bool {
        matches!(self.mean, Mean::Itself)
    }

    /// The response of every row of a batch and its weight; of counts of successes, their share and
    /// the trials.
    pub fn observed(&self, fit: &Fit, rows: &DesignRows) -> Result<Vec<(f64, f64)>, Error> {
        let found = observations(fit.recipe(), fit.family(), rows, 0)?;
        let one =
            |o: ranef_engine::glmm::family::Observation| (o.y / o.trials, o.trials * o.weight);
        Ok(found.into_iter().map(one).collect())
    }

    /// The direct estimate: mean and standard error of the group's own rows, by Student's t; for
    /// shares the interval of Wilson (1927), which has ends within 0 and 1 also where all trials
    /// went one way.
    pub fn direct(&self, sums: &Sums, level: f64) -> Option<Direct> {
        if sums.rows == 0 || sums.weight <= 0.0 {
            return None;
        }
        let tail = 0.5 * (1.0 - level);
        if self.shares {
            let (n, p) = (sums.weight, sums.mean);
            let z = Normal::STANDARD.upper_quantile(tail);
            let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
            let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
            return Some(Direct {
                estimate: p,
                std_error: Some((p * (1.0 - p) / n).sqrt()),
                interval: Some((centre - half, centre + half)),
            });
        }
        let df = (sums.rows - 1) as f64;
        let std_error = (df > 0.0).then(|| (sums.squares / df / sums.weight).sqrt());
        Some(Direct {
            estimate: sums.mean,
            std_error,
            interval: std_error.map(|s| {
                let half = StudentT::new(df).upper_quantile(tail) * s;
                (sums.mean - half, sums.mean + half)
            }),
        })
    }
}

impl Sums {
    /// Takes in a row.
    pub fn add(&mut self, value: f64, weight: f64) {
        if weight <= 0.0 {
            return;
        }
        self.rows += 1;
        self.weight += weight;
        let step = value - self.mean;
        self.mean += step * weight / self.weight;
        self.squares += weight * step * (value - self.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_their_errors() {
        let mut sums = Sums::default();
        [3.0, 5.0, 7.0].iter().for_each(|&y| sums.add(y, 1.0));
        let gaussian = Response {
            shares: false,
            mean: Mean::Itself,
            exponential: None,
        };
        let direct = gaussian.direct(&sums, 0.95).expect("rows");
        assert_eq!(direct.estimate, 5.0);
        // R 4.2.2: t.test(c(3, 5, 7))$conf.int.
        assert!((direct.std_error.expect("rows") - 2.0 / 3f64.sqrt()).abs() < 1e-14);
        let (lower, upper) = direct.interval.expect("rows");
        assert!((lower - 0.0317245764993).abs() < 1e-11 && (upper - 9.9682754235007).abs() < 1e-11);
        // A row of weight 2 is the mean of two rows: the same estimate.
        let mut weighted = Sums::default();
        weighted.add(4.0, 2.0);
        weighted.add(7.0, 1.0);
        assert_eq!(
            gaussian.direct(&weighted, 0.95).expect("rows").estimate,
            5.0
        );
        let mut one = Sums::default();
        one.add(2.0, 1.0);
        let direct = gaussian.direct(&one, 0.95).expect("a row");
        assert_eq!((direct.std_error, direct.interval), (None, None));
        assert_eq!(gaussian.direct(&Sums::default(), 0.95), None);
    }

    #[test]
    fn shares_have_wilsons_interval() {
        let mut sums = Sums::default();
        sums.add(0.3, 10.0);
        // R 4.2.2: prop.test(3, 10, correct = FALSE)$conf.int.
        let shares = Response {
            shares: true,
            mean: Mean::Itself,
            exponential: None,
        };
        let (lower, upper) = shares
            .direct(&sums, 0.95)
            .and_then(|d| d.interval)
            .expect("rows");
        assert!((lower - 0.1077912674).abs() < 1e-10 && (upper - 0.6032218525).abs() < 1e-10);
        let mut none = Sums::default();
        none.add(0.0, 10.0);
        let (lower, upper) = shares
            .direct(&none, 0.95)
            .and_then(|d| d.interval)
            .expect("rows");
        assert!(lower.abs() < 1e-15 && upper > 0.2);
    }
}
