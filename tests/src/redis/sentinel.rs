//! A master and a replica under the eyes of three Sentinels, who notice a death within a second.

use std::time::Duration;

use tokio::process::Command;

use crate::process::Process;
use crate::redis::resp::{Connection, Reply};
use crate::redis::{Folder, Redis, port};
use crate::with_timeout;

/// The name of the watched service.
pub const SERVICE: &str = "rooms";

/// The five servers.
#[derive(Debug)]
pub struct Sentinels {
    /// Both Redis servers; the first is the master of the beginning.
    pub servers: [Redis; 2],
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    _process: Process,
    _folder: Folder,
}

impl Sentinels {
    /// Starts them and waits until every Sentinel knows all others and the replica.
    ///
    /// # Panics
    /// When they do not come up.
    pub async fn start() -> Self {
        let master = Redis::start_with(&["--repl-diskless-sync-delay", "0"]).await;
        let of = master.port().to_string();
        let replica = Redis::start_with(&["--replicaof", "127.0.0.1", &of, "--repl-diskless-sync-delay", "0"]).await;
        let sentinels = (0..3).map(|_| Sentinel::start(master.port())).collect();
        let all = Self { servers: [master, replica], sentinels };
        with_timeout("the Sentinels to know each other", all.complete()).await;
        all
    }

    async fn complete(&self) {
        for sentinel in &self.sentinels {
            while !sentinel.is_complete().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while !self.servers[1].call(&["INFO", "replication"]).await.text().contains("master_link_status:up") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The address to configure in a node.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis+sentinel://{}/{SERVICE}", addresses.join(","))
    }

    /// Waits until the first two Sentinels name the replica as the master, and it takes writes.
    ///
    /// # Panics
    /// When they do not.
    pub async fn failed_over(&self) {
        let promoted = self.servers[1].port().to_string();
        let done = async {
            for sentinel in &self.sentinels[..2] {
                while sentinel.master().await.as_deref() != Some(&promoted) {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            while !self.servers[1].call(&["ROLE"]).await.list()[0].text().contains("master") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        with_timeout("the replica to be promoted", done).await;
    }
}

impl Sentinel {
    fn start(master: u16) -> Self {
        let (port, folder) = (port::free(), Folder::new());
        // A Sentinel writes what it learns into its file.
        let file = folder.0.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {SERVICE} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {SERVICE} 1000\nsentinel failover-timeout {SERVICE} 5000\n",
            folder.0.display()
        );
        std::fs::write(&file, text).expect("the folder takes a file");
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        Self { port, _process: Process::start(&mut command), _folder: folder }
    }

    async fn ask(&self, words: &[&str]) -> Option<Reply> {
        Connection::open(&format!("127.0.0.1:{}", self.port)).await.ok()?.call(words).await.ok()
    }

    async fn is_complete(&self) -> bool {
        let Some(Reply::List(fields)) = self.ask(&["SENTINEL", "MASTER", SERVICE]).await else { return false };
        let field = |name: &str| {
            let place = fields.iter().position(|field| *field == Reply::Text(name.to_owned()))?;
            fields.get(place + 1).map(|value| value.text().to_owned())
        };
        field("num-slaves").as_deref() == Some("1") && field("num-other-sentinels").as_deref() == Some("2")
    }

    async fn master(&self) -> Option<String> {
        let answer = self.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE]).await?;
        Some(answer.list().get(1)?.text().to_owned())
    }
}
