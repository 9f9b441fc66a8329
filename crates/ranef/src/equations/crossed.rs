//! One equation, for grouping factors that do not lie in each other: j(i) is the level of a factor
//! that row i belongs to.

use super::ink::{Ink, index};
use super::{Equation, Equations, LevelEquations, Part, Pieces, Symbol};
use crate::Note;

impl Pieces<'_> {
    pub(super) fn in_one(&self) -> Equations {
        // Position of the factor of a part or block plus one; 0 for the rows.
        let indices = |place: usize| match place {
            0 => "i".to_owned(),
            place => format!("{}[i]", index(place)),
        };
        let variables = |parts: &[Part]| -> Vec<Ink> {
            parts
                .iter()
                .map(|part| Ink::variable(&part.name, &indices(part.level)))
                .collect()
        };
        let letters = ["u", "v", "w", "s", "t"];
        let response = self.left("i");
        let epsilon = Ink::symbol("ε", "\\varepsilon", &[], "i", None);
        let has_intercept = self.fixed.iter().any(|(parts, _)| parts.is_empty());
        let symbol =
            |at: usize| Ink::symbol("β", "\\beta", &[at + usize::from(!has_intercept)], "", None);
        let mut sum = Vec::new();
        for (at, (parts, _)) in self.fixed.iter().enumerate() {
            let mut factors = vec![if self.values {
                Ink::number(self.fit.fixef()[at])
            } else {
                symbol(at)
            }];
            factors.extend(variables(parts));
            sum.push(Ink::product(&factors));
        }
        let mut effects: Vec<(usize, Ink)> = Vec::new();
        for column in &self.random {
            let block = &self.fit.varcorr()[column.block];
            let letter = letters[block.factor.min(letters.len() - 1)];
            let number = block.offset + column.column;
            let effect = Ink::symbol(letter, letter, &[number], &indices(block.factor + 1), None);
            let mut factors = vec![effect];
            factors.extend(variables(&column.parts));
            sum.push(Ink::product(&factors));
            // As a distribution has it: for a level, not for the level of a row.
            let level = index(block.factor + 1).to_string();
            effects.push((
                column.block,
                Ink::symbol(letter, letter, &[number], &level, None),
            ));
        }
        let offsets = self.offsets();
        sum.extend(offsets.iter().map(|name| Ink::variable(name, "i")));
        if self.linear() {
            sum.push(epsilon.clone());
        }
        let mut distributions: Vec<Equation> = effects
            .chunk_by(|a, b| a.0 == b.0)
            .map(|own| {
                let symbols: Vec<Ink> = own.iter().map(|(_, ink)| ink.clone()).collect();
                let mark = self.fit.varcorr()[own[0].0].factor + 1;
                self.distribution(own[0].0, &symbols, Some(mark))
            })
            .collect();
        distributions.push(self.of_rows(&epsilon, "i"));
        let combined = Equation::from(Ink::equation(&response, &sum));
        let factors: Vec<String> = self
            .fit
            .recipe()
            .factors()
            .iter()
            .enumerate()
            .map(|(at, factor)| format!("{}(i) is the `{}` of row i", index(at + 1), factor.name))
            .collect();
        Equations {
            formula: self.fit.formula().to_owned(),
            levels: vec![LevelEquations {
                level: 1,
                name: "rows".to_owned(),
                equations: vec![combined.clone()],
                distributions,
            }],
            combined,
            values: self.values,
            symbols: self
                .fixed
                .iter()
                .zip(self.fit.fixef())
                .enumerate()
                .map(|(at, ((_, term), estimate))| {
                    let symbol = symbol(at);
                    Symbol {
                        mathml: symbol.math(),
                        symbol: symbol.text,
                        latex: symbol.latex,
                        term: term.clone(),
                        estimate: *estimate,
                    }
                })
                .collect(),
            warnings: vec![Note::new(
                "crossed",
                format!(
                    "the grouping factors are crossed, so there is no equation for each level: {}",
                    factors.join(", ")
                ),
            )],
        }
    }
}
