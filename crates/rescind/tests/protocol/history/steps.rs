//! What nodes do, what befalls the database, and what must never come of it.

use rescind::ledger::Cursor;
use stateright::{Model, Property};

use super::{COVERED, Database, FOR_GOOD, History, MINTED_LIVES, Marks, NEVER_TWICE, Rule, WRITTEN_BACK};
use crate::checking::Set;

/// So many milliseconds, and so many versions, pass at least while a database is put back: more than cuts that come at once run
/// ahead of the clock.
const RESTORE_TAKES: u8 = 8;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    database: Database,
    /// How often it was put back.
    epoch: u8,
    now: u8,
    tags: u8,
    nodes: Vec<Node>,
    to_end: Set,
    user_cuts: u8,
    deaths: u8,
    versions: Set,
    version_twice: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    marks: Marks,
    cursor: Cursor,
    /// A cut of its own that is committed, and not applied yet.
    written: Option<(Marks, Cursor)>,
    /// Places of its own writes that it has not yet found in the ledger.
    own: Vec<Cursor>,
    step: Step,
    /// In which epoch it last read the ledger to its end.
    in_step_with: u8,
    /// What it refused in this life.
    refused: Marks,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Step {
    #[default]
    Serving,
    /// It has found another history, and writes back what it holds.
    WritingBack,
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    EndSession(u8),
    CutUser(usize),
    Apply(usize),
    Follow(usize),
    WriteBack(usize),
    Load(usize),
    Die(usize),
    Start(usize),
    /// The database is put back to so many commits.
    Restore(usize),
}

impl Model for History {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            database: Database::default(),
            epoch: 0,
            now: 1,
            tags: 0,
            nodes: vec![Node::default(); self.nodes],
            to_end: Set::upto(u8::try_from(self.sessions.len()).unwrap()),
            user_cuts: self.user_cuts,
            deaths: self.deaths,
            versions: Set::default(),
            version_twice: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for session in state.to_end.iter() {
            if state.nodes[self.sessions[usize::from(session)]].may_cut() {
                actions.push(Action::EndSession(session));
            }
        }
        for (n, node) in state.nodes.iter().enumerate() {
            if state.user_cuts > 0 && node.may_cut() {
                actions.push(Action::CutUser(n));
            }
            if node.written.is_some() {
                actions.push(Action::Apply(n));
            }
            if state.deaths > 0 && node.step != Step::Dead {
                actions.push(Action::Die(n));
            }
            actions.push(match node.step {
                Step::Serving => Action::Follow(n),
                Step::WritingBack if self.to_write_back(state, n).is_empty() => Action::Load(n),
                Step::WritingBack => Action::WriteBack(n),
                Step::Dead => Action::Start(n),
            });
        }
        if state.epoch < self.restores {
            actions.extend((0..state.database.commits.len()).map(Action::Restore));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::EndSession(session) => {
                next.to_end = last.to_end.iter().filter(|&other| other != session).collect();
                let mark = Marks::session([session].into_iter().collect());
                next.cut(self.sessions[usize::from(session)], mark, last.database.version());
            }
            Action::CutUser(n) => self.cut_user(&mut next, n),
            Action::Apply(n) => self.apply(&mut next, n),
            Action::Follow(n) => self.follow(&mut next, n),
            Action::WriteBack(n) => self.write_back(&mut next, n),
            Action::Load(n) => self.load(&mut next, n),
            Action::Die(n) => {
                next.deaths -= 1;
                next.nodes[n] = Node { step: Step::Dead, ..Node::default() };
            }
            Action::Start(n) => self.load(&mut next, n),
            Action::Restore(commits) => {
                next.database.commits.truncate(commits);
                next.epoch += 1;
                next.now += RESTORE_TAKES;
            }
        }
        next.note_refusals();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(FOR_GOOD, |_, state: &State| {
                state.nodes.iter().all(|node| node.step == Step::Dead || node.marks.covers(node.refused))
            }),
            Property::always(COVERED, |model: &Self, state: &State| {
                // For the other rules, what comes of it is told by the promises below.
                model.rule != Rule::AsDesigned
                    || state
                        .nodes
                        .iter()
                        .all(|node| !state.is_in_step(node) || state.database.marks().covers(node.marks))
            }),
            Property::always(WRITTEN_BACK, |model: &Self, state: &State| {
                let cold = model.settled(state).database.marks();
                state.nodes.iter().all(|node| cold.covers(node.marks))
            }),
            Property::always(MINTED_LIVES, |model: &Self, state: &State| {
                let settled = model.settled(state);
                settled.nodes.iter().all(|node| settled.database.version() >= node.marks.below)
            }),
            Property::always(NEVER_TWICE, |_, state: &State| !state.version_twice),
            Property::sometimes("a node finds another history", |_, state: &State| {
                state.nodes.iter().any(|node| node.step == Step::WritingBack)
            }),
            Property::sometimes(
                "the ledger grows to where it was, by other entries",
                |model: &Self, state: &State| {
                    state.nodes.iter().any(|node| {
                        node.cursor.seq > 0
                            && state.database.knows(node.cursor, false)
                            && !state.database.knows(node.cursor, true)
                    }) || model.restores == 0
                },
            ),
        ]
    }
}

impl History {
    /// max(old + 1, now), as the stores have it.
    fn cut_user(&self, state: &mut State, n: usize) {
        state.user_cuts -= 1;
        let counted = state.database.version() + 1;
        let version = if self.rule == Rule::VersionsByCounting { counted } else { counted.max(state.now) };
        state.version_twice |= state.versions.contains(version);
        state.versions.insert(version);
        state.cut(n, Marks::user(version), version);
    }

    fn apply(&self, state: &mut State, n: usize) {
        let node = &mut state.nodes[n];
        let Some((mark, place)) = node.written.take() else { return };
        node.marks.take(mark);
        self.keep_place(node, place);
    }

    fn keep_place(&self, node: &mut Node, place: Cursor) {
        if self.rule != Rule::OwnWritesUnchecked {
            node.own.push(place);
        }
    }

    /// Reads on, if the cursor and all that it wrote itself are of this history.
    fn follow(&self, state: &mut State, n: usize) {
        let State { database, nodes, epoch, .. } = state;
        let node = &mut nodes[n];
        let by_tag = self.rule != Rule::NoTag;
        let ours = |place: &Cursor| database.knows(*place, by_tag);
        if !ours(&node.cursor) || !node.own.iter().all(ours) {
            node.step = Step::WritingBack;
            return;
        }
        node.marks.take(database.after(node.cursor));
        node.cursor = database.head();
        node.own.clear();
        node.in_step_with = *epoch;
    }

    fn to_write_back(&self, state: &State, n: usize) -> Vec<Marks> {
        if matches!(self.rule, Rule::NoWriteBack | Rule::LoadReplaces) {
            return Vec::new();
        }
        state.nodes[n].marks.beyond(state.database.marks())
    }

    /// One entry at a time, so that anything may come between.
    fn write_back(&self, state: &mut State, n: usize) {
        let Some(&mark) = self.to_write_back(state, n).first() else { return };
        let raised = if self.rule == Rule::VersionsNotWrittenBack { 0 } else { mark.below };
        let version = state.database.version().max(raised);
        state.tags += 1;
        let place = state.database.commit(mark, state.tags, version);
        self.keep_place(&mut state.nodes[n], place);
    }

    /// Loads everything, at a start or in another history: there, what it loads holds all that the node held, or it is not yet done
    /// with writing back.
    fn load(&self, state: &mut State, n: usize) {
        let State { database, nodes, epoch, .. } = state;
        let node = &mut nodes[n];
        if self.rule == Rule::LoadReplaces {
            node.marks = Marks::default();
        }
        node.marks.take(database.marks());
        node.cursor = database.head();
        node.own.clear();
        node.step = Step::Serving;
        node.in_step_with = *epoch;
    }

    /// Where all this leads if nothing fails any more, and nobody cuts.
    fn settled(&self, state: &State) -> State {
        let mut state = state.clone();
        // The second round brings what was written back in the first.
        for n in (0..self.nodes).chain(0..self.nodes) {
            self.apply(&mut state, n);
            if state.nodes[n].step == Step::Serving {
                self.follow(&mut state, n);
            }
            if state.nodes[n].step != Step::Serving {
                while !self.to_write_back(&state, n).is_empty() {
                    self.write_back(&mut state, n);
                }
                self.load(&mut state, n);
            }
        }
        state
    }
}

impl State {
    /// Commits a cut; its node has yet to apply it.
    fn cut(&mut self, n: usize, mark: Marks, version: u8) {
        self.tags += 1;
        let place = self.database.commit(mark, self.tags, version);
        self.nodes[n].written = Some((mark, place));
    }

    /// Whether it has read this history to its end, and has nothing of its own left to look for.
    fn is_in_step(&self, node: &Node) -> bool {
        node.step == Step::Serving && node.in_step_with == self.epoch && node.own.is_empty()
    }

    fn note_refusals(&mut self) {
        for node in &mut self.nodes {
            if node.step == Step::Serving {
                let marks = node.marks;
                node.refused.take(marks);
            }
        }
    }
}

impl Node {
    fn may_cut(&self) -> bool {
        self.step == Step::Serving && self.written.is_none()
    }
}
