//! What a refresh, a revocation and its news cost on PostgreSQL: the bare statements and their commit on one connection,
//! which nothing on this server can beat, and beside them the same through the store's verbs. And what the usual design
//! pays for a check: a miss in Redis, then a miss in the database.
//!
//! `…_1` is alone in its transaction, `…_64` shares one with 63 others. The server is this benchmark's own, and fsyncs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark, of which criterion makes public functions"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rescind::ledger::{Cursor, CutTarget, Follow, LedgerStore as _, TokenKey};
use rescind::session::Rotated;
use rescind::system::SystemEntropy;
use rescind_postgres::{Options, PostgresStore, rotation_statement};
use rescind_testkit::conformance::{Backend, Held, MAC_KID, SIGNING_KID, World};
use rescind_testkit::postgres::Postgres;
use rescind_testkit::redis::Redis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

const SESSIONS: usize = 5_000;

criterion_group!(benches, statements);
criterion_main!(benches);

fn statements(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("postgres");
    for batch in [1, 64] {
        group.throughput(Throughput::Elements(batch as u64));
        let mut site = Site::new(&runtime);
        rotate_bare(&mut group, &mut site, batch);
        rotate_through_the_store(&mut group, &mut site, batch);
        cut_bare(&mut group, &site, batch);
        cut_through_the_store(&mut group, &site, batch);
    }
    group.throughput(Throughput::Elements(1));
    let site = Site::new(&runtime);
    news(&mut group, &site);
    usual_check(&mut group, &site);
}

/// A server and a store with sessions.
struct Site<'r> {
    runtime: &'r Runtime,
    world: Arc<World>,
    sessions: Vec<Held>,
    url: String,
    next: usize,
    _server: Postgres,
}

impl<'r> Site<'r> {
    fn new(runtime: &'r Runtime) -> Self {
        runtime.block_on(async {
            let server = Postgres::start().await;
            let url = server.create_database().await;
            let store = open(&url).await;
            let (world, sessions) = populate(Backend::of(store, ())).await;
            Self { runtime, world, sessions, url, next: 0, _server: server }
        })
    }

    /// The next sessions, far from one another.
    fn some(&mut self, count: usize) -> Vec<usize> {
        let chosen = (self.next..self.next + count).map(|n| n * 6_151 % SESSIONS).collect();
        self.next += count;
        chosen
    }

    /// A connection of the benchmark's own.
    fn bare(&self) -> Client {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            // As the store's own connections have it.
            client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
            client
        })
    }
}

async fn open(url: &str) -> Arc<PostgresStore> {
    PostgresStore::open(&Options::new(url, Arc::new(SystemEntropy))).await.unwrap()
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

fn rotate_bare(group: &mut BenchmarkGroup<'_, WallTime>, site: &mut Site<'_>, batch: usize) {
    let client = site.bare();
    let statement = site.runtime.block_on(client.prepare(rotation_statement())).unwrap();
    group.bench_function(format!("rotate_{batch}"), |bencher| {
        bencher.iter(|| {
            let chosen = site.some(batch);
            let rotated = site.runtime.block_on(rotate(&client, &statement, site, &chosen));
            for (session, held) in chosen.into_iter().zip(rotated) {
                site.sessions[session] = held;
            }
        });
    });
}

async fn rotate(client: &Client, statement: &Statement, site: &Site<'_>, chosen: &[usize]) -> Vec<Held> {
    let rotations: Vec<_> = chosen.iter().map(|at| site.world.rotation(site.sessions[*at])).collect();
    macro_rules! column {
        ($value:expr) => {
            rotations.iter().map($value).collect::<Vec<_>>()
        };
    }
    let rows = client
        .query(
            statement,
            &[
                &column!(|item| item.by.at.as_millis()),
                &column!(|item| item.session.0),
                &column!(|item| item.user.0),
                &column!(|item| item.presented.hash.to_vec()),
                &column!(|item| item.presented.generation),
                &column!(|item| item.by.at.as_millis().to_be_bytes().to_vec()),
                &column!(|item| item.successor.hash.to_vec()),
                &column!(|item| item.successor.salt.to_vec()),
                &column!(|item| item.successor.jti.0),
                &column!(|_| MAC_KID),
                &column!(|item| item.idle_expires_at.as_millis()),
                &column!(|item| item.access_jti.0),
                &column!(|_| None::<String>),
                &column!(|_| false),
                &column!(|_| None::<Uuid>),
                &column!(|_| None::<Uuid>),
                &column!(|_| SIGNING_KID),
            ],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), chosen.len(), "they are the current tokens");
    let next = |(held, rotation): (Held, &rescind::session::Rotate)| {
        let mut held = held;
        held.presented.hash = rotation.successor.hash;
        held.presented.generation += 1;
        held
    };
    chosen.iter().map(|at| site.sessions[*at]).zip(&rotations).map(next).collect()
}

fn rotate_through_the_store(group: &mut BenchmarkGroup<'_, WallTime>, site: &mut Site<'_>, batch: usize) {
    group.bench_function(format!("store_rotate_{batch}"), |bencher| {
        bencher.iter(|| {
            let chosen = site.some(batch);
            let mut callers = JoinSet::new();
            for session in chosen {
                let (world, held) = (Arc::clone(&site.world), site.sessions[session]);
                callers.spawn_on(async move { (session, world.refresh(held).await) }, site.runtime.handle());
            }
            for (session, answer) in site.runtime.block_on(callers.join_all()) {
                let Rotated::Rotated(chain) = answer else { panic!("it is the current token: {answer:?}") };
                site.sessions[session] = Held::of(&chain);
            }
        });
    });
}

/// The rows of the ledger alone, each with its five indexes.
fn cut_bare(group: &mut BenchmarkGroup<'_, WallTime>, site: &Site<'_>, batch: usize) {
    let client = site.bare();
    let insert = "INSERT INTO ledger (seq, kind, key, spelled, expires_at, revoked_at, reason, revoked_by)
                  SELECT seq, 'token', key, false, $3, $3, 'because', 'cli'
                    FROM unnest($1::bigint[], $2::bytea[]) AS item (seq, key)";
    let statement = site.runtime.block_on(client.prepare(insert)).unwrap();
    // Beyond whatever the store counts to in this benchmark.
    let mut seq = 1_000_000_000_i64;
    group.bench_function(format!("cut_{batch}"), |bencher| {
        bencher.iter(|| {
            let numbers: Vec<i64> = (seq..seq + batch as i64).collect();
            seq += batch as i64;
            let keys: Vec<Vec<u8>> = numbers.iter().map(|_| site.world.id().as_bytes().to_vec()).collect();
            let now = site.world.now().as_millis();
            site.runtime.block_on(client.execute(&statement, &[&numbers, &keys, &now])).unwrap();
        });
    });
    site.runtime.block_on(client.batch_execute("DELETE FROM ledger WHERE seq >= 1000000000")).unwrap();
}

fn cut_through_the_store(group: &mut BenchmarkGroup<'_, WallTime>, site: &Site<'_>, batch: usize) {
    group.bench_function(format!("store_cut_{batch}"), |bencher| {
        bencher.iter(|| {
            let mut callers = JoinSet::new();
            for _ in 0..batch {
                let world = Arc::clone(&site.world);
                let target = CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None };
                callers.spawn_on(async move { world.cut(target).await.created }, site.runtime.handle());
            }
            assert!(site.runtime.block_on(callers.join_all()).into_iter().all(|created| created));
        });
    });
}

/// From the acknowledgement of a cut to its having been read through another store, which waits to be woken. Prints the
/// percentiles, which criterion does not.
fn news(group: &mut BenchmarkGroup<'_, WallTime>, site: &Site<'_>) {
    let other = site.runtime.block_on(open(&site.url));
    let mut delays: Vec<Duration> = Vec::new();
    group.bench_function("news", |bencher| {
        bencher.iter_custom(|rounds| {
            let measured = site.runtime.block_on(async {
                let mut cursor = other.head().await.unwrap().cursor;
                let mut measured = Vec::new();
                for _ in 0..rounds {
                    measured.push(one_news(site, &other, &mut cursor).await);
                }
                measured
            });
            delays.extend(&measured);
            measured.iter().sum()
        });
    });
    if delays.is_empty() {
        return;
    }
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    println!("news: p50 {:?}, p99 {:?} of {}", at(0.5), at(0.99), delays.len());
}

async fn one_news(site: &Site<'_>, other: &Arc<PostgresStore>, cursor: &mut Cursor) -> Duration {
    let target = CutTarget::Token { key: TokenKey::from(site.world.id()), tenant: None, user: None };
    let seen = tokio::spawn({
        let (other, mut at) = (Arc::clone(other), *cursor);
        async move {
            loop {
                match other.marks_after(at, 100).await.unwrap() {
                    Follow::Entries(marks, reached) if !marks.is_empty() => return (Instant::now(), reached),
                    Follow::Entries(_, reached) => at = reached,
                    Follow::OtherHistory => panic!("there is one history"),
                }
                other.changed().unwrap().await;
            }
        }
    });
    site.world.cut(target).await;
    let acknowledged = Instant::now();
    let (read, reached) = seen.await.unwrap();
    *cursor = reached;
    read.saturating_duration_since(acknowledged)
}

/// `GET` in Redis, nothing; then `SELECT` in PostgreSQL, nothing: what the usual design pays for each good token.
fn usual_check(group: &mut BenchmarkGroup<'_, WallTime>, site: &Site<'_>) {
    let redis = site.runtime.block_on(Redis::start());
    let client = site.bare();
    let select = "SELECT 1 FROM ledger WHERE key = $1 AND kind = 'token'";
    let statement = site.runtime.block_on(client.prepare(select)).unwrap();
    let mut cache = site.runtime.block_on(TcpStream::connect(("127.0.0.1", redis.port()))).unwrap();
    cache.set_nodelay(true).unwrap();
    group.bench_function("usual_check", |bencher| {
        bencher.iter(|| {
            site.runtime.block_on(async {
                let jti = site.world.id();
                let key = format!("revoked:{jti}");
                cache
                    .write_all(format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()).as_bytes())
                    .await
                    .unwrap();
                let mut answer = [0; 5];
                cache.read_exact(&mut answer).await.unwrap();
                assert_eq!(&answer, b"$-1\r\n");
                let bytes = jti.as_bytes().as_slice();
                assert!(client.query(&statement, &[&bytes]).await.unwrap().is_empty());
            });
        });
    });
}
