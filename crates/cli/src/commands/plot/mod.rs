//! `ranef plot`: figures of a model.
//!
//! [`kinds`] says what a kind of figure is: its name, what it shows, the options it takes and how it is
//! made. [`shown`] has those of what the model says, [`checks`] those of the fit itself; to add a figure,
//! add an entry there. [`write`](mod@write) puts a figure into a file.

mod checks;
pub mod face;
mod kinds;
mod shown;
pub mod write;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ranef::Fit;
use ranef::frame::Source;

use crate::arguments::{
    MeansRe, ModelArguments, ModelOptions, ReadArguments, Scale, at, level, positive,
};
use crate::commands::check::SimulateArguments;
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::output;
use crate::progress::Progress;
use kinds::Kind;

/// Draw a figure of a model: SVG, PNG, PDF, Vega-Lite, or the data behind it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef plot sleep.json
  ranef plot sleep.json caterpillar -o caterpillar.svg
  ranef plot -f 'Reaction ~ Days + (Days | Subject)' sleepstudy shrinkage \\
      -o shrinkage.pdf --width 85
  ranef plot -f 'math ~ ses * sector + (ses | school)' pupils.csv predictions \\
      --x ses --by sector -o slopes.png --dpi 300
  ranef plot small.json large.json coefficients -o models.svg
  ranef plot sleep.json lines --format csv > lines.csv

Without KIND the figures are listed that make sense for the model. The ending
of the file says in which form a figure is written: .svg, .png, .pdf, .csv and
.json (the data behind it), .vl.json (a Vega-Lite specification), .txt (in
words); --format says so where there is no file, or another ending. Without
-o it goes to standard output.")]
pub struct PlotArguments {
    /// A saved model (several for `coefficients`), or with -f the data to fit the formula to; and
    /// behind it the kind of figure
    #[arg(value_name = "MODEL|DATA KIND", required = true)]
    pub words: Vec<String>,

    /// Fit this formula instead of reading a saved model; may be given several times
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        help_heading = "Model"
    )]
    pub formula: Vec<String>,

    /// The rows that the saved model was fitted to, where a figure needs them [default: those it
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

    #[command(flatten)]
    pub figure: FigureArguments,

    #[command(flatten)]
    pub page: PageArguments,
}

/// What a figure shows. Each kind takes some of these, and refuses the others.
#[derive(Debug, Args)]
#[command(next_help_heading = "Figure")]
pub struct FigureArguments {
    /// The predictor along the horizontal axis
    #[arg(long, value_name = "COL")]
    pub x: Option<String>,

    /// A predictor that lines or slopes differ by
    #[arg(long, value_name = "COL")]
    pub by: Option<String>,

    /// The grouping factor [default: the first of the formula]
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,

    /// Coefficients or random effects to show, with commas between them
    #[arg(long, value_name = "NAMES")]
    pub term: Vec<String>,

    /// Values of a predictor, such as x=1,2; may be repeated
    #[arg(long, value_name = "COL=VALUES", value_parser = at, allow_hyphen_values = true)]
    pub at: Vec<(String, Vec<String>)>,

    /// How many groups are shown, or `all`
    #[arg(long, value_name = "N|all", value_parser = groups)]
    pub groups: Option<usize>,

    /// The groups to show, with commas between them
    #[arg(long, value_name = "LEVELS", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Show the data behind the lines
    #[arg(long)]
    pub points: bool,

    /// Add the line of one regression for all rows, which forgets the groups
    #[arg(long)]
    pub complete: bool,

    /// Sort every panel by itself
    #[arg(long)]
    pub own_order: bool,

    /// Show the intercept as well
    #[arg(long)]
    pub intercept: bool,

    /// Coefficients in standard deviations of their predictors and, in gaussian models, of the
    /// response
    #[arg(long)]
    pub standardized: bool,

    /// Coefficients as they are, not as ratios
    #[arg(long)]
    pub no_ratios: bool,

    /// In a generalised model: of the response, or on the scale of the link
    #[arg(long, value_name = "SCALE", value_enum)]
    pub scale: Option<Scale>,

    /// In a generalised model: the random effects that the response is taken at
    #[arg(long, value_name = "WHICH", value_enum)]
    pub re: Option<MeansRe>,

    /// The probability that an interval or band holds its target
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub level: f64,

    #[command(flatten)]
    pub simulate: SimulateArguments,
}

/// Where and in which form a figure is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct PageArguments {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The form, where the ending of the file does not say it
    #[arg(long, value_name = "FORM", value_enum)]
    pub format: Option<Form>,

    /// Width in millimetres: 85 for a column, 180 for a page [default: 150]
    #[arg(long, value_name = "MM", value_parser = positive)]
    pub width: Option<f64>,

    /// Height in millimetres [default: what the figure needs]
    #[arg(long, value_name = "MM", value_parser = positive)]
    pub height: Option<f64>,

    /// Pixels per inch of a PNG [default: 300]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub dpi: Option<f64>,

    /// Leave out title and subtitle, for figures whose caption says it
    #[arg(long)]
    pub plain: bool,

    /// Print the data behind the figure as one JSON object: short for --format json
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub json: bool,
}

/// The form that a figure is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Scalable vector graphics
    Svg,
    /// Pixels
    Png,
    /// One page
    Pdf,
    /// A Vega-Lite specification with its data
    VegaLite,
    /// The data behind the figure
    Csv,
    /// The data behind the figure, as an object
    Json,
    /// The figure in words
    Text,
}

/// What a figure is made of.
pub struct Asked<'a> {
    pub arguments: &'a FigureArguments,
    /// The models with their names; one but where a kind takes several.
    pub fits: Fits<'a>,
    /// The rows of the first model, for kinds that ask for them.
    rows: Option<&'a dyn Source>,
}

/// Models with their names; another owns them.
pub struct Fits<'a>(Vec<(String, &'a Fit)>);

impl Fits<'_> {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Fit)> {
        self.0.iter().map(|(name, fit)| (name, *fit))
    }
}

impl Asked<'_> {
    /// The model.
    pub fn fit(&self) -> &Fit {
        self.fits.0[0].1
    }

    /// Its rows.
    pub fn rows(&self) -> Result<&dyn Source, Failure> {
        self.rows.ok_or_else(Failure::panicked)
    }
}

pub fn run(arguments: &PlotArguments) -> Result<(), Failure> {
    let form = write::form(&arguments.page)?;
    let (models, kind) = split(&arguments.words)?;
    let Some(kind) = kind else {
        return list(arguments, models);
    };
    kind.refuse_others(&arguments.figure)?;
    write::refuse_terminal(form, &arguments.page)?;
    let progress = Progress::start();
    let (fits, rows) = ask(arguments, models, kind, &progress)?;
    progress.phase("drawing");
    let fits = fits.iter().map(|(name, fit)| (name.clone(), fit)).collect();
    let drawing = (kind.draw)(&Asked {
        arguments: &arguments.figure,
        fits: Fits(fits),
        rows: rows.as_deref(),
    })?;
    write::write(&*drawing, form, &arguments.page, progress)
}

/// The models, and the kind of figure behind them.
fn split(words: &[String]) -> Result<(&[String], Option<&'static Kind>), Failure> {
    let Some((last, models)) = words.split_last() else {
        return Err(Failure::panicked());
    };
    if let Some(kind) = Kind::of(last) {
        if models.is_empty() {
            let message = format!("`{last}` is a kind of figure, and there is no model to draw");
            return Err(Problem::new("usage", message)
                .hint(format!(
                    "name a saved model before it, or a formula and data: `ranef plot -f FORMULA \
                     DATA {last}`"
                ))
                .into());
        }
        return Ok((models, Some(kind)));
    }
    let is_file = last == "-" || last.contains(['.', '/']) || Path::new(last).exists();
    if models.is_empty() || is_file {
        return Ok((words, None));
    }
    Err(Kind::unknown(last).into())
}

/// Reads or fits what a figure is of.
fn ask(
    arguments: &PlotArguments,
    models: &[String],
    kind: &Kind,
    progress: &Progress,
) -> Result<Found, Failure> {
    let figure = &arguments.figure;
    let each = named(arguments, models)?;
    if each.len() > 1 && !kind.several {
        let (name, n) = (kind.name, each.len());
        let message = format!("`{name}` is a figure of one model, and {n} are named");
        return Err(Problem::new("usage", message)
            .hint("`coefficients` has several models side by side")
            .into());
    }
    let mut fits = Vec::new();
    let mut rows = None;
    for (name, model) in &each {
        let found = match (kind.rows)(figure) {
            true => Model::with_rows(model, progress)?,
            false => Model::of(model, progress)?,
        };
        fits.push((name.clone(), found.fit));
        rows = rows.or(found.data);
    }
    Ok((fits, rows))
}

/// Models with their names, and the rows of the first.
type Found = (Vec<(String, Fit)>, Option<Box<dyn Source>>);

/// The models one by one, with their names: of a saved one its file without the ending, of a
/// formula its number.
fn named(
    arguments: &PlotArguments,
    models: &[String],
) -> Result<Vec<(String, ModelArguments)>, Failure> {
    let one = |model: &String, formula: Option<&String>| ModelArguments {
        model: model.clone(),
        formula: formula.cloned(),
        data: arguments.data.clone(),
        options: arguments.options.clone(),
        read: arguments.read.clone(),
    };
    if arguments.formula.is_empty() {
        let each = models.iter().map(|model| one(model, None));
        return Ok(crate::models::names(models).into_iter().zip(each).collect());
    }
    let [data] = models else {
        return Err(Problem::new(
            "one_data",
            "formulas given with -f are fitted to one set of data, and several are named",
        )
        .hint("give one: `-f F1 -f F2 DATA KIND`")
        .into());
    };
    let formulas = arguments.formula.iter().enumerate();
    let number = |k: usize| format!("Model {}", k + 1);
    Ok(formulas
        .map(|(k, formula)| (number(k), one(data, Some(formula))))
        .collect())
}

/// The figures that make sense for the model.
fn list(arguments: &PlotArguments, models: &[String]) -> Result<(), Failure> {
    if let Some(output) = &arguments.page.output {
        let kinds: Vec<&str> = Kind::all().map(|kind| kind.name).collect();
        let message = format!("which figure is `{}` to show?", output.display());
        return Err(Problem::new("usage", message)
            .hint(format!(
                "name a kind behind the model: {}",
                kinds.join(", ")
            ))
            .into());
    }
    let progress = Progress::start();
    let mut fits = Vec::new();
    for (name, model) in &named(arguments, models)? {
        fits.push((name.clone(), Model::of(model, &progress)?.fit));
    }
    drop(progress);
    let list = kinds::List::of(&fits);
    match arguments.page.json {
        true => output::json(&list),
        false => output::text(&list),
    }
}

/// A number of groups.
fn groups(text: &str) -> Result<usize, String> {
    match text.trim() {
        "all" => Ok(usize::MAX),
        number => match number.parse() {
            Ok(n) if n > 0 => Ok(n),
            _ => Err("give a whole number from 1 up, such as 12, or `all`".to_owned()),
        },
    }
}
