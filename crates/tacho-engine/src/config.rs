//! Thresholds, with the defaults of the product's contract.

use crate::driver::{HoursProfile, ScoreFormula};
use tacho_model::{AlertType, VehicleClass};

/// Harsh-event thresholds of a vehicle class, m/s2.
///
/// The middle of what vendors publish for GPS at 1 Hz (GPS Insight 3.5-3.7, Reveal 2.2-4.0, Digital Matter 4.4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassThresholds {
    /// Braking.
    pub brake_ms2: f32,
    /// Acceleration.
    pub accel_ms2: f32,
    /// Cornering.
    pub corner_ms2: f32,
}

/// All thresholds of the engine. Times in milliseconds, speeds in km/h, distances in metres.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineConfig {
    /// At or under this speed a vehicle stands.
    pub still_kmph: f32,
    /// Over this implied speed a leg is impossible.
    pub jump_kmph: f64,
    /// Radius of a parked vehicle's jitter.
    pub parked_radius_m: f64,
    /// Distance from where it parked at which a detected trip starts.
    pub trip_start_m: f64,
    /// Radius of standing still, for the end of a detected trip.
    pub trip_end_m: f64,
    /// Ignition off for this long ends a detected trip.
    pub trip_end_ignition_off_ms: i64,
    /// Standing this long with an unknown engine ends it.
    pub trip_end_still_ms: i64,
    /// Standing this long with the engine on ends it.
    pub trip_end_engine_on_ms: i64,
    /// A gap of more than this (and 3 usual intervals), after which the vehicle is where it was, ends it.
    pub trip_gap_still_ms: i64,
    /// A longer gap ends it wherever the vehicle is; silence of this length on fleet time times a trip out.
    pub trip_gap_long_ms: i64,
    /// Shorter detected trips are dropped.
    pub trip_min_m: f64,
    /// Briefer detected trips are dropped.
    pub trip_min_ms: i64,
    /// An open trip's facts come at most this often.
    pub trip_update_ms: i64,
    /// A gap between fixes that counts as unmeasured.
    pub coverage_gap_ms: i64,
    /// An idle phase of at least this length counts.
    pub idle_phase_ms: i64,
    /// Length of the tumbling summary.
    pub summary_ms: i64,
    /// How long a closed window takes corrections.
    pub allowed_lateness_ms: i64,
    /// Length of the hop window of live trip metrics.
    pub metrics_window_ms: i64,
    /// Slide of that window.
    pub metrics_slide_ms: i64,
    /// Limit where none is known.
    pub default_limit_kmph: f32,
    /// Tolerance over a known limit.
    pub limit_tolerance_kmph: f32,
    /// Time over the limit before an alert.
    pub overspeed_min_ms: i64,
    /// Harsh-event thresholds by class.
    pub harsh: [ClassThresholds; 3],
    /// A harsh event ends under this share of its threshold.
    pub harsh_release: f32,
    /// Speed from which braking and acceleration count (Teltonika's gate).
    pub harsh_min_kmph: f32,
    /// Speed from which cornering counts.
    pub corner_min_kmph: f32,
    /// Shortest span of a speed difference.
    pub harsh_span_min_ms: i64,
    /// Longest span of a speed difference.
    pub harsh_span_max_ms: i64,
    /// Idling of this length raises an alert.
    pub idling_min_ms: i64,
    /// Idling of this length is worse.
    pub idling_long_ms: i64,
    /// A stop inside a trip with an unknown engine counts as idling, without alert or score.
    pub idling_without_ignition: bool,
    /// Total acceleration of an impact, g (Geotab's rule for a major collision: 2.5 g).
    pub crash_g: f32,
    /// Speed from which an impact counts.
    pub crash_min_kmph: f32,
    /// An impact is a crash if the vehicle is at or under this speed soon after it, and stays so.
    pub crash_still_kmph: f32,
    /// How soon after the impact.
    pub crash_stop_ms: i64,
    /// And for how long.
    pub crash_held_ms: i64,
    /// Loss of speed that may be a crash, from GPS alone.
    pub possible_crash_drop_kmph: f32,
    /// Within this time.
    pub possible_crash_span_ms: i64,
    /// At or under this speed afterwards.
    pub possible_crash_still_kmph: f32,
    /// Coolant over this is too hot, degrees Celsius (Geotab's feed reports above 107).
    pub overheat_c: f32,
    /// The window in which one such reading counts.
    pub overheat_window_ms: i64,
    /// Battery under this share of the nominal voltage is low: 11.8 V of 12, 23.6 V of 24.
    pub battery_low_ratio: f32,
    /// With the engine off for this long.
    pub battery_low_ms: i64,
    /// Tank level under which fuel is low, %.
    pub fuel_low_pct: f32,
    /// A tank that loses this much more than expected while parked was drained, %.
    pub fuel_theft_pct: f32,
    /// A tank that gains this much while the vehicle stands was filled, %.
    pub refuel_pct: f32,
    /// Standing for this long is a stay, in which levels are compared.
    pub fuel_stay_ms: i64,
    /// A level that has not moved for this long has settled.
    pub fuel_settled_ms: i64,
    /// Use of fuel while idling, litres per hour.
    pub idle_litres_per_h: f32,
    /// The same in % of a tank of unknown size.
    pub idle_pct_per_h: f32,
    /// Fault codes that put a vehicle out of use.
    pub critical_faults: Vec<String>,
    /// Offline while in use, or down, for longer than this is downtime of an asset.
    pub downtime_ms: i64,
    /// A closed episode reopens within this time.
    pub merge_gap_ms: i64,
    /// A lasting alert is updated at most this often.
    pub alert_update_ms: i64,
    /// Inside (or outside) a geofence for this long counts.
    pub geofence_dwell_ms: i64,
    /// Outside by this much counts as outside, metres; by the fix's accuracy, if that is more.
    pub geofence_buffer_m: f64,
    /// And by no more than this, however bad the accuracy, metres.
    pub geofence_buffer_max_m: f64,
    /// A stay of this length in a geofence is told while it lasts.
    pub geofence_stay_ms: i64,
    /// An alert raised later than this after its event is stale; never an SOS or a crash.
    pub stale_after_ms: i64,
    /// The same for some types.
    pub stale_after_by_type_ms: Vec<(AlertType, i64)>,
    /// Silence on a trip or with the engine on after which a vehicle is offline.
    pub offline_after_ms: i64,
    /// The same for a parked one.
    pub parked_silence_max_ms: i64,
    /// How long a silent vehicle's side events, held rows and windows wait, on fleet time.
    pub silence_hold_ms: i64,
    /// How long a suspected outlier waits for its neighbour, on fleet time.
    pub outlier_hold_ms: i64,
    /// Duplicates are known for this long.
    pub duplicate_memory_ms: i64,
    /// And over this many fixes.
    pub duplicate_memory_fixes: usize,
    /// A marked day is due for a recompute when nothing late has come for this long, on fleet time,
    pub recompute_settle_ms: i64,
    /// or when it has waited for this long, once its trip is over.
    pub recompute_wait_ms: i64,
    /// A silent vehicle's open trip holds its marked day up for this long.
    pub recompute_patience_ms: i64,
    /// Window of the penalty.
    pub penalty_window_ms: i64,
    /// Penalty windows take corrections for this long.
    pub penalty_lateness_ms: i64,
    /// What a driver's score weighs.
    pub score: ScoreFormula,
    /// Hours-of-service profile of drivers for whom none is declared; none: they are not judged.
    pub hours_profile: Option<HoursProfile>,
    /// A shorter declared break is a violation.
    pub break_min_ms: i64,
    /// Radius of a planned stop.
    pub stop_radius_m: f64,
    /// Inside for this long is an arrival, outside for this long a departure.
    pub stop_dwell_ms: i64,
    /// Farther than this from the planned line is out of the route.
    pub route_corridor_m: f64,
    /// Out of the route for this long is an alert.
    pub route_deviation_ms: i64,
    /// Arrivals are predicted at most this often.
    pub eta_interval_ms: i64,
    /// A predicted arrival that is later than promised by more than this is an alert.
    pub eta_breach_ms: i64,
    /// Window of utilization.
    pub utilization_window_ms: i64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let class = |brake_ms2, accel_ms2, corner_ms2| ClassThresholds { brake_ms2, accel_ms2, corner_ms2 };
        Self {
            still_kmph: 5.0,
            jump_kmph: 300.0,
            parked_radius_m: 30.0,
            trip_start_m: 200.0,
            trip_end_m: 200.0,
            trip_end_ignition_off_ms: 60_000,
            trip_end_still_ms: 300_000,
            trip_end_engine_on_ms: 1_800_000,
            trip_gap_still_ms: 120_000,
            trip_gap_long_ms: 3_600_000,
            trip_min_m: 200.0,
            trip_min_ms: 60_000,
            trip_update_ms: 5_000,
            coverage_gap_ms: 60_000,
            idle_phase_ms: 60_000,
            summary_ms: 20_000,
            allowed_lateness_ms: 60_000,
            metrics_window_ms: 60_000,
            metrics_slide_ms: 10_000,
            default_limit_kmph: 80.0,
            limit_tolerance_kmph: 3.0,
            overspeed_min_ms: 5_000,
            harsh: [class(3.9, 3.4, 3.9), class(3.5, 3.2, 3.5), class(2.9, 2.6, 2.9)],
            harsh_release: 0.83,
            harsh_min_kmph: 10.0,
            corner_min_kmph: 30.0,
            harsh_span_min_ms: 500,
            harsh_span_max_ms: 3_000,
            idling_min_ms: 300_000,
            idling_long_ms: 900_000,
            idling_without_ignition: false,
            crash_g: 2.5,
            crash_min_kmph: 15.0,
            crash_still_kmph: 5.0,
            crash_stop_ms: 10_000,
            crash_held_ms: 60_000,
            possible_crash_drop_kmph: 40.0,
            possible_crash_span_ms: 1_500,
            possible_crash_still_kmph: 3.0,
            overheat_c: 105.0,
            overheat_window_ms: 60_000,
            battery_low_ratio: 11.8 / 12.0,
            battery_low_ms: 300_000,
            fuel_low_pct: 10.0,
            fuel_theft_pct: 8.0,
            refuel_pct: 8.0,
            fuel_stay_ms: 120_000,
            fuel_settled_ms: 300_000,
            idle_litres_per_h: 2.0,
            idle_pct_per_h: 3.0,
            critical_faults: ["P0217", "P0218", "P0524"].map(str::to_owned).to_vec(),
            downtime_ms: 86_400_000,
            merge_gap_ms: 5_000,
            alert_update_ms: 5_000,
            geofence_dwell_ms: 10_000,
            geofence_buffer_m: 20.0,
            geofence_buffer_max_m: 500.0,
            geofence_stay_ms: 300_000,
            stale_after_ms: 600_000,
            stale_after_by_type_ms: Vec::new(),
            offline_after_ms: 600_000,
            parked_silence_max_ms: 86_400_000,
            silence_hold_ms: 5_000,
            outlier_hold_ms: 60_000,
            duplicate_memory_ms: 600_000,
            duplicate_memory_fixes: 1_000,
            recompute_settle_ms: 300_000,
            recompute_wait_ms: 3_600_000,
            recompute_patience_ms: 86_400_000,
            penalty_window_ms: 15_000,
            penalty_lateness_ms: 3_600_000,
            score: ScoreFormula::default(),
            hours_profile: Some(HoursProfile::Eu561),
            break_min_ms: 900_000,
            stop_radius_m: 75.0,
            stop_dwell_ms: 30_000,
            route_corridor_m: 200.0,
            route_deviation_ms: 60_000,
            eta_interval_ms: 30_000,
            eta_breach_ms: 600_000,
            utilization_window_ms: 5_000,
        }
    }
}

impl EngineConfig {
    /// How long after its event an alert of that type is still worth paging somebody, ms; none: always.
    pub fn stale_after_of(&self, alert_type: AlertType) -> Option<i64> {
        if matches!(alert_type, AlertType::Sos | AlertType::Crash) {
            return None;
        }
        let own = self.stale_after_by_type_ms.iter().find(|(of, _)| *of == alert_type);
        Some(own.map_or(self.stale_after_ms, |(_, ms)| *ms))
    }

    /// Harsh-event thresholds of a class.
    pub fn harsh_of(&self, class: VehicleClass) -> ClassThresholds {
        self.harsh[class as usize]
    }
}
