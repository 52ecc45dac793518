//! `rescind revocations`.

use clap::{Args, Subcommand};
use rescind::authority::{Caller, Error};
use rescind::clock::Timestamp;
use rescind::ledger::{CutKind, EntryFilter};
use rescind_server::view::RevocationView;

use crate::failure::Failure;
use crate::listing::Paging;
use crate::open::{Admin, administer};
use crate::output::{Format, harmless};
use crate::settings::Settings;

const COLUMNS: [&str; 6] = ["seq", "kind", "key", "revoked_at", "revoked_by", "reason"];
const FIELDS: [&str; 10] =
    ["seq", "kind", "key", "jti", "user_id", "tenant_id", "expires_at", "revoked_at", "reason", "revoked_by"];

/// The ledger of what was revoked: list, show
#[derive(Subcommand, Debug)]
pub(crate) enum Revocations {
    /// List revocations, newest first
    List(List),
    /// Show the revocation of a token
    Show(Show),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those that concern this user, by id or email
    #[arg(long)]
    user: Option<String>,
    /// The user's tenant, by id or slug, where several have such a user
    #[arg(long, requires = "user")]
    tenant: Option<String>,
    /// Only of this kind
    #[arg(long, value_parser = kinds(), conflicts_with = "user")]
    kind: Option<String>,
    /// Only from this moment on (RFC 3339)
    #[arg(long, value_name = "TIME", conflicts_with = "user")]
    since: Option<Timestamp>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The token's `jti`, which `list` shows as the key of entries of the kind `token`; not an entry's `seq`
    jti: String,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(revocations: Revocations, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    match revocations {
        Revocations::List(args) => list(&args, &admin).await,
        Revocations::Show(args) => show(&args, &admin).await,
    }
}

async fn list(args: &List, admin: &Admin) -> Result<(), Failure> {
    let caller = Caller::command_line();
    let page = if let Some(user) = &args.user {
        let user = admin.user(user, args.tenant.as_deref()).await?;
        let fetch =
            async |page: &_| admin.authority.revocations_of(&caller, user.id, Some(user.tenant), page).await;
        args.paging.collect(fetch).await?
    } else {
        let kind = args.kind.as_deref().and_then(|kind| kind.parse::<CutKind>().ok());
        let filter = EntryFilter { kind, since: args.since, ..EntryFilter::default() };
        let fetch = async |page: &_| admin.authority.revocations(&caller, filter.clone(), page).await;
        args.paging.collect(fetch).await?
    };
    args.format.list::<RevocationView>(&page, &COLUMNS)
}

async fn show(args: &Show, admin: &Admin) -> Result<(), Failure> {
    let entry =
        admin.authority.revocation(&Caller::command_line(), &args.jti).await.map_err(
            |error| match error {
                Error::NotFound => Failure::NoRevocation(harmless(&args.jti)),
                other => other.into(),
            },
        )?;
    args.format.one(&RevocationView::from(entry), &FIELDS)
}

fn kinds() -> clap::builder::PossibleValuesParser {
    CutKind::ALL.map(CutKind::as_str).into()
}
