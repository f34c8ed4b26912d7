//! Log lines on standard error, for people or as JSON.

use crate::cli::LogFormat;
use std::io;
use tracing_subscriber::{EnvFilter, fmt};

/// Sets logging up for the process. A filter that does not parse falls back to `info`, and says so.
pub fn init(filter: &str, format: LogFormat) {
    let parsed = EnvFilter::try_new(filter);
    let is_bad = parsed.is_err();
    let filter_or_default = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter_or_default).with_writer(io::stderr).with_target(true);
    match format {
        LogFormat::Pretty => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).init(),
        LogFormat::Json => lines.json().init(),
    }
    if is_bad {
        tracing::warn!(filter, "the log filter does not parse, using `info`");
    }
}
