//! The `ranef` command.
fn main() {}
