//! Where the variance lies: shares with intervals, and what all of it is made of.
//!
//! The upper panel has R² and the intraclass correlations as `ranef r2` and `ranef icc` give them; the
//! lower one stacks the pieces of Rights and Sterba (2019, *Psychological Methods* 24:309): fixed
//! effects of what varies within and between groups (f1, f2), random slopes (v), random effects at
//! the mean of their predictors (m) and the residual, of all variance and, with one grouping factor,
//! of that within and between groups.

use std::fmt;

use ranef::{Answer, Fit, Share, Table};
use serde::Serialize;

use crate::chart::{Along, Axis, Colour, Layer, Mark, Panel, Shared, Style};
use crate::words::{list, percent, write_figure};
use crate::{Chart, Figure};

/// Shares of variance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceShares {
    /// The response.
    pub response: String,
    /// In a generalised model the link, on whose scale all variances are.
    pub link: Option<String>,
    /// The probability that an interval holds its share.
    pub level: f64,
    /// R² marginal and conditional, then intraclass correlations: adjusted, unadjusted, by group.
    pub shares: Vec<Share>,
    /// The pieces of the stacked bars.
    pub pieces: Vec<VariancePiece>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// A piece of a stacked bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariancePiece {
    /// `total`, `within` or `between`.
    pub of: &'static str,
    /// The letter of Rights and Sterba: `f`, `f1`, `f2`, `v`, `m` or `residual`.
    pub piece: &'static str,
    /// The variance that is divided.
    pub variance: f64,
    /// The piece's share of it.
    pub share: f64,
}

impl VarianceShares {
    /// The shares of a model with intervals of this level.
    pub fn of(fit: &Fit, level: f64) -> Self {
        let found = fit.r_squared(level);
        let icc = fit.icc(level, None);
        let mut shares = found.rows.clone();
        // The last of both are adjusted and unadjusted; with one group the first of these is its own.
        let groups = icc.rows.iter().skip(2).cloned();
        if icc.groups.len() > 1 {
            shares.extend(groups);
        }
        let pieces = pieces(&found.decomposition);
        let mut notes = vec![format!(
            "{}% intervals by the delta method on the logit scale.",
            percent(level)
        )];
        if pieces.iter().any(|p| p.of == "within") {
            notes.push("Pieces: Rights and Sterba (2019).".to_owned());
        }
        let told = ["several_groups", "not_centred", "link_scale", "needs_rows"];
        let said = (found.decomposition.notes.iter()).filter(|n| told.contains(&n.code.as_str()));
        notes.extend(said.map(|n| n.message.clone()));
        Self {
            response: crate::words::response(fit),
            link: (!fit.family().is_gaussian()).then(|| fit.family().link().to_string()),
            level,
            shares,
            pieces,
            notes,
        }
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let one = |share: &Share| {
            let interval = match (share.lower, share.upper) {
                (Some(lower), Some(upper)) => {
                    format!(" ({} to {} %)", whole(lower), whole(upper))
                }
                _ => String::new(),
            };
            format!(
                "{} {} %{interval}",
                label(&share.measure),
                whole(share.estimate)
            )
        };
        let shares: Vec<String> = self.shares.iter().map(one).collect();
        let total: Vec<String> = (self.pieces.iter())
            .filter(|p| p.of == "total")
            .map(|p| format!("{} {} %", words(p.piece).to_lowercase(), whole(p.share)))
            .collect();
        format!(
            "Shares of the variance of {}: {}. All variance: {}.",
            self.response,
            list(&shares),
            list(&total)
        )
    }

    fn share_panel(&self) -> Panel {
        let n = self.shares.len();
        let at: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let known: Vec<(f64, f64, f64)> = (self.shares.iter().zip(&at))
            .filter_map(|(s, at)| Some((*at, s.lower?, s.upper?)))
            .collect();
        let style = Style::default().colour(Colour::Series(0));
        Panel {
            title: Some("R² and intraclass correlation (ICC)".to_owned()),
            x: share_axis(),
            y: Axis::categories(
                String::new(),
                self.shares.iter().map(|s| label(&s.measure)).collect(),
            ),
            layers: vec![
                Mark::Intervals {
                    along: Along::X,
                    at: known.iter().map(|k| k.0).collect(),
                    lower: known.iter().map(|k| k.1).collect(),
                    upper: known.iter().map(|k| k.2).collect(),
                }
                .styled(style),
                Mark::Points {
                    x: self.shares.iter().map(|s| s.estimate).collect(),
                    y: at,
                    names: self.shares.iter().map(|s| s.definition.clone()).collect(),
                }
                .styled(style),
            ],
        }
    }

    fn piece_panel(&self) -> Panel {
        let mut bars: Vec<&'static str> = Vec::new();
        for piece in &self.pieces {
            if !bars.contains(&piece.of) {
                bars.push(piece.of);
            }
        }
        let mut layers: Vec<Layer> = Vec::new();
        for (series, &name) in ORDER.iter().enumerate() {
            let (mut at, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
            for (place, bar) in bars.iter().enumerate() {
                let mut sum = 0.0;
                for piece in self.pieces.iter().filter(|p| p.of == *bar) {
                    if piece.piece == name && piece.share > 0.0 {
                        at.push(place as f64);
                        from.push(sum);
                        to.push(sum + piece.share);
                    }
                    sum += piece.share;
                }
            }
            if at.is_empty() {
                continue;
            }
            let style = match name {
                "residual" => Style::default().colour(Colour::Muted).opacity(0.45),
                _ => Style::default().colour(Colour::Series(series.saturating_sub(1))),
            };
            layers.push(
                Mark::Bars {
                    along: Along::X,
                    at,
                    from,
                    to,
                    width: 0.6,
                }
                .styled(style)
                .keyed(words(name)),
            );
        }
        let name = |bar: &&str| match *bar {
            "total" => "All variance",
            "within" => "Within groups",
            _ => "Between groups",
        };
        Panel {
            title: Some("What the variance is made of".to_owned()),
            x: share_axis(),
            y: Axis::categories(
                String::new(),
                bars.iter().map(|b| name(b).to_owned()).collect(),
            ),
            layers,
        }
    }
}

/// The pieces in the order in which they are stacked.
const ORDER: [&str; 6] = ["f", "f1", "f2", "v", "m", "residual"];

fn pieces(found: &ranef::Decomposition) -> Vec<VariancePiece> {
    let mut out = Vec::new();
    let mut add = |of, variance, piece, share: f64| {
        out.push(VariancePiece {
            of,
            piece,
            variance,
            share,
        });
    };
    let total = &found.total;
    match (total.f1, total.f2) {
        (Some(f1), Some(f2)) => {
            add("total", total.variance, "f1", f1);
            add("total", total.variance, "f2", f2);
        }
        _ => add("total", total.variance, "f", total.f),
    }
    add("total", total.variance, "v", total.v);
    add("total", total.variance, "m", total.m);
    add("total", total.variance, "residual", total.residual);
    if let Some(within) = &found.within {
        add("within", within.variance, "f1", within.f1);
        add("within", within.variance, "v", within.v);
        add("within", within.variance, "residual", within.residual);
    }
    if let Some(between) = found.between.as_ref().filter(|b| b.variance > 0.0) {
        add("between", between.variance, "f2", between.f2);
        add("between", between.variance, "m", between.m);
    }
    out
}

/// A piece as the legend has it.
fn words(piece: &str) -> &'static str {
    match piece {
        "f" => "Fixed effects",
        "f1" => "Fixed effects within groups",
        "f2" => "Fixed effects between groups",
        "v" => "Random slopes",
        "m" => "Random effects at the mean",
        _ => "Residual",
    }
}

/// A share as the axis has it.
fn label(measure: &str) -> String {
    match measure {
        "marginal" => "R² marginal".to_owned(),
        "conditional" => "R² conditional".to_owned(),
        "adjusted" => "ICC adjusted".to_owned(),
        "unadjusted" => "ICC unadjusted".to_owned(),
        group => format!("ICC {group}"),
    }
}

fn whole(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

fn share_axis() -> Axis {
    Axis {
        domain: Some((0.0, 1.0)),
        percent: true,
        ..Axis::new("Share of variance")
    }
}

impl Answer for VarianceShares {
    /// The shares, then the pieces.
    fn table(&self) -> Table {
        use ranef::Style;
        let (n, m) = (self.shares.len(), self.pieces.len());
        let both = |shares: fn(&Share) -> Option<f64>,
                    pieces: fn(&VariancePiece) -> Option<f64>| {
            (self.shares.iter().map(shares))
                .chain(self.pieces.iter().map(pieces))
                .collect::<Vec<_>>()
        };
        Table::new()
            .text(
                "of",
                std::iter::repeat_n("share".to_owned(), n)
                    .chain(self.pieces.iter().map(|p| p.of.to_owned())),
            )
            .titled("Of")
            .text(
                "measure",
                (self.shares.iter().map(|s| s.measure.clone()))
                    .chain(self.pieces.iter().map(|p| p.piece.to_owned())),
            )
            .titled("Measure")
            .numbers(
                "share",
                Style::Share,
                both(|s| Some(s.estimate), |p| Some(p.share)),
            )
            .titled("Share")
            .numbers("lower", Style::Share, both(|s| s.lower, |_| None))
            .numbers("upper", Style::Share, both(|s| s.upper, |_| None))
            .numbers(
                "variance",
                Style::Digits,
                std::iter::repeat_n(None, n).chain(self.pieces.iter().map(|p| Some(p.variance))),
            )
            .titled(if m > 0 { "Variance" } else { "" })
    }
}

impl fmt::Display for VarianceShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_figure(
            f,
            "Shares of variance",
            &self.table(),
            &self.description(),
            &self.notes,
        )
    }
}

impl Figure for VarianceShares {
    fn chart(&self) -> Chart {
        Chart {
            name: "variance",
            title: format!("Where the variance of {} lies", self.response),
            subtitle: self
                .link
                .as_ref()
                .map(|link| format!("On the scale of the link ({link})")),
            notes: self.notes.clone(),
            description: self.description(),
            columns: Some(1),
            shared: Shared { x: true, y: false },
            height: Some(115.0),
            panels: vec![self.share_panel(), self.piece_panel()],
            ..Chart::default()
        }
    }
}
