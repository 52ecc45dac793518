//! Whether a server answers, and is ready.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::Finding;

const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn check(listen: SocketAddr) -> Finding {
    let address = reachable(listen);
    match ask(address) {
        Err(_) => Finding::ok("server", format!("none answers on {listen}")),
        Ok(answer) => match status(&answer) {
            Some(200) if refuses_writes(&answer) => Finding::wrong(
                "server",
                format!("the one on {listen} checks tokens, and its store takes no writes"),
                "make room on the database's disk, or make the database writable again; its log says which",
            ),
            Some(200) => Finding::ok("server", format!("the one on {listen} is ready")),
            Some(503) => Finding::wrong(
                "server",
                format!("the one on {listen} is not ready"),
                "its log says why: the store does not answer, or the clock is off",
            ),
            _ => Finding::warning(
                "server",
                format!("what answers on {listen} is not Rescind"),
                "stop it, or have Rescind listen elsewhere: --listen or RESCIND_LISTEN",
            ),
        },
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

/// The beginning of the answer.
fn ask(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    // Something that talks without end, or not at all, has said enough.
    let _ = stream.take(4096).read_to_end(&mut answer);
    Ok(answer)
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(line).ok()?.parse().ok()
}

/// By the body of `/readyz`, the only place that says so.
fn refuses_writes(answer: &[u8]) -> bool {
    let said = br#""writes":"refused""#;
    answer.windows(said.len()).any(|text| text == said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_takes_no_writes_is_told_from_one_that_does() {
        assert!(refuses_writes(br#"HTTP/1.1 200 OK\r\n\r\n{"status":"ready","writes":"refused"}"#));
        assert!(!refuses_writes(br#"HTTP/1.1 200 OK\r\n\r\n{"status":"ready","writes":"taken"}"#));
    }

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 503 Service Unavailable\r\n"), Some(503));
        assert_eq!(status(b"SSH-2.0-OpenSSH"), None);
        assert_eq!(status(b""), None);
    }

    #[test]
    fn every_address_is_reached_by_the_nearest() {
        assert_eq!(reachable("0.0.0.0:1".parse().unwrap()), "127.0.0.1:1".parse().unwrap());
        assert_eq!(reachable("[::]:1".parse().unwrap()), "[::1]:1".parse().unwrap());
        assert_eq!(reachable("192.0.2.1:1".parse().unwrap()), "192.0.2.1:1".parse().unwrap());
    }
}
