//! From what the user typed to a source: a file, standard input, or a built-in data set.

use std::path::Path;

use crate::bytes::{is_directory, read_file, read_stdin, unpack, unreadable};
use crate::suggest::nearest;
use crate::{FrameError, ReadOptions, Source, datasets, ipc, read_csv};

/// Opens data by name: a file (`.csv`, `.tsv`, `.txt`, each also `.gz` or `.zst`; `.parquet`;
/// `.arrow`, `.feather`), `-` for CSV on standard input, or a built-in data set. A file of the
/// same name goes before a built-in data set; a directory does not.
///
/// What a file is, is decided by its first bytes and only then by its ending, so a compressed
/// file without `.gz` or a Parquet file called `.dat` is read all the same.
///
/// # Errors
/// See [`FrameError`]; the message names the file, and the line where there is one.
pub fn open(name: &str, options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    if name == "-" {
        let text = unpack(read_stdin()?, "standard input")?;
        return Ok(Box::new(read_csv(text, "standard input", options)?));
    }
    let path = Path::new(name);
    match path.metadata() {
        Ok(found) if !found.is_dir() => open_file(path, options),
        found => match datasets::find(name) {
            Some(set) => Ok(Box::new(set.load())),
            None => Err(match found {
                Ok(_) => is_directory(name),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => not_found(name),
                Err(e) => unreadable(name, &e),
            }),
        },
    }
}

fn open_file(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    let file = path.display().to_string();
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let head = first_bytes(path).map_err(|e| unreadable(&file, &e))?;
    if head.starts_with(b"PAR1") {
        return open_parquet(path, options);
    }
    if head.starts_with(ipc::MAGIC) {
        return ipc::open(path, options);
    }
    if head.is_empty() {
        return Err(FrameError::new("empty_file", format!("{file} is empty")));
    }
    match ending.as_str() {
        "parquet" | "pq" => open_parquet(path, options),
        "arrow" | "feather" | "arrows" | "ipc" => ipc::open(path, options),
        _ => {
            let text = unpack(read_file(path)?, &file)?;
            Ok(Box::new(read_csv(text, &file, options)?))
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    crate::parquet::open(path, options)
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path, _options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    let message = format!(
        "{} is a Parquet file, which this build cannot read",
        path.display()
    );
    Err(FrameError::new("unsupported_format", message)
        .with_hint("build with the feature `parquet`, or save the data as CSV"))
}

/// Up to eight bytes, enough to tell formats apart. A pipe has no beginning to come back to, so
/// nothing is taken from it.
fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    if !path.metadata()?.is_file() {
        return Ok(b"?".to_vec());
    }
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(8).read_to_end(&mut head)?;
    Ok(head)
}

/// Nothing of this name: the nearest thing that there is.
fn not_found(name: &str) -> FrameError {
    let path = Path::new(name);
    let looks_like_a_path = path.extension().is_some() || path.components().count() > 1;
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let files: Vec<String> = std::fs::read_dir(directory.unwrap_or(Path::new(".")))
        .map(|entries| {
            let entries = entries.flatten().filter(|e| e.path().is_file());
            let mut names: Vec<String> = entries
                .map(|e| e.file_name().to_string_lossy().into_owned())
                .collect();
            names.sort_unstable();
            names
        })
        .unwrap_or_default();
    let near_file = nearest(&wanted, files.iter().map(String::as_str))
        .or_else(|| same_stem(&wanted, &files))
        .map(|near| match directory {
            Some(directory) => directory.join(near).display().to_string(),
            None => near.to_owned(),
        });
    let near_set = nearest(name, datasets().iter().map(|d| d.name)).map(str::to_owned);
    // `sleepstudy.csv`, of whoever expects the data of a tutorial in the folder.
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let set_of_stem = nearest(&stem, datasets().iter().map(|d| d.name));
    let near = if looks_like_a_path {
        near_file
    } else {
        near_set.or(near_file)
    };
    let error = if looks_like_a_path {
        FrameError::new("file_not_found", format!("there is no file {name}"))
    } else {
        let message = format!("`{name}` is neither a file nor a built-in data set");
        FrameError::new("unknown_data", message)
    };
    match (near, set_of_stem) {
        (Some(near), _) => error.with_hint(format!("did you mean `{near}`?")),
        (None, Some(set)) => {
            error.with_hint(format!("did you mean the built-in data set `{set}`?"))
        }
        (None, None) if looks_like_a_path => error.with_hint(
            "check the spelling and the folder; `ranef data` lists the built-in data sets",
        ),
        (None, None) => error.with_hint("`ranef data` lists the built-in data sets"),
    }
}

/// `schools` or `schools.csv` where there is `schools.parquet`.
fn same_stem<'a>(wanted: &str, files: &'a [String]) -> Option<&'a str> {
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let readable = ["csv", "tsv", "txt", "parquet", "arrow", "feather"];
    files
        .iter()
        .map(String::as_str)
        .find(|f| stem(f) == stem(wanted) && f.split('.').skip(1).any(|e| readable.contains(&e)))
}
