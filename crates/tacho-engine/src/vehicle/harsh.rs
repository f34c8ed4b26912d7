//! Harsh braking, acceleration and cornering.
//!
//! From speed differences over the shortest span of 0.5 to 3 s (Teltonika: difference of successive speeds, gates of
//! 10 and 30 km/h); if the device sends accelerations, they decide (1 s mean of the longitudinal one), also where fixes
//! are further apart. An episode ends when the value falls under 83 % of the threshold (Digital Matter: 17 % hysteresis).

use super::{
    ahead,
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
};
use crate::config::EngineConfig;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// Fixes that are remembered for speed differences.
const SAMPLES: usize = 8;
/// A device's lateral acceleration is that of about the last second: over a longer span, where a fix between is missing,
/// the heading tells of the rest.
const ACCEL_COVERS_MS: i64 = 1_500;
/// An acceleration is judged alone up to here after the fix before, whose speed opens the gate, ms.
const GATE_MEMORY_MS: i64 = 15_000;
/// Fixes closer than this to the last one are left out of the memory.
const SPACING_MS: i64 = 75;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sample {
    at: EventTime,
    speed_kmph: f32,
    heading: f32,
    accel_long_ms2: f32,
    position: LatLon,
}

/// Memory and episodes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Harsh {
    /// Newest last.
    samples: VecDeque<Sample>,
    /// Raised and lasting, or closed so lately that they may reopen: brake, acceleration, corner.
    episodes: [Option<Box<Episode>>; 3],
    /// Known that none of them lasts, without a look at them.
    #[serde(skip)]
    is_quiet: bool,
}

const KINDS: [AlertType; 3] = [AlertType::HarshBrake, AlertType::HarshAccel, AlertType::HarshCorner];

/// What a fix shows: values in m/s2 (0 where the gate is shut) and where the span began.
struct Measured {
    values: [f32; 3],
    since: EventTime,
    position: LatLon,
    interval_ms: i64,
}

/// Takes a fix in order.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let measured = vehicle.harsh.measure(fix, ctx);
    let class = ctx.config.harsh_of(vehicle.class);
    let thresholds = [class.brake_ms2, class.accel_ms2, class.corner_ms2];
    let is_harsh = |measured: &Measured| measured.values.iter().zip(thresholds).any(|(value, most)| *value >= most);
    vehicle.harsh.is_quiet = !vehicle.harsh.is_lasting();
    if vehicle.harsh.is_quiet && !measured.as_ref().is_some_and(is_harsh) {
        vehicle.harsh.remember(fix);
        return;
    }
    let mut harsh = std::mem::take(&mut vehicle.harsh);
    if let Some(measured) = measured {
        for (kind, threshold) in thresholds.into_iter().enumerate() {
            harsh.judge(kind, threshold, &measured, vehicle, fix, ctx);
        }
    } else {
        harsh.end_all(vehicle, ctx);
    }
    harsh.remember(fix);
    harsh.is_quiet = false;
    vehicle.harsh = harsh;
}

/// Ends what lasted when the vehicle fell silent.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let mut harsh = std::mem::take(&mut vehicle.harsh);
    harsh.end_all(vehicle, ctx);
    vehicle.harsh = harsh;
}

impl Harsh {
    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        ahead::fetch_ends(&self.samples);
    }

    /// True while an episode lasts.
    pub fn is_lasting(&self) -> bool {
        !self.is_quiet && self.episodes.iter().flatten().any(|episode| episode.ended_at.is_none())
    }

    /// The newest episode of each kind.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        self.episodes.iter_mut().filter_map(Option::as_deref_mut)
    }

    /// The highest speed that is remembered since then, km/h; 0 without one.
    pub fn fastest_since(&self, since: EventTime) -> f32 {
        let recent = self.samples.iter().rev().take_while(|sample| sample.at >= since);
        recent.map(|sample| sample.speed_kmph).fold(0.0, f32::max)
    }

    fn remember(&mut self, fix: &Fix<'_>) {
        if self.samples.back().is_some_and(|newest| fix.at.ms_since(newest.at) < SPACING_MS) {
            return;
        }
        let is_useless = |oldest: &Sample| fix.at.ms_since(oldest.at) > GATE_MEMORY_MS;
        while self.samples.len() == SAMPLES || self.samples.front().is_some_and(is_useless) {
            self.samples.pop_front();
        }
        let sample = Sample {
            at: fix.at,
            speed_kmph: fix.speed_kmph,
            heading: fix.heading,
            accel_long_ms2: fix.accel_long_ms2,
            position: fix.position,
        };
        if self.samples.len() == self.samples.capacity() {
            // Doubling from one: a vehicle that stands reports so seldom that it has one.
            self.samples.reserve_exact(self.samples.len().max(1));
        }
        self.samples.push_back(sample);
    }

    /// None when there is no fix at a usable distance in time.
    fn measure(&self, fix: &Fix<'_>, ctx: &Context<'_>) -> Option<Measured> {
        let config = ctx.config;
        let before = self.samples.iter().rev().find(|sample| fix.at.ms_since(sample.at) >= config.harsh_span_min_ms)?;
        let span_ms = fix.at.ms_since(before.at);
        if span_ms > config.harsh_span_max_ms {
            return measure_alone(before, fix, config);
        }
        let span_s = span_ms as f32 / 1_000.0;
        let mut accel_ms2 = (fix.speed_kmph - before.speed_kmph) / 3.6 / span_s;
        if !fix.accel_long_ms2.is_nan() {
            accel_ms2 = self.mean_accel(fix);
        }
        let is_fast_enough = before.speed_kmph >= config.harsh_min_kmph;
        let along = if is_fast_enough { accel_ms2 } else { 0.0 };
        let is_cornering_speed =
            fix.speed_kmph >= config.corner_min_kmph && before.speed_kmph >= config.corner_min_kmph;
        let turn_rad = turn_deg(before.heading, fix.heading).to_radians();
        let by_heading = fix.speed_kmph.min(before.speed_kmph) / 3.6 * turn_rad / span_s;
        let lateral = match (is_cornering_speed, fix.accel_lat_ms2.is_nan()) {
            (false, _) => 0.0,
            (true, true) => by_heading,
            (true, false) if span_ms > ACCEL_COVERS_MS => fix.accel_lat_ms2.abs().max(by_heading),
            (true, false) => fix.accel_lat_ms2.abs(),
        };
        Some(Measured {
            values: [-along, along, lateral],
            since: before.at,
            position: before.position,
            interval_ms: span_ms,
        })
    }

    fn mean_accel(&self, fix: &Fix<'_>) -> f32 {
        let recent = self.samples.iter().rev().take_while(|sample| fix.at.ms_since(sample.at) < 1_000);
        let known = recent.map(|sample| sample.accel_long_ms2).filter(|accel| !accel.is_nan());
        let (sum, count) = known.fold((fix.accel_long_ms2, 1.0), |(sum, count), accel| (sum + accel, count + 1.0));
        sum / count
    }

    fn judge(
        &mut self,
        kind: usize,
        threshold: f32,
        measured: &Measured,
        vehicle: &mut Vehicle,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        let value = measured.values[kind];
        let slot = &mut self.episodes[kind];
        let is_lasting = slot.as_ref().is_some_and(|episode| episode.ended_at.is_none());
        let is_harsh = value >= threshold;
        let is_severe = KINDS[kind] != AlertType::HarshCorner && value >= 1.5 * threshold;
        let severity = if is_severe { 4 } else { 3 };
        if let Some(episode) = slot.as_mut().filter(|_| is_lasting) {
            if value < threshold * ctx.config.harsh_release {
                episode.end(vehicle, fix.at, ctx);
            } else {
                episode.grow(f64::from(value), severity);
                episode.update(vehicle, fix.at, ctx);
            }
        } else if is_harsh {
            let gap_ms = |ended_at: EventTime| measured.since.ms_since(ended_at);
            if let Some(episode) = slot
                .as_mut()
                .filter(|episode| episode.ended_at.is_some_and(|ended| gap_ms(ended) <= ctx.config.merge_gap_ms))
            {
                episode.ended_at = None;
                episode.has_news = true;
                episode.grow(f64::from(value), severity);
                episode.update(vehicle, fix.at, ctx);
                return;
            }
            let begin = Begin {
                alert_type: KINDS[kind],
                started_at: measured.since,
                position: measured.position,
                severity,
                value: f64::from(value),
                threshold: f64::from(threshold),
                limit_source: LimitSource::None,
                interval_ms: measured.interval_ms,
            };
            *slot = Some(Box::new(Episode::raise(vehicle, fix, begin, ctx)));
            count_harsh(vehicle, kind);
        }
    }

    /// Ends what lasts at the last fix: nothing is known of the time since.
    fn end_all(&mut self, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        let Some(at) = self.samples.back().map(|newest| newest.at) else { return };
        for episode in self.episodes.iter_mut().flatten().filter(|episode| episode.ended_at.is_none()) {
            episode.end(vehicle, at, ctx);
        }
    }
}

/// What the device's accelerations show without a fix near enough for differences: that fix is where it begins.
fn measure_alone(before: &Sample, fix: &Fix<'_>, config: &EngineConfig) -> Option<Measured> {
    let span_ms = fix.at.ms_since(before.at);
    if span_ms > GATE_MEMORY_MS || (fix.accel_long_ms2.is_nan() && fix.accel_lat_ms2.is_nan()) {
        return None;
    }
    let gated = |accel_ms2: f32, kmph: f32, min_kmph: f32| match accel_ms2.is_nan() || kmph < min_kmph {
        true => 0.0,
        false => accel_ms2,
    };
    let along = gated(fix.accel_long_ms2, before.speed_kmph, config.harsh_min_kmph);
    let lateral = gated(fix.accel_lat_ms2.abs(), fix.speed_kmph.min(before.speed_kmph), config.corner_min_kmph);
    let values = [-along, along, lateral];
    Some(Measured { values, since: fix.at, position: fix.position, interval_ms: span_ms })
}

/// How far a heading is from another, 0..=180 degrees; 0 if one is not known.
fn turn_deg(from: f32, to: f32) -> f32 {
    let turn = (to - from).abs();
    if turn.is_nan() { 0.0 } else { turn.min(360.0 - turn) }
}

fn count_harsh(vehicle: &mut Vehicle, kind: usize) {
    if let Some(trip) = &mut vehicle.trip {
        trip.totals.harsh[kind] += 1;
    }
}
