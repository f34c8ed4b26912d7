//! How to reach the store.

use crate::{fleet::FleetSchedule, retention::Retention};
use std::{fmt, time::Duration};

/// A password: its `Debug` shows stars.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What the views of the fleet are computed with.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetSettings {
    /// Time zone of the depot, an IANA name.
    pub time_zone: String,
    /// Litres that an engine burns in an hour of idling.
    pub idle_litres_per_hour: f64,
    /// Price of a litre.
    pub fuel_price: f64,
    /// Hours a day that a vehicle is scheduled for.
    pub scheduled_hours_per_day: f64,
    /// Share of the median rate of its class below which a vehicle is under-utilized.
    pub under_utilized_share: f64,
    /// Where depots, classes and vehicles differ from the fleet.
    pub schedules: Vec<FleetSchedule>,
}

impl Default for FleetSettings {
    fn default() -> Self {
        Self {
            time_zone: "UTC".into(),
            idle_litres_per_hour: 2.0,
            fuel_price: 1.5,
            scheduled_hours_per_day: 24.0,
            under_utilized_share: 0.3,
            schedules: Vec::new(),
        }
    }
}

/// How to reach ClickHouse, embedded or a server.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreConfig {
    /// HTTP interface, such as `http://127.0.0.1:8123`.
    pub url: String,
    /// Database of all tables; made by [`crate::migrate`] if absent.
    pub database: String,
    /// User; none for the embedded store.
    pub user: Option<String>,
    /// Password; none for the embedded store.
    pub password: Option<Secret>,
    /// Compress inserts (LZ4). Worth it over a network, not over loopback.
    pub is_compressed: bool,
    /// How long an insert may take.
    pub insert_timeout: Duration,
    /// How long a query may take.
    pub query_timeout: Duration,
    /// How long the tables keep their rows.
    pub retention: Retention,
    /// What the views of the fleet are computed with.
    pub fleet: FleetSettings,
}

impl StoreConfig {
    /// The defaults for a store at `url`: database `tacho`, no user, no compression, the default retention.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            database: "tacho".into(),
            user: None,
            password: None,
            is_compressed: false,
            insert_timeout: Duration::from_secs(60),
            query_timeout: Duration::from_secs(60),
            retention: Retention::default(),
            fleet: FleetSettings::default(),
        }
    }

    /// A client for the database.
    pub fn client(&self) -> clickhouse::Client {
        self.server_client().with_database(&self.database)
    }

    /// A client without a database, to make one.
    pub(crate) fn server_client(&self) -> clickhouse::Client {
        let compression = if self.is_compressed { clickhouse::Compression::Lz4 } else { clickhouse::Compression::None };
        let mut client = clickhouse::Client::default().with_url(&self.url).with_compression(compression);
        if let Some(user) = &self.user {
            client = client.with_user(user);
        }
        if let Some(password) = &self.password {
            client = client.with_password(password.reveal());
        }
        client
    }
}
