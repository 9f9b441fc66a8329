//! The whole run: every case with every peer, to the screen and to a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::case::{CASES, Case};
use crate::data::{folder, home};
use crate::peers::{lme4, polars, say};
use crate::question::{QUESTIONS, Question};
use crate::record::{Record, Setting};
use crate::{cold_start, figures, generate, table};

/// The name of the reading of CSV among the cases.
pub const READ_CSV: &str = "read-csv";

/// Names of all cases.
pub fn names() -> Vec<String> {
    let fits = CASES.iter().map(|c| c.name.to_owned());
    fits.chain(QUESTIONS.iter().map(Question::full_name))
        .chain([READ_CSV, cold_start::NAME, figures::NAME].map(str::to_owned))
        .collect()
}

/// Measures the cases whose names contain one of the words; without words, all.
pub fn run(words: &[&str]) -> io::Result<()> {
    let wanted = |name: &str| words.is_empty() || words.iter().any(|w| name.contains(w));
    if !names().iter().any(|name| wanted(name)) {
        let names = names().join(", ");
        return Err(io::Error::other(format!(
            "no case of that name; there are {names}"
        )));
    }
    let setting = setting();
    let mut results = Results::create(&setting.date, words)?;
    results.write(&setting)?;
    table::setting(&setting);

    for case in CASES.iter().filter(|c| wanted(c.name)) {
        table::heading(case.name, case.formula);
        fit(case, &mut results)?;
    }
    for question in QUESTIONS.iter().filter(|q| wanted(&q.full_name())) {
        table::heading(&question.full_name(), question.model().formula);
        ask(question, &mut results)?;
    }
    if wanted(READ_CSV) {
        table::heading(READ_CSV, "1,000,000 rows of 8 columns");
        read_csv(&setting, &mut results)?;
    }
    if wanted(cold_start::NAME) {
        table::heading(cold_start::NAME, "ranef fit … sleepstudy; Rscript -e …");
        let mut first = None;
        cold_start::run(|record| {
            table::row(&record, first.as_ref());
            results.write(&record)?;
            first.get_or_insert(record);
            Ok(())
        })?;
    }
    if wanted(figures::NAME) {
        table::heading(figures::NAME, "ranef plot MODEL KIND -o FILE");
        figures::run(|record| {
            figures::row(&record);
            results.write(&record)
        })?;
    }
    println!("\nraw results: {}", results.name);
    Ok(())
}

/// One case, peer by peer; the first is what the others are compared with.
fn fit(case: &Case, results: &mut Results) -> io::Result<()> {
    let folder = folder(case.data, case.make)?;
    let mut first = None;
    for peer in ["ranef", "ranef+all", "glmm", "glmm+all", "lme4"] {
        let record = match peer {
            "lme4" => lme4::run(case, &folder),
            _ => myself(&["--fit", case.name, peer])
                .unwrap_or_else(|e| Record::failed(case.name, peer, e.to_string())),
        };
        table::row(&record, first.as_ref());
        results.write(&record)?;
        first.get_or_insert(record);
    }
    Ok(())
}

/// One question, asked of ranef and, where that is possible, in R.
fn ask(question: &Question, results: &mut Results) -> io::Result<()> {
    let (name, case) = (question.full_name(), question.model());
    let folder = folder(case.data, case.make)?;
    let ours =
        myself(&["--ask", &name]).unwrap_or_else(|e| Record::failed(&name, "ranef", e.to_string()));
    table::row(&ours, None);
    results.write(&ours)?;
    if question.in_r {
        let theirs = lme4::ask(question, &folder);
        table::row(&theirs, Some(&ours));
        results.write(&theirs)?;
    }
    Ok(())
}

fn read_csv(setting: &Setting, results: &mut Results) -> io::Result<()> {
    let file = csv_file()?;
    for threads in [1, setting.threads] {
        let mut ours = myself(&["--read-csv", &threads.to_string()])?;
        let mut theirs = polars::read_csv(READ_CSV, &file, threads, 7);
        for record in [&mut ours, &mut theirs] {
            let note = format!("threads: {threads}");
            record.note.get_or_insert(note);
        }
        table::row(&ours, None);
        table::row(&theirs, Some(&ours));
        results.write(&ours)?;
        results.write(&theirs)?;
    }
    Ok(())
}

/// The file to read, which is written if it is not there.
pub fn csv_file() -> io::Result<PathBuf> {
    let file = home().join("data/table.csv");
    if !file.exists() {
        eprintln!("writing data/table.csv");
        fs::create_dir_all(home().join("data"))?;
        fs::write(&file, generate::csv())?;
    }
    Ok(file)
}

/// Calls this program again and reads the record that it prints.
fn myself(arguments: &[&str]) -> io::Result<Record> {
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("ended with {}", output.status)));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn setting() -> Setting {
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
    let commit = say("git", &["describe", "--always", "--dirty=+", "--abbrev=12"]);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| {
        Some(
            line.strip_prefix("model name")?
                .split_once(": ")?
                .1
                .to_owned(),
        )
    });
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Setting {
        date: or_unknown(say("date", &["-u", "+%F"])),
        commit: or_unknown(commit),
        processor: or_unknown(processor),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        load: load.split(' ').next().unwrap_or_default().to_owned(),
        rustc: or_unknown(say("rustc", &["--version"])),
        blas: lme4::blas(),
    }
}

/// The file of raw results, a JSON object a line, each written as soon as it is known.
struct Results {
    name: String,
    file: File,
}

impl Results {
    /// A new file, of the day and of what is measured; never in the place of an older one.
    fn create(date: &str, words: &[&str]) -> io::Result<Self> {
        let what = match words {
            [] => "all".to_owned(),
            words => words.join("-"),
        };
        fs::create_dir_all(home().join("results"))?;
        for number in 1.. {
            let suffix = match number {
                1 => String::new(),
                n => format!("-{n}"),
            };
            let name = format!("results/{date}-{what}{suffix}.json");
            match File::create_new(home().join(&name)) {
                Ok(file) => return Ok(Self { name, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("some number is free")
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        writeln!(self.file, "{}", serde_json::to_string(line)?)
    }
}
