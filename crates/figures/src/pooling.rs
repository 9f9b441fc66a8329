//! Complete, no and partial pooling in facets by group (Gelman and Hill 2007, figures 12.2 and
//! 12.4): the same complete-pooling line in each, the group's own regression, and between them the
//! line of the multilevel model. Where the model has no predictor that varies within groups, one
//! panel shows every group's own mean, its partially pooled one, and the mean of all.

use std::fmt;

use ranef::frame::Source;
use ranef::{
    Answer, Error, Fit, GroupLine, GroupLines, GroupLinesOptions, PooledCoefficient, Table,
};
use serde::Serialize;

use crate::chart::{
    Along, Axis, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Shared, Style, Symbol,
};
use crate::words::{self, count, number, write_figure, write_text};
use crate::{Chart, Figure};

/// Groups that get a facet unless told.
const FACETS: usize = 12;
/// Groups that get a line in the panel without predictor.
const NAMED: usize = 60;

/// The three ways to estimate each group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolingFacets {
    /// What the vertical axis of a facet measures.
    pub outcome: String,
    /// The grouping factor.
    pub group: String,
    /// The lines of each group; `None` where no predictor varies within groups.
    pub lines: Option<GroupLines>,
    /// The first coefficient of every group, where there are no lines; without standard errors of
    /// partial pooling where there are more groups than are named.
    pub means: Option<Vec<PooledCoefficient>>,
    /// How many groups are drawn at most, where there are no lines.
    pub most: usize,
}

impl PoolingFacets {
    /// The facets of a gaussian model: twelve groups unless `groups` says how many.
    ///
    /// # Errors
    /// `linear_only` for generalised models; as [`Fit::group_lines`].
    pub fn of(
        fit: &Fit,
        source: &dyn Source,
        options: &GroupLinesOptions,
        group: Option<&str>,
        x: Option<&str>,
        groups: Option<usize>,
    ) -> Result<Self, Error> {
        let group = words::group(fit, group)?.to_owned();
        if !fit.family().is_gaussian() {
            let message = format!(
                "no and complete pooling are least squares here, and this is a {} model",
                fit.family()
            );
            return Err(Error::new("linear_only", message)
                .with_hint("draw `lines` or `caterpillar`, which show the groups of any family"));
        }
        let mut wanted = options
            .clone()
            .group(&group)
            .most(groups.unwrap_or(FACETS))
            .pooling(true);
        if let Some(x) = x {
            wanted = wanted.x(x);
        }
        let (lines, means) = match fit.group_lines(source, &wanted) {
            Ok(lines) => (Some(lines), None),
            Err(error) if error.code() == "no_slope" && x.is_none() => {
                let levels = fit.moments().sizes.iter().map(Vec::len).max().unwrap_or(0);
                (
                    None,
                    Some(first_coefficients(fit, &group, levels <= NAMED)?),
                )
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            outcome: words::response(fit),
            group,
            lines,
            means,
            most: groups.unwrap_or(NAMED),
        })
    }

    fn facet(&self, lines: &GroupLines, at: usize, line: &GroupLine) -> Panel {
        let mut layers = Vec::new();
        let own = || lines.points.iter().filter(|p| p.line == at);
        layers.push(
            Mark::Points {
                x: own().map(|p| p.x).collect(),
                y: own().map(|p| p.y).collect(),
                names: Vec::new(),
            }
            .styled(
                Style::default()
                    .colour(Colour::Muted)
                    .size(0.8)
                    .opacity(0.7),
            ),
        );
        let mut add = |y: Option<&Vec<f64>>, style: Style, key: &str| {
            if let Some(y) = y.filter(|_| line.slope.is_some()) {
                let curve = Curve {
                    x: line.x.clone(),
                    y: y.clone(),
                    name: line.level.clone(),
                };
                layers.push(Mark::Lines(vec![curve]).styled(style).keyed(key));
            }
        };
        let style = Style::default().size(1.4);
        add(
            line.complete_pooling.as_ref(),
            style.colour(Colour::Muted).dash(Dash::Dashed),
            "complete pooling",
        );
        add(
            line.no_pooling.as_ref(),
            style.colour(Colour::Series(1)).dash(Dash::Dotted),
            "no pooling",
        );
        add(
            Some(&line.estimate),
            style.colour(Colour::Series(0)).size(1.8),
            "partial pooling",
        );
        Panel {
            title: Some(match rows_each(lines) {
                Some(_) => line.level.clone(),
                None => format!("{} (n={})", line.level, line.n),
            }),
            x: Axis::new(lines.x.clone()),
            y: Axis::new(self.outcome.clone()),
            layers,
        }
    }

    /// The rows of the groups that are drawn where there are no lines: by number of rows.
    /// The groups that are drawn where there are no lines: by their number of rows, or, where all
    /// have the same, by their estimates.
    fn drawn<'a>(&self, means: &'a [PooledCoefficient]) -> Vec<&'a PooledCoefficient> {
        let mut rows: Vec<_> = means.iter().collect();
        match of_one_size(means) {
            false => rows.sort_by_key(|g| g.n),
            true => rows.sort_by(|a, b| {
                let value = |g: &PooledCoefficient| g.partial_pooling.unwrap_or(f64::NAN);
                value(b).total_cmp(&value(a))
            }),
        }
        words::thinned(rows.len(), self.most)
            .into_iter()
            .map(|at| rows[at])
            .collect()
    }

    fn panel(&self, means: &[PooledCoefficient]) -> Panel {
        let rows = self.drawn(means);
        let equal = of_one_size(means);
        let errors = rows.iter().all(|g| g.partial_pooling_std_error.is_some());
        let n = rows.len();
        let names = rows.iter().map(|g| match g.n {
            _ if equal => g.level.clone(),
            1 => format!("{} (1 row)", g.level),
            rows => format!("{} ({rows} rows)", g.level),
        });
        let mut layers: Vec<Layer> = Vec::new();
        let at = |i: usize| i as f64;
        let no: Vec<(f64, f64, Option<f64>)> = (0..n)
            .filter_map(|i| {
                let se = rows[i].no_pooling_std_error.filter(|_| errors);
                Some((at(i) - 0.18, rows[i].no_pooling?, se))
            })
            .collect();
        let partial: Vec<(f64, f64, Option<f64>)> = (0..n)
            .filter_map(|i| {
                let se = rows[i].partial_pooling_std_error.filter(|_| errors);
                Some((at(i) + 0.18, rows[i].partial_pooling?, se))
            })
            .collect();
        let completes: Vec<f64> = rows.iter().filter_map(|g| g.complete_pooling).collect();
        if let Some(complete) = completes.first() {
            layers.push(
                Mark::Rules(vec![Rule::Vertical(*complete)])
                    .styled(Style::default().colour(Colour::Muted).dash(Dash::Dashed))
                    .keyed("complete pooling"),
            );
        }
        for (marks, series, symbol, key) in [
            (no, 1, Symbol::Ring, "no pooling"),
            (partial, 0, Symbol::Disc, "partial pooling"),
        ] {
            let style = Style::default()
                .colour(Colour::Series(series))
                .symbol(symbol);
            let ends: Vec<(f64, f64, f64)> = marks
                .iter()
                .filter_map(|(at, x, se)| Some((*at, *x, (*se)?)))
                .collect();
            layers.push(
                Mark::Intervals {
                    along: Along::X,
                    at: ends.iter().map(|m| m.0).collect(),
                    lower: ends.iter().map(|m| m.1 - m.2).collect(),
                    upper: ends.iter().map(|m| m.1 + m.2).collect(),
                }
                .styled(style),
            );
            layers.push(
                Mark::Points {
                    x: marks.iter().map(|m| m.1).collect(),
                    y: marks.iter().map(|m| m.0).collect(),
                    names: Vec::new(),
                }
                .styled(style)
                .keyed(match errors {
                    true => format!("{key} ± 1 SE"),
                    false => key.to_owned(),
                }),
            );
        }
        let term = rows.first().map_or("", |g| words::term(&g.term));
        Panel {
            title: None,
            x: Axis::new(format!("{term} ({})", self.outcome)),
            y: Axis::categories(self.group.clone(), names.collect()),
            layers,
        }
    }

    fn description(&self) -> String {
        if let Some(lines) = &self.lines {
            let (Some(partial), Some(n)) = (lines.slopes(), Some(lines.lines.len())) else {
                return String::new();
            };
            let rise = |l: &GroupLine| {
                let y = l.no_pooling.as_ref()?;
                let width = l.x.last()? - l.x.first()?;
                (width > 0.0).then_some((y.last()? - y.first()?) / width)
            };
            let own: Vec<f64> = lines.lines.iter().filter_map(rise).collect();
            let least = own.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut out = format!(
                "{} over {} in {} of {} levels of {}.",
                self.outcome,
                lines.x,
                count(n),
                count(lines.groups),
                self.group
            );
            if !own.is_empty() {
                out.push_str(&format!(
                    " Without pooling the slopes run from {}, with partial pooling from {}",
                    words::range(least, largest),
                    words::range(partial.0, partial.1)
                ));
                out.push_str(&match lines.complete_slope() {
                    Some(slope) => format!("; complete pooling gives all {}.", number(slope, 0.0)),
                    None => ".".to_owned(),
                });
            }
            return out;
        }
        let Some(means) = &self.means else {
            return String::new();
        };
        let spread = |of: fn(&PooledCoefficient) -> Option<f64>| {
            let values: Vec<f64> = means.iter().filter_map(of).collect();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            words::range(least, largest)
        };
        format!(
            "{} of the {} levels of {}: without pooling from {}, with partial pooling from {}.",
            means.first().map_or("", |g| words::term(&g.term)),
            count(means.len()),
            self.group,
            spread(|g| g.no_pooling),
            spread(|g| g.partial_pooling)
        )
    }

    fn notes(&self) -> Vec<String> {
        match (&self.lines, &self.means) {
            (Some(lines), _) => lines.chosen.iter().chain(&lines.notes).cloned().collect(),
            (None, Some(means)) => {
                let (drawn, all) = (self.drawn(means).len(), means.len());
                let mut notes = Vec::new();
                if !of_one_size(means) {
                    notes.push("Groups stand by their number of rows.".to_owned());
                }
                if drawn < all {
                    notes.push(format!(
                        "{} of {} levels of {} are drawn, evenly through that order.",
                        count(drawn),
                        count(all),
                        self.group
                    ));
                }
                notes
            }
            _ => Vec::new(),
        }
    }
}

/// The number of rows that all groups have.
fn rows_each(lines: &GroupLines) -> Option<usize> {
    let first = lines.lines.first()?.n;
    lines
        .lines
        .iter()
        .all(|line| line.n == first)
        .then_some(first)
}

/// The first coefficient of every group.
fn first_coefficients(
    fit: &Fit,
    group: &str,
    errors: bool,
) -> Result<Vec<PooledCoefficient>, Error> {
    let mut rows = match errors {
        true => fit.pooling(Some(group), 0.95)?.groups,
        false => fit.pooled_coefficients(Some(group))?,
    };
    let term = rows.first().map(|row| row.term.clone());
    rows.retain(|row| Some(&row.term) == term.as_ref());
    Ok(rows)
}

/// Whether all groups have the same number of rows.
fn of_one_size(means: &[PooledCoefficient]) -> bool {
    means.windows(2).all(|pair| pair[0].n == pair[1].n)
}

fn table(means: &[PooledCoefficient]) -> Table {
    use ranef::Style;
    let numbers = |of: fn(&PooledCoefficient) -> Option<f64>| means.iter().map(of);
    Table::new()
        .text("level", means.iter().map(|g| g.level.clone()))
        .numbers("n", Style::Count, means.iter().map(|g| g.n as f64))
        .numbers("no_pooling", Style::Digits, numbers(|g| g.no_pooling))
        .numbers(
            "no_pooling_std_error",
            Style::Digits,
            numbers(|g| g.no_pooling_std_error),
        )
        .numbers(
            "complete_pooling",
            Style::Digits,
            numbers(|g| g.complete_pooling),
        )
        .numbers(
            "partial_pooling",
            Style::Digits,
            numbers(|g| g.partial_pooling),
        )
        .numbers(
            "partial_pooling_std_error",
            Style::Digits,
            numbers(|g| g.partial_pooling_std_error),
        )
        .numbers("weight", Style::Share, means.iter().map(|g| g.weight))
}

impl Answer for PoolingFacets {
    fn table(&self) -> Table {
        match (&self.lines, &self.means) {
            (Some(lines), _) => lines.table(),
            (None, Some(means)) => table(means),
            _ => Table::new(),
        }
    }
}

impl fmt::Display for PoolingFacets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(lines) = &self.lines {
            writeln!(f, "{lines}")?;
            return write_text(f, &self.description());
        }
        let heading = format!("Pooling of {}", self.group);
        write_figure(
            f,
            &heading,
            &self.table(),
            &self.description(),
            &self.notes(),
        )
    }
}

impl Figure for PoolingFacets {
    fn chart(&self) -> Chart {
        let chart = Chart {
            name: "pooling",
            notes: self.notes(),
            description: self.description(),
            title: format!("Complete, no and partial pooling of {}", self.group),
            ..Chart::default()
        };
        let Some(lines) = &self.lines else {
            let panel = self.means.as_ref().map(|pooling| self.panel(pooling));
            let rows = self.means.as_ref().map_or(0, |p| self.drawn(p).len());
            return Chart {
                panels: panel.into_iter().collect(),
                height: Some(38.0 + 6.0 * rows as f64),
                ..chart
            };
        };
        let n = lines.lines.len();
        let columns = match n {
            0..=3 => n.max(1),
            4 => 2,
            5..=9 => 3,
            10..=24 => 4,
            _ => 6,
        };
        let facets = lines.lines.iter().enumerate();
        Chart {
            subtitle: Some(match rows_each(lines) {
                Some(n) => format!("{} over {}, {n} rows each", self.outcome, lines.x),
                None => format!("{} over {}", self.outcome, lines.x),
            }),
            panels: facets
                .map(|(at, line)| self.facet(lines, at, line))
                .collect(),
            columns: Some(columns),
            shared: Shared { x: true, y: true },
            height: Some(30.0 + (34.0 * n.div_ceil(columns) as f64).max(48.0)),
            ..chart
        }
    }
}
