//! Being woken when the ledger has grown.
//!
//! A notification is a wake-up and nothing else: it may come late, twice or not at all. Whoever is woken reads the ledger,
//! and reads it now and then in any case.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::AsyncMessage;

use crate::connect::Address;

/// Tells every listener. The channel is the schema's own.
pub(crate) const NOTIFY: &str = "SELECT pg_notify('rescind_' || 'head'::regclass::oid, '')";

/// The listening connection, kept up for as long as this lives.
pub(crate) struct Wake {
    woken: Arc<Notify>,
    task: AbortHandle,
}

impl Wake {
    pub(crate) fn listen(address: Address) -> Self {
        let woken = Arc::new(Notify::new());
        let task = tokio::spawn(keep_listening(address, Arc::clone(&woken))).abort_handle();
        Self { woken, task }
    }

    /// Resolves at a notification that came since the last call.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

async fn keep_listening(address: Address, woken: Arc<Notify>) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times();
    let mut waits = backoff.build();
    loop {
        let listened = listen(&address, &woken).await;
        tracing::debug!(?listened, "the wake-ups have ended");
        woken.notify_one();
        let pause = match listened {
            Ok(()) => {
                waits = backoff.build();
                Duration::from_millis(50)
            }
            Err(_) => waits.next().unwrap_or(Duration::from_secs(2)),
        };
        tokio::time::sleep(pause).await;
    }
}

/// Listens until the connection ends; an error where it never began.
async fn listen(address: &Address, woken: &Notify) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = address.config.connect(address.tls.clone()).await?;
    let begin = async {
        let row = client.query_one("SELECT 'head'::regclass::oid::text", &[]).await?;
        let channel: String = row.get(0);
        client.batch_execute(&format!("LISTEN rescind_{channel}")).await
    };
    tokio::pin!(begin);
    let mut begun = false;
    loop {
        tokio::select! {
            outcome = &mut begin, if !begun => {
                outcome?;
                begun = true;
                woken.notify_one();
            }
            message = poll_fn(|cx| connection.poll_message(cx)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => woken.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(error)) if begun => {
                    tracing::debug!(%error, "the connection for wake-ups broke");
                    return Ok(());
                }
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
