//! What works on the store beside a pipeline, in `up` and in `run`: the queue of days to compute again, the copies of what
//! proves grave alerts and delivery visits, the paths of trips, the heat map of positions, erasures of drivers, private mode
//! whose command came late, and the fleet's speed profile.

use crate::{
    commands::{speed_profile::Publisher, up},
    config::Config,
    thresholds::engine_config,
};
use anyhow::{Context, Result};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Clock, PipelineStats, StoreError, SystemClock};
use tacho_pipeline::{Backfill, BackfillQueue, IsStored};
use tacho_store::{ClickHouseStore, erase, evidence, heat, paths, private};
use tokio::{runtime::Handle, sync::Mutex};
use tokio_util::sync::CancellationToken;

/// Time that the day gets that is being computed when the end comes.
const STOP: Duration = Duration::from_secs(3);

/// How long a pass waits until what the pipeline has run is stored, before it gives up until the next.
const STORED: Duration = Duration::from_secs(60);
const STORED_POLL: Duration = Duration::from_millis(200);

/// How far the pipeline is.
#[derive(Clone)]
pub(super) struct Epochs {
    /// The newest epoch that has been run; none while there is no pipeline.
    pub newest: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Whether everything up to an epoch is in the store.
    pub is_stored: IsStored,
}

impl Epochs {
    /// True once everything that has been run by now is in the store; false if that takes too long.
    async fn settle(&self, stop: &CancellationToken) -> bool {
        let deadline = Instant::now() + STORED;
        let Some(newest) = (self.newest)() else { return false };
        while !(self.is_stored)(newest) {
            if stop.is_cancelled() || Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(STORED_POLL).await;
        }
        true
    }
}

/// The running work.
pub(super) struct Background {
    backfill: BackfillQueue,
    stop: CancellationToken,
}

impl Background {
    /// Starts it on a store whose tables are there. `publisher` tells what is driven.
    pub fn start(
        config: &Config,
        clickhouse: &ClickHouseStore,
        epochs: &Epochs,
        publisher: Publisher,
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
        let backfill = BackfillQueue::start(backfill, Arc::clone(&epochs.is_stored), Arc::clone(stats))
            .context("start the backfill queue")?;
        let stop = CancellationToken::new();
        let (to_prove, to_refine) = (clickhouse.clone(), clickhouse.clone());
        let (to_count, to_erase) = (clickhouse.clone(), clickhouse.clone());
        // What is copied out of telemetry must not be copied while positions are taken out of it.
        let copies = Arc::new(Mutex::new(()));
        let (proving, refining, counting) = (Arc::clone(&copies), Arc::clone(&copies), Arc::clone(&copies));
        runtime.spawn(keep("evidence is copied later", evidence::INTERVAL, stop.clone(), async move || {
            let _alone = proving.lock().await;
            evidence::collect(to_prove.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("paths of trips are refined later", paths::INTERVAL, stop.clone(), async move || {
            let _alone = refining.lock().await;
            paths::collect(to_refine.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("positions are counted later", heat::INTERVAL, stop.clone(), async move || {
            let _alone = counting.lock().await;
            heat::collect(to_count.client(), SystemClock.now().ms()).await
        }));
        runtime.spawn(keep("a driver is erased later", erase::INTERVAL, stop.clone(), async move || {
            erase::collect(to_erase.client()).await
        }));
        runtime.spawn(keep("the speed profile is told later", Publisher::INTERVAL, stop.clone(), async move || {
            publisher.collect().await
        }));
        keep_private(clickhouse.clone(), epochs.clone(), copies, stop.clone(), runtime);
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

/// Takes out what was stored of private time before its command came.
fn keep_private(
    clickhouse: ClickHouseStore,
    epochs: Epochs,
    copies: Arc<Mutex<()>>,
    stop: CancellationToken,
    runtime: &Handle,
) {
    let until = stop.clone();
    runtime.spawn(keep("positions of private time are taken out later", private::INTERVAL, stop, async move || {
        let client = clickhouse.client();
        let due = private::due(client).await?;
        if due.is_empty() || !epochs.settle(&until).await {
            return Ok(false);
        }
        let _alone = copies.lock().await;
        for time in &due {
            private::take_out(client, time, SystemClock.now().ms()).await?;
        }
        Ok(true)
    }));
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
