//! From cells to margins: what the model says of a population whose cells are counted.
//!
//! With θ_c the expected response in cell c and N_c its people, a margin s has
//! θ_s = Σ_{c∈s} N_cθ_c/Σ_{c∈s} N_c (Gelman and Little 1997, Survey Methodology 23:127; Park, Gelman
//! and Bafumi 2004, Political Analysis 12:375). The errors of cells go together, because they share
//! the fixed effects and the effects of their groups: the standard error of θ_s is that of the sum
//! over joint worlds. Groups that the survey has not seen get an effect from the distribution of
//! the groups, the same in all of their cells.

use std::collections::HashMap;

use ranef_design::{DesignRows, Parts, Recipe};
use ranef_frame::Source;
use serde::Serialize;

use super::compute::{for_each_row, level_counts};
use super::drawing::{Drawing, drawing_options};
use super::frame::{Labels, column, count, label};
use super::poststratify_view;
use super::response::{Response, Sums};
use super::targets::{Estimate, Row, Targets};
use super::worlds::Worlds;
use crate::rows::{for_each_batch_with, refuse_new_levels};
use crate::{Error, Fit, Note};

/// What is asked of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct PoststratifyOptions {
    by: Vec<String>,
    count: Option<String>,
    drawing: Drawing,
}

impl PoststratifyOptions {
    /// Estimates for every combination of the values of these columns of the frame, for the values
    /// of each, and for the whole population; for that alone where there are none.
    pub fn by<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self {
            by: columns.into_iter().map(Into::into).collect(),
            count: None,
            drawing: Drawing::default(),
        }
    }

    /// The column that counts the people of a cell; without one every row is a person.
    pub fn count(mut self, column: impl Into<String>) -> Self {
        self.count = Some(column.into());
        self
    }
}

drawing_options!(PoststratifyOptions);

/// Estimates for margins of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Poststratified {
    /// The columns whose values make the margins.
    pub by: Vec<String>,
    /// The column of counts.
    pub count: Option<String>,
    /// The probability that an interval holds its target.
    pub level: f64,
    /// Number of joint draws; `None` where none were needed, since the mean of a margin is linear
    /// in the effects and its standard error follows from their joint covariance.
    pub draws: Option<u32>,
    /// Seed of the draws.
    pub seed: u64,
    /// Rows of the frame.
    pub cells: usize,
    /// People in them.
    pub population: f64,
    /// The combinations of all columns, then the values of each column, then the whole.
    pub rows: Vec<PoststratifiedRow>,
    /// Groups that the model has not seen.
    pub new_groups: Vec<NewGroups>,
    /// All of it in words.
    pub reading: String,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// One margin.
#[derive(Clone, Debug, PartialEq)]
pub struct PoststratifiedRow {
    /// The value of each of the columns; `None` for all of its values together.
    pub values: Vec<Option<String>>,
    /// Cells in it.
    pub cells: usize,
    /// People in it.
    pub population: f64,
    /// The mean of the expected response over its people.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// The share of its people in groups that the model has not seen.
    pub new_share: f64,
    /// Rows of the data in it; `None` where the data are not at hand or lack a column.
    pub n: Option<usize>,
    /// Their mean.
    pub raw: Option<f64>,
    /// Its standard error from these rows alone.
    pub raw_std_error: Option<f64>,
}

/// Levels of a grouping factor that are in the frame and not in the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewGroups {
    /// The grouping factor.
    pub group: String,
    /// The levels.
    pub levels: Vec<String>,
    /// Cells in them.
    pub cells: usize,
    /// People in them.
    pub population: f64,
}

impl Fit {
    /// Estimates for margins of a population. `frame` has one row a cell: the predictors of the
    /// model, those of the groups among them, and a count. `rows`, where they are at hand, are the
    /// rows that the model was fitted to, for the raw means beside the estimates.
    ///
    /// # Errors
    /// `unknown_column`; `unknown_level` of a fixed predictor; `missing_value`, `missing_count`,
    /// `bad_count` and `not_numeric`, with the row; `not_estimable` for a cell with a combination of
    /// predictors that the data did not tell apart; `empty_frame`; `too_few_draws`,
    /// `too_many_draws`; `needs_rows` for a saved model that was too large to take its joint
    /// covariance along.
    pub fn poststratify(
        &self,
        frame: &dyn Source,
        rows: Option<&dyn Source>,
        options: &PoststratifyOptions,
    ) -> Result<Poststratified, Error> {
        let response = Response::of(self);
        let mut margins = Margins::new(self, response.clone(), options);
        let mut notes = margins.read(frame, options)?;
        if margins.keys.is_empty() {
            return Err(Error::new("empty_frame", "the frame has no rows")
                .with_hint("give a table with one row for each cell of the population"));
        }
        let drawing = options.drawing;
        drawing.check(margins.keys.len())?;
        let new: Vec<usize> = margins.new.iter().map(|new| new.levels.len()).collect();
        let worlds = Worlds::of(self, drawing.seed, new.clone())?;
        let linear = response.linear();
        let (mut settled, mut drawn) = (Vec::new(), Vec::new());
        if !linear {
            let values = |worlds: &Worlds<'_>| {
                worlds.map(drawing.draws, |world| margins.targets.values(world))
            };
            settled = values(&Worlds::at_estimates(self, drawing.seed, new)?)?;
            drawn = values(&worlds)?;
        }
        let found = margins
            .targets
            .estimates(&worlds, &settled, &drawn, drawing.level);
        let raw = match rows {
            Some(rows) => margins.raw(self, &response, rows, options, &mut notes)?,
            None => None,
        };
        notes.extend(Response::note(self));
        notes.extend(worlds.note());
        let whole = margins.whole();
        let mut out = Poststratified {
            by: options.by.clone(),
            count: options.count.clone(),
            level: drawing.level,
            draws: (!linear).then_some(drawing.draws),
            seed: drawing.seed,
            cells: margins.cells[whole],
            population: margins.targets.total(whole),
            rows: margins.rows(&response, drawing.level, &found, raw.as_deref()),
            new_groups: margins.new_groups(self),
            reading: String::new(),
            notes,
        };
        out.reading = poststratify_view::reading(&out);
        Ok(out)
    }
}

/// New levels of one grouping factor.
#[derive(Clone, Debug, Default)]
struct New {
    codes: HashMap<Vec<String>, usize>,
    levels: Vec<String>,
    cells: usize,
    population: f64,
}

/// Margins as they are found in the frame.
struct Margins<'a> {
    fit: &'a Fit,
    recipe: Recipe,
    targets: Targets,
    labels: Vec<Labels>,
    index: HashMap<Vec<Option<usize>>, usize>,
    keys: Vec<Vec<Option<usize>>>,
    cells: Vec<usize>,
    new_population: Vec<f64>,
    new: Vec<New>,
    levels: Vec<usize>,
}

impl<'a> Margins<'a> {
    fn new(fit: &'a Fit, response: Response, options: &PoststratifyOptions) -> Self {
        let levels = level_counts(fit);
        Self {
            fit,
            recipe: fit.recipe().clone(),
            targets: Targets::new(response, 0, levels.clone()),
            labels: vec![Labels::default(); options.by.len()],
            index: HashMap::new(),
            keys: Vec::new(),
            cells: Vec::new(),
            new_population: Vec::new(),
            new: vec![New::default(); levels.len()],
            levels,
        }
    }

    /// Reads the frame.
    fn read(
        &mut self,
        frame: &dyn Source,
        options: &PoststratifyOptions,
    ) -> Result<Vec<Note>, Error> {
        let fit = self.fit;
        let design = |e| Error::design(&e, fit.formula());
        let (recipe, found) = fit.recipe().with_new_groups(frame).map_err(design)?;
        // A cell may join predictors as no row did; where columns are aliased that decides whether
        // it has an estimate.
        let aliased = !recipe.aliased().is_empty();
        self.recipe = if aliased {
            recipe.with_aliased()
        } else {
            recipe
        };
        let recipe = self.recipe.clone();
        let extra: Vec<&str> = options
            .by
            .iter()
            .chain(&options.count)
            .map(String::as_str)
            .collect();
        let parts = Parts::PREDICTORS;
        let needed: Vec<&str> = recipe.columns(parts);
        let mut first = 0;
        for_each_batch_with(
            &recipe,
            frame,
            parts,
            fit.formula(),
            &extra,
            |batch, rows| {
                let row_of = |i: usize| rows.kept.as_ref().map_or(i, |kept| kept[i] as usize);
                if rows.n < batch.num_rows() {
                    let gap = (0..rows.n).find(|&i| row_of(i) != i).unwrap_or(rows.n);
                    let missing = needed
                        .iter()
                        .find(|name| batch.column_by_name(name).is_some_and(|c| c.is_null(gap)));
                    return Err(Error::new(
                        "missing_value",
                        format!(
                            "row {} has no value of `{}`, which the model needs",
                            first + gap + 1,
                            missing.copied().unwrap_or_default()
                        ),
                    )
                    .with_hint("every cell of the frame needs all predictors of the model"));
                }
                let by: Vec<_> = options
                    .by
                    .iter()
                    .map(|name| column(batch, name))
                    .collect::<Result<_, _>>()?;
                let counts = options
                    .count
                    .as_ref()
                    .map(|name| column(batch, name))
                    .transpose()?;
                let mut failed = None;
                for_each_row(fit, &rows, |i, row| {
                    if failed.is_some() {
                        return;
                    }
                    let place = row_of(i);
                    let number = first + place + 1;
                    let mut cell = || -> Result<(), Error> {
                        let people = match (&options.count, counts) {
                            (Some(name), Some(array)) => count(frame, name, array, place, first)?,
                            _ => 1.0,
                        };
                        let mut key = Vec::with_capacity(by.len());
                        for ((array, labels), name) in
                            by.iter().zip(&mut self.labels).zip(&options.by)
                        {
                            let value = label(array, place).ok_or_else(|| {
                                Error::new(
                                    "missing_value",
                                    format!("row {number} has no value of `{name}`, to sum by"),
                                )
                                .with_hint(
                                    "give such cells a value of their own, such as `unknown`",
                                )
                            })?;
                            key.push(Some(labels.code(value)));
                        }
                        let estimable;
                        let fixed = if aliased {
                            estimable = fit.estimable(row.fixed).ok_or_else(|| {
                                Error::new(
                                "not_estimable",
                                format!(
                                    "the cell in row {number} joins predictors in a way that the \
                                     data of the model do not tell about"
                                ),
                            )
                            .with_hint(
                                "take interactions of sparse predictors out of the fixed effects, \
                                 or let them vary as groups: (1 | a:b)",
                            )
                            })?;
                            estimable.as_slice()
                        } else {
                            row.fixed
                        };
                        self.add(key, row, fixed, people, batch, place)
                    };
                    failed = cell().err();
                });
                first += batch.num_rows();
                failed.map_or(Ok(()), Err)
            },
        )?;
        Ok(found
            .iter()
            .map(|n| Note::new(&n.code, n.message.clone()))
            .collect())
    }

    /// Takes in a cell.
    fn add(
        &mut self,
        key: Vec<Option<usize>>,
        row: &Row<'_>,
        fixed: &[f64],
        people: f64,
        batch: &arrow_array::RecordBatch,
        place: usize,
    ) -> Result<(), Error> {
        let mut groups = row.groups.to_vec();
        let mut is_new = false;
        for (factor, level, _) in &mut groups {
            if *level != usize::MAX {
                continue;
            }
            is_new = true;
            let names: Vec<String> = self
                .recipe
                .factor_columns(*factor)
                .iter()
                .map(|name| {
                    let value = label(column(batch, name)?, place);
                    Ok(value.map_or(String::new(), |(_, text)| text))
                })
                .collect::<Result<_, Error>>()?;
            let new = &mut self.new[*factor];
            let next = new.levels.len();
            let text = names.join(":");
            let code = *new.codes.entry(names).or_insert(next);
            if code == next {
                new.levels.push(text);
            }
            new.cells += 1;
            new.population += people;
            *level = self.levels[*factor] + code;
        }
        let into = self.margins_of(key);
        for &target in &into {
            self.cells[target] += 1;
            if is_new {
                self.new_population[target] += people;
            }
        }
        let row = Row {
            offset: row.offset,
            fixed,
            groups: &groups,
        };
        self.targets.add(&row, &into, people);
        Ok(())
    }

    /// The margins that a combination counts for: its own, that of each of its values, the whole.
    fn margins_of(&mut self, key: Vec<Option<usize>>) -> Vec<usize> {
        let k = key.len();
        let mut keys = vec![vec![None; k]];
        if k > 1 {
            keys.extend((0..k).map(|at| {
                let mut one = vec![None; k];
                one[at] = key[at];
                one
            }));
        }
        if k > 0 {
            keys.push(key);
        }
        keys.into_iter().map(|key| self.target(key)).collect()
    }

    fn target(&mut self, key: Vec<Option<usize>>) -> usize {
        if let Some(&target) = self.index.get(&key) {
            return target;
        }
        let target = self.keys.len();
        self.index.insert(key.clone(), target);
        self.keys.push(key);
        self.cells.push(0);
        self.new_population.push(0.0);
        self.targets.grow(target + 1);
        target
    }

    /// The whole population: the first margin that any cell counts for.
    fn whole(&self) -> usize {
        0
    }

    /// The rows of the data in every margin; `None` where the data lack a column.
    fn raw(
        &mut self,
        fit: &Fit,
        response: &Response,
        source: &dyn Source,
        options: &PoststratifyOptions,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Vec<Sums>>, Error> {
        let has = |name: &&String| source.columns().iter().any(|c| c.name == **name);
        if let Some(name) = options.by.iter().find(|name| !has(name)) {
            notes.push(Note::new(
                "no_raw_means",
                format!(
                    "The data of the model have no column `{name}`, so there are no raw means."
                ),
            ));
            return Ok(None);
        }
        let extra: Vec<&str> = options.by.iter().map(String::as_str).collect();
        let mut sums = vec![Sums::default(); self.keys.len()];
        let (recipe, parts) = (fit.recipe(), Parts::ALL);
        for_each_batch_with(
            recipe,
            source,
            parts,
            fit.formula(),
            &extra,
            |batch, rows: DesignRows| {
                refuse_new_levels(&rows)?;
                let observed = response.observed(fit, &rows)?;
                let by: Vec<_> = extra
                    .iter()
                    .map(|name| column(batch, name))
                    .collect::<Result<_, _>>()?;
                for i in 0..rows.n {
                    let place = rows.kept.as_ref().map_or(i, |kept| kept[i] as usize);
                    let codes: Vec<Option<usize>> = by
                        .iter()
                        .zip(&self.labels)
                        .map(|(array, labels)| labels.known(&label(array, place)?.1))
                        .collect();
                    let (value, weight) = observed[i];
                    for (key, sums) in self.keys.iter().zip(&mut sums) {
                        let inside = |(want, has): (&Option<usize>, &Option<usize>)| {
                            want.is_none() || want == has
                        };
                        if key.iter().zip(&codes).all(inside) {
                            sums.add(value, weight);
                        }
                    }
                }
                Ok(())
            },
        )?;
        Ok(Some(sums))
    }

    fn rows(
        &self,
        response: &Response,
        level: f64,
        found: &[Estimate],
        raw: Option<&[Sums]>,
    ) -> Vec<PoststratifiedRow> {
        let places: Vec<Vec<usize>> = self.labels.iter().map(Labels::places).collect();
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        // Combinations first, then the values of one column after another, then the whole.
        order.sort_by_key(|&target| {
            let key = &self.keys[target];
            let open = key.iter().filter(|k| k.is_none()).count();
            let sorted: Vec<usize> = key
                .iter()
                .zip(&places)
                .map(|(code, places)| code.map_or(usize::MAX, |c| places[c]))
                .collect();
            let column = key.iter().position(Option::is_some);
            (open, if open == 0 { None } else { column }, sorted)
        });
        order
            .into_iter()
            .map(|target| {
                let direct = raw.and_then(|raw| response.direct(&raw[target], level));
                let population = self.targets.total(target);
                PoststratifiedRow {
                    values: self.keys[target]
                        .iter()
                        .zip(&self.labels)
                        .map(|(code, labels)| code.map(|c| labels.text(c).to_owned()))
                        .collect(),
                    cells: self.cells[target],
                    population,
                    estimate: found[target].value,
                    std_error: found[target].std_error,
                    lower: found[target].lower,
                    upper: found[target].upper,
                    new_share: self.new_population[target] / population,
                    n: raw.map(|raw| raw[target].rows),
                    raw: direct.map(|d| d.estimate),
                    raw_std_error: direct.and_then(|d| d.std_error),
                }
            })
            .collect()
    }

    fn new_groups(&self, fit: &Fit) -> Vec<NewGroups> {
        let factors = fit.recipe().factors().iter().zip(&self.new);
        factors
            .filter(|(_, new)| new.cells > 0)
            .map(|(factor, new)| NewGroups {
                group: factor.name.clone(),
                levels: new.levels.clone(),
                cells: new.cells,
                population: new.population,
            })
            .collect()
    }
}
