//! Columns in memory, and on disk in a form that Rust and R read to the last bit.
//!
//! A data set is a folder under `bench/data`: `columns.tsv` (name, kind, number of levels), and
//! one file of little-endian values per column: `f64` for numbers, `u32` codes from zero for
//! factors. The levels of a factor are called 1, 2, 3, …

use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};

/// The values of a column.
pub enum Values {
    /// Numbers.
    Number(Vec<f64>),
    /// A factor: how many levels, and the code of each row.
    Factor(usize, Vec<u32>),
}

/// Named columns of equal length.
#[derive(Default)]
pub struct Data {
    /// The columns, in order.
    pub columns: Vec<(String, Values)>,
}

impl Data {
    /// Adds a column of numbers.
    pub fn number(mut self, name: &str, values: Vec<f64>) -> Self {
        self.columns.push((name.into(), Values::Number(values)));
        self
    }

    /// Adds a factor.
    pub fn factor(mut self, name: &str, levels: usize, codes: Vec<u32>) -> Self {
        let values = Values::Factor(levels, codes);
        self.columns.push((name.into(), values));
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self.columns.first() {
            Some((_, Values::Number(v))) => v.len(),
            Some((_, Values::Factor(_, v))) => v.len(),
            None => 0,
        }
    }

    /// Writes the folder. The list of columns comes last: a folder that has it is whole.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut list = String::new();
        for (name, values) in &self.columns {
            let (kind, levels, bytes): (_, _, Vec<u8>) = match values {
                Values::Number(v) => ("f64", 0, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
                Values::Factor(n, v) => {
                    ("u32", *n, v.iter().flat_map(|x| x.to_le_bytes()).collect())
                }
            };
            list.push_str(&format!("{name}\t{kind}\t{levels}\n"));
            fs::write(folder.join(format!("{name}.{kind}")), bytes)?;
        }
        fs::write(folder.join(LIST), list)
    }

    /// Reads the folder.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let list = fs::read_to_string(folder.join(LIST))?;
        let mut data = Self::default();
        for line in list.lines() {
            let mut cells = line.split('\t');
            let (Some(name), Some(kind), Some(levels)) = (cells.next(), cells.next(), cells.next())
            else {
                return Err(Error::new(ErrorKind::InvalidData, line));
            };
            let bytes = fs::read(folder.join(format!("{name}.{kind}")))?;
            data = match levels.parse() {
                Ok(0) => data.number(name, chunks(&bytes, f64::from_le_bytes)),
                Ok(n) => data.factor(name, n, chunks(&bytes, u32::from_le_bytes)),
                Err(error) => return Err(Error::new(ErrorKind::InvalidData, error)),
            };
        }
        Ok(data)
    }
}

const LIST: &str = "columns.tsv";

fn chunks<const N: usize, T>(bytes: &[u8], value: fn([u8; N]) -> T) -> Vec<T> {
    let chunks = bytes.chunks_exact(N);
    chunks
        .map(|c| value(c.try_into().expect("N bytes")))
        .collect()
}

/// The folder of this benchmark.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of a data set, which is written if it is not there.
pub fn folder(name: &str, make: fn() -> Data) -> io::Result<PathBuf> {
    let folder = home().join("data").join(name);
    if !folder.join(LIST).exists() {
        eprintln!("writing data/{name}");
        make().write(&folder)?;
    }
    Ok(folder)
}
