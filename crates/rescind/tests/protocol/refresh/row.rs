//! The session's row, and the verb that answers a refresh token: as `rotate.rs` of the stores has it.

use std::time::Duration;

use rescind::clock::Timestamp;
use rescind::session::{
    Judgement, Presented, RECENT_ROTATIONS, RefreshPolicy, RefreshState, Rotation, judge,
};

/// One tick of the model's clock is a second.
pub(super) fn at(tick: u8) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + i64::from(tick))
}

pub(super) fn policy(grace: u8, lost_reply_window: u8, replay_limit: u32) -> RefreshPolicy {
    let ticks = |ticks: u8| Duration::from_secs(u64::from(ticks));
    RefreshPolicy { grace: ticks(grace), lost_reply_window: ticks(lost_reply_window), replay_limit }
}

/// A refresh token. Each that is made has a number of its own, as each has a secret of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    pub(super) number: u8,
    pub(super) generation: u8,
}

impl Token {
    pub(super) const FIRST: Self = Self { number: 0, generation: 0 };

    fn presented(self) -> Presented {
        Presented { hash: hash(self.number), generation: i64::from(self.generation) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) current: Token,
    pub(super) parent: Option<u8>,
    pub(super) rotated_at: u8,
    /// Numbers of tokens rotated away, and when; newest first.
    recent: Vec<(u8, u8)>,
    late_generation: u8,
    late_run: u32,
}

impl Row {
    pub(super) const fn new() -> Self {
        Self {
            current: Token::FIRST,
            parent: None,
            rotated_at: 0,
            recent: Vec::new(),
            late_generation: 0,
            late_run: 0,
        }
    }

    /// What the guard of the rotating statement asks.
    pub(super) fn is_current(&self, token: Token) -> bool {
        self.current == token
    }

    /// What the rotating statement writes.
    pub(super) fn rotate(&mut self, successor: u8, now: u8) {
        self.recent.insert(0, (self.current.number, now));
        self.recent.truncate(RECENT_ROTATIONS);
        self.parent = Some(self.current.number);
        self.current = Token { number: successor, generation: self.current.generation + 1 };
        self.rotated_at = now;
    }

    /// What a token is that the statement did not rotate.
    pub(super) fn judge(&self, token: Token, now: u8, policy: &RefreshPolicy) -> Judgement {
        judge(&self.facts(), token.presented(), at(now), policy)
    }

    /// What a replay that came late leaves.
    pub(super) fn note_late(&mut self, run: u32) {
        (self.late_generation, self.late_run) = (self.current.generation, run);
    }

    /// Forgets rotations that were before `tick`.
    pub(super) fn forget_before(&mut self, tick: u8) {
        self.recent.retain(|&(_, at)| at >= tick);
    }

    fn facts(&self) -> RefreshState {
        RefreshState {
            generation: i64::from(self.current.generation),
            current: hash(self.current.number),
            parent: self.parent.map(hash),
            rotated_at: at(self.rotated_at),
            recent: self.recent.iter().map(|&(token, t)| Rotation { hash: hash(token), at: at(t) }).collect(),
            late_generation: i64::from(self.late_generation),
            late_run: self.late_run,
        }
    }
}

const fn hash(number: u8) -> [u8; 32] {
    [number; 32]
}
