//! The family of the response: which distribution, which link.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ranef_design::Expect;
use ranef_engine::glmm::family::{Binomial, Density, Link, Poisson};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A distribution of the response with a link: `gaussian`, `binomial:probit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Family(Kind);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Gaussian,
    Binomial(Link),
    Poisson(Link),
}

impl Family {
    /// A linear model.
    pub fn is_gaussian(&self) -> bool {
        self.0 == Kind::Gaussian
    }

    pub(crate) fn density(&self) -> Arc<dyn Density> {
        match self.0 {
            Kind::Gaussian => Arc::new(Poisson { link: Link::Log }),
            Kind::Binomial(link) => Arc::new(Binomial { link }),
            Kind::Poisson(link) => Arc::new(Poisson { link }),
        }
    }

    pub(crate) fn expects(&self) -> Expect {
        match self.0 {
            Kind::Binomial(_) => Expect::Binary,
            _ => Expect::Numbers,
        }
    }

    /// The name of the distribution.
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Gaussian => "gaussian",
            Kind::Binomial(_) => "binomial",
            Kind::Poisson(_) => "poisson",
        }
    }

    /// The link.
    pub fn link(&self) -> Link {
        match self.0 {
            Kind::Gaussian => Link::Identity,
            Kind::Binomial(l) | Kind::Poisson(l) => l,
        }
    }
}
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name(), self.link().name())
    }
}
impl FromStr for Family {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, link) = text.split_once(':').unwrap_or((text, ""));
        let get = |default: Link| {
            if link.is_empty() {
                default
            } else {
                link.parse().unwrap_or(default)
            }
        };
        Ok(Self(match name {
            "gaussian" => Kind::Gaussian,
            "binomial" => Kind::Binomial(get(Link::Logit)),
            "poisson" => Kind::Poisson(get(Link::Log)),
            _ => {
                return Err(Error::new(
                    "family_not_available",
                    format!("no family {text}"),
                ));
            }
        }))
    }
}
impl From<Family> for String {
    fn from(f: Family) -> String {
        f.to_string()
    }
}
impl TryFrom<String> for Family {
    type Error = Error;
    fn try_from(s: String) -> Result<Self, Error> {
        s.parse()
    }
}
