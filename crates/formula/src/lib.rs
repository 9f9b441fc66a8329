//! Mixed-model formulas.
mod expr;
mod span;
mod terms;

pub use expr::{Argument, BinaryOperator, Expr, ExprKind, UnaryOperator};
pub use span::Span;
pub use terms::{Effects, RandomTerm, Term, Terms};
