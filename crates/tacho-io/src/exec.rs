//! Threads, waiting for each other, and the time that passes meanwhile: what the shells of pipeline and log are made of.
//!
//! In production these are the machine's threads, condition variables and monotonic clock, without anything between. A
//! simulation puts a [`Scheduler`] in their place for all that runs on its own thread: then one task runs at a time, it
//! changes only where the code waits (or at a [`turn`]), and which one comes next and what time it is follow from a seed.
//! Like the identity of a thread, the scheduler is found through a thread-local.
//!
//! A task must not wait while it holds a lock that another task takes: see [`Condition::wait_timeout`].

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Runs the tasks of a simulation, one at a time.
pub trait Scheduler {
    /// The simulated monotonic time.
    fn now(&self) -> Instant;
    /// Gives up the turn until the place is notified or the time has come; without either, for one turn.
    fn wait(&self, place: Option<Place>, until: Option<Instant>);
    /// Those who wait at the place may go on.
    fn notify(&self, place: Place);
    /// Takes up another task.
    fn spawn(&self, name: String, body: Box<dyn FnOnce() + Send>);
}

/// Something that tasks wait at: an address that stays for as long as they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(usize);

impl Place {
    /// The place of a value that does not move.
    pub fn of<T>(value: &T) -> Self {
        Self(std::ptr::from_ref(value).addr())
    }
}

thread_local! {
    static SCHEDULER: RefCell<Option<Rc<dyn Scheduler>>> = const { RefCell::new(None) };
}

/// Runs `body` with a scheduler in the place of the machine's threads and clock.
pub fn simulated<R>(scheduler: Rc<dyn Scheduler>, body: impl FnOnce() -> R) -> R {
    struct Restore(Option<Rc<dyn Scheduler>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCHEDULER.with(|current| *current.borrow_mut() = self.0.take());
        }
    }
    let before = SCHEDULER.with(|current| current.borrow_mut().replace(scheduler));
    let _restore = Restore(before);
    body()
}

/// The scheduler of the simulation that the caller runs in; none in production.
pub fn scheduler() -> Option<Rc<dyn Scheduler>> {
    SCHEDULER.with(|current| current.borrow().clone())
}

/// The monotonic time.
pub fn now() -> Instant {
    scheduler().map_or_else(Instant::now, |scheduler| scheduler.now())
}

/// The time since `moment`.
pub fn elapsed(moment: Instant) -> Duration {
    now().saturating_duration_since(moment)
}

/// A moment at which a simulation may let another task run. Nothing in production.
pub fn turn() {
    if let Some(scheduler) = scheduler() {
        scheduler.wait(None, None);
    }
}

/// A thread that was started.
#[derive(Debug)]
pub struct Thread(Kind);

#[derive(Debug)]
enum Kind {
    Machine(std::thread::JoinHandle<()>),
    Simulated(Arc<End>),
}

#[derive(Debug, Default)]
struct End {
    has_come: Mutex<bool>,
    changed: Condition,
}

/// Starts a thread.
///
/// # Errors
/// When the machine has no more of them.
pub fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    let Some(scheduler) = scheduler() else {
        return Ok(Thread(Kind::Machine(std::thread::Builder::new().name(name).spawn(body)?)));
    };
    let end = Arc::new(End::default());
    let of_task = end.clone();
    let body = move || {
        body();
        *lock(&of_task.has_come) = true;
        of_task.changed.notify_all();
    };
    scheduler.spawn(name, Box::new(body));
    Ok(Thread(Kind::Simulated(end)))
}

impl Thread {
    /// Waits for its end; false if it panicked.
    pub fn join(self) -> bool {
        match self.0 {
            Kind::Machine(thread) => thread.join().is_ok(),
            Kind::Simulated(end) => {
                let mut has_come = lock(&end.has_come);
                while !*has_come {
                    has_come = end.changed.wait_timeout(&end.has_come, has_come, Duration::from_secs(1));
                }
                true
            }
        }
    }
}

/// A condition variable.
#[derive(Debug, Default)]
pub struct Condition(Condvar);

impl Condition {
    /// Gives the lock free and waits for a notification or the end of `timeout`; may also return for no reason. The
    /// caller holds no other lock.
    pub fn wait_timeout<'a, T>(
        &self,
        mutex: &'a Mutex<T>,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> MutexGuard<'a, T> {
        match scheduler() {
            None => self.0.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0,
            Some(scheduler) => {
                drop(guard);
                let until = scheduler.now().checked_add(timeout);
                scheduler.wait(Some(Place::of(self)), until);
                lock(mutex)
            }
        }
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        match scheduler() {
            None => self.0.notify_all(),
            Some(scheduler) => scheduler.notify(Place::of(self)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
