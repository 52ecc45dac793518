//! What a refresh and a revocation cost at the store: the bare statements and their commit, which nothing on this file can
//! beat, and beside them the same through the store's verbs, with its queue, its savepoints and its answers.
//!
//! `…_1` is alone in its transaction, `…_64` shares one with 63 others. Every commit is fsynced.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark, of which criterion makes public functions"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rescind::ledger::{CutTarget, TokenKey};
use rescind::session::Rotated;
use rescind::system::SystemEntropy;
use rescind_sqlite::{Options, SqliteStore, rotation_statement};
use rescind_testkit::conformance::{Backend, Held, MAC_KID, SIGNING_KID, World};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Enough that a batch touches pages here and there.
const SESSIONS: usize = 10_000;

criterion_group!(benches, statements);
criterion_main!(benches);

fn statements(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("sqlite");
    for batch in [1, 64] {
        group.throughput(Throughput::Elements(batch as u64));
        rotate_bare(&mut group, &runtime, batch);
        rotate_through_the_store(&mut group, &runtime, batch);
        cut_bare(&mut group, &runtime, batch);
        cut_through_the_store(&mut group, &runtime, batch);
    }
}

/// A store with sessions, in the build's own directory: a real disk, where `/tmp` may be memory.
struct Site {
    world: Arc<World>,
    sessions: Vec<Held>,
    path: PathBuf,
    next: usize,
}

impl Site {
    fn new(runtime: &Runtime) -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = dir.path().join("rescind.db");
        let store = SqliteStore::open(&path, &Options::new(Arc::new(SystemEntropy))).unwrap();
        let backend = Backend::of(store, dir);
        let (world, sessions) = runtime.block_on(populate(backend));
        Self { world, sessions, path, next: 0 }
    }

    /// The next sessions, far from one another.
    fn some(&mut self, count: usize) -> Vec<usize> {
        let chosen = (self.next..self.next + count).map(|n| n * 6_151 % SESSIONS).collect();
        self.next += count;
        chosen
    }
}

async fn populate(backend: Backend) -> (Arc<World>, Vec<Held>) {
    let world = Arc::new(World::new(backend).await);
    let mut openings = JoinSet::new();
    for n in 0..SESSIONS / 10 {
        let world = Arc::clone(&world);
        openings.spawn(async move {
            let user = world.user(&format!("user{n}@example.com")).await;
            let mut held = Vec::new();
            for _ in 0..10 {
                held.push(Held::of(&world.open(&user).await.chain));
            }
            held
        });
    }
    let sessions = openings.join_all().await.concat();
    (world, sessions)
}

fn rotate_bare(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, batch: usize) {
    let mut site = Site::new(runtime);
    let conn = bare(&site.path);
    group.bench_function(format!("rotate_{batch}"), |bencher| {
        bencher.iter(|| {
            let chosen = site.some(batch);
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            for session in chosen {
                rotate_one(&conn, &site.world, &mut site.sessions[session]);
            }
            conn.execute_batch("COMMIT").unwrap();
        });
    });
}

fn rotate_one(conn: &Connection, world: &World, held: &mut Held) {
    let rotation = world.rotation(*held);
    let next = &rotation.successor;
    let now = rotation.by.at.as_millis();
    let mut statement = conn.prepare_cached(rotation_statement()).unwrap();
    let mut rows = statement
        .query(params![
            now,
            held.session.0.as_bytes(),
            held.user.0.as_bytes(),
            held.presented.hash,
            held.presented.generation,
            now.to_be_bytes(),
            next.hash,
            next.salt,
            next.jti.0.as_bytes(),
            MAC_KID,
            rotation.idle_expires_at.as_millis(),
            rotation.access_jti.0.as_bytes(),
            None::<String>,
            false,
            None::<[u8; 16]>,
            None::<[u8; 16]>,
            SIGNING_KID,
        ])
        .unwrap();
    black_box(rows.next().unwrap().expect("it is the current token"));
    assert!(rows.next().unwrap().is_none());
    held.presented.hash = next.hash;
    held.presented.generation += 1;
}

fn rotate_through_the_store(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, batch: usize) {
    let mut site = Site::new(runtime);
    group.bench_function(format!("store_rotate_{batch}"), |bencher| {
        bencher.iter(|| {
            let chosen = site.some(batch);
            let mut callers = JoinSet::new();
            for session in chosen {
                let (world, held) = (Arc::clone(&site.world), site.sessions[session]);
                callers.spawn_on(async move { (session, world.refresh(held).await) }, runtime.handle());
            }
            for (session, answer) in runtime.block_on(callers.join_all()) {
                let Rotated::Rotated(chain) = answer else { panic!("it is the current token: {answer:?}") };
                site.sessions[session] = Held::of(&chain);
            }
        });
    });
}

fn cut_bare(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, batch: usize) {
    let site = Site::new(runtime);
    let conn = bare(&site.path);
    group.bench_function(format!("cut_{batch}"), |bencher| {
        bencher.iter(|| {
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            let mut seq = 0;
            for _ in 0..batch {
                seq = cut_one(&conn, &site.world);
            }
            let sql = "INSERT INTO batches (last_seq, tag, at) VALUES (?1, randomblob(16), 0)";
            conn.prepare_cached(sql).unwrap().execute((seq,)).unwrap();
            conn.execute_batch("COMMIT").unwrap();
        });
    });
}

/// The three rows that one cut writes: the head, the entry and the audit trail's.
fn cut_one(conn: &Connection, world: &World) -> i64 {
    let now = world.now().as_millis();
    let jti = *world.id().as_bytes();
    let sql = "UPDATE head SET seq = seq + 1 WHERE id = 1 RETURNING seq";
    let seq: i64 = conn.prepare_cached(sql).unwrap().query_row((), |row| row.get(0)).unwrap();
    let sql = "INSERT INTO ledger (seq, kind, key, expires_at, revoked_at, reason, revoked_by)
               VALUES (?1, 'token', ?2, ?3, ?3, 'because', 'cli')";
    conn.prepare_cached(sql).unwrap().execute((seq, jti, now)).unwrap();
    let sql = "INSERT INTO audit (id, at, action, actor, target_kind, target_id, reason, ip, request_id)
               VALUES (?1, ?2, 'token_revoked', 'cli', 'token', ?3, 'because', '192.0.2.7', 'request-7')";
    let target = uuid::Uuid::from_bytes(jti).to_string();
    conn.prepare_cached(sql).unwrap().execute((jti, now, target)).unwrap();
    seq
}

fn cut_through_the_store(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, batch: usize) {
    let site = Site::new(runtime);
    group.bench_function(format!("store_cut_{batch}"), |bencher| {
        bencher.iter(|| {
            let mut callers = JoinSet::new();
            for _ in 0..batch {
                let world = Arc::clone(&site.world);
                let target = CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None };
                callers.spawn_on(async move { world.cut(target).await.created }, runtime.handle());
            }
            assert!(runtime.block_on(callers.join_all()).into_iter().all(|created| created));
        });
    });
}

/// A connection with the store's own settings.
fn bare(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864;",
    )
    .unwrap();
    conn
}
