//! Rows of the data behind lines. Many are smaller and fainter; zeros and ones, which would lie on
//! top of each other, are gathered to shares.

use crate::chart::{Colour, Layer, Mark, Style};

/// Rows that a share is made of, where there are enough of them.
const ROWS: usize = 30;
/// Shares along the axis at most.
const SHARES: usize = 20;

/// A layer of points (x, y), if there are some, and what is to be said of it.
pub(crate) fn layer(
    points: Vec<(f64, f64)>,
    names: Vec<String>,
    colour: Colour,
) -> (Option<Layer>, Option<String>) {
    if points.is_empty() {
        return (None, None);
    }
    let n = points.len();
    let style = Style::default().colour(colour);
    if n > 2 * ROWS && points.iter().all(|(_, y)| *y == 0.0 || *y == 1.0) {
        let shares = shares(points);
        let note = format!(
            "Points are shares of ones among about {} neighbouring rows each.",
            n / shares.len().max(1)
        );
        let (x, y) = shares.into_iter().unzip();
        let names = Vec::new();
        let layer = Mark::Points { x, y, names }.styled(style.opacity(0.8));
        return (Some(layer), Some(note));
    }
    let (size, opacity) = match n {
        0..300 => (0.7, 0.6),
        300..1500 => (0.55, 0.45),
        _ => (0.45, 0.3),
    };
    let (x, y) = points.into_iter().unzip();
    let layer = Mark::Points { x, y, names }.styled(style.size(size).opacity(opacity));
    (Some(layer), None)
}

/// Means of x and y of neighbours: as many rows in each as can be, equal x together.
fn shares(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = points.len();
    let bins = (n / ROWS).clamp(1, SHARES);
    let mut out = Vec::new();
    let mut from = 0;
    while from < n {
        let mut to = (from + n.div_ceil(bins)).min(n);
        while to < n && points[to].0 == points[to - 1].0 {
            to += 1;
        }
        let own = &points[from..to];
        let mean = |of: fn(&(f64, f64)) -> f64| own.iter().map(of).sum::<f64>() / own.len() as f64;
        out.push((mean(|p| p.0), mean(|p| p.1)));
        from = to;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_ones_become_shares() {
        let points: Vec<(f64, f64)> = (0..600)
            .map(|i| (f64::from(i / 2), f64::from(i % 2)))
            .collect();
        let found = shares(points.clone());
        assert_eq!(found.len(), 20);
        assert!(found.iter().all(|(_, y)| *y == 0.5));
        // Rows of the same x stay together.
        let same = vec![(1.0, 0.0); 500];
        assert_eq!(shares(same), [(1.0, 0.0)]);
        let (layer, note) = layer(points, Vec::new(), Colour::Muted);
        assert!(layer.is_some() && note.is_some_and(|n| n.contains("about 30 neighbouring")));
    }
}
