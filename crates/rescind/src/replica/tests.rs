use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{MarkKey, TokenKey};
use crate::system::SystemEntropy;

const LEEWAY: Duration = Duration::from_secs(30);
const START: i64 = 1_700_000_000;

fn replica() -> Replica {
    Replica::new(&SystemEntropy, LEEWAY)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn mark(tenant: Option<u128>, key: MarkKey) -> Mark {
    let min_version = matches!(key.kind(), CutKind::User | CutKind::Tenant).then_some(10);
    Mark { tenant: tenant.map(|n| TenantId(uuid(n))), key, min_version, expires_at: at(900) }
}

fn token(n: u128) -> MarkKey {
    MarkKey::Token(uuid(n).into())
}

/// A token of tenant 1 that every kind of mark can reach by key 7.
struct Sample {
    jti: TokenKey,
    digest: [u8; 32],
}

impl Sample {
    fn new(jti: TokenKey) -> Self {
        Self { jti, digest: [7; 32] }
    }

    fn facts(&self) -> TokenFacts<'_> {
        TokenFacts {
            jti: Some(&self.jti),
            digest: DigestFact::Known(&self.digest),
            session: Some(SessionId(uuid(7))),
            user: Some(UserId(uuid(7))),
            tenant: Some(TenantId(uuid(1))),
            token_version: Some(9),
            tenant_token_version: Some(9),
            client: Some(ClientId(uuid(7))),
            kid: "7",
        }
    }
}

fn marks_of_every_kind(tenant: Option<u128>) -> Vec<Mark> {
    let about_a_user = tenant.or(Some(1));
    vec![
        mark(tenant, token(7)),
        mark(tenant, MarkKey::Session(SessionId(uuid(7)))),
        mark(about_a_user, MarkKey::User(UserId(uuid(7)))),
        mark(None, MarkKey::Tenant(TenantId(uuid(tenant.unwrap_or(1))))),
        mark(tenant, MarkKey::Client(ClientId(uuid(7)))),
        Mark { expires_at: Timestamp::MAX, ..mark(None, MarkKey::Key("7".into())) },
        mark(tenant, MarkKey::Digest([7; 32])),
    ]
}

#[test]
fn every_kind_kills_in_everybodys_scope_and_in_the_tenants_own() {
    let sample = Sample::new(uuid(7).into());
    for scope in [None, Some(1)] {
        for mark in marks_of_every_kind(scope) {
            let replica = replica();
            assert_eq!(replica.evaluate(&sample.facts()), None);
            assert!(replica.apply(&mark, at(0)));
            assert_eq!(replica.evaluate(&sample.facts()), Some(mark.kind()), "{scope:?}");
            assert_eq!((replica.len(), replica.count(mark.kind())), (1, 1));
        }
    }
}

#[test]
fn no_kind_but_key_kills_another_tenants_tokens() {
    let sample = Sample::new(uuid(7).into());
    for mark in marks_of_every_kind(Some(2)).into_iter().filter(|mark| mark.kind() != CutKind::Key) {
        let replica = replica();
        replica.apply(&mark, at(0));
        assert_eq!(replica.evaluate(&sample.facts()), None, "{mark:?}");
    }
}

#[test]
fn a_token_of_no_tenant_is_reached_by_what_holds_for_everybody_alone() {
    let sample = Sample::new(uuid(7).into());
    let facts = TokenFacts { tenant: None, ..sample.facts() };
    let replica = replica();
    replica.apply(&mark(Some(1), token(7)), at(0));
    assert_eq!(replica.evaluate(&facts), None);
    replica.apply(&mark(None, token(7)), at(0));
    assert_eq!(replica.evaluate(&facts), Some(CutKind::Token));
}

#[test]
fn the_same_key_is_another_thing_in_another_kind() {
    let sample = Sample::new(uuid(7).into());
    let replica = replica();
    replica.apply(&mark(None, token(7)), at(0));
    assert_eq!(replica.evaluate(&TokenFacts { jti: None, ..sample.facts() }), None);
}

#[test]
fn a_jti_that_is_text_is_another_than_the_uuid_that_it_resembles() {
    let canonical = "01900000-0000-7000-8000-0000000000ab";
    let (id, text) =
        (Sample::new(TokenKey::new(canonical)), Sample::new(TokenKey::new(&canonical.to_uppercase())));
    let replica = replica();
    replica.apply(&mark(None, MarkKey::Token(text.jti.clone())), at(0));
    assert_eq!(replica.evaluate(&id.facts()), None);
    assert_eq!(replica.evaluate(&text.facts()), Some(CutKind::Token));
}

#[test]
fn versions_decide_user_and_tenant_cuts_and_a_token_without_one_is_dead() {
    let sample = Sample::new(uuid(7).into());
    let facts = sample.facts();
    for (mark, kind) in [
        (mark(Some(1), MarkKey::User(UserId(uuid(7)))), CutKind::User),
        (mark(None, MarkKey::Tenant(TenantId(uuid(1)))), CutKind::Tenant),
    ] {
        let replica = replica();
        replica.apply(&mark, at(0));
        for (version, dead) in [(None, true), (Some(9), true), (Some(10), false), (Some(i64::MAX), false)] {
            let facts = TokenFacts { token_version: version, tenant_token_version: version, ..facts };
            assert_eq!(replica.evaluate(&facts), dead.then_some(kind), "{version:?}");
        }
        assert!(
            !replica.apply(&Mark { min_version: Some(3), ..mark.clone() }, at(0)),
            "a version was lowered"
        );
        assert_eq!(replica.evaluate(&facts), Some(kind));
        assert!(replica.apply(&Mark { min_version: Some(20), ..mark }, at(0)));
        let between = TokenFacts { token_version: Some(15), tenant_token_version: Some(15), ..facts };
        assert_eq!(replica.evaluate(&between), Some(kind));
    }
}

#[test]
fn the_digest_is_computed_only_while_there_are_digest_cuts() {
    let replica = replica();
    let computed = std::cell::Cell::new(0);
    let compute = || {
        computed.set(computed.get() + 1);
        [7; 32]
    };
    let facts = TokenFacts { digest: DigestFact::Lazy(&compute), ..TokenFacts::default() };
    assert_eq!((replica.evaluate(&facts), computed.get()), (None, 0));
    replica.apply(&mark(None, MarkKey::Digest([7; 32])), at(0));
    assert_eq!((replica.evaluate(&facts), computed.get()), (Some(CutKind::Digest), 1));
}

#[test]
fn repeating_a_mark_changes_nothing_and_a_later_expiry_extends_it() {
    for first in marks_of_every_kind(Some(1)).into_iter().filter(|mark| mark.kind() != CutKind::Key) {
        let replica = replica();
        assert!(replica.apply(&first, at(0)));
        assert!(!replica.apply(&first, at(0)));
        assert!(!replica.apply(&Mark { expires_at: at(100), ..first.clone() }, at(0)));
        let longer = Mark { expires_at: at(2000), ..first };
        assert!(replica.apply(&longer, at(0)));
        assert_eq!(replica.expire(at(1500)), Expired::Dropped(0));
        assert_eq!(replica.marks_held().collect::<Vec<_>>(), [longer]);
    }
}

/// They come in shares, each mark in one.
#[test]
fn many_marks_are_read_back_each_once_while_others_come() {
    let replica = replica();
    let digest = |n: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&n.to_le_bytes());
        MarkKey::Digest(digest)
    };
    let marks: Vec<_> = (0..20_000).map(|n| mark(None, digest(n))).collect();
    let ids = (0..5000_u128).map(|n| mark(Some(1), token(n)));
    for mark in marks.iter().cloned().chain(ids) {
        replica.apply(&mark, at(0));
    }
    let mut seen = Vec::new();
    for (n, held) in (100_000..).zip(replica.marks_held()) {
        replica.apply(&mark(None, digest(n)), at(0));
        seen.push(held.key);
    }
    let read = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(read, seen.len(), "one came twice");
    assert!(marks.iter().all(|mark| seen.binary_search(&mark.key).is_ok()), "one did not come");
}

#[test]
fn marks_leave_after_expiry_and_leeway_and_key_cuts_never() {
    let replica = replica();
    for mark in marks_of_every_kind(Some(1)) {
        replica.apply(&mark, at(0));
    }
    assert_eq!(replica.expire(at(929)), Expired::Dropped(0));
    assert_eq!(replica.expire(at(900 + 30 + 61)), Expired::Dropped(6));
    assert_eq!((replica.len(), replica.count(CutKind::Key)), (1, 1));
    assert_eq!(replica.expire(Timestamp::MAX), Expired::Dropped(0));
    assert!(!replica.apply(&mark(None, token(8)), at(1000)), "an expired mark was taken up");
}

#[test]
fn after_a_clock_that_steps_back_it_counts_as_unsynced_until_it_is_loaded_again() {
    let replica = replica();
    let cursor = Cursor { seq: 5, tag: [5; 16] };
    let cut = mark(None, token(7));
    replica.replace_with([cut.clone()], cursor, at(0), at(0));
    assert_eq!(replica.expire(at(3600)), Expired::Dropped(1));
    replica.advance(cursor, at(3600));
    assert_eq!(replica.staleness(at(3590)), Some(Duration::ZERO), "clocks may differ by the leeway");
    assert_eq!(replica.staleness(at(0)), None, "it noticed nothing before it was told");

    assert_eq!(replica.expire(at(3599)), Expired::Dropped(0), "a second is forgiven");
    let begun_too_early = replica.load(0);
    assert_eq!(replica.expire(at(0)), Expired::ClockSteppedBack);
    assert_eq!(replica.as_of(), None);
    begun_too_early.finish(cursor, at(0));
    replica.advance(cursor, at(0));
    assert_eq!(replica.as_of(), None, "a read without loading made it fresh");
    assert_eq!(
        replica.expire(at(1)),
        Expired::ClockSteppedBack,
        "an owner whose loading failed was not told again"
    );

    replica.replace_with([cut], cursor, at(1), at(1));
    assert_eq!(replica.staleness(at(3)), Some(Duration::from_secs(2)));
    assert_eq!(replica.evaluate(&Sample::new(uuid(7).into()).facts()), Some(CutKind::Token));
}

#[test]
fn cursor_and_freshness_never_move_back_but_to_another_history() {
    let replica = replica();
    assert_eq!((replica.as_of(), replica.staleness(at(0))), (None, None));
    let cursor = |seq| Cursor { seq, tag: [seq as u8; 16] };
    replica.advance(cursor(8), at(10));
    replica.advance(cursor(7), at(5));
    assert_eq!((replica.cursor(), replica.as_of()), (cursor(8), Some(at(10))));
    replica.load(0).finish(cursor(3), at(20));
    assert_eq!((replica.cursor(), replica.as_of()), (cursor(3), Some(at(20))));
}

#[test]
fn what_was_revoked_stays_refused_in_another_history() {
    let replica = replica();
    replica.apply(&mark(Some(1), token(7)), at(0));
    replica.replace_with([mark(None, token(8))], Cursor { seq: 1, tag: [1; 16] }, at(0), at(0));
    assert_eq!(replica.len(), 2);
    assert_eq!(replica.evaluate(&Sample::new(uuid(7).into()).facts()), Some(CutKind::Token));
}

#[test]
fn waiters_learn_of_cuts_and_of_the_cursor_and_caches_of_key_cuts() {
    let replica = replica();
    let mut changes = replica.changes();
    replica.apply(&mark(None, token(7)), at(0));
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    replica.apply(&mark(None, token(7)), at(0));
    assert!(!changes.has_changed().unwrap(), "woken for nothing");
    replica.advance(Cursor { seq: 1, tag: [1; 16] }, at(0));
    assert_eq!(changes.borrow_and_update().seq, 1);

    let before = replica.key_cuts();
    replica.apply(&mark(None, MarkKey::Key("7".into())), at(0));
    assert!(replica.key_cuts() > before);
}

#[test]
fn growth_and_sweeps_lose_nothing_and_invent_nothing() {
    let replica = replica();
    let spread = |n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let dead = |id: u128| {
        let jti = uuid(id).into();
        let facts = TokenFacts { jti: Some(&jti), tenant: Some(TenantId(uuid(1))), ..TokenFacts::default() };
        replica.evaluate(&facts).is_some()
    };
    // Even ones expire late, odd ones early; consecutive and scattered ids, in two scopes.
    for n in 0..20_000 {
        let id = if n % 4 < 2 { n } else { spread(n) };
        let expires_at = if n % 2 == 0 { at(9000) } else { at(900) };
        assert!(replica.apply(&Mark { expires_at, ..mark((n % 3 == 0).then_some(1), token(id)) }, at(0)));
    }
    let id = |n| if n % 4 < 2 { n } else { spread(n) };
    assert!((0..20_000).all(|n| dead(id(n))));
    assert!((20_000..60_000).all(|n| !dead(n) && !dead(spread(n))));
    assert_eq!(replica.expire(at(2000)), Expired::Dropped(10_000));
    assert!((0..20_000).all(|n| dead(id(n)) == (n % 2 == 0)));
    assert_eq!(replica.len(), 10_000);
}

#[test]
fn many_texts_are_told_apart() {
    let replica = replica();
    let dead = |n: u32| {
        let jti = TokenKey::new(&format!("jti {n}"));
        replica.evaluate(&TokenFacts { jti: Some(&jti), ..TokenFacts::default() }).is_some()
    };
    for n in 0..5_000 {
        replica.apply(&mark(None, MarkKey::Token(TokenKey::new(&format!("jti {n}")))), at(0));
    }
    assert!((0..5_000).all(dead) && !(5_000..20_000).any(dead));
    assert_eq!(replica.expire(at(2000)), Expired::Dropped(5_000));
    assert!(!(0..5_000).any(dead) && replica.is_empty());
}

#[test]
fn readers_see_every_mark_whose_apply_returned_while_tables_grow_and_are_swept() {
    const MARKS: usize = 30_000;
    let replica = replica();
    let applied = AtomicUsize::new(0);
    let dead = |n: usize| {
        let jti = uuid(n as u128).into();
        let facts =
            TokenFacts { jti: Some(&jti), user: Some(UserId(uuid(n as u128))), ..TokenFacts::default() };
        replica.evaluate(&facts).is_some()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..MARKS {
                let key = if n % 50 == 0 { MarkKey::User(UserId(uuid(n as u128))) } else { token(n as u128) };
                replica.apply(&Mark { expires_at: at(90_000), ..mark(None, key) }, at(0));
                applied.store(n + 1, Ordering::Release);
            }
        });
        scope.spawn(|| {
            // Marks that come and go, so that every shard is rebuilt again and again.
            let mut now = 0;
            while applied.load(Ordering::Acquire) < MARKS {
                for n in 0..100 {
                    let key = token(u128::MAX - n);
                    replica.apply(&Mark { expires_at: at(now + 1), ..mark(None, key) }, at(now));
                }
                now += 100;
                assert!(matches!(replica.expire(at(now.min(80_000))), Expired::Dropped(_)));
            }
        });
        for reader in 0..2 {
            let (applied, dead) = (&applied, &dead);
            scope.spawn(move || {
                let mut turn = reader;
                loop {
                    let known = applied.load(Ordering::Acquire);
                    if known > 0 {
                        assert!(dead(known - 1) && dead(turn % known), "a mark was not seen");
                    }
                    assert!(!dead(MARKS + turn), "a mark was invented");
                    turn += 7919;
                    if known == MARKS {
                        return;
                    }
                }
            });
        }
    });
    assert!((0..MARKS).all(dead));
}

#[test]
fn a_mark_takes_about_32_bytes_with_everything_counted() {
    let replica = replica();
    let empty = replica.approximate_bytes();
    for n in 0..100_000 {
        replica.apply(&mark(Some(n % 10), token(n)), at(0));
    }
    let each = (replica.approximate_bytes() - empty) as f64 / 100_000.0;
    assert!(each <= 33.0, "{each} bytes each");
}

/// The evaluator at its plainest: a list, and every mark of it looked at.
#[derive(Default)]
struct Naive {
    marks: Vec<Mark>,
    newest: Timestamp,
}

impl Naive {
    fn gone(&self, mark: &Mark) -> bool {
        let minute = (mark.expires_at.as_millis() + 59_999) / 60_000;
        mark.expires_at != Timestamp::MAX && self.newest.as_millis() >= minute * 60_000 + 31_000
    }

    fn apply(&mut self, mark: &Mark) {
        if self.gone(mark) {
            return;
        }
        let same = |m: &&mut Mark| (m.tenant, &m.key) == (mark.tenant, &mark.key);
        if let Some(stood) = self.marks.iter_mut().find(same) {
            stood.expires_at = stood.expires_at.max(mark.expires_at);
            stood.min_version = stood.min_version.max(mark.min_version);
        } else {
            self.marks.push(mark.clone());
        }
    }

    fn expire(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        self.marks = marks.into_iter().filter(|mark| !self.gone(mark)).collect();
    }

    fn evaluate(&self, facts: &TokenFacts<'_>) -> Option<CutKind> {
        self.marks.iter().filter(|mark| kills(mark, facts)).map(Mark::kind).min()
    }
}

fn kills(mark: &Mark, facts: &TokenFacts<'_>) -> bool {
    let below = |version: Option<i64>| match (version, mark.min_version) {
        (Some(version), Some(min)) => version < min,
        _ => true,
    };
    (mark.tenant.is_none() || mark.tenant == facts.tenant)
        && match &mark.key {
            MarkKey::Token(key) => facts.jti == Some(key),
            MarkKey::Session(id) => facts.session == Some(*id),
            MarkKey::User(id) => facts.user == Some(*id) && below(facts.token_version),
            MarkKey::Tenant(id) => facts.tenant == Some(*id) && below(facts.tenant_token_version),
            MarkKey::Client(id) => facts.client == Some(*id),
            MarkKey::Key(kid) => **kid == *facts.kid,
            MarkKey::Digest(digest) => matches!(facts.digest, DigestFact::Known(d) if d == digest),
        }
}

#[derive(Clone, Debug)]
enum Act {
    Apply(Mark),
    Wait(u16),
    Expire,
    Evaluate(Facts),
}

/// What a token is made of, owned.
#[derive(Clone, Debug)]
struct Facts {
    jti: Option<TokenKey>,
    digest: Option<[u8; 32]>,
    ids: [Option<u8>; 4],
    versions: [Option<i64>; 2],
    kid: String,
}

impl Facts {
    fn borrowed(&self) -> TokenFacts<'_> {
        let id = |at: usize| self.ids[at].map(|n| uuid(n.into()));
        TokenFacts {
            jti: self.jti.as_ref(),
            digest: self.digest.as_ref().map_or(DigestFact::None, DigestFact::Known),
            session: id(0).map(SessionId),
            user: id(1).map(UserId),
            tenant: id(2).map(TenantId),
            client: id(3).map(ClientId),
            token_version: self.versions[0],
            tenant_token_version: self.versions[1],
            kid: &self.kid,
        }
    }
}

fn any_jti() -> impl Strategy<Value = TokenKey> {
    prop_oneof![(0..4_u128).prop_map(|n| uuid(n).into()), "[ab]{0,2}".prop_map(|t| TokenKey::new(&t))]
}

fn any_key() -> impl Strategy<Value = MarkKey> {
    let id = || (0..4_u128).prop_map(uuid);
    prop_oneof![
        any_jti().prop_map(MarkKey::Token),
        id().prop_map(|id| MarkKey::Session(SessionId(id))),
        id().prop_map(|id| MarkKey::User(UserId(id))),
        id().prop_map(|id| MarkKey::Tenant(TenantId(id))),
        id().prop_map(|id| MarkKey::Client(ClientId(id))),
        "[ab]{1,2}".prop_map(|kid| MarkKey::Key(kid.into())),
        (0..4_u8).prop_map(|n| MarkKey::Digest([n; 32])),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let tenant = || prop::option::of((0..3_u128).prop_map(|n| TenantId(uuid(n))));
    let moment = prop_oneof![9 => (0..3000_i64).prop_map(at), 1 => Just(Timestamp::MAX)];
    let apply = (tenant(), any_key(), 0..5_i64, moment).prop_map(|(tenant, key, version, expires_at)| {
        let versioned = matches!(key.kind(), CutKind::User | CutKind::Tenant);
        Act::Apply(Mark { tenant, key, min_version: versioned.then_some(version), expires_at })
    });
    let ids = prop::array::uniform4(prop::option::weighted(0.8, 0..4_u8));
    let versions = prop::array::uniform2(prop::option::weighted(0.8, 0..6_i64));
    let digest = prop::option::of((0..4_u8).prop_map(|n| [n; 32]));
    let evaluate = (prop::option::of(any_jti()), digest, ids, versions, "[abc]{1,2}").prop_map(
        |(jti, digest, ids, versions, kid)| Act::Evaluate(Facts { jti, digest, ids, versions, kid }),
    );
    prop_oneof![6 => apply, 1 => (0..600_u16).prop_map(Act::Wait), 1 => Just(Act::Expire), 8 => evaluate]
}

proptest! {
    #[test]
    fn it_agrees_with_the_plainest_evaluator_after_any_history(
        acts in prop::collection::vec(any_act(), 1..120),
    ) {
        let (replica, mut naive) = (replica(), Naive::default());
        let mut now = at(0);
        for act in acts {
            match act {
                Act::Apply(mark) => {
                    naive.newest = now;
                    replica.apply(&mark, now);
                    naive.apply(&mark);
                }
                Act::Wait(secs) => now = now.plus(Duration::from_secs(secs.into())),
                Act::Expire => {
                    naive.newest = now;
                    let before = naive.marks.len();
                    naive.expire();
                    prop_assert_eq!(replica.expire(now), Expired::Dropped(before - naive.marks.len()));
                }
                Act::Evaluate(facts) => {
                    let facts = facts.borrowed();
                    prop_assert_eq!(replica.evaluate(&facts), naive.evaluate(&facts));
                }
            }
            prop_assert_eq!(replica.len(), naive.marks.len());
        }
        let sorted = |mut marks: Vec<Mark>| {
            marks.sort_by(|a, b| (&a.key, a.tenant).cmp(&(&b.key, b.tenant)));
            marks
        };
        prop_assert_eq!(sorted(replica.marks_held().collect()), sorted(naive.marks));
    }
}

fn any_mark() -> impl Strategy<Value = Mark> {
    let key = (0..8_u8, 6..8_u128).prop_map(|(kind, n)| match kind {
        0 => token(n),
        1 => MarkKey::Token(TokenKey::new("7")),
        2 => MarkKey::Session(SessionId(uuid(n))),
        3 => MarkKey::User(UserId(uuid(n))),
        4 => MarkKey::Tenant(TenantId(uuid(n - 6))),
        5 => MarkKey::Client(ClientId(uuid(n))),
        6 => MarkKey::Key(n.to_string().into()),
        _ => MarkKey::Digest([7; 32]),
    });
    let scope = prop_oneof![Just(None), (1..3_u128).prop_map(Some)];
    let version = prop_oneof![Just(None), (8..12_i64).prop_map(Some)];
    (key, scope, version).prop_map(|(key, scope, version)| {
        let versioned = matches!(key.kind(), CutKind::User | CutKind::Tenant);
        Mark { min_version: version.filter(|_| versioned), ..mark(scope, key) }
    })
}

proptest! {
    /// Whoever asks elsewhere for the candidates of a token comes to the replica's verdict.
    #[test]
    fn candidates_and_the_replica_are_of_one_mind(
        marks in proptest::collection::vec(any_mark(), 0..4),
        versions in (proptest::option::of(8..12_i64), proptest::option::of(8..12_i64)),
        spelled in any::<bool>(),
        tenant in proptest::option::of(Just(1_u128)),
    ) {
        let sample = Sample::new(if spelled { TokenKey::new("7") } else { uuid(7).into() });
        let facts = TokenFacts {
            tenant: tenant.map(|n| TenantId(uuid(n))),
            token_version: versions.0,
            tenant_token_version: versions.1,
            ..sample.facts()
        };
        let replica = replica();
        for mark in &marks {
            replica.apply(mark, at(0));
        }
        let named: Vec<_> = marks.iter().map(|mark| (mark.identity(), mark.min_version)).collect();
        let verdict = Candidates::of(&facts).narrowest(named.iter().map(|(identity, least)| (identity, *least)));
        prop_assert_eq!(verdict, replica.evaluate(&facts));
    }
}
