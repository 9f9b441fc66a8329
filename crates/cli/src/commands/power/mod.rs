//! `ranef power`: how large a study has to be.

mod presets;
mod study;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ranef::{Design, DfMethod, Knob, Power, PowerOptions, PowerTest};
use ranef_figures::{PowerCurve, PowerPoint};

use crate::arguments::{AnswerArguments, ModelOptions, ReadArguments, level};
use crate::commands::plot::{Form, PageArguments, write};
use crate::error::{Failure, Problem};
use crate::progress::Progress;
use crate::{interrupt, model, output};

/// Plan a study: its power by simulation and by formula, and the smallest study with enough of it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef power --template > design.toml
  ranef power design.toml --term ses:treated
  ranef power design.toml --term ses:treated --groups school=20,40,60,80 \\
      -o power.svg
  ranef power design.toml --term treated --target 0.8 --find groups
  ranef power sleep.json --effect Days=5 --groups Subject=10..40/5
  ranef power -f 'y ~ arm + (1 | clinic)' --groups clinic=20 \\
      --within clinic=10 --predictor arm=binary@clinic --effect arm=0.4 \\
      --icc clinic=0.1
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

    /// Parameters of the family, such as dispersion=2 of nbinom2
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub parameter: Vec<String>,

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
        return presets::run(preset, &arguments, &options, progress);
    }
    if !arguments.set.is_empty() {
        return Err(usage(
            "--set gives the inputs of a preset",
            "name one: --preset cross-level",
        ));
    }
    let knobs = study::knobs(&arguments)?;
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
    let mut plan = study::plan(&arguments, &knobs, &progress)?;
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
            let knob = study::sought(&arguments, &plan)?;
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
