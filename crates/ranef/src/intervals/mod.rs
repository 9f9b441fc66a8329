//! Confidence intervals of all parameters: fixed effects, standard deviations, correlations.
//!
//! Two methods. **Profile** likelihood holds each parameter in turn, finds the best fit that the
//! others allow, and keeps the values whose deviance is at most z² above the least (Bates et al.
//! 2015, section 5.1): right where the estimate of a variance is skewed or near zero. It is of the
//! ML deviance whatever the fit is by, as in lme4. **Wald** intervals need nothing but the fit: t
//! for fixed effects, normal on a transformed scale for the others ([`wald`]).

mod curve;
mod parameters;
mod profile;
mod view;
mod wald;

use serde::Serialize;

pub(crate) use parameters::Named;

use crate::{BootstrapCount, BootstrapOptions, Error, Fit};

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// From standard errors.
    Wald,
    /// From the profile of the ML deviance.
    Profile,
    /// From replicates of the data: [`Fit::confint_bootstrap`].
    Bootstrap,
}

/// Confidence intervals of the parameters of a fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfidenceIntervals {
    /// How they were made.
    pub method: IntervalMethod,
    /// The probability that an interval holds its parameter, such as 0.95.
    pub level: f64,
    /// One a parameter: fixed effects, then each random-effects block, then the residual standard
    /// deviation, or the parameters of the family.
    pub rows: Vec<ParameterInterval>,
    /// What the method does, in sentences.
    pub notes: Vec<String>,
    /// The replicates behind intervals by bootstrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapCount>,
}

/// What kind of parameter, in broom.mixed's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A fixed effect.
    Fixed,
    /// A standard deviation or correlation.
    RanPars,
    /// A parameter of the family: a dispersion, the probability of a zero, a threshold.
    Family,
}

/// The sides on which a set of values has no end within the range of the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// Down to the edge of the range.
    Lower,
    /// Up to it.
    Upper,
    /// On both sides.
    Both,
}

/// The interval of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterInterval {
    /// What kind of parameter.
    pub effect: Effect,
    /// The grouping factor, `Residual`, or `None` for a fixed effect.
    pub group: Option<String>,
    /// Its name in broom.mixed's words: `sd__(Intercept)`, `cor__(Intercept).Days`,
    /// `sd__Observation`; of a fixed effect its own.
    pub parameter: String,
    /// The fit's own estimate, by REML if the fit is.
    pub estimate: Option<f64>,
    /// Lower end; where the set is open on this side, the edge of the range, or `None` if it has
    /// none.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Degrees of freedom of a t interval.
    pub df: Option<f64>,
    /// Sides without an end.
    pub open: Option<Open>,
    /// Why an end is missing or at an edge, in words.
    pub reason: Option<String>,
}

/// The profile of one parameter: ζ is the signed root of how far the deviance rises.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileCurve {
    /// The grouping factor, `Residual`, or `None` for a fixed effect.
    pub group: Option<String>,
    /// Its name, as in [`ParameterInterval`].
    pub parameter: String,
    /// The ML estimate, where ζ is zero.
    pub estimate: Option<f64>,
    /// (value, ζ), in increasing order.
    pub points: Vec<(f64, f64)>,
}

impl Fit {
    /// Intervals of all parameters that hold them with probability `level`.
    ///
    /// # Errors
    /// `needs_rows` for profiles of a loaded fit, which [`Fit::with_rows`] mends.
    pub fn confint(
        &self,
        method: IntervalMethod,
        level: f64,
    ) -> Result<ConfidenceIntervals, Error> {
        self.confint_of(&[], method, level)
    }

    /// The same for some parameters: names as in [`ParameterInterval`], a term of the fixed effects
    /// for all of its columns, `GROUP.NAME` where several groups have the name, `beta_` for all fixed effects,
    /// `theta_` for all standard deviations and correlations, `family_` for the parameters of the family.
    ///
    /// # Errors
    /// `unknown_parameter`, `bad_level`; `needs_rows` as above.
    pub fn confint_of(
        &self,
        names: &[String],
        method: IntervalMethod,
        level: f64,
    ) -> Result<ConfidenceIntervals, Error> {
        check(level)?;
        let named = parameters::select(parameters::of_fit(self), names)?;
        let rows = match method {
            IntervalMethod::Wald => wald::of(self, &named, level),
            IntervalMethod::Profile => profile::of(self, &named, level)?,
            IntervalMethod::Bootstrap => {
                let options = BootstrapOptions {
                    level,
                    ..BootstrapOptions::default()
                };
                return self.confint_bootstrap(names, None, &options, &mut |_, _| {});
            }
        };
        Ok(ConfidenceIntervals {
            method,
            level,
            notes: self.notes_on(method, &rows),
            rows,
            bootstrap: None,
        })
    }

    /// The profiles themselves, for plots: `points` on each side beside those that the search for
    /// the ends of an interval of this level leaves.
    ///
    /// # Errors
    /// As [`Fit::confint_of`].
    pub fn profile_curves(
        &self,
        names: &[String],
        level: f64,
        points: usize,
    ) -> Result<Vec<ProfileCurve>, Error> {
        check(level)?;
        let named = parameters::select(parameters::of_fit(self), names)?;
        let curves = profile::curves(self, &named, level, points)?;
        Ok(curves
            .into_iter()
            .map(|(named, profile)| ProfileCurve {
                group: named.group,
                parameter: named.name,
                estimate: profile.estimate,
                points: profile.points.iter().map(|p| (p.value, p.zeta)).collect(),
            })
            .collect())
    }

    fn notes_on(&self, method: IntervalMethod, rows: &[ParameterInterval]) -> Vec<String> {
        let mut notes = Vec::new();
        match method {
            IntervalMethod::Profile if self.reml() => notes.push(
                "Profiles are of the ML deviance, as in lme4: the model was refitted by maximum \
                 likelihood for them. The estimates are those of REML."
                    .to_owned(),
            ),
            IntervalMethod::Profile if !self.family().is_gaussian() => notes.push(
                "Profiles of Laplace's approximation to the likelihood, on the scale of the link."
                    .to_owned(),
            ),
            IntervalMethod::Profile | IntervalMethod::Bootstrap => {}
            IntervalMethod::Wald => {
                let any = |effect: Effect| rows.iter().any(|r| r.effect == effect);
                if any(Effect::Fixed) {
                    let how = if rows.iter().any(|r| r.df.is_some()) {
                        "t with the degrees of freedom of the fit"
                    } else {
                        "normal"
                    };
                    notes.push(format!("Fixed effects: {how}."));
                }
                if any(Effect::Family) {
                    notes.push(
                        "Parameters of the family: normal on their scale without bounds \
                         (dispersions: the logarithm; probabilities: the logit; thresholds: their \
                         own), transformed back."
                            .to_owned(),
                    );
                }
                if any(Effect::RanPars) {
                    notes.push(
                        "Standard deviations are normal on the logarithmic scale, correlations on \
                         that of Fisher's z, with standard errors from the observed information; \
                         with few groups or near zero prefer `profile`."
                            .to_owned(),
                    );
                }
            }
        }
        notes
    }
}

/// The parameters of a fit that names stand for; all where there is none.
pub(crate) fn named(fit: &Fit, names: &[String]) -> Result<Vec<Named>, Error> {
    parameters::select(parameters::of_fit(fit), names)
}

pub(crate) fn check(level: f64) -> Result<(), Error> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(
        Error::new("bad_level", format!("{level} is no confidence level"))
            .with_hint("give a number between 0 and 1, such as 0.95"),
    )
}
