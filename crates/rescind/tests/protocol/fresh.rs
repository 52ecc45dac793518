//! Fresh checks: a node asks where the ledger ends, and waits until it has come there, while others write, and while the database
//! is put back and grows again.
//!
//! Others write; the node that checks only reads. Between asking and having come there anything may happen.

use rescind::ledger::Cursor;
use stateright::{Model, Property};

use crate::checking::{Set, bound, holds, is_broken};

const KNOWS: &str = "what passes as fresh was held against all that stood in the ledger when it was asked";
const PASSES: &str = "when nothing fails any more, a fresh check passes";

#[test]
fn what_passes_as_fresh_is() {
    holds(Fresh::as_built());
}

/// The ledger was put back, and has grown again to less than the node has read of the one before.
#[test]
fn a_place_that_is_reached_by_its_number_may_lie_in_another_history() {
    is_broken(Fresh { rule: Rule::ByNumber, ..Fresh::as_built() }, KNOWS);
}

/// Nor does it help that the node was not there yet when it asked, and has gone on since: by which history, the number does not say.
#[test]
fn a_node_that_goes_on_past_the_number_may_do_so_in_another_history() {
    is_broken(Fresh { rule: Rule::ByGoingOn, ..Fresh::as_built() }, KNOWS);
}

/// The ledger grows between any two looks at it.
#[test]
fn a_place_that_is_only_known_while_it_is_the_last_may_never_be_met() {
    is_broken(Fresh { rule: Rule::NoPath, asks_again: false, ..Fresh::as_built() }, PASSES);
}

struct Fresh {
    rule: Rule,
    cuts: u8,
    restores: u8,
    /// Whether it asks once more where the ledger ends when it is beyond.
    asks_again: bool,
}

impl Fresh {
    fn as_built() -> Self {
        Self { rule: Rule::AsBuilt, cuts: bound(4, 6), restores: bound(1, 2), asks_again: true }
    }
}

/// What counts as having come there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AsBuilt,
    ByNumber,
    ByGoingOn,
    NoPath,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    /// Cuts in the order of their commits. Each has a tag of its own: its number.
    ledger: Vec<u8>,
    cuts: u8,
    restores: u8,
    marks: Set,
    cursor: Cursor,
    path: Vec<Cursor>,
    /// What a read that is under way has brought.
    reading: Option<Vec<u8>>,
    asked: Option<Asked>,
    passed_wrongly: bool,
    passed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    head: Cursor,
    /// What stood there then.
    stood: Set,
    /// Where the node was.
    from: Cursor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Cut,
    /// The database is put back to so many commits.
    Restore(usize),
    Read,
    TakeUp,
    Ask,
    Pass,
}

impl Model for Fresh {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.cuts < self.cuts {
            actions.push(Action::Cut);
        }
        if state.restores < self.restores {
            actions.extend((0..state.ledger.len()).map(Action::Restore));
        }
        actions.push(if state.reading.is_some() { Action::TakeUp } else { Action::Read });
        match &state.asked {
            None => actions.push(Action::Ask),
            Some(asked) if self.is_reached(state, asked) => actions.push(Action::Pass),
            Some(asked) if self.asks_again && state.cursor.seq > asked.head.seq => actions.push(Action::Ask),
            Some(_) => {}
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Cut => {
                next.cuts += 1;
                next.ledger.push(next.cuts);
            }
            Action::Restore(commits) => {
                next.restores += 1;
                next.ledger.truncate(commits);
            }
            Action::Read => next.read(),
            Action::TakeUp => next.take_up(),
            Action::Ask => next.ask(),
            Action::Pass => next.pass(),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(KNOWS, |_, state: &State| !state.passed_wrongly),
            Property::always(PASSES, |model: &Self, state: &State| model.passes_in_the_end(state)),
            Property::sometimes("a check passes as fresh", |_, state: &State| state.passed),
            Property::sometimes(
                "the ledger has grown past where it ended when it was asked",
                |_, state: &State| {
                    state.asked.as_ref().is_some_and(|asked| state.head().seq > asked.head.seq)
                },
            ),
            Property::sometimes("the node is beyond, by another history", |_, state: &State| {
                let beyond = |asked: &Asked| state.cursor.seq > asked.head.seq;
                state.asked.as_ref().is_some_and(|asked| beyond(asked) && !state.path.contains(&asked.head))
            }),
        ]
    }
}

impl Fresh {
    /// `Replica::reached`.
    fn is_reached(&self, state: &State, asked: &Asked) -> bool {
        let beyond = state.cursor.seq >= asked.head.seq;
        match self.rule {
            Rule::AsBuilt => state.cursor == asked.head || state.path.contains(&asked.head),
            Rule::NoPath => state.cursor == asked.head,
            Rule::ByNumber => beyond,
            Rule::ByGoingOn => {
                state.cursor == asked.head || (beyond && asked.from.seq <= asked.head.seq && state.goes_on())
            }
        }
    }

    /// Nobody writes any more, and the node reads on.
    fn passes_in_the_end(&self, state: &State) -> bool {
        let mut state = state.clone();
        if state.asked.is_none() {
            state.ask();
        }
        for _ in 0..2 {
            state.take_up();
            state.read();
            state.take_up();
            let reached = state.asked.as_ref().is_some_and(|asked| self.is_reached(&state, asked));
            if reached || !self.asks_again {
                return reached;
            }
            state.ask();
        }
        false
    }
}

impl State {
    fn head(&self) -> Cursor {
        self.place(self.ledger.len())
    }

    fn place(&self, seq: usize) -> Cursor {
        let tag = seq.checked_sub(1).map_or(0, |before| self.ledger[before]);
        Cursor { seq: i64::try_from(seq).unwrap(), tag: [tag; 16] }
    }

    /// Whether the node was not loaded anew since it asked.
    fn goes_on(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.from.seq == 0 || self.path.contains(&asked.from))
    }

    fn read(&mut self) {
        self.reading = Some(self.ledger.clone());
    }

    /// `read_on`, or `go_over` where the cursor is of another history. What it held it goes on holding.
    fn take_up(&mut self) {
        let Some(read) = self.reading.take() else { return };
        let place = |seq: usize| Cursor {
            seq: i64::try_from(seq).unwrap(),
            tag: [seq.checked_sub(1).map_or(0, |before| read[before]); 16],
        };
        let at = usize::try_from(self.cursor.seq).unwrap();
        self.marks.insert_all(read.iter().copied().collect());
        if at <= read.len() && place(at) == self.cursor {
            self.path.extend((at + 1..=read.len()).map(place));
        } else {
            self.path = vec![place(read.len())];
        }
        self.cursor = place(read.len());
    }

    fn ask(&mut self) {
        let stood = self.ledger.iter().copied().collect();
        self.asked = Some(Asked { head: self.head(), stood, from: self.cursor });
    }

    fn pass(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.passed = true;
            self.passed_wrongly |= !self.marks.covers(asked.stood);
        }
    }
}
