//! Transactions: one verb, one commit.

use std::ops::Deref;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use rescind::clock::Timestamp;
use rescind::entropy::{Entropy, random_bytes};
use rescind::store::StoreError;

use crate::conn::Conn;
use crate::error::{Fault, Outcome};
use crate::wake::TOLD;

/// How often a transaction is run again that somebody else came in the way of.
pub(crate) const TRIES: u32 = 8;

/// Takes the turn to write to the ledger: see [`Tx::take_turn`]. The lock is the schema's own.
const TAKE_TURN: &str =
    "SELECT pg_advisory_xact_lock(1919251301, ('head'::regclass::oid::bigint & 2147483647)::integer)";

/// Begins a transaction. The lock is one that only a migration comes in the way of, which takes it before all others: no
/// transaction that has begun waits for the migration while the migration waits for it.
pub(crate) const BEGIN: &str = "BEGIN; LOCK TABLE head IN ACCESS SHARE MODE";

/// Begins one that does nothing but in its turn.
pub(crate) static BEGIN_IN_TURN: LazyLock<String> = LazyLock::new(|| format!("{BEGIN}; {TAKE_TURN}"));

/// A verb's view of its transaction.
pub(crate) struct Tx {
    conn: Conn,
    entropy: Arc<dyn Entropy>,
    /// The tag of the ledger entries that it writes.
    tag: [u8; 16],
    /// The last entry that it wrote; 0: none.
    last_seq: AtomicI64,
    last_at: AtomicI64,
}

impl Tx {
    pub(crate) async fn begin(conn: Conn, entropy: Arc<dyn Entropy>) -> Outcome<Self> {
        conn.batch(BEGIN).await?;
        let tag = random_bytes(&*entropy);
        Ok(Self { conn, entropy, tag, last_seq: AtomicI64::new(0), last_at: AtomicI64::new(0) })
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Takes the turn to write to the ledger, until the end of the transaction. Whoever commits later has a higher `seq`. The last
    /// lock that a transaction takes, so that nobody waits for another while it holds this one.
    pub(crate) async fn take_turn(&self) -> Outcome<()> {
        self.rows(TAKE_TURN, &[]).await?;
        Ok(())
    }

    /// The next place in the ledger, and the horizon. Only after [`Self::take_turn`].
    pub(crate) async fn next_seq(&self, at: Timestamp) -> Outcome<(i64, Timestamp)> {
        self.next_seqs(1, at).await
    }

    /// The last of the next `count` places, and the horizon. Only after [`Self::take_turn`].
    pub(crate) async fn next_seqs(&self, count: i64, at: Timestamp) -> Outcome<(i64, Timestamp)> {
        let tag = self.tag.as_slice();
        let sql = "UPDATE head SET seq = seq + $2, tag = $1 WHERE id = 1 RETURNING seq, horizon";
        let row =
            self.row(sql, &[&tag, &count]).await?.ok_or_else(|| crate::error::corrupt("the head is gone"))?;
        let (seq, horizon): (i64, i64) = (row.get(0), row.get(1));
        self.last_seq.store(seq, Ordering::Relaxed);
        self.last_at.store(at.as_millis(), Ordering::Relaxed);
        Ok((seq, Timestamp::from_millis(horizon)))
    }

    /// Keeps what the verb did, or undoes it.
    pub(crate) async fn finish<T>(self, outcome: Outcome<T>) -> Outcome<T> {
        match outcome {
            Ok(value) => {
                self.seal().await?;
                self.conn.batch("COMMIT").await?;
                self.conn.release();
                Ok(value)
            }
            Err(fault) => {
                // A connection that cannot even be rolled back is closed.
                if self.conn.batch("ROLLBACK").await.is_ok() {
                    self.conn.release();
                }
                Err(fault)
            }
        }
    }

    /// Leaves the batch's tag, if entries were written.
    async fn seal(&self) -> Outcome<()> {
        let seq = self.last_seq.load(Ordering::Relaxed);
        if seq == 0 {
            return Ok(());
        }
        let (tag, at) = (self.tag.as_slice(), self.last_at.load(Ordering::Relaxed));
        self.execute("INSERT INTO batches (last_seq, tag, at) VALUES ($1, $2, $3)", &[&seq, &tag, &at])
            .await?;
        self.rows(&format!("SELECT {TOLD}"), &[]).await?;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

/// What is said once somebody else came in the way too often.
pub(crate) fn told(fault: Fault) -> StoreError {
    match fault {
        Fault::Store(error) => error,
        Fault::Again => StoreError::Conflict,
    }
}

/// One verb that writes: a whole transaction, run again where somebody else came in the way, and to its end even if nobody
/// waits for it any more. The expression is evaluated anew for each run.
/// With `minting`, the `exp` of the access token that may come of it is within the horizon before.
macro_rules! write {
    ($store:expr, |$tx:ident| $verb:expr) => {
        $crate::tx::write!($store, minting rescind::clock::Timestamp::from_millis(0), |$tx| $verb)
    };
    ($store:expr, minting $exp:expr, |$tx:ident| $verb:expr) => {{
        let inner = std::sync::Arc::clone(&$store.inner);
        Box::pin($store.inner.noting($crate::to_its_end($store.inner.patience, async move {
            inner.reach($exp).await?;
            let mut tries = $crate::tx::TRIES;
            loop {
                tries -= 1;
                let transaction = inner.begin().await?;
                let outcome = {
                    let $tx = &transaction;
                    $verb.await
                };
                match transaction.finish(outcome).await {
                    Err($crate::error::Fault::Again) if tries > 0 => {}
                    done => {
                        if done.is_ok() {
                            inner.commits.committed(1);
                        }
                        return done;
                    }
                }
            }
        })))
    }};
}

/// One verb that only reads.
macro_rules! read {
    ($store:expr, |$conn:ident| $verb:expr) => {{
        let inner = std::sync::Arc::clone(&$store.inner);
        Box::pin($crate::in_time($store.inner.patience, async move {
            let mut tries = $crate::tx::TRIES;
            loop {
                tries -= 1;
                let connection = inner.connect().await?;
                let outcome = {
                    let $conn = &connection;
                    $verb.await
                };
                // What the server itself refused leaves the connection in order.
                if !matches!(
                    outcome,
                    Err($crate::error::Fault::Store(rescind::store::StoreError::Unavailable(_)))
                ) {
                    connection.release();
                }
                match outcome {
                    // A schema that grows locks tables in an order of its own.
                    Err($crate::error::Fault::Again) if tries > 0 => {}
                    done => return done,
                }
            }
        }))
    }};
}

pub(crate) use {read, write};
