//! Reads a table and says how long it took: `read_csv FILE [THREADS [TIMES]]`.
//!
//! One line for each reading, as JSON, for the benchmarks beside polars.

use std::time::Instant;

use ranef_frame::{FrameError, ReadOptions, open};

fn main() -> Result<(), FrameError> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: read_csv FILE [THREADS [TIMES]]");
        std::process::exit(2);
    };
    let mut options = ReadOptions::default();
    let mut number = || arguments.next().and_then(|a| a.parse::<usize>().ok());
    options.threads = number().unwrap_or(options.threads);
    for _ in 0..number().unwrap_or(1) {
        let start = Instant::now();
        let data = open(&file, &options)?;
        println!(
            "{{\"rows\": {}, \"columns\": {}, \"threads\": {}, \"seconds\": {:.4}}}",
            data.rows().unwrap_or_default(),
            data.columns().len(),
            options.threads,
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
