//! Simple slopes: what one predictor does at chosen values of another, and where it does anything.
//!
//! With y = … + b₁x + b₂w + b₃xw the slope of x at w is b₁ + b₃w, a line in w with an error of its
//! own (Aiken and West 1991; for multilevel models Bauer and Curran 2005, Multivariate Behavioral
//! Research 40:373). The values of w where its interval just touches zero are the bounds of Johnson
//! and Neyman (1936). Both predictors may be of any level; it is the fixed effects that speak.

mod johnson_neyman;
mod view;

use std::collections::BTreeMap;

pub use johnson_neyman::{JohnsonNeyman, Region};

use crate::means::{Estimate, Grid, Kind, Point, cells};
use crate::{Error, Fit, ResponseScale};

/// Which slopes are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct SlopesOptions {
    of: String,
    over: String,
    at: Vec<(String, Vec<String>)>,
    level: f64,
    scale: ResponseScale,
}

impl SlopesOptions {
    /// The slope of one predictor, a number, over the values of another.
    pub fn new(of: impl Into<String>, over: impl Into<String>) -> Self {
        Self {
            of: of.into(),
            over: over.into(),
            at: Vec::new(),
            level: 0.95,
            scale: ResponseScale::Link,
        }
    }

    /// Values of a predictor: of the one the slope runs over, where the mean and a standard
    /// deviation to each side are not wanted, or of others, instead of their levels or mean.
    pub fn at<S: Into<String>>(
        mut self,
        predictor: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.at.push((predictor.into(), values));
        self
    }

    /// The probability that an interval holds its slope, 0.95 unless told; one minus it is the
    /// level of the tests behind the bounds.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// In a generalised model: on the scale of the link (unless told), where slopes are
    /// coefficients, or of the response in an average group, averaged over the grid (average
    /// marginal effects). The bounds of Johnson and Neyman are of the scale of the link.
    pub fn scale(mut self, scale: ResponseScale) -> Self {
        self.scale = scale;
        self
    }
}

/// Slopes of one predictor over the values of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes {
    /// The predictor whose slopes they are.
    pub of: String,
    /// The one that they depend on.
    pub over: String,
    /// The probability that an interval holds its slope.
    pub level: f64,
    /// One a value of `over`.
    pub rows: Vec<Slope>,
    /// The categories of an ordinal response, on the scale of the response; none of any other.
    pub categories: Vec<String>,
    /// In a generalised model, the scale of the slopes.
    pub scale: Option<ResponseScale>,
    /// Whether the link is the identity: the two scales are the same.
    pub identity: bool,
    /// Whether the slope depends on `over` at all: whether the model has an interaction of the two.
    pub depends: bool,
    /// Where the slope differs from zero, if `over` is a number.
    pub johnson_neyman: Option<JohnsonNeyman>,
    /// The other predictors: the values that were averaged over with equal weights, or the one
    /// they are held at.
    pub held: BTreeMap<String, Vec<Point>>,
}

/// The slope at one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// The value of [`Slopes::over`].
    pub at: Point,
    /// What it is beside the others, such as `mean - sd`; `None` for levels and values asked for.
    pub label: Option<&'static str>,
    /// The estimate with its error; `None` where the data cannot give it.
    pub value: Option<Estimate>,
    /// The slope of the probability of each of [`Slopes::categories`].
    pub probabilities: Vec<Option<Estimate>>,
}

impl Fit {
    /// Simple slopes with the bounds of Johnson and Neyman.
    ///
    /// # Errors
    /// `unknown_predictor`, and `predictor_is_a_factor` where the slope of a factor is asked for.
    pub fn slopes(&self, options: &SlopesOptions) -> Result<Slopes, Error> {
        let mut grid = Grid::new(self, &options.at)?;
        let (along, _) = grid.find_number(&options.of)?;
        let over = grid.find(&options.over)?;
        if over == along {
            return Err(Error::new(
                "predictor_twice",
                format!(
                    "the slope of `{0}` over `{0}` itself is no simple slope",
                    options.of
                ),
            )
            .with_hint(format!(
                "ask for slopes at several values: ranef means MODEL --trend {0} --at {0}=1,2",
                options.of
            )));
        }
        let axis = &mut grid.axes[over];
        let spread = axis.spread.filter(|s| s.max > s.min);
        let mut labels: Vec<Option<&'static str>> = vec![None; axis.points.len()];
        let mut continuous = None;
        if let Some(spread) = spread {
            if !axis.asked && axis.points.len() == 1 {
                let (mean, sd) = (spread.mean, spread.sd);
                axis.points = [mean - sd, mean, mean + sd].map(Point::Number).to_vec();
                labels = vec![Some("mean - sd"), Some("mean"), Some("mean + sd")];
            }
            // Between two values there is nothing to find.
            continuous = (!axis.two_values).then_some(spread);
        }
        let kind = match (self.family().is_gaussian(), options.scale) {
            (true, _) => Kind::Linear,
            (_, ResponseScale::Link) => Kind::Link,
            (_, ResponseScale::Response) => Kind::Response,
        };
        let rows = grid.slopes(along, &[over])?;
        let answers = self.on_scale(kind, &mut grid, Some(along), &[over], &rows)?;
        let (scale, categories) = (answers.scale(), answers.categories());
        let depends = rows
            .iter()
            .any(|row| differs(&row.x, &rows[0].x) || differs(&[row.offset], &[rows[0].offset]));
        let rows = cells(&grid, &[over])
            .into_iter()
            .zip(labels)
            .enumerate()
            .map(|(i, (mut at, label))| Slope {
                at: at.swap_remove(0),
                label,
                value: answers.mean(i, options.level),
                probabilities: answers.probabilities(i, options.level),
            })
            .collect();
        let mut held = BTreeMap::new();
        for (place, axis) in grid.axes.iter().enumerate() {
            if place != along && place != over {
                held.insert(axis.column.clone(), axis.points.clone());
            }
        }
        let johnson_neyman = match continuous.filter(|_| kind != Kind::Response) {
            Some(spread) => self.johnson_neyman(&mut grid, along, over, spread, options.level)?,
            None => None,
        };
        Ok(Slopes {
            of: options.of.clone(),
            over: options.over.clone(),
            level: options.level,
            rows,
            categories,
            scale,
            identity: self.family().link() == ranef_engine::glmm::family::Link::Identity,
            depends,
            johnson_neyman,
            held,
        })
    }
}

/// Whether two slopes are other combinations of the fixed effects, beyond rounding.
fn differs(a: &[f64], b: &[f64]) -> bool {
    a.iter()
        .zip(b)
        .any(|(x, y)| (x - y).abs() > 1e-9 * x.abs().max(y.abs()))
}
