//! `/admin/tenants`: all of them, for operators.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use rescind::store::PageRequest;
use serde::Deserialize;

use crate::http::Problem;
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address};
use crate::site::form::Asked;
use crate::site::when::When;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "site/admin/tenants.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    path: String,
    slug: String,
    name: String,
    suspended: bool,
    created: When,
}

#[derive(Default, Deserialize)]
pub(super) struct Place {
    cursor: Option<String>,
}

/// A tenant's administrator is led to that tenant.
pub(super) async fn page(desk: Desk, Asked(place): Asked<Place>) -> Result<Response, Problem> {
    if !desk.is_operator() {
        return Ok(Redirect::to(&super::tenant::path(desk.visitor.me.tenant)).into_response());
    }
    let found =
        desk.authority().tenants(desk.caller(), &PageRequest { limit: ROWS, cursor: place.cursor }).await?;
    let rows = found.items.into_iter().map(|tenant| Row {
        path: super::tenant::path(tenant.id),
        slug: tenant.slug,
        name: tenant.name,
        suspended: tenant.suspended,
        created: desk.when(tenant.created_at),
    });
    let page = Page {
        rows: rows.collect(),
        next: found.next_cursor.map(|cursor| address("/admin/tenants", [("cursor", Some(cursor.as_str()))])),
        shell: desk.shell(Area::Admin, "Tenants"),
    };
    Ok(Html::of(&page)?.into_response())
}
