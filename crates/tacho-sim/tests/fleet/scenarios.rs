use crate::common::{Keep, START, Sent, simulate};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex, atomic::AtomicBool},
};
use tacho_model::{EventTime, Stream};
use tacho_sim::{
    CountingSink, Fleet, Pace, RunOptions, Scenario, SimConfig, SystemTimer, TruthBody, TruthRecord, TruthWriter, run,
};

fn config(scenario: Scenario) -> SimConfig {
    let own = scenario.defaults().unwrap();
    SimConfig {
        scenario,
        start: START,
        duration: own.duration,
        num_vehicles: own.num_vehicles,
        telemetry_rate_hz: own.telemetry_rate_hz,
        ..SimConfig::default()
    }
}

fn scenarios() -> impl Iterator<Item = Scenario> {
    Scenario::ALL.iter().copied().filter(|scenario| scenario.defaults().is_some())
}

/// Messages by key, in the order of sending.
fn by_key(config: &SimConfig, slices: usize, step_ms: i64) -> BTreeMap<String, Vec<Sent>> {
    let mut keep = Keep::default();
    for mut slice in Fleet::new(config.clone()).unwrap().split(slices) {
        slice.set_up(&mut keep).unwrap();
        let mut at = config.start;
        while at < config.end() {
            at = EventTime(at.ms() + step_ms);
            slice.advance_to(at, &mut keep).unwrap();
        }
    }
    let mut keyed: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for message in keep.0 {
        keyed.entry(message.key.clone()).or_default().push(message);
    }
    keyed
}

#[test]
fn a_scenario_gives_the_same_bytes_in_any_number_of_slices_and_steps_also_with_faults() {
    for faults in ["", "noise=5m,reorder=2%,duplicate=1%,late=1%,corrupt=1%"] {
        let config = SimConfig { faults: faults.parse().unwrap(), ..config(Scenario::IncidentDay) };
        let whole = by_key(&config, 1, 20_000_000);
        assert!(whole == by_key(&config, 5, 61_000), "{faults}");
        assert!(whole != by_key(&SimConfig { seed: 2, ..config }, 1, 20_000_000));
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn truth_lines_of_every_scenario_are_valid_and_all_over_at_its_end() {
    let schema: Value = serde_json::from_str(include_str!("../../../../schemas/truth.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for scenario in scenarios() {
        let faults = "noise=5m,reorder=2%,duplicate=1%,late=1%,corrupt=1%".parse().unwrap();
        let fleet = Fleet::new(SimConfig { faults, ..config(scenario) }).unwrap();
        let (stop, timer, file) = (AtomicBool::new(false), SystemTimer::start(), Shared::default());
        let truth = Some(TruthWriter::new(Box::new(file.clone())));
        let options = RunOptions { threads: 2, pace: Pace::Max, truth, ..RunOptions::new(&stop, &timer) };
        let summary = run(&fleet, options, |_| Ok(CountingSink::default())).unwrap();
        assert_eq!(summary.sent, summary.delivery.acknowledged);
        let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{line}: {errors:?}");
            let has_no_end = value["kind"] == "fault" || value["type"] == "sos" || value["type"] == "driving_time";
            assert_eq!(value["end"].is_null(), has_no_end, "{line}");
        }
    }
}

fn episodes<'a>(truth: &'a [TruthRecord], vehicle: &'a str, wanted: &'a [&'a str]) -> Vec<&'a TruthRecord> {
    let is_wanted = |record: &&TruthRecord| match &record.body {
        TruthBody::Episode { type_name, .. } => &*record.vehicle_id == vehicle && wanted.contains(type_name),
        _ => false,
    };
    truth.iter().filter(is_wanted).collect()
}

/// True if `at` is within 4 s of one of the records.
fn is_told(records: &[&TruthRecord], at: EventTime) -> bool {
    let start_at = |record: &TruthRecord| record.start.plus_ms(-4_000);
    records.iter().any(|record| start_at(record) <= at && at <= record.end.unwrap_or(record.start).plus_ms(4_000))
}

struct Fix {
    at: EventTime,
    json: Value,
}

impl Fix {
    fn number(&self, name: &str) -> f64 {
        self.json[name].as_f64().unwrap_or(f64::NAN)
    }
}

fn fixes_of(sent: &[Sent]) -> BTreeMap<String, Vec<Fix>> {
    let mut fixes: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
    for message in sent.iter().filter(|message| message.stream == Stream::Telemetry) {
        fixes.entry(message.key.clone()).or_default().push(Fix { at: message.at, json: message.json() });
    }
    fixes
}

/// The margins of docs/scenarios.md: what is not told stays clearly on the quiet side.
fn check_margins(scenario: Scenario, truth: &[TruthRecord], vehicle: &str, fixes: &[Fix]) {
    let harsh = episodes(truth, vehicle, &["harsh_brake", "harsh_accel", "crash", "possible_crash"]);
    let corner = episodes(truth, vehicle, &["harsh_corner"]);
    let over = episodes(truth, vehicle, &["overspeed"]);
    let idling = episodes(truth, vehicle, &["idling"]);
    let mut still_since: Option<EventTime> = None;
    for pair in fixes.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let dt = after.at.ms_since(before.at) as f64 / 1_000.0;
        assert!(dt > 0.0, "{scenario:?} {vehicle}: fixes in order");
        let (v0, v1) = (before.number("speed_kmph") / 3.6, after.number("speed_kmph") / 3.6);
        if dt <= 3.0 {
            let accel = (v1 - v0) / dt;
            assert!(accel.abs() < 2.1 || is_told(&harsh, after.at), "{scenario:?} {vehicle} {accel}: {}", after.json);
            let turn = (after.number("heading") - before.number("heading") + 540.0).rem_euclid(360.0) - 180.0;
            let lateral = v0.min(v1) * turn.to_radians().abs() / dt;
            let is_fast = v0.min(v1) >= 30.0 / 3.6;
            assert!(!is_fast || lateral < 1.8 || is_told(&corner, after.at), "{scenario:?} {vehicle} {lateral}");
        }
        let limit = if after.number("speed_limit_kmph").is_nan() { 80.0 } else { after.number("speed_limit_kmph") };
        let is_fast = after.number("speed_kmph") > limit - 3.0;
        assert!(
            !is_fast || is_told(&over, after.at) || is_told(&harsh, after.at),
            "{scenario:?} {vehicle}: {}",
            after.json
        );
        let idles = after.json["ignition"] == true && after.number("speed_kmph") <= 5.0;
        still_since = if idles { still_since.or(Some(after.at)) } else { None };
        let still_s = still_since.map_or(0.0, |since| after.at.ms_since(since) as f64 / 1_000.0);
        assert!(still_s < 170.0 || is_told(&idling, after.at), "{scenario:?} {vehicle} stands for {still_s} s");
    }
}

#[test]
fn what_a_scenario_does_not_tell_stays_clearly_under_every_threshold() {
    for (scenario, seed) in scenarios().flat_map(|scenario| [(scenario, 1), (scenario, 77)]) {
        let run = simulate(SimConfig { seed, ..config(scenario) });
        for (vehicle, fixes) in &fixes_of(&run.sent) {
            check_margins(scenario, &run.truth, vehicle, fixes);
        }
        for record in &run.truth {
            if let TruthBody::Episode { type_name, value, threshold, .. } = &record.body {
                let ratio = value / threshold;
                let is_clear = value.is_nan() || ratio >= 1.08 || ratio <= 0.96;
                assert!(is_clear, "{scenario:?} {type_name}: {value} against {threshold}");
            }
        }
    }
}

/// Plans are sent again when the dispatcher changes his mind, before the vehicle leaves the stop where it stands.
#[test]
fn rounds_have_plans_that_change_on_the_way() {
    let run = simulate(config(Scenario::CityDelivery));
    let events: Vec<Value> =
        run.sent.iter().filter(|sent| sent.stream == Stream::TripEvents).map(|sent| sent.json()).collect();
    let stops_of = |event: &Value| -> Vec<String> {
        let stops = event["stops"].as_array().into_iter().flatten();
        stops.map(|stop| stop["stop_id"].as_str().unwrap().to_owned()).collect()
    };
    let (mut added, mut removed, mut reordered, mut moved) = (0, 0, 0, 0);
    for update in events.iter().filter(|event| event["event_type"] == "plan_update") {
        let is_start = |event: &&Value| event["event_type"] == "trip_start" && event["trip_id"] == update["trip_id"];
        let start = events.iter().find(is_start).unwrap();
        let (before, after) = (stops_of(start), stops_of(update));
        let kept: Vec<&String> = before.iter().filter(|stop| after.contains(stop)).collect();
        let has_same_windows = update["stops"].as_array().unwrap().iter().all(|stop| {
            let same = start["stops"].as_array().unwrap().iter().find(|other| other["stop_id"] == stop["stop_id"]);
            same.is_none_or(|other| other["window_end"] == stop["window_end"])
        });
        added += usize::from(after.iter().any(|stop| !before.contains(stop)));
        removed += usize::from(before.len() > after.len() + 3);
        reordered += usize::from(kept != after.iter().filter(|stop| before.contains(stop)).collect::<Vec<_>>());
        moved += usize::from(!has_same_windows);
    }
    assert_eq!((added, removed, reordered, moved), (4, 4, 4, 4));
}

#[test]
fn the_scenarios_contain_every_type_together() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |name: &str| *seen.entry(name.to_owned()).or_default() += 1;
    for scenario in scenarios() {
        for record in simulate(config(scenario)).truth {
            match &record.body {
                TruthBody::Episode { type_name, .. }
                | TruthBody::Event { type_name, .. }
                | TruthBody::Anomaly { type_name, .. } => add(type_name),
                TruthBody::Stop(stop) => {
                    add(stop.punctuality);
                    add(stop.outcome);
                    add(if stop.is_out_of_order { "out of order" } else { "in order" });
                    add(if stop.planned_arrival.is_some() { "planned arrival" } else { "only a window" });
                }
                TruthBody::Trip { is_declared, .. } => add(if *is_declared { "declared" } else { "detected" }),
                _ => {}
            }
        }
    }
    for wanted in [
        "overspeed",
        "harsh_brake",
        "harsh_accel",
        "harsh_corner",
        "idling",
        "sos",
        "crash",
        "possible_crash",
        "vehicle_offline",
        "route_deviation",
        "geofence_enter",
        "geofence_exit",
        "geofence_violation",
        "engine_overheat",
        "low_battery",
        "low_fuel",
        "fuel_theft",
        "fault_code",
        "maintenance_due",
        "break_violation",
        "driving_time",
        "eta_breach",
        "asset_downtime",
        "refuel",
        "maintenance",
        "driver_change",
        "store_and_forward",
        "early",
        "on_time",
        "late",
        "skipped",
        "removed",
        "out of order",
        "only a window",
        "delivered",
        "partial",
        "refused",
        "failed",
        "declared",
        "detected",
        "overlapping_trips",
        "driver_on_two_vehicles",
        "moved_between_trips",
        "start_without_end",
    ] {
        assert!(seen.get(wanted).is_some_and(|count| *count > 0), "{wanted} is missing: {seen:?}");
    }
}
