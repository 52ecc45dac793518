//! `/admin/clients`: the programs that may call, and what they may do.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use rescind::authority::{ClientRequest, NewSecret};
use rescind::directory::{ApiClient, Scope, Scopes};
use rescind::id::{ClientId, TenantId};
use rescind::store::PageRequest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use super::confirm::Confirmation;
use crate::http::{Code, Path, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, after};
use crate::site::form::{Asked, Fields};
use crate::site::notice::Done;
use crate::site::when::When;

const ROWS: u32 = 50;

/// What precedes a scope in the name of its checkbox.
const BOX: &str = "scope ";

#[derive(Template)]
#[template(path = "site/admin/clients.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
    scopes: [Scope; Scope::ALL.len()],
    own_tenant: Option<String>,
}

#[derive(Template)]
#[template(path = "site/admin/client_secret.html")]
struct SecretPage {
    shell: Shell,
    id: String,
    name: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "site/admin/client_rotate.html")]
struct RotatePage {
    shell: Shell,
    row: Row,
}

#[derive(Template)]
#[template(path = "site/admin/client_delete.html")]
struct DeletePage {
    shell: Shell,
    row: Row,
}

struct Row {
    id: String,
    path: String,
    name: String,
    scopes: String,
    tenant: Option<String>,
    created: When,
    last_used: Option<When>,
}

#[derive(Default, Deserialize)]
pub(super) struct Place {
    cursor: Option<String>,
}

/// A client to be made.
#[derive(Deserialize)]
pub(super) struct New {
    name: Option<String>,
    tenant_id: Option<Uuid>,
    refresh_requires_secret: Option<String>,
    password: Option<SecretString>,
    /// A checkbox for each scope.
    #[serde(flatten)]
    boxes: HashMap<String, String>,
}

/// Another secret for a client.
#[derive(Deserialize)]
pub(super) struct Rotation {
    /// For how long the old one stays good.
    overlap_hours: Option<u64>,
    password: Option<SecretString>,
}

pub(super) async fn page(desk: Desk, Asked(place): Asked<Place>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: place.cursor };
    let found = desk.authority().clients(desk.caller(), &request).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "API clients"),
        rows: found.items.into_iter().map(|client| row(&desk, client)).collect(),
        next: found.next_cursor.map(|cursor| {
            let cursor: String = form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
            format!("/admin/clients?cursor={cursor}")
        }),
        scopes: Scope::ALL,
        own_tenant: (!desk.is_operator()).then(|| desk.visitor.me.tenant.to_string()),
    })
}

/// The secret is in this answer and nowhere else.
pub(super) async fn create(desk: Desk, Fields(new): Fields<New>) -> Result<Response, Problem> {
    Confirmation::by(new.password).check(&desk, None).await?;
    let request = ClientRequest {
        name: new.name.unwrap_or_default(),
        scopes: scopes(&new.boxes)?,
        tenant: new.tenant_id.map(TenantId),
        refresh_requires_secret: new.refresh_requires_secret.is_some(),
    };
    let made = desk.authority().create_client(desk.caller(), request).await?;
    secret_page(&desk, made, Done::ClientCreated, StatusCode::CREATED)
}

/// What another secret does, and the form that makes it.
pub(super) async fn ask_secret(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    let row = row(&desk, client);
    Html::of(&RotatePage { shell: desk.shell(Area::Admin, "Another secret"), row })
}

pub(super) async fn rotate_secret(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Rotation>,
) -> Result<Response, Problem> {
    Confirmation::by(form.password).check(&desk, None).await?;
    let overlap = Duration::from_secs(form.overlap_hours.unwrap_or_default().saturating_mul(3600));
    let made = desk.authority().rotate_client_secret(desk.caller(), ClientId(id), overlap).await?;
    secret_page(&desk, made, Done::SecretRotated, StatusCode::OK)
}

/// What deleting a client would do, and the form that does it.
pub(super) async fn ask(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    let row = row(&desk, client);
    Html::of(&DeletePage { shell: desk.shell(Area::Admin, "Disable an API client"), row })
}

pub(super) async fn delete(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Redirect, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    form.check(&desk, Some(&client.name)).await?;
    desk.authority().delete_client(desk.caller(), client.id).await?;
    Ok(after("/admin/clients", Done::ClientDeleted))
}

fn scopes(boxes: &HashMap<String, String>) -> Result<Scopes, Problem> {
    let named = boxes.keys().filter_map(|name| name.strip_prefix(BOX));
    let scopes: Result<Scopes, _> = named.map(str::parse::<Scope>).collect();
    scopes.map_err(|_| Problem::new(Code::InvalidMember).member("scopes").detail("There is no such scope."))
}

fn secret_page(desk: &Desk, made: NewSecret, done: Done, status: StatusCode) -> Result<Response, Problem> {
    let page = SecretPage {
        shell: desk.shell_after(Area::Admin, "The secret of an API client", done),
        id: made.client.id.to_string(),
        name: made.client.name,
        secret: made.secret.expose_secret().to_owned(),
    };
    Ok((status, Html::of(&page)?).into_response())
}

fn row(desk: &Desk, client: ApiClient) -> Row {
    Row {
        path: format!("/admin/clients/{}", client.id),
        id: client.id.to_string(),
        scopes: client.scopes.to_string(),
        tenant: client.tenant.map(|tenant| tenant.to_string()),
        created: desk.when(client.created_at),
        last_used: client.last_used_at.map(|at| desk.when(at)),
        name: client.name,
    }
}
