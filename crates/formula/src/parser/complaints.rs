//! What the parser says when the tokens follow no rule.
//!
//! There are two ways to go wrong: an operand is wanted and something else comes, or an operand is
//! complete and something comes that is no operator. Each looks at its neighbours and at the
//! mistakes that people make there (`=` for `~`, `data$score`, a forgotten `+`) before it falls
//! back on a general sentence.

use super::Parser;
use crate::deparse::name_text;
use crate::lexer::{Token, TokenKind, is_reserved};
use crate::{
    Argument, BinaryOperator as Common, Expr, ExprKind, FormulaError, FormulaErrorKind as Kind,
    Span,
};

impl Parser<'_> {
    /// The text of the token before the next one.
    fn before(&self) -> Option<&str> {
        let token = self.tokens.get(self.next.checked_sub(1)?)?;
        Some(token.span.slice(self.text))
    }

    /// The error where an operand should begin and does not.
    pub(super) fn no_operand(&self) -> FormulaError {
        let place = self.place();
        let before = self.before();
        let here = self.symbol();
        let error = |message: String| FormulaError::new(Kind::MissingOperand, place, message);
        if let Some("|" | "||") = before {
            return error("there is no grouping factor right of the bar".to_string())
                .with_hint("name the column whose levels differ, as in `(1 | school)`");
        }
        match here {
            Some("|" | "||") => {
                return error("there are no effects left of the bar".to_string())
                    .with_hint("write `1` for an intercept that varies: `(1 | group)`");
            }
            Some("~") if before.is_none_or(|text| text == "~") => {
                return second_tilde(place);
            }
            Some(symbol) if unsupported_hint(symbol).is_some() => {
                return unsupported(symbol, place);
            }
            Some(",") => {
                return FormulaError::new(Kind::Argument, place, "an argument is missing here")
                    .with_hint("remove the comma, or write the argument");
            }
            _ => {}
        }
        match (before, here) {
            (Some("~"), None | Some(")")) => error("there is nothing right of `~`".to_string())
                .with_hint("write the predictors, or `1` for the mean alone"),
            (Some("("), None) => unclosed(self.tokens[self.next - 1].span),
            (None | Some("(" | ","), Some(")")) => unopened(place),
            (None | Some("~" | "(" | ","), Some(symbol)) => {
                error(format!("there is nothing left of `{symbol}`")).with_hint(format!(
                    "remove `{symbol}`, or write what belongs before it"
                ))
            }
            (Some(operator), Some(symbol)) if symbol != ")" => error(format!(
                "there is nothing between `{operator}` and `{symbol}`"
            ))
            .with_hint("remove one of the two, or write what belongs between them"),
            (Some(operator), _) => error(format!("there is nothing right of `{operator}`"))
                .with_hint(format!(
                    "remove `{operator}`, or write what belongs behind it"
                )),
            (None, None) => error("the expression is empty".to_string())
                .with_hint("write a column or a call, as `log(x)`"),
        }
    }

    /// The error for a token that cannot come after a complete operand.
    pub(super) fn cannot_follow(&self) -> FormulaError {
        let place = self.place();
        let Some(token) = self.tokens.get(self.next) else {
            return self.no_operand();
        };
        match token.kind {
            TokenKind::Symbol("~") => second_tilde(place),
            TokenKind::Symbol(")") => unopened(place),
            TokenKind::Symbol(",") => FormulaError::new(
                Kind::Argument,
                place,
                "a comma separates arguments of a function, not terms",
            )
            .with_hint("terms are joined with `+`, and a random term is written `(1 | group)`"),
            TokenKind::Symbol(symbol) if unsupported_hint(symbol).is_some() => {
                unsupported(symbol, place)
            }
            _ => self.side_by_side(token),
        }
    }

    fn side_by_side(&self, token: &Token) -> FormulaError {
        let previous = &self.tokens[self.next - 1];
        let (left, right) = (previous.span.slice(self.text), token.span.slice(self.text));
        let names = |token: &Token| {
            matches!(token.kind, TokenKind::Name(_)) && !is_reserved(token.span.slice(self.text))
        };
        let error = FormulaError::new(
            Kind::MissingOperator,
            token.span,
            format!("there is no operator between `{left}` and `{right}`"),
        );
        if !self.has_tilde() {
            return error.with_hint("write the response, `~` and the predictors: `y ~ x`");
        }
        if let (TokenKind::Number(_), true) = (&previous.kind, names(token)) {
            return error.with_hint(format!("for a product write `I({left} * {right})`"));
        }
        if left == ")" || right == "(" {
            return error.with_hint("join terms with `+`");
        }
        if names(previous) && names(token) {
            error.with_hint(format!(
                "write `{left} + {right}` for two terms, or `` `{left} {right}` `` if this is \
                 the name of one column"
            ))
        } else {
            error.with_hint("terms are joined with `+`, `:` or `*`")
        }
    }

    /// Refuses `x (1 | g)`, which reads as a call of `x` and is a forgotten `+`.
    ///
    /// A bar inside a call is an "or". This one is taken for a random term when it is the only
    /// argument, and either a number stands left of it or a space stands before the parenthesis.
    pub(super) fn refuse_random_term(
        &self,
        function: &str,
        arguments: &[Argument],
        call: Span,
        spaced: bool,
    ) -> Result<(), FormulaError> {
        let [Argument { name: None, value }] = arguments else {
            return Ok(());
        };
        if function == "I" || !(is_effects_bar(value) || spaced && is_bar(value)) {
            return Ok(());
        }
        let hint = match value.kind {
            ExprKind::Paren(_) => "add it to the fixed effects: `y ~ x + (1 | g)`".to_string(),
            _ => format!("add it: `{} + ({value})`", name_text(function)),
        };
        let message = "a random term cannot be the argument of a function";
        Err(FormulaError::new(Kind::Bar, call, message).with_hint(hint))
    }

    /// The error for a formula that came with the call around it: `lmer(y ~ x + (1 | g))`.
    pub(super) fn formula_in_call(&self) -> Option<FormulaError> {
        let symbol = |token: &Token| match token.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        };
        let [name, open, rest @ ..] = &self.tokens[..] else {
            return None;
        };
        if !matches!(name.kind, TokenKind::Name(_)) || symbol(open) != Some("(") {
            return None;
        }
        let mut depth = 0;
        for token in rest {
            match symbol(token) {
                Some("(") => depth += 1,
                Some(")") if depth == 0 => return None,
                Some(")") => depth -= 1,
                Some("~") if depth == 0 => {
                    let call = name.span.slice(self.text);
                    let message = format!("give the formula alone, without `{call}( )`");
                    let error = FormulaError::new(Kind::Argument, name.span, message);
                    return Some(error.with_hint("write `y ~ x + (1 | group)`"));
                }
                _ => {}
            }
        }
        None
    }

    /// The error for an argument of `lmer` behind the formula: `y ~ x, REML = FALSE`.
    pub(super) fn option(&self) -> Option<FormulaError> {
        let [comma, name, equals, ..] = &self.tokens[self.next..] else {
            return None;
        };
        let is = |token: &Token, symbol| token.kind == TokenKind::Symbol(symbol);
        if !is(comma, ",") || !matches!(name.kind, TokenKind::Name(_)) || !is(equals, "=") {
            return None;
        }
        let place = comma.span.join(self.tokens[self.tokens.len() - 1].span);
        let error = FormulaError::new(Kind::Argument, place, "options are not part of the formula");
        Some(error.with_hint("use `--ml` for REML = FALSE; the data come after the formula"))
    }

    fn has_tilde(&self) -> bool {
        let tilde = TokenKind::Symbol("~");
        self.tokens.iter().any(|token| token.kind == tilde)
    }

    /// The error when no `~` follows the first expression.
    pub(super) fn no_tilde(&self) -> FormulaError {
        match self.symbol() {
            Some(")" | ",") => self.cannot_follow(),
            Some("=" | "<-" | ":=") => FormulaError::new(
                Kind::MissingTilde,
                self.place(),
                "a formula is written with `~`",
            )
            .with_hint("write `y ~ x` for \"y depends on x\""),
            Some(symbol) if unsupported_hint(symbol).is_some() => unsupported(symbol, self.place()),
            _ if self.next < self.tokens.len() => self.side_by_side(&self.tokens[self.next]),
            _ => {
                let start = self.tokens[0].span;
                FormulaError::new(
                    Kind::MissingTilde,
                    start.join(self.place()),
                    "there is no `~`",
                )
                .with_hint("write the response, `~` and the predictors: `y ~ x + (1 | group)`")
            }
        }
    }
}

fn second_tilde(place: Span) -> FormulaError {
    FormulaError::new(Kind::SecondTilde, place, "there is a second `~`")
        .with_hint("one `~` separates the response from the predictors; join terms with `+`")
}

pub(super) fn unclosed(open: Span) -> FormulaError {
    FormulaError::new(Kind::Parenthesis, open, "this parenthesis is never closed")
        .with_hint("add the missing `)`")
}

fn unopened(place: Span) -> FormulaError {
    FormulaError::new(Kind::Parenthesis, place, "this parenthesis closes nothing")
        .with_hint("remove it, or add the missing `(`")
}

fn unsupported(symbol: &str, place: Span) -> FormulaError {
    FormulaError::new(
        Kind::Operator,
        place,
        format!("`{symbol}` has no meaning in a formula"),
    )
    .with_hint(unsupported_hint(symbol).unwrap_or("remove it"))
}

/// What to write instead of an operator that R has and formulas have not.
fn unsupported_hint(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "$" | "@" => "name the column alone: `score`, not `data$score`",
        "[" | "]" | "[[" | "]]" => {
            "rows are chosen before fitting, and a column is named without brackets"
        }
        "::" | ":::" => "name the function without its package: `ns(x, 3)`",
        "&&" => "for \"and\" write `&`",
        "=" => "`=` names an argument, as in `poly(x, 2, raw = TRUE)`; to compare write `==`",
        "<-" => "for \"less than minus\" leave a space: `x < -1`",
        "->" => "for \"minus, greater than\" leave a space",
        "<<-" | "->>" | ":=" | "|>" => "compute the column before fitting",
        "{" | "}" => "group with parentheses",
        ";" => "give one formula at a time",
        _ => return None,
    })
}

/// Whether it is `a | b`, perhaps in parentheses.
fn is_bar(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Paren(inner) => is_bar(inner),
        ExprKind::Binary { operator, .. } => *operator == Common::Or,
        _ => false,
    }
}

/// Whether it is a bar with a number in the sum on its left, `1 | g` or `1 + x | g`. No "or" looks
/// like that: it is a random term after a forgotten `+`, in `x(1 | g)`.
fn is_effects_bar(expr: &Expr) -> bool {
    fn has_number(expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Number(_) => true,
            ExprKind::Binary {
                operator: Common::Add | Common::Subtract,
                left,
                right,
            } => has_number(left) || has_number(right),
            _ => false,
        }
    }
    match &expr.kind {
        ExprKind::Paren(inner) => is_effects_bar(inner),
        ExprKind::Binary { operator, left, .. } => *operator == Common::Or && has_number(left),
        _ => false,
    }
}
