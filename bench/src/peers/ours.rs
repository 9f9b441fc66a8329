//! ranef, through its library as a Rust program calls it.

use std::path::Path;

use ranef::Lmer;
use ranef_frame::{MemorySource, ReadOptions, Table, open};

use super::PATIENCE;
use crate::case::Case;
use crate::data::{Data, Values};
use crate::measure::repeat;
use crate::record::Record;

/// Fits the case. `all` asks at once for what a fit otherwise computes when asked: Satterthwaite's
/// degrees of freedom, conditional modes and their covariances.
pub fn run(case: &Case, data: Data, peer: &str, all: bool) -> Record {
    let source = match source(data) {
        Ok(source) => source,
        Err(error) => return Record::failed(case.name, peer, format!("{error:?}")),
    };
    let model = Lmer::new(case.formula).reml(case.reml);
    let (fit, cost) = repeat(PATIENCE, || {
        let fit = model.fit(&source)?;
        if all {
            fit.coefficients();
            fit.random_effects();
        }
        Ok::<_, ranef::Error>(fit)
    });
    match fit {
        Err(error) => Record::failed(case.name, peer, format!("{error:?}")),
        Ok(fit) => Record {
            case: case.name.into(),
            peer: peer.into(),
            version: VERSION.into(),
            criterion: Some(fit.criterion()),
            evaluations: Some(fit.evaluations()),
            converged: Some(fit.certificate().converged),
            note: fit.singular().then(|| "singular".into()),
            ..Record::default()
        }
        .with_cost(&cost),
    }
}

/// Reads and types a CSV.
pub fn read_csv(case: &str, file: &Path, threads: usize) -> Record {
    let options = ReadOptions {
        threads,
        ..ReadOptions::default()
    };
    let (table, cost) = repeat(PATIENCE, || open(&file.to_string_lossy(), &options));
    match table {
        Err(error) => Record::failed(case, "ranef", format!("{error:?}")),
        Ok(table) => {
            assert_eq!(
                (table.rows(), table.columns().len()),
                (Some(1_000_000), 8),
                "the whole table"
            );
            let record = Record {
                case: case.into(),
                peer: "ranef".into(),
                version: VERSION.into(),
                ..Record::default()
            };
            record.with_cost(&cost)
        }
    }
}

/// The version of the crates in this workspace, which share it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn source(data: Data) -> Result<MemorySource, ranef_frame::FrameError> {
    let columns = data.columns.into_iter();
    let table = columns.fold(Table::new(), |table, (name, values)| match values {
        Values::Number(v) => table.number(&name, v),
        Values::Factor(n, codes) => {
            let levels: Vec<String> = (1..=n).map(|level| level.to_string()).collect();
            table.factor(&name, &levels, codes.into_iter().map(|c| c as usize))
        }
    });
    table.source()
}
