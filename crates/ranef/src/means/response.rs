//! Means of generalised models: on the scale of the link, of the response of an average group, or
//! averaged over groups.
//!
//! On the scale of the link a mean is l'β as ever. Of an average group (random effects at zero) the
//! response is h(l'β): ends are transformed, the standard error is |h'|·se by the delta method, and
//! tests stay those of the link, where differences of logarithms are logarithms of ratios. Averaged
//! over groups and over the points i of the grid, a mean is m = Σ w_i E\[h(x_i'β + z_i'b)\], with
//! gradient Σ w_i E\[h'\]x_i in β; its interval is normal on the scale of the link where h is the
//! link's inverse. The variances count as known.
//!
//! A slope on the scale of the response is Σ w_i h'(x_i'β)·s_i'β over the points, with gradient
//! Σ w_i (h''·s_i'β·x_i + h'·s_i).

use super::{Estimate, Grid, Means, MeansOptions, Place, Row};
use crate::generalised::inverse::Inverse;
use crate::linear::{Linear, quadratic};
use crate::{Error, Fit, Note, RatioKind, ResponseScale};

/// What kind of mean is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of a linear model.
    Linear,
    /// On the scale of the link.
    Link,
    /// Of the response, in an average group.
    Response,
    /// Of the response, over all groups.
    Averaged,
}

impl Kind {
    pub fn of(fit: &Fit, options: &MeansOptions) -> Result<Self, Error> {
        if fit.family().is_gaussian() {
            return Ok(Kind::Linear);
        }
        if options.scale == ResponseScale::Response {
            fit.refuse_mean_categories()?;
        }
        match (options.scale, options.average) {
            (ResponseScale::Link, true) => Err(Error::new(
                "no_average_on_the_link",
                "the average over groups is one of responses: on the scale of the link it is that of \
                 an average group",
            )
            .with_hint("leave out one of --scale link and --re average")),
            (ResponseScale::Link, false) => Ok(Kind::Link),
            (ResponseScale::Response, false) => Ok(Kind::Response),
            (ResponseScale::Response, true) if options.trend.is_some() => Err(Error::new(
                "no_average_slopes",
                "slopes are those of an average group, not averaged over groups",
            )
            .with_hint("leave out --re average")),
            (ResponseScale::Response, true) => Ok(Kind::Averaged),
        }
    }
}

/// A number and its gradient in the coefficients.
type Smooth = Option<(f64, Vec<f64>)>;

/// The cells of a grid, ready to be asked for means and differences.
pub(crate) struct Answers<'a> {
    fit: &'a Fit,
    kind: Kind,
    trend: bool,
    inverse: Inverse,
    rows: &'a [Row],
    /// Averages, or slopes of the response.
    smooth: Vec<Smooth>,
}

impl Fit {
    /// Makes the cells of a grid ready for answers of a kind.
    pub(crate) fn on_scale<'a>(
        &'a self,
        kind: Kind,
        grid: &mut Grid<'_>,
        along: Option<usize>,
        by: &[usize],
        rows: &'a [Row],
    ) -> Result<Answers<'a>, Error> {
        let inverse = self.inverse();
        let smooth = match (kind, along) {
            (Kind::Averaged, _) => grid
                .points(by, true)?
                .iter()
                .map(|points| self.average_of(&inverse, points))
                .collect(),
            (Kind::Response, Some(along)) => {
                // The slopes of single points: the axes of the others are run through as well.
                let all: Vec<usize> = (0..grid.axes.len())
                    .filter(|a| *a != along && !by.contains(a))
                    .collect();
                let every: Vec<usize> = by.iter().chain(&all).copied().collect();
                let asked = grid.axes[along].asked;
                let slopes = grid.slopes(along, &every)?;
                let spread = grid.axes[along].spread;
                let kept = grid.axes[along].points.clone();
                if let (false, Some(spread)) = (asked, spread) {
                    grid.axes[along].points = vec![super::Point::Number(spread.mean)];
                }
                let places = grid.rows(&every);
                grid.axes[along].points = kept;
                let places = places?;
                let inner = (slopes.len() / rows.len().max(1)).max(1);
                slopes
                    .chunks(inner)
                    .zip(places.chunks(inner))
                    .map(|(slopes, places)| self.slope_of(&inverse, slopes, places))
                    .collect()
            }
            _ => Vec::new(),
        };
        Ok(Answers {
            fit: self,
            kind,
            trend: along.is_some(),
            inverse,
            rows,
            smooth,
        })
    }

    /// The mean response over points and groups.
    fn average_of(&self, inverse: &Inverse, points: &[Place]) -> Smooth {
        let n = points.len() as f64;
        let mut value = 0.0;
        let mut gradient = vec![0.0; self.fixef().len()];
        for point in points {
            let x = self.estimable(&point.row.x)?;
            let eta = self.linear_predictor(&x, point.row.offset);
            value += inverse.average(eta, point.between) / n;
            let slope = inverse.slope(eta, point.between) / n;
            for (sum, x) in gradient.iter_mut().zip(&x) {
                *sum += slope * x;
            }
        }
        value.is_finite().then_some((value, gradient))
    }

    /// The mean slope of the response over points.
    pub(crate) fn slope_of(&self, inverse: &Inverse, slopes: &[Row], places: &[Row]) -> Smooth {
        let n = slopes.len() as f64;
        let mut value = 0.0;
        let mut gradient = vec![0.0; self.fixef().len()];
        for (slope, place) in slopes.iter().zip(places) {
            let (s, x) = (self.estimable(&slope.x)?, self.estimable(&place.x)?);
            let eta = self.linear_predictor(&x, place.offset);
            let along = self.linear_predictor(&s, slope.offset);
            let (first, second) = (inverse.slope(eta, 0.0), inverse.bend(eta));
            value += first * along / n;
            for ((sum, s), x) in gradient.iter_mut().zip(&s).zip(&x) {
                *sum += (first * s + second * along * x) / n;
            }
        }
        value.is_finite().then_some((value, gradient))
    }

    fn linear_predictor(&self, x: &[f64], offset: f64) -> f64 {
        offset + x.iter().zip(self.fixef()).map(|(x, b)| x * b).sum::<f64>()
    }

    /// A function of the coefficients with its standard error by the delta method.
    pub(crate) fn delta(&self, value: f64, gradient: &[f64]) -> Linear {
        Linear {
            estimate: value,
            std_error: quadratic(gradient, self.vcov()).max(0.0).sqrt(),
            df: None,
        }
    }

    /// What the numbers are, in a sentence.
    pub(super) fn note_of_scale(&self, means: &Means) -> Option<Note> {
        let scale = means.scale?;
        let link = self.family().link();
        let text = match (scale, means.averaged, &means.trend) {
            (ResponseScale::Link, ..) => {
                format!(
                    "all numbers are on the scale of the {link} link (`--scale response` for the \
                         response)"
                )
            }
            (_, true, _) => {
                "responses averaged over the random effects of all groups that might be \
                             drawn, and over the points of the grid"
                    .to_owned()
            }
            (_, false, Some(trend)) => format!(
                "change of the expected response for one unit more of `{trend}`, in an average group \
                 (random effects at zero)"
            ),
            (_, false, None) => {
                let what = match self.success() {
                    Some(success) if self.family().name() == "binomial" => {
                        format!("probabilities of {success}")
                    }
                    _ => "expected responses".to_owned(),
                };
                let tests = match (&means.ratio, means.contrasts.is_empty()) {
                    (_, true) => "",
                    (Some(_), _) => "; ratios are tested on the scale of the link",
                    (None, _) => "; differences are on the scale of the link",
                };
                format!(
                    "{what} in an average group (random effects at zero; `--re average` for the mean \
                     over all groups){tests}"
                )
            }
        };
        Some(Note::new("scale_of_means", text))
    }
}

impl Answers<'_> {
    /// The scale of the means, if there is a choice.
    pub fn scale(&self) -> Option<ResponseScale> {
        match self.kind {
            Kind::Linear => None,
            Kind::Link => Some(ResponseScale::Link),
            Kind::Response | Kind::Averaged => Some(ResponseScale::Response),
        }
    }

    /// What contrasts are ratios of.
    pub fn ratio(&self) -> Option<RatioKind> {
        match self.kind {
            Kind::Response if !self.trend => RatioKind::of(self.fit),
            _ => None,
        }
    }

    /// The mean of a cell; `None` where the data cannot give it.
    pub fn mean(&self, cell: usize, level: f64) -> Option<Estimate> {
        match self.kind {
            Kind::Linear | Kind::Link => self.fit.estimate(&self.rows[cell], level),
            Kind::Response if !self.trend => {
                let link = self.fit.estimate(&self.rows[cell], level)?;
                let (lower, upper) = self.inverse.ends(link.lower, link.upper, 0.0);
                Some(Estimate {
                    estimate: self.inverse.mean(link.estimate),
                    std_error: self.inverse.slope(link.estimate, 0.0).abs() * link.std_error,
                    lower,
                    upper,
                    ..link
                })
            }
            Kind::Response => {
                let (value, gradient) = self.smooth[cell].as_ref()?;
                let linear = self.fit.delta(*value, gradient);
                Some(Estimate::of(&linear, 0.0, level))
            }
            Kind::Averaged => {
                let (value, gradient) = self.smooth[cell].as_ref()?;
                let linear = self.fit.delta(*value, gradient);
                let plain = Estimate::of(&linear, 0.0, level);
                // Normal on the scale of the link, if the mean is the inverse link of something.
                let eta = self.fit.family().link().of(*value);
                if !(eta.is_finite() && (self.inverse.mean(eta) - value).abs() < 1e-8 * value.abs())
                {
                    return Some(plain);
                }
                let half = 0.5 * (plain.upper - plain.lower) / self.inverse.slope(eta, 0.0).abs();
                let (lower, upper) = self.inverse.ends(eta - half, eta + half, 0.0);
                Some(Estimate {
                    lower,
                    upper,
                    ..plain
                })
            }
        }
    }

    /// One cell less the other, or their ratio.
    pub fn difference(&self, i: usize, j: usize, level: f64) -> Option<Estimate> {
        if let (Some(a), Some(b)) = (self.smooth.get(i), self.smooth.get(j)) {
            let ((a, left), (b, right)) = (a.as_ref()?, b.as_ref()?);
            let gradient: Vec<f64> = left.iter().zip(right).map(|(a, b)| a - b).collect();
            return Some(Estimate::of(&self.fit.delta(a - b, &gradient), 0.0, level));
        }
        let (a, b) = (&self.rows[i], &self.rows[j]);
        let row = Row {
            x: a.x.iter().zip(&b.x).map(|(a, b)| a - b).collect(),
            offset: a.offset - b.offset,
        };
        let link = self.fit.estimate(&row, level)?;
        if self.ratio().is_none() {
            return Some(link);
        }
        let ratio = link.estimate.exp();
        Some(Estimate {
            estimate: ratio,
            std_error: ratio * link.std_error,
            lower: link.lower.exp(),
            upper: link.upper.exp(),
            ..link
        })
    }
}
