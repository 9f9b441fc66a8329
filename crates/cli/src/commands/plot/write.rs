//! A figure to a file or to standard output: whole or not at all.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use ranef_figures::{Format, RenderOptions, render};

use super::kinds::Drawing;
use super::{Form, PageArguments};
use crate::error::{Failure, Problem};
use crate::output;
use crate::progress::Progress;

/// The form that is asked for: by name, by the ending of the file, or SVG.
pub fn form(page: &PageArguments) -> Result<Form, Failure> {
    if page.json {
        return Ok(Form::Json);
    }
    if let Some(form) = page.format {
        return Ok(form);
    }
    let Some(path) = &page.output else {
        return Ok(Form::Svg);
    };
    let name = path.to_string_lossy().to_lowercase();
    let endings = [
        (".svg", Form::Svg),
        (".png", Form::Png),
        (".pdf", Form::Pdf),
        (".vl.json", Form::VegaLite),
        (".vega.json", Form::VegaLite),
        (".json", Form::Json),
        (".csv", Form::Csv),
        (".txt", Form::Text),
    ];
    if let Some((_, form)) = endings.iter().find(|(ending, _)| name.ends_with(ending)) {
        return Ok(*form);
    }
    let path = path.display();
    Err(Problem::new(
        "usage",
        format!("the ending of `{path}` does not say in which form to write it"),
    )
    .hint("end it in .svg, .png, .pdf, .vl.json (Vega-Lite), .csv, .json or .txt, or give --format")
    .into())
}

/// Refuses to fill a terminal with what is no text to read.
pub fn refuse_terminal(form: Form, page: &PageArguments) -> Result<(), Failure> {
    let readable = matches!(form, Form::Csv | Form::Json | Form::Text);
    if readable || page.output.is_some() || !io::stdout().is_terminal() {
        return Ok(());
    }
    Err(
        Problem::new("usage", "a figure is nothing to read on a terminal")
            .hint("name a file for it: `-o figure.svg`, or have it in words: `--format text`")
            .into(),
    )
}

/// Writes the figure.
pub fn write(
    drawing: &dyn Drawing,
    form: Form,
    page: &PageArguments,
    progress: Progress,
) -> Result<(), Failure> {
    let columns = match page.output {
        Some(_) => None,
        None => output::columns(&io::stdout()),
    };
    let bytes = bytes(drawing, form, page, columns)?;
    drop(progress);
    if let Some(path) = &page.output {
        return whole(path, &bytes);
    }
    let mut out = output::stdout();
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

fn bytes(
    drawing: &dyn Drawing,
    form: Form,
    page: &PageArguments,
    columns: Option<usize>,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let format = match form {
        Form::Svg => Format::Svg,
        Form::Png => Format::Png,
        Form::Pdf => Format::Pdf,
        Form::VegaLite => Format::VegaLite,
        Form::Csv => {
            drawing.table().write_csv(&mut out)?;
            return Ok(out);
        }
        Form::Json => {
            drawing.json(&mut out)?;
            return Ok(out);
        }
        Form::Text => return Ok(drawing.words(columns).into_bytes()),
    };
    let options = RenderOptions {
        width: page.width,
        height: page.height,
        resolution: page.dpi,
        plain: page.plain,
    };
    Ok(render(&drawing.chart(), format, &options)?)
}

/// Writes a file under another name beside it and renames it then: who reads it meanwhile sees the
/// old file or the new one, and a full disk leaves the old one.
pub fn whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| -> Failure {
        let why = ranef::frame::io_reason(&error);
        let message = format!("cannot write `{}`: {why}", path.display());
        Problem::new("write_failed", message).into()
    };
    // What is no plain file (a pipe, `/dev/stdout`) cannot be replaced.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part: PathBuf = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        // Nothing half-written stays behind, if that can be helped.
        let _ = std::fs::remove_file(&part);
        failed(error)
    })
}
