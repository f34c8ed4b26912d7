//! Publishing what is committed: output topics, and groups of epochs to the store.

mod group;
mod insert;
mod outputs;
mod sink;
#[cfg(test)]
mod tests;

pub(crate) use group::GroupSource;
pub(crate) use insert::Inserter;
pub(crate) use outputs::OutputPublisher;
pub(crate) use sink::StoreSink;
