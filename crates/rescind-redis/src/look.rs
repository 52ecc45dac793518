//! A look at a Redis, for whoever wants to know whether it will do.

use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind};

use crate::dial::{DialError, Dialer};
use crate::write::raise;
use crate::{Address, Timing, TlsError};

/// Not a mark, and gone after a millisecond.
const PROBE: &str = "rescind:doctor";

/// What a Redis turned out to be.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_redis::{Looked, Timing, look};
///
/// let Looked { place, answered_in, refuses_marks, .. } =
///     look("redis://cache.example".parse()?, Timing::default()).await?;
/// println!("{place} answered in {answered_in:?}");
/// if let Some(why) = refuses_marks {
///     println!("and takes no marks: {why}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Who answered, as host and port: with sentinels, the master that they name.
    pub place: String,
    /// How long the answer to a look-up took.
    pub answered_in: Duration,
    /// Why it did not take a mark, where it did not.
    pub refuses_marks: Option<NoMarks>,
    /// Its version and memory, where the user may ask.
    pub told: Option<Told>,
}

/// What a Redis tells of itself.
///
/// ```
/// use rescind_redis::Told;
///
/// /// A cache that is full takes no marks, unless it evicts others.
/// fn evicts(told: &Told) -> bool {
///     told.max_memory == 0 || told.policy != "noeviction"
/// }
///
/// let told = Told { version: "7.0.15".into(), max_memory: 1 << 20, policy: "noeviction".into() };
/// assert!(!evicts(&told));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its version.
    pub version: String,
    /// `maxmemory` in bytes; 0: no limit.
    pub max_memory: u64,
    /// `maxmemory-policy`: what it does at the limit.
    pub policy: String,
}

/// Why a Redis takes no marks. The text is its own.
///
/// ```
/// use rescind_redis::NoMarks;
///
/// fn advice(why: &NoMarks) -> &'static str {
///     match why {
///         NoMarks::NotAllowed(_) => "the user needs MGET, GET, SET, PTTL and EVAL on rescind:*",
///         NoMarks::Replica(_) => "name the master, or its sentinels",
///         NoMarks::Full(_) => "give it memory, or a policy that evicts",
///         NoMarks::Other(_) => "see what it says",
///     }
/// }
/// assert!(advice(&NoMarks::Replica("READONLY …".into())).contains("master"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMarks {
    /// The user may not.
    #[error("{0}")]
    NotAllowed(String),
    /// It is a replica of another.
    #[error("{0}")]
    Replica(String),
    /// It is full, and evicts nothing.
    #[error("{0}")]
    Full(String),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// Why there was nothing to look at. The text never holds a password.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_redis::{LookError, Timing, look};
///
/// // Nobody listens there, which may pass.
/// let away = look("redis://:hunter2@127.0.0.1:1".parse()?, Timing::default()).await.unwrap_err();
/// assert!(matches!(&away, LookError::Away(why) if !why.contains("hunter2")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Nobody is there, or nobody answers in time: that may pass.
    #[error("{0}")]
    Away(String),
    /// It is there, and will not have us: a wrong password, a right that is missing, a certificate that is not good.
    #[error("{0}")]
    Refused(String),
    /// The certificates that the address names cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Connects as a cache does, looks something up, writes what is gone at once, and asks what it is.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_redis::{Timing, look};
///
/// let looked = look("redis://cache.example".parse()?, Timing::default()).await?;
/// assert_eq!(looked.refuses_marks, None);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`LookError`]
pub async fn look(address: Address, timing: Timing) -> Result<Looked, LookError> {
    let dialer = Dialer::new(address, timing)?;
    let (place, dialed) = dialer.find().await.map_err(|error| away_or_refused(&error))?;
    let mut connection = dialed.connection.clone();
    let began = Instant::now();
    let mut look_up = redis::cmd("MGET");
    look_up.arg(PROBE);
    let read_marks = refuses(ask::<Vec<Option<Vec<u8>>>>(&look_up, &mut connection, timing).await)?;
    let answered_in = began.elapsed();
    let probe = raise(PROBE, "1", 1);
    let written_marks = refuses(ask::<()>(&probe, &mut connection, timing).await)?;
    let refuses_marks = read_marks.or(written_marks);
    let told = ask::<String>(&redis::cmd("INFO"), &mut connection, timing).await.ok();
    Ok(Looked { place: place.to_string(), answered_in, refuses_marks, told: told.as_deref().map(read) })
}

/// Whether it answers, but does not do what marks need.
fn refuses<T>(answer: Result<T, DialError>) -> Result<Option<NoMarks>, LookError> {
    match answer {
        Ok(_) => Ok(None),
        Err(DialError::Redis(error)) if !error.is_io_error() => Ok(Some(no_marks(&error))),
        Err(other) => Err(away_or_refused(&other)),
    }
}

/// Patiently: whoever looks wants to know how long it takes.
async fn ask<T: redis::FromRedisValue>(
    command: &Cmd,
    connection: &mut MultiplexedConnection,
    timing: Timing,
) -> Result<T, DialError> {
    let answer = tokio::time::timeout(timing.write, command.query_async(connection)).await;
    Ok(answer.map_err(|_| DialError::Late)??)
}

fn read(info: &str) -> Told {
    let value = |name: &str| {
        let of = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned());
        info.lines().find_map(of).unwrap_or_default()
    };
    Told {
        version: value("redis_version"),
        max_memory: value("maxmemory").parse().unwrap_or(0),
        policy: value("maxmemory_policy"),
    }
}

fn no_marks(error: &RedisError) -> NoMarks {
    let text = error.to_string();
    // Redis 6 wraps what a script ran into.
    let says = |code: &str| error.code() == Some(code) || text.contains(&format!("{code} "));
    match error.kind() {
        _ if says("NOPERM") => NoMarks::NotAllowed(text),
        _ if says("READONLY") => NoMarks::Replica(text),
        _ if says("OOM") => NoMarks::Full(text),
        _ => NoMarks::Other(text),
    }
}

fn away_or_refused(error: &DialError) -> LookError {
    let text = chain(error);
    let refused = match error {
        // A certificate that is not good, or an answer that is not TLS.
        DialError::Network(error) => {
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        }
        DialError::Redis(error) => match error.kind() {
            ErrorKind::Server(kind) => {
                !matches!(kind, ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown)
            }
            ErrorKind::AuthenticationFailed | ErrorKind::Extension | ErrorKind::RESP3NotSupported => true,
            _ => false,
        },
        DialError::Late | DialError::NoMaster(_) | DialError::NotMaster => false,
    };
    if refused { LookError::Refused(text) } else { LookError::Away(text) }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        add(&mut text, inner);
        source = inner.source();
    }
    text
}

fn add(text: &mut String, inner: &dyn Display) {
    let inner = inner.to_string();
    if !text.contains(&inner) {
        text.push_str(": ");
        text.push_str(&inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_tells_is_read_by_whole_names() {
        let info = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_human:1.00M\r\nmaxmemory:1048576\r\nmaxmemory_policy:noeviction\r\n";
        let told = Told { version: "7.0.15".into(), max_memory: 1_048_576, policy: "noeviction".into() };
        assert_eq!(read(info), told);
        assert_eq!(read(""), Told::default());
    }
}
