//! Is the fit sound? Figures of residuals, leverages, random effects and influence.
//!
//! All are made of [`ranef::Diagnostics`], which reads the rows once; several figures of one model
//! share it. Each figure is also a panel of [`CheckPanel`]. Clouds are drawn whole: where points are
//! more than can be told apart the renderer shows their density and says so.

mod check;
mod cooks;
mod influence;
mod quantiles;
mod residuals;
mod simulated;
mod spread;

pub use check::{CheckPanel, Inflated};
pub use cooks::{CooksDistances, GroupDistance, GroupDistances, RowDistance};
pub use influence::LeveragePlot;
pub use quantiles::QuantileFigure;
pub use residuals::ResidualPlot;
pub use simulated::{QuartileCurve, SimulatedPlot};
pub use spread::ScaleLocation;

use ranef::smooth::{Smooth, lowess};
use ranef::{Diagnostics, Finding, Verdict};
use serde::Serialize;

use crate::chart::{Colour, Curve, Dash, Layer, Mark, Rule, Style};

/// Rows that are named in a cloud at most.
const NAMED: usize = 3;

/// A curve through a cloud of points.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SmoothCurve {
    /// Across.
    pub x: Vec<f64>,
    /// The curve there.
    pub y: Vec<f64>,
}

impl From<Smooth> for SmoothCurve {
    fn from(curve: Smooth) -> Self {
        Self {
            x: curve.x,
            y: curve.y,
        }
    }
}

impl SmoothCurve {
    /// Cleveland's robust local line over two thirds of the points.
    fn through(x: &[f64], y: &[f64]) -> Self {
        lowess(x, y, 2.0 / 3.0, 3).into()
    }

    /// The least and the largest height.
    fn range(&self) -> Option<(f64, f64)> {
        let least = self.y.iter().copied().min_by(f64::total_cmp)?;
        let most = self.y.iter().copied().max_by(f64::total_cmp)?;
        Some((least, most))
    }

    /// As it is drawn above a cloud; nothing for fewer than three places.
    fn layer(&self) -> Option<Layer> {
        (self.x.len() > 2).then(|| {
            line(&self.x, &self.y).styled(Style::default().colour(Colour::Series(0)).size(2.0))
        })
    }
}

fn line(x: &[f64], y: &[f64]) -> Mark {
    Mark::Lines(vec![Curve {
        x: x.to_vec(),
        y: y.to_vec(),
        name: String::new(),
    }])
}

/// A cloud with names for who asks for them.
fn cloud(x: &[f64], y: &[f64], rows: &[usize]) -> Layer {
    let style = Style::default().colour(Colour::Muted);
    let (opacity, size) = match x.len() {
        0..=300 => (0.7, 0.9),
        301..=1000 => (0.5, 0.7),
        _ => (0.4, 0.5),
    };
    Mark::Points {
        x: x.to_vec(),
        y: y.to_vec(),
        names: rows.iter().map(|row| format!("row {row}")).collect(),
    }
    .styled(style.opacity(opacity).size(size))
}

/// The names of the points that lie farthest out, where `size` is at least `least`.
fn named(
    x: &[f64],
    y: &[f64],
    rows: &[usize],
    size: &dyn Fn(usize) -> f64,
    least: f64,
) -> Option<Layer> {
    let mut out: Vec<usize> = (0..x.len()).filter(|&i| size(i) >= least).collect();
    out.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    out.truncate(NAMED);
    let labels = Mark::Labels {
        x: out.iter().map(|&i| x[i]).collect(),
        y: out.iter().map(|&i| y[i]).collect(),
        texts: out.iter().map(|&i| rows[i].to_string()).collect(),
    };
    (!out.is_empty()).then(|| labels.styled(Style::default()))
}

/// A line of reference.
fn reference(rule: Rule) -> Layer {
    Mark::Rules(vec![rule]).styled(Style::default().colour(Colour::Faint).dash(Dash::Dashed))
}

/// The axis of fitted values.
fn fitted_title(from: &Diagnostics) -> String {
    match &from.link {
        None => format!("Fitted {}", from.response),
        Some(link) => format!("Linear predictor of {} ({link} scale)", from.response),
    }
}

/// The name of the residuals on an axis, with their unit.
const RESIDUAL: &str = "Studentised residual (SD)";

/// A verdict in two words.
pub(crate) fn verdict(finding: Option<&Finding>) -> Option<&'static str> {
    Some(match finding?.verdict {
        Verdict::Ok => "in order",
        Verdict::Unknown => "cannot be told",
        Verdict::Note => "worth a look",
        Verdict::Problem => "a problem",
    })
}

/// `Linearity: in order`, and below it what to look for.
pub(crate) fn heading(what: &str, finding: Option<&Finding>, look: &str) -> String {
    match verdict(finding) {
        Some(verdict) => format!("{what}: {verdict}\n{look}"),
        None => format!("{what}\n{look}"),
    }
}

/// What was found, in a sentence.
pub(crate) fn found(finding: Option<&Finding>) -> String {
    finding.map_or(String::new(), |f| format!(" {}", f.found))
}

/// How many rows there are, in words.
fn rows(n: usize) -> String {
    match n {
        1 => "1 row".to_owned(),
        n => format!("{} rows", crate::words::count(n)),
    }
}

/// What the numbers beside points are.
const NAMES_NOTE: &str = "Numbers beside points are rows of the data.";
