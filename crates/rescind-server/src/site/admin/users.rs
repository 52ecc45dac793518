//! `/admin/users`: search.

use std::collections::HashMap;

use askama::Template;
use rescind::directory::{User, UserFilter};
use rescind::id::TenantId;
use rescind::store::{Page as Found, PageRequest};
use serde::Deserialize;
use uuid::Uuid;

use crate::http::Problem;
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address};
use crate::site::form::Asked;
use crate::site::walk;
use crate::site::when::When;

/// How many stand on a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "site/admin/users.html")]
struct Page {
    shell: Shell,
    query: String,
    tenant: String,
    /// How many were found, for those who do not see the list follow what they type.
    tally: String,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    path: String,
    email: String,
    tenant: String,
    role: String,
    disabled: bool,
    created: When,
}

#[derive(Default, Deserialize)]
pub(super) struct Search {
    query: Option<String>,
    tenant_id: Option<Uuid>,
    cursor: Option<String>,
}

pub(super) async fn page(desk: Desk, Asked(search): Asked<Search>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: search.cursor };
    let is_first = request.cursor.is_none();
    let tenant = search.tenant_id.map(TenantId);
    let query = search.query.map(|query| query.trim().to_owned()).filter(|query| !query.is_empty());
    let found = find(&desk, tenant, query.clone(), &request).await?;
    let slugs = slugs(&desk, &found.items).await?;
    let named = search.tenant_id.map(|id| id.to_string()).unwrap_or_default();
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "Users"),
        rows: found.items.iter().map(|user| row(&desk, user, &slugs)).collect(),
        tally: tally(found.items.len(), is_first, found.next_cursor.is_some()),
        next: found.next_cursor.map(|cursor| {
            let tenant = search.tenant_id.is_some().then_some(named.as_str());
            let asked = [("query", query.as_deref()), ("tenant_id", tenant), ("cursor", Some(&cursor))];
            address("/admin/users", asked)
        }),
        query: query.clone().unwrap_or_default(),
        tenant: named.clone(),
    })
}

/// Whoever has exactly this address or id comes first, wherever the list has them, and is not shown again there.
async fn find(
    desk: &Desk,
    tenant: Option<TenantId>,
    query: Option<String>,
    page: &PageRequest,
) -> Result<Found<User>, Problem> {
    let wanted =
        UserFilter { tenant, query: query.clone(), walk: Some(walk::USERS), ..UserFilter::default() };
    let mut found = desk.authority().users(desk.caller(), wanted, page).await?;
    let Some(text) = query else { return Ok(found) };
    let named = named(desk, tenant, text).await?;
    let is_named = |user: &User| named.iter().any(|named| (named.tenant, named.id) == (user.tenant, user.id));
    found.items.retain(|user| !is_named(user));
    if page.cursor.is_none() {
        found.items.splice(0..0, named);
    }
    Ok(found)
}

/// Whom a text names: by the address or by the id one of each tenant at most.
async fn named(desk: &Desk, tenant: Option<TenantId>, text: String) -> Result<Vec<User>, Problem> {
    let wanted = match text.parse() {
        Ok(id) => UserFilter { tenant, id: Some(id), ..UserFilter::default() },
        Err(_) => UserFilter { tenant, email: Some(text), ..UserFilter::default() },
    };
    let page = PageRequest { limit: ROWS, cursor: None };
    Ok(desk.authority().users(desk.caller(), wanted, &page).await?.items)
}

/// The short names of tenants.
type Slugs = HashMap<TenantId, String>;

async fn slugs(desk: &Desk, users: &[User]) -> Result<Slugs, Problem> {
    let mut slugs = Slugs::new();
    for user in users {
        if !slugs.contains_key(&user.tenant) {
            let tenant = desk.authority().tenant(desk.caller(), user.tenant).await?;
            slugs.insert(tenant.id, tenant.slug);
        }
    }
    Ok(slugs)
}

fn tally(shown: usize, is_first: bool, has_more: bool) -> String {
    match (shown, is_first, has_more) {
        (0, true, false) => "No user was found.".to_owned(),
        (0, false, false) => "Nobody else was found.".to_owned(),
        (0, _, true) => "Nobody so far. There is more to search.".to_owned(),
        (1, true, false) => "One user was found.".to_owned(),
        (count, true, false) => format!("{count} users were found."),
        (1, _, _) => "One user is shown.".to_owned(),
        (count, true, true) => format!("The first {count} users are shown."),
        (count, false, _) => format!("{count} more users are shown."),
    }
}

fn row(desk: &Desk, user: &User, slugs: &Slugs) -> Row {
    Row {
        path: super::user::path(user.tenant, user.id),
        email: user.email.clone(),
        tenant: slugs.get(&user.tenant).cloned().unwrap_or_else(|| user.tenant.to_string()),
        role: user.role.clone(),
        disabled: user.disabled,
        created: desk.when(user.created_at),
    }
}
