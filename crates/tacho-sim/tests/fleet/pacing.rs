use crate::common::{START, config};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tacho_model::{EventTime, Stream};
use tacho_sim::{CountingSink, Delivery, Fleet, Pace, Progress, RunError, RunOptions, Sink, SinkError, Timer, run};

/// Time passes by sleeping, and by sending if that is slow.
#[derive(Default)]
struct FakeTimer(AtomicU64);

impl Timer for FakeTimer {
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, duration: Duration) {
        self.0.fetch_add(duration.as_micros() as u64, Ordering::SeqCst);
    }
}

/// Checks at each message how long after its event time it comes; takes `cost` for each.
struct PacedSink<'a> {
    timer: &'a FakeTimer,
    speed: f64,
    cost: Duration,
    counting: CountingSink,
    delay_ms: (f64, f64),
}

impl Sink for PacedSink<'_> {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
        let delay_ms = self.timer.elapsed().as_secs_f64() * 1_000.0 - at.ms_since(START) as f64 / self.speed;
        assert!(delay_ms >= -0.01, "sent {delay_ms} ms before its time");
        self.delay_ms = (self.delay_ms.0.min(delay_ms), self.delay_ms.1.max(delay_ms));
        self.timer.sleep(self.cost);
        self.counting.send(stream, key, value, at)
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        assert!(self.cost > Duration::ZERO || self.delay_ms.1 <= 101.0, "{:?}", self.delay_ms);
        Ok(())
    }
    fn delivery(&self) -> Delivery {
        self.counting.delivery()
    }
}

fn paced(pace: Pace, speed: f64, cost: Duration) -> tacho_sim::RunSummary {
    let fleet = Fleet::new(config(6, 50, 20)).unwrap();
    let (stop, timer) = (AtomicBool::new(false), FakeTimer::default());
    let options = RunOptions { threads: 1, pace, ..RunOptions::new(&stop, &timer) };
    run(&fleet, options, |_| {
        let counting = CountingSink::default();
        Ok(PacedSink { timer: &timer, speed, cost, counting, delay_ms: (f64::MAX, f64::MIN) })
    })
    .unwrap()
}

#[test]
fn at_real_time_a_message_leaves_within_100_ms_of_its_event_time_and_never_before() {
    let summary = paced(Pace::RealTime, 1.0, Duration::ZERO);
    assert_eq!((summary.elapsed, summary.behind_s_max), (Duration::from_secs(20), 0.0));
    assert!((980..=1_000).contains(&summary.sent.get(Stream::Telemetry)));
}

#[test]
fn a_speed_up_makes_event_time_pass_faster() {
    assert_eq!(paced(Pace::Speedup(4.0), 4.0, Duration::ZERO).elapsed, Duration::from_secs(5));
    assert_eq!(paced(Pace::Speedup(0.5), 0.5, Duration::ZERO).elapsed, Duration::from_secs(40));
}

#[test]
fn a_run_that_falls_behind_skips_nothing_and_says_so() {
    let calm = paced(Pace::RealTime, 1.0, Duration::ZERO);
    let slow = paced(Pace::RealTime, 1.0, Duration::from_millis(40));
    assert_eq!(slow.sent, calm.sent);
    assert!(slow.behind_s_max > 15.0, "{}", slow.behind_s_max);
}

#[test]
fn progress_is_told_and_a_stop_ends_the_run_with_everything_counted() {
    let fleet = Fleet::new(config(6, 50, 600)).unwrap();
    let (stop, timer) = (AtomicBool::new(false), FakeTimer::default());
    let seen: Mutex<Vec<Progress>> = Mutex::default();
    let progress = |progress: &Progress| {
        seen.lock().unwrap().push(*progress);
        stop.store(progress.elapsed >= Duration::from_secs(5), Ordering::Relaxed);
    };
    let options = RunOptions { threads: 1, progress: &progress, ..RunOptions::new(&stop, &timer) };
    let summary = run(&fleet, options, |_| Ok(CountingSink::default())).unwrap();
    assert!(summary.is_stopped);
    assert_eq!(summary.sent, summary.delivery.acknowledged);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by_key(|progress| progress.sent.total()));
    assert_eq!(summary.end, START.plus_ms(5_000));
    assert_eq!(seen[4].sent, summary.sent);
}

/// Breaks after some messages.
struct BreakingSink(u32);

impl Sink for BreakingSink {
    fn send(&mut self, _: Stream, _: &[u8], _: &[u8], _: EventTime) -> Result<(), SinkError> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| std::io::Error::other("full"))?;
        Ok(())
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
    fn delivery(&self) -> Delivery {
        Delivery::default()
    }
}

#[test]
fn a_sink_that_breaks_ends_all_threads() {
    let fleet = Fleet::new(config(6, 50, 600)).unwrap();
    let (stop, timer) = (AtomicBool::new(false), FakeTimer::default());
    let options = RunOptions { threads: 3, pace: Pace::Max, ..RunOptions::new(&stop, &timer) };
    let result = run(&fleet, options, |worker| Ok(BreakingSink(if worker == 1 { 500 } else { u32::MAX })));
    assert!(matches!(result, Err(RunError::Sink(SinkError::Io(_)))));
}

#[test]
fn a_sink_that_gives_up_because_of_the_stop_leaves_a_summary() {
    /// Takes some messages, then waits for the stop.
    struct Stalled<'a>(CountingSink, &'a AtomicBool);
    impl Sink for Stalled<'_> {
        fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
            if self.0.counts.total() < 500 {
                return self.0.send(stream, key, value, at);
            }
            self.1.store(true, Ordering::Relaxed);
            Err(std::io::Error::other("stopped while waiting for room").into())
        }
        fn flush(&mut self) -> Result<(), SinkError> {
            Ok(())
        }
        fn delivery(&self) -> Delivery {
            self.0.delivery()
        }
    }
    let fleet = Fleet::new(config(6, 50, 600)).unwrap();
    let (stop, timer) = (AtomicBool::new(false), FakeTimer::default());
    let options = RunOptions { threads: 2, pace: Pace::Max, ..RunOptions::new(&stop, &timer) };
    let summary = run(&fleet, options, |_| Ok(Stalled(CountingSink::default(), &stop))).unwrap();
    assert!(summary.is_stopped && summary.sent == summary.delivery.acknowledged);
    assert_eq!(summary.flush_error.as_deref(), Some("writing messages failed: stopped while waiting for room"));
}

/// Insists that side events are flushed before telemetry is sent, and counts both.
#[derive(Default)]
struct OrderedSink {
    counting: CountingSink,
    has_unflushed_side: bool,
}

impl Sink for OrderedSink {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
        assert!(stream != Stream::Telemetry || !self.has_unflushed_side, "a fix before the event that it follows");
        self.has_unflushed_side |= stream != Stream::Telemetry;
        self.counting.send(stream, key, value, at)
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        self.has_unflushed_side = false;
        Ok(())
    }
    fn delivery(&self) -> Delivery {
        self.counting.delivery()
    }
}

#[test]
fn what_happens_to_a_vehicle_is_acknowledged_before_the_fixes_that_follow() {
    let fleet = Fleet::new(config(6, 50, 120)).unwrap();
    let (stop, timer) = (AtomicBool::new(false), FakeTimer::default());
    let run_at = |pace: Pace, window: Duration| {
        let options = RunOptions { threads: 1, pace, window, ..RunOptions::new(&stop, &timer) };
        run(&fleet, options, |_| Ok(OrderedSink::default())).unwrap().sent
    };
    let sent = run_at(Pace::RealTime, Duration::from_millis(100));
    assert!(sent.get(Stream::TripEvents) > 0);
    assert_eq!(run_at(Pace::Speedup(20.0), Duration::from_millis(100)), sent);
    assert_eq!(run_at(Pace::RealTime, Duration::from_millis(700)), sent, "a longer window leaves nothing out");
}
