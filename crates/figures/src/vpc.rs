//! The variance partition coefficient along a predictor whose slope varies.
//!
//! VPC(x) = V(x)/(V(x) + … + σ²) with V(x) = z'Tz and z = (1, x) (Goldstein, Browne and Rasbash 2002):
//! with random slopes there is not one intraclass correlation but one at every x. The mark is where the
//! variance between groups is least, x* = −τ01/τ11.

use std::fmt;

use ranef::{Answer, CurvePoint, CurveTurn, Error, Fit, Table};
use serde::Serialize;

use crate::chart::{Axis, Colour, Curve, Layer, Mark, Panel, Rule, Shared, Style, Symbol};
use crate::words::{choose_terms, list, number, thinned, write_figure};
use crate::{Chart, Figure};

/// Places along a curve.
const POINTS: usize = 61;

/// Shares of variance between groups along predictors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VpcCurve {
    /// The response.
    pub response: String,
    /// The predictors, a panel each.
    pub terms: Vec<String>,
    /// The grouping factors, a curve each.
    pub groups: Vec<String>,
    /// The curves, point by point.
    pub points: Vec<CurvePoint>,
    /// Where the variance between groups is least, within the data.
    pub minima: Vec<CurveTurn>,
    /// The intraclass correlation of the model as a whole.
    pub icc: f64,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl VpcCurve {
    /// The curves of the predictors named, or of all whose slope varies.
    ///
    /// # Errors
    /// `no_random_slopes`, `unknown_term`.
    pub fn of(fit: &Fit, terms: &[String]) -> Result<Self, Error> {
        let coarse = fit.icc(0.95, None);
        let mut known: Vec<String> = Vec::new();
        for point in &coarse.curve {
            if !known.contains(&point.term) {
                known.push(point.term.clone());
            }
        }
        if known.is_empty() {
            return Err(Error::new(
                "no_random_slopes",
                "no slope varies between groups, so the share of the groups is the same everywhere",
            )
            .with_hint("draw `variance`, or add a random slope such as (x | group)"));
        }
        let terms = choose_terms(&known, terms, "random slope")?;
        let (mut points, mut groups) = (Vec::new(), Vec::new());
        for term in &terms {
            let own: Vec<&CurvePoint> = coarse.curve.iter().filter(|p| p.term == *term).collect();
            let (low, high) = own
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| {
                    (low.min(p.x), high.max(p.x))
                });
            // A dummy has two values and nothing between.
            let dummy = own.iter().all(|p| p.x == low || p.x == high);
            let fine = match dummy {
                true => own.into_iter().cloned().collect(),
                false => {
                    let at: Vec<f64> = (0..POINTS)
                        .map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64)
                        .collect();
                    let mut all = fit.icc(0.95, Some(&at)).curve;
                    all.retain(|p| p.term == *term);
                    all
                }
            };
            for point in &fine {
                if !groups.contains(&point.group) {
                    groups.push(point.group.clone());
                }
            }
            points.extend(fine);
        }
        let minima: Vec<CurveTurn> = (coarse.minima.into_iter())
            .filter(|turn| turn.in_range && terms.contains(&turn.term))
            .collect();
        let mut notes = Vec::new();
        if terms.len() > 1 {
            notes.push("Other predictors at their means.".to_owned());
        }
        if !minima.is_empty() {
            notes.push("Diamond: where the variance between groups is least.".to_owned());
        }
        Ok(Self {
            response: crate::words::response(fit),
            terms,
            groups,
            points,
            minima,
            icc: coarse.adjusted,
            notes,
        })
    }

    fn curve(&self, term: &str, group: &str) -> Vec<&CurvePoint> {
        (self.points.iter())
            .filter(|p| p.term == term && p.group == group)
            .collect()
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = format!(
            "Share of the variance of {} that lies between groups, where predictors have given values.",
            self.response
        );
        for term in &self.terms {
            for group in &self.groups {
                let curve = self.curve(term, group);
                if let (Some(first), Some(last)) = (curve.first(), curve.last()) {
                    out.push_str(&format!(
                        " Between {group}: {} at {term} {}, {} at {}.",
                        number(first.vpc, 1.0),
                        number(first.x, last.x),
                        number(last.vpc, 1.0),
                        number(last.x, first.x)
                    ));
                }
            }
        }
        for turn in &self.minima {
            out.push_str(&format!(
                " Between {} it is least at {} {}: {}.",
                turn.group,
                turn.term,
                number(turn.x, 0.0),
                number(turn.vpc, 1.0)
            ));
        }
        out
    }

    fn panel(&self, term: &str) -> Panel {
        let several = self.groups.len() > 1;
        let mut layers: Vec<Layer> = Vec::new();
        if !several {
            layers.push(
                Mark::Rules(vec![Rule::Horizontal(self.icc)])
                    .styled(
                        Style::default()
                            .colour(Colour::Faint)
                            .dash(crate::chart::Dash::Dashed),
                    )
                    .keyed("ICC of the model"),
            );
        }
        for (series, group) in self.groups.iter().enumerate() {
            let curve = self.curve(term, group);
            if curve.is_empty() {
                continue;
            }
            let (x, y): (Vec<f64>, Vec<f64>) = curve.iter().map(|p| (p.x, p.vpc)).unzip();
            let style = Style::series(series).size(1.8);
            let layer = match x.len() {
                2 => Mark::Points {
                    x,
                    y,
                    names: Vec::new(),
                },
                _ => Mark::Lines(vec![Curve {
                    x,
                    y,
                    name: group.clone(),
                }]),
            }
            .styled(match curve.len() {
                2 => style.size(1.0),
                _ => style,
            });
            layers.push(match several {
                true => layer.keyed(group.clone()),
                false => layer,
            });
            let (x, y): (Vec<f64>, Vec<f64>) = (self.minima.iter())
                .filter(|t| t.term == term && t.group == *group)
                .map(|t| (t.x, t.vpc))
                .unzip();
            if !x.is_empty() {
                layers.push(
                    Mark::Points {
                        x,
                        y,
                        names: vec!["least".to_owned()],
                    }
                    .styled(Style::series(series).symbol(Symbol::Diamond)),
                );
            }
        }
        Panel {
            title: None,
            x: Axis::new(term),
            y: Axis {
                domain: Some((0.0, 1.0)),
                percent: true,
                ..Axis::new("Variance between groups (share)")
            },
            layers,
        }
    }
}

impl Answer for VpcCurve {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.points;
        Table::new()
            .text("group", rows.iter().map(|p| p.group.clone()))
            .text("term", rows.iter().map(|p| p.term.clone()))
            .numbers("x", Style::Digits, rows.iter().map(|p| p.x))
            .numbers("variance", Style::Digits, rows.iter().map(|p| p.variance))
            .titled("Variance")
            .numbers("vpc", Style::Share, rows.iter().map(|p| p.vpc))
            .titled("Share")
    }
}

impl fmt::Display for VpcCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut short = self.clone();
        short.points.clear();
        for term in &self.terms {
            for group in &self.groups {
                let curve = self.curve(term, group);
                let at = thinned(curve.len(), 11);
                short
                    .points
                    .extend(at.into_iter().map(|i| curve[i].clone()));
            }
        }
        write_figure(
            f,
            "Variance between groups along predictors",
            &short.table(),
            &self.description(),
            &self.notes,
        )
    }
}

impl Figure for VpcCurve {
    fn chart(&self) -> Chart {
        let panels: Vec<Panel> = self.terms.iter().map(|term| self.panel(term)).collect();
        Chart {
            name: "vpc",
            title: format!("Variance between {} along {}", list(&self.groups), list(&self.terms)),
            subtitle: Some(
                "Share of the variance that the fixed effects leave, where the predictor has a value"
                    .to_owned(),
            ),
            notes: self.notes.clone(),
            description: self.description(),
            columns: Some(panels.len().clamp(1, 3)),
            shared: Shared { x: false, y: true },
            panels,
            ..Chart::default()
        }
    }
}
