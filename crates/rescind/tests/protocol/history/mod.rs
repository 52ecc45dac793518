//! Another history: the database goes back to an earlier state, and perhaps grows again to where it was.
//!
//! Nodes notice by the tag that their cursor carries, and by the places of what they wrote themselves. They write back what they
//! hold, load everything anew, and only then serve on. A user's cut has a version, of which the row of the user keeps the
//! last; it goes back with the database.

mod steps;

use rescind::ledger::Cursor;

use crate::checking::{Set, bound, holds, is_broken};

const FOR_GOOD: &str = "what a node refused it refuses for as long as it runs";
const COVERED: &str = "a node that is in step with the ledger holds nothing that is not in it";
const WRITTEN_BACK: &str = "when nothing fails any more, a cold node refuses all that any node knew";
const NEVER_TWICE: &str = "no version is handed out twice";
const MINTED_LIVES: &str = "when nothing fails any more, a token minted now is accepted everywhere";

#[test]
fn what_a_node_holds_survives_that_the_ledger_loses_it() {
    holds(History::as_designed());
}

#[test]
fn nodes_that_lose_their_memory_too_do_not_spoil_the_others() {
    holds(History { deaths: bound(1, 2), sessions: vec![0], ..History::as_designed() });
}

#[test]
fn a_ledger_that_goes_back_twice_is_written_back_twice() {
    holds(History { restores: 2, sessions: vec![0], user_cuts: bound(0, 1), ..History::as_designed() });
}

#[test]
fn versions_only_rise_through_it_all() {
    holds(History { sessions: vec![], user_cuts: bound(2, 3), ..History::as_designed() });
}

/// A failover loses the last commits, and those are the ones that their node may not yet have read: its cursor is of the new
/// history all the same.
#[test]
fn a_node_that_trusts_its_cursor_alone_does_not_miss_its_own_lost_cut() {
    is_broken(History { rule: Rule::OwnWritesUnchecked, ..History::as_designed() }, WRITTEN_BACK);
}

#[test]
fn without_the_write_back_a_cold_node_accepts_again() {
    is_broken(History { rule: Rule::NoWriteBack, ..History::as_designed() }, WRITTEN_BACK);
}

#[test]
fn a_cursor_without_a_tag_takes_a_ledger_that_grew_again_for_its_own() {
    is_broken(History { rule: Rule::NoTag, ..History::as_designed() }, WRITTEN_BACK);
}

#[test]
fn a_write_back_without_versions_locks_users_out() {
    is_broken(History { rule: Rule::VersionsNotWrittenBack, ..History::as_designed() }, MINTED_LIVES);
}

#[test]
fn a_load_that_replaces_what_is_held_accepts_again() {
    is_broken(History { rule: Rule::LoadReplaces, ..History::as_designed() }, FOR_GOOD);
}

#[test]
fn versions_without_a_clock_are_handed_out_twice() {
    is_broken(
        History { rule: Rule::VersionsByCounting, user_cuts: 2, sessions: vec![], ..History::as_designed() },
        NEVER_TWICE,
    );
}

struct History {
    rule: Rule,
    nodes: usize,
    /// Which node ends which session, and how many user cuts there are, by any node.
    sessions: Vec<usize>,
    user_cuts: u8,
    restores: u8,
    deaths: u8,
}

impl History {
    fn as_designed() -> Self {
        Self {
            rule: Rule::AsDesigned,
            nodes: 2,
            sessions: bound(vec![0], vec![0, 1]),
            user_cuts: 1,
            restores: 1,
            deaths: 0,
        }
    }
}

/// The protocol, or one thing done otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AsDesigned,
    OwnWritesUnchecked,
    NoWriteBack,
    NoTag,
    VersionsNotWrittenBack,
    LoadReplaces,
    VersionsByCounting,
}

/// Marks: sessions that were ended, and the version below which the user's tokens are dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Marks {
    sessions: Set,
    below: u8,
}

impl Marks {
    const fn session(session: Set) -> Self {
        Self { sessions: session, below: 0 }
    }

    fn user(below: u8) -> Self {
        Self { sessions: Set::default(), below }
    }

    fn take(&mut self, other: Self) {
        self.sessions.insert_all(other.sessions);
        self.below = self.below.max(other.below);
    }

    const fn covers(self, other: Self) -> bool {
        self.sessions.covers(other.sessions) && self.below >= other.below
    }

    /// What is to be written where `stands` does: one entry for each.
    fn beyond(self, stands: Self) -> Vec<Self> {
        let missing = self.sessions.iter().filter(|&session| !stands.sessions.contains(session));
        let mut marks: Vec<Self> =
            missing.map(|session| Self::session([session].into_iter().collect())).collect();
        if self.below > stands.below {
            marks.push(Self::user(self.below));
        }
        marks
    }
}

/// The database: what was committed, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Database {
    commits: Vec<Commit>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Commit {
    mark: Marks,
    tag: u8,
    /// The version in the user's row.
    version: u8,
}

impl Database {
    fn commit(&mut self, mark: Marks, tag: u8, version: u8) -> Cursor {
        self.commits.push(Commit { mark, tag, version });
        self.head()
    }

    fn version(&self) -> u8 {
        self.commits.last().map_or(0, |commit| commit.version)
    }

    fn head(&self) -> Cursor {
        self.commits.last().map_or(Cursor::default(), |last| place(self.commits.len(), last.tag))
    }

    fn marks(&self) -> Marks {
        self.after(Cursor::default())
    }

    fn after(&self, cursor: Cursor) -> Marks {
        let mut marks = Marks::default();
        let passed = usize::try_from(cursor.seq).unwrap();
        self.commits.iter().skip(passed).for_each(|commit| marks.take(commit.mark));
        marks
    }

    /// Whether the cursor is of this history: `is_ours` of the stores.
    fn knows(&self, cursor: Cursor, by_tag: bool) -> bool {
        let Some(before) = usize::try_from(cursor.seq).unwrap().checked_sub(1) else { return true };
        self.commits.get(before).is_some_and(|commit| !by_tag || cursor == place(before + 1, commit.tag))
    }
}

fn place(seq: usize, tag: u8) -> Cursor {
    Cursor { seq: i64::try_from(seq).unwrap(), tag: [tag; 16] }
}
