//! Bounded channels, which a simulation can wait at as well as the machine's threads.

use crossbeam_channel::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::exec::{self, Place};

pub(crate) struct Sender<T> {
    inner: crossbeam_channel::Sender<T>,
    end: Arc<End>,
}

pub(crate) struct Receiver<T> {
    inner: crossbeam_channel::Receiver<T>,
    end: Arc<End>,
}

/// Its address is where a simulation's tasks wait for the channel. Dropped with the sender and with the receiver, so
/// that who waits learns that the other side is gone.
#[derive(Debug)]
struct End(#[expect(dead_code, reason = "the address of something without size is no place")] u8);

/// A channel that holds `capacity` values.
pub(crate) fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = crossbeam_channel::bounded(capacity);
    let end = Arc::new(End(0));
    (Sender { inner: sender, end: end.clone() }, Receiver { inner: receiver, end })
}

impl<T> Sender<T> {
    /// Waits for room; gives the value back when the receiver is gone.
    pub(crate) fn send(&self, value: T) -> Result<(), T> {
        if exec::scheduler().is_none() {
            return self.inner.send(value).map_err(|error| error.0);
        }
        match self.send_until(value, None) {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(value) | SendTimeoutError::Disconnected(value)) => Err(value),
        }
    }
    pub(crate) fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        if exec::scheduler().is_none() {
            return self.inner.send_timeout(value, timeout);
        }
        self.send_until(value, Some(exec::now() + timeout))
    }

    fn send_until(&self, mut value: T, until: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        loop {
            match self.inner.try_send(value) {
                Ok(()) => {
                    notify(&self.end);
                    return Ok(());
                }
                Err(TrySendError::Disconnected(back)) => return Err(SendTimeoutError::Disconnected(back)),
                Err(TrySendError::Full(back)) if until.is_some_and(|until| exec::now() >= until) => {
                    return Err(SendTimeoutError::Timeout(back));
                }
                Err(TrySendError::Full(back)) => value = back,
            }
            wait(&self.end, until);
        }
    }
}

impl<T> Receiver<T> {
    /// Waits for a value; none when the sender is gone.
    pub(crate) fn recv(&self) -> Option<T> {
        if exec::scheduler().is_none() {
            return self.inner.recv().ok();
        }
        self.recv_until(None).ok()
    }
    pub(crate) fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        if exec::scheduler().is_none() {
            return self.inner.recv_timeout(timeout);
        }
        self.recv_until(Some(exec::now() + timeout))
    }

    fn recv_until(&self, until: Option<Instant>) -> Result<T, RecvTimeoutError> {
        loop {
            match self.inner.try_recv() {
                Ok(value) => {
                    notify(&self.end);
                    return Ok(value);
                }
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) if until.is_some_and(|until| exec::now() >= until) => {
                    return Err(RecvTimeoutError::Timeout);
                }
                Err(TryRecvError::Empty) => wait(&self.end, until),
            }
        }
    }
}

fn wait(end: &Arc<End>, until: Option<Instant>) {
    // The other side's end is no reason to be notified, so nobody sleeps longer than this at a time.
    let nap = exec::now() + Duration::from_millis(50);
    if let Some(scheduler) = exec::scheduler() {
        scheduler.wait(Some(Place::of(&**end)), Some(until.map_or(nap, |until| until.min(nap))));
    }
}

fn notify(end: &Arc<End>) {
    if let Some(scheduler) = exec::scheduler() {
        scheduler.notify(Place::of(&**end));
    }
}
