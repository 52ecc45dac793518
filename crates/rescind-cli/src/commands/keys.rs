//! `rescind keys`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rescind::authority::{Caller, KeyView};
use rescind::keys::{KeyState, KeyUse, MasterKey};
use rescind::store::Page;
use rescind::system::SystemEntropy;
use rescind_server::view::KeysView;
use serde_json::json;

use crate::confirm::Sure;
use crate::failure::Failure;
use crate::master_key::{self, MasterKeys};
use crate::open::{Admin, administer};
use crate::output::{Format, harmless, note};
use crate::rewrap;
use crate::settings::Settings;

const COLUMNS: [&str; 7] = ["kid", "use", "alg", "state", "created_at", "active_from", "retired_at"];
const FIELDS: [&str; 8] =
    ["kid", "use", "alg", "state", "created_at", "active_from", "retired_at", "revoked_at"];

/// Signing keys: list, rotate, revoke, seal with another master key
#[derive(Subcommand, Debug)]
pub(crate) enum Keys {
    /// List signing keys
    List(List),
    /// Have the next key of access tokens sign, now or as soon as every verifier has it
    Rotate(Rotate),
    /// Revoke a key: kills every token that it signed
    Revoke(Revoke),
    /// Seal every key with a new master key
    Rewrap(Rewrap),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Rotate {
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Revoke {
    /// The key's id
    kid: String,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct Rewrap {
    /// Where the new master key is, or is to be made: needed where the present one is given by RESCIND_MASTER_KEY or
    /// RESCIND_MASTER_KEY_FILE
    #[arg(long, value_name = "FILE")]
    new_master_key_file: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(keys: Keys, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    let caller = Caller::command_line();
    match keys {
        Keys::List(args) => list(admin.authority.keys(&caller).await?, args.format),
        Keys::Rotate(args) => rotate(&admin, args.format).await,
        Keys::Revoke(args) => revoke(args, &admin).await,
        Keys::Rewrap(args) => rewrap(&args, &admin).await,
    }
}

fn list(keys: Vec<KeyView>, format: Format) -> Result<(), Failure> {
    let KeysView { items, next_cursor } = keys.into();
    format.list(&Page { items, next_cursor }, &COLUMNS)
}

async fn rotate(admin: &Admin, format: Format) -> Result<(), Failure> {
    let keys = admin.authority.rotate_keys(&Caller::command_line()).await?;
    let scheduled = keys
        .iter()
        .find(|key| key.usage == KeyUse::Access && key.state == KeyState::Next)
        .and_then(|key| key.active_from);
    match scheduled {
        Some(from) => note(&format!("the next key signs from {from} on, when every verifier has it"))?,
        None => note("the next key signs from now on")?,
    }
    list(keys, format)
}

async fn revoke(args: Revoke, admin: &Admin) -> Result<(), Failure> {
    let caller = Caller::command_line();
    let keys = admin.authority.keys(&caller).await?;
    let kid = harmless(&args.kid);
    let key = keys
        .into_iter()
        .find(|key| key.kid == args.kid)
        .ok_or_else(|| Failure::NoSuch(format!("key {kid}")))?;
    if args.sure.dry_run {
        let would = json!({ "dry_run": true, "kid": key.kid, "state": key.state.as_str() });
        return args.format.done(&would, &format!("would revoke {kid}, killing every {}", signed_by(&key)));
    }
    if key.state != KeyState::Revoked {
        args.sure.confirm(&format!("revokes {kid}, killing every {}", signed_by(&key)))?;
    }
    let key = admin.authority.revoke_key(&caller, &args.kid, args.reason).await?;
    args.format.one(&rescind_server::view::KeyView::from(key), &FIELDS)
}

fn signed_by(key: &KeyView) -> &'static str {
    match key.usage {
        KeyUse::Access => "access token that it signed",
        KeyUse::Refresh => "refresh token that it signed: their users sign in again",
    }
}

async fn rewrap(args: &Rewrap, admin: &Admin) -> Result<(), Failure> {
    match (&*admin.opened.master_keys, &args.new_master_key_file) {
        (MasterKeys::Kept(place), None) => {
            let count = rewrap::to_fresh_key(place, &admin.authority, admin.store()).await?;
            finish(count, &place.master_key(), args.format)
        }
        (MasterKeys::Kept(_), Some(_)) => Err(Failure::Usage(
            "--new-master-key-file: the master key is kept in the data directory, which makes its own".to_owned(),
        )),
        (MasterKeys::Given(_) | MasterKeys::File(_), None) => Err(Failure::Usage(
            "the master key is given from outside: say with --new-master-key-file where the new one is, or is to be made"
                .to_owned(),
        )),
        (given @ (MasterKeys::Given(_) | MasterKeys::File(_)), Some(path)) => {
            let new = read_or_make(path)?;
            let count = admin.authority.rewrap_keys(&Caller::command_line(), &new).await?;
            finish(count, path, args.format)?;
            note(&format!("now give the server the key in {} in place of {}", path.display(), given.origin()))
        }
    }
}

fn read_or_make(path: &Path) -> Result<MasterKey, Failure> {
    let known = master_key::read(path).map_err(|error| Failure::seal(error, &path.display().to_string()))?;
    if let Some(known) = known {
        return Ok(known);
    }
    let new = MasterKey::generate(&SystemEntropy);
    master_key::write(path, &new)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(Failure::file(parent))?;
    Ok(new)
}

fn finish(count: u64, path: &Path, format: Format) -> Result<(), Failure> {
    let path = path.display().to_string();
    format.done(
        &json!({ "rewrapped": count, "master_key": path }),
        &format!("sealed {count} keys with the new master key in {path}"),
    )?;
    note("backups taken before this open with the old master key only: take a new one")
}
