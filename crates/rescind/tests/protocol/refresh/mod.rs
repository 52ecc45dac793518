//! Refresh: single use, and safe to retry.
//!
//! What a refresh token is, the real [`rescind::session::judge`] decides. The model supplies the row, the clock, and
//! everybody who may come with a token, in every order and at every moment: tabs that share what they were given, and a thief
//! who once saw it. A rotation is what it is in the stores: one guarded statement, and for whoever that does not serve, a
//! second look at a row that may have changed since.

mod row;
mod steps;

use crate::checking::{bound, holds, is_broken};

const ONE_WINNER: &str = "of those who come with the same token one rotates it";
const ONE_SUCCESSOR: &str = "no refresh token has two successors";
const NO_FALSE_THEFT: &str = "nobody honest is called a thief";
const NO_UNSEEN_THEFT: &str = "a generation above the row's is never theft";
const ENDED: &str = "after a theft nobody refreshes";
const NO_LOCKSTEP: &str = "nobody replays late in as many generations running as are theft";

#[test]
fn two_tabs_and_lost_replies_are_never_called_theft() {
    holds(Refresh { sends: bound(5, 6), ticks: 6, losses: 1, ..Refresh::honest(2).patient() });
}

#[test]
fn a_phone_that_is_long_without_replies_is_never_called_a_thief() {
    holds(Refresh { sends: 5, ticks: bound(11, 12), losses: 2, ..Refresh::honest(1) });
}

#[test]
fn of_callers_that_race_one_rotates() {
    holds(Refresh { sends: bound(4, 5), ticks: 1, ..Refresh::honest(3) });
}

#[test]
fn a_thief_is_found_out_and_then_nobody_refreshes() {
    holds(Refresh { sends: bound(4, 5), ticks: 5, thief: true, ..Refresh::honest(1) });
}

#[test]
fn a_token_that_a_restored_backup_has_not_seen_is_no_theft() {
    holds(Refresh { sends: 4, ticks: bound(3, 4), restores: 1, ..Refresh::honest(2) });
}

#[test]
fn a_rotation_that_reads_and_then_writes_has_two_winners() {
    is_broken(Refresh { rule: Rule::ReadThenWrite, ..Refresh::honest(2) }, ONE_WINNER);
}

#[test]
fn a_replay_that_makes_a_new_token_forks_the_chain() {
    is_broken(Refresh { rule: Rule::ReplayMakesAnother, ..Refresh::honest(2) }, ONE_SUCCESSOR);
}

#[test]
fn a_grace_no_longer_than_two_exchanges_calls_a_slow_tab_a_thief() {
    is_broken(Refresh { grace: 2, ..Refresh::honest(2) }, NO_FALSE_THEFT);
}

/// The grace of a token that was rotated away runs from its rotation, and not from when it was last replayed.
#[test]
fn a_tab_that_refreshes_anew_right_after_a_lost_reply_makes_a_thief_of_a_slow_one() {
    is_broken(Refresh { losses: 1, sends: 5, ..Refresh::honest(2) }, NO_FALSE_THEFT);
}

#[test]
fn without_a_replay_limit_late_replays_go_on_for_ever() {
    let lockstep = Refresh { grace: 1, sends: 6, ticks: 7, losses: 3, ..Refresh::honest(1) };
    is_broken(Refresh { replay_limit: 0, ..lockstep }, NO_LOCKSTEP);
}

/// `restore` therefore ends all sessions, unless it is told to keep them.
#[test]
fn after_a_restore_that_keeps_sessions_a_tab_may_be_called_a_thief() {
    let restored = Refresh { restores: 1, ticks: 4, ..Refresh::honest(2) };
    is_broken(Refresh { excused_by_restores: false, ..restored }, NO_FALSE_THEFT);
}

struct Refresh {
    rule: Rule,
    /// How many callers share what they are given: tabs.
    tabs: usize,
    /// Whether somebody else has seen a token once.
    thief: bool,
    /// How many requests there are, how many replies or requests are lost on the way, how long it lasts, and how often the database
    /// is put back to an earlier state.
    sends: u8,
    losses: u8,
    ticks: u8,
    restores: u8,
    grace: u8,
    /// For how long a tab does not refresh what it was just given.
    pause: u8,
    replay_limit: u32,
    excused_by_restores: bool,
}

/// Within so many ticks an honest request is answered, or lost.
const EXCHANGE: u8 = 1;

/// For so long a lost reply may be asked for again.
const LOST_REPLY_WINDOW: u8 = 7;

impl Refresh {
    /// Honest callers alone.
    fn honest(tabs: usize) -> Self {
        Self {
            rule: Rule::AsBuilt,
            tabs,
            thief: false,
            sends: 4,
            losses: 0,
            ticks: 5,
            restores: 0,
            grace: 2 * EXCHANGE + 1,
            pause: 0,
            replay_limit: 3,
            excused_by_restores: true,
        }
    }

    /// They refresh only what is older than requests on their way are.
    fn patient(self) -> Self {
        Self { pause: EXCHANGE + 1, ..self }
    }
}

/// The protocol, or one thing done otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AsBuilt,
    ReadThenWrite,
    ReplayMakesAnother,
}
