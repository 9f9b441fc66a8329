//! Built-in data sets: the ones that the field teaches and tests with.
//!
//! They come as R has them, factors with their levels in R's order, so that what books and
//! papers print can be reproduced without a file and without `--factor`. R's ordered factors
//! (`studage`, `lectage`, `resp`, `Chick`, `Subject` of Orthodont, `Worker`, `Block`) are plain
//! factors here, and get treatment contrasts instead of polynomials.

mod columns;
mod list;

use crate::memory::MemorySource;
use crate::{ColumnKind, Source};

/// A built-in data set.
#[derive(Debug)]
pub struct DataSet {
    /// Its name, as in R.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// What was studied.
    pub description: &'static str,
    /// Name and meaning of every column, with its unit.
    pub columns: &'static [(&'static str, &'static str)],
    /// The study that the data come from.
    pub source: &'static str,
    /// Number of rows.
    pub rows: usize,
    packed: &'static [u8],
}

impl DataSet {
    /// The data.
    pub fn load(&self) -> MemorySource {
        columns::read(self.packed).expect("built-in data sets are whole, as a test shows")
    }

    /// What people read about the data set: title, description, columns and source, as text of
    /// lines that are not broken.
    pub fn describe(&self) -> String {
        let data = self.load();
        let mut text = format!("{} — {}\n\n{}\n\n", self.name, self.title, self.description);
        text.push_str(&format!(
            "{} rows, {} columns:\n",
            self.rows,
            self.columns.len()
        ));
        let width = self
            .columns
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        for ((name, meaning), column) in self.columns.iter().zip(data.columns()) {
            let kind = match column.kind {
                ColumnKind::Text { .. } => "factor",
                _ => "number",
            };
            text.push_str(&format!("  {name:width$}  {kind}  {meaning}\n"));
        }
        text.push_str(&format!("\nSource: {}\n", self.source));
        text
    }
}

/// All built-in data sets.
pub fn datasets() -> &'static [DataSet] {
    &list::DATASETS
}

/// The data set of this name.
pub(crate) fn find(name: &str) -> Option<&'static DataSet> {
    datasets().iter().find(|d| d.name == name)
}
