//! `rescind sessions`.

use clap::{Args, Subcommand, ValueEnum};
use rescind::authority::Caller;
use rescind::id::SessionId;
use rescind::session::StatusFilter;
use rescind_server::view::SessionView;

use crate::confirm::Sure;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::open::{Admin, administer};
use crate::output::Format;
use crate::resolve::{missing, session_id};
use crate::settings::Settings;

const COLUMNS: [&str; 7] =
    ["session_id", "number", "status", "device_name", "ip", "last_used_at", "idle_expires_at"];
const FIELDS: [&str; 16] = [
    "session_id",
    "number",
    "user_id",
    "tenant_id",
    "status",
    "created_at",
    "last_used_at",
    "idle_expires_at",
    "expires_at",
    "ip",
    "user_agent",
    "device_name",
    "access_jti",
    "revoked_at",
    "revoked_reason",
    "revoked_by",
];

/// Sessions: list, show, end
#[derive(Subcommand, Debug)]
pub(crate) enum Sessions {
    /// List a user's sessions, newest first
    List(List),
    /// Show one session
    Show(Show),
    /// End one session, or all of a user
    Revoke(Revoke),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// The user's id or email
    #[arg(long)]
    user: String,
    /// The user's tenant, by id or slug, where several have such a user
    #[arg(long)]
    tenant: Option<String>,
    /// Only those with this status
    #[arg(long)]
    status: Option<Wanted>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    format: Format,
}

/// The statuses to list by.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Can be refreshed
    Active,
    /// Was ended
    Revoked,
    /// A limit of it has passed
    Expired,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The session's id
    #[arg(value_parser = session_id)]
    session_id: SessionId,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Revoke {
    /// The session's id
    #[arg(required_unless_present = "user", conflicts_with_all = ["user", "tenant"], value_parser = session_id)]
    session_id: Option<SessionId>,
    /// All sessions and tokens of this user, by id or email
    #[arg(long)]
    user: Option<String>,
    /// The user's tenant, by id or slug, where several have such a user
    #[arg(long)]
    tenant: Option<String>,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(sessions: Sessions, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    match sessions {
        Sessions::List(args) => list(&args, &admin).await,
        Sessions::Show(args) => args.format.one(&find(&admin, args.session_id).await?, &FIELDS),
        Sessions::Revoke(args) => revoke(args, &admin).await,
    }
}

async fn list(args: &List, admin: &Admin) -> Result<(), Failure> {
    let user = admin.user(&args.user, args.tenant.as_deref()).await?;
    let status = args.status.map(StatusFilter::from);
    let caller = Caller::command_line();
    let fetch =
        async |page: &_| admin.authority.sessions_of(&caller, user.id, Some(user.tenant), status, page).await;
    args.format.list::<SessionView>(&args.paging.collect(fetch).await?, &COLUMNS)
}

async fn revoke(args: Revoke, admin: &Admin) -> Result<(), Failure> {
    if let Some(user) = &args.user {
        let user = admin.user(user, args.tenant.as_deref()).await?;
        return super::users::revoke_all(admin, &user, args.reason, args.sure, args.format).await;
    }
    let Some(id) = args.session_id else {
        return Err(Failure::Usage("name a session, or --user".to_owned()));
    };
    let session = find(admin, id).await?;
    if args.sure.dry_run {
        return args.format.one(&session, &FIELDS);
    }
    let ended = admin.authority.end_session(&Caller::command_line(), id, args.reason).await?;
    args.format.one(&SessionView::from(ended), &FIELDS)
}

async fn find(admin: &Admin, id: SessionId) -> Result<SessionView, Failure> {
    let found = admin.store().session(id, None, admin.authority.now()).await;
    found.map(SessionView::from).map_err(|error| missing(error, "session", &id.to_string()))
}

impl From<Wanted> for StatusFilter {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Active => Self::Active,
            Wanted::Revoked => Self::Revoked,
            Wanted::Expired => Self::Expired,
        }
    }
}
