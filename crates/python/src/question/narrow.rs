//! A source of which only some columns are seen.

use ranef::frame::{Batches, Column, FrameError, Source};

/// A source of which only some columns are to be seen, so that no other is read.
pub(crate) struct Narrow<'a> {
    inner: &'a dyn Source,
    columns: Vec<Column>,
    places: Vec<usize>,
}

impl<'a> Narrow<'a> {
    /// The named columns of a source.
    pub(crate) fn new(inner: &'a dyn Source, names: &[&str]) -> Self {
        let all = inner.columns();
        let places: Vec<usize> = (0..all.len())
            .filter(|&k| names.contains(&all[k].name.as_str()))
            .collect();
        Self {
            inner,
            columns: places.iter().map(|&k| all[k].clone()).collect(),
            places,
        }
    }
}

impl Source for Narrow<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        self.inner.rows()
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        let places: Vec<usize> = projection.iter().map(|&p| self.places[p]).collect();
        self.inner.read(&places)
    }

    fn note(&self, column: &str) -> Option<String> {
        self.inner.note(column)
    }
}
