//! Ctrl-C: long work ends with what it has, a second one ends the program.

use std::process::exit;

use ranef::Interrupt;

/// The exit code of a program that was interrupted, as shells have it.
const INTERRUPTED: i32 = 130;

/// A switch that Ctrl-C sets. Where no handler can be set, Ctrl-C ends the program as ever.
pub fn switch() -> Interrupt {
    let interrupt = Interrupt::default();
    let own = interrupt.clone();
    let _ = ctrlc::set_handler(move || {
        if own.is_set() {
            exit(INTERRUPTED);
        }
        own.set();
    });
    interrupt
}
