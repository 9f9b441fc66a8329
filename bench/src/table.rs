//! What people see while the suite runs.

use crate::record::{Record, Setting};

/// How far our criterion may lie above a peer's.
const TOLERANCE: f64 = 1e-6;

/// The place of the measurements.
pub fn setting(s: &Setting) {
    println!(
        "{} · commit {} · {} · {} threads · load {} · {} · R with {}",
        s.date, s.commit, s.processor, s.threads, s.load, s.rustc, s.blas
    );
    println!(
        "Medians. `times`: processor time (where there is none, time on the clock) as a multiple \
         of ranef's.\n`criterion`: the peer's less ranef's; the peer is worse where it is positive."
    );
}

/// A case, and the head of its columns.
pub fn heading(name: &str, about: &str) {
    println!("\n{name}: {about}");
    println!(
        "  {:9} {:8} {:>10} {:>10} {:>8} {:>6} {:>17} {:>16}",
        "", "version", "cpu", "wall", "times", "evals", "criterion", "peak (over data)"
    );
}

/// One peer. The first of a case shows its criterion, the others how they differ from it.
pub fn row(record: &Record, first: Option<&Record>) {
    let Some(wall) = record.wall else {
        let note = record.note.as_deref().unwrap_or_default();
        println!("  {:9} {note}", record.peer);
        return;
    };
    let cpu = record.cpu.map_or("".into(), |[median, ..]| seconds(median));
    let evaluations = record.evaluations.map_or("".into(), |n| n.to_string());
    println!(
        "  {:9} {:8} {cpu:>10} {:>10} {:>8} {evaluations:>6} {:>17} {:>16}  {}",
        record.peer,
        record.version,
        seconds(wall[0]),
        first.map_or(String::new(), |first| times(record, first)),
        criterion(record, first),
        memory(record),
        remarks(record, first),
    );
}

fn seconds(s: f64) -> String {
    match s {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

fn times(record: &Record, first: &Record) -> String {
    let ratio = match (record.cpu, first.cpu) {
        (Some(peer), Some(ours)) => peer[0] / ours[0],
        _ => match (record.wall, first.wall) {
            (Some(peer), Some(ours)) => peer[0] / ours[0],
            _ => return String::new(),
        },
    };
    if ratio < 10.0 {
        format!("{ratio:.2}×")
    } else {
        format!("{ratio:.0}×")
    }
}

fn criterion(record: &Record, first: Option<&Record>) -> String {
    match (record.criterion, first.and_then(|f| f.criterion)) {
        (None, _) => String::new(),
        (Some(value), None) => format!("{value:.8}"),
        (Some(value), Some(ours)) => format!("{:+.2e}", value - ours),
    }
}

fn memory(record: &Record) -> String {
    match (record.memory_peak, record.memory_before) {
        (Some(peak), Some(before)) => format!("{peak:.0} MB ({:+.0})", peak - before),
        _ => String::new(),
    }
}

/// What spoils a comparison comes first.
fn remarks(record: &Record, first: Option<&Record>) -> String {
    let mut remarks = Vec::new();
    if let (Some(peer), Some(ours)) = (record.criterion, first.and_then(|f| f.criterion))
        && ours - peer > TOLERANCE
    {
        remarks.push("DOES NOT COUNT: ranef's criterion is above");
    }
    if record.converged == Some(false) {
        remarks.push("says: not converged");
    }
    remarks.extend(record.note.as_deref());
    remarks.join("; ")
}
