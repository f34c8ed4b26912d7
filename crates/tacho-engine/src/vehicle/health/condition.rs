//! A condition that readings meet or not, and the episode made of it.

use crate::vehicle::{
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// What a condition is.
pub struct Rule {
    pub alert_type: AlertType,
    pub severity: u8,
    pub threshold: f64,
    /// It must have been met for so long.
    pub hold_ms: i64,
    /// It has ended when it has not been met for so long.
    pub linger_ms: i64,
    /// Readings farther apart say nothing of the time between them.
    pub gap_ms: i64,
    /// The peak is the lowest value.
    pub is_low_worse: bool,
}

/// Nothing, or a run of readings that meet the condition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Condition(Option<Box<Run>>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run {
    since: EventTime,
    position: LatLon,
    worst: f64,
    /// Last reading of any kind.
    last: EventTime,
    /// First reading that did not meet it, after the last one that did.
    clear_since: Option<EventTime>,
    episode: Option<Episode>,
    /// Something late came before it was an episode.
    is_doubtful: bool,
}

impl Condition {
    /// True while an episode lasts.
    pub fn is_lasting(&self) -> bool {
        let episode = self.0.as_ref().and_then(|run| run.episode.as_ref());
        episode.is_some_and(|episode| episode.ended_at.is_none())
    }

    /// The newest episode.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.0.as_mut()?.episode.as_mut()
    }

    /// A run that may become an episode, and began where `joins` holds, was begun without something that is late.
    pub fn doubt(&mut self, joins: impl Fn(EventTime) -> bool) {
        if let Some(run) = self.0.as_mut().filter(|run| run.episode.is_none()) {
            run.is_doubtful |= joins(run.since);
        }
    }

    /// Takes a fix. `is_met` is none if it says nothing of the condition.
    pub fn judge(
        &mut self,
        rule: &Rule,
        is_met: Option<bool>,
        value: f64,
        vehicle: &Vehicle,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        if is_met != Some(true) && self.0.is_none() {
            return;
        }
        let is_gap = self.0.as_ref().is_some_and(|run| fix.at.ms_since(run.last) > rule.gap_ms);
        if is_gap {
            self.end_in_silence(vehicle, ctx);
            self.0 = None;
        }
        let is_late = self.0.as_ref().is_some_and(|run| fix.at < run.last);
        match is_met {
            Some(true) if !is_late => self.meet(rule, value, vehicle, fix, ctx),
            Some(false) if !is_late => self.clear(rule, vehicle, fix, ctx),
            _ => {}
        }
    }

    fn meet(&mut self, rule: &Rule, value: f64, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        self.end_lingering(rule, fix.at, vehicle, ctx);
        let is_over = |run: &mut Box<Run>| {
            let ended_at = run.episode.as_ref().and_then(|episode| episode.ended_at);
            ended_at.is_some_and(|ended_at| fix.at.ms_since(ended_at) > ctx.config.merge_gap_ms)
        };
        self.0.take_if(is_over);
        let run = self.0.get_or_insert_with(|| {
            let (since, position) = (fix.at, fix.position);
            Box::new(Run {
                since,
                position,
                worst: value,
                last: since,
                clear_since: None,
                episode: None,
                is_doubtful: false,
            })
        });
        run.last = fix.at;
        run.clear_since = None;
        run.worst = if rule.is_low_worse { run.worst.min(value) } else { run.worst.max(value) };
        if let Some(episode) = &mut run.episode {
            if episode.ended_at.take().is_some() {
                episode.has_news = true;
            }
            if rule.is_low_worse {
                episode.sink(value)
            } else {
                episode.grow(value, rule.severity)
            }
            episode.update(vehicle, fix.at, ctx);
        } else if fix.at.ms_since(run.since) >= rule.hold_ms {
            let begin = Begin {
                alert_type: rule.alert_type,
                started_at: run.since,
                position: run.position,
                severity: rule.severity,
                value: run.worst,
                threshold: rule.threshold,
                limit_source: LimitSource::None,
                interval_ms: vehicle.interval_ms as i64,
            };
            let mut episode = Episode::begin(vehicle, fix, begin, ctx);
            episode.is_doubtful = run.is_doubtful;
            episode.tell(vehicle, ctx);
            run.episode = Some(episode);
        }
    }

    fn clear(&mut self, rule: &Rule, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let Some(run) = &mut self.0 else { return };
        run.last = fix.at;
        run.clear_since.get_or_insert(fix.at);
        if run.episode.is_none() {
            self.0 = None;
            return;
        }
        self.end_lingering(rule, fix.at, vehicle, ctx);
    }

    /// Ends an episode whose condition has not been met for long enough.
    fn end_lingering(&mut self, rule: &Rule, at: EventTime, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        let Some(run) = &mut self.0 else { return };
        let Some(clear_since) = run.clear_since else { return };
        let Some(episode) = run.episode.as_mut().filter(|episode| episode.ended_at.is_none()) else { return };
        if at.ms_since(clear_since) >= rule.linger_ms {
            episode.end(vehicle, clear_since, ctx);
        }
    }

    /// Ends what lasts where the readings end.
    pub fn end_in_silence(&mut self, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        let Some(run) = &mut self.0 else { return };
        let at = run.clear_since.unwrap_or(run.last);
        if let Some(episode) = run.episode.as_mut().filter(|episode| episode.ended_at.is_none()) {
            episode.end(vehicle, at, ctx);
        }
    }
}
