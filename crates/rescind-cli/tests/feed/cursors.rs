//! Cursors that the feed cannot go on from.

use std::path::Path;

use rescind_testkit::process::{Client, Credentials, Reply};

use super::cuts::cut;
use super::reader::{BEGINNING, End, Events, HEAD};
use super::support::{Desk, House};

async fn refusal(desk: &Desk, client: &Client, query: &str, last: Option<&str>) -> Reply {
    match Events::open(&desk.api, Credentials::Basic(client), query, last).await {
        Ok(_) => panic!("`{query}` and {last:?} are taken"),
        Err(refusal) => refusal,
    }
}

async fn head(desk: &Desk, client: &Client) -> String {
    desk.api.get(HEAD, Credentials::Basic(client)).await.expect(200).text("cursor").to_owned()
}

/// Turns the ledger into another with the same entries, as after a restored backup.
pub(crate) fn change_history(data: &Path) {
    let database = rusqlite::Connection::open(data.join("rescind.db")).expect("a database");
    database.busy_timeout(super::reader::LIMIT).expect("patience");
    let changed = "BEGIN IMMEDIATE; UPDATE batches SET tag = randomblob(16);
        UPDATE head SET tag = (SELECT tag FROM batches ORDER BY last_seq DESC LIMIT 1); COMMIT";
    database.execute_batch(changed).expect("another history");
}

#[tokio::test]
async fn a_cursor_of_another_history_is_gone() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    for jti in ["a", "b", "c"] {
        cut(&desk, jti).await;
    }
    let last = head(&desk, &client).await;
    let tag = last.split_once('.').expect("a cursor").1.to_owned();
    let garbled: String = tag.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
    let (ahead, far) = (format!("4.{tag}"), format!("{}.{tag}", i64::MAX));
    for cursor in [format!("3.{garbled}"), format!("1.{tag}"), ahead, far, format!("0.{tag}")] {
        refusal(&desk, &client, &format!("?after={cursor}"), None).await.refuses(410, "cursor_gone");
        refusal(&desk, &client, "", Some(&cursor)).await.refuses(410, "cursor_gone");
    }
    let mut events = Events::after(&desk.api, &client, &last).await;
    let told = events.heartbeat().await;
    assert_eq!((told.id.as_str(), told.seq()), (last.as_str(), 3));

    // While somebody reads: the stream ends, and whoever comes again is told why.
    change_history(server.data_dir());
    assert_eq!(events.ends().await, End::InOrder);
    refusal(&desk, &client, "", Some(&last)).await.refuses(410, "cursor_gone");
    let mut events = Events::after(&desk.api, &client, &head(&desk, &client).await).await;
    cut(&desk, "d").await;
    assert_eq!(events.revocation().await.seq(), 4);
}

#[tokio::test]
async fn what_is_no_cursor_is_told_apart() {
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    cut(&desk, "a").await;
    let last = head(&desk, &client).await;
    let cases = [
        ("?after=", None, "after"),
        ("?after=7", None, "after"),
        ("?after=-1.00000000000000000000000000000000", None, "after"),
        ("", Some("nonsense"), "Last-Event-ID"),
        (&format!("?after={BEGINNING}"), Some(last.as_str()), "after"),
    ];
    for (query, id, member) in cases {
        let refused = refusal(&desk, &client, query, id).await.refuses(422, "invalid_parameter");
        assert_eq!(refused.text("member"), member, "{query} {id:?}");
    }
    for query in ["?aftr=1", "?after=1&after=1", "?limit=1"] {
        refusal(&desk, &client, query, None).await.refuses(422, "invalid_parameter");
    }
    // Said twice, and the same, is said.
    let caller = Credentials::Basic(&client);
    Events::open(&desk.api, caller, &format!("?after={last}"), Some(&last)).await.expect("200");
    let mut all = Events::after(&desk.api, &client, BEGINNING).await;
    assert_eq!(all.until_caught_up(1).await.len(), 1);
}
