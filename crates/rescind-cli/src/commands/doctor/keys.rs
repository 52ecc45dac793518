//! The master key's file, and the signing keys' ages.

use std::fs::File;
use std::io::ErrorKind;

use rescind::authority::{Caller, KEY_OVERLAP};
use rescind::clock::Clock as _;
use rescind::keys::{KeyState, KeyUse};
use rescind::system::SystemClock;

use super::Finding;
use crate::failure::Failure;
use crate::master_key::{MasterKeys, readable_by_others};
use crate::open::Admin;
use crate::settings::Settings;

const FILE: &str = "master key file";

/// `trouble`: what is wrong with the place where the database is.
pub(super) fn check_master_key_file(settings: &Settings, trouble: Option<&'static str>) -> Finding {
    let keys = settings.master_keys();
    let path = match &keys {
        MasterKeys::Given(_) => {
            return Finding::ok(FILE, "none: it is given by RESCIND_MASTER_KEY");
        }
        MasterKeys::File(path) => path.clone(),
        MasterKeys::Kept(place) if place.next_master_key().exists() => {
            return Finding::warning(
                FILE,
                format!(
                    "{} is there: a change of the master key was interrupted",
                    place.next_master_key().display()
                ),
                "`rescind keys rewrap` finishes it, and so does the next start of a server",
            );
        }
        MasterKeys::Kept(place) => place.master_key(),
    };
    let shown = path.display();
    match (File::open(&path), trouble) {
        (Ok(_), _) => {}
        // The first start makes it, together with the database.
        (Err(_), Some(cause)) => return Finding::skipped(FILE, cause),
        // Whether it should be there is for the keys to say, which it opens.
        (Err(why), None) if why.kind() == ErrorKind::NotFound => return Finding::absent(FILE, &path),
        (Err(why), None) => return Finding::failure(FILE, &Failure::File { path, why }),
    }
    match readable_by_others(&path) {
        Some(mode) => Finding::warning(
            FILE,
            format!("others may read {shown} (mode {mode:o})"),
            format!("chmod 600 {shown}; if others may have read it, `rescind keys rewrap`"),
        ),
        None => Finding::ok(FILE, format!("{shown} can be read by its owner only")),
    }
}

/// Whether the keys are changed as often as the settings say.
pub(super) async fn check_ages(admin: &Admin, settings: &Settings) -> Vec<Finding> {
    let keys = match admin.authority.keys(&Caller::command_line()).await {
        Ok(keys) => keys,
        Err(error) => return vec![Finding::failure("signing keys", &error.into())],
    };
    let now = SystemClock.now();
    let rotation = settings.server.key_rotation;
    let active = keys.iter().filter(|key| key.state == KeyState::Active);
    active
        .map(|key| {
            let age = now.since(key.active_from.unwrap_or(key.created_at));
            let days = age.as_secs() / 86_400;
            let detail =
                format!("the key for {} tokens ({}) has signed for {days} days", key.usage.as_str(), key.alg);
            let overdue =
                !rotation.is_zero() && age > rotation + 2 * KEY_OVERLAP + settings.server.purge_interval;
            let other = key.usage == KeyUse::Access && key.alg != settings.server.signing_alg.to_string();
            if overdue {
                Finding::warning(
                    "signing keys",
                    format!("{detail}: it is overdue"),
                    "a running server changes it by itself; `rescind keys rotate` does it now",
                )
            } else if other {
                Finding::warning(
                    "signing keys",
                    format!("{detail}, and the settings say {}", settings.server.signing_alg),
                    "a server started with these settings changes it within minutes",
                )
            } else {
                Finding::ok("signing keys", detail)
            }
        })
        .collect()
}
