//! A reader of the feed, as an outsider would write it.

use std::time::Duration;

use reqwest::Method;
use rescind_testkit::process::{Api, Client, Credentials, Reply};
use serde_json::Value;

pub(crate) const EVENTS: &str = "/api/v1/feed/events";
pub(crate) const SNAPSHOT: &str = "/api/v1/feed/snapshot";
pub(crate) const HEAD: &str = "/api/v1/feed/head";

/// From the beginning of the ledger.
pub(crate) const BEGINNING: &str = "0.00000000000000000000000000000000";

/// Longer than anything takes on a loaded machine: a hang becomes a failure with a name.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// What `future` comes to, unless it hangs.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let asked = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(LIMIT, future).await;
        outcome.unwrap_or_else(|_| panic!("nothing comes of what is waited for at {asked}"))
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Event {
    pub(crate) fn seq(&self) -> i64 {
        self.data["seq"].as_i64().expect("a seq")
    }

    pub(crate) fn is_heartbeat(&self) -> bool {
        self.kind == "heartbeat"
    }
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As an answer ends.
    InOrder,
    /// The connection broke.
    Broken,
}

/// A connection to the events.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    /// From now on: after the first heartbeat, nothing is missed.
    pub(crate) async fn from_now(api: &Api, client: &Client) -> Self {
        let mut events = Self::open(api, Credentials::Basic(client), "", None).await.expect("200");
        assert!(events.next().await.expect("a first event").is_heartbeat());
        events
    }

    /// After a cursor.
    pub(crate) async fn after(api: &Api, client: &Client, cursor: &str) -> Self {
        let query = format!("?after={cursor}");
        Self::open(api, Credentials::Basic(client), &query, None).await.expect("200")
    }

    /// With a query and a `Last-Event-ID`; the refusal where there is one.
    pub(crate) async fn open(
        api: &Api,
        caller: Credentials<'_>,
        query: &str,
        last: Option<&str>,
    ) -> Result<Self, Reply> {
        let mut request = api.request(Method::GET, &format!("{EVENTS}{query}"), caller);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let again = request.try_clone().expect("no body");
        let response = soon(api.stream(request)).await.expect("an answer");
        if response.status() != 200 {
            return Err(api.finish(again).await);
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(!response.headers().contains_key("content-encoding"));
        Ok(Self { response, text: String::new() })
    }

    /// Whose marks there are.
    pub(crate) fn tenant(&self) -> &str {
        self.response.headers()["rescind-tenant"].to_str().expect("an id, or `*`")
    }

    /// The next event, or how it ended.
    pub(crate) async fn next(&mut self) -> Result<Event, End> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = parse(event);
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Ok(event),
                    None => continue,
                }
            }
            match soon(self.response.chunk()).await {
                Ok(Some(bytes)) => self.text += std::str::from_utf8(&bytes).expect("events are ASCII here"),
                Ok(None) => return Err(End::InOrder),
                Err(_) => return Err(End::Broken),
            }
        }
    }

    /// The next revocation.
    pub(crate) async fn revocation(&mut self) -> Event {
        self.first(|event| !event.is_heartbeat()).await
    }

    /// So many revocations.
    pub(crate) async fn revocations(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.revocation().await);
        }
        events
    }

    /// All revocations until the node has come to `seq` itself, and says that there are no more.
    pub(crate) async fn until_caught_up(&mut self, seq: usize) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.first(|_| true).await {
                event if !event.is_heartbeat() => events.push(event),
                beat if beat.seq() >= i64::try_from(seq).expect("a seq") => return events,
                _ => {}
            }
        }
    }

    /// The next heartbeat.
    pub(crate) async fn heartbeat(&mut self) -> Event {
        self.first(Event::is_heartbeat).await
    }

    /// The next event of that kind.
    pub(crate) async fn first(&mut self, is_wanted: impl Fn(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = self.next().await.unwrap_or_else(|end| panic!("it ended: {end:?}"));
                if is_wanted(&event) {
                    return event;
                }
            }
        };
        soon(found).await
    }

    /// Reads on until it ends.
    pub(crate) async fn ends(&mut self) -> End {
        let ended = async {
            loop {
                if let Err(end) = self.next().await {
                    return end;
                }
            }
        };
        soon(ended).await
    }
}

/// None for a comment.
fn parse(text: &str) -> Option<Event> {
    let field = |name: &str| {
        let values: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect();
        assert!(values.len() <= 1, "{text}");
        values.first().map(|value| (*value).to_owned())
    };
    if text.lines().all(|line| line.starts_with(':')) {
        return None;
    }
    let data = field("data").expect("data");
    Some(Event {
        kind: field("event").expect("event"),
        id: field("id").expect("id"),
        data: serde_json::from_str(&data).expect("JSON"),
    })
}

/// The seqs of some events or marks.
pub(crate) fn seqs<'a>(marks: impl IntoIterator<Item = &'a Value>) -> Vec<i64> {
    marks.into_iter().map(|mark| mark["seq"].as_i64().expect("a seq")).collect()
}

/// The marks of events.
pub(crate) fn marks(events: &[Event]) -> Vec<Value> {
    events.iter().map(|event| event.data.clone()).collect()
}
