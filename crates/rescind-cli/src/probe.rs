//! A question to the server that listens at our address, as a health check asks it.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// What is read of an answer at the most, in bytes.
const MOST: u64 = 4096;

/// What answered.
pub(crate) struct Answer(Vec<u8>);

/// Asks for `path` at the address that a server listens on. The server may take so long to be connected to, and as long again to
/// answer.
pub(crate) fn ask(listen: SocketAddr, path: &str, patience: Duration) -> std::io::Result<Answer> {
    let address = reachable(listen);
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    // Something that talks without end, or not at all, has said enough.
    let _ = stream.take(MOST).read_to_end(&mut answer);
    Ok(Answer(answer))
}

impl Answer {
    /// The status, where it is HTTP.
    pub(crate) fn status(&self) -> Option<u16> {
        let line = self.0.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        std::str::from_utf8(line).ok()?.parse().ok()
    }

    /// Whether these words are in it.
    pub(crate) fn says(&self, words: &[u8]) -> bool {
        self.0.windows(words.len()).any(|text| text == words)
    }
}

/// A server that listens on every address is asked on the nearest.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer(text.as_bytes().to_vec())
    }

    #[test]
    fn words_are_found_wherever_they_are() {
        let refused = answer(r#"HTTP/1.1 200 OK\r\n\r\n{"status":"ready","writes":"refused"}"#);
        assert!(refused.says(br#""writes":"refused""#));
        assert!(!refused.says(br#""writes":"taken""#));
    }

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(answer("HTTP/1.1 503 Service Unavailable\r\n").status(), Some(503));
        assert_eq!(answer("SSH-2.0-OpenSSH").status(), None);
        assert_eq!(answer("").status(), None);
    }

    #[test]
    fn every_address_is_reached_by_the_nearest() {
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()), "127.0.0.1:1".parse().unwrap());
        assert_eq!(reachable("[::]:1".parse().unwrap()), "[::1]:1".parse().unwrap());
        assert_eq!(reachable("192.0.2.1:1".parse().unwrap()), "192.0.2.1:1".parse().unwrap());
    }
}
