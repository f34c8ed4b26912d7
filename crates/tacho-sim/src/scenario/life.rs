//! What a vehicle of a scenario lives through: its way, what its devices know, its messages and its truth.

use super::{kit::Kit, track::Track};
use crate::truth::TruthRecord;
use std::sync::Arc;
use tacho_model::{EventTime, Stream};

/// A value that changes now and then. Time runs in seconds from the start of the scenario.
#[derive(Debug, Clone)]
pub(crate) struct Channel<T> {
    steps: Vec<(f64, T)>,
}

impl<T: Clone> Channel<T> {
    pub fn new(value: T) -> Channel<T> {
        Channel { steps: vec![(f64::NEG_INFINITY, value)] }
    }

    /// From then on it has this value. Moments come in order.
    pub fn set(&mut self, at_s: f64, value: T) {
        self.steps.push((at_s, value));
    }

    /// The value at a moment.
    pub fn at(&self, at_s: f64) -> &T {
        let index = self.steps.partition_point(|(from_s, _)| *from_s <= at_s);
        &self.steps[index.saturating_sub(1)].1
    }

    /// When the value of that moment was set.
    pub fn since_s(&self, at_s: f64) -> f64 {
        let index = self.steps.partition_point(|(from_s, _)| *from_s <= at_s);
        self.steps[index.saturating_sub(1)].0
    }
}

/// A stretch of time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub from_s: f64,
    pub until_s: f64,
}

impl Span {
    pub fn holds(&self, at_s: f64) -> bool {
        self.from_s <= at_s && at_s < self.until_s
    }
}

/// The span of a list that holds a moment.
pub(crate) fn span_at(spans: &[Span], at_s: f64) -> Option<&Span> {
    spans.iter().find(|span| span.holds(at_s))
}

/// A value that leaves its usual level, stays there and comes back, with ramps of `ramp_s` on either side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bump {
    pub span: Span,
    pub ramp_s: f64,
    pub level: f64,
}

impl Bump {
    /// The share of the way from the usual value to the level, 0..=1.
    fn share(&self, at_s: f64) -> f64 {
        let up = (at_s - self.span.from_s) / self.ramp_s;
        let down = (self.span.until_s - at_s) / self.ramp_s;
        up.min(down).clamp(0.0, 1.0)
    }

    /// When the value passes `threshold` on its way from `usual` and on its way back.
    pub fn beyond(&self, usual: f64, threshold: f64) -> Span {
        let share = (threshold - usual) / (self.level - usual);
        Span { from_s: self.span.from_s + share * self.ramp_s, until_s: self.span.until_s - share * self.ramp_s }
    }
}

/// The value at a moment of something that usually is `usual`.
pub(crate) fn with_bumps(usual: f64, bumps: &[Bump], at_s: f64) -> f64 {
    let bump = bumps.iter().find(|bump| bump.span.holds(at_s));
    bump.map_or(usual, |bump| usual + (bump.level - usual) * bump.share(at_s))
}

/// Fuel that goes in or out while the vehicle is parked, % of the tank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FuelStep {
    pub span: Span,
    pub pct: f64,
}

/// A low-rate message.
#[derive(Debug)]
pub(crate) struct SideMessage {
    pub at: EventTime,
    pub stream: Stream,
    pub key: Arc<str>,
    pub value: Vec<u8>,
}

/// Everything about one vehicle, from the beginning to the end.
#[derive(Debug)]
pub(crate) struct Life {
    pub index: u32,
    pub vehicle_id: Arc<str>,
    pub kit: Kit,
    pub track: Track,
    pub engine: Channel<bool>,
    /// As telemetry names it; empty: none.
    pub trip: Channel<Arc<str>>,
    /// As telemetry names it; empty: none.
    pub driver: Channel<Arc<str>>,
    /// Limit that the device reports, km/h; NaN: none.
    pub limit_kmph: Channel<f64>,
    /// Nothing is sent, and nothing is kept.
    pub silent: Vec<Span>,
    /// Nothing is sent; it is kept and sent at the end of the span.
    pub stored: Vec<Span>,
    pub sos: Vec<Span>,
    pub crash: Vec<Span>,
    /// Impacts: seconds and g.
    pub impacts: Vec<(f64, f64)>,
    pub fuel_start_pct: f64,
    pub fuel_steps: Vec<FuelStep>,
    pub hot: Vec<Bump>,
    pub weak_battery: Vec<Bump>,
    pub fault_codes: Vec<(Span, &'static str)>,
    pub sides: Vec<SideMessage>,
    pub truth: Vec<TruthRecord>,
}

impl Life {
    /// Tank level, %.
    pub fn fuel_pct(&self, at_s: f64) -> f64 {
        let used = self.track.pose(at_s).odometer_m / 1_000.0 * self.kit.fuel_pct_per_km();
        let moved: f64 = self
            .fuel_steps
            .iter()
            .map(|step| {
                let share = (at_s - step.span.from_s) / (step.span.until_s - step.span.from_s);
                step.pct * share.clamp(0.0, 1.0)
            })
            .sum();
        (self.fuel_start_pct - used + moved).clamp(0.0, 100.0)
    }

    /// Coolant, degrees Celsius.
    pub fn coolant_c(&self, at_s: f64) -> f64 {
        let usual = if *self.engine.at(at_s) { USUAL_COOLANT_C } else { 60.0 };
        with_bumps(usual, &self.hot, at_s)
    }

    /// Supply voltage.
    pub fn battery_v(&self, at_s: f64) -> f64 {
        let usual = if *self.engine.at(at_s) { CHARGING_V } else { RESTING_V };
        with_bumps(usual, &self.weak_battery, at_s) * self.kit.volt_system / 12.0
    }

    /// Codes that are set.
    pub fn codes(&self, at_s: f64) -> Vec<&'static str> {
        self.fault_codes.iter().filter(|(span, _)| span.holds(at_s)).map(|(_, code)| *code).collect()
    }
}

/// Coolant of a warm engine: 15 degrees under the threshold of overheating.
pub(crate) const USUAL_COOLANT_C: f64 = 90.0;
/// 12 V system with the engine on.
const CHARGING_V: f64 = 13.8;
/// 12 V system with the engine off: 0.7 V over the threshold of a low battery.
pub(crate) const RESTING_V: f64 = 12.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_passes_its_threshold_where_its_ramps_do() {
        let span = Span { from_s: 100.0, until_s: 400.0 };
        let bump = Bump { span, ramp_s: 60.0, level: 114.0 };
        let beyond = bump.beyond(90.0, 105.0);
        assert_eq!(beyond, Span { from_s: 137.5, until_s: 362.5 });
        assert!((with_bumps(90.0, &[bump], beyond.from_s) - 105.0).abs() < 1e-9);
        assert_eq!(with_bumps(90.0, &[bump], 200.0), 114.0);
        assert_eq!(with_bumps(90.0, &[bump], 500.0), 90.0);
    }
}
