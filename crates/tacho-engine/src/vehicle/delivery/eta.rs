//! Predicted arrivals: metres left over the speed of this trip blended with the usual one, plus the service of the stops
//! between.

use super::{
    ahead::{Leg, Outlook, Sections, Trip},
    speeds::{Driven, Pace, SpeedHistory},
    stops::Ahead,
};
use crate::{
    config::EngineConfig,
    vehicle::{
        alerts::{Begin, Episode},
        fix::Fix,
        state::{Context, Vehicle},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tacho_model::{AlertType, EtaPrediction, EventTime, LimitSource, TripId};

/// A late arrival is an alert after this many predictions in a row.
const BREACHES_MIN: u32 = 2;

/// What predictions are made from, and what was predicted last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Eta {
    driven: Driven,
    /// The same against what is usual, where that is known.
    pace: Pace,
    /// What is usual where the last prediction was made, m/s; 0 where the fleet has not been.
    here_ms: f64,
    predicted_at: EventTime,
    /// The last prediction of each stop ahead; "" is the end of the trip.
    last: BTreeMap<String, EventTime>,
    breaches: u32,
    /// The stop that the episode is about.
    breached: String,
    episode: Option<Box<Episode>>,
}

impl Default for Eta {
    fn default() -> Self {
        Eta {
            driven: Driven::default(),
            pace: Pace::default(),
            here_ms: 0.0,
            predicted_at: EventTime::MIN,
            last: BTreeMap::new(),
            breaches: 0,
            breached: String::new(),
            episode: None,
        }
    }
}

impl Eta {
    /// Takes what was driven between stops.
    pub fn drive(&mut self, more: Driven) {
        self.driven.add_to_trip(more);
        if self.here_ms > 0.0 {
            self.pace.add(more, self.here_ms);
        }
    }

    /// True when it is time for the next predictions.
    pub fn is_due(&self, at: EventTime, config: &EngineConfig) -> bool {
        at.ms_since(self.predicted_at) >= config.eta_interval_ms
    }

    /// Predicts the arrival at each stop ahead and at the end of the trip.
    #[expect(clippy::too_many_arguments, reason = "one call, from the round that owns all of it")]
    pub fn predict(
        &mut self,
        vehicle: &Vehicle,
        trip_id: &TripId,
        fix: &Fix<'_>,
        ahead: &[Ahead],
        legs: &[Leg],
        sections: &Sections,
        promised_end: Option<EventTime>,
        ctx: &mut Context<'_>,
    ) {
        self.predicted_at = fix.at;
        self.last.clear();
        let nothing = SpeedHistory::default();
        let history = vehicle.speeds.as_deref().unwrap_or(&nothing);
        let trip = Trip { driven: self.driven, pace: self.pace, history };
        let mut outlook = Outlook::new(ctx.control.speeds(), sections, fix.at, trip);
        self.here_ms = outlook.here_ms(fix.position).unwrap_or(0.0);
        let (mut at, mut remaining_m) = (fix.at, 0.0);
        let mut next: Option<(&Ahead, EventTime)> = None;
        let mut tell = |stop_id: &str, predicted_at: EventTime, promised_at, remaining_m: f64| {
            ctx.out.facts.eta_predictions.push(EtaPrediction {
                trip_id: trip_id.clone(),
                vehicle_id: vehicle.id.clone(),
                stop_id: stop_id.to_owned(),
                made_at: fix.at,
                predicted_at,
                promised_at,
                remaining_m,
                arrived_at: None,
            });
        };
        for (stop, leg) in ahead.iter().zip(legs) {
            remaining_m += leg.m;
            at = outlook.after(at, leg);
            if !stop.is_here {
                tell(&stop.stop_id, at, stop.promised, remaining_m);
                self.last.insert(stop.stop_id.clone(), at);
                next = next.or(Some((stop, at)));
            }
            at = at.max(stop.window_start.unwrap_or(at)).plus_ms(stop.service_ms);
        }
        if let Some(leg) = legs.last() {
            remaining_m += leg.m;
            at = outlook.after(at, leg);
        }
        tell("", at, promised_end, remaining_m);
        self.last.insert(String::new(), at);
        let judged = next.map(|(stop, predicted)| (stop.stop_id.as_str(), stop.promised, predicted));
        let (stop_id, promised, predicted) = judged.unwrap_or(("", promised_end, at));
        self.judge(vehicle, fix, stop_id, promised.map(|promised| predicted.ms_since(promised)), ctx);
    }

    /// An arrival that is predicted too late, twice in a row, is an alert; the next stop's.
    fn judge(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, stop_id: &str, late_ms: Option<i64>, ctx: &mut Context<'_>) {
        if self.breached != stop_id {
            self.end(vehicle, fix.at, ctx);
            self.breached = stop_id.to_owned();
        }
        let threshold_ms = ctx.config.eta_breach_ms;
        let Some(late_ms) = late_ms.filter(|late_ms| *late_ms > threshold_ms) else {
            self.end(vehicle, fix.at, ctx);
            return;
        };
        self.breaches += 1;
        let late_s = late_ms as f64 / 1_000.0;
        match &mut self.episode {
            Some(episode) => {
                episode.grow(late_s, 2);
                episode.update(vehicle, fix.at, ctx);
            }
            None if self.breaches >= BREACHES_MIN => {
                let begin = Begin {
                    alert_type: AlertType::EtaBreach,
                    started_at: fix.at,
                    position: fix.position,
                    severity: 2,
                    value: late_s,
                    threshold: threshold_ms as f64 / 1_000.0,
                    limit_source: LimitSource::None,
                    interval_ms: ctx.config.eta_interval_ms,
                };
                self.episode = Some(Box::new(Episode::raise(vehicle, fix, begin, ctx)));
            }
            None => {}
        }
    }

    /// The lateness is over: back under, arrived, or the trip has ended.
    pub fn end(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        self.breaches = 0;
        if let Some(mut episode) = self.episode.take() {
            episode.end(vehicle, at, ctx);
        }
    }

    /// The alert of a lateness.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.episode.as_deref_mut()
    }

    /// True while a lateness lasts.
    pub fn is_lasting(&self) -> bool {
        self.episode.is_some()
    }

    /// A stop (or the end) was reached: what was predicted last is told beside it.
    pub fn arrive(
        &mut self,
        vehicle: &Vehicle,
        trip_id: &TripId,
        stop_id: &str,
        at: EventTime,
        promised_at: Option<EventTime>,
        ctx: &mut Context<'_>,
    ) {
        if self.breached == stop_id {
            self.end(vehicle, at, ctx);
        }
        let Some(predicted_at) = self.last.remove(stop_id) else { return };
        ctx.out.facts.eta_predictions.push(EtaPrediction {
            trip_id: trip_id.clone(),
            vehicle_id: vehicle.id.clone(),
            stop_id: stop_id.to_owned(),
            made_at: at,
            predicted_at,
            promised_at,
            remaining_m: 0.0,
            arrived_at: Some(at),
        });
    }
}
