//! Memory and CPU against the number of vehicles, parked and on a trip.

use crate::{
    report::{Report, progress},
    system::{System, counter},
};
use anyhow::{Context, Result, ensure};
use std::{path::Path, thread, time::Duration};
use tacho_kafka::{ProducerConfig, ProducerLane};
use tacho_testkit::process;

const TOPIC: &str = "fleet.prod.telemetry.raw";
/// Events of each step at least, so that CPU per event means something for few vehicles, too.
const EVENTS_MIN: u64 = 500_000;
/// Least fixes of a vehicle: it has then left its first one behind, and every window has begun.
const FIXES_MIN: u64 = 5;
/// Vehicles whose memory is not counted.
const FIRST_VEHICLES: u64 = 1_000;
const STORED_PATIENCE: Duration = Duration::from_secs(900);

/// What the vehicles of a step do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Duty {
    Parked,
    OnTrip,
}

/// Each count of vehicles in an instance of its own, smallest first: that one is the baseline.
pub fn run(tacho: &Path, counts: &[u64], report: &mut Report) -> Result<()> {
    for duty in [Duty::Parked, Duty::OnTrip] {
        let mut baseline_s = None;
        for vehicles in counts {
            let name = if duty == Duty::Parked { "parked" } else { "on a trip" };
            let load = format!("{vehicles} vehicles {name}");
            let cpu_s = step(tacho, *vehicles, duty, &load, report)?;
            let baseline_s: f64 = *baseline_s.get_or_insert(cpu_s);
            let first = counts.first().copied().unwrap_or(0);
            report.add(&load, "engine, per event", cpu_s, "CPU s/million")?;
            report.add(&load, &format!("engine, against {first} vehicles"), cpu_s / baseline_s, "ratio")?;
        }
    }
    Ok(())
}

/// One count of vehicles; gives the engine's CPU seconds per million events.
fn step(tacho: &Path, vehicles: u64, duty: Duty, load: &str, report: &mut Report) -> Result<f64> {
    // Snapshots all the time: their pauses are measured.
    let system = System::start(tacho, &[("TACHO_PIPELINE__SNAPSHOT_INTERVAL_S", "1")])?;
    let pid = system.instance.pid();
    let mut lane = ProducerLane::open(&ProducerConfig::new(system.kafka()), vec![TOPIC.to_owned()], 1)?
        .pop()
        .context("one lane")?;
    let rounds = EVENTS_MIN.div_ceil(vehicles).max(FIXES_MIN);
    progress(&format!("vehicles: {load}, {} events", rounds * vehicles));
    let start_ms = jiff::Timestamp::now().as_millisecond() - rounds as i64 * 1_000;
    // The first vehicles bring every thread, buffer and connection into being: what they use is no vehicle's.
    send(&mut lane, 0, FIRST_VEHICLES.min(vehicles), start_ms, duty)?;
    system.stored(FIRST_VEHICLES.min(vehicles), STORED_PATIENCE)?;
    let before_mib = process::resident_mib(pid)?;
    let cpu_before_s = counter(&system.instance.counters()?, "engine_cpu_s");
    let mut pause_ms: f64 = 0.0;
    for round in 1..=rounds {
        send(&mut lane, round, vehicles, start_ms, duty)?;
        pause_ms = pause_ms.max(counter(&system.instance.counters()?, "snapshot_pause_ms"));
    }
    lane.flush(STORED_PATIENCE)?;
    let expected = rounds * vehicles;
    let stored = system.stored(expected, STORED_PATIENCE)?;
    ensure!(stored >= expected, "{stored} of {expected} events stored");
    // A round of snapshots at rest: pauses with every vehicle in state.
    let base = counter(&system.instance.counters()?, "epoch_snapshot");
    for _ in 0..300 {
        thread::sleep(Duration::from_millis(100));
        let counters = system.instance.counters()?;
        pause_ms = pause_ms.max(counter(&counters, "snapshot_pause_ms"));
        if counter(&counters, "epoch_snapshot") > base {
            break;
        }
    }
    let counters = system.instance.counters()?;
    let after_mib = process::resident_mib(pid)?;
    ensure!(counter(&counters, "vehicles") >= vehicles as f64, "vehicles are missing in the state");
    report.add(load, "memory of up", after_mib, "MiB")?;
    report.add(load, "memory of up, peak", process::peak_mib(pid)?, "MiB")?;
    if let extra @ 1.. = vehicles.saturating_sub(FIRST_VEHICLES) {
        let bytes = (after_mib - before_mib) * 1_048_576.0 / extra as f64;
        report.add(load, "memory beyond the first 1,000", bytes, "bytes/vehicle")?;
    }
    report.add(load, "snapshot pause, longest seen", pause_ms, "ms")?;
    Ok((counter(&counters, "engine_cpu_s") - cpu_before_s) * 1e6 / expected as f64)
}

/// A fix of each vehicle.
fn send(lane: &mut ProducerLane, round: u64, vehicles: u64, start_ms: i64, duty: Duty) -> Result<()> {
    let at_ms = start_ms + round as i64 * 1_000;
    let time = jiff::Timestamp::from_millisecond(at_ms)?;
    let time = format!("{time:.3}");
    for vehicle in 0..vehicles {
        let (speed, ignition, trip) = match duty {
            Duty::Parked => (0.0, false, String::new()),
            Duty::OnTrip => (50.4, true, format!("trip_{vehicle}")),
        };
        // 14 m a second, northwards.
        let moved = if duty == Duty::OnTrip { round as f64 * 14.0 / 111_195.0 } else { 0.0 };
        let (lat, lon) = (10.0 + (vehicle % 1_000) as f64 * 0.004 + moved, 70.0 + (vehicle / 1_000) as f64 * 0.004);
        let key = format!("veh_{vehicle}");
        let value = format!(
            r#"{{"event_id":"e-{vehicle}-{round}","vehicle_id":"{key}","driver_id":"drv_{vehicle}","trip_id":"{trip}","timestamp":"{time}","lat":{lat:.6},"lon":{lon:.6},"speed_kmph":{speed},"heading":0.0,"sat_count":9,"battery_v":12.6,"ignition":{ignition}}}"#
        );
        lane.send(0, key.as_bytes(), value.as_bytes(), at_ms)?;
    }
    Ok(())
}
