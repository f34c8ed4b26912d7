//! The vehicles of one key group: a slab, an index by id, and the times at which their silence is looked at.

use super::{
    ahead::fetch,
    order, privacy,
    slab::Slab,
    state::{Context, Gauges, Vehicle},
};
use crate::snapshot::{RestoreError, decode, encode};
use hashbrown::HashTable;
use std::collections::BTreeMap;
use tacho_model::{EventTime, Stream};

/// Checks are kept by the second.
const CHECK_MS: i64 = 1_000;

/// No link of a chain of rows.
pub const NO_LINK: u32 = u32::MAX;

/// State of one key group.
#[derive(Debug, Default)]
pub struct VehicleGroup {
    vehicles: Slab,
    /// Where a vehicle's rows of the running epoch are chained; `NO_LINK` outside one.
    runs: Vec<u32>,
    /// (Java hash, slot): most lookups are decided without a look at the vehicle.
    index: HashTable<(i32, u32)>,
    checks: BTreeMap<EventTime, Vec<u32>>,
    /// Fleet time of the last epoch.
    fleet: Option<EventTime>,
}

/// Spreads Java's hash over 64 bits.
fn spread(java_hash: i32) -> u64 {
    (java_hash as u32 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl VehicleGroup {
    /// The slot that the vehicle has, unless it is new or another one has the same hash. What tells that is read ahead.
    pub fn guess(&self, java_hash: i32) -> Option<u32> {
        let (_, slot) = self.index.find(spread(java_hash), |entry| entry.0 == java_hash)?;
        fetch(&self.vehicles[*slot].id);
        Some(*slot)
    }

    /// The slot of a vehicle that has probably the guessed one, made when it is new.
    pub fn slot_guessed(&mut self, guess: Option<u32>, id: &str, java_hash: i32) -> u32 {
        match guess.filter(|slot| self.vehicles[*slot].id.as_str() == id) {
            Some(slot) => slot,
            None => self.slot(id, java_hash),
        }
    }

    /// The slot of a vehicle, made when it is new.
    pub fn slot(&mut self, id: &str, java_hash: i32) -> u32 {
        let vehicles = &mut self.vehicles;
        let is_it = |entry: &(i32, u32)| entry.0 == java_hash && vehicles[entry.1].id.as_str() == id;
        if let Some((_, slot)) = self.index.find(spread(java_hash), is_it) {
            return *slot;
        }
        let slot = vehicles.push(Vehicle::new(id, java_hash));
        self.runs.push(NO_LINK);
        self.index.insert_unique(spread(java_hash), (java_hash, slot), |entry| spread(entry.0));
        slot
    }

    /// Where the vehicle's rows of this epoch are chained.
    pub fn run_mut(&mut self, slot: u32) -> &mut u32 {
        &mut self.runs[slot as usize]
    }

    /// The vehicle of a slot.
    pub fn vehicle(&mut self, slot: u32) -> &mut Vehicle {
        &mut self.vehicles[slot]
    }

    /// The vehicle of a slot, to look at.
    pub fn vehicle_ref(&self, slot: u32) -> &Vehicle {
        &self.vehicles[slot]
    }

    /// Number of vehicles.
    pub fn len(&self) -> usize {
        self.vehicles.len()
    }

    /// Makes sure that a vehicle is looked at when its silence is due. A check that stands earlier is left: it finds
    /// nothing and sets the next one, which is cheaper than moving it with every fix.
    pub fn schedule(&mut self, slot: u32, ctx: &Context<'_>) {
        let vehicle = &mut self.vehicles[slot];
        let due = order::next_check(vehicle, ctx);
        if due < vehicle.next_check {
            vehicle.next_check = due;
            self.checks.entry(due.floor_to_ms(CHECK_MS)).or_default().push(slot);
        }
    }

    /// Fleet time of the last epoch; none before the first that knew it.
    pub fn fleet(&self) -> Option<EventTime> {
        self.fleet
    }

    /// Ends an epoch: fleet time is `fleet` now, and the vehicles whose check is due are looked at.
    pub fn end_epoch(&mut self, fleet: EventTime, ctx: &mut Context<'_>) {
        self.fleet = Some(fleet);
        ctx.fleet_before = self.fleet;
        self.run_checks(fleet, ctx);
    }

    /// Looks at the vehicles whose check is due.
    fn run_checks(&mut self, fleet: EventTime, ctx: &mut Context<'_>) {
        let is_due = |second: EventTime| second.plus_ms(CHECK_MS) <= fleet;
        while let Some(entry) = self.checks.first_entry().filter(|entry| is_due(*entry.key())) {
            let second = *entry.key();
            let mut slots = entry.remove();
            // Not in the order of slots, which a restart changes.
            let vehicles = &self.vehicles;
            let vehicle = |slot: &u32| &vehicles[*slot];
            slots.sort_by(|a, b| (vehicle(a).hash, &vehicle(a).id).cmp(&(vehicle(b).hash, &vehicle(b).id)));
            for slot in slots {
                let vehicle = &mut self.vehicles[slot];
                // An older entry of a vehicle whose check was moved forward says nothing.
                if vehicle.next_check.floor_to_ms(CHECK_MS) != second {
                    continue;
                }
                let told = privacy::Told::by_turn_of(vehicle, ctx.out);
                order::on_silence(vehicle, fleet, ctx);
                privacy::hide(vehicle, told, ctx.out);
                vehicle.next_check = EventTime::MAX;
                let due = order::next_check(vehicle, ctx);
                if due != EventTime::MAX {
                    // Never again in this pass.
                    vehicle.next_check = due.max(fleet);
                    self.checks.entry(vehicle.next_check.floor_to_ms(CHECK_MS)).or_default().push(slot);
                }
            }
        }
    }

    /// The state, for a snapshot: vehicles by id, so that the same state gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut vehicles: Vec<&Vehicle> = self.vehicles.iter().collect();
        vehicles.sort_by(|a, b| a.id.cmp(&b.id));
        encode(&(self.fleet, vehicles))
    }

    /// A snapshot's state.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let (fleet, vehicles): (Option<EventTime>, Vec<Vehicle>) = decode(bytes)?;
        let mut pending = vehicles.iter().flat_map(|vehicle| &vehicle.pending);
        if pending.any(|side| usize::from(side.rank()) >= Stream::ALL.len()) {
            return Err(postcard::Error::DeserializeBadEnum.into());
        }
        let runs = vec![NO_LINK; vehicles.len()];
        let vehicles = vehicles.into_iter().collect();
        let mut group = VehicleGroup { vehicles, fleet, runs, ..VehicleGroup::default() };
        for (slot, vehicle) in group.vehicles.iter().enumerate() {
            let slot = slot as u32;
            group.index.insert_unique(spread(vehicle.hash), (vehicle.hash, slot), |entry| spread(entry.0));
            if vehicle.next_check != EventTime::MAX {
                group.checks.entry(vehicle.next_check.floor_to_ms(CHECK_MS)).or_default().push(slot);
            }
        }
        Ok(group)
    }

    /// Counts what waits in this group.
    pub fn add_gauges(&self, gauges: &mut Gauges, sign: i64) {
        for vehicle in self.vehicles.iter() {
            let waiting = vehicle.reorder.as_ref().map_or(0, |reorder| reorder.len());
            gauges.held_rows += sign * (i64::from(vehicle.held.is_some()) + waiting as i64);
            for side in vehicle.pending.iter().filter(|side| side.is_first_time()) {
                gauges.buffered[side.rank() as usize] += sign;
            }
        }
    }
}
