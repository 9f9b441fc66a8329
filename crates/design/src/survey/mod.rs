//! The first pass over the rows: what must be known before a row can become numbers.
//!
//! The survey learns which rows can be used, the levels of every category from these rows, and what
//! the transforms remember from all rows that have their columns, as R does, which transforms
//! before it leaves rows out. One pass does it for almost every formula:
//! levels get codes in the order of first sight and are sorted at the end, means and variances are
//! merged from blocks, and quantiles and orthogonal polynomials come from a table of distinct
//! values. A transform of something that is itself learned (`poly(scale(x), 2)`) waits for one more
//! pass.

mod distribution;
mod moments;
mod pass;
mod schedule;

pub(crate) use distribution::Distribution;
pub use moments::Moments;
pub(crate) use pass::Watch;

use std::collections::HashMap;

use ranef_formula::{Span, Terms};
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::category::{Levelling, Recoding, level_label};
use crate::error::{DesignError, Problem};
use crate::options::Options;
use crate::part::Part;
use crate::plan::{Coding, DataKind, Offset, Plan, VariableKind};
use crate::recipe::{
    Fixed, FixedTerm, GroupingFactor, Predictor, PredictorValues, RandomDesign, Recipe,
};
use crate::resolve::{Draft, Resolved, resolve};
use crate::response::{Response, ResponseKind};
use crate::structure::{FactorShape, PairShape, Structure};
use pass::Passes;

/// What the first pass found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// How rows become numbers.
    pub recipe: Recipe,
    /// How the grouping factors lie to each other.
    pub structure: Structure,
    /// Which rows count.
    pub rows: RowCount,
    /// What the person should know before reading any result.
    pub notes: Vec<Note>,
}

/// How many rows there are and why some do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCount {
    /// Rows of the source.
    pub read: usize,
    /// Rows that miss no value the model needs.
    pub used: usize,
    /// Rows that miss one.
    pub dropped: usize,
    /// How many rows each column misses, most first; a row that misses two counts for both.
    pub dropped_by: Vec<(String, usize)>,
}

/// Something worth saying that is no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Stable code, such as `reused_ids`.
    pub code: String,
    /// What, in a sentence or two.
    pub message: String,
}

/// Surveys the rows of a source for a formula.
///
/// Reads the source once, or once more for each transform of a transform. Fails with a place in
/// the formula or a row of the data where anything stands in the way of a model.
pub fn survey(
    terms: &Terms,
    source: &dyn Source,
    options: &Options,
) -> Result<Survey, DesignError> {
    let Resolved {
        plan,
        response,
        fixed,
        random,
        offsets,
        weights,
    } = resolve(terms, source, options)?;
    let (factors, factor_of) = grouping_factors(&random);
    let span = terms
        .response
        .as_ref()
        .map_or(Span::default(), |response| response.span);
    let mut passes = Passes::new(plan, &response, span, weights, &offsets, &factors);
    passes.run(source)?;
    let Passes {
        plan,
        rows,
        moments,
        groups,
        watches,
        ..
    } = passes;

    let kind = response_kind(&plan, &response).map_err(|error| error.or_at(span))?;
    let fixed = finish_fixed(&fixed, &plan)?;
    let factors: Vec<GroupingFactor> = factors
        .into_iter()
        .map(|(category, name)| {
            let levels = plan.categories[category].len();
            GroupingFactor {
                name,
                levels,
                category,
            }
        })
        .collect();
    for factor in &factors {
        let draft = random.iter().find(|draft| draft.group == factor.category);
        if factor.levels < 2 {
            let level = match factor.levels {
                1 => level_label(&plan.categories, factor.category, 0),
                _ => String::new(),
            };
            let problem = Problem::OneLevelGroup {
                name: factor.name.clone(),
                level,
            };
            return Err(match draft {
                Some(draft) => DesignError::at(draft.span, problem),
                None => problem.into(),
            });
        }
    }
    let mut designs = Vec::new();
    for (term, (draft, factor)) in random.iter().zip(factor_of).enumerate() {
        let part = draft.effects.part(&plan);
        check_levels(&draft.effects, &part, &plan)?;
        let (cells, names) = (part.cells(&plan), part.names(&plan));
        let whole = RandomDesign {
            group: draft.label.clone(),
            constant: cells.iter().position(Vec::is_empty),
            names,
            factor,
            term,
            cells,
        };
        if draft.correlated {
            designs.push(whole);
        } else {
            designs.extend(split(&whole));
        }
    }
    let structure = Structure {
        factors: factors
            .iter()
            .zip(groups)
            .map(|(factor, sizes)| FactorShape::new(factor.name.clone(), sizes))
            .collect(),
        pairs: watches
            .iter()
            .map(|watch| {
                let levels = |factor: usize| factors[factor].levels;
                let relation = watch.relation(levels(watch.first), levels(watch.second));
                PairShape {
                    first: watch.first,
                    second: watch.second,
                    relation,
                }
            })
            .collect(),
    };
    let mut notes = crate::reused::notes(&plan, &factors, &structure, &watches, rows.used);
    notes.extend(of_formula(terms));
    let predictors = predictors(&plan, &offsets, &moments);
    let recipe = Recipe {
        plan,
        response,
        kind,
        fixed,
        random: designs,
        factors,
        offsets,
        weights,
        predictors,
    };
    Ok(Survey {
        recipe,
        structure,
        rows,
        notes,
    })
}

/// Notes on what stands in the formula and does nothing.
fn of_formula(terms: &Terms) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for found in &terms.ignored_powers {
        let (base, power) = (&found.base, &found.power);
        let what = match found.exponent {
            2.0 => "square",
            3.0 => "cube",
            _ => "power",
        };
        notes.push(Note {
            code: "power_ignored".into(),
            message: format!(
                "`{power}` is just `{base}` in a formula; write `I({power})` for the {what}"
            ),
        });
    }
    for (place, term) in terms.random.iter().enumerate() {
        let before = terms.random[..place].iter().filter(|other| *other == term);
        // The third time says nothing new.
        if before.count() == 1 {
            notes.push(Note {
                code: "term_twice".into(),
                message: format!(
                    "`{term}` stands in the formula twice: the data determine only the sum of the \
                     two variances"
                ),
            });
        }
    }
    notes
}

/// The distinct grouping factors, as category and name, and which one each bar term has.
fn grouping_factors(random: &[crate::resolve::RandomDraft]) -> (Vec<(usize, String)>, Vec<usize>) {
    let mut factors: Vec<(usize, String)> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    let factor_of = random
        .iter()
        .map(|draft| {
            *place.entry(draft.group).or_insert_with(|| {
                factors.push((draft.group, draft.label.clone()));
                factors.len() - 1
            })
        })
        .collect();
    (factors, factor_of)
}

/// The columns of a `||` term, each as a block of its own.
fn split(whole: &RandomDesign) -> impl Iterator<Item = RandomDesign> {
    whole
        .cells
        .iter()
        .zip(&whole.names)
        .map(|(cell, name)| RandomDesign {
            names: vec![name.clone()],
            constant: cell.is_empty().then_some(0),
            cells: vec![cell.clone()],
            ..whole.clone()
        })
}

fn finish_fixed(draft: &Draft, plan: &Plan) -> Result<Fixed, DesignError> {
    let part = draft.part(plan);
    check_levels(draft, &part, plan)?;
    let terms = draft
        .labels
        .iter()
        .zip(&part.terms)
        .zip(part.ranges(plan))
        .map(|((label, term), columns)| FixedTerm {
            label: label.clone(),
            columns,
            variables: term.factors.clone(),
        })
        .collect();
    let (cells, names) = (part.cells(plan), part.names(plan));
    Ok(Fixed {
        part,
        cells,
        names,
        terms,
        aliased: Vec::new(),
    })
}

/// Fails when a factor with one level is coded by contrasts: nothing would be left of it.
fn check_levels(draft: &Draft, part: &Part, plan: &Plan) -> Result<(), DesignError> {
    for (term, span) in part.terms.iter().zip(&draft.spans) {
        for &(variable, coding) in &term.factors {
            let variable = &plan.variables[variable];
            if let (VariableKind::Factor { category, .. }, Coding::Contrasts) =
                (&variable.kind, coding)
                && plan.categories[*category].len() == 1
            {
                let level = level_label(&plan.categories, *category, 0);
                let problem = Problem::OneLevelFactor {
                    name: variable.name.clone(),
                    level,
                };
                return Err(DesignError::at(*span, problem));
            }
        }
    }
    Ok(())
}

fn response_kind(plan: &Plan, response: &Response) -> Result<ResponseKind, DesignError> {
    Ok(match response {
        Response::Nothing => ResponseKind::Nothing,
        Response::Number { logical: true, .. } => ResponseKind::Logical,
        Response::Number { .. } => ResponseKind::Number,
        Response::Counts { .. } => ResponseKind::Counts,
        Response::Categories { name, category } => {
            let label = |level| level_label(&plan.categories, *category, level);
            let labels: Vec<String> = (0..plan.categories[*category].len()).map(label).collect();
            if let [only] = labels.as_slice() {
                let (name, value) = (name.clone(), format!("\"{only}\""));
                return Err(Problem::ConstantResponse { name, value }.into());
            }
            ResponseKind::Categories { labels }
        }
        Response::Levels { name, category } => {
            let label = |level| level_label(&plan.categories, *category, level);
            match plan.categories[*category].len() {
                2 => ResponseKind::Levels {
                    failure: label(0),
                    success: label(1),
                },
                1 => {
                    let (name, value) = (name.clone(), format!("\"{}\"", label(0)));
                    return Err(Problem::ConstantResponse { name, value }.into());
                }
                levels => {
                    let labels = (0..levels.min(12)).map(label).collect();
                    return Err(Problem::ManyLevels {
                        name: name.clone(),
                        levels,
                        labels,
                    }
                    .into());
                }
            }
        }
    })
}

/// The columns that variables and offsets are made of.
fn predictors(plan: &Plan, offsets: &[Offset], moments: &[Moments]) -> Vec<Predictor> {
    let mut needs = plan.needs();
    (0..plan.variables.len()).for_each(|variable| plan.need_variable(&mut needs, variable));
    for offset in offsets {
        plan.need_numeric(&mut needs, &offset.value);
    }
    let levels_of = |column: usize| {
        let category = plan.categories.iter().position(|category| {
            matches!(category.source, Levelling::Column { column: own, .. } if own == column)
        })?;
        // In the order that was asked for, if one was.
        let in_order = plan.categories.iter().position(|other| {
            matches!(
                other.source,
                Levelling::Recoded { base, recoding: Recoding::Ordered(_), .. } if base == category
            )
        });
        let category = in_order.unwrap_or(category);
        let levels = plan.categories[category].len();
        Some(
            (0..levels)
                .map(|level| level_label(&plan.categories, category, level))
                .collect(),
        )
    };
    plan.columns
        .iter()
        .enumerate()
        .filter(|(column, _)| needs.columns[*column])
        .map(|(column, data)| {
            let text = matches!(data.kind, DataKind::Text { .. });
            let values = match levels_of(column) {
                Some(levels) if text || !data.numeric => PredictorValues::Levels(levels),
                _ => PredictorValues::Numbers(moments[column]),
            };
            Predictor {
                name: data.name.clone(),
                values,
            }
        })
        .collect()
}
