//! The family of the response: which distribution, which link.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ranef_design::{Expect, Recipe, ResponseKind};
use ranef_engine::glmm::family::{
    Density, Family as Distribution, Likelihood, Link, NameError, Parameter, Response,
};
use ranef_formula::did_you_mean;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A distribution of the response with a link, such as `gaussian`, `binomial:probit` or
/// `zero-inflated-poisson`.
///
/// ```
/// let family: ranef::Family = "binomial:probit".parse()?;
/// assert_eq!((family.name(), family.link().name()), ("binomial", "probit"));
/// # Ok::<(), ranef::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Family(Likelihood);

impl Default for Family {
    /// Gaussian with the identity link: a linear model.
    fn default() -> Self {
        Self(Distribution::Gaussian.likelihood())
    }
}

impl Family {
    /// Whether the model is linear: gaussian with the identity link.
    pub fn is_gaussian(&self) -> bool {
        *self == Self::default()
    }

    /// The name of the distribution.
    pub fn name(&self) -> &'static str {
        self.0.family().name()
    }

    /// The distribution.
    pub fn distribution(&self) -> Distribution {
        self.0.family()
    }

    /// The link.
    pub fn link(&self) -> Link {
        self.0.link()
    }

    /// The names of all families.
    pub fn names() -> Vec<String> {
        Distribution::names()
    }

    /// The density to compute with for the response of a recipe.
    pub(crate) fn density(&self, recipe: &Recipe) -> Arc<dyn Density> {
        Arc::from(self.0.density(categories(recipe).len()))
    }

    /// The nuisance parameters of a model with this recipe, in the engine's order.
    pub(crate) fn parameters(&self, recipe: &Recipe) -> Vec<Parameter> {
        self.0.parameters(categories(recipe))
    }

    pub(crate) fn expects(&self) -> Expect {
        match self.0.family().response() {
            Response::Successes => Expect::Binary,
            Response::Category => Expect::Categories,
            _ => Expect::Numbers,
        }
    }
}

/// The categories of an ordinal response; none of any other.
pub(crate) fn categories(recipe: &Recipe) -> &[String] {
    match recipe.response_kind() {
        ResponseKind::Categories { labels } => labels,
        _ => &[],
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Family {
    type Err = Error;

    /// A name, `NAME:LINK`, or as in R `NAME(link = "LINK")`.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|error: NameError| {
            let name = text.split([':', '(']).next().unwrap_or_default();
            let names = Self::names();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let begins = known.iter().copied().find(|known| known.starts_with(name));
            let hint = match (&error, begins.or_else(|| did_you_mean(name, &known))) {
                (NameError::Family { .. }, Some(near)) => format!("did you mean `{near}`?"),
                (NameError::Family { .. }, None) => {
                    "write the family and, after a colon, the link: `binomial:probit`".to_owned()
                }
                _ => format!("write `{name}` alone for its default link"),
            };
            Error::new(error.code(), error.to_string()).with_hint(hint)
        })
    }
}

impl From<Family> for String {
    fn from(family: Family) -> String {
        family.to_string()
    }
}

impl TryFrom<String> for Family {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}
