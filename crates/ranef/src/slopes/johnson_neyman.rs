//! Where along one predictor the slope of another differs from zero.

use serde::Serialize;

use crate::linear::quantile;
use crate::means::{Grid, Point, Spread};
use crate::{Error, Fit};

/// The values where the interval of a slope just touches zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JohnsonNeyman {
    /// The bounds, ascending.
    pub bounds: Vec<f64>,
    /// What lies between them, from left to right.
    pub regions: Vec<Region>,
    /// Where the slope itself is zero.
    pub zeros: Vec<f64>,
    /// Smallest and largest value in the data: beyond them the bounds are extrapolation.
    pub range: [f64; 2],
    /// Whether the slope is a straight line, so that the search went beyond the range of the data.
    pub linear: bool,
}

/// A stretch of values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Region {
    /// Left end; `None` where it goes on (for a slope that is not a line, to the end of the data).
    pub from: Option<f64>,
    /// Right end; `None` where it goes on.
    pub to: Option<f64>,
    /// Whether the slope differs from zero there.
    pub significant: bool,
    /// The sign of the slope where it does: 1 or -1.
    pub sign: Option<i8>,
}

impl Region {
    /// Whether some of it lies within a range.
    pub(super) fn meets(&self, [min, max]: [f64; 2]) -> bool {
        self.from.is_none_or(|x| x < max) && self.to.is_none_or(|x| x > min)
    }

    /// Its ends as far as they lie within a range.
    pub(super) fn within(&self, [min, max]: [f64; 2]) -> (Option<f64>, Option<f64>) {
        (self.from.filter(|x| *x > min), self.to.filter(|x| *x < max))
    }
}

/// The slope at some value: its combination of the fixed effects.
type At<'a> = dyn Fn(f64) -> Vec<f64> + 'a;

impl Fit {
    /// `None` where the data cannot give the slope, or it does not depend on the other predictor.
    pub(super) fn johnson_neyman(
        &self,
        grid: &mut Grid<'_>,
        along: usize,
        over: usize,
        spread: Spread,
        level: f64,
    ) -> Result<Option<JohnsonNeyman>, Error> {
        let range = [spread.min, spread.max];
        let width = spread.max - spread.min;
        let Some(probe) = self.slopes_at(
            grid,
            along,
            over,
            &[0.0, 0.25, 0.6, 1.0].map(|u| spread.min + u * width),
        )?
        else {
            return Ok(None);
        };
        let size = probe.iter().flatten().fold(0.0f64, |m, x| m.max(x.abs()));
        let line = |u: f64, j: usize| probe[0][j] + u * (probe[3][j] - probe[0][j]);
        let columns = probe[0].len();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-7 * size;
        let linear = (0..columns)
            .all(|j| close(probe[1][j], line(0.25, j)) && close(probe[2][j], line(0.6, j)));
        if linear && (0..columns).all(|j| close(probe[0][j], probe[3][j])) {
            return Ok(None);
        }
        let found = if linear {
            let at = |w: f64| -> Vec<f64> {
                let u = (w - spread.min) / width;
                (0..columns).map(|j| line(u, j)).collect()
            };
            // The whole line, denser within the data: w = middle + half·tan(πu/2).
            let middle = 0.5 * (spread.min + spread.max);
            let points: Vec<f64> = (1..4000)
                .map(|i| f64::from(i) / 2000.0 - 1.0)
                .map(|u| middle + 0.5 * width * (0.5 * std::f64::consts::PI * u).tan())
                .collect();
            self.search(&points, &at, level)
        } else {
            // Values of a curve, tabulated: a line between neighbours is good to 10⁻⁶ of the range.
            const STEPS: usize = 2000;
            let points: Vec<f64> = (0..=STEPS)
                .map(|i| spread.min + width * i as f64 / STEPS as f64)
                .collect();
            let Some(table) = self.slopes_at(grid, along, over, &points)? else {
                return Ok(None);
            };
            let at = |w: f64| -> Vec<f64> {
                let place = ((w - spread.min) / width * STEPS as f64).clamp(0.0, STEPS as f64);
                let i = (place.floor() as usize).min(STEPS - 1);
                let share = place - i as f64;
                let pairs = table[i].iter().zip(&table[i + 1]);
                pairs.map(|(a, b)| a + share * (b - a)).collect()
            };
            self.search(&points, &at, level)
        };
        Ok(Some(JohnsonNeyman {
            range,
            linear,
            ..found
        }))
    }

    /// The slope's combinations at values of the axis `over`; `None` where the data cannot give one.
    fn slopes_at(
        &self,
        grid: &mut Grid<'_>,
        along: usize,
        over: usize,
        values: &[f64],
    ) -> Result<Option<Vec<Vec<f64>>>, Error> {
        let points = values.iter().copied().map(Point::Number).collect();
        let kept = std::mem::replace(&mut grid.axes[over].points, points);
        let rows = grid.slopes(along, &[over]);
        grid.axes[over].points = kept;
        Ok(rows?.iter().map(|row| self.estimable(&row.x)).collect())
    }

    /// Bounds, regions and zeros from values dense enough to see every change.
    fn search(&self, points: &[f64], at: &At<'_>, level: f64) -> JohnsonNeyman {
        // Positive where the interval leaves zero out.
        let excess = |w: f64| -> f64 {
            let linear = self.linear(&at(w));
            let half = quantile(level, linear.df) * linear.std_error;
            linear.estimate.abs() - half
        };
        let slope = |w: f64| self.linear(&at(w)).estimate;
        let bounds = crossings(points, &excess);
        let zeros = crossings(points, &slope);
        let mut ends = vec![None];
        ends.extend(bounds.iter().copied().map(Some));
        ends.push(None);
        let (first, last) = (points[0], points[points.len() - 1]);
        let regions = ends
            .windows(2)
            .map(|pair| {
                let inside = 0.5 * (pair[0].unwrap_or(first) + pair[1].unwrap_or(last));
                let significant = excess(inside) > 0.0;
                let sign = if slope(inside) > 0.0 { 1 } else { -1 };
                Region {
                    from: pair[0],
                    to: pair[1],
                    significant,
                    sign: significant.then_some(sign),
                }
            })
            .collect();
        JohnsonNeyman {
            bounds,
            regions,
            zeros,
            range: [first, last],
            linear: false,
        }
    }
}

/// Where a function changes its sign between neighbouring points, by bisection.
fn crossings(points: &[f64], f: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let mut out = Vec::new();
    let mut before = (points[0], f(points[0]));
    for &point in &points[1..] {
        let here = (point, f(point));
        if (before.1 > 0.0) != (here.1 > 0.0) {
            let (mut low, mut high) = (before.0, here.0);
            let rising = here.1 > 0.0;
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                if middle <= low.min(high) || middle >= low.max(high) {
                    break;
                }
                if (f(middle) > 0.0) == rising {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            out.push(0.5 * (low + high));
        }
        before = here;
    }
    out
}
