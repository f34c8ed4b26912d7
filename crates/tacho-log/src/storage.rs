//! One partition on disk: segments, their indexes, the producers' state, recovery.

mod checkpoint;
mod codec;
mod disk;
mod durable;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod index;
mod partition;
mod producers;
mod recovery;
mod scan;
mod segment;
mod sync_all;
#[cfg(test)]
mod tests;

pub(crate) use codec::{Decoder, Encoder};
#[cfg(test)]
pub(crate) use disk::TestDisk;
pub(crate) use disk::replace_file;
pub(crate) use partition::{Appended, Partition, PartitionConfig, ReadCursor, ReadError};
pub(crate) use sync_all::sync_all;
