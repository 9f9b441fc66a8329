//! One error for everything between a formula and an answer: a stable code, a place, a way out.

use ranef_design::DesignError;
use ranef_engine::glmm;
use ranef_engine::lmm::FitError;
use ranef_formula::{FormulaError, Span, caret};
use ranef_frame::FrameError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: &'static str,
    message: String,
    hint: Option<String>,
    place: Option<Place>,
}

/// A place in a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The whole formula.
    pub formula: String,
    /// The part that is meant, in bytes.
    pub span: Span,
}

impl Place {
    /// The formula with a line of carets below the part that is meant.
    pub fn caret(&self) -> String {
        caret(&self.formula, self.span)
    }
}

impl Error {
    /// An error with a stable code, such as `unknown_column`, and what is wrong, in words: also for
    /// crates that stand on this one.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    /// The same with the way out.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_span(mut self, formula: &str, span: Span) -> Self {
        self.place = Some(Place {
            formula: formula.to_owned(),
            span,
        });
        self
    }

    /// Says first what the message is about.
    pub(crate) fn prefix(&mut self, text: &str) {
        self.message.insert_str(0, text);
    }

    pub(crate) fn formula(error: &FormulaError, formula: &str) -> Self {
        Self {
            code: error.code(),
            message: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
            place: Some(Place {
                formula: formula.to_owned(),
                span: error.span(),
            }),
        }
    }

    pub(crate) fn design(error: &DesignError, formula: &str) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint(),
            place: error.span().map(|span| Place {
                formula: formula.to_owned(),
                span,
            }),
        }
    }

    /// Work that was stopped from outside.
    pub(crate) fn interrupted() -> Self {
        Self::new("interrupted", "interrupted before there was an answer")
    }

    pub(crate) fn fit(error: &FitError) -> Self {
        let message = error.to_string();
        match error {
            FitError::NotDefined => Self::new("not_defined", message)
                .with_hint("look for predictors that are nearly the same, or of extreme size"),
            FitError::NoResidual => Self::new("no_residual", message).with_hint(
                "a mixed model needs several observations that differ within groups; \
                 look for a predictor that repeats the response",
            ),
            FitError::OutOfRange => Self::new("response_out_of_range", message)
                .with_hint("give the response in other units: multiply it by a power of ten"),
            FitError::Interrupted => Self::interrupted(),
            FitError::TooFewRows { .. } => {
                Self::new("too_few_rows", message).with_hint("use fewer predictors or more data")
            }
        }
    }

    pub(crate) fn generalised(error: &glmm::FitError) -> Self {
        let message = error.to_string();
        match error {
            glmm::FitError::NotDefined => Self::new("not_defined", message)
                .with_hint("look for predictors that are nearly the same, or of extreme size"),
            glmm::FitError::Interrupted => Self::interrupted(),
            glmm::FitError::ManyFactors { .. } => Self::new("agq_one_factor", message)
                .with_hint("leave `--agq` out: Laplace's approximation takes any grouping factors"),
            glmm::FitError::ManyPoints { .. } => Self::new("agq_too_many_points", message)
                .with_hint("give fewer points: 9 are enough for most models, 5 with several random effects"),
            glmm::FitError::TooFewRows { .. } => {
                Self::new("too_few_rows", message).with_hint("use fewer predictors or more data")
            }
        }
    }

    /// A stable code, such as `unknown_column`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Where in the formula.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            hint: error.hint,
            place: None,
        }
    }
}
