//! What vehicles of a random stream do, and the messages that come of it.

use crate::{
    profile,
    rig::Row,
    script::{fence, place},
    streams::Input,
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};
use tacho_model::{
    Command, CommandKind, DeliveryPlan, DeviceAlert, DriverEvent, DriverEventKind, EventTime, LogTime, MaintenanceItem,
    PlannedStop, SideBody, SideEvent, StopKind, TripEvent, TripEventKind, Tristate, VehicleClass, VehicleId,
    VehicleSetup, VehicleStatus, derived_id, device_flag,
};

/// A call for help goes out before its turn, and is answered by somebody who has seen it: what an answer within the
/// reorder bound would be to, is left open.
const ANSWER_MS: i64 = 30_000;
/// In private mode vehicles drive so far beside the line of all others that their positions are known by their latitude.
pub const PRIVATE_NORTH_M: f64 = 7.0;
/// Penalties are corrected for an hour of fleet time.
const CORRECTIONS_MS: i64 = 3_600_000;

/// What a vehicle does for a while.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Drive { seconds: i64, kmph: f32, limit: Option<f32> },
    Stand { seconds: i64, engine: Tristate },
    Brake { kmph: f32 },
    Silence { seconds: i64 },
    Jump,
    Leap { seconds: i64 },
    Repeat,
    SameMoment,
    TripId(u8),
    TripEvents { ends_late: bool },
    Sos,
    Login(u8),
    Workshop { seconds: i64 },
    Private(bool),
    Tank(f32),
    Hot(f32),
    Battery(f32),
    Impact,
    Faults(u8),
    DeviceAlert,
    CrashFlag,
    Review { is_dismissed: bool },
    Plan { is_by_date: bool },
    Reassign(u8),
    Setup { limit_kmph: f32 },
    Fence(u8),
    Speeds { kmph: u8 },
    Break { driver: u8, is_start: bool },
    Round { is_replanned: bool, is_named: bool },
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
        2 => (1..30i64).prop_map(|seconds| Act::Leap { seconds }),
        1 => Just(Act::Repeat),
        1 => Just(Act::SameMoment),
        2 => (0..4u8).prop_map(Act::TripId),
        1 => any::<bool>().prop_map(|ends_late| Act::TripEvents { ends_late }),
        1 => Just(Act::Sos),
        1 => (0..3u8).prop_map(Act::Login),
        1 => (1..200i64).prop_map(|seconds| Act::Workshop { seconds }),
        2 => any::<bool>().prop_map(Act::Private),
        2 => prop_oneof![Just(f32::NAN), 0.0..100.0f32].prop_map(Act::Tank),
        1 => prop_oneof![Just(f32::NAN), 90.0..115.0f32].prop_map(Act::Hot),
        1 => prop_oneof![Just(f32::NAN), 11.0..13.0f32].prop_map(Act::Battery),
        1 => Just(Act::Impact),
        1 => (0..8u8).prop_map(Act::Faults),
        1 => Just(Act::DeviceAlert),
        1 => Just(Act::CrashFlag),
        2 => any::<bool>().prop_map(|is_dismissed| Act::Review { is_dismissed }),
        1 => any::<bool>().prop_map(|is_by_date| Act::Plan { is_by_date }),
        1 => (1..3u8).prop_map(Act::Reassign),
        1 => prop_oneof![Just(f32::NAN), 30.0..90.0f32].prop_map(|limit_kmph| Act::Setup { limit_kmph }),
        2 => (0..4u8).prop_map(Act::Fence),
        2 => speeds(),
        1 => (1..3u8, any::<bool>()).prop_map(|(driver, is_start)| Act::Break { driver, is_start }),
        1 => round(),
    ]
}

/// A delivery round.
pub fn round() -> impl Strategy<Value = Act> {
    any::<(bool, bool)>().prop_map(|(is_replanned, is_named)| Act::Round { is_replanned, is_named })
}

/// What the fleet drives, or that nothing is known of it any more.
pub fn speeds() -> impl Strategy<Value = Act> {
    prop_oneof![1 => Just(0), 4 => 5..90u8].prop_map(|kmph| Act::Speeds { kmph })
}

/// Writes the messages of one vehicle.
pub struct Writer {
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
    /// When each trip was named first.
    named: BTreeMap<String, i64>,
    /// When acts began to send fixes, in order, when somebody called for help, and when a person looked at alerts last.
    begun: Vec<i64>,
    called: Vec<i64>,
    reviewed: i64,
    has_app: bool,
    is_down: bool,
    is_private: bool,
    fuel_pct: f32,
    engine_temp_c: f32,
    battery_v: f32,
    /// (arrival, input)
    pub inputs: Vec<(i64, Input)>,
}

impl Writer {
    /// A vehicle that begins at `at` and sends a fix every `every_ms`.
    pub fn new(index: usize, at: i64, every_ms: i64) -> Writer {
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
            named: BTreeMap::new(),
            begun: Vec::new(),
            called: Vec::new(),
            reviewed: at - ANSWER_MS,
            has_app: index.is_multiple_of(2),
            is_down: false,
            is_private: false,
            fuel_pct: f32::NAN,
            engine_temp_c: f32::NAN,
            battery_v: f32::NAN,
            inputs: Vec::new(),
        }
    }

    /// Lets it act.
    pub fn act(&mut self, act: &Act) {
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
            Act::Silence { seconds } => self.silence(*seconds),
            Act::Workshop { seconds } => self.workshop(*seconds),
            Act::Private(is_on) => self.switch_private(*is_on),
            Act::Tank(fuel_pct) => self.fuel_pct = *fuel_pct,
            Act::Hot(engine_temp_c) => self.engine_temp_c = *engine_temp_c,
            Act::Battery(battery_v) => self.battery_v = *battery_v,
            Act::Impact | Act::CrashFlag => self.crash(*act == Act::Impact),
            Act::Faults(bits) => self.status(*bits),
            Act::DeviceAlert => self.device_alert(),
            Act::Jump => {
                let mut row = self.row();
                row.position = place(self.east_m + 20_000.0, 0.0);
                self.push(row);
            }
            // Whether it leapt is known within the 60 s for which fleet windows take corrections.
            Act::Leap { seconds } => {
                self.east_m += 20_000.0;
                let row = self.row();
                self.push(row);
                self.at += seconds * 1_000;
                self.run(1);
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
            Act::TripId(n) => {
                self.trip = format!("{}-{n}-{}", self.vehicle, self.trips);
                self.named.entry(self.trip.clone()).or_insert(self.at);
            }
            Act::TripEvents { ends_late } => self.declared(*ends_late),
            Act::Sos => self.call(true),
            Act::Login(_) | Act::Break { .. } => self.driver_act(act),
            Act::Round { is_replanned, is_named } => self.round(*is_replanned, *is_named),
            Act::Fence(kind) => self.fence(*kind),
            Act::Speeds { kmph } => self.speeds(*kmph),
            Act::Review { is_dismissed } => self.review(*is_dismissed),
            Act::Plan { .. } | Act::Reassign(_) | Act::Setup { .. } => self.command_act(act),
        }
    }

    /// With nobody else on the road fleet time stands still, and then jumps over the time for corrections: what a person
    /// said last may still wait for the vehicle, however many silences follow.
    fn silence(&mut self, seconds: i64) {
        let is_row = |input: &&(i64, Input)| matches!(input.1, Input::Row(_));
        let heard_at = self.inputs.iter().rev().find(is_row).map(|(at, _)| *at);
        let is_reviewed = heard_at.is_none_or(|at| at - self.reviewed < 60_000);
        let rest_ms = (self.reviewed + CORRECTIONS_MS / 2 - self.at).max(0);
        self.at += if is_reviewed { (seconds * 1_000).min(rest_ms) } else { seconds * 1_000 };
    }

    /// An impact, or a flag. Whether what was before was a crash is known after two minutes, the bound included; a flag in between would
    /// be the alert.
    fn crash(&mut self, is_impact: bool) {
        if is_impact {
            let mut row = self.row();
            row.accel_g = 3.0;
            self.push(row);
        }
        self.kmph = 0.0;
        self.run(120);
        if is_impact {
            self.reviewed = self.at;
        } else {
            self.call(false);
        }
    }

    /// Breaks are of the vehicle's own drivers: where a break begins in one vehicle and ends in another, a silent one may
    /// tell of its beginning only when the end is known.
    fn driver_act(&mut self, act: &Act) {
        let (driver, kind) = match act {
            Act::Login(0) => ("drv_1".to_owned(), DriverEventKind::Logout),
            Act::Login(n) => (format!("drv_{n}"), DriverEventKind::Login),
            Act::Break { driver, is_start } => {
                // Of two messages of one moment the log's order decides, which a shuffle changes.
                self.at += 1;
                let kind = if *is_start { DriverEventKind::BreakStart } else { DriverEventKind::BreakEnd };
                (format!("{}-drv_{driver}", self.vehicle), kind)
            }
            _ => return,
        };
        self.side(self.at, SideBody::Driver(self.driver_event(&driver, kind)));
    }

    fn command_act(&mut self, act: &Act) {
        let vehicle_id: VehicleId = self.vehicle.as_str().into();
        let kind = match act {
            Act::Plan { is_by_date } => CommandKind::MaintenancePlan(MaintenanceItem {
                vehicle_id,
                item: if *is_by_date { "tyres" } else { "oil" }.to_owned(),
                due_km: f64::NAN,
                in_engine_h: if *is_by_date { f64::NAN } else { 0.02 },
                due_at: is_by_date.then(|| EventTime(self.at + 60_000)),
            }),
            Act::Reassign(n) => {
                let declared = format!("{}-declared-{}", self.vehicle, self.trips);
                let trip_id = if self.trip.is_empty() { declared } else { self.trip.clone() };
                // Its alerts move as long as penalties are corrected, which a silence behind must not outlast.
                if self.named.get(&trip_id).is_none_or(|at| self.at - at >= CORRECTIONS_MS / 2) {
                    return;
                }
                self.reviewed = self.at;
                let driver_id = format!("drv_{n}").as_str().into();
                CommandKind::TripReassign { trip_id: trip_id.as_str().into(), vehicle_id, driver_id }
            }
            Act::Setup { limit_kmph } => CommandKind::VehicleUpsert(setup(&self.vehicle, *limit_kmph, 0)),
            _ => return,
        };
        self.side(self.at, command(kind));
    }

    /// Somebody calls for help, not while the last call is being answered: one vehicle's people in the app, another's by
    /// its button. Of both at a time the one that comes first is the alert, and topics have no order among them.
    fn call(&mut self, is_sos: bool) {
        self.at = self.at.max(self.reviewed + ANSWER_MS);
        self.called.push(self.at);
        if is_sos && self.has_app {
            self.side(self.at, SideBody::Driver(self.driver_event("app", DriverEventKind::Sos)));
            return;
        }
        let mut row = self.row();
        row.flags = if is_sos { device_flag::SOS } else { device_flag::CRASH };
        self.push(row);
    }

    /// A person has seen what there may be to see: alerts begin with what a vehicle did lately, or the fix before.
    fn review(&mut self, is_dismissed: bool) {
        let is_correctable = |at: &&i64| self.at - **at < CORRECTIONS_MS / 2;
        let begun = self.begun.iter().rev().take(3).filter(is_correctable);
        let begun: Vec<i64> = begun.flat_map(|at| [*at, *at - self.every_ms]).collect();
        let kinds = ["overspeed", "harsh_brake", "harsh_accel", "idling"];
        let driving = kinds.iter().flat_map(|kind| begun.iter().map(move |at| (*kind, *at)));
        // An answer is to all calls up to then: none while the last one may be on its way.
        let is_calm = self.called.last().is_none_or(|at| self.at - at >= ANSWER_MS);
        let answered = self.called.iter().copied().filter(|_| is_calm);
        let called = answered.flat_map(|at| [("sos", at), ("crash", at)]);
        self.reviewed = self.at;
        for (kind, at) in driving.chain(called).collect::<Vec<_>>() {
            let alert_id = derived_id(kind, &self.vehicle, at).to_string();
            let vehicle_id = self.vehicle.as_str().into();
            let kind = match is_dismissed {
                true => CommandKind::AlertDismiss { alert_id, vehicle_id },
                false => CommandKind::AlertAcknowledge { alert_id, vehicle_id },
            };
            self.side(self.at, command(kind));
        }
    }

    /// A geofence on the way ahead, or no more.
    fn fence(&mut self, kind: u8) {
        let id = format!("fence_{}", self.vehicle);
        let kind = match kind {
            0 => CommandKind::GeofenceDelete { geofence_id: id.as_str().into() },
            n => {
                let (west, east) = (self.east_m as i64 - 50, self.east_m as i64 + 250);
                let what = ["kind=zone limit=30", "kind=forbidden", "kind=required"][usize::from(n - 1)];
                let line = format!("fence {id} 00:00:00 box={west},-50,{east},50 crossings=on {what}");
                CommandKind::GeofenceUpsert(Arc::new(fence(&line)))
            }
        };
        self.side(self.at, command(kind));
    }

    /// What the fleet drives here and a kilometre ahead is told, or (0 km/h) that nothing is known any more.
    fn speeds(&mut self, kmph: u8) {
        let mut speeds: Vec<(u64, u8, f64, f64)> = [0.0, 1_000.0]
            .map(|ahead_m| profile::cell_at(place(self.east_m + ahead_m, 0.0)).into())
            .map(|cell| (cell, profile::hour_of(self.at), f64::from(kmph), 30.0))
            .to_vec();
        speeds.dedup_by_key(|(cell, ..)| *cell);
        speeds.sort_by_key(|(cell, ..)| *cell);
        for mut area in profile::areas(&speeds) {
            if kmph == 0 {
                area.cells.clear();
            }
            self.side(self.at, command(CommandKind::SpeedProfileUpsert(Arc::new(area))));
        }
    }

    /// A trip with two stops, of which the device reports the first. Where telemetry names it, one message does not.
    fn round(&mut self, is_replanned: bool, is_named: bool) {
        self.trips += 1;
        let id = format!("{}-declared-{}", self.vehicle, self.trips);
        self.trip.clear();
        let plan = Arc::new(self.plan());
        let start = TripEventKind::Start { origin: None, plan: String::new(), delivery: Some(Arc::clone(&plan)) };
        self.trip_event(&id, self.at, self.at - 1, start);
        if is_named {
            self.trip.clone_from(&id);
        }
        (self.kmph, self.engine) = (36.0, Tristate::Yes);
        self.run(12);
        self.kmph = 0.0;
        self.trip_event(&id, self.at, self.at - 1, TripEventKind::StopArrival { stop_id: "A".to_owned() });
        self.run(45);
        let (stop_id, outcome, reason) = ("A".to_owned(), "delivered".to_owned(), String::new());
        let left = TripEventKind::StopDeparture { stop_id, outcome, delivered_qty: 3.0, reason };
        self.trip_event(&id, self.at, self.at - 1, left);
        let named = std::mem::take(&mut self.trip);
        self.run(1);
        self.trip = named;
        if is_replanned {
            let delivery = Arc::new(DeliveryPlan { stops: plan.stops[1..].to_vec(), ..DeliveryPlan::clone(&plan) });
            self.trip_event(&id, self.at, self.at - 1, TripEventKind::PlanUpdate { plan: String::new(), delivery });
        }
        self.kmph = 36.0;
        self.run(30);
        self.kmph = 0.0;
        self.run(40);
        let end = TripEventKind::End { end: None, distance_m: f64::NAN, duration_s: f64::NAN, cancelled: false };
        self.trip_event(&id, self.at, self.at - 1, end);
        self.trip.clear();
        self.run(5);
    }

    fn plan(&self) -> DeliveryPlan {
        let stop = |stop_id: &str, ahead_m: f64, in_ms: i64| PlannedStop {
            stop_id: stop_id.to_owned(),
            customer_id: String::new(),
            kind: StopKind::Delivery,
            position: place(self.east_m + ahead_m, 0.0),
            planned_arrival: Some(EventTime(self.at + in_ms)),
            window_start: None,
            window_end: None,
            planned_service_s: 30.0,
            ordered_qty: 3.0,
        };
        let stops = vec![stop("A", 120.0, 10_000), stop("B", 420.0, 60_000)];
        DeliveryPlan { destination: None, planned_arrival: None, route: Vec::new(), stops }
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
        let vehicle_id: VehicleId = self.vehicle.as_str().into();
        (self.kmph, self.is_down) = (0.0, true);
        self.side(self.at, command(CommandKind::MaintenanceStart { vehicle_id: vehicle_id.clone() }));
        self.run(seconds);
        self.is_down = false;
        self.side(self.at, command(CommandKind::MaintenanceEnd { vehicle_id }));
        self.run(1);
    }

    /// Its driver switches private mode on or off, in time: what is late is taken out of what was told, which depends on
    /// what that was.
    fn switch_private(&mut self, is_on: bool) {
        let vehicle_id: VehicleId = self.vehicle.as_str().into();
        let on = CommandKind::PrivateStart { vehicle_id: vehicle_id.clone() };
        self.side(self.at, command(if is_on { on } else { CommandKind::PrivateEnd { vehicle_id } }));
        self.is_private = is_on;
        self.run(1);
    }

    fn run(&mut self, seconds: i64) {
        self.begun.push(self.at);
        for _ in 0..(seconds * 1_000 / self.every_ms).max(1) {
            let row = self.row();
            self.push(row);
            self.east_m += f64::from(self.kmph) / 3.6 * self.every_ms as f64 / 1_000.0;
        }
    }

    fn row(&self) -> Row {
        let north_m = if self.is_private { PRIVATE_NORTH_M } else { 0.0 };
        let mut row = Row::new(&self.vehicle, self.at, place(self.east_m, north_m), self.kmph);
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
        self.named.entry(id.to_owned()).or_insert(at);
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

fn command(kind: CommandKind) -> SideBody {
    SideBody::Command(Command { command_id: "c".to_owned(), kind, json: String::new() })
}

/// What a command says of a vehicle.
pub fn setup(vehicle: &str, limit_kmph: f32, reorder_ms: i64) -> VehicleSetup {
    VehicleSetup {
        vehicle_id: vehicle.into(),
        class: VehicleClass::Car,
        name: String::new(),
        group: String::new(),
        limit_kmph,
        volt_system: f32::NAN,
        tank_litres: f32::NAN,
        reorder_ms,
    }
}

/// An event of that moment that is appended at `log`.
pub fn side_event(at: i64, log: i64, body: SideBody) -> SideEvent {
    SideEvent { partition: 0, offset: 0, log_time: LogTime(log), at: EventTime(at), body, extra: String::new() }
}
