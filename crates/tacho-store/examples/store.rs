//! Hosts the embedded store for tests and measurements: `store DATA_DIR [--parent-pipe]`.

use std::process::ExitCode;
use tacho_store::embedded::{EmbeddedConfig, serve};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(data_dir) = arguments.first() else {
        eprintln!("usage: store DATA_DIR [--listen ADDRESS] [--parent-pipe]");
        return ExitCode::from(2);
    };
    let mut config = EmbeddedConfig::new(data_dir);
    config.exit_on_stdin_eof = arguments.iter().any(|argument| argument == "--parent-pipe");
    let listen = arguments.iter().position(|argument| argument == "--listen").and_then(|at| arguments.get(at + 1));
    if let Some(Ok(address)) = listen.map(|address| address.parse()) {
        config.listen = address;
    }
    match serve(&config) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
