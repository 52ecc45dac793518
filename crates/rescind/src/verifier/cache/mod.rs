//! The cache of tokens seen before.
//!
//! What is kept is that a signature was checked, and never that a token is good: its times, its audience and every cut are
//! looked at anew at each use, and so are the keys of its issuer. A token is found by all of its text; the hash
//! that leads there is keyed. Only tokens that were good are kept, so that a flood of forged ones, which costs their sender
//! nothing, takes no room from the others.

mod set;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::ledger::CutKind;
use crate::replica::{Hash, Seed};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::token::SignedToken;

use set::{Set, WAYS};

/// Tokens whose signature was checked before, in no more than so many bytes.
///
/// Readers take no lock. There are many small places, each for a few tokens; a token is kept in one of the two that its hash leads
/// to, and whoever is used the least makes room there: what was used once before what is used again and again.
///
/// ```
/// use rescind::system::SystemEntropy;
/// use rescind::verifier::TokenCache;
///
/// let cache = TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES);
/// assert_eq!(cache.counts().tokens, 0);
/// ```
pub struct TokenCache {
    seed: Seed,
    sets: Box<[Set]>,
    /// What the tokens of one set may take.
    room: usize,
    /// [`Replica::key_cuts`](crate::replica::Replica::key_cuts) when it was emptied last.
    key_cuts: AtomicU64,
}

/// What a cache holds, and how it served.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let verifier = authority.verifier();
/// # let before = verifier.cache().ok_or("it has one")?.counts();
/// for _ in 0..3 {
///     verifier.verify(pair.access_token.expose_secret(), Expected::Configured)?;
/// }
/// let counts = verifier.cache().ok_or("it has one")?.counts();
/// // Of one token in a row the first check alone needs its signature.
/// assert_eq!(counts.tokens, 1);
/// # assert!(counts.hits >= before.hits + 2);
/// assert!(counts.hits >= 2);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCacheCounts {
    /// How often a token was known.
    pub hits: u64,
    /// How often it was not.
    pub misses: u64,
    /// How many tokens are held.
    pub tokens: usize,
    /// What it takes, in bytes, all counted.
    pub bytes: usize,
}

impl TokenCache {
    /// Enough for some 15,000 tokens of our own.
    ///
    /// ```
    /// use rescind::verifier::TokenCache;
    ///
    /// // What a token of ours takes, about.
    /// let usual_token = 1792;
    /// assert!(TokenCache::USUAL_BYTES / usual_token > 15_000);
    /// ```
    pub const USUAL_BYTES: usize = 32 << 20;

    /// An empty one that never takes more than `max_bytes`. With none to spare it keeps nothing.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::verifier::TokenCache;
    ///
    /// // Nothing is kept where there is no room.
    /// let cache = TokenCache::new(&SystemEntropy, 0);
    /// assert_eq!(cache.counts().tokens, 0);
    /// ```
    pub fn new(entropy: &dyn Entropy, max_bytes: usize) -> Self {
        let sets = (max_bytes / (WAYS * USUAL_TOKEN)).max(1);
        Self {
            seed: Seed::new(entropy),
            sets: (0..sets).map(|_| Set::default()).collect(),
            room: (max_bytes / sets).saturating_sub(size_of::<Set>()),
            key_cuts: AtomicU64::new(0),
        }
    }

    /// What it holds, and how it served. Looks into every place: for metrics, not for each request.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::verifier::TokenCache;
    ///
    /// let cache = TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES);
    /// assert!(cache.counts().bytes <= TokenCache::USUAL_BYTES);
    /// ```
    pub fn counts(&self) -> TokenCacheCounts {
        self.sets.iter().fold(TokenCacheCounts::default(), |mut sum, set| {
            set.count_into(&mut sum);
            sum
        })
    }

    /// The token with this text, if it is known and its issuer's keys are those that it was checked by.
    pub(super) fn find(&self, text: &str) -> Option<SignedToken> {
        let hash = self.hash(text);
        let [first, second] = self.sets(hash);
        let found = first.find(hash, text).or_else(|| second.find(hash, text));
        first.count(found.is_some());
        found
    }

    /// Keeps a token that was good at `now`.
    pub(super) fn keep(&self, text: &str, token: &SignedToken, now: Timestamp) {
        let hash = self.hash(text);
        let [first, second] = self.sets(hash);
        // The first as long as it has room to spare: it is looked into first.
        let is_narrow = first.bytes() > self.room / 4 * 3;
        let roomier = if is_narrow && second.bytes() < first.bytes() { second } else { first };
        roomier.keep(hash, text, token, self.room, now);
    }

    /// Forgets everything, if keys were cut since it did so last.
    pub(super) fn empty_after(&self, key_cuts: u64) {
        let last = self.key_cuts.load(Ordering::Acquire);
        let claim = || self.key_cuts.compare_exchange(last, key_cuts, Ordering::AcqRel, Ordering::Relaxed);
        if last != key_cuts && claim().is_ok() {
            self.sets.iter().for_each(Set::empty);
        }
    }

    /// With two to choose from, hardly any set is full while others have room (Azar, Broder, Karlin and Upfal, "Balanced
    /// allocations", 1994).
    fn sets(&self, hash: Hash) -> [&Set; 2] {
        let count = self.sets.len();
        [hash, hash.another()].map(|hash| &self.sets[hash.within(count)])
    }

    /// The end of a token is its signature, of which no two are alike; those of forged ones may be, and are told apart by the rest.
    fn hash(&self, text: &str) -> Hash {
        let bytes = text.as_bytes();
        self.seed.bytes(CutKind::Token, &bytes[bytes.len().saturating_sub(HASHED)..])
    }
}

/// Says how many, never which.
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// What an access token of ours takes, about, in bytes: its text, its claims and what they were read to.
const USUAL_TOKEN: usize = 1792;

/// So much of a text is hashed at once.
const HASHED: usize = 64;
