//! `rescind users`.

use clap::{Args, Subcommand};
use rescind::authority::{Caller, UserRequest, UserUpdate};
use rescind::directory::{User, UserFilter};
use rescind_server::view::UserView;
use serde_json::json;

use crate::confirm::{Sure, sessions};
use crate::failure::Failure;
use crate::listing::Paging;
use crate::open::{Admin, administer};
use crate::output::{Format, harmless};
use crate::password::{Password, PasswordSource};
use crate::settings::Settings;

const COLUMNS: [&str; 6] = ["user_id", "email", "role", "tenant_id", "disabled", "created_at"];
const FIELDS: [&str; 7] =
    ["user_id", "tenant_id", "email", "role", "disabled", "token_version", "created_at"];

/// Users: list, make, change, delete, sign out everywhere
#[derive(Subcommand, Debug)]
pub(crate) enum Users {
    /// List users
    List(List),
    /// Make a user; asks for the password unless told where it is
    Create(Create),
    /// Change a user: a new role or email kills access tokens, a new password or --disable ends everything
    Update(Update),
    /// Delete a user: ends everything, and erases what is personal
    Delete(Delete),
    /// End every session and token of a user
    RevokeAll(RevokeAll),
}

/// Which user.
#[derive(Args, Clone, Debug)]
pub(crate) struct Who {
    /// The user's id or email
    #[arg(value_name = "USER")]
    user: String,
    /// The user's tenant, by id or slug, where several have such a user
    #[arg(long)]
    tenant: Option<String>,
}

impl Who {
    pub(crate) async fn find(&self, admin: &Admin) -> Result<User, Failure> {
        admin.user(&self.user, self.tenant.as_deref()).await
    }
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only users whose email contains this, or whose id it is
    #[arg(long)]
    query: Option<String>,
    /// Only users of this tenant, by id or slug
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The email
    email: String,
    /// The role: `admin`, or a word of your application's own
    #[arg(long)]
    role: String,
    /// The tenant, by id or slug
    #[arg(long, default_value = "default")]
    tenant: String,
    #[command(flatten)]
    password: PasswordSource,
    /// No password: for a user that a backend signs in
    #[arg(long, conflicts_with = "PasswordSource")]
    no_password: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Update {
    #[command(flatten)]
    who: Who,
    /// The new role
    #[arg(long)]
    role: Option<String>,
    /// The new email
    #[arg(long)]
    email: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
    /// Bar the user, and end everything
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Let the user in again
    #[arg(long)]
    enable: bool,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeAll {
    #[command(flatten)]
    who: Who,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(users: Users, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    match users {
        Users::List(args) => list(&args, &admin).await,
        Users::Create(args) => create(args, &admin).await,
        Users::Update(args) => update(args, &admin).await,
        Users::Delete(args) => delete(&args, &admin).await,
        Users::RevokeAll(args) => {
            let user = args.who.find(&admin).await?;
            revoke_all(&admin, &user, args.reason, args.sure, args.format).await
        }
    }
}

async fn list(args: &List, admin: &Admin) -> Result<(), Failure> {
    let tenant = admin.optional_tenant(args.tenant.as_deref()).await?;
    let fetch = async |page: &_| {
        let wanted = UserFilter { tenant, query: args.query.clone(), ..UserFilter::default() };
        admin.authority.users(&Caller::command_line(), wanted, page).await
    };
    args.format.list::<UserView>(&args.paging.collect(fetch).await?, &COLUMNS)
}

async fn create(args: Create, admin: &Admin) -> Result<(), Failure> {
    let tenant = admin.tenant(&args.tenant).await?.id;
    let password = if args.no_password { None } else { Some(args.password.read_or_ask()?) };
    let text = password.as_ref().map(|password| password.text.clone());
    let request = UserRequest { email: args.email, role: args.role, tenant: Some(tenant), password: text };
    let user = admin.authority.create_user(&Caller::command_line(), request).await?;
    show(user, password.as_ref(), args.format)
}

async fn update(args: Update, admin: &Admin) -> Result<(), Failure> {
    let user = args.who.find(admin).await?;
    let password = args.password.read()?;
    let disabled = if args.disable { Some(true) } else { args.enable.then_some(false) };
    if args.role.is_none() && args.email.is_none() && password.is_none() && disabled.is_none() {
        return Err(Failure::Usage(
            "nothing to change: --role, --email, --disable, --enable or a password".to_owned(),
        ));
    }
    let ends_everything = password.is_some() || (args.disable && !user.disabled);
    let count = admin.authority.count_user(&Caller::command_line(), user.id, Some(user.tenant)).await?;
    if args.sure.dry_run {
        let revoked = if ends_everything { count } else { 0 };
        let sentence = format!("would change {} and end {}", harmless(&user.email), sessions(revoked));
        return args
            .format
            .done(&json!({ "dry_run": true, "user_id": user.id, "revoked": revoked }), &sentence);
    }
    if ends_everything {
        args.sure.confirm(&format!("ends {} of {}", sessions(count), harmless(&user.email)))?;
    }
    let text = password.as_ref().map(|password| password.text.clone());
    let update = UserUpdate { role: args.role, email: args.email, password: text, disabled };
    let caller = Caller::command_line();
    let user = admin.authority.update_user(&caller, user.id, Some(user.tenant), update, args.reason).await?;
    show(user, password.as_ref(), args.format)
}

async fn delete(args: &Delete, admin: &Admin) -> Result<(), Failure> {
    let user = args.who.find(admin).await?;
    let count = admin.authority.count_user(&Caller::command_line(), user.id, Some(user.tenant)).await?;
    let (name, ended) = (harmless(&user.email), sessions(count));
    let done = json!({ "dry_run": args.sure.dry_run, "user_id": user.id, "tenant_id": user.tenant, "revoked": count });
    if args.sure.dry_run {
        return args.format.done(&done, &format!("would delete {name} and end {ended}"));
    }
    args.sure.confirm(&format!("deletes {name} for good and ends {ended}"))?;
    admin.authority.delete_user(&Caller::command_line(), user.id, Some(user.tenant)).await?;
    args.format.done(&done, &format!("deleted {name}, ended {ended}"))
}

/// Also what `rescind revoke --user` and `rescind sessions revoke --user` do.
pub(crate) async fn revoke_all(
    admin: &Admin,
    user: &User,
    reason: Option<String>,
    sure: Sure,
    format: Format,
) -> Result<(), Failure> {
    let caller = Caller::command_line();
    let name = harmless(&user.email);
    let count = admin.authority.count_user(&caller, user.id, Some(user.tenant)).await?;
    if sure.dry_run {
        let would =
            json!({ "dry_run": true, "revoked": count, "token_version": user.token_version, "seq": null });
        return format.done(&would, &format!("would end {} and every token of {name}", sessions(count)));
    }
    sure.confirm(&format!("ends {} and every token of {name}", sessions(count)))?;
    let outcome = admin.authority.revoke_user(&caller, user.id, Some(user.tenant), reason).await?;
    let (revoked, seq) = (outcome.revoked, outcome.entry.seq);
    let did = json!({ "revoked": revoked, "token_version": outcome.standing.token_version, "seq": seq });
    format.done(&did, &format!("ended {} and every token of {name} (entry {seq})", sessions(revoked)))
}

fn show(user: User, password: Option<&Password>, format: Format) -> Result<(), Failure> {
    let view = UserView::from(user);
    match password.and_then(Password::to_show) {
        Some(secret) => super::with_secret(&view, &FIELDS, "password", secret, format),
        None => format.one(&view, &FIELDS),
    }
}
