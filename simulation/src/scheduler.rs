//! Tasks of one simulation: coroutines on the calling thread, of which one runs until it waits.

use crate::{dice::Dice, trace::Trace};
use generator::{Generator, Gn};
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};
use tacho_io::exec::{self, Place, Scheduler};

/// Stack of a task in words of 8 bytes. Pages that are not touched cost nothing.
const STACK_WORDS: usize = 0x2_0000;
/// A simulation without end is a bug: after this many turns it is given up.
const TURNS_MAX: u64 = 20_000_000;

type Coroutine = Generator<'static, (), ()>;

/// Who runs next, and what time it is.
pub(crate) struct Tasks {
    inner: RefCell<Inner>,
    trace: Trace,
}

struct Inner {
    dice: Dice,
    /// Real instants cannot be made up, so simulated ones are counted from one.
    origin: Instant,
    elapsed: Duration,
    tasks: Vec<Task>,
    running: usize,
    turns: u64,
}

struct Task {
    name: String,
    state: State,
}

enum State {
    /// May run; taken out while it does.
    Ready(Option<Coroutine>),
    Waiting {
        coroutine: Option<Coroutine>,
        place: Option<Place>,
        until: Option<Instant>,
    },
    Ended,
}

impl Tasks {
    pub(crate) fn new(dice: Dice, trace: Trace) -> Rc<Self> {
        let inner =
            Inner { dice, origin: Instant::now(), elapsed: Duration::ZERO, tasks: Vec::new(), running: 0, turns: 0 };
        Rc::new(Self { inner: RefCell::new(inner), trace })
    }

    /// Runs `main` and every task that it starts until `main` ends.
    pub(crate) fn run(self: &Rc<Self>, main: impl FnOnce() + Send + 'static) {
        exec::simulated(self.clone(), || {
            self.spawn("main".to_owned(), Box::new(main));
            while self.run_one() {}
        });
    }

    /// Lets one task run until it waits; false when the main task has ended.
    fn run_one(&self) -> bool {
        let (index, mut coroutine) = self.inner.borrow_mut().next();
        self.trace.note(&[b't', index as u8]);
        coroutine.resume();
        let mut inner = self.inner.borrow_mut();
        let task = &mut inner.tasks[index];
        if coroutine.is_done() {
            task.state = State::Ended;
            return index != 0;
        }
        match &mut task.state {
            State::Ready(place) | State::Waiting { coroutine: place, .. } => *place = Some(coroutine),
            State::Ended => unreachable!("only a coroutine that is done has ended"),
        }
        true
    }
}

impl Inner {
    fn now(&self) -> Instant {
        self.origin + self.elapsed
    }

    /// A task that may run, chosen by the seed; time moves on to the first that waits for it if there is none.
    fn next(&mut self) -> (usize, Coroutine) {
        self.turns += 1;
        assert!(self.turns < TURNS_MAX, "the simulation does not end; tasks: {:?}", self.names());
        loop {
            let now = self.now();
            for task in &mut self.tasks {
                if let State::Waiting { coroutine, until: Some(until), .. } = &mut task.state
                    && *until <= now
                {
                    task.state = State::Ready(coroutine.take());
                }
            }
            let is_ready = |(_, task): &(usize, &Task)| matches!(task.state, State::Ready(_));
            let ready: Vec<usize> = self.tasks.iter().enumerate().filter(is_ready).map(|(index, _)| index).collect();
            if !ready.is_empty() {
                let index = self.dice.pick(&ready);
                // What a task does takes time.
                self.elapsed += Duration::from_micros(self.dice.below(0..40));
                self.running = index;
                let State::Ready(coroutine) = &mut self.tasks[index].state else { unreachable!("it is ready") };
                return (index, coroutine.take().expect("a task that does not run has its coroutine"));
            }
            let next = self.tasks.iter().filter_map(|task| match task.state {
                State::Waiting { until, .. } => until,
                _ => None,
            });
            let next = next.min().unwrap_or_else(|| panic!("all wait for each other: {:?}", self.names()));
            self.elapsed = next - self.origin;
        }
    }

    fn names(&self) -> Vec<&str> {
        self.tasks.iter().filter(|task| !matches!(task.state, State::Ended)).map(|task| &*task.name).collect()
    }
}

impl Scheduler for Tasks {
    fn now(&self) -> Instant {
        let mut inner = self.inner.borrow_mut();
        // Whoever looks at the clock again and again sees it move.
        inner.elapsed += Duration::from_micros(3);
        inner.now()
    }

    fn wait(&self, place: Option<Place>, until: Option<Instant>) {
        {
            let mut inner = self.inner.borrow_mut();
            let running = inner.running;
            let is_turn = place.is_none() && until.is_none();
            if is_turn && inner.dice.once_in(2) {
                return;
            }
            inner.tasks[running].state =
                if is_turn { State::Ready(None) } else { State::Waiting { coroutine: None, place, until } };
        }
        #[expect(deprecated, reason = "the scoped form would have to be handed through all the code under test")]
        generator::yield_with(());
    }

    fn notify(&self, place: Place) {
        let mut inner = self.inner.borrow_mut();
        for task in &mut inner.tasks {
            if let State::Waiting { coroutine, place: Some(of), .. } = &mut task.state
                && *of == place
            {
                task.state = State::Ready(coroutine.take());
            }
        }
    }

    fn spawn(&self, name: String, body: Box<dyn FnOnce() + Send>) {
        let coroutine = Gn::new_opt(STACK_WORDS, body);
        self.inner.borrow_mut().tasks.push(Task { name, state: State::Ready(Some(coroutine)) });
    }
}
