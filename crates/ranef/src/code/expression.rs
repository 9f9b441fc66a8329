//! Expressions of numbers in Stata's and SAS's words.

use ranef_design::Learned;
use ranef_formula::{Argument, BinaryOperator, Expr, ExprKind, UnaryOperator};

use super::Language;
use super::columns::Maker;

impl Maker<'_> {
    /// An expression as a program writes it, or what cannot be said.
    pub(super) fn expression(&mut self, expr: &Expr) -> Result<String, String> {
        Ok(match &expr.kind {
            ExprKind::Column(name) => self.name_of(name),
            ExprKind::Number(value) => number(*value),
            ExprKind::Logical(value) => u8::from(*value).to_string(),
            ExprKind::Text(text) => self.text(text),
            ExprKind::Paren(inner) => format!("({})", self.expression(inner)?),
            ExprKind::Unary { operator, operand } => {
                let operand = self.expression(operand)?;
                match (operator, self.language) {
                    (UnaryOperator::Minus, _) => format!("-{operand}"),
                    (UnaryOperator::Plus, _) => operand,
                    (UnaryOperator::Not, Language::Sas) => format!("(not {operand})"),
                    (UnaryOperator::Not, _) => format!("!{operand}"),
                }
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.binary(*operator, &left, &right)
            }
            ExprKind::Call {
                function,
                arguments,
            } => self.call(expr, function, arguments)?,
        })
    }

    fn binary(&self, operator: BinaryOperator, left: &str, right: &str) -> String {
        use BinaryOperator as Op;
        let sas = self.language == Language::Sas;
        let symbol = match operator {
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
            Op::Power if sas => "**",
            Op::Power => "^",
            Op::Modulo => return format!("mod({left}, {right})"),
            Op::IntegerDivide => return format!("floor(({left})/({right}))"),
            Op::Equal if sas => "=",
            Op::Equal => "==",
            Op::NotEqual if sas => "ne",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Greater => ">",
            Op::GreaterEqual => ">=",
            Op::And => "&",
            Op::Or => "|",
        };
        format!("{left} {symbol} {right}")
    }

    fn call(
        &mut self,
        whole: &Expr,
        function: &str,
        arguments: &[Argument],
    ) -> Result<String, String> {
        if let Some(learned) = self.fit.recipe().learned(&whole.to_string()) {
            return self.transform(whole, arguments, &learned, 0);
        }
        let values = arguments.iter().filter(|a| a.name.is_none());
        let values: Vec<String> = values
            .map(|a| self.expression(&a.value))
            .collect::<Result<_, _>>()?;
        let unknown = || Err(format!("`{whole}` has no counterpart here"));
        let sas = self.language == Language::Sas;
        Ok(match (function, values.as_slice()) {
            ("I" | "as.numeric", [x]) => format!("({x})"),
            ("as.integer" | "trunc", [x]) if sas => format!("int({x})"),
            ("as.integer" | "trunc", [x]) => format!("trunc({x})"),
            ("log", [x]) if sas => format!("log({x})"),
            ("log", [x]) => format!("ln({x})"),
            ("log2", [x]) if sas => format!("log2({x})"),
            ("log2", [x]) => format!("(ln({x})/ln(2))"),
            ("log1p", [x]) if sas => format!("log(1 + {x})"),
            ("log1p", [x]) => format!("ln(1 + {x})"),
            ("expm1", [x]) => format!("(exp({x}) - 1)"),
            ("asin", [x]) if sas => format!("arsin({x})"),
            ("acos", [x]) if sas => format!("arcos({x})"),
            ("asinh", [x]) if sas => format!("arsinh({x})"),
            ("acosh", [x]) if sas => format!("arcosh({x})"),
            ("atanh", [x]) if sas => format!("artanh({x})"),
            ("ceiling", [x]) => format!("ceil({x})"),
            ("plogis", [x]) => format!("(1/(1 + exp(-({x}))))"),
            ("qlogis", [x]) if sas => format!("log({x}/(1 - ({x})))"),
            ("qlogis", [x]) => format!("ln({x}/(1 - ({x})))"),
            ("pmin", several) => format!("min({})", several.join(", ")),
            ("pmax", several) => format!("max({})", several.join(", ")),
            ("ifelse", [c, a, b]) if sas => format!("ifn({c}, {a}, {b})"),
            ("ifelse", [c, a, b]) => format!("cond({c}, {a}, {b})"),
            (
                "log10" | "exp" | "sqrt" | "abs" | "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh"
                | "floor" | "sign" | "asin" | "acos" | "atan" | "asinh" | "acosh" | "atanh",
                [x],
            ) => format!("{function}({x})"),
            ("round", [x]) => format!("round({x})"),
            ("round", [x, digits]) => match digits.parse::<i32>() {
                Ok(digits) => format!("round({x}, 1e{})", -digits),
                Err(_) => return unknown(),
            },
            _ => return unknown(),
        })
    }

    /// Column `j` of a transform, with the constants that the fit has learned.
    pub(super) fn transform(
        &mut self,
        whole: &Expr,
        arguments: &[Argument],
        learned: &Learned,
        j: usize,
    ) -> Result<String, String> {
        let find = |name: &str, place: usize| {
            let named = arguments.iter().find(|a| a.name.as_deref() == Some(name));
            named.or_else(|| arguments.iter().filter(|a| a.name.is_none()).nth(place))
        };
        let Some(inner) = find("x", 0) else {
            return Err(format!("`{whole}` has no counterpart here"));
        };
        let power = if self.language == Language::Sas {
            "**"
        } else {
            "^"
        };
        Ok(match learned {
            Learned::Scale { center, divisor } => {
                let x = self.expression(&inner.value)?;
                let centred = format!("({x} - {})", signed(*center));
                if *divisor == 1.0 {
                    centred
                } else {
                    format!("({centred}/{})", number(*divisor))
                }
            }
            Learned::Powers { .. } => {
                let x = self.expression(&inner.value)?;
                if j == 0 {
                    format!("({x})")
                } else {
                    format!("({x}){power}{}", j + 1)
                }
            }
            Learned::Orthogonal { alpha, norm2 } => {
                let x = self.expression(&inner.value)?;
                // p₀ = 1, p_{k+1} = (x − α_k) p_k − (‖p_k‖²/‖p_{k−1}‖²) p_{k−1}: written out once,
                // with columns for those before.
                let label = format!("{whole}");
                let mut before = "0".to_owned();
                let mut now = "1".to_owned();
                for k in 0..=j {
                    let ratio = if k == 0 { 0.0 } else { norm2[k] / norm2[k - 1] };
                    let next = match k {
                        0 => format!("{x} - {}", signed(alpha[0])),
                        _ => format!(
                            "({x} - {})*{now} - {}*{before}",
                            signed(alpha[k]),
                            number(ratio)
                        ),
                    };
                    before = now;
                    now = self.make(&format!("{label} raw {}", k + 1), &next);
                }
                format!("{now}/{}", number(norm2[j + 1].sqrt()))
            }
            Learned::GroupMean { centred } => {
                let Some(group) = find("group", 1) else {
                    return Err(format!("`{whole}` has no counterpart here"));
                };
                let x = self.expression(&inner.value)?;
                let group = self.groups(std::slice::from_ref(&group.value))?;
                let mean = self.group_mean(&x, &inner.value.to_string(), &group);
                if *centred {
                    format!("({x} - {mean})")
                } else {
                    mean
                }
            }
            Learned::Spline => {
                return Err(format!(
                    "`{whole}`: its basis has no counterpart here; make its columns elsewhere \
                     and merge them"
                ));
            }
        })
    }
}

/// A number with all its digits.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 || (1e-5..1e15).contains(&x.abs()) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

/// A number behind a minus sign.
fn signed(x: f64) -> String {
    if x < 0.0 {
        format!("({})", number(x))
    } else {
        number(x)
    }
}
