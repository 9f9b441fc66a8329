//! The reference grid: at which values of the predictors a mean is taken, and what the columns of
//! the fixed effects are there.
//!
//! The grid is made of columns of the data, not of columns of the model, and goes through the
//! recipe like any new rows (Searle, Speed and Milliken 1980; Lenth's emmeans): so `poly(x, 2)`
//! or `log(x)` is taken at the mean of x, and an interaction is the product of what its parts are.
//! Factors run through their levels, with equal weights where they are averaged over; numbers
//! stand at their mean, those with only two values count as factors.

use ranef_design::{DesignRows, Parts, Predictor, PredictorValues};
use ranef_formula::did_you_mean;
use ranef_frame as frame;
use serde::{Serialize, Serializer};

use crate::rows::for_each_batch;
use crate::{Error, Fit, PredictorKind, PredictorRange};

/// Rows of a grid beyond which nobody can mean it.
const MOST_ROWS: usize = 1_000_000;

/// A value of a predictor.
#[derive(Clone, Debug, PartialEq)]
pub enum Point {
    /// A level of a factor.
    Level(String),
    /// A number.
    Number(f64),
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Point::Level(level) => f.write_str(level),
            // Means have many digits that say nothing.
            Point::Number(x) => {
                let rounded: f64 = format!("{x:.6e}").parse().unwrap_or(*x);
                write!(f, "{rounded}")
            }
        }
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Point::Level(level) => serializer.serialize_str(level),
            Point::Number(x) => serializer.serialize_f64(*x),
        }
    }
}

/// A column of the data and the values it takes in a grid.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub column: String,
    pub points: Vec<Point>,
    /// All levels of the column, where it has levels.
    levels: Option<Vec<String>>,
    /// Smallest and largest number, and standard deviation, where it is a number.
    pub spread: Option<Spread>,
    /// Whether it is a number with two values only, which counts as a factor.
    pub two_values: bool,
    /// Whether the values were asked for.
    pub asked: bool,
}

/// The spread of a column of numbers in the rows of the fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    pub sd: f64,
}

/// The combination of fixed effects that belongs to a cell of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// One number for each column, aliased ones included.
    pub x: Vec<f64>,
    /// The offset.
    pub offset: f64,
}

/// One point of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its fixed effects.
    pub row: Row,
    /// The variance of the random effects there.
    pub between: f64,
}

/// The predictors of a fit as axes of a grid.
pub(crate) struct Grid<'a> {
    fit: &'a Fit,
    pub axes: Vec<Axis>,
}

impl<'a> Grid<'a> {
    /// All predictors of the fixed effects; `at` has values asked for.
    pub fn new(fit: &'a Fit, at: &[(String, Vec<String>)]) -> Result<Self, Error> {
        Self::of(fit, at, Parts::FIXED)
    }

    /// All predictors of the fixed effects and of the random slopes.
    pub fn with_random(fit: &'a Fit, at: &[(String, Vec<String>)]) -> Result<Self, Error> {
        Self::of(fit, at, Parts::PREDICTORS)
    }

    fn of(fit: &'a Fit, at: &[(String, Vec<String>)], parts: Parts) -> Result<Self, Error> {
        let recipe = fit.recipe().with_aliased().without_groups();
        let needed = recipe.columns(parts);
        let axes = recipe
            .predictors()
            .iter()
            .filter(|p| needed.contains(&p.name.as_str()))
            .map(axis)
            .collect();
        let mut grid = Self { fit, axes };
        for (name, values) in at {
            let place = grid.find(name)?;
            let axis = &mut grid.axes[place];
            let points = values.iter().map(|v| axis.point(v));
            axis.points = points.collect::<Result<_, _>>()?;
            axis.asked = true;
        }
        Ok(grid)
    }

    /// The axis that a name means: a column, or a variable such as `factor(x)` made of one.
    pub fn find(&self, name: &str) -> Result<usize, Error> {
        let at = |column: &str| self.axes.iter().position(|a| a.column == column);
        if let Some(place) = at(name) {
            return Ok(place);
        }
        let variables = self.fit.recipe().variables();
        let variable = variables.iter().find(|v| v.name == name);
        if let Some([column]) = variable.map(|v| v.columns.as_slice())
            && let Some(place) = at(column)
        {
            return Ok(place);
        }
        let known: Vec<String> = self.axes.iter().map(|a| a.column.clone()).collect();
        let error = Error::new(
            "unknown_predictor",
            format!("`{name}` is not a predictor of the fixed effects"),
        );
        Err(match did_you_mean(name, &known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => error.with_hint("the model has none"),
            None => error.with_hint(format!("its predictors are {}", known.join(", "))),
        })
    }

    /// The axis of a name, which must have values to run through.
    pub fn find_by(&self, name: &str) -> Result<usize, Error> {
        let place = self.find(name)?;
        let axis = &self.axes[place];
        if axis.levels.is_none() && !axis.asked && axis.points.len() == 1 {
            let Spread { min, max, .. } = axis.spread.unwrap_or(Spread {
                min: 0.0,
                max: 1.0,
                mean: 0.5,
                sd: 1.0,
            });
            return Err(Error::new(
                "predictor_is_a_number",
                format!("`{name}` is a number, and has no levels to take means by"),
            )
            .with_hint(format!(
                "give values between {} and {}, such as --at {name}={},{}; or ask for its slope \
                 with --trend {name}",
                Point::Number(min),
                Point::Number(max),
                Point::Number(min),
                Point::Number(max),
            )));
        }
        Ok(place)
    }

    /// The axis of a name, which must be a number: its spread.
    pub fn find_number(&self, name: &str) -> Result<(usize, Spread), Error> {
        let place = self.find(name)?;
        match self.axes[place].spread {
            Some(spread) if spread.max > spread.min => Ok((place, spread)),
            Some(_) => Err(Error::new(
                "predictor_is_constant",
                format!("`{name}` has one value only, and so no slope"),
            )),
            None => Err(Error::new(
                "predictor_is_a_factor",
                format!("`{name}` is a factor, and has no slope"),
            )
            .with_hint(format!("ask for its means: --by {name} --pairwise"))),
        }
    }

    /// The means of the columns over the grid, for each cell of the axes `by`; the first varies
    /// slowest.
    pub fn rows(&self, by: &[usize]) -> Result<Vec<Row>, Error> {
        let mut rows: Vec<Row> = Vec::new();
        self.visit(by, Parts::FIXED, |at, inner, found, i| {
            if at % inner == 0 {
                rows.push(Row {
                    x: vec![0.0; found.fixed.len()],
                    offset: 0.0,
                });
            }
            let row = &mut rows[at / inner];
            for (sum, column) in row.x.iter_mut().zip(&found.fixed) {
                *sum += column.at(i) / inner as f64;
            }
            row.offset += found.offset.as_ref().map_or(0.0, |o| o.at(i)) / inner as f64;
        })?;
        Ok(rows)
    }

    /// Every point of the grid by itself, in one list for each cell of the axes `by`, with the
    /// variance z'Tz of all random effects there if the grid knows their predictors (`random`).
    pub fn points(&self, by: &[usize], random: bool) -> Result<Vec<Vec<Place>>, Error> {
        let mut out: Vec<Vec<Place>> = Vec::new();
        let parts = if random {
            Parts::PREDICTORS
        } else {
            Parts::FIXED
        };
        self.visit(by, parts, |at, inner, found, i| {
            if at % inner == 0 {
                out.push(Vec::with_capacity(inner));
            }
            let mut between = 0.0;
            for (block, columns) in self.fit.varcorr().iter().zip(&found.random) {
                for (row, a) in block.cov.iter().zip(columns) {
                    for (cov, b) in row.iter().zip(columns) {
                        between += cov * a.at(i) * b.at(i);
                    }
                }
            }
            let row = Row {
                x: found.fixed.iter().map(|c| c.at(i)).collect(),
                offset: found.offset.as_ref().map_or(0.0, |o| o.at(i)),
            };
            out[at / inner].push(Place { row, between });
        })?;
        Ok(out)
    }

    /// Calls `visit` with every point: its number, the points of a cell, a batch, and its row there.
    fn visit(
        &self,
        by: &[usize],
        parts: Parts,
        mut visit: impl FnMut(usize, usize, &DesignRows, usize),
    ) -> Result<(), Error> {
        let others: Vec<usize> = (0..self.axes.len()).filter(|a| !by.contains(a)).collect();
        let order: Vec<usize> = by.iter().chain(&others).copied().collect();
        let count = |axes: &[usize]| {
            axes.iter()
                .try_fold(1usize, |n, &a| n.checked_mul(self.axes[a].points.len()))
        };
        let too_many = || {
            Error::new(
                "grid_too_large",
                "the combinations of all factors are more than a million",
            )
            .with_hint("fix some of the factors with --at factor=level")
        };
        let (cells, inner) = (count(by), count(&others));
        let (cells, inner) = cells.zip(inner).ok_or_else(too_many)?;
        let inner = inner.max(1);
        let total = cells.checked_mul(inner).ok_or_else(too_many)?;
        if total > MOST_ROWS {
            return Err(too_many());
        }
        let mut table = frame::Table::new();
        // A table of no columns has no rows: one that no formula can name.
        table = table.number("", vec![0.0; total]);
        let mut stride = total;
        for &a in &order {
            let axis = &self.axes[a];
            let n = axis.points.len();
            stride /= n.max(1);
            let point = |i: usize| &axis.points[i / stride % n];
            table = axis.add_to(table, total, self.fit.recipe().is_text(&axis.column), point);
        }
        let source = table.source()?;
        let recipe = self.fit.recipe().with_aliased().without_groups();
        let mut at = 0;
        for_each_batch(&recipe, &source, parts, self.fit.formula(), |_, found| {
            for i in 0..found.n {
                visit(at, inner, &found, i);
                at += 1;
            }
            Ok(())
        })
    }

    /// The slope of every column along an axis of numbers, for each cell of `by`: by differences of
    /// five points, exact for polynomials up to the fourth degree.
    pub fn slopes(&mut self, along: usize, by: &[usize]) -> Result<Vec<Row>, Error> {
        let spread = self.axes[along].spread.unwrap_or(Spread {
            min: 0.0,
            max: 1.0,
            mean: 0.5,
            sd: 1.0,
        });
        let step = 1e-3 * (spread.max - spread.min);
        let kept = self.axes[along].points.clone();
        let mut base = kept.clone();
        if !self.axes[along].asked {
            base = vec![Point::Number(spread.mean)];
        }
        let mut out: Vec<Row> = Vec::new();
        let mut sizes: Vec<f64> = Vec::new();
        for (shift, weight) in [
            (-2.0, 1.0 / 12.0),
            (-1.0, -8.0 / 12.0),
            (1.0, 8.0 / 12.0),
            (2.0, -1.0 / 12.0),
        ] {
            self.axes[along].points = base
                .iter()
                .map(|point| match point {
                    Point::Number(x) => Point::Number(x + shift * step),
                    Point::Level(_) => point.clone(),
                })
                .collect();
            let rows = self.rows(by);
            self.axes[along].points.clone_from(&kept);
            let rows = rows?;
            sizes.resize(rows.first().map_or(0, |r| r.x.len()), 0.0);
            for row in &rows {
                for (size, x) in sizes.iter_mut().zip(&row.x) {
                    *size = size.max(x.abs());
                }
            }
            if out.is_empty() {
                out = rows
                    .iter()
                    .map(|row| Row {
                        x: vec![0.0; row.x.len()],
                        offset: 0.0,
                    })
                    .collect();
            }
            for (sum, row) in out.iter_mut().zip(&rows) {
                for (s, x) in sum.x.iter_mut().zip(&row.x) {
                    *s += weight / step * x;
                }
                sum.offset += weight / step * row.offset;
            }
        }
        // Columns that do not depend on it have a slope of rounding.
        for row in &mut out {
            for (x, size) in row.x.iter_mut().zip(&sizes) {
                if x.abs() < 1e-12 * size / step {
                    *x = 0.0;
                }
            }
        }
        Ok(out)
    }
}

impl Axis {
    /// What the rows of the fit hold of it.
    pub fn range(&self) -> PredictorRange {
        let values = match (&self.levels, self.spread) {
            (None, Some(Spread { min, max, mean, sd })) => PredictorKind::Numbers {
                min,
                max,
                mean,
                sd,
                two_values: self.two_values,
            },
            (levels, _) => PredictorKind::Levels(levels.clone().unwrap_or_default()),
        };
        PredictorRange {
            name: self.column.clone(),
            values,
        }
    }

    /// A value as it was typed.
    fn point(&self, text: &str) -> Result<Point, Error> {
        let text = text.trim();
        match &self.levels {
            Some(levels) if levels.iter().any(|l| l == text) => Ok(Point::Level(text.to_owned())),
            Some(levels) => Err(Error::new(
                "unknown_level",
                format!("`{}` has no level \"{text}\"", self.column),
            )
            .with_hint(format!("its levels are {}", levels.join(", ")))),
            None => match text.parse::<f64>() {
                Ok(x) if x.is_finite() => Ok(Point::Number(x)),
                _ => Err(Error::new(
                    "not_a_number",
                    format!("`{}` is a number, and \"{text}\" is none", self.column),
                )),
            },
        }
    }

    /// The column of the grid, `total` rows of it.
    fn add_to<'p>(
        &self,
        table: frame::Table,
        total: usize,
        text: bool,
        point: impl Fn(usize) -> &'p Point,
    ) -> frame::Table {
        let number = |point: &Point| match point {
            Point::Number(x) => *x,
            Point::Level(level) => match level.as_str() {
                "TRUE" => 1.0,
                "FALSE" => 0.0,
                level => level.parse().unwrap_or(f64::NAN),
            },
        };
        match (&self.levels, text) {
            (Some(levels), true) => {
                let code = |point: &Point| match point {
                    Point::Level(level) => levels.iter().position(|l| l == level),
                    Point::Number(_) => None,
                };
                let codes = (0..total).map(|i| code(point(i)).unwrap_or(usize::MAX));
                table.factor(&self.column, levels, codes)
            }
            _ => table.number(&self.column, (0..total).map(|i| number(point(i)))),
        }
    }
}

fn axis(predictor: &Predictor) -> Axis {
    let (points, levels, spread, two_values) = match &predictor.values {
        PredictorValues::Levels(levels) => {
            let points = levels.iter().cloned().map(Point::Level).collect();
            (points, Some(levels.clone()), None, false)
        }
        PredictorValues::Numbers(moments) => {
            let (min, max, mean) = (moments.min, moments.max, moments.mean);
            // The variance is the largest that mean and range allow just when nothing lies between
            // (Bhatia and Davis 2000).
            let most = moments.n as f64 * (max - mean) * (mean - min);
            let two = max > min && moments.m2 >= most * (1.0 - 1e-9);
            let points = if two { vec![min, max] } else { vec![mean] };
            let spread = Spread {
                min,
                max,
                mean,
                sd: moments.sd(),
            };
            let points = points.into_iter().map(Point::Number).collect();
            (points, None, Some(spread), two)
        }
    };
    Axis {
        column: predictor.name.clone(),
        points,
        levels,
        spread,
        two_values,
        asked: false,
    }
}

impl Fit {
    /// A combination of all columns as one of those that the data can give: aliased columns are
    /// themselves combinations, so it can be had just when it weighs them as the data tie them
    /// (Searle 1971, section 5.4). `None` where it does not.
    pub(crate) fn estimable(&self, x: &[f64]) -> Option<Vec<f64>> {
        let recipe = self.recipe();
        let kept: Vec<f64> = recipe.fixed_kept().iter().map(|&j| x[j]).collect();
        for (&column, tied) in recipe.aliased().iter().zip(&self.facts.aliases) {
            let (mut sum, mut size) = (x[column], x[column].abs());
            for (a, x) in tied.iter().zip(&kept) {
                sum -= a * x;
                size = size.max((a * x).abs());
            }
            if sum.abs() > 1e-7 * size.max(1e-300) {
                return None;
            }
        }
        Some(kept)
    }
}
