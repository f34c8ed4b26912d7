//! Memory and CPU against the number of vehicles: what a vehicle's state costs to make, and what an event costs then.

use crate::{
    fixes::{Duty, Plan, WARM_UP_ROUNDS},
    reading::{Reading, Spent},
    report::{Pulse, Report, progress},
    system::{System, counter},
};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tacho_kafka::{ProducerConfig, ProducerLane};
use tacho_testkit::{process, until};

const TOPIC: &str = "fleet.prod.telemetry.raw";
/// More vehicles than these are measured as a mixed fleet only: the contract's million has a tenth on a trip.
const ALIKE_MAX: u64 = 100_000;
/// From this number on a round of snapshots is waited for, and what a new vehicle costs stands out of the noise.
const MANY: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(900);
/// Longest wait for the live state to show the last fixes.
const LIVE_PATIENCE: Duration = Duration::from_secs(30);
/// Messages that are sent before a look at the clock.
const BURST: u64 = 250;
/// Epochs in the queue to be published when all is quiet: each new one takes a moment.
const QUEUE_SETTLED: f64 = 2.0;
/// Longest wait for what the engine has taken to be published.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(3);
/// Time between two looks at the counters.
const LOOK: Duration = Duration::from_millis(20);

/// What to measure.
pub struct Steps<'a> {
    /// Numbers of vehicles; the first one is the baseline.
    pub counts: &'a [u64],
    pub duties: &'a [Duty],
    /// Events per second.
    pub rate: u64,
    /// Measured events of each step, at least.
    pub events: u64,
}

/// Each duty and number of vehicles in an instance of its own.
pub fn run(tacho: &Path, steps: &Steps<'_>, report: &mut Report) -> Result<()> {
    for &duty in steps.duties {
        let mut baseline: Option<(u64, Outcome)> = None;
        for &vehicles in steps.counts {
            let load = format!("{vehicles} vehicles, {}", duty.name());
            if vehicles > ALIKE_MAX && duty != Duty::Mixed {
                progress(&format!("vehicles: {load}: left out, more than {ALIKE_MAX} are measured as a mixed fleet"));
                continue;
            }
            let outcome = step(tacho, Plan::new(vehicles, duty, steps.rate, steps.events), &load, report)?;
            let (first, first_outcome) = *baseline.get_or_insert((vehicles, outcome));
            let against = format!("against {first} vehicles");
            report.add(&load, &format!("engine, {against}"), outcome.engine / first_outcome.engine, "ratio")?;
            report.add(&load, &format!("up and store, {against}"), outcome.system / first_outcome.system, "ratio")?;
            if let extra @ 1.. = vehicles.saturating_sub(first) {
                let bytes = (outcome.resident_mib - first_outcome.resident_mib) * 1_048_576.0 / extra as f64;
                report.add(&load, &format!("memory beyond the first {first}"), bytes, "bytes/vehicle")?;
            }
        }
    }
    Ok(())
}

/// What steps are compared by.
#[derive(Clone, Copy)]
struct Outcome {
    /// CPU seconds per million events.
    engine: f64,
    /// The same of everything but the generator.
    system: f64,
    resident_mib: f64,
}

/// One number of vehicles: the first fix of each, the rest of the warm-up, the measured rounds, a round of snapshots.
fn step(tacho: &Path, plan: Plan, load: &str, report: &mut Report) -> Result<Outcome> {
    let wall = plan.wall(plan.events());
    progress(&format!(
        "vehicles: {load}: {} events, {:.0} s at {} a second",
        plan.events(),
        wall.as_secs_f64(),
        plan.rate
    ));
    // The round of snapshots comes behind the measured rounds: its CPU time is the engine's, too.
    let interval_s = (wall.mul_f64(1.25) + Duration::from_secs(15)).as_secs().to_string();
    let system = System::start(tacho, &[("TACHO_PIPELINE__SNAPSHOT_INTERVAL_S", &interval_s)])?;
    let mut sender = Sender::connect(&system, plan)?;
    let empty = Reading::take(&system)?;
    sender.rounds(1)?;
    let known = sender.caught_up("the first fixes are taken")?;
    sender.rounds(WARM_UP_ROUNDS - 1)?;
    let warm = sender.caught_up("the warm-up is taken")?;
    sender.rounds(plan.rounds)?;
    let done = sender.caught_up("the measured events are taken")?;
    let resident_mib = process::resident_mib(system.instance.pid())?;
    check_duty(&system, &plan)?;
    let spent = done.since(&warm);
    if plan.vehicles >= MANY {
        report_making(&known.since(&empty), &warm.since(&known), &spent, load, report)?;
    }
    spent.report_terms(load, report)?;
    spent.report_stages(load, report)?;
    if plan.vehicles >= MANY {
        snapshots(&system, &plan, load, report)?;
    }
    let stored = system.stored(plan.events(), PATIENCE)?;
    ensure!(stored == plan.events(), "{stored} of {} events stored", plan.events());
    report.add(load, "memory of up", resident_mib, "MiB")?;
    report.add(load, "memory of up, peak", process::peak_mib(system.instance.pid())?, "MiB")?;
    report.add(load, "memory of the store, peak", process::peak_mib(system.instance.store_pid()?)?, "MiB")?;
    Ok(Outcome { engine: spent.engine, system: spent.system(), resident_mib })
}

/// What the state of a vehicle costs to make: its first fix beyond what a fix costs later.
fn report_making(first: &Spent, warm: &Spent, later: &Spent, load: &str, report: &mut Report) -> Result<()> {
    report.add(load, "engine, making a vehicle's state", first.engine - later.engine, "CPU us/vehicle")?;
    report.add(load, "engine, fixes 2 to 6 of a vehicle", warm.engine, "CPU s/million")
}

/// All vehicles are in state, and drive or stand as they were told to.
fn check_duty(system: &System, plan: &Plan) -> Result<()> {
    let driving = plan.duty.on_trip(plan.vehicles);
    let mut last = String::new();
    let shown = until("the live state to show every vehicle", LIVE_PATIENCE, || {
        let states = &system.instance.get("/api/v1/fleet")?["states"];
        last = states.to_string();
        let count = |key: &str| states[key].as_u64().unwrap_or(0);
        Ok((count("active") == driving && count("stopped") == plan.vehicles - driving).then_some(()))
    });
    shown.with_context(|| format!("{driving} of {} vehicles should drive and the others stand: {last}", plan.vehicles))
}

/// Waits for the round of snapshots behind the load: its CPU time, and its pauses.
fn snapshots(system: &System, plan: &Plan, load: &str, report: &mut Report) -> Result<()> {
    let (began, mut pulse) = (Instant::now(), Pulse::new());
    let (mut before_s, mut pause_ms): (Option<f64>, f64) = (None, 0.0);
    loop {
        let counters = system.instance.counters()?;
        let pause = counter(&counters, "snapshot_pause_ms");
        let engine_s = counter(&counters, "engine_cpu_s");
        // There is no pause before the first item of the first round.
        if pause == 0.0 {
            before_s = Some(engine_s);
        }
        let Some(before_s) = before_s else {
            progress("vehicles: the load took so long that snapshots fell into it: their CPU time is in the figures");
            return Ok(());
        };
        pause_ms = pause_ms.max(pause);
        if counter(&counters, "epoch_snapshot") > 0.0 {
            let us = (engine_s - before_s) * 1e6 / plan.vehicles as f64;
            report.add(load, "engine, snapshots", us, "CPU us/vehicle")?;
            return report.add(load, "snapshot pause, longest seen", pause_ms, "ms");
        }
        ensure!(began.elapsed() < PATIENCE, "no round of snapshots within {PATIENCE:?}");
        if pulse.is_due() {
            progress("vehicles: waiting for the round of snapshots");
        }
        thread::sleep(LOOK);
    }
}

/// Sends the rounds of a plan, one after the other, at its rate.
struct Sender<'a> {
    system: &'a System,
    plan: Plan,
    lane: ProducerLane,
    first_minute_ms: i64,
    /// Rounds sent.
    round: u64,
    pulse: Pulse,
}

impl Sender<'_> {
    fn connect(system: &System, plan: Plan) -> Result<Sender<'_>> {
        let mut lanes = ProducerLane::open(&ProducerConfig::new(system.kafka()), vec![TOPIC.to_owned()], 1)?;
        let lane = lanes.pop().context("one lane")?;
        let first_minute_ms = plan.first_minute_ms(jiff::Timestamp::now().as_millisecond());
        Ok(Sender { system, plan, lane, first_minute_ms, round: 0, pulse: Pulse::new() })
    }

    fn sent(&self) -> u64 {
        self.round * self.plan.vehicles
    }

    /// The next `count` rounds.
    fn rounds(&mut self, count: u64) -> Result<()> {
        let (plan, began) = (self.plan, Instant::now());
        let (mut written_ms, mut time) = (i64::MIN, String::new());
        let mut sent = 0;
        for _ in 0..count {
            for vehicle in 0..plan.vehicles {
                if sent % BURST == 0 {
                    thread::sleep((began + plan.wall(sent)).saturating_duration_since(Instant::now()));
                    self.pulse.say("vehicles: sent", self.sent() + vehicle, plan.events());
                }
                let at_ms = plan.time_ms(self.first_minute_ms, self.round, vehicle);
                if at_ms != written_ms {
                    time = format!("{:.3}", jiff::Timestamp::from_millisecond(at_ms)?);
                    written_ms = at_ms;
                }
                let (key, value) = (format!("veh_{vehicle}"), plan.message(self.round, vehicle, &time));
                // The log's time is the present: partitions whose records are old count as idle, and fleet time leaps.
                let now_ms = jiff::Timestamp::now().as_millisecond();
                self.lane.send(0, key.as_bytes(), value.as_bytes(), now_ms)?;
                sent += 1;
            }
            self.round += 1;
        }
        Ok(())
    }

    /// Waits until the engine has taken what was sent, and for a moment until it is published, too. No longer: after 5 s
    /// without a record fleet time would leap to the present.
    fn caught_up(&mut self, what: &str) -> Result<Reading> {
        self.lane.flush(PATIENCE)?;
        let (began, sent) = (Instant::now(), self.sent());
        let mut taken: Option<Instant> = None;
        loop {
            let reading = Reading::take(self.system)?;
            let queue = counter(&self.system.instance.counters()?, "publish_queue_epochs");
            if reading.events >= sent as f64 {
                let waited = taken.get_or_insert_with(Instant::now).elapsed();
                if queue <= QUEUE_SETTLED || waited >= PUBLISH_PATIENCE {
                    return Ok(reading);
                }
            }
            ensure!(began.elapsed() < PATIENCE, "{} of {sent} events taken within {PATIENCE:?}", reading.events);
            self.pulse.say(&format!("vehicles: waiting until {what}"), reading.events as u64, sent);
            thread::sleep(LOOK);
        }
    }
}
