//! What can be typed. The doc comments are the help texts.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::commands::anova::AnovaArguments;
use crate::commands::bootstrap::BootstrapArguments;
use crate::commands::compare::CompareArguments;
use crate::commands::confint::ConfintArguments;
use crate::commands::drop::DropArguments;
use crate::commands::means::MeansArguments;
use crate::commands::ratios::RatiosArguments;
use crate::commands::simulate::SimulateArguments;
use crate::commands::slopes::SlopesArguments;
use crate::commands::test::TestArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::areas::AreasArguments;
use crate::commands::augment::AugmentArguments;
use crate::commands::check::CheckArguments;
use crate::commands::code::CodeArguments;
use crate::commands::equations::EquationsArguments;
use crate::commands::fixed_effects::FixedEffectsArguments;
use crate::commands::glance::GlanceArguments;
use crate::commands::icc::IccArguments;
use crate::commands::influence::InfluenceArguments;
use crate::commands::plot::PlotArguments;
use crate::commands::pool::PoolArguments;
use crate::commands::poststratify::PoststratifyArguments;
use crate::commands::power::PowerArguments;
use crate::commands::r2::R2Arguments;
use crate::commands::report::ReportArguments;
use crate::commands::residuals::ResidualsArguments;
use crate::commands::robust::RobustArguments;
use crate::commands::summary::SummaryArguments;
use crate::commands::table::TableArguments;
use crate::commands::tidy::TidyArguments;
use crate::commands::within_between::WithinBetweenArguments;

/// Multilevel (mixed-effects) models: from a file and a formula to a fit that is certified and
/// explained.
#[derive(Debug, Parser)]
#[command(
    name = "ranef",
    version,
    max_term_width = 80,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  ranef fit 'Reaction ~ Days + (Days | Subject)' sleepstudy
  ranef fit 'math ~ ses * public + (ses | school)' pupils.csv --save math.json
  ranef predict math.json new_pupils.csv > predictions.csv

Exit codes: 0 success, 1 the model or the data cannot give an answer, 2 wrong
usage."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Fit(FitArguments),
    Summary(SummaryArguments),
    Effects(EffectsArguments),
    Predict(PredictArguments),
    Ratios(RatiosArguments),
    Means(MeansArguments),
    Slopes(SlopesArguments),
    Anova(AnovaArguments),
    Test(TestArguments),
    Compare(CompareArguments),
    Drop(DropArguments),
    Robust(RobustArguments),
    Equations(EquationsArguments),
    FixedEffects(FixedEffectsArguments),
    WithinBetween(WithinBetweenArguments),
    Confint(ConfintArguments),
    Bootstrap(BootstrapArguments),
    Simulate(SimulateArguments),
    Power(Box<PowerArguments>),
    Check(CheckArguments),
    Influence(InfluenceArguments),
    Residuals(ResidualsArguments),
    Icc(IccArguments),
    R2(R2Arguments),
    Plot(PlotArguments),
    Pool(PoolArguments),
    Areas(AreasArguments),
    Poststratify(PoststratifyArguments),
    Table(TableArguments),
    Tidy(TidyArguments),
    Glance(GlanceArguments),
    Augment(AugmentArguments),
    Report(ReportArguments),
    Code(CodeArguments),
    Data(DataArguments),
}

impl Command {
    /// Whether the answer, or the error, is for a program.
    pub fn json(&self) -> bool {
        match self {
            Command::Fit(a) => a.json,
            Command::Summary(a) => a.json,
            Command::Effects(a) => a.answer.json,
            Command::Table(a) => a.answer.json,
            Command::Tidy(a) => a.form.json(),
            Command::Glance(a) => a.form.json(),
            Command::Augment(a) => a.form.json(),
            Command::Report(_) => false,
            Command::Code(a) => a.json,
            Command::Predict(a) => a.json,
            Command::Ratios(a) => a.answer.json,
            Command::Means(a) => a.answer.json,
            Command::Slopes(a) => a.answer.json,
            Command::Anova(a) => a.answer.json,
            Command::Test(a) => a.answer.json,
            Command::Compare(a) => a.answer.json,
            Command::Drop(a) => a.answer.json,
            Command::Robust(a) => a.answer.json,
            Command::Equations(a) => a.answer.json,
            Command::FixedEffects(a) => a.answer.json,
            Command::WithinBetween(a) => a.answer.json,
            Command::Confint(a) => a.answer.json,
            Command::Bootstrap(a) => a.answer.json,
            Command::Simulate(a) => a.form.json(),
            Command::Power(a) => a.answer.json,
            Command::Check(a) => a.answer.json,
            Command::Influence(a) => a.answer.json,
            Command::Residuals(a) => a.answer.json,
            Command::Icc(a) => a.answer.json,
            Command::R2(a) => a.answer.json,
            Command::Plot(a) => a.page.json,
            Command::Pool(a) => a.answer.json,
            Command::Areas(a) => a.answer.json,
            Command::Poststratify(a) => a.answer.json,
            Command::Data(a) => a.json,
        }
    }
}

/// Fit a model and explain it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef fit 'Reaction ~ Days + (Days | Subject)' sleepstudy
  ranef fit 'score ~ age * sex + (1 | school/class)' pupils.csv --factor class
  ranef fit 'y ~ x + (x || item) + (1 | person)' trials.parquet --ml \\
      --save trials.json
  zcat trials.csv.gz | ranef fit 'y ~ x + (1 | person)' - --json

Formulas are those of R's lme4: left of `~` the response, then the fixed
effects, and in each pair of parentheses what varies, a bar, and the groups it
varies between.
  (1 | g)        groups differ in level
  (x | g)        groups differ in level and in the slope of x, correlated
  (x || g)       the same without the correlation
  (1 | g1/g2)    g2 nested in g1: short for (1 | g1) + (1 | g1:g2)
  (1 | a) + (1 | b)   crossed factors, such as subjects and items")]
pub struct FitArguments {
    /// The model, such as 'Reaction ~ Days + (Days | Subject)'
    pub formula: String,

    /// A file (.csv, .tsv, .txt, also .gz or .zst; .parquet; .arrow, .feather), - for CSV on
    /// standard input, or a built-in data set (see `ranef data`)
    pub data: String,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,

    /// Write the fitted model to this file, for `ranef predict` and the others: a small JSON
    /// without rows
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub save: Option<PathBuf>,

    /// Print one JSON object with all numbers at full precision
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Show the random effects group by group, and the coefficients each group has
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef effects sleep.json
  ranef effects -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --level 0.9 --json")]
pub struct EffectsArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Share of the conditional distribution that the intervals hold
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

/// Predict the response for rows, old or new, and say how far it may be off
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef predict sleep.json tomorrow.csv
  ranef predict sleep.json tomorrow.csv --interval prediction
  ranef predict sleep.json tomorrow.csv --re none --interval confidence \\
      -o population.csv
  ranef predict sleep.json tomorrow.csv --re new --interval prediction \\
      --level 0.8
  ranef predict -f 'y ~ x + (x | item) + (1 | person)' trials.csv \\
      --re '1 | item, person'
  ranef predict -f 'Reaction ~ Days + (Days | Subject)' sleepstudy tomorrow.csv

The new data need the columns right of `~`, not the response. A row with a
missing value gets a missing prediction, so that rows stay in their order.

What an interval is for:
  --interval confidence             the expected value in the groups named
  --interval confidence --re none   the expected value in an average group
  --interval confidence --re new    the expected value in a group not seen yet
  --interval prediction             an observation yet to be made, there")]
pub struct PredictArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Rows to predict for; without it those of DATA or of the saved model, also where their response
    /// is missing
    pub newdata: Option<String>,

    /// The random effects that a prediction takes in: all (those of the groups named in the rows;
    /// an unknown group counts as average), none (random effects at zero), new (a group yet to be
    /// drawn), average (the mean over all groups that might be drawn), or a list of groups (Subject) and terms (1 | Subject), with the others at zero
    #[arg(
        long = "re",
        value_name = "WHICH",
        value_delimiter = ',',
        default_value = "all",
        help_heading = "Output"
    )]
    pub re: Vec<String>,

    /// Add standard errors and intervals
    #[arg(long, value_name = "FOR", value_enum, help_heading = "Output")]
    pub interval: Option<Interval>,

    /// The probability that an interval holds its target
    #[arg(long, default_value_t = 0.95, value_parser = level, requires = "interval", help_heading = "Output")]
    pub level: f64,

    /// The scale of the predictions; for a gaussian model the two are the same
    #[arg(long, value_name = "SCALE", value_enum, default_value_t = Scale::Response, help_heading = "Output")]
    pub scale: Scale,

    /// How many trials a binomial observation to come has, for prediction intervals of the share of
    /// successes [default: the weights of the rows, or 1]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub trials: Option<f64>,

    /// Add the shares of each variance that come from fixed effects, from the effects of known
    /// groups, from differences between groups and from the residual
    #[arg(long, requires = "interval", help_heading = "Output")]
    pub shares: bool,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Print one JSON object with all numbers at full precision instead of CSV
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// List the built-in data sets, describe one, or write it out
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef data
  ranef data sleepstudy
  ranef data sleepstudy --csv > sleepstudy.csv")]
pub struct DataArguments {
    /// A built-in data set; without it, all are listed
    pub name: Option<String>,

    /// Write the data set as CSV
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub csv: bool,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A saved model, or a formula and data to fit it to.
#[derive(Debug, Args)]
pub struct ModelArguments {
    /// A file written by `ranef fit --save`; with -f, the data to fit the formula to
    #[arg(value_name = "MODEL|DATA")]
    pub model: String,

    /// Fit this formula instead of reading a saved model
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        help_heading = "Model"
    )]
    pub formula: Option<String>,

    /// The rows that the saved model was fitted to, where a question needs them [default: those it
    /// names]
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
}

/// The form of an answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct AnswerArguments {
    /// Print one JSON object with all numbers at full precision
    #[arg(long, conflicts_with_all = ["csv", "format"])]
    pub json: bool,

    /// Print the table as CSV with all digits
    #[arg(long, conflicts_with = "format")]
    pub csv: bool,

    /// Print the table for a document
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<TableFormat>,
}

/// Languages that tables are set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Aligned text (the default)
    Text,
    /// Markdown, as GitHub, pandoc and Quarto read it
    Markdown,
    /// LaTeX with the package booktabs
    Latex,
    /// HTML with horizontal rules, to be opened in a browser or pasted into a word processor
    Html,
}

/// Choices around a formula. They require one: a saved model has made its choices.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelOptions {
    /// Maximum likelihood instead of REML, to compare models that differ in fixed effects
    #[arg(long, requires = "formula")]
    pub ml: bool,

    /// Distribution of the response and link: gaussian, binomial[:probit|cloglog|cauchit], poisson,
    /// nbinom2, nbinom1, gamma, inverse-gaussian, beta, t, ordinal, zero-inflated-poisson,
    /// hurdle-nbinom2, truncated-poisson and others
    #[arg(long, value_name = "F[:LINK]", requires = "formula")]
    pub family: Option<String>,

    /// Quadrature points for each random effect, with one grouping factor and a family other than
    /// gaussian: 1 is Laplace's approximation (the default), 0 a faster and rougher one
    #[arg(long, value_name = "N", value_parser = points, requires = "formula")]
    pub agq: Option<u32>,

    /// Curvature in Laplace's approximation where links are not canonical: customary (as lme4) or
    /// observed (as glmmTMB, nearer to the exact likelihood)
    #[arg(long, value_name = "KIND", value_enum, requires = "formula")]
    pub curvature: Option<Curvature>,

    /// Standard deviation of a normal prior on fixed effects of standardised predictors, to keep
    /// them finite under separation; 2.5 is usual
    #[arg(long, value_name = "SD", value_parser = positive, requires = "formula")]
    pub penalty: Option<f64>,

    /// Column of weights. Gaussian: the residual variance of a row is σ²/weight; proportions: the
    /// number of trials
    #[arg(long, value_name = "COL", requires = "formula")]
    pub weights: Option<String>,

    /// Column that is added to the prediction as it is
    #[arg(long, value_name = "COL", requires = "formula")]
    pub offset: Option<String>,

    /// Columns of numbers that are categories
    #[arg(long, value_name = "COLS", value_delimiter = ',', requires = "formula")]
    pub factor: Vec<String>,

    /// Order of the levels of a column, the reference or the lowest first: `pain=none<mild<severe` or
    /// `arm=placebo,...`, where `...` stands for all others; may be given several times
    #[arg(long, value_name = "COL=A,B", value_parser = levels, requires = "formula")]
    pub levels: Vec<(String, Vec<String>)>,

    /// Coding of factors
    #[arg(long, value_name = "HOW", value_enum, requires = "formula")]
    pub contrasts: Option<Contrasts>,

    /// Degrees of freedom of the tests [default: satterthwaite, or those of the saved model]
    #[arg(long, value_name = "METHOD", value_enum)]
    pub df: Option<Df>,

    /// Optimiser; others than newton are there to be compared with it
    #[arg(long, value_name = "NAME", value_enum, requires = "formula")]
    pub optimizer: Option<Optimizer>,
}

impl ModelOptions {
    /// The first option given that only a formula has a use for.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            (self.ml, "--ml"),
            (self.family.is_some(), "--family"),
            (self.agq.is_some(), "--agq"),
            (self.curvature.is_some(), "--curvature"),
            (self.penalty.is_some(), "--penalty"),
            (self.weights.is_some(), "--weights"),
            (self.offset.is_some(), "--offset"),
            (!self.factor.is_empty(), "--factor"),
            (!self.levels.is_empty(), "--levels"),
            (self.contrasts.is_some(), "--contrasts"),
            (self.optimizer.is_some(), "--optimizer"),
        ];
        given.iter().find(|(is, _)| *is).map(|(_, name)| *name)
    }
}

/// The curvature in Laplace's approximation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Curvature {
    /// Expected for binomial and Poisson responses, observed for others
    Customary,
    /// Observed for all
    Observed,
}

/// A column and the order of its levels.
fn levels(text: &str) -> Result<(String, Vec<String>), String> {
    let wrong = || "write COLUMN=LEVEL,LEVEL,... or COLUMN=LEVEL<LEVEL<LEVEL".to_owned();
    let (column, order) = text.split_once('=').ok_or_else(wrong)?;
    let between = if order.contains('<') { '<' } else { ',' };
    let levels: Vec<String> = order.split(between).map(|l| l.trim().to_owned()).collect();
    if column.trim().is_empty() || levels.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok((column.trim().to_owned(), levels))
}

/// How files are read, where they do not say so themselves.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading data")]
pub struct ReadArguments {
    /// More spellings of a missing value, beside the empty cell, NA, NaN, null and a
    /// single dot
    #[arg(
        long,
        value_name = "TEXT",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub na: Vec<String>,

    /// What stands between cells: a character, `tab` or `space` [default: found out]
    #[arg(long, value_name = "CHAR", value_parser = separator)]
    pub separator: Option<char>,

    /// Decimal mark: . or , [default: found out]
    #[arg(long, value_name = "CHAR", value_parser = decimal)]
    pub decimal: Option<char>,

    /// Threads to read with; the result does not depend on it [default: all]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
}

/// What a number about a generalised model is a number of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scale {
    /// The response
    Response,
    /// What the link makes of its expected value
    Link,
}

impl From<Scale> for ranef::ResponseScale {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::Response => ranef::ResponseScale::Response,
            Scale::Link => ranef::ResponseScale::Link,
        }
    }
}

/// Random effects in means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeansRe {
    /// At zero: an average group
    None,
    /// Averaged over all groups that might be drawn
    Average,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Contrasts {
    /// Each level against the first (the default)
    Treatment,
    /// Each level but the last against the mean of all
    Sum,
    /// Each level against the mean of those before it
    Helmert,
    /// Orthogonal polynomials
    Poly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Confint {
    /// Standard errors: t for fixed effects, transformed scales for the others
    Wald,
    /// The profile of the ML deviance
    Profile,
    /// Not in this version
    #[value(hide = true)]
    Bootstrap,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Df {
    /// From how well the variances are known (the default)
    Satterthwaite,
    /// Kenward and Roger's, with standard errors corrected for small samples
    KenwardRoger,
    /// Rows less fixed effects
    Residual,
    /// None: z tests
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Adjust {
    /// As they are
    None,
    /// Holm's steps: as general as Bonferroni, never larger
    Holm,
    /// Times their number
    Bonferroni,
    /// 1 − (1 − p)ⁿ
    Sidak,
    /// Benjamini and Hochberg's false discovery rate
    Fdr,
    /// Tukey's, for all pairwise differences of some means
    Tukey,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Optimizer {
    /// Trust-region Newton with exact derivatives (the default)
    Newton,
    /// Quasi-Newton with exact gradients
    Bfgs,
    /// Powell's BOBYQA, without derivatives
    Bobyqa,
    /// The simplex of Nelder and Mead
    NelderMead,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Interval {
    /// For the expected value
    Confidence,
    /// For an observation yet to be made
    Prediction,
}

/// `x=1,2` as a name and values.
pub fn at(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((name, values)) if !name.trim().is_empty() && !values.trim().is_empty() => Ok((
            name.trim().to_owned(),
            values.split(',').map(|v| v.trim().to_owned()).collect(),
        )),
        _ => Err("give a predictor and its values, such as x=1,2".to_owned()),
    }
}

/// A whole number from zero.
pub fn count(text: &str) -> Result<u64, String> {
    let wanted = "give a whole number, such as 1";
    text.trim().parse().map_err(|_| wanted.to_owned())
}

/// A number of quadrature points.
fn points(text: &str) -> Result<u32, String> {
    let wanted = "give a whole number from 0 up, such as 9";
    text.trim().parse().map_err(|_| wanted.to_owned())
}

/// A whole number from one that a `u32` holds.
pub fn number_of(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("give a whole number from 1 up, such as 250".to_owned()),
    }
}

/// A number above zero.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("give a number above zero, such as 2.5".to_owned()),
    }
}

/// A number of threads.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let wanted = "give a whole number from 1 up, such as 2";
    text.trim().parse().map_err(|_| wanted.to_owned())
}

/// A decimal mark.
fn decimal(text: &str) -> Result<char, String> {
    match text {
        "." => Ok('.'),
        "," => Ok(','),
        _ => Err("give . or ,".to_owned()),
    }
}

pub fn separator(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        ("space", ..) => Ok(' '),
        (_, Some(c), None) => Ok(c),
        _ => Err("give one character, `tab` or `space`".to_owned()),
    }
}

pub fn level(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("give a number between 0 and 1, such as 0.95".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    /// A line of 80 columns would be broken where it stands, an example in its middle.
    #[test]
    fn examples_fit_on_a_page_of_80_columns() {
        let all = Arguments::command();
        assert!(all.get_subcommands().count() > 20);
        for command in std::iter::once(&all).chain(all.get_subcommands()) {
            let help = command.get_after_help().expect("examples").to_string();
            assert!(help.starts_with("Examples:"), "{}", command.get_name());
            for line in help.lines() {
                assert!(line.chars().count() < 80, "{}: {line}", command.get_name());
            }
        }
    }
}
