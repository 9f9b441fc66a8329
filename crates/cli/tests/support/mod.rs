//! Runs the command in a folder of its own.
#![allow(dead_code, missing_docs)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const SLEEP: &str = "Reaction ~ Days + (Days | Subject)";

/// A folder for one test, gone when it ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ranef-cli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("text")
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with_input(arguments, b"")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Answer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ranef"))
            .args(arguments)
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        // A command that does not read its input closes it: no error of the test.
        let _ = child.stdin.take().expect("an input").write_all(input);
        Answer::from(child.wait_with_output().expect("the command ends"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind if it fails: a temporary folder may be.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a command left.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Answer {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).expect("JSON")
    }

    /// Fails with code 1 and exactly this on standard error.
    #[track_caller]
    pub fn fails_saying(self, text: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.err.trim_end(), text.trim_end(), "{self:?}");
    }

    /// Fails with code 2, as wrong usage does, and an error object of this code.
    #[track_caller]
    pub fn is_misuse(&self, code: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(self.json()["error"]["code"], code, "{self:?}");
        assert!(self.err.starts_with("error: "), "{self:?}");
    }

    /// Fails with code 1 and an error object of this code.
    #[track_caller]
    pub fn fails_with(&self, code: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.json()["error"]["code"], code, "{self:?}");
        assert!(self.err.starts_with("error: "), "{self:?}");
    }
}
