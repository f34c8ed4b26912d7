//! Crashes that nobody reports: an impact, and then a vehicle that stands and stays.
//!
//! By acceleration: at least 2.5 g (Geotab's major collision) at 15 km/h or more, then at most 5 km/h within 10 s and
//! for 60 s. By GPS alone only *perhaps*: at least 40 km/h lost within 1.5 s, then at most 3 km/h. No vendor publishes
//! how long a vehicle must stand; fixes have to show it, silence does not.

use super::{
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// Up to here the fix before an impact tells its speed, ms.
const SPEED_MEMORY_MS: i64 = 3_000;
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
    let is_drop = drop_kmph >= config.possible_crash_drop_kmph && since_last_ms <= config.possible_crash_span_ms;
    if !is_hit && !is_drop && vehicle.impact.is_none() {
        return;
    }
    let speed_kmph =
        if since_last_ms <= SPEED_MEMORY_MS { last.speed_kmph.max(fix.speed_kmph) } else { fix.speed_kmph };
    let begins = Impact { at: fix.at, position: fix.position, is_measured: false, peak: drop_kmph, still_since: None };
    let is_measured_now = vehicle.impact.as_ref().is_some_and(|impact| impact.is_measured);
    if is_hit && speed_kmph >= config.crash_min_kmph && !is_measured_now {
        vehicle.impact = Some(Box::new(Impact { is_measured: true, peak: fix.accel_g, ..begins }));
    } else if is_drop && vehicle.impact.is_none() {
        vehicle.impact = Some(Box::new(Impact { at: last.at, position: last.position, ..begins }));
    }
    judge(vehicle, fix, ctx);
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
    let emergencies = &vehicle.emergencies;
    let is_same = |episode: &Episode| impact.at.ms_since(episode.started_at).abs() <= SAME_MS;
    let is_known = emergencies.crash.as_deref().is_some_and(is_same);
    if is_known || emergencies.has_seen(impact.at) {
        return;
    }
    let (alert_type, severity, threshold) = if impact.is_measured {
        (AlertType::Crash, 5, config.crash_g)
    } else {
        (AlertType::PossibleCrash, 4, config.possible_crash_drop_kmph)
    };
    let slot_is_free = match alert_type {
        AlertType::Crash => emergencies.crash.is_none(),
        _ => emergencies.possible_crash.is_none(),
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
    match alert_type {
        AlertType::Crash => vehicle.emergencies.crash = episode,
        _ => vehicle.emergencies.possible_crash = episode,
    }
}
