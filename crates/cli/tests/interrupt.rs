//! Ctrl-C, sent to runs that take long.
#![cfg(unix)]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Folder, SLEEP};

/// A run whose data are on the way: a million draws, so that there is time.
fn start(folder: &Folder, words: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ranef"))
        .args(words)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command")
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

/// Exit code, standard error, and how long it took from the signal on.
fn stopped(mut child: Child, after: Duration) -> (Option<i32>, String, String, Duration) {
    std::thread::sleep(after);
    assert!(
        child.try_wait().expect("a child").is_none(),
        "it was too fast"
    );
    let sent = Instant::now();
    interrupt(&child);
    let output = child.wait_with_output().expect("an end");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        sent.elapsed(),
    )
}

const HERDS: &str = "cbind(incidence, size - incidence) ~ period + (1 | herd)";

#[test]
fn long_work_stops_cleanly() {
    let folder = Folder::new("interrupt");
    let runs: [&[&str]; 4] = [
        &[
            "areas", "-f", HERDS, "cbpp", "--family", "binomial", "--draws", "10000000",
        ],
        &[
            "residuals",
            "-f",
            SLEEP,
            "sleepstudy",
            "--simulate",
            "unconditional",
            "--replicates",
            "10000000",
        ],
        &[
            "check",
            "-f",
            SLEEP,
            "sleepstudy",
            "--replicates",
            "10000000",
        ],
        &[
            "residuals",
            "-f",
            HERDS,
            "cbpp",
            "--family",
            "binomial",
            "--simulate",
            "unconditional",
            "--replicates",
            "10000000",
        ],
    ];
    for words in runs {
        let all = [words, &["--json"]].concat();
        let (code, err, out, took) = stopped(start(&folder, &all), Duration::from_millis(1500));
        assert_eq!(code, Some(130), "{words:?}: {err}");
        assert!(
            err.contains("error: interrupted before there was an answer"),
            "{err}"
        );
        assert!(err.contains("nothing was written"), "{err}");
        assert!(out.contains("\"code\":\"interrupted\""), "{out}");
        assert!(took < Duration::from_secs(20), "{words:?}: {took:?}");
    }
}

#[test]
fn a_second_one_ends_at_once() {
    let folder = Folder::new("interrupt-twice");
    let words = [
        "residuals",
        "-f",
        SLEEP,
        "sleepstudy",
        "--simulate",
        "conditional",
        "--replicates",
        "10000000",
    ];
    let child = start(&folder, &words);
    std::thread::sleep(Duration::from_millis(1000));
    interrupt(&child);
    // Both may reach the handler before the work looks at the switch; either way it ends with 130.
    interrupt(&child);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
}
