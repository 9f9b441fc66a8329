//! Profile likelihood intervals in the user's names; the engine finds them.

use ranef_engine::distributions::Normal;
use ranef_engine::glmm;
use ranef_engine::lmm::{self, End, Parameter, ProfileOptions};

use super::parameters::Named;
use super::{Open, ParameterInterval};
use crate::{Error, Fit};

/// The profiles of those parameters that the data can give, at |ζ| for this level, with further
/// points for plots.
fn profiles(
    fit: &Fit,
    named: &[Named],
    level: f64,
    points: usize,
) -> Result<Vec<lmm::Profile>, Error> {
    let parameters: Vec<Parameter> = named.iter().filter_map(|p| p.parameter).collect();
    let options = ProfileOptions {
        z: Normal::STANDARD.quantile(0.5 + 0.5 * level),
        points,
        start: Some(fit.theta().to_vec()),
        interrupt: fit.options().interrupt.clone(),
    };
    if !fit.family().is_gaussian() {
        return fit.ask_generalised(|engine| glmm::profile(engine, &parameters, &options));
    }
    let found =
        lmm::profile(fit.statistics()?, &parameters, &options).map_err(|e| Error::fit(&e))?;
    Ok(found.profiles)
}

pub(super) fn of(fit: &Fit, named: &[Named], level: f64) -> Result<Vec<ParameterInterval>, Error> {
    let mut found = profiles(fit, named, level, 0)?.into_iter();
    Ok(named
        .iter()
        .map(|parameter| {
            let mut interval = parameter.interval();
            match parameter.parameter.and_then(|_| found.next()) {
                Some(profile) => describe(fit, &profile, &mut interval),
                None => interval.reason = Some("the data cannot give this coefficient".to_owned()),
            }
            interval
        })
        .collect())
}

/// The profile of one parameter as a curve.
pub(super) fn curves(
    fit: &Fit,
    named: &[Named],
    level: f64,
    points: usize,
) -> Result<Vec<(Named, lmm::Profile)>, Error> {
    let given: Vec<Named> = named
        .iter()
        .filter(|p| p.parameter.is_some())
        .cloned()
        .collect();
    let found = profiles(fit, &given, level, points)?;
    Ok(given.into_iter().zip(found).collect())
}

/// Why there is no interval where columns are collinear.
pub(super) const COLLINEAR: &str =
    "it may be any number: the columns of this term are collinear (see the note of the fit)";

/// Ends, and why there is none where there is none.
fn describe(fit: &Fit, profile: &lmm::Profile, interval: &mut ParameterInterval) {
    (interval.lower, interval.upper) = (profile.lower.value(), profile.upper.value());
    if let Parameter::Nuisance(k) = profile.parameter {
        // From the scale without bounds to that of a reader; all scales increase.
        let parameters = fit.family().parameters(fit.recipe());
        let carried = |x: f64| parameters.get(k).map(|p| p.scale.of(x));
        // Where the likelihood never falls far enough, the end of the range: no zeros of their own.
        let end = |end: &End, edge: f64| match end {
            End::Unbounded => carried(edge).filter(|x| x.is_finite()),
            _ => None,
        };
        interval.lower =
            (interval.lower.and_then(carried)).or_else(|| end(&profile.lower, f64::NEG_INFINITY));
        interval.upper =
            (interval.upper.and_then(carried)).or_else(|| end(&profile.upper, f64::INFINITY));
    }
    let closed = |end: &End| matches!(end, End::At(_));
    interval.open = match (closed(&profile.lower), closed(&profile.upper)) {
        (true, true) => None,
        (false, true) => Some(Open::Lower),
        (true, false) => Some(Open::Upper),
        (false, false) => Some(Open::Both),
    };
    let ends = [&profile.lower, &profile.upper];
    let blurred = match profile.parameter {
        Parameter::StandardDeviation { term, effect } => fit.is_blurred(term, &[effect]),
        Parameter::Correlation { term, effects } => fit.is_blurred(term, &effects),
        Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => false,
    };
    interval.reason = if blurred {
        if let Parameter::Correlation { .. } = profile.parameter {
            (interval.lower, interval.upper) = (None, None);
        }
        Some(COLLINEAR.to_owned())
    } else if ends.contains(&&End::NotIdentified) {
        Some(not_identified(fit, profile.parameter))
    } else if ends.contains(&&End::NotFound) {
        Some("the profile could not be followed to its end".to_owned())
    } else if let (Parameter::Nuisance(_), Some(Open::Lower), Some(lower)) =
        (profile.parameter, interval.open, interval.lower)
    {
        Some(format!("{lower}, the end of its range, cannot be excluded"))
    } else if ends.contains(&&End::Unbounded) {
        Some("the likelihood never falls far enough to exclude a value on this side".to_owned())
    } else {
        match (profile.parameter, interval.open) {
            (_, None) if !profile.monotone => Some(
                "the profile has more than one valley: this is the smallest interval that holds \
                 the one of the estimate"
                    .to_owned(),
            ),
            (_, None) => None,
            (Parameter::Correlation { .. }, Some(Open::Both)) => {
                // All of −1 to 1 is not an interval but the lack of one.
                (interval.lower, interval.upper) = (None, None);
                Some("the data exclude no value from -1 to 1".to_owned())
            }
            (Parameter::Correlation { .. }, Some(Open::Lower)) => {
                Some("-1 cannot be excluded".to_owned())
            }
            (Parameter::Correlation { .. }, Some(Open::Upper)) => {
                Some("1 cannot be excluded".to_owned())
            }
            (_, Some(_)) => Some("zero cannot be excluded".to_owned()),
        }
    };
}

fn not_identified(fit: &Fit, parameter: Parameter) -> String {
    let uninformed = |term: usize| fit.certificate().uninformed.contains(&term);
    match parameter {
        Parameter::Correlation { term, .. } if !uninformed(term) => {
            "beside a standard deviation of zero there is no correlation".to_owned()
        }
        _ => "the data hold no information on it".to_owned(),
    }
}
