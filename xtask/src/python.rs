//! The Python package: a virtual environment for its tests, and the extension module where the
//! package looks for it.
//!
//! The module comes from `cargo build --workspace`, not from maturin, which would select other
//! features and build the dependencies again; maturin builds the wheels that are published.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::step::{Failure, Step, root};

/// The folder of the package.
pub const PACKAGE: &str = "crates/python";

/// Where cargo builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A virtual environment with what a list of requirements names, made anew when the list changes.
///
/// Gives the path of its interpreter. The one that it is made with is `python3`, or what the
/// variable `PYTHON` names.
pub fn environment(name: &str, requirements: &str) -> Result<String, Failure> {
    let list = root().join(requirements);
    let wanted = fs::read_to_string(&list)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", list.display())))?;
    let folder = target().join(name);
    let interpreter = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let path = interpreter.to_string_lossy().into_owned();
    let stamp = folder.join("requirements-installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(path);
    }
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let at = folder.to_string_lossy().into_owned();
    let list = list.to_string_lossy().into_owned();
    Step::program(
        "Python environment",
        &python,
        &["-m", "venv", "--clear", &at],
    )
    .run()?;
    Step::program(
        "Python packages",
        &path,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "-r",
            &list,
        ],
    )
    .run()?;
    fs::write(&stamp, wanted)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", stamp.display())))?;
    Ok(path)
}

/// Puts the extension module of a profile (`debug`, `release`) into the package.
pub fn place_module(profile: &str) -> Result<(), Failure> {
    let (built, placed) = if cfg!(windows) {
        ("_ranef.dll", "_ranef.pyd")
    } else if cfg!(target_os = "macos") {
        ("lib_ranef.dylib", "_ranef.abi3.so")
    } else {
        ("lib_ranef.so", "_ranef.abi3.so")
    };
    let from = target().join(profile).join(built);
    let to = root().join(PACKAGE).join("python/ranef").join(placed);
    // A module that a running program has loaded must not change beneath it.
    if to.symlink_metadata().is_ok() {
        fs::remove_file(&to)
            .map_err(|e| Failure::new(format!("cannot remove {}: {e}", to.display())))?;
    }
    copy(&from, &to)
}

/// A second name for the file where that can be, or a copy.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::hard_link(from, to)
        .or_else(|_| fs::copy(from, to).map(|_| ()))
        .map_err(|e| Failure::new(format!("cannot copy {} here: {e}", from.display())))
}

/// A step of the interpreter with the package on its path.
pub fn step(title: &'static str, interpreter: &str, arguments: &[&str]) -> Step {
    let package = root().join(PACKAGE).join("python");
    Step::program(title, interpreter, arguments)
        .within(PACKAGE)
        .variable("PYTHONPATH", package.to_string_lossy())
        .variable("PYTHONDONTWRITEBYTECODE", "1")
}

/// The tests of the package, its documentation examples, types and guide.
pub fn test() -> Result<(), Failure> {
    let interpreter = environment("python", "crates/python/requirements-test.txt")?;
    place_module("debug")?;
    step(
        "Python tests",
        &interpreter,
        &["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    )
    .run()
}
