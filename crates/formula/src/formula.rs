//! A formula as it was written.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::arithmetic::{self, Place};
use crate::expand::{Expansion, Role, expand};
use crate::group::random_terms;
use crate::parser::{Sides, parse};
use crate::syntax::Node;
use crate::{Expr, FormulaError, FormulaErrorKind as Kind, RandomTerm, Terms};

/// A formula: its text, and what the text says.
///
/// `Display` prints R's `deparse` of it, with `*`, `/` and `.` as they were written;
/// [`Formula::terms`] expands them. Two formulas are equal when they differ in spaces, comments
/// and quotes at most. Serialised, a formula is its text.
///
/// ```
/// use ranef_formula::Formula;
/// let formula = Formula::parse("Reaction~Days+(Days|Subject)")?;
/// assert_eq!(formula.to_string(), "Reaction ~ Days + (Days | Subject)");
/// # Ok::<(), ranef_formula::FormulaError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Formula {
    text: String,
    response: Option<Expr>,
    right: Node,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the formula whatever the data: spelling, grammar, and terms
    /// that mean nothing. [`Formula::terms`] can afterwards fail only where the columns matter.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let Sides { response, right } = parse(text)?;
        let response = response
            .map(|node| arithmetic::read(node, Place::Response))
            .transpose()?;
        let formula = Self {
            text: text.to_string(),
            response,
            right,
        };
        formula.expand(None)?;
        Ok(formula)
    }

    /// The text that was parsed, to which all spans refer.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands left of `~`.
    pub fn response(&self) -> Option<&Expr> {
        self.response.as_ref()
    }

    /// Whether the formula contains `.`, so that its terms depend on the columns of the data.
    pub fn has_dot(&self) -> bool {
        self.right.has_dot()
    }

    /// Expands the formula to its terms.
    ///
    /// `columns` are the names of all columns of the data, in their order. They are only used for
    /// `.`, which stands for every column that is mentioned neither in the response nor as a
    /// grouping factor. (lme4 keeps the grouping factors among them, so that `y ~ . + (1 | g)`
    /// gives `g` a fixed effect for each level and nothing is left for the random one.) Whether
    /// the named columns exist is for those to say who have the data.
    ///
    /// # Errors
    ///
    /// When `.` stands for no columns or for too many.
    pub fn terms<S: AsRef<str>>(&self, columns: &[S]) -> Result<Terms, FormulaError> {
        if !self.has_dot() {
            return self.expand(None);
        }
        let checked = self.expand(None)?;
        let groups = checked.random.iter().flat_map(|term| &term.group);
        let used: Vec<&str> = self
            .response
            .iter()
            .chain(groups)
            .flat_map(|expr| expr.columns())
            .map(|(name, _)| name)
            .collect();
        let others: Vec<&str> = columns
            .iter()
            .map(AsRef::as_ref)
            .filter(|column| !used.contains(column))
            .collect();
        self.expand(Some(&others))
    }

    fn expand(&self, columns: Option<&[&str]>) -> Result<Terms, FormulaError> {
        let response = self.response.as_ref();
        let Expansion {
            effects: fixed,
            offsets,
            bars,
        } = expand(&self.right, response, Role::Fixed(columns))?;
        if let Some(response) = response
            && let Some(term) = fixed
                .terms
                .iter()
                .find(|term| term.factors == [response.clone()])
        {
            return Err(FormulaError::new(
                Kind::ResponseAsPredictor,
                term.span,
                format!("the response `{response}` cannot predict itself"),
            )
            .with_hint("remove it from the right side"));
        }
        let random: Vec<Vec<RandomTerm>> = bars
            .into_iter()
            .map(random_terms)
            .collect::<Result<_, _>>()?;
        Ok(Terms {
            response: self.response.clone(),
            fixed,
            offsets,
            random: random.into_iter().flatten().collect(),
            ignored_powers: self.right.ignored_powers(),
        })
    }
}

impl Display for Formula {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.response {
            Some(response) => write!(f, "{response} ~ {}", self.right),
            None => write!(f, "~{}", self.right),
        }
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.response == other.response && self.right == other.right
    }
}

impl FromStr for Formula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Formula {
    type Error = FormulaError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Formula> for String {
    fn from(formula: Formula) -> Self {
        formula.text
    }
}
