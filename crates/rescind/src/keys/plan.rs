//! What is to be done about the keys now: a pure decision over their records.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::keys::{KeyRecord, KeyState, KeyUse};

/// What keys' lives are governed by.
#[derive(Clone, Debug)]
pub(crate) struct KeyPolicy {
    /// The JOSE name with which new keys for access tokens sign.
    pub(crate) access_alg: String,
    /// How long a key signs; zero: until it is rotated on demand.
    pub(crate) rotation: Duration,
    /// For how long a key is published before it signs: longer than any verifier's cache.
    pub(crate) overlap: Duration,
    /// For how long after its retirement something that a key for access tokens signed may be alive.
    pub(crate) access_linger: Duration,
    /// The same for a key for refresh tokens.
    pub(crate) refresh_linger: Duration,
}

/// What is to be done about the keys of one use. Several steps may be due at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyPlan {
    /// A key that ceases to sign, or a next one that will never begin to.
    pub(crate) retire: Vec<String>,
    /// The next key, which begins to sign.
    pub(crate) promote: Option<String>,
    /// Whether a key is made that signs at once.
    pub(crate) make_active: bool,
    /// Whether a next key is made.
    pub(crate) make_next: bool,
    /// Retired keys that nothing alive was signed with.
    pub(crate) forget: Vec<String>,
}

impl KeyPlan {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl KeyPolicy {
    /// The JOSE name with which new keys of that use sign.
    pub(crate) fn alg(&self, usage: KeyUse) -> &str {
        match usage {
            KeyUse::Access => &self.access_alg,
            KeyUse::Refresh => "HS256",
        }
    }

    /// What is due at `now` for the keys of `usage`.
    pub(crate) fn plan(&self, records: &[KeyRecord], usage: KeyUse, now: Timestamp) -> KeyPlan {
        let of = |state| records.iter().find(|key| key.usage == usage && key.state == state);
        let (active, next) = (of(KeyState::Active), of(KeyState::Next));
        let usable_next = next.filter(|next| next.alg == self.alg(usage));
        let mut plan = KeyPlan { forget: self.forgettable(records, usage, now), ..KeyPlan::default() };
        plan.retire.extend(next.filter(|_| usable_next.is_none()).map(|next| next.kid.clone()));
        match (active, usable_next) {
            (None, None) => (plan.make_active, plan.make_next) = (true, true),
            (None, Some(next)) => {
                plan.promote = Some(next.kid.clone());
                plan.make_next = true;
            }
            (Some(_), None) => plan.make_next = true,
            (Some(active), Some(next)) if self.rotation_due(active, next, now) => {
                plan.retire.push(active.kid.clone());
                plan.promote = Some(next.kid.clone());
                plan.make_next = true;
            }
            (Some(_), Some(_)) => {}
        }
        plan
    }

    /// When `next` may begin to sign at the earliest. One that was published together with the active one is in every cache
    /// that has that.
    pub(crate) fn earliest_promotion(&self, active: &KeyRecord, next: &KeyRecord) -> Timestamp {
        if next.created_at <= active.created_at {
            next.created_at
        } else {
            next.created_at.plus(self.overlap)
        }
    }

    fn rotation_due(&self, active: &KeyRecord, next: &KeyRecord, now: Timestamp) -> bool {
        let other_algorithm = active.alg != next.alg;
        let on_demand = next.active_from.is_some_and(|from| from <= now);
        let began = active.active_from.unwrap_or(active.created_at);
        let by_schedule = !self.rotation.is_zero() && began.plus(self.rotation) <= now;
        (other_algorithm || on_demand || by_schedule) && self.earliest_promotion(active, next) <= now
    }

    fn forgettable(&self, records: &[KeyRecord], usage: KeyUse, now: Timestamp) -> Vec<String> {
        let linger = match usage {
            KeyUse::Access => self.access_linger,
            KeyUse::Refresh => self.refresh_linger,
        };
        let over = |key: &&KeyRecord| {
            key.usage == usage
                && key.state == KeyState::Retired
                && key.retired_at.is_some_and(|at| at.plus(linger).plus(self.overlap) <= now)
        };
        records.iter().filter(over).map(|key| key.kid.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Sealed;

    const DAY: i64 = 86_400;

    fn policy() -> KeyPolicy {
        KeyPolicy {
            access_alg: "EdDSA".to_owned(),
            rotation: Duration::from_secs(30 * 86_400),
            overlap: Duration::from_secs(600),
            access_linger: Duration::from_secs(86_400),
            refresh_linger: Duration::from_secs(90 * 86_400),
        }
    }

    fn key(kid: &str, state: KeyState, created_secs: i64) -> KeyRecord {
        let created_at = Timestamp::from_secs(created_secs);
        KeyRecord {
            kid: kid.to_owned(),
            usage: KeyUse::Access,
            alg: "EdDSA".to_owned(),
            state,
            sealed: Sealed(Vec::new()),
            created_at,
            active_from: (state == KeyState::Active).then_some(created_at),
            retired_at: (state == KeyState::Retired).then_some(created_at),
            revoked_at: None,
        }
    }

    fn plan(records: &[KeyRecord], secs: i64) -> KeyPlan {
        policy().plan(records, KeyUse::Access, Timestamp::from_secs(secs))
    }

    #[test]
    fn the_first_start_makes_one_that_signs_and_one_to_follow() {
        let plan = plan(&[], 0);
        assert!(plan.make_active && plan.make_next);
    }

    #[test]
    fn nothing_is_due_before_the_schedule_says_so() {
        let keys = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0)];
        assert!(plan(&keys, 30 * DAY - 1).is_empty());
        let due = plan(&keys, 30 * DAY);
        assert_eq!(
            (due.retire, due.promote.as_deref(), due.make_next),
            (vec!["a".to_owned()], Some("b"), true)
        );
    }

    #[test]
    fn a_next_key_never_signs_before_every_cache_has_it() {
        let mut next = key("b", KeyState::Next, 40 * DAY);
        next.active_from = Some(Timestamp::from_secs(40 * DAY));
        let keys = [key("a", KeyState::Active, 0), next];
        assert!(plan(&keys, 40 * DAY + 599).is_empty());
        assert_eq!(plan(&keys, 40 * DAY + 600).promote.as_deref(), Some("b"));
    }

    #[test]
    fn another_algorithm_replaces_the_next_key_and_then_the_active_one() {
        let keys = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0)];
        let es256 = KeyPolicy { access_alg: "ES256".to_owned(), ..policy() };
        let first = es256.plan(&keys, KeyUse::Access, Timestamp::from_secs(10));
        assert_eq!((first.retire, first.promote, first.make_next), (vec!["b".to_owned()], None, true));
        let mut next = key("c", KeyState::Next, 10);
        next.alg = "ES256".to_owned();
        let keys = [key("a", KeyState::Active, 0), next];
        assert!(es256.plan(&keys, KeyUse::Access, Timestamp::from_secs(609)).is_empty());
        assert_eq!(
            es256.plan(&keys, KeyUse::Access, Timestamp::from_secs(610)).promote.as_deref(),
            Some("c")
        );
    }

    #[test]
    fn a_retired_key_is_forgotten_when_nothing_of_it_is_alive() {
        let keys =
            [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0), key("c", KeyState::Retired, 0)];
        assert!(plan(&keys, DAY + 599).forget.is_empty());
        assert_eq!(plan(&keys, DAY + 600).forget, ["c"]);
    }

    #[test]
    fn zero_rotation_turns_the_schedule_off() {
        let keys = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 0)];
        let off = KeyPolicy { rotation: Duration::ZERO, ..policy() };
        assert!(off.plan(&keys, KeyUse::Access, Timestamp::from_secs(4000 * DAY)).is_empty());
    }
}
