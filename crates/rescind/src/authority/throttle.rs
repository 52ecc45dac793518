//! Slowing down whoever guesses passwords, without locking anybody out for good.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use crate::clock::Timestamp;

/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Failures of one account from one address.
const PER_ACCOUNT_AND_ADDRESS: usize = 20;
/// Failures from one address, whatever the account.
const PER_ADDRESS: usize = 200;
/// How many accounts and addresses are remembered at once; the ones idle longest are forgotten first.
const REMEMBERED: usize = 50_000;

/// Counts failures: at most 20 in 15 minutes for one account from one address, at most 200 from one address. The account's owner
/// signs in from another address meanwhile, and from the same one when the oldest failure is 15 minutes old.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    accounts: Mutex<Counter<(String, IpAddr)>>,
    addresses: Mutex<Counter<IpAddr>>,
}

/// An attempt under way. Unless [`Attempt::succeeded`] or [`Attempt::abandoned`] is called, it has failed when it goes:
/// also where whoever made it did not wait for the answer.
#[derive(Debug)]
#[must_use]
pub(super) struct Attempt<'a> {
    throttle: &'a Throttle,
    accounts: Vec<(String, IpAddr)>,
    address: IpAddr,
    at: Timestamp,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Failed,
    /// With this account.
    Succeeded(String),
    Abandoned,
}

/// Why an attempt may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// Too many have failed: for so long.
    #[error("too many attempts have failed; the next is looked at in {0:?}")]
    TooManyFailures(Duration),
    /// So many are under way that together they could be too many failures: until some of them are answered.
    #[error("too many attempts are under way")]
    TooManyAtOnce,
}

impl Throttle {
    /// Lets an attempt from `address` begin, on the account that any of `accounts` may mean. An attempt under way is reckoned as a
    /// failure, so that a thousand guesses at once are not all let through.
    pub(super) fn begin<I>(
        &self,
        accounts: I,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Refused>
    where
        I: IntoIterator<Item = String>,
    {
        let address = network(address);
        lock(&self.addresses).begin(address, now, PER_ADDRESS)?;
        // Where an account refuses, what has been counted by then is given back as this goes.
        let mut attempt =
            Attempt { throttle: self, accounts: Vec::new(), address, at: now, outcome: Outcome::Abandoned };
        for account in accounts {
            let key = (account, address);
            lock(&self.accounts).begin(key.clone(), now, PER_ACCOUNT_AND_ADDRESS)?;
            attempt.accounts.push(key);
        }
        attempt.outcome = Outcome::Failed;
        Ok(attempt)
    }

    /// Counts one event of an address, such as a registration, with the limit of an address.
    pub(super) fn count_address(&self, address: IpAddr, now: Timestamp) -> Result<(), Refused> {
        self.begin([], address, now).map(drop)
    }
}

impl Attempt<'_> {
    /// It was right for `account`: it is no failure, and neither are that account's former ones from that address. Those of the others
    /// that it might have meant stay: to know one's own password is no excuse for having guessed at another's.
    pub(super) fn succeeded(mut self, account: &str) {
        self.outcome = Outcome::Succeeded(account.to_owned());
    }

    /// It was not looked at: it counts for nothing.
    pub(super) fn abandoned(mut self) {
        self.outcome = Outcome::Abandoned;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let failed_at = (self.outcome == Outcome::Failed).then_some(self.at);
        lock(&self.throttle.addresses).end(&self.address, failed_at);
        let mut accounts = lock(&self.throttle.accounts);
        for account in &self.accounts {
            accounts.end(account, failed_at);
            if matches!(&self.outcome, Outcome::Succeeded(known) if *known == account.0) {
                accounts.forgive(account);
            }
        }
    }
}

/// Whoever has an IPv6 address has 2⁶⁴ of them: they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[derive(Debug)]
struct Counter<K> {
    tallies: HashMap<K, Tally>,
}

#[derive(Debug)]
struct Tally {
    failures: VecDeque<Timestamp>,
    under_way: usize,
    last: Timestamp,
}

impl<K> Default for Counter<K> {
    fn default() -> Self {
        Self { tallies: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone> Counter<K> {
    fn begin(&mut self, key: K, now: Timestamp, limit: usize) -> Result<(), Refused> {
        self.make_room(now);
        let new = Tally { failures: VecDeque::new(), under_way: 0, last: now };
        let tally = self.tallies.entry(key).or_insert(new);
        tally.last = now;
        while tally.failures.front().is_some_and(|first| now.since(*first) >= WINDOW) {
            tally.failures.pop_front();
        }
        match tally.failures.front() {
            Some(first) if tally.failures.len() >= limit => {
                Err(Refused::TooManyFailures(WINDOW.saturating_sub(now.since(*first))))
            }
            _ if tally.failures.len() + tally.under_way >= limit => Err(Refused::TooManyAtOnce),
            _ => {
                tally.under_way += 1;
                Ok(())
            }
        }
    }

    fn end(&mut self, key: &K, failed_at: Option<Timestamp>) {
        self.change(key, |tally| {
            tally.under_way = tally.under_way.saturating_sub(1);
            tally.failures.extend(failed_at);
        });
    }

    fn forgive(&mut self, key: &K) {
        self.change(key, |tally| tally.failures.clear());
    }

    fn change(&mut self, key: &K, change: impl FnOnce(&mut Tally)) {
        let Some(tally) = self.tallies.get_mut(key) else { return };
        change(tally);
        if tally.failures.is_empty() && tally.under_way == 0 {
            self.tallies.remove(key);
        }
    }

    /// Keeps memory bounded: first what counts no more goes, then the half that was idle longest.
    fn make_room(&mut self, now: Timestamp) {
        if self.tallies.len() < REMEMBERED {
            return;
        }
        self.tallies.retain(|_, tally| now.since(tally.last) < WINDOW);
        if self.tallies.len() < REMEMBERED {
            return;
        }
        let mut last: Vec<_> = self.tallies.values().map(|tally| tally.last).collect();
        let middle = last.len() / 2;
        let (_, median, _) = last.select_nth_unstable(middle);
        let median = *median;
        self.tallies.retain(|_, tally| tally.last > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    fn one(account: &str) -> [String; 1] {
        [account.to_owned()]
    }

    fn fail(throttle: &Throttle, account: &str, address: IpAddr, at: Timestamp) {
        drop(throttle.begin(one(account), address, at).unwrap());
    }

    #[test]
    fn the_twenty_first_failure_waits_and_others_go_on() {
        let throttle = Throttle::default();
        for i in 0..20 {
            fail(&throttle, "a@example.com", HOME, at(i));
        }
        let refused = throttle.begin(one("a@example.com"), HOME, at(20)).unwrap_err();
        assert_eq!(refused, Refused::TooManyFailures(Duration::from_secs(880)));
        assert!(throttle.begin(one("b@example.com"), HOME, at(20)).is_ok());
        assert!(throttle.begin(one("a@example.com"), AWAY, at(20)).is_ok());
        assert!(throttle.begin(one("a@example.com"), HOME, at(900)).is_ok(), "the oldest is 15 minutes old");
    }

    #[test]
    fn an_attempt_that_may_mean_two_accounts_counts_for_both() {
        let throttle = Throttle::default();
        let either = || ["one".to_owned(), "other".to_owned()];
        for i in 0..20 {
            drop(throttle.begin(either(), HOME, at(i)).unwrap());
        }
        for account in ["one", "other"] {
            assert!(throttle.begin(one(account), HOME, at(20)).is_err(), "{account}");
        }
        throttle.begin(one("another"), HOME, at(20)).unwrap().succeeded("another");
    }

    #[test]
    fn whoever_knows_one_account_s_password_is_forgiven_nothing_of_anothers() {
        let throttle = Throttle::default();
        for i in 0..19 {
            fail(&throttle, "other", HOME, at(i));
        }
        let either = ["own".to_owned(), "other".to_owned()];
        throttle.begin(either, HOME, at(19)).unwrap().succeeded("own");
        fail(&throttle, "other", HOME, at(19));
        assert!(throttle.begin(one("other"), HOME, at(20)).is_err());
    }

    #[test]
    fn more_at_once_than_may_fail_wait_for_the_others_and_are_no_failures() {
        let throttle = Throttle::default();
        let under_way: Vec<_> = (0..20).map(|_| throttle.begin(one("a"), HOME, at(0)).unwrap()).collect();
        assert_eq!(throttle.begin(one("a"), HOME, at(0)).unwrap_err(), Refused::TooManyAtOnce);
        under_way.into_iter().for_each(|attempt| attempt.succeeded("a"));
        assert!(throttle.begin(one("a"), HOME, at(0)).is_ok());
    }

    #[test]
    fn an_attempt_that_nobody_waits_for_is_a_failure_and_one_that_was_not_looked_at_is_none() {
        let throttle = Throttle::default();
        for i in 0..100 {
            throttle.begin(one("a"), HOME, at(i)).unwrap().abandoned();
        }
        for i in 0..20 {
            drop(throttle.begin(one("a"), HOME, at(i)));
        }
        assert!(matches!(throttle.begin(one("a"), HOME, at(20)), Err(Refused::TooManyFailures(_))));
    }

    #[test]
    fn an_address_is_stopped_after_two_hundred() {
        let throttle = Throttle::default();
        for i in 0..200 {
            fail(&throttle, &format!("{i}@example.com"), HOME, at(0));
        }
        assert!(throttle.begin(one("new@example.com"), HOME, at(1)).is_err());
        assert!(throttle.count_address(HOME, at(1)).is_err());
        assert!(throttle.begin(one("new@example.com"), AWAY, at(1)).is_ok());
    }

    #[test]
    fn successes_do_not_count() {
        let throttle = Throttle::default();
        for i in 0..1000 {
            throttle.begin(one("a@example.com"), HOME, at(i)).unwrap().succeeded("a@example.com");
        }
    }

    #[test]
    fn a_whole_ipv6_network_is_one_address() {
        let throttle = Throttle::default();
        for i in 0..20_u128 {
            let address = IpAddr::V6((0x2001_0db8_u128 << 96 | i).into());
            fail(&throttle, "a@example.com", address, at(0));
        }
        let another = IpAddr::V6((0x2001_0db8_u128 << 96 | 0xffff).into());
        assert!(throttle.begin(one("a@example.com"), another, at(0)).is_err());
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), HOME);
    }

    #[test]
    fn memory_is_bounded() {
        let mut counter = Counter::default();
        for i in 0..200_000_u32 {
            counter.begin(i, at(i64::from(i / 1000)), 20).unwrap();
        }
        assert!(counter.tallies.len() <= REMEMBERED);
    }
}
