//! `ranef power`: how large a study has to be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ranef::formula::did_you_mean;
use ranef::{
    Answer, ClusterTrialPlan, CrossLevelPlan, Design, DfMethod, Grouping, Knob, PilotTest, Power,
    PowerOptions, PowerPlan, PowerTest, Predicted, PredictedValues, Size, SummaryStatisticsPlan,
};
use ranef_figures::{PowerCurve, PowerPoint};

use crate::arguments::{AnswerArguments, ModelArguments, ModelOptions, ReadArguments, level};
use crate::commands::plot::{Form, PageArguments, write};
use crate::error::{Failure, Problem};
use crate::model::{self, Model};
use crate::progress::Progress;
use crate::{interrupt, output};

/// Plan a study: its power by simulation and by formula, and the smallest study with enough of it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef power --template > design.toml
  ranef power design.toml --term ses:treated
  ranef power design.toml --term ses:treated --groups school=20,40,60,80 \\
      -o power.svg
  ranef power design.toml --term treated --target 0.8 --find groups
  ranef power sleep.json --effect Days=5 --groups Subject=10..40/5
  ranef power -f 'y ~ arm + (1 | clinic)' --groups clinic=20 --within clinic=10 \\
      --predictor arm=binary@clinic --effect arm=0.4 --icc clinic=0.1
  ranef power --preset cross-level --set l2n=62,l1n=7,tau11=0.08954
  ranef power --preset summary-statistics --set t=2.8,pilot=20,groups=40
  ranef power --preset cluster-trial --set effect=0.3,icc=0.05,cost_cluster=300

What a study is planned from is a design (.toml), a saved model, a model fitted
now (-f FORMULA DATA), or a formula with options alone. Values with commas, or
FROM..TO/STEP, make a curve; one thing varies at a time. The same --seed gives
the same numbers on any number of threads. Ctrl-C ends it with the simulations
done so far.")]
pub struct PowerArguments {
    /// A design (.toml), a saved model, or with -f the data to fit the formula to
    #[arg(value_name = "DESIGN|MODEL|DATA")]
    pub plan: Option<String>,

    /// The formula: of a model to fit to DATA, or of a design
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        help_heading = "Model"
    )]
    pub formula: Option<String>,

    /// The rows that the saved model was fitted to [default: those it names]
    #[arg(
        long,
        value_name = "DATA",
        conflicts_with = "formula",
        help_heading = "Model"
    )]
    pub data: Option<String>,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,

    #[command(flatten)]
    pub study: StudyArguments,

    #[command(flatten)]
    pub test: TestArguments,

    /// A published planner that needs no rows
    #[arg(long, value_name = "NAME", value_enum, help_heading = "Presets")]
    pub preset: Option<Preset>,

    /// Its inputs, NAME=VALUE with commas between them
    #[arg(
        long,
        value_name = "INPUTS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Presets"
    )]
    pub set: Vec<String>,

    /// Print a design with every part explained, to begin with
    #[arg(long, help_heading = "Output")]
    pub template: bool,

    /// Draw power along what is varied to this file (.svg, .png, .pdf and others, as `ranef plot`)
    #[arg(
        short = 'o',
        long = "plot",
        value_name = "FILE",
        help_heading = "Output"
    )]
    pub plot: Option<PathBuf>,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

/// The study, and what is changed in it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Study")]
pub struct StudyArguments {
    /// Numbers of groups, such as school=20,40,60
    #[arg(long, value_name = "GROUP=N")]
    pub groups: Vec<String>,

    /// Rows of each group, such as school=10,20
    #[arg(long, value_name = "GROUP=N")]
    pub within: Vec<String>,

    /// Groups that lie in others, such as class=school
    #[arg(long, value_name = "GROUP=HOST")]
    pub nested: Vec<String>,

    /// Rows of each combination of crossed groups
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,

    /// A predictor: ses=normal, ses=normal:MEAN,SD,ICC, arm=binary:SHARE@clinic,
    /// cond=factor:a,b,c, time=sequence:0,4, x=uniform:0,1; behind @ what it is a property of
    #[arg(long, value_name = "NAME=KIND", allow_hyphen_values = true)]
    pub predictor: Vec<String>,

    /// Fixed effects, such as ses=0.3
    #[arg(long, value_name = "TERM=VALUE", allow_hyphen_values = true)]
    pub effect: Vec<String>,

    /// Effects are in standard deviations
    #[arg(long)]
    pub standardized: bool,

    /// Standard deviations between groups: school=0.5 of the intercept, school:ses=0.2 of a slope
    #[arg(long, value_name = "GROUP[:TERM]=SD", allow_hyphen_values = true)]
    pub sd: Vec<String>,

    /// Intraclass correlations, such as school=0.1
    #[arg(long, value_name = "GROUP=ICC", allow_hyphen_values = true)]
    pub icc: Vec<String>,

    /// The correlation of all random effects of a grouping factor
    #[arg(long, value_name = "GROUP=R", allow_hyphen_values = true)]
    pub corr: Vec<String>,

    /// Residual standard deviation
    #[arg(long, value_name = "SD", allow_hyphen_values = true)]
    pub sigma: Option<String>,

    /// Share of the groups that leave before their last row
    #[arg(long, value_name = "SHARE")]
    pub dropout: Option<f64>,
}

/// What is to be found, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Power")]
pub struct TestArguments {
    /// The coefficient, or the term, that the study is about
    #[arg(long, value_name = "NAME")]
    pub term: Option<String>,

    /// The test: t of a coefficient (z where there are no degrees of freedom), f of a term, or lrt,
    /// the likelihood ratio with a term left out [default: t]
    #[arg(long, value_name = "TEST", value_enum, conflicts_with_all = ["against", "excludes", "width"])]
    pub test: Option<Test>,

    /// Test the model against this smaller one by the likelihood ratio
    #[arg(long, value_name = "FORMULA", conflicts_with_all = ["excludes", "width"])]
    pub against: Option<String>,

    /// Instead of a test: the interval of the coefficient leaves out this value
    #[arg(
        long,
        value_name = "VALUE",
        allow_hyphen_values = true,
        conflicts_with = "width"
    )]
    pub excludes: Option<f64>,

    /// Instead of a test: the interval of the coefficient is no wider than this
    #[arg(long, value_name = "WIDTH", allow_hyphen_values = true)]
    pub width: Option<f64>,

    /// Level of the test, and 1 less that of intervals
    #[arg(long, default_value_t = 0.05)]
    pub alpha: f64,

    /// Simulated studies for each value; 0 for the answer by formula alone
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000)]
    pub simulations: u32,

    /// Seed of the random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,

    /// Look for the smallest study with this power [default with --find: 0.8]
    #[arg(long, value_name = "POWER", allow_hyphen_values = true)]
    pub target: Option<f64>,

    /// What to look for with --target: groups, groups:NAME, within:NAME, effect:TERM
    #[arg(long, value_name = "WHAT")]
    pub find: Option<String>,

    /// The least value to look at
    #[arg(
        long,
        value_name = "VALUE",
        requires = "find",
        allow_hyphen_values = true
    )]
    pub from: Option<f64>,

    /// The largest value to look at
    #[arg(
        long,
        value_name = "VALUE",
        requires = "find",
        allow_hyphen_values = true
    )]
    pub to: Option<f64>,

    /// The probability that an interval of the power holds it
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub level: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Test {
    T,
    Z,
    F,
    Lrt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Cross-level interaction (Mathieu, Aguinis, Culpepper and Chen 2012): l2n, l1n, iccx, g00, g01,
    /// g02, g03, g10, g11, vu0j, tau11 (a variance), vresid
    CrossLevel,
    /// From the t of a pilot (Murayama, Usami and Sakaki 2022): t, pilot, groups (left out: found),
    /// level (1 or 2), predictors, take (raw, shrunk, or the level of a lower end such as 0.8)
    SummaryStatistics,
    /// Cluster-randomised trial with costs (Raudenbush 1997): effect, sd, icc, cost_cluster,
    /// cost_person, size (left out: optimal), clusters, budget
    ClusterTrial,
}

pub fn run(arguments: PowerArguments) -> Result<(), Failure> {
    if arguments.template {
        return output::text(Design::TEMPLATE);
    }
    let progress = Progress::start();
    let options = options(&arguments)?;
    if let Some(preset) = arguments.preset {
        return run_preset(preset, &arguments, &options, progress);
    }
    if !arguments.set.is_empty() {
        return Err(usage(
            "--set gives the inputs of a preset",
            "name one: --preset cross-level",
        ));
    }
    let knobs = knobs(&arguments)?;
    let varied: Vec<&(Knob, Vec<f64>)> = knobs.iter().filter(|(_, v)| v.len() > 1).collect();
    // With a curve the target is a line to look at.
    let wanted = arguments.test.target.is_some() && varied.is_empty();
    let find = arguments.test.find.is_some() || wanted;
    if varied.len() > 1 {
        return Err(usage(
            "several things have several values",
            "vary one at a time: give one value to the others",
        ));
    }
    if let (Some((knob, _)), true) = (varied.first(), find) {
        return Err(usage(
            &format!("{knob} has several values, and --find looks for one"),
            "give one of the two",
        ));
    }
    let curve = varied.first().map(|(k, v)| (k.clone(), v.clone()));
    let page = page(
        &arguments,
        curve.is_some() || (find && options.simulations > 0),
    )?;
    let mut plan = plan(&arguments, &knobs, &progress)?;
    for (knob, values) in &knobs {
        if let [value] = values.as_slice() {
            plan = plan.with(knob, *value)?;
        }
    }
    let mut counter = |done: u32, all: u32| progress.phase(format!("{done} of {all} simulations"));
    let power = match (curve, find) {
        (Some((knob, values)), _) => {
            let mut power = plan.curve(&knob, &values, &options, &mut counter)?;
            power.target = Some(target(&arguments, &options)?);
            power
        }
        (None, true) => {
            let target = target(&arguments, &options)?;
            let knob = sought(&arguments, &plan)?;
            let range = match (arguments.test.from, arguments.test.to) {
                (None, None) => None,
                (from, to) => {
                    let usual = if knob.whole() {
                        (2.0, 5000.0)
                    } else {
                        (0.0, f64::NAN)
                    };
                    Some((from.unwrap_or(usual.0), to.unwrap_or(usual.1)))
                }
            };
            plan.smallest(&knob, target, range, &options, &mut counter)?
        }
        (None, false) => plan.power(&options, &mut counter)?,
    };
    match page {
        Some((page, form)) => write::write(&figure(&power), form, &page, progress)?,
        None => drop(progress),
    }
    output::answer(&power, &arguments.answer)
}

/// Where the figure goes and in which form, if one is wanted: asked before anything runs.
fn page(
    arguments: &PowerArguments,
    is_curve: bool,
) -> Result<Option<(PageArguments, Form)>, Failure> {
    let Some(path) = &arguments.plot else {
        return Ok(None);
    };
    if !is_curve {
        return Err(usage(
            "one point is no curve to draw",
            "vary something, such as --groups school=20,40,60",
        ));
    }
    let page = PageArguments {
        output: Some(path.clone()),
        format: None,
        width: None,
        height: None,
        dpi: None,
        plain: false,
        json: false,
    };
    let form = write::form(&page)?;
    Ok(Some((page, form)))
}

/// The power that is wanted.
fn target(arguments: &PowerArguments, options: &PowerOptions) -> Result<f64, Failure> {
    let target = arguments.test.target.unwrap_or(0.8);
    if target > options.alpha && target < 1.0 {
        return Ok(target);
    }
    Err(Problem::new(
        "bad_target",
        format!("a power of {target} cannot be aimed at"),
    )
    .hint("give a number between alpha and 1, such as 0.8")
    .into())
}

fn usage(message: &str, hint: &str) -> Failure {
    Problem::new("usage", message).hint(hint).into()
}

/// The figure of a curve.
fn figure(power: &Power) -> PowerCurve {
    PowerCurve {
        effect: power.term.clone(),
        across: power.across.clone().unwrap_or_default(),
        target: power.target,
        level: power.level,
        points: (power.points.iter())
            .map(|p| PowerPoint {
                value: p.value.unwrap_or(0.0),
                power: p.power,
                lower: p.lower,
                upper: p.upper,
                analytic: p.analytic,
            })
            .collect(),
        notes: vec![format!("{}, alpha {}", power.test, power.alpha)],
    }
}

fn options(arguments: &PowerArguments) -> Result<PowerOptions, Failure> {
    let test = &arguments.test;
    let chosen = arguments
        .options
        .df
        .map_or(DfMethod::Satterthwaite, model::df_method);
    Ok(PowerOptions {
        test: match (&test.test, &test.against, test.excludes, test.width) {
            (_, Some(formula), ..) => PowerTest::Against(formula.clone()),
            (_, _, Some(bound), _) => PowerTest::Excludes(bound),
            (_, _, _, Some(width)) => PowerTest::Width(width),
            (Some(Test::F), ..) => PowerTest::Term,
            (Some(Test::Lrt), ..) => PowerTest::LikelihoodRatio,
            _ => PowerTest::Coefficient,
        },
        df: match test.test {
            Some(Test::Z) => DfMethod::None,
            _ => chosen,
        },
        term: test.term.clone(),
        alpha: test.alpha,
        simulations: test.simulations,
        seed: test.seed,
        level: test.level,
        interrupt: interrupt::switch().clone(),
    })
}

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
fn knobs(arguments: &PowerArguments) -> Result<Vec<(Knob, Vec<f64>)>, Failure> {
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

fn sought(arguments: &PowerArguments, plan: &PowerPlan) -> Result<Knob, Failure> {
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
        (study.dropout.is_some(), "--dropout"),
    ];
    given.iter().find(|(is, _)| *is).map(|(_, name)| *name)
}

/// What the study is planned from.
fn plan(
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
        if let Knob::Within(name) = knob {
            if let Some(group) = design.groups.get_mut(name).filter(|g| g.size.is_none()) {
                group.size = Some(Size::Each(values[0] as usize));
            }
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

fn run_preset(
    preset: Preset,
    arguments: &PowerArguments,
    options: &PowerOptions,
    progress: Progress,
) -> Result<(), Failure> {
    let mut inputs = Inputs::of(&arguments.set)?;
    let target = arguments.test.target.unwrap_or(0.8);
    match preset {
        Preset::CrossLevel => {
            let usual = CrossLevelPlan::default();
            if inputs.given.contains_key("vu1j") {
                return Err(usage(
                    "vu1j is a variance in one edition of the planner and a standard deviation in another",
                    "give tau11, the variance of the slopes",
                ));
            }
            let plan = CrossLevelPlan {
                l2n: inputs.whole("l2n", usual.l2n)?,
                l1n: inputs.whole("l1n", usual.l1n)?,
                iccx: inputs.number("iccx", usual.iccx)?,
                g00: inputs.number("g00", usual.g00)?,
                g01: inputs.number("g01", usual.g01)?,
                g02: inputs.number("g02", usual.g02)?,
                g03: inputs.number("g03", usual.g03)?,
                g10: inputs.number("g10", usual.g10)?,
                g11: inputs.number("g11", usual.g11)?,
                tau00: inputs.number("vu0j", usual.tau00)?,
                tau11: inputs.number("tau11", usual.tau11)?,
                vresid: inputs.number("vresid", usual.vresid)?,
            };
            inputs.end()?;
            let mut counter =
                |done: u32, all: u32| progress.phase(format!("{done} of {all} simulations"));
            let answer = plan.power(options, &mut counter)?;
            finish(&answer, arguments, progress)
        }
        Preset::SummaryStatistics => {
            let usual = SummaryStatisticsPlan::default();
            let take = match inputs.text("take").as_deref() {
                None | Some("raw") => PilotTest::Raw,
                Some("shrunk") => PilotTest::Shrunk,
                Some(text) => PilotTest::Lower(text.parse().map_err(|_| {
                    usage(
                        &format!("take={text} is not understood"),
                        "give raw, shrunk, or a level such as 0.8",
                    )
                })?),
            };
            let groups = inputs.whole("groups", 0)?;
            let plan = SummaryStatisticsPlan {
                t: inputs.number("t", f64::NAN)?,
                pilot: inputs.whole("pilot", 0)?,
                groups: (groups > 0).then_some(groups),
                level: inputs.whole("level", 1)?.min(9) as u8,
                predictors: inputs.whole("predictors", usual.predictors)?,
                take,
                alpha: options.alpha,
                target,
            };
            inputs.end()?;
            let answer = plan.power()?;
            finish(&answer, arguments, progress)
        }
        Preset::ClusterTrial => {
            let usual = ClusterTrialPlan::default();
            let some = |n: usize| (n > 0).then_some(n);
            let size = inputs.whole("size", 0)?;
            let clusters = inputs.whole("clusters", 0)?;
            let budget = inputs.number("budget", f64::NAN)?;
            let plan = ClusterTrialPlan {
                effect: inputs.number("effect", usual.effect)?,
                sd: inputs.number("sd", usual.sd)?,
                icc: inputs.number("icc", usual.icc)?,
                cost_cluster: inputs.number("cost_cluster", usual.cost_cluster)?,
                cost_person: inputs.number("cost_person", usual.cost_person)?,
                size: some(size),
                clusters: some(clusters),
                budget: Some(budget).filter(|b| !b.is_nan()),
                target,
                alpha: options.alpha,
            };
            inputs.end()?;
            let answer = plan.power()?;
            finish(&answer, arguments, progress)
        }
    }
}

fn finish(
    answer: &impl Answer,
    arguments: &PowerArguments,
    progress: Progress,
) -> Result<(), Failure> {
    drop(progress);
    output::answer(answer, &arguments.answer)
}

/// The inputs of a preset.
struct Inputs {
    given: BTreeMap<String, String>,
    known: Vec<&'static str>,
}

impl Inputs {
    fn of(set: &[String]) -> Result<Self, Failure> {
        let mut given = BTreeMap::new();
        for text in set {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                usage(
                    &format!("--set {text} is not understood"),
                    "write --set l2n=62,l1n=7",
                )
            })?;
            given.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Self {
            given,
            known: Vec::new(),
        })
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.given.remove(name)
    }

    fn number(&mut self, name: &'static str, usual: f64) -> Result<f64, Failure> {
        match self.text(name) {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| {
                usage(
                    &format!("{name}={text} is no number"),
                    "write a number, such as 0.5",
                )
            }),
        }
    }

    fn whole(&mut self, name: &'static str, usual: usize) -> Result<usize, Failure> {
        match self.text(name) {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| {
                usage(
                    &format!("{name}={text} is no whole number"),
                    "write a whole number, such as 40",
                )
            }),
        }
    }

    /// Refuses what no input took.
    fn end(&self) -> Result<(), Failure> {
        let Some(name) = self.given.keys().next() else {
            return Ok(());
        };
        let hint = match did_you_mean(name, &self.known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", self.known.join(", ")),
        };
        Err(usage(&format!("the preset has no input `{name}`"), &hint))
    }
}
