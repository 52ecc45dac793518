//! `/admin/revocations`: what was revoked.

use std::str::FromStr;

use askama::Template;
use rescind::audit::Actor;
use rescind::id::UserId;
use rescind::ledger::{CutKind, Entry, EntryFilter};
use rescind::store::{Page as Found, PageRequest};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::since::Since;
use crate::http::Problem;
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address};
use crate::site::form::Asked;
use crate::site::walk;
use crate::site::when::When;
use crate::view::RevocationView;

/// How many stand on a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "site/admin/revocations.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    user: String,
    actor: String,
    since: String,
    kinds: [CutKind; CutKind::ALL.len()],
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    at: When,
    kind: &'static str,
    key: String,
    user: Option<String>,
    tenant: Option<String>,
    expires: Option<When>,
    reason: Option<String>,
    /// None: not this visitor's business.
    by: Option<String>,
}

/// What is searched by.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Filter {
    jti: Option<String>,
    user_id: Option<Uuid>,
    #[serde(default, deserialize_with = "word")]
    actor: Option<Actor>,
    #[serde(default, deserialize_with = "word")]
    kind: Option<CutKind>,
    since: Option<Since>,
    cursor: Option<String>,
}

pub(super) async fn page(desk: Desk, Asked(filter): Asked<Filter>) -> Result<Html, Problem> {
    let found = find(&desk, &filter).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "Revocations"),
        rows: found.items.into_iter().map(|entry| row(&desk, entry)).collect(),
        next: found.next_cursor.map(|cursor| filter.next_page(&cursor)),
        kinds: CutKind::ALL,
        user: filter.user_id.map(|id| id.to_string()).unwrap_or_default(),
        actor: filter.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        since: filter.since.map(Since::for_input).unwrap_or_default(),
        filter,
    })
}

/// By a jti there is one or none; else a page of them.
async fn find(desk: &Desk, filter: &Filter) -> Result<Found<Entry>, Problem> {
    let (authority, caller) = (desk.authority(), desk.caller());
    if let Some(jti) = &filter.jti {
        let items = match authority.revocation(caller, jti.trim()).await {
            Ok(entry) => vec![entry],
            Err(rescind::authority::Error::NotFound) => Vec::new(),
            Err(other) => return Err(other.into()),
        };
        return Ok(Found { items, next_cursor: None });
    }
    let page = PageRequest { limit: ROWS, cursor: filter.cursor.clone() };
    let wanted = EntryFilter {
        kind: filter.kind,
        user: filter.user_id.map(UserId),
        actor: filter.actor,
        since: filter.since.map(Since::timestamp),
        walk: Some(walk::ENTRIES),
        ..EntryFilter::default()
    };
    Ok(authority.revocations(caller, wanted, &page).await?)
}

impl Filter {
    /// The address of the page that follows.
    fn next_page(&self, cursor: &str) -> String {
        let user = self.user_id.map(|id| id.to_string());
        let (actor, since) = (self.actor.map(|actor| actor.to_string()), self.since.map(Since::for_input));
        let asked = [
            ("user_id", user.as_deref()),
            ("actor", actor.as_deref()),
            ("kind", self.kind.map(CutKind::as_str)),
            ("since", since.as_deref()),
            ("cursor", Some(cursor)),
        ];
        address("/admin/revocations", asked)
    }
}

fn row(desk: &Desk, entry: Entry) -> Row {
    let view = RevocationView::from(entry);
    Row {
        at: desk.when(view.revoked_at),
        kind: view.kind,
        key: view.key,
        user: view.user_id.map(|id| id.to_string()),
        tenant: view.tenant_id.map(|id| id.to_string()),
        expires: view.expires_at.map(|at| desk.when(at)),
        reason: view.reason,
        by: (desk.is_operator() || view.tenant_id.is_some()).then_some(view.revoked_by),
    }
}

/// One of the words that the list is written in.
fn word<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.trim()
        .parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom("no such thing in the list of revocations"))
}
