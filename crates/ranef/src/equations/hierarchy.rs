//! Equations by level, for grouping factors that lie in each other.
//!
//! With L grouping factors a column of X is a path (S₀, …, S_L): S_m is the product of its
//! variables that belong to level m. The coefficient of S₀ at the rows is explained, at the first
//! grouping factor, by all S₁ that follow it in some path, and so on; the last coefficients are the
//! fixed effects. A column of Z of the m-th grouping factor joins the equation of its path
//! (S₀, …, S_{m−1}).

use super::ink::{Ink, index};
use super::{Equation, Equations, LevelEquations, Part, Pieces, Symbol, mathml};

/// One step of a path: names of variables, none for the constant.
type Step = Vec<String>;

/// A random effect and where it joins.
struct Joined {
    block: usize,
    /// Level of its grouping factor, from 1.
    level: usize,
    path: Vec<Step>,
    /// What it is multiplied by within its own level.
    own: Step,
    symbol: Ink,
}

pub(super) struct Ladder<'a, 'b> {
    pieces: &'a Pieces<'b>,
    /// Number of grouping factors, L.
    height: usize,
    paths: Vec<Vec<Step>>,
    /// Every path and its beginnings, and those of random effects.
    known: Vec<Vec<Step>>,
}

impl Pieces<'_> {
    pub(super) fn by_level(&self) -> Equations {
        Ladder::of(self).write()
    }
}

fn steps(parts: &[Part], levels: std::ops::Range<usize>) -> Vec<Step> {
    levels
        .map(|level| {
            parts
                .iter()
                .filter(|part| part.level == level)
                .map(|part| part.name.clone())
                .collect()
        })
        .collect()
}

impl<'a, 'b> Ladder<'a, 'b> {
    fn of(pieces: &'a Pieces<'b>) -> Self {
        let height = pieces.factors.len();
        let paths: Vec<Vec<Step>> = pieces
            .fixed
            .iter()
            .map(|(parts, _)| steps(parts, 0..height + 1))
            .collect();
        let mut known: Vec<Vec<Step>> = Vec::new();
        let mut learn = |path: &[Step]| {
            for length in 1..=path.len() {
                if !known.iter().any(|k| *k == path[..length]) {
                    known.push(path[..length].to_vec());
                }
            }
        };
        paths.iter().for_each(|path| learn(path));
        for column in &pieces.random {
            let level = pieces.level_of(column.block);
            learn(&steps(&column.parts, 0..level));
        }
        Self {
            pieces,
            height,
            paths,
            known,
        }
    }

    /// The steps that follow a beginning, the constant first.
    fn after(&self, beginning: &[Step]) -> Vec<&Step> {
        let mut out: Vec<&Step> = self
            .known
            .iter()
            .filter(|path| path.len() == beginning.len() + 1 && path.starts_with(beginning))
            .filter_map(|path| path.last())
            .collect();
        out.sort_by_key(|step| !step.is_empty());
        out
    }

    /// The number of every step of a path among those beside it: 0 is the constant.
    fn numbers(&self, path: &[Step]) -> Vec<usize> {
        (0..path.len())
            .map(|at| {
                let beside = self.after(&path[..at]);
                let place = beside
                    .iter()
                    .position(|step| **step == path[at])
                    .unwrap_or(0);
                let first = usize::from(!beside.iter().any(|step| step.is_empty()));
                place + first
            })
            .collect()
    }

    /// Indices from a level upwards: `ij`, `j`.
    fn indices(&self, level: usize) -> String {
        (level..=self.height).map(index).collect()
    }

    /// The coefficient at the end of a path of steps at levels 0, 1, …: a symbol, or a fixed
    /// effect.
    fn coefficient(&self, path: &[Step]) -> Ink {
        if path.len() == self.height + 1 {
            return self.fixed(path, self.pieces.values);
        }
        // β for the last but one, π and ψ below it.
        let letters = [
            ("β", "\\beta"),
            ("π", "\\pi"),
            ("ψ", "\\psi"),
            ("ξ", "\\xi"),
        ];
        let (text, latex) = letters[(self.height - path.len()).min(letters.len() - 1)];
        Ink::symbol(
            text,
            latex,
            &self.numbers(path),
            &self.indices(path.len()),
            None,
        )
    }

    fn fixed(&self, path: &[Step], values: bool) -> Ink {
        let at = self.paths.iter().position(|own| own == path);
        match at {
            Some(at) if values => Ink::number(self.pieces.fit.fixef()[at]),
            _ => {
                let (text, latex) = if self.height == 0 {
                    ("β", "\\beta")
                } else {
                    ("γ", "\\gamma")
                };
                Ink::symbol(text, latex, &self.numbers(path), "", None)
            }
        }
    }

    fn variables(&self, step: &Step, level: usize) -> Vec<Ink> {
        let groups = self.indices(level);
        step.iter()
            .map(|name| Ink::variable(name, &groups))
            .collect()
    }

    /// Random effects with their symbols.
    fn joined(&self) -> Vec<Joined> {
        let letters = ["u", "r", "v", "w", "s", "t"];
        let mut out: Vec<Joined> = Vec::new();
        for column in &self.pieces.random {
            let level = self.pieces.level_of(column.block);
            let path = steps(&column.parts, 0..level);
            let own: Step = steps(&column.parts, level..self.height + 1).concat();
            let letter = letters[(self.height - level).min(letters.len() - 1)];
            let symbol = Ink::symbol(
                letter,
                letter,
                &self.numbers(&path),
                &self.indices(level),
                None,
            );
            // A second effect in the same place gets a dash.
            let before = out
                .iter()
                .filter(|other| other.level == level && other.path == path)
                .count();
            let symbol = Ink::new(
                symbol.text.clone() + &"′".repeat(before),
                symbol.latex.clone() + &"'".repeat(before),
                mathml::primed(&symbol.math(), before),
            );
            out.push(Joined {
                block: column.block,
                level,
                path,
                own,
                symbol,
            });
        }
        out
    }

    fn write(&self) -> Equations {
        let pieces = self.pieces;
        let joined = self.joined();
        let all = self.indices(0);
        let response = pieces.left(&all);
        let epsilon = Ink::symbol("ε", "\\varepsilon", &[], &all, None);
        let offsets: Vec<Ink> = pieces
            .offsets()
            .iter()
            .map(|name| Ink::variable(name, &all))
            .collect();
        let mut levels = Vec::new();
        for level in 0..=self.height {
            let mut equations = Vec::new();
            let beginnings: Vec<Vec<Step>> = if level == 0 {
                vec![Vec::new()]
            } else {
                self.beginnings(level)
            };
            for path in beginnings {
                let mut sum = Vec::new();
                for step in self.after(&path) {
                    let mut longer = path.clone();
                    longer.push(step.clone());
                    let mut factors = vec![self.coefficient(&longer)];
                    factors.extend(self.variables(step, level));
                    sum.push(Ink::product(&factors));
                }
                for effect in joined.iter().filter(|e| e.level == level && e.path == path) {
                    let mut factors = vec![effect.symbol.clone()];
                    factors.extend(self.variables(&effect.own, level));
                    sum.push(Ink::product(&factors));
                }
                let left = if level == 0 {
                    sum.extend(offsets.clone());
                    if pieces.linear() {
                        sum.push(epsilon.clone());
                    }
                    response.clone()
                } else {
                    self.coefficient(&path)
                };
                equations.push(Equation::from(Ink::equation(&left, &sum)));
            }
            let distributions = if level == 0 {
                vec![pieces.of_rows(&epsilon, &all)]
            } else {
                self.distributions(&joined, level)
            };
            levels.push(LevelEquations {
                level: level + 1,
                name: match level {
                    0 => "rows".to_owned(),
                    _ => pieces.fit.recipe().factors()[pieces.factors[level - 1]]
                        .name
                        .clone(),
                },
                equations,
                distributions,
            });
        }
        let mut sum = Vec::new();
        for path in &self.paths {
            let mut factors = vec![self.fixed(path, pieces.values)];
            for (level, step) in path.iter().enumerate() {
                factors.extend(self.variables(step, level));
            }
            sum.push(Ink::product(&factors));
        }
        for effect in &joined {
            let mut factors = vec![effect.symbol.clone()];
            for (level, step) in effect.path.iter().enumerate() {
                factors.extend(self.variables(step, level));
            }
            factors.extend(self.variables(&effect.own, effect.level));
            sum.push(Ink::product(&factors));
        }
        sum.extend(offsets);
        if pieces.linear() {
            sum.push(epsilon);
        }
        let symbols = self
            .paths
            .iter()
            .zip(&pieces.fixed)
            .zip(pieces.fit.fixef())
            .map(|((path, (_, term)), estimate)| {
                let symbol = self.fixed(path, false);
                Symbol {
                    mathml: symbol.math(),
                    symbol: symbol.text,
                    latex: symbol.latex,
                    term: term.clone(),
                    estimate: *estimate,
                }
            })
            .collect();
        Equations {
            formula: pieces.fit.formula().to_owned(),
            levels,
            combined: Ink::equation(&response, &sum).into(),
            values: pieces.values,
            symbols,
            warnings: Vec::new(),
        }
    }

    /// All beginnings of so many steps, in the order of their numbers.
    fn beginnings(&self, length: usize) -> Vec<Vec<Step>> {
        let mut out: Vec<Vec<Step>> = self
            .known
            .iter()
            .filter(|path| path.len() == length)
            .cloned()
            .collect();
        out.sort_by_key(|path| self.numbers(path));
        out
    }

    fn distributions(&self, joined: &[Joined], level: usize) -> Vec<Equation> {
        let mark = (self.height > 1).then_some(level + 1);
        joined
            .chunk_by(|a, b| a.block == b.block)
            .filter(|effects| effects[0].level == level)
            .map(|effects| {
                let symbols: Vec<Ink> = effects.iter().map(|e| e.symbol.clone()).collect();
                self.pieces.distribution(effects[0].block, &symbols, mark)
            })
            .collect()
    }
}

impl Pieces<'_> {
    /// Level of the grouping factor of a block, from 1.
    fn level_of(&self, block: usize) -> usize {
        let factor = self.fit.recipe().random()[block].factor;
        self.factors
            .iter()
            .position(|f| *f == factor)
            .map_or(1, |at| at + 1)
    }
}
