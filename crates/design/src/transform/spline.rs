//! B-splines, `bs(x)`, and natural cubic splines, `ns(x)`, with the columns of R's `splines`.
//!
//! A basis of order k on knots t is evaluated by the recurrence of Cox and de Boor (de Boor 1978,
//! *A Practical Guide to Splines*, chapter X). Beyond the boundary knots the pieces at the ends go
//! on: as the polynomials they are for `bs`, as straight lines for `ns`. A natural spline is the
//! part of the cubic basis whose second derivative is zero at both boundary knots; its columns are
//! the B-splines turned by the two Householder reflections that take those two constraints to the
//! first two axes, without these two. Other bases span the same space, but then the coefficients
//! would not be the ones that R prints.

use serde::{Deserialize, Serialize};

/// Which spline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SplineKind {
    /// `bs`
    Basis,
    /// `ns`
    Natural,
}

/// A spline: what was asked for and, once learned, its knots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spline {
    pub(crate) kind: SplineKind,
    /// Degree of the pieces; 3 for `ns`.
    pub(crate) degree: usize,
    /// Whether the columns sum to one.
    pub(crate) intercept: bool,
    /// Inner knots: given, or at quantiles once learned.
    pub(crate) knots: Option<Vec<f64>>,
    /// Number of inner knots.
    pub(crate) inner: usize,
    /// Boundary knots: given, or the range once learned.
    pub(crate) boundary: Option<[f64; 2]>,
}

impl Spline {
    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        let all = self.inner + self.degree + usize::from(self.intercept);
        match self.kind {
            SplineKind::Basis => all,
            SplineKind::Natural => all - 2,
        }
    }

    /// Whether nothing is left to learn.
    pub(crate) fn is_given(&self) -> bool {
        self.knots.is_some() && self.boundary.is_some()
    }

    /// Puts the knots where the data are: `x` are the distinct values, which occur `count` times.
    /// False when no value lies between boundary knots that were given.
    pub(crate) fn learn(&mut self, x: &[f64], count: &[f64]) -> bool {
        let [low, high] = *self.boundary.get_or_insert([x[0], x[x.len() - 1]]);
        let inside = x
            .iter()
            .zip(count)
            .filter(|(x, _)| (low..=high).contains(*x));
        let (x, count): (Vec<f64>, Vec<f64>) = inside.unzip();
        let share = |k: usize| k as f64 / (self.inner + 1) as f64;
        if self.knots.is_none() && !x.is_empty() {
            self.knots = Some(
                (1..=self.inner)
                    .map(|k| quantile(&x, &count, share(k)))
                    .collect(),
            );
        }
        self.knots.is_some()
    }

    /// All knots, those at the boundary as often as the order says.
    fn all_knots(&self) -> Vec<f64> {
        let [low, high] = self.boundary.unwrap_or([0.0, 1.0]);
        let mut knots = vec![low; self.degree + 1];
        knots.extend(self.knots.iter().flatten());
        knots.extend(std::iter::repeat_n(high, self.degree + 1));
        knots.sort_by(f64::total_cmp);
        knots
    }

    /// The columns at the values `x`.
    pub(crate) fn columns(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let knots = self.all_knots();
        let [low, high] = self.boundary.unwrap_or([0.0, 1.0]);
        let order = self.degree + 1;
        let size = knots.len() - order;
        let skip = usize::from(!self.intercept);
        let mut columns = vec![Vec::with_capacity(x.len()); self.width()];
        let mut row = vec![0.0; size];
        match self.kind {
            SplineKind::Basis => {
                for &x in x {
                    evaluate(&knots, order, x, 0, &mut row);
                    columns
                        .iter_mut()
                        .zip(&row[skip..])
                        .for_each(|(column, &b)| column.push(b));
                }
            }
            SplineKind::Natural => {
                let mut ends = [low, high].map(|end| {
                    let (mut value, mut slope, mut bend) =
                        (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
                    evaluate(&knots, order, end, 0, &mut value);
                    evaluate(&knots, order, end, 1, &mut slope);
                    evaluate(&knots, order, end, 2, &mut bend);
                    (value, slope, bend)
                });
                let bends = ends.each_mut().map(|end| end.2.split_off(skip));
                let reflections = reflections(bends);
                for &x in x {
                    if x < low || x > high {
                        let (at, (value, slope, _)) = if x < low {
                            (low, &ends[0])
                        } else {
                            (high, &ends[1])
                        };
                        for i in 0..size {
                            row[i] = value[i] + slope[i] * (x - at);
                        }
                    } else {
                        evaluate(&knots, order, x, 0, &mut row);
                    }
                    let turned = &mut row[skip..];
                    reflections
                        .iter()
                        .enumerate()
                        .for_each(|(k, v)| reflect(v, k, turned));
                    columns
                        .iter_mut()
                        .zip(&turned[2..])
                        .for_each(|(column, &b)| column.push(b));
                }
            }
        }
        columns
    }
}

/// The B-splines of an order at `x`, or their derivatives, into `row`. Beyond the ends of the
/// knots the polynomials of the first and last interval go on.
fn evaluate(knots: &[f64], order: usize, x: f64, derivative: usize, row: &mut [f64]) {
    let size = knots.len() - order;
    let mut interval = knots.partition_point(|&t| t <= x).clamp(order, size) - 1;
    // An inner knot at the boundary makes empty intervals there.
    while interval > order - 1 && knots[interval] == knots[interval + 1] {
        interval -= 1;
    }
    while interval + 1 < size && knots[interval] == knots[interval + 1] {
        interval += 1;
    }
    row.fill(0.0);
    row[interval] = 1.0;
    // Order 1 upward; B-spline i of order k lives on knots i … i + k. The last `derivative` steps
    // differentiate: (k−1) times the difference of the two neighbours over their supports.
    for k in 2..=order {
        let first = interval + 1 - k.min(interval + 1);
        for i in first..=interval {
            let left = span(row[i], knots[i + k - 1] - knots[i]);
            let right = if i < interval && i + k < knots.len() {
                span(row[i + 1], knots[i + k] - knots[i + 1])
            } else {
                0.0
            };
            row[i] = if k > order - derivative {
                (k - 1) as f64 * (left - right)
            } else {
                let upper = if i + k < knots.len() {
                    knots[i + k]
                } else {
                    0.0
                };
                (x - knots[i]) * left + (upper - x) * right
            };
        }
    }
}

fn span(value: f64, length: f64) -> f64 {
    if value == 0.0 || length == 0.0 {
        0.0
    } else {
        value / length
    }
}

/// The Householder vectors that take two constraints to the first two axes, scaled as in LINPACK
/// (Dongarra et al. 1979, chapter 9): v_k = 1 + |c_k| / ‖c‖.
fn reflections([first, mut second]: [Vec<f64>; 2]) -> [Vec<f64>; 2] {
    let first = householder(first, 0);
    reflect(&first, 0, &mut second);
    [first, householder(second, 1)]
}

fn householder(mut c: Vec<f64>, k: usize) -> Vec<f64> {
    let norm = c[k..].iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm > 0.0 {
        let norm = if c[k] < 0.0 { -norm } else { norm };
        c[k..].iter_mut().for_each(|x| *x /= norm);
        c[k] += 1.0;
    }
    c
}

fn reflect(v: &[f64], k: usize, y: &mut [f64]) {
    if v[k] == 0.0 {
        return;
    }
    let dot: f64 = v[k..].iter().zip(&y[k..]).map(|(v, y)| v * y).sum();
    let step = -dot / v[k];
    y[k..]
        .iter_mut()
        .zip(&v[k..])
        .for_each(|(y, v)| *y += step * v);
}

/// The quantile of type 7 (Hyndman & Fan 1996) of values that occur `count` times each.
pub(crate) fn quantile(x: &[f64], count: &[f64], p: f64) -> f64 {
    let n: f64 = count.iter().sum();
    let place = (n - 1.0) * p;
    let at = |rank: f64| {
        let mut seen = 0.0;
        for (x, n) in x.iter().zip(count) {
            seen += n;
            if rank < seen {
                return *x;
            }
        }
        x[x.len() - 1]
    };
    // Rounding of (n − 1)p must not step over a whole rank: R takes 4 ε as whole.
    let low = (place + 4.0 * f64::EPSILON).floor();
    let (a, b) = (at(low), at(low + 1.0));
    let weight = place - low;
    if weight.abs() < 4.0 * f64::EPSILON {
        a
    } else {
        a + weight * (b - a)
    }
}
