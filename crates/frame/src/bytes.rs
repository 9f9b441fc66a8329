//! A file, or standard input, as bytes in memory, unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::FrameError;

/// The whole of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, FrameError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata().map_or(0, |m| m.len());
        // One more for the line feed that the CSV reader may add.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|e| unreadable(&path.display().to_string(), &e))
}

/// The whole of standard input.
pub(crate) fn read_stdin() -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    match io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(e) => Err(unreadable("standard input", &e)),
    }
}

/// The system's reason why a file cannot be read.
pub(crate) fn unreadable(file: &str, error: &io::Error) -> FrameError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            FrameError::new("file_not_found", format!("there is no file {file}"))
        }
        io::ErrorKind::IsADirectory => is_directory(file),
        _ => {
            let why = crate::io_reason(error);
            FrameError::new("unreadable_file", format!("cannot read {file}: {why}"))
        }
    }
}

/// A directory where a file was meant.
pub(crate) fn is_directory(file: &str) -> FrameError {
    FrameError::new("is_directory", format!("{file} is a directory")).with_hint("name a file in it")
}

/// Unpacks gzip and Zstandard, which are recognised by their first bytes: a file that lost its
/// `.gz` on the way is read all the same.
pub(crate) fn unpack(bytes: Vec<u8>, file: &str) -> Result<Vec<u8>, FrameError> {
    let mut text = Vec::new();
    let unpacked = if bytes.starts_with(b"\x1F\x8B") {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text)
    } else if bytes.starts_with(b"\x28\xB5\x2F\xFD") {
        zstd::stream::read::Decoder::with_buffer(&bytes[..])
            .and_then(|mut decoder| decoder.read_to_end(&mut text))
    } else {
        return Ok(bytes);
    };
    match unpacked {
        Ok(_) => Ok(text),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(FrameError::new(
            "truncated_file",
            format!("{file} is cut off: the compressed data end too early"),
        )
        .with_hint("copy or download it again")),
        Err(e) => Err(FrameError::new(
            "damaged_file",
            format!("{file} is damaged: the compressed data cannot be unpacked ({e})"),
        )
        .with_hint("copy or download it again")),
    }
}
