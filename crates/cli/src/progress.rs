//! A line on standard error while something takes long.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Shows what is going on and for how long, from the second second on, if a terminal is there to
/// see it; goes away when dropped.
pub struct Progress {
    drawing: Option<(Sender<Cow<'static, str>>, JoinHandle<()>)>,
}

/// Before this nothing is shown: most fits are done by then.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(125);
const FRAMES: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠛"];

impl Progress {
    pub fn start() -> Self {
        let drawing = std::io::stderr().is_terminal().then(|| {
            let (sender, phases) = channel();
            (sender, std::thread::spawn(move || draw(&phases)))
        });
        Self { drawing }
    }

    /// What happens from now on.
    pub fn phase(&self, what: impl Into<Cow<'static, str>>) {
        if let Some((sender, _)) = &self.drawing {
            // The thread ends only after the sender: nothing is lost.
            let _ = sender.send(what.into());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.drawing.take() {
            drop(sender);
            // The line must be gone before anything else is written.
            let _ = thread.join();
        }
    }
}

fn draw(phases: &Receiver<Cow<'static, str>>) {
    let started = Instant::now();
    let mut what = Cow::Borrowed("");
    let mut frame = 0;
    loop {
        let wait = PATIENCE.saturating_sub(started.elapsed()).max(TICK);
        match phases.recv_timeout(wait) {
            Ok(phase) => what = phase,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if started.elapsed() >= PATIENCE {
            frame = (frame + 1) % FRAMES.len();
            let seconds = started.elapsed().as_secs();
            eprint!("\r\x1b[2K{} {what} ({seconds} s)", FRAMES[frame]);
            // A terminal that cannot be written to shows nothing, and that is all.
            let _ = std::io::stderr().flush();
        }
    }
    if frame > 0 || started.elapsed() >= PATIENCE {
        eprint!("\r\x1b[2K");
    }
}
