//! The last that was known, on disk: so that a verifier starts safely while its authority is down.
//!
//! Two files. `marks-….snapshot` has the marks, in the compact form of a snapshot, whose tag is the name of the file. `state` has
//! everything else, names the file of the marks, and takes the place of the one before at once. What does not fit together, was
//! damaged, or is another's, is as if it were not there.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use rescind::clock::Timestamp;
use rescind::entropy::random_bytes;
use rescind::id::TenantId;
use rescind::ledger::snapshot::{Decoder, Encoder};
use rescind::ledger::{Cursor, Mark};
use rescind::token::JwkSet;
use serde::{Deserialize, Serialize};

use crate::feed::is_of_use;
use crate::keys;
use crate::shared::Shared;
use crate::trouble::Trouble;

/// The version of what is written here.
const VERSION: u32 = 2;

/// The largest `state` that is read, in bytes.
const LARGEST_STATE: u64 = 4 * 1024 * 1024;

/// How much of a file is read or written at once.
const PIECE: usize = 64 * 1024;

/// Where the state is kept, and whose it is.
pub(crate) struct Disk {
    directory: PathBuf,
    issuer: String,
    client_id: String,
    written: Mutex<Option<Written>>,
}

/// The marks that are on disk.
#[derive(Clone, Debug)]
struct Written {
    file: String,
    tag: [u8; 16],
    /// How many marks had been taken up by then.
    taken: u64,
}

#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    issuer: String,
    /// What a client may read is fixed with it: another one may be told of more tenants.
    client_id: String,
    /// The only tenant whose tokens it was for: the marks may have been that tenant's only.
    tenant: Option<TenantId>,
    cursor: String,
    as_of: Timestamp,
    /// By then, what had expired was gone.
    saved_at: Timestamp,
    /// How much longer than its expiry each mark was kept.
    leeway_ms: u64,
    /// The tag of the file with the marks.
    marks: String,
    keys: JwkSet,
    /// The keys of other issuers, by their names.
    #[serde(default)]
    others: BTreeMap<String, JwkSet>,
}

impl Disk {
    /// Makes the directory where there is none.
    pub(crate) fn open(directory: PathBuf, issuer: &str, client_id: &str) -> io::Result<Self> {
        make_private(&directory)?;
        let (issuer, client_id) = (issuer.to_owned(), client_id.to_owned());
        Ok(Self { directory, issuer, client_id, written: Mutex::new(None) })
    }

    /// Loads what was known last. Where the events go on, if it counts as having been read from the ledger; without that, marks
    /// may have been loaded, which only ever revoke.
    pub(crate) fn load(&self, shared: &Shared) -> Result<Option<Cursor>, Trouble> {
        let Some(state) = self.read_state()? else { return Ok(None) };
        let same =
            (&state.issuer, &state.client_id, state.tenant) == (&self.issuer, &self.client_id, shared.tenant);
        if !same {
            return Err(Trouble::Disk);
        }
        let cursor: Cursor = state.cursor.parse().map_err(|_| Trouble::Disk)?;
        let json = serde_json::to_vec(&state.keys).map_err(|_| Trouble::Disk)?;
        let keys = keys::usable(&json, None).map_err(|_| Trouble::Disk)?;
        let path = self.directory.join(marks_file(&state.marks));
        // All of it is checked before any of it counts.
        let tag = read_marks(&path, shared.max_marks, |_| ())?;
        if hex(&tag) != state.marks {
            return Err(Trouble::Disk);
        }
        let now = shared.now();
        let loader = shared.replica.load(0);
        read_marks(&path, shared.max_marks, |mark| loader.apply(&mark, now))?;
        shared.keys.replace(keys).map_err(|_| Trouble::Disk)?;
        load_others(&state, shared)?;
        if !counts(&state, shared, now) {
            tracing::warn!(
                "by this clock or leeway, marks may be missing from the state on disk: it is not enough"
            );
            return Ok(None);
        }
        loader.finish(cursor, state.as_of);
        Ok(Some(cursor))
    }

    /// Writes what is known now. Nothing where the ledger has not been read, or marks may be missing, or no keys have come: there
    /// is no use in a part of it.
    pub(crate) fn save(&self, shared: &Shared) -> io::Result<()> {
        // In this order: whatever these say that there is, is among the marks.
        let saved_at = shared.now();
        let Some(as_of) = shared.replica.as_of().filter(|_| shared.has_keys()) else { return Ok(()) };
        let cursor = shared.replica.cursor();
        let taken = shared.counts.taken.load(Ordering::Acquire);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = match written.take() {
            Some(marks) if marks.taken == taken => marks,
            _ => self.write_marks(shared, taken)?,
        };
        let state = State {
            version: VERSION,
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            tenant: shared.tenant,
            cursor: cursor.to_string(),
            as_of,
            saved_at,
            leeway_ms: u64::try_from(shared.replica.leeway().as_millis()).unwrap_or(u64::MAX),
            marks: hex(&marks.tag),
            keys: shared.keys.to_jwks(),
            others: shared.others.iter().map(|other| (other.iss.clone(), other.keys.to_jwks())).collect(),
        };
        self.write_state(&state)?;
        self.sweep(&marks.file);
        *written = Some(marks);
        shared.counts.add(&shared.counts.saves);
        Ok(())
    }

    fn write_marks(&self, shared: &Shared, taken: u64) -> io::Result<Written> {
        let tag: [u8; 16] = random_bytes(&*shared.entropy);
        let file = marks_file(&hex(&tag));
        self.replace(&file, |out| {
            let mut bytes = Vec::with_capacity(2 * PIECE);
            // They are numbered as they come: their places in the ledger are not known, nor needed.
            let mut encoder = Encoder::begin(Cursor { seq: i64::MAX, tag }, &mut bytes);
            for (seq, mark) in (1..).zip(shared.replica.marks_held()) {
                // Longer than what may be written, it is of no use to anybody.
                let _ = encoder.mark(seq, &mark, &mut bytes);
                if bytes.len() >= PIECE {
                    out.write_all(&bytes)?;
                    bytes.clear();
                }
            }
            encoder.finish(&mut bytes);
            out.write_all(&bytes)
        })?;
        Ok(Written { file, tag, taken })
    }

    fn write_state(&self, state: &State) -> io::Result<()> {
        let json = serde_json::to_vec(state)?;
        self.replace("state", |out| {
            out.write_all(hex(digest(&SHA256, &json).as_ref()).as_bytes())?;
            out.write_all(b"\n")?;
            out.write_all(&json)
        })
    }

    fn read_state(&self) -> Result<Option<State>, Trouble> {
        let file = match File::open(self.directory.join("state")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(Trouble::Disk),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST_STATE).read_to_end(&mut bytes).map_err(|_| Trouble::Disk)?;
        let (sum, json) = bytes.split_at_checked(64).ok_or(Trouble::Disk)?;
        let json = json.strip_prefix(b"\n").ok_or(Trouble::Disk)?;
        if hex(digest(&SHA256, json).as_ref()).as_bytes() != sum {
            return Err(Trouble::Disk);
        }
        let state: State = serde_json::from_slice(json).map_err(|_| Trouble::Disk)?;
        if state.version == VERSION { Ok(Some(state)) } else { Err(Trouble::Disk) }
    }

    /// Writes a file as a whole or not at all, for its owner only.
    fn replace(&self, name: &str, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let path = self.directory.join(name);
        let temporary = self.directory.join(format!("{name}.tmp"));
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        write(&mut file)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        #[cfg(unix)]
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }

    /// Removes the marks of before, and what was left half written.
    fn sweep(&self, keep: &str) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let ours = name.to_str().is_some_and(|name| name.starts_with("marks-") && name != keep);
            if ours {
                // Left behind, it takes room and nothing else.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether nothing can be missing from it by now: it was saved in the past, and its marks were kept for as long as we grant.
fn counts(state: &State, shared: &Shared, now: Timestamp) -> bool {
    let latest = now.plus(shared.leeway);
    let kept = std::time::Duration::from_millis(state.leeway_ms) >= shared.replica.leeway();
    state.saved_at <= latest && state.as_of <= latest && kept
}

/// Reads a file of marks, and returns its tag once its end was checked.
fn read_marks(path: &Path, most: usize, mut take: impl FnMut(Mark)) -> Result<[u8; 16], Trouble> {
    let mut file = File::open(path).map_err(|_| Trouble::Disk)?;
    let (mut decoder, mut piece) = (Decoder::new(), vec![0; PIECE]);
    loop {
        let length = file.read(&mut piece).map_err(|_| Trouble::Disk)?;
        if length == 0 {
            return Ok(decoder.finish()?.tag);
        }
        decoder.feed(&piece[..length], |_, mark| {
            if is_of_use(&mark) {
                take(mark);
            }
        })?;
        if usize::try_from(decoder.marks()).unwrap_or(usize::MAX) > most {
            return Err(Trouble::TooManyMarks);
        }
    }
}

/// Whoever is trusted now; none of another is taken up.
fn load_others(state: &State, shared: &Shared) -> Result<(), Trouble> {
    for other in &shared.others {
        let Some(set) = state.others.get(&other.iss).filter(|set| !set.keys.is_empty()) else { continue };
        let json = serde_json::to_vec(set).map_err(|_| Trouble::Disk)?;
        let keys = keys::usable(&json, other.for_rsa).map_err(|_| Trouble::Disk)?;
        other.keys.replace(keys).map_err(|_| Trouble::Disk)?;
    }
    Ok(())
}

fn marks_file(tag: &str) -> String {
    // What a damaged or foreign state says is not a way out of the directory.
    let plain: String = tag.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    format!("marks-{plain}.snapshot")
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
