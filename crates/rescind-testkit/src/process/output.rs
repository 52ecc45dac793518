//! Everything a server prints, kept across restarts.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// All lines of standard output and standard error, in the order in which they were read. Clones share them.
#[derive(Clone, Debug)]
pub struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    grown: watch::Sender<usize>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { lines: Arc::default(), grown: watch::Sender::new(0) }
    }

    /// Everything so far, as one text: what a search for secrets reads.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Everything so far, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many lines there are: pass it to [`Output::after`] to skip what an earlier start printed.
    pub fn len(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing was printed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for a line at or after `start` in which `find` finds something. Waits for ever if none comes: the caller
    /// bounds it.
    pub async fn after<T>(&self, start: usize, find: impl Fn(&str) -> Option<T>) -> T {
        let mut grown = self.grown.subscribe();
        loop {
            if let Some(found) = self.lines().iter().skip(start).find_map(|line| find(line)) {
                return found;
            }
            // Cannot fail: `self` holds the sender.
            drop(grown.changed().await);
        }
    }

    /// Reads `stream` to its end in the background.
    pub(super) fn follow(
        &self,
        stream: impl AsyncRead + Unpin + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut bytes = Vec::new();
            while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|count| count > 0) {
                output.push(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned());
                bytes.clear();
            }
        })
    }

    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        self.grown.send_replace(lines.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_is_found_whether_it_came_before_or_comes_later() {
        let output = Output::new();
        output.follow(&b"one\r\ntwo"[..]).await.expect("the reader ends");
        assert_eq!(output.lines(), ["one", "two"]);
        assert_eq!(output.after(1, |line| line.strip_prefix('t').map(str::to_owned)).await, "wo");

        let waiting = tokio::spawn({
            let output = output.clone();
            async move { output.after(2, |line| Some(line.to_owned())).await }
        });
        output.follow(&b"three\n"[..]).await.expect("the reader ends");
        assert_eq!(waiting.await.expect("found"), "three");
    }
}
