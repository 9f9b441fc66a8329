//! A poststratified population to be read.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::poststratify::{Poststratified, PoststratifiedRow};
use super::view::{behind, share, short};
use crate::format::wrap;
use crate::predict::percent;
use crate::table::{Answer, Style, Table};

/// Columns of running text.
const COLUMNS: usize = 80;

/// Rows of the table that are printed for people.
const MOST: usize = 100;

impl Poststratified {
    fn of(&self, rows: &[PoststratifiedRow], all: Option<&str>) -> Table {
        let numbers = |table: Table, name: &str, f: &dyn Fn(&PoststratifiedRow) -> Option<f64>| {
            table.numbers(name, Style::Estimate, rows.iter().map(f))
        };
        let mut table = Table::new();
        for (at, name) in self.by.iter().enumerate() {
            let value = |r: &PoststratifiedRow| r.values[at].clone().or(all.map(str::to_owned));
            table = table.text(name, rows.iter().map(value));
        }
        if self.by.is_empty() {
            table = table.text("population", rows.iter().map(|_| "all".to_owned()));
        }
        let table = table
            .numbers("cells", Style::Count, rows.iter().map(|r| r.cells as f64))
            .titled("Cells")
            .numbers("count", Style::Count, rows.iter().map(|r| r.population))
            .titled("Count");
        let table = numbers(table, "estimate", &|r| Some(r.estimate));
        let table = numbers(table, "std_error", &|r| Some(r.std_error));
        let table = numbers(table, "lower", &|r| Some(r.lower));
        let table = numbers(table, "upper", &|r| Some(r.upper));
        // People are spared columns in which there is nothing.
        let people = all.is_some();
        let mut table = table;
        if !people || rows.iter().any(|r| r.n.is_some()) {
            let n = rows.iter().map(|r| r.n.map(|n| n as f64));
            table = table.numbers("n", Style::Count, n).titled("n");
            table = numbers(table, "raw", &|r| r.raw).titled("Raw");
            table = numbers(table, "raw_std_error", &|r| r.raw_std_error).titled("Std. Error");
        }
        if !people || !self.new_groups.is_empty() {
            table = table
                .numbers("new_share", Style::Share, rows.iter().map(|r| r.new_share))
                .titled("New");
        }
        table
    }
}

impl Answer for Poststratified {
    /// One row a margin; a missing value of a column stands for all of its values.
    fn table(&self) -> Table {
        self.of(&self.rows, None)
    }
}

impl Serialize for Poststratified {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Poststratified", 11)?;
        object.serialize_field("by", &self.by)?;
        object.serialize_field("count", &self.count)?;
        object.serialize_field("level", &self.level)?;
        object.serialize_field("draws", &self.draws)?;
        object.serialize_field("seed", &self.seed)?;
        object.serialize_field("cells", &self.cells)?;
        object.serialize_field("population", &self.population)?;
        object.serialize_field("rows", &self.table())?;
        object.serialize_field("new_groups", &self.new_groups)?;
        object.serialize_field("reading", &self.reading)?;
        object.serialize_field("notes", &self.notes)?;
        object.end()
    }
}

impl fmt::Display for Poststratified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", wrap(&self.reading, COLUMNS))?;
        let shown = &self.rows[..self.rows.len().min(MOST)];
        write!(f, "{}", self.of(shown, Some("all")))?;
        if self.rows.len() > MOST {
            writeln!(
                f,
                " … and {} rows more; --csv or --json has all of them",
                self.rows.len() - MOST
            )?;
        }
        let how = match self.draws {
            Some(draws) => format!("from {draws} joint draws (seed {})", self.seed),
            None => "from the joint covariance".to_owned(),
        };
        let behind = behind(&self.notes);
        let mut legend = format!(
            "Estimate: mean of the expected response over the people of a row, with intervals of \
             {}% {how} of all effects{behind}.",
            percent(self.level)
        );
        if self.rows.iter().any(|r| r.n.is_some()) {
            legend.push_str(" n, Raw: the rows of the data that belong there, and their mean.");
        }
        if !self.new_groups.is_empty() {
            legend.push_str(" New: share of people in groups that the model has not seen.");
        }
        writeln!(f, "\n{}", wrap(&legend, COLUMNS))?;
        for note in &self.notes {
            writeln!(f, "{}", wrap(&note.message, COLUMNS))?;
        }
        Ok(())
    }
}

/// One paragraph.
pub(super) fn reading(found: &Poststratified) -> String {
    let mut out = Vec::new();
    out.push(match &found.count {
        Some(column) => format!(
            "{} people in {} cells, by the column `{column}`.",
            people(found.population),
            found.cells
        ),
        None => format!("{} people, a row each.", found.cells),
    });
    if let Some(whole) = found.rows.last() {
        let interval = format!(
            "For all of them the model expects {} ({} to {})",
            short(whole.estimate),
            short(whole.lower),
            short(whole.upper)
        );
        out.push(match (whole.raw, whole.n) {
            (Some(raw), Some(n)) => format!(
                "{interval}; the raw mean of the {n} rows of the data is {}.",
                short(raw)
            ),
            _ => format!("{interval}."),
        });
    }
    if let Some(empty) = empty_margins(found) {
        out.push(empty);
    }
    for new in &found.new_groups {
        let many = new.levels.len();
        let shown: Vec<&str> = new.levels.iter().take(6).map(String::as_str).collect();
        let more = if many > shown.len() {
            format!(" and {} more", many - shown.len())
        } else {
            String::new()
        };
        out.push(format!(
            "{many} {} of `{}` the model has not seen ({}{more}), {} of the people: {} effect is \
             drawn from the distribution of the groups, one for all cells of a level.",
            if many == 1 { "level" } else { "levels" },
            new.group,
            shown.join(", "),
            share(new.population / found.population),
            if many == 1 { "its" } else { "their" },
        ));
    }
    out.join(" ")
}

/// Combinations without a row of data.
fn empty_margins(found: &Poststratified) -> Option<String> {
    let full = found
        .rows
        .iter()
        .filter(|r| r.values.iter().all(Option::is_some));
    let full: Vec<&PoststratifiedRow> = full.collect();
    let empty = full.iter().filter(|r| r.n == Some(0)).count();
    if empty == 0 || found.by.is_empty() {
        return None;
    }
    Some(format!(
        "{empty} of the {} {} {} no row in the data and {} on the model alone.",
        full.len(),
        if found.by.len() > 1 {
            "combinations"
        } else {
            "values"
        },
        if empty == 1 { "has" } else { "have" },
        if empty == 1 { "rests" } else { "rest" },
    ))
}

fn people(count: f64) -> String {
    if count == count.trunc() && count < 1e15 {
        format!("{count}")
    } else {
        short(count)
    }
}
