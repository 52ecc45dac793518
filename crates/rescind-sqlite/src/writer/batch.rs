//! One batch: many jobs, one transaction, one commit.
//!
//! A job that fails must not fail the others, and what it has written by then must go. Nearly every job that fails has
//! written nothing. So the jobs are run plainly first, and only where one of them did leave something behind is the
//! whole batch rolled back and run again, each job under a savepoint, which costs a copy of every page that it touches.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rescind::entropy::random_bytes;
use rescind::store::{CommitTally, StoreError};

use super::{Job, Tx};
use crate::error::{Fault, Outcome};

/// Runs a batch, commits it, and answers.
pub(super) fn run(tx: &Tx<'_>, mut jobs: Vec<Box<dyn Job>>, commits: &CommitTally) {
    let committed = commit(tx, &mut jobs).map_err(|Fault(error)| {
        tracing::warn!(%error, jobs = jobs.len(), "a batch was not committed");
        match error {
            StoreError::Corrupt(_) | StoreError::TakesNoWrites(_) => error,
            other => StoreError::Unavailable(other.to_string()),
        }
    });
    match &committed {
        Ok(()) => commits.committed(jobs.len()),
        Err(_) => commits.failed(),
    }
    for job in jobs {
        job.answer(committed.clone());
    }
}

/// Everything of a batch but the answers. On failure nothing of it stays.
fn commit(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Outcome<()> {
    let outcome = match transaction(tx, jobs, run_plainly) {
        Ok(Done::Dirty) => transaction(tx, jobs, run_carefully),
        other => other,
    };
    match outcome? {
        Done::Clean => Ok(()),
        Done::Dirty => {
            Err(Fault(StoreError::Unavailable("the batch could not be undone in part".to_owned())))
        }
    }
}

/// How a run of jobs went.
#[derive(PartialEq, Eq)]
enum Done {
    /// What is written is what is to be kept.
    Clean,
    /// A job failed, and left something behind: nothing of the batch was kept.
    Dirty,
}

type Run = fn(&Tx<'_>, &mut [Box<dyn Job>]) -> Outcome<Done>;

fn transaction(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>], run: Run) -> Outcome<Done> {
    let done = begin(tx).and_then(|before| match run(tx, jobs)? {
        Done::Dirty => Ok(Done::Dirty),
        Done::Clean => {
            seal_batch(tx, before)?;
            execute(tx, "COMMIT")?;
            Ok(Done::Clean)
        }
    });
    if !tx.is_autocommit() {
        tx.execute_batch("ROLLBACK")?;
    }
    done
}

fn begin(tx: &Tx<'_>) -> Outcome<i64> {
    execute(tx, "BEGIN IMMEDIATE")?;
    let mut statement = tx.prepare_cached("SELECT seq, horizon FROM head WHERE id = 1")?;
    let (seq, horizon) = statement.query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    tx.horizon.set(horizon);
    Ok(seq)
}

fn run_plainly(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Outcome<Done> {
    for job in jobs {
        let before = tx.total_changes();
        if !succeeds(tx, &mut **job) && tx.total_changes() != before {
            return Ok(Done::Dirty);
        }
        still_open(tx, &**job)?;
    }
    Ok(Done::Clean)
}

fn run_carefully(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Outcome<Done> {
    for job in jobs {
        execute(tx, "SAVEPOINT job")?;
        if !succeeds(tx, &mut **job) {
            still_open(tx, &**job)?;
            execute(tx, "ROLLBACK TO job")?;
            // It may have been raised by what was just undone.
            tx.horizon.set(0);
        }
        execute(tx, "RELEASE job")?;
    }
    Ok(Done::Clean)
}

fn succeeds(tx: &Tx<'_>, job: &mut dyn Job) -> bool {
    catch_unwind(AssertUnwindSafe(|| job.run(tx))).unwrap_or_else(|_| {
        tracing::error!("a write panicked; it is undone");
        false
    })
}

/// A full disk or an I/O error makes SQLite roll back the whole transaction by itself.
fn still_open(tx: &Tx<'_>, job: &dyn Job) -> Outcome<()> {
    if !tx.is_autocommit() {
        return Ok(());
    }
    let why = job.failure().cloned();
    Err(Fault(why.unwrap_or_else(|| StoreError::Unavailable("the transaction was rolled back".to_owned()))))
}

/// Leaves the batch's tag, if the batch wrote entries.
pub(crate) fn seal_batch(tx: &Tx<'_>, before: i64) -> Outcome<()> {
    let seq = last_seq(tx)?;
    if seq == before {
        return Ok(());
    }
    let tag: [u8; 16] = random_bytes(tx.entropy());
    tx.prepare_cached(
        "INSERT INTO batches (last_seq, tag, at) SELECT seq, ?2, revoked_at FROM ledger WHERE seq = ?1",
    )?
    .execute((seq, tag))?;
    tx.prepare_cached("UPDATE head SET tag = ?1 WHERE id = 1")?.execute((tag,))?;
    Ok(())
}

pub(crate) fn last_seq(tx: &Tx<'_>) -> Outcome<i64> {
    Ok(tx.prepare_cached("SELECT seq FROM head WHERE id = 1")?.query_row((), |row| row.get(0))?)
}

fn execute(tx: &Tx<'_>, sql: &str) -> Outcome<()> {
    tx.prepare_cached(sql)?.execute(())?;
    Ok(())
}
