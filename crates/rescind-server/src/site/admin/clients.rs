//! `/admin/clients`: the programs that may call, and what they may do.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use rescind::authority::{ClientRequest, NewSecret};
use rescind::directory::{ApiClient, Scope, Scopes};
use rescind::id::{ClientId, TenantId};
use rescind::store::PageRequest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use super::confirm::{Confirmation, Filled};
use crate::http::{Code, Path, Problem};
use crate::site::area::Area;
use crate::site::cookies::{self, Changes};
use crate::site::desk::{Desk, Html, Shell, address, after};
use crate::site::form::{Asked, Fields};
use crate::site::notice::Done;
use crate::site::trouble::Trouble;
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
    /// The form, as it was filled in, and what was wrong with it.
    new: New,
    trouble: Option<Trouble>,
}

#[derive(Template)]
#[template(path = "site/admin/client_secret.html")]
struct SecretPage {
    shell: Shell,
    id: String,
    name: String,
    path: String,
    /// None: it was shown before.
    secret: Option<String>,
}

#[derive(Template)]
#[template(path = "site/admin/client_rotate.html")]
struct RotatePage {
    shell: Shell,
    row: Row,
    overlap_hours: u64,
    trouble: Option<Trouble>,
}

#[derive(Template)]
#[template(path = "site/admin/client_delete.html")]
struct DeletePage {
    shell: Shell,
    row: Row,
    filled: Filled,
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
#[derive(Default, Deserialize)]
pub(super) struct New {
    name: Option<String>,
    tenant_id: Option<String>,
    refresh_requires_secret: Option<String>,
    password: Option<SecretString>,
    /// A checkbox for each scope.
    #[serde(flatten)]
    boxes: HashMap<String, String>,
}

impl New {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn tenant_id(&self) -> &str {
        self.tenant_id.as_deref().unwrap_or_default()
    }

    fn asks_for(&self, scope: &Scope) -> bool {
        self.boxes.contains_key(&format!("{BOX}{}", scope.as_str()))
    }

    fn request(&self) -> Result<ClientRequest, Problem> {
        Ok(ClientRequest {
            name: self.name().to_owned(),
            scopes: scopes(&self.boxes)?,
            tenant: self.tenant_id.as_deref().map(tenant).transpose()?,
            refresh_requires_secret: self.refresh_requires_secret.is_some(),
        })
    }
}

/// Another secret for a client.
#[derive(Deserialize)]
pub(super) struct Rotation {
    /// For how long the old one stays good.
    overlap_hours: Option<u64>,
    password: Option<SecretString>,
}

pub(super) async fn page(desk: Desk, Asked(place): Asked<Place>) -> Result<Html, Problem> {
    list(&desk, place, New::default(), None).await
}

async fn list(desk: &Desk, place: Place, new: New, trouble: Option<Trouble>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: place.cursor };
    let found = desk.authority().clients(desk.caller(), &request).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "API clients"),
        rows: found.items.into_iter().map(|client| row(desk, client)).collect(),
        next: found.next_cursor.map(|cursor| address("/admin/clients", [("cursor", Some(cursor.as_str()))])),
        scopes: Scope::ALL,
        own_tenant: (!desk.is_operator()).then(|| desk.visitor.me.tenant.to_string()),
        new,
        trouble,
    })
}

pub(super) async fn create(desk: Desk, Fields(new): Fields<New>) -> Result<Response, Problem> {
    match make(&desk, &new).await {
        Ok(made) => Ok(to_secret(&made, Done::ClientCreated)),
        Err(problem) => {
            let trouble = Trouble::of(problem)?;
            let refused = trouble.refused();
            Ok(refused.with(list(&desk, Place::default(), new, Some(trouble)).await?))
        }
    }
}

async fn make(desk: &Desk, new: &New) -> Result<NewSecret, Problem> {
    Confirmation::by(new.password.clone()).check(desk, None).await?;
    Ok(desk.authority().create_client(desk.caller(), new.request()?).await?)
}

/// What another secret does, and the form that makes it.
pub(super) async fn ask_secret(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    show_rotation(&desk, id, 0, None).await
}

async fn show_rotation(
    desk: &Desk,
    id: Uuid,
    overlap_hours: u64,
    trouble: Option<Trouble>,
) -> Result<Html, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    let row = row(desk, client);
    let shell = desk.shell(Area::Admin, "Another secret");
    Html::of(&RotatePage { shell, row, overlap_hours, trouble })
}

pub(super) async fn rotate_secret(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Rotation>,
) -> Result<Response, Problem> {
    let hours = form.overlap_hours.unwrap_or_default();
    match rotate(&desk, id, hours, form.password).await {
        Ok(made) => Ok(to_secret(&made, Done::SecretRotated)),
        Err(problem) => {
            let trouble = Trouble::of(problem)?;
            let refused = trouble.refused();
            Ok(refused.with(show_rotation(&desk, id, hours, Some(trouble)).await?))
        }
    }
}

async fn rotate(
    desk: &Desk,
    id: Uuid,
    hours: u64,
    password: Option<SecretString>,
) -> Result<NewSecret, Problem> {
    Confirmation::by(password).check(desk, None).await?;
    let overlap = Duration::from_secs(hours.saturating_mul(3600));
    Ok(desk.authority().rotate_client_secret(desk.caller(), ClientId(id), overlap).await?)
}

/// Leads from the form to the page that shows the secret, so that loading it again makes no other one. The browser brings the secret there,
/// in a cookie: it stands in no address, and whichever node answers need not know it.
fn to_secret(made: &NewSecret, done: Done) -> Response {
    let mut response = after(&format!("/admin/clients/{}/new-secret", made.client.id), done).into_response();
    Changes::default().hand_secret(&made.client.id.to_string(), &made.secret).write(&mut response);
    response
}

/// The secret, once: the browser forgets it with this answer.
pub(super) async fn show_secret(
    desk: Desk,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    let secret = cookies::handed_secret(&headers, &client.id.to_string());
    let page = SecretPage {
        shell: desk.shell(Area::Admin, "The secret of an API client"),
        path: format!("/admin/clients/{}/secret", client.id),
        id: client.id.to_string(),
        name: client.name,
        secret: secret.map(|secret| secret.expose_secret().to_owned()),
    };
    let is_shown = page.secret.is_some();
    let mut response = Html::of(&page)?.into_response();
    if is_shown {
        Changes::default().forget_secret(&id.to_string()).write(&mut response);
    }
    Ok(response)
}

/// What deleting a client would do, and the form that does it.
pub(super) async fn ask(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    show_deletion(&desk, client, Filled::default())
}

fn show_deletion(desk: &Desk, client: ApiClient, filled: Filled) -> Result<Html, Problem> {
    let row = row(desk, client);
    Html::of(&DeletePage { shell: desk.shell(Area::Admin, "Disable an API client"), row, filled })
}

pub(super) async fn delete(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Response, Problem> {
    let client = desk.authority().client(desk.caller(), ClientId(id)).await?;
    if let Err(problem) = form.check(&desk, Some(&client.name)).await {
        let (filled, refused) = form.again(problem)?;
        return Ok(refused.with(show_deletion(&desk, client, filled)?));
    }
    desk.authority().delete_client(desk.caller(), client.id).await?;
    Ok(after("/admin/clients", Done::ClientDeleted).into_response())
}

fn scopes(boxes: &HashMap<String, String>) -> Result<Scopes, Problem> {
    let named = boxes.keys().filter_map(|name| name.strip_prefix(BOX));
    let scopes: Result<Scopes, _> = named.map(str::parse::<Scope>).collect();
    scopes.map_err(|_| Problem::new(Code::InvalidMember).member("scopes").detail("There is no such scope."))
}

fn tenant(typed: &str) -> Result<TenantId, Problem> {
    let invalid = || Problem::new(Code::InvalidMember).member("tenant_id").detail("That is no tenant's id.");
    typed.trim().parse().map(TenantId).map_err(|_| invalid())
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
