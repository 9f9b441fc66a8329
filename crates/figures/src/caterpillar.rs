//! Caterpillar: the random effects of every group with their intervals, sorted.
//!
//! The intervals are conditional: mode ± z times the conditional standard deviation, given the
//! variances and the fixed effects (Bates 2010, *lme4*, section 1.5). They say which groups differ
//! from the average, not which differ from each other. Up to sixty groups are named on the axis;
//! more are ranked, and of more than a few hundred an even selection by rank is drawn, with both
//! ends, and the note says so. The table has them all.

use std::fmt;

use ranef::{Answer, Error, Fit, Table};
use serde::Serialize;

use crate::chart::{Along, Axis, Colour, Mark, Panel, Rule, Shared, Style};
use crate::words::{self, number, percent, write_figure};
use crate::{Chart, Figure};

/// Groups that are named on an axis.
const NAMED: usize = 60;
/// Groups that are drawn unless told.
const MOST: usize = 400;

/// What a caterpillar shows.
#[derive(Clone, Debug, PartialEq)]
pub struct CaterpillarOptions {
    group: Option<String>,
    terms: Vec<String>,
    own_order: bool,
    level: f64,
    most: usize,
}

impl Default for CaterpillarOptions {
    fn default() -> Self {
        Self {
            group: None,
            terms: Vec::new(),
            own_order: false,
            level: 0.95,
            most: MOST,
        }
    }
}

impl CaterpillarOptions {
    /// The grouping factor: the first of the formula unless told.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// The random effects, a panel each: all unless told.
    pub fn terms<S: Into<String> + Clone>(mut self, terms: &[S]) -> Self {
        self.terms = terms.iter().cloned().map(Into::into).collect();
        self
    }

    /// Whether every panel is sorted by itself; else all are by the first, so that a line is a group.
    pub fn own_order(mut self, own: bool) -> Self {
        self.own_order = own;
        self
    }

    /// The share of the conditional distribution that an interval holds, 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// How many groups are drawn at most: 400 unless told.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }
}

/// The random effects of all levels of a grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Caterpillar {
    /// The grouping factor.
    pub group: String,
    /// The name of the response.
    pub response: String,
    /// In a generalised model the link, on whose scale all numbers are.
    pub link: Option<String>,
    /// The share of the conditional distribution that an interval holds.
    pub level: f64,
    /// Whether every term is ranked by itself.
    pub own_order: bool,
    /// How many groups are drawn at most.
    pub most: usize,
    /// What holds for each term.
    pub terms: Vec<CaterpillarTerm>,
    /// All groups, term by term, by rank.
    pub rows: Vec<CaterpillarRow>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What holds for one term over all groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaterpillarTerm {
    /// The random effect.
    pub term: String,
    /// Its estimated standard deviation between groups.
    pub sd: f64,
    /// Groups whose interval lies below zero.
    pub below: usize,
    /// Groups whose interval lies above zero.
    pub above: usize,
    /// The group with the smallest mode, and the mode.
    pub lowest: (String, f64),
    /// The group with the largest.
    pub highest: (String, f64),
}

/// The random effect of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaterpillarRow {
    /// The random effect.
    pub term: String,
    /// The group.
    pub level: String,
    /// Its place from 1, the lowest first.
    pub rank: usize,
    /// The conditional mode.
    pub estimate: f64,
    /// The conditional standard deviation.
    pub std_error: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl CaterpillarRow {
    /// Whether the interval leaves zero out.
    fn clear(&self) -> bool {
        self.lower > 0.0 || self.upper < 0.0
    }
}

impl Caterpillar {
    /// The caterpillar of a grouping factor.
    ///
    /// # Errors
    /// `no_groups`, `unknown_group`, `unknown_term`.
    pub fn of(fit: &Fit, options: &CaterpillarOptions) -> Result<Self, Error> {
        let group = words::group(fit, options.group.as_deref())?.to_owned();
        let blocks = || fit.varcorr().iter().filter(|b| b.group == group);
        let known: Vec<String> = blocks().flat_map(|b| b.terms.clone()).collect();
        let what = format!("random effect of {group}");
        let chosen = words::choose_terms(&known, &options.terms, &what)?;
        let effects = fit.effects(options.level);
        let mut terms = Vec::new();
        let mut rows: Vec<CaterpillarRow> = Vec::new();
        // The place of every group in the order of the first term.
        let mut order: Vec<usize> = Vec::new();
        for term in &chosen {
            let own: Vec<_> = effects
                .random
                .iter()
                .filter(|e| e.group == group && e.term == *term)
                .collect();
            if order.is_empty() || options.own_order {
                order = (0..own.len()).collect();
                order.sort_by(|&a, &b| own[a].estimate.total_cmp(&own[b].estimate));
            }
            let first = rows.len();
            rows.extend(order.iter().enumerate().map(|(rank, &at)| CaterpillarRow {
                term: term.clone(),
                level: own[at].level.clone(),
                rank: rank + 1,
                estimate: own[at].estimate,
                std_error: own[at].std_error,
                lower: own[at].lower,
                upper: own[at].upper,
            }));
            let panel = &rows[first..];
            let by = |a: &&CaterpillarRow, b: &&CaterpillarRow| a.estimate.total_cmp(&b.estimate);
            let (Some(lowest), Some(highest)) = (panel.iter().min_by(by), panel.iter().max_by(by))
            else {
                continue;
            };
            let sd = blocks().find_map(|b| {
                let at = b.terms.iter().position(|t| t == term)?;
                Some(b.sd[at])
            });
            terms.push(CaterpillarTerm {
                term: term.clone(),
                sd: sd.unwrap_or(0.0),
                below: panel.iter().filter(|r| r.upper < 0.0).count(),
                above: panel.iter().filter(|r| r.lower > 0.0).count(),
                lowest: (lowest.level.clone(), lowest.estimate),
                highest: (highest.level.clone(), highest.estimate),
            });
        }
        let mut figure = Self {
            response: words::response(fit),
            link: effects.link,
            level: options.level,
            own_order: options.own_order,
            most: options.most.max(2),
            terms,
            rows,
            notes: Vec::new(),
            group,
        };
        figure.notes = figure.notes_on(fit);
        Ok(figure)
    }

    /// Number of groups.
    fn groups(&self) -> usize {
        self.rows.len() / self.terms.len().max(1)
    }

    fn notes_on(&self, fit: &Fit) -> Vec<String> {
        let mut notes = vec![format!(
            "{}% intervals of each {} given the estimated variances; they compare it with the \
             average, not with another.",
            percent(self.level),
            self.group
        )];
        let n = self.groups();
        if n > self.most {
            notes.push(format!(
                "{} of {} groups are drawn, evenly by rank, the lowest and the highest among them.",
                words::count(self.most),
                words::count(n)
            ));
        }
        let singular: Vec<&str> = self
            .terms
            .iter()
            .filter(|t| t.sd == 0.0)
            .map(|t| words::term(&t.term))
            .collect();
        if !singular.is_empty() {
            notes.push(format!(
                "The variance of {} is estimated as zero: all groups are alike.",
                words::list(&singular)
            ));
        }
        let mut others: Vec<&str> = Vec::new();
        for block in fit.varcorr() {
            if block.group != self.group && !others.contains(&block.group.as_str()) {
                others.push(&block.group);
            }
        }
        if !others.is_empty() {
            notes.push(format!(
                "Not shown: the effects of {}.",
                words::list(&others)
            ));
        }
        notes
    }

    /// What the figure shows, in sentences.
    fn description(&self) -> String {
        let n = self.groups();
        let mut out = format!(
            "{} levels of {} with {}% intervals, sorted{}.",
            words::count(n),
            self.group,
            percent(self.level),
            match self.terms.first() {
                Some(first) if !self.own_order && self.terms.len() > 1 =>
                    format!(" by {}", words::term(&first.term)),
                _ => String::new(),
            }
        );
        for term in &self.terms {
            let (low, high) = (term.lowest.1, term.highest.1);
            out.push_str(&format!(
                " {}: from {} ({}) to {} ({}), standard deviation {}; {} of {} intervals leave out \
                 zero, {} below and {} above.",
                words::term(&term.term),
                number(low, high),
                term.lowest.0,
                number(high, low),
                term.highest.0,
                number(term.sd, 0.0),
                words::count(term.below + term.above),
                words::count(n),
                words::count(term.below),
                words::count(term.above),
            ));
        }
        out
    }

    fn axis(&self, term: &str) -> Axis {
        let unit = match (&self.link, term) {
            (Some(link), _) => format!("{link} scale"),
            (None, "(Intercept)") => self.response.clone(),
            (None, _) => format!("{} per unit", self.response),
        };
        Axis::new(format!("Deviation ({unit})")).including([0.0])
    }

    fn panel(&self, term: &CaterpillarTerm, drawn: &[usize], named: bool) -> Panel {
        let rows: Vec<&CaterpillarRow> = self.rows.iter().filter(|r| r.term == term.term).collect();
        let n = rows.len();
        // The first of a category axis is uppermost: there the highest group stands first.
        let place = |at: usize| match named {
            true => (n - 1 - at) as f64,
            false => (at + 1) as f64,
        };
        let y = match named {
            true => Axis::categories(
                self.group.clone(),
                rows.iter().rev().map(|r| r.level.clone()).collect(),
            ),
            false => Axis {
                domain: Some((0.5, n as f64 + 0.5)),
                grid: false,
                ..Axis::new(format!("Rank of {}", self.group))
            },
        };
        let mut layers = vec![
            Mark::Rules(vec![Rule::Vertical(0.0)]).styled(Style::default().colour(Colour::Faint)),
        ];
        let dense = drawn.len() > 100;
        let key = |clear: bool| match clear {
            true => "interval leaves out 0",
            false => "interval includes 0",
        };
        for clear in [false, true] {
            let some: Vec<(f64, &CaterpillarRow)> = drawn
                .iter()
                .map(|&at| (place(at), rows[at]))
                .filter(|(_, r)| r.clear() == clear)
                .collect();
            if some.is_empty() {
                continue;
            }
            let style = Style::default().colour(if clear {
                Colour::Series(0)
            } else {
                Colour::Muted
            });
            let (thin, small) = if dense { (0.5, 0.5) } else { (1.0, 1.0) };
            layers.push(
                Mark::Intervals {
                    along: Along::X,
                    at: some.iter().map(|(y, _)| *y).collect(),
                    lower: some.iter().map(|(_, r)| r.lower).collect(),
                    upper: some.iter().map(|(_, r)| r.upper).collect(),
                }
                .styled(style.size(thin).opacity(if dense { 0.6 } else { 1.0 })),
            );
            layers.push(
                Mark::Points {
                    x: some.iter().map(|(_, r)| r.estimate).collect(),
                    y: some.iter().map(|(y, _)| *y).collect(),
                    names: some.iter().map(|(_, r)| r.level.clone()).collect(),
                }
                .styled(style.size(small))
                .keyed(key(clear)),
            );
        }
        if !named {
            // The ends by name.
            let ends: Vec<usize> = [n - 1, 0]
                .into_iter()
                .filter(|at| drawn.contains(at))
                .collect();
            layers.push(
                Mark::Labels {
                    x: ends.iter().map(|&at| rows[at].estimate).collect(),
                    y: ends.iter().map(|&at| place(at)).collect(),
                    texts: ends.iter().map(|&at| rows[at].level.clone()).collect(),
                }
                .styled(Style::default()),
            );
        }
        Panel {
            title: Some(words::term(&term.term).to_owned()),
            x: self.axis(&term.term),
            y,
            layers,
        }
    }
}

impl Answer for Caterpillar {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .text("level", rows.iter().map(|r| r.level.clone()))
            .numbers("rank", Style::Count, rows.iter().map(|r| r.rank as f64))
            .titled("Rank")
            .numbers("estimate", Style::Digits, rows.iter().map(|r| r.estimate))
            .numbers("std_error", Style::Digits, rows.iter().map(|r| r.std_error))
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper))
    }
}

impl fmt::Display for Caterpillar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("Random effects of {}, sorted", self.group);
        write_figure(f, &heading, &self.table(), &self.description(), &self.notes)
    }
}

impl Figure for Caterpillar {
    fn chart(&self) -> Chart {
        let n = self.groups();
        let named = n <= NAMED && n <= self.most;
        let drawn = words::thinned(n, self.most);
        let panels: Vec<Panel> = self
            .terms
            .iter()
            .map(|term| self.panel(term, &drawn, named))
            .collect();
        Chart {
            name: "caterpillar",
            title: format!("Random effects of {}", self.group),
            subtitle: Some(format!(
                "{} levels, conditional modes with {}% intervals",
                words::count(n),
                percent(self.level)
            )),
            notes: self.notes.clone(),
            description: self.description(),
            columns: Some(panels.len().clamp(1, 3)),
            shared: Shared {
                x: false,
                y: !(named && self.own_order),
            },
            height: Some(match named {
                true => 35.0 + 4.0 * n as f64 * panels.len().div_ceil(3) as f64,
                false => 110.0 * panels.len().div_ceil(3) as f64,
            }),
            width: None,
            panels,
        }
    }
}
