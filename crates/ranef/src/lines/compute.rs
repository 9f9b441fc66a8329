//! The numbers.

use ranef_design::{Column, DesignRows, Outcome, Parts, Relation, VariableValues};
use ranef_engine::{LeastSquares, NoPooling};
use ranef_formula::did_you_mean;
use ranef_frame::Source;

use super::rows::{Group, Rows, Typical, is_line};
use super::{GroupLine, GroupLines, GroupLinesOptions, GroupPoint, PopulationPoint};
use crate::means::Grid;
use crate::pooling::choose;
use crate::predict::PredictedInterval;
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
