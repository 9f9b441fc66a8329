//! The slope of one predictor as a function of another, with its band and the regions where it
//! differs from zero (Johnson and Neyman 1936; Bauer and Curran 2005, figure 2).

use std::fmt;

use ranef::{
    Answer, Error, Fit, JohnsonNeyman, Point, PredictorKind, Region, SlopesOptions, Table,
};
use serde::Serialize;

use crate::chart::{Axis, Colour, Curve, Dash, Mark, Panel, Rule, Style};
use crate::words::{self, percent, write_figure};
use crate::{Chart, Figure};

/// Values of the moderator.
const STEPS: usize = 96;

/// A slope over the values of a moderator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlopeCurve {
    /// What the vertical axis measures.
    pub outcome: String,
    /// The predictor whose slope it is.
    pub of: String,
    /// The moderator.
    pub over: String,
    /// The probability that the band holds the slope, at each value by itself.
    pub level: f64,
    /// The slope, by the moderator, with a row at every bound.
    pub rows: Vec<SlopeAt>,
    /// The bounds and regions; `None` where the slope does not depend on the moderator.
    pub johnson_neyman: Option<JohnsonNeyman>,
    /// Which of the moderator's values have a slope that differs from zero, in words.
    pub reading: String,
}

/// The slope at one value of the moderator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SlopeAt {
    /// The moderator.
    pub at: f64,
    /// The slope.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl SlopeCurve {
    /// The slope of `of` over the values of `over`; unless told, of the first interaction of two
    /// predictors of numbers.
    ///
    /// # Errors
    /// `no_interaction` where there is none; `predictor_is_a_factor`; as [`Fit::slopes`].
    pub fn of(
        fit: &Fit,
        of: Option<&str>,
        over: Option<&str>,
        at: &[(String, Vec<String>)],
        level: f64,
    ) -> Result<Self, Error> {
        let (of, over) = pair(fit, of, over)?;
        let PredictorKind::Numbers { min, max, .. } = fit.predictor_range(&over)?.values else {
            let message = format!("`{over}` is a factor, and a slope over it is no curve");
            return Err(Error::new("predictor_is_a_factor", message)
                .with_hint(format!("draw `predictions` with --x {of} --by {over}")));
        };
        let mut base = SlopesOptions::new(&of, &over).level(level);
        for (name, values) in at {
            base = base.at(name, values.iter().cloned());
        }
        let ends = [min, max].map(|x| x.to_string());
        let found = fit.slopes(&base.clone().at(&over, ends))?.johnson_neyman;
        let mut values: Vec<f64> = (0..=STEPS)
            .map(|i| min + (max - min) * i as f64 / STEPS as f64)
            .collect();
        if let Some(found) = &found {
            let inside = found.bounds.iter().filter(|b| **b > min && **b < max);
            values.extend(inside);
            values.sort_by(f64::total_cmp);
        }
        let texts: Vec<String> = values.iter().map(f64::to_string).collect();
        let slopes = fit.slopes(&base.at(&over, texts))?;
        let rows: Option<Vec<SlopeAt>> = slopes
            .rows
            .iter()
            .zip(&values)
            .map(|(slope, &at)| {
                let value = slope.value?;
                Some(SlopeAt {
                    at,
                    estimate: value.estimate,
                    std_error: value.std_error,
                    lower: value.lower,
                    upper: value.upper,
                })
            })
            .collect();
        let rows = rows.ok_or_else(|| {
            Error::new(
                "not_estimable",
                format!("the data cannot give the slope of `{of}`"),
            )
            .with_hint("look at the coefficients without estimates: `ranef summary`")
        })?;
        Ok(Self {
            outcome: words::outcome(fit, ranef::ResponseScale::Link),
            reading: match &found {
                Some(found) => found.sentence(&of, &over, level),
                None => format!(
                    "the model has no interaction of {of} and {over}: the slope is the same \
                     everywhere."
                ),
            },
            of,
            over,
            level,
            rows,
            johnson_neyman: found,
        })
    }

    fn description(&self) -> String {
        let (first, last) = (self.rows.first(), self.rows.last());
        let ends = first.zip(last).map_or(String::new(), |(a, b)| {
            format!(
                "The slope of {} goes from {} at {} = {} to {} at {}. ",
                self.of,
                words::number(a.estimate, b.estimate),
                self.over,
                Point::Number(a.at),
                words::number(b.estimate, a.estimate),
                Point::Number(b.at),
            )
        });
        let mut reading = self.reading.clone();
        if let Some(first) = reading.get(..1) {
            let upper = first.to_uppercase();
            reading.replace_range(..1, &upper);
        }
        ends + &reading
    }

    /// The rows from one value to another, both included.
    fn stretch(&self, region: &Region) -> Vec<&SlopeAt> {
        let near = 1e-9 * self.rows.iter().fold(0.0f64, |m, r| m.max(r.at.abs()));
        let inside = |r: &&SlopeAt| {
            region.from.is_none_or(|x| r.at >= x - near)
                && region.to.is_none_or(|x| r.at <= x + near)
        };
        self.rows.iter().filter(inside).collect()
    }
}

/// The predictor and its moderator.
fn pair(fit: &Fit, of: Option<&str>, over: Option<&str>) -> Result<(String, String), Error> {
    let number = |name: &str| {
        fit.predictor_range(name).is_ok_and(|p| {
            matches!(
                p.values,
                PredictorKind::Numbers {
                    two_values: false,
                    ..
                }
            )
        })
    };
    let any = |name: &str| {
        fit.predictor_range(name)
            .is_ok_and(|p| matches!(p.values, PredictorKind::Numbers { .. }))
    };
    if let (Some(of), Some(over)) = (of, over) {
        return Ok((of.to_owned(), over.to_owned()));
    }
    let fits = |(a, b): &(String, String)| {
        of.is_none_or(|of| of == a) && over.is_none_or(|over| over == b) && any(a) && number(b)
    };
    let pairs = fit.interactions();
    let both = pairs
        .iter()
        .flat_map(|(a, b)| [(a.clone(), b.clone()), (b.clone(), a.clone())]);
    let found: Vec<(String, String)> = both.filter(fits).collect();
    found.into_iter().next().ok_or_else(|| {
        Error::new(
            "no_interaction",
            "the model has no interaction of two predictors of numbers to draw",
        )
        .with_hint(
            "name both: --x PREDICTOR --by MODERATOR; for a factor as moderator draw `predictions`",
        )
    })
}

impl Answer for SlopeCurve {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.rows;
        Table::new()
            .numbers(&self.over, Style::Digits, rows.iter().map(|r| r.at))
            .numbers("estimate", Style::Digits, rows.iter().map(|r| r.estimate))
            .numbers("std_error", Style::Digits, rows.iter().map(|r| r.std_error))
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper))
    }
}

impl fmt::Display for SlopeCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("Slope of {} over {}", self.of, self.over);
        write_figure(f, &heading, &self.table(), &self.description(), &[])
    }
}

impl Figure for SlopeCurve {
    fn chart(&self) -> Chart {
        let whole = [Region {
            from: None,
            to: None,
            significant: self.rows.iter().all(|r| r.lower > 0.0 || r.upper < 0.0),
            sign: None,
        }];
        let regions = match &self.johnson_neyman {
            Some(found) => &found.regions[..],
            None => &whole[..],
        };
        let mut layers = vec![
            Mark::Rules(vec![Rule::Horizontal(0.0)]).styled(Style::default().colour(Colour::Faint)),
        ];
        for region in regions {
            let rows = self.stretch(region);
            if rows.len() < 2 {
                continue;
            }
            let (colour, key) = match region.significant {
                true => (Colour::Series(0), "differs from 0"),
                false => (Colour::Muted, "does not differ from 0"),
            };
            layers.push(
                Mark::Band {
                    x: rows.iter().map(|r| r.at).collect(),
                    lower: rows.iter().map(|r| r.lower).collect(),
                    upper: rows.iter().map(|r| r.upper).collect(),
                }
                .styled(Style::default().colour(colour).opacity(0.3))
                .keyed(key),
            );
        }
        layers.push(
            Mark::Lines(vec![Curve {
                x: self.rows.iter().map(|r| r.at).collect(),
                y: self.rows.iter().map(|r| r.estimate).collect(),
                name: String::new(),
            }])
            .styled(Style::default().size(1.8)),
        );
        let (first, last) = (self.rows.first(), self.rows.last());
        let inside =
            |b: &&f64| first.is_some_and(|r| **b > r.at) && last.is_some_and(|r| **b < r.at);
        let bounds: Vec<f64> = self
            .johnson_neyman
            .iter()
            .flat_map(|found| found.bounds.iter().filter(inside).copied())
            .collect();
        if !bounds.is_empty() {
            let rules = bounds.iter().map(|b| Rule::Vertical(*b)).collect();
            layers.push(Mark::Rules(rules).styled(Style::default().dash(Dash::Dashed).size(0.8)));
        }
        let subtitle = match &bounds[..] {
            [] => format!("{}% band", percent(self.level)),
            bounds => {
                let bounds: Vec<String> = bounds.iter().map(|b| words::number(*b, 0.0)).collect();
                format!(
                    "{}% band; bound{} of Johnson and Neyman at {}",
                    percent(self.level),
                    if bounds.len() == 1 { "" } else { "s" },
                    words::list(&bounds)
                )
            }
        };
        Chart {
            name: "johnson-neyman",
            title: format!("Slope of {} over {}", self.of, self.over),
            subtitle: Some(subtitle),
            description: self.description(),
            panels: vec![Panel {
                title: None,
                x: Axis::new(self.over.clone()),
                y: Axis::new(format!("Slope of {} ({} per unit)", self.of, self.outcome))
                    .including([0.0]),
                layers,
            }],
            ..Chart::default()
        }
    }
}
