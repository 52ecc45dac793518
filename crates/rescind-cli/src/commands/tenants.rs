//! `rescind tenants`.

use clap::{Args, Subcommand};
use rescind::authority::{Caller, TenantRequest};
use rescind::directory::Tenant;
use rescind::id::TenantId;
use rescind_server::view::TenantView;
use serde_json::json;

use crate::confirm::{Sure, sessions};
use crate::failure::Failure;
use crate::listing::Paging;
use crate::open::{Admin, administer};
use crate::output::Format;
use crate::settings::Settings;

const COLUMNS: [&str; 5] = ["tenant_id", "slug", "name", "suspended", "created_at"];
const FIELDS: [&str; 6] = ["tenant_id", "slug", "name", "suspended", "token_version", "created_at"];

/// Tenants: list, make, rename, suspend, sign everybody out
#[derive(Subcommand, Debug)]
pub(crate) enum Tenants {
    /// List tenants
    List(List),
    /// Make a tenant
    Create(Create),
    /// Rename a tenant
    Update(Update),
    /// Bar a tenant: ends every session in it, and lets nobody open one
    Suspend(Suspend),
    /// Let a suspended tenant in again
    Resume(Resume),
    /// End every session and token of a tenant
    RevokeAll(RevokeAll),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The short name: lower-case letters, digits and inner hyphens
    slug: String,
    /// The name for people
    #[arg(long)]
    name: Option<String>,
    /// The id, where it has one elsewhere, which another issuer's tokens carry
    #[arg(long, value_name = "UUID")]
    id: Option<TenantId>,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Update {
    /// The tenant's id or slug
    tenant: String,
    /// The new name for people
    #[arg(long)]
    name: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Suspend {
    /// The tenant's id or slug
    tenant: String,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// The tenant's id or slug
    tenant: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeAll {
    /// The tenant's id or slug
    tenant: String,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(tenants: Tenants, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    match tenants {
        Tenants::List(args) => list(&args, &admin).await,
        Tenants::Create(args) => {
            let request = TenantRequest { slug: args.slug, name: args.name, id: args.id };
            show(admin.authority.create_tenant(&Caller::command_line(), request).await?, args.format)
        }
        Tenants::Update(args) => change(&admin, &args.tenant, Some(args.name), None, args.format).await,
        Tenants::Suspend(args) => suspend(&args, &admin).await,
        Tenants::Resume(args) => change(&admin, &args.tenant, None, Some(false), args.format).await,
        Tenants::RevokeAll(args) => {
            let tenant = admin.tenant(&args.tenant).await?;
            revoke_all(&admin, &tenant, args.reason, args.sure, args.format).await
        }
    }
}

async fn list(args: &List, admin: &Admin) -> Result<(), Failure> {
    let fetch = async |page: &_| admin.authority.tenants(&Caller::command_line(), page).await;
    args.format.list::<TenantView>(&args.paging.collect(fetch).await?, &COLUMNS)
}

async fn change(
    admin: &Admin,
    tenant: &str,
    name: Option<String>,
    suspended: Option<bool>,
    format: Format,
) -> Result<(), Failure> {
    let tenant = admin.tenant(tenant).await?;
    let changed = admin.authority.update_tenant(&Caller::command_line(), tenant.id, name, suspended).await?;
    show(changed, format)
}

async fn suspend(args: &Suspend, admin: &Admin) -> Result<(), Failure> {
    let tenant = admin.tenant(&args.tenant).await?;
    let caller = Caller::command_line();
    let count = admin.authority.revoke_tenant(&caller, tenant.id, None, true).await?.revoked;
    let ended = sessions(count);
    if args.sure.dry_run {
        let would = json!({ "dry_run": true, "tenant_id": tenant.id, "revoked": count });
        return args.format.done(&would, &format!("would suspend {} and end {ended}", tenant.slug));
    }
    args.sure.confirm(&format!("suspends {} and ends {ended}", tenant.slug))?;
    show(admin.authority.update_tenant(&caller, tenant.id, None, Some(true)).await?, args.format)
}

/// Also what `rescind revoke --tenant` does.
pub(crate) async fn revoke_all(
    admin: &Admin,
    tenant: &Tenant,
    reason: Option<String>,
    sure: Sure,
    format: Format,
) -> Result<(), Failure> {
    let caller = Caller::command_line();
    let slug = &tenant.slug;
    let would = admin.authority.revoke_tenant(&caller, tenant.id, reason.clone(), true).await?;
    let ended = sessions(would.revoked);
    if sure.dry_run {
        let shown = json!({ "dry_run": true, "revoked": would.revoked, "token_version": would.token_version, "seq": null });
        return format.done(&shown, &format!("would end {ended} and every token of the tenant {slug}"));
    }
    sure.confirm(&format!("ends {ended} and every token of the tenant {slug}"))?;
    let did = admin.authority.revoke_tenant(&caller, tenant.id, reason, false).await?;
    let shown = json!({ "revoked": did.revoked, "token_version": did.token_version, "seq": did.seq });
    format.done(&shown, &format!("ended {} and every token of the tenant {slug}", sessions(did.revoked)))
}

fn show(tenant: Tenant, format: Format) -> Result<(), Failure> {
    format.one(&TenantView::from(tenant), &FIELDS)
}
