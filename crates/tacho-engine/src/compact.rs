//! One fact per id and epoch: the last. A reader that sees versions of an epoch never sees one that was overtaken in it.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher, Hash};
use tacho_model::{
    AlertFact, EtaPrediction, Facts, GeofenceEvent, RecomputeMark, Refuel, StopVisit, TripFact, TripMetrics,
    TripSummary, VehicleInterval, VehicleMinute,
};

/// Takes out of each kind of fact all but the last of its id; the order stays. For the facts that a vehicle may tell
/// more than once in an epoch.
pub fn keep_last_of_each(facts: &mut Facts) {
    keep_last(&mut facts.trips);
    keep_last(&mut facts.alerts);
    keep_last(&mut facts.vehicle_minutes);
    keep_last(&mut facts.vehicle_intervals);
    keep_last(&mut facts.trip_summaries);
    keep_last(&mut facts.trip_metrics);
    keep_last(&mut facts.refuels);
    keep_last(&mut facts.stop_visits);
    keep_last(&mut facts.eta_predictions);
    keep_last(&mut facts.recompute_marks);
    keep_last(&mut facts.geofence_events);
}

/// A fact with the id that makes it replace another.
trait Keyed {
    fn key(&self) -> impl Hash + Eq;
}

impl Keyed for TripFact {
    fn key(&self) -> impl Hash + Eq {
        (self.trip_id.as_str(), self.vehicle_id.as_str())
    }
}
impl Keyed for AlertFact {
    fn key(&self) -> impl Hash + Eq {
        self.alert_id.as_str()
    }
}
impl Keyed for VehicleMinute {
    fn key(&self) -> impl Hash + Eq {
        (self.vehicle_id.as_str(), self.minute)
    }
}
impl Keyed for VehicleInterval {
    fn key(&self) -> impl Hash + Eq {
        (self.vehicle_id.as_str(), self.start)
    }
}
impl Keyed for TripSummary {
    fn key(&self) -> impl Hash + Eq {
        (self.vehicle_id.as_str(), self.window_start)
    }
}
impl Keyed for StopVisit {
    fn key(&self) -> impl Hash + Eq {
        (self.trip_id.as_str(), self.stop.stop_id.as_str(), self.vehicle_id.as_str())
    }
}
impl Keyed for EtaPrediction {
    fn key(&self) -> impl Hash + Eq {
        (self.trip_id.as_str(), self.stop_id.as_str(), self.made_at, self.arrived_at.is_some())
    }
}
impl Keyed for RecomputeMark {
    fn key(&self) -> impl Hash + Eq {
        (self.vehicle_id.as_str(), self.day)
    }
}
impl Keyed for GeofenceEvent {
    fn key(&self) -> impl Hash + Eq {
        self.event_id.as_str()
    }
}
impl Keyed for TripMetrics {
    fn key(&self) -> impl Hash + Eq {
        (self.trip_id.as_str(), self.vehicle_id.as_str(), self.window_start)
    }
}

impl Keyed for Refuel {
    fn key(&self) -> impl Hash + Eq {
        self.refuel_id.as_str()
    }
}

fn keep_last<T: Keyed>(facts: &mut Vec<T>) {
    if facts.len() < 2 {
        return;
    }
    let hasher = DefaultHashBuilder::default();
    let mut newest: HashTable<u32> = HashTable::with_capacity(facts.len());
    let mut is_kept = vec![false; facts.len()];
    for index in (0..facts.len()).rev() {
        let key = facts[index].key();
        let hash = hasher.hash_one(&key);
        if newest.find(hash, |other| facts[*other as usize].key() == key).is_none() {
            newest.insert_unique(hash, index as u32, |other| hasher.hash_one(facts[*other as usize].key()));
            is_kept[index] = true;
        }
    }
    let mut is_kept = is_kept.into_iter();
    facts.retain(|_| is_kept.next().unwrap_or(true));
}
