//! Overspeed episodes.
//!
//! Begins when the speed has been over the limit plus tolerance for 5 s and in two fixes (Traccar: held for a minimal
//! duration; Wialon: at least two messages in a row), ends with the first fix at or under. Limits: the lowest known of
//! message, vehicle and geofence; without one the default of 80 km/h, without tolerance, marked `default`.
//!
//! The limit may change while it lasts: each fix is judged by its own. The alert names the worst of them, and a known limit
//! before the default; time counts for the score while the limit is a known one.

use super::{
    account, ahead,
    alerts::{Begin, Episode, PAUSE_MS},
    fencing::{FenceLimit, FencePlace},
    fix::Fix,
    share::{self, OverShare},
    state::{Context, Vehicle},
};
use crate::config::EngineConfig;
use serde::{Deserialize, Serialize};
use tacho_model::{AlertState, AlertType, EventTime, LatLon, LimitSource};

/// What a vehicle has of overspeed: nothing, most of the time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Overspeed {
    /// It is over the limit now: most fixes are judged without a look at the rest.
    has_run: bool,
    kept: Option<Box<Kept>>,
}

/// A run of fixes over the limit, and the episode made of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    run: Option<Run>,
    /// The geofence whose limit the run is over.
    fence: Option<Box<FencePlace>>,
    /// Raised and lasting, or closed so lately that it may reopen.
    episode: Option<Box<Episode>>,
    /// What it has given its drivers of time over a known limit.
    given: Vec<OverShare>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Run {
    since: EventTime,
    last: EventTime,
    position: LatLon,
    fixes: u32,
    /// Of the newest fix.
    limit: Limit,
    worst: Worst,
    /// Of its time, what was over a known limit, ms.
    known_ms: i64,
}

/// The speed that was the most over its limit, and that limit.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Worst {
    speed_kmph: f32,
    limit: Limit,
}

impl Worst {
    /// A known limit decides before the default; then the ratio.
    fn rank(&self) -> (bool, f32) {
        (self.limit.is_known(), self.speed_kmph / self.limit.kmph)
    }

    fn severity(&self) -> u8 {
        match self.speed_kmph / self.limit.kmph {
            ratio if ratio >= 1.4 => 4,
            ratio if ratio >= 1.2 => 3,
            _ => 2,
        }
    }
}

/// A limit and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Limit {
    kmph: f32,
    /// Over this an alert begins.
    threshold_kmph: f32,
    source: LimitSource,
}

impl Limit {
    /// Not the default, which is only assumed.
    fn is_known(&self) -> bool {
        self.source != LimitSource::Default
    }
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

/// Takes a fix in order.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, fence: Option<FenceLimit>, ctx: &mut Context<'_>) {
    let limit = limit_of(ctx.config, vehicle, fix, fence);
    let is_over = fix.speed_kmph > limit.threshold_kmph;
    if !is_over && !vehicle.overspeed.has_run {
        return;
    }
    // Taken out while it runs, so that it may look at the rest of the vehicle.
    let mut kept = std::mem::take(&mut vehicle.overspeed).kept.unwrap_or_default();
    let gap_ms = vehicle.usual_gap_ms(PAUSE_MS);
    if let Some(run) = kept.run.filter(|run| fix.at.ms_since(run.last) > gap_ms) {
        kept.end(vehicle, run.last, ctx);
    }
    if is_over {
        kept.over(vehicle, fix, (limit, fence), ctx);
    } else {
        kept.end(vehicle, fix.at, ctx);
    }
    vehicle.overspeed = Overspeed::of(kept);
}

/// Ends what lasted when the vehicle fell silent.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut kept) = std::mem::take(&mut vehicle.overspeed).kept else { return };
    if let Some(run) = kept.run {
        kept.end(vehicle, run.last, ctx);
    }
    vehicle.overspeed = Overspeed::of(kept);
}

impl Overspeed {
    fn of(kept: Box<Kept>) -> Overspeed {
        let is_empty = kept.run.is_none() && kept.episode.is_none();
        Overspeed { has_run: kept.run.is_some(), kept: (!is_empty).then_some(kept) }
    }

    fn running(&self) -> Option<&Kept> {
        self.kept.as_deref().filter(|_| self.has_run)
    }

    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        if let Some(kept) = self.running() {
            ahead::fetch(&kept.run);
            ahead::fetch(&kept.given);
        }
    }

    /// What lies behind that.
    pub fn read_episode_ahead(&self) {
        if let Some(episode) = self.running().and_then(|kept| kept.episode.as_deref()) {
            ahead::fetch(&episode.started_at);
            ahead::fetch(&episode.ended_at);
        }
    }

    /// True while an episode lasts.
    pub fn is_lasting(&self) -> bool {
        // Without a run, none does: most vehicles are told without a look at their last episode.
        self.running().is_some_and(Kept::is_lasting)
    }

    /// The newest episode.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.kept.as_mut()?.episode.as_deref_mut()
    }

    /// What the episode that began then has given of time over a known limit, if it is the newest.
    pub fn take_given(&mut self, started_at: EventTime) -> Vec<OverShare> {
        let is_it = |kept: &&mut Box<Kept>| kept.episode.as_ref().is_some_and(|it| it.started_at == started_at);
        self.kept.as_mut().filter(is_it).map(|kept| std::mem::take(&mut kept.given)).unwrap_or_default()
    }
}

impl Kept {
    fn is_lasting(&self) -> bool {
        self.run.is_some() && self.episode.as_ref().is_some_and(|episode| episode.ended_at.is_none())
    }

    fn over(
        &mut self,
        vehicle: &mut Vehicle,
        fix: &Fix<'_>,
        (limit, fence): (Limit, Option<FenceLimit>),
        ctx: &mut Context<'_>,
    ) {
        let here = Worst { speed_kmph: fix.speed_kmph, limit };
        let begins =
            Run { since: fix.at, last: fix.at, position: fix.position, fixes: 0, limit, worst: here, known_ms: 0 };
        let run = self.run.get_or_insert(begins);
        let (step_ms, step_limit) = (fix.at.ms_since(run.last), run.limit);
        (run.last, run.limit) = (fix.at, limit);
        run.fixes += 1;
        if step_limit.is_known() {
            run.known_ms += step_ms;
        }
        if run.fixes == 1 || here.rank() > run.worst.rank() {
            run.worst = here;
            let fence = fence.filter(|_| limit.source == LimitSource::Geofence);
            self.fence = fence.map(|fence| Box::new(fence.place(fix.at, ctx)));
        }
        let run = *run;
        if self.is_lasting() {
            self.add_seconds(vehicle, step_ms, step_limit.is_known().then_some(step_ms));
        } else if !self.reopen(vehicle, &run, ctx) {
            let is_confirmed = run.fixes >= 2 && fix.at.ms_since(run.since) >= ctx.config.overspeed_min_ms;
            if !is_confirmed {
                return;
            }
            let begin = Begin {
                alert_type: AlertType::Overspeed,
                started_at: run.since,
                position: run.position,
                severity: run.worst.severity(),
                value: f64::from(run.worst.speed_kmph),
                threshold: f64::from(run.worst.limit.kmph),
                limit_source: run.worst.limit.source,
                interval_ms: vehicle.interval_ms as i64,
            };
            let episode = Episode::raise_in(vehicle, fix, begin, self.fence.clone(), ctx);
            self.episode = Some(Box::new(episode));
            self.add_seconds(vehicle, fix.at.ms_since(run.since), Some(run.known_ms));
        }
        self.judge(&run.worst);
        if let Some(episode) = &mut self.episode {
            episode.update(vehicle, fix.at, ctx);
        }
    }

    /// The episode takes over what is worse than all that it knows.
    fn judge(&mut self, worst: &Worst) {
        let Some(episode) = &mut self.episode else { return };
        let is_known = episode.limit_source != LimitSource::Default;
        let rank = (is_known, (episode.value / episode.threshold) as f32);
        if worst.rank() > rank {
            episode.value = f64::from(worst.speed_kmph);
            episode.threshold = f64::from(worst.limit.kmph);
            episode.limit_source = worst.limit.source;
            episode.severity = worst.severity();
            episode.fence = self.fence.clone();
            episode.has_news = true;
        }
    }

    /// A run that begins within the merge gap of a closed episode goes on with it.
    fn reopen(&mut self, vehicle: &mut Vehicle, run: &Run, ctx: &mut Context<'_>) -> bool {
        let Some(episode) = &mut self.episode else { return false };
        let Some(ended_at) = episode.ended_at else { return false };
        if run.since.ms_since(ended_at) > ctx.config.merge_gap_ms {
            account::keep_over(vehicle, episode.started_at, std::mem::take(&mut self.given));
            self.episode = None;
            return false;
        }
        episode.ended_at = None;
        episode.has_news = true;
        let pause_ms = run.last.ms_since(ended_at);
        self.add_seconds(vehicle, pause_ms, run.limit.is_known().then_some(pause_ms));
        true
    }

    fn end(&mut self, vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        let Some(run) = self.run.take() else { return };
        if self.episode.as_ref().is_none_or(|episode| episode.ended_at.is_some()) {
            return;
        }
        let rest_ms = at.ms_since(run.last);
        self.add_seconds(vehicle, rest_ms, run.limit.is_known().then_some(rest_ms));
        if let Some(episode) = &mut self.episode {
            episode.end(vehicle, at, ctx);
        }
    }

    /// Time over the limit belongs to the running trip, and to the driver's score as far as the limit was a known one and
    /// nobody has said that it was none.
    fn add_seconds(&mut self, vehicle: &mut Vehicle, ms: i64, known_ms: Option<i64>) {
        if let Some(trip) = &mut vehicle.trip {
            trip.totals.overspeed_ms += ms;
        }
        let is_dismissed = self.episode.as_ref().is_some_and(|episode| episode.review == Some(AlertState::Dismissed));
        if let Some(known_ms) = known_ms.filter(|_| !is_dismissed) {
            share::add_over(vehicle, known_ms, &mut self.given);
        }
    }
}
