//! Runs a fleet: one thread per slice, paced against an injected timer.

use crate::{
    fleet::{Fleet, FleetSlice},
    lockstep::Lockstep,
    ordered::{HeldTelemetry, SideFirst},
    report::{Delivery, Progress, RunSummary, StreamCounts},
    sink::{Sink, SinkError},
    timer::Timer,
    truth::TruthWriter,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tacho_model::{EventTime, Stream};

/// Time that a paced run makes at once.
const PACED_WINDOW: Duration = Duration::from_millis(100);
/// Event time that a run makes at once at most.
const WINDOW_MS_MAX: i64 = 1_000;
/// The same for a run whose windows are put in order.
const ORDERED_WINDOW_MS_MAX: i64 = 10_000;
/// Faster than this, a window's side events are no longer acknowledged before its telemetry is sent: that takes some
/// milliseconds, which hold seconds of such a run.
const ORDERED_FACTOR_MAX: f64 = 100.0;
/// Longest uninterrupted wait, so that the stop flag is seen soon.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// How fast event time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// A second per second.
    RealTime,
    /// That many seconds per second; finite and above 0.
    Speedup(f64),
    /// As fast as the sinks take it.
    Max,
}

impl Pace {
    /// The factor, if there is one.
    fn factor(self) -> Option<f64> {
        match self {
            Pace::RealTime => Some(1.0),
            Pace::Speedup(factor) => Some(factor),
            Pace::Max => None,
        }
    }

    fn window_ms(self, window: Duration) -> i64 {
        let factor = self.factor().unwrap_or(f64::INFINITY);
        let max = if self.is_ordered() { ORDERED_WINDOW_MS_MAX } else { WINDOW_MS_MAX };
        ((window.as_secs_f64() * 1_000.0 * factor) as i64).clamp(1, max)
    }

    /// True for a run whose side events are acknowledged before the telemetry of their window is sent.
    fn is_ordered(self) -> bool {
        self.factor().is_some_and(|factor| factor <= ORDERED_FACTOR_MAX)
    }
}

/// How to run.
pub struct RunOptions<'a> {
    /// Threads, each with its slice and its sink; 0: one per core.
    pub threads: usize,
    /// How fast event time passes.
    pub pace: Pace,
    /// Time that a paced run makes at once, 100 ms by default. It waits for an acknowledgement in each, so it should be
    /// longer than that takes.
    pub window: Duration,
    /// Set to true to end the run early; what was sent is still flushed. A sink that waits for room should look at it
    /// too and give up with an error, which then is the summary's `flush_error`.
    pub stop: &'a AtomicBool,
    /// The time.
    pub timer: &'a dyn Timer,
    /// Told how far the run is, about every `progress_every`, on a thread of the run.
    pub progress: &'a (dyn Fn(&Progress) + Sync),
    /// How often progress is told.
    pub progress_every: Duration,
    /// Where the truth goes, if anywhere.
    pub truth: Option<TruthWriter>,
}

impl<'a> RunOptions<'a> {
    /// At real time on all cores, without progress and truth.
    pub fn new(stop: &'a AtomicBool, timer: &'a dyn Timer) -> Self {
        Self {
            threads: 0,
            pace: Pace::RealTime,
            window: PACED_WINDOW,
            stop,
            timer,
            progress: &|_| {},
            progress_every: Duration::from_secs(1),
            truth: None,
        }
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A sink took no more messages.
    #[error("a sink refused messages")]
    Sink(#[source] SinkError),
    /// The truth could not be written.
    #[error("writing the truth failed")]
    Truth(#[source] std::io::Error),
    /// The pace is not a positive number.
    #[error("the speed-up is {0}, but must be a number above 0")]
    Pace(f64),
}

/// Runs the fleet from its start to its end, or until it is stopped. `make_sink` is called once per thread, with the
/// thread's number, before anything is sent. No event is ever skipped: when the machine cannot keep the pace, the run
/// goes on as fast as it can and says how far it is behind.
///
/// # Errors
/// As [`RunError`] says. Undelivered messages are no error: the summary counts them.
pub fn run<S: Sink + Send>(
    fleet: &Fleet,
    options: RunOptions<'_>,
    mut make_sink: impl FnMut(usize) -> Result<S, SinkError>,
) -> Result<RunSummary, RunError> {
    if let Some(factor) = options.pace.factor().filter(|factor| !(factor.is_finite() && *factor > 0.0)) {
        return Err(RunError::Pace(factor));
    }
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let slices = fleet.split(threads);
    let mut workers = Vec::with_capacity(slices.len());
    for (worker, slice) in slices.into_iter().enumerate() {
        workers.push((slice, make_sink(worker).map_err(RunError::Sink)?));
    }
    for (slice, sink) in &mut workers {
        if slice.set_up(sink).map_err(RunError::Sink)? {
            sink.flush().map_err(RunError::Sink)?;
        }
    }
    let shared = Shared {
        lockstep: Lockstep::new(workers.len(), options.truth),
        sent: Default::default(),
        behind_ms: AtomicU64::new(0),
        behind_ms_max: AtomicU64::new(0),
        is_failed: AtomicBool::new(false),
        began: options.timer.elapsed(),
        outcome: Mutex::new(Outcome { reached: fleet.config().end(), ..Outcome::default() }),
        pace: options.pace,
        window_ms: options.pace.window_ms(options.window),
        stop: options.stop,
        timer: options.timer,
        progress: options.progress,
        progress_every: options.progress_every,
        fleet,
    };
    std::thread::scope(|scope| {
        for (number, (slice, sink)) in workers.into_iter().enumerate() {
            let shared = &shared;
            scope.spawn(move || shared.work(number, slice, sink));
        }
    });
    shared.summary()
}

/// What the threads of a run share.
struct Shared<'a> {
    fleet: &'a Fleet,
    pace: Pace,
    /// Event time made at once.
    window_ms: i64,
    stop: &'a AtomicBool,
    timer: &'a dyn Timer,
    progress: &'a (dyn Fn(&Progress) + Sync),
    progress_every: Duration,
    lockstep: Lockstep,
    sent: [AtomicU64; Stream::ALL.len()],
    behind_ms: AtomicU64,
    behind_ms_max: AtomicU64,
    is_failed: AtomicBool,
    began: Duration,
    outcome: Mutex<Outcome>,
}

/// What the threads have to say at their end.
#[derive(Default)]
struct Outcome {
    delivery: Delivery,
    /// The earliest event time that a thread has reached.
    reached: EventTime,
    flush_error: Option<String>,
    error: Option<SinkError>,
}

/// Says that a thread has left, even if it panics, so that the others do not wait for it.
struct LeaveOnDrop<'a, 'b>(&'a Shared<'b>, usize);

impl Drop for LeaveOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.lockstep.leave(self.1, Vec::new());
    }
}

impl Shared<'_> {
    fn work<S: Sink>(&self, number: usize, mut slice: FleetSlice, mut sink: S) {
        let _leave = LeaveOnDrop(self, number);
        let mut reached = self.fleet.config().start;
        let mut result = self.make_windows(number, &mut slice, &mut sink, &mut reached);
        let mut undelivered = None;
        if self.stop.load(Ordering::Relaxed) {
            // A sink that gives up because it is told to stop ends the run as asked.
            undelivered = std::mem::replace(&mut result, Ok(())).err();
        }
        if result.is_ok() {
            slice.finish(reached);
            self.lockstep.leave(number, slice.take_truth());
        }
        // Also after an error: what was taken before may still be delivered.
        let flushed = sink.flush();
        let delivery = sink.delivery();
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.delivery.acknowledged.merge(&delivery.acknowledged);
        outcome.delivery.failed.merge(&delivery.failed);
        outcome.reached = outcome.reached.min(reached);
        if let Err(error) = result {
            outcome.error.get_or_insert(error);
        }
        if let Some(error) = undelivered.or(flushed.err()) {
            outcome.flush_error.get_or_insert_with(|| with_causes(&error));
        }
    }

    /// Makes windows to the end or the stop; `reached` is how far they are complete.
    fn make_windows(
        &self,
        number: usize,
        slice: &mut FleetSlice,
        sink: &mut dyn Sink,
        reached: &mut EventTime,
    ) -> Result<(), SinkError> {
        let (start, end) = (self.fleet.config().start, self.fleet.config().end());
        let mut window = 0;
        let mut sent_before = StreamCounts::default();
        let mut next_progress = self.progress_every;
        let mut held = HeldTelemetry::default();
        while *reached < end {
            let until = reached.plus_ms(self.window_ms).min(end);
            if !self.wait_for(until.ms_since(start)) {
                break;
            }
            let result = if self.pace.is_ordered() {
                let mut window = SideFirst::new(sink, &mut held);
                slice.advance_to(until, &mut window).and_then(|()| window.end())
            } else {
                let sent = slice.advance_to(until, sink);
                let is_ahead = self.is_ahead_of_its_topics(slice.sent(), &sent_before);
                sent.and_then(|()| if is_ahead { sink.flush() } else { Ok(()) })
            };
            self.count(slice.sent(), &mut sent_before);
            if result.is_err() {
                self.is_failed.store(true, Ordering::Relaxed);
                return result;
            }
            *reached = until;
            window += 1;
            self.note_behind(until.ms_since(start));
            self.lockstep.finish_window(number, window, slice.take_truth());
            let elapsed = self.elapsed();
            if number == 0 && elapsed >= next_progress {
                next_progress = elapsed + self.progress_every;
                (self.progress)(&self.progress_at(elapsed, *reached));
            }
        }
        Ok(())
    }

    /// True when a scenario that is played fast has just told of trips, drivers or commands. Topics have no order among
    /// them, and the few milliseconds that a producer gathers messages hold minutes of such a run: telemetry would
    /// arrive before the plan that it drives by. So what was told is acknowledged before the run goes on.
    fn is_ahead_of_its_topics(&self, sent: &StreamCounts, before: &StreamCounts) -> bool {
        let is_new = |stream: Stream| sent.get(stream) > before.get(stream);
        self.fleet.config().scenario.defaults().is_some()
            && [Stream::TripEvents, Stream::DriverEvents, Stream::Commands].into_iter().any(is_new)
    }

    /// Waits until `event_ms` after the start may be sent; false when the run is stopped.
    fn wait_for(&self, event_ms: i64) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) || self.is_failed.load(Ordering::Relaxed) {
                return false;
            }
            let Some(due) = self.due(event_ms) else { return true };
            let elapsed = self.elapsed();
            if elapsed >= due {
                return true;
            }
            self.timer.sleep((due - elapsed).min(SLEEP_MAX));
        }
    }

    /// When `event_ms` after the start is due, since the run began; `None` without a pace.
    fn due(&self, event_ms: i64) -> Option<Duration> {
        let factor = self.pace.factor()?;
        Some(Duration::from_secs_f64(event_ms.max(0) as f64 / 1_000.0 / factor))
    }

    fn note_behind(&self, event_ms: i64) {
        let Some(due) = self.due(event_ms) else { return };
        let behind_ms = self.elapsed().saturating_sub(due).as_millis() as u64;
        self.behind_ms.store(behind_ms, Ordering::Relaxed);
        self.behind_ms_max.fetch_max(behind_ms, Ordering::Relaxed);
    }

    fn count(&self, sent: &StreamCounts, before: &mut StreamCounts) {
        for stream in Stream::ALL {
            let more = sent.get(stream) - before.get(stream);
            self.sent[usize::from(stream.rank())].fetch_add(more, Ordering::Relaxed);
        }
        *before = *sent;
    }

    fn elapsed(&self) -> Duration {
        self.timer.elapsed().saturating_sub(self.began)
    }

    fn sent(&self) -> StreamCounts {
        let mut sent = StreamCounts::default();
        for stream in Stream::ALL {
            sent.add(stream, self.sent[usize::from(stream.rank())].load(Ordering::Relaxed));
        }
        sent
    }

    fn progress_at(&self, elapsed: Duration, reached: EventTime) -> Progress {
        let config = self.fleet.config();
        Progress {
            elapsed,
            event_time: reached,
            fraction: reached.ms_since(config.start) as f64 / config.end().ms_since(config.start) as f64,
            sent: self.sent(),
            behind_s: self.behind_ms.load(Ordering::Relaxed) as f64 / 1_000.0,
        }
    }

    fn summary(self) -> Result<RunSummary, RunError> {
        let (elapsed, sent, config) = (self.elapsed(), self.sent(), self.fleet.config());
        let outcome = self.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = outcome.error {
            return Err(RunError::Sink(error));
        }
        let is_real_time = self.pace.factor() == Some(1.0);
        self.lockstep.finish(config, outcome.reached, &sent, is_real_time).map_err(RunError::Truth)?;
        Ok(RunSummary {
            sent,
            delivery: outcome.delivery,
            start: config.start,
            end: outcome.reached,
            elapsed,
            behind_s_max: self.behind_ms_max.load(Ordering::Relaxed) as f64 / 1_000.0,
            is_stopped: outcome.reached < config.end(),
            flush_error: outcome.flush_error,
        })
    }
}

/// An error and what caused it, as one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
