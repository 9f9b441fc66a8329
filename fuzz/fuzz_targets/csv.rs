//! Any bytes given as CSV end in a table or an error, the same for any number of threads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ranef_frame::{ReadOptions, Source, read_csv};

fuzz_target!(|bytes: &[u8]| {
    let options = |threads| ReadOptions { threads, ..ReadOptions::default() };
    let one = read_csv(bytes.to_vec(), "fuzz.csv", &options(1));
    let two = read_csv(bytes.to_vec(), "fuzz.csv", &options(2));
    match (one, two) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.columns(), b.columns());
            assert_eq!(a.batches(), b.batches());
        }
        (Err(a), Err(b)) => assert_eq!(a, b),
        _ => panic!("threads changed the outcome"),
    }
});
