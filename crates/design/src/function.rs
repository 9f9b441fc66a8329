//! The functions and operators that formulas know, number by number.

use serde::{Deserialize, Serialize};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Function {
    Negate,
    Not,
    Log,
    Log2,
    Log10,
    Log1p,
    Exp,
    Expm1,
    Sqrt,
    Abs,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Floor,
    Ceiling,
    Truncate,
    Round,
    Sign,
    Logistic,
    Logit,
}

impl Function {
    /// The function of that name in a formula.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "log" => Self::Log,
            "log2" => Self::Log2,
            "log10" => Self::Log10,
            "log1p" => Self::Log1p,
            "exp" => Self::Exp,
            "expm1" => Self::Expm1,
            "sqrt" => Self::Sqrt,
            "abs" => Self::Abs,
            "sin" => Self::Sin,
            "cos" => Self::Cos,
            "tan" => Self::Tan,
            "asin" => Self::Asin,
            "acos" => Self::Acos,
            "atan" => Self::Atan,
            "sinh" => Self::Sinh,
            "cosh" => Self::Cosh,
            "tanh" => Self::Tanh,
            "asinh" => Self::Asinh,
            "acosh" => Self::Acosh,
            "atanh" => Self::Atanh,
            "floor" => Self::Floor,
            "ceiling" => Self::Ceiling,
            "trunc" | "as.integer" => Self::Truncate,
            "round" => Self::Round,
            "sign" => Self::Sign,
            "plogis" => Self::Logistic,
            "qlogis" => Self::Logit,
            _ => return None,
        })
    }

    /// The function on a number.
    pub(crate) fn on(self) -> fn(f64) -> f64 {
        match self {
            Self::Negate => |x| -x,
            Self::Not => |x| logical(x == 0.0),
            Self::Log => f64::ln,
            Self::Log2 => f64::log2,
            Self::Log10 => f64::log10,
            Self::Log1p => f64::ln_1p,
            Self::Exp => f64::exp,
            Self::Expm1 => f64::exp_m1,
            Self::Sqrt => f64::sqrt,
            Self::Abs => f64::abs,
            Self::Sin => f64::sin,
            Self::Cos => f64::cos,
            Self::Tan => f64::tan,
            Self::Asin => f64::asin,
            Self::Acos => f64::acos,
            Self::Atan => f64::atan,
            Self::Sinh => f64::sinh,
            Self::Cosh => f64::cosh,
            Self::Tanh => f64::tanh,
            Self::Asinh => f64::asinh,
            Self::Acosh => f64::acosh,
            Self::Atanh => f64::atanh,
            Self::Floor => f64::floor,
            Self::Ceiling => f64::ceil,
            Self::Truncate => f64::trunc,
            // Halves go to the even digit, as in IEC 60559 and R.
            Self::Round => f64::round_ties_even,
            Self::Sign => |x| if x == 0.0 { 0.0 } else { x.signum() },
            Self::Logistic => |x| 1.0 / (1.0 + (-x).exp()),
            Self::Logit => |p| (p / (1.0 - p)).ln(),
        }
    }
}

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Modulo,
    IntegerDivide,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Least,
    Greatest,
    Round,
}

impl Operation {
    /// The operation on two numbers. Comparisons give 1 for true and 0 for false.
    #[inline]
    pub(crate) fn on(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Subtract => x - y,
            Self::Multiply => x * y,
            Self::Divide => x / y,
            Self::Power if y == 2.0 => x * x,
            Self::Power => x.powf(y),
            Self::Modulo => x - (x / y).floor() * y,
            Self::IntegerDivide => (x / y).floor(),
            Self::Equal => logical(x == y),
            Self::NotEqual => logical(x != y),
            Self::Less => logical(x < y),
            Self::LessEqual => logical(x <= y),
            Self::Greater => logical(x > y),
            Self::GreaterEqual => logical(x >= y),
            Self::And => logical(x != 0.0 && y != 0.0),
            Self::Or => logical(x != 0.0 || y != 0.0),
            Self::Least => x.min(y),
            Self::Greatest => x.max(y),
            Self::Round => round_digits(x, y),
        }
    }
}

fn logical(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

/// Rounds to a number of decimals: the decimal that prints shortest there.
fn round_digits(x: f64, digits: f64) -> f64 {
    if digits >= 0.0 {
        format!("{x:.*}", digits.min(300.0) as usize)
            .parse()
            .unwrap_or(x)
    } else {
        let unit = 10f64.powf(-digits);
        (x / unit).round_ties_even() * unit
    }
}

/// Every function name that formulas know, for "did you mean".
pub(crate) const NAMES: &[&str] = &[
    "log",
    "log2",
    "log10",
    "log1p",
    "exp",
    "expm1",
    "sqrt",
    "abs",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "floor",
    "ceiling",
    "trunc",
    "round",
    "sign",
    "plogis",
    "qlogis",
    "pmin",
    "pmax",
    "ifelse",
    "I",
    "as.numeric",
    "as.integer",
    "scale",
    "center",
    "poly",
    "ns",
    "bs",
    "within",
    "between",
    "factor",
    "as.factor",
    "C",
    "relevel",
    "interaction",
    "offset",
    "cbind",
];
