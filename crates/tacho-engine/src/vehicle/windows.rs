//! Windows of a vehicle, on its own time: 20 s summaries, minutes, and the live metrics of its trip.
//!
//! A late fix counts in the event count and the speeds of the windows that are still kept; distance and state seconds
//! are those of the applied order.

use super::{
    ahead,
    fix::Fix,
    presence::Spent,
    state::{Context, Vehicle},
    trip::Trip,
    trips,
};
use crate::config::EngineConfig;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, ops::Range};
use tacho_model::{EventTime, TripId, TripMetrics, TripSummary, VehicleId, VehicleMinute, VehicleState};

const MINUTE_MS: i64 = 60_000;

/// Count and speeds of fixes, and metres.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Samples {
    pub count: u32,
    pub sum_kmph: f64,
    pub min_kmph: f32,
    pub max_kmph: f32,
    pub distance_m: f64,
}

impl Default for Samples {
    fn default() -> Self {
        Self { count: 0, sum_kmph: 0.0, min_kmph: f32::MAX, max_kmph: 0.0, distance_m: 0.0 }
    }
}

impl Samples {
    /// Takes a speed sample.
    pub fn add(&mut self, speed_kmph: f32) {
        self.count += 1;
        self.sum_kmph += f64::from(speed_kmph);
        self.min_kmph = self.min_kmph.min(speed_kmph);
        self.max_kmph = self.max_kmph.max(speed_kmph);
    }
    /// Mean of the samples, 0 without one.
    pub fn mean_kmph(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum_kmph / f64::from(self.count) }
    }
    /// Smallest sample, 0 without one.
    pub fn min_or_zero(&self) -> f32 {
        if self.count == 0 { 0.0 } else { self.min_kmph }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Summary {
    start: EventTime,
    samples: Samples,
    trip_id: TripId,
    is_told: bool,
    has_news: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Minute {
    start: EventTime,
    samples: Samples,
    seconds: [f32; 5],
    is_told: bool,
    has_news: bool,
}

/// What came in one slide of the live metrics.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Pane {
    start: EventTime,
    count: u32,
    sum_kmph: f64,
    distance_m: f64,
}

/// The live metrics of the trip that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Metrics {
    trip_id: TripId,
    /// Oldest first; one at least.
    panes: VecDeque<Pane>,
    /// End of the last window that was judged.
    told: EventTime,
    /// Starts of the first and the last pane of the window that was told last.
    shown: Option<(EventTime, EventTime)>,
}

/// Open windows, and closed ones that still take corrections; oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Windows {
    summaries: VecDeque<Summary>,
    minutes: VecDeque<Minute>,
    /// Of a vehicle on a trip.
    metrics: Option<Box<Metrics>>,
    /// What the windows say, so that most fixes need not look through them. Not kept in snapshots.
    #[serde(skip)]
    due: Due,
}

/// When summaries and minutes have to be looked through.
#[derive(Debug, Clone, Copy)]
struct Due {
    /// Start of the first summary that has not been told; `MAX` without one.
    open_summary: EventTime,
    /// Start of the first minute that has not been told; `MAX` without one.
    open_minute: EventTime,
    /// Vehicle time at which the first window is told or forgotten; `MIN`: not known.
    at: EventTime,
    /// A window that was told has news.
    has_corrections: bool,
}

/// Room for one more window, and no more: a vehicle that stands has one, the busiest three, and doubling begins with four.
fn make_room<T>(windows: &mut VecDeque<T>) {
    if windows.len() == windows.capacity() {
        windows.reserve_exact(1);
    }
}

/// True if the window of that start and length holds the moment.
fn holds(start: EventTime, length_ms: i64, at: EventTime) -> bool {
    (0..length_ms).contains(&at.ms_since(start))
}

/// What a fix adds: metres from the fix before, and what the time since then was spent with.
pub struct Step {
    pub delta_m: f64,
    /// Pieces of the time since the fix before, in order.
    pub spent: Spent,
}

/// Takes an applied fix: closes what its time has passed, then counts it.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
    let Vehicle { windows, id, trip, ended, time, .. } = vehicle;
    let trip = trips::of_fix(trip.as_deref(), ended.as_deref(), fix);
    for (from, to, state) in step.spent.iter().flatten() {
        windows.spend(*from, *to, *state);
    }
    // A suspect that turns out to be right is behind vehicle time, and its windows are still wanted.
    let now = (*time).min(fix.at);
    if windows.due.is_at(now) {
        windows.tell_until(id, now, ctx);
        windows.forget_until(now, ctx);
        windows.look_ahead(ctx.config);
    }
    windows.add_to_summary(trip, fix, step.delta_m, ctx);
    let minute = windows.minute_at(fix.at);
    minute.samples.add(fix.speed_kmph);
    minute.samples.distance_m += step.delta_m;
    windows.add_to_metrics(id, trip, fix, step.delta_m, ctx);
}

/// Gives time to the minutes that it falls into, without a fix.
pub fn spend_until(vehicle: &mut Vehicle, spent: &Spent) {
    for (from, to, state) in spent.iter().flatten() {
        vehicle.windows.spend(*from, *to, *state);
    }
}

/// Takes a late fix into the windows that still take corrections. Which do, vehicle time alone says: whether something
/// has begun one yet may depend on when silence was noticed.
pub fn on_late_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) {
    let horizon = vehicle.time.plus_ms(-ctx.config.allowed_lateness_ms);
    let summary_ms = ctx.config.summary_ms;
    if fix.at.floor_to_ms(summary_ms).plus_ms(summary_ms) > horizon {
        let summary = vehicle.windows.summary_at(fix.at, summary_ms);
        if summary.samples.count == 0 {
            summary.trip_id = TripId::from(fix.trip_id);
        }
        summary.samples.add(fix.speed_kmph);
    }
    if fix.at.floor_to_ms(MINUTE_MS).plus_ms(MINUTE_MS) > horizon {
        vehicle.windows.minute_at(fix.at).samples.add(fix.speed_kmph);
    }
}

/// Tells the corrections of windows that were told before. Once per vehicle and epoch.
pub fn tell_corrections(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Vehicle { windows, id, .. } = vehicle;
    if !windows.due.may_have_corrections() {
        return;
    }
    for summary in windows.summaries.iter_mut().filter(|summary| summary.is_told && summary.has_news) {
        summary.tell(id, ctx);
    }
    for minute in windows.minutes.iter_mut().filter(|minute| minute.is_told && minute.has_news) {
        minute.tell(id, ctx);
    }
    windows.look_ahead(ctx.config);
}

/// Closes the windows of a silent vehicle up to `until`.
pub fn close_silent(vehicle: &mut Vehicle, until: EventTime, ctx: &mut Context<'_>) {
    let Vehicle { windows, id, .. } = vehicle;
    windows.tell_until(id, until, ctx);
    windows.look_ahead(ctx.config);
    if let Some(metrics) = &mut windows.metrics {
        metrics.tell_until(id, until, ctx);
    }
}

impl Default for Due {
    fn default() -> Due {
        let (open_summary, open_minute) = (EventTime::MAX, EventTime::MAX);
        Due { open_summary, open_minute, at: EventTime::MIN, has_corrections: false }
    }
}

impl Due {
    fn is_known(&self) -> bool {
        self.at != EventTime::MIN
    }

    /// True if a window may have to be told or forgotten at that vehicle time.
    fn is_at(&self, vehicle_time: EventTime) -> bool {
        self.at <= vehicle_time || self.has_corrections
    }

    fn may_have_corrections(&self) -> bool {
        self.has_corrections || !self.is_known()
    }
}

impl Windows {
    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        ahead::fetch_back(&self.summaries);
        ahead::fetch_back(&self.minutes);
        if let Some(metrics) = &self.metrics {
            ahead::fetch(&metrics.panes);
            ahead::fetch(&metrics.shown);
        }
    }

    /// What lies behind that.
    pub fn read_ends_ahead(&self) {
        if let Some(metrics) = &self.metrics {
            ahead::fetch_back(&metrics.panes);
        }
    }

    /// The first window end that has not been told yet; `MAX` without one.
    pub fn next_end(&self, config: &EngineConfig) -> EventTime {
        let due = if self.due.is_known() { self.due } else { self.due(config) };
        let metrics = self.metrics.as_ref().map_or(EventTime::MAX, |metrics| metrics.next_end(config));
        due.open_summary.plus_ms(config.summary_ms).min(due.open_minute.plus_ms(MINUTE_MS)).min(metrics)
    }

    /// Notes when the windows have to be looked through again.
    fn look_ahead(&mut self, config: &EngineConfig) {
        self.due = self.due(config);
    }

    fn due(&self, config: &EngineConfig) -> Due {
        let (mut due, summary_ms) = (Due::default(), config.summary_ms);
        for summary in self.summaries.iter().rev() {
            if !summary.is_told {
                due.open_summary = summary.start;
            }
            due.has_corrections |= summary.is_told && summary.has_news;
        }
        for minute in self.minutes.iter().rev() {
            if !minute.is_told {
                due.open_minute = minute.start;
            }
            due.has_corrections |= minute.is_told && minute.has_news;
        }
        let told_summary = self.summaries.front().filter(|oldest| oldest.is_told);
        let told_minute = self.minutes.front().filter(|oldest| oldest.is_told);
        let forget_summary = told_summary.map_or(EventTime::MAX, |oldest| oldest.start.plus_ms(summary_ms));
        let forget_minute = told_minute.map_or(EventTime::MAX, |oldest| oldest.start.plus_ms(MINUTE_MS));
        let open = due.open_summary.plus_ms(summary_ms).min(due.open_minute.plus_ms(MINUTE_MS));
        due.at = open.min(forget_summary.min(forget_minute).plus_ms(config.allowed_lateness_ms));
        due
    }

    /// Tells the windows that end up to `until` and have not been told as they are.
    fn tell_until(&mut self, vehicle_id: &VehicleId, until: EventTime, ctx: &mut Context<'_>) {
        let config = ctx.config;
        for summary in &mut self.summaries {
            if (!summary.is_told || summary.has_news) && summary.start.plus_ms(config.summary_ms) <= until {
                summary.tell(vehicle_id, ctx);
            }
        }
        for minute in &mut self.minutes {
            if (!minute.is_told || minute.has_news) && minute.start.plus_ms(MINUTE_MS) <= until {
                minute.tell(vehicle_id, ctx);
            }
        }
    }

    /// Forgets the windows that take no more corrections, on vehicle time alone: a fix that ends a silence still gives
    /// time to the minute of the fix before.
    fn forget_until(&mut self, vehicle_time: EventTime, ctx: &Context<'_>) {
        let config = ctx.config;
        let horizon = vehicle_time.plus_ms(-config.allowed_lateness_ms);
        while self.summaries.front().is_some_and(|old| old.is_told && old.start.plus_ms(config.summary_ms) <= horizon) {
            self.summaries.pop_front();
        }
        while self.minutes.front().is_some_and(|old| old.is_told && old.start.plus_ms(MINUTE_MS) <= horizon) {
            self.minutes.pop_front();
        }
    }

    fn add_to_summary(&mut self, trip: Option<&Trip>, fix: &Fix<'_>, delta_m: f64, ctx: &Context<'_>) {
        let summary = self.summary_at(fix.at, ctx.config.summary_ms);
        summary.samples.add(fix.speed_kmph);
        summary.samples.distance_m += delta_m;
        if trip.map_or("", |trip| trip.id.as_str()) != summary.trip_id.as_str() {
            summary.trip_id = trip.map(|trip| trip.id.clone()).unwrap_or_default();
        }
    }

    /// The summary of a moment, which gets news. Behind a clock that was ahead, a fix may belong to a window before the
    /// newest.
    fn summary_at(&mut self, at: EventTime, summary_ms: i64) -> &mut Summary {
        let place = match self.summaries.back() {
            Some(newest) if holds(newest.start, summary_ms, at) => self.summaries.len() - 1,
            _ => self.place_of_summary(at.floor_to_ms(summary_ms)),
        };
        let summary = &mut self.summaries[place];
        summary.has_news = true;
        self.due.has_corrections |= summary.is_told;
        summary
    }

    fn place_of_summary(&mut self, start: EventTime) -> usize {
        let place = self.summaries.partition_point(|summary| summary.start < start);
        if self.summaries.get(place).is_none_or(|summary| summary.start != start) {
            let samples = Samples::default();
            let summary = Summary { start, samples, trip_id: TripId::default(), is_told: false, has_news: false };
            make_room(&mut self.summaries);
            self.summaries.insert(place, summary);
            self.due = Due::default();
        }
        place
    }

    /// The minute of a moment, which gets news.
    fn minute_at(&mut self, at: EventTime) -> &mut Minute {
        let place = match self.minutes.back() {
            Some(newest) if holds(newest.start, MINUTE_MS, at) => self.minutes.len() - 1,
            _ => self.place_of_minute(at.floor_to_ms(MINUTE_MS)),
        };
        let minute = &mut self.minutes[place];
        minute.has_news = true;
        self.due.has_corrections |= minute.is_told;
        minute
    }

    fn place_of_minute(&mut self, start: EventTime) -> usize {
        let place = self.minutes.partition_point(|minute| minute.start < start);
        if self.minutes.get(place).is_none_or(|minute| minute.start != start) {
            make_room(&mut self.minutes);
            let minute =
                Minute { start, samples: Samples::default(), seconds: [0.0; 5], is_told: false, has_news: false };
            self.minutes.insert(place, minute);
            self.due = Due::default();
        }
        place
    }

    /// Spreads time over minutes. Whole minutes inside a long silence are left out: `vehicle_minutes` tells of minutes
    /// with fixes and of those at the edges of a silence.
    fn spend(&mut self, from: EventTime, to: EventTime, state: VehicleState) {
        let is_long = to.ms_since(from) > 5 * MINUTE_MS;
        let mut at = from;
        while at < to {
            let start = at.floor_to_ms(MINUTE_MS);
            let until = start.plus_ms(MINUTE_MS).min(to);
            let is_whole = until.ms_since(at) == MINUTE_MS;
            if is_long && is_whole && at > from {
                at = to.floor_to_ms(MINUTE_MS).max(until);
                continue;
            }
            self.minute_at(start).seconds[state as usize] += until.ms_since(at) as f32 / 1_000.0;
            at = until;
        }
    }

    /// Counts the fix for the live metrics of its trip, after telling the windows that it has passed. When the trip
    /// changes, all that is left of the old one is told.
    fn add_to_metrics(
        &mut self,
        vehicle_id: &VehicleId,
        trip: Option<&Trip>,
        fix: &Fix<'_>,
        delta_m: f64,
        ctx: &mut Context<'_>,
    ) {
        let is_others = |metrics: &Metrics| trip.is_none_or(|trip| trip.id != metrics.trip_id);
        if let Some(mut old) = self.metrics.take_if(|metrics| is_others(metrics)) {
            old.tell_until(vehicle_id, EventTime::MAX, ctx);
        }
        let Some(trip) = trip else { return };
        let start = fix.at.floor_to_ms(ctx.config.metrics_slide_ms);
        let metrics = self.metrics.get_or_insert_with(|| Box::new(Metrics::new(trip.id.clone(), start, ctx.config)));
        metrics.go_on_to(start, vehicle_id, ctx);
        if let Some(pane) = metrics.panes.iter_mut().rev().find(|pane| pane.start <= start) {
            pane.count += 1;
            pane.sum_kmph += f64::from(fix.speed_kmph);
            pane.distance_m += delta_m;
        }
    }
}

impl Metrics {
    fn new(trip_id: TripId, start: EventTime, config: &EngineConfig) -> Metrics {
        let mut panes = VecDeque::with_capacity((config.metrics_window_ms / config.metrics_slide_ms) as usize + 1);
        panes.push_back(Pane::new(start));
        Metrics { trip_id, panes, told: start, shown: None }
    }

    /// The first window end that has not been judged yet; `MAX` without one.
    fn next_end(&self, config: &EngineConfig) -> EventTime {
        let end = self.told.plus_ms(config.metrics_slide_ms);
        let is_held = self.panes.back().is_some_and(|newest| end <= newest.start.plus_ms(config.metrics_window_ms));
        if is_held { end } else { EventTime::MAX }
    }

    /// Makes room for a fix of the pane that starts then, after telling the windows that it has passed.
    fn go_on_to(&mut self, start: EventTime, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        if self.panes.back().is_none_or(|newest| newest.start < start) {
            self.tell_until(vehicle_id, start, ctx);
            let horizon = start.plus_ms(ctx.config.metrics_slide_ms - ctx.config.metrics_window_ms);
            while self.panes.front().is_some_and(|pane| pane.start < horizon) {
                self.panes.pop_front();
            }
            if self.panes.is_empty() {
                (self.shown, self.told) = (None, start);
            }
            self.panes.push_back(Pane::new(start));
        }
        if self.told > start {
            // Silence told windows that this fix belongs to: they are told again.
            (self.shown, self.told) = (None, start);
        }
    }

    /// Tells every window that ends up to `until`, holds a fix and differs from the one before.
    fn tell_until(&mut self, vehicle_id: &VehicleId, until: EventTime, ctx: &mut Context<'_>) {
        let (slide_ms, window_ms) = (ctx.config.metrics_slide_ms, ctx.config.metrics_window_ms);
        let Some(newest) = self.panes.back().map(|pane| pane.start) else { return };
        let last_end = newest.plus_ms(window_ms).min(until);
        while self.told.plus_ms(slide_ms) <= last_end {
            self.told = self.told.plus_ms(slide_ms);
            let window_start = self.told.plus_ms(-window_ms);
            let first = self.panes.partition_point(|pane| pane.start < window_start);
            let last = self.panes.partition_point(|pane| pane.start < self.told);
            if first == last {
                continue;
            }
            let shown = Some((self.panes[first].start, self.panes[last - 1].start));
            if self.shown != shown {
                self.shown = shown;
                self.tell(vehicle_id, window_start, first..last, ctx);
            }
        }
    }

    fn tell(&self, vehicle_id: &VehicleId, window_start: EventTime, panes: Range<usize>, ctx: &mut Context<'_>) {
        let mut total = Pane::new(window_start);
        for pane in self.panes.range(panes) {
            total.count += pane.count;
            total.sum_kmph += pane.sum_kmph;
            total.distance_m += pane.distance_m;
        }
        ctx.out.facts.trip_metrics.push(TripMetrics {
            trip_id: self.trip_id.clone(),
            vehicle_id: vehicle_id.clone(),
            window_start,
            window_end: window_start.plus_ms(ctx.config.metrics_window_ms),
            event_count: total.count,
            distance_m: total.distance_m,
            avg_speed_kmph: if total.count == 0 { 0.0 } else { total.sum_kmph / f64::from(total.count) },
        });
    }
}

impl Pane {
    fn new(start: EventTime) -> Pane {
        Pane { start, count: 0, sum_kmph: 0.0, distance_m: 0.0 }
    }
}

impl Summary {
    fn tell(&mut self, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        self.is_told = true;
        self.has_news = false;
        ctx.out.facts.trip_summaries.push(TripSummary {
            vehicle_id: vehicle_id.clone(),
            trip_id: self.trip_id.clone(),
            window_start: self.start,
            window_end: self.start.plus_ms(ctx.config.summary_ms),
            event_count: self.samples.count,
            distance_m: self.samples.distance_m,
            avg_speed_kmph: self.samples.mean_kmph(),
            min_speed_kmph: self.samples.min_or_zero(),
            max_speed_kmph: self.samples.max_kmph,
        });
    }
}

impl Minute {
    fn tell(&mut self, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        self.is_told = true;
        self.has_news = false;
        ctx.out.facts.vehicle_minutes.push(VehicleMinute {
            vehicle_id: vehicle_id.clone(),
            minute: self.start,
            event_count: self.samples.count,
            distance_m: self.samples.distance_m,
            min_speed_kmph: self.samples.min_or_zero(),
            avg_speed_kmph: self.samples.mean_kmph() as f32,
            max_speed_kmph: self.samples.max_kmph,
            seconds: self.seconds,
        });
    }
}
