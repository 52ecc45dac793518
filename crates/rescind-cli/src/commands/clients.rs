//! `rescind clients`.

use std::time::Duration;

use clap::{Args, Subcommand};
use rescind::authority::{Caller, ClientRequest, NewSecret};
use rescind::directory::{ApiClient, Scope};
use rescind::id::ClientId;
use rescind_server::view::ClientView;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::confirm::Sure;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::open::{Admin, administer};
use crate::output::{Format, harmless};
use crate::resolve::missing;
use crate::settings::Settings;

const COLUMNS: [&str; 5] = ["client_id", "name", "scopes", "tenant_id", "last_used_at"];
const FIELDS: [&str; 7] =
    ["client_id", "name", "scopes", "tenant_id", "refresh_requires_secret", "created_at", "last_used_at"];

/// API clients: list, make, delete, give another secret
#[derive(Subcommand, Debug)]
pub(crate) enum Clients {
    /// List API clients
    List(List),
    /// Make an API client; its secret is printed this once
    Create(Create),
    /// Delete an API client: ends the sessions that it opened
    Delete(Delete),
    /// Give an API client another secret, printed this once
    RotateSecret(RotateSecret),
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
    /// The name for people
    name: String,
    /// What it may do: several times, or separated by commas
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope_parser())]
    scope: Vec<String>,
    /// The one tenant that it reaches, by id or slug; without it, all of them
    #[arg(long)]
    tenant: Option<String>,
    /// Whether a refresh of a session that it opened needs its secret
    #[arg(long)]
    refresh_requires_secret: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// The client's id
    client_id: ClientId,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct RotateSecret {
    /// The client's id
    client_id: ClientId,
    /// For how many seconds the old secret stays good as well
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    overlap: u64,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(clients: Clients, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    match clients {
        Clients::List(args) => list(&args, &admin).await,
        Clients::Create(args) => create(args, &admin).await,
        Clients::Delete(args) => delete(&args, &admin).await,
        Clients::RotateSecret(args) => rotate(&args, &admin).await,
    }
}

async fn list(args: &List, admin: &Admin) -> Result<(), Failure> {
    let fetch = async |page: &_| admin.authority.clients(&Caller::command_line(), page).await;
    args.format.list::<ClientView>(&args.paging.collect(fetch).await?, &COLUMNS)
}

async fn create(args: Create, admin: &Admin) -> Result<(), Failure> {
    let request = ClientRequest {
        name: args.name,
        scopes: args.scope.iter().filter_map(|scope| scope.parse::<Scope>().ok()).collect(),
        tenant: admin.optional_tenant(args.tenant.as_deref()).await?,
        refresh_requires_secret: args.refresh_requires_secret,
    };
    show(admin.authority.create_client(&Caller::command_line(), request).await?, args.format)
}

async fn delete(args: &Delete, admin: &Admin) -> Result<(), Failure> {
    let client = find(admin, args.client_id).await?;
    let name = harmless(&client.name);
    let done = json!({ "dry_run": args.sure.dry_run, "client_id": client.id, "name": client.name });
    if args.sure.dry_run {
        return args.format.done(&done, &format!("would delete {name} and end every session that it opened"));
    }
    args.sure.confirm(&format!("deletes the client {name} and ends every session that it opened"))?;
    admin.authority.delete_client(&Caller::command_line(), client.id).await?;
    args.format.done(&done, &format!("deleted {name}, ended every session that it opened"))
}

async fn rotate(args: &RotateSecret, admin: &Admin) -> Result<(), Failure> {
    let client = find(admin, args.client_id).await?;
    let overlap = Duration::from_secs(args.overlap);
    show(
        admin.authority.rotate_client_secret(&Caller::command_line(), client.id, overlap).await?,
        args.format,
    )
}

async fn find(admin: &Admin, id: ClientId) -> Result<ApiClient, Failure> {
    let found = admin.store().client(id, admin.authority.now()).await;
    found.map(|(client, _)| client).map_err(|error| missing(error, "client", &id.to_string()))
}

fn show(made: NewSecret, format: Format) -> Result<(), Failure> {
    super::with_secret(
        &ClientView::from(made.client),
        &FIELDS,
        "client_secret",
        made.secret.expose_secret(),
        format,
    )
}

fn scope_parser() -> clap::builder::PossibleValuesParser {
    Scope::ALL.map(Scope::as_str).into()
}
