//! The thread that plans epochs, runs them, hands out their results, and takes snapshots between them.

use crate::{
    bundle::{FactsBundle, OutputBundle, TelemetryBundle, VERSION_INDEX_BITS, batch_bytes, facts_bytes},
    chunk::Chunk,
    config::PipelineConfig,
    epoch::{EpochResult, Selection, Stages, run_epoch},
    error::Stop,
    inbox::Inbox,
    journal::{Entry, Journal, Manifest, PlanState, Range},
    life::Life,
    planner::{PlanRules, Taken, make_manifest, take_chunks},
    progress::Progress,
    queue::{Receiver, Sender, bounded},
    replay::ReplayEpoch,
    rounds::Rounds,
    shard::{ShardPool, Stage},
    snapshot::{Item, Round, SnapshotTask, item_at},
    tally::{Arrived, Tally},
};
use crossbeam_channel::SendTimeoutError;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tacho_io::{Clock, EpochPhase, LiveFeed, LiveUpdate, PartitionLag, PipelineStats, exec};
use tacho_model::Stream;

/// An epoch without records is planned at most this often.
const IDLE_EPOCH_MS: i64 = 1_000;
/// How long an epoch waits for an answer before it looks after other things.
const ANSWER_NAP: Duration = Duration::from_millis(20);
/// Telemetry that waits for side events says so this often.
const WAIT_TOLD_AFTER: Duration = Duration::from_secs(10);

/// Where results go.
pub(crate) struct Outlets {
    pub outputs: Sender<OutputBundle>,
    /// None without a store.
    pub store: Option<(Sender<TelemetryBundle>, Sender<FactsBundle>)>,
    pub snapshots: Sender<SnapshotTask>,
}

/// What has to be run again before new epochs are planned.
pub(crate) struct Replay {
    /// Read ahead by a thread of its own.
    pub epochs: Receiver<ReplayEpoch>,
    /// How many come: a reader that fails closes the channel before it ends the pipeline.
    pub epoch_count: usize,
    /// The installed round that was restored.
    pub round: Option<Round>,
}

pub(crate) struct Coordinator {
    pub config: PipelineConfig,
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub stats: Arc<PipelineStats>,
    pub journal: Arc<Journal>,
    pub inbox: Arc<Inbox>,
    pub clock: Arc<dyn Clock>,
    pub feed: Arc<dyn LiveFeed>,
    pub shards: ShardPool,
    pub stages: Stages,
    pub plan: PlanState,
    pub rules: PlanRules,
    pub generation: u32,
    /// The epoch that the engine's state stands at.
    pub last_run: u64,
    pub outlets: Outlets,
    pub rounds: Rounds,
    pub tally: Tally,
    /// Since when telemetry waits for a topic of side events, or has last said so.
    pub awaited_since: Option<Instant>,
    /// Bytes of state in the running snapshot round, by stage.
    pub state_bytes: [u64; 4],
}

impl Coordinator {
    pub(crate) fn run(mut self, replay: Replay) -> Result<(), Stop> {
        self.replay(replay)?;
        let mut due = exec::now();
        while !self.life.is_draining() {
            self.inbox.wait(&self.life, due, self.config.epoch_events_max)?;
            due = exec::now() + self.config.epoch_interval;
            if self.wait_for_room()? {
                if !self.plan_epoch()? && self.awaited_since.is_some() {
                    // Enough is fetched for an epoch, but not all that it waits for.
                    self.inbox.wait_for_news(ANSWER_NAP);
                }
                self.snapshot_some()?;
            }
            self.note_queues();
        }
        self.drain()
    }

    /// Runs the epochs after the snapshots again. Those that the round covers are acknowledged everywhere; of the
    /// others the publishers skip what is already there.
    fn replay(&mut self, replay: Replay) -> Result<(), Stop> {
        let covered = replay.round.as_ref().map_or(0, Round::last_epoch);
        for _ in 0..replay.epoch_count {
            self.life.check()?;
            let ReplayEpoch { manifest, chunks } = replay.epochs.recv().ok_or(Stop::Halted)?;
            let _span = tracing::debug_span!("replay", epoch = manifest.epoch).entered();
            if manifest.epoch > covered {
                // A group that has to be made again fits into memory, since it did before.
                self.wait_for_replay_room(manifest.epoch)?;
                self.run_whole(&manifest, chunks, false)?;
            } else if let Some(round) = &replay.round {
                let selection = Selection::older_than(manifest.epoch, round);
                run_epoch(&self.shards, &mut self.stages, &manifest, chunks, &selection)?;
                self.last_run = manifest.epoch;
                self.progress.update(|marks| marks.run = manifest.epoch);
            }
        }
        let positions = self.positions();
        self.progress.update(|marks| {
            marks.live = true;
            marks.run = self.last_run;
            marks.positions = positions;
        });
        Ok(())
    }

    fn wait_for_replay_room(&self, epoch: u64) -> Result<(), Stop> {
        let open_group = self.journal.ledger(|ledger| ledger.open.iter().map(|open| open.intent.to).max());
        while open_group.is_none_or(|to| epoch > to) && !self.wait_for_room()? {}
        Ok(())
    }

    /// True if the publishers can take another epoch; waits a little if not.
    fn wait_for_room(&self) -> Result<bool, Stop> {
        let (bytes_max, epochs_max) = (self.config.publish_queue_bytes, self.config.publish_queue_epochs as u64);
        let nap = Duration::from_millis(50);
        self.progress.wait(&self.life, nap, |marks| {
            let behind = marks.outputs_appended.min(marks.stored[0]).min(marks.stored[1]);
            marks.run.saturating_sub(behind) < epochs_max && self.progress.queued_bytes() < bytes_max
        })
    }

    /// Plans the next epoch and runs it; true if there was something to do.
    fn plan_epoch(&mut self) -> Result<bool, Stop> {
        let (now, began) = (self.clock.now().ms(), exec::now());
        let (manifest, chunks) = {
            let mut queues = self.inbox.lock();
            let Taken { chunks, awaited } = take_chunks(&self.rules, &self.plan, &mut queues);
            let awaited = awaited.map(|queue| (queues[queue].stream, queues[queue].partition));
            note_awaited(&mut self.awaited_since, awaited.filter(|_| chunks.is_empty()));
            let mut plan = self.plan.clone();
            let manifest = make_manifest(&self.rules, &mut plan, &queues, &chunks, self.generation, now);
            if chunks.is_empty() && !self.is_worth_an_epoch(&manifest) {
                return Ok(false);
            }
            self.plan = plan;
            (manifest, chunks)
        };
        self.inbox.notify_taken();
        self.stats.epoch_phase(EpochPhase::Plan).observe(exec::elapsed(began));
        let events: usize = chunks.iter().map(|chunk| chunk.events).sum();
        let _span = tracing::debug_span!("epoch", epoch = manifest.epoch, events).entered();
        let began = exec::now();
        tracing::debug_span!("journal").in_scope(|| self.journal.append(&Entry::Manifest(manifest.clone())))?;
        self.stats.epoch_phase(EpochPhase::Journal).observe(exec::elapsed(began));
        self.stats.epoch_planned.set(manifest.epoch);
        if !chunks.is_empty() {
            self.rounds.note_records();
        }
        self.run_whole(&manifest, chunks, true)?;
        Ok(true)
    }

    /// Time alone moves timers, but not more often than once a second.
    fn is_worth_an_epoch(&self, manifest: &Manifest) -> bool {
        let has_passed = |before: Option<i64>, now: i64| before.is_none_or(|before| now - before >= IDLE_EPOCH_MS);
        let fleet_moved = manifest.fleet.is_some_and(|fleet| has_passed(self.plan.fleet, fleet));
        fleet_moved || has_passed(self.plan.log_time, manifest.log_time)
    }

    /// Runs an epoch with everybody taking part, and hands out its results.
    fn run_whole(&mut self, manifest: &Manifest, chunks: Vec<Chunk>, is_live: bool) -> Result<(), Stop> {
        let arrived = Arrived::of(&chunks);
        let everybody = Selection::everybody();
        let began = exec::now();
        let mut result = tracing::debug_span!("engine")
            .in_scope(|| run_epoch(&self.shards, &mut self.stages, manifest, chunks, &everybody))?;
        self.stats.epoch_phase(EpochPhase::Engine).observe(exec::elapsed(began));
        self.tally.add(&self.stats, manifest, &arrived, &result.rejected, &result.answers);
        self.stats.facts.add(result.facts.len() as u64);
        self.stats.vehicles.set(result.answers.iter().map(|answer| answer.vehicles as u64).sum());
        if is_live {
            self.publish_live(manifest, &mut result);
        }
        // Versions of one epoch must not reach into those of the next.
        let last_version_epoch = manifest.epoch + (result.facts.len() >> VERSION_INDEX_BITS) as u64;
        self.plan.epoch = self.plan.epoch.max(last_version_epoch);
        self.last_run = manifest.epoch;
        let began = exec::now();
        tracing::debug_span!("hand over").in_scope(|| self.publish(manifest, result))?;
        self.stats.epoch_phase(EpochPhase::Publish).observe(exec::elapsed(began));
        let positions = if is_live { self.positions() } else { Vec::new() };
        self.progress.update(|marks| {
            marks.run = manifest.epoch;
            if is_live {
                marks.positions = positions;
            }
        });
        // Last, so that who sees this fleet time can wait for what it brought about.
        self.stats.fleet_time_ms.store(manifest.fleet.unwrap_or(i64::MIN), Ordering::SeqCst);
        Ok(())
    }

    fn publish_live(&self, manifest: &Manifest, result: &mut EpochResult) {
        self.feed.publish(LiveUpdate {
            vehicles: std::mem::take(&mut result.live),
            alerts: result.facts.alerts.iter().cloned().map(Arc::new).collect(),
            utilization: result.facts.utilization.clone(),
            fleet_time: manifest.fleet.map(tacho_model::EventTime),
            telemetry_count: result.telemetry.iter().map(|batch| batch.len() as u64).sum(),
        });
        let now = self.clock.now().ms();
        let newest = |of: fn(&Range) -> Option<i64>| manifest.ranges.iter().filter_map(of).max();
        if let Some(log_time) = newest(|range| range.newest_log) {
            self.stats.log_to_live_s.observe_ms(now - log_time);
        }
        if let Some(event_time) = newest(|range| range.newest_event) {
            self.stats.event_to_live_s.observe_ms(now - event_time);
        }
    }

    fn publish(&self, manifest: &Manifest, result: EpochResult) -> Result<(), Stop> {
        let (facts, rejected) = (Arc::new(result.facts), Arc::new(result.rejected));
        let bytes = facts_bytes(&facts, &rejected, &[]);
        let _lease = self.progress.lease(bytes);
        let newest_log = manifest.ranges.iter().filter_map(|range| range.newest_log).max();
        let (epoch, facts_too, rejected_too) = (manifest.id(), facts.clone(), rejected.clone());
        let outputs = OutputBundle { epoch, facts: facts_too, rejected: rejected_too, newest_log, _lease };
        self.send(&self.outlets.outputs, outputs)?;
        let Some((to_telemetry, to_facts)) = &self.outlets.store else { return Ok(()) };
        let telemetry_bytes = result.telemetry.iter().map(|batch| batch_bytes(batch)).sum();
        let lease = self.progress.lease(telemetry_bytes);
        let epoch = manifest.epoch;
        self.send(to_telemetry, TelemetryBundle { epoch, batches: result.telemetry, lease })?;
        let lease = self.progress.lease(bytes + facts_bytes(&Default::default(), &[], &result.side));
        self.send(to_facts, FactsBundle { epoch, facts, rejected, side: result.side, lease })
    }

    /// The channels hold more than the number of epochs that may wait, so this rarely blocks.
    fn send<T>(&self, to: &Sender<T>, mut value: T) -> Result<(), Stop> {
        loop {
            self.life.check()?;
            match to.send_timeout(value, Duration::from_millis(50)) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) => value = back,
                Err(SendTimeoutError::Disconnected(_)) => return Err(Stop::Halted),
            }
        }
    }

    /// Next offsets to plan, in the order of the inbox.
    fn positions(&self) -> Vec<i64> {
        let queues = self.inbox.lock();
        let position = |stream: u8, partition: i32| {
            let key = (stream, partition);
            let found = self.plan.partitions.binary_search_by_key(&key, |plan| (plan.stream, plan.partition));
            found.map_or(i64::MIN, |at| self.plan.partitions[at].position)
        };
        queues.iter().map(|queue| position(queue.stream.rank(), queue.partition)).collect()
    }

    fn note_queues(&self) {
        let marks = self.progress.get();
        let published = marks.outputs_appended.min(marks.stored[0]).min(marks.stored[1]);
        self.stats.epoch_published.set(published.min(marks.run));
        self.stats.publish_queue_epochs.set(marks.run.saturating_sub(published));
        self.stats.lag_records.set(self.inbox.lag_records());
        self.stats.fetch_queue.used.set(self.inbox.bytes());
        self.stats.fetch_queue.limit.set(self.config.fetch_queue_bytes as u64);
        self.stats.publish_queue.used.set(self.progress.queued_bytes() as u64);
        self.stats.publish_queue.limit.set(self.config.publish_queue_bytes as u64);
        self.stats.publish_queue_epochs_max.set(self.config.publish_queue_epochs as u64);
        let now = self.clock.now().ms();
        let lag = |(stream, partition, records): (Stream, i32, u64)| {
            let key = (stream.rank(), partition);
            let found = self.plan.partitions.binary_search_by_key(&key, |plan| (plan.stream, plan.partition));
            let newest = found.ok().and_then(|at| self.plan.partitions[at].newest_event);
            let event_time_ms = newest.filter(|_| records > 0).map_or(0, |newest| (now - newest).max(0));
            PartitionLag { stream, partition, records, event_time_ms }
        };
        self.stats.set_partitions(self.inbox.lags().into_iter().map(lag).collect());
    }

    /// Takes as many snapshots as the time of an epoch allows, at least one while a round runs.
    fn snapshot_some(&mut self) -> Result<(), Stop> {
        if self.rounds.is_due(self.progress.read(|marks| marks.snapshot)) && self.last_run > 0 {
            self.begin_round()?;
        }
        let until = exec::now() + self.config.snapshot_budget;
        while self.rounds.item().is_some() {
            self.snapshot_one()?;
            if exec::now() >= until {
                break;
            }
        }
        Ok(())
    }

    fn begin_round(&mut self) -> Result<(), Stop> {
        let number = self.rounds.begin();
        self.state_bytes = [0; 4];
        self.journal.rotate(number, self.plan.clone())?;
        self.send(&self.outlets.snapshots, SnapshotTask::Begin(number))
    }

    fn snapshot_one(&mut self) -> Result<(), Stop> {
        let Some(index) = self.rounds.item() else { return Ok(()) };
        let began = exec::now();
        let (stage, group) = item_at(index);
        let _span = tracing::debug_span!("snapshot", ?stage, group).entered();
        let state = match stage {
            Stage::Control => self.stages.control.snapshot(),
            Stage::Fleet => self.stages.fleet.snapshot(),
            _ => self.shards.snapshot(stage, group)?,
        };
        self.stats.snapshot_pause_ns.set(exec::elapsed(began).as_nanos() as u64);
        self.state_bytes[stage as usize] += state.len() as u64;
        let epoch = self.last_run;
        self.send(&self.outlets.snapshots, SnapshotTask::Item(Item { stage, group, epoch, state: state.into() }))?;
        if self.rounds.advance(epoch) {
            for (gauge, bytes) in self.stats.state_bytes.iter().zip(self.state_bytes) {
                gauge.set(bytes);
            }
            self.send(&self.outlets.snapshots, SnapshotTask::Finish(epoch))?;
        }
        Ok(())
    }

    /// Runs what is fetched, lets the publishers finish, and takes a last round that a start need not replay from.
    fn drain(mut self) -> Result<(), Stop> {
        loop {
            if !self.wait_for_room()? {
                continue;
            }
            let is_fetched = self.inbox.lock().iter().any(|queue| !queue.chunks.is_empty());
            if !is_fetched || !self.plan_epoch()? {
                break;
            }
        }
        self.note_queues();
        self.progress.update(|marks| marks.is_finished = true);
        // Closing their channels makes the publishers insert what they have and end.
        self.outlets.outputs = bounded(0).0;
        self.outlets.store = None;
        if self.last_run > 0 {
            self.begin_round()?;
            while self.rounds.item().is_some() {
                self.snapshot_one()?;
            }
        }
        Ok(())
    }
}

/// Says so when telemetry waits for long: nothing is lost, but nothing goes on either.
fn note_awaited(since: &mut Option<Instant>, awaited: Option<(Stream, i32)>) {
    let Some((stream, partition)) = awaited else {
        *since = None;
        return;
    };
    if exec::elapsed(*since.get_or_insert_with(exec::now)) >= WAIT_TOLD_AFTER {
        *since = Some(exec::now());
        let topic = stream.topic_suffix();
        tracing::warn!(topic, partition, "telemetry waits for a partition that does not answer; nothing is lost");
    }
}
