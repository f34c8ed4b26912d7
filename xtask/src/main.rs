//! Checks of the source tree that clippy cannot make.
fn main() {}
