//! Shrinkage: arrows from the coefficients of every group's own regression to those of the
//! multilevel model, in the plane of two of them, with the estimated distribution of the groups as
//! ellipses around the fixed effects (Bates 2010, *lme4*, figure 4.4). With one random effect, the
//! same along one axis.
//!
//! Where the fixed effects give groups different coefficients (predictors of the group, or products
//! with them), all is drawn as deviation from what they give, so that one ellipse holds for all.

use std::fmt;

use ranef::{Answer, Error, Fit, Table};
use serde::Serialize;

use crate::chart::{Axis, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Style, Symbol};
use crate::words::{self, count, number, percent, write_figure};
use crate::{Chart, Figure};

/// Arrows that are drawn unless told.
const MOST: usize = 300;
/// Groups that are named where there is one effect.
const NAMED: usize = 60;
/// Groups in the plane that are all named.
const LABELLED: usize = 25;
/// Of more, so many are named.
const FARTHEST: usize = 10;
/// The shares of all groups that the ellipses hold.
const SHARES: [f64; 2] = [0.5, 0.95];
/// Points of an ellipse.
const AROUND: usize = 120;

/// Arrows from no pooling to partial pooling.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shrinkage {
    /// The grouping factor.
    pub group: String,
    /// The name of the response.
    pub response: String,
    /// The random effects: two, or one.
    pub terms: Vec<String>,
    /// Whether the numbers are deviations from what the fixed effects give each group.
    pub deviations: bool,
    /// What the ellipses are around: the fixed effects, or zeros.
    pub centre: Vec<f64>,
    /// The estimated covariance matrix of the effects, by rows.
    pub covariance: Vec<Vec<f64>>,
    /// The groups.
    pub rows: Vec<ShrunkGroup>,
    /// How many arrows are drawn at most.
    pub most: usize,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One group before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShrunkGroup {
    /// The group.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// From its own rows, an effect each; `None` where they do not give it.
    pub no_pooling: Vec<Option<f64>>,
    /// From the multilevel model.
    pub partial_pooling: Vec<f64>,
}

impl ShrunkGroup {
    fn own(&self) -> Option<Vec<f64>> {
        self.no_pooling.iter().copied().collect()
    }
}

impl Shrinkage {
    /// The arrows of a grouping factor: of its first two random effects unless `terms` names others;
    /// `most` limits the arrows that are drawn.
    ///
    /// # Errors
    /// `linear_only` for generalised models, `no_groups`, `unknown_group`, `unknown_term`,
    /// `many_terms`; `needs_rows` for a loaded fit.
    pub fn of(
        fit: &Fit,
        group: Option<&str>,
        terms: &[String],
        most: Option<usize>,
    ) -> Result<Self, Error> {
        let group = words::group(fit, group)?.to_owned();
        if !fit.family().is_gaussian() {
            let message = format!(
                "no pooling is least squares here, and this is a {} model",
                fit.family()
            );
            return Err(Error::new("linear_only", message)
                .with_hint("draw `caterpillar` or `lines`, which show the groups of any family"));
        }
        let pooled = fit.pooled_coefficients(Some(&group))?;
        let first = pooled.first().map(|row| row.level.clone());
        let own = |row: &&ranef::PooledCoefficient| Some(&row.level) == first.as_ref();
        let known: Vec<String> = pooled
            .iter()
            .take_while(own)
            .map(|row| row.term.clone())
            .collect();
        let what = format!("random effect of {group}");
        let mut chosen = words::choose_terms(&known, terms, &what)?;
        if terms.is_empty() {
            chosen.truncate(2);
        }
        if chosen.len() > 2 {
            return Err(Error::new(
                "many_terms",
                format!(
                    "arrows run in the plane of two effects, and {} are named",
                    chosen.len()
                ),
            )
            .with_hint("name two of them: --term A,B"));
        }
        let k = known.len();
        let at: Vec<usize> = chosen
            .iter()
            .filter_map(|term| known.iter().position(|k| k == term))
            .collect();
        // What the group's own random effect adds to the rest of its coefficient.
        let effects = fit.effects(0.95);
        let modes: Vec<Vec<f64>> = chosen
            .iter()
            .map(|term| {
                let own = effects
                    .random
                    .iter()
                    .filter(|e| e.group == group && e.term == *term);
                own.map(|e| e.estimate).collect()
            })
            .collect();
        let mut without = 0;
        let mut rows = Vec::new();
        let mut rests: Vec<Vec<f64>> = Vec::new();
        for (level, row) in pooled.chunks(k.max(1)).enumerate() {
            let partial: Option<Vec<f64>> = at.iter().map(|&a| row[a].partial_pooling).collect();
            let Some(partial) = partial else {
                without += 1;
                continue;
            };
            let shrunk = ShrunkGroup {
                level: row[0].level.clone(),
                n: row[0].n,
                no_pooling: at.iter().map(|&a| row[a].no_pooling).collect(),
                partial_pooling: partial,
            };
            without += usize::from(shrunk.own().is_none());
            let rest = shrunk.partial_pooling.iter().zip(&modes);
            rests.push(rest.map(|(x, modes)| x - modes[level]).collect());
            rows.push(shrunk);
        }
        let first = rests
            .first()
            .cloned()
            .unwrap_or_else(|| vec![0.0; at.len()]);
        let size = |a: usize| rests.iter().fold(0.0f64, |m, rest| m.max(rest[a].abs()));
        let same = (0..at.len()).all(|a| {
            let tolerance = 1e-8 * size(a);
            rests
                .iter()
                .all(|rest| (rest[a] - first[a]).abs() <= tolerance)
        });
        if !same {
            for (row, rest) in rows.iter_mut().zip(&rests) {
                for (a, rest) in rest.iter().enumerate() {
                    row.partial_pooling[a] -= rest;
                    row.no_pooling[a] = row.no_pooling[a].map(|x| x - rest);
                }
            }
        }
        let mut figure = Self {
            response: words::response(fit),
            covariance: covariance(fit, &group, &chosen),
            centre: if same { first } else { vec![0.0; at.len()] },
            deviations: !same,
            terms: chosen,
            rows,
            most: most.unwrap_or(MOST).max(1),
            notes: Vec::new(),
            group,
        };
        figure.notes = figure.notes_on(k, without);
        Ok(figure)
    }

    fn notes_on(&self, terms: usize, without: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let ellipses = match self.terms.len() {
            2 => "The ellipses hold",
            _ => "The thin lines hold",
        };
        notes.push(format!(
            "{ellipses} {}% and {}% of all groups by the estimated variances.",
            percent(SHARES[0]),
            percent(SHARES[1])
        ));
        if self.deviations {
            notes.push(format!(
                "Deviations from what the fixed effects give each {}.",
                self.group
            ));
        }
        if without > 0 {
            notes.push(format!(
                "{} of {} groups have no coefficients of their own, and so no arrow.",
                count(without),
                count(self.rows.len().max(without))
            ));
        }
        if self.rows.len() > self.most {
            notes.push(format!(
                "{} of {} groups are drawn, evenly by their number of rows.",
                count(self.most),
                count(self.rows.len())
            ));
        }
        if terms > self.terms.len() && self.terms.len() == 2 {
            notes.push(format!(
                "Two of {terms} random effects; `--term` names others.",
            ));
        }
        notes
    }

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

    /// By how much the spread of the groups shrinks.
    fn spreads(&self, at: usize) -> Option<(f64, f64)> {
        let sd = |values: Vec<f64>| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            (n > 1.0).then(|| (squares / (n - 1.0)).sqrt())
        };
        let whole = || self.rows.iter().filter(|row| row.no_pooling[at].is_some());
        Some((
            sd(whole().filter_map(|row| row.no_pooling[at]).collect())?,
            sd(whole().map(|row| row.partial_pooling[at]).collect())?,
        ))
    }

    fn description(&self) -> String {
        let mut out = format!(
            "{} levels of {} move from their own regression towards the fixed effects.",
            count(self.rows.len()),
            self.group
        );
        for (at, term) in self.terms.iter().enumerate() {
            if let Some((before, after)) = self.spreads(at) {
                out.push_str(&format!(
                    " {}: standard deviation over the groups {} without pooling, {} with partial \
                     pooling.",
                    words::term(term),
                    number(before, 0.0),
                    number(after, 0.0)
                ));
            }
        }
        if let [first, second] = &self.terms[..] {
            let scale = (self.covariance[0][0] * self.covariance[1][1]).sqrt();
            if scale > 0.0 {
                let r = (self.covariance[0][1] / scale).clamp(-1.0, 1.0);
                out.push_str(&format!(
                    " The estimated correlation of {} and {} is {r:.2}.",
                    words::term(first),
                    words::term(second)
                ));
            }
        }
        out
    }
}

/// The covariance matrix of effects of a group, by name; zero between terms of their own.
fn covariance(fit: &Fit, group: &str, terms: &[String]) -> Vec<Vec<f64>> {
    let between = |a: &String, b: &String| {
        fit.varcorr()
            .iter()
            .filter(|block| block.group == group)
            .find_map(|block| {
                let i = block.terms.iter().position(|t| t == a)?;
                let j = block.terms.iter().position(|t| t == b)?;
                Some(block.cov[i][j])
            })
    };
    let row = |a: &String| terms.iter().map(|b| between(a, b).unwrap_or(0.0)).collect();
    terms.iter().map(row).collect()
}

impl Answer for Shrinkage {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.rows;
        let mut table = Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64));
        for (at, term) in self.terms.iter().enumerate() {
            table = table
                .numbers(
                    &format!("no_pooling {term}"),
                    Style::Digits,
                    rows.iter().map(|r| r.no_pooling[at]),
                )
                .numbers(
                    &format!("partial_pooling {term}"),
                    Style::Digits,
                    rows.iter().map(|r| r.partial_pooling[at]),
                );
        }
        table
    }
}

impl fmt::Display for Shrinkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("Shrinkage of {}", self.group);
        write_figure(f, &heading, &self.table(), &self.description(), &self.notes)
    }
}

impl Figure for Shrinkage {
    fn chart(&self) -> Chart {
        let plane = self.terms.len() == 2;
        let mut notes = self.notes.clone();
        let outside = self
            .rows
            .iter()
            .filter(|row| {
                (0..self.terms.len()).any(|at| {
                    let domain = self.axis(at).1;
                    let own = row.no_pooling[at];
                    domain
                        .zip(own)
                        .is_some_and(|((low, high), x)| x < low || x > high)
                })
            })
            .count();
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
