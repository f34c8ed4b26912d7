//! What a vehicle is, and what its tracker can tell.

/// A class of vehicles, with its injected harsh values: each at least a quarter beyond the class's threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Car,
    Van,
    Truck,
}

/// What a tracker sends beside the reference's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tracker {
    /// Nothing: nobody knows of the engine.
    Basic,
    /// `ignition`.
    Standard,
    /// That, and what the vehicle's bus knows: `rpm, odometer_km, fuel_pct, engine_temp_c, speed_limit_kmph`.
    Bus,
    /// That, and `accel_long_ms2, accel_lat_ms2`, means over a second.
    Inertial,
    /// As [`Tracker::Bus`], and `accel_g`, the strongest since the last fix.
    CrashSensor,
}

impl Tracker {
    pub fn knows_engine(self) -> bool {
        self != Tracker::Basic
    }

    pub fn has_bus(self) -> bool {
        !matches!(self, Tracker::Basic | Tracker::Standard)
    }
}

/// One vehicle's equipment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kit {
    pub class: Class,
    pub tracker: Tracker,
    /// The vehicle's own limit, km/h.
    pub own_limit_kmph: Option<f64>,
    pub group: &'static str,
    pub volt_system: f64,
    pub tank_litres: f64,
    /// Telemetry names driver and trip.
    pub names_trip: bool,
    pub names_driver: bool,
}

impl Kit {
    pub fn new(class: Class, tracker: Tracker, group: &'static str) -> Kit {
        let (volt_system, tank_litres) = match class {
            Class::Car => (12.0, 50.0),
            Class::Van => (12.0, 80.0),
            Class::Truck => (24.0, 400.0),
        };
        Kit {
            class,
            tracker,
            own_limit_kmph: None,
            group,
            volt_system,
            tank_litres,
            names_trip: true,
            names_driver: true,
        }
    }

    pub fn class_name(&self) -> &'static str {
        match self.class {
            Class::Car => "car",
            Class::Van => "van",
            Class::Truck => "truck",
        }
    }

    /// Tank level that a kilometre costs, %: 7, 11 and 28 litres per 100 km.
    pub fn fuel_pct_per_km(&self) -> f64 {
        let litres_per_100_km = match self.class {
            Class::Car => 7.0,
            Class::Van => 11.0,
            Class::Truck => 28.0,
        };
        litres_per_100_km / self.tank_litres
    }

    /// Thresholds of braking, acceleration and cornering, m/s2.
    pub fn thresholds(&self) -> [f64; 3] {
        match self.class {
            Class::Car => [3.9, 3.4, 3.9],
            Class::Van => [3.5, 3.2, 3.5],
            Class::Truck => [2.9, 2.6, 2.9],
        }
    }
}
