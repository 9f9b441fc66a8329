//! Numeric expressions.

use ranef_formula::{BinaryOperator, Expr, ExprKind, UnaryOperator, did_you_mean};

use super::Resolver;
use super::arguments::Matched;
use crate::error::{DesignError, Problem};
use crate::function::{self, Function, Operation};
use crate::numeric::Numeric;

impl Resolver<'_> {
    /// An expression as numbers. `user` is the expression around it that needs them.
    pub(super) fn number(&mut self, expr: &Expr, user: &Expr) -> Result<Numeric, DesignError> {
        match &expr.kind {
            ExprKind::Column(name) => {
                let column = self.number_column(name, Some(expr.span), || format!("`{user}`"))?;
                Ok(Numeric::Column(column))
            }
            ExprKind::Number(x) => Ok(Numeric::Constant(*x)),
            ExprKind::Logical(truth) => Ok(Numeric::Constant(f64::from(u8::from(*truth)))),
            ExprKind::Text(_) => {
                let problem = Problem::CategoryNotNumber {
                    needs: format!("`{user}`"),
                    expression: expr.to_string(),
                };
                Err(DesignError::at(expr.span, problem))
            }
            ExprKind::Paren(inner) => self.number(inner, user),
            ExprKind::Unary { operator, operand } => {
                let operand = self.number(operand, expr)?;
                Ok(match operator {
                    UnaryOperator::Plus => operand,
                    UnaryOperator::Minus => Numeric::Apply(Function::Negate, Box::new(operand)),
                    UnaryOperator::Not => Numeric::Apply(Function::Not, Box::new(operand)),
                })
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => {
                if let Some(matches) = self.matches(*operator, left, right)? {
                    return Ok(matches);
                }
                let left = self.number(left, expr)?;
                let right = self.number(right, expr)?;
                Ok(combine(operation(*operator), left, right))
            }
            ExprKind::Call { .. } => self.call(expr, user),
        }
    }

    /// `f == "a"` and `f != "a"` of a column of text.
    fn matches(
        &mut self,
        operator: BinaryOperator,
        left: &Expr,
        right: &Expr,
    ) -> Result<Option<Numeric>, DesignError> {
        let (name, span, text) = match (&left.kind, &right.kind) {
            (ExprKind::Column(name), ExprKind::Text(text)) => (name, left.span, text),
            (ExprKind::Text(text), ExprKind::Column(name)) => (name, right.span, text),
            _ => return Ok(None),
        };
        let negated = match operator {
            BinaryOperator::Equal => false,
            BinaryOperator::NotEqual => true,
            _ => return Ok(None),
        };
        let column = self.column(name, Some(span))?;
        let matches = Numeric::Matches {
            column,
            text: text.clone(),
        };
        Ok(Some(if negated {
            Numeric::Apply(Function::Not, Box::new(matches))
        } else {
            matches
        }))
    }

    fn call(&mut self, expr: &Expr, user: &Expr) -> Result<Numeric, DesignError> {
        let ExprKind::Call {
            function,
            arguments,
        } = &expr.kind
        else {
            unreachable!("only calls come here")
        };
        let matched = |names| Matched::new(function, expr.span, arguments, names);
        match function.as_str() {
            "I" | "as.numeric" => self.number(matched(&["x"])?.first(), expr),
            "log" => {
                let matched = matched(&["x", "base"])?;
                let log =
                    Numeric::Apply(Function::Log, Box::new(self.number(matched.first(), expr)?));
                match matched.get("base") {
                    None => Ok(log),
                    Some(base) => {
                        let base = self.number(base, expr)?;
                        let log_base = Numeric::Apply(Function::Log, Box::new(base));
                        Ok(combine(Operation::Divide, log, log_base))
                    }
                }
            }
            "round" => {
                let matched = matched(&["x", "digits"])?;
                let x = self.number(matched.first(), expr)?;
                match matched.get("digits") {
                    None => Ok(Numeric::Apply(Function::Round, Box::new(x))),
                    Some(digits) => {
                        let digits = self.number(digits, expr)?;
                        Ok(combine(Operation::Round, x, digits))
                    }
                }
            }
            "pmin" | "pmax" => {
                let operation = if function == "pmin" {
                    Operation::Least
                } else {
                    Operation::Greatest
                };
                let mut parts = arguments
                    .iter()
                    .map(|argument| self.number(&argument.value, expr))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter();
                let first = parts.next().ok_or_else(|| {
                    let message = format!("`{function}()` needs a variable");
                    DesignError::at(
                        expr.span,
                        Problem::Arguments {
                            message,
                            hint: None,
                        },
                    )
                })?;
                Ok(parts.fold(first, |whole, part| combine(operation, whole, part)))
            }
            "ifelse" => {
                let matched = matched(&["test", "yes", "no"])?;
                let condition = self.number(matched.first(), expr)?;
                let yes = self.number(matched.required("yes")?, expr)?;
                let no = self.number(matched.required("no")?, expr)?;
                Ok(Numeric::Choose(Box::new([condition, yes, no])))
            }
            "offset" | "cbind" => {
                let message = match function.as_str() {
                    "offset" => "`offset()` is a term of its own: it cannot stand inside another",
                    _ => "`cbind()` belongs left of `~`: it makes a response of two columns",
                };
                let problem = Problem::Arguments {
                    message: message.into(),
                    hint: None,
                };
                Err(DesignError::at(expr.span, problem))
            }
            _ if self.is_categorical(expr) => {
                let problem = Problem::CategoryNotNumber {
                    needs: format!("`{user}`"),
                    expression: expr.to_string(),
                };
                Err(DesignError::at(expr.span, problem))
            }
            name => {
                if let Some(transform) = self.transform(expr)? {
                    let width = self.plan.transforms[transform].width();
                    if width == 1 {
                        return Ok(Numeric::Transform(transform));
                    }
                    let problem = Problem::Arguments {
                        message: format!("`{expr}` has {width} columns, but `{user}` needs one"),
                        hint: Some(format!("use `{expr}` as a term of its own")),
                    };
                    return Err(DesignError::at(expr.span, problem));
                }
                let Some(function) = Function::from_name(name) else {
                    let suggestion = did_you_mean(name, function::NAMES).map(str::to_owned);
                    let problem = Problem::UnknownFunction {
                        name: name.to_owned(),
                        suggestion,
                    };
                    return Err(DesignError::at(expr.span, problem));
                };
                let x = self.number(matched(&["x"])?.first(), expr)?;
                Ok(Numeric::Apply(function, Box::new(x)))
            }
        }
    }
}

fn combine(operation: Operation, left: Numeric, right: Numeric) -> Numeric {
    Numeric::Combine(operation, Box::new(left), Box::new(right))
}

fn operation(operator: BinaryOperator) -> Operation {
    match operator {
        BinaryOperator::Add => Operation::Add,
        BinaryOperator::Subtract => Operation::Subtract,
        BinaryOperator::Multiply => Operation::Multiply,
        BinaryOperator::Divide => Operation::Divide,
        BinaryOperator::Power => Operation::Power,
        BinaryOperator::Modulo => Operation::Modulo,
        BinaryOperator::IntegerDivide => Operation::IntegerDivide,
        BinaryOperator::Equal => Operation::Equal,
        BinaryOperator::NotEqual => Operation::NotEqual,
        BinaryOperator::Less => Operation::Less,
        BinaryOperator::LessEqual => Operation::LessEqual,
        BinaryOperator::Greater => Operation::Greater,
        BinaryOperator::GreaterEqual => Operation::GreaterEqual,
        BinaryOperator::And => Operation::And,
        BinaryOperator::Or => Operation::Or,
    }
}
