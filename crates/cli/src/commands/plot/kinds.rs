//! The kinds of figures, an entry each.

use std::fmt;

use ranef::formula::did_you_mean;
use ranef::{
    Answer, Error, Fit, GroupLinesOptions, PredictorKind, PredictorRange, RandomBlock, Table,
};
use ranef_figures::{
    Caterpillar, CaterpillarOptions, Chart, Coefficients, CoefficientsOptions, Figure, Lines,
    PoolingFacets, PredictedOptions, PredictedValues, Shrinkage, SlopeCurve,
};
use serde::Serialize;

use super::{Asked, FigureArguments};
use crate::arguments::MeansRe;
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
fn drawn(figure: Result<impl Figure + 'static, Error>) -> Drawn {
    Ok(Box::new(figure?))
}

const ROWS: fn(&FigureArguments) -> bool = |_| true;
const NO_ROWS: fn(&FigureArguments) -> bool = |_| false;
const GROUPS: fn(&Fit) -> bool = |fit| !fit.varcorr().is_empty();
const LINEAR_GROUPS: fn(&Fit) -> bool = |fit| GROUPS(fit) && fit.family().is_gaussian();
/// Groups, and a predictor of numbers that lines may run over.
const SLOPES: fn(&Fit) -> bool = |fit| {
    let slopes = |p: &PredictorRange| matches!(p.values, PredictorKind::Numbers { .. });
    let random = |b: &RandomBlock| b.terms.iter().any(|t| t != "(Intercept)");
    let fixed = fit.predictors().is_ok_and(|all| all.iter().any(slopes));
    GROUPS(fit) && (fixed || fit.varcorr().iter().any(random))
};

/// All kinds, in the order of the list.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "lines",
        shows: "every group's line over a predictor, and the population's",
        takes: &["x", "group", "groups", "levels", "complete", "scale"],
        several: false,
        rows: ROWS,
        suits: SLOPES,
        draw: |asked| {
            let a = asked.arguments;
            let lines = Lines::of(asked.fit(), asked.rows()?, &a.lines(), a.complete);
            drawn(lines)
        },
    },
    Kind {
        name: "pooling",
        shows: "complete, no and partial pooling, a facet for each group",
        takes: &["x", "group", "groups", "levels"],
        several: false,
        rows: ROWS,
        suits: LINEAR_GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let (group, x) = (a.group.as_deref(), a.x.as_deref());
            let (fit, rows) = (asked.fit(), asked.rows()?);
            drawn(PoolingFacets::of(fit, rows, &a.lines(), group, x, a.groups))
        },
    },
    Kind {
        name: "shrinkage",
        shows: "arrows from every group's own regression to the multilevel model",
        takes: &["group", "term", "groups"],
        several: false,
        rows: ROWS,
        suits: LINEAR_GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let group = a.group.as_deref();
            drawn(Shrinkage::of(asked.fit(), group, &a.term, a.groups))
        },
    },
    Kind {
        name: "caterpillar",
        shows: "every group's random effects with intervals, sorted",
        takes: &["group", "term", "own-order", "groups"],
        several: false,
        rows: NO_ROWS,
        suits: GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let mut options = CaterpillarOptions::default()
                .terms(&a.term)
                .own_order(a.own_order)
                .level(a.level);
            if let Some(group) = &a.group {
                options = options.group(group);
            }
            if let Some(most) = a.groups {
                options = options.most(most);
            }
            drawn(Caterpillar::of(asked.fit(), &options))
        },
    },
    Kind {
        name: "coefficients",
        shows: "fixed effects with intervals, several models side by side",
        takes: &["term", "intercept", "standardized", "no-ratios"],
        several: true,
        rows: NO_ROWS,
        suits: |fit| fit.recipe().fixed_names().len() > 1,
        draw: |asked| {
            let a = asked.arguments;
            let options = CoefficientsOptions::default()
                .terms(&a.term)
                .intercept(a.intercept)
                .standardized(a.standardized)
                .ratios(!a.no_ratios)
                .level(a.level);
            let models = asked.fits.iter().map(|(name, fit)| (name.as_str(), fit));
            drawn(Coefficients::of(models, &options))
        },
    },
    Kind {
        name: "predictions",
        shows: "predicted values with bands over a predictor, by another or by group",
        takes: &[
            "x", "by", "at", "group", "groups", "levels", "points", "scale", "re",
        ],
        several: false,
        rows: |a| a.points || a.group.is_some(),
        suits: |fit| fit.predictors().is_ok_and(|p| !p.is_empty()),
        draw: |asked| {
            let a = asked.arguments;
            let mut options = PredictedOptions::default()
                .levels(&a.levels)
                .level(a.level)
                .average(a.re == Some(MeansRe::Average))
                .points(if a.points { POINTS } else { 0 });
            if let Some(scale) = a.scale {
                options = options.scale(scale.into());
            }
            if let Some(x) = &a.x {
                options = options.x(x);
            }
            if let Some(by) = &a.by {
                options = options.by(by);
            }
            if let Some(group) = &a.group {
                options = options.group(group);
            }
            if let Some(groups) = a.groups {
                options = options.groups(groups);
            }
            for (name, values) in &a.at {
                options = options.at(name, values);
            }
            let rows = match a.points || a.group.is_some() {
                true => Some(asked.rows()?),
                false => None,
            };
            drawn(PredictedValues::of(asked.fit(), rows, &options))
        },
    },
    Kind {
        name: "johnson-neyman",
        shows: "the slope of one predictor over another, and where it differs from 0",
        takes: &["x", "by", "at"],
        several: false,
        rows: NO_ROWS,
        suits: |fit| SlopeCurve::of(fit, None, None, &[], 0.95).is_ok(),
        draw: |asked| {
            let a = asked.arguments;
            let (x, by) = (a.x.as_deref(), a.by.as_deref());
            drawn(SlopeCurve::of(asked.fit(), x, by, &a.at, a.level))
        },
    },
];

/// Rows of the data that are drawn at most.
const POINTS: usize = 3000;

impl FigureArguments {
    /// The lines of groups that are asked for.
    fn lines(&self) -> GroupLinesOptions {
        let mut options = GroupLinesOptions::default()
            .levels(&self.levels)
            .level(self.level);
        if let Some(x) = &self.x {
            options = options.x(x);
        }
        if let Some(group) = &self.group {
            options = options.group(group);
        }
        if let Some(groups) = self.groups {
            options = options.most(groups);
        }
        if let Some(scale) = self.scale {
            options = options.scale(scale.into());
        }
        options
    }
}

impl Kind {
    /// The kind of a name; `_` is as good as `-`.
    pub fn of(name: &str) -> Option<&'static Self> {
        let name = name.replace('_', "-");
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// A name that no kind has.
    pub fn unknown(name: &str) -> Problem {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
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
            (!self.levels.is_empty(), "levels"),
            (self.points, "points"),
            (self.complete, "complete"),
            (self.own_order, "own-order"),
            (self.intercept, "intercept"),
            (self.standardized, "standardized"),
            (self.no_ratios, "no-ratios"),
            (self.scale.is_some(), "scale"),
            (self.re.is_some(), "re"),
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
            figures: KINDS.iter().filter(suits).map(entry).collect(),
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
