//! ranef, through its library as a Rust program calls it.

use std::path::Path;

use ranef::{
    Adjust, AnovaType, BootstrapOptions, CheckOptions, DeletionMethod, DfMethod, Error, Fit,
    IntervalMethod, MeansOptions, Model, SlopesOptions, Statistic, TidyOptions,
};
use ranef_frame::{MemorySource, ReadOptions, Table, open};

use super::PATIENCE;
use crate::case::Case;
use crate::data::{Data, Values};
use crate::measure::{repeat, repeat_after};
use crate::question::Question;
use crate::record::Record;

/// Fits the case. `all` asks at once for what a fit otherwise computes when asked: Satterthwaite's
/// degrees of freedom, conditional modes and their covariances.
pub fn run(case: &Case, data: Data, peer: &str, all: bool) -> Record {
    let source = match source(data) {
        Ok(source) => source,
        Err(error) => return Record::failed(case.name, peer, format!("{error:?}")),
    };
    let model = model(case);
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

/// Asks a question of a fit made for it; what a fit remembers once it was asked is never there.
pub fn ask(question: &Question, data: Data) -> Record {
    let (name, case) = (question.full_name(), question.model());
    let source = match source(data) {
        Ok(source) => source,
        Err(error) => return Record::failed(&name, "ranef", format!("{error:?}")),
    };
    let model = model(case);
    let (answer, cost) = repeat_after(
        PATIENCE,
        || model.fit(&source),
        |fit| answer(question, &fit?, &source),
    );
    match answer {
        Err(error) => Record::failed(&name, "ranef", format!("{error:?}")),
        Ok(()) => Record {
            case: name,
            peer: "ranef".into(),
            version: VERSION.into(),
            ..Record::default()
        }
        .with_cost(&cost),
    }
}

fn answer(question: &Question, fit: &Fit, source: &MemorySource) -> Result<(), Error> {
    const LEVEL: f64 = 0.95;
    match question.name {
        "satterthwaite" => drop(fit.coefficients()),
        "kenward-roger" => {
            let found = fit.kenward_roger()?;
            let p = fit.fixef().len();
            let unit = |j: usize| (0..p).map(|i| f64::from(u8::from(i == j))).collect();
            let contrasts: Vec<Vec<f64>> = (0..p).map(unit).collect();
            contrasts.iter().for_each(|c| {
                found.df(c);
            });
        }
        "anova" => drop(fit.anova(AnovaType::III, DfMethod::Satterthwaite)?),
        "profile" => drop(fit.confint(IntervalMethod::Profile, LEVEL)?),
        "wald" => drop(fit.confint(IntervalMethod::Wald, LEVEL)?),
        "modes" => drop(fit.effects(LEVEL)),
        "r2" => drop((fit.r_squared(LEVEL), fit.icc(LEVEL, None))),
        "icc" => drop(fit.icc(LEVEL, None)),
        "means" => {
            let options = MeansOptions::by([question.about]);
            // A number is held at two values, as R is told to.
            drop(fit.means(&match question.about {
                "recipe" => options,
                number => options.at(number, ["0", "1"]),
            })?);
        }
        "slopes" => drop(fit.slopes(&SlopesOptions::new(question.about, "x2"))?),
        "tests" => {
            let hypotheses = fit.hypotheses("x2 - x3 = 0")?;
            drop(fit.test(&hypotheses, DfMethod::Satterthwaite, Adjust::None)?);
        }
        "drop" => drop(fit.deletions(source)?),
        "equations" => drop(fit.equations(&fit.predictor_levels(source)?, true)),
        "check" => drop(fit.check(source, &CheckOptions::default(), &mut |_| {})?),
        "glance" => drop(fit.glance()),
        "tidy" => drop(fit.tidy(&TidyOptions::default())?),
        "joint" => drop(fit.joint()?),
        "augment" => drop(fit.augment(source)?),
        "influence-rows" => drop(fit.row_influence(source)?),
        "bootstrap" => {
            let options = BootstrapOptions {
                replicates: question.about.parse().expect("a number of replicates"),
                ..BootstrapOptions::default()
            };
            let all = [Statistic::Parameters(Vec::new())];
            drop(fit.bootstrap(None, &all, &options, &mut |_, _| {})?);
        }
        "pool" => drop(fit.pooling(Some(question.about), LEVEL)?),
        "influence" => drop(fit.group_influence(
            source,
            Some(question.about),
            DeletionMethod::Exact,
            &mut |_, _| {},
        )?),
        unknown => unreachable!("no question `{unknown}`"),
    }
    Ok(())
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

fn model(case: &Case) -> Model {
    let family = case.family.parse().expect("a family");
    Model::new(case.formula).reml(case.reml).family(family)
}

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
