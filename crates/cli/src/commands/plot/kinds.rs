//! The kinds of figures, an entry each.

use std::fmt;

use ranef::formula::did_you_mean;
use ranef::{Answer, Error, Fit, Table};
use ranef_figures::{Chart, Figure};
use serde::Serialize;

use super::{Asked, FigureArguments, checks, shown};
use crate::error::{Failure, Problem};
use crate::output;

/// A kind of figure.
pub struct Kind {
    /// As it is typed.
    pub name: &'static str,
    /// What it shows, in a line.
    pub shows: &'static str,
    /// The options of [`FigureArguments`] that it takes, beside `--level`.
    pub takes: &'static [&'static str],
    /// Whether it takes several models.
    pub several: bool,
    /// Whether it needs the rows that the model was fitted to.
    pub rows: fn(&FigureArguments) -> bool,
    /// Whether the figure makes sense for a model.
    pub suits: fn(&Fit) -> bool,
    /// Makes it.
    pub draw: fn(&Asked<'_>) -> Drawn,
}

/// A figure, whatever its type.
pub type Drawn = Result<Box<dyn Drawing>, Failure>;

/// What is written of a figure.
pub trait Drawing {
    fn chart(&self) -> Chart;
    fn table(&self) -> Table;
    fn json(&self, out: &mut Vec<u8>) -> Result<(), Failure>;
    fn words(&self, columns: Option<usize>) -> String;
}

impl<T: Figure> Drawing for T {
    fn chart(&self) -> Chart {
        Figure::chart(self)
    }

    fn table(&self) -> Table {
        Answer::table(self)
    }

    fn json(&self, out: &mut Vec<u8>) -> Result<(), Failure> {
        output::write_json(self, out)
    }

    fn words(&self, columns: Option<usize>) -> String {
        match columns {
            Some(columns) => format!("{self:columns$}"),
            None => self.to_string(),
        }
    }
}

/// A figure made.
pub fn drawn(figure: Result<impl Figure + 'static, Error>) -> Drawn {
    Ok(Box::new(figure?))
}

pub const NO_ROWS: fn(&FigureArguments) -> bool = |_| false;
pub const GROUPS: fn(&Fit) -> bool = |fit| !fit.varcorr().is_empty();

impl Kind {
    /// All kinds, in the order of the list.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        shown::KINDS.iter().chain(checks::KINDS)
    }

    /// The kind of a name; `_` is as good as `-`.
    pub fn of(name: &str) -> Option<&'static Self> {
        let name = name.replace('_', "-");
        Self::all().find(|kind| kind.name == name)
    }

    /// A name that no kind has.
    pub fn unknown(name: &str) -> Problem {
        let names: Vec<&str> = Self::all().map(|kind| kind.name).collect();
        let hint = match did_you_mean(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", names.join(", ")),
        };
        Problem::new("unknown_figure", format!("there is no figure `{name}`")).hint(hint)
    }

    /// Refuses options that the kind has no use for: silence would be taken for consent.
    pub fn refuse_others(&self, arguments: &FigureArguments) -> Result<(), Failure> {
        let given = arguments.given();
        let Some(other) = given.iter().find(|option| !self.takes.contains(option)) else {
            return Ok(());
        };
        let takes: Vec<String> = self.takes.iter().map(|t| format!("--{t}")).collect();
        let hint = match takes.is_empty() {
            true => "leave it out".to_owned(),
            false => format!("leave it out; this figure takes {}", takes.join(", ")),
        };
        let message = format!("`{}` has no use for --{other}", self.name);
        Err(Problem::new("usage", message).hint(hint).into())
    }
}

impl FigureArguments {
    /// The options that were given.
    fn given(&self) -> Vec<&'static str> {
        let given = [
            (self.x.is_some(), "x"),
            (self.by.is_some(), "by"),
            (self.group.is_some(), "group"),
            (!self.term.is_empty(), "term"),
            (!self.at.is_empty(), "at"),
            (self.groups.is_some(), "groups"),
            (!self.only.is_empty(), "only"),
            (self.points, "points"),
            (self.complete, "complete"),
            (self.own_order, "own-order"),
            (self.intercept, "intercept"),
            (self.standardized, "standardized"),
            (self.no_ratios, "no-ratios"),
            (self.scale.is_some(), "scale"),
            (self.re.is_some(), "re"),
            (self.simulate.simulate.is_some(), "simulate"),
            (self.simulate.replicates != 250, "replicates"),
            (self.simulate.seed != 1, "seed"),
        ];
        given.iter().filter(|g| g.0).map(|g| g.1).collect()
    }
}

/// The figures that make sense for some models.
#[derive(Serialize)]
pub struct List {
    figures: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    shows: &'static str,
    options: Vec<String>,
}

impl List {
    pub fn of(fits: &[(String, Fit)]) -> Self {
        let suits = |kind: &&Kind| {
            (fits.len() == 1 || kind.several) && fits.iter().all(|(_, fit)| (kind.suits)(fit))
        };
        let entry = |kind: &Kind| Entry {
            kind: kind.name,
            shows: kind.shows,
            options: kind.takes.iter().map(|t| format!("--{t}")).collect(),
        };
        Self {
            figures: Kind::all().filter(suits).map(entry).collect(),
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Figures of this model:")?;
        let width = self.figures.iter().map(|e| e.kind.len()).max().unwrap_or(0);
        for entry in &self.figures {
            writeln!(f, "  {:width$}  {}", entry.kind, entry.shows)?;
        }
        let first = self.figures.first().map_or("KIND", |e| e.kind);
        writeln!(
            f,
            "\nName one behind the model, with a file to write: `{first} -o {first}.svg`."
        )
    }
}
