//! `/admin/users/{tenant}/{user}`: where a user is signed in, and what can be done about it.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use rescind::authority::{Named, UserUpdate};
use rescind::directory::{ADMIN_ROLE, User};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::session::StatusFilter;
use rescind::store::PageRequest;
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

use super::confirm::Confirmation;
use crate::http::{Code, Path, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address, after};
use crate::site::form::{Asked, Fields};
use crate::site::notice::Done;
use crate::site::session_rows::SessionRow;
use crate::site::trouble::Trouble;
use crate::site::when::When;

/// How many sessions stand on a page.
const ROWS: u32 = 50;

/// Which user: the tenant, then the user.
type Which = Path<(Uuid, Uuid)>;

#[derive(Template)]
#[template(path = "site/admin/user.html")]
struct Page {
    shell: Shell,
    path: String,
    user: UserCard,
    /// Ended and expired sessions are shown too.
    all: bool,
    active: u64,
    sessions: Vec<SessionRow>,
    next: Option<String>,
    /// What stands in the form that changes the role, and in the one that disables.
    typed_role: String,
    typed_reason: String,
    role_trouble: Option<Trouble>,
    disable_trouble: Option<Trouble>,
}

/// What was typed into a form that was refused, and what was wrong.
#[derive(Default)]
struct Refill {
    typed_role: Option<String>,
    typed_reason: String,
    role_trouble: Option<Trouble>,
    disable_trouble: Option<Trouble>,
}

struct UserCard {
    id: String,
    role: String,
    tenant: String,
    tenant_id: String,
    disabled: bool,
    created: When,
}

#[derive(Default, Deserialize)]
pub(super) struct Shown {
    /// `all`: ended and expired sessions too.
    show: Option<String>,
    cursor: Option<String>,
}

pub(super) async fn page(
    desk: Desk,
    Path(which): Which,
    Asked(shown): Asked<Shown>,
) -> Result<Html, Problem> {
    show(&desk, which, shown, Refill::default()).await
}

/// Ends one session: what a support person is asked for most.
pub(super) async fn end_session(
    desk: Desk,
    Path((tenant, user, session)): Path<(Uuid, Uuid, Uuid)>,
    Fields(form): Fields<Reason>,
) -> Result<Redirect, Problem> {
    let (authority, caller) = (desk.authority(), desk.caller());
    match authority.identify(caller, &session.to_string()).await? {
        Named::Session(found) if (found.tenant, found.user) == (TenantId(tenant), UserId(user)) => {}
        _ => return Err(Problem::new(Code::NotFound)),
    }
    authority.end_session(caller, SessionId(session), form.reason).await?;
    Ok(after(&path(TenantId(tenant), UserId(user)), Done::SessionEnded))
}

/// Ends all of them.
pub(super) async fn sign_out(
    desk: Desk,
    Path((tenant, user)): Which,
    Fields(form): Fields<Reason>,
) -> Result<Redirect, Problem> {
    let (tenant, user) = (TenantId(tenant), UserId(user));
    desk.authority().revoke_user(desk.caller(), user, Some(tenant), form.reason).await?;
    Ok(after(&path(tenant, user), Done::UserSignedOut))
}

pub(super) async fn change_role(
    desk: Desk,
    Path(which): Which,
    Fields(form): Fields<Role>,
) -> Result<Response, Problem> {
    let typed_role = form.role.clone();
    let problem = match set_role(&desk, which, form).await {
        Ok(done) => return Ok(done.into_response()),
        Err(problem) => problem,
    };
    let trouble = Trouble::of_last_operator(problem, "role")?;
    let refused = trouble.refused();
    let refill = Refill { typed_role, role_trouble: Some(trouble), ..Refill::default() };
    Ok(refused.with(show(&desk, which, Shown::default(), refill).await?))
}

async fn set_role(desk: &Desk, which: (Uuid, Uuid), form: Role) -> Result<Redirect, Problem> {
    let role = form.role.ok_or_else(|| Problem::new(Code::InvalidMember).detail("Say which role."))?;
    let user = desk.authority().user(desk.caller(), UserId(which.1), Some(TenantId(which.0))).await?;
    if role == ADMIN_ROLE || user.is_admin() {
        Confirmation::by(form.password).check(desk, None).await?;
    }
    let update = UserUpdate { role: Some(role), ..UserUpdate::default() };
    change(desk, which, update, form.reason, Done::RoleChanged).await
}

pub(super) async fn disable(
    desk: Desk,
    Path(which): Which,
    Fields(form): Fields<Reason>,
) -> Result<Response, Problem> {
    let update = UserUpdate { disabled: Some(true), ..UserUpdate::default() };
    let problem = match change(&desk, which, update, form.reason.clone(), Done::UserDisabled).await {
        Ok(done) => return Ok(done.into_response()),
        Err(problem) => problem,
    };
    let trouble = Trouble::of_last_operator(problem, "reason")?;
    let refused = trouble.refused();
    let typed_reason = form.reason.unwrap_or_default();
    let refill = Refill { typed_reason, disable_trouble: Some(trouble), ..Refill::default() };
    Ok(refused.with(show(&desk, which, Shown::default(), refill).await?))
}

pub(super) async fn enable(
    desk: Desk,
    Path(which): Which,
    Fields(form): Fields<Reason>,
) -> Result<Redirect, Problem> {
    let update = UserUpdate { disabled: Some(false), ..UserUpdate::default() };
    change(&desk, which, update, form.reason, Done::UserEnabled).await
}

#[derive(Deserialize)]
pub(super) struct Reason {
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Role {
    role: Option<String>,
    reason: Option<String>,
    /// Asked for where somebody becomes an administrator, or is one no more.
    password: Option<SecretString>,
}

/// The address of a user's page.
pub(super) fn path(tenant: TenantId, user: UserId) -> String {
    format!("/admin/users/{tenant}/{user}")
}

async fn show(
    desk: &Desk,
    (tenant, user): (Uuid, Uuid),
    shown: Shown,
    refill: Refill,
) -> Result<Html, Problem> {
    let (tenant, id) = (TenantId(tenant), UserId(user));
    let (authority, caller) = (desk.authority(), desk.caller());
    let user = authority.user(caller, id, Some(tenant)).await?;
    let slug = authority.tenant(caller, user.tenant).await?.slug;
    let all = shown.show.as_deref() == Some("all");
    let status = (!all).then_some(StatusFilter::Active);
    let request = PageRequest { limit: ROWS, cursor: shown.cursor };
    let sessions = authority.sessions_of(caller, id, Some(tenant), status, &request).await?;
    let active = authority.count_user(caller, id, Some(tenant)).await?;
    let path = path(tenant, id);
    Html::of(&Page {
        shell: desk.shell(Area::Admin, user.email.clone()),
        typed_role: refill.typed_role.unwrap_or_else(|| user.role.clone()),
        typed_reason: refill.typed_reason,
        role_trouble: refill.role_trouble,
        disable_trouble: refill.disable_trouble,
        user: card(desk, user, slug),
        all,
        active,
        next: sessions.next_cursor.map(|cursor| {
            let which = if all { "all" } else { "active" };
            address(&path, [("show", Some(which)), ("cursor", Some(cursor.as_str()))])
        }),
        sessions: sessions
            .items
            .into_iter()
            .map(|session| {
                let own = session.id == desk.visitor.me.session;
                SessionRow::of(authority, session, own)
            })
            .collect(),
        path,
    })
}

async fn change(
    desk: &Desk,
    (tenant, user): (Uuid, Uuid),
    update: UserUpdate,
    reason: Option<String>,
    done: Done,
) -> Result<Redirect, Problem> {
    let (tenant, user) = (TenantId(tenant), UserId(user));
    desk.authority().update_user(desk.caller(), user, Some(tenant), update, reason).await?;
    Ok(after(&path(tenant, user), done))
}

fn card(desk: &Desk, user: User, slug: String) -> UserCard {
    UserCard {
        id: user.id.to_string(),
        created: desk.when(user.created_at),
        tenant: slug,
        tenant_id: user.tenant.to_string(),
        role: user.role,
        disabled: user.disabled,
    }
}
