//! The feed, and how fresh those may feel who follow it.
//!
//! A follower takes a snapshot, then reads events from one of several nodes, is cut off, and goes on where it was, perhaps
//! at another node. A node reads the ledger when it can: one that cannot for a while is a node that does not. Entries that
//! have expired are purged. What a follower may rely on is the moment that it calls itself fresh as of.

mod steps;

use crate::checking::{bound, holds, is_broken};

const HONEST: &str = "whoever is fresh as of a moment has seen all that was acknowledged before it";
const CAUGHT_UP: &str = "when nothing fails any more, a follower sees every cut and is as fresh as its node";

#[test]
fn a_follower_never_feels_fresher_than_it_is() {
    holds(Feed::as_built());
}

#[test]
fn a_follower_that_goes_on_at_another_node_does_not_either() {
    holds(Feed { nodes: 2, cuts: 1, ticks: bound(1, 2), breaks: 1, ..Feed::as_built() });
}

#[test]
fn a_heartbeat_with_the_time_of_sending_lets_a_cut_off_node_look_fresh() {
    is_broken(Feed { rule: Rule::TimeOfSending, ..Feed::as_built() }, HONEST);
}

#[test]
fn a_heartbeat_that_asks_for_the_freshness_last_overtakes_the_events() {
    is_broken(Feed { rule: Rule::AskedAfterwards, ..Feed::as_built() }, HONEST);
}

#[test]
fn a_node_that_is_fresh_before_it_passes_on_what_it_read_overtakes_the_events() {
    is_broken(Feed { rule: Rule::FreshBeforePassedOn, ..Feed::as_built() }, HONEST);
}

#[test]
fn a_reading_dated_by_its_end_calls_fresh_what_came_meanwhile() {
    is_broken(Feed { rule: Rule::DatedByItsEnd, ..Feed::as_built() }, HONEST);
}

struct Feed {
    rule: Rule,
    nodes: usize,
    cuts: usize,
    ticks: u8,
    /// How often the follower loses its connection, or its memory.
    breaks: u8,
}

/// An entry is of use for so many ticks.
const LIFE: u8 = 1;

impl Feed {
    fn as_built() -> Self {
        Self { rule: Rule::AsBuilt, nodes: 1, cuts: 2, ticks: 2, breaks: bound(1, 2) }
    }
}

/// The protocol, or one thing done otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AsBuilt,
    TimeOfSending,
    AskedAfterwards,
    FreshBeforePassedOn,
    DatedByItsEnd,
}
