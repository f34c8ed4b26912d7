//! Makes several partitions durable at a time: the file system lets fsyncs that overlap share its journal.

use super::Partition;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tacho_io::exec;

/// Fsyncs at a time.
const THREADS_MAX: usize = 4;

/// Syncs all of `partitions`. All are tried, so that one that is broken does not keep the others from the disk; the
/// first error is returned.
pub(crate) fn sync_all(partitions: &[Arc<Partition>]) -> io::Result<()> {
    let (dirty, clean): (Vec<_>, Vec<_>) = partitions.iter().partition(|partition| partition.is_dirty());
    let next = AtomicUsize::new(0);
    let sync_some = || {
        let mut result = Ok(());
        while let Some(partition) = dirty.get(next.fetch_add(1, Ordering::Relaxed)) {
            result = result.and(partition.sync());
        }
        result
    };
    // A simulation has one thread.
    let threads_max = if exec::scheduler().is_some() { 1 } else { THREADS_MAX };
    let result = thread::scope(|scope| {
        let helpers: Vec<_> = (1..dirty.len().min(threads_max)).map(|_| scope.spawn(sync_some)).collect();
        let own = sync_some();
        helpers.into_iter().fold(own, |result, helper| {
            result.and(helper.join().unwrap_or_else(|_| Err(io::Error::other("an fsync has panicked"))))
        })
    });
    // Somebody else may be in the middle of an fsync of these.
    clean.iter().fold(result, |result, partition| result.and(partition.sync()))
}
