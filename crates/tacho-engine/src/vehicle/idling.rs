//! Idling episodes: standing with the engine known to be on for five minutes, counted from the first still second.

use super::{
    alerts::{Begin, Episode},
    fix::{Engine, Fix},
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LatLon, LimitSource, VehicleState};

/// What a vehicle has of idling: nothing, while it drives.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Idling {
    /// It idles now: most fixes are judged without a look at the rest.
    is_idle: bool,
    kept: Option<Box<Kept>>,
}

/// Since when the vehicle idles, and the alert made of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    since: Option<(EventTime, LatLon)>,
    last: EventTime,
    /// Raised and lasting, or closed so lately that it may reopen.
    episode: Option<Box<Episode>>,
}

/// Takes a fix in order.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    // A fix without engine evidence neither begins nor ends idling while the vehicle stands.
    let is_idling = fix.state(ctx.config.still_kmph) == VehicleState::Idling;
    let is_undecided = !fix.is_moving(ctx.config.still_kmph) && fix.engine == Engine::Unknown;
    if (!is_idling && !vehicle.idling.is_idle) || is_undecided {
        return;
    }
    let mut kept = std::mem::take(&mut vehicle.idling).kept.unwrap_or_default();
    let is_gap = kept.since.is_some() && fix.at.ms_since(kept.last) > ctx.config.offline_after_ms;
    if is_gap {
        kept.end(vehicle, kept.last, ctx);
    }
    if is_idling {
        kept.go_on(vehicle, fix, ctx);
    } else {
        kept.end(vehicle, fix.at, ctx);
    }
    vehicle.idling = Idling::of(kept);
}

/// Ends what lasted when the vehicle fell silent.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut kept) = std::mem::take(&mut vehicle.idling).kept else { return };
    kept.end(vehicle, kept.last, ctx);
    vehicle.idling = Idling::of(kept);
}

impl Idling {
    fn of(kept: Box<Kept>) -> Idling {
        let is_empty = kept.since.is_none() && kept.episode.is_none();
        Idling { is_idle: kept.since.is_some(), kept: (!is_empty).then_some(kept) }
    }

    /// True while an episode lasts.
    pub fn is_lasting(&self) -> bool {
        // See `Overspeed::is_lasting`.
        let episode = self.kept.as_ref().filter(|_| self.is_idle).and_then(|kept| kept.episode.as_ref());
        episode.is_some_and(|episode| episode.ended_at.is_none())
    }

    /// The newest episode.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.kept.as_mut()?.episode.as_deref_mut()
    }
}

impl Kept {
    fn go_on(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        if self.since.is_none() {
            self.since = Some(self.reopen(fix, ctx).unwrap_or((fix.at, fix.position)));
        }
        let Some((since, position)) = self.since else { return };
        self.last = fix.at;
        let lasted_ms = fix.at.ms_since(since);
        let seconds = lasted_ms as f64 / 1_000.0;
        let severity = if lasted_ms >= ctx.config.idling_long_ms { 2 } else { 1 };
        match &mut self.episode {
            Some(episode) => {
                // The value grows with every fix; only the change of severity is worth an update.
                episode.value = seconds;
                if severity > episode.severity {
                    episode.grow(seconds, severity);
                    episode.update(vehicle, fix.at, ctx);
                }
            }
            None if lasted_ms >= ctx.config.idling_min_ms => {
                let begin = Begin {
                    alert_type: AlertType::Idling,
                    started_at: since,
                    position,
                    severity,
                    value: seconds,
                    threshold: ctx.config.idling_min_ms as f64 / 1_000.0,
                    limit_source: LimitSource::None,
                    interval_ms: vehicle.interval_ms as i64,
                };
                self.episode = Some(Box::new(Episode::raise(vehicle, fix, begin, ctx)));
            }
            None => {}
        }
    }

    /// Where idling that begins within the merge gap of a closed episode began; another closed one is forgotten.
    fn reopen(&mut self, fix: &Fix<'_>, ctx: &Context<'_>) -> Option<(EventTime, LatLon)> {
        let merge_gap_ms = ctx.config.merge_gap_ms;
        let is_close = |ended_at: EventTime| fix.at.ms_since(ended_at) <= merge_gap_ms;
        let mut episode = self.episode.take()?;
        if !episode.ended_at.is_some_and(is_close) {
            return None;
        }
        episode.ended_at = None;
        let began = (episode.started_at, episode.position);
        self.episode = Some(episode);
        Some(began)
    }

    fn end(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        let Some((since, _)) = self.since.take() else { return };
        if let Some(episode) = &mut self.episode {
            episode.value = at.ms_since(since) as f64 / 1_000.0;
            episode.end(vehicle, at, ctx);
        }
    }
}
