//! What can go wrong while reading data.

/// An error in a data source: where it is and how to get out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct FrameError {
    /// Stable code, such as `file_not_found`.
    pub code: &'static str,
    /// What is wrong, naming file, column and line where they are known.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}
