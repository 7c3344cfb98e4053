//! The run that a thread is in. The interpreter's hooks know nothing of their run, so that it stands here while it lasts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use expr::Moment;
use rhai::{Dynamic, EvalAltResult, Position, Scope};

use crate::budget::{Budget, Out};
use crate::handle::weight;
use crate::host::Host;

/// Steps between two looks at the clock.
const TICK: u64 = 64;
/// Variable accesses between two looks at memory.
const LOOK: u32 = 64;
/// What the variables of all functions under way may hold.
const MEMORY: usize = 16_000_000;
/// Lines that a run may log, and their length.
const LINES: usize = 200;
const LINE: usize = 500;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Frame>>> = const { RefCell::new(None) };
}

/// Why a run is stopped from outside; no script can catch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Out(Out),
    Unavailable(String),
    Ended,
}

/// One run.
pub(crate) struct Frame {
    pub(crate) budget: Arc<Budget>,
    pub(crate) host: Option<Arc<dyn Host>>,
    pub(crate) moment: Moment,
    pub(crate) file: String,
    pub(crate) stop: RefCell<Option<Stop>>,
    pub(crate) log: RefCell<Vec<String>>,
    position: Cell<Option<Position>>,
    seen: Cell<u64>,
    accesses: Cell<u32>,
    held: RefCell<Vec<usize>>,
}

/// While it lives, the frame is that of the thread; then the former one is again.
struct Entered {
    former: Option<Rc<Frame>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.former.take());
    }
}

impl Frame {
    pub(crate) fn new(
        budget: &Arc<Budget>,
        host: Option<Arc<dyn Host>>,
        moment: Moment,
        file: &str,
    ) -> Rc<Self> {
        Rc::new(Self {
            budget: Arc::clone(budget),
            host,
            moment,
            file: file.to_owned(),
            stop: RefCell::new(None),
            log: RefCell::new(Vec::new()),
            position: Cell::new(None),
            seen: Cell::new(0),
            accesses: Cell::new(0),
            held: RefCell::new(Vec::new()),
        })
    }

    /// Runs within this frame.
    pub(crate) fn within<T>(self: &Rc<Self>, run: impl FnOnce() -> T) -> T {
        let former = CURRENT.with(|current| current.borrow_mut().replace(Rc::clone(self)));
        let _entered = Entered { former };
        run()
    }

    /// The last place at which the platform was asked something.
    pub(crate) fn last(&self) -> Option<Position> {
        self.position.get()
    }

    pub(crate) fn note(&self, line: &str) {
        let mut log = self.log.borrow_mut();
        if log.len() < LINES {
            log.push(line.chars().take(LINE).collect());
        }
    }

    fn progress(&self, operations: u64) -> Result<(), Out> {
        let new = operations.saturating_sub(self.seen.replace(operations));
        self.budget.step(new)?;
        if operations.is_multiple_of(TICK) { self.budget.in_time() } else { Ok(()) }
    }

    /// Looks at what the variables of the function under way hold, beside what those of its callers held when they were looked at.
    fn look(&self, level: usize, scope: &Scope) -> Result<(), Out> {
        let held_here: usize = scope.iter_raw().map(|(_, _, value)| weight(value)).sum();
        let mut held = self.held.borrow_mut();
        held.resize(level + 1, 0);
        if let Some(place) = held.last_mut() {
            *place = held_here;
        }
        if held.iter().sum::<usize>() > MEMORY { Err(Out::Memory(MEMORY)) } else { Ok(()) }
    }
}

/// The frame of this thread.
pub(crate) fn current() -> Option<Rc<Frame>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Notes a place, for errors that come without one.
pub(crate) fn at(position: Position) {
    CURRENT.with(|current| {
        if let Some(frame) = &*current.borrow() {
            frame.position.set(Some(position));
        }
    });
}

/// Stops the run for this reason. The error is one that no script can catch.
pub(crate) fn stop(why: Stop) -> EvalAltResult {
    CURRENT.with(|current| {
        if let Some(frame) = &*current.borrow() {
            frame.stop.borrow_mut().get_or_insert(why);
        }
    });
    EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE)
}

/// The interpreter's hook after each step.
pub(crate) fn progress(operations: u64) -> Option<Dynamic> {
    CURRENT.with(|current| {
        let current = current.borrow();
        let frame = current.as_ref()?;
        let out = frame.progress(operations).err()?;
        frame.stop.borrow_mut().get_or_insert(Stop::Out(out));
        frame.position.set(None);
        Some(Dynamic::UNIT)
    })
}

/// The interpreter's hook at the access or definition of a variable.
pub(crate) fn variable(level: usize, scope: &Scope) -> Result<(), Box<EvalAltResult>> {
    let result = CURRENT.with(|current| {
        let current = current.borrow();
        let Some(frame) = current.as_ref() else { return Ok(()) };
        let accesses = frame.accesses.get() + 1;
        frame.accesses.set(accesses % LOOK);
        if accesses < LOOK { Ok(()) } else { frame.look(level, scope) }
    });
    result.map_err(|out| stop(Stop::Out(out)).into())
}

/// The interpreter's hook for `print`.
pub(crate) fn print(line: &str) {
    CURRENT.with(|current| {
        if let Some(frame) = &*current.borrow() {
            frame.note(line);
        }
    });
}
