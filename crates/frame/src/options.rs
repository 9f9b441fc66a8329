//! How a text file is to be read, where it does not say so itself.

use crate::FrameError;

/// Options of reading. The default reads nearly every file: what is `None` is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Spellings of a missing value, beside the empty cell, `NA`, `NaN`, `null` and `.`.
    pub na: Vec<String>,
    /// What stands between two cells; sniffed from the first lines when absent.
    pub separator: Option<char>,
    /// The decimal mark, `.` or `,`; when absent, a comma is recognised in files whose separator
    /// is not a comma.
    pub decimal: Option<char>,
    /// Threads to read with, this one included. The result does not depend on it.
    pub threads: usize,
}

impl Default for ReadOptions {
    /// Everything sniffed, as many threads as the machine offers.
    fn default() -> Self {
        ReadOptions {
            na: Vec::new(),
            separator: None,
            decimal: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

impl ReadOptions {
    /// The separator as a byte: one ASCII character that is neither a quote, a line end, nor
    /// part of a number.
    pub(crate) fn separator_byte(&self) -> Result<Option<u8>, FrameError> {
        match self.separator {
            None => Ok(None),
            Some(c) if c.is_ascii() && !"\"\r\n\0+-.".contains(c) && !c.is_ascii_alphanumeric() => {
                Ok(Some(c as u8))
            }
            Some(c) => Err(FrameError::new(
                "bad_separator",
                format!("{c:?} cannot separate cells"),
            )
            .with_hint("use `,`, `;`, a tab, `|` or a space")),
        }
    }

    /// The decimal mark as a byte, given the separator.
    pub(crate) fn decimal_byte(&self, separator: Option<u8>) -> Result<Option<u8>, FrameError> {
        match self.decimal {
            None => Ok(None),
            Some('.') => Ok(Some(b'.')),
            Some(',') if separator != Some(b',') => Ok(Some(b',')),
            Some(',') => Err(FrameError::new(
                "bad_decimal",
                "a comma cannot be both the separator and the decimal mark",
            )
            .with_hint("say which separator the file has, for example `;`")),
            Some(c) => Err(
                FrameError::new("bad_decimal", format!("{c:?} is not a decimal mark"))
                    .with_hint("use `.` or `,`"),
            ),
        }
    }
}
