//! Overspeed episodes.
//!
//! Begins when the speed has been over the limit plus tolerance for 5 s and in two fixes (Traccar: held for a minimal
//! duration; Wialon: at least two messages in a row), ends with the first fix at or under. Limits: the lowest known of
//! message, vehicle and geofence; without one the default of 80 km/h, without tolerance, marked `default`.

use super::{
    alerts::{Begin, Episode, PAUSE_MS},
    fencing::{FenceLimit, FencePlace},
    fix::Fix,
    share,
    state::{Context, Vehicle},
};
use crate::config::EngineConfig;
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// A run of fixes over the limit, and the episode made of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Overspeed {
    run: Option<Run>,
    /// The geofence whose limit the run is over.
    fence: Option<Box<FencePlace>>,
    /// Raised and lasting, or closed so lately that it may reopen.
    episode: Option<Box<Episode>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Run {
    since: EventTime,
    last: EventTime,
    position: LatLon,
    fixes: u32,
    peak_kmph: f32,
    limit: Limit,
}

/// A limit and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Limit {
    kmph: f32,
    /// Over this an alert begins.
    threshold_kmph: f32,
    source: LimitSource,
}

/// The lowest known limit. Of equal ones, the message's counts before the vehicle's, and that before a geofence's.
fn limit_of(config: &EngineConfig, vehicle: &Vehicle, fix: &Fix<'_>, fence: Option<FenceLimit>) -> Limit {
    let known = [
        (fix.speed_limit_kmph, LimitSource::Message),
        (vehicle.limit_kmph, LimitSource::Vehicle),
        (fence.map_or(f32::NAN, |fence| fence.kmph), LimitSource::Geofence),
    ];
    let lowest = known.into_iter().filter(|(kmph, _)| !kmph.is_nan()).min_by(|a, b| a.0.total_cmp(&b.0));
    match lowest {
        Some((kmph, source)) => Limit { kmph, threshold_kmph: kmph + config.limit_tolerance_kmph, source },
        None => Limit {
            kmph: config.default_limit_kmph,
            threshold_kmph: config.default_limit_kmph,
            source: LimitSource::Default,
        },
    }
}

fn severity_of(peak_kmph: f32, limit: Limit) -> u8 {
    match peak_kmph / limit.kmph {
        ratio if ratio >= 1.4 => 4,
        ratio if ratio >= 1.2 => 3,
        _ => 2,
    }
}

/// Takes a fix in order.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, fence: Option<FenceLimit>, ctx: &mut Context<'_>) {
    let limit = limit_of(ctx.config, vehicle, fix, fence);
    let is_over = fix.speed_kmph > limit.threshold_kmph;
    if !is_over && vehicle.overspeed.run.is_none() {
        return;
    }
    // Taken out while it runs, so that it may look at the rest of the vehicle.
    let mut overspeed = std::mem::take(&mut vehicle.overspeed);
    let gap_ms = vehicle.usual_gap_ms(PAUSE_MS);
    if let Some(run) = overspeed.run.filter(|run| fix.at.ms_since(run.last) > gap_ms) {
        overspeed.end(vehicle, run.last, ctx);
    }
    if is_over {
        if overspeed.run.is_none() {
            let fence = fence.filter(|_| limit.source == LimitSource::Geofence);
            overspeed.fence = fence.map(|fence| Box::new(fence.place(fix.at, ctx)));
        }
        overspeed.over(vehicle, fix, limit, ctx);
    } else {
        overspeed.end(vehicle, fix.at, ctx);
    }
    vehicle.overspeed = overspeed;
}

/// Ends what lasted when the vehicle fell silent.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let mut overspeed = std::mem::take(&mut vehicle.overspeed);
    if let Some(run) = overspeed.run {
        overspeed.end(vehicle, run.last, ctx);
    }
    vehicle.overspeed = overspeed;
}

impl Overspeed {
    /// See `Vehicle::warm`.
    pub fn warm(&self) -> i64 {
        i64::from(self.run.is_some())
    }

    /// True while an episode lasts.
    pub fn is_lasting(&self) -> bool {
        // Without a run, none does: most vehicles are told without a look at their last episode.
        self.run.is_some() && self.episode.as_ref().is_some_and(|episode| episode.ended_at.is_none())
    }

    /// The newest episode.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.episode.as_deref_mut()
    }

    fn over(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, limit: Limit, ctx: &mut Context<'_>) {
        let run = self.run.get_or_insert(Run {
            since: fix.at,
            last: fix.at,
            position: fix.position,
            fixes: 0,
            peak_kmph: 0.0,
            limit,
        });
        let step_ms = fix.at.ms_since(run.last);
        run.last = fix.at;
        run.fixes += 1;
        run.peak_kmph = run.peak_kmph.max(fix.speed_kmph);
        let run = *run;
        let severity = severity_of(run.peak_kmph, run.limit);
        if self.is_lasting() {
            add_seconds(vehicle, step_ms, run.limit);
        } else if !self.reopen(vehicle, &run, ctx) {
            let is_confirmed = run.fixes >= 2 && fix.at.ms_since(run.since) >= ctx.config.overspeed_min_ms;
            if !is_confirmed {
                return;
            }
            let begin = Begin {
                alert_type: AlertType::Overspeed,
                started_at: run.since,
                position: run.position,
                severity,
                value: f64::from(run.peak_kmph),
                threshold: f64::from(run.limit.kmph),
                limit_source: run.limit.source,
                interval_ms: vehicle.interval_ms as i64,
            };
            let episode = Episode::raise_in(vehicle, fix, begin, self.fence.take(), ctx);
            self.episode = Some(Box::new(episode));
            add_seconds(vehicle, fix.at.ms_since(run.since), run.limit);
        }
        if let Some(episode) = &mut self.episode {
            episode.grow(f64::from(run.peak_kmph), severity);
            episode.update(vehicle, fix.at, ctx);
        }
    }

    /// A run that begins within the merge gap of a closed episode goes on with it.
    fn reopen(&mut self, vehicle: &mut Vehicle, run: &Run, ctx: &mut Context<'_>) -> bool {
        let Some(episode) = &mut self.episode else { return false };
        let Some(ended_at) = episode.ended_at else { return false };
        if run.since.ms_since(ended_at) > ctx.config.merge_gap_ms {
            self.episode = None;
            return false;
        }
        episode.ended_at = None;
        episode.has_news = true;
        add_seconds(vehicle, run.last.ms_since(ended_at), run.limit);
        true
    }

    fn end(&mut self, vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        let Some(run) = self.run.take() else { return };
        if let Some(episode) = self.episode.as_mut().filter(|episode| episode.ended_at.is_none()) {
            add_seconds(vehicle, at.ms_since(run.last), run.limit);
            episode.end(vehicle, at, ctx);
        }
    }
}

/// Seconds over the limit belong to the running trip, and to the driver's score if the limit is a real one.
fn add_seconds(vehicle: &mut Vehicle, ms: i64, limit: Limit) {
    if let Some(trip) = &mut vehicle.trip {
        trip.totals.overspeed_ms += ms;
    }
    if limit.source != LimitSource::Default {
        share::add_over(vehicle, ms);
    }
}
