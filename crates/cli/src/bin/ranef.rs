//! The command `ranef`; all of it is in the library beside, so that the Python package has it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(ranef_cli::main(std::env::args_os()))
}
