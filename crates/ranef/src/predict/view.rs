//! Predictions as JSON, as a table, and in words.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Budget, Interval, Intervals, Predictions};
use crate::Note;
use crate::format::write_text;
use crate::table::{Answer, Style, Table};

/// Rows that are printed for people.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Row<'a> {
    fit: Option<f64>,
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    df: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shares: Option<Budget>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probabilities: Vec<Chance<'a>>,
}

/// The probability of a category.
#[derive(Serialize)]
struct Chance<'a> {
    category: &'a str,
    fit: Option<f64>,
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl Predictions {
    fn chances(&self, row: usize) -> Vec<Chance<'_>> {
        let found = self.probabilities.get(row).and_then(Option::as_ref);
        (self.categories.iter().enumerate())
            .map(|(k, category)| {
                let chance = found.map(|all| all[k]);
                let part = |at: usize| chance.and_then(|c| Some(c.interval?[at]));
                Chance {
                    category,
                    fit: chance.map(|c| c.fit),
                    std_error: part(0),
                    lower: part(1),
                    upper: part(2),
                }
            })
            .collect()
    }
}

#[derive(Serialize)]
struct About<'a> {
    kind: Interval,
    level: f64,
    target: &'a str,
    shares: Budget,
}

#[derive(Serialize)]
struct NewLevels<'a> {
    group: &'a str,
    rows: usize,
}

impl Serialize for Predictions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Row<'_>> = self
            .fit
            .iter()
            .enumerate()
            .map(|(i, &fit)| {
                let interval = self.intervals.as_ref().and_then(|all| all.rows[i]);
                Row {
                    fit,
                    std_error: interval.map(|i| i.std_error),
                    lower: interval.map(|i| i.lower),
                    upper: interval.map(|i| i.upper),
                    df: interval.map(|i| i.df),
                    shares: interval.map(|i| i.variance),
                    probabilities: self.chances(i),
                }
            })
            .collect();
        let about = self.intervals.as_ref().map(|all| About {
            kind: all.kind,
            level: all.level,
            target: &all.target,
            shares: all.budget,
        });
        let new: Vec<NewLevels<'_>> = self
            .new_levels
            .iter()
            .map(|(group, rows)| NewLevels { group, rows: *rows })
            .collect();
        let notes: &[Note] = &self.notes;
        let mut object = serializer.serialize_struct("Predictions", 6)?;
        object.serialize_field("rows", &rows)?;
        object.serialize_field("interval", &about)?;
        object.serialize_field("scale", &self.scale)?;
        object.serialize_field("meaning", &self.meaning)?;
        object.serialize_field("new_levels", &new)?;
        object.serialize_field("notes", notes)?;
        object.end()
    }
}

impl Answer for Predictions {
    fn table(&self) -> Table {
        let mut table = self.expected();
        let row = |at: usize| self.probabilities.get(at).and_then(Option::as_ref);
        let n = self.fit.len();
        for (k, category) in self.categories.iter().enumerate() {
            let name = |part: &str| format!("prob_{category}{part}");
            let fits = (0..n).map(|i| row(i).map(|all| all[k].fit));
            table = table.numbers(&name(""), Style::Estimate, fits);
            let confidence = |i: &Intervals| i.kind == Interval::Confidence;
            if !self.intervals.as_ref().is_some_and(confidence) {
                continue;
            }
            for (at, part) in ["_std_error", "_lower", "_upper"].into_iter().enumerate() {
                let parts = (0..n).map(|i| Some(row(i)?[k].interval?[at]));
                table = table.numbers(&name(part), Style::Estimate, parts);
            }
        }
        table
    }
}

impl Predictions {
    /// The expected values with their intervals, without the probabilities of categories.
    fn expected(&self) -> Table {
        let table = Table::new()
            .numbers("fit", Style::Estimate, self.fit.iter().copied())
            .titled("Fit");
        let Some(all) = &self.intervals else {
            return table;
        };
        let column = |of: fn(&super::PredictedInterval) -> f64| {
            all.rows.iter().map(move |row| row.as_ref().map(of))
        };
        table
            .numbers("std_error", Style::Estimate, column(|i| i.std_error))
            .numbers("lower", Style::Estimate, column(|i| i.lower))
            .numbers("upper", Style::Estimate, column(|i| i.upper))
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.fit.len();
        let mut head = self.clone();
        head.fit.truncate(SHOWN);
        if let Some(all) = &mut head.intervals {
            all.rows.truncate(SHOWN);
        }
        head.probabilities.truncate(SHOWN);
        write!(f, "{}", head.table())?;
        if n > SHOWN {
            writeln!(f, " … and {} rows more", n - SHOWN)?;
        }
        write_meaning(f, self)
    }
}

fn write_meaning(f: &mut fmt::Formatter<'_>, found: &Predictions) -> fmt::Result {
    match (&found.intervals, &found.meaning) {
        (Some(all), _) => {
            writeln!(f)?;
            write_text(f, &all.sentence())
        }
        (None, Some(meaning)) => {
            writeln!(f)?;
            write_text(f, &format!("Predicted: {meaning}."))
        }
        (None, None) => Ok(()),
    }
}

impl Intervals {
    /// What the intervals hold and where their width comes from, in words.
    pub fn sentence(&self) -> String {
        let mut out = format!("{}% intervals for {}.", percent(self.level), self.target);
        if let Some(how) = &self.how {
            out.push(' ');
            out.push_str(how);
        }
        let Some(shares) = self.budget.shares() else {
            return out;
        };
        let parts: Vec<String> = [
            (shares.fixed, "the fixed effects"),
            (shares.random, "the effects of the groups"),
            (shares.groups, "differences between groups"),
            (shares.residual, "the residual"),
        ]
        .into_iter()
        .filter(|(share, _)| *share > 0.0)
        .map(|(share, what)| format!("{} % {what}", round_share(share)))
        .collect();
        if parts.len() > 1 {
            let place = if self.how.is_some() {
                " on the scale of the link"
            } else {
                ""
            };
            out.push_str(&format!(" Of their variance{place}: {}.", parts.join(", ")));
        }
        if shares.random + shares.groups > 0.0 {
            out.push_str(" Standard errors take the variances of the model as known.");
        }
        out
    }
}

/// A level in percent, without digits that rounding made.
pub(crate) fn percent(level: f64) -> f64 {
    (level * 1e8).round() / 1e6
}

fn round_share(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 0.1 {
        "less than 0.1".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}
