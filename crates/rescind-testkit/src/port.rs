//! Ports for what the tests start.

use std::sync::atomic::{AtomicU16, Ordering};

/// A port that nobody listens on, below the range from which outgoing connections take theirs: so that it is still free
/// when a killed server starts again.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests run in processes of their own, side by side: each begins its search elsewhere.
    let begin = std::process::id().wrapping_mul(97) % u32::from(COUNT);
    let begin = u16::try_from(begin).unwrap_or_default();
    (0..COUNT)
        .map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_differ() {
        let (one, two) = (free_port(), free_port());
        assert_ne!(one, two);
        assert!(one >= 12_000 && two < 32_000, "{one} {two}");
    }
}
