//! Bytes to UTF-8 text: byte order marks, UTF-16, and what only pretends to be a text file.
//!
//! People save what they have under the name that they were asked for. A workbook called
//! `data.csv` deserves better than "invalid UTF-8 in line 1", so the beginnings of the formats
//! that hold tables are known here and named.

use crate::FrameError;

/// First bytes, what they are, and the way out.
const BEGINNINGS: [(&[u8], &str, &str); 19] = [
    (
        b"PK\x03\x04",
        "an Excel workbook or another ZIP archive",
        EXCEL,
    ),
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook", EXCEL),
    (b"$FL2", "an SPSS file", SPSS),
    (b"$FL3", "a compressed SPSS file", SPSS),
    (b"<stata_dta>", "a Stata file", STATA),
    (b"\x71\x01\x01", "a Stata file", STATA),
    (b"\x72\x02\x01", "a Stata file", STATA),
    (b"\x73\x02\x01", "a Stata file", STATA),
    (
        b"\0\0\0\0\0\0\0\0\0\0\0\0\xC2\xEA\x81\x60",
        "a SAS data set",
        SAS,
    ),
    (b"HEADER RECORD*******LIB", "a SAS transport file", SAS),
    (b"RDX2\n", "an R data file", R),
    (b"RDX3\n", "an R data file", R),
    (b"X\n\0\0", "an R object (RDS)", R),
    (b"\x89HDF", "an HDF5 file", PYTHON),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table as CSV",
    ),
    (
        b"%PDF-",
        "a PDF document",
        "ask for the data themselves, as CSV",
    ),
    (b"<!DOCTYPE html", "a web page", PAGE),
    (b"<!doctype html", "a web page", PAGE),
    (b"<html", "a web page", PAGE),
];

const PAGE: &str = "download the data file itself, not the page that shows it";
const EXCEL: &str = "save the sheet as \"CSV UTF-8\"";
const SPSS: &str = "save it as CSV, in R: `write.csv(haven::read_sav(\"FILE\"), \"data.csv\")`";
const STATA: &str = "save it as CSV, in Stata: `export delimited using data.csv`";
const SAS: &str = "save it as CSV, in SAS: `proc export data=NAME outfile=\"data.csv\" dbms=csv`";
const R: &str = "save it as CSV, in R: `write.csv(data, \"data.csv\", row.names = FALSE)`";
const PYTHON: &str = "save it as Parquet, in Python: `data.to_parquet(\"data.parquet\")`";

/// Brings text to UTF-8 without byte order mark, or says what the bytes are instead. Whether all
/// of it is UTF-8 is left to the reader, which can do it in parallel and knows lines.
pub(crate) fn decode(bytes: Vec<u8>, file: &str) -> Result<Vec<u8>, FrameError> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        let mut bytes = bytes;
        bytes.drain(..3);
        return Ok(bytes);
    }
    match bytes.get(..2) {
        Some(b"\xFF\xFE") => return utf16(&bytes[2..], u16::from_le_bytes, file),
        Some(b"\xFE\xFF") => return utf16(&bytes[2..], u16::from_be_bytes, file),
        _ => {}
    }
    for (beginning, what, hint) in BEGINNINGS {
        if bytes.starts_with(beginning) {
            let message = format!("{file} is {what}, not a text file");
            return Err(FrameError::new("binary_file", message).with_hint(hint));
        }
    }
    let head = &bytes[..bytes.len().min(1024)];
    if memchr::memchr(0, head).is_some() {
        let zeros = head.iter().filter(|b| **b == 0).count();
        // Western text in UTF-16 is every other byte zero.
        let (what, hint) = if zeros * 3 > head.len() && zeros * 3 < head.len() * 2 {
            (
                "text in UTF-16 without a byte order mark",
                "save the file as UTF-8",
            )
        } else {
            (
                "a binary file, not a text file",
                "save the data as CSV or Parquet",
            )
        };
        return Err(FrameError::new("binary_file", format!("{file} is {what}")).with_hint(hint));
    }
    Ok(bytes)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, file: &str) -> Result<Vec<u8>, FrameError> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(text.into_bytes()),
        _ => Err(FrameError::new(
            "damaged_file",
            format!("{file} begins as UTF-16 text but is none"),
        )
        .with_hint("save the file as UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_utf16_is_read() {
        let plain = b"a,b\n1,2\n".to_vec();
        assert_eq!(
            decode([b"\xEF\xBB\xBF", &plain[..]].concat(), "f"),
            Ok(plain.clone())
        );
        let little: Vec<u8> = "\u{FEFF}a,ä\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decode(little.clone(), "f"), Ok("a,ä\n".into()));
        let big: Vec<u8> = "\u{FEFF}a,ä\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(decode(big, "f"), Ok("a,ä\n".into()));
        let cut = little[..little.len() - 1].to_vec();
        assert_eq!(decode(cut, "f").map_err(|e| e.code), Err("damaged_file"));
        let without: Vec<u8> = "a,b\n1,2\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(decode(without, "f").is_err_and(|e| e.message.contains("UTF-16")));
    }

    #[test]
    fn other_formats_are_named() {
        for (bytes, word) in [
            (&b"PK\x03\x04rest"[..], "Excel"),
            (b"$FL2@(#)", "SPSS"),
            (b"<stata_dta><header>", "Stata"),
            (b"a\0\0\0\0\x01", "binary"),
        ] {
            let error = decode(bytes.to_vec(), "data.csv").expect_err("no text");
            assert_eq!(error.code, "binary_file");
            assert!(error.message.contains(word), "{}", error.message);
            assert!(error.hint.is_some());
        }
    }
}
