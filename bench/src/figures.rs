//! Figures and reports, from the shell's prompt to the written file.
//!
//! Models are fitted and saved once, so that a figure is what the command takes to read the model,
//! where it needs them the rows, and to draw. What of it is not drawing the lines `model` (reading
//! the model) and `augment` (the model and its rows) say, and `fit` what the fit took.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cold_start::{build, time};
use crate::data::{Data, Values, folder, home};
use crate::generate;
use crate::record::Record;

/// Its name among the cases.
pub const NAME: &str = "figures";

/// A model, and what is asked of it: the word of the command that it ends with, and the file.
struct Drawn {
    name: &'static str,
    data: fn() -> io::Result<String>,
    fit: &'static [&'static str],
    commands: &'static [&'static str],
}

/// Every kind of figure there is for the model, and the report.
const MODELS: [Drawn; 4] = [
    Drawn {
        name: "sleepstudy",
        data: || Ok("sleepstudy".into()),
        fit: &["Reaction ~ Days + (Days | Subject)"],
        commands: &[
            "plot lines svg",
            "plot pooling svg",
            "plot shrinkage svg",
            "plot caterpillar svg",
            "plot coefficients svg",
            "plot predictions svg",
            "plot predictions --group Subject svg",
            "plot variance svg",
            "plot vpc svg",
            "plot check svg",
            "plot residuals svg",
            "plot scale-location svg",
            "plot qq svg",
            "plot qq-random svg",
            "plot leverage svg",
            "plot cooks svg",
            "plot simulated svg",
            "plot profile svg",
            "plot areas svg",
            "plot pooling png",
            "plot shrinkage png",
            "plot check png",
            "plot check pdf",
            "plot check vl.json",
            "report html",
            "report md",
            "report tex",
        ],
    },
    Drawn {
        name: "cbpp",
        data: || Ok("cbpp".into()),
        fit: &[
            "cbind(incidence, size - incidence) ~ period + (1 | herd)",
            "--family",
            "binomial",
        ],
        commands: &[
            "plot caterpillar svg",
            "plot coefficients svg",
            "plot predictions svg",
            "plot variance svg",
            "plot check svg",
            "plot residuals svg",
            "plot cooks svg",
            "plot simulated svg",
            "report html",
        ],
    },
    Drawn {
        name: "insteval",
        data: || Ok("InstEval".into()),
        fit: &["y ~ service + (1 | s) + (1 | d) + (1 | dept)"],
        commands: &[
            "plot shrinkage svg",
            "plot caterpillar svg",
            "plot caterpillar --group d svg",
            "plot caterpillar --group s --groups all svg",
            "plot coefficients svg",
            "plot predictions svg",
            "plot predictions --x service --points svg",
            "plot variance svg",
            "plot check svg",
            "plot residuals svg",
            "plot scale-location svg",
            "plot qq svg",
            "plot qq-random svg",
            "plot leverage svg",
            "plot cooks svg",
            "plot simulated svg",
            "plot shrinkage png",
            "plot caterpillar png",
            "plot residuals png",
            "report html",
        ],
    },
    Drawn {
        name: "million",
        data: million,
        fit: &["y ~ x1 + x2 + x3 + x4 + x5 + (x1 | g)"],
        commands: &[
            "plot lines svg",
            "plot shrinkage svg",
            "plot caterpillar svg",
            "plot predictions svg",
            "plot predictions --points svg",
            "plot variance svg",
            "plot residuals svg",
            "plot residuals png",
            "plot qq svg",
            "plot qq-random svg",
        ],
    },
];

/// Every model with all its figures.
pub fn run(mut show: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
    let binary = build()?;
    let place = home().join("data/figures");
    fs::create_dir_all(&place)?;
    for drawn in &MODELS {
        let data = (drawn.data)()?;
        let model = place.join(format!("{}.json", drawn.name));
        let named = |what: &str| format!("{NAME}/{}/{what}", drawn.name);
        let mut fit = Command::new(&binary);
        fit.arg("fit").arg(drawn.fit[0]).arg(&data);
        fit.args(&drawn.fit[1..]).arg("--save").arg(&model);
        show(versioned(time(&named("fit"), "ranef", fit, 3)))?;
        for (what, word) in [("model", "tidy"), ("augment", "augment")] {
            let mut command = Command::new(&binary);
            command.arg(word).arg(&model);
            show(versioned(time(&named(what), "ranef", command, 5)))?;
        }
        for words in drawn.commands {
            show(draw(&binary, &model, &named(words), words))?;
        }
    }
    Ok(())
}

/// One figure; the last of the words is the ending of its file, which is weighed.
fn draw(binary: &Path, model: &Path, name: &str, words: &str) -> Record {
    let mut words: Vec<&str> = words.split(' ').collect();
    let ending = words.pop().unwrap_or_default();
    let file = model.with_extension(ending);
    let mut command = Command::new(binary);
    command.arg(words[0]).arg(model).args(&words[1..]);
    command.arg("-o").arg(&file);
    let mut record = versioned(time(name, "ranef", command, 5));
    if let Ok(written) = fs::metadata(&file) {
        let kilobytes = written.len().div_ceil(1000);
        record.note.get_or_insert(format!("{kilobytes} kB"));
    }
    let _ = fs::remove_file(file);
    record
}

fn versioned(mut record: Record) -> Record {
    record.version = env!("CARGO_PKG_VERSION").into();
    record
}

/// A line for people.
pub fn row(record: &Record) {
    let note = record.note.as_deref().unwrap_or_default();
    match record.wall {
        Some([median, ..]) => println!("  {:56} {:>9.1} ms  {note}", record.case, 1e3 * median),
        None => println!("  {:56} {note}", record.case),
    }
}

/// The million rows of the case of that name, as CSV.
fn million() -> io::Result<String> {
    let file: PathBuf = home().join("data/million.csv");
    if !file.exists() {
        let data = Data::read(&folder("million", generate::million)?)?;
        eprintln!("writing data/million.csv");
        let mut out = BufWriter::new(fs::File::create(&file)?);
        let names: Vec<&str> = data.columns.iter().map(|(name, _)| name.as_str()).collect();
        writeln!(out, "{}", names.join(","))?;
        for row in 0..data.rows() {
            for (at, (_, values)) in data.columns.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                match values {
                    Values::Number(x) => write!(out, "{comma}{:.6}", x[row])?,
                    Values::Factor(_, codes) => write!(out, "{comma}g{}", codes[row] + 1)?,
                }
            }
            writeln!(out)?;
        }
        out.flush()?;
    }
    Ok(file.to_string_lossy().into_owned())
}
