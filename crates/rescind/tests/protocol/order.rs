//! The order of the ledger: whoever has read up to `seq` n has seen every entry up to n.
//!
//! Writers on several nodes each run transactions against one database. A writer may die at any step, and the database
//! may be restarted; then what was not committed is undone. One reader follows what is committed.

use stateright::{Model, Property};

use crate::checking::{Set, bound, holds, is_broken};

const NONE_MISSED: &str = "a reader that has reached a number has seen every entry up to it";
const NONE_TWICE: &str = "no two entries have the same number";
const NONE_LOST: &str = "what was acknowledged is in the ledger";

#[test]
fn a_reader_misses_nothing_that_is_committed_behind_it() {
    holds(Order::as_built());
}

#[test]
fn without_the_turn_a_lower_number_is_committed_later_and_missed() {
    is_broken(Order { turn: Turn::NobodyTakesIt, ..Order::as_built() }, NONE_MISSED);
}

#[test]
fn a_turn_that_ends_before_the_commit_is_too_short() {
    is_broken(Order { turn: Turn::UntilNumbered, ..Order::as_built() }, NONE_MISSED);
}

#[test]
fn an_acknowledgement_before_the_commit_promises_too_much() {
    is_broken(Order { acknowledged: Acknowledged::BeforeCommit, ..Order::as_built() }, NONE_LOST);
}

struct Order {
    turn: Turn,
    acknowledged: Acknowledged,
    writers: usize,
    /// How many transactions each writer runs.
    transactions: u8,
    /// How often a writer dies, and how often the database is restarted.
    deaths: u8,
    restarts: u8,
}

impl Order {
    fn as_built() -> Self {
        Self {
            turn: Turn::UntilCommit,
            acknowledged: Acknowledged::AfterCommit,
            writers: bound(2, 3),
            transactions: 2,
            deaths: 1,
            restarts: 1,
        }
    }
}

/// How long a writer keeps the others from taking numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    UntilCommit,
    UntilNumbered,
    NobodyTakesIt,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Acknowledged {
    AfterCommit,
    BeforeCommit,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// The highest number that was taken. Undone with the transaction that took it, where the turn guards it.
    taken: u8,
    turn: Option<usize>,
    writers: Vec<Writer>,
    /// The numbers of committed entries, and which entries have them.
    committed: Vec<(u8, u8)>,
    acknowledged: Set,
    reached: u8,
    seen: Set,
    deaths: u8,
    restarts: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Writer {
    step: Step,
    done: u8,
}

/// How far a writer's transaction is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Idle,
    /// It has begun, and does the work on rows.
    Working,
    /// It may take numbers; these it has.
    Numbering(Vec<u8>),
    Committed,
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Begin(usize),
    TakeTurn(usize),
    Number(usize),
    Commit(usize),
    Acknowledge(usize),
    Die(usize),
    RestartDatabase,
    Read,
}

impl Model for Order {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            taken: 0,
            turn: None,
            writers: vec![Writer { step: Step::Idle, done: 0 }; self.writers],
            committed: Vec::new(),
            acknowledged: Set::default(),
            reached: 0,
            seen: Set::default(),
            deaths: self.deaths,
            restarts: self.restarts,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (w, writer) in state.writers.iter().enumerate() {
            match &writer.step {
                Step::Idle if writer.done < self.transactions => actions.push(Action::Begin(w)),
                Step::Working if self.may_take_turn(state) => actions.push(Action::TakeTurn(w)),
                Step::Numbering(numbers) if numbers.len() < entries_of(w) => actions.push(Action::Number(w)),
                Step::Numbering(_) => actions.push(Action::Commit(w)),
                Step::Committed => actions.push(Action::Acknowledge(w)),
                Step::Idle | Step::Working | Step::Dead => {}
            }
            if state.deaths > 0 && !matches!(writer.step, Step::Idle | Step::Dead) {
                actions.push(Action::Die(w));
            }
        }
        if state.restarts > 0 {
            actions.push(Action::RestartDatabase);
        }
        actions.push(Action::Read);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Begin(w) => next.writers[w].step = Step::Working,
            Action::TakeTurn(w) => {
                next.turn = (self.turn != Turn::NobodyTakesIt).then_some(w);
                next.writers[w].step = Step::Numbering(Vec::new());
            }
            Action::Number(w) => self.number(&mut next, w),
            Action::Commit(w) => self.commit(&mut next, w),
            Action::Acknowledge(w) => {
                next.acknowledge(w);
                next.writers[w] = Writer { step: Step::Idle, done: last.writers[w].done + 1 };
            }
            Action::Die(w) => {
                next.deaths -= 1;
                self.undo(&mut next, w);
                next.writers[w].step = Step::Dead;
            }
            Action::RestartDatabase => {
                next.restarts -= 1;
                (0..self.writers).for_each(|w| self.undo(&mut next, w));
            }
            Action::Read => next.read(),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NONE_MISSED, |_, state: &State| {
                state.committed.iter().all(|&(seq, entry)| seq > state.reached || state.seen.contains(entry))
            }),
            Property::always(NONE_TWICE, |_, state: &State| {
                state.committed.iter().map(|&(seq, _)| seq).collect::<Set>().iter().count()
                    == state.committed.len()
            }),
            Property::always(NONE_LOST, |_, state: &State| {
                state.committed.iter().map(|&(_, entry)| entry).collect::<Set>().covers(state.acknowledged)
            }),
            Property::always("whoever has the turn is alive to end it", |_, state: &State| {
                state.turn.is_none_or(|w| matches!(state.writers[w].step, Step::Numbering(_)))
            }),
            Property::sometimes("the others go on when a writer has died", |_, state: &State| {
                state.writers.iter().any(|writer| writer.step == Step::Dead) && state.committed.len() > 2
            }),
            Property::sometimes("everything is written and read", |model: &Self, state: &State| {
                let whole: usize = (0..model.writers).map(entries_of).sum();
                state.seen.iter().count() == whole * usize::from(model.transactions)
            }),
        ]
    }
}

impl Order {
    fn may_take_turn(&self, state: &State) -> bool {
        state.turn.is_none() || self.turn == Turn::NobodyTakesIt
    }

    fn number(&self, state: &mut State, w: usize) {
        state.taken += 1;
        let Step::Numbering(numbers) = &mut state.writers[w].step else { return };
        numbers.push(state.taken);
        if self.turn == Turn::UntilNumbered && numbers.len() == entries_of(w) {
            state.turn = None;
        }
        if self.acknowledged == Acknowledged::BeforeCommit && numbers.len() == entries_of(w) {
            state.acknowledge(w);
        }
    }

    fn commit(&self, state: &mut State, w: usize) {
        let done = state.writers[w].done;
        let Step::Numbering(numbers) = std::mem::replace(&mut state.writers[w].step, Step::Committed) else {
            return;
        };
        state.committed.extend(numbers.into_iter().zip(entries(w, done)));
        state.committed.sort_unstable();
        self.leave(state, w);
    }

    /// The connection is gone: what was not committed never was, and what was is acknowledged to nobody.
    fn undo(&self, state: &mut State, w: usize) {
        let writer = &mut state.writers[w];
        match writer.step {
            Step::Committed => *writer = Writer { step: Step::Idle, done: writer.done + 1 },
            Step::Working | Step::Numbering(_) => writer.step = Step::Idle,
            Step::Idle | Step::Dead => return,
        }
        if self.turn == Turn::UntilCommit && state.turn == Some(w) {
            state.taken = state.committed.last().map_or(0, |&(seq, _)| seq);
        }
        self.leave(state, w);
    }

    fn leave(&self, state: &mut State, w: usize) {
        if state.turn == Some(w) {
            state.turn = None;
        }
    }
}

impl State {
    fn acknowledge(&mut self, w: usize) {
        let done = self.writers[w].done;
        self.acknowledged.insert_all(entries(w, done).collect());
    }

    fn read(&mut self) {
        for &(seq, entry) in &self.committed {
            if seq > self.reached {
                self.seen.insert(entry);
            }
        }
        self.reached = self.committed.last().map_or(0, |&(seq, _)| seq).max(self.reached);
    }
}

/// The first writer's transactions make two entries each, so that a batch has an inside.
const fn entries_of(w: usize) -> usize {
    if w == 0 { 2 } else { 1 }
}

/// What the entries of a writer's transaction are called.
fn entries(w: usize, transaction: u8) -> impl Iterator<Item = u8> {
    let first = u8::try_from(w).unwrap() * 8 + transaction * 2;
    (0..u8::try_from(entries_of(w)).unwrap()).map(move |nth| first + nth)
}
