//! The numbers of [`Areas`].

use ranef_design::{DesignRows, NEW_LEVEL, Parts};
use ranef_engine::random::Stream;
use ranef_frame::Source;

use super::magnitude::Magnitude;
use super::response::{Direct, Response, Sums};
use super::targets::{Estimate, Row, Targets};
use super::worlds::{World, Worlds};
use super::{Area, AreaFlags, Areas, AreasOptions, view};
use crate::pooling::choose;
use crate::rows::{for_each_batch, refuse_new_levels};
use crate::{Error, Fit};

pub(super) fn areas(
    fit: &Fit,
    source: &dyn Source,
    options: &AreasOptions,
) -> Result<Areas, Error> {
    let factor = choose(fit, options.group.as_deref())?;
    let levels = fit.recipe().factors()[factor].levels;
    let drawing = options.drawing;
    drawing.check(levels)?;
    let none = vec![0; fit.recipe().factors().len()];
    let worlds = Worlds::of(fit, drawing.seed, none.clone())?;
    let settled = Worlds::at_estimates(fit, drawing.seed, none)?;
    let response = Response::of(fit);
    // One target a level, and the mean of all rows behind them.
    let mut targets = Targets::new(response.clone(), levels + 1, level_counts(fit));
    let mut sums = vec![Sums::default(); levels];
    let (mut all, mut rows) = (Sums::default(), 0);
    for_each_batch(
        fit.recipe(),
        source,
        Parts::ALL,
        fit.formula(),
        |_, batch| {
            refuse_new_levels(&batch)?;
            rows += batch.n;
            let observed = response.observed(fit, &batch)?;
            for_each_row(fit, &batch, |i, row| {
                let (value, weight) = observed[i];
                let level = batch.codes[factor][i] as usize;
                targets.add(row, &[level, levels], weight);
                sums[level].add(value, weight);
                all.add(value, weight);
            });
            Ok(())
        },
    )?;
    if rows != fit.nobs() || sums.iter().any(|s| s.rows == 0) {
        return Err(Error::new(
            "other_rows",
            format!(
                "these are not the rows that the model was fitted to: {rows} complete rows here, \
                 {} there",
                fit.nobs()
            ),
        )
        .with_hint("give the data that the model was fitted to, or fit it again"));
    }
    let drawn = worlds.map(drawing.draws, |world| targets.values(world))?;
    let settled = settled.map(drawing.draws, |world| targets.values(world))?;
    let found = targets.estimates(&worlds, &settled, &drawn, drawing.level);
    let fixed_only = World {
        random: worlds
            .estimated()
            .random
            .iter()
            .map(|b| vec![0.0; b.len()])
            .collect(),
        ..worlds.estimated().clone()
    };
    let synthetic = targets.values(&fixed_only);
    let direct: Vec<Direct> = sums
        .iter()
        .map(|s| response.direct(s, drawing.level).unwrap_or_default())
        .collect();
    let known = Known {
        options,
        average: all.mean,
        sums: &sums,
        direct: &direct,
        found: &found,
        synthetic: &synthetic,
        settled: &settled,
        drawn: &drawn,
        equal: 1e-10 * found.iter().fold(0.0, |a: f64, e| a.max(e.value.abs())),
    };
    let blocks = fit.varcorr();
    let group = blocks.iter().find(|b| b.factor == factor);
    let spread = known.spread();
    let (areas, flags) = known.areas(spread, |level| fit.recipe().level(factor, level));
    let raw: Vec<f64> = direct.iter().map(|d| d.estimate).collect();
    let mut out = Areas {
        group: group.map(|b| b.group.clone()).unwrap_or_default(),
        target: "the mean of the group over the predictors of its own rows".to_owned(),
        level: drawing.level,
        draws: drawing.draws,
        seed: drawing.seed,
        top: options.top.min(levels),
        thresholds: options.thresholds.clone(),
        average: all.mean,
        raw_spread: sd(&raw),
        spread,
        areas,
        flags,
        reading: String::new(),
        notes: Response::note(fit)
            .into_iter()
            .chain(worlds.note())
            .collect(),
    };
    out.reading = view::reading(&out);
    Ok(out)
}

/// Levels of each grouping factor.
pub(super) fn level_counts(fit: &Fit) -> Vec<usize> {
    fit.recipe().factors().iter().map(|f| f.levels).collect()
}

/// Calls `visit` with every row of a batch; the level of an unknown group is `usize::MAX`.
pub(super) fn for_each_row(fit: &Fit, rows: &DesignRows, mut visit: impl FnMut(usize, &Row<'_>)) {
    let widths = fit.widths();
    let mut fixed = vec![0.0; rows.fixed.len()];
    let mut faces: Vec<Vec<f64>> = widths.iter().map(|&k| vec![0.0; k]).collect();
    for i in 0..rows.n {
        for (x, column) in fixed.iter_mut().zip(&rows.fixed) {
            *x = column.at(i);
        }
        for (block, columns) in fit.varcorr().iter().zip(&rows.random) {
            for (z, column) in faces[block.factor][block.offset..].iter_mut().zip(columns) {
                *z = column.at(i);
            }
        }
        let groups: Vec<(usize, usize, &[f64])> = faces
            .iter()
            .enumerate()
            .map(|(factor, face)| match rows.codes[factor][i] {
                NEW_LEVEL => (factor, usize::MAX, face.as_slice()),
                code => (factor, code as usize, face.as_slice()),
            })
            .collect();
        let row = Row {
            offset: rows.offset.as_ref().map_or(0.0, |o| o.at(i)),
            fixed: &fixed,
            groups: &groups,
        };
        visit(i, &row);
    }
}

/// Everything that rows of the table are made of.
struct Known<'a> {
    options: &'a AreasOptions,
    average: f64,
    sums: &'a [Sums],
    direct: &'a [Direct],
    found: &'a [Estimate],
    synthetic: &'a [f64],
    /// Levels and then the mean of all, draw by draw, with the variances as estimated.
    settled: &'a [Vec<f64>],
    /// The same with the variances open.
    drawn: &'a [Vec<f64>],
    /// Differences below this are rounding.
    equal: f64,
}

impl Known<'_> {
    /// √E V(θ): the variance of the true means over the groups, averaged over the draws with the
    /// variances as estimated.
    fn spread(&self) -> f64 {
        let j = self.sums.len();
        let sum: f64 = self
            .settled
            .iter()
            .filter_map(|d| sd(&d[..j]))
            .map(|s| s * s)
            .sum();
        let spread = (sum / self.settled.len().max(1) as f64).sqrt();
        if spread > self.equal { spread } else { 0.0 }
    }

    fn areas(&self, spread: f64, name: impl Fn(usize) -> String) -> (Vec<Area>, AreaFlags) {
        let options = self.options;
        let j = self.sums.len();
        let top = options.top.min(j);
        let n = self.drawn.len() as f64;
        let places = self.places();
        let raw: Vec<f64> = self.direct.iter().map(|d| d.estimate).collect();
        let values: Vec<f64> = self.found[..j].iter().map(|e| e.value).collect();
        let (raw_rank, rank) = (ranks(&raw, self.equal), ranks(&values, self.equal));
        let mut expected = Magnitude::default();
        let mut own = vec![0u32; self.drawn.len()];
        let areas: Vec<Area> = (0..j)
            .map(|level| {
                let (direct, found) = (&self.direct[level], &self.found[level]);
                for (own, places) in own.iter_mut().zip(places.chunks_exact(j)) {
                    *own = places[level];
                }
                let share = |count: usize| count as f64 / n;
                let exceeding =
                    |value: f64| share(self.drawn.iter().filter(|d| d[level] > value).count());
                let p_top = share(own.iter().filter(|&&p| p as usize <= top).count());
                let p_bottom = share(own.iter().filter(|&&p| p as usize > j - top).count());
                own.sort_unstable();
                let place = |p: f64| own[((p * (n - 1.0)).round() as usize).min(own.len() - 1)];
                let above: f64 = self
                    .drawn
                    .iter()
                    .map(|d| match d[level] - d[j] {
                        gap if gap > self.equal => 1.0,
                        gap if gap < -self.equal => 0.0,
                        _ => 0.5,
                    })
                    .sum();
                let above_average = above / n;
                let difference = direct.estimate - self.average;
                let tail = 0.5 * (1.0 - options.drawing.level);
                // As if standard errors were known, at the level of the flags.
                let times = crate::linear::quantile(options.drawing.level, None);
                let magnitude = direct
                    .std_error
                    .filter(|&s| s > 0.0)
                    .map(|s| Magnitude::new(spread, s, times));
                if let Some(magnitude) = &magnitude {
                    expected.add(magnitude);
                }
                Area {
                    level: name(level),
                    n: self.sums[level].rows,
                    raw: direct.estimate,
                    raw_std_error: direct.std_error,
                    raw_lower: direct.interval.map(|i| i.0),
                    raw_upper: direct.interval.map(|i| i.1),
                    complete_pooling: self.average,
                    synthetic: self.synthetic[level],
                    estimate: found.value,
                    std_error: found.std_error,
                    lower: found.lower,
                    upper: found.upper,
                    raw_rank: raw_rank[level],
                    rank: rank[level],
                    rank_lower: place(tail) as usize,
                    rank_upper: place(1.0 - tail) as usize,
                    p_top,
                    p_bottom,
                    p_above_average: above_average,
                    above: options.thresholds.iter().map(|&x| exceeding(x)).collect(),
                    raw_flagged: direct
                        .interval
                        .map(|(low, high)| self.average < low || self.average > high),
                    flagged: above_average > 1.0 - tail || above_average < tail,
                    raw_sign_wrong: if difference >= 0.0 {
                        1.0 - above_average
                    } else {
                        above_average
                    },
                    type_s: magnitude.and_then(|m| m.type_s()),
                    type_m: magnitude.and_then(|m| m.type_m()),
                }
            })
            .collect();
        let count = |of: &dyn Fn(&Area) -> bool| areas.iter().filter(|a| of(a)).count();
        let flags = AreaFlags {
            raw: count(&|a| a.raw_flagged == Some(true)),
            model: count(&|a| a.flagged),
            both: count(&|a| a.flagged && a.raw_flagged == Some(true)),
            raw_expected: expected.flagged,
            type_s: expected.type_s(),
            type_m: expected.type_m(),
        };
        (areas, flags)
    }

    /// The place of every level in every draw, 1 for the highest. Levels that are equal, as they
    /// are where the variance between them is zero, fall in any order.
    fn places(&self) -> Vec<u32> {
        let j = self.sums.len();
        let mut out = vec![0; j * self.drawn.len()];
        let mut order: Vec<usize> = (0..j).collect();
        let mut lots = Stream::new(self.options.drawing.seed, u32::MAX, 0);
        let mut values = vec![0.0; j];
        for (drawn, places) in self.drawn.iter().zip(out.chunks_exact_mut(j.max(1))) {
            for (value, x) in values.iter_mut().zip(drawn) {
                *value = x + self.equal * lots.uniform();
            }
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            for (place, &level) in order.iter().enumerate() {
                places[level] = place as u32 + 1;
            }
        }
        out
    }
}

/// Places of values, 1 for the highest; equal values share the better one.
fn ranks(values: &[f64], equal: f64) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    values
        .iter()
        .map(|x| 1 + sorted.partition_point(|y| *y > x + equal))
        .collect()
}

/// Standard deviation, divisor n − 1.
fn sd(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())
}
