//! New responses from a model, row by row, for any family.

mod new_rows;
mod world;

use ranef_frame::{MemorySource, Source, Table as Frame};
use serde::Serialize;

pub(crate) use world::RowWorld;

use crate::diagnose::model_rows::ModelRows;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulateOptions {
    /// Number of responses, 1 unless told.
    pub count: u32,
    /// Seed of the random numbers: the same seed gives the same responses, whatever the number of
    /// threads.
    pub seed: u64,
    /// The groups' own random effects at their predicted values (true), or new ones for all
    /// groups. Groups that the model has not seen have new ones in any case.
    pub kept: bool,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        Self {
            count: 1,
            seed: 1,
            kept: false,
        }
    }
}

/// Simulated responses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Simulation {
    /// Whether the groups' own random effects were kept.
    pub kept: bool,
    /// Seed.
    pub seed: u64,
    /// The response that they are of; of counts of successes their number of trials stays.
    pub response: String,
    /// Number of each row in the data, from 1.
    pub row: Vec<usize>,
    /// One response after another, a number a row: a category by its place from 1, successes as
    /// their number.
    pub simulations: Vec<Vec<f64>>,
    /// Names of the categories of an ordinal response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
}

/// Numbers in memory beyond which nobody means it.
const MOST: usize = 2_000_000_000;

impl Fit {
    /// Draws new responses for the rows of the fit.
    ///
    /// ```
    /// use ranef::frame::{ReadOptions, open};
    /// use ranef::SimulateOptions;
    ///
    /// let data = open("sleepstudy", &ReadOptions::default())?;
    /// let fit = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data)?;
    /// let options = SimulateOptions { count: 3, ..SimulateOptions::default() };
    /// let simulation = fit.simulate(&*data, &options)?;
    /// assert_eq!((simulation.simulations.len(), simulation.row.len()), (3, 180));
    /// # Ok::<(), ranef::Error>(())
    /// ```
    ///
    /// # Errors
    /// `other_rows` where these are other rows, `no_simulations` for none of them, `too_many` for more
    /// than there is room for.
    pub fn simulate(
        &self,
        source: &dyn Source,
        options: &SimulateOptions,
    ) -> Result<Simulation, Error> {
        check(options, self.nobs())?;
        let rows = self.model_rows(source)?;
        let world = RowWorld::of(self, &rows, options.kept);
        self.simulation(&rows, &world, options)
    }

    /// Draws responses for rows of one's own, which need no response. Groups that the model has not
    /// seen get effects of their own, the same for all rows of a group.
    ///
    /// # Errors
    /// As [`Fit::simulate`] and [`Fit::predict`].
    pub fn simulate_new(
        &self,
        source: &dyn Source,
        options: &SimulateOptions,
    ) -> Result<Simulation, Error> {
        check(options, source.rows().unwrap_or(0))?;
        let (rows, levels) = self.new_rows(source)?;
        check(options, rows.n)?;
        let known: Vec<usize> = self.recipe().factors().iter().map(|f| f.levels).collect();
        let drawn: Vec<bool> = vec![true; known.len()];
        // Kept effects are part of the centre; those of new groups are drawn around it.
        let world = match options.kept {
            false => RowWorld::with(self, rows.population.clone(), &drawn, &levels),
            true => RowWorld::with(self, rows.fitted.clone(), &drawn, &levels).of_new(&known),
        };
        self.simulation(&rows, &world, options)
    }

    fn simulation(
        &self,
        rows: &ModelRows,
        world: &RowWorld<'_>,
        options: &SimulateOptions,
    ) -> Result<Simulation, Error> {
        let categories = crate::family::categories(self.recipe()).to_vec();
        let interrupt = &self.options().interrupt;
        let simulations = ranef_engine::simulate::parallel(
            0..options.count,
            || (),
            |(), replicate| {
                let mut y = vec![0.0; rows.n];
                if interrupt.is_set() {
                    return y;
                }
                world.draw(rows, options.seed, replicate, &mut y);
                if let Some(response) = &rows.response {
                    for (y, row) in y.iter_mut().zip(&response.rows) {
                        if row.trials != 1.0 {
                            *y = (*y * row.trials).round();
                        }
                        if !categories.is_empty() {
                            *y += 1.0;
                        }
                    }
                }
                y
            },
        );
        self.not_interrupted()?;
        Ok(Simulation {
            kept: options.kept,
            seed: options.seed,
            response: self
                .recipe()
                .response_name()
                .unwrap_or("response")
                .to_owned(),
            row: rows.number.iter().map(|r| r + 1).collect(),
            simulations,
            categories,
        })
    }
}

fn check(options: &SimulateOptions, rows: usize) -> Result<(), Error> {
    if options.count == 0 {
        return Err(Error::new("no_simulations", "no simulation was asked for")
            .with_hint("give -n 1 or more"));
    }
    let size = (options.count as usize).saturating_mul(rows);
    if size > MOST {
        return Err(Error::new(
            "too_many",
            format!(
                "{} responses of {rows} rows do not fit into memory",
                options.count
            ),
        )
        .with_hint("ask for fewer with several seeds"));
    }
    Ok(())
}

impl Simulation {
    /// The rows with a column for each response, `sim_1`, `sim_2`, …: to be written as a file.
    ///
    /// # Errors
    /// `write_failed`.
    pub fn source(&self) -> Result<MemorySource, Error> {
        let frame = Frame::new().integer("row", self.row.iter().map(|&r| r as i64));
        let all = self.simulations.iter().enumerate();
        let frame = all.fold(frame, |frame, (i, values)| {
            let name = format!("sim_{}", i + 1);
            if self.categories.is_empty() {
                return frame.number(&name, values.iter().copied());
            }
            let codes = values.iter().map(|y| *y as usize - 1);
            frame.factor(&name, &self.categories, codes)
        });
        Ok(frame.source()?)
    }
}

impl Answer for Simulation {
    fn table(&self) -> Table {
        let table = Table::new().numbers("row", Style::Count, self.row.iter().map(|&r| r as f64));
        let all = self.simulations.iter().enumerate();
        all.fold(table, |table, (i, values)| {
            table.numbers(
                &format!("sim_{}", i + 1),
                Style::Digits,
                values.iter().copied(),
            )
        })
    }
}

impl std::fmt::Display for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.table())
    }
}
