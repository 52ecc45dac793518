//! `/admin/keys`: what signs, and since when.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use rescind::authority::KeyView;
use rescind::keys::{KeyState, KeyUse};

use super::confirm::{Confirmation, Filled};
use crate::http::{Code, Path, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, after};
use crate::site::form::Fields;
use crate::site::notice::Done;
use crate::site::when::{When, about};

#[derive(Template)]
#[template(path = "site/admin/keys.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "site/admin/key_revoke.html")]
struct RevokePage {
    shell: Shell,
    row: Row,
    filled: Filled,
}

struct Row {
    kid: String,
    path: String,
    usage: &'static str,
    alg: String,
    state: KeyState,
    created: When,
    active_from: Option<When>,
    ended: Option<When>,
    /// For how long it has signed.
    age: Option<String>,
}

impl Row {
    fn can_be_revoked(&self) -> bool {
        self.state != KeyState::Revoked
    }
}

pub(super) async fn page(desk: Desk) -> Result<Html, Problem> {
    let keys = desk.authority().keys(desk.caller()).await?;
    let rows = keys.into_iter().map(|key| row(&desk, key)).collect();
    Html::of(&Page { shell: desk.shell(Area::Admin, "Keys"), rows })
}

pub(super) async fn rotate(desk: Desk) -> Result<Redirect, Problem> {
    desk.authority().rotate_keys(desk.caller()).await?;
    Ok(after("/admin/keys", Done::KeysRotated))
}

/// What revoking a key would do, and the form that does it.
pub(super) async fn ask(desk: Desk, Path(kid): Path<String>) -> Result<Html, Problem> {
    let row = find(&desk, &kid).await?;
    show(&desk, row, Filled::default())
}

pub(super) async fn revoke(
    desk: Desk,
    Path(kid): Path<String>,
    Fields(form): Fields<Confirmation>,
) -> Result<Response, Problem> {
    let row = find(&desk, &kid).await?;
    if let Err(problem) = form.check(&desk, Some(&row.kid)).await {
        let (filled, refused) = form.again(problem)?;
        return Ok(refused.with(show(&desk, row, filled)?));
    }
    desk.authority().revoke_key(desk.caller(), &kid, form.reason).await?;
    Ok(after("/admin/keys", Done::KeyRevoked).into_response())
}

fn show(desk: &Desk, row: Row, filled: Filled) -> Result<Html, Problem> {
    Html::of(&RevokePage { shell: desk.shell(Area::Admin, "Revoke a key"), row, filled })
}

async fn find(desk: &Desk, kid: &str) -> Result<Row, Problem> {
    let keys = desk.authority().keys(desk.caller()).await?;
    let key = keys.into_iter().find(|key| key.kid == kid).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(row(desk, key))
}

fn row(desk: &Desk, key: KeyView) -> Row {
    let now = desk.authority().now();
    let kid: String = form_urlencoded::byte_serialize(key.kid.as_bytes()).collect();
    Row {
        path: format!("/admin/keys/{kid}/revoke"),
        usage: match key.usage {
            KeyUse::Access => "access tokens",
            KeyUse::Refresh => "refresh tokens",
        },
        alg: key.alg,
        age: (key.state == KeyState::Active)
            .then(|| about(now.since(key.active_from.unwrap_or(key.created_at)))),
        state: key.state,
        created: desk.when(key.created_at),
        active_from: key.active_from.map(|at| desk.when(at)),
        ended: key.revoked_at.or(key.retired_at).map(|at| desk.when(at)),
        kid: key.kid,
    }
}
