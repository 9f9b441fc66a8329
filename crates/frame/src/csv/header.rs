//! The first line: the names of the columns, made usable.

use super::cell::find;
use super::fault::{Fault, line_of};
use crate::FrameError;

/// What to do with one cell of every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) name: String,
    pub(super) role: Role,
    /// What the user should know about the name.
    pub(super) note: Option<String>,
}

/// What a heading stands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A column of data.
    Data,
    /// A column without a name: data, unless it is empty throughout, which is what a separator
    /// at the end of every line makes.
    Unnamed,
    /// Row names, left out: a column that nobody named would otherwise be a predictor in
    /// `y ~ .`. R writes them with an empty heading (`write.csv`) or none (`write.table`).
    RowNames,
}

/// The headings and the offset of the first row. The text is UTF-8 and ends in a line feed.
pub(super) fn read(
    bytes: &[u8],
    separator: u8,
    file: &str,
) -> Result<(Vec<Heading>, usize), FrameError> {
    let (mut names, body) = record(bytes, 0, separator).map_err(|f| f.explain(bytes, file))?;
    let first_row = record(bytes, body, separator).map_or(0, |(cells, _)| cells.len());
    if names[0].starts_with('#') && first_row != names.len() {
        return Err(comment(bytes, file));
    }
    if first_row == names.len() + 1 {
        names.insert(0, String::new());
    }
    Ok((name(names), body))
}

/// A line that is no heading: `#id,y,x` over rows of three cells is one, a remark is not.
fn comment(bytes: &[u8], file: &str) -> FrameError {
    let start = bytes.len() - bytes.trim_ascii_start().len();
    FrameError::new(
        "comment_line",
        format!(
            "{file}, line {}: a comment (it begins with `#`), where the names of the columns should be",
            line_of(bytes, start)
        ),
    )
    .with_hint(format!(
        "take such lines out: `grep -v '^#' {file} > without_comments.csv`"
    ))
}

/// The cells of the first record that is not blank, and where it ends.
fn record(bytes: &[u8], mut at: usize, separator: u8) -> Result<(Vec<String>, usize), Fault> {
    let mut cells = Vec::new();
    while at < bytes.len() {
        let cell = find(bytes, at, separator)?;
        at = cell.stop + 1;
        let ends = bytes[cell.stop] == b'\n';
        let blank = ends && cells.is_empty() && cell.start == cell.end && bytes[cell.start] != b'"';
        if !blank {
            cells.push(String::from_utf8_lossy(&cell.text(bytes)).trim().to_owned());
            if ends {
                break;
            }
        }
    }
    Ok((cells, at))
}

/// Gives every column a name of its own. A second `x` becomes `x.1`, as R makes it, so that a
/// file is not refused for columns that nobody asks for.
fn name(names: Vec<String>) -> Vec<Heading> {
    let width = names.len();
    let mut headings: Vec<Heading> = Vec::with_capacity(width);
    for (k, original) in names.iter().enumerate() {
        let heading = if !original.is_empty() {
            let taken = |name: &str, headings: &[Heading]| headings.iter().any(|h| h.name == name);
            let mut name = original.clone();
            let mut copy = 0;
            while taken(&name, &headings) || (copy > 0 && names.contains(&name)) {
                copy += 1;
                name = format!("{original}.{copy}");
            }
            let others = names.iter().filter(|n| *n == original).count() - 1;
            let note = match (copy, others) {
                (_, 0) => None,
                (0, _) => Some(format!(
                    "column `{name}` is column {} of the file, the first of {} called `{name}`",
                    k + 1,
                    others + 1
                )),
                _ => Some(format!(
                    "column `{name}` is column {} of the file, another one called `{original}`",
                    k + 1
                )),
            };
            Heading {
                name,
                role: Role::Data,
                note,
            }
        } else if k == 0 && width > 1 {
            Heading {
                name: String::new(),
                role: Role::RowNames,
                note: None,
            }
        } else {
            let name = format!("...{}", k + 1);
            let note = Some(format!(
                "column {} of the file has no name and is called `{name}`",
                k + 1
            ));
            Heading {
                name,
                role: Role::Unnamed,
                note,
            }
        };
        headings.push(heading);
    }
    headings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let (headings, _) = read(text.as_bytes(), b',', "data.csv").expect("headings");
        headings
            .into_iter()
            .map(|h| {
                if h.role == Role::RowNames {
                    "-".into()
                } else {
                    h.name
                }
            })
            .collect()
    }

    #[test]
    fn a_comment_is_no_heading() {
        let error = read(b"\n# from 2020\ny,x\n1,2\n", b',', "data.csv").unwrap_err();
        assert_eq!(
            error.to_string(),
            "data.csv, line 2: a comment (it begins with `#`), where the names of the columns should be"
        );
        assert_eq!(error.code, "comment_line");
        let wide = read(b"# from 2020, 2021\ny,x,g\n1,2,3\n", b',', "data.csv");
        assert!(wide.is_err());
        assert_eq!(names("#id,y\n1,2\n"), ["#id", "y"]);
    }

    #[test]
    fn every_column_gets_a_name() {
        assert_eq!(names("a,\"b c\", d \n1,2,3\n"), ["a", "b c", "d"]);
        assert_eq!(names("\n\n\"\",x\n1,2\n"), ["-", "x"]);
        assert_eq!(names("x,y\n1,2,3\n"), ["-", "x", "y"]);
        assert_eq!(names("a,,b,\n1,2,3,\n"), ["a", "...2", "b", "...4"]);
        assert_eq!(names("x,x,x.1,x\n1,2,3,4\n"), ["x", "x.2", "x.1", "x.3"]);
        assert_eq!(names("\"\"\n1\n"), ["...1"]);
    }
}
