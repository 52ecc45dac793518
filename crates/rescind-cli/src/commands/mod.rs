//! One file for each command: its arguments, then what it does.

pub(crate) mod backup;
pub(crate) mod clients;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod healthcheck;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod purge;
pub(crate) mod restore;
pub(crate) mod revocations;
pub(crate) mod revoke;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod transfer;
pub(crate) mod users;

use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Format, json, note, print};

/// Shows a thing together with a secret, the only time that anybody sees it.
fn with_secret<T: Serialize>(
    item: &T,
    fields: &[&str],
    name: &str,
    secret: &str,
    format: Format,
) -> Result<(), Failure> {
    if format.json {
        let mut object = serde_json::to_value(item).unwrap_or_default();
        object[name] = secret.into();
        return json(&object);
    }
    format.one(item, fields)?;
    print(&format!("{name}: {secret}"))?;
    note("it is shown this once: keep it in a safe place")
}
