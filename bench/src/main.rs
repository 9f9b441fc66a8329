//! Speed and memory of ranef beside its peers: `cargo xtask bench [NAME…]`. README.md says how
//! to read what comes out.

mod arrow;
mod case;
mod cold_start;
mod data;
mod figures;
mod generate;
mod measure;
mod peers;
mod question;
mod random;
mod record;
mod suite;
mod table;

use std::io;
use std::process::ExitCode;

use case::{CASES, Case};
use data::Data;
use peers::{glmm, ours};
use question::QUESTIONS;
use record::Record;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["list"] => {
            println!("{}", suite::names().join("\n"));
            Ok(())
        }
        // What the suite calls itself with, to measure in a process of its own.
        ["--fit", case, peer] => one_fit(case, peer),
        ["--ask", question] => one_question(question),
        ["--read-csv", threads] => one_table(threads),
        names => suite::run(names),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fits one case with one peer and prints the record.
fn one_fit(name: &str, peer: &str) -> io::Result<()> {
    let Some(case) = CASES.iter().find(|c| c.name == name) else {
        return Err(io::Error::other(format!("there is no case {name}")));
    };
    let data = Data::read(&data::folder(case.data, case.make)?)?;
    let fit: fn(&Case, Data, &str, bool) -> Record = match peer.split('+').next() {
        Some("glmm") => glmm::run,
        _ => ours::run,
    };
    print(&fit(case, data, peer, peer.ends_with("+all")))
}

/// Asks one question in a process of its own and prints the record.
fn one_question(name: &str) -> io::Result<()> {
    let Some(question) = QUESTIONS.iter().find(|q| q.full_name() == name) else {
        return Err(io::Error::other(format!("there is no question {name}")));
    };
    let case = question.model();
    let data = Data::read(&data::folder(case.data, case.make)?)?;
    print(&ours::ask(question, data))
}

/// Reads the table once in a process of its own and prints the record.
fn one_table(threads: &str) -> io::Result<()> {
    let threads = threads.parse().map_err(io::Error::other)?;
    print(&ours::read_csv(
        suite::READ_CSV,
        &suite::csv_file()?,
        threads,
    ))
}

fn print(record: &Record) -> io::Result<()> {
    println!("{}", serde_json::to_string(record)?);
    Ok(())
}
