//! The formula parser never panics, its errors point into the text, and what it prints reads
//! back as the same terms.
//!
//! `cargo +nightly fuzz run formula -- -only_ascii=1 -max_len=80`
#![no_main]

use libfuzzer_sys::fuzz_target;
use ranef_formula::Formula;

const COLUMNS: [&str; 4] = ["y", "x", "g", "my x"];

fuzz_target!(|text: &str| {
    let terms = Formula::parse(text).and_then(|formula| {
        let printed = formula.to_string();
        let again = Formula::parse(&printed).expect("a printed formula is a formula");
        assert_eq!(again, formula);
        formula.terms(&COLUMNS)
    });
    match terms {
        Ok(terms) => {
            let printed = terms.to_string();
            let again = Formula::parse(&printed).expect("printed terms are a formula");
            assert_eq!(again.terms(&COLUMNS).as_ref(), Ok(&terms));
        }
        Err(error) => {
            let span = error.span();
            assert!(text.get(span.start..span.end).is_some());
            assert!(error.report(text).contains('^'));
        }
    }
});
