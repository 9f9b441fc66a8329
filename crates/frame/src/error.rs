//! What can go wrong while reading data.

use std::fmt;

/// An error in a data source: where it is and how to get out.
///
/// The codes are stable and grouped by what the user can do about them:
///
/// * the name: `file_not_found`, `unknown_data`, `is_directory`, `unreadable_file`,
///   `unsupported_format`
/// * the file: `empty_file`, `no_rows`, `binary_file`, `not_utf8`, `damaged_file`,
///   `truncated_file`
/// * the table: `ragged_row`, `unclosed_quote`, `text_after_quote`, `comment_line`, `too_large`
/// * the options: `bad_separator`, `bad_decimal`
/// * the caller: `column_out_of_range`, `row_out_of_range`, `unequal_lengths`, `duplicate_column`,
///   `unsupported_type`, `different_columns`, `write_failed`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FrameError {
    /// Stable code, such as `file_not_found`.
    pub code: &'static str,
    /// What is wrong, naming file, column and line where they are known.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// Why the system refused to read or write, in its words but without its numbers.
pub fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text.to_owned(),
    }
}

impl FrameError {
    /// An error without a hint.
    pub fn new(code: &'static str, message: impl fmt::Display) -> Self {
        FrameError {
            code,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::io_reason;

    #[test]
    fn reasons_are_words() {
        let error = std::io::Error::from_raw_os_error(13);
        assert!(error.to_string().contains("os error"));
        assert!(!io_reason(&error).contains("os error"));
        assert!(io_reason(&error).starts_with(char::is_lowercase));
    }
}
