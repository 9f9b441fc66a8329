//! Coefficients with their intervals, of one model or of several side by side: ratios on a
//! logarithmic axis where the link makes them ratios, standard deviations on request.

use std::fmt;

use ranef::{Answer, Error, Fit, RatioKind, Table};
use serde::Serialize;

use crate::chart::{Along, Axis, Colour, Mark, Panel, Rule, Scale, Style};
use crate::words::{self, number, percent, write_figure};
use crate::{Chart, Figure};

/// What a figure of coefficients shows.
#[derive(Clone, Debug, PartialEq)]
pub struct CoefficientsOptions {
    terms: Vec<String>,
    intercept: bool,
    standardized: bool,
    ratios: bool,
    level: f64,
}

impl Default for CoefficientsOptions {
    fn default() -> Self {
        Self {
            terms: Vec::new(),
            intercept: false,
            standardized: false,
            ratios: true,
            level: 0.95,
        }
    }
}

impl CoefficientsOptions {
    /// Which coefficients: all unless told.
    pub fn terms<S: Into<String> + Clone>(mut self, terms: &[S]) -> Self {
        self.terms = terms.iter().cloned().map(Into::into).collect();
        self
    }

    /// With the intercept, which is left out unless it is asked for: on its scale the others are
    /// often too small to be seen.
    pub fn intercept(mut self, intercept: bool) -> Self {
        self.intercept = intercept;
        self
    }

    /// In standard deviations, see [`Fit::standardized`].
    pub fn standardized(mut self, standardized: bool) -> Self {
        self.standardized = standardized;
        self
    }

    /// As ratios of odds, rates … where the link allows it, which is so unless told.
    pub fn ratios(mut self, ratios: bool) -> Self {
        self.ratios = ratios;
        self
    }

    /// The probability that an interval holds its coefficient, 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }
}

/// Coefficients of one or several models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coefficients {
    /// Names of the models.
    pub models: Vec<String>,
    /// What the coefficients are ratios of, if they are.
    pub ratio: Option<RatioKind>,
    /// Whether they are in standard deviations.
    pub standardized: bool,
    /// What they are measured in.
    pub unit: String,
    /// The probability that an interval holds its coefficient.
    pub level: f64,
    /// One a coefficient and model.
    pub rows: Vec<CoefficientRow>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// A coefficient of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoefficientRow {
    /// The coefficient.
    pub term: String,
    /// The model.
    pub model: String,
    /// The estimate; `None` where the data cannot give it.
    pub estimate: Option<f64>,
    /// Lower end of its Wald interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

impl Coefficients {
    /// The coefficients of models with their names.
    ///
    /// # Errors
    /// `unknown_term`; `no_coefficients` where nothing is left to show.
    pub fn of<'a>(
        models: impl IntoIterator<Item = (&'a str, &'a Fit)>,
        options: &CoefficientsOptions,
    ) -> Result<Self, Error> {
        let models: Vec<(&str, &Fit)> = models.into_iter().collect();
        let kinds: Vec<Option<RatioKind>> = models
            .iter()
            .map(|(_, fit)| Some(fit.ratios(options.level).ok()?.kind))
            .collect();
        let same = kinds.windows(2).all(|pair| pair[0] == pair[1]);
        let ratio = kinds
            .first()
            .copied()
            .flatten()
            .filter(|_| same && options.ratios && !options.standardized);
        let mut known: Vec<String> = Vec::new();
        for (_, fit) in &models {
            for name in fit.recipe().fixed_names() {
                if !known.contains(name) {
                    known.push(name.clone());
                }
            }
        }
        let mut chosen = words::choose_terms(&known, &options.terms, "coefficient")?;
        if options.standardized || (!options.intercept && options.terms.is_empty()) {
            chosen.retain(|term| term != "(Intercept)");
        }
        if chosen.is_empty() {
            return Err(Error::new(
                "no_coefficients",
                "beside the intercept the model has no coefficients",
            )
            .with_hint("show it with --intercept, or draw another figure: `ranef plot MODEL`"));
        }
        let mut rows = Vec::new();
        for (name, fit) in &models {
            let own = entries(fit, ratio, options)?;
            for term in &chosen {
                let found = own.iter().find(|(of, _)| of == term);
                if let Some((_, [estimate, lower, upper])) = found {
                    rows.push(CoefficientRow {
                        term: term.clone(),
                        model: (*name).to_owned(),
                        estimate: *estimate,
                        lower: *lower,
                        upper: *upper,
                    });
                }
            }
        }
        // By coefficient, and for each the models in their order.
        let place = |row: &CoefficientRow| chosen.iter().position(|t| *t == row.term);
        rows.sort_by_key(place);
        let mut notes = Vec::new();
        if !same && options.ratios && kinds.iter().any(Option::is_some) {
            notes.push(
                "The models have different links: all are on the scale of their link.".to_owned(),
            );
        }
        let missing: Vec<&str> = rows
            .iter()
            .filter(|r| r.estimate.is_none())
            .map(|r| r.term.as_str())
            .collect();
        if !missing.is_empty() {
            notes.push(format!(
                "The data cannot give {}, which other columns determine.",
                words::list(&missing)
            ));
        }
        Ok(Self {
            unit: unit(&models, ratio, options),
            models: models.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ratio,
            standardized: options.standardized,
            level: options.level,
            rows,
            notes,
        })
    }

    /// Where nothing is.
    fn nothing(&self) -> f64 {
        if self.ratio.is_some() { 1.0 } else { 0.0 }
    }

    fn terms(&self) -> Vec<&String> {
        let mut terms: Vec<&String> = self.rows.iter().map(|r| &r.term).collect();
        terms.dedup();
        terms
    }

    fn description(&self) -> String {
        let nothing = self.nothing();
        let mut out = format!("{} with {}% intervals", self.unit, percent(self.level));
        if self.models.len() > 1 {
            out.push_str(&format!(" of {} models", self.models.len()));
        }
        out.push('.');
        for row in self.rows.iter().take(40) {
            let model = match self.models.len() {
                1 => String::new(),
                _ => format!(" ({})", row.model),
            };
            let Some(estimate) = row.estimate else {
                continue;
            };
            out.push_str(&format!(
                " {}{model}: {}",
                words::term(&row.term),
                number(estimate, 0.0)
            ));
            if let (Some(lower), Some(upper)) = (row.lower, row.upper) {
                let clear = lower > nothing || upper < nothing;
                out.push_str(&format!(
                    ", {}{}",
                    words::range(lower, upper),
                    if clear {
                        ""
                    } else {
                        ", which includes no effect"
                    }
                ));
            }
            out.push('.');
        }
        if self.rows.len() > 40 {
            out.push_str(&format!(" And {} more.", self.rows.len() - 40));
        }
        out
    }
}

/// A number with its ends.
type Entry = (String, [Option<f64>; 3]);

fn entries(
    fit: &Fit,
    ratio: Option<RatioKind>,
    options: &CoefficientsOptions,
) -> Result<Vec<Entry>, Error> {
    if options.standardized {
        let found = fit.standardized(options.level).rows.into_iter();
        return Ok(found
            .map(|r| (r.term, [r.estimate, r.lower, r.upper]))
            .collect());
    }
    if ratio.is_some() {
        let found = fit.ratios(options.level)?.rows.into_iter();
        return Ok(found
            .map(|r| (r.term, [r.ratio, r.lower, r.upper]))
            .collect());
    }
    let one = |c: ranef::Coefficient| {
        let ends = c.wald_interval(options.level);
        let end = |at: usize| ends.map(|e| e[at]);
        let entry = [c.estimate, end(0), end(1)];
        (c.term, entry)
    };
    Ok(fit.coefficients().into_iter().map(one).collect())
}

fn unit(
    models: &[(&str, &Fit)],
    ratio: Option<RatioKind>,
    options: &CoefficientsOptions,
) -> String {
    if let Some(kind) = ratio {
        let mut name = kind.name().to_owned();
        name[..1].make_ascii_uppercase();
        return name;
    }
    let outcomes: Vec<String> = models
        .iter()
        .map(|(_, fit)| words::outcome(fit, ranef::ResponseScale::Link))
        .collect();
    let same = outcomes.windows(2).all(|pair| pair[0] == pair[1]);
    let of = match outcomes.first() {
        Some(outcome) if same => format!(" ({outcome})"),
        _ => String::new(),
    };
    match (
        options.standardized,
        models.iter().all(|(_, fit)| fit.family().is_gaussian()),
    ) {
        (true, true) => "Standardised coefficient (standard deviations)".to_owned(),
        (true, false) => format!("Coefficient per standard deviation{of}"),
        (false, _) => format!("Coefficient{of}"),
    }
}

impl Answer for Coefficients {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .text("model", rows.iter().map(|r| r.model.clone()))
            .titled("Model")
            .numbers("estimate", Style::Digits, rows.iter().map(|r| r.estimate))
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper))
    }
}

impl fmt::Display for Coefficients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_figure(
            f,
            &self.unit,
            &self.table(),
            &self.description(),
            &self.notes,
        )
    }
}

impl Figure for Coefficients {
    fn chart(&self) -> Chart {
        let terms = self.terms();
        let m = self.models.len();
        let nothing = self.nothing();
        let mut layers = vec![
            Mark::Rules(vec![Rule::Vertical(nothing)])
                .styled(Style::default().colour(Colour::Faint)),
        ];
        for (k, model) in self.models.iter().enumerate() {
            let off = (k as f64 - (m as f64 - 1.0) / 2.0) * (0.7 / m as f64).min(0.25);
            let drawn: Vec<(f64, &CoefficientRow, f64)> = self
                .rows
                .iter()
                .filter(|r| r.model == *model)
                .filter_map(|r| {
                    let at = terms.iter().position(|t| **t == r.term)?;
                    Some((at as f64 + off, r, r.estimate?))
                })
                .collect();
            let style = match m {
                1 => Style::default().colour(Colour::Series(0)),
                _ => Style::series(k).dash(crate::chart::Dash::Solid),
            };
            let ends: Vec<(f64, f64, f64)> = drawn
                .iter()
                .filter_map(|(at, r, _)| Some((*at, r.lower?, r.upper?)))
                .collect();
            layers.push(
                Mark::Intervals {
                    along: Along::X,
                    at: ends.iter().map(|e| e.0).collect(),
                    lower: ends.iter().map(|e| e.1).collect(),
                    upper: ends.iter().map(|e| e.2).collect(),
                }
                .styled(style),
            );
            let points = Mark::Points {
                x: drawn.iter().map(|d| d.2).collect(),
                y: drawn.iter().map(|d| d.0).collect(),
                names: drawn.iter().map(|d| d.1.term.clone()).collect(),
            }
            .styled(style.size(1.2));
            layers.push(match m {
                1 => points,
                _ => points.keyed(model),
            });
        }
        let mut x = Axis::new(self.unit.clone()).including([nothing]);
        if self.ratio.is_some() {
            x.scale = Scale::Log;
        }
        let names = terms.iter().map(|t| words::term(t).to_owned()).collect();
        Chart {
            name: "coefficients",
            title: match self.ratio {
                Some(kind) => {
                    let mut name =
                        format!("{}s", kind.name()).replace("ratio of meanss", "ratios of means");
                    name[..1].make_ascii_uppercase();
                    name
                }
                None => "Fixed effects".to_owned(),
            },
            subtitle: Some(format!("With {}% intervals", percent(self.level))),
            notes: self.notes.clone(),
            description: self.description(),
            panels: vec![Panel {
                title: None,
                x,
                y: Axis::categories("", names),
                layers,
            }],
            height: Some(32.0 + terms.len() as f64 * (4.0 + 2.2 * m as f64)),
            ..Chart::default()
        }
    }
}
