//! What a refresh token is answered with when it is not simply the current one. One pure function, which
//! every store calls inside its transaction, and which `tests/protocol/refresh` puts to everybody who may come with a token.

use std::time::Duration;

use crate::clock::Timestamp;

/// How many of the latest rotations a session remembers, to tell a slow tab from a thief.
///
/// ```
/// // So many tabs that refresh at once are told from a thief.
/// assert_eq!(rescind::session::RECENT_ROTATIONS, 16);
/// ```
pub const RECENT_ROTATIONS: usize = 16;

/// How forgiving a refresh is.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::authority::AuthoritySettings;
/// use rescind::session::RefreshPolicy;
///
/// // Whoever would rather have people sign in again than forgive a lost reply.
/// let strict = RefreshPolicy { lost_reply_window: Duration::ZERO, grace: Duration::ZERO, replay_limit: 1 };
/// assert!(strict.grace < AuthoritySettings::new("https://auth.example").refresh_policy.grace);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// For so long after a rotation, whoever presents an older token is a slow tab.
    pub grace: Duration,
    /// For so long after a rotation, whoever presents the parent has lost the reply.
    pub lost_reply_window: Duration,
    /// In so many generations running, a lost reply is theft; 0: never.
    pub replay_limit: u32,
}

/// What was presented.
///
/// ```
/// use rescind::session::Presented;
/// use rescind::system::SystemEntropy;
/// use rescind::token::TokenId;
///
/// let secret = TokenId::generate(&SystemEntropy);
/// let presented = Presented { hash: secret.hash(), generation: 7 };
/// assert_ne!(presented.hash, *secret.expose(), "a store never sees the secret");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// SHA-256 of the token's `token_id`.
    pub hash: [u8; 32],
    /// Its generation.
    pub generation: i64,
}

/// What a session knows of its refresh tokens.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::session::{Judgement, Presented, RefreshState, judge};
/// # let policy = rescind::authority::AuthoritySettings::new("https://auth.example").refresh_policy;
///
/// // A session that was just opened: its token has no parent.
/// let opened_at = Timestamp::from_secs(1_767_323_045);
/// let state = RefreshState {
///     generation: 0,
///     current: [1; 32],
///     parent: None,
///     rotated_at: opened_at,
///     recent: Vec::new(),
///     late_generation: 0,
///     late_run: 0,
/// };
/// let first = Presented { hash: [1; 32], generation: 0 };
/// assert_eq!(judge(&state, first, opened_at, &policy), Judgement::Current);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshState {
    /// The generation of the current token.
    pub generation: i64,
    /// The hash of the current token.
    pub current: [u8; 32],
    /// The hash of the token that the current one came from.
    pub parent: Option<[u8; 32]>,
    /// When the current token came to be.
    pub rotated_at: Timestamp,
    /// Tokens rotated away, newest first.
    pub recent: Vec<Rotation>,
    /// The last generation whose parent was replayed later than `grace`.
    pub late_generation: i64,
    /// In how many generations running, ending with that one.
    pub late_run: u32,
}

/// A token that was rotated away.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::session::{Judgement, Presented, RefreshState, Rotation, judge};
/// # let policy = rescind::authority::AuthoritySettings::new("https://auth.example").refresh_policy;
/// # let now = rescind::clock::Timestamp::from_secs(1_767_323_045);
/// # let state = RefreshState {
/// #     generation: 2,
/// #     current: [3; 32],
/// #     parent: Some([2; 32]),
/// #     rotated_at: now,
/// #     recent: Vec::new(),
/// #     late_generation: 0,
/// #     late_run: 0,
/// # };
///
/// // Three tabs refresh within a second: the slowest comes with a token of two generations ago.
/// let recent = vec![Rotation { hash: [2; 32], at: now }, Rotation { hash: [1; 32], at: now }];
/// let state = RefreshState { recent, ..state };
/// let slow = Presented { hash: [1; 32], generation: 0 };
/// assert_eq!(judge(&state, slow, now, &policy), Judgement::Superseded);
/// assert_eq!(judge(&state, slow, now.plus(Duration::from_secs(60)), &policy), Judgement::Theft);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Its hash.
    pub hash: [u8; 32],
    /// When.
    pub at: Timestamp,
}

/// What a refresh token that was presented is.
///
/// ```
/// use rescind::session::{Judgement, Presented, RefreshState, judge};
/// # let policy = rescind::authority::AuthoritySettings::new("https://auth.example").refresh_policy;
/// # let now = rescind::clock::Timestamp::from_secs(1_767_323_045);
/// # let state = RefreshState {
/// #     generation: 2,
/// #     current: [3; 32],
/// #     parent: Some([2; 32]),
/// #     rotated_at: now,
/// #     recent: Vec::new(),
/// #     late_generation: 0,
/// #     late_run: 0,
/// # };
///
/// // The row came from a backup of before the last refresh: its holder has done nothing wrong.
/// let ahead = Presented { hash: [4; 32], generation: 3 };
/// assert_eq!(judge(&state, ahead, now, &policy), Judgement::Unseen);
/// // What cannot be explained so is theft.
/// let stolen = Presented { hash: [4; 32], generation: 1 };
/// assert_eq!(judge(&state, stolen, now, &policy), Judgement::Theft);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The current one: to be rotated.
    Current,
    /// The parent of the current one: to be answered with the same successor once more. Where it came later than
    /// `grace`, the run to be remembered for this generation.
    Replay {
        /// The new [`RefreshState::late_run`], with this generation as [`RefreshState::late_generation`].
        late_run: Option<u32>,
    },
    /// An older one that was rotated away only just now: a slow tab.
    Superseded,
    /// Of a generation that this store has not seen: it was restored from a backup.
    Unseen,
    /// Used twice.
    Theft,
}

/// Decides what a refresh token is that carries our signature and belongs to a live session.
///
/// ```
/// use std::time::Duration;
/// use rescind::clock::Timestamp;
/// use rescind::session::{Judgement, Presented, RefreshPolicy, RefreshState, Rotation, judge};
///
/// let hours = |hours: u64| Duration::from_secs(hours * 3600);
/// let grace = Duration::from_secs(10);
/// let policy = RefreshPolicy { grace, lost_reply_window: hours(24), replay_limit: 3 };
/// let (oldest, parent, current) = ([1; 32], [2; 32], [3; 32]);
/// let noon = Timestamp::from_secs(1_700_000_000);
/// let state = RefreshState {
///     generation: 3,
///     current,
///     parent: Some(parent),
///     rotated_at: noon,
///     recent: vec![
///         Rotation { hash: parent, at: noon },
///         Rotation { hash: oldest, at: noon.minus(hours(1)) },
///     ],
///     late_generation: 0,
///     late_run: 0,
/// };
/// let judged = |hash, generation, at| judge(&state, Presented { hash, generation }, at, &policy);
///
/// assert_eq!(judged(current, 3, noon.plus(hours(100))), Judgement::Current);
/// // Whoever comes with its parent did not get the reply, be it two tabs at once or a phone in a tunnel.
/// assert_eq!(judged(parent, 2, noon), Judgement::Replay { late_run: None });
/// assert_eq!(judged(parent, 2, noon.plus(hours(1))), Judgement::Replay { late_run: Some(1) });
/// // A day later nobody waits for a reply, and nobody honest holds a token of two generations ago.
/// assert_eq!(judged(parent, 2, noon.plus(hours(25))), Judgement::Theft);
/// assert_eq!(judged(oldest, 1, noon), Judgement::Theft);
/// ```
pub fn judge(
    state: &RefreshState,
    presented: Presented,
    now: Timestamp,
    policy: &RefreshPolicy,
) -> Judgement {
    if presented.hash == state.current && presented.generation == state.generation {
        return Judgement::Current;
    }
    if state.parent == Some(presented.hash) {
        return judge_parent(state, now, policy);
    }
    if presented.generation > state.generation {
        return Judgement::Unseen;
    }
    let just_now = |rotation: &Rotation| now.since(rotation.at) < policy.grace;
    if state.recent.iter().any(|rotation| rotation.hash == presented.hash && just_now(rotation)) {
        return Judgement::Superseded;
    }
    Judgement::Theft
}

fn judge_parent(state: &RefreshState, now: Timestamp, policy: &RefreshPolicy) -> Judgement {
    let age = now.since(state.rotated_at);
    if age <= policy.grace {
        return Judgement::Replay { late_run: None };
    }
    if age > policy.lost_reply_window {
        return Judgement::Theft;
    }
    let late_run = match state.generation - state.late_generation {
        0 => state.late_run,
        1 => state.late_run.saturating_add(1),
        _ => 1,
    };
    if policy.replay_limit > 0 && late_run >= policy.replay_limit {
        return Judgement::Theft;
    }
    Judgement::Replay { late_run: Some(late_run) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RefreshPolicy = RefreshPolicy {
        grace: Duration::from_secs(10),
        lost_reply_window: Duration::from_secs(24 * 3600),
        replay_limit: 3,
    };

    fn hash(generation: i64) -> [u8; 32] {
        [u8::try_from(generation).unwrap(); 32]
    }

    fn presented(generation: i64) -> Presented {
        Presented { hash: hash(generation), generation }
    }

    /// Generation 5, rotated at second 1000, one rotation a second before that.
    fn state() -> RefreshState {
        RefreshState {
            generation: 5,
            current: hash(5),
            parent: Some(hash(4)),
            rotated_at: Timestamp::from_secs(1000),
            recent: (0..5)
                .rev()
                .map(|g| Rotation { hash: hash(g), at: Timestamp::from_secs(996 + g) })
                .collect(),
            late_generation: 0,
            late_run: 0,
        }
    }

    fn at(secs: i64, presented: Presented) -> Judgement {
        judge(&state(), presented, Timestamp::from_secs(secs), &POLICY)
    }

    #[test]
    fn the_current_token_is_current_at_any_age() {
        assert_eq!(at(1000, presented(5)), Judgement::Current);
        assert_eq!(at(900_000, presented(5)), Judgement::Current);
    }

    #[test]
    fn the_parent_is_a_replay_until_the_window_closes() {
        assert_eq!(at(1010, presented(4)), Judgement::Replay { late_run: None });
        assert_eq!(at(1011, presented(4)), Judgement::Replay { late_run: Some(1) });
        assert_eq!(at(1000 + 86_400, presented(4)), Judgement::Replay { late_run: Some(1) });
        assert_eq!(at(1001 + 86_400, presented(4)), Judgement::Theft);
    }

    #[test]
    fn an_older_one_is_superseded_only_within_grace_of_its_own_rotation() {
        // Generation 3 was rotated away at second 999.
        assert_eq!(at(1008, presented(3)), Judgement::Superseded);
        assert_eq!(at(1009, presented(3)), Judgement::Theft);
    }

    #[test]
    fn a_generation_from_the_future_is_no_theft() {
        assert_eq!(at(1000, presented(6)), Judgement::Unseen);
    }

    #[test]
    fn a_forged_generation_does_not_help_a_known_hash() {
        let forged = Presented { hash: hash(5), generation: 4 };
        assert_eq!(at(1000, forged), Judgement::Theft);
    }

    #[test]
    fn a_clock_that_steps_back_is_within_grace() {
        assert_eq!(at(500, presented(4)), Judgement::Replay { late_run: None });
    }

    #[test]
    fn late_replays_in_generations_running_are_theft_at_the_limit() {
        let late = Timestamp::from_secs(1060);
        let run = |late_generation, late_run| {
            judge(&RefreshState { late_generation, late_run, ..state() }, presented(4), late, &POLICY)
        };
        assert_eq!(run(4, 1), Judgement::Replay { late_run: Some(2) });
        assert_eq!(run(5, 2), Judgement::Replay { late_run: Some(2) }, "the same generation counts once");
        assert_eq!(run(4, 2), Judgement::Theft);
        assert_eq!(
            run(3, 2),
            Judgement::Replay { late_run: Some(1) },
            "a generation without one breaks the run"
        );
        let unlimited = RefreshPolicy { replay_limit: 0, ..POLICY };
        let state = RefreshState { late_generation: 4, late_run: 99, ..state() };
        assert_eq!(judge(&state, presented(4), late, &unlimited), Judgement::Replay { late_run: Some(100) });
    }
}
