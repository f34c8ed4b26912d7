//! Crashes that nobody reports: an impact, and then a vehicle that stands and stays.
//!
//! By acceleration: at least 2.5 g (Geotab's major collision) at 15 km/h or more, then at most 5 km/h within 10 s and
//! for 60 s. By GPS alone only *perhaps*: at least 40 km/h lost within 1.5 s, then at most 3 km/h. No vendor publishes
//! how long a vehicle must stand; fixes have to show it, silence does not. Where the fix between is missing (up to 3 s),
//! the way shows how quick the loss was.

use super::{
    alerts::{Begin, Episode},
    emergencies::{self, Call},
    fix::{Fix, LastFix},
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// Up to here the fix before an impact tells its speed, ms; of a device that reports less often, for one and a half of its
/// usual intervals, up to `SPARSE_MEMORY_MS`.
const SPEED_MEMORY_MS: i64 = 3_000;
const SPARSE_MEMORY_MS: i64 = 15_000;
/// A way may be so much longer or shorter than at constant speed, s of driving.
const ROUNDING_S: f64 = 0.25;
/// A possible crash this close to a crash is the same one, ms.
const SAME_MS: i64 = 120_000;

/// An impact that waits for its stillness.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Impact {
    at: EventTime,
    position: LatLon,
    /// From acceleration; else from GPS alone.
    is_measured: bool,
    /// g, or km/h lost.
    peak: f32,
    still_since: Option<EventTime>,
}

/// Takes a fix in order, before it is the vehicle's last one.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let is_hit = fix.accel_g >= config.crash_g;
    let Some(last) = &vehicle.last else { return };
    let since_last_ms = fix.at.ms_since(last.at);
    // Between fixes of less than a second the loss spreads over several of them.
    let is_dense = vehicle.interval_ms < 750.0;
    let before_kmph = if is_dense && since_last_ms <= config.possible_crash_span_ms {
        vehicle.harsh.fastest_since(fix.at.plus_ms(-config.possible_crash_span_ms)).max(last.speed_kmph)
    } else {
        last.speed_kmph
    };
    let drop_kmph = before_kmph - fix.speed_kmph;
    let is_drop = drop_kmph >= config.possible_crash_drop_kmph
        && (since_last_ms <= config.possible_crash_span_ms
            || longest_drop_ms(last, fix).is_some_and(|ms| ms <= config.possible_crash_span_ms as f64));
    if !is_hit && !is_drop && vehicle.impact.is_none() {
        return;
    }
    let memory_ms = ((vehicle.interval_ms * 1.5) as i64).clamp(SPEED_MEMORY_MS, SPARSE_MEMORY_MS);
    let speed_kmph = if since_last_ms <= memory_ms { last.speed_kmph.max(fix.speed_kmph) } else { fix.speed_kmph };
    let begins = Impact { at: fix.at, position: fix.position, is_measured: false, peak: drop_kmph, still_since: None };
    let is_measured_now = vehicle.impact.as_ref().is_some_and(|impact| impact.is_measured);
    if is_hit && speed_kmph >= config.crash_min_kmph && !is_measured_now {
        vehicle.impact = Some(Box::new(Impact { is_measured: true, peak: fix.accel_g, ..begins }));
    } else if is_drop && vehicle.impact.is_none() {
        vehicle.impact = Some(Box::new(Impact { at: last.at, position: last.position, ..begins }));
    }
    judge(vehicle, fix, ctx);
}

/// How long the loss of speed took at most, ms, where a fix between is missing; none where too much is. The way tells:
/// from `v0` to `v1` within `d` after `s` at `v0`, it is `v1 T + (v0 - v1)(s + d / 2)` with `s >= 0` and `s + d <= T`.
/// Who brakes over the whole gap comes half as far as who does not; who is stopped at its beginning or its end does not.
fn longest_drop_ms(last: &LastFix, fix: &Fix<'_>) -> Option<f64> {
    let gap_ms = fix.at.ms_since(last.at);
    if gap_ms > SPEED_MEMORY_MS {
        return None;
    }
    let (gap_s, v0, v1) = (gap_ms as f64 / 1_000.0, f64::from(last.speed_kmph) / 3.6, f64::from(fix.speed_kmph) / 3.6);
    let middle_s = (last.position.distance_m(fix.position) - v1 * gap_s) / (v0 - v1);
    let longest_s = 2.0 * middle_s.min(gap_s - middle_s).max(0.0);
    // A way that no braking explains proves nothing: a jump of the position.
    (-ROUNDING_S..=gap_s + ROUNDING_S).contains(&middle_s).then_some(longest_s * 1_000.0)
}

/// Whether the vehicle has come to stand soon enough, and stays.
fn judge(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let Some(impact) = &mut vehicle.impact else { return };
    if impact.is_measured && fix.accel_g > impact.peak {
        impact.peak = fix.accel_g;
    }
    let still_kmph = if impact.is_measured { config.crash_still_kmph } else { config.possible_crash_still_kmph };
    let is_soon = fix.at.ms_since(impact.at) <= config.crash_stop_ms;
    match impact.still_since {
        _ if fix.speed_kmph > still_kmph => {
            if impact.still_since.is_some() || !is_soon {
                vehicle.impact = None;
            }
        }
        None if is_soon => impact.still_since = Some(fix.at),
        None => vehicle.impact = None,
        Some(since) if fix.at.ms_since(since) >= config.crash_held_ms => {
            let impact = **impact;
            vehicle.impact = None;
            confirm(vehicle, fix, &impact, ctx);
        }
        Some(_) => {}
    }
}

/// The vehicle has stood for long enough. One alert per crash: what a device or a person has said of it stands.
fn confirm(vehicle: &mut Vehicle, fix: &Fix<'_>, impact: &Impact, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let lasting = vehicle.emergencies.as_deref();
    let is_same = |episode: &Episode| impact.at.ms_since(episode.started_at).abs() <= SAME_MS;
    let crash = lasting.and_then(|emergencies| emergencies.crash.as_deref());
    if crash.is_some_and(is_same) || emergencies::has_seen(vehicle, Call::Crash, impact.at) {
        return;
    }
    let (alert_type, severity, threshold) = if impact.is_measured {
        (AlertType::Crash, 5, config.crash_g)
    } else {
        (AlertType::PossibleCrash, 4, config.possible_crash_drop_kmph)
    };
    let slot_is_free = match alert_type {
        AlertType::Crash => crash.is_none(),
        _ => lasting.is_none_or(|emergencies| emergencies.possible_crash.is_none()),
    };
    if !slot_is_free {
        return;
    }
    let begin = Begin {
        alert_type,
        started_at: impact.at,
        position: impact.position,
        severity,
        value: f64::from(impact.peak),
        threshold: f64::from(threshold),
        limit_source: LimitSource::None,
        interval_ms: vehicle.interval_ms as i64,
    };
    let episode = Some(Box::new(Episode::raise(vehicle, fix, begin, ctx)));
    let emergencies = vehicle.emergencies.get_or_insert_default();
    match alert_type {
        AlertType::Crash => emergencies.crash = episode,
        _ => emergencies.possible_crash = episode,
    }
}
