//! Data arguments to sources.

use ranef::frame::{self, ReadOptions, Source};

use crate::arguments::ReadArguments;
use crate::error::Failure;
use crate::interrupt::Stoppable;

/// Opens a file, standard input, or a built-in data set.
pub fn open(name: &str, arguments: &ReadArguments) -> Result<Box<dyn Source>, Failure> {
    let source = frame::open(name, &read_options(arguments))?;
    Ok(Box::new(Stoppable(source)))
}

/// The options that the arguments make.
pub fn read_options(arguments: &ReadArguments) -> ReadOptions {
    let default = ReadOptions::default();
    ReadOptions {
        na: arguments.na.clone(),
        separator: arguments.separator,
        decimal: arguments.decimal,
        threads: arguments.threads.map_or(default.threads, usize::from),
    }
}
