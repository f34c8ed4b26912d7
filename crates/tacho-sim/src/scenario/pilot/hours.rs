//! Hours of service: breaks, and what the law makes of the driving between them.
//!
//! Regulation (EC) 561/2006 has two things to break here: article 7, breaks (`break_violation`: the 45 minutes that are
//! due after 4 h 30 are missing or too short), and article 6, driving times (`driving_time`: of a day, here).

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
/// Driving of a day at most, seconds: 10 h, which is allowed twice a week; a scenario's day is the first of its week.
const DAY_S_MAX: f64 = 10.0 * 3_600.0;

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
            self.tell_episode("break_violation", (from_s, until_s), seconds, FIRST_PART_S);
        }
        self.park(20.0);
    }

    /// Tells the spans in which the driver drove on although a break was due, or the day's driving was over (`eu561`).
    /// A missing break is made good when it is complete; a day, by a daily rest, which no scenario is long enough for.
    pub fn tell_hours(&mut self) {
        let end_s = self.now_s();
        let mut breaks = std::mem::take(&mut self.breaks);
        breaks.push(Span { from_s: end_s, until_s: f64::INFINITY });
        let (mut driven_s, mut day_s, mut has_first_part, mut from_s) = (0.0, 0.0, false, 0.0);
        let (mut over_since, mut day_over_since) = (None, None);
        for rest in &breaks {
            for second in from_s as i64..rest.from_s as i64 {
                if self.life.track.pose(second as f64).speed <= 5.0 * KMPH {
                    continue;
                }
                (driven_s, day_s) = (driven_s + 1.0, day_s + 1.0);
                if driven_s > DRIVING_S_MAX {
                    over_since.get_or_insert(second as f64);
                }
                if day_s > DAY_S_MAX {
                    day_over_since.get_or_insert(second as f64);
                }
            }
            from_s = rest.until_s;
            let rest_s = rest.until_s - rest.from_s;
            let needed_s = if has_first_part { SECOND_PART_S } else { BREAK_S };
            if rest_s >= needed_s {
                if let Some(since_s) = over_since.take() {
                    let until_s = rest.from_s + needed_s;
                    self.tell_over("break_violation", (since_s, Some(until_s)), (driven_s, DRIVING_S_MAX));
                }
                (driven_s, has_first_part) = (0.0, false);
            } else {
                has_first_part |= rest_s >= FIRST_PART_S;
            }
        }
        if let Some(since_s) = day_over_since {
            self.tell_over("driving_time", (since_s, None), (day_s, DAY_S_MAX));
        }
    }

    fn tell_over(&mut self, type_name: &'static str, span: (f64, Option<f64>), (value, threshold): (f64, f64)) {
        let at = self.position(span.0);
        let body = TruthBody::Episode { type_name, value, threshold, at, subject: None };
        self.tell(span, body);
    }
}
