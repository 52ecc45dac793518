//! The last places of the ledger that a replica came past.
//!
//! Whoever was told where the ledger ends finds the replica there or beyond. Beyond says nothing by itself: a ledger that was
//! restored may have grown again, by other entries, to less than the replica has read of the one before. That the
//! replica came past that very place, tag and all, says everything.

use std::collections::VecDeque;

use crate::ledger::Cursor;

/// So many places are remembered: more than are written while somebody asks where the ledger ends.
const MOST: usize = 4096;

/// Places in the order in which a replica came past them: each with a higher `seq` than the one before.
#[derive(Debug, Default)]
pub(super) struct Path(VecDeque<Cursor>);

impl Path {
    /// Goes on, to a place beyond the last.
    pub(super) fn go_on(&mut self, place: Cursor) {
        if self.0.back().is_some_and(|last| place.seq <= last.seq) {
            return;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(place);
    }

    /// Begins anew, at a place that was not come to by going on.
    pub(super) fn begin_at(&mut self, place: Cursor) {
        self.0.clear();
        self.0.push_back(place);
    }

    /// Whether it came past just there.
    pub(super) fn holds(&self, place: Cursor) -> bool {
        self.0.binary_search_by_key(&place.seq, |passed| passed.seq).is_ok_and(|at| self.0[at] == place)
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Cursor>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: i64, tag: u8) -> Cursor {
        Cursor { seq, tag: [tag; 16] }
    }

    #[test]
    fn a_place_is_known_by_its_tag() {
        let mut path = Path::default();
        path.begin_at(place(3, 1));
        path.go_on(place(4, 2));
        path.go_on(place(7, 3));
        for passed in [place(3, 1), place(4, 2), place(7, 3)] {
            assert!(path.holds(passed), "{passed}");
        }
        for other in [place(2, 1), place(4, 1), place(5, 2), place(7, 2), place(8, 3)] {
            assert!(!path.holds(other), "{other}");
        }
        path.go_on(place(6, 9));
        assert!(!path.holds(place(6, 9)), "nobody goes back");
        path.begin_at(place(2, 8));
        assert!(path.holds(place(2, 8)) && !path.holds(place(4, 2)));
    }

    #[test]
    fn the_last_places_are_remembered_and_no_more() {
        let mut path = Path::default();
        let most = i64::try_from(MOST).unwrap();
        (1..=2 * most).for_each(|seq| path.go_on(place(seq, 1)));
        assert!(path.holds(place(2 * most, 1)) && path.holds(place(most + 1, 1)));
        assert!(!path.holds(place(most, 1)));
        assert_eq!(path.0.len(), MOST);
    }
}
