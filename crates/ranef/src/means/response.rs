//! Means of generalised models: on the scale of the link, of the response of an average group, or
//! averaged over groups. Of ordered categories there is the mean category, and the probability of
//! each.
//!
//! On the scale of the link a mean is l'β as ever. Of an average group (random effects at zero) the
//! response is h(l'β): ends are transformed, the standard error is |h'|·se by the delta method, and
//! tests stay those of the link, where differences of logarithms are logarithms of ratios. Averaged
//! over groups and over the points i of the grid, a mean is m = Σ w_i E\[h(x_i'β + z_i'b)\], with
//! gradient Σ w_i E\[h'\]x_i in β; its interval is normal on the scale of the link where h is the
//! link's inverse. The variances count as known. Where the response depends on parameters of the
//! family too (thresholds, the probability of a zero), gradients go on in these, see
//! [`crate::generalised::smooth`].
//!
//! A slope on the scale of the response is Σ w_i h'(x_i'β)·s_i'β over the points, with gradient
//! Σ w_i (h''·s_i'β·x_i + h'·s_i).

use super::{Estimate, Grid, Means, MeansOptions, Place, Row};
use crate::generalised::inverse::Inverse;
use crate::generalised::smooth::Smooth;
use crate::linear::quantile;
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

/// The cells of a grid, ready to be asked for means and differences.
pub(crate) struct Answers<'a> {
    fit: &'a Fit,
    kind: Kind,
    trend: bool,
    inverse: Inverse,
    rows: &'a [Row],
    /// Averages, slopes of the response, and means that depend on parameters of the family; `None`
    /// where the data cannot give one.
    smooth: Vec<Option<Smooth>>,
    /// The same for the probability of each category of an ordinal response.
    categories: Vec<Vec<Option<Smooth>>>,
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
        let meant: Vec<Inverse> = match kind {
            Kind::Response | Kind::Averaged => (0..crate::family::categories(self.recipe()).len())
                .map(|category| inverse.category(category))
                .collect(),
            Kind::Linear | Kind::Link => Vec::new(),
        };
        // One function after another of the same cells.
        let each = |of: &dyn Fn(&Inverse) -> Vec<Option<Smooth>>| {
            (of(&inverse), meant.iter().map(of).collect::<Vec<_>>())
        };
        let (smooth, categories) = match (kind, along) {
            (Kind::Averaged, _) => {
                let points = grid.points(by, true)?;
                each(&|h| points.iter().map(|p| self.average_of(h, p)).collect())
            }
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
                each(&|h| {
                    let cells = slopes.chunks(inner).zip(places.chunks(inner));
                    cells
                        .map(|(slopes, places)| self.slope_of(h, slopes, places))
                        .collect()
                })
            }
            (Kind::Response, None) if inverse.moves() => each(&|h| {
                let one = |row: &Row| {
                    let x = self.estimable(&row.x)?;
                    let eta = self.eta_at(&x, row.offset);
                    Some(self.smooth_response(h, &x, eta, 0.0))
                };
                rows.iter().map(one).collect()
            }),
            _ => (Vec::new(), Vec::new()),
        };
        Ok(Answers {
            fit: self,
            kind,
            trend: along.is_some(),
            inverse,
            rows,
            smooth,
            categories,
        })
    }

    /// The mean response over points and groups.
    fn average_of(&self, inverse: &Inverse, points: &[Place]) -> Option<Smooth> {
        let weight = 1.0 / points.len() as f64;
        let mut out = Smooth::zero(self, inverse);
        for point in points {
            let x = self.estimable(&point.row.x)?;
            let eta = self.eta_at(&x, point.row.offset);
            out.add(
                &self.smooth_response(inverse, &x, eta, point.between),
                weight,
            );
        }
        out.value.is_finite().then_some(out)
    }

    /// The mean slope of the response over points.
    pub(crate) fn slope_of(
        &self,
        inverse: &Inverse,
        slopes: &[Row],
        places: &[Row],
    ) -> Option<Smooth> {
        let weight = 1.0 / slopes.len() as f64;
        let mut out = Smooth::zero(self, inverse);
        for (slope, place) in slopes.iter().zip(places) {
            let (s, x) = (self.estimable(&slope.x)?, self.estimable(&place.x)?);
            let eta = self.eta_at(&x, place.offset);
            let along = self.eta_at(&s, slope.offset);
            let (first, second) = (inverse.slope(eta, 0.0), inverse.bend(eta));
            let own = Smooth {
                value: first * along,
                fixed: (s.iter().zip(&x))
                    .map(|(s, x)| first * s + second * along * x)
                    .collect(),
                nuisance: (inverse.nuisance_bend(eta).iter())
                    .map(|mixed| mixed * along)
                    .collect(),
            };
            out.add(&own, weight);
        }
        out.value.is_finite().then_some(out)
    }

    fn eta_at(&self, x: &[f64], offset: f64) -> f64 {
        offset + x.iter().zip(self.fixef()).map(|(x, b)| x * b).sum::<f64>()
    }

    /// What the numbers are, in a sentence.
    pub(super) fn note_of_scale(&self, means: &Means) -> Option<Note> {
        let scale = means.scale?;
        let link = self.family().link();
        let identity = link == ranef_engine::glmm::family::Link::Identity;
        let text = match (scale, means.averaged, &means.trend) {
            (ResponseScale::Link, ..) if identity && means.trend.is_none() => {
                "expected responses in an average group (random effects at zero), since the link is the \
                 identity"
                    .to_owned()
            }
            (ResponseScale::Link, ..) if identity => {
                "changes of the expected response, since the link is the identity".to_owned()
            }
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
                    _ if !means.categories.is_empty() => {
                        "probabilities of the categories, and the mean category counted from 0,"
                            .to_owned()
                    }
                    _ => "expected responses".to_owned(),
                };
                let tests = match (&means.ratio, means.contrasts.is_empty()) {
                    (_, true) => "",
                    (Some(_), _) => "; ratios are tested on the scale of the link",
                    (None, _) if identity => "",
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
            Kind::Response | Kind::Averaged if !self.trend && self.inverse.moves() => {
                Some(self.within_range(&self.inverse, self.smooth[cell].as_ref()?, level))
            }
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
                let linear = self.fit.delta(self.smooth[cell].as_ref()?);
                Some(Estimate::of(&linear, 0.0, level))
            }
            Kind::Averaged => {
                let smooth = self.smooth[cell].as_ref()?;
                let value = smooth.value;
                let plain = Estimate::of(&self.fit.delta(smooth), 0.0, level);
                // Normal on the scale of the link, if the mean is the inverse link of something.
                let eta = self.fit.family().link().of(value);
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

    /// A response that depends on parameters of the family, with an interval within its range. Zero
    /// is no value to test it against.
    fn within_range(&self, inverse: &Inverse, smooth: &Smooth, level: f64) -> Estimate {
        let linear = self.fit.delta(smooth);
        let times = quantile(level, None);
        let (lower, upper) = inverse.interval(linear.estimate, linear.std_error, times);
        Estimate {
            estimate: linear.estimate,
            std_error: linear.std_error,
            df: None,
            lower,
            upper,
            statistic: None,
            p_value: None,
        }
    }

    /// The categories of an ordinal response, where there are probabilities of them.
    pub fn categories(&self) -> Vec<String> {
        match self.categories.is_empty() {
            true => Vec::new(),
            false => crate::family::categories(self.fit.recipe()).to_vec(),
        }
    }

    /// The probability of each category in a cell, or its slope; none of other responses.
    pub fn probabilities(&self, cell: usize, level: f64) -> Vec<Option<Estimate>> {
        let one = |(category, cells): (usize, &Vec<Option<Smooth>>)| {
            let smooth = cells[cell].as_ref()?;
            Some(if self.trend {
                Estimate::of(&self.fit.delta(smooth), 0.0, level)
            } else {
                self.within_range(&self.inverse.category(category), smooth, level)
            })
        };
        self.categories.iter().enumerate().map(one).collect()
    }

    /// One cell less the other, or their ratio.
    pub fn difference(&self, i: usize, j: usize, level: f64) -> Option<Estimate> {
        let differs = self.trend || self.kind == Kind::Averaged;
        if let (true, Some(a), Some(b)) = (differs, self.smooth.get(i), self.smooth.get(j)) {
            let difference = a.as_ref()?.minus(b.as_ref()?);
            return Some(Estimate::of(&self.fit.delta(&difference), 0.0, level));
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
