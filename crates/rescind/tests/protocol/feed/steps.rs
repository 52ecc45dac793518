//! What nodes and the follower do, and what must never come of it.

use stateright::{Model, Property};

use super::{CAUGHT_UP, Feed, HONEST, LIFE, Rule};
use crate::checking::Set;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    now: u8,
    /// When each entry was committed and acknowledged.
    ledger: Vec<u8>,
    purged: usize,
    nodes: Vec<Node>,
    follower: Follower,
    breaks: u8,
}

/// A node, and what it passes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    reading: Option<Reading>,
    /// Up to where it has passed on what it read: its hub.
    passed_on: usize,
    as_of: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reading {
    began: u8,
    /// The end of the ledger, when it was read.
    end: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Follower {
    marks: Set,
    /// None: it has no place yet, and needs a snapshot.
    cursor: Option<usize>,
    as_of: Option<u8>,
    stream: Option<Stream>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Stream {
    node: usize,
    /// Up to where it has sent.
    at: usize,
    /// What the node said of its freshness, before it was looked for what to send.
    asked: Option<Option<u8>>,
    wire: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Event {
    Revocation(usize),
    Heartbeat { at: usize, as_of: Option<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Tick,
    Cut,
    Purge,
    /// The three steps of a node's reading: it notes the time, reads, and is fresh.
    BeginReading(usize),
    Read(usize),
    EndReading(usize),
    Snapshot,
    Connect(usize),
    Ask,
    Send,
    Receive,
    Disconnect,
    Restart,
}

impl Model for Feed {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            ledger: Vec::new(),
            purged: 0,
            nodes: vec![Node::default(); self.nodes],
            follower: Follower::default(),
            breaks: self.breaks,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.now < self.ticks {
            actions.push(Action::Tick);
        }
        if state.ledger.len() < self.cuts {
            actions.push(Action::Cut);
        }
        if state.ledger.get(state.purged).is_some_and(|&at| at + LIFE < state.now) {
            actions.push(Action::Purge);
        }
        for (n, node) in state.nodes.iter().enumerate() {
            actions.push(match node.reading {
                None => Action::BeginReading(n),
                Some(Reading { end: None, .. }) => Action::Read(n),
                Some(_) => Action::EndReading(n),
            });
        }
        self.follower_actions(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Tick => next.now += 1,
            Action::Cut => next.ledger.push(last.now),
            Action::Purge => next.purged += 1,
            Action::BeginReading(n) => next.nodes[n].reading = Some(Reading { began: last.now, end: None }),
            Action::Read(n) => self.read(&mut next, n)?,
            Action::EndReading(n) => self.end_reading(&mut next, n)?,
            Action::Snapshot => next.snapshot(),
            Action::Connect(n) => next.connect(n),
            Action::Ask => self.ask(&mut next)?,
            Action::Send => self.send(&mut next)?,
            Action::Receive => next.receive()?,
            Action::Disconnect => {
                next.breaks -= 1;
                next.follower.stream = None;
            }
            Action::Restart => {
                next.breaks -= 1;
                next.follower = Follower::default();
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(HONEST, |_, state: &State| {
                let Some(as_of) = state.follower.as_of else { return true };
                let before = |&(_, &at): &(u8, &u8)| at < as_of && at + LIFE >= state.now;
                (0..).zip(&state.ledger).filter(before).all(|(entry, _)| state.follower.marks.contains(entry))
            }),
            Property::always(CAUGHT_UP, |model: &Self, state: &State| {
                let settled = model.settled(state);
                let live = |&(_, &at): &(u8, &u8)| at + LIFE >= settled.now;
                settled.follower.as_of == Some(settled.now)
                    && (0..)
                        .zip(&settled.ledger)
                        .filter(live)
                        .all(|(entry, _)| settled.follower.marks.contains(entry))
            }),
            Property::sometimes("a follower is fresh", |_, state: &State| {
                state.follower.as_of == Some(state.now) && state.now > 0 && !state.follower.marks.is_empty()
            }),
            Property::sometimes("a follower's place is gone", |model: &Self, state: &State| {
                // Nothing expires in less.
                model.ticks <= LIFE || state.follower.cursor.is_some_and(|cursor| cursor < state.purged)
            }),
        ]
    }
}

impl Feed {
    fn follower_actions(&self, state: &State, actions: &mut Vec<Action>) {
        match &state.follower.stream {
            None if state.follower.cursor.is_none() => actions.push(Action::Snapshot),
            None => actions.extend((0..self.nodes).map(Action::Connect)),
            Some(stream) => {
                if stream.wire.len() < 2 {
                    actions.push(if stream.asked.is_none() { Action::Ask } else { Action::Send });
                }
                if !stream.wire.is_empty() {
                    actions.push(Action::Receive);
                }
                if state.breaks > 0 {
                    actions.push(Action::Disconnect);
                }
            }
        }
        if state.breaks > 0 && state.follower.cursor.is_some() {
            actions.push(Action::Restart);
        }
    }

    /// Reads to the end, and passes it on before the node counts as fresh.
    fn read(&self, state: &mut State, n: usize) -> Option<()> {
        let end = state.ledger.len();
        let node = &mut state.nodes[n];
        let reading = node.reading.as_mut()?;
        reading.end = Some(end);
        match self.rule {
            Rule::FreshBeforePassedOn => node.as_of = node.as_of.max(Some(reading.began)),
            _ => node.passed_on = end,
        }
        Some(())
    }

    fn end_reading(&self, state: &mut State, n: usize) -> Option<()> {
        let now = state.now;
        let node = &mut state.nodes[n];
        let Reading { began, end } = node.reading.take()?;
        node.passed_on = end?;
        let as_of = if self.rule == Rule::DatedByItsEnd { now } else { began };
        node.as_of = node.as_of.max(Some(as_of));
        Some(())
    }

    /// Asked before it is looked for what to send: what was read by then was passed on.
    fn ask(&self, state: &mut State) -> Option<()> {
        let stream = state.follower.stream.as_mut()?;
        let node = &state.nodes[stream.node];
        let caught_up = node.passed_on <= stream.at;
        if self.rule == Rule::AskedAfterwards && !caught_up {
            stream.at += 1;
            stream.wire.push(Event::Revocation(stream.at));
        } else {
            stream.asked = Some(node.as_of);
        }
        Some(())
    }

    /// The next event, or else a heartbeat, where the node is not behind what its follower has.
    fn send(&self, state: &mut State) -> Option<()> {
        let now = state.now;
        let stream = state.follower.stream.as_mut()?;
        let node = &state.nodes[stream.node];
        let mut as_of = stream.asked.take()?;
        match self.rule {
            Rule::TimeOfSending => as_of = Some(now),
            Rule::AskedAfterwards => as_of = node.as_of,
            _ => {}
        }
        if node.passed_on > stream.at && self.rule != Rule::AskedAfterwards {
            stream.at += 1;
            stream.wire.push(Event::Revocation(stream.at));
        } else if node.passed_on == stream.at || self.rule == Rule::AskedAfterwards {
            stream.wire.push(Event::Heartbeat { at: stream.at, as_of });
        }
        Some(())
    }

    /// Where all this leads if nothing fails any more, and nobody cuts.
    fn settled(&self, state: &State) -> State {
        let mut state = state.clone();
        for n in 0..self.nodes {
            let _ = self.read(&mut state, n);
            let _ = self.end_reading(&mut state, n);
            state.nodes[n].reading = Some(Reading { began: state.now, end: None });
            let _ = self.read(&mut state, n);
            let _ = self.end_reading(&mut state, n);
        }
        if state.follower.cursor.is_none() {
            state.snapshot();
        }
        for _ in 0..2 * (self.cuts + 2) {
            match state.follower.stream {
                None if state.follower.cursor.is_none() => state.snapshot(),
                None => state.connect(0),
                Some(_) => {
                    let _ = self.ask(&mut state);
                    let _ = self.send(&mut state);
                    while state.receive().is_some() {}
                }
            }
        }
        state
    }
}

impl State {
    /// All that is not purged. It says nothing of freshness: the first heartbeat does.
    fn snapshot(&mut self) {
        let (from, to) = (self.purged, self.ledger.len());
        self.follower.marks.insert_all((from..to).map(entry).collect());
        self.follower.cursor = Some(to);
    }

    /// Goes on where the follower was, unless what follows that place was purged.
    fn connect(&mut self, node: usize) {
        let Some(at) = self.follower.cursor else { return };
        if at < self.purged {
            self.follower.cursor = None;
        } else {
            self.follower.stream = Some(Stream { node, at, asked: None, wire: Vec::new() });
        }
    }

    fn receive(&mut self) -> Option<()> {
        let follower = &mut self.follower;
        let stream = follower.stream.as_mut()?;
        if stream.wire.is_empty() {
            return None;
        }
        match stream.wire.remove(0) {
            Event::Revocation(seq) => {
                follower.marks.insert(entry(seq - 1));
                follower.cursor = Some(seq);
            }
            Event::Heartbeat { at, as_of } => {
                follower.cursor = follower.cursor.max(Some(at));
                follower.as_of = follower.as_of.max(as_of);
            }
        }
        Some(())
    }
}

fn entry(place: usize) -> u8 {
    u8::try_from(place).unwrap()
}
