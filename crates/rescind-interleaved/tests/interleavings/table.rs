//! The flat table: a reader sees a mark as a whole or not at all.

use std::sync::Arc;

use rescind_interleaved::replica::bare::Table;
use shuttle::thread;

use crate::world::after;

const ONE: u128 = 0x1111 << 64 | 0x2222;
const OTHER: u128 = 0x3333 << 64 | 0x4444;

/// Every order there is.
#[test]
fn a_key_is_never_read_by_halves() {
    shuttle::check_dfs(
        || {
            let table = Arc::new(Table::with_room(4));
            let writer = Arc::clone(&table);
            let writing = thread::spawn(move || writer.insert(ONE, after(60)));
            for half in [ONE & u128::from(u64::MAX), ONE >> 64 << 64] {
                assert_eq!(table.expiry(half), None, "a mark that was never made");
            }
            let found = table.expiry(ONE);
            assert!(found.is_none() || found == Some(after(60)));
            writing.join().unwrap();
            assert_eq!(table.expiry(ONE), Some(after(60)), "what was inserted is found");
        },
        None,
    );
}

/// One mark comes beside another whose end moves: neither is lost, and no mixture of both is found.
#[test]
fn marks_side_by_side_are_not_mixed() {
    shuttle::check_dfs(
        || {
            let table = Arc::new(Table::with_room(4));
            table.insert(ONE, after(60));
            let writer = Arc::clone(&table);
            let writing = thread::spawn(move || {
                writer.prolong_first(after(120));
                writer.insert(OTHER, after(60));
            });
            let mixed = OTHER >> 64 << 64 | ONE & u128::from(u64::MAX);
            assert_eq!(table.expiry(mixed), None, "a mark that was never made");
            let stands = table.expiry(ONE).unwrap();
            assert!([after(60), after(120)].contains(&stands), "{stands}");
            writing.join().unwrap();
            assert_eq!((table.expiry(ONE), table.expiry(OTHER)), (Some(after(120)), Some(after(60))));
        },
        None,
    );
}
