//! For how long things may take, and how often they are tried.

use std::time::Duration;

/// For how long things may take, and how often they are tried. The defaults suit an authority anywhere on the Internet.
///
/// ```
/// use std::time::Duration;
/// use rescind_remote::Timing;
///
/// let near = Timing { connect: Duration::from_millis(500), ..Timing::default() };
/// assert!(near.silence > Duration::from_secs(5), "a heartbeat comes every five seconds");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// To connect, TLS not counted.
    pub connect: Duration,
    /// Until the head of an answer has come, with all that goes before; and for the whole of a small one.
    pub answer: Duration,
    /// Without an event, or without a byte of a snapshot, before a connection is given up.
    pub silence: Duration,
    /// For a whole snapshot.
    pub snapshot: Duration,
    /// Before the first attempt to connect again. It doubles with each that fails, and up to half of it is left to chance.
    pub first_pause: Duration,
    /// What it doubles to. It is the pause at once where the authority refuses the client.
    pub longest_pause: Duration,
    /// Between two looks at the keys, at the least, and between two that tokens with unknown keys have asked for.
    pub keys_least: Duration,
    /// Between two looks at the keys, at the most, whatever `Cache-Control` allows.
    pub keys_most: Duration,
    /// How long a check waits for the keys where its token names an unknown one.
    pub keys_wait: Duration,
    /// How long a check that is to be fresh waits for the events to bring what it needs, before they are asked for anew.
    pub nudge: Duration,
    /// Between two sweeps of what has expired.
    pub tick: Duration,
    /// Between two writes of the state on disk.
    pub save: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            snapshot: Duration::from_secs(10 * 60),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            keys_least: Duration::from_secs(10),
            keys_most: Duration::from_secs(15 * 60),
            keys_wait: Duration::from_secs(2),
            nudge: Duration::from_millis(100),
            tick: Duration::from_secs(1),
            save: Duration::from_secs(60),
        }
    }
}
