//! What works on the store beside a pipeline, in `up` and in `run`: the queue of days to compute again, the copies of what
//! proves grave alerts and delivery visits, the paths of trips, the heat map of positions, and erasures of drivers.

use crate::{commands::up, config::Config, thresholds::engine_config};
use anyhow::{Context, Result};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Clock, PipelineStats, StoreError, SystemClock};
use tacho_pipeline::{Backfill, BackfillQueue, IsStored};
use tacho_store::{ClickHouseStore, erase, evidence, heat, paths};
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
        let backfill = Backfill::new(
            Arc::new(engine_config(config)?),
            up::pipeline_config(config).decode,
            Arc::new(clickhouse.clone()),
            Arc::new(clickhouse.clone()),
            Arc::new(SystemClock),
        );
        let backfill =
            BackfillQueue::start(backfill, is_stored, Arc::clone(stats)).context("start the backfill queue")?;
        let stop = CancellationToken::new();
        let (to_prove, to_refine) = (clickhouse.clone(), clickhouse.clone());
        let (to_count, to_erase) = (clickhouse.clone(), clickhouse.clone());
        runtime.spawn(keep("evidence is copied later", evidence::INTERVAL, stop.clone(), async move || {
            evidence::collect(to_prove.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("paths of trips are refined later", paths::INTERVAL, stop.clone(), async move || {
            paths::collect(to_refine.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("positions are counted later", heat::INTERVAL, stop.clone(), async move || {
            heat::collect(to_count.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("a driver is erased later", erase::INTERVAL, stop.clone(), async move || {
            erase::collect(to_erase.client()).await
        }));
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

/// Makes passes over the store until one finds nothing more to do, time after time. A pass that fails is made again with
/// the next.
async fn keep<F>(what_waits: &'static str, interval: Duration, stop: CancellationToken, pass: F)
where
    F: AsyncFn() -> Result<bool, StoreError>,
{
    let mut pause = tokio::time::interval(interval);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = pause.tick() => {}
        }
        while !stop.is_cancelled() {
            match pass().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "{what_waits}");
                    break;
                }
            }
        }
    }
}
