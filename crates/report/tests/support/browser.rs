//! A headless Chromium, where there is one.
//!
//! What a page does is read from the browser's own records: console messages from its log, requests
//! from its log of the network. The browser asks for things itself (is there an update?); a request
//! of a page is told from those by its initiator, and no name is resolved, so that nothing leaves the
//! machine either way.
#![allow(dead_code, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Programs that are Chromium.
const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

pub struct Browser(PathBuf);

/// What a visit of a page left.
#[derive(Debug)]
pub struct Visit {
    /// The page as it stands after its scripts, if asked for.
    pub dom: String,
    /// Messages on the console.
    pub console: Vec<String>,
    /// Addresses that the page asked for, those of its own folder left out.
    pub requests: Vec<String>,
}

impl Browser {
    /// The browser that the variable `RANEF_BROWSER` names, or the first of the path.
    pub fn find() -> Option<Self> {
        if let Some(named) = std::env::var_os("RANEF_BROWSER") {
            return Some(Self(named.into()));
        }
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let places = NAMES
            .iter()
            .flat_map(|n| folders.iter().map(move |f| f.join(n)));
        places.into_iter().find(|p| p.is_file()).map(Self)
    }

    /// Opens a file. `arguments` say what is wanted of it, such as `--dump-dom`.
    pub fn visit(&self, folder: &Path, file: &str, arguments: &[String]) -> Visit {
        let profile = folder.join("profile");
        let network = folder.join("network.json");
        let log = folder.join("log.txt");
        let out = folder.join("dom.txt");
        let _ = std::fs::remove_dir_all(&profile);
        let file_of = |path: &Path| std::fs::File::create(path).expect("a file");
        let mut child = Command::new(&self.0)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                "--enable-logging=stderr",
                "--v=0",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--log-net-log={}", network.display()))
            .args(arguments)
            .arg(format!("file://{}", folder.join(file).display()))
            .stdin(Stdio::null())
            .stdout(file_of(&out))
            .stderr(file_of(&log))
            .spawn()
            .expect("the browser starts");
        let begun = Instant::now();
        while child.try_wait().expect("the browser runs").is_none() {
            if begun.elapsed() > Duration::from_secs(90) {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the browser did not end in 90 seconds");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        Visit {
            dom: std::fs::read_to_string(&out).unwrap_or_default(),
            console: (log.lines())
                .filter(|line| line.contains(":CONSOLE"))
                .map(str::to_owned)
                .collect(),
            requests: requests(&network),
        }
    }
}

/// What pages asked for, by the log of the network.
fn requests(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).expect("a log of the network");
    // A browser that ends early leaves the list open.
    let closed = format!("{}]}}", text.trim_end().trim_end_matches(','));
    let log: Value = serde_json::from_str(&text)
        .or_else(|_| serde_json::from_str(&closed))
        .expect("a log in JSON");
    let events = log["events"].as_array().expect("events");
    assert!(!events.is_empty(), "the log of the network is empty");
    let mut out: Vec<String> = (events.iter())
        .map(|event| &event["params"])
        .filter(|p| {
            p["initiator"]
                .as_str()
                .is_some_and(|i| i != "not an origin")
        })
        .filter_map(|p| p["url"].as_str())
        .filter(|url| !url.starts_with("file:") && !url.starts_with("data:"))
        .map(str::to_owned)
        .collect();
    out.dedup();
    out
}

/// Grey values, by rows.
pub struct Grey {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f64>,
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Grey {
    /// A PNG.
    pub fn of(png: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().expect("a PNG");
        let mut data = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut data).expect("its pixels");
        let channels = info.color_type.samples();
        let grey = |pixel: &[u8]| match channels {
            1 | 2 => f64::from(pixel[0]),
            _ => {
                0.299 * f64::from(pixel[0])
                    + 0.587 * f64::from(pixel[1])
                    + 0.114 * f64::from(pixel[2])
            }
        };
        Self {
            width: info.width as usize,
            height: info.height as usize,
            values: data[..info.buffer_size()]
                .chunks_exact(channels)
                .map(grey)
                .collect(),
        }
    }

    /// The whole of it.
    pub fn frame(&self) -> Frame {
        Frame {
            left: 0.0,
            right: self.width as f64,
            top: 0.0,
            bottom: self.height as f64,
        }
    }

    /// The means of a frame's cells, `columns` across and `rows` down.
    pub fn shrunk(&self, frame: Frame, columns: usize, rows: usize) -> Vec<f64> {
        let mut out = Vec::with_capacity(columns * rows);
        let edge = |from: f64, to: f64, at: usize, of: usize| {
            (from + (to - from) * at as f64 / of as f64)
                .round()
                .max(0.0) as usize
        };
        for row in 0..rows {
            for column in 0..columns {
                let xs = edge(frame.left, frame.right, column, columns)
                    ..edge(frame.left, frame.right, column + 1, columns).min(self.width);
                let ys = edge(frame.top, frame.bottom, row, rows)
                    ..edge(frame.top, frame.bottom, row + 1, rows).min(self.height);
                let (mut sum, mut count) = (0.0, 0.0);
                for y in ys {
                    for x in xs.clone() {
                        sum += self.values[y * self.width + x];
                        count += 1.0;
                    }
                }
                out.push(if count > 0.0 { sum / count } else { 255.0 });
            }
        }
        out
    }
}

/// Mean absolute difference.
pub fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
    sum / a.len() as f64
}
