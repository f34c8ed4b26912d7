//! Wakes those who wait for records of a partition, and nobody else.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::exec::{self, Condition};

/// Somebody who waits.
pub(crate) trait Wake: Send + Sync {
    /// There may be news.
    fn wake(&self);
}

/// Those who wait for one partition.
#[derive(Default)]
pub(crate) struct Watchers {
    /// Length of the list, so that an append that nobody waits for takes no lock.
    count: AtomicUsize,
    list: Mutex<Vec<Weak<dyn Wake>>>,
}

impl Watchers {
    /// From now on `watcher` is woken by every append, until it is dropped or removed.
    pub(crate) fn add(&self, watcher: &Arc<dyn Wake>) {
        let mut list = self.lock();
        list.retain(|known| known.strong_count() > 0);
        list.push(Arc::downgrade(watcher));
        self.count.store(list.len(), Ordering::SeqCst);
    }

    pub(crate) fn remove(&self, watcher: &Arc<dyn Wake>) {
        let address = Arc::as_ptr(watcher).cast::<()>();
        let mut list = self.lock();
        list.retain(|known| known.as_ptr().cast::<()>() != address && known.strong_count() > 0);
        self.count.store(list.len(), Ordering::SeqCst);
    }

    pub(crate) fn wake_all(&self) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        for watcher in self.lock().iter() {
            if let Some(watcher) = watcher.upgrade() {
                watcher.wake();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn Wake>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watchers({})", self.count.load(Ordering::Relaxed))
    }
}

/// A thread that waits: woken once means that the next wait returns at once.
#[derive(Debug, Default)]
pub(crate) struct ThreadSignal {
    is_set: Mutex<bool>,
    changed: Condition,
}

impl ThreadSignal {
    /// Forgets a wake-up that came before.
    pub(crate) fn clear(&self) {
        *self.lock() = false;
    }

    /// Waits for a wake-up until `deadline`; true if there was one. The wake-up is used up.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        let mut is_set = self.lock();
        while !*is_set {
            let left = deadline.saturating_duration_since(exec::now());
            if left == Duration::ZERO {
                return false;
            }
            is_set = self.changed.wait_timeout(&self.is_set, is_set, left);
        }
        *is_set = false;
        true
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for ThreadSignal {
    fn wake(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }
}

/// A task that waits.
#[derive(Debug, Default)]
pub(crate) struct TaskSignal(pub(crate) tokio::sync::Notify);

impl Wake for TaskSignal {
    fn wake(&self) {
        // Stores a permit when the task does not wait yet, so that no wake-up is lost between look and wait.
        self.0.notify_one();
    }
}
