//! The network between two programs, which a test can break and mend.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::port::free_port;

/// What happens to what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It arrives.
    Pass,
    /// Connections are closed, and new ones refused.
    Cut,
    /// Nothing arrives, either way, until the mode changes. Connections stay open and new ones are taken.
    Hang,
    /// Whatever is read at once, in either direction, arrives this much later.
    Delay(Duration),
    /// What the server says reaches the client with the lowest bit of each byte flipped.
    GarbleToClient,
    /// What the client says reaches the server with the lowest bit of each byte flipped.
    GarbleToServer,
}

/// A TCP proxy on a port of the loopback address that it keeps. Dropping it cuts all connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use rescind_testkit::proxy::{Mode, Proxy};
/// use tokio::net::{TcpListener, TcpStream};
///
/// let server = TcpListener::bind("127.0.0.1:0").await?;
/// let proxy = Proxy::start(server.local_addr()?).await;
/// TcpStream::connect(proxy.address()).await?;
/// proxy.set(Mode::Cut).await;
/// assert!(TcpStream::connect(proxy.address()).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    target: SocketAddr,
    address: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

/// A mode, and whom to tell that it holds.
type Order = (Mode, oneshot::Sender<()>);

impl Proxy {
    /// Starts a proxy that passes everything on to `target`, which need not be there yet.
    ///
    /// # Panics
    /// If there is no port for it.
    pub async fn start(target: SocketAddr) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let listener = TcpListener::bind(address).await.expect("a port that was free a moment ago");
        let (orders, inbox) = mpsc::unbounded_channel();
        let relay =
            Relay { target, address, mode: watch::Sender::new(Mode::Pass), connections: JoinSet::new() };
        Self { target, address, orders, task: tokio::spawn(relay.run(listener, inbox)) }
    }

    /// As [`Proxy::start`], in front of a port of the loopback address.
    ///
    /// # Panics
    /// As [`Proxy::start`].
    pub async fn before_port(port: u16) -> Self {
        Self::start(SocketAddr::from(([127, 0, 0, 1], port))).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL of the target, led through the proxy.
    ///
    /// # Panics
    /// If the URL does not name the target's address.
    pub fn url(&self, url: &str) -> String {
        let (target, address) = (self.target.to_string(), self.address.to_string());
        assert!(url.contains(&target), "{url} does not lead to {target}");
        url.replace(&target, &address)
    }

    /// Changes the mode, also of the connections that are open. It holds for all that is sent after this returns.
    ///
    /// # Panics
    /// If its port was taken by another while it refused connections.
    pub async fn set(&self, mode: Mode) {
        let (done, told) = oneshot::channel();
        self.orders.send((mode, done)).expect("the proxy runs");
        told.await.expect("the proxy goes on");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections go with the task that holds them.
        self.task.abort();
    }
}

struct Relay {
    target: SocketAddr,
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    connections: JoinSet<()>,
}

impl Relay {
    async fn run(mut self, listener: TcpListener, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut listener = Some(listener);
        loop {
            tokio::select! {
                // An order first: nobody is let in who came after it.
                biased;
                order = inbox.recv() => {
                    let Some((mode, done)) = order else { return };
                    self.mode.send_replace(mode);
                    if mode == Mode::Cut {
                        listener = None;
                        self.connections.shutdown().await;
                    } else if listener.is_none() {
                        listener = Some(TcpListener::bind(self.address).await.expect("the port that it had"));
                    }
                    // Nobody may be waiting any more.
                    let _ = done.send(());
                }
                client = accept(listener.as_ref()) => {
                    self.connections.spawn(join(client, self.target, self.mode.subscribe()));
                }
                // The finished ones are let go of.
                Some(_) = self.connections.join_next() => {}
            }
        }
    }
}

/// The next client; none comes while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    loop {
        match listener {
            Some(listener) => {
                if let Ok((client, _)) = listener.accept().await {
                    return client;
                }
            }
            None => std::future::pending().await,
        }
    }
}

/// Connects a client with the target until both have said all. A target that is not there closes the connection.
async fn join(client: TcpStream, target: SocketAddr, mode: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    // As it comes: what is small must not wait for more.
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_server = forward(from_client, to_server, mode.clone(), Mode::GarbleToServer);
    let to_client = forward(from_server, to_client, mode, Mode::GarbleToClient);
    tokio::join!(to_server, to_client);
}

/// Forwards one direction to its end; `garbles` is the mode that spoils it.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    garbles: Mode,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        // The end of a connection is held back as what is sent is.
        let Some(reached) = until_due(&mut mode).await else { break };
        if count == 0 {
            break;
        }
        let chunk = &mut buffer[..count];
        if reached == garbles {
            chunk.iter_mut().for_each(|byte| *byte ^= 1);
        }
        if to.write_all(chunk).await.is_err() {
            break;
        }
    }
    // The other direction may still have something to say.
    drop(to.shutdown().await);
}

/// Waits until a chunk that was just read may go on, and in which mode. None when the proxy is gone.
async fn until_due(mode: &mut watch::Receiver<Mode>) -> Option<Mode> {
    loop {
        let now = *mode.borrow_and_update();
        let wait = match now {
            Mode::Hang | Mode::Cut => None,
            Mode::Delay(delay) => Some(delay),
            Mode::Pass | Mode::GarbleToClient | Mode::GarbleToServer => return Some(now),
        };
        tokio::select! {
            changed = mode.changed() => changed.ok()?,
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => return Some(now),
        }
    }
}
