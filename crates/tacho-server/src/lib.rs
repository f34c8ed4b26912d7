//! HTTP API, live stream and the dashboard's assets.
//!
//! [`LiveHub`] takes the pipeline's news and keeps the newest of every vehicle; [`serve`] offers it, the pipeline's
//! counters and the store's named queries over HTTP. The server knows neither the engine nor ClickHouse: what it
//! asks the store goes through [`QueryBackend`].

mod api;
mod assets;
mod backend;
mod config;
mod headers;
mod host;
mod hub;
mod metrics;
mod problem;
mod replay;
mod row;
mod serve;
mod view;

pub use api::openapi_json;
pub use backend::{NoBackend, QueryBackend, QueryError, QueryFuture, Rows};
pub use config::{HubConfig, ServerConfig};
pub use host::{HostFigures, HostProbe, TopicFigures};
pub use hub::LiveHub;
pub use replay::{DeadLetterReplay, ReplayOrder, ReplayReport};
pub use serve::{ReadyCheck, ServeError, ServerParts, SettleHook, serve};
