//! The families under test, each with links, nuisance parameters and linear predictors.

use ranef_engine::glmm::family::{Binomial, Density, Link, Observation, Poisson};

/// What values a response takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// 0 or more, whole.
    Counts,
    /// Whole, 0 to this.
    UpTo(u32),
}

pub struct Case {
    pub name: String,
    pub density: Box<dyn Density>,
    pub support: Support,
    /// Trials and weight.
    pub row: Observation,
    pub psi: Vec<Vec<f64>>,
    /// Linear predictors with means that sums and quadrature can manage.
    pub eta: Vec<f64>,
    /// Responses to differentiate at.
    pub responses: Vec<f64>,
    /// Whether `information` is E[−ℓ''] and not only of its size.
    pub exact_information: bool,
}

impl Case {
    pub fn at(&self, y: f64) -> Observation {
        Observation { y, ..self.row }
    }
}

/// Linear predictors by the range of the mean that a link has.
fn unit_eta(link: Link) -> Vec<f64> {
    match link {
        Link::Log => vec![-5.0, -1.0, -0.3, -0.01],
        Link::Identity => vec![0.01, 0.3, 0.7, 0.9],
        Link::Cloglog => vec![-6.0, -2.5, -2.2, -0.4, 0.3, 1.5],
        _ => vec![-5.0, -1.2, 0.0, 0.4, 2.0, 5.0],
    }
}

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for link in [
        Link::Logit,
        Link::Probit,
        Link::Cloglog,
        Link::Cauchit,
        Link::Log,
        Link::Identity,
    ] {
        for (trials, weight) in [(1u32, 1.0), (7, 1.0), (20, 0.6)] {
            cases.push(Case {
                name: format!("binomial {link} of {trials}"),
                density: Box::new(Binomial { link }),
                support: Support::UpTo(trials),
                row: Observation::of(0.0, f64::from(trials)).weighted(weight),
                psi: vec![vec![]],
                eta: unit_eta(link),
                responses: vec![0.0, f64::from(trials / 2), f64::from(trials)],
                exact_information: true,
            });
        }
    }
    for (link, eta) in [
        (Link::Log, vec![-8.0, -1.0, 0.5, 3.0, 5.0]),
        (Link::Sqrt, vec![-2.0, 0.1, 1.0, 7.0]),
        (Link::Identity, vec![0.01, 0.8, 30.0]),
    ] {
        for weight in [1.0, 2.5] {
            cases.push(Case {
                name: format!("poisson {link}"),
                density: Box::new(Poisson { link }),
                support: Support::Counts,
                row: Observation::new(0.0).weighted(weight),
                psi: vec![vec![]],
                eta: eta.clone(),
                responses: vec![0.0, 1.0, 4.0, 150.0],
                exact_information: true,
            });
        }
    }
    cases
}
