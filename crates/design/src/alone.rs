//! The variables by themselves: what a model's predictors look like before they are multiplied,
//! and which of them a column is a product of.

use crate::part::{Cell, Part, PartTerm};
use crate::plan::{Coding, VariableKind};
use crate::recipe::{Fixed, FixedTerm, Recipe};

impl Recipe {
    /// For every column of the fixed effects, aliased ones included, what it is a product of: the
    /// position of a variable in [`Recipe::variables`] and the name of one of its columns. Nothing
    /// for the constant column.
    pub fn fixed_products(&self) -> Vec<Vec<(usize, String)>> {
        self.products(&self.fixed.cells)
    }

    /// The same for the columns of every one of [`Recipe::random`].
    pub fn random_products(&self) -> Vec<Vec<Vec<(usize, String)>>> {
        let of = |design: &crate::recipe::RandomDesign| self.products(&design.cells);
        self.random.iter().map(of).collect()
    }

    fn products(&self, cells: &[Cell]) -> Vec<Vec<(usize, String)>> {
        let one = |&(variable, coding, j): &(usize, Coding, usize)| {
            (variable, self.plan.column_name(variable, coding, j))
        };
        cells
            .iter()
            .map(|cell| cell.iter().map(one).collect())
            .collect()
    }

    /// The recipe for the same rows whose fixed effects are the variables themselves, one term
    /// each in the order of [`Recipe::variables`]: the numbers of a variable of numbers, a column
    /// for every level of a factor; no constant, no interaction.
    pub fn variables_alone(&self) -> Recipe {
        let plan = &self.plan;
        let terms: Vec<PartTerm> = plan
            .variables
            .iter()
            .enumerate()
            .map(|(variable, info)| {
                let coding = match info.kind {
                    VariableKind::Factor { .. } => Coding::Dummies,
                    _ => Coding::Numbers,
                };
                PartTerm {
                    factors: vec![(variable, coding)],
                }
            })
            .collect();
        let part = Part {
            intercept: false,
            terms,
        };
        let fixed_terms = part
            .terms
            .iter()
            .zip(part.ranges(plan))
            .map(|(term, columns)| FixedTerm {
                label: plan.variables[term.factors[0].0].name.clone(),
                columns,
                variables: term.factors.clone(),
            })
            .collect();
        let (cells, names) = (part.cells(plan), part.names(plan));
        Recipe {
            fixed: Fixed {
                part,
                cells,
                names,
                terms: fixed_terms,
                aliased: Vec::new(),
            },
            ..self.clone()
        }
    }
}
