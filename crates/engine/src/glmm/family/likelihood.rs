//! Families as users name them: text in, a [`Density`] out.

use std::fmt;
use std::str::FromStr;

use super::{
    Beta, Binomial, Density, Gamma, Gaussian, Hurdle, InverseGaussian, Link, NegativeBinomial1,
    NegativeBinomial2, Ordinal, Poisson, Student, Truncated, ZeroInflated,
};

/// A distribution of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// Variance μ.
    Poisson,
    /// Negative binomial, variance μ + μ²/k.
    NegativeBinomial2,
    /// Negative binomial, variance μ(1 + φ).
    NegativeBinomial1,
}

/// What a response is distributed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Numbers with normal errors.
    Gaussian,
    /// Successes among trials; yes or no.
    Binomial,
    /// Counts.
    Counts(Counts),
    /// Counts with extra zeros.
    ZeroInflated(Counts),
    /// Zero or not, and counts from 1 if not.
    Hurdle(Counts),
    /// Counts from 1.
    Truncated(Counts),
    /// Positive numbers with a constant coefficient of variation.
    Gamma,
    /// Positive numbers with a heavier tail.
    InverseGaussian,
    /// Proportions strictly between 0 and 1.
    Beta,
    /// Numbers with heavy-tailed errors.
    Student,
    /// Ordered categories: the cumulative model.
    Ordinal,
}

/// A family with a link that it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likelihood {
    family: Family,
    link: Link,
}

/// Why a text names no family with a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No such family.
    #[error("there is no family called `{text}`; there are {}", Family::names().join(", "))]
    Family {
        /// What was written.
        text: String,
    },
    /// No such link.
    #[error("there is no link called `{text}`; {family} allows {}", list(family.links()))]
    Link {
        /// What was written.
        text: String,
        /// For which family.
        family: Family,
    },
    /// The family does not go with this link.
    #[error("{family} does not go with the {link} link; it allows {}", list(family.links()))]
    NotAllowed {
        /// Which family.
        family: Family,
        /// Which link.
        link: Link,
    },
}

impl NameError {
    /// A name for programs to go by.
    pub fn code(&self) -> &'static str {
        match self {
            NameError::Family { .. } => "unknown_family",
            NameError::Link { .. } => "unknown_link",
            NameError::NotAllowed { .. } => "link_not_allowed",
        }
    }
}

fn list(links: &[Link]) -> String {
    let names: Vec<&str> = links.iter().map(|link| link.name()).collect();
    names.join(", ")
}

impl Counts {
    const ALL: [Counts; 3] = [
        Counts::Poisson,
        Counts::NegativeBinomial2,
        Counts::NegativeBinomial1,
    ];

    /// Its canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Counts::Poisson => "poisson",
            Counts::NegativeBinomial2 => "nbinom2",
            Counts::NegativeBinomial1 => "nbinom1",
        }
    }

    fn of(name: &str) -> Option<Self> {
        match name {
            "poisson" => Some(Counts::Poisson),
            "nbinom2"
            | "nbinom"
            | "nb"
            | "nb2"
            | "negbin"
            | "negbinomial"
            | "negative-binomial"
            | "negative.binomial"
            | "negative-binomial-2"
            | "negative-binomial2"
            | "negativebinomial" => Some(Counts::NegativeBinomial2),
            "nbinom1" | "nb1" | "negative-binomial-1" | "negative-binomial1" => {
                Some(Counts::NegativeBinomial1)
            }
            _ => None,
        }
    }
}

impl Family {
    /// All of them, in the order in which to list them.
    pub fn all() -> Vec<Family> {
        let mut all = vec![Family::Gaussian, Family::Binomial];
        all.extend(Counts::ALL.map(Family::Counts));
        all.extend([
            Family::Gamma,
            Family::InverseGaussian,
            Family::Beta,
            Family::Student,
            Family::Ordinal,
        ]);
        all.extend(Counts::ALL.map(Family::ZeroInflated));
        all.extend(Counts::ALL.map(Family::Hurdle));
        all.extend(Counts::ALL.map(Family::Truncated));
        all
    }

    /// The canonical names of all families.
    pub fn names() -> Vec<String> {
        Self::all().iter().map(Family::to_string).collect()
    }

    /// The links that go with this family, the default first.
    pub fn links(self) -> &'static [Link] {
        match self {
            Family::Gaussian => &[Link::Identity, Link::Log, Link::Inverse],
            Family::Binomial => &[
                Link::Logit,
                Link::Probit,
                Link::Cloglog,
                Link::Cauchit,
                Link::Log,
                Link::Identity,
            ],
            Family::Counts(_) => &[Link::Log, Link::Sqrt, Link::Identity],
            // Their formulas take dμ/dη = μ.
            Family::ZeroInflated(_) | Family::Hurdle(_) | Family::Truncated(_) => &[Link::Log],
            // R's default for the gamma is the inverse, which almost nobody wants: a linear
            // predictor of either sign has no mean.
            Family::Gamma => &[Link::Log, Link::Inverse, Link::Identity],
            Family::InverseGaussian => &[
                Link::Log,
                Link::InverseSquare,
                Link::Inverse,
                Link::Identity,
            ],
            Family::Beta | Family::Ordinal => {
                &[Link::Logit, Link::Probit, Link::Cloglog, Link::Cauchit]
            }
            Family::Student => &[Link::Identity, Link::Log],
        }
    }

    /// The link that is meant if none is named.
    pub fn default_link(self) -> Link {
        self.links()[0]
    }

    /// With its default link.
    pub fn likelihood(self) -> Likelihood {
        Likelihood {
            family: self,
            link: self.default_link(),
        }
    }

    /// With a link, if they go together.
    pub fn with(self, link: Link) -> Result<Likelihood, NameError> {
        if self.links().contains(&link) {
            Ok(Likelihood { family: self, link })
        } else {
            Err(NameError::NotAllowed { family: self, link })
        }
    }

    /// Whether prior weights divide a dispersion; elsewhere they multiply the log-density.
    pub fn weights_divide(self) -> bool {
        matches!(
            self,
            Family::Gaussian | Family::Gamma | Family::InverseGaussian | Family::Student
        )
    }

    /// Whether the model has a linear predictor without an intercept of its own, because
    /// thresholds stand for it.
    pub fn has_thresholds(self) -> bool {
        self == Family::Ordinal
    }
}

impl Family {
    /// The canonical name.
    pub fn name(self) -> &'static str {
        let of = |counts: Counts, names: [&'static str; 3]| match counts {
            Counts::Poisson => names[0],
            Counts::NegativeBinomial2 => names[1],
            Counts::NegativeBinomial1 => names[2],
        };
        match self {
            Family::Gaussian => "gaussian",
            Family::Binomial => "binomial",
            Family::Counts(counts) => counts.name(),
            Family::ZeroInflated(counts) => of(
                counts,
                [
                    "zero-inflated-poisson",
                    "zero-inflated-nbinom2",
                    "zero-inflated-nbinom1",
                ],
            ),
            Family::Hurdle(counts) => of(
                counts,
                ["hurdle-poisson", "hurdle-nbinom2", "hurdle-nbinom1"],
            ),
            Family::Truncated(counts) => of(
                counts,
                [
                    "truncated-poisson",
                    "truncated-nbinom2",
                    "truncated-nbinom1",
                ],
            ),
            Family::Gamma => "gamma",
            Family::InverseGaussian => "inverse-gaussian",
            Family::Beta => "beta",
            Family::Student => "t",
            Family::Ordinal => "ordinal",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Family {
    type Err = NameError;

    /// Names of this project, of R, and short forms; case, underscores and spaces do not matter.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = text.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        let simple = match plain.as_str() {
            "gaussian" | "normal" => Some(Family::Gaussian),
            "binomial" | "bernoulli" | "logistic" => Some(Family::Binomial),
            "gamma" => Some(Family::Gamma),
            "inverse-gaussian" | "inverse.gaussian" | "inversegaussian" | "invgauss" | "ig" => {
                Some(Family::InverseGaussian)
            }
            "beta" | "beta-family" => Some(Family::Beta),
            "t" | "student" | "student-t" | "students-t" | "t-family" => Some(Family::Student),
            "ordinal" | "cumulative" | "ordered" => Some(Family::Ordinal),
            "zip" => Some(Family::ZeroInflated(Counts::Poisson)),
            "zinb" | "zinb2" => Some(Family::ZeroInflated(Counts::NegativeBinomial2)),
            "zinb1" => Some(Family::ZeroInflated(Counts::NegativeBinomial1)),
            "ztp" => Some(Family::Truncated(Counts::Poisson)),
            "ztnb" => Some(Family::Truncated(Counts::NegativeBinomial2)),
            name => Counts::of(name).map(Family::Counts),
        };
        let wrapped = || {
            let after = |prefix| plain.strip_prefix(prefix).and_then(Counts::of);
            let inflated = after("zero-inflated-").or_else(|| after("zeroinflated-"));
            let truncated = after("truncated-").or_else(|| after("zero-truncated-"));
            inflated
                .map(Family::ZeroInflated)
                .or_else(|| after("hurdle-").map(Family::Hurdle))
                .or_else(|| truncated.map(Family::Truncated))
        };
        simple.or_else(wrapped).ok_or_else(|| NameError::Family {
            text: text.trim().to_string(),
        })
    }
}

impl Likelihood {
    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The link.
    pub fn link(&self) -> Link {
        self.link
    }

    /// The density to compute with. `categories` is the number of categories of an ordinal
    /// response, taken as 2 if less; no other family looks at it.
    pub fn density(&self, categories: usize) -> Box<dyn Density> {
        let link = self.link;
        match self.family {
            Family::Gaussian => Box::new(Gaussian { link }),
            Family::Binomial => Box::new(Binomial { link }),
            Family::Gamma => Box::new(Gamma { link }),
            Family::InverseGaussian => Box::new(InverseGaussian { link }),
            Family::Beta => Box::new(Beta { link }),
            Family::Student => Box::new(Student { link }),
            Family::Ordinal => Box::new(Ordinal {
                link,
                categories: categories.max(2),
            }),
            Family::Counts(Counts::Poisson) => Box::new(Poisson { link }),
            Family::Counts(Counts::NegativeBinomial2) => Box::new(NegativeBinomial2 { link }),
            Family::Counts(Counts::NegativeBinomial1) => Box::new(NegativeBinomial1 { link }),
            Family::ZeroInflated(Counts::Poisson) => Box::new(ZeroInflated(Poisson { link })),
            Family::ZeroInflated(Counts::NegativeBinomial2) => {
                Box::new(ZeroInflated(NegativeBinomial2 { link }))
            }
            Family::ZeroInflated(Counts::NegativeBinomial1) => {
                Box::new(ZeroInflated(NegativeBinomial1 { link }))
            }
            Family::Hurdle(Counts::Poisson) => Box::new(Hurdle(Poisson { link })),
            Family::Hurdle(Counts::NegativeBinomial2) => {
                Box::new(Hurdle(NegativeBinomial2 { link }))
            }
            Family::Hurdle(Counts::NegativeBinomial1) => {
                Box::new(Hurdle(NegativeBinomial1 { link }))
            }
            Family::Truncated(Counts::Poisson) => Box::new(Truncated(Poisson { link })),
            Family::Truncated(Counts::NegativeBinomial2) => {
                Box::new(Truncated(NegativeBinomial2 { link }))
            }
            Family::Truncated(Counts::NegativeBinomial1) => {
                Box::new(Truncated(NegativeBinomial1 { link }))
            }
        }
    }
}

impl fmt::Display for Likelihood {
    /// `binomial:probit`, `poisson:log`: what [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.family, self.link)
    }
}

impl FromStr for Likelihood {
    type Err = NameError;

    /// `family`, `family:link`, or as in R `family(link)` and `family(link = "link")`.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let (name, link) = match text.split_once([':', '(']) {
            None => (text, ""),
            Some((name, link)) => (name, link.trim().trim_end_matches(')')),
        };
        let family: Family = name.parse()?;
        let link = match link.split_once('=') {
            Some((word, link)) if word.trim() == "link" => link,
            _ => link,
        };
        let link = link.trim().trim_matches(['"', '\'']);
        if link.is_empty() {
            return Ok(family.likelihood());
        }
        match link.parse() {
            Ok(link) => family.with(link),
            Err(()) => Err(NameError::Link {
                text: link.to_string(),
                family,
            }),
        }
    }
}
