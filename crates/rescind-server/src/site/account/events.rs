//! `/account/events`: what happened to the account.

use askama::Template;
use rescind::audit::{AuditEntry, action};
use rescind::store::PageRequest;
use serde::Deserialize;

use crate::http::Problem;
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address};
use crate::site::form::Asked;
use crate::site::when::When;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "site/account/events.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    at: When,
    what: String,
    reason: Option<String>,
    grave: bool,
}

#[derive(Default, Deserialize)]
pub(super) struct Place {
    cursor: Option<String>,
}

pub(super) async fn page(desk: Desk, Asked(place): Asked<Place>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: place.cursor };
    let found = desk.authority().own_events(desk.caller(), &request).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Account, "Security events"),
        rows: found.items.into_iter().map(|entry| row(&desk, entry)).collect(),
        next: found.next_cursor.map(|cursor| address("/account/events", [("cursor", Some(cursor.as_str()))])),
    })
}

fn row(desk: &Desk, entry: AuditEntry) -> Row {
    Row {
        at: desk.when(entry.at),
        grave: entry.action == action::REFRESH_REUSE_DETECTED,
        what: sentence(&entry),
        reason: entry.reason,
    }
}

/// What an entry means to the user whom it is about.
fn sentence(entry: &AuditEntry) -> String {
    let from = entry.ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    match entry.action.as_str() {
        action::SIGNED_IN => format!("Signed in{from}"),
        action::SESSION_OPENED => format!("Signed in by an application{from}"),
        action::SESSION_REVOKED => format!("A device was signed out{from}"),
        action::SESSION_RENAMED => format!("A device was renamed{from}"),
        action::SESSION_DISPLACED => "A device was signed out, since there were too many".to_owned(),
        action::REFRESH_REUSE_DETECTED => {
            format!("A stolen token was blocked{from}, and its device signed out")
        }
        action::TOKEN_REVOKED => format!("An access token was revoked{from}"),
        action::USER_REVOKED => format!("Signed out everywhere{from}"),
        action::OTHER_SESSIONS_REVOKED => format!("All other devices were signed out{from}"),
        action::PASSWORD_CHANGED => format!("The password was changed{from}"),
        action::USER_REGISTERED => format!("The account was made{from}"),
        action::USER_CREATED => "The account was made".to_owned(),
        action::USER_UPDATED => "The account was changed by an administrator".to_owned(),
        other => other.replace('_', " "),
    }
}
