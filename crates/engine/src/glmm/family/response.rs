//! What a family expects of a response, and what is wrong with a value.

use super::{Counts, Family, Likelihood};

/// What kind of response a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// Any number.
    Number,
    /// A number above zero.
    Positive,
    /// A proportion strictly between 0 and 1.
    Unit,
    /// A whole number from 0.
    Count,
    /// A whole number from 1.
    PositiveCount,
    /// Successes among trials.
    Successes,
    /// A category, by its number from 0.
    Category,
}

/// What is wrong with one value of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Infinite, or not a number.
    #[error("it is not a finite number")]
    NotFinite,
    /// A count below zero.
    #[error("a count cannot be negative")]
    Negative,
    /// A count that is not whole.
    #[error("a count has to be a whole number")]
    NotWhole,
    /// Zero or less where only positive numbers can be.
    #[error("only numbers above zero have a density under this family")]
    NotPositive,
    /// A proportion of 0 or 1 under the beta family.
    #[error("the beta family has proportions strictly between 0 and 1, not 0 or 1 themselves")]
    AtTheEnd,
    /// Not a proportion.
    #[error("a proportion lies between 0 and 1")]
    OutsideUnit,
    /// A zero where zeros were cut off.
    #[error("a zero cannot be under a zero-truncated family")]
    Zero,
    /// More successes than trials.
    #[error("there cannot be more successes than trials")]
    AboveTrials,
    /// No trials, or fewer than none.
    #[error("the number of trials has to be above zero")]
    NoTrials,
    /// Not the number of a category.
    #[error("it is not one of the categories")]
    NotACategory,
}

impl Fault {
    /// A name for programs to go by.
    pub fn code(self) -> &'static str {
        match self {
            Fault::NotFinite => "response_not_finite",
            Fault::Negative => "negative_count",
            Fault::NotWhole => "count_not_whole",
            Fault::NotPositive => "response_not_positive",
            Fault::AtTheEnd => "proportion_zero_or_one",
            Fault::OutsideUnit => "proportion_outside_unit",
            Fault::Zero => "zero_in_truncated",
            Fault::AboveTrials => "successes_above_trials",
            Fault::NoTrials => "no_trials",
            Fault::NotACategory => "not_a_category",
        }
    }

    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Fault::NotFinite => "leave the row out, or mark the value as missing",
            Fault::Negative | Fault::NotWhole => {
                "for amounts rather than counts try gamma (positive numbers) or gaussian"
            }
            Fault::NotPositive => {
                "with zeros that are real, try hurdle models, or gaussian; with zeros that are \
                 rounding, add the smallest amount that could be measured"
            }
            Fault::AtTheEnd => {
                "if the proportions are counts out of trials, use binomial with the trials as \
                 weights; else squeeze them, (y (n - 1) + 0.5) / n"
            }
            Fault::OutsideUnit => "percentages are divided by 100 first",
            Fault::Zero => "use the family without truncation, or a hurdle",
            Fault::AboveTrials => "check which column has the successes and which the trials",
            Fault::NoTrials => "leave rows without trials out",
            Fault::NotACategory => "categories are numbered from 0 in their order",
        }
    }
}

impl Family {
    /// What kind of response it has.
    pub fn response(self) -> Response {
        match self {
            Family::Gaussian | Family::Student => Response::Number,
            Family::Gamma | Family::InverseGaussian => Response::Positive,
            Family::Beta => Response::Unit,
            Family::Counts(_) | Family::ZeroInflated(_) | Family::Hurdle(_) => Response::Count,
            Family::Truncated(_) => Response::PositiveCount,
            Family::Binomial => Response::Successes,
            Family::Ordinal => Response::Category,
        }
    }

    /// The distribution of the counts behind it, if they are counts.
    pub fn counts(self) -> Option<Counts> {
        match self {
            Family::Counts(counts)
            | Family::ZeroInflated(counts)
            | Family::Hurdle(counts)
            | Family::Truncated(counts) => Some(counts),
            _ => None,
        }
    }

    /// Whether a value can be a response. `trials` counts for the binomial family; for the ordinal
    /// one it is the number of categories.
    ///
    /// Counts may be off a whole number by a thousandth, as R allows: a proportion times its
    /// trials has been rounded.
    pub fn check(self, y: f64, trials: f64) -> Result<(), Fault> {
        if !y.is_finite() {
            return Err(Fault::NotFinite);
        }
        let whole = || {
            if (y - y.round()).abs() > 1e-3 {
                Err(Fault::NotWhole)
            } else {
                Ok(())
            }
        };
        match self.response() {
            Response::Number => Ok(()),
            Response::Positive if y <= 0.0 => Err(Fault::NotPositive),
            Response::Positive => Ok(()),
            Response::Unit if !(0.0..=1.0).contains(&y) => Err(Fault::OutsideUnit),
            Response::Unit if y == 0.0 || y == 1.0 => Err(Fault::AtTheEnd),
            Response::Unit => Ok(()),
            _ if y < 0.0 => Err(Fault::Negative),
            Response::Count => whole(),
            Response::PositiveCount if y < 1e-3 => Err(Fault::Zero),
            Response::PositiveCount => whole(),
            Response::Successes => {
                if !trials.is_finite() || trials <= 0.0 {
                    Err(Fault::NoTrials)
                } else if y > trials * (1.0 + 1e-9) {
                    Err(Fault::AboveTrials)
                } else {
                    whole()
                }
            }
            Response::Category if y.fract() != 0.0 || y >= trials => Err(Fault::NotACategory),
            Response::Category => Ok(()),
        }
    }
}

/// From the scale of an optimiser, ψ, to that of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// As it is: thresholds.
    Same,
    /// exp ψ: standard deviations, dispersions, precisions.
    Exp,
    /// 1 + exp ψ: degrees of freedom.
    OnePlusExp,
    /// 1/(1 + exp −ψ): probabilities.
    Logistic,
}

impl Scale {
    /// The value to show.
    pub fn of(self, psi: f64) -> f64 {
        match self {
            Scale::Same => psi,
            Scale::Exp => psi.exp(),
            Scale::OnePlusExp => 1.0 + psi.exp(),
            Scale::Logistic => crate::distributions::special::logistic(psi),
        }
    }

    /// Its derivative in ψ, which carries a standard error over. All scales increase: intervals are
    /// carried over by their ends.
    pub fn slope(self, psi: f64) -> f64 {
        match self {
            Scale::Same => 1.0,
            Scale::Exp | Scale::OnePlusExp => psi.exp(),
            Scale::Logistic => {
                let p = self.of(psi);
                p * (1.0 - p)
            }
        }
    }
}

/// A nuisance parameter as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// A short name, such as `sigma`, `dispersion` or `1|2`.
    pub name: String,
    /// What it is, in words.
    pub meaning: &'static str,
    /// On which scale.
    pub scale: Scale,
}

impl Likelihood {
    /// The nuisance parameters in the order of ψ. `categories` are the labels of an ordinal
    /// response, whose thresholds are named after their neighbours.
    pub fn parameters(&self, categories: &[String]) -> Vec<Parameter> {
        let parameter = |name: &str, meaning: &'static str, scale: Scale| Parameter {
            name: name.to_string(),
            meaning,
            scale,
        };
        let of_counts = |counts: Counts| match counts {
            Counts::Poisson => None,
            Counts::NegativeBinomial2 => Some(parameter(
                "dispersion",
                "k in the variance mu + mu^2/k; the larger, the closer to Poisson",
                Scale::Exp,
            )),
            Counts::NegativeBinomial1 => Some(parameter(
                "dispersion",
                "phi in the variance mu (1 + phi); 0 would be Poisson",
                Scale::Exp,
            )),
        };
        match self.family() {
            Family::Binomial => Vec::new(),
            Family::Counts(counts) | Family::Truncated(counts) => {
                of_counts(counts).into_iter().collect()
            }
            Family::ZeroInflated(counts) => of_counts(counts)
                .into_iter()
                .chain([parameter(
                    "zero_probability",
                    "probability of a zero beside those of the counts",
                    Scale::Logistic,
                )])
                .collect(),
            Family::Hurdle(counts) => of_counts(counts)
                .into_iter()
                .chain([parameter(
                    "zero_probability",
                    "probability of a zero",
                    Scale::Logistic,
                )])
                .collect(),
            Family::Gaussian => vec![parameter(
                "sigma",
                "standard deviation of the residuals",
                Scale::Exp,
            )],
            Family::Gamma => vec![parameter(
                "dispersion",
                "phi in the variance phi mu^2, the square of the coefficient of variation",
                Scale::Exp,
            )],
            Family::InverseGaussian => vec![parameter(
                "dispersion",
                "phi in the variance phi mu^3",
                Scale::Exp,
            )],
            Family::Beta => vec![parameter(
                "precision",
                "phi in the variance mu (1 - mu)/(1 + phi)",
                Scale::Exp,
            )],
            Family::Student => vec![
                parameter("sigma", "scale of the residuals", Scale::Exp),
                parameter("df", "degrees of freedom", Scale::OnePlusExp),
            ],
            Family::Ordinal => categories
                .windows(2)
                .map(|pair| {
                    parameter(
                        &format!("{}|{}", pair[0], pair[1]),
                        "threshold between two categories",
                        Scale::Same,
                    )
                })
                .collect(),
        }
    }
}
