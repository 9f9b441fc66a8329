//! What can be wrong with a formula.
//!
//! Every error has four parts, because four readers want them: a stable *code* for programs, a
//! *message* that says what is wrong in the words of the formula, a *span* for the caret, and a
//! *hint* that says what to write instead. The hint is the part that a person in a hurry reads,
//! so it quotes their own names wherever it can.

use crate::{Span, caret};

/// An error in a formula: what is wrong, where, and what to write instead.
///
/// `Display` prints the message alone; [`FormulaError::report`] prints everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    kind: FormulaErrorKind,
    message: String,
    span: Span,
    hint: Option<String>,
}

impl FormulaError {
    pub(crate) fn new(kind: FormulaErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Which error it is.
    pub fn kind(&self) -> FormulaErrorKind {
        self.kind
    }

    /// A stable name for programs, such as `missing_tilde`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What is wrong, in one clause without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The bytes of the formula that are wrong. The span is empty where something is missing.
    pub fn span(&self) -> Span {
        self.span
    }

    /// What to write instead.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The line of the formula that is wrong, with carets below the wrong part.
    ///
    /// `text` is the text that was parsed.
    pub fn caret(&self, text: &str) -> String {
        caret(text, self.span)
    }

    /// Message, caret and hint as plain text of several lines, without a final newline.
    pub fn report(&self, text: &str) -> String {
        let mut report = format!("{}\n", self.message);
        for line in self.caret(text).lines() {
            report.push_str("  ");
            report.push_str(line);
            report.push('\n');
        }
        match &self.hint {
            Some(hint) => report.push_str(hint),
            None => report.truncate(report.trim_end().len()),
        }
        report
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// The kinds of error, each with the stable name that `code()` gives.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FormulaErrorKind {
            $($(#[$doc])* #[doc = concat!("\n\nCode `", $code, "`.")] $variant,)*
        }

        impl FormulaErrorKind {
            /// The stable name of the kind.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// The formula has no text.
    Empty = "empty_formula",
    /// A character that no formula contains.
    Character = "unexpected_character",
    /// A quote or backtick is opened and not closed, or encloses nothing.
    Quote = "unclosed_quote",
    /// Digits that are not a number.
    Number = "bad_number",
    /// A word that R keeps for itself stands where a column should.
    ReservedWord = "reserved_word",
    /// An operator of R that has no meaning in a formula.
    Operator = "unsupported_operator",
    /// There is no `~`.
    MissingTilde = "missing_tilde",
    /// There is a second `~`.
    SecondTilde = "second_tilde",
    /// An operator, `~` or a bar lacks something on one of its sides.
    MissingOperand = "missing_operand",
    /// Two things stand side by side with no operator between them.
    MissingOperator = "missing_operator",
    /// A parenthesis is opened and not closed, closed and not opened, or encloses nothing.
    Parenthesis = "unbalanced_parenthesis",
    /// A comma outside of a call, or with no argument beside it.
    Argument = "bad_argument",
    /// Operators or parentheses are nested more deeply than any formula needs.
    TooDeep = "too_deep",
    /// A random-effects bar that is not in parentheses.
    BareBar = "bar_without_parentheses",
    /// A bar inside an interaction, a call, another bar, the response, or after a minus.
    Bar = "misplaced_bar",
    /// Something that cannot be a grouping factor.
    Group = "bad_group",
    /// A random term without any effect, as `(0 | g)`.
    NoEffects = "no_random_effects",
    /// A number, text or logical value stands where a term should.
    NotATerm = "not_a_term",
    /// The exponent of `^` is not a whole number of at least 1.
    Power = "bad_power",
    /// A minus inside a product of terms.
    Minus = "misplaced_minus",
    /// `.` where it cannot stand for the other columns.
    Dot = "misplaced_dot",
    /// `offset(...)` that is not a part of the fixed effects' sum, or without its one argument.
    Offset = "misplaced_offset",
    /// `:`, `%in%` or `||` in an expression that is arithmetic.
    Arithmetic = "not_arithmetic",
    /// The response is also a predictor.
    ResponseAsPredictor = "response_as_predictor",
    /// The formula stands for more terms than can be meant.
    TooManyTerms = "too_many_terms",
}
