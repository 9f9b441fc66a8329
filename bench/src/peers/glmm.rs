//! The crate glmm, through its formulas.

use glmm::formula::{Column, Table, fit};
use glmm::{BinomialLink, Family, FitOptions, PoissonLink};

use super::PATIENCE;
use crate::case::Case;
use crate::data::{Data, Values};
use crate::measure::repeat;
use crate::record::Record;

/// Fits the case. Conditional modes and fitted values always come with the fit; Satterthwaite's
/// degrees of freedom and the covariances of the modes only with `all`, as in ranef.
pub fn run(case: &Case, data: Data, peer: &str, all: bool) -> Record {
    let n = data.rows();
    let columns = data.columns.into_iter().map(|(name, values)| {
        let column = match values {
            Values::Number(v) => Column::Numeric(v),
            Values::Factor(n, codes) => Column::Factor {
                levels: (1..=n).map(|level| level.to_string()).collect(),
                codes,
            },
        };
        (name, column)
    });
    let table = Table {
        columns: columns.collect(),
        n,
    };
    let formula = case.glmm.unwrap_or(case.formula);
    let mut options = FitOptions::default();
    options.reml = Some(case.reml);
    options.satterthwaite = all;
    options.condvar = all;
    let (model, cost) = repeat(PATIENCE, || fit(formula, &table, family(case), &options));
    match model {
        Err(error) => Record::failed(case.name, peer, format!("{error:?}")),
        Ok(model) => Record {
            case: case.name.into(),
            peer: peer.into(),
            version: "0.8.0".into(),
            criterion: Some(-2.0 * model.fit().loglik()),
            evaluations: Some(model.fit().n_eval()),
            converged: Some(model.fit().converged()),
            ..Record::default()
        }
        .with_cost(&cost),
    }
}

fn family(case: &Case) -> Family {
    match case.family {
        "binomial" => Family::Binomial {
            link: BinomialLink::Logit,
        },
        "poisson" => Family::Poisson {
            link: PoissonLink::Log,
        },
        _ => Family::Gaussian,
    }
}
