//! Stopping long work from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A switch that stops a fit or a profile from another thread or a signal handler: it is looked at
/// before every evaluation of a criterion, which costs nothing beside one.
///
/// Clones are the same switch. What was stopped ends with an error; the switch stays set until
/// [`Interrupt::reset`].
///
/// ```
/// let interrupt = ranef_engine::Interrupt::default();
/// let same = interrupt.clone();
/// same.set();
/// assert!(interrupt.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks everything that holds this switch to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets what comes later run.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who may stop a piece of work is no part of what the work is: any two are equal.
impl PartialEq for Interrupt {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
