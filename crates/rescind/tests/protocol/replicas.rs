//! Nodes and their replicas: how a cut that one node makes comes to hold on all of them.
//!
//! The ledger is in order (that is `order`'s to show): a commit appends to it. A node may read, apply what it wrote
//! itself, be killed and come back with an empty memory, at any moment between any two steps of another.

use stateright::{Model, Property};

use crate::checking::{Set, bound, holds, is_broken};

const DURABLE: &str = "what was acknowledged is in the ledger";
const AT_ONCE: &str = "a node that acknowledged a cut refuses what it cut, for as long as it serves";
const FOR_GOOD: &str = "what a node refused once it refuses whenever it serves";
const EVERYWHERE: &str = "when nothing fails any more, one reading brings every cut to every node";

#[test]
fn a_cut_holds_at_once_here_soon_everywhere_and_for_good() {
    holds(Replicas::as_built());
}

#[test]
fn a_cursor_that_is_moved_by_ones_own_cut_skips_what_others_wrote() {
    is_broken(Replicas { rule: Rule::OwnCutMovesCursor, ..Replicas::as_built() }, EVERYWHERE);
}

#[test]
fn a_mark_that_is_applied_before_the_commit_may_be_forgotten() {
    is_broken(Replicas { rule: Rule::AppliedBeforeCommit, ..Replicas::as_built() }, FOR_GOOD);
}

#[test]
fn an_acknowledgement_before_the_mark_is_applied_comes_too_early() {
    is_broken(Replicas { rule: Rule::AcknowledgedBeforeApplied, ..Replicas::as_built() }, AT_ONCE);
}

#[test]
fn a_node_that_reads_only_when_woken_may_never_hear_of_a_cut() {
    is_broken(Replicas { rule: Rule::ReadsOnlyWhenWoken, ..Replicas::as_built() }, EVERYWHERE);
}

struct Replicas {
    rule: Rule,
    nodes: usize,
    /// Which node makes which cut.
    cuts: Vec<usize>,
    deaths: u8,
}

impl Replicas {
    fn as_built() -> Self {
        Self { rule: Rule::AsBuilt, nodes: 2, cuts: bound(vec![0, 1], vec![0, 1, 0]), deaths: 2 }
    }
}

/// The protocol, or one thing done otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AsBuilt,
    OwnCutMovesCursor,
    AppliedBeforeCommit,
    AcknowledgedBeforeApplied,
    ReadsOnlyWhenWoken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// Cuts in the order of their commits.
    ledger: Vec<u8>,
    cuts: Vec<Step>,
    nodes: Vec<Node>,
    deaths: u8,
}

/// How far the making of a cut is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Asked,
    Committed,
    Applied,
    Acknowledged,
    /// Its node died over it. Whether it was committed, the caller does not know.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    memory: Option<Memory>,
    /// What it refused in any of its lives: not known to the node, but to us.
    refused: Set,
}

/// What a node loses when it dies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Memory {
    marks: Set,
    cursor: usize,
    /// The end of the ledger that a read which is under way has come to.
    reading: Option<usize>,
    /// Whether it has read the ledger to its end once: before, it does not serve.
    serves: bool,
    /// Always, where that does not matter.
    woken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Commit(u8),
    Apply(u8),
    Acknowledge(u8),
    LoseWakeUp(usize),
    Read(usize),
    TakeUp(usize),
    Die(usize),
    Start(usize),
}

impl Model for Replicas {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let node = Node {
            memory: Some(Memory { serves: true, woken: true, ..Memory::default() }),
            refused: Set::default(),
        };
        vec![State {
            ledger: Vec::new(),
            cuts: vec![Step::Asked; self.cuts.len()],
            nodes: vec![node; self.nodes],
            deaths: self.deaths,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for cut in 0..u8::try_from(self.cuts.len()).unwrap() {
            if state.memory_of(self.maker(cut)).is_some_and(|memory| memory.serves) {
                actions.extend(self.next_step(state, cut));
            }
        }
        for (n, node) in state.nodes.iter().enumerate() {
            match &node.memory {
                None => actions.push(Action::Start(n)),
                Some(memory) => {
                    actions.push(if memory.reading.is_some() { Action::TakeUp(n) } else { Action::Read(n) });
                    if memory.woken && self.rule == Rule::ReadsOnlyWhenWoken {
                        actions.push(Action::LoseWakeUp(n));
                    }
                    if state.deaths > 0 {
                        actions.push(Action::Die(n));
                    }
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Commit(cut) => self.commit(&mut next, cut),
            Action::Apply(cut) => self.apply(&mut next, cut),
            Action::Acknowledge(cut) => next.cuts[usize::from(cut)] = Step::Acknowledged,
            Action::LoseWakeUp(n) => next.nodes[n].memory.as_mut()?.woken = false,
            Action::Read(n) => self.read(&mut next, n)?,
            Action::TakeUp(n) => next.take_up(n)?,
            Action::Die(n) => self.die(&mut next, n),
            Action::Start(n) => next.nodes[n].memory = Some(Memory { woken: true, ..Memory::default() }),
        }
        next.note_refusals();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(DURABLE, |_, state: &State| {
                (0..)
                    .zip(&state.cuts)
                    .all(|(cut, &step)| step != Step::Acknowledged || state.ledger.contains(&cut))
            }),
            Property::always(AT_ONCE, |model: &Self, state: &State| {
                (0..).zip(&state.cuts).all(|(cut, &step)| {
                    step != Step::Acknowledged || state.nodes[model.maker(cut)].refuses(Set::from_iter([cut]))
                })
            }),
            Property::always(FOR_GOOD, |_, state: &State| {
                state.nodes.iter().all(|node| node.refuses(node.refused))
            }),
            Property::always(EVERYWHERE, |model: &Self, state: &State| {
                let settled = model.settled(state);
                let all: Set = settled.ledger.iter().copied().collect();
                settled.nodes.iter().all(|node| node.memory.is_some() && node.refuses(all))
            }),
            Property::sometimes(
                "a cut is acknowledged that another node has yet to hear of",
                |_, state: &State| {
                    let unheard =
                        |cut| state.nodes.iter().any(|node: &Node| !node.refuses(Set::from_iter([cut])));
                    (0..).zip(&state.cuts).any(|(cut, &step)| step == Step::Acknowledged && unheard(cut))
                },
            ),
            Property::sometimes("a cut is committed whose maker has died", |_, state: &State| {
                (0..)
                    .zip(&state.cuts)
                    .any(|(cut, &step)| step == Step::Unknown && state.ledger.contains(&cut))
            }),
        ]
    }
}

impl Replicas {
    fn maker(&self, cut: u8) -> usize {
        self.cuts[usize::from(cut)]
    }

    fn next_step(&self, state: &State, cut: u8) -> Option<Action> {
        let early_mark = self.rule == Rule::AppliedBeforeCommit;
        let early_answer = self.rule == Rule::AcknowledgedBeforeApplied;
        Some(match state.cuts[usize::from(cut)] {
            Step::Asked if early_mark => Action::Apply(cut),
            Step::Applied if early_mark => Action::Commit(cut),
            Step::Committed if early_mark || early_answer => Action::Acknowledge(cut),
            Step::Asked => Action::Commit(cut),
            Step::Committed => Action::Apply(cut),
            Step::Applied => Action::Acknowledge(cut),
            Step::Acknowledged | Step::Unknown => return None,
        })
    }

    fn commit(&self, state: &mut State, cut: u8) {
        state.ledger.push(cut);
        state.cuts[usize::from(cut)] = Step::Committed;
        for memory in state.nodes.iter_mut().filter_map(|node| node.memory.as_mut()) {
            memory.woken = true;
        }
    }

    /// The mark at once; the cursor not, since others may have written before.
    fn apply(&self, state: &mut State, cut: u8) {
        let place = state.ledger.iter().position(|&committed| committed == cut);
        let Some(memory) = &mut state.nodes[self.maker(cut)].memory else { return };
        memory.marks.insert(cut);
        if let (Rule::OwnCutMovesCursor, Some(place)) = (self.rule, place) {
            memory.cursor = memory.cursor.max(place + 1);
        }
        state.cuts[usize::from(cut)] = Step::Applied;
    }

    fn read(&self, state: &mut State, n: usize) -> Option<()> {
        let end = state.ledger.len();
        let memory = state.nodes[n].memory.as_mut()?;
        if self.rule == Rule::ReadsOnlyWhenWoken && !memory.woken {
            return None;
        }
        memory.woken = self.rule != Rule::ReadsOnlyWhenWoken;
        memory.reading = Some(end);
        Some(())
    }

    fn die(&self, state: &mut State, n: usize) {
        state.deaths -= 1;
        state.nodes[n].memory = None;
        for (step, &maker) in state.cuts.iter_mut().zip(&self.cuts) {
            if maker == n && matches!(step, Step::Committed | Step::Applied) {
                *step = Step::Unknown;
            }
        }
    }

    /// Where all this leads if nothing fails any more, and nobody cuts.
    fn settled(&self, state: &State) -> State {
        let mut state = state.clone();
        for n in 0..self.nodes {
            if state.nodes[n].memory.is_none() {
                state.nodes[n].memory = Some(Memory { woken: true, ..Memory::default() });
            }
            // One that is under way is ended, and then another begun.
            let _ = state.take_up(n);
            let _ = self.read(&mut state, n);
            let _ = state.take_up(n);
        }
        state
    }
}

impl State {
    fn memory_of(&self, n: usize) -> Option<&Memory> {
        self.nodes[n].memory.as_ref()
    }

    fn take_up(&mut self, n: usize) -> Option<()> {
        let Self { ledger, nodes, .. } = self;
        let memory = nodes[n].memory.as_mut()?;
        let end = memory.reading.take()?;
        if memory.cursor < end {
            memory.marks.insert_all(ledger[memory.cursor..end].iter().copied().collect());
            memory.cursor = end;
        }
        memory.serves = true;
        Some(())
    }

    fn note_refusals(&mut self) {
        for node in &mut self.nodes {
            if let Some(memory) = node.memory.as_ref().filter(|memory| memory.serves) {
                node.refused.insert_all(memory.marks);
            }
        }
    }
}

impl Node {
    /// Whether it refuses all these, or serves nobody.
    fn refuses(&self, cuts: Set) -> bool {
        self.memory.as_ref().is_none_or(|memory| !memory.serves || memory.marks.covers(cuts))
    }
}
