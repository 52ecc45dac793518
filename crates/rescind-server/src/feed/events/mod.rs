//! `GET /api/v1/feed/events`

mod stream;
pub(in crate::feed) mod text;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rescind::ledger::Cursor;
use serde::Deserialize;
use tracing::Instrument as _;
use utoipa::IntoParams;

use self::stream::Stream;
use super::{body, tell_tenant};
use crate::app::App;
use crate::caller::Lasting;
use crate::http::{Code, Problem, Query};

/// The media type.
const CONTENT_TYPE: &str = "text/event-stream";

/// Where a client of Server-Sent Events that lost its connection says how far it came.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells nginx not to keep events back until it has more.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The cursor of a snapshot, or the `id` of the last event that was seen. Left out, as `Last-Event-ID` too: from now on.
    after: Option<String>,
}

/// Revocations, as they happen
///
/// Server-Sent Events: `revocation` with a mark, and `heartbeat` every five seconds with `seq` and `as_of`: this node has
/// read the ledger up to `seq`, and its last reading began at `as_of`. The `id` of each is where to go on from.
#[utoipa::path(
    get, path = "/api/v1/feed/events", tag = "Verifiers", operation_id = "feed_events",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The same as `after`, which must not say otherwise."),
    ),
    security(("bearer" = []), ("basic" = ["feed"])),
    responses(
        (status = 200, body = String, content_type = CONTENT_TYPE, description = "Events, until either side ends it.", headers(
            ("Rescind-Tenant" = String, description = "Whose marks there are: `*`, or the tenant that binds the client."),
        )),
        (status = 410, description = "What follows the cursor was purged, or it is of another history: take a snapshot."),
    )
)]
pub(crate) async fn events(
    State(app): State<App>,
    reader: Lasting,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let feed = app.authority.feed(&reader.caller)?;
    let after = resume_from(&headers, query.after.as_deref())?;
    let place = app.feed.readers.take()?;
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ]);
    tell_tenant(&feed, &mut headers);
    let stream = Stream::begin(app, feed, reader, after).await?;
    let (outlet, body) = body::channel();
    let reading = async move {
        stream.run(outlet).await;
        drop(place);
    };
    tokio::spawn(reading.in_current_span());
    Ok((headers, body).into_response())
}

/// The place after which the reader wants to go on; none: from now on.
fn resume_from(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let mut ids = headers.get_all(LAST_EVENT_ID).iter();
    let header = match (ids.next(), ids.next()) {
        (None, _) => None,
        (Some(id), None) => Some(cursor(id.to_str().ok(), "Last-Event-ID")?),
        (Some(_), Some(_)) => return Err(wrong("Last-Event-ID", "stands twice")),
    };
    let query = query.map(|after| cursor(Some(after), "after")).transpose()?;
    match (header, query) {
        (Some(header), Some(query)) if header != query => {
            Err(wrong("after", "says otherwise than `Last-Event-ID`"))
        }
        (header, query) => Ok(header.or(query)),
    }
}

fn cursor(text: Option<&str>, member: &str) -> Result<Cursor, Problem> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| wrong(member, "is not a cursor of this feed"))
}

fn wrong(member: &str, why: &str) -> Problem {
    Problem::new(Code::InvalidParameter).detail(format!("`{member}` {why}")).member(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1.a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7";
    const TWO: &str = "2.a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7";

    fn resumed(ids: &[&[u8]], after: Option<&str>) -> Result<Option<i64>, (Code, String)> {
        let mut headers = HeaderMap::new();
        for id in ids {
            headers.append(LAST_EVENT_ID, HeaderValue::from_bytes(id).unwrap());
        }
        match resume_from(&headers, after) {
            Ok(cursor) => Ok(cursor.map(|cursor| cursor.seq)),
            Err(problem) => Err((problem.code(), problem.explanation().to_owned())),
        }
    }

    #[test]
    fn a_reader_says_in_the_header_or_the_query_how_far_it_came() {
        assert_eq!(resumed(&[], None), Ok(None));
        assert_eq!(resumed(&[ONE.as_bytes()], None), Ok(Some(1)));
        assert_eq!(resumed(&[], Some(TWO)), Ok(Some(2)));
        assert_eq!(resumed(&[ONE.as_bytes()], Some(ONE)), Ok(Some(1)));
    }

    #[test]
    fn what_is_no_cursor_or_two_is_a_422_that_names_it() {
        let one = ONE.as_bytes();
        type Case<'a> = (&'a [&'a [u8]], Option<&'a str>, &'a str);
        let cases: [Case<'_>; 7] = [
            (&[one], Some(TWO), "`after`"),
            (&[one, one], None, "`Last-Event-ID`"),
            (&[b""], None, "`Last-Event-ID`"),
            (&[b"\xff"], None, "`Last-Event-ID`"),
            (&[b"7"], Some(ONE), "`Last-Event-ID`"),
            (&[], Some(""), "`after`"),
            (&[], Some("-1.a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7"), "`after`"),
        ];
        for (ids, after, named) in cases {
            let (code, detail) = resumed(ids, after).unwrap_err();
            assert_eq!(code, Code::InvalidParameter, "{ids:?} {after:?}");
            assert!(detail.starts_with(named), "{ids:?} {after:?}: {detail}");
        }
    }
}
