//! The log alone, for trying clients by hand.
//!
//! `cargo run --release -p tacho-log --example serve -- DIR [ADDRESS] [always]`

use std::{io, sync::Arc};
use tacho_io::SystemClock;
use tacho_log::{EmbeddedLog, FsyncPolicy, KafkaListener, ListenerConfig, LogConfig};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let Some(dir) = args.next() else { return Err(io::Error::other("usage: serve DIR [ADDRESS] [always]")) };
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    let mut config = LogConfig::new(dir);
    if args.next().as_deref() == Some("always") {
        config.fsync = FsyncPolicy::Always;
    }
    let log = Arc::new(EmbeddedLog::open(config, Arc::new(SystemClock)).map_err(io::Error::other)?);
    let stop = CancellationToken::new();
    let addr = addr.parse().map_err(io::Error::other)?;
    let listener = KafkaListener::bind(addr, Arc::clone(&log), ListenerConfig::default(), stop.clone()).await?;
    println!("{}", listener.local_addr());
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    listener.stopped().await;
    log.close()
}
