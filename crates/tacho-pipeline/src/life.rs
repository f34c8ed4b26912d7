//! Life and death of a pipeline's threads: told to drain, told to halt, or failed.

use crate::error::{PipelineError, Stop};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::exec::{self, Condition};

/// Locks, and goes on after a panic elsewhere: the panic itself ends the pipeline.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state that all threads of a pipeline look at.
#[derive(Debug)]
pub(crate) struct Life {
    draining: AtomicBool,
    halted: AtomicBool,
    failure: Mutex<Option<Arc<PipelineError>>>,
    alive: Mutex<usize>,
    /// The disk has no room, and somebody waits for it.
    is_disk_full: AtomicBool,
    changed: Condition,
    /// Durable steps until a simulated crash; beyond reach in production.
    steps_left: AtomicI64,
}

impl Life {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            draining: AtomicBool::new(false),
            halted: AtomicBool::new(false),
            failure: Mutex::new(None),
            alive: Mutex::new(0),
            is_disk_full: AtomicBool::new(false),
            changed: Condition::default(),
            steps_left: AtomicI64::new(i64::MAX),
        })
    }

    /// Finish what is fetched, then end.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.wake();
    }
    /// End at once; nothing durable is begun any more.
    pub(crate) fn halt(&self) {
        self.halted.store(true, Ordering::SeqCst);
        self.wake();
    }
    /// End at once, because of `error`. The first failure is kept.
    pub(crate) fn fail(&self, error: PipelineError) {
        tracing::error!(error = error.with_causes(), "the pipeline stops");
        lock(&self.failure).get_or_insert(Arc::new(error));
        self.halt();
    }
    pub(crate) fn failure(&self) -> Option<Arc<PipelineError>> {
        lock(&self.failure).clone()
    }
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }
    /// Notes that the disk is without room; false if nobody is to wait for it, because no thread runs yet or all are
    /// told to end.
    pub(crate) fn waits_for_room(&self) -> bool {
        let may_wait = *lock(&self.alive) > 0 && !self.is_draining() && !self.is_halted();
        self.is_disk_full.store(may_wait, Ordering::SeqCst);
        may_wait
    }
    /// Notes that there is room again.
    pub(crate) fn has_room(&self) {
        self.is_disk_full.store(false, Ordering::SeqCst);
    }
    /// True while the disk has no room.
    pub(crate) fn is_disk_full(&self) -> bool {
        self.is_disk_full.load(Ordering::SeqCst)
    }
    /// `Halted` once the pipeline is to end at once.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.is_halted() { Err(Stop::Halted) } else { Ok(()) }
    }

    /// Stands before every durable step, where no lock is held. A halted pipeline takes none; a test may have it die at the n-th.
    pub(crate) fn step(&self) -> Result<(), Stop> {
        exec::turn();
        self.check()?;
        if self.steps_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.halt();
            return Err(Stop::Halted);
        }
        Ok(())
    }
    #[cfg(test)]
    pub(crate) fn die_after_steps(&self, steps: i64) {
        self.steps_left.store(steps, Ordering::SeqCst);
    }

    /// Sleeps, but not beyond the end of the pipeline.
    pub(crate) fn pause(&self, length: Duration) -> Result<(), Stop> {
        let until = exec::now() + length;
        let mut alive = lock(&self.alive);
        loop {
            self.check()?;
            let left = until.saturating_duration_since(exec::now());
            if left.is_zero() {
                return Ok(());
            }
            alive = self.changed.wait_timeout(&self.alive, alive, left);
        }
    }

    /// Waits until all threads have ended; false at the deadline.
    pub(crate) fn wait_all_ended(&self, deadline: Instant) -> bool {
        let mut alive = lock(&self.alive);
        while *alive > 0 {
            let left = deadline.saturating_duration_since(exec::now());
            if left.is_zero() {
                return false;
            }
            alive = self.changed.wait_timeout(&self.alive, alive, left);
        }
        true
    }

    /// Starts a thread whose error or panic ends the whole pipeline.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: String,
        body: impl FnOnce() -> Result<(), Stop> + Send + 'static,
    ) -> std::io::Result<exec::Thread> {
        *lock(&self.alive) += 1;
        let (life, thread) = (self.clone(), name.clone());
        let spawned = exec::spawn(name, move || {
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(Ok(()) | Err(Stop::Halted)) => {}
                Ok(Err(Stop::Failed(error))) => life.fail(error),
                Err(panic) => life.fail(PipelineError::Panic { thread, message: panic_text(&*panic) }),
            }
            life.count_end();
        });
        if spawned.is_err() {
            self.count_end();
        }
        spawned
    }

    fn count_end(&self) {
        *lock(&self.alive) -= 1;
        self.changed.notify_all();
    }

    fn wake(&self) {
        let _alive = lock(&self.alive);
        self.changed.notify_all();
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

/// Pauses that grow while something is away, and log lines that do not flood.
#[derive(Debug)]
pub(crate) struct Retry {
    pause: Duration,
    pause_max: Duration,
    logged: Option<Instant>,
}

const PAUSE_MIN: Duration = Duration::from_millis(20);
const LOG_EVERY: Duration = Duration::from_secs(10);

impl Retry {
    pub(crate) fn new(pause_max: Duration) -> Self {
        Self { pause: PAUSE_MIN.min(pause_max), pause_max, logged: None }
    }
    /// Waits before the next attempt.
    pub(crate) fn wait(&mut self, life: &Life, what: &str, error: &dyn std::fmt::Display) -> Result<(), Stop> {
        if self.logged.is_none_or(|at| exec::elapsed(at) >= LOG_EVERY) {
            self.logged = Some(exec::now());
            tracing::warn!(%error, "{what} is away, trying again");
        }
        life.pause(self.pause)?;
        self.pause = (self.pause * 2).min(self.pause_max);
        Ok(())
    }
    /// It works again.
    pub(crate) fn reset(&mut self) {
        self.pause = PAUSE_MIN.min(self.pause_max);
    }
}

/// CPU time of the calling thread, nanoseconds.
pub(crate) fn thread_cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
