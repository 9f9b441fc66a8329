//! The passes of the survey.

use arrow_array::RecordBatch;
use ranef_formula::Span;
use ranef_frame::Source;

use super::schedule::{Schedule, ready};
use super::{Moments, RowCount};
use crate::category::{Levelling, Levels, level_label};
use crate::coder::{Coder, NONE};
use crate::error::{DesignError, Problem};
use crate::input::{Input, Inputs};
use crate::label;
use crate::plan::{Batch, DataKind, Needs, Offset, Plan, VariableKind};
use crate::response::{Response, weights};
use crate::structure::PairWatch;
use crate::transform::Learner;

/// The codes of the categories that are coded.
type Codes = Vec<Option<Vec<u32>>>;

/// The state of a survey between batches.
pub(crate) struct Passes<'a> {
    pub(crate) plan: Plan,
    pub(crate) rows: RowCount,
    /// Moments of every column that is used as numbers.
    pub(crate) moments: Vec<Moments>,
    /// Sizes of the groups of each grouping factor.
    pub(crate) groups: Vec<Vec<usize>>,
    /// Pairs of grouping factors.
    pub(crate) watches: Vec<Watch>,
    response: &'a Response,
    response_span: Span,
    response_moments: Moments,
    weights: Option<usize>,
    offsets: &'a [Offset],
    factors: &'a [(usize, String)],
    schedule: Schedule,
    needs: Needs,
    coders: Vec<Option<Coder>>,
    /// Used rows by code, while a category is learned.
    counts: Vec<Vec<usize>>,
    /// Sorted place of each code given while learning.
    places: Vec<Vec<u32>>,
    missing: Vec<usize>,
}

/// Two grouping factors and what was seen of them.
pub(crate) struct Watch {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pair: PairWatch,
    /// Sorted places of the codes that the pair was watched with.
    places: [Vec<u32>; 2],
}

impl Watch {
    pub(crate) fn relation(&self, first: usize, second: usize) -> crate::structure::Relation {
        self.pair.relation(first, second)
    }

    /// The cells of two crossed factors, as levels.
    pub(crate) fn cells(&self) -> impl Iterator<Item = [u32; 2]> {
        let [first, second] = &self.places;
        let sorted = |[a, b]: [u32; 2]| [first[a as usize], second[b as usize]];
        self.pair
            .pairs()
            .map(sorted)
            .filter(|cell| !cell.contains(&NONE))
    }
}

impl<'a> Passes<'a> {
    pub(crate) fn new(
        plan: Plan,
        response: &'a Response,
        response_span: Span,
        weights: Option<usize>,
        offsets: &'a [Offset],
        factors: &'a [(usize, String)],
    ) -> Self {
        let schedule = Schedule::new(&plan);
        let categories = plan.categories.len();
        // Everything the plan mentions is used by the model.
        let needs = Needs {
            columns: vec![true; plan.columns.len()],
            categories: vec![true; categories],
        };
        let coders = plan
            .categories
            .iter()
            .map(|category| category.learner(is_text(&plan, category)));
        let pairs = (0..factors.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        Self {
            rows: RowCount::default(),
            moments: vec![Moments::default(); plan.columns.len()],
            groups: vec![Vec::new(); factors.len()],
            watches: pairs
                .map(|(first, second)| {
                    let places = [Vec::new(), Vec::new()];
                    Watch {
                        first,
                        second,
                        pair: PairWatch::default(),
                        places,
                    }
                })
                .collect(),
            response,
            response_span,
            response_moments: Moments::default(),
            weights,
            offsets,
            factors,
            schedule,
            needs,
            coders: coders.collect(),
            counts: vec![Vec::new(); categories],
            places: vec![Vec::new(); categories],
            missing: vec![0; plan.columns.len()],
            plan,
        }
    }

    /// Runs all passes.
    pub(crate) fn run(&mut self, source: &dyn Source) -> Result<(), DesignError> {
        let names: Vec<&str> = self
            .plan
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let projection = crate::reader::projection(source, &names)?;
        for pass in 0..self.schedule.passes() {
            let mut learners: Vec<Option<Learner>> = (0..self.plan.transforms.len())
                .map(|t| match self.schedule.transforms[t] {
                    Some(own) if own == pass => self.plan.transforms[t].learner(),
                    _ => None,
                })
                .collect();
            let mut first_row = 0;
            for batch in source.read(&projection)? {
                let batch = batch?;
                self.batch(pass, &batch, first_row, &mut learners)?;
                first_row += batch.num_rows();
            }
            if pass == 0 {
                self.count_rows(first_row)?;
            }
            self.finish(pass, learners)?;
        }
        let constant = self.response_moments;
        if let (Response::Number { name, .. }, true) = (self.response, constant.min == constant.max)
        {
            let (name, value) = (name.clone(), label::number(constant.min));
            let problem = Problem::ConstantResponse { name, value };
            return Err(DesignError::at(self.response_span, problem));
        }
        Ok(())
    }

    fn count_rows(&mut self, read: usize) -> Result<(), DesignError> {
        self.rows.read = read;
        self.rows.dropped = read - self.rows.used;
        let names = self.plan.columns.iter().map(|column| column.name.clone());
        let mut by: Vec<(String, usize)> = names
            .zip(self.missing.iter().copied())
            .filter(|(_, count)| *count > 0)
            .collect();
        by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        self.rows.dropped_by = by;
        if read == 0 {
            return Err(Problem::EmptyData.into());
        }
        if self.rows.used == 0 {
            let dropped_by = self.rows.dropped_by.clone();
            return Err(Problem::NoRowsLeft { read, dropped_by }.into());
        }
        Ok(())
    }

    fn batch(
        &mut self,
        pass: usize,
        raw: &RecordBatch,
        first_row: usize,
        learners: &mut [Option<Learner>],
    ) -> Result<(), DesignError> {
        let missing = &mut self.missing;
        let inputs =
            crate::reader::read(&self.plan, &self.needs, raw, first_row, |column, count| {
                if pass == 0 {
                    missing[column] += count;
                }
            })?;
        if pass == 0 {
            self.rows.used += inputs.n;
            self.columns(&inputs)?;
        }
        let learned = &self.schedule.categories;
        let wanted: Vec<bool> = learned.iter().map(|&own| own <= pass).collect();
        let codes = Batch::code(&self.plan, &inputs, &mut self.coders, &wanted, |category| {
            learned[category] == pass
        })?;
        let batch = Batch {
            plan: &self.plan,
            inputs: &inputs,
            codes: &codes,
        };
        for (t, learner) in learners.iter_mut().enumerate() {
            let Some(learner) = learner else { continue };
            let grow = |category: usize| learned[category] == pass;
            let own = match inputs.kept {
                None => None,
                Some(_) => {
                    let coders = &mut self.coders;
                    Some(own_rows(&self.plan, t, raw, first_row, coders, grow)?)
                }
            };
            let batch = match &own {
                None => batch,
                Some((inputs, codes)) => Batch {
                    plan: &self.plan,
                    inputs,
                    codes,
                },
            };
            let transform = &self.plan.transforms[t];
            let value = batch.numeric(&transform.input)?;
            batch
                .check(&transform.name, &transform.input, &value)
                .map_err(|error| error.or_at(transform.span))?;
            learner.add(value, &transform.kind, batch.codes, batch.inputs.n);
        }
        if inputs.n == 0 {
            return Ok(());
        }
        for variable in &self.plan.variables {
            if let VariableKind::Number(numeric) = &variable.kind
                && !numeric.is_plain()
                && ready(&self.plan, numeric) == pass
            {
                batch
                    .check(&variable.name, numeric, &batch.numeric(numeric)?)
                    .map_err(|error| error.or_at(variable.span))?;
            }
        }
        for Offset { name, span, value } in self.offsets {
            if !value.is_plain() && ready(&self.plan, value) == pass {
                batch
                    .check(name, value, &batch.numeric(value)?)
                    .map_err(|error| error.or_at(*span))?;
            }
        }
        let placed = |error: DesignError| error.or_at(self.response_span);
        match self.response {
            Response::Number { name, value, .. } if ready(&self.plan, value) == pass => {
                let numbers = batch.response_number(name, value).map_err(placed)?;
                self.response_moments.add_value(&numbers, inputs.n);
            }
            Response::Counts {
                name,
                successes,
                failures,
            } if ready(&self.plan, successes).max(ready(&self.plan, failures)) == pass => {
                batch
                    .response_counts(name, successes, failures)
                    .map_err(placed)?;
            }
            _ => {}
        }
        for (category, codes) in codes.iter().enumerate() {
            if let Some(codes) = codes
                && learned[category] == pass
            {
                let counts = &mut self.counts[category];
                let len = self.coders[category].as_ref().map_or(0, Coder::len);
                let most = || {
                    codes
                        .iter()
                        .copied()
                        .max()
                        .map_or(0, |code| code as usize + 1)
                };
                let len = if len == 0 { most() } else { len };
                counts.resize(len.max(counts.len()), 0);
                codes.iter().for_each(|&code| counts[code as usize] += 1);
            }
        }
        for watch in &mut self.watches {
            let category = |factor: usize| self.factors[factor].0;
            let (first, second) = (category(watch.first), category(watch.second));
            // Both are coded from the later of their passes on; one pass is enough.
            if learned[first].max(learned[second]) == pass
                && let (Some(a), Some(b)) = (&codes[first], &codes[second])
            {
                watch.pair.add(a, b);
            }
        }
        Ok(())
    }

    /// Moments of the columns, which show by the way whether all numbers are finite.
    fn columns(&mut self, inputs: &Inputs) -> Result<(), DesignError> {
        for (column, data) in self.plan.columns.iter().enumerate() {
            match &inputs.columns[column] {
                Input::Number(values) if data.numeric => {
                    self.moments[column].add(values);
                    if !self.moments[column].is_finite() {
                        inputs.check_finite(column, &data.name)?;
                    }
                }
                Input::Number(_) => inputs.check_finite(column, &data.name)?,
                Input::Integer(_) if data.numeric => {
                    let values = inputs.numbers(column, &data.name, String::new)?;
                    self.moments[column].add(&values);
                }
                _ => {}
            }
        }
        if let Some(column) = self.weights {
            weights(inputs, column, &self.plan.columns[column].name)?;
        }
        Ok(())
    }

    /// Sorts the levels and lets the transforms learn what this pass saw.
    fn finish(&mut self, pass: usize, learners: Vec<Option<Learner>>) -> Result<(), DesignError> {
        let mut learned = Vec::new();
        for category in 0..self.plan.categories.len() {
            if self.schedule.categories[category] != pass {
                continue;
            }
            learned.push(category);
            let coder = self.coders[category].take();
            let places = match &coder {
                Some(coder) => {
                    // Levels that only rows left out have were met for the sake of a transform.
                    self.counts[category].resize(coder.len(), 0);
                    let source = &self.plan.categories[category].source;
                    let of_half = |half: usize| match self.schedule.categories[half] == pass {
                        true => self.places[half].clone(),
                        false => (0..self.plan.categories[half].len() as u32).collect(),
                    };
                    let counts = &self.counts[category];
                    let (levels, places) = Levels::sorted(coder, counts, source, of_half);
                    self.plan.categories[category].levels = levels;
                    places
                }
                None => self.recode(category)?,
            };
            self.places[category] = places;
        }
        for (factor, (category, _)) in self.factors.iter().enumerate() {
            if self.schedule.categories[*category] == pass {
                let mut sizes = vec![0; self.plan.categories[*category].len()];
                for (code, &place) in self.places[*category].iter().enumerate() {
                    if place != NONE {
                        // A recoded category has no coder that says how many codes there are.
                        let count = self.counts[*category].get(code);
                        sizes[place as usize] += count.copied().unwrap_or(0);
                    }
                }
                self.groups[factor] = sizes;
            }
        }
        for watch in &mut self.watches {
            let categories = [self.factors[watch.first].0, self.factors[watch.second].0];
            let latest = categories.map(|c| self.schedule.categories[c]);
            if latest[0].max(latest[1]) == pass {
                watch.places = categories.map(|c| match self.schedule.categories[c] == pass {
                    true => self.places[c].clone(),
                    false => (0..self.plan.categories[c].len() as u32).collect(),
                });
            }
        }
        for (t, learner) in learners.into_iter().enumerate() {
            let Some(learner) = learner else { continue };
            let places = match &self.plan.transforms[t].kind {
                crate::transform::TransformKind::GroupMean(mean) => {
                    match self.schedule.categories[mean.category] == pass {
                        true => self.places[mean.category].clone(),
                        false => (0..self.plan.categories[mean.category].len() as u32).collect(),
                    }
                }
                _ => Vec::new(),
            };
            self.plan.transforms[t].learn(learner, &places)?;
        }
        if pass + 1 == self.schedule.passes() {
            return Ok(());
        }
        // From the next pass on these categories have their sorted codes.
        for category in learned {
            let levels = &self.plan.categories[category].levels;
            let recoded = matches!(
                self.plan.categories[category].source,
                Levelling::Recoded { .. }
            );
            self.coders[category] = (!recoded).then(|| Coder::for_levels(levels));
        }
        Ok(())
    }

    /// Recodes the levels of the base of a category, which are known by now.
    fn recode(&mut self, category: usize) -> Result<Vec<u32>, DesignError> {
        let name = self.plan.categories[category].name.clone();
        let Levelling::Recoded { base, recoding, .. } = &self.plan.categories[category].source
        else {
            unreachable!("a category without a coder recodes another")
        };
        let base = *base;
        let levels: Vec<String> = (0..self.plan.categories[base].len())
            .map(|level| level_label(&self.plan.categories, base, level))
            .collect();
        let span = self.plan.categories[category].span;
        let (new_map, new_labels) = recoding
            .apply(&name, &levels)
            .map_err(|error| error.or_at(span))?;
        // Rows of a column that hold another level than those listed are missing and gone by now;
        // of a computed value that is known too late.
        let of_column = matches!(self.plan.categories[base].source, Levelling::Column { .. });
        if let (false, Some(other)) = (of_column, new_map.iter().position(|&code| code == NONE)) {
            let problem = Problem::CannotLearn {
                message: format!("`{name}` does not list \"{}\"", levels[other]),
                hint: Some("list all of its values as levels".into()),
            };
            return Err(DesignError::at(span, problem));
        }
        let places = self.places[base]
            .iter()
            .map(|&place| {
                if place == NONE {
                    NONE
                } else {
                    new_map[place as usize]
                }
            })
            .collect();
        if let Levelling::Recoded { map, labels, .. } = &mut self.plan.categories[category].source {
            *map = new_map;
            *labels = new_labels;
        }
        Ok(places)
    }
}

/// The rows that a transform learns from, and their codes: as in R, where transforms are evaluated
/// before rows are left out, all that have its own columns, whatever else they miss.
fn own_rows(
    plan: &Plan,
    transform: usize,
    raw: &RecordBatch,
    first_row: usize,
    coders: &mut [Option<Coder>],
    grow: impl Fn(usize) -> bool,
) -> Result<(Inputs, Codes), DesignError> {
    let mut needs = plan.needs();
    plan.need_transform(&mut needs, transform);
    let mut inputs = crate::reader::read(plan, &needs, raw, first_row, |_, _| {})?;
    for (column, data) in plan.columns.iter().enumerate() {
        inputs.check_finite(column, &data.name)?;
    }
    let mut codes = Batch::code(plan, &inputs, coders, &needs.categories, grow)?;
    // A transform of a group mean has nothing to learn from a group that no used row belongs to.
    let known = |row: &usize| codes.iter().flatten().all(|codes| codes[*row] != NONE);
    let rows: Vec<usize> = (0..inputs.n).filter(known).collect();
    if rows.len() < inputs.n {
        codes.iter_mut().flatten().for_each(|codes| {
            *codes = rows.iter().map(|&row| codes[row]).collect();
        });
        inputs.retain(&rows);
    }
    Ok((inputs, codes))
}

fn is_text(plan: &Plan, category: &crate::category::Category) -> bool {
    match category.source {
        Levelling::Column { column, .. } => {
            matches!(plan.columns[column].kind, DataKind::Text { .. })
        }
        _ => false,
    }
}
