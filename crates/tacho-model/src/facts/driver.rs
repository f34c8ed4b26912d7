//! Scores of drivers, and what they overstepped.

use crate::{AlertId, DriverId, EventTime, VehicleId};

/// The windows of driver scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScoreWindow {
    /// 15 s sliding by 1 s: the penalty.
    Penalty15s,
    /// An hour, sliding by 1 min.
    Hour1,
    /// 24 hours, sliding by 15 min.
    Hours24,
    /// 7 days, sliding by 1 h.
    Days7,
    /// 30 days, sliding by 1 h.
    Days30,
}

impl ScoreWindow {
    /// The word in `driver_scores.window`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScoreWindow::Penalty15s => "15s",
            ScoreWindow::Hour1 => "1h",
            ScoreWindow::Hours24 => "24h",
            ScoreWindow::Days7 => "7d",
            ScoreWindow::Days30 => "30d",
        }
    }

    /// Its length, ms.
    pub const fn length_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            ScoreWindow::Penalty15s => 15_000,
            ScoreWindow::Hour1 => HOUR_MS,
            ScoreWindow::Hours24 => 24 * HOUR_MS,
            ScoreWindow::Days7 => 7 * 24 * HOUR_MS,
            ScoreWindow::Days30 => 30 * 24 * HOUR_MS,
        }
    }
}

/// Penalty and score of a driver over a window, with what they are made of. Key: (driver, window, window_start); an unidentified driver is told apart by vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverScore {
    /// The driver; empty for the unidentified one, who is told apart by vehicle.
    pub driver_id: DriverId,
    /// The penalty's: the vehicle of the newest counted alert. A score's: empty, but for an unidentified driver.
    pub vehicle_id: VehicleId,
    /// Which window.
    pub window: ScoreWindow,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// 2 x overspeed + 3 x harsh_brake + 1 x idling.
    pub penalty: u32,
    /// 0..=100; NaN under the least distance, and for the penalty's window.
    pub score: f64,
    /// Overspeed alerts that began in the window.
    pub overspeed_count: u32,
    /// Harsh brakings in the window.
    pub harsh_brake_count: u32,
    /// Idling alerts that began in the window.
    pub idling_count: u32,
    /// Harsh accelerations in the window. This and all below stay 0 in the penalty's window.
    pub harsh_accel_count: u32,
    /// Harsh corners in the window.
    pub harsh_corner_count: u32,
    /// Route deviations that began in the window.
    pub route_deviation_count: u32,
    /// Crashes in the window.
    pub crash_count: u32,
    /// Metres driven.
    pub distance_m: f64,
    /// Seconds in state driving.
    pub driving_s: f64,
    /// Seconds over a known limit, within overspeed episodes.
    pub over_limit_s: f64,
    /// Measured share of the time on trips, within 0..=1.
    pub coverage: f64,
}

/// A rule on breaks or driving time that was overstepped: one episode. Key: violation_id.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakViolation {
    /// Its id, which is also its alert's.
    pub violation_id: AlertId,
    /// The driver.
    pub driver_id: DriverId,
    /// The vehicle that was driven when it began; empty if that is not known.
    pub vehicle_id: VehicleId,
    /// The rules that the driver is judged by: `eu561`, `us395`, `us395_60`.
    pub profile: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// When the limit was passed, or the short break began.
    pub started_at: EventTime,
    /// When a legal rest was complete, or the short break was over; none while it lasts.
    pub ended_at: Option<EventTime>,
    /// Minutes driven against the limit; of a short break: its length; of the window of a shift: minutes since its start.
    pub value_min: f64,
    /// The limit, minutes.
    pub limit_min: f64,
}

/// What a driver may still drive before a rule on driving time is overstepped: the newest word on each driver. Key: driver_id.
///
/// Minutes are those of driving, none where the count needs minutes that are forgotten. Of a driver who is `is_driving` they
/// hold at `counted_until`, and a reader takes off what has passed since; of one who rests they hold until the next word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HoursLeft {
    /// The driver.
    pub driver_id: DriverId,
    /// The rules that the driver is judged by: `eu561`, `us395`, `us395_60`; empty: by none any more.
    pub profile: &'static str,
    /// Driving, as far as is known; else resting.
    pub is_driving: bool,
    /// Driving or resting since then.
    pub since: EventTime,
    /// What was driven before it is counted.
    pub counted_until: EventTime,
    /// Until a break is due.
    pub break_left_min: Option<u32>,
    /// In the day or shift.
    pub day_left_min: Option<u32>,
    /// The limit of the day or shift.
    pub day_limit_min: u32,
    /// When the 14 hours of the shift end; none without a shift that has begun, and in the EU.
    pub window_end: Option<EventTime>,
    /// In the week, or in the cycle of 7 or 8 days.
    pub week_left_min: Option<u32>,
    /// In two weeks; none in the US.
    pub fortnight_left_min: Option<u32>,
    /// When the present rest is a break, or was; none while driving.
    pub break_at: Option<EventTime>,
    /// When the present rest is a daily rest, or was; none while driving.
    pub daily_rest_at: Option<EventTime>,
}
