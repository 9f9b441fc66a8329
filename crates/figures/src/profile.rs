//! Profile likelihood: how fast the deviance rises as each parameter moves off its estimate.
//!
//! ζ(ψ) = sign(ψ − ψ̂)√(d(ψ) − d(ψ̂)) on the ML deviance (Bates, Mächler, Bolker and Walker 2015,
//! section 5.1). It is a straight line where the likelihood is that of a normal estimate; a bend means
//! that intervals are not symmetric. Intervals of several levels stand where ζ reaches ±z.

use std::fmt;

use ranef::{Answer, Error, Fit, ProfileCurve, Table};
use serde::Serialize;

use crate::chart::{Axis, Colour, Curve, Mark, Panel, Rule, Shared, Style};
use crate::words::{number, percent, term, write_figure};
use crate::{Chart, Figure};

/// The levels of the intervals, as lme4 draws them.
const LEVELS: [f64; 5] = [0.5, 0.8, 0.9, 0.95, 0.99];
/// Points on each side of a curve beside those that the search leaves.
const POINTS: usize = 12;

/// Profiles of the parameters of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileZeta {
    /// A panel each.
    pub parameters: Vec<ProfiledParameter>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// The profile of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfiledParameter {
    /// What it is, in words.
    pub label: String,
    /// Its curve.
    pub curve: ProfileCurve,
    /// Its intervals.
    pub intervals: Vec<LevelInterval>,
}

/// An interval of one level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelInterval {
    /// The probability that it holds the parameter.
    pub level: f64,
    /// |ζ| at its ends.
    pub zeta: f64,
    /// Lower end; `None` where no value below is excluded.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

impl ProfileZeta {
    /// The profiles of the parameters named, or of all.
    ///
    /// # Errors
    /// As [`Fit::profile_curves`]; `no_parameters` where there are none.
    pub fn of(fit: &Fit, parameters: &[String]) -> Result<Self, Error> {
        let curves = fit.profile_curves(parameters, 0.99, POINTS)?;
        let parameters: Vec<ProfiledParameter> = curves
            .into_iter()
            .filter(|curve| curve.points.len() > 1)
            .map(|curve| ProfiledParameter {
                label: label(&curve),
                intervals: LEVELS
                    .iter()
                    .map(|&level| {
                        let (lower, upper) = curve.interval(level);
                        LevelInterval {
                            level,
                            zeta: ProfileCurve::zeta(level),
                            lower,
                            upper,
                        }
                    })
                    .collect(),
                curve,
            })
            .collect();
        if parameters.is_empty() {
            return Err(Error::new(
                "no_parameters",
                "there is no parameter whose profile could be followed",
            ));
        }
        let levels: Vec<String> = LEVELS.iter().map(|l| percent(*l)).collect();
        let mut notes = vec![format!(
            "Verticals: intervals of {} %. A straight line is the profile of a normal estimate.",
            levels.join(", ")
        )];
        if fit.reml() && fit.family().is_gaussian() {
            notes.push(
                "Profiles are of the ML deviance, to which the model was refitted.".to_owned(),
            );
        }
        Ok(Self { parameters, notes })
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = String::from(
            "Signed root of the rise of the deviance for each parameter; 95% intervals:",
        );
        for (i, p) in self.parameters.iter().enumerate() {
            let ends = p.intervals.iter().find(|i| i.level == 0.95);
            let end = |x: Option<f64>| x.map_or("no end".to_owned(), |x| number(x, 0.0));
            if let Some(interval) = ends {
                out.push_str(&format!(
                    "{} {} {} to {}",
                    if i > 0 { ";" } else { "" },
                    p.label,
                    end(interval.lower),
                    end(interval.upper)
                ));
            }
        }
        out + "."
    }
}

/// A parameter in words.
fn label(curve: &ProfileCurve) -> String {
    let group = curve.group.as_deref().unwrap_or_default();
    let name = curve.parameter.as_str();
    if name == "sd__Observation" {
        return "Residual SD".to_owned();
    }
    if let Some(effect) = name.strip_prefix("sd__") {
        return format!("SD of {} ({group})", term(effect));
    }
    if let Some(effects) = name.strip_prefix("cor__") {
        let effects = effects.replace("(Intercept)", "Intercept");
        // Two names with a point between them, unless the names have points themselves.
        let effects = match effects.split('.').collect::<Vec<_>>()[..] {
            [one, other] => format!("{one}, {other}"),
            _ => effects,
        };
        return format!("Correlation of {effects} ({group})");
    }
    term(name).to_owned()
}

fn panel(p: &ProfiledParameter) -> Panel {
    let (x, y): (Vec<f64>, Vec<f64>) = p.curve.points.iter().copied().unzip();
    let upright = |x: f64, zeta: f64| Curve {
        x: vec![x, x],
        y: vec![0.0, zeta],
        name: String::new(),
    };
    let mut ends = Vec::new();
    for interval in &p.intervals {
        let z = interval.zeta;
        ends.extend(interval.lower.map(|x| upright(x, -z)));
        ends.extend(interval.upper.map(|x| upright(x, z)));
    }
    let faint = Style::default().colour(Colour::Faint);
    let mut layers = vec![
        Mark::Rules(vec![Rule::Horizontal(0.0)]).styled(faint),
        Mark::Lines(ends).styled(Style::default().colour(Colour::Muted).size(0.8)),
        Mark::Lines(vec![Curve {
            x,
            y,
            name: p.label.clone(),
        }])
        .styled(Style::default().colour(Colour::Series(0)).size(1.8)),
    ];
    layers.extend(p.curve.estimate.map(|x| {
        Mark::Points {
            x: vec![x],
            y: vec![0.0],
            names: vec!["ML estimate".to_owned()],
        }
        .styled(Style::default().size(0.8))
    }));
    Panel {
        title: Some(p.label.clone()),
        x: Axis::new(""),
        y: Axis::new("Signed root ζ"),
        layers,
    }
}

impl Answer for ProfileZeta {
    /// The points of the curves, then the ends of the intervals.
    fn table(&self) -> Table {
        use ranef::Style;
        struct Row {
            part: &'static str,
            label: String,
            parameter: String,
            group: Option<String>,
            level: Option<f64>,
            value: f64,
            zeta: f64,
        }
        let mut rows = Vec::new();
        for p in &self.parameters {
            let row = |part, level, value, zeta| Row {
                part,
                label: p.label.clone(),
                parameter: p.curve.parameter.clone(),
                group: p.curve.group.clone(),
                level,
                value,
                zeta,
            };
            for &(value, zeta) in &p.curve.points {
                rows.push(row("curve", None, value, zeta));
            }
            for interval in &p.intervals {
                let z = interval.zeta;
                let level = Some(interval.level);
                rows.extend(interval.lower.map(|x| row("lower", level, x, -z)));
                rows.extend(interval.upper.map(|x| row("upper", level, x, z)));
            }
        }
        Table::new()
            .text("part", rows.iter().map(|r| r.part.to_owned()))
            .text("label", rows.iter().map(|r| r.label.clone()))
            .text("group", rows.iter().map(|r| r.group.clone()))
            .text("parameter", rows.iter().map(|r| r.parameter.clone()))
            .numbers("level", Style::Share, rows.iter().map(|r| r.level))
            .numbers("value", Style::Digits, rows.iter().map(|r| r.value))
            .numbers("zeta", Style::Share, rows.iter().map(|r| r.zeta))
    }
}

impl fmt::Display for ProfileZeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ranef::Style;
        let all = || {
            self.parameters
                .iter()
                .flat_map(|p| p.intervals.iter().map(move |i| (p, i)))
        };
        let table = Table::new()
            .text("label", all().map(|(p, _)| p.label.clone()))
            .titled("Parameter")
            .numbers("level", Style::Share, all().map(|(_, i)| i.level))
            .titled("Level")
            .numbers("lower", Style::Digits, all().map(|(_, i)| i.lower))
            .numbers("upper", Style::Digits, all().map(|(_, i)| i.upper));
        write_figure(
            f,
            "Profiles of the parameters",
            &table,
            &self.description(),
            &self.notes,
        )
    }
}

impl Figure for ProfileZeta {
    fn chart(&self) -> Chart {
        let panels: Vec<Panel> = self.parameters.iter().map(panel).collect();
        Chart {
            name: "profile",
            title: "Profiles of the parameters".to_owned(),
            subtitle: Some(
                "ζ: signed root of how far the deviance rises when the parameter is moved"
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
