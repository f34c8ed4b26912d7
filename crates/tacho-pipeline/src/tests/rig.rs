//! One pipeline with everything around it, and what came out of it.

use super::{
    fake_log::{FakeLog, PREFIX},
    fake_store::FakeStore,
    fleet::T0,
};
use crate::{
    PipelineConfig, PipelineHandle, StartError,
    life::Life,
    pipeline::{Seams, start_with},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tacho_engine::EngineConfig;
use tacho_io::{ManualClock, NoFeed, PipelineStats, Table};
use tacho_model::{LogTime, OutputTopic, Stream};

pub(super) struct Rig {
    _dir: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    pub log: Arc<FakeLog>,
    pub store: Arc<FakeStore>,
    pub config: PipelineConfig,
}

/// A started pipeline.
pub(super) struct Run {
    pub life: Arc<Life>,
    pub handle: PipelineHandle,
    pub stats: Arc<PipelineStats>,
}

/// Everything that a run leaves behind and that another run of the same input must leave, too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub rows: BTreeMap<&'static str, Vec<String>>,
    pub facts: BTreeMap<&'static str, BTreeMap<String, String>>,
    pub dead_letters: Vec<String>,
}

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

impl Rig {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(LogTime(T0 + 200_000)));
        let mut config = PipelineConfig::new(dir.path().join("pipeline"), PREFIX);
        // The tests' clock stands still where the machine's does not.
        config.producers_return = Duration::ZERO;
        config.shards = 2;
        config.epoch_interval = Duration::from_millis(5);
        config.epoch_events_max = 50;
        config.fetch_run_bytes = 3_000;
        config.sync_interval = Duration::from_millis(2);
        config.snapshot_interval = Duration::from_millis(30);
        config.telemetry_group.age = Duration::from_millis(10);
        config.facts_group.age = Duration::from_millis(15);
        config.retry_pause_max = Duration::from_millis(20);
        Self { _dir: dir, log: FakeLog::new(clock.clone()), clock, store: Arc::default(), config }
    }

    pub(super) fn try_start(&self, steps: Option<i64>) -> Result<Run, StartError> {
        let (life, stats) = (Life::new(), Arc::new(PipelineStats::default()));
        if let Some(steps) = steps {
            life.die_after_steps(steps);
        }
        let seams = Seams {
            log: self.log.clone(),
            store: Some(self.store.clone()),
            feed: Arc::new(NoFeed),
            clock: self.clock.clone(),
            stats: stats.clone(),
        };
        let handle = start_with(life.clone(), self.config.clone(), EngineConfig::default(), seams)?;
        Ok(Run { life, handle, stats })
    }
    pub(super) fn start(&self) -> Run {
        self.try_start(None).unwrap()
    }

    pub(super) fn outcome(&self) -> Outcome {
        let appending = Table::ALL.into_iter().filter(|table| !table.is_replacing());
        let replacing = Table::ALL.into_iter().filter(|table| table.is_replacing());
        let letters = self.log.outputs(OutputTopic::DeadLetter);
        let mut dead_letters: Vec<String> =
            letters.into_iter().map(|record| String::from_utf8(record.value).unwrap()).collect();
        dead_letters.sort_unstable();
        Outcome {
            rows: appending.map(|table| (table.name(), self.store.rows(table))).collect(),
            facts: replacing.map(|table| (table.name(), self.store.facts(table))).collect(),
            dead_letters,
        }
    }
}

impl Outcome {
    /// Fails with the first few lines that differ.
    #[track_caller]
    pub(super) fn assert_is(&self, expected: &Outcome, what: &str) {
        let (ours, theirs) = (self.lines(), expected.lines());
        let extra: Vec<&String> = ours.iter().filter(|line| theirs.binary_search(line).is_err()).take(5).collect();
        let lacking: Vec<&String> = theirs.iter().filter(|line| ours.binary_search(line).is_err()).take(5).collect();
        assert!(self == expected, "{what}\nonly here: {extra:#?}\nonly expected: {lacking:#?}");
    }

    fn lines(&self) -> Vec<String> {
        let rows = self.rows.iter().flat_map(|(table, rows)| rows.iter().map(move |row| format!("{table} {row}")));
        let facts =
            self.facts.iter().flat_map(|(table, facts)| facts.values().map(move |fact| format!("{table} {fact}")));
        let mut lines: Vec<String> = rows.chain(facts).chain(self.dead_letters.iter().cloned()).collect();
        lines.sort_unstable();
        lines
    }
}

impl Run {
    /// Waits until all is done; false when the pipeline died before.
    pub(super) fn settle(&self) -> bool {
        Self::is_done(self.handle.wait_idle(Instant::now() + PATIENCE))
    }
    /// The same without hurrying the inserts, so that groups have more than one epoch.
    pub(super) fn settle_patiently(&self) -> bool {
        Self::is_done(self.handle.wait_idle_patiently(Instant::now() + PATIENCE))
    }
    fn is_done(result: Result<(), crate::WaitError>) -> bool {
        match result {
            Ok(()) => true,
            Err(crate::WaitError::Stopped(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Then two hours of silence: everything that waits for time is over.
    pub(super) fn settle_for_good(&self, rig: &Rig) -> bool {
        if !self.settle() {
            return false;
        }
        let (deadline, end) = (Instant::now() + PATIENCE, T0 + 7_200_000);
        rig.clock.set(LogTime(end));
        // With every partition idle, fleet time comes to stand at the clock.
        while self.stats.fleet_time_ms.load(Ordering::SeqCst) < end {
            assert!(Instant::now() < deadline, "fleet time does not move");
            if self.life.pause(Duration::from_millis(2)).is_err() {
                return false;
            }
        }
        self.settle()
    }

    pub(super) fn check_counters(&self) {
        for stream in Stream::ALL {
            let s = self.stats.stream(stream);
            let sum = s.rejected.get() + s.duplicate.get() + s.late.get() + s.applied.get() + s.buffered.get();
            assert_eq!(s.received.get(), sum + s.own.get(), "{stream:?}");
        }
    }
}
