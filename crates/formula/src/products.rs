//! Sets of terms under the operators of formulas.
//!
//! A term is a set of variable numbers, and the operators are unions and products of such sets:
//! `+` joins, `-` takes away, `:` multiplies each with each. Sizes are limited, because a short
//! text can stand for very many terms (`.^9`) and a slip should not fill the memory.

use std::collections::HashSet;

use crate::{FormulaError, FormulaErrorKind as Kind, Span};

/// More terms than this are a slip (`.^9`), not a model.
pub(crate) const MAX_TERMS: usize = 1 << 16;
/// Pairs of terms that one product may look at, most of which can be duplicates.
const MAX_PAIRS: usize = 1 << 20;

/// A term as the numbers of its variables, in increasing order.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub variables: Vec<usize>,
    pub span: Span,
}

impl Product {
    pub fn times(&self, other: &Product) -> Product {
        let mut variables = [&self.variables[..], &other.variables[..]].concat();
        variables.sort_unstable();
        variables.dedup();
        Product {
            variables,
            span: self.span.join(other.span),
        }
    }
}

/// Products in the order of appearance, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Products {
    pub list: Vec<Product>,
    seen: HashSet<Vec<usize>>,
}

impl Products {
    pub fn add(&mut self, product: Product) {
        if self.seen.insert(product.variables.clone()) {
            self.list.push(product);
        }
    }

    pub fn add_all(&mut self, others: Products) {
        for product in others.list {
            self.add(product);
        }
    }

    pub fn remove_all(&mut self, others: &Products) {
        self.list
            .retain(|product| !others.seen.contains(&product.variables));
        self.seen.retain(|key| !others.seen.contains(key));
    }

    /// One product of all variables in it, as the outer part of a nesting.
    pub fn whole(&self) -> Products {
        let mut whole = Products::default();
        if let Some((first, rest)) = self.list.split_first() {
            whole.add(rest.iter().fold(first.clone(), |all, one| all.times(one)));
        }
        whole
    }

    /// Every product of this with every one of the other.
    pub fn cross(&self, other: &Products, span: Span) -> Result<Products, FormulaError> {
        let mut crossed = Products::default();
        if self.list.len().saturating_mul(other.list.len()) > MAX_PAIRS {
            return Err(too_many(span));
        }
        for left in &self.list {
            for right in &other.list {
                crossed.add(left.times(right));
            }
        }
        if crossed.list.len() > MAX_TERMS {
            return Err(too_many(span));
        }
        Ok(crossed)
    }
}

/// The error for a formula beyond the limits.
pub(crate) fn too_many(span: Span) -> FormulaError {
    FormulaError::new(
        Kind::TooManyTerms,
        span,
        format!("this stands for more than {MAX_TERMS} terms"),
    )
    .with_hint("a lower power, or fewer variables, will do")
}
