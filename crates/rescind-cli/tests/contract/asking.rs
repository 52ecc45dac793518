//! Asking for lists, and asking again until something has come to pass.

use std::time::Duration;

use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::Value;

/// Longer than anything here takes on a loaded machine: a hang becomes a failure with a name.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at what has no event to wait for from outside.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The items of one page of a list.
pub(crate) async fn items(api: &Api, caller: Credentials<'_>, path: &str) -> Vec<Value> {
    let reply = api.get(path, caller).await.expect(200);
    reply.json["items"].as_array().cloned().unwrap_or_else(|| panic!("no items in {reply:?}"))
}

/// Asks until the answer is the wanted one.
pub(crate) async fn until(
    api: &Api,
    caller: Credentials<'_>,
    path: &str,
    wanted: impl Fn(&Reply) -> bool,
) -> Reply {
    let answered = async {
        loop {
            let reply = api.get(path, caller).await;
            if wanted(&reply) {
                break reply;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, answered).await;
    waited.unwrap_or_else(|_| panic!("GET {path} is never answered as wanted"))
}
