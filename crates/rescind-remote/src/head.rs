//! Where the ledger ends: `GET /api/v1/feed/head`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rescind::ledger::Cursor;
use rescind::verifier::{HeadAnswer, HeadUnknown, LedgerHead};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::http::Http;
use crate::shared::Shared;
use crate::trouble::Trouble;

/// How many ask at once. The others wait for their turn, at most as long as their checks may.
const AT_ONCE: usize = 32;

/// Asks the authority where its ledger ends.
pub(crate) struct Head {
    shared: Arc<Shared>,
    http: Arc<Http>,
    turns: Semaphore,
}

impl Head {
    pub(crate) fn new(shared: Arc<Shared>, http: Arc<Http>) -> Self {
        Self { shared, http, turns: Semaphore::new(AT_ONCE) }
    }

    async fn ask(&self) -> Result<Cursor, Trouble> {
        let _turn = self.turns.acquire().await;
        let cursor = parse(&self.http.head().await?)?;
        self.shared.asked.store(cursor.seq, Ordering::Release);
        Ok(cursor)
    }
}

impl LedgerHead for Head {
    fn head(&self) -> HeadAnswer<'_> {
        Box::pin(async {
            self.ask().await.map_err(|trouble| {
                tracing::warn!(code = trouble.code(), "a fresh check is refused: {trouble}");
                HeadUnknown
            })
        })
    }
}

fn parse(json: &[u8]) -> Result<Cursor, Trouble> {
    #[derive(Deserialize)]
    struct Wire {
        cursor: String,
        seq: i64,
    }
    let wire: Wire = serde_json::from_slice(json).map_err(|_| Trouble::UnexpectedAnswer)?;
    let cursor: Cursor = wire.cursor.parse().map_err(|_| Trouble::UnexpectedAnswer)?;
    if cursor.seq == wire.seq { Ok(cursor) } else { Err(Trouble::UnexpectedAnswer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_cursor_and_its_number() {
        let tag = "a7".repeat(16);
        let head =
            |cursor: &str, seq: i64| parse(format!(r#"{{"cursor":"{cursor}","seq":{seq}}}"#).as_bytes());
        assert_eq!(head(&format!("42.{tag}"), 42), Ok(Cursor { seq: 42, tag: [0xa7; 16] }));
        assert_eq!(head(&format!("42.{tag}"), 43), Err(Trouble::UnexpectedAnswer));
        assert_eq!(head("42", 42), Err(Trouble::UnexpectedAnswer));
        assert_eq!(parse(b"{}"), Err(Trouble::UnexpectedAnswer));
    }
}
