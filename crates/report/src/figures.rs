//! Which figures a report has, and where.
//!
//! A figure that makes no sense for a model is left out without a word; one that could not be made
//! says why.

use ranef::frame::Source;
use ranef::{Error, Fit};
use ranef_figures::{Caterpillar, CaterpillarOptions, Chart, Figure as _};

use crate::document::{Block, Figure};
use crate::sections::{missing, uninterrupted};

/// The figures made so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    without: bool,
    names: Vec<String>,
}

impl Figures {
    pub fn new(without: bool) -> Self {
        Self {
            without,
            names: Vec::new(),
        }
    }

    /// A figure, or why there is none.
    fn place(
        &mut self,
        name: &str,
        what: &str,
        chart: impl FnOnce() -> Result<Chart, Error>,
    ) -> Result<Option<Block>, Error> {
        if self.without {
            return Ok(None);
        }
        let chart = match uninterrupted(chart())? {
            Ok(chart) => chart,
            Err(error) => return Ok(Some(missing(what, &error))),
        };
        let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let stem: String = name.chars().map(clean).collect();
        let mut name = stem.clone();
        let mut number = 2;
        while self.names.contains(&name) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        self.names.push(name.clone());
        Ok(Some(Block::Figure(Box::new(Figure {
            name,
            number: self.names.len(),
            chart,
        }))))
    }

    /// Every coefficient with its interval.
    pub fn coefficients(&mut self, _fit: &Fit) -> Result<Vec<Block>, Error> {
        Ok(Vec::new())
    }

    /// Expected responses along the first predictor.
    pub fn predictions(&mut self, _fit: &Fit) -> Result<Vec<Block>, Error> {
        Ok(Vec::new())
    }

    /// The random effects of the groups of one factor.
    pub fn caterpillar(&mut self, fit: &Fit, group: &str) -> Result<Vec<Block>, Error> {
        let made = self.place(
            &format!("caterpillar-{group}"),
            &format!("The figure of the groups of {group}"),
            || {
                let options = CaterpillarOptions::default().group(group);
                Ok(Caterpillar::of(fit, &options)?.chart())
            },
        )?;
        Ok(made.into_iter().collect())
    }

    /// The lines of all groups.
    pub fn groups(&mut self, _fit: &Fit, _rows: Option<&dyn Source>) -> Result<Vec<Block>, Error> {
        Ok(Vec::new())
    }

    /// Shares of variance.
    pub fn variance(&mut self, _fit: &Fit) -> Result<Vec<Block>, Error> {
        Ok(Vec::new())
    }

    /// The panel of checks.
    pub fn checks(&mut self, _fit: &Fit, _rows: Option<&dyn Source>) -> Result<Vec<Block>, Error> {
        Ok(Vec::new())
    }
}
