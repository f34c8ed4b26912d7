//! `[retention]`: how long each table of the store keeps its rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The section from a list of its fields, which are those of [`tacho_store::Retention`].
macro_rules! retention {
    ($($(#[$doc:meta])+ $field:ident),+ $(,)?) => {
        /// Days that each table of the store keeps its rows, counted from their arrival; 0 keeps them for ever. A change takes
        /// effect at the next start.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Retention {
            $($(#[$doc])+ pub $field: u32,)+
        }

        impl Default for Retention {
            fn default() -> Self {
                let tacho_store::Retention { $($field),+ } = tacho_store::Retention::default();
                Self { $($field),+ }
            }
        }

        impl Retention {
            /// As the store takes it.
            pub fn of_store(&self) -> tacho_store::Retention {
                let Self { $($field),+ } = *self;
                tacho_store::Retention { $($field),+ }
            }
        }
    };
}

retention! {
    /// Raw fixes, days.
    telemetry,
    /// Messages of trips, drivers, status and devices' alerts, days; never less than telemetry, with which days are computed again.
    messages,
    /// Dead letters, days.
    dead_letters,
    /// The fixes around grave alerts and delivery visits, days.
    evidence,
    /// Alerts, days.
    alerts,
    /// Trips and their paths, days.
    trips,
    /// Planned stops and what became of them, days.
    stop_visits,
    /// Visits to geofences, days.
    geofence_events,
    /// Penalties and scores of drivers, days.
    driver_scores,
    /// Violations of hours of service, and what is left of drivers' hours, days.
    break_violations,
    /// Refuellings, days.
    refuels,
    /// Quarters of an hour of vehicles and the days summed from them, which utilization is made of, days.
    vehicle_intervals,
    /// Minutes of vehicles, days; never less than telemetry.
    vehicle_minutes,
    /// Summaries of 20 s, days.
    trip_summaries,
    /// Predicted arrivals, which the accuracy of the ETA is made of, days.
    eta_predictions,
    /// Vehicles by state, every 5 s, days.
    fleet_utilization,
    /// Heat maps of positions, and what the fleet drove by cell and hour, days.
    heat_cells,
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use figment::{
        Figment,
        providers::{Format, Serialized, Toml},
    };

    #[test]
    fn the_store_gets_what_the_configuration_says() {
        let said = Toml::string("[retention]\ntelemetry = 0\ntrips = 7\n");
        let config: Config =
            Figment::from(Serialized::defaults(Config::default())).merge(said).extract().expect("read");
        let expected = tacho_store::Retention { telemetry: 0, trips: 7, ..tacho_store::Retention::default() };
        assert_eq!(config.retention.of_store(), expected);
    }
}
