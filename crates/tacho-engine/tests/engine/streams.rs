//! Random plausible streams: vehicles that drive, stand, speed, brake, fall silent, repeat themselves and jump.

use crate::{rig::Row, script::place};
use proptest::prelude::*;
use tacho_model::{
    Command, CommandKind, DeviceAlert, DriverEvent, DriverEventKind, EventTime, LogTime, SideBody, SideEvent,
    TripEvent, TripEventKind, Tristate, VehicleClass, VehicleId, VehicleSetup, VehicleStatus,
};

/// 2026-03-02T08:00:00Z.
pub const START_MS: i64 = 1_772_438_400_000;
/// How far fleet time stays behind the slowest partition.
const LATENESS_BOUND_MS: i64 = 5_000;

/// An input in the order of the log.
#[derive(Debug, Clone)]
pub enum Input {
    Row(Row),
    Side(SideEvent),
}

/// What a vehicle does for a while.
#[derive(Debug, Clone)]
pub enum Act {
    Drive { seconds: i64, kmph: f32, limit: Option<f32> },
    Stand { seconds: i64, engine: Tristate },
    Brake { kmph: f32 },
    Silence { seconds: i64 },
    Jump,
    Repeat,
    SameMoment,
    TripId(u8),
    TripEvents { ends_late: bool },
    Sos,
    Login(u8),
    Workshop { seconds: i64 },
    Tank(f32),
    Hot(f32),
    Battery(f32),
    Impact,
    Faults(u8),
    DeviceAlert,
}

pub fn act() -> impl Strategy<Value = Act> {
    let engine = prop_oneof![Just(Tristate::Unknown), Just(Tristate::Yes), Just(Tristate::No)];
    let limit = prop_oneof![Just(None), Just(Some(50.0f32))];
    prop_oneof![
        6 => (10..120i64, 8.0..110.0f32, limit).prop_map(|(seconds, kmph, limit)| Act::Drive { seconds, kmph, limit }),
        3 => (5..400i64, engine).prop_map(|(seconds, engine)| Act::Stand { seconds, engine }),
        2 => (5.0..60.0f32).prop_map(|kmph| Act::Brake { kmph }),
        2 => prop_oneof![20..200i64, 200..900i64, 3_500..4_000i64].prop_map(|seconds| Act::Silence { seconds }),
        1 => Just(Act::Jump),
        1 => Just(Act::Repeat),
        1 => Just(Act::SameMoment),
        2 => (0..4u8).prop_map(Act::TripId),
        1 => any::<bool>().prop_map(|ends_late| Act::TripEvents { ends_late }),
        1 => Just(Act::Sos),
        1 => (0..3u8).prop_map(Act::Login),
        1 => (1..200i64).prop_map(|seconds| Act::Workshop { seconds }),
        2 => prop_oneof![Just(f32::NAN), 0.0..100.0f32].prop_map(Act::Tank),
        1 => prop_oneof![Just(f32::NAN), 90.0..115.0f32].prop_map(Act::Hot),
        1 => prop_oneof![Just(f32::NAN), 11.0..13.0f32].prop_map(Act::Battery),
        1 => Just(Act::Impact),
        1 => (0..8u8).prop_map(Act::Faults),
        1 => Just(Act::DeviceAlert),
    ]
}

/// Inputs, and what they were made from; a failure prints only the latter.
#[derive(Clone)]
pub struct Stream {
    acts: Vec<(Vec<Act>, i64, i64)>,
    pub inputs: Vec<Input>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.acts)
    }
}

/// The streams of some vehicles, merged by time.
pub fn stream() -> impl Strategy<Value = Stream> {
    let vehicle = (proptest::collection::vec(act(), 3..14), 1..4i64, 0..30_000i64);
    proptest::collection::vec(vehicle, 1..5).prop_map(|acts| {
        let mut all = Vec::new();
        for (index, (acts, every_s, offset_ms)) in acts.iter().enumerate() {
            let mut writer = Writer::new(index, START_MS + offset_ms, every_s * 1_000);
            acts.iter().for_each(|act| writer.act(act));
            all.append(&mut writer.inputs);
        }
        all.sort_by_key(|(arrives, _)| *arrives);
        let mut inputs: Vec<Input> = all.into_iter().map(|(_, input)| input).collect();
        for (offset, input) in inputs.iter_mut().enumerate() {
            match input {
                Input::Row(row) => row.offset = offset as i64,
                Input::Side(side) => side.offset = offset as i64,
            }
        }
        Stream { acts, inputs }
    })
}

/// The stream with every `n`th row of a vehicle arriving late: by less than fleet time waits for, or by `late_s`, where
/// the vehicle has sent newer ones by then. Side events stay: there is no order of the log between topics. Status, devices'
/// alerts, maintenance and an SOS from the app are left out: which trip they name, where they are placed, and when a silent
/// vehicle goes down, depends on the fix of their moment, and with that fix late on where epochs are cut.
pub fn disordered(inputs: &[Input], n: usize, late_s: i64, seed: u64) -> Vec<Input> {
    let mut next = random(seed);
    let mut count = std::collections::BTreeMap::new();
    let mut keyed: Vec<(i64, Input)> = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let Input::Row(row) = input else {
            let Input::Side(side) = input else { continue };
            if is_bound_to_its_fix(&side.body) {
                continue;
            }
            keyed.push((side.log_time.ms(), input.clone()));
            continue;
        };
        let number = count.entry(row.vehicle.clone()).or_insert(0);
        *number += 1;
        let newer = inputs[place + 1..].iter().find_map(|other| match other {
            Input::Row(other) if other.vehicle == row.vehicle && other.at > row.at => Some(other.at),
            _ => None,
        });
        let late = row.at + late_s * 1_000;
        let arrives = match *number % n {
            1 if newer.is_some_and(|newer| late > newer + LATENESS_BOUND_MS) => late,
            1 => row.at + next(LATENESS_BOUND_MS),
            _ => row.at,
        };
        keyed.push((arrives, input.clone()));
    }
    keyed.sort_by_key(|(arrives, _)| *arrives);
    numbered(keyed.into_iter().map(|(_, input)| input).collect())
}

fn random(mut state: u64) -> impl FnMut(i64) -> i64 {
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % n
    }
}

fn numbered(mut inputs: Vec<Input>) -> Vec<Input> {
    for (offset, input) in inputs.iter_mut().enumerate() {
        match input {
            Input::Row(row) => row.offset = offset as i64,
            Input::Side(side) => side.offset = offset as i64,
        }
    }
    inputs
}

/// The stream as a reorder buffer makes it: the rows of a vehicle by event time and event id.
pub fn ordered(inputs: &[Input]) -> Vec<Input> {
    let mut keyed: Vec<(i64, String, Input)> = inputs
        .iter()
        .cloned()
        .map(|input| match input {
            Input::Row(row) => (row.at, row.event_id.clone(), Input::Row(row)),
            Input::Side(side) => (side.log_time.ms(), String::new(), Input::Side(side)),
        })
        .collect();
    keyed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    numbered(keyed.into_iter().map(|(_, _, input)| input).collect())
}

/// The stream behind a set-up of every vehicle with that reorder bound, every row delayed by less than it, one in a
/// hundred repeated.
pub fn shuffled(inputs: &[Input], bound_ms: i64, seed: u64) -> Vec<Input> {
    let mut next = random(seed);
    let mut keyed: Vec<(i64, Input)> = Vec::new();
    let mut vehicles = std::collections::BTreeSet::new();
    for input in inputs {
        match input {
            Input::Row(row) => {
                vehicles.insert(row.vehicle.clone());
                keyed.push((row.at + next(bound_ms + 1), input.clone()));
                if next(100) == 0 {
                    keyed.push((row.at + next(bound_ms + 1), input.clone()));
                }
            }
            Input::Side(side) => keyed.push((side.log_time.ms(), input.clone())),
        }
    }
    keyed.sort_by_key(|(arrives, _)| *arrives);
    let setups = vehicles.iter().map(|vehicle| Input::Side(setup(vehicle, bound_ms)));
    numbered(setups.chain(keyed.into_iter().map(|(_, input)| input)).collect())
}

fn setup(vehicle: &str, reorder_ms: i64) -> SideEvent {
    let setup = VehicleSetup {
        vehicle_id: vehicle.into(),
        class: VehicleClass::Car,
        name: String::new(),
        group: String::new(),
        limit_kmph: f32::NAN,
        volt_system: f32::NAN,
        tank_litres: f32::NAN,
        reorder_ms,
    };
    let kind = CommandKind::VehicleUpsert(setup);
    side_event(
        START_MS - 1,
        START_MS - 1,
        SideBody::Command(Command { command_id: String::new(), kind, json: String::new() }),
    )
}

/// Fleet time after each input: the progress of the stream, some seconds behind.
pub fn fleet_times(inputs: &[Input]) -> Vec<Option<i64>> {
    let mut progress = None;
    let after = |input: &Input| {
        if let Input::Row(row) = input {
            progress = progress.max(Some(row.log.max(row.at) - LATENESS_BOUND_MS));
        }
        progress
    };
    inputs.iter().map(after).collect()
}

struct Writer {
    vehicle: String,
    at: i64,
    every_ms: i64,
    east_m: f64,
    kmph: f32,
    engine: Tristate,
    limit: Option<f32>,
    trip: String,
    driver: String,
    trips: u32,
    is_down: bool,
    fuel_pct: f32,
    engine_temp_c: f32,
    battery_v: f32,
    /// (arrival, input)
    inputs: Vec<(i64, Input)>,
}

impl Writer {
    fn new(index: usize, at: i64, every_ms: i64) -> Writer {
        Writer {
            vehicle: format!("veh_{index}"),
            at,
            every_ms,
            east_m: index as f64 * 500.0,
            kmph: 0.0,
            engine: Tristate::Yes,
            limit: None,
            trip: String::new(),
            driver: String::new(),
            trips: 0,
            is_down: false,
            fuel_pct: f32::NAN,
            engine_temp_c: f32::NAN,
            battery_v: f32::NAN,
            inputs: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Drive { seconds, kmph, limit } => {
                (self.kmph, self.limit, self.engine) = (*kmph, *limit, Tristate::Yes);
                self.run(*seconds);
            }
            Act::Stand { seconds, engine } => {
                (self.kmph, self.engine) = (0.0, *engine);
                self.run(*seconds);
            }
            Act::Brake { kmph } => {
                self.kmph = (self.kmph - kmph).max(0.0);
                self.run(2);
            }
            Act::Silence { seconds } => self.at += seconds * 1_000,
            Act::Workshop { seconds } => self.workshop(*seconds),
            Act::Tank(fuel_pct) => self.fuel_pct = *fuel_pct,
            Act::Hot(engine_temp_c) => self.engine_temp_c = *engine_temp_c,
            Act::Battery(battery_v) => self.battery_v = *battery_v,
            Act::Impact => {
                let mut row = self.row();
                row.accel_g = 3.0;
                self.push(row);
                self.kmph = 0.0;
                self.run(65);
            }
            Act::Faults(bits) => self.status(*bits),
            Act::DeviceAlert => self.device_alert(),
            Act::Jump => {
                let mut row = self.row();
                row.position = place(self.east_m + 20_000.0, 0.0);
                self.push(row);
            }
            Act::Repeat => {
                let mut rows = self.inputs.iter().filter_map(|input| match input {
                    (_, Input::Row(row)) => Some(row.clone()),
                    (_, Input::Side(_)) => None,
                });
                if let Some(row) = rows.next_back() {
                    self.inputs.push((self.at, Input::Row(row)));
                }
            }
            Act::SameMoment => {
                let mut row = self.row();
                // Another event of the same moment; with the same id it would be a repeat.
                row.event_id = format!("again-{}", self.inputs.len());
                (row.at, row.log) = (row.at - self.every_ms, row.at - self.every_ms);
                if self.inputs.iter().any(|(at, input)| *at == row.at && matches!(input, Input::Row(_))) {
                    self.inputs.push((row.at, Input::Row(row)));
                }
            }
            Act::TripId(0) => self.trip = String::new(),
            Act::TripId(n) => self.trip = format!("{}-{n}-{}", self.vehicle, self.trips),
            Act::TripEvents { ends_late } => self.declared(*ends_late),
            Act::Sos => {
                let kind = DriverEventKind::Sos;
                self.side(self.at, SideBody::Driver(self.driver_event("app", kind)));
            }
            Act::Login(0) => self.side(self.at, SideBody::Driver(self.driver_event("", DriverEventKind::Logout))),
            Act::Login(n) => {
                let driver = format!("drv_{n}");
                self.side(self.at, SideBody::Driver(self.driver_event(&driver, DriverEventKind::Login)));
            }
        }
    }

    /// A trip between its events. An end that comes late is that of a trip which telemetry names.
    fn declared(&mut self, ends_late: bool) {
        self.trips += 1;
        let id = format!("{}-declared-{}", self.vehicle, self.trips);
        self.trip.clear();
        self.trip_event(
            &id,
            self.at,
            self.at,
            TripEventKind::Start { origin: None, plan: String::new(), delivery: None },
        );
        if ends_late {
            self.trip = id.clone();
        }
        (self.kmph, self.engine) = (45.0, Tristate::Yes);
        self.run(75);
        let end = TripEventKind::End { end: None, distance_m: 1_000.0, duration_s: 75.0, cancelled: false };
        let last = self.at - self.every_ms;
        if ends_late {
            self.trip_event(&id, last, self.at + 20_000, end);
            // The vehicle remembers one ended trip: only that is corrected.
            self.trip.clear();
            self.kmph = 0.0;
            self.run(25);
        } else {
            self.trip_event(&id, last, last - 1, end);
        }
        self.trip.clear();
    }

    fn status(&mut self, bits: u8) {
        let codes = ["P0301", "P0420", "P0700"];
        let is_open = |n: &usize| bits >> n & 1 == 1;
        let status = VehicleStatus {
            vehicle_id: self.vehicle.as_str().into(),
            fuel_pct: self.fuel_pct,
            engine_temp_c: self.engine_temp_c,
            odometer_km: f64::NAN,
            fault_codes: Some((0..3).filter(is_open).map(|n| codes[n].to_owned()).collect()),
        };
        self.side(self.at, SideBody::Status(status));
    }

    fn device_alert(&mut self) {
        let alert = DeviceAlert {
            alert_id: format!("{}-{}", self.vehicle, self.at),
            vehicle_id: self.vehicle.as_str().into(),
            trip_id: "".into(),
            alert_type: "tow".to_owned(),
            severity: 3,
            details: String::new(),
        };
        self.side(self.at, SideBody::Alert(alert));
    }

    /// From one fix to another the vehicle is in the workshop.
    fn workshop(&mut self, seconds: i64) {
        let command = |kind| SideBody::Command(Command { command_id: "c".to_owned(), kind, json: String::new() });
        let vehicle_id: VehicleId = self.vehicle.as_str().into();
        (self.kmph, self.is_down) = (0.0, true);
        self.side(self.at, command(CommandKind::MaintenanceStart { vehicle_id: vehicle_id.clone() }));
        self.run(seconds);
        self.is_down = false;
        self.side(self.at, command(CommandKind::MaintenanceEnd { vehicle_id }));
        self.run(1);
    }

    fn run(&mut self, seconds: i64) {
        for _ in 0..(seconds * 1_000 / self.every_ms).max(1) {
            let row = self.row();
            self.push(row);
            self.east_m += f64::from(self.kmph) / 3.6 * self.every_ms as f64 / 1_000.0;
        }
    }

    fn row(&self) -> Row {
        let mut row = Row::new(&self.vehicle, self.at, place(self.east_m, 0.0), self.kmph);
        row.ignition = self.engine;
        row.limit_kmph = self.limit.unwrap_or(f32::NAN);
        row.trip.clone_from(&self.trip);
        row.driver.clone_from(&self.driver);
        row.is_down = self.is_down;
        (row.fuel_pct, row.engine_temp_c, row.battery_v) = (self.fuel_pct, self.engine_temp_c, self.battery_v);
        row
    }

    fn push(&mut self, row: Row) {
        self.inputs.push((self.at, Input::Row(row)));
        self.at += self.every_ms;
    }

    fn driver_event(&self, driver: &str, kind: DriverEventKind) -> DriverEvent {
        DriverEvent { driver_id: driver.into(), vehicle_id: self.vehicle.as_str().into(), kind }
    }

    fn trip_event(&mut self, id: &str, at: i64, arrives: i64, kind: TripEventKind) {
        let driver_id = self.driver.as_str().into();
        let vehicle_id = self.vehicle.as_str().into();
        let body = SideBody::Trip(TripEvent { trip_id: id.into(), vehicle_id, driver_id, kind });
        self.inputs.push((arrives, Input::Side(side_event(at, arrives, body))));
    }

    /// Arrives just before the telemetry of its moment.
    fn side(&mut self, at: i64, body: SideBody) {
        self.inputs.push((at - 1, Input::Side(side_event(at, at - 1, body))));
    }
}

fn side_event(at: i64, log: i64, body: SideBody) -> SideEvent {
    SideEvent { partition: 0, offset: 0, log_time: LogTime(log), at: EventTime(at), body, extra: String::new() }
}

fn is_bound_to_its_fix(body: &SideBody) -> bool {
    let is_sos = matches!(body, SideBody::Driver(event) if event.kind == DriverEventKind::Sos);
    is_sos || matches!(body, SideBody::Status(_) | SideBody::Alert(_) | SideBody::Command(_))
}
