//! The authority's public keys: read before they are too old, and when a token names an unknown one.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rescind::token::{Algorithm, JwkSet, KeyError, KeySet, VerifyingKey};
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::http::Http;
use crate::pace::{Allowance, Backoff, jittered};
use crate::shared::Shared;
use crate::status::With;
use crate::trouble::Trouble;

/// Where an authority publishes its keys.
pub(crate) const PUBLISHED: &str = "/.well-known/jwks.json";

/// The largest set of keys that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The most keys that a set may have.
const MOST_KEYS: usize = 256;

/// For how long keys are kept where the authority does not say.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// How many tokens with unknown keys in a row are worth a look at once.
const BURST: u32 = 3;

/// Where a look at the keys is asked for, and awaited.
pub(crate) struct Prompts {
    asking: Mutex<Asking>,
    asked: Notify,
    /// The number of the last look that is over.
    over: watch::Sender<u64>,
}

#[derive(Debug)]
struct Asking {
    allowance: Allowance,
    /// The number of the last look that began.
    begun: u64,
    /// The number of the look that somebody waits for.
    wanted: u64,
}

impl Prompts {
    pub(crate) fn new(every: Duration) -> Self {
        let allowance = Allowance::new(BURST, every, Instant::now());
        Self {
            asking: Mutex::new(Asking { allowance, begun: 0, wanted: 0 }),
            asked: Notify::new(),
            over: watch::Sender::new(0),
        }
    }

    /// Asks for a look, unless that was done too often of late. Whether one will come, that begins after the call.
    pub(crate) fn prompt(&self) -> bool {
        self.want().is_some()
    }

    /// Asks for a look, and waits for it. False: none comes, or not in time.
    pub(crate) async fn look(&self, within: Duration) -> bool {
        let Some(wanted) = self.want() else { return false };
        let mut over = self.over.subscribe();
        timeout(within, over.wait_for(|over| *over >= wanted)).await.is_ok_and(|waited| waited.is_ok())
    }

    /// The number of the look that is to come.
    fn want(&self) -> Option<u64> {
        let mut asking = self.asking();
        // Many tokens with unknown keys share one.
        if asking.wanted <= asking.begun {
            if !asking.allowance.take(Instant::now()) {
                return None;
            }
            asking.wanted = asking.begun + 1;
            self.asked.notify_one();
        }
        Some(asking.wanted)
    }

    fn begin(&self) -> u64 {
        let mut asking = self.asking();
        asking.begun += 1;
        asking.begun
    }

    fn asking(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an issuer publishes its keys, and the set that they are read into.
pub(crate) struct Source {
    pub(crate) http: Arc<Http>,
    pub(crate) path: &'static str,
    pub(crate) keys: KeySet,
    /// What an RSA key signs with that does not say so.
    pub(crate) for_rsa: Option<Algorithm>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) with: With,
    /// Whether the issuer's name is known to be right; else it is checked before the first reading.
    pub(crate) is_checked: bool,
}

/// Reads the keys for ever.
pub(crate) async fn keep(shared: Arc<Shared>, mut source: Source) {
    let mut backoff = Backoff::new(shared.timing.first_pause, shared.timing.longest_pause);
    loop {
        let look = source.prompts.begin();
        forget_missed(&source.keys).await;
        let outcome = look_at(&shared, &mut source).await;
        source.prompts.over.send_replace(look);
        let pause = match outcome {
            Ok(kept) => {
                backoff.reset();
                shared.counts.fine(source.with);
                next_look(kept, &shared)
            }
            Err(trouble) => {
                shared.counts.trouble(source.with, trouble);
                jittered(backoff.next(), &*shared.entropy)
            }
        };
        tokio::select! {
            _ = timeout(pause, source.prompts.asked.notified()) => {}
            never = pass_on(&source.keys, &source.prompts) => match never {},
        }
    }
}

async fn look_at(shared: &Shared, source: &mut Source) -> Result<Option<Duration>, Trouble> {
    if !source.is_checked {
        check_issuer(&source.http).await?;
        source.is_checked = true;
    }
    read(shared, source).await
}

/// A look serves whoever missed a key before it: asked for once more, it would take from the allowance for nothing.
async fn forget_missed(keys: &KeySet) {
    tokio::select! {
        biased;
        () = keys.missed() => {}
        () = std::future::ready(()) => {}
    }
}

/// A check by the plain verifier that misses a key does not wait for it, and wants it for those after it.
async fn pass_on(keys: &KeySet, prompts: &Prompts) -> Infallible {
    loop {
        keys.missed().await;
        prompts.prompt();
    }
}

/// That the authority calls itself by its URL (RFC 8414 §3.3).
pub(crate) async fn check_issuer(http: &Http) -> Result<(), Trouble> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
    }
    let (json, _) = http.document("/.well-known/oauth-authorization-server", LARGEST).await?;
    let metadata: Metadata = serde_json::from_slice(&json).map_err(|_| Trouble::UnexpectedAnswer)?;
    if metadata.issuer == http.base().as_str() { Ok(()) } else { Err(Trouble::IssuerMismatch) }
}

/// Reads the keys once; for how long they may be kept.
async fn read(shared: &Shared, source: &Source) -> Result<Option<Duration>, Trouble> {
    let (json, kept) = source.http.document(source.path, LARGEST).await?;
    let keys = usable(&json, source.for_rsa)?;
    source.keys.replace(keys).map_err(|_| Trouble::InvalidKeys)?;
    shared.counts.add(&shared.counts.key_reads);
    shared.pulse.send_replace(());
    Ok(kept)
}

/// The keys of a published set. One that is broken, empty, or tells a private key is as if none had come.
pub(crate) fn usable(json: &[u8], for_rsa: Option<Algorithm>) -> Result<Vec<VerifyingKey>, Trouble> {
    let set = JwkSet::from_json(json).map_err(|_| Trouble::InvalidKeys)?;
    if set.keys.len() > MOST_KEYS {
        return Err(Trouble::InvalidKeys);
    }
    let usable = set.usable(for_rsa).map_err(|_| Trouble::InvalidKeys)?;
    let leaked = usable.skipped.iter().any(|(_, why)| *why == KeyError::PrivateMembers);
    if leaked || usable.keys.is_empty() { Err(Trouble::InvalidKeys) } else { Ok(usable.keys) }
}

/// Well before the keys are too old.
fn next_look(kept: Option<Duration>, shared: &Shared) -> Duration {
    let kept = kept.unwrap_or(KEPT).min(shared.timing.keys_most);
    jittered(kept.mul_f64(0.9), &*shared.entropy).max(shared.timing.keys_least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    #[test]
    fn a_set_without_a_usable_key_or_with_a_private_one_is_as_if_none_had_come() {
        let whole =
            |keys: &str| usable(format!(r#"{{"keys":[{keys}]}}"#).as_bytes(), None).map(|keys| keys.len());
        assert_eq!(whole(&format!("{{{ED25519}}}")), Ok(1));
        assert_eq!(
            whole(&format!("{{{ED25519}}},{{\"kty\":\"new\"}},7")),
            Ok(1),
            "what is not known is left out"
        );
        for (name, keys) in [
            ("empty", String::new()),
            ("none that is known", r#"{"kty":"new"}"#.to_owned()),
            ("private", format!(r#"{{{ED25519},"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}}"#)),
            ("one of two private", format!(r#"{{{ED25519}}},{{{ED25519},"kid":"b","d":"x"}}"#)),
            ("twice", format!("{{{ED25519}}},{{{ED25519}}}")),
            ("too many", vec!["{\"kty\":\"new\"}"; MOST_KEYS + 1].join(",")),
        ] {
            assert_eq!(whole(&keys), Err(Trouble::InvalidKeys), "{name}");
        }
        for json in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[]"#, &"[".repeat(100_000)] {
            assert_eq!(usable(json.as_bytes(), None).map(|_| ()), Err(Trouble::InvalidKeys));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_share_a_look_and_looks_are_rare() {
        let prompts = Prompts::new(Duration::from_secs(10));
        let looks = (0..100).filter(|_| prompts.prompt()).count();
        assert_eq!((looks, prompts.asking().wanted), (100, 1), "one look for all of them");
        let mut allowed = 0;
        for _ in 0..10 {
            prompts.begin();
            allowed += u32::from(prompts.prompt());
        }
        assert_eq!(allowed, BURST - 1);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(prompts.prompt());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_waits_for_a_look_that_begins_afterwards() {
        let prompts = Prompts::new(Duration::from_secs(10));
        let earlier = prompts.begin();
        let looking = prompts.look(Duration::from_secs(2));
        tokio::pin!(looking);
        assert!(timeout(Duration::from_millis(1), &mut looking).await.is_err());
        prompts.over.send_replace(earlier);
        assert!(timeout(Duration::from_millis(1), &mut looking).await.is_err(), "that one began before");
        let later = prompts.begin();
        prompts.over.send_replace(later);
        assert!(looking.await);
        prompts.prompt();
        assert!(!prompts.look(Duration::from_secs(2)).await, "nobody looks");
    }
}
