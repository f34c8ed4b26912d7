//! What works on the store beside a pipeline, in `up` and in `run`: the queue of days to compute again, and the copies of
//! what proves grave alerts.

use crate::{commands::up, config::Config};
use anyhow::{Context, Result};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Clock, PipelineStats, SystemClock};
use tacho_pipeline::{Backfill, BackfillQueue, IsStored};
use tacho_store::ClickHouseStore;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Time that the day gets that is being computed when the end comes.
const STOP: Duration = Duration::from_secs(3);

/// The running work.
pub(super) struct Background {
    backfill: BackfillQueue,
    stop: CancellationToken,
}

impl Background {
    /// Starts it on a store whose tables are there. `is_stored` says whether an epoch of the pipeline is in the store.
    pub fn start(
        config: &Config,
        clickhouse: &ClickHouseStore,
        is_stored: IsStored,
        stats: &Arc<PipelineStats>,
        runtime: &Handle,
    ) -> Result<Background> {
        let backfill = Backfill {
            engine: Arc::new(up::engine_config(&config.analytics)?),
            limits: up::pipeline_config(config).decode,
            history: Arc::new(clickhouse.clone()),
            store: Arc::new(clickhouse.clone()),
            clock: Arc::new(SystemClock),
        };
        let backfill =
            BackfillQueue::start(backfill, is_stored, Arc::clone(stats)).context("start the backfill queue")?;
        let stop = CancellationToken::new();
        runtime.spawn(keep_evidence(clickhouse.clone(), stop.clone()));
        Ok(Background { backfill, stop })
    }

    /// Ends it.
    pub fn stop(self) {
        self.stop.cancel();
        if !self.backfill.stop(Instant::now() + STOP) {
            tracing::warn!("the day that is being computed again is left; it is computed after the next start");
        }
    }
}

/// Copies what proves grave alerts, as long as the system runs. A pass that fails is made again with the next.
async fn keep_evidence(store: ClickHouseStore, stop: CancellationToken) {
    let mut pause = tokio::time::interval(tacho_store::evidence::INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = pause.tick() => {}
        }
        loop {
            let now_ms = SystemClock.now().ms();
            match tacho_store::evidence::collect(store.client(), now_ms).await {
                Ok(true) if !stop.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "evidence is copied later");
                    break;
                }
            }
        }
    }
}
