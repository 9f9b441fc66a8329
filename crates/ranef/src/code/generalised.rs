//! Generalised models in other languages: what differs from the code of linear ones.

use ranef_design::ResponseKind;
use ranef_engine::glmm::family::{Counts, Family as Distribution, Link};
use ranef_formula::{Expr, ExprKind};

use super::columns::Maker;
use crate::{Curvature, Fit};

/// A family in R.
pub(super) struct RFamily {
    /// `lme4`, or the package that fits what glmer does not.
    pub package: &'static str,
    /// The arguments that name the family, such as `family = binomial(link = "logit")`.
    pub arguments: Vec<String>,
}

impl RFamily {
    /// The function that fits, with or without random effects.
    pub fn function(&self, mixed: bool) -> &'static str {
        match (self.package, mixed) {
            ("glmmTMB", _) => "glmmTMB",
            ("ordinal", true) => "clmm",
            ("ordinal", false) => "clm",
            (_, true) => "glmer",
            (_, false) => "glm",
        }
    }
}

/// The family in R; `None` for linear models.
pub(super) fn r(fit: &Fit) -> Option<RFamily> {
    let family = fit.family();
    if family.is_gaussian() {
        return None;
    }
    let link = family.link();
    let of = |package: &'static str, name: &str| RFamily {
        package,
        arguments: vec![format!("family = {name}(link = \"{link}\")")],
    };
    let counts = |counts: Counts, before: &str| match (counts, before) {
        (Counts::Poisson, "") => of("lme4", "poisson"),
        (counts, before) => of("glmmTMB", &format!("{before}{}", counts.name())),
    };
    let zeros = |mut family: RFamily| {
        family.package = "glmmTMB";
        family.arguments.push("ziformula = ~ 1".to_owned());
        family
    };
    Some(match family.distribution() {
        Distribution::Binomial => of("lme4", "binomial"),
        Distribution::Gaussian => of("lme4", "gaussian"),
        Distribution::Gamma => of("lme4", "Gamma"),
        Distribution::InverseGaussian => of("lme4", "inverse.gaussian"),
        Distribution::Beta => of("glmmTMB", "beta_family"),
        Distribution::Student => of("glmmTMB", "t_family"),
        Distribution::Counts(c) => counts(c, ""),
        Distribution::Truncated(c) => counts(c, "truncated_"),
        Distribution::ZeroInflated(c) => zeros(counts(c, "")),
        Distribution::Hurdle(c) => zeros(counts(c, "truncated_")),
        Distribution::Ordinal => RFamily {
            package: "ordinal",
            arguments: vec![format!("link = \"{link}\"")],
        },
    })
}

/// What of the fit other programs do not do the same way: how the likelihood is approximated and
/// penalised. `expects`: whether the program has the expected curvature of binomial and Poisson
/// responses, as lme4 has; others take the observed one.
pub(super) fn gaps(fit: &Fit, program: &str, expects: bool) -> Vec<String> {
    let options = fit.options();
    let mut out = Vec::new();
    if options.prior.is_some() {
        out.push("the penalty on the fixed effects".to_owned());
    }
    // Canonical links have one curvature, and quadrature has none that matters.
    let differs = matches!(fit.family().name(), "binomial" | "poisson")
        && !matches!(
            fit.family().to_string().as_str(),
            "binomial:logit" | "poisson:log"
        );
    if differs && options.agq == 1 && !fit.theta().is_empty() {
        match (options.curvature, expects) {
            (Curvature::Observed, true) => out.push(format!(
                "the observed curvature in Laplace's approximation: {program} takes the expected one"
            )),
            (Curvature::Customary, false) => out.push(format!(
                "the expected curvature in Laplace's approximation: {program} takes the observed one \
                 (`--curvature observed`)"
            )),
            _ => {}
        }
    }
    out
}

/// The response in Stata and SAS.
pub(super) struct Counted {
    /// The column of the response, or of the successes.
    pub response: String,
    /// The column of the trials.
    pub trials: Option<String>,
    /// The columns that are added to the linear predictor.
    pub offsets: Vec<String>,
}

/// The response of a generalised model as columns.
pub(super) fn response(fit: &Fit, maker: &mut Maker<'_>) -> Option<Counted> {
    let terms = fit.terms().clone();
    let mut offsets: Vec<String> = terms
        .offsets
        .iter()
        .filter_map(|expr| maker.column_of(expr))
        .collect();
    if let Some(offset) = &fit.options().design.offset {
        offsets.push(maker.name_of(offset));
    }
    let expr = terms.response.as_ref()?;
    let weights = fit.options().design.weights.as_ref();
    let binomial = fit.family().name() == "binomial";
    let counted = match (fit.recipe().response_kind(), weights) {
        (ResponseKind::Counts, _) => {
            let (successes, failures) = both(expr)?;
            let successes = maker.column_of(&successes)?;
            let failures = maker.column_of(&failures)?;
            let trials = maker.make("trials", &format!("{successes} + {failures}"));
            Counted {
                response: successes,
                trials: Some(trials),
                offsets,
            }
        }
        (ResponseKind::Levels { success, .. }, _) => {
            let column = maker.column_of(expr)?;
            let text = maker.text(success);
            Counted {
                response: maker.make("success", &equal(maker, &column, &text)),
                trials: None,
                offsets,
            }
        }
        (_, Some(weights)) if binomial => {
            let share = maker.column_of(expr)?;
            let trials = maker.name_of(weights);
            Counted {
                response: maker.make("successes", &format!("round({share} * {trials})")),
                trials: Some(trials),
                offsets,
            }
        }
        _ => Counted {
            response: maker.column_of(expr)?,
            trials: None,
            offsets,
        },
    };
    Some(counted)
}

fn equal(maker: &Maker<'_>, column: &str, text: &str) -> String {
    match maker.language {
        super::Language::Sas => format!("({column} = {text})"),
        _ => format!("({column} == {text})"),
    }
}

/// The two arguments of `cbind`.
fn both(expr: &Expr) -> Option<(Expr, Expr)> {
    match &expr.kind {
        ExprKind::Call { arguments, .. } => match &arguments[..] {
            [a, b] => Some((a.value.clone(), b.value.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A command of Stata with the options that say family and link, or why there is none.
pub(super) fn stata(fit: &Fit) -> Result<(&'static str, Vec<String>), String> {
    use Distribution::{Binomial, Gamma, Gaussian, Ordinal};
    let family = fit.family();
    let short: Option<(&str, &[&str])> = match (family.distribution(), family.link()) {
        (Binomial, Link::Logit) => Some(("melogit", &["or"])),
        (Binomial, Link::Probit) => Some(("meprobit", &[])),
        (Binomial, Link::Cloglog) => Some(("mecloglog", &[])),
        (Distribution::Counts(counts), Link::Log) => Some(match counts {
            Counts::Poisson => ("mepoisson", &["irr"]),
            Counts::NegativeBinomial2 => ("menbreg", &["dispersion(mean)", "irr"]),
            Counts::NegativeBinomial1 => ("menbreg", &["dispersion(constant)", "irr"]),
        }),
        (Ordinal, Link::Logit) => Some(("meologit", &["or"])),
        (Ordinal, Link::Probit) => Some(("meoprobit", &[])),
        (Gamma, Link::Log) => Some(("meglm", &["family(gamma)", "link(log)"])),
        (Gaussian, Link::Log) => Some(("meglm", &["family(gaussian)", "link(log)"])),
        _ => None,
    };
    match short {
        Some((command, options)) => {
            Ok((command, options.iter().map(|o| (*o).to_owned()).collect()))
        }
        None => Err(format!(
            "Stata's mixed models have no family {} with the link {}",
            family.name(),
            family.link()
        )),
    }
}

/// `dist=` and `link=` of `proc glimmix`, or why there are none.
pub(super) fn sas(fit: &Fit) -> Result<String, String> {
    let family = fit.family();
    let link = match family.link() {
        Link::Logit => "logit",
        Link::Probit => "probit",
        Link::Cloglog => "cloglog",
        Link::Log => "log",
        Link::Identity => "identity",
        Link::Inverse => "power(-1)",
        Link::Sqrt => "power(0.5)",
        Link::InverseSquare => "power(-2)",
        Link::Cauchit => return Err("proc glimmix has no link cauchit".to_owned()),
    };
    let (dist, link) = match family.distribution() {
        Distribution::Binomial => ("binomial", link),
        Distribution::Counts(Counts::Poisson) => ("poisson", link),
        Distribution::Counts(Counts::NegativeBinomial2) => ("negbin", link),
        Distribution::Gamma => ("gamma", link),
        Distribution::InverseGaussian => ("invgauss", link),
        Distribution::Gaussian => ("gaussian", link),
        Distribution::Beta => ("beta", link),
        Distribution::Ordinal => (
            "multinomial",
            match link {
                "logit" => "cumlogit",
                "probit" => "cumprobit",
                _ => "cumcll",
            },
        ),
        _ => return Err(format!("proc glimmix has no family {}", family.name())),
    };
    Ok(format!("dist={dist} link={link}"))
}
