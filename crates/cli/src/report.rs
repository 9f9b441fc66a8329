//! Answers that go to files: the format is that of the file's name.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use ranef::frame::{FrameError, io_reason, write_parquet};
use ranef::{Answer, Caption, Markup};

use crate::arguments::AnswerArguments;
use crate::error::{Failure, Problem};
use crate::output;

/// The form of an answer that may be a file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct FileArguments {
    #[command(flatten)]
    pub answer: AnswerArguments,

    /// Write to this file, in the format of its ending: .csv, .json, .parquet, .md, .tex or .html
    #[arg(short, long, value_name = "FILE", value_parser = target,
          conflicts_with_all = ["json", "csv", "format"])]
    pub output: Option<Target>,
}

impl FileArguments {
    /// Whether standard output is for a program.
    pub fn json(&self) -> bool {
        self.answer.json
    }
}

/// A file and its format.
#[derive(Clone, Debug)]
pub struct Target {
    path: PathBuf,
    format: FileFormat,
}

#[derive(Clone, Copy, Debug)]
enum FileFormat {
    Csv,
    Json,
    Parquet,
    Markup(Markup),
}

fn target(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let format = match ending.to_lowercase().as_str() {
        "csv" => FileFormat::Csv,
        "json" => FileFormat::Json,
        "parquet" | "pq" => FileFormat::Parquet,
        "md" | "markdown" => FileFormat::Markup(Markup::Markdown),
        "tex" => FileFormat::Markup(Markup::Latex),
        "html" | "htm" => FileFormat::Markup(Markup::Html),
        "txt" => FileFormat::Markup(Markup::Text),
        _ => {
            return Err(
                "the format is not clear: end the name in .csv, .json, .parquet, .md, .tex, \
                 .html or .txt"
                    .to_owned(),
            );
        }
    };
    Ok(Target { path, format })
}

/// Writes an answer to standard output or to the file asked for. How it becomes CSV or Parquet
/// may be said otherwise than by its table, for answers as long as the data; `plain_csv`: CSV is
/// what they are when nothing else is asked for.
pub fn write<A: Answer>(
    answer: &A,
    arguments: &FileArguments,
    plain_csv: bool,
    as_csv: impl Fn(&A, &mut dyn Write) -> Result<(), Failure>,
    as_parquet: impl Fn(&A, &Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(Target { path, format }) = &arguments.output else {
        let form = &arguments.answer;
        if form.csv || (plain_csv && !form.json && form.format.is_none()) {
            let mut out = output::Watched::new(output::stdout());
            let written = as_csv(answer, &mut out);
            if out.unread() {
                return Err(Failure::Unread);
            }
            written?;
            return Ok(out.flush()?);
        }
        return output::answer(answer, &arguments.answer);
    };
    let cannot = |e: std::io::Error| -> Failure {
        let message = format!("cannot write `{}`: {}", path.display(), io_reason(&e));
        Problem::new("write_failed", message).into()
    };
    if let FileFormat::Parquet = format {
        return as_parquet(answer, path);
    }
    let mut out = BufWriter::new(File::create(path).map_err(cannot)?);
    match format {
        FileFormat::Csv => as_csv(answer, &mut out)?,
        FileFormat::Json => output::write_json(answer, &mut out)?,
        FileFormat::Markup(Markup::Text) => write!(out, "{answer}").map_err(cannot)?,
        FileFormat::Markup(markup) => {
            let table = answer.table().markup(*markup, &Caption::default());
            let text = markup.document("ranef", &table);
            out.write_all(text.as_bytes()).map_err(cannot)?;
        }
        FileFormat::Parquet => {}
    }
    out.flush().map_err(cannot)
}

/// The same for answers whose table is all there is.
pub fn write_table(answer: &impl Answer, arguments: &FileArguments) -> Result<(), Failure> {
    write(
        answer,
        arguments,
        false,
        |answer, mut out| Ok(answer.table().write_csv(&mut out)?),
        |answer, path| {
            write_parquet(&answer.table().source()?, path).map_err(|e: FrameError| e.into())
        },
    )
}
