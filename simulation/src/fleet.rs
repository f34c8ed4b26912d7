//! What a small fleet sends: fixes, some twice and some wrong, trips, logins and statuses beside.

use crate::dice::Dice;
use tacho_model::{LatLon, Stream};

/// First event, 2026-01-15T12:00:00Z in ms.
pub(crate) const T0: i64 = 1_768_478_400_000;
/// Length of the story.
pub(crate) const SECONDS: i64 = 90;

/// Partitions of the topic of telemetry.
pub(crate) const TELEMETRY_PARTITIONS: i32 = 3;

/// A message on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) stream: Stream,
    pub(crate) partition: i32,
    pub(crate) value: String,
}

/// Everything that the fleet sends, in the order in which it arrives. The story follows from `plot` alone; with `dice`
/// fixes come twice, and what comes by different partitions overtakes each other.
pub(crate) fn messages(plot: u64, mut dice: Option<&mut Dice>) -> Vec<Message> {
    let mut story = Dice::new(plot, "story");
    let vehicles = story.below(2..6);
    let mut messages = Vec::new();
    for second in 0..SECONDS {
        let mut of_second = Vec::new();
        for vehicle in 0..vehicles {
            push_second(vehicle, second, story.below(0..1_000), &mut of_second);
        }
        if second % 10 == 3 {
            push(Stream::Telemetry, "x", format!("{{\"vehicle_id\":\"veh_x\",\"second\":{second}}}"), &mut of_second);
            push(Stream::TripEvents, "x", format!("not json {second}"), &mut of_second);
        }
        if let Some(dice) = &mut dice {
            disturb(&mut of_second, dice);
        }
        messages.extend(of_second);
    }
    messages
}

/// Doubles fixes, and shuffles without changing the order within a partition.
fn disturb(messages: &mut Vec<Message>, dice: &mut Dice) {
    for at in (0..messages.len()).rev() {
        let is_fix = messages[at].stream == Stream::Telemetry && messages[at].value.contains("event_id");
        if is_fix && dice.once_in(8) {
            messages.insert(at + 1, messages[at].clone());
        }
    }
    for _ in 0..messages.len() {
        let at = dice.below(0..messages.len() as u64) as usize;
        if let [left, right] = &messages[at.saturating_sub(1)..=at]
            && (left.stream, left.partition) != (right.stream, right.partition)
        {
            messages.swap(at - 1, at);
        }
    }
}

fn push(stream: Stream, key: &str, value: String, to: &mut Vec<Message>) {
    let count = if stream == Stream::Telemetry { TELEMETRY_PARTITIONS } else { 1 };
    let partition = tacho_model::java_hash(key).rem_euclid(count);
    to.push(Message { stream, partition, value });
}

fn push_second(number: u64, second: i64, noise: u64, to: &mut Vec<Message>) {
    let vehicle = format!("veh_{}", 1_000 + number);
    let at = T0 + second * 1_000;
    if second == 0 {
        let login = format!(
            r#"{{"event_type":"driver_login","driver_id":"drv_{number}","vehicle_id":"{vehicle}","timestamp":{at}}}"#
        );
        push(Stream::DriverEvents, &vehicle, login, to);
    }
    if second % 30 == 5 {
        let status = format!(
            r#"{{"event_type":"vehicle_status","vehicle_id":"{vehicle}","timestamp":{at},"fuel_pct":50,"engine_temp_c":80,"odometer_km":1000,"fault_codes":[]}}"#
        );
        push(Stream::VehicleStatus, &vehicle, status, to);
    }
    let speed = match (second + number as i64 * 7) % 40 {
        0..5 => 0.0,
        phase @ 5..30 => 20.0 + 3.0 * (phase - 5) as f64,
        _ => 40.0 + noise as f64 / 100.0,
    };
    let start = LatLon { lat: 12.9, lon: 77.5 + number as f64 * 0.01 };
    let LatLon { lat, lon } = start.destination(0.0, 12.0 * second as f64);
    let fix = format!(
        r#"{{"event_id":"{vehicle}-{second}","vehicle_id":"{vehicle}","driver_id":"drv_{number}","trip_id":"trip_{vehicle}","timestamp":{at},"lat":{lat:.7},"lon":{lon:.7},"speed_kmph":{speed},"heading":0,"sat_count":9,"battery_v":12.5}}"#
    );
    push(Stream::Telemetry, &vehicle, fix, to);
}
