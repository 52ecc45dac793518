//! Why a command did not do what it was asked to do, and what to do about it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rescind::authority::{Error, StartError};
use rescind::keys::SealError;
use rescind::store::StoreError;
use rescind_postgres::OpenError;

/// Everything that can go wrong. [`Failure::next`] says what helps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The first operator's password would be guessed.
    #[error("RESCIND_ADMIN_PASSWORD is too weak: {0}")]
    AdminPassword(&'static str),
    /// A setting makes no sense; the text names it.
    #[error("{0}")]
    Setting(String),
    /// It would end more than one session, and nobody can be asked.
    #[error("this {0}: it asks first, and standard input is no terminal")]
    CannotAsk(String),
    /// A password is needed, and nobody can be asked for it.
    #[error("a password is needed, and standard input is no terminal")]
    CannotAskPassword,
    /// Whoever was asked said no.
    #[error("nothing was changed")]
    Declined,
    /// The data directory cannot be made, read or written.
    #[error("the data directory {} cannot be used: {why}", .path.display())]
    DataDir {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        why: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {why}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        why: std::io::Error,
    },
    /// A file that is to be made is there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A database is there already.
    #[error("there is a database already: {}", .0.display())]
    DatabaseExists(PathBuf),
    /// There is no database yet.
    #[error("there is no authority in {} yet", .0.display())]
    NotStarted(PathBuf),
    /// The PostgreSQL database has nothing of ours.
    #[error("there is no authority in that database yet")]
    EmptyDatabase,
    /// The PostgreSQL server cannot be reached as it was named, or will not have us.
    #[error("RESCIND_DATABASE_URL: {0}")]
    DatabaseUrl(String),
    /// What is asked for is done otherwise with this store.
    #[error("{0}")]
    OtherStore(&'static str),
    /// The database is behind this program.
    #[error("the database has schema version {found}, this program needs {needed}")]
    SchemaOld {
        /// The version in the database.
        found: u32,
        /// The version that this program works on.
        needed: u32,
    },
    /// The database is ahead of this program.
    #[error(
        "the database has schema version {found}, this program knows {known}: it was written by a newer one"
    )]
    SchemaTooNew {
        /// The version in the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file is something else, or damaged.
    #[error("the database is not usable: {0}")]
    Corrupt(String),
    /// The disk is full.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// The store cannot be reached or written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The master key does not open the keys.
    #[error("the signing keys in the database do not open with the master key from {0}")]
    WrongMasterKey(String),
    /// The master key is not one.
    #[error("the master key from {0} is not 32 bytes in base64")]
    InvalidMasterKey(String),
    /// The keys are there, and what opens them is not.
    #[error("the database has signing keys, but {} is gone", .0.display())]
    MasterKeyGone(PathBuf),
    /// Another process uses the data directory.
    #[error("a server or another command is using {}", .0.display())]
    InUse(PathBuf),
    /// The database is a directory, a device or the like.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// Another server uses the file.
    #[error("another server is serving {}", .0.display())]
    AlreadyServed(PathBuf),
    /// What was named is not there.
    #[error("there is no {0}")]
    NoSuch(String),
    /// No token with that jti was revoked.
    #[error("no revocation of a token with the jti {0}")]
    NoRevocation(String),
    /// What was named is there more than once.
    #[error("{0}")]
    Ambiguous(String),
    /// The authority refused.
    #[error("{0}")]
    Refused(Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// No server answers there, or not as one that is well.
    #[error("the server on {0} is not well: {1}")]
    Unhealthy(std::net::SocketAddr, String),
    /// The server could not start, or ended badly.
    #[error("{0}")]
    Server(String),
    /// Everything was said already: `doctor` found something, or a token is not good.
    #[error("not all is well")]
    Verdict,
    /// Whoever read the output went away.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    /// 2 for wrong usage, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Setting(_)
            | Self::AdminPassword(_)
            | Self::CannotAsk(_)
            | Self::CannotAskPassword => ExitCode::from(2),
            _ => ExitCode::from(1),
        }
    }

    /// The stable, snake_case code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "wrong_usage",
            Self::Setting(_) => "invalid_setting",
            Self::AdminPassword(_) => "password_too_weak",
            Self::CannotAsk(_) => "confirmation_needed",
            Self::CannotAskPassword => "password_needed",
            Self::Declined => "declined",
            Self::DataDir { .. } => "data_dir_unusable",
            Self::File { .. } => "file_unusable",
            Self::Exists(_) => "file_exists",
            Self::DatabaseExists(_) => "database_exists",
            Self::NotStarted(_) => "not_started",
            Self::EmptyDatabase => "not_started",
            Self::DatabaseUrl(_) => "database_refused",
            Self::OtherStore(_) => "other_store",
            Self::SchemaOld { .. } => "schema_old",
            Self::SchemaTooNew { .. } => "schema_too_new",
            Self::Corrupt(_) => "database_corrupt",
            Self::DiskFull(_) => "disk_full",
            Self::Unavailable(_) => "unavailable",
            Self::WrongMasterKey(_) => "wrong_master_key",
            Self::InvalidMasterKey(_) => "invalid_master_key",
            Self::MasterKeyGone(_) => "master_key_gone",
            Self::InUse(_) => "in_use",
            Self::NoFile(_) => "no_file",
            Self::AlreadyServed(_) => "already_served",
            Self::NoSuch(_) | Self::NoRevocation(_) => "not_found",
            Self::Ambiguous(_) => "ambiguous",
            Self::Refused(error) => error.code(),
            Self::Listen(..) => "cannot_listen",
            Self::Unhealthy(..) => "unhealthy",
            Self::Server(_) => "server_failed",
            Self::Verdict => "not_well",
            Self::OutputClosed => "output_closed",
        }
    }

    /// What to do next, where there is something to say.
    pub(crate) fn next(&self) -> Option<&'static str> {
        Some(match self {
            Self::Setting(_) => {
                "`rescind config --reference` lists every setting, `rescind config` those in effect"
            }
            Self::AdminPassword(_) => {
                "give the first operator another (RESCIND_ADMIN_PASSWORD or RESCIND_ADMIN_PASSWORD_FILE), or none: then one is made up and printed once"
            }
            Self::CannotAsk(_) => "look with --dry-run, then say --yes",
            Self::CannotAskPassword => "use --password-stdin, --password-file or --password-generate",
            Self::DataDir { .. } => {
                "make it a directory that this user may write to, or name another: --data-dir or RESCIND_DATA_DIR"
            }
            Self::Exists(_) => "name another file, or move that one away",
            Self::DatabaseExists(_) => {
                "--replace puts the backup in its place, and keeps the old database under another name"
            }
            Self::NotStarted(_) => {
                "`rescind serve` makes one; if there is one elsewhere, name its directory: --data-dir or RESCIND_DATA_DIR"
            }
            Self::EmptyDatabase => "`rescind serve` makes one",
            Self::DatabaseUrl(_) => {
                "see that RESCIND_DATABASE_URL names the user, the password and the database; with TLS, sslrootcert names the file of the authority"
            }
            Self::SchemaOld { .. } => "`rescind migrate` brings it up to date; take a backup first",
            Self::SchemaTooNew { .. } => "use the newer program, or restore a backup from before the upgrade",
            Self::Corrupt(_) => "`rescind doctor` says more; `rescind restore` goes on from a backup",
            Self::DiskFull(_) => "make room; nothing was lost that had been acknowledged",
            Self::Unavailable(_) => "`rescind doctor` says more",
            Self::WrongMasterKey(_) => {
                "give the key that this database was made with: RESCIND_MASTER_KEY, RESCIND_MASTER_KEY_FILE or master.key in the data directory"
            }
            Self::InvalidMasterKey(_) => "`openssl rand -base64 32` makes one, for a new database only",
            Self::MasterKeyGone(_) => {
                "put it back, or give the key with RESCIND_MASTER_KEY; without it nobody can open the signing keys"
            }
            Self::InUse(_) => "stop it first, then try again",
            Self::NoFile(_) => {
                "name a file of Rescind's, or one that is to be made: --data-dir, or RESCIND_DATABASE_URL"
            }
            Self::AlreadyServed(_) => {
                "a file has one server: stop that one, or give this one a directory of its own (--data-dir); several servers share a PostgreSQL database (RESCIND_DATABASE_URL)"
            }
            Self::Listen(_, why) => listening(why.kind()),
            Self::Unhealthy(..) => {
                "its log and `rescind doctor` say more; where it listens elsewhere, set RESCIND_LISTEN here too"
            }
            Self::NoRevocation(_) => {
                "a token's revocation is named by its jti, not by its seq: `rescind revocations list --kind token` lists them"
            }
            Self::Ambiguous(_) => "say which with --tenant",
            Self::Refused(Error::Overloaded | Error::Unavailable) => {
                "try again shortly; `rescind doctor` says more"
            }
            Self::Refused(Error::LastOperator) => {
                "`rescind users create EMAIL --tenant system --role admin --password-generate` makes another"
            }
            _ => return None,
        })
    }

    /// Whether there is anything left to say.
    pub(crate) const fn is_silent(&self) -> bool {
        matches!(self, Self::Verdict | Self::OutputClosed)
    }

    /// For reading or writing that file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |why| match why.kind() {
            std::io::ErrorKind::AlreadyExists => Self::Exists(path),
            std::io::ErrorKind::StorageFull => Self::DiskFull(path.display().to_string()),
            _ => Self::File { path, why },
        }
    }
}

/// What helps where an address cannot be listened on.
const fn listening(why: std::io::ErrorKind) -> &'static str {
    match why {
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 are the system's: listen on a higher one behind a proxy (--listen or RESCIND_LISTEN), or give the program CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: listen on one that it has, or on all with 0.0.0.0 (--listen or RESCIND_LISTEN)"
        }
        _ => "stop what listens there, or listen elsewhere: --listen or RESCIND_LISTEN",
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NoSuch("such thing".to_owned()),
            other => Self::Refused(other),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Address(why) => Self::DatabaseUrl(why),
            refused @ OpenError::Refused(_) => Self::DatabaseUrl(refused.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooNew { found, known } => Self::SchemaTooNew { found, known },
            StoreError::Corrupt(why) => Self::Corrupt(why),
            // SQLite's own words for SQLITE_FULL, and PostgreSQL's code.
            StoreError::TakesNoWrites(why) if why.contains("disk is full") || why.contains("(53100)") => {
                Self::DiskFull(why)
            }
            StoreError::Unavailable(why) | StoreError::TakesNoWrites(why) => Self::Unavailable(why),
            other => Self::from(Error::from(other)),
        }
    }
}

impl Failure {
    /// For starting an authority whose master key came from `origin`.
    pub(crate) fn start(error: StartError, origin: &str) -> Self {
        match error {
            StartError::MasterKey(seal) => Self::seal(seal, origin),
            // Nobody's password is made at a start but the first operator's.
            StartError::Other(Error::PasswordTooWeak(why)) => Self::AdminPassword(why),
            StartError::Other(other) => other.into(),
        }
    }

    /// For a master key that came from `origin`.
    pub(crate) fn seal(error: SealError, origin: &str) -> Self {
        match error {
            SealError::WrongMasterKey => Self::WrongMasterKey(origin.to_owned()),
            SealError::InvalidMasterKey => Self::InvalidMasterKey(origin.to_owned()),
            SealError::CannotSeal => Self::Refused(Error::Internal(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        for why in ["database or disk is full", "could not extend file: No space left on device (53100)"] {
            let full = Failure::from(StoreError::TakesNoWrites(why.to_owned()));
            assert_eq!(full.code(), "disk_full");
            assert!(full.next().is_some());
        }
        let read_only = StoreError::TakesNoWrites("attempt to write a readonly database".to_owned());
        assert_eq!(Failure::from(read_only).code(), "unavailable");
        assert_eq!(Failure::from(StoreError::Unavailable("disk I/O error".to_owned())).code(), "unavailable");
    }

    #[test]
    fn an_address_that_cannot_be_had_is_told_from_one_that_is_taken() {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        let causes = [
            (PermissionDenied, "below 1024"),
            (AddrNotAvailable, "no such address"),
            (AddrInUse, "stop what"),
        ];
        for (kind, said) in causes {
            let failure = Failure::Listen(([127, 0, 0, 1], 80).into(), kind.into());
            assert!(failure.next().unwrap().contains(said), "{failure}");
        }
    }

    #[test]
    fn wrong_usage_and_failure_are_told_apart() {
        assert_eq!(Failure::Usage(String::new()).exit_code(), ExitCode::from(2));
        assert_eq!(Failure::CannotAsk(String::new()).exit_code(), ExitCode::from(2));
        assert_eq!(Failure::Declined.exit_code(), ExitCode::from(1));
    }
}
