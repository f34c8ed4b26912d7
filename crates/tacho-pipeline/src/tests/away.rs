//! Log and store that are away, slow or odd.

use super::{
    calm::{PLAN, calm_outcome},
    fake_store::Fault,
    fleet::{FleetPlan, produce},
    rig::{PATIENCE, Rig, Run},
};
use crate::{PipelineError, StopOutcome};
use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tacho_io::{DirLock, Disk, DiskFile, Open, SystemDisk};
use tacho_model::Stream;

fn wait_until(run: &Run, what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} does not come true; {:?}", run.handle);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn a_store_that_is_away_costs_only_delay_and_planning_stops_meanwhile() {
    let mut rig = Rig::new();
    rig.config.publish_queue_epochs = 6;
    rig.config.epoch_events_max = 10;
    rig.config.fetch_run_bytes = 600;
    rig.config.fetch_queue_bytes = 4_096;
    rig.store.set_away(true);
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    wait_until(&run, "a full queue", || run.stats.store_retries.get() > 5 && run.stats.publish_queue_epochs.get() >= 6);
    let planned = run.stats.epoch_planned.get();
    let retries = run.stats.store_retries.get();
    wait_until(&run, "more attempts", || run.stats.store_retries.get() > retries + 5);
    assert_eq!(run.stats.epoch_planned.get(), planned);
    let in_log = || rig.log.ends(Stream::Telemetry).iter().sum::<usize>() as u64;
    let (lag, before) = (run.stats.lag_records.get(), in_log());
    assert!(lag > 0);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    wait_until(&run, "the lag of what is not fetched", || run.stats.lag_records.get() >= lag + in_log() - before);
    rig.store.set_away(false);
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
    assert_eq!(run.stats.lag_records.get(), 0);
}

#[test]
fn a_log_that_is_away_costs_only_delay() {
    let rig = Rig::new();
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    wait_until(&run, "an epoch", || run.stats.epoch_planned.get() > 2);
    rig.log.set_away(true);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    run.life.pause(Duration::from_millis(100)).unwrap();
    rig.log.set_away(false);
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_full_disk_costs_only_delay() {
    let mut rig = Rig::new();
    let disk = Arc::new(FullDisk { inner: Arc::new(SystemDisk), is_full: Arc::default() });
    rig.config.disk = disk.clone();
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    wait_until(&run, "an epoch", || run.stats.epoch_planned.get() > 2);
    disk.is_full.store(true, SeqCst);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    wait_until(&run, "a look for room", || run.handle.is_disk_full());
    assert!(run.handle.failed().is_none());
    disk.is_full.store(false, SeqCst);
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    assert!(!run.handle.is_disk_full());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_full_disk_does_not_keep_a_pipeline_from_ending() {
    let mut rig = Rig::new();
    let disk = Arc::new(FullDisk { inner: Arc::new(SystemDisk), is_full: Arc::default() });
    rig.config.disk = disk.clone();
    let run = rig.start();
    disk.is_full.store(true, SeqCst);
    produce(&rig.log, &PLAN);
    wait_until(&run, "a look for room", || run.handle.is_disk_full());
    assert!(!matches!(run.handle.stop(), StopOutcome::Drained), "it cannot drain without room");
}

/// The machine's disk, on which there is no room at times: half of what is written lands, as on a real one.
#[derive(Debug)]
struct FullDisk {
    inner: Arc<dyn Disk>,
    is_full: Arc<AtomicBool>,
}

#[derive(Debug)]
struct FullFile {
    inner: Arc<dyn DiskFile>,
    is_full: Arc<AtomicBool>,
}

impl Disk for FullDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.inner.create_dir_all(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        self.inner.size(path)
    }
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let inner = self.inner.open(path, how)?;
        Ok(Arc::new(FullFile { inner, is_full: self.is_full.clone() }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.inner.remove_dir_all(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }
    fn lock_dir(&self, dir: &Path) -> io::Result<Box<dyn DirLock>> {
        self.inner.lock_dir(dir)
    }
}

impl DiskFile for FullFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.inner.read_exact_at(buffer, position)
    }
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        if self.is_full.load(SeqCst) {
            self.inner.write_all_at(&bytes[..bytes.len() / 2], position)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.write_all_at(bytes, position)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }
}

#[test]
fn lost_answers_and_burnt_tokens_double_and_lose_nothing() {
    let expected = calm_outcome();
    for fault in [Fault::AnswerLost, Fault::NotApplied, Fault::TokenBurnt] {
        let rig = Rig::new();
        (0..60).step_by(3).for_each(|number| rig.store.fail_insert(number, fault));
        produce(&rig.log, &PLAN);
        let run = rig.start();
        assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
        assert!(run.stats.store_retries.get() > 3);
        rig.outcome().assert_is(&expected, &format!("{fault:?}"));
    }
}

#[test]
fn a_refusing_store_stops_the_pipeline_and_a_repaired_one_goes_on() {
    let rig = Rig::new();
    rig.store.fail_insert(2, Fault::Refused);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap();
    assert!(matches!(&*failure, PipelineError::StoreRefused { .. }), "{failure}");
    assert!(matches!(run.handle.stop(), StopOutcome::Failed(_)));
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_partial_insert_stops_the_pipeline_with_the_batch_to_look_at() {
    let rig = Rig::new();
    (0..10).for_each(|number| rig.store.fail_insert(number, Fault::HalfApplied));
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap();
    assert!(matches!(&*failure, PipelineError::UnexpectedCount { .. }), "{failure}");
}

#[test]
fn a_stop_with_the_store_away_ends_at_its_deadline() {
    let mut rig = Rig::new();
    rig.config.stop_deadline = Duration::from_millis(200);
    rig.store.set_away(true);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "an attempt", || run.stats.store_retries.get() > 0);
    let began = Instant::now();
    assert!(matches!(run.handle.stop(), StopOutcome::Interrupted));
    assert!(began.elapsed() < Duration::from_secs(5));
    rig.store.set_away(false);
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_panic_is_reported_and_ends_all_threads() {
    let rig = Rig::new();
    rig.store.fail_insert(1, Fault::Panics);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap().to_string();
    assert!(failure.contains("a bug in the store's client") && failure.contains("store-"), "{failure}");
    assert!(run.life.wait_all_ended(Instant::now() + PATIENCE));
    assert!(matches!(run.handle.stop(), StopOutcome::Failed(_)));
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}
