//! Time and memory of this process.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// What repeated runs of the same work cost.
pub struct Cost {
    /// Seconds of processor time, all threads together, sorted.
    pub cpu: Vec<f64>,
    /// Seconds on the clock, sorted.
    pub wall: Vec<f64>,
    /// Resident memory before the first run, in megabytes.
    pub before: f64,
    /// Peak resident memory of the first run, in megabytes.
    pub peak: f64,
}

/// How often work is repeated: until `seconds` are over, but at least three times and at most
/// a thousand. Every run counts, the first as well.
pub fn repeat<T>(seconds: f64, mut work: impl FnMut() -> T) -> (T, Cost) {
    repeat_after(seconds, || (), |()| work())
}

/// The same where every run needs something made for it first, which is not counted.
pub fn repeat_after<S, T>(
    seconds: f64,
    mut make: impl FnMut() -> S,
    mut work: impl FnMut(S) -> T,
) -> (T, Cost) {
    reset_peak();
    let before = status("VmRSS:");
    let start = Instant::now();
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    let mut peak = f64::NAN;
    loop {
        let made = make();
        let (cpu0, wall0) = (processor_seconds(), Instant::now());
        let result = work(made);
        wall.push(wall0.elapsed().as_secs_f64());
        cpu.push(processor_seconds() - cpu0);
        if wall.len() == 1 {
            peak = status("VmHWM:");
        }
        let enough = wall.len() >= 3 && start.elapsed().as_secs_f64() > seconds;
        if enough || wall.len() >= 1000 {
            cpu.sort_by(f64::total_cmp);
            wall.sort_by(f64::total_cmp);
            let cost = Cost {
                cpu,
                wall,
                before,
                peak,
            };
            return (result, cost);
        }
    }
}

/// The median of sorted numbers.
pub fn median(sorted: &[f64]) -> f64 {
    let (lower, upper) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    0.5 * (lower + upper)
}

/// Processor time of all threads of this process.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Makes the kernel forget the peak of memory, so that reading the data is not counted.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of `/proc/self/status`, from kilobytes to megabytes.
fn status(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    number.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
