//! The recipe: how rows become numbers. Pure data, small, and the same for old rows and new.
//!
//! A recipe holds names, levels and learned constants, never rows. It is what a saved model keeps
//! of its data. To turn batches into numbers ask it for a [`Reader`], which builds the look-up
//! tables once and is then fed batch by batch.

use std::ops::Range;

use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::category::level_label;
use crate::contrast::Contrast;
use crate::error::DesignError;
use crate::part::{Cell, Part};
use crate::plan::{Coding, DataKind, Needs, Offset, Plan, VariableKind};
use crate::reader::Reader;
use crate::response::{Response, ResponseKind};
use crate::survey::Moments;
use crate::transform::TransformKind;

/// How rows become numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub(crate) plan: Plan,
    pub(crate) response: Response,
    pub(crate) kind: ResponseKind,
    pub(crate) fixed: Fixed,
    pub(crate) random: Vec<RandomDesign>,
    pub(crate) factors: Vec<GroupingFactor>,
    pub(crate) offsets: Vec<Offset>,
    /// Column of the plan.
    pub(crate) weights: Option<usize>,
    pub(crate) predictors: Vec<Predictor>,
}

/// The fixed effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) part: Part,
    pub(crate) cells: Vec<Cell>,
    pub(crate) names: Vec<String>,
    pub(crate) terms: Vec<FixedTerm>,
    /// Columns left out because the others determine them, ascending.
    pub(crate) aliased: Vec<usize>,
}

/// A term of the fixed effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedTerm {
    /// As the formula writes it: `Time:Diet`; the intercept is no term.
    pub label: String,
    /// Its columns among [`Recipe::fixed_names`].
    pub columns: Range<usize>,
    /// Its variables, as positions in [`Recipe::variables`], and their codings; the first varies
    /// fastest over the columns.
    pub variables: Vec<(usize, Coding)>,
}

/// One bar term: a block of random effects that may be correlated. The columns of a `||` term are
/// a block each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomDesign {
    /// The group as the formula writes it: `Subject`, `Variety:Block`.
    pub group: String,
    /// Names of the columns: `(Intercept)`, `Days`.
    pub names: Vec<String>,
    /// Position in [`Recipe::factors`].
    pub factor: usize,
    /// Which of the columns is constant.
    pub constant: Option<usize>,
    /// Which bar term of the formula it comes from.
    pub term: usize,
    pub(crate) cells: Vec<Cell>,
}

impl RandomDesign {
    /// The columns as products of columns of variables; see [`Recipe::fixed_cells`].
    pub fn products(&self) -> &[Vec<(usize, Coding, usize)>] {
        &self.cells
    }
}

/// A transform and its constants, for those who write it down in another language.
#[derive(Clone, Debug, PartialEq)]
pub enum Learned {
    /// (x − center)/divisor.
    Scale {
        /// What is taken away.
        center: f64,
        /// What is divided by.
        divisor: f64,
    },
    /// Orthogonal polynomials p₁ … p_d by p₀ = 1,
    /// p_{k+1} = (x − alpha_k) p_k − (norm2_k / norm2_{k−1}) p_{k−1}, each divided by √norm2_k.
    Orthogonal {
        /// α₀ … α_{d−1}.
        alpha: Vec<f64>,
        /// ‖p₀‖² … ‖p_d‖².
        norm2: Vec<f64>,
    },
    /// x, x², … to a degree.
    Powers {
        /// The highest power.
        degree: usize,
    },
    /// A spline basis.
    Spline,
    /// The mean of a group, or what a value differs from it.
    GroupMean {
        /// Whether it is the difference.
        centred: bool,
    },
}

/// A grouping factor. Levels are counted here and named by [`Recipe::level`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupingFactor {
    /// As the formula first writes it: `Subject`, `Variety:Block`.
    pub name: String,
    /// Number of levels.
    pub levels: usize,
    pub(crate) category: usize,
}

/// A variable of the fixed or random effects, for those who average over its values.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableInfo {
    /// As the formula writes it: `Diet`, `poly(Days, 2)`.
    pub name: String,
    /// What it is.
    pub values: VariableValues,
    /// The columns of the data that it is made of.
    pub columns: Vec<String>,
}

/// What a variable is.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableValues {
    /// Numbers, in so many columns.
    Numbers {
        /// Number of columns; more than one for `poly` and the like.
        columns: usize,
    },
    /// Levels.
    Factor {
        /// Their labels.
        levels: Vec<String>,
        /// How they are coded where contrasts are.
        contrast: Contrast,
    },
}

/// A column of the data that the effects are made of, and what the survey saw of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictor {
    /// Name of the column.
    pub name: String,
    /// What it holds.
    pub values: PredictorValues,
}

/// What a predictor holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PredictorValues {
    /// Numbers.
    Numbers(Moments),
    /// Levels, in their order.
    Levels(Vec<String>),
}

/// Which numbers of the rows a reading is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The response.
    pub response: bool,
    /// Fixed effects and offsets.
    pub fixed: bool,
    /// Random effects and the codes of their groups.
    pub random: bool,
    /// Weights.
    pub weights: bool,
}

impl Parts {
    /// All, as a fit needs them.
    pub const ALL: Self = Self {
        response: true,
        fixed: true,
        random: true,
        weights: true,
    };
    /// What a prediction for known groups needs.
    pub const PREDICTORS: Self = Self {
        response: false,
        fixed: true,
        random: true,
        weights: false,
    };
    /// What a prediction for the population needs.
    pub const FIXED: Self = Self {
        response: false,
        fixed: true,
        random: false,
        weights: false,
    };
}

/// The value of one variable in [`Recipe::fixed_row`].
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// The columns of a variable of numbers.
    Numbers(Vec<f64>),
    /// A level of a factor.
    Level(usize),
    /// A weighted mean over the levels of a factor, a weight each.
    Average(Vec<f64>),
}

impl Recipe {
    /// Name of the response as the formula writes it.
    pub fn response_name(&self) -> Option<&str> {
        match &self.response {
            Response::Nothing => None,
            Response::Number { name, .. }
            | Response::Levels { name, .. }
            | Response::Categories { name, .. }
            | Response::Counts { name, .. } => Some(name),
        }
    }

    /// What the response is.
    pub fn response_kind(&self) -> &ResponseKind {
        &self.kind
    }

    /// Names of all columns of the fixed effects, aliased ones included.
    pub fn fixed_names(&self) -> &[String] {
        &self.fixed.names
    }

    /// Whether the fixed effects begin with the constant column.
    pub fn has_intercept(&self) -> bool {
        self.fixed.part.intercept
    }

    /// The terms of the fixed effects, in the order of their columns.
    pub fn fixed_terms(&self) -> &[FixedTerm] {
        &self.fixed.terms
    }

    /// The term of every column of the fixed effects: R's `assign`, with `None` for the intercept.
    pub fn fixed_assign(&self) -> Vec<Option<usize>> {
        let term_of = |column: usize| {
            self.fixed
                .terms
                .iter()
                .position(|term| term.columns.contains(&column))
        };
        (0..self.fixed.names.len()).map(term_of).collect()
    }

    /// Leaves out columns of the fixed effects, by their positions in [`Recipe::fixed_names`]:
    /// readers no longer produce them.
    pub fn drop_fixed(&mut self, columns: &[usize]) {
        self.fixed
            .aliased
            .extend(columns.iter().filter(|&&c| c < self.fixed.names.len()));
        self.fixed.aliased.sort_unstable();
        self.fixed.aliased.dedup();
    }

    /// Leaves the constant column out for good, as a model with thresholds has it: the coding of
    /// factors stays that beside an intercept.
    pub fn drop_intercept(&mut self) {
        if !std::mem::take(&mut self.fixed.part.intercept) {
            return;
        }
        self.fixed.cells.remove(0);
        self.fixed.names.remove(0);
        for term in &mut self.fixed.terms {
            term.columns = term.columns.start - 1..term.columns.end - 1;
        }
        for column in &mut self.fixed.aliased {
            *column -= 1;
        }
    }

    /// The columns left out, ascending.
    pub fn aliased(&self) -> &[usize] {
        &self.fixed.aliased
    }

    /// The columns that readers produce, by their positions in [`Recipe::fixed_names`].
    pub fn fixed_kept(&self) -> Vec<usize> {
        (0..self.fixed.names.len())
            .filter(|column| !self.fixed.aliased.contains(column))
            .collect()
    }

    /// The columns of the fixed effects as products of columns of [`Recipe::variables`]: for each
    /// factor of the product the variable, its coding, and which of its columns; the intercept is
    /// the empty product.
    pub fn fixed_cells(&self) -> &[Vec<(usize, Coding, usize)>] {
        &self.fixed.cells
    }

    /// What a transform learned, by the way that the formula first writes it, such as
    /// `poly(Days, 2)`.
    pub fn learned(&self, transform: &str) -> Option<Learned> {
        let known = self.plan.transforms.iter().find(|t| t.name == transform)?;
        Some(match &known.kind {
            TransformKind::Scale(scale) => Learned::Scale {
                center: scale.center(),
                divisor: scale.divisor(),
            },
            TransformKind::Poly { orthogonal, .. } => Learned::Orthogonal {
                alpha: orthogonal.alpha.clone(),
                norm2: orthogonal.norm2.clone(),
            },
            TransformKind::Powers { degree } => Learned::Powers { degree: *degree },
            TransformKind::Spline(_) => Learned::Spline,
            TransformKind::GroupMean(mean) => Learned::GroupMean {
                centred: mean.centred,
            },
        })
    }

    /// The blocks of random effects, in the order of the formula.
    pub fn random(&self) -> &[RandomDesign] {
        &self.random
    }

    /// The distinct grouping factors, in the order of the formula.
    pub fn factors(&self) -> &[GroupingFactor] {
        &self.factors
    }

    /// The label of a level of a grouping factor, such as `Victory:I`.
    pub fn level(&self, factor: usize, level: usize) -> String {
        level_label(&self.plan.categories, self.factors[factor].category, level)
    }

    /// The columns of the data that a grouping factor is made of.
    pub fn factor_columns(&self, factor: usize) -> Vec<&str> {
        let mut needs = self.plan.needs();
        self.plan
            .need_category(&mut needs, self.factors[factor].category);
        needs.names(&self.plan)
    }

    /// The variables of the effects.
    pub fn variables(&self) -> Vec<VariableInfo> {
        (0..self.plan.variables.len())
            .map(|variable| self.variable(variable))
            .collect()
    }

    fn variable(&self, index: usize) -> VariableInfo {
        let variable = &self.plan.variables[index];
        let mut needs = self.plan.needs();
        self.plan.need_variable(&mut needs, index);
        let named = |(column, needed): (usize, &bool)| {
            needed.then(|| self.plan.columns[column].name.clone())
        };
        let values = match variable.kind {
            VariableKind::Factor { category, contrast } => {
                let label = |level| level_label(&self.plan.categories, category, level);
                let levels = (0..self.plan.categories[category].len())
                    .map(label)
                    .collect();
                VariableValues::Factor { levels, contrast }
            }
            _ => VariableValues::Numbers {
                columns: self.plan.width(index, Coding::Numbers),
            },
        };
        let columns = needs.columns.iter().enumerate().filter_map(named).collect();
        VariableInfo {
            name: variable.name.clone(),
            values,
            columns,
        }
    }

    /// The columns of the data that fixed effects, random effects and offsets are made of, with
    /// their moments or levels: what a grid of values to predict at is built from.
    pub fn predictors(&self) -> &[Predictor] {
        &self.predictors
    }

    /// The row of the fixed effects' matrix at given values, one for each of
    /// [`Recipe::variables`]; all columns, aliased ones included.
    pub fn fixed_row(&self, values: &[Cells]) -> Vec<f64> {
        let value = |&(variable, coding, j): &(usize, Coding, usize)| match &values[variable] {
            Cells::Numbers(numbers) => numbers[j],
            Cells::Level(level) => self.plan.column_by_level(variable, coding, j)[*level],
            Cells::Average(weights) => {
                let by_level = self.plan.column_by_level(variable, coding, j);
                by_level
                    .iter()
                    .zip(weights)
                    .map(|(x, weight)| x * weight)
                    .sum()
            }
        };
        self.fixed
            .cells
            .iter()
            .map(|cell| cell.iter().map(value).product())
            .collect()
    }

    /// The same recipe whose readers produce aliased columns too.
    pub fn with_aliased(&self) -> Recipe {
        let mut recipe = self.clone();
        recipe.fixed.aliased.clear();
        recipe
    }

    /// The same recipe without its grouping factors: readers give the columns of the random
    /// effects, and nobody's codes.
    pub fn without_groups(&self) -> Recipe {
        let mut recipe = self.clone();
        recipe.factors.clear();
        recipe
    }

    /// Names of the columns of the data that a reading needs.
    pub fn columns(&self, parts: Parts) -> Vec<&str> {
        self.needs(parts).names(&self.plan)
    }

    /// Positions in a source of the columns that a reading needs, for [`Source::read`].
    pub fn projection(&self, source: &dyn Source, parts: Parts) -> Result<Vec<usize>, DesignError> {
        crate::reader::projection(source, &self.columns(parts))
    }

    /// A reader that turns batches into numbers.
    pub fn reader(&self, parts: Parts) -> Reader<'_> {
        Reader::new(self, parts)
    }

    pub(crate) fn needs(&self, parts: Parts) -> Needs {
        let plan = &self.plan;
        let mut needs = plan.needs();
        if parts.response {
            self.response.need(plan, &mut needs);
        }
        if parts.fixed {
            let kept = self.fixed_kept();
            for &(variable, ..) in kept.iter().flat_map(|&column| &self.fixed.cells[column]) {
                plan.need_variable(&mut needs, variable);
            }
            self.offsets
                .iter()
                .for_each(|offset| plan.need_numeric(&mut needs, &offset.value));
        }
        if parts.random {
            for &(variable, ..) in self
                .random
                .iter()
                .flat_map(|design| design.cells.iter().flatten())
            {
                plan.need_variable(&mut needs, variable);
            }
            for factor in &self.factors {
                plan.need_category(&mut needs, factor.category);
            }
        }
        if let (true, Some(weights)) = (parts.weights, self.weights) {
            needs.columns[weights] = true;
        }
        needs
    }

    /// Whether a column held text where the model was fitted.
    pub fn is_text(&self, column: &str) -> bool {
        let known = self.plan.columns.iter().find(|known| known.name == column);
        matches!(known.map(|known| known.kind), Some(DataKind::Text { .. }))
    }
}

impl Response {
    pub(crate) fn need(&self, plan: &Plan, needs: &mut Needs) {
        match self {
            Response::Nothing => {}
            Response::Number { value, .. } => plan.need_numeric(needs, value),
            Response::Levels { category, .. } | Response::Categories { category, .. } => {
                plan.need_category(needs, *category);
            }
            Response::Counts {
                successes,
                failures,
                ..
            } => {
                plan.need_numeric(needs, successes);
                plan.need_numeric(needs, failures);
            }
        }
    }
}
