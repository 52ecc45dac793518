//! A master, its replica, and three sentinels who agree on who is which.

use super::node::Node;
use super::options::RedisOptions;
use super::resp::Endpoint;
use super::server::Redis;
use crate::daemon::{LIMIT, LOOK_AGAIN};

/// The name by which the sentinels know the master.
pub const MASTER: &str = "mymaster";
/// How many sentinels must agree that a master is gone.
const QUORUM: u32 = 2;
/// After this much silence a sentinel takes a server for dead. Short: tests wait for it.
const DOWN_AFTER_MS: u32 = 500;

/// Two servers and three sentinels on ports of the loopback address. Dropping it ends them all.
#[derive(Debug)]
pub struct Sentinel {
    servers: [Redis; 2],
    sentinels: [Node; 3],
}

impl Sentinel {
    /// Starts all five, and waits until the replica follows the master and each sentinel knows everybody.
    ///
    /// # Panics
    /// If Redis is not installed, or they do not find each other.
    pub async fn start() -> Self {
        // At once, and not when more replicas may have come.
        let master = RedisOptions::default().set("repl-diskless-sync-delay", "0").start().await;
        let follow = format!("127.0.0.1 {}", master.port());
        let replica =
            RedisOptions::default().set("repl-diskless-sync-delay", "0").set("replicaof", follow).start();
        let replica = replica.await;
        let sentinels =
            [sentinel(master.port()).await, sentinel(master.port()).await, sentinel(master.port()).await];
        let rig = Self { servers: [master, replica], sentinels };
        rig.complete().await;
        // A master holds its first news back until the replica has acknowledged the copy that it began with.
        rig.replicated().await;
        rig
    }

    /// `redis+sentinel://127.0.0.1:P1,127.0.0.1:P2,127.0.0.1:P3/mymaster`.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinel_ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/{MASTER}", hosts.join(","))
    }

    /// Where the sentinels listen.
    pub fn sentinel_ports(&self) -> [u16; 3] {
        [0, 1, 2].map(|index: usize| self.sentinels[index].port)
    }

    /// Both servers, whatever part they play now.
    pub fn servers(&self) -> &[Redis; 2] {
        &self.servers
    }

    /// The port of whom all sentinels name as the master, once they agree.
    ///
    /// # Panics
    /// If they do not.
    pub async fn master_port(&self) -> u16 {
        let mut found = None;
        wait("the sentinels agree on a master", async || {
            found = self.named().await;
            found.is_some()
        })
        .await;
        found.expect("just found")
    }

    /// The server that is the master now.
    ///
    /// # Panics
    /// As [`Sentinel::master_port`].
    pub async fn master(&self) -> &Redis {
        let port = self.master_port().await;
        self.servers.iter().find(|server| server.port() == port).expect("one of two")
    }

    /// Waits until the replica has all that the master has written by now: what is lost when the master is killed
    /// is then what it wrote later.
    ///
    /// # Panics
    /// If the replica does not follow.
    pub async fn replicated(&self) {
        let master = self.master().await;
        let replica = self.servers.iter().find(|server| server.port() != master.port()).expect("one of two");
        let written = offset(&master.command(&["ROLE"]).await, 1);
        wait("the replica has it all", async || {
            replica.try_command(&["ROLE"]).await.is_ok_and(|role| offset(&role, 4) >= written)
        })
        .await;
    }

    /// Waits until the replica follows the master, and each sentinel knows everybody.
    ///
    /// # Panics
    /// If that does not happen.
    pub async fn complete(&self) {
        wait("all know each other", || self.is_complete()).await;
    }

    /// SIGKILL for the master, as soon as there is a replica to take its place; returns its port, before anybody has
    /// taken notice.
    ///
    /// # Panics
    /// If the master does not run, or there never is one.
    pub async fn kill_master(&mut self) -> u16 {
        self.complete().await;
        let port = self.master_port().await;
        self.servers.iter_mut().find(|server| server.port() == port).expect("one of two").kill().await;
        port
    }

    /// Waits until all sentinels name another master than the one on port `from`, and it takes writes; returns its
    /// port.
    ///
    /// # Panics
    /// If that does not happen.
    pub async fn failed_over(&self, from: u16) -> u16 {
        wait("another is the master", async || self.named().await.is_some_and(|port| port != from)).await;
        let master = self.master().await;
        wait("it takes writes", async || {
            master.try_command(&["ROLE"]).await.is_ok_and(|role| role.starts_with("master"))
        })
        .await;
        master.port()
    }

    /// Starts whichever server was killed. It takes itself for what it was until the sentinels make it follow the master
    /// of now: [`Sentinel::complete`] waits for that.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart_killed(&mut self) {
        for server in &mut self.servers {
            if !server.is_running() {
                server.restart().await;
            }
        }
    }

    /// Who is the master in the eyes of all sentinels.
    async fn named(&self) -> Option<u16> {
        let mut names = Vec::new();
        for sentinel in &self.sentinels {
            names.push(sentinel.ask(&[&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]]).await.ok()?);
        }
        names.dedup();
        let [name] = names.as_slice() else { return None };
        name.lines().nth(1)?.parse().ok()
    }

    /// Whether each sentinel knows the other two and the replica, and the replica follows.
    async fn is_complete(&self) -> bool {
        for sentinel in &self.sentinels {
            let quorum = sentinel.ask(&[&["SENTINEL", "CKQUORUM", MASTER]]).await.unwrap_or_default();
            let replicas = sentinel.ask(&[&["SENTINEL", "REPLICAS", MASTER]]).await.unwrap_or_default();
            if !quorum.starts_with("OK 3 ") || !replicas.contains("\nflags\nslave\n") {
                return false;
            }
        }
        let Some(master) = self.named().await else { return false };
        let replica = self.servers.iter().find(|server| server.port() != master).expect("one of two");
        let role = replica.try_command(&["ROLE"]).await.unwrap_or_default();
        role.starts_with(&format!("slave\n127.0.0.1\n{master}\nconnected\n"))
    }
}

/// How much was written, from what a server says of its role: a master in its second line, a replica in its fifth.
fn offset(role: &str, line: usize) -> i64 {
    role.lines().nth(line).and_then(|offset| offset.parse().ok()).unwrap_or(-1)
}

async fn sentinel(master: u16) -> Node {
    let port = |_: &std::path::Path, port| Endpoint::Port(port);
    let node = Node::start(&["--sentinel"], port, |directory, port| {
        format!(
            "bind 127.0.0.1\nport {port}\ndir {}\n\
             sentinel monitor {MASTER} 127.0.0.1 {master} {QUORUM}\n\
             sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}\n\
             sentinel failover-timeout {MASTER} 3000\n",
            directory.display()
        )
    })
    .await;
    // They would introduce themselves every two seconds and look around every ten. Redis 6 cannot be told, and is
    // only slower.
    let hurry = ["SENTINEL", "DEBUG", "INFO-PERIOD", "100", "PUBLISH-PERIOD", "100", "ASK-PERIOD", "100"];
    drop(node.ask(&[&hurry]).await);
    node
}

async fn wait(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "waited in vain until {what}");
}
