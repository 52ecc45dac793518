//! A reader that loses its connection, again and again, misses nothing and gets nothing twice.

use rescind_testkit::process::{Client, Credentials};

use super::cuts::{as_marks, cut, ledger, one_of_each, without_versions};
use super::flood::many;
use super::reader::{BEGINNING, Event, Events, marks};
use super::support::{Desk, House};

/// Numbers without a pattern, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Reads from `cursor` until it has `count`, hanging up after a few events each time.
async fn read_in_bits(desk: Desk, client: Client, mut numbers: Numbers, count: usize) -> Vec<Event> {
    let (mut got, mut last): (Vec<Event>, _) = (Vec::new(), BEGINNING.to_owned());
    while got.len() < count {
        let caller = Credentials::Basic(&client);
        let opened = match numbers.below(3) {
            0 => Events::open(&desk.api, caller, &format!("?after={last}"), None).await,
            1 => Events::open(&desk.api, caller, "", Some(&last)).await,
            _ => Events::open(&desk.api, caller, &format!("?after={last}"), Some(&last)).await,
        };
        let mut events = opened.unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let bit = if numbers.below(10) == 0 { count as u64 } else { numbers.below(60) };
        for _ in 0..bit {
            if got.len() == count {
                break;
            }
            let event = events.next().await.expect("an event");
            last.clone_from(&event.id);
            if !event.is_heartbeat() {
                got.push(event);
            }
        }
    }
    got
}

/// Several at once, while cuts go on, at different places and paces.
#[tokio::test(flavor = "multi_thread")]
async fn reconnecting_at_random_skips_nothing_and_repeats_nothing() {
    const CUTS: usize = 1_500;
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let before = one_of_each(&desk).await.len();
    let mut readers = tokio::task::JoinSet::new();
    for seed in 1..=5 {
        readers.spawn(read_in_bits(desk.clone(), client.clone(), Numbers(seed), before + CUTS));
    }
    many(&desk, "jti-", CUTS).await;
    let expected = as_marks(&ledger(&desk).await);
    assert_eq!(expected.len(), before + CUTS);
    for got in readers.join_all().await {
        assert_eq!(without_versions(&marks(&got)), expected);
    }
}

/// Nor where it is the server that goes, whatever it was doing.
#[tokio::test]
async fn a_killed_server_goes_on_where_it_was() {
    let House { mut server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let mut events = Events::from_now(&desk.api, &client).await;
    for jti in ["a", "b", "c"] {
        cut(&desk, jti).await;
    }
    let mut got = events.revocations(2).await;
    server.kill9().await;
    server.restart().await;
    cut(&desk, "d").await;
    let mut events = Events::after(&desk.api, &client, &got[1].id).await;
    got.extend(events.revocations(2).await);
    cut(&desk, "e").await;
    got.push(events.revocation().await);
    assert_eq!(without_versions(&marks(&got)), as_marks(&ledger(&desk).await));
}

/// A reader far behind is given what the node no longer holds from the store, and what comes meanwhile after it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_far_behind_catches_up_while_cuts_go_on() {
    const CUTS: usize = 9_000;
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    // Somebody listens, so that the node holds what it reads, and lets go of the oldest.
    let listening = Events::from_now(&desk.api, &client).await;
    let mut behind = tokio::task::JoinSet::new();
    let going_on = desk.clone();
    let cutting = tokio::spawn(async move { many(&going_on, "jti-", CUTS).await });
    for _ in 0..3 {
        let mut events = Events::after(&desk.api, &client, BEGINNING).await;
        behind.spawn(async move { events.revocations(CUTS).await });
    }
    cutting.await.expect("cut");
    let expected = as_marks(&ledger(&desk).await);
    let mut late = Events::after(&desk.api, &client, BEGINNING).await;
    assert_eq!(without_versions(&marks(&late.until_caught_up(CUTS).await)), expected);
    for got in behind.join_all().await {
        assert_eq!(without_versions(&marks(&got)), expected);
    }
    drop(listening);
}
