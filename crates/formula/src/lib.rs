//! Mixed-model formulas: text to terms, as R and lme4 read them.
//!
//! ```
//! use ranef_formula::Formula;
//!
//! let formula = Formula::parse("math ~ ses * public + (ses | school/class)")?;
//! let columns = ["math", "ses", "public", "school", "class"];
//! let terms = formula.terms(&columns)?;
//!
//! assert_eq!(terms.fixed.labels(), ["ses", "public", "ses:public"]);
//! assert_eq!(terms.random[0].group_label(), "class:school");
//! assert_eq!(terms.random[1].to_string(), "(ses | school)");
//!
//! let text = "math ~ ses + 1 | school";
//! let error = Formula::parse(text).unwrap_err();
//! assert_eq!(error.report(text), "\
//! a random term must stand in parentheses
//!   math ~ ses + 1 | school
//!          ^^^^^^^^^^^^^^^^
//! write `ses + (1 | school)`");
//! # Ok::<(), ranef_formula::FormulaError>(())
//! ```
//!
//! The way through the crate: `lexer` makes tokens of the text, `parser` a syntax tree of the
//! tokens. The tree says what is written, not yet what it means, because the same signs mean one
//! thing between terms and another inside `I(...)`. Two readings follow: `arithmetic` turns nodes
//! into an [`Expr`], a value for each row; `expand` turns a sum into [`Effects`] (by the algebra of `products`), and `group` the
//! right side of a bar into grouping factors. [`Terms`] hold the result. `deparse` and `print`
//! lead back to text.
//!
//! No data is known here. Names are only names, functions are parsed whatever they are called,
//! and every piece keeps its [`Span`], so that whoever finds a column missing can point at it.

mod arithmetic;
mod caret;
mod deparse;
mod error;
mod expand;
mod expr;
mod formula;
mod group;
mod lexer;
mod parser;
mod print;
mod products;
mod span;
mod suggest;
mod syntax;
mod terms;

pub use caret::caret;
pub use error::{FormulaError, FormulaErrorKind};
pub use expr::{Argument, BinaryOperator, Expr, ExprKind, UnaryOperator};
pub use formula::Formula;
pub use span::Span;
pub use suggest::did_you_mean;
pub use terms::{Effects, IgnoredPower, RandomTerm, Term, Terms};
