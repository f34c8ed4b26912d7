//! What a score is made of, as whole numbers: sums of them do not depend on their order.

use serde::{Deserialize, Serialize};
use tacho_model::AlertType;

/// The kinds of alerts that are counted, in the order of [`Parts::counts`].
pub const KINDS: [AlertType; 7] = [
    AlertType::Overspeed,
    AlertType::HarshBrake,
    AlertType::Idling,
    AlertType::HarshAccel,
    AlertType::HarshCorner,
    AlertType::RouteDeviation,
    AlertType::Crash,
];

/// Place of a kind in [`Parts::counts`]; none if it counts for nothing.
pub fn place_of(alert_type: AlertType) -> Option<usize> {
    KINDS.iter().position(|kind| *kind == alert_type)
}

/// What a driver drove, and what was counted, in a bucket or a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Parts {
    pub drive: Drive,
    /// Alerts that began, by kind.
    pub counts: [u32; KINDS.len()],
}

/// What a vehicle drove in a piece of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Drive {
    /// Millimetres.
    pub distance_mm: u64,
    /// In state driving, ms.
    pub driving_ms: u64,
    /// Over a known limit, within overspeed episodes, ms.
    pub over_ms: u64,
    /// Between fixes on a trip, ms.
    pub trip_ms: u64,
    /// Of that, in gaps that count as unmeasured, ms.
    pub gap_ms: u64,
}

impl Drive {
    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Drive::default()
    }

    /// Adds another piece.
    pub fn add(&mut self, other: &Drive) {
        self.distance_mm += other.distance_mm;
        self.driving_ms += other.driving_ms;
        self.over_ms += other.over_ms;
        self.trip_ms += other.trip_ms;
        self.gap_ms += other.gap_ms;
    }
}

impl Parts {
    /// Alerts of a kind.
    pub fn count(&self, kind: AlertType) -> u32 {
        place_of(kind).map_or(0, |place| self.counts[place])
    }

    /// The reference's penalty: 2 x overspeed + 3 x harsh_brake + 1 x idling.
    pub fn penalty(&self) -> u32 {
        2 * self.counts[0] + 3 * self.counts[1] + self.counts[2]
    }

    /// Measured share of the time on trips; 1 without any.
    pub fn coverage(&self) -> f64 {
        if self.drive.trip_ms == 0 {
            return 1.0;
        }
        (1.0 - self.drive.gap_ms as f64 / self.drive.trip_ms as f64).clamp(0.0, 1.0)
    }
}
