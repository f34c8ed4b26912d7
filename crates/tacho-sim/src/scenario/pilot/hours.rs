//! Hours of service: breaks, and what the law makes of the driving between them.

use super::Pilot;
use crate::{route::KMPH, scenario::life::Span, truth::TruthBody};
use serde_json::json;
use std::sync::Arc;
use tacho_model::Stream;

/// Driving after which a break is due under Regulation (EC) 561/2006, seconds.
const DRIVING_S_MAX: f64 = 4.5 * 3_600.0;
/// A whole break, and the second and first part of a split one, seconds.
const BREAK_S: f64 = 45.0 * 60.0;
const SECOND_PART_S: f64 = 30.0 * 60.0;
const FIRST_PART_S: f64 = 15.0 * 60.0;

impl Pilot<'_> {
    /// Which hours-of-service rules hold for the driver.
    pub fn name_profile(&mut self, profile: &str) {
        let driver = Arc::clone(&self.driver);
        let value = json!({
            "command_id": format!("setup_{driver}"),
            "ts": self.time_text(0.0),
            "type": "driver.upsert",
            "driver_id": &*driver,
            "name": &*driver,
            "hours_of_service": profile,
        });
        self.send(0.0, Stream::Commands, &driver, &value);
    }

    /// Parks for a break, which the driver's app declares.
    pub fn take_break(&mut self, seconds: f64) {
        self.park(30.0);
        let from_s = self.now_s();
        self.send_driver_event("break_start", from_s);
        self.park(seconds);
        let until_s = self.now_s();
        self.send_driver_event("break_end", until_s);
        self.breaks.push(Span { from_s, until_s });
        if seconds < FIRST_PART_S {
            self.tell_episode("break_violation", (from_s, until_s), seconds / 60.0, FIRST_PART_S / 60.0);
        }
        self.park(20.0);
    }

    /// Tells the spans in which the driver drove on although a break was due (`eu561`).
    pub fn tell_hours(&mut self) {
        let end_s = self.now_s();
        let mut breaks = std::mem::take(&mut self.breaks);
        breaks.push(Span { from_s: end_s, until_s: f64::INFINITY });
        let (mut driven_s, mut has_first_part, mut from_s) = (0.0, false, 0.0);
        let mut over_since = None;
        for rest in &breaks {
            for second in from_s as i64..rest.from_s as i64 {
                let is_driving = self.life.track.pose(second as f64).speed > 5.0 * KMPH;
                driven_s += f64::from(u8::from(is_driving));
                if driven_s > DRIVING_S_MAX && over_since.is_none() {
                    over_since = Some(second as f64);
                }
            }
            from_s = rest.until_s;
            let rest_s = rest.until_s - rest.from_s;
            let is_legal = rest_s >= BREAK_S || (has_first_part && rest_s >= SECOND_PART_S);
            if is_legal {
                if let Some(since) = over_since.take() {
                    self.tell_over(since, rest.from_s, driven_s);
                }
                (driven_s, has_first_part) = (0.0, false);
            } else {
                has_first_part |= rest_s >= FIRST_PART_S;
            }
        }
    }

    fn tell_over(&mut self, since_s: f64, until_s: f64, driven_s: f64) {
        let at = self.position(since_s);
        let (value, threshold) = (driven_s / 3_600.0, DRIVING_S_MAX / 3_600.0);
        let body = TruthBody::Episode { type_name: "driving_time", value, threshold, at, subject: None };
        self.tell((since_s, Some(until_s)), body);
    }
}
