//! A small fleet's messages: every fix once, some twice, some wrong, with trips, logins and statuses beside.

use super::fake_log::FakeLog;
use tacho_model::{LatLon, Stream};

/// First event, 2026-01-15T12:00:00Z in ms.
pub(super) const T0: i64 = 1_768_478_400_000;

/// How much of what.
#[derive(Debug, Clone)]
pub(super) struct FleetPlan {
    pub vehicles: usize,
    /// One fix each.
    pub seconds: std::ops::Range<i64>,
}

/// Puts the messages of these seconds into the log; the same plan always gives the same messages.
pub(super) fn produce(log: &FakeLog, plan: &FleetPlan) {
    for second in plan.seconds.clone() {
        for number in 0..plan.vehicles {
            produce_second(log, number, second);
        }
        if second % 10 == 3 {
            log.produce(Stream::Telemetry, "x", &format!("{{\"vehicle_id\":\"veh_x\",\"second\":{second}}}"));
            log.produce(Stream::TripEvents, "x", "not json");
        }
    }
}

fn produce_second(log: &FakeLog, number: usize, second: i64) {
    let vehicle = format!("veh_{}", 1_000 + number);
    let at = T0 + second * 1_000;
    if second == 0 {
        let login = format!(
            r#"{{"event_type":"driver_login","driver_id":"drv_{number}","vehicle_id":"{vehicle}","timestamp":{at}}}"#
        );
        log.produce(Stream::DriverEvents, &vehicle, &login);
    }
    if second % 30 == 5 {
        let status = format!(
            r#"{{"event_type":"vehicle_status","vehicle_id":"{vehicle}","timestamp":{at},"fuel_pct":50,"engine_temp_c":80,"odometer_km":1000,"fault_codes":[]}}"#
        );
        log.produce(Stream::VehicleStatus, &vehicle, &status);
    }
    let fix = telemetry(&vehicle, number, second);
    log.produce(Stream::Telemetry, &vehicle, &fix);
    if (second + number as i64) % 13 == 0 {
        log.produce(Stream::Telemetry, &vehicle, &fix);
    }
}

/// Drives north with a varying speed, brakes hard now and then.
pub(super) fn telemetry(vehicle: &str, number: usize, second: i64) -> String {
    let speed = match second % 40 {
        0..5 => 0.0,
        5..30 => 20.0 + 3.0 * ((second % 40) - 5) as f64,
        _ => 40.0,
    };
    let distance_m: f64 = 12.0 * second as f64;
    let start = LatLon { lat: 12.9, lon: 77.5 + number as f64 * 0.01 };
    let LatLon { lat, lon } = start.destination(0.0, distance_m);
    format!(
        r#"{{"event_id":"{vehicle}-{second}","vehicle_id":"{vehicle}","driver_id":"drv_{number}","trip_id":"trip_{vehicle}","timestamp":{},"lat":{lat:.7},"lon":{lon:.7},"speed_kmph":{speed},"heading":0,"sat_count":9,"battery_v":12.5}}"#,
        T0 + second * 1_000
    )
}
