//! From options to a plan, what is varied and what is sought.

use std::collections::BTreeMap;

use ranef::{Design, Grouping, Knob, PowerPlan, Predicted, PredictedValues, Size};

use super::{PowerArguments, StudyArguments, usage};
use crate::arguments::ModelArguments;
use crate::error::{Failure, Problem};
use crate::model::{self, Model};
use crate::progress::Progress;

/// `NAME=1,2,3` or `NAME=10..40/5`.
fn named(text: &str, option: &str) -> Result<(String, Vec<f64>), Failure> {
    let wrong = || {
        usage(
            &format!("--{option} {text} is not understood"),
            &format!("write --{option} NAME=VALUE, with commas for several, or NAME=FROM..TO/STEP"),
        )
    };
    let (name, values) = text.rsplit_once('=').ok_or_else(wrong)?;
    Ok((name.trim().to_owned(), numbers(values).ok_or_else(wrong)?))
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    if let Some((from, rest)) = text.split_once("..") {
        let (to, step) = rest.split_once('/').unwrap_or((rest, "1"));
        let number = |t: &str| t.trim().parse::<f64>().ok();
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        let steps = ((to - from) / step + 1e-9).floor();
        if !(step > 0.0 && (0.0..10_000.0).contains(&steps)) {
            return None;
        }
        return Some(
            (0..=steps as usize)
                .map(|i| from + i as f64 * step)
                .collect(),
        );
    }
    let values: Option<Vec<f64>> = text.split(',').map(|t| t.trim().parse().ok()).collect();
    values.filter(|v| !v.is_empty())
}

/// All that is given another value, or several.
pub fn knobs(arguments: &PowerArguments) -> Result<Vec<(Knob, Vec<f64>)>, Failure> {
    let study = &arguments.study;
    let mut out = Vec::new();
    for text in &study.groups {
        let (name, values) = named(text, "groups")?;
        out.push((Knob::Groups(name), values));
    }
    for text in &study.within {
        let (name, values) = named(text, "within")?;
        out.push((Knob::Within(name), values));
    }
    for text in &study.effect {
        let (name, values) = named(text, "effect")?;
        out.push((Knob::Effect(name), values));
    }
    for text in &study.sd {
        let (name, values) = named(text, "sd")?;
        let (group, term) = match name.split_once(':') {
            Some((group, term)) => (group.to_owned(), term.to_owned()),
            None => (name, "(Intercept)".to_owned()),
        };
        out.push((Knob::Sd(group, term), values));
    }
    for text in &study.icc {
        let (name, values) = named(text, "icc")?;
        out.push((Knob::Icc(name), values));
    }
    for text in &study.corr {
        let (name, values) = named(text, "corr")?;
        out.push((Knob::Correlation(name), values));
    }
    if let Some(text) = &study.sigma {
        let values = numbers(text)
            .ok_or_else(|| usage(&format!("--sigma {text} is no number"), "write --sigma 1"))?;
        out.push((Knob::Sigma, values));
    }
    Ok(out)
}

pub fn sought(arguments: &PowerArguments, plan: &PowerPlan) -> Result<Knob, Failure> {
    let what = arguments.test.find.as_deref().unwrap_or("groups");
    let (kind, name) = match what.split_once(':') {
        Some((kind, name)) => (kind, Some(name.to_owned())),
        None => (what, None),
    };
    let group = || {
        name.clone().map_or_else(
            || match plan.groups().as_slice() {
                [only] => Ok((*only).to_owned()),
                many => Err(usage(
                    "nothing says which groups to look for",
                    &format!("give --find {kind}:NAME with one of {}", many.join(", ")),
                )),
            },
            Ok,
        )
    };
    match kind {
        "groups" => Ok(Knob::Groups(group()?)),
        "within" => Ok(Knob::Within(group()?)),
        "effect" => match name.or_else(|| arguments.test.term.clone()) {
            Some(term) => Ok(Knob::Effect(term)),
            None => Err(usage(
                "nothing says which effect",
                "give --find effect:TERM",
            )),
        },
        _ => Err(usage(
            &format!("--find {what} is not understood"),
            "give groups, groups:NAME, within:NAME or effect:TERM",
        )),
    }
}

/// The first option given that only designs have a use for.
fn of_designs(study: &StudyArguments) -> Option<&'static str> {
    let given = [
        (!study.nested.is_empty(), "--nested"),
        (study.rows.is_some(), "--rows"),
        (!study.predictor.is_empty(), "--predictor"),
        (study.standardized, "--standardized"),
        (!study.icc.is_empty(), "--icc"),
        (!study.parameter.is_empty(), "--parameter"),
        (study.dropout.is_some(), "--dropout"),
    ];
    given.iter().find(|(is, _)| *is).map(|(_, name)| *name)
}

/// What the study is planned from.
pub fn plan(
    arguments: &PowerArguments,
    knobs: &[(Knob, Vec<f64>)],
    progress: &Progress,
) -> Result<PowerPlan, Failure> {
    let is_design = |name: &str| name.to_lowercase().ends_with(".toml");
    let mut design = match (&arguments.plan, &arguments.formula) {
        (Some(name), formula) if is_design(name) => {
            let text = std::fs::read_to_string(name).map_err(|e| {
                let why = ranef::frame::io_reason(&e);
                Failure::from(Problem::new(
                    "cannot_read",
                    format!("cannot read `{name}`: {why}"),
                ))
            })?;
            let mut design = Design::parse(&text)?;
            if let Some(formula) = formula {
                design.formula.clone_from(formula);
            }
            design
        }
        (Some(name), formula) => {
            if let Some(option) = of_designs(&arguments.study) {
                return Err(usage(
                    &format!(
                        "{option} is of a design, and this study is planned from a fitted model"
                    ),
                    "change what the model estimates with --effect, --sd, --corr and --sigma, and its rows \
                     with --groups and --within; or plan from a design (.toml)",
                ));
            }
            let arguments = ModelArguments {
                model: name.clone(),
                formula: formula.clone(),
                data: arguments.data.clone(),
                options: arguments.options.clone(),
                read: arguments.read.clone(),
            };
            let model = Model::with_rows(&arguments, progress)?;
            let source = match &model.data {
                Some(source) => source,
                None => &model.find_rows()?,
            };
            return Ok(PowerPlan::of_fit(&model.fit, &**source)?);
        }
        (None, Some(formula)) => Design {
            formula: formula.clone(),
            family: ranef::Family::default(),
            groups: BTreeMap::new(),
            rows: None,
            share: None,
            predictors: BTreeMap::new(),
            effects: BTreeMap::new(),
            standardized: false,
            variances: BTreeMap::new(),
            residual_sd: None,
            parameters: BTreeMap::new(),
            dropout: None,
        },
        (None, None) => {
            return Err(usage(
                "nothing says what to plan",
                "give a design (`ranef power --template > design.toml` writes one), a saved model, or \
                 -f FORMULA",
            ));
        }
    };
    if let Some(family) = &arguments.options.family {
        design.family = family.parse()?;
    }
    let study = &arguments.study;
    // Groups that options name are there with the first number given.
    for (knob, values) in knobs {
        if let (Knob::Groups(name), true) = (knob, arguments.formula.is_some()) {
            let group = Grouping {
                levels: values[0] as usize,
                ..Grouping::default()
            };
            design.groups.entry(name.clone()).or_insert(group);
        }
    }
    for text in &study.nested {
        let (inner, outer) = text.split_once('=').ok_or_else(|| {
            usage(
                &format!("--nested {text} is not understood"),
                "write --nested class=school",
            )
        })?;
        let known = design.groups.contains_key(inner);
        if !known {
            return Err(usage(
                &format!("nothing says how many groups of `{inner}` there are"),
                &format!("give --groups {inner}=3"),
            ));
        }
        if let Some(group) = design.groups.get_mut(inner) {
            group.within = Some(outer.to_owned());
        }
    }
    for (knob, values) in knobs {
        if let Knob::Within(name) = knob
            && let Some(group) = design.groups.get_mut(name).filter(|g| g.size.is_none())
        {
            group.size = Some(Size::Each(values[0] as usize));
        }
    }
    if study.rows.is_some() {
        design.rows = study.rows;
    }
    if study.dropout.is_some() {
        design.dropout = study.dropout;
    }
    design.standardized |= study.standardized;
    for text in &study.predictor {
        let (name, predictor) = predictor(text)?;
        design.predictors.insert(name, predictor);
    }
    for text in &study.parameter {
        let (name, values) = named(text, "parameter")?;
        let [value] = values.as_slice() else {
            return Err(usage(
                &format!("--parameter {text} gives several values"),
                "give one: parameters of the family are not varied",
            ));
        };
        design.parameters.insert(name, *value);
    }
    let gaussian = design.family.is_gaussian();
    let shares = knobs.iter().any(|(k, _)| matches!(k, Knob::Icc(_)));
    let sigma = knobs.iter().any(|(k, _)| matches!(k, Knob::Sigma));
    if gaussian && design.residual_sd.is_none() && !shares && !sigma && arguments.plan.is_none() {
        return Err(usage(
            "nothing says how much rows differ within groups",
            "give --sigma 1, or the variances between groups as --icc GROUP=0.1",
        ));
    }
    if let Some(data) = &arguments.data {
        return Err(usage(
            &format!("--data {data} is of no use: a design has no rows yet"),
            "leave it out, or plan from a saved model",
        ));
    }
    let fitted_as = model::lmer(&design.formula, &arguments.options)?;
    Ok(PowerPlan::of_design(design)?.fitted_as(fitted_as))
}

/// `NAME=KIND[:NUMBERS][@LEVEL]`.
fn predictor(text: &str) -> Result<(String, Predicted), Failure> {
    let wrong = || {
        usage(
            &format!("--predictor {text} is not understood"),
            "write ses=normal, ses=normal:0,1,0.2 (mean, sd, icc), arm=binary:0.5@clinic, \
             cond=factor:a,b,c, time=sequence:0,4 or x=uniform:0,1",
        )
    };
    let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (rest, level) = match rest.split_once('@') {
        Some((rest, level)) => (rest, Some(level.to_owned())),
        None => (rest, None),
    };
    let (kind, given) = rest.split_once(':').unwrap_or((rest, ""));
    let values = || -> Result<Vec<f64>, Failure> {
        if given.is_empty() {
            return Ok(Vec::new());
        }
        numbers(given).ok_or_else(wrong)
    };
    let values = match kind {
        "normal" => {
            let v = values()?;
            let at = |i: usize, usual: f64| v.get(i).copied().unwrap_or(usual);
            PredictedValues::Normal {
                mean: at(0, 0.0),
                sd: at(1, 1.0),
                icc: at(2, 0.0),
                of: None,
            }
        }
        "uniform" => match values()?.as_slice() {
            [from, to] => PredictedValues::Uniform {
                from: *from,
                to: *to,
            },
            [] => PredictedValues::Uniform { from: 0.0, to: 1.0 },
            _ => return Err(wrong()),
        },
        "binary" => match values()?.as_slice() {
            [] => PredictedValues::Binary {
                share: 0.5,
                values: [0.0, 1.0],
            },
            [share] => PredictedValues::Binary {
                share: *share,
                values: [0.0, 1.0],
            },
            [share, a, b] => PredictedValues::Binary {
                share: *share,
                values: [*a, *b],
            },
            _ => return Err(wrong()),
        },
        "factor" => PredictedValues::Factor {
            levels: given.split(',').map(|l| l.trim().to_owned()).collect(),
            shares: Vec::new(),
        },
        "sequence" => match values()?.as_slice() {
            [from, to] => PredictedValues::Sequence {
                values: Vec::new(),
                from: Some(*from),
                to: Some(*to),
                by: 1.0,
            },
            many => PredictedValues::Sequence {
                values: many.to_vec(),
                from: None,
                to: None,
                by: 1.0,
            },
        },
        _ => return Err(wrong()),
    };
    Ok((name.trim().to_owned(), Predicted { level, values }))
}
