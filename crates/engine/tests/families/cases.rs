//! The families under test, each with links, nuisance parameters and linear predictors.

use ranef_engine::glmm::family::{
    Beta, Binomial, Count, Density, Gamma, Gaussian, Hurdle, InverseGaussian, Link,
    NegativeBinomial1, NegativeBinomial2, Observation, Ordinal, Poisson, Student, Truncated,
    ZeroInflated,
};

/// What values a response takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// 0 or more, whole.
    Counts,
    /// 1 or more, whole.
    PositiveCounts,
    /// Whole, 0 to this.
    UpTo(u32),
    /// Positive numbers.
    Positive,
    /// Between 0 and 1.
    Unit,
    /// All numbers.
    Real,
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
    let mut cases = binomial();
    cases.extend(poisson());
    cases.extend(negative_binomial());
    cases.extend(positive());
    cases.extend(real());
    cases.extend(beta());
    cases.extend(ordinal());
    cases.extend(zeros());
    cases
}

fn binomial() -> Vec<Case> {
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
    cases
}

fn poisson() -> Vec<Case> {
    let mut cases = Vec::new();
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

fn negative_binomial() -> Vec<Case> {
    let mut cases = Vec::new();
    for (link, eta) in [
        (Link::Log, vec![-6.0, -1.0, 0.5, 3.0]),
        (Link::Sqrt, vec![-2.0, 0.3, 4.0]),
        (Link::Identity, vec![0.02, 0.8, 20.0]),
    ] {
        for weight in [1.0, 0.3] {
            let case = |name: &str, density: Box<dyn Density>, psi: &[f64], exact: bool| Case {
                name: format!("{name} {link}"),
                density,
                support: Support::Counts,
                row: Observation::new(0.0).weighted(weight),
                psi: psi.iter().map(|&psi| vec![psi]).collect(),
                eta: eta.clone(),
                responses: vec![0.0, 1.0, 5.0, 24.0, 25.0, 400.0],
                exact_information: exact,
            };
            cases.push(case(
                "nbinom2",
                Box::new(NegativeBinomial2 { link }),
                &[-1.5, 0.0, 1.3, 2.4, 6.0, 15.0],
                true,
            ));
            cases.push(case(
                "nbinom1",
                Box::new(NegativeBinomial1 { link }),
                &[-12.0, -2.0, 0.0, 1.0, 2.5],
                false,
            ));
        }
    }
    cases
}

fn positive() -> Vec<Case> {
    let mut cases = Vec::new();
    for (link, eta) in [
        (Link::Log, vec![-3.0, 0.2, 2.0]),
        (Link::Inverse, vec![0.05, 0.9, 8.0]),
        (Link::Identity, vec![0.1, 1.5, 9.0]),
        (Link::InverseSquare, vec![0.1, 1.5, 30.0]),
    ] {
        for weight in [1.0, 3.0] {
            let case = |name: &str, density: Box<dyn Density>| Case {
                name: format!("{name} {link}"),
                density,
                support: Support::Positive,
                row: Observation::new(0.0).weighted(weight),
                psi: vec![vec![-4.0], vec![-0.7], vec![0.8]],
                eta: eta.clone(),
                responses: vec![0.1, 1.0, 7.0],
                exact_information: true,
            };
            if link != Link::InverseSquare {
                cases.push(case("gamma", Box::new(Gamma { link })));
            }
            cases.push(case("inverse gaussian", Box::new(InverseGaussian { link })));
        }
    }
    cases
}

fn real() -> Vec<Case> {
    let mut cases = Vec::new();
    for (link, eta) in [
        (Link::Identity, vec![-8.0, 0.0, 3.0]),
        (Link::Log, vec![-3.0, 0.5, 2.0]),
        (Link::Inverse, vec![-2.0, 0.4, 3.0]),
    ] {
        for weight in [1.0, 2.0] {
            let case = |name: &str, density: Box<dyn Density>, psi: Vec<Vec<f64>>| Case {
                name: format!("{name} {link}"),
                density,
                support: Support::Real,
                row: Observation::new(0.0).weighted(weight),
                psi,
                eta: eta.clone(),
                responses: vec![-4.0, 0.1, 2.5],
                exact_information: true,
            };
            cases.push(case(
                "gaussian",
                Box::new(Gaussian { link }),
                vec![vec![-1.0], vec![1.2]],
            ));
            if link != Link::Inverse {
                cases.push(case(
                    "t",
                    Box::new(Student { link }),
                    vec![
                        vec![-0.5, 0.5],
                        vec![0.9, 1.5],
                        vec![0.0, 2.9],
                        vec![0.3, 8.0],
                    ],
                ));
            }
        }
    }
    cases
}

fn beta() -> Vec<Case> {
    let mut cases = Vec::new();
    for link in [Link::Logit, Link::Probit, Link::Cloglog, Link::Cauchit] {
        for weight in [1.0, 0.4] {
            cases.push(Case {
                name: format!("beta {link}"),
                density: Box::new(Beta { link }),
                support: Support::Unit,
                row: Observation::new(0.5).weighted(weight),
                psi: vec![vec![1.0], vec![3.5], vec![7.0]],
                // More mass beside 1 than this could not be told from 1.
                eta: vec![-1.8, -0.3, 0.0],
                responses: vec![0.001, 0.4, 0.93],
                exact_information: true,
            });
        }
    }
    cases
}

fn ordinal() -> Vec<Case> {
    let mut cases = Vec::new();
    for link in [Link::Logit, Link::Probit, Link::Cloglog, Link::Cauchit] {
        for weight in [1.0, 1.7] {
            for psi in [
                vec![0.3],
                vec![-1.0, 0.8],
                vec![-2.0, -1.9, 0.1, 1.4],
                vec![-0.3, 0.3, 2.0],
            ] {
                let last = psi.len() as u32;
                cases.push(Case {
                    name: format!("ordinal {link}"),
                    density: Box::new(Ordinal {
                        link,
                        categories: psi.len() + 1,
                    }),
                    support: Support::UpTo(last),
                    row: Observation::new(0.0).weighted(weight),
                    psi: vec![psi],
                    eta: vec![-4.0, -0.5, 0.0, 0.6, 3.0],
                    responses: (0..=last).map(f64::from).collect(),
                    exact_information: true,
                });
            }
        }
    }
    cases
}

fn zeros() -> Vec<Case> {
    let mut cases = Vec::new();
    let link = Link::Log;
    let all = [
        ("poisson", forms(Poisson { link }), vec![], true),
        (
            "nbinom2",
            forms(NegativeBinomial2 { link }),
            vec![0.4],
            true,
        ),
        (
            "nbinom1",
            forms(NegativeBinomial1 { link }),
            vec![0.4],
            false,
        ),
    ];
    for (name, densities, own, exact) in all {
        for (i, density) in densities.into_iter().enumerate() {
            let truncated = i == 2;
            let logits: &[f64] = if truncated {
                &[0.0]
            } else {
                &[-4.0, -0.5, 2.0]
            };
            let psi = logits
                .iter()
                .map(|&logit| {
                    let mut psi = own.clone();
                    if !truncated {
                        psi.push(logit);
                    }
                    psi
                })
                .collect();
            let kind = ["zero-inflated", "hurdle", "truncated"][i];
            cases.push(Case {
                name: format!("{kind} {name}"),
                density,
                support: if truncated {
                    Support::PositiveCounts
                } else {
                    Support::Counts
                },
                row: Observation::new(1.0).weighted(0.8),
                psi,
                eta: vec![-4.0, -1.0, 0.3, 2.0, 4.5],
                responses: if truncated {
                    vec![1.0, 2.0, 30.0]
                } else {
                    vec![0.0, 1.0, 2.0, 30.0]
                },
                exact_information: exact,
            });
        }
    }
    cases
}

fn forms<B: Count + Copy + 'static>(count: B) -> [Box<dyn Density>; 3] {
    [
        Box::new(ZeroInflated(count)),
        Box::new(Hurdle(count)),
        Box::new(Truncated(count)),
    ]
}
