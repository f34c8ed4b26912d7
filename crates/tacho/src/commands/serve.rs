//! `serve`: dashboard and API alone.

use crate::{backend::StoreBackend, cli::Serve, commands::up, config::Config, store_process};
use anyhow::{Context, Result, bail};
use std::{io::Write, sync::Arc};
use tacho_io::{PipelineStats, SystemClock};
use tacho_server::{HostFigures, HubConfig, LiveHub, ServerConfig, ServerParts};
use tacho_store::ClickHouseStore;
use tokio_util::sync::CancellationToken;

/// Serves until told to stop.
pub fn run(mut config: Config, args: &Serve) -> Result<()> {
    if let Some(url) = &args.clickhouse {
        config.store.url.clone_from(url);
    }
    if let Some(listen) = &args.http {
        config.http.listen.clone_from(listen);
    }
    if config.store.url.is_empty() {
        bail!("`tacho serve` shows what a ClickHouse server holds: give --clickhouse URL, or set store.url");
    }
    crate::config::check(&config)?;
    let http = up::loopback("http.listen", &config.http.listen)?;
    let store = store_process::store_config(&config)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let parts = ServerParts {
            hub: Arc::new(LiveHub::new(HubConfig::default(), Arc::new(SystemClock))),
            stats: Arc::new(PipelineStats::default()),
            backend: Arc::new(StoreBackend::new(ClickHouseStore::new(&store, runtime.handle().clone()))),
            ready: Arc::new(Vec::new),
            settle: Arc::new(|_| Err("no pipeline runs in this process".to_owned())),
            host: Arc::new(HostFigures::default),
            replay: None,
        };
        let server_config = ServerConfig { listen: http, ..ServerConfig::default() };
        let (http, server) = tacho_server::serve(server_config, parts, stop.clone()).await?;
        println!("{}", serde_json::json!({ "http": format!("http://{http}"), "clickhouse": store.url }));
        std::io::stdout().flush().context("write the ready line")?;
        super::log::wait_for_signal().await?;
        stop.cancel();
        server.await.context("end the server")
    })
}
