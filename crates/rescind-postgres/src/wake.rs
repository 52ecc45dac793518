//! One connection that waits: for the news that the ledger has grown, and to be the leader.
//!
//! A notification is a wake-up and nothing else: it may come late, twice or not at all. Whoever is woken reads the ledger,
//! and reads it now and then in any case.
//!
//! The leader is whoever holds an advisory lock with this connection. It is gone with the connection, so a node that dies
//! is followed by another; one that is cut off without a word is given up by the server's keepalive within half a minute.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Socket};

use crate::connect::Address;

/// An expression that tells every listener, once for a transaction. The channel is the schema's own.
pub(crate) const TOLD: &str = "pg_notify('rescind_' || 'head'::regclass::oid, '')";

/// Becomes the leader, if there is none, and stays it.
const LEAD: &str =
    "SELECT pg_try_advisory_lock(1919251303, ('head'::regclass::oid::bigint & 2147483647)::integer)";

/// How often a node tries to lead, and a leader looks whether it still has its connection.
const LOOK: Duration = Duration::from_secs(2);

/// How long the server may take to answer that.
const PATIENCE: Duration = Duration::from_secs(5);

/// The waiting connection, kept up for as long as this lives.
pub(crate) struct Wake {
    state: Arc<State>,
    task: AbortHandle,
}

#[derive(Default)]
struct State {
    woken: Notify,
    leads: AtomicBool,
}

impl Wake {
    pub(crate) fn listen(address: Address) -> Self {
        let state = Arc::new(State::default());
        let task = tokio::spawn(keep_listening(address, Arc::clone(&state))).abort_handle();
        Self { state, task }
    }

    /// Resolves at a notification that came since the last call.
    pub(crate) async fn woken(&self) {
        self.state.woken.notified().await;
    }

    pub(crate) fn leads(&self) -> bool {
        self.state.leads.load(Ordering::Acquire)
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
        self.state.leads.store(false, Ordering::Release);
    }
}

async fn keep_listening(address: Address, state: Arc<State>) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times();
    let mut waits = backoff.build();
    loop {
        let mut begun = false;
        let ended = listen(&address, &state, &mut begun).await;
        state.leads.store(false, Ordering::Release);
        // What was missed meanwhile is read now.
        state.woken.notify_one();
        tracing::debug!(?ended, "the connection that waits for news has ended");
        if begun {
            waits = backoff.build();
        }
        tokio::time::sleep(waits.next().unwrap_or(Duration::from_secs(2))).await;
    }
}

/// Listens until the connection ends.
async fn listen(address: &Address, state: &State, begun: &mut bool) -> Result<(), Error> {
    let mut config = address.config.clone();
    let options = format!(
        "{} -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
        config.get_options().unwrap_or_default()
    );
    config.options(options);
    let (client, connection) = config.connect(address.tls.clone()).await?;
    tokio::select! {
        ended = receive(connection, &state.woken) => ended,
        ended = wait(&client, state, begun) => ended,
    }
}

/// Drives the connection, and wakes whoever waits.
async fn receive<T>(mut connection: Connection<Socket, T>, woken: &Notify) -> Result<(), Error>
where
    T: tokio_postgres::tls::TlsStream + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(_) = message? {
            woken.notify_one();
        }
    }
    Ok(())
}

/// Asks to be told, and then, again and again, to lead.
async fn wait(client: &Client, state: &State, begun: &mut bool) -> Result<(), Error> {
    let channel: String = client.query_one("SELECT 'head'::regclass::oid::text", &[]).await?.get(0);
    client.batch_execute(&format!("LISTEN rescind_{channel}")).await?;
    *begun = true;
    state.woken.notify_one();
    loop {
        let leads = state.leads.load(Ordering::Acquire);
        // The lock counts how often it was taken; it is taken once.
        let question = if leads { "SELECT true" } else { LEAD };
        let Ok(answer) = tokio::time::timeout(PATIENCE, client.query_one(question, &[])).await else {
            return Ok(());
        };
        if answer?.get(0) && !leads {
            tracing::info!("this node leads: it purges, and cares for the keys");
            state.leads.store(true, Ordering::Release);
        }
        tokio::time::sleep(LOOK).await;
    }
}
