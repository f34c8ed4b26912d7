//! Fuel, engine, battery and maintenance. Levels stand clearly beyond their thresholds, for longer than they must.

use super::Pilot;
use crate::{
    scenario::life::{Bump, FuelStep, RESTING_V, Span, USUAL_COOLANT_C},
    truth::TruthBody,
};
use serde_json::json;
use std::sync::Arc;
use tacho_model::{LatLon, Stream};

/// Coolant over this is overheating, degrees Celsius.
const HOT_C: f64 = 105.0;
/// A 12 V system under this is weak.
const WEAK_V: f64 = 11.8;
/// Out of use for longer than this is downtime, seconds.
const DOWNTIME_S_MIN: f64 = 24.0 * 3_600.0;
const YEAR_S: f64 = 365.0 * 24.0 * 3_600.0;
/// A tank under this is low, %.
const LOW_FUEL_PCT: f64 = 10.0;

impl Pilot<'_> {
    /// Everything between now and the end of the truth lines stays with the vehicle's position now.
    fn here(&self) -> LatLon {
        self.position(self.now_s())
    }

    /// The engine overheats from now on: up to 114 C within a minute, for `hold_s`, and down again.
    pub fn overheat(&mut self, hold_s: f64) {
        let from_s = self.now_s();
        let span = Span { from_s, until_s: from_s + hold_s + 120.0 };
        let bump = Bump { span, ramp_s: 60.0, level: 114.0 };
        self.life.hot.push(bump);
        let beyond = bump.beyond(USUAL_COOLANT_C, HOT_C);
        let at = self.here();
        let body =
            TruthBody::Episode { type_name: "engine_overheat", value: 114.0, threshold: HOT_C, at, subject: None };
        self.tell((beyond.from_s, Some(beyond.until_s)), body);
    }

    /// Parked for `seconds`, most of it with a battery at 11.2 V.
    pub fn park_with_weak_battery(&mut self, seconds: f64) {
        self.park(120.0);
        let from_s = self.now_s();
        self.park(seconds - 240.0);
        let bump = Bump { span: Span { from_s, until_s: self.now_s() }, ramp_s: 30.0, level: 11.2 };
        self.park(120.0);
        self.life.weak_battery.push(bump);
        let beyond = bump.beyond(RESTING_V, WEAK_V);
        let factor = self.life.kit.volt_system / 12.0;
        let at = self.here();
        let body = TruthBody::Episode {
            type_name: "low_battery",
            value: 11.2 * factor,
            threshold: WEAK_V * factor,
            at,
            subject: None,
        };
        self.tell((beyond.from_s, Some(beyond.until_s)), body);
    }

    /// Parked for `seconds`; in the middle, 18 % of the tank are gone within four minutes.
    pub fn park_with_theft(&mut self, seconds: f64) {
        self.park(seconds * 0.5);
        let from_s = self.now_s();
        let span = Span { from_s, until_s: from_s + 240.0 };
        self.park(seconds * 0.5);
        self.life.fuel_steps.push(FuelStep { span, pct: -18.0 });
        let at = self.here();
        let body = TruthBody::Episode { type_name: "fuel_theft", value: 18.0, threshold: 8.0, at, subject: None };
        self.tell((span.from_s, Some(span.until_s)), body);
    }

    /// Parked at a pump for `seconds` (at least 300), after which the tank is at 92 %.
    pub fn refuel(&mut self, seconds: f64) {
        self.park(60.0);
        let from_s = self.now_s();
        let level = self.life.fuel_pct(from_s);
        let span = Span { from_s, until_s: from_s + 150.0 };
        self.park(seconds - 60.0);
        let pct = 92.0 - level;
        self.life.fuel_steps.push(FuelStep { span, pct });
        let litres = pct / 100.0 * self.life.kit.tank_litres;
        let body = TruthBody::Event { type_name: "refuel", value: litres, subject: None };
        self.tell((span.from_s, Some(span.until_s)), body);
    }

    /// A fault code is set from now on for `seconds`.
    pub fn fault(&mut self, code: &'static str, seconds: f64) {
        let from_s = self.now_s();
        let span = Span { from_s, until_s: from_s + seconds };
        self.life.fault_codes.push((span, code));
        let at = self.here();
        let subject = Some(Arc::from(code));
        let body = TruthBody::Episode { type_name: "fault_code", value: f64::NAN, threshold: f64::NAN, at, subject };
        self.tell((span.from_s, Some(span.until_s)), body);
    }

    /// Parked in a workshop for `seconds`: the control stream says so.
    pub fn maintenance(&mut self, seconds: f64) {
        self.park(60.0);
        let from_s = self.now_s();
        self.send_command("maintenance.start", from_s);
        self.park(seconds - 60.0);
        let until_s = self.now_s();
        self.send_command("maintenance.end", until_s);
        let body = TruthBody::Event { type_name: "maintenance", value: until_s - from_s, subject: None };
        self.tell((from_s, Some(until_s)), body);
    }

    /// The workshop has had the vehicle since `before_s` before the scenario, and gives it back now.
    pub fn leave_workshop(&mut self, before_s: f64) {
        let (from_s, until_s) = (-before_s, self.now_s());
        self.send_command("maintenance.start", from_s);
        self.send_command("maintenance.end", until_s);
        let body = TruthBody::Event { type_name: "maintenance", value: until_s - from_s, subject: None };
        self.tell((from_s, Some(until_s)), body);
        let hours = |seconds: f64| seconds / 3_600.0;
        if until_s - from_s > DOWNTIME_S_MIN {
            let span = (from_s, until_s);
            self.tell_episode("asset_downtime", span, hours(until_s - from_s), hours(DOWNTIME_S_MIN));
        }
    }

    /// From now on the plan says that an oil change is due at that moment.
    pub fn plan_oil_change(&mut self, due_s: f64) {
        let (now_s, due_at) = (self.now_s(), self.time_text(due_s));
        self.send_command_with("maintenance.plan", now_s, json!({ "item": "oil", "due_at": due_at }));
    }

    /// The oil that was due then is changed now, and will be due again in a year.
    pub fn change_oil(&mut self, due_s: f64) {
        let now_s = self.now_s();
        self.plan_oil_change(now_s + YEAR_S);
        let at = self.position(due_s);
        let subject = Some(Arc::from("oil"));
        let body =
            TruthBody::Episode { type_name: "maintenance_due", value: f64::NAN, threshold: f64::NAN, at, subject };
        self.tell((due_s, Some(now_s)), body);
    }

    fn send_command(&mut self, kind: &str, at_s: f64) {
        self.send_command_with(kind, at_s, json!({}));
    }

    fn send_command_with(&mut self, kind: &str, at_s: f64, mut value: serde_json::Value) {
        let vehicle = Arc::clone(&self.life.vehicle_id);
        value["command_id"] = json!(format!("{kind}_{vehicle}_{}", self.time(at_s).ms()));
        value["ts"] = json!(self.time_text(at_s));
        value["type"] = json!(kind);
        value["vehicle_id"] = json!(&*vehicle);
        self.send(at_s, Stream::Commands, &vehicle, &value);
    }

    /// Coverage ends for `seconds` from now on, which the device bridges: it sends all of it afterwards.
    pub fn store_and_forward(&mut self, seconds: f64) {
        let from_s = self.now_s();
        let span = Span { from_s, until_s: from_s + seconds };
        self.life.stored.push(span);
        self.tell(
            (span.from_s, Some(span.until_s)),
            TruthBody::Event { type_name: "store_and_forward", value: seconds, subject: None },
        );
    }

    /// No signal for `seconds` while the vehicle is parked, as in a basement.
    pub fn park_in_silence(&mut self, seconds: f64) {
        self.park(100.0);
        self.sleep(seconds);
        self.park(100.0);
    }

    /// Engine off, and the tracker off with it, for some seconds.
    pub fn sleep(&mut self, seconds: f64) {
        let from_s = self.now_s();
        self.park(seconds);
        self.fall_silent(from_s, from_s + seconds);
    }

    /// Tells the spans in which the tank is low, once the whole life is known.
    pub fn tell_low_fuel(&mut self) {
        if !self.life.kit.tracker.has_bus() {
            return;
        }
        let end_s = self.now_s() as i64;
        let mut since: Option<f64> = None;
        for second in 0..=end_s {
            let at_s = second as f64;
            let is_low = self.life.fuel_pct(at_s) < LOW_FUEL_PCT;
            match (is_low, since) {
                (true, None) => since = Some(at_s),
                (false, Some(from_s)) => {
                    self.tell_low_fuel_span(from_s, at_s);
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(from_s) = since {
            self.tell_low_fuel_span(from_s, end_s as f64);
        }
    }

    fn tell_low_fuel_span(&mut self, from_s: f64, until_s: f64) {
        let at = self.position(from_s);
        let value = (0..=(until_s - from_s) as i64)
            .map(|second| self.life.fuel_pct(from_s + second as f64))
            .fold(LOW_FUEL_PCT, f64::min);
        let body = TruthBody::Episode { type_name: "low_fuel", value, threshold: LOW_FUEL_PCT, at, subject: None };
        self.tell((from_s, Some(until_s)), body);
    }
}
