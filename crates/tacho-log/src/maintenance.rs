//! What the log does on its own: fsync by interval, retention, recovery points.

use crate::{
    config::FsyncPolicy,
    groups::Coordinator,
    log::Shared,
    storage::Partition,
    watch::{ThreadSignal, Wake},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::exec;

/// The background thread.
#[derive(Debug)]
pub(crate) struct Maintenance {
    control: Arc<Control>,
    thread: exec::Thread,
}

#[derive(Debug, Default)]
struct Control {
    is_stopping: AtomicBool,
    signal: ThreadSignal,
}

impl Maintenance {
    pub(crate) fn start(shared: Arc<Shared>) -> Self {
        let control = Arc::new(Control::default());
        let for_thread = Arc::clone(&control);
        let run = move || run(&shared, &for_thread);
        let thread = exec::spawn("log-maintenance".to_owned(), run).expect("the process can start a thread");
        Self { control, thread }
    }

    /// Stops the thread and waits for it.
    pub(crate) fn stop(self) {
        self.control.is_stopping.store(true, Ordering::SeqCst);
        self.control.signal.wake();
        if !self.thread.join() {
            tracing::error!("the log's background thread has panicked");
        }
    }
}

/// Something to do every so often.
struct Chore {
    interval: Duration,
    due: Instant,
    name: &'static str,
    run: fn(&Shared, &Partition) -> io::Result<()>,
    /// What there is to do for the consumer groups.
    run_groups: fn(&Coordinator) -> io::Result<()>,
}

fn run(shared: &Shared, control: &Control) {
    let chore = |interval: Duration, name, run, run_groups| {
        let interval = interval.max(Duration::from_millis(1));
        Chore { interval, due: exec::now() + interval, name, run, run_groups }
    };
    let nothing: fn(&Coordinator) -> io::Result<()> = |_| Ok(());
    let config = &shared.config;
    let mut chores = vec![
        chore(config.checkpoint_interval, "recovery point", |_, partition| partition.write_checkpoint(), nothing),
        chore(
            config.retention_interval,
            "retention",
            |shared, partition| partition.clean(&*shared.clock),
            Coordinator::maintain,
        ),
    ];
    if let FsyncPolicy::Interval(interval) = config.fsync {
        chores.push(chore(interval, "fsync", |_, partition| partition.sync(), Coordinator::sync_offsets));
    }
    while !control.is_stopping.load(Ordering::SeqCst) {
        for chore in &mut chores {
            if chore.due > exec::now() {
                continue;
            }
            do_chore(shared, control, chore);
            chore.due = exec::now() + chore.interval;
        }
        if let Some(next) = chores.iter().map(|chore| chore.due).min() {
            control.signal.wait_until(next);
        }
    }
}

fn do_chore(shared: &Shared, control: &Control, chore: &Chore) {
    for partition in shared.topics.partitions() {
        if control.is_stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Err(error) = (chore.run)(shared, &partition) {
            let (topic, partition) = (&partition.topic, partition.number);
            tracing::warn!(%topic, partition, %error, chore = chore.name, "background work failed; it is tried again");
        }
    }
    if let Err(error) = (chore.run_groups)(&shared.groups) {
        tracing::warn!(%error, chore = chore.name, "background work for groups failed; it is tried again");
    }
}
