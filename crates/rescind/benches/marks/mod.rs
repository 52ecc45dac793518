//! Replicas full of marks, and the ids that are in them or not.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rescind::clock::Timestamp;
use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{Cursor, Mark, MarkKey};
use rescind::replica::Replica;
use rescind::system::SystemEntropy;
use uuid::Uuid;

pub(crate) const MARKS: u64 = 1_000_000;
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
pub(crate) const KID: &str = "dQw4w9WgXcQ_dQw4w9WgXcQ_dQw4w9WgXcQ_dQw4w9W";

/// The n-th id of a kind: scattered, and the same each time.
pub(crate) fn id(kind: u64, n: u64) -> Uuid {
    Uuid::from_u64_pair(mix(n ^ kind << 56), mix(n.wrapping_add(0x5851_f42d_4c95_7f2d) ^ kind << 56))
}

pub(crate) fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

pub(crate) fn digest(n: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(id(6, n).as_bytes());
    digest[16..].copy_from_slice(id(7, n).as_bytes());
    digest
}

pub(crate) fn tenant(n: u64) -> TenantId {
    TenantId(id(5, n % 1000))
}

pub(crate) fn mark(tenant: Option<TenantId>, key: MarkKey) -> Mark {
    let expires_at = NOW.plus(Duration::from_secs(900));
    Mark { tenant, key, min_version: Some(10), expires_at }
}

#[allow(dead_code, reason = "not every benchmark needs them")]
pub(crate) fn tokens_only(marks: u64) -> Replica {
    let replica = Replica::new(&SystemEntropy, Duration::from_secs(30));
    let loader = replica.load(marks as usize);
    (0..marks).for_each(|n| loader.apply(&mark(Some(tenant(n)), MarkKey::Token(id(1, n).into())), NOW));
    loader.finish(Cursor::default(), NOW);
    replica
}

/// A million of all kinds, most of them tokens and sessions.
pub(crate) fn all_kinds() -> Replica {
    let replica = Replica::new(&SystemEntropy, Duration::from_secs(30));
    let loader = replica.load(MARKS as usize);
    let many = |count: u64, make: &dyn Fn(u64) -> Mark| (0..count).for_each(|n| loader.apply(&make(n), NOW));
    many(888_000, &|n| mark(Some(tenant(n)), MarkKey::Token(id(1, n).into())));
    many(100_000, &|n| mark(Some(tenant(n)), MarkKey::Session(SessionId(id(2, n)))));
    many(10_000, &|n| mark(Some(tenant(n)), MarkKey::User(UserId(id(3, n)))));
    many(1_000, &|n| mark(None, MarkKey::Digest(digest(n))));
    many(890, &|n| mark(None, MarkKey::Client(ClientId(id(4, n)))));
    many(100, &|n| mark(None, MarkKey::Tenant(tenant(n))));
    many(10, &|n| mark(None, MarkKey::Key(format!("{n}{KID}").into())));
    loader.finish(Cursor::default(), NOW);
    replica
}

/// Numbers that each wait for the answer about the one before.
pub(crate) struct Chain(AtomicU64);

impl Chain {
    pub(crate) fn from(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }

    pub(crate) fn next(&self, holds: impl FnOnce(u64) -> bool) {
        let n = self.0.load(Ordering::Relaxed);
        self.0.fetch_add(1 + 2 * u64::from(black_box(holds(n))), Ordering::SeqCst);
    }
}
