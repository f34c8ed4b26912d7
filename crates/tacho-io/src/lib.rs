//! The seams between the pipeline and the outside: traits for the log, the store, the live feed and the clock, and
//! the plain values that cross them. No implementation lives here, so that the pipeline knows neither Kafka nor
//! ClickHouse, and the log and the store do not know the engine.

mod clock;
mod disk;
pub mod exec;
mod histogram;
mod history;
mod live;
mod log;
mod stats;
mod store;

pub use clock::*;
pub use disk::*;
pub use histogram::*;
pub use history::*;
pub use live::*;
pub use log::*;
pub use stats::*;
pub use store::*;
