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
pub struct Throttle {
    pairs: Mutex<Counter<(String, IpAddr)>>,
    addresses: Mutex<Counter<IpAddr>>,
}

/// An attempt under way. It counts as a failure from the start, so that a thousand at once are not all let through,
/// until [`Throttle::succeeded`] takes it back.
#[derive(Debug)]
pub struct Attempt {
    pair: (String, IpAddr),
    at: Timestamp,
}

impl Throttle {
    /// Lets an attempt on `account` from `address` begin, or says for how long to wait.
    pub fn begin(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<Attempt, Duration> {
        let address = network(address);
        let pair = (account.to_owned(), address);
        lock(&self.addresses).count(address, now, PER_ADDRESS)?;
        if let Err(wait) = lock(&self.pairs).count(pair.clone(), now, PER_ACCOUNT_AND_ADDRESS) {
            lock(&self.addresses).forget(&address, now);
            return Err(wait);
        }
        Ok(Attempt { pair, at: now })
    }

    /// Counts one event of an address, such as a registration, with the limit of an address.
    pub fn count_address(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        lock(&self.addresses).count(network(address), now, PER_ADDRESS)
    }

    /// The attempt was right: it is no failure, and neither are the account's former ones from that address.
    pub fn succeeded(&self, attempt: &Attempt) {
        lock(&self.addresses).forget(&attempt.pair.1, attempt.at);
        lock(&self.pairs).events.remove(&attempt.pair);
    }

    /// The attempt was not looked at: it counts for nothing.
    pub fn abandoned(&self, attempt: &Attempt) {
        lock(&self.addresses).forget(&attempt.pair.1, attempt.at);
        lock(&self.pairs).forget(&attempt.pair, attempt.at);
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
    events: HashMap<K, VecDeque<Timestamp>>,
}

impl<K> Default for Counter<K> {
    fn default() -> Self {
        Self { events: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone> Counter<K> {
    fn count(&mut self, key: K, now: Timestamp, limit: usize) -> Result<(), Duration> {
        self.make_room(now);
        let events = self.events.entry(key).or_default();
        while events.front().is_some_and(|first| now.since(*first) >= WINDOW) {
            events.pop_front();
        }
        match events.front() {
            Some(first) if events.len() >= limit => Err(WINDOW.saturating_sub(now.since(*first))),
            _ => {
                events.push_back(now);
                Ok(())
            }
        }
    }

    fn forget(&mut self, key: &K, at: Timestamp) {
        let Some(events) = self.events.get_mut(key) else { return };
        if let Some(position) = events.iter().rposition(|event| *event == at) {
            events.remove(position);
        }
        if events.is_empty() {
            self.events.remove(key);
        }
    }

    /// Keeps memory bounded: first what counts no more goes, then the half that was idle longest.
    fn make_room(&mut self, now: Timestamp) {
        if self.events.len() < REMEMBERED {
            return;
        }
        self.events.retain(|_, events| events.back().is_some_and(|last| now.since(*last) < WINDOW));
        if self.events.len() < REMEMBERED {
            return;
        }
        let mut last: Vec<_> = self.events.values().filter_map(|events| events.back().copied()).collect();
        let middle = last.len() / 2;
        let (_, median, _) = last.select_nth_unstable(middle);
        let median = *median;
        self.events.retain(|_, events| events.back().is_some_and(|last| *last > median));
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

    #[test]
    fn the_twenty_first_failure_waits_and_others_go_on() {
        let throttle = Throttle::default();
        for i in 0..20 {
            throttle.begin("a@example.com", HOME, at(i)).unwrap();
        }
        assert_eq!(throttle.begin("a@example.com", HOME, at(20)).unwrap_err(), Duration::from_secs(880));
        assert!(throttle.begin("b@example.com", HOME, at(20)).is_ok());
        assert!(throttle.begin("a@example.com", AWAY, at(20)).is_ok());
        assert!(throttle.begin("a@example.com", HOME, at(900)).is_ok(), "the oldest is 15 minutes old");
    }

    #[test]
    fn an_address_is_stopped_after_two_hundred() {
        let throttle = Throttle::default();
        for i in 0..200 {
            throttle.begin(&format!("{i}@example.com"), HOME, at(0)).unwrap();
        }
        assert!(throttle.begin("new@example.com", HOME, at(1)).is_err());
        assert!(throttle.begin("new@example.com", AWAY, at(1)).is_ok());
    }

    #[test]
    fn successes_do_not_count() {
        let throttle = Throttle::default();
        for i in 0..1000 {
            let attempt = throttle.begin("a@example.com", HOME, at(i)).unwrap();
            throttle.succeeded(&attempt);
        }
    }

    #[test]
    fn a_whole_ipv6_network_is_one_address() {
        let throttle = Throttle::default();
        for i in 0..20_u128 {
            let address = IpAddr::V6((0x2001_0db8_u128 << 96 | i).into());
            throttle.begin("a@example.com", address, at(0)).unwrap();
        }
        let another = IpAddr::V6((0x2001_0db8_u128 << 96 | 0xffff).into());
        assert!(throttle.begin("a@example.com", another, at(0)).is_err());
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), HOME);
    }

    #[test]
    fn memory_is_bounded() {
        let mut counter = Counter::default();
        for i in 0..200_000_u32 {
            counter.count(i, at(i64::from(i / 1000)), 20).unwrap();
        }
        assert!(counter.events.len() <= REMEMBERED);
    }
}
