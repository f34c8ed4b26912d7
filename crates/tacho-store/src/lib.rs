//! ClickHouse as the store: migrations, inserts, queries, and the embedded store with its supervision.
//!
//! Everything talks to ClickHouse through its HTTP interface: a server, or [`embedded`], which puts the same
//! interface in front of libchdb in a child process that [`supervise`] keeps alive.

mod client;
mod config;
pub mod embedded;
pub mod erase;
mod error;
pub mod evidence;
mod fleet;
pub mod heat;
mod history;
mod migrate;
mod named;
pub mod native;
pub mod paths;
pub mod private;
mod query;
mod reorder;
mod retention;
pub mod speeds;
mod statement;
pub mod supervise;

pub use client::ClickHouseStore;
pub use config::{FleetSettings, Secret, StoreConfig};
pub use error::store_error;
pub use fleet::{BadSchedule, FleetSchedule, ScheduleScope, set_fleet};
pub use migrate::{MigrateError, migrate};
pub use named::{NamedQuery, QueryParam};
pub use query::{OutputFormat, QueryOptions, QueryOutput};
pub use retention::Retention;
