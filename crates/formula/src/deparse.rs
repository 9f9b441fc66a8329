//! Expressions back to text, as R's `deparse` prints them.
//!
//! Coefficient names are made of this text, so it has to be R's to the letter: `poly(x, 2)` with
//! a space behind the comma, `s/n` without spaces, `1e+05` for 100000, backticks around names
//! that need them. Parentheses are kept in the tree, so nothing has to be added or left out.

use std::fmt::{self, Display, Formatter, Write};

use crate::lexer::is_plain_name;
use crate::{Argument, BinaryOperator, Expr, ExprKind, UnaryOperator};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Display for ExprKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ExprKind::Column(name) => f.write_str(&name_text(name)),
            ExprKind::Number(value) => f.write_str(&number_text(*value)),
            ExprKind::Text(text) => write_text(f, text),
            ExprKind::Logical(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            ExprKind::Call {
                function,
                arguments,
            } => {
                write!(f, "{}(", name_text(function))?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    argument.fmt(f)?;
                }
                f.write_char(')')
            }
            ExprKind::Unary { operator, operand } => write!(f, "{operator}{operand}"),
            ExprKind::Binary {
                operator,
                left,
                right,
            } => {
                if operator.is_spaced() {
                    write!(f, "{left} {operator} {right}")
                } else {
                    write!(f, "{left}{operator}{right}")
                }
            }
            ExprKind::Paren(inner) => write!(f, "({inner})"),
        }
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return self.value.fmt(f);
        };
        write!(f, "{} = ", name_text(name))?;
        match &self.value.kind {
            // Without backticks, a column `T` given by name would be read again as `TRUE`.
            ExprKind::Column(column) if matches!(column.as_str(), "T" | "F") => {
                write!(f, "`{column}`")
            }
            _ => self.value.fmt(f),
        }
    }
}

impl Display for UnaryOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnaryOperator::Minus => "-",
            UnaryOperator::Plus => "+",
            UnaryOperator::Not => "!",
        })
    }
}

impl Display for BinaryOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl BinaryOperator {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Power => "^",
            BinaryOperator::Modulo => "%%",
            BinaryOperator::IntegerDivide => "%/%",
            BinaryOperator::Equal => "==",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::Less => "<",
            BinaryOperator::LessEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterEqual => ">=",
            BinaryOperator::And => "&",
            BinaryOperator::Or => "|",
        }
    }

    /// Whether R prints spaces around it.
    pub(crate) fn is_spaced(self) -> bool {
        !matches!(
            self,
            BinaryOperator::Divide
                | BinaryOperator::Power
                | BinaryOperator::Modulo
                | BinaryOperator::IntegerDivide
        )
    }
}

/// A name, in backticks where it needs them.
pub(crate) fn name_text(name: &str) -> String {
    if is_plain_name(name) {
        name.to_string()
    } else {
        format!("`{}`", name.replace('\\', r"\\").replace('`', r"\`"))
    }
}

fn write_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

/// A number with at most 15 significant digits, fixed or scientific, whichever is shorter.
///
/// R loses the 16th and 17th digit here. A literal that needs them keeps them, because printing
/// and reading again must not change the model.
pub(crate) fn number_text(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let fifteen = format!("{value:.14e}");
    let scientific = if fifteen.parse() == Ok(value) {
        fifteen
    } else {
        format!("{value:e}")
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    let sign = if exponent < 0 { '-' } else { '+' };
    let scientific = format!("{mantissa}e{sign}{:02}", exponent.abs());

    let decimals = (digits - 1 - exponent).max(0);
    // Wider than any scientific form: not worth writing out (1e-300 has 300 zeros).
    if decimals > 40 || exponent > 40 {
        return scientific;
    }
    let fixed = format!("{value:.*}", decimals as usize);
    if fixed.len() <= scientific.len() {
        fixed
    } else {
        scientific
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_r_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (4.5, "4.5"),
            (1e5, "1e+05"),
            (123456.0, "123456"),
            (150000.0, "150000"),
            (3e5, "3e+05"),
            (1200000.0, "1200000"),
            (1e-4, "1e-04"),
            (0.00012, "0.00012"),
            (0.000123456, "0.000123456"),
            (1.234e-5, "1.234e-05"),
            (1e15, "1e+15"),
            (1e300, "1e+300"),
            (1e-300, "1e-300"),
            (100000.5, "100000.5"),
            (3.14159265358978, "3.14159265358978"),
            (123456789012.0, "123456789012"),
            (1234567890123456789.0, "1234567890123456768"),
            (0.1, "0.1"),
        ] {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn names_that_need_backticks() {
        for (name, text) in [
            ("x", "x"),
            ("my x", "`my x`"),
            ("if", "`if`"),
            ("_a", "`_a`"),
            (".2a", "`.2a`"),
            (".", "`.`"),
            ("a`b", r"`a\`b`"),
            ("été", "été"),
        ] {
            assert_eq!(name_text(name), text);
        }
    }
}
