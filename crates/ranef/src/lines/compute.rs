//! The numbers.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use ranef_design::{Column, DesignRows, Outcome, Parts, Relation, VariableValues};
use ranef_engine::{LeastSquares, NoPooling};
use ranef_formula::did_you_mean;
use ranef_frame::{Source, take_rows};

use super::{GroupLine, GroupLines, GroupLinesOptions, GroupPoint, PopulationPoint};
use crate::means::Grid;
use crate::observed::{numbers, share};
use crate::pooling::choose;
use crate::predict::PredictedInterval;
use crate::rows::{for_each_batch_with, refuse_new_levels};
use crate::{Error, Fit, MeansOptions, ResponseScale};

/// Values along a curve.
const STEPS: usize = 24;

pub(super) fn group_lines(
    fit: &Fit,
    source: &dyn Source,
    options: &GroupLinesOptions,
) -> Result<GroupLines, Error> {
    let factor = choose(fit, options.group.as_deref())?;
    let x = predictor(fit, source, factor, options.x.as_deref())?;
    let sizes = &fit.moments().sizes[factor];
    let (levels, chosen) = choose_levels(fit, factor, options)?;
    let rows = Rows::read(fit, source, factor, &x, &levels)?;
    let group = fit.recipe().factors()[factor].name.clone();
    if rows.groups.iter().all(|g| g.max <= g.min) {
        return Err(Error::new(
            "no_slope",
            format!("`{x}` does not vary within {group}, so that its groups have no lines"),
        )
        .with_hint("name a predictor that varies within groups, or draw `caterpillar`"));
    }
    // Straight if a third value lies on the line through two.
    let ends = [rows.typical(fit, 0.0)?, rows.typical(fit, 1.0)?];
    let third = rows.typical(fit, 0.37)?;
    let straight = is_line(&ends, &third, 0.37);
    let linear = fit.family().is_gaussian();
    let bent = !straight || (!linear && options.scale == ResponseScale::Response);
    let at: Vec<f64> = match bent || options.bands {
        true => (0..=STEPS).map(|i| i as f64 / STEPS as f64).collect(),
        false => vec![0.0, 1.0],
    };
    let typical: Vec<Typical> = at
        .iter()
        .map(|&u| match straight {
            true => Ok(Typical::between(&ends, u)),
            false => rows.typical(fit, u),
        })
        .collect::<Result<_, Error>>()?;
    let asked = Asked {
        fit,
        factor,
        chosen: own_effects(fit, factor),
        options,
        ends: match (options.pooling, linear) {
            (true, true) => {
                let statistics = fit.statistics()?;
                Some((statistics.no_pooling(factor), statistics.complete_pooling()))
            }
            _ => None,
        },
    };
    let values: Vec<Values> = typical
        .iter()
        .map(|t| asked.values(&rows, t))
        .collect::<Result<_, Error>>()?;
    let curve = |of: &dyn Fn(&Values) -> Option<f64>| -> Option<Vec<f64>> {
        values.iter().map(of).collect()
    };
    let lines = levels
        .iter()
        .enumerate()
        .map(|(g, &level)| {
            let Group { min, max, .. } = rows.groups[g];
            let (first, last) = (values.first(), values.last());
            let rise = first.zip(last).map(|(a, b)| b.link[g] - a.link[g]);
            GroupLine {
                level: fit.recipe().level(factor, level),
                n: sizes[level] as usize,
                slope: rise.filter(|_| max > min).map(|r| r / (max - min)),
                x: at.iter().map(|u| min + u * (max - min)).collect(),
                estimate: values.iter().map(|v| v.estimate[g]).collect(),
                lower: curve(&|v| Some(v.ends.get(g)?.0)),
                upper: curve(&|v| Some(v.ends.get(g)?.1)),
                no_pooling: curve(&|v| *v.no_pooling.get(g)?),
                complete_pooling: curve(&|v| v.complete.get(g).copied()),
            }
        })
        .collect();
    let population = population(fit, &x, options, &asked)?;
    let count = rows.points.len();
    Ok(GroupLines {
        notes: notes(fit, &x, &group, options, count),
        x,
        group,
        scale: (!linear).then_some(options.scale),
        level: options.level,
        straight,
        groups: sizes.len(),
        chosen,
        lines,
        population,
        rows: count,
        points: thin(rows.points, options.points),
    })
}

fn notes(fit: &Fit, x: &str, group: &str, options: &GroupLinesOptions, rows: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let recipe = fit.recipe();
    let others = recipe
        .predictors()
        .iter()
        .filter(|p| p.name != x && recipe.columns(Parts::FIXED).contains(&p.name.as_str()))
        .count();
    if others > 0 {
        notes.push(format!(
            "The line of each {group} has the other predictors as they are in its own rows."
        ));
    }
    if rows > options.points && options.points > 0 {
        notes.push(format!(
            "{} of {rows} rows are shown as points, evenly through the data.",
            options.points
        ));
    }
    if options.pooling && !fit.family().is_gaussian() {
        notes.push(
            "The line that forgets the groups is one of gaussian models, and not shown.".to_owned(),
        );
    }
    notes
}

/// Some of the points, evenly through the rows.
fn thin(points: Vec<GroupPoint>, most: usize) -> Vec<GroupPoint> {
    let n = points.len();
    if n <= most {
        return points;
    }
    (0..most).map(|i| points[i * n / most]).collect()
}

/// The column of numbers along which the lines run.
fn predictor(
    fit: &Fit,
    source: &dyn Source,
    factor: usize,
    name: Option<&str>,
) -> Result<String, Error> {
    let grid = Grid::with_random(fit, &[])?;
    if let Some(name) = name {
        let (place, _) = grid.find_number(name)?;
        return Ok(grid.axes[place].column.clone());
    }
    let recipe = fit.recipe();
    let variables = recipe.variables();
    let number = |variable: usize| match (
        &variables[variable].values,
        &variables[variable].columns[..],
    ) {
        (VariableValues::Numbers { .. }, [column]) => Some(column.clone()),
        _ => None,
    };
    let slopes = recipe.random().iter().filter(|r| r.factor == factor);
    let mut found = slopes.flat_map(|r| r.products().iter().flatten().map(|&(v, ..)| v));
    if let Some(column) = found.find_map(number) {
        return Ok(column);
    }
    let group = &recipe.factors()[factor].name;
    let varies = fit.predictor_levels(source)?;
    let within = |name: &str| varies.of(name, group).is_some_and(|v| v.varies.within());
    let candidates = (0..variables.len()).filter(|&v| within(&variables[v].name));
    let mut numbers = candidates.filter_map(|v| {
        let column = number(v)?;
        let place = grid.find(&column).ok()?;
        // Two values make a line that is nothing but a difference.
        let axis = &grid.axes[place];
        axis.spread.filter(|s| s.max > s.min && !axis.two_values)?;
        Some(column)
    });
    numbers.next().ok_or_else(|| {
        Error::new(
            "no_slope",
            format!(
                "the model has no predictor of numbers that varies within {group}, and so no lines"
            ),
        )
        .with_hint(
            "draw `caterpillar` for how groups differ, or `predictions`; `--x` names a predictor",
        )
    })
}

/// The levels that are wanted, and how they were chosen.
fn choose_levels(
    fit: &Fit,
    factor: usize,
    options: &GroupLinesOptions,
) -> Result<(Vec<usize>, Option<String>), Error> {
    let recipe = fit.recipe();
    let shape = &recipe.factors()[factor];
    let n = shape.levels;
    let sizes = &fit.moments().sizes[factor];
    if !options.levels.is_empty() {
        let known: Vec<String> = (0..n).map(|level| recipe.level(factor, level)).collect();
        let find = |name: &String| {
            known.iter().position(|k| k == name).ok_or_else(|| {
                let message = format!("`{}` has no level \"{name}\"", shape.name);
                Error::new("unknown_level", message).with_hint(match did_you_mean(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "its {n} levels begin with {}",
                        known.iter().take(8).cloned().collect::<Vec<_>>().join(", ")
                    ),
                })
            })
        };
        let levels = options.levels.iter().map(find).collect::<Result<_, _>>()?;
        return Ok((levels, None));
    }
    if n <= options.most.max(1) {
        return Ok(((0..n).collect(), None));
    }
    let most = options.most.max(1);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&level| sizes[level]);
    let step = |i: usize| match most {
        1 => n / 2,
        _ => (i as f64 * (n - 1) as f64 / (most - 1) as f64).round() as usize,
    };
    let mut levels: Vec<usize> = (0..most).map(|i| order[step(i)]).collect();
    let (least, largest) = (sizes[levels[0]], sizes[levels[most - 1]]);
    // From the smallest to the largest, which a reader can follow from panel to panel; where the
    // sizes are all the same, in the order of the data.
    let rule = if least == largest {
        levels.sort_unstable();
        format!(
            "{most} of {n} levels of {}, evenly through their order.",
            shape.name
        )
    } else {
        format!(
            "{most} of {n} levels of {}, evenly by their number of rows, from the smallest \
             ({least}) to the largest ({largest}).",
            shape.name
        )
    };
    Ok((levels, Some(rule)))
}

/// The random effects of a factor and of those its levels lie in.
fn own_effects(fit: &Fit, factor: usize) -> Vec<Vec<bool>> {
    let outer = |other: usize| {
        fit.structure()
            .pairs
            .iter()
            .any(|pair| match pair.relation {
                Relation::FirstInSecond => pair.first == factor && pair.second == other,
                Relation::SecondInFirst => pair.second == factor && pair.first == other,
                _ => false,
            })
    };
    fit.varcorr()
        .iter()
        .map(|b| vec![b.factor == factor || outer(b.factor); b.terms.len()])
        .collect()
}

/// A group and its range of the predictor.
#[derive(Clone, Copy)]
struct Group {
    min: f64,
    max: f64,
}

/// The rows of the groups that are wanted.
struct Rows {
    x: String,
    batches: Vec<RecordBatch>,
    /// The group and the predictor of every row, by batch.
    of: Vec<Vec<u32>>,
    groups: Vec<Group>,
    /// The codes of all factors in some row of every group, by factor.
    codes: Vec<Vec<u32>>,
    points: Vec<GroupPoint>,
}

impl Rows {
    fn read(
        fit: &Fit,
        source: &dyn Source,
        factor: usize,
        x: &str,
        levels: &[usize],
    ) -> Result<Self, Error> {
        let place: HashMap<u32, u32> = levels
            .iter()
            .enumerate()
            .map(|(g, &level)| (level as u32, g as u32))
            .collect();
        let nothing = Group {
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        };
        let mut out = Self {
            x: x.to_owned(),
            batches: Vec::new(),
            of: Vec::new(),
            groups: vec![nothing; levels.len()],
            codes: vec![vec![0; levels.len()]; fit.recipe().factors().len()],
            points: Vec::new(),
        };
        let formula = fit.formula();
        for_each_batch_with(
            fit.recipe(),
            source,
            Parts::ALL,
            formula,
            &[x],
            |batch, rows| {
                refuse_new_levels(&rows)?;
                let (mut taken, mut of, mut here) = (Vec::new(), Vec::new(), Vec::new());
                for (i, code) in rows.codes[factor].iter().enumerate() {
                    if let Some(&g) = place.get(code) {
                        taken.push(rows.kept.as_ref().map_or(i as u32, |kept| kept[i]));
                        of.push(g);
                        here.push(i);
                    }
                }
                let own = take_rows(batch, &taken)?;
                let Some(values) = own.column_by_name(x).and_then(numbers) else {
                    let message = format!("`{x}` is no column of numbers");
                    return Err(Error::new("predictor_is_a_factor", message)
                        .with_hint("name a predictor of numbers for the horizontal axis"));
                };
                for ((&i, &g), &x) in here.iter().zip(&of).zip(&values) {
                    let group = &mut out.groups[g as usize];
                    (group.min, group.max) = (group.min.min(x), group.max.max(x));
                    for (codes, all) in out.codes.iter_mut().zip(&rows.codes) {
                        codes[g as usize] = all[i];
                    }
                    out.points.push(GroupPoint {
                        line: g as usize,
                        x,
                        y: share(&rows.response, i),
                    });
                }
                out.batches.push(own);
                out.of.push(of);
                Ok(())
            },
        )?;
        for group in &mut out.groups {
            if group.max < group.min {
                (group.min, group.max) = (0.0, 0.0);
            }
        }
        Ok(out)
    }

    /// The average row of every group with the predictor at a share of the way through the group's
    /// range.
    fn typical(&self, fit: &Fit, u: f64) -> Result<Typical, Error> {
        let n = self.groups.len();
        let recipe = fit.recipe();
        let mut out = Typical {
            fixed: vec![vec![0.0; n]; fit.fixef().len()],
            random: fit
                .varcorr()
                .iter()
                .map(|b| vec![vec![0.0; n]; b.terms.len()])
                .collect(),
            offset: vec![0.0; n],
        };
        let mut count = vec![0.0; n];
        let mut reader = recipe.reader(Parts::PREDICTORS);
        let design = |e| Error::design(&e, fit.formula());
        for (batch, of) in self.batches.iter().zip(&self.of) {
            let moved: Float64Array = of
                .iter()
                .map(|&g| {
                    let Group { min, max } = self.groups[g as usize];
                    Some(min + u * (max - min))
                })
                .collect();
            let moved: ArrayRef = Arc::new(moved);
            let schema = batch.schema();
            let columns = schema.fields().iter().zip(batch.columns());
            let columns = columns.map(|(field, array)| {
                let own = match *field.name() == self.x {
                    true => Arc::clone(&moved),
                    false => Arc::clone(array),
                };
                (field.name().clone(), own, true)
            });
            let batch = RecordBatch::try_from_iter_with_nullable(columns)
                .map_err(|e| Error::new("unequal_lengths", e.to_string()))?;
            if batch.num_rows() == 0 {
                continue;
            }
            let rows = reader.rows(&batch).map_err(design)?;
            for (i, &g) in of.iter().enumerate() {
                let g = g as usize;
                count[g] += 1.0;
                for (sum, column) in out.fixed.iter_mut().zip(&rows.fixed) {
                    sum[g] += column.at(i);
                }
                for (sums, columns) in out.random.iter_mut().zip(&rows.random) {
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        sum[g] += column.at(i);
                    }
                }
                out.offset[g] += rows.offset.as_ref().map_or(0.0, |o| o.at(i));
            }
        }
        let all = out.fixed.iter_mut().chain(out.random.iter_mut().flatten());
        for sum in all.chain(std::iter::once(&mut out.offset)) {
            sum.iter_mut()
                .zip(&count)
                .for_each(|(sum, n)| *sum /= f64::max(*n, 1.0));
        }
        Ok(out)
    }
}

/// The average row of every group: columns, and in them a number a group.
struct Typical {
    fixed: Vec<Vec<f64>>,
    random: Vec<Vec<Vec<f64>>>,
    offset: Vec<f64>,
}

impl Typical {
    fn columns(&self) -> impl Iterator<Item = &Vec<f64>> {
        let random = self.random.iter().flatten();
        self.fixed.iter().chain(random).chain([&self.offset])
    }

    /// On the straight line between two.
    fn between([a, b]: &[Self; 2], u: f64) -> Self {
        let mix = |a: &Vec<f64>, b: &Vec<f64>| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| a + u * (b - a)).collect()
        };
        let each = |a: &Vec<Vec<f64>>, b: &Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            a.iter().zip(b).map(|(a, b)| mix(a, b)).collect()
        };
        Self {
            fixed: each(&a.fixed, &b.fixed),
            random: a
                .random
                .iter()
                .zip(&b.random)
                .map(|(a, b)| each(a, b))
                .collect(),
            offset: mix(&a.offset, &b.offset),
        }
    }
}

fn is_line(ends: &[Typical; 2], third: &Typical, u: f64) -> bool {
    let line = Typical::between(ends, u);
    line.columns().zip(third.columns()).all(|(line, third)| {
        let size = line.iter().chain(third).fold(0.0f64, |m, x| m.max(x.abs()));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-7 * size;
        line.iter().zip(third).all(near)
    })
}

/// What is asked of every typical row.
struct Asked<'a> {
    fit: &'a Fit,
    factor: usize,
    chosen: Vec<Vec<bool>>,
    options: &'a GroupLinesOptions,
    /// The two regressions between which the model lies.
    ends: Option<(NoPooling, Option<LeastSquares>)>,
}

/// The values of all groups at a share of the way through their ranges.
struct Values {
    link: Vec<f64>,
    estimate: Vec<f64>,
    ends: Vec<(f64, f64)>,
    no_pooling: Vec<Option<f64>>,
    complete: Vec<f64>,
}

impl Asked<'_> {
    fn values(&self, rows: &Rows, typical: &Typical) -> Result<Values, Error> {
        let n = rows.groups.len();
        let columns = |all: &[Vec<f64>]| all.iter().cloned().map(Column::from).collect();
        let design = DesignRows {
            kept: None,
            n,
            response: Outcome::Nothing,
            fixed: columns(&typical.fixed),
            random: typical.random.iter().map(|all| columns(all)).collect(),
            codes: rows.codes.clone(),
            weights: None,
            offset: Some(Column::from(typical.offset.clone())),
        };
        let bands = self.options.bands.then_some(self.options.level);
        let (link, intervals) = self.fit.with_effects(&design, &self.chosen, bands)?;
        let inverse = self.fit.inverse();
        let response = self.options.scale == ResponseScale::Response;
        let mean = |eta: f64| if response { inverse.mean(eta) } else { eta };
        let ends = |i: &PredictedInterval| match response {
            true => inverse.ends(i.lower, i.upper, 0.0),
            false => (i.lower, i.upper),
        };
        let (mut no_pooling, mut complete) = (Vec::new(), Vec::new());
        if let Some((none, all)) = &self.ends {
            no_pooling = (0..n)
                .map(|g| self.no_pooling(none, rows, typical, g))
                .collect();
            if let Some(all) = all {
                let line = |g: usize| -> f64 {
                    let terms = typical.fixed.iter().zip(&all.beta);
                    typical.offset[g] + terms.map(|(x, b)| x[g] * b).sum::<f64>()
                };
                complete = (0..n).map(line).collect();
            }
        }
        Ok(Values {
            estimate: link.iter().map(|&eta| mean(eta)).collect(),
            link,
            ends: intervals.iter().map(ends).collect(),
            no_pooling,
            complete,
        })
    }

    /// X_c γ + Z_j a_j of one group.
    fn no_pooling(
        &self,
        none: &NoPooling,
        rows: &Rows,
        typical: &Typical,
        g: usize,
    ) -> Option<f64> {
        let level = none.level(rows.codes[self.factor][g] as usize);
        let mut value = typical.offset[g];
        for (x, gamma) in typical.fixed.iter().zip(&none.common) {
            value += x[g] * gamma.unwrap_or(0.0);
        }
        for (block, columns) in self.fit.varcorr().iter().zip(&typical.random) {
            if block.factor != self.factor {
                continue;
            }
            for (a, z) in columns.iter().enumerate() {
                value += z[g] * level.estimates[block.offset + a]?;
            }
        }
        Some(value)
    }
}

/// The line of the population over the whole range of the predictor.
fn population(
    fit: &Fit,
    x: &str,
    options: &GroupLinesOptions,
    asked: &Asked<'_>,
) -> Result<Vec<PopulationPoint>, Error> {
    let all = Grid::with_random(fit, &[])?;
    let (_, spread) = all.find_number(x)?;
    // Many, as the band of a straight line is bent.
    let values: Vec<f64> = (0..=2 * STEPS)
        .map(|i| i as f64 / (2 * STEPS) as f64)
        .map(|u| spread.min + u * (spread.max - spread.min))
        .collect();
    let texts: Vec<String> = values.iter().map(f64::to_string).collect();
    // A predictor of random slopes alone leaves the population where it is.
    let has = Grid::new(fit, &[])?.find(x).is_ok();
    let by: &[&str] = if has { &[x] } else { &[] };
    let mut means = MeansOptions::by(by.iter().copied())
        .level(options.level)
        .scale(options.scale);
    if has {
        means = means.at(x, texts.clone());
    }
    let found = fit.means(&means)?;
    let complete: Vec<Option<f64>> = match (&asked.ends, has) {
        (Some((_, Some(all))), true) => {
            let grid = Grid::new(fit, &[(x.to_owned(), texts)])?;
            let place = grid.find(x)?;
            let rows = grid.rows(&[place])?;
            rows.iter()
                .map(|row| {
                    let kept = fit.estimable(&row.x)?;
                    let terms = kept.iter().zip(&all.beta);
                    Some(row.offset + terms.map(|(x, b)| x * b).sum::<f64>())
                })
                .collect()
        }
        _ => vec![None; values.len()],
    };
    let row = |i: usize| {
        found
            .rows
            .get(if has { i } else { 0 })
            .and_then(|r| r.value)
    };
    Ok(values
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let value = row(i);
            PopulationPoint {
                x,
                estimate: value.map(|v| v.estimate),
                lower: value.map(|v| v.lower),
                upper: value.map(|v| v.upper),
                complete_pooling: complete[i],
            }
        })
        .collect())
}
