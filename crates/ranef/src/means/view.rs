//! Means as JSON, as a table, and in words.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::{Estimate, Means, Point};
use crate::format::write_text;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

/// The fields of an estimate, null where there is none.
pub(crate) fn serialize_estimate<M: SerializeMap>(
    map: &mut M,
    value: &Option<Estimate>,
) -> Result<(), M::Error> {
    map.serialize_entry("estimate", &value.map(|v| v.estimate))?;
    map.serialize_entry("std_error", &value.map(|v| v.std_error))?;
    map.serialize_entry("df", &value.and_then(|v| v.df))?;
    map.serialize_entry("lower", &value.map(|v| v.lower))?;
    map.serialize_entry("upper", &value.map(|v| v.upper))?;
    map.serialize_entry("statistic", &value.and_then(|v| v.statistic))?;
    map.serialize_entry("p_value", &value.and_then(|v| v.p_value))
}

/// The columns of estimates.
pub(crate) fn estimate_columns(table: Table, values: &[Option<Estimate>], test: bool) -> Table {
    let column = |of: fn(&Estimate) -> f64| values.iter().map(move |v| v.as_ref().map(of));
    let maybe =
        |of: fn(&Estimate) -> Option<f64>| values.iter().map(move |v| v.as_ref().and_then(of));
    let table = table
        .numbers("estimate", Style::Estimate, column(|v| v.estimate))
        .numbers("std_error", Style::Estimate, column(|v| v.std_error))
        .numbers("df", Style::Df, maybe(|v| v.df))
        .numbers("lower", Style::Estimate, column(|v| v.lower))
        .numbers("upper", Style::Estimate, column(|v| v.upper));
    if !test {
        return table;
    }
    let known = values.iter().flatten();
    let normal = known.clone().count() > 0 && known.into_iter().all(|v| v.df.is_none());
    table
        .numbers("statistic", Style::Statistic, maybe(|v| v.statistic))
        .titled(if normal { "z value" } else { "t value" })
        .numbers("p_value", Style::PValue, maybe(|v| v.p_value))
}

/// The columns of the values that estimates are for.
pub(crate) fn point_columns<'a>(
    mut table: Table,
    names: &[String],
    cells: impl Iterator<Item = &'a [Point]> + Clone,
) -> Table {
    for (k, name) in names.iter().enumerate() {
        let numbers = cells.clone().all(|c| matches!(c[k], Point::Number(_)));
        table = if numbers {
            table.numbers(
                name,
                Style::Estimate,
                cells.clone().map(|c| match &c[k] {
                    Point::Number(x) => Some(*x),
                    Point::Level(_) => None,
                }),
            )
        } else {
            table.text(name, cells.clone().map(|c| c[k].to_string()))
        };
    }
    table
}

impl Means {
    /// Names and number of the predictors that comparisons stay within.
    fn within(&self) -> &[String] {
        let count = self.contrasts.first().map_or(0, |c| c.within.len());
        &self.by[self.by.len() - count..]
    }

    /// The differences in tidy columns.
    pub fn contrast_table(&self) -> Table {
        let cells = self.contrasts.iter().map(|c| c.within.as_slice());
        let table = point_columns(Table::new(), self.within(), cells)
            .text(
                "contrast",
                self.contrasts.iter().map(|c| c.contrast.clone()),
            )
            .titled("Contrast");
        let values: Vec<Option<Estimate>> = self.contrasts.iter().map(|c| c.value).collect();
        estimate_columns(table, &values, true)
    }
}

impl Serialize for Means {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Rows<'a>(&'a Means);
        impl Serialize for Rows<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut list = serializer.serialize_seq(Some(self.0.rows.len()))?;
                for row in &self.0.rows {
                    list.serialize_element(&Cell {
                        names: &self.0.by,
                        points: &row.at,
                        contrast: None,
                        value: &row.value,
                        categories: &self.0.categories,
                        probabilities: &row.probabilities,
                    })?;
                }
                list.end()
            }
        }
        struct Contrasts<'a>(&'a Means);
        impl Serialize for Contrasts<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut list = serializer.serialize_seq(Some(self.0.contrasts.len()))?;
                for row in &self.0.contrasts {
                    list.serialize_element(&Cell {
                        names: self.0.within(),
                        points: &row.within,
                        contrast: Some(&row.contrast),
                        value: &row.value,
                        categories: &[],
                        probabilities: &[],
                    })?;
                }
                list.end()
            }
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rows", &Rows(self))?;
        map.serialize_entry("contrasts", &Contrasts(self))?;
        map.serialize_entry("adjust", &self.adjust)?;
        map.serialize_entry("trend", &self.trend)?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("scale", &self.scale)?;
        map.serialize_entry("averaged", &self.averaged)?;
        map.serialize_entry("ratio", &self.ratio)?;
        map.serialize_entry("held", &self.held)?;
        map.serialize_entry("notes", &self.notes)?;
        map.end()
    }
}

/// A row of JSON: the values, then the estimate.
struct Cell<'a> {
    names: &'a [String],
    points: &'a [Point],
    contrast: Option<&'a str>,
    value: &'a Option<Estimate>,
    categories: &'a [String],
    probabilities: &'a [Option<Estimate>],
}

/// Probabilities of categories as a list of objects.
pub(crate) struct Probabilities<'a> {
    pub categories: &'a [String],
    pub values: &'a [Option<Estimate>],
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct One<'a>(&'a str, &'a Option<Estimate>);
        impl Serialize for One<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("category", self.0)?;
                serialize_estimate(&mut map, self.1)?;
                map.end()
            }
        }
        let pairs = self.categories.iter().zip(self.values);
        serializer.collect_seq(pairs.map(|(category, value)| One(category, value)))
    }
}

/// The table of probabilities: a row for each cell and category, the categories of a cell together.
pub(crate) fn probability_table(
    names: &[String],
    cells: &[(&[Point], &[Option<Estimate>])],
    categories: &[String],
    test: bool,
) -> Table {
    let each = || {
        cells
            .iter()
            .flat_map(|(at, values)| values.iter().map(move |value| (*at, value)))
    };
    let places: Vec<&[Point]> = each().map(|(at, _)| at).collect();
    let table = point_columns(Table::new(), names, places.iter().copied()).text(
        "category",
        each()
            .zip(categories.iter().cycle())
            .map(|(_, category)| category.clone()),
    );
    let values: Vec<Option<Estimate>> = each().map(|(_, value)| *value).collect();
    estimate_columns(table, &values, test)
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, point) in self.names.iter().zip(self.points) {
            map.serialize_entry(name, point)?;
        }
        if let Some(contrast) = self.contrast {
            map.serialize_entry("contrast", contrast)?;
        }
        serialize_estimate(&mut map, self.value)?;
        if !self.categories.is_empty() {
            map.serialize_entry(
                "probabilities",
                &Probabilities {
                    categories: self.categories,
                    values: self.probabilities,
                },
            )?;
        }
        map.end()
    }
}

impl Means {
    /// The probability of each category of an ordinal response, or its slope, in tidy columns; no rows
    /// for other responses.
    pub fn probability_table(&self) -> Table {
        let cells: Vec<_> = (self.rows.iter())
            .map(|row| (row.at.as_slice(), row.probabilities.as_slice()))
            .collect();
        probability_table(&self.by, &cells, &self.categories, self.trend.is_some())
    }
}

/// Columns of probabilities beside others: `prob_LABEL` with its error and interval for each category.
pub(crate) fn wide_probabilities(
    mut table: Table,
    categories: &[String],
    rows: &[&[Option<Estimate>]],
) -> Table {
    for (k, category) in categories.iter().enumerate() {
        let column = |of: fn(&Estimate) -> f64| rows.iter().map(move |r| r[k].as_ref().map(of));
        let name = |part: &str| format!("prob_{category}{part}");
        table = table
            .numbers(&name(""), Style::Estimate, column(|v| v.estimate))
            .numbers(
                &name("_std_error"),
                Style::Estimate,
                column(|v| v.std_error),
            )
            .numbers(&name("_lower"), Style::Estimate, column(|v| v.lower))
            .numbers(&name("_upper"), Style::Estimate, column(|v| v.upper));
    }
    table
}

impl Means {
    /// The means without the probabilities of categories.
    fn mean_table(&self) -> Table {
        let cells = self.rows.iter().map(|r| r.at.as_slice());
        let table = point_columns(Table::new(), &self.by, cells);
        let values: Vec<Option<Estimate>> = self.rows.iter().map(|r| r.value).collect();
        estimate_columns(table, &values, self.trend.is_some())
    }
}

impl Answer for Means {
    fn table(&self) -> Table {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|r| r.probabilities.as_slice())
            .collect();
        wide_probabilities(self.mean_table(), &self.categories, &rows)
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.by.is_empty() {
            String::new()
        } else {
            format!(" by {}", self.by.join(", "))
        };
        match &self.trend {
            Some(trend) => writeln!(
                f,
                "Slopes of {trend}{by}, with {}% intervals",
                percent(self.level)
            )?,
            None => writeln!(
                f,
                "Estimated marginal means{by}, with {}% intervals",
                percent(self.level)
            )?,
        }
        if self.categories.is_empty() {
            write!(f, "\n{}", self.mean_table())?;
        } else {
            let what = match self.trend {
                Some(_) => "Probabilities, change",
                None => "Probabilities",
            };
            writeln!(f, "\n{what}")?;
            write!(f, "{}", self.probability_table())?;
            writeln!(f, "\nMean category, counted from 0")?;
            write!(f, "{}", self.mean_table())?;
        }
        if !self.contrasts.is_empty() {
            let head = match self.ratio {
                None => "Differences".to_owned(),
                Some(kind) => kind.title().to_owned(),
            };
            writeln!(f, "\n{head}")?;
            write!(f, "{}", self.contrast_table())?;
            let several = self
                .contrasts
                .windows(2)
                .any(|c| c[0].within == c[1].within);
            if let Some(adjust) = self.adjust.filter(|_| several) {
                let how = adjust.in_words();
                write_text(f, &format!("p-values by {how}; intervals each by itself."))?;
            }
        }
        if !self.held.is_empty() || !self.notes.is_empty() {
            writeln!(f)?;
        }
        write_held(f, &self.held)?;
        for note in &self.notes {
            write_text(f, &format!("Note: {}.", note.message))?;
        }
        Ok(())
    }
}

/// Levels that are listed; more are counted.
const LISTED: usize = 8;

/// What is averaged over and what is held where, a line each.
pub(crate) fn write_held(
    f: &mut fmt::Formatter<'_>,
    held: &BTreeMap<String, Vec<Point>>,
) -> fmt::Result {
    let list = |points: &[Point]| -> String {
        if points.len() > LISTED {
            return format!("{} levels", points.len());
        }
        let texts: Vec<String> = points.iter().map(Point::to_string).collect();
        texts.join(", ")
    };
    for (column, points) in held.iter().filter(|(_, points)| points.len() > 1) {
        let points = list(points);
        write_text(
            f,
            &format!("Averaged over {column} with equal weights ({points})."),
        )?;
    }
    let held: Vec<String> = held
        .iter()
        .filter(|(_, points)| points.len() == 1)
        .map(|(column, points)| format!("{column} = {}", list(points)))
        .collect();
    if !held.is_empty() {
        write_text(f, &format!("Held at {}.", held.join(", ")))?;
    }
    Ok(())
}
