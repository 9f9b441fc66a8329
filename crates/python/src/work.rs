//! Work without the interpreter's lock: it is done in a thread of its own while the caller's waits,
//! looks for signals and shows progress.
//!
//! Python sets a flag at Ctrl-C and runs the handler when its main thread next asks. The waiting
//! thread asks twenty times a second; a handler that raises sets the [`Interrupt`] of the fit, and
//! the exception goes on when the work has ended, which it does at the next evaluation of a
//! criterion. Starting the thread costs 0.05 ms.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use ranef::{Error, Interrupt};

use crate::error;

/// How often signals are looked for.
const TICK: Duration = Duration::from_millis(50);
/// Before this no progress is shown: most fits are done by then.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often progress is shown after that, in ticks.
const SHOWN_EVERY: u32 = 5;
/// As much as the main thread of a program has: solvers recurse.
const STACK: usize = 16 << 20;

/// What is going on, in words; for the progress line.
#[derive(Clone, Debug)]
pub(crate) struct Phase(Arc<Mutex<String>>);

impl Phase {
    /// Says what happens from now on.
    pub(crate) fn set(&self, what: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        what.clone_into(&mut held);
    }

    fn get(&self) -> String {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

/// Does `work` without the interpreter's lock, and stops it at Ctrl-C.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    what: &str,
    interrupt: &Interrupt,
    work: impl FnOnce(&Phase) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let phase = Phase(Arc::new(Mutex::new(what.to_owned())));
    let pool = match rayon::current_thread_index() {
        None => pool(),
        // A function in Python that a bootstrap calls asks a question in its turn. The thread that
        // called it is one of those that the question would wait for.
        Some(_) => Some(made(1)?),
    };
    let outcome = py.detach(|| {
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            let inner = phase.clone();
            let started = std::thread::Builder::new()
                .name("ranef".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, move || {
                    let guarded = || match &pool {
                        Some(pool) => pool.install(|| work(&inner)),
                        None => work(&inner),
                    };
                    let done = catch_unwind(AssertUnwindSafe(guarded));
                    // Who waits does so until this is received.
                    let _ = sender.send(done);
                });
            if let Err(error) = started {
                return Err(PyRuntimeError::new_err(format!("no thread: {error}")));
            }
            let begun = Instant::now();
            let mut raised: Option<PyErr> = None;
            let mut ticks = 0;
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(done) => {
                        return Ok((done, raised, begun.elapsed() >= PATIENCE));
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(PyRuntimeError::new_err("the thread at work is gone"));
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
                ticks += 1;
                let show = begun.elapsed() >= PATIENCE && ticks % SHOWN_EVERY == 0;
                let seen = Python::attach(|py| {
                    py.check_signals()?;
                    if show {
                        progress(py, Some((&phase.get(), begun.elapsed().as_secs())))?;
                    }
                    Ok(())
                });
                if let Err(error) = seen
                    && raised.is_none()
                {
                    interrupt.set();
                    raised = Some(error);
                }
            }
        })
    });
    let (done, raised, shown) = outcome?;
    if shown {
        progress(py, None)?;
    }
    if let Some(error) = raised {
        interrupt.reset();
        return Err(error);
    }
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(failure)) => Err(error::raised(py, &failure)),
        Err(_) => Err(error::make(
            py,
            "internal",
            "ranef made a mistake and cannot go on",
            Some("please report it, with the formula and, if possible, the data"),
            None,
        )),
    }
}

/// Shows what goes on, or takes it away.
fn progress(py: Python<'_>, what: Option<(&str, u64)>) -> PyResult<()> {
    py.import("ranef._progress")?
        .call_method1("show", (what,))?;
    Ok(())
}

type Pool = Arc<rayon::ThreadPool>;

/// The threads that work is done with; `None` for as many as there are processors.
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

fn made(threads: usize) -> PyResult<Pool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .build()
        .map(Arc::new)
        .map_err(|e| PyRuntimeError::new_err(e.to_string()))
}

fn pool() -> Option<Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sets the number of threads that fits and questions work with; `None` for all processors.
#[pyfunction]
pub(crate) fn set_threads(count: Option<usize>) -> PyResult<()> {
    let made = match count {
        None => None,
        Some(0) => return Err(PyValueError::new_err("give a number of threads from 1 up")),
        Some(count) => Some(made(count)?),
    };
    *POOL.lock().unwrap_or_else(PoisonError::into_inner) = made;
    Ok(())
}

/// The number of threads that work is done with.
#[pyfunction]
pub(crate) fn threads() -> usize {
    pool().map_or_else(rayon::current_num_threads, |pool| {
        pool.current_num_threads()
    })
}
