//! `GET /api/v1/admin/keys`

use axum::extract::State;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Code, Json, Page, Problem, Query};
use crate::view::KeysView;

/// Keys, oldest first
#[utoipa::path(
    get, path = "/api/v1/admin/keys", tag = "Administration", operation_id = "list_keys",
    params(Page), security(("bearer" = []), ("basic" = ["keys:write"])),
    responses((status = 200, body = KeysView, description = "Keys of access and of refresh tokens. For operators."))
)]
pub(crate) async fn list_keys(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(page): Query<Page>,
) -> Result<Json<KeysView>, Problem> {
    let all = app.authority.keys(&caller).await?;
    cut_out(all.into(), &page).map(Json)
}

/// There are few keys: the page is cut out of all of them, and its cursor is the last one's `kid`.
fn cut_out(mut keys: KeysView, page: &Page) -> Result<KeysView, Problem> {
    if let Some(cursor) = &page.cursor {
        let last = keys.items.iter().position(|key| key.kid == *cursor);
        let last = last.ok_or_else(|| Problem::new(Code::InvalidParameter).member("cursor"))?;
        keys.items.drain(..=last);
    }
    if keys.items.len() > page.limit.get() {
        keys.items.truncate(page.limit.get());
        keys.next_cursor = keys.items.last().map(|key| key.kid.clone());
    }
    Ok(keys)
}
