//! The keyed hash behind the tables.
//!
//! Anybody may choose a `jti`, so the hash must not be foreseeable: with it known, crafted ids would pile up in one
//! place and make every probe there slow. Ids go through a multilinear hash (Lemire and Kaser, "Strongly universal string
//! hashing is fast", 2014): over the choice of the keys, any two ids chosen without knowing them collide with
//! probability 2⁻⁶⁴, which is proven rather than hoped, and costs four multiplications. General-purpose "fast" hashes
//! promise less, and cost no less for 16 bytes. Texts go through the same hash, word by word; long ones are first reduced
//! by a polynomial modulo 2⁶¹ − 1 (Carter and Wegman, 1979).

use std::hash::{BuildHasher, Hasher};

use crate::entropy::{Entropy, random_bytes};
use crate::ledger::CutKind;

/// Where a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(pub(crate) u64);

impl Hash {
    /// Another one that is made of it, for whoever wants two places.
    pub(crate) fn another(self) -> Self {
        Self(spread(self.0.rotate_left(17)))
    }
}

/// The secret keys of the hash.
pub(crate) struct Seed {
    kinds: [u128; CutKind::ALL.len()],
    low: u128,
    high: u128,
    words: [u128; SHORT / 8],
    point: u64,
}

impl Seed {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let word = || u128::from_le_bytes(random_bytes(entropy));
        let point = u64::from_le_bytes(random_bytes(entropy)) % MERSENNE;
        Self {
            kinds: std::array::from_fn(|_| word()),
            low: word(),
            high: word(),
            words: std::array::from_fn(|_| word()),
            point,
        }
    }

    /// Of 16 bytes.
    #[inline]
    pub(super) fn id(&self, kind: CutKind, id: u128) -> Hash {
        let (low, high) = (id & u128::from(u64::MAX), id >> 64);
        let sum = self.kinds[kind as usize]
            .wrapping_add(self.low.wrapping_mul(low))
            .wrapping_add(self.high.wrapping_mul(high));
        Hash(spread((sum >> 64) as u64))
    }

    /// Of a text.
    pub(super) fn text(&self, kind: CutKind, text: &str) -> Hash {
        self.bytes(kind, text.as_bytes())
    }

    /// Of any bytes.
    pub(crate) fn bytes(&self, kind: CutKind, text: &[u8]) -> Hash {
        if text.len() > SHORT {
            let reduced = text.chunks(7).fold(0, |sum, chunk| self.step(sum, chunk));
            return self.id(kind, u128::from(reduced) << 64 | text.len() as u128);
        }
        let (words, rest) = text.as_chunks::<8>();
        // Not by way of memory, see `Replica::hash_if_held`.
        let last = rest.iter().rev().fold(0_u64, |word, &byte| word << 8 | u64::from(byte));
        // The length tells a text from the same with zeros after it.
        let start = self.kinds[kind as usize].wrapping_add(self.low.wrapping_mul(text.len() as u128));
        let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]);
        let sum = std::iter::zip(words, &self.words)
            .fold(start, |sum, (word, key)| sum.wrapping_add(key.wrapping_mul(word.into())));
        Hash(spread((sum >> 64) as u64))
    }

    fn step(&self, sum: u64, chunk: &[u8]) -> u64 {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product = u128::from(sum + u64::from_le_bytes(word)) * u128::from(self.point);
        let folded = (product as u64 & MERSENNE) + (product >> 61) as u64;
        if folded >= MERSENNE { folded - MERSENNE } else { folded }
    }
}

/// Longer texts are reduced first. A `kid` of ours, a thumbprint, has 43 bytes.
const SHORT: usize = 64;

const MERSENNE: u64 = (1 << 61) - 1;

/// One to one, so it adds no collision; it breaks up the even steps that a linear hash makes of consecutive ids.
#[inline]
fn spread(hash: u64) -> u64 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// For maps whose keys are hashed already, or are numbers that we gave out.
#[derive(Clone, Copy, Default)]
pub(super) struct AsIs;

impl BuildHasher for AsIs {
    type Hasher = HashedAlready;

    fn build_hasher(&self) -> HashedAlready {
        HashedAlready(0)
    }
}

pub(super) struct HashedAlready(u64);

impl Hasher for HashedAlready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = spread(self.0 ^ u64::from(byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = spread(u64::from(number));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::system::SystemEntropy;

    #[test]
    fn kinds_lengths_and_seeds_tell_hashes_apart() {
        let (seed, other) = (Seed::new(&SystemEntropy), Seed::new(&SystemEntropy));
        assert_ne!(seed.id(CutKind::Token, 7), seed.id(CutKind::Session, 7));
        assert_ne!(seed.id(CutKind::Token, 7), other.id(CutKind::Token, 7));
        assert_ne!(seed.text(CutKind::Key, "a"), seed.text(CutKind::Key, "a\0"));
    }

    #[test]
    fn consecutive_ids_spread_over_the_shards_evenly() {
        let seed = Seed::new(&SystemEntropy);
        let mut counts = [0_u32; 256];
        for id in 0..256_000 {
            counts[(seed.id(CutKind::Token, id).0 >> 56) as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (500..2000).contains(&n)), "{counts:?}");
    }

    #[test]
    fn texts_of_every_length_hash_to_different_values() {
        let seed = Seed::new(&SystemEntropy);
        let hashes: HashSet<u64> = (0..200).map(|n| seed.text(CutKind::Token, &"\0".repeat(n)).0).collect();
        assert_eq!(hashes.len(), 200);
    }
}
