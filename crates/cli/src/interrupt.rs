//! Ctrl-C: the first stops the work that is going on, and the command ends with an error and exit
//! code 130, as a shell reports it; a second one ends the command where it is.
//!
//! Work looks at a switch between its steps: optimisers before every evaluation, draws and
//! simulations before every round, and every pass over rows before the next batch, because all
//! sources go through [`Stoppable`]. Files are written only from finished answers, so what was
//! there before is as it was.

use std::io::Write;
use std::sync::OnceLock;

use ranef::Interrupt;
use ranef::frame::{Batches, Column, FrameError, Source};

/// The switch of this process.
pub fn switch() -> &'static Interrupt {
    static SWITCH: OnceLock<Interrupt> = OnceLock::new();
    SWITCH.get_or_init(Interrupt::default)
}

/// The exit code of a command that was stopped.
pub const EXIT_CODE: u8 = 130;

/// What a stopped command leaves behind.
pub const KEPT: &str = "nothing was written; files and saved models are as they were before";

/// From now on Ctrl-C sets the switch. Where no handler can be had it ends the process, as ever.
pub fn install() {
    let switch = switch();
    // Set by an earlier command of the same process, as in Python.
    switch.reset();
    let _ = ctrlc::set_handler(move || {
        if switch.is_set() {
            std::process::exit(i32::from(EXIT_CODE));
        }
        switch.set();
        // A terminal that cannot be written to shows nothing, and that is all.
        let _ = writeln!(
            std::io::stderr(),
            "\nstopping after the step that is going on; once more stops at once"
        );
    });
}

/// A source whose passes end once the switch is set.
pub struct Stoppable(pub Box<dyn Source>);

impl Source for Stoppable {
    fn columns(&self) -> &[Column] {
        self.0.columns()
    }

    fn rows(&self) -> Option<usize> {
        self.0.rows()
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        let batches = self.0.read(projection)?;
        Ok(Box::new(batches.map(|batch| match switch().is_set() {
            true => Err(FrameError::new(
                "interrupted",
                "interrupted before there was an answer",
            )),
            false => batch,
        })))
    }

    fn note(&self, column: &str) -> Option<String> {
        self.0.note(column)
    }
}
