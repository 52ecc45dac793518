//! Who does what, and what must never come of it.

use rescind::session::Judgement;
use stateright::{Model, Property};

use super::row::{Row, Token, policy};
use super::{
    ENDED, EXCHANGE, LOST_REPLY_WINDOW, NO_FALSE_THEFT, NO_LOCKSTEP, NO_UNSEEN_THEFT, ONE_SUCCESSOR,
    ONE_WINNER, Refresh, Rule,
};
use crate::checking::Set;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    now: u8,
    row: Row,
    ended: bool,
    backup: Option<Row>,
    /// The newest token that the tabs hold, and the one that the thief does.
    held: Token,
    held_since: u8,
    stolen: Option<Token>,
    /// What each caller waits for; the thief is the last.
    requests: Vec<Option<Request>>,
    next: u8,
    sends: u8,
    losses: u8,
    restores: u8,
    seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    token: Token,
    sent_at: u8,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Travelling,
    /// The statement did not rotate it when it arrived, at this tick.
    Unserved(u8),
    /// Was found to be current; only where reading and writing are two steps.
    FoundCurrent,
    /// Is answered: with a token, or with a refusal.
    Answered(Option<Token>),
}

/// What no store keeps, to tell by it whether promises hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// Which token was answered to which.
    answers: Vec<(u8, u8)>,
    /// Which tokens were rotated.
    rotated: Set,
    /// Generations in which the parent was replayed late, and answered.
    late: Set,
    restored: bool,
    rotated_twice: bool,
    honest_accused: bool,
    unseen_accused: bool,
    answered_after_end: bool,
    superseded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Tick,
    Send(usize),
    /// The request reaches a node, which runs the rotating statement.
    Arrive(usize),
    /// The statement did not rotate: the node looks again, and judges.
    Judge(usize),
    Write(usize),
    Receive(usize),
    Lose(usize),
    Steal,
    Backup,
    Restore,
}

impl Model for Refresh {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            row: Row::new(),
            ended: false,
            backup: None,
            held: Token::FIRST,
            held_since: 0,
            stolen: None,
            requests: vec![None; self.tabs + usize::from(self.thief)],
            next: 1,
            sends: self.sends,
            losses: self.losses,
            restores: self.restores,
            seen: Seen::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (c, request) in state.requests.iter().enumerate() {
            match request.as_ref().map(|request| &request.step) {
                None if state.sends > 0 && self.may_send(state, c) => actions.push(Action::Send(c)),
                None => {}
                Some(Step::Travelling) => actions.push(Action::Arrive(c)),
                Some(Step::Unserved(_)) => actions.push(Action::Judge(c)),
                Some(Step::FoundCurrent) => actions.push(Action::Write(c)),
                Some(Step::Answered(_)) => actions.push(Action::Receive(c)),
            }
            let on_its_way =
                matches!(request, Some(Request { step: Step::Travelling | Step::Answered(_), .. }));
            if on_its_way && state.losses > 0 && !self.is_thief(c) {
                actions.push(Action::Lose(c));
            }
        }
        if self.thief && state.stolen.is_none() {
            actions.push(Action::Steal);
        }
        if state.restores > 0 {
            actions.push(if state.backup.is_none() { Action::Backup } else { Action::Restore });
        }
        if self.may_tick(state) {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Tick => self.tick(&mut next),
            Action::Send(c) => {
                next.sends -= 1;
                let token = self.token_of(last, c)?;
                next.requests[c] = Some(Request { token, sent_at: last.now, step: Step::Travelling });
            }
            Action::Arrive(c) => self.arrive(&mut next, c),
            Action::Judge(c) => self.judge(&mut next, c),
            Action::Write(c) => next.rotate(c),
            Action::Receive(c) => self.receive(&mut next, c),
            Action::Lose(c) => {
                next.losses -= 1;
                next.requests[c] = None;
            }
            Action::Steal => next.stolen = Some(last.held),
            Action::Backup => next.backup = Some(last.row.clone()),
            Action::Restore => {
                next.restores -= 1;
                next.row = next.backup.take()?;
                next.seen.restored = true;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut promises = vec![
            Property::always(ONE_WINNER, |_, state: &State| state.seen.restored || !state.seen.rotated_twice),
            Property::always(ONE_SUCCESSOR, |_, state: &State| {
                let answers = &state.seen.answers;
                state.seen.restored
                    || answers
                        .iter()
                        .all(|(token, next)| answers.iter().all(|(t, n)| t != token || n == next))
            }),
            Property::always(NO_FALSE_THEFT, |model: &Self, state: &State| {
                let excused = model.thief || (state.seen.restored && model.excused_by_restores);
                excused || !state.seen.honest_accused
            }),
            Property::always(NO_UNSEEN_THEFT, |_, state: &State| !state.seen.unseen_accused),
            Property::always(ENDED, |_, state: &State| !state.seen.answered_after_end),
            Property::always(NO_LOCKSTEP, |_, state: &State| {
                let late = state.seen.late;
                late.iter().all(|g| !late.contains(g + 1) || !late.contains(g + 2))
            }),
            Property::sometimes("the chain grows", |_, state: &State| state.row.current.generation > 1),
        ];
        if self.thief {
            let found = "a thief and the victim both refresh, and it is found out";
            promises.push(Property::sometimes(found, |_, state: &State| state.ended));
            promises.push(Property::sometimes("a thief refreshes unnoticed", |_, state: &State| {
                state.stolen.is_some_and(|token| token.generation > 1) && !state.ended
            }));
        } else if self.losses > 0 {
            promises
                .push(Property::sometimes("a lost reply is asked for again, late", |_, state: &State| {
                    !state.seen.late.is_empty()
                }));
        } else if self.tabs > 1 && self.ticks > 3 && self.restores == 0 {
            promises
                .push(Property::sometimes("a slow tab is told so", |_, state: &State| state.seen.superseded));
        }
        promises
    }
}

impl Refresh {
    fn is_thief(&self, caller: usize) -> bool {
        caller >= self.tabs
    }

    fn token_of(&self, state: &State, caller: usize) -> Option<Token> {
        if self.is_thief(caller) { state.stolen } else { Some(state.held) }
    }

    /// Honest requests do not take longer than an exchange does, nor does a node's work on any; and whoever lost a reply comes
    /// back within the window.
    fn may_tick(&self, state: &State) -> bool {
        let hurried = |(c, request): (usize, &Option<Request>)| {
            request.as_ref().is_some_and(|r| match r.step {
                Step::Unserved(at) if self.is_thief(c) => state.now > at,
                _ => !self.is_thief(c) && state.now >= r.sent_at + EXCHANGE,
            })
        };
        let lost = !self.thief && state.row.parent == Some(state.held.number);
        let patience_ends = lost && state.now + EXCHANGE >= state.row.rotated_at + LOST_REPLY_WINDOW;
        state.now < self.ticks && !patience_ends && !state.requests.iter().enumerate().any(hurried)
    }

    fn tick(&self, state: &mut State) {
        state.now += 1;
        // What is older than anybody asks for says nothing more: fewer states differ.
        state.row.forget_before((state.now - 1).saturating_sub(self.grace));
    }

    /// Whether a tab would refresh: it does not as long as what it was given is new.
    fn may_send(&self, state: &State, caller: usize) -> bool {
        match self.token_of(state, caller) {
            None => false,
            Some(Token::FIRST) => true,
            Some(_) => self.is_thief(caller) || state.now >= state.held_since + self.pause,
        }
    }

    fn arrive(&self, state: &mut State, c: usize) {
        let Some(request) = &mut state.requests[c] else { return };
        let current = !state.ended && state.row.is_current(request.token);
        request.step = match (current, self.rule) {
            (true, Rule::ReadThenWrite) => Step::FoundCurrent,
            (true, _) => return state.rotate(c),
            (false, _) => Step::Unserved(state.now),
        };
    }

    fn judge(&self, state: &mut State, c: usize) {
        let Some(&Request { token, step: Step::Unserved(at), .. }) = state.requests[c].as_ref() else {
            return;
        };
        if state.ended {
            return state.answer(c, None);
        }
        let policy = policy(self.grace, LOST_REPLY_WINDOW, self.replay_limit);
        match state.row.judge(token, at, &policy) {
            Judgement::Current => state.try_again(c),
            Judgement::Replay { late_run } => {
                if let Some(run) = late_run {
                    state.row.note_late(run);
                    state.seen.late.insert(state.row.current.generation);
                }
                if self.rule == Rule::ReplayMakesAnother {
                    state.row.current.number = state.next;
                    state.next += 1;
                }
                state.answer(c, Some(state.row.current));
            }
            Judgement::Superseded => {
                state.seen.superseded = true;
                state.answer(c, None);
            }
            Judgement::Unseen => state.answer(c, None),
            Judgement::Theft => {
                state.ended = true;
                state.seen.honest_accused |= !self.is_thief(c);
                state.seen.unseen_accused |= token.generation > state.row.current.generation;
                state.answer(c, None);
            }
        }
    }

    fn receive(&self, state: &mut State, c: usize) {
        let Some(Request { step: Step::Answered(Some(token)), .. }) = state.requests[c].take() else {
            return;
        };
        if self.is_thief(c) {
            state.stolen = Some(token);
        } else if token.generation > state.held.generation {
            state.held = token;
            state.held_since = state.now;
        }
    }
}

impl State {
    fn rotate(&mut self, c: usize) {
        let Some(token) = self.requests[c].as_ref().map(|request| request.token) else { return };
        self.seen.rotated_twice |= self.seen.rotated.contains(token.number);
        self.seen.rotated.insert(token.number);
        self.row.rotate(self.next, self.now);
        self.next += 1;
        self.answer(c, Some(self.row.current));
    }

    fn try_again(&mut self, c: usize) {
        if let Some(request) = &mut self.requests[c] {
            request.step = Step::Travelling;
        }
    }

    fn answer(&mut self, c: usize, with: Option<Token>) {
        let Some(request) = &mut self.requests[c] else { return };
        request.step = Step::Answered(with);
        let Some(successor) = with else { return };
        self.seen.answered_after_end |= self.ended;
        let answer = (request.token.number, successor.number);
        if let Err(place) = self.seen.answers.binary_search(&answer) {
            self.seen.answers.insert(place, answer);
        }
    }
}
