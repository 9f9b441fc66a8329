//! Generalised models in other languages: what differs from the code of linear ones.

use ranef_design::ResponseKind;
use ranef_engine::glmm::family::Link;
use ranef_formula::{Expr, ExprKind};

use super::columns::Maker;
use crate::Fit;

/// A family in R.
pub(super) struct RFamily {
    /// `lme4`, or `glmmTMB` for what glmer does not fit.
    pub package: &'static str,
    /// `binomial(link = "logit")`.
    pub family: String,
}

/// The family in R; `None` for linear models.
pub(super) fn r(fit: &Fit) -> Option<RFamily> {
    let family = fit.family();
    if family.is_gaussian() {
        return None;
    }
    let name = family.name();
    let known = [
        "binomial",
        "poisson",
        "Gamma",
        "inverse.gaussian",
        "gaussian",
    ];
    let package = if known.contains(&name) {
        "lme4"
    } else {
        "glmmTMB"
    };
    Some(RFamily {
        package,
        family: format!("{name}(link = \"{}\")", family.link()),
    })
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
    let family = fit.family();
    let (name, link) = (family.name(), family.link());
    let short = match (name, link) {
        ("binomial", Link::Logit) => Some(("melogit", vec!["or"])),
        ("binomial", Link::Probit) => Some(("meprobit", vec![])),
        ("binomial", Link::Cloglog) => Some(("mecloglog", vec![])),
        ("poisson", Link::Log) => Some(("mepoisson", vec!["irr"])),
        ("nbinom2", Link::Log) => Some(("menbreg", vec!["dispersion(mean)", "irr"])),
        ("nbinom1", Link::Log) => Some(("menbreg", vec!["dispersion(constant)", "irr"])),
        ("ordinal", Link::Logit) => Some(("meologit", vec!["or"])),
        ("ordinal", Link::Probit) => Some(("meoprobit", vec![])),
        ("Gamma" | "gamma", Link::Log) => Some(("meglm", vec!["family(gamma)", "link(log)"])),
        ("gaussian", Link::Log) => Some(("meglm", vec!["family(gaussian)", "link(log)"])),
        _ => None,
    };
    match short {
        Some((command, options)) => Ok((command, options.into_iter().map(str::to_owned).collect())),
        None => Err(format!(
            "Stata's mixed models have no family {name} with the link {link}"
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
    let (dist, link) = match family.name() {
        "binomial" => ("binomial", link),
        "poisson" => ("poisson", link),
        "nbinom2" => ("negbin", link),
        "Gamma" | "gamma" => ("gamma", link),
        "inverse.gaussian" => ("invgauss", link),
        "gaussian" => ("gaussian", link),
        "beta" => ("beta", link),
        "ordinal" => (
            "multinomial",
            match link {
                "logit" => "cumlogit",
                "probit" => "cumprobit",
                other => other,
            },
        ),
        other => return Err(format!("proc glimmix has no family {other}")),
    };
    Ok(format!("dist={dist} link={link}"))
}
