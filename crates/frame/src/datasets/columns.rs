//! The stored form of a built-in data set: a table on its side, in Zstandard (see
//! `data/make.R`, which writes it).

use crate::memory::MemorySource;
use crate::{FrameError, Table};

/// Reads a table of this form.
pub(super) fn read(packed: &[u8]) -> Result<MemorySource, FrameError> {
    let damaged = || FrameError::new("damaged_file", "a built-in data set is damaged");
    let bytes = zstd::stream::decode_all(packed).map_err(|_| damaged())?;
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    let mut lines = text.lines();
    let mut table = Table::new();
    while let Some(head) = lines.next() {
        let mut head = head.split('\t');
        let (name, kind) = (head.next().ok_or_else(damaged)?, head.next());
        let values = lines.next().ok_or_else(damaged)?.split('\t');
        table = match kind {
            Some("number") => {
                let numbers: Vec<f64> = values
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map_err(|_| damaged())?;
                table.number(name, numbers)
            }
            Some("factor") => {
                let levels: Vec<&str> = head.collect();
                let codes: Vec<usize> = values
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map_err(|_| damaged())?;
                table.factor(name, &levels, codes.into_iter().map(|c| c.wrapping_sub(1)))
            }
            _ => return Err(damaged()),
        };
    }
    table.source()
}
