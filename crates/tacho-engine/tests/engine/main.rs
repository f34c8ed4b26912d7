//! The engine from outside: scripts for every rule, and properties of random streams.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod absence;
mod acts;
mod alerts;
mod arrivals;
mod crash;
mod deliveries;
mod delivery_walk;
mod demands;
mod drivers;
mod emergencies;
mod fenced;
mod geofences;
mod harsh;
mod health;
mod hours;
mod intervals;
mod naive;
mod order;
mod overspeed;
mod privacy;
mod profile;
mod properties;
mod recordings;
mod rig;
mod rush;
mod script;
mod slow;
mod speeds;
mod streams;
mod texts;
mod trips;
mod uploads;
mod windows;
