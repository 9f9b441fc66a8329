//! How shrinkage is drawn: arrows in a plane, or along one axis.

use super::{SHARES, Shrinkage, ShrunkGroup};
use crate::chart::{Axis, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Style, Symbol};
use crate::words::{self, count, percent};
use crate::{Chart, Figure};

/// Groups that are named where there is one effect.
const NAMED: usize = 60;
/// Groups in the plane that are all named.
const LABELLED: usize = 25;
/// Of more, so many are named.
const FARTHEST: usize = 10;
/// Points of an ellipse.
const AROUND: usize = 120;

impl Shrinkage {
    /// The groups that are drawn, by number of rows.
    fn drawn(&self) -> Vec<&ShrunkGroup> {
        let mut rows: Vec<&ShrunkGroup> = self.rows.iter().collect();
        if rows.len() > self.most {
            rows.sort_by_key(|row| row.n);
        }
        let places = words::thinned(rows.len(), self.most);
        places.into_iter().map(|at| rows[at]).collect()
    }

    /// The curve that holds a share of all groups: c + r L (cos t, sin t) with LL' the covariance
    /// matrix and r² the quantile of χ² with two degrees of freedom, −2 log(1 − share).
    fn ellipse(&self, share: f64) -> Curve {
        let r = (-2.0 * (1.0 - share).ln()).sqrt();
        let cov = &self.covariance;
        let a = cov[0][0].max(0.0).sqrt();
        let b = if a > 0.0 { cov[1][0] / a } else { 0.0 };
        let c = (cov[1][1] - b * b).max(0.0).sqrt();
        let angle = |i: usize| 2.0 * std::f64::consts::PI * i as f64 / AROUND as f64;
        let points = (0..AROUND).map(|i| angle(i).sin_cos());
        let points = points.map(|(sin, cos)| {
            (
                self.centre[0] + r * a * cos,
                self.centre[1] + r * (b * cos + c * sin),
            )
        });
        let (x, y) = points.unzip();
        Curve {
            x,
            y,
            name: format!("{}% of groups", percent(share)),
        }
    }

    /// How far a group lies from the centre after pooling, in standard deviations of the groups.
    fn distance(&self, row: &ShrunkGroup) -> f64 {
        let cov = &self.covariance;
        let d = [0, 1].map(|at| row.partial_pooling[at] - self.centre[at]);
        let determinant = cov[0][0] * cov[1][1] - cov[0][1] * cov[1][0];
        if determinant > 1e-12 * cov[0][0] * cov[1][1] {
            let cross = (cov[0][1] + cov[1][0]) * d[0] * d[1];
            return (cov[1][1] * d[0] * d[0] - cross + cov[0][0] * d[1] * d[1]) / determinant;
        }
        let scaled = |at: usize| d[at] * d[at] / cov[at][at].max(f64::MIN_POSITIVE);
        scaled(0).max(scaled(1))
    }

    fn title(&self, at: usize) -> String {
        let term = &self.terms[at];
        let unit = match term.as_str() {
            "(Intercept)" => self.response.clone(),
            _ => format!("{} per unit", self.response),
        };
        match self.deviations {
            true => format!("Deviation of {} ({unit})", words::term(term)),
            false => format!("{} ({unit})", words::term(term)),
        }
    }

    /// An axis that shows all arrows, unless some groups' own regressions are far away: then what the
    /// ellipse needs and the middle of the others, so that these can be told apart.
    fn axis(&self, at: usize) -> (Axis, Option<(f64, f64)>) {
        let sd = self.covariance[at][at].max(0.0).sqrt();
        let r = (-2.0 * (1.0 - SHARES[1]).ln()).sqrt();
        let partial = || self.rows.iter().map(|row| row.partial_pooling[at]);
        let low = partial().fold(self.centre[at] - r * sd, f64::min);
        let high = partial().fold(self.centre[at] + r * sd, f64::max);
        let own = || self.rows.iter().filter_map(|row| row.no_pooling[at]);
        let (least, largest) = (own().fold(low, f64::min), own().fold(high, f64::max));
        let axis = Axis::new(self.title(at));
        if largest - least <= 3.0 * (high - low) || high <= low {
            return (axis, None);
        }
        let spare = 0.75 * (high - low);
        let domain = (least.max(low - spare), largest.min(high + spare));
        (
            Axis {
                domain: Some(domain),
                ..axis
            },
            Some(domain),
        )
    }

    fn plane(&self) -> Panel {
        let mut layers: Vec<Layer> = SHARES
            .iter()
            .zip([Dash::Solid, Dash::Dashed])
            .map(|(&share, dash)| {
                Mark::Outline(self.ellipse(share))
                    .styled(Style::default().colour(Colour::Muted).dash(dash))
                    .keyed(format!("{}% of groups", percent(share)))
            })
            .collect();
        let drawn: Vec<(&ShrunkGroup, Vec<f64>)> = self
            .drawn()
            .into_iter()
            .filter_map(|row| Some((row, row.own()?)))
            .collect();
        let names = || drawn.iter().map(|(row, _)| row.level.clone()).collect();
        let after = |row: &ShrunkGroup| (row.partial_pooling[0], row.partial_pooling[1]);
        let dense = drawn.len() > 60;
        let opacity = if dense { 0.5 } else { 0.9 };
        layers.push(
            Mark::Points {
                x: drawn.iter().map(|(_, own)| own[0]).collect(),
                y: drawn.iter().map(|(_, own)| own[1]).collect(),
                names: names(),
            }
            .styled(
                Style::default()
                    .colour(Colour::Series(1))
                    .symbol(Symbol::Ring)
                    .size(if dense { 0.6 } else { 0.9 })
                    .opacity(opacity),
            )
            .keyed("no pooling"),
        );
        layers.push(
            Mark::Arrows {
                from: drawn.iter().map(|(_, own)| (own[0], own[1])).collect(),
                to: drawn.iter().map(|(row, _)| after(row)).collect(),
                names: names(),
            }
            .styled(
                Style::default()
                    .colour(Colour::Series(0))
                    .size(if dense { 0.6 } else { 0.9 })
                    .opacity(opacity),
            )
            .keyed("to partial pooling"),
        );
        layers.push(
            Mark::Points {
                x: vec![self.centre[0]],
                y: vec![self.centre[1]],
                names: vec!["fixed effects".to_owned()],
            }
            .styled(Style::default().symbol(Symbol::Diamond).size(1.6))
            .keyed("fixed effects"),
        );
        // Names where there is room; of many groups those of the farthest.
        let mut far: Vec<&ShrunkGroup> = drawn.iter().map(|(row, _)| *row).collect();
        if far.len() > LABELLED {
            far.sort_by(|a, b| self.distance(b).total_cmp(&self.distance(a)));
            far.truncate(FARTHEST);
        }
        layers.push(
            Mark::Labels {
                x: far.iter().map(|row| after(row).0).collect(),
                y: far.iter().map(|row| after(row).1).collect(),
                texts: far.iter().map(|row| row.level.clone()).collect(),
            }
            .styled(Style::default().colour(Colour::Muted)),
        );
        Panel {
            title: None,
            x: self.axis(0).0,
            y: self.axis(1).0,
            layers,
        }
    }

    fn one_axis(&self) -> Panel {
        let mut drawn: Vec<(&ShrunkGroup, f64)> = self
            .drawn()
            .into_iter()
            .filter_map(|row| Some((row, row.no_pooling[0]?)))
            .collect();
        drawn.sort_by(|a, b| a.1.total_cmp(&b.1));
        let n = drawn.len();
        let named = n <= NAMED;
        let place = |i: usize| match named {
            true => (n - 1 - i) as f64,
            false => (i + 1) as f64,
        };
        let sd = self.covariance[0][0].max(0.0).sqrt();
        let centre = self.centre[0];
        // Quantiles of the normal distribution, 75% and 97.5%.
        let mut layers: Vec<Layer> = [
            (0.674_489_750_196_081_7, Dash::Solid),
            (1.959_963_984_540_054, Dash::Dashed),
        ]
        .iter()
        .zip(SHARES)
        .map(|(&(z, dash), share)| {
            let rules = [-z, z].map(|z| Rule::Vertical(centre + z * sd)).to_vec();
            Mark::Rules(rules)
                .styled(Style::default().colour(Colour::Muted).dash(dash).size(0.8))
                .keyed(format!("{}% of groups", percent(share)))
        })
        .collect();
        layers.push(
            Mark::Rules(vec![Rule::Vertical(centre)])
                .styled(Style::default().size(1.2))
                .keyed("fixed effect"),
        );
        let dense = n > NAMED;
        let names = || {
            drawn
                .iter()
                .map(|(row, _)| row.level.clone())
                .collect::<Vec<_>>()
        };
        let y: Vec<f64> = (0..n).map(place).collect();
        layers.push(
            Mark::Points {
                x: drawn.iter().map(|(_, own)| *own).collect(),
                y: y.clone(),
                names: names(),
            }
            .styled(
                Style::default()
                    .colour(Colour::Series(1))
                    .symbol(Symbol::Ring)
                    .size(if dense { 0.4 } else { 0.9 }),
            )
            .keyed("no pooling"),
        );
        layers.push(
            Mark::Arrows {
                from: drawn
                    .iter()
                    .zip(&y)
                    .map(|((_, own), y)| (*own, *y))
                    .collect(),
                to: drawn
                    .iter()
                    .zip(&y)
                    .map(|((row, _), y)| (row.partial_pooling[0], *y))
                    .collect(),
                names: names(),
            }
            .styled(
                Style::default()
                    .colour(Colour::Series(0))
                    .size(if dense { 0.5 } else { 1.0 })
                    .opacity(if dense { 0.6 } else { 1.0 }),
            )
            .keyed("to partial pooling"),
        );
        let y = match named {
            true => Axis::categories(
                self.group.clone(),
                drawn
                    .iter()
                    .rev()
                    .map(|(row, _)| row.level.clone())
                    .collect(),
            ),
            false => Axis {
                domain: Some((0.5, n as f64 + 0.5)),
                grid: false,
                ..Axis::new(format!("Rank of {} without pooling", self.group))
            },
        };
        Panel {
            title: None,
            x: self.axis(0).0,
            y,
            layers,
        }
    }
}

impl Figure for Shrinkage {
    fn chart(&self) -> Chart {
        let plane = self.terms.len() == 2;
        let mut notes = self.notes.clone();
        let domains: Vec<Option<(f64, f64)>> =
            (0..self.terms.len()).map(|at| self.axis(at).1).collect();
        let away = |row: &ShrunkGroup| {
            let own = domains.iter().zip(&row.no_pooling);
            own.into_iter().any(|(domain, own)| {
                domain
                    .zip(*own)
                    .is_some_and(|((low, high), x)| x < low || x > high)
            })
        };
        let outside = self.rows.iter().filter(|row| away(row)).count();
        if outside > 0 {
            notes.push(format!(
                "The arrows of {} groups begin outside of the picture.",
                count(outside)
            ));
        }
        let n = self.drawn().len();
        Chart {
            name: "shrinkage",
            title: format!("Shrinkage of {}", self.group),
            subtitle: Some("From every group's own regression to the multilevel model".to_owned()),
            notes,
            description: self.description(),
            panels: vec![if plane { self.plane() } else { self.one_axis() }],
            height: match plane {
                true => None,
                false => Some(if n <= NAMED {
                    40.0 + 4.0 * n as f64
                } else {
                    120.0
                }),
            },
            ..Chart::default()
        }
    }
}
