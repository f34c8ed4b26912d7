//! The reorder buffer of a vehicle whose fixes overtake each other: sorted by event time and event id, released by the
//! vehicle's progress, or by fleet time when it falls silent.
//!
//! The bound says how records arrive, not what the vehicle does: it takes effect as its command arrives.

use super::{
    emergencies,
    held::HeldRow,
    motion,
    state::{Context, Vehicle},
    windows,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::{EventTime, RowOutcome, TelemetryBatch};

/// Fixes that wait per vehicle; more, and the oldest is released early.
const ROWS_MAX: usize = 1_024;

/// What waits, and how far the vehicle's telemetry has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reorder {
    bound_ms: i64,
    /// Largest event time that arrived, never above its log time + 1 s. Vehicle time is this minus the bound.
    newest: EventTime,
    /// Fleet time before the epoch in which a row arrived last.
    heard: Option<EventTime>,
    /// In order.
    rows: VecDeque<HeldRow>,
}

impl Reorder {
    /// The bound, ms.
    pub fn bound_ms(&self) -> i64 {
        self.bound_ms
    }

    /// Rows that wait.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn insert(&mut self, row: HeldRow) {
        let place = if self.rows.back().is_none_or(|last| last.order() <= row.order()) {
            self.rows.len()
        } else {
            self.rows.partition_point(|other| other.order() <= row.order())
        };
        self.rows.insert(place, row);
    }

    /// The first row, if the vehicle's time has passed it.
    fn pop_passed(&mut self) -> Option<HeldRow> {
        let passed = self.newest.plus_ms(-self.bound_ms);
        let is_full = self.rows.len() > ROWS_MAX;
        self.rows.pop_front_if(|row| is_full || row.order().0 < passed)
    }
}

/// Sets the bound; without one, what waits comes out at once.
pub fn set_bound(vehicle: &mut Vehicle, bound_ms: i64, ctx: &mut Context<'_>) {
    match &mut vehicle.reorder {
        Some(reorder) if bound_ms > 0 => reorder.bound_ms = bound_ms,
        Some(_) => {
            release_all(vehicle, ctx);
            vehicle.reorder = None;
        }
        None if bound_ms > 0 => {
            let newest = vehicle.time;
            let reorder = Reorder { bound_ms, newest, heard: None, rows: VecDeque::new() };
            vehicle.reorder = Some(Box::new(reorder));
        }
        None => {}
    }
}

/// How far behind the newest fix that arrived a fix is, ms; 0 if it is the newest.
pub fn displacement_ms(vehicle: &Vehicle, at: EventTime) -> i64 {
    let newest = vehicle.reorder.as_ref().map_or(vehicle.time, |reorder| reorder.newest);
    newest.ms_since(at).max(0)
}

/// Takes a fix that is not late into the buffer, and releases those that the vehicle's time has passed.
pub fn take_row(vehicle: &mut Vehicle, batch: &TelemetryBatch, row: usize, ctx: &mut Context<'_>) -> RowOutcome {
    let row = HeldRow::of_row(batch, row);
    let at = row.order().0;
    let displacement_ms = displacement_ms(vehicle, at);
    let Some(reorder) = &mut vehicle.reorder else { return RowOutcome::Pending };
    if displacement_ms > 0 {
        ctx.out.displacements.add(displacement_ms);
    }
    reorder.newest = reorder.newest.max(at);
    reorder.heard = ctx.fleet_before;
    reorder.insert(row);
    ctx.gauges.held_rows += 1;
    while let Some(passed) = vehicle.reorder.as_mut().and_then(|reorder| reorder.pop_passed()) {
        release(vehicle, passed, ctx);
    }
    if let Some(reorder) = &vehicle.reorder {
        vehicle.time = vehicle.time.max(reorder.newest.plus_ms(-reorder.bound_ms));
    }
    RowOutcome::Held
}

fn release(vehicle: &mut Vehicle, row: HeldRow, ctx: &mut Context<'_>) {
    let fix = row.fix();
    emergencies::settle_flags(vehicle, &fix, ctx);
    match motion::place(vehicle, &fix, || Box::new(row.clone()), ctx) {
        // It was counted when it came into the buffer.
        RowOutcome::Held => ctx.gauges.held_rows -= 1,
        outcome => {
            ctx.gauges.held_rows -= 1;
            row.release(outcome, &mut ctx.out.released);
        }
    }
}

fn release_all(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    while let Some(row) = vehicle.reorder.as_mut().and_then(|reorder| reorder.rows.pop_front()) {
        release(vehicle, row, ctx);
    }
}

/// The event time of the first fix that waits.
pub fn first_waiting(vehicle: &Vehicle) -> Option<EventTime> {
    vehicle.reorder.as_ref()?.rows.front().map(|row| row.order().0)
}

/// When a silent vehicle's fixes stop waiting, on fleet time.
pub fn rows_until(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let reorder = vehicle.reorder.as_ref().filter(|reorder| !reorder.rows.is_empty())?;
    let since = reorder.heard.map_or(reorder.newest, |heard| heard.max(reorder.newest));
    Some(since.plus_ms(reorder.bound_ms + ctx.config.silence_hold_ms))
}

/// Looks at a silent vehicle: nothing that would come before what waits is expected any more.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    if rows_until(vehicle, ctx).is_some_and(|until| until <= fleet) {
        // Whether a fix is history is judged by the fleet time before it came.
        let now = std::mem::replace(&mut ctx.fleet_before, vehicle.reorder.as_ref().and_then(|reorder| reorder.heard));
        release_all(vehicle, ctx);
        ctx.fleet_before = now;
        windows::tell_corrections(vehicle, ctx);
    }
}
