//! Curves through clouds of points: a robust local line, and local quantiles.
//!
//! [`lowess`] is Cleveland's (1979, JASA 74:829) robust locally weighted regression: around each
//! place a straight line is fitted to the nearest share of the points with tricube weights, and
//! points far from the curve lose weight (bisquare, six times the median distance) before it is
//! fitted again. [`local_quantiles`] takes weighted quantiles under the same weights.
//!
//! Both cost the square of the number of places, so many points are first gathered into cells of
//! equal width along x that keep their means and count as often as they have points, as Fan and
//! Marron (1994, *J. Comput. Graph. Stat.* 3:35) do: a cell is far narrower than the neighbourhood
//! that it is smoothed over. A million points cost one pass.

/// Points up to which each is a cell of its own.
const EXACT: usize = 1000;
/// Cells along x beyond that.
const CELLS: usize = 400;

/// A curve: x in increasing order without repetition, and y.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smooth {
    /// Across.
    pub x: Vec<f64>,
    /// The curve there.
    pub y: Vec<f64>,
}

/// Points of about the same x.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    x: f64,
    y: f64,
    count: f64,
}

/// Cleveland's robust local line through points, of which those are left out that are not finite:
/// `span` is the share of the points in a neighbourhood (⅔ is usual), `iterations` how often
/// weights are taken from points far off (3 is usual). Empty for no points; with up to
/// 1000 points the numbers are those of R's `lowess(x, y, span, iterations, delta = 0)`.
///
/// # Panics
/// If `x` and `y` differ in length.
pub fn lowess(x: &[f64], y: &[f64], span: f64, iterations: usize) -> Smooth {
    let cells = cells(x, y);
    let Some((first, last)) = cells.first().zip(cells.last()) else {
        return Smooth::default();
    };
    let range = last.x - first.x;
    let total: f64 = cells.iter().map(|c| c.count).sum();
    // As many points as a neighbourhood has, two at least.
    let wanted = (span * total + 1e-7).floor().clamp(2.0, total.max(2.0));
    let widths: Vec<f64> = (0..cells.len())
        .map(|at| neighbourhood(&cells, at, wanted))
        .collect();
    let mut robust = vec![1.0; cells.len()];
    let mut curve = vec![0.0; cells.len()];
    for pass in 0..=iterations {
        for at in 0..cells.len() {
            curve[at] = if at > 0 && cells[at].x == cells[at - 1].x {
                curve[at - 1]
            } else {
                local_line(&cells, &robust, at, widths[at], range)
            };
        }
        if pass == iterations || !bisquare(&cells, &curve, &mut robust) {
            break;
        }
    }
    let mut out = Smooth::default();
    for (cell, y) in cells.iter().zip(curve) {
        if out.x.last() != Some(&cell.x) {
            out.x.push(cell.x);
            out.y.push(y);
        }
    }
    out
}

/// The points in pairs, without those that are not finite, and the range of x.
fn finite(x: &[f64], y: &[f64]) -> (Vec<(f64, f64)>, f64, f64) {
    assert_eq!(x.len(), y.len(), "lengths of x and y");
    let pairs: Vec<(f64, f64)> = (x.iter().copied())
        .zip(y.iter().copied())
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    let (low, high) = pairs
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| {
            (low.min(*x), high.max(*x))
        });
    (pairs, low, high)
}

/// The points in the order of x: each a cell of its own, or gathered where they are many.
fn cells(x: &[f64], y: &[f64]) -> Vec<Cell> {
    let (points, low, high) = finite(x, y);
    if points.len() <= EXACT {
        let mut cells: Vec<Cell> = points
            .iter()
            .map(|&(x, y)| Cell { x, y, count: 1.0 })
            .collect();
        cells.sort_by(|a, b| a.x.total_cmp(&b.x));
        return cells;
    }
    let mut cells = vec![Cell::default(); CELLS];
    for (x, y) in points {
        let cell = &mut cells[place(x, low, high)];
        cell.x += x;
        cell.y += y;
        cell.count += 1.0;
    }
    cells.retain(|cell| cell.count > 0.0);
    for cell in &mut cells {
        cell.x /= cell.count;
        cell.y /= cell.count;
    }
    cells
}

/// The cell of equal width that a number lies in.
fn place(x: f64, low: f64, high: f64) -> usize {
    let share = if high > low {
        (x - low) / (high - low)
    } else {
        0.0
    };
    ((share * CELLS as f64) as usize).min(CELLS - 1)
}

/// How far one has to go from a cell to have so many points.
fn neighbourhood(cells: &[Cell], at: usize, wanted: f64) -> f64 {
    let centre = cells[at].x;
    let (mut left, mut right) = (at, at);
    let (mut count, mut width) = (cells[at].count, 0.0);
    while count < wanted {
        let down = match left {
            0 => f64::INFINITY,
            _ => centre - cells[left - 1].x,
        };
        let up = cells.get(right + 1).map_or(f64::INFINITY, |c| c.x - centre);
        width = down.min(up);
        if down <= up && left > 0 {
            left -= 1;
            count += cells[left].count;
        } else if right + 1 < cells.len() {
            right += 1;
            count += cells[right].count;
        } else {
            // A few points that count less than wanted: all of them.
            return (centre - cells[0].x).max(cells[cells.len() - 1].x - centre);
        }
    }
    width
}

/// (1 − |u|³)³ for u from 0 to 1.
fn tricube(u: f64) -> f64 {
    (1.0 - u * u * u).powi(3)
}

/// The line through the neighbourhood of a cell at its place.
fn local_line(cells: &[Cell], robust: &[f64], at: usize, width: f64, range: f64) -> f64 {
    let centre = cells[at].x;
    let weight = |j: usize| -> Option<f64> {
        let distance = (cells[j].x - centre).abs();
        let near = if distance <= 0.001 * width {
            1.0
        } else if distance <= 0.999 * width {
            tricube(distance / width)
        } else {
            return None;
        };
        Some(near * robust[j] * cells[j].count)
    };
    // Those in reach stand together.
    let first = cells.partition_point(|c| c.x < centre - width);
    let near: Vec<(f64, f64, f64)> = (first..cells.len())
        .take_while(|&j| cells[j].x <= centre + width)
        .filter_map(|j| Some((cells[j].x - centre, cells[j].y, weight(j)?)))
        .collect();
    let mass: f64 = near.iter().map(|(_, _, w)| w).sum();
    // All neighbours have lost their weight.
    if mass <= 0.0 {
        return cells[at].y;
    }
    let mean_x = near.iter().map(|(x, _, w)| w * x).sum::<f64>() / mass;
    let mean_y = near.iter().map(|(_, y, w)| w * y).sum::<f64>() / mass;
    let (mut square, mut product) = (0.0, 0.0);
    for (x, y, w) in near {
        square += w * (x - mean_x).powi(2);
        product += w * (x - mean_x) * y;
    }
    // Points in one place give no slope.
    if (square / mass).sqrt() <= 0.001 * range {
        return mean_y;
    }
    mean_y - mean_x * product / square
}

/// Weights by the distance from the curve; false where it goes through (almost) all points.
fn bisquare(cells: &[Cell], curve: &[f64], robust: &mut [f64]) -> bool {
    let distance: Vec<f64> = (cells.iter().zip(curve))
        .map(|(cell, y)| (cell.y - y).abs())
        .collect();
    let mut sorted: Vec<(f64, f64)> = (distance.iter().zip(cells))
        .map(|(d, cell)| (*d, cell.count))
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = cells.iter().map(|c| c.count).sum();
    let mean = sorted.iter().map(|(d, w)| d * w).sum::<f64>() / total;
    let scale = 6.0 * weighted_median(&sorted, total);
    if scale <= 1e-7 * mean {
        return false;
    }
    for (weight, distance) in robust.iter_mut().zip(distance) {
        let u = distance / scale;
        *weight = if u <= 0.001 {
            1.0
        } else if u <= 0.999 {
            (1.0 - u * u).powi(2)
        } else {
            0.0
        };
    }
    true
}

/// The median of sorted numbers that count several times; of an even number the mean of the two in
/// the middle.
fn weighted_median(sorted: &[(f64, f64)], total: f64) -> f64 {
    let place = |wanted: f64| {
        let mut sum = 0.0;
        for (value, weight) in sorted {
            sum += weight;
            if sum >= wanted {
                return *value;
            }
        }
        sorted.last().map_or(0.0, |last| last.0)
    };
    let half = total / 2.0;
    if half.fract() == 0.0 {
        0.5 * (place(half) + place(half + 1.0))
    } else {
        place(half.ceil())
    }
}

/// Quantiles of y along x, one curve a probability, at `points` places from the least to the largest
/// x: at each those of the nearest share `span` of the points under tricube weights. Where x has few
/// values the places are these: between them the curves would say nothing but which value is nearer.
/// Numbers that are not finite are left out; the curves are empty where there are not two different
/// x.
///
/// # Panics
/// If `x` and `y` differ in length.
pub fn local_quantiles(
    x: &[f64],
    y: &[f64],
    probabilities: &[f64],
    span: f64,
    points: usize,
) -> Vec<Smooth> {
    let (mut pairs, low, high) = finite(x, y);
    let mut out = vec![Smooth::default(); probabilities.len()];
    if high <= low {
        return out;
    }
    pairs.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    // Where along x each point lies; points of a cell have the same weight.
    let codes: Vec<usize> = pairs.iter().map(|p| place(p.0, low, high)).collect();
    let mut counts = vec![0.0; CELLS];
    codes.iter().for_each(|&code| counts[code] += 1.0);
    let step = (high - low) / CELLS as f64;
    let cells: Vec<Cell> = (counts.iter().enumerate())
        .map(|(i, &count)| Cell {
            x: low + step * (i as f64 + 0.5),
            y: 0.0,
            count,
        })
        .collect();
    let wanted = span * pairs.len() as f64;
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    for at in places(&pairs, &codes, &counts, points.max(2), (low, high)) {
        let width = neighbourhood(&cells, place(at, low, high), wanted) + step;
        let weights: Vec<f64> = cells
            .iter()
            .map(|c| tricube(((c.x - at).abs() / width).min(1.0)))
            .collect();
        let mass: f64 = weights.iter().zip(&counts).map(|(w, n)| w * n).sum();
        let (mut sum, mut next) = (0.0, 0);
        for (code, pair) in codes.iter().zip(&pairs) {
            sum += weights[*code];
            while next < order.len() && sum >= probabilities[order[next]] * mass && sum > 0.0 {
                out[order[next]].x.push(at);
                out[order[next]].y.push(pair.1);
                next += 1;
            }
        }
        // What rounding leaves of the sum.
        for &which in &order[next..] {
            out[which].x.push(at);
            out[which].y.push(pairs[pairs.len() - 1].1);
        }
    }
    out
}

/// Where curves are to be known: the values of x where these are less than half as many as `points`,
/// else evenly from end to end.
fn places(
    pairs: &[(f64, f64)],
    codes: &[usize],
    counts: &[f64],
    points: usize,
    (low, high): (f64, f64),
) -> Vec<f64> {
    if 2 * counts.iter().filter(|count| **count > 0.0).count() < points {
        let mut sums = vec![0.0; counts.len()];
        for (code, pair) in codes.iter().zip(pairs) {
            sums[*code] += pair.0;
        }
        let means = sums.iter().zip(counts).filter(|(_, count)| **count > 0.0);
        return means.map(|(sum, count)| sum / count).collect();
    }
    let step = (high - low) / (points - 1) as f64;
    (0..points).map(|point| low + step * point as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn example() -> (Vec<f64>, Vec<f64>) {
        let x = (1..=25).map(|i| f64::from(i * i % 31)).collect();
        let y = (1..=25)
            .map(|i| f64::from(i).sin() + if i == 7 { 30.0 } else { 0.0 } + f64::from(i) / 5.0)
            .collect();
        (x, y)
    }

    #[track_caller]
    fn near(got: &[f64], want: &[f64], tolerance: f64) {
        assert_eq!(got.len(), want.len(), "{got:?}");
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= tolerance, "{got} for {want}");
        }
    }

    #[test]
    fn cleveland_as_in_r() {
        // R 4.2.2: lowess(x, y, f, iter, delta = 0) at the different x.
        let (x, y) = example();
        let curve = lowess(&x, &y, 2.0 / 3.0, 3);
        let places = [
            1., 2., 4., 5., 7., 8., 9., 10., 14., 16., 18., 19., 20., 25., 28.,
        ];
        near(&curve.x, &places, 0.0);
        let robust = [
            2.23823640017556,
            2.32260295808306,
            2.48725458699094,
            2.56480817780111,
            2.70356802284451,
            2.75928221301651,
            2.78532020306744,
            2.74489698149051,
            2.62300885012843,
            2.78644672967686,
            2.75667785546040,
            2.63926646478451,
            2.58781611647160,
            2.43632720402971,
            2.28879386324004,
        ];
        near(&curve.y, &robust, 1e-12);
        let plain = [
            2.12997929128932,
            2.26170290585219,
            2.59903185162917,
            2.66304571920123,
            3.06531371953565,
            2.86228755117711,
            2.74422047766906,
            2.70729689173470,
            2.86148725724330,
            5.62146901150524,
            6.52262595711156,
            6.73514329353292,
            4.58097345837066,
            2.82309235561195,
            2.00435668568621,
        ];
        near(&lowess(&x, &y, 0.4, 0).y, &plain, 1e-12);
    }

    #[test]
    fn a_straight_line_stays_one() {
        let x: Vec<f64> = (0..5000).map(|i| f64::from(i).sqrt()).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
        let curve = lowess(&x, &y, 2.0 / 3.0, 3);
        assert!(curve.x.len() <= CELLS);
        let line: Vec<f64> = curve.x.iter().map(|x| 3.0 - 2.0 * x).collect();
        near(&curve.y, &line, 1e-9);
    }

    #[test]
    fn cells_tell_what_points_tell() {
        // The same cloud, its first thousand points alone, and all of them in cells.
        let mut stream = Stream::new(3, 0, 0);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for _ in 0..40_000 {
            let place = 10.0 * stream.uniform();
            x.push(place);
            y.push(place.sin() + 0.3 * stream.normal());
        }
        let curve = lowess(&x, &y, 0.2, 3);
        for (x, y) in curve.x.iter().zip(&curve.y) {
            // A local line of width 2 flattens the top of a sine.
            assert!((y - x.sin()).abs() < 0.12, "{x}: {y}");
        }
        let few = lowess(&x[..1000], &y[..1000], 0.2, 3);
        let at = few.x.partition_point(|x| *x < 5.0);
        let many = curve.x.partition_point(|x| *x < 5.0);
        assert!((few.y[at] - curve.y[many]).abs() < 0.1);
    }

    #[test]
    fn nothing_and_one_place() {
        assert_eq!(lowess(&[], &[], 0.5, 3), Smooth::default());
        let one = lowess(&[2.0, 2.0, f64::NAN], &[1.0, 3.0, 0.0], 0.5, 3);
        assert_eq!(
            (one.x.as_slice(), one.y.as_slice()),
            (&[2.0][..], &[2.0][..])
        );
        let many = lowess(&vec![1.0; 3000], &vec![4.0; 3000], 0.5, 3);
        assert_eq!((many.x.len(), many.y[0]), (1, 4.0));
        assert!(
            local_quantiles(&[1.0, 1.0], &[1.0, 2.0], &[0.5], 0.5, 5)[0]
                .x
                .is_empty()
        );
    }

    #[test]
    fn quantiles_of_a_cloud_that_widens() {
        // y is uniform on 0 to x: the p-quantile is px.
        let mut stream = Stream::new(5, 0, 0);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for _ in 0..60_000 {
            let place = 1.0 + stream.uniform();
            x.push(place);
            y.push(place * stream.uniform());
        }
        let curves = local_quantiles(&x, &y, &[0.75, 0.25, 0.5], 0.1, 21);
        for (curve, p) in curves.iter().zip([0.75, 0.25, 0.5]) {
            assert_eq!(curve.x.len(), 21);
            // Ends see one side only.
            for (x, y) in curve.x.iter().zip(&curve.y).skip(2).take(17) {
                assert!((y - p * x).abs() < 0.03, "{p} at {x}: {y}");
            }
        }
    }
}
