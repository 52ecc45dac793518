//! The protocol of refresh, cut, feed, resume and history change, model-checked.
//!
//! Each model is small, and all that can happen in it is gone through: every order of the steps of everybody, every loss and
//! every death within the bounds. A test that `holds` means that no state within them breaks a promise. A test that
//! `is_broken` changes one thing of the protocol, and the checker must find what comes of it: so the check can fail.
//!
//! `cargo nextest run -p rescind --test protocol --success-output final` shows how many states there were.
//! `RESCIND_TEST_FULL=1` widens the bounds.
//!
//! | model | step | in the code |
//! |---|---|---|
//! | [`order`] | `TakeTurn`, `Number`, `Commit` | `Tx::take_turn`, `Tx::next_seq`, `Tx::finish` of `rescind-postgres`; on SQLite, the one writer thread |
//! | | `Read` | `LedgerStore::entries_after` |
//! | [`replicas`] | `Commit`, `Apply`, `Acknowledge` | `LedgerStore::cut`, then `Authority::apply`, then the answer |
//! | | `Read`, `TakeUp` | `Authority::follow`: `read_on`, then `Replica::advance` |
//! | | `Start` | `Authority::start`, and `load_all` |
//! | | `LoseWakeUp` | `LedgerStore::changed`, which promises nothing |
//! | [`feed`] | `BeginReading`, `Read`, `EndReading` | `Authority::follow`: `began`, the read and what is passed on to the feed, `Replica::advance` |
//! | | `Ask`, `Send` | one step of a stream of the feed: `Replica::as_of` first, then what there is to send |
//! | | `Connect`, `Snapshot` | a reader of the feed, with and without a place |
//! | | `Purge` | `LedgerStore::purge` |
//! | [`fresh`] | `Ask`, `Pass` | `Verifier::verify_fresh`: `LedgerHead::head`, then `Replica::reached` |
//! | | `Read`, `TakeUp` | `Authority::follow`: the read, then `Replica::advance_past`, or `Loader::finish` in another history |
//! | [`history`] | `Follow` | `Authority::follow`, which asks `LedgerStore::entries_after` whether the cursor is of this history |
//! | | `WriteBack`, `Load` | the write-back, and `load_all` |
//! | | `CutUser` | `LedgerStore::cut` of a user: max(old + 1, now) |
//! | [`refresh`] | `Arrive`, `Judge` | `SessionStore::rotate`: the guarded statement, then [`rescind::session::judge`] itself |
//!
//! An `eventually` of the checker does not see through cycles and joins. So what must come in the end is put another way,
//! and stronger: from *every* state, when nothing fails any more, it comes by the next reading.
#![allow(clippy::print_stdout, reason = "how many states were gone through is shown with --nocapture")]

mod checking;
mod feed;
mod fresh;
mod history;
mod order;
mod refresh;
mod replicas;
