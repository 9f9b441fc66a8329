//! Answers as tables: tidy columns for programs, aligned ones for people.
//!
//! Every answer of this crate is a type of its own; [`Answer::table`] turns it into columns with
//! stable names (`term`, `estimate`, `std_error`), one row an estimate. That one table is printed,
//! written as CSV, and put into reports.

use std::fmt;
use std::io::{self, Write};

use ranef_frame::MemorySource;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::Error;
use crate::format::{align_left, align_right, common, exponential, p_values, round};

/// An answer to a question about a model: an object for programs (`Serialize`), a text for people
/// (`Display`), a table for both. Its sentences are set in lines of 80 columns, or of as many as
/// the format asks for: `format!("{answer:100}")`.
pub trait Answer: Serialize + fmt::Display {
    /// The answer in tidy columns.
    fn table(&self) -> Table;
}

/// Columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its stable name, such as `std_error`.
    pub name: String,
    /// What people read above it, such as `Std. Error`.
    pub title: String,
    /// How people read its numbers.
    pub style: Style,
    /// What it holds.
    pub values: Values,
}

/// The cells of a column; `None` is a missing one.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
}

/// How a column of numbers is printed for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Four significant digits of the largest number, all with the same decimals.
    Estimate,
    /// Four significant digits of each number: for a column of several scales.
    Digits,
    /// A statistic such as t or F: two decimals.
    Statistic,
    /// Degrees of freedom: up to one decimal.
    Df,
    /// A p-value.
    PValue,
    /// Whole numbers.
    Count,
    /// A share or correlation: three decimals.
    Share,
    /// A log-likelihood or an information criterion: one decimal.
    Criterion,
}

impl Table {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of texts.
    ///
    /// # Panics
    /// If its length differs from that of the columns before it, as do all that add columns.
    pub fn text<T: Into<Option<String>>>(
        self,
        name: &str,
        cells: impl IntoIterator<Item = T>,
    ) -> Self {
        let cells = cells.into_iter().map(Into::into).collect();
        self.push(name, Style::Estimate, Values::Texts(cells))
    }

    /// Adds a column of numbers; what is not finite counts as missing.
    pub fn numbers<T: Into<Option<f64>>>(
        self,
        name: &str,
        style: Style,
        cells: impl IntoIterator<Item = T>,
    ) -> Self {
        let finite = |x: T| x.into().filter(|x: &f64| x.is_finite());
        let cells = cells.into_iter().map(finite).collect();
        self.push(name, style, Values::Numbers(cells))
    }

    /// Gives the last column another title.
    pub fn titled(mut self, title: &str) -> Self {
        if let Some(column) = self.columns.last_mut() {
            title.clone_into(&mut column.title);
        }
        self
    }

    fn push(mut self, name: &str, style: Style, values: Values) -> Self {
        if let Some(first) = self.columns.first() {
            assert_eq!(first.values.len(), values.len(), "length of `{name}`");
        }
        self.columns.push(Column {
            name: name.to_owned(),
            title: title(name).to_owned(),
            style,
            values,
        });
        self
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The table as a source of data, which the frame crate writes to a file, Parquet among them.
    ///
    /// # Errors
    /// `duplicate_column` when two columns have one name.
    pub fn source(&self) -> Result<MemorySource, Error> {
        let table = self
            .columns
            .iter()
            .fold(ranef_frame::Table::new(), |table, column| {
                match &column.values {
                    Values::Texts(texts) => {
                        table.text_or_missing(&column.name, texts.iter().map(Option::as_deref))
                    }
                    Values::Numbers(numbers) => {
                        let counts = || numbers.iter().map(|x| whole(column.style, *x));
                        if counts()
                            .zip(numbers)
                            .all(|(count, x)| count.is_some() || x.is_none())
                            && column.style == Style::Count
                        {
                            table.integer(&column.name, counts())
                        } else {
                            table.number(&column.name, numbers.iter().copied())
                        }
                    }
                }
            });
        Ok(table.source()?)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Writes the table as CSV with the stable names and all digits; missing cells are empty.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let line = |cells: Vec<String>| cells.join(",");
        let names = self.columns.iter().map(|c| quoted(&c.name)).collect();
        writeln!(out, "{}", line(names))?;
        for row in 0..self.rows() {
            let cells = self
                .columns
                .iter()
                .map(|column| match &column.values {
                    Values::Texts(texts) => texts[row].as_deref().map_or(String::new(), quoted),
                    Values::Numbers(numbers) => numbers[row].map_or(String::new(), exact),
                })
                .collect();
            writeln!(out, "{}", line(cells))?;
        }
        Ok(())
    }
}

impl Values {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Values::Texts(texts) => texts.len(),
            Values::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Column {
    /// The cells as people read them, not yet aligned; missing ones are empty.
    pub fn cells(&self) -> Vec<String> {
        let numbers = match &self.values {
            Values::Texts(texts) => {
                return texts
                    .iter()
                    .map(|t| t.clone().unwrap_or_default())
                    .collect();
            }
            Values::Numbers(numbers) => numbers,
        };
        let rounded = |decimals: i32| -> Vec<Option<f64>> {
            let one = |x: f64| round(x, decimals);
            numbers.iter().map(|x| x.map(one)).collect()
        };
        let fixed = |decimals: usize| -> Vec<String> {
            let shown = |x: f64| format!("{:.decimals$}", round(x, decimals as i32));
            numbers
                .iter()
                .map(|x| x.map_or(String::new(), shown))
                .collect()
        };
        let cells = match self.style {
            Style::Estimate => {
                let largest = numbers.iter().flatten().fold(0.0f64, |a, b| a.max(b.abs()));
                let decimals = if largest > 0.0 {
                    (3 - largest.log10().floor() as i32).max(0)
                } else {
                    0
                };
                common(&rounded(decimals), 12)
            }
            Style::Digits => {
                let one = |x: &Option<f64>| x.map_or(String::new(), four_digits);
                numbers.iter().map(one).collect()
            }
            Style::Statistic => fixed(2),
            // Beyond a hundred thousand nobody reads them.
            Style::Df => common(&rounded(1), 12),
            Style::PValue => p_values(numbers, 3),
            Style::Count => fixed(0),
            Style::Share => fixed(3),
            Style::Criterion => fixed(1),
        };
        let blank = |(cell, x): (String, &Option<f64>)| match x {
            None => String::new(),
            Some(_) => cell.trim_start().to_owned(),
        };
        cells.into_iter().zip(numbers).map(blank).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<Vec<String>> = self
            .columns
            .iter()
            .map(|column| {
                let cells = std::iter::once(column.title.clone())
                    .chain(column.cells())
                    .collect();
                match column.values {
                    Values::Texts(_) => align_left(cells),
                    Values::Numbers(_) => align_right(cells),
                }
            })
            .collect();
        for row in 0..=self.rows() {
            let line: Vec<&str> = columns.iter().map(|c| c[row].as_str()).collect();
            writeln!(f, " {}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// As a list of objects, one a row.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Row<'a>(&'a Table, usize);
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.columns.len()))?;
                for column in &self.0.columns {
                    match &column.values {
                        Values::Texts(texts) => {
                            map.serialize_entry(&column.name, &texts[self.1])?
                        }
                        Values::Numbers(numbers) => match whole(column.style, numbers[self.1]) {
                            Some(count) => map.serialize_entry(&column.name, &count)?,
                            None => map.serialize_entry(&column.name, &numbers[self.1])?,
                        },
                    }
                }
                map.end()
            }
        }
        let mut list = serializer.serialize_seq(Some(self.rows()))?;
        for row in 0..self.rows() {
            list.serialize_element(&Row(self, row))?;
        }
        list.end()
    }
}

/// A count as the integer that it is.
fn whole(style: Style, x: Option<f64>) -> Option<i64> {
    let x = x.filter(|x| style == Style::Count && x.fract() == 0.0 && x.abs() < 1e15)?;
    Some(x as i64)
}

/// What people read above a column of this name.
fn title(name: &str) -> &str {
    match name {
        "estimate" => "Estimate",
        "std_error" | "std.error" => "Std. Error",
        "statistic" => "t value",
        "p_value" | "p.value" => "p",
        "lower" | "conf.low" => "Lower",
        "upper" | "conf.high" => "Upper",
        "effect" => "Effect",
        "group" => "Group",
        "level" => "Level",
        "term" => "Term",
        "parameter" => "Parameter",
        "contrast" => "Contrast",
        "num_df" => "NumDF",
        "den_df" => "DenDF",
        "f" => "F value",
        "sum_sq" => "Sum Sq",
        "mean_sq" => "Mean Sq",
        _ => name,
    }
}

/// Four significant digits, those of the whole part kept; powers of ten where zeros would be many.
fn four_digits(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let power = format!("{:.3e}", x.abs())
        .split_once('e')
        .and_then(|(_, power)| power.parse::<i32>().ok())
        .unwrap_or(0);
    if (-4..9).contains(&power) {
        let decimals = (3 - power).max(0) as usize;
        format!("{x:.decimals$}")
    } else {
        exponential(x, 3)
    }
}

/// A number with the digits that give it back; powers of ten where plain digits would be many.
fn exact(x: f64) -> String {
    if x == 0.0 || (1e-5..1e15).contains(&x.abs()) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

/// A cell of CSV, in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        Table::new()
            .text("term", ["(Intercept)".to_owned(), "a,b".to_owned()])
            .numbers("estimate", Style::Estimate, [Some(251.4051), None])
            .numbers("p_value", Style::PValue, [1e-17, 0.25])
    }

    #[test]
    fn people_read_aligned_columns() {
        assert_eq!(
            example().to_string(),
            " Term         Estimate        p\n (Intercept)     251.4  < 2e-16\n a,b                       0.25\n"
        );
    }

    #[test]
    fn columns_of_several_scales_have_digits_of_their_own() {
        let cells: Vec<String> = [251.4051, 22.9, -0.065_55, 1.0, 0.0, 12345.6, 9.99999, 1e-9]
            .iter()
            .map(|&x| four_digits(x))
            .collect();
        assert_eq!(
            cells,
            [
                "251.4",
                "22.90",
                "-0.06555",
                "1.000",
                "0",
                "12346",
                "10.00",
                "1.000e-09"
            ]
        );
    }

    #[test]
    fn programs_read_every_digit() {
        let mut out = Vec::new();
        example().write_csv(&mut out).expect("memory takes it");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "term,estimate,p_value\n(Intercept),251.4051,1e-17\n\"a,b\",,0.25\n"
        );
        assert_eq!(
            serde_json::to_string(&example()).expect("JSON"),
            r#"[{"term":"(Intercept)","estimate":251.4051,"p_value":1e-17},{"term":"a,b","estimate":null,"p_value":0.25}]"#
        );
    }
}
