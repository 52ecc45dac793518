//! Making a connection, within the time that there is for it.

use std::io;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::address::{Address, Credentials, Host, Place};
use crate::tls::{Tls, TlsError};
use crate::{Timing, sentinel};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no answer in time")]
    Late,
    #[error("no sentinel names a master {0}")]
    NoMaster(String),
    #[error("who is named as the master is none (any more)")]
    NotMaster,
}

/// Knows where Redis is, and how to get in.
pub(crate) struct Dialer {
    address: Address,
    tls: Option<Tls>,
    limit: Duration,
}

/// A connection, and the task that carries it.
pub(crate) struct Dialed {
    pub(crate) connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    driven: watch::Receiver<()>,
}

impl Dialed {
    /// Resolves when the connection is at its end.
    pub(crate) async fn broken(&self) {
        // The sender goes with the task; until then it says nothing.
        let _ = self.driven.clone().changed().await;
    }
}

impl Drop for Dialed {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Dialer {
    /// # Errors
    /// The certificates that the address names cannot be read.
    pub(crate) fn new(address: Address, timing: Timing) -> Result<Self, TlsError> {
        let tls = address.tls.then(|| Tls::new(address.roots.as_deref())).transpose()?;
        Ok(Self { address, tls, limit: timing.connect })
    }

    /// A connection to Redis, be it the one of the URL or the one that the sentinels name.
    pub(crate) async fn dial(&self) -> Result<Dialed, DialError> {
        Ok(self.find().await?.1)
    }

    /// The same, and where it leads.
    pub(crate) async fn find(&self) -> Result<(Host, Dialed), DialError> {
        match &self.address.place {
            Place::Server(host) => Ok((host.clone(), self.enter(host).await?)),
            Place::Sentinels { hosts, master, credentials } => {
                let host = sentinel::master(self, hosts, credentials, master).await?;
                let dialed = self.enter(&host).await?;
                // A sentinel may not have heard yet.
                let is_master = self.in_time(sentinel::is_master(&dialed.connection)).await?;
                if is_master { Ok((host, dialed)) } else { Err(DialError::NotMaster) }
            }
        }
    }

    /// An answer, if it comes in time.
    pub(crate) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, DialError> {
        Ok(tokio::time::timeout(self.limit, answer).await.map_err(|_| DialError::Late)??)
    }

    async fn enter(&self, host: &Host) -> Result<Dialed, DialError> {
        let info = credentials(&self.address.credentials).set_db(self.address.db);
        self.connect(host, info.set_protocol(ProtocolVersion::RESP3)).await
    }

    /// A connection to whatever listens there.
    pub(crate) async fn connect(&self, host: &Host, info: RedisConnectionInfo) -> Result<Dialed, DialError> {
        let connecting = async {
            let stream = TcpStream::connect((host.name.as_str(), host.port)).await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => greet(tls.wrap(&host.name, stream).await?, info).await,
                None => greet(stream, info).await,
            }
        };
        tokio::time::timeout(self.limit, connecting).await.map_err(|_| DialError::Late)?
    }
}

/// Credentials as the client takes them.
pub(crate) fn credentials(credentials: &Credentials) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(user) = &credentials.user {
        info = info.set_username(user);
    }
    if let Some(password) = &credentials.password {
        info = info.set_password(password.expose_secret());
    }
    info
}

async fn greet<S>(stream: S, info: RedisConnectionInfo) -> Result<Dialed, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Who asks says how long it waits.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config).await?;
    let (driving, driven) = watch::channel(());
    let driver = tokio::spawn(async move {
        let _driving = driving;
        driver.await;
    });
    Ok(Dialed { connection, driver, driven })
}
