//! Where the rows of a fit came from, so that a saved model, which has none, can find them again.

use ranef_frame::{ReadOptions, Source, open};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The name of data and how they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// A file as it was named, or a built-in data set.
    pub name: String,
    na: Vec<String>,
    separator: Option<char>,
    decimal: Option<char>,
}

impl Origin {
    /// Data opened by name with these options.
    pub fn new(name: impl Into<String>, options: &ReadOptions) -> Self {
        Self {
            name: name.into(),
            na: options.na.clone(),
            separator: options.separator,
            decimal: options.decimal,
        }
    }

    /// Opens the data again.
    pub fn open(&self) -> Result<Box<dyn Source>, Error> {
        Ok(open(&self.name, &self.read_options())?)
    }

    /// How the data were read, with threads as many as there are.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            na: self.na.clone(),
            separator: self.separator,
            decimal: self.decimal,
            ..ReadOptions::default()
        }
    }
}
