//! Scale-location: the size of residuals along the fitted values.
//!
//! √|r| of studentised residuals, which is far less skewed than |r| (Cleveland 1993, *Visualizing
//! Data*). For normal residuals its mean is E√|Z| = 2^¼ Γ(¾)/√π = 0.822, the dashed line.

use std::fmt;

use ranef::{Answer, Diagnostics, Finding, Table};
use serde::Serialize;

use super::residuals::{cloud_table, lower_first, write_cloud};
use super::{NAMES_NOTE, SmoothCurve, cloud, fitted_title, found, heading, named, reference, rows};
use crate::chart::{Axis, Panel, Rule};
use crate::words::number;
use crate::{Chart, Figure};

/// E√|Z| of a standard normal Z.
const EXPECTED: f64 = 0.822_179_0;

/// The size of residuals along fitted values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleLocation {
    /// What stands across.
    pub across: String,
    /// Whether the model is gaussian, so that the height of the line is known.
    pub gaussian: bool,
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// Its fitted value.
    pub fitted: Vec<f64>,
    /// √|studentised residual|.
    pub root: Vec<f64>,
    /// Cleveland's robust local line through them.
    pub smooth: SmoothCurve,
    /// The verdict: on the residual variance along the fitted values, or on overdispersion.
    pub finding: Option<Finding>,
}

impl ScaleLocation {
    /// Of what [`ranef::Fit::diagnostics`] found.
    pub fn of(from: &Diagnostics) -> Self {
        let root: Vec<f64> = from.residual.iter().map(|r| r.abs().sqrt()).collect();
        let finding = match from.link {
            None => from.finding("variance_fitted"),
            Some(_) => from.finding("overdispersion"),
        };
        Self {
            across: fitted_title(from),
            gaussian: from.link.is_none(),
            row: from.row.clone(),
            fitted: from.fitted.clone(),
            smooth: SmoothCurve::through(&from.fitted, &root),
            root,
            finding: finding.cloned(),
        }
    }

    pub(super) fn panel(&self, title: Option<String>) -> Panel {
        let mut layers = Vec::new();
        if self.gaussian {
            layers.push(reference(Rule::Horizontal(EXPECTED)));
        }
        layers.push(cloud(&self.fitted, &self.root, &self.row));
        layers.extend(self.smooth.layer());
        let size = |i: usize| self.root[i];
        layers.extend(named(
            &self.fitted,
            &self.root,
            &self.row,
            &size,
            3f64.sqrt(),
        ));
        Panel {
            title,
            x: Axis::new(self.across.clone()),
            y: Axis::new("√|studentised residual|").including([0.0]),
            layers,
        }
    }

    pub(super) fn checked(&self) -> Panel {
        let (what, look) = match self.gaussian {
            true => ("Equal spread", "The line should run flat at the dashes."),
            false => (
                "Dispersion",
                "The line should run about flat, most points below 1.4.",
            ),
        };
        self.panel(Some(heading(what, self.finding.as_ref(), look)))
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = format!(
            "Roots of the absolute studentised residuals of {} against {}.",
            rows(self.row.len()),
            lower_first(&self.across)
        );
        if let Some((least, most)) = self.smooth.range() {
            out.push_str(&format!(
                " The smooth line lies between {} and {}{}.",
                number(least, 1.0),
                number(most, 1.0),
                match self.gaussian {
                    true => ", where 0.82 is expected throughout",
                    false => "",
                }
            ));
        }
        out + &found(self.finding.as_ref())
    }
}

impl Answer for ScaleLocation {
    fn table(&self) -> Table {
        cloud_table(
            &self.row,
            ("fitted", &self.fitted),
            ("root", &self.root),
            &self.smooth,
        )
    }
}

impl fmt::Display for ScaleLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cloud(
            f,
            "Spread of the residuals along the fitted values",
            ("fitted", "smooth"),
            &self.smooth,
            &self.description(),
        )
    }
}

impl Figure for ScaleLocation {
    fn chart(&self) -> Chart {
        Chart {
            name: "scale-location",
            title: "Spread of the residuals along the fitted values".to_owned(),
            subtitle: Some(
                match self.gaussian {
                    true => {
                        "The line, a robust local regression, should run flat at the dashes: 0.82 \
                         for equal normal residuals"
                    }
                    false => "The line, a robust local regression, should run about flat",
                }
                .to_owned(),
            ),
            notes: vec![NAMES_NOTE.to_owned()],
            description: self.description(),
            panels: vec![self.panel(None)],
            ..Chart::default()
        }
    }
}
