//! A Redis server of the bench's own: on a free port, with a temporary folder, nothing saved, killed when dropped; and
//! what is asked of it.

mod monitor;
mod resp;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, attempt};
use crate::machine::Cores;
use crate::process::Program;

pub use monitor::{Calls, Monitor};
pub use resp::{Reply, Resp, command};

/// A running server.
#[derive(Debug)]
pub struct Redis {
    /// Its process.
    pub program: Program,
    _folder: Folder,
}

/// A folder that goes with its owner.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("roomcast-bench-{}-{number}", std::process::id()));
        attempt("make a folder for Redis", std::fs::create_dir_all(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Redis {
    /// Starts one on the server's core.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(path: &Path, cores: Cores) -> Result<Self, Error> {
        let folder = Folder::new()?;
        let free = attempt("find a free port", TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()))?;
        let (port, place) = (free.port().to_string(), folder.0.display().to_string());
        let flags = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &place];
        let program = Program::start_at(path, &flags, cores, free).await?;
        Ok(Self { program, _folder: folder })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// A connection.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn connect(&self) -> Result<Resp, Error> {
        Resp::open(self.address()).await
    }

    /// A number of `INFO`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn info(&self, section: &str, field: &str) -> Result<f64, Error> {
        let text = match self.connect().await?.call(&["INFO", section]).await? {
            Reply::BulkString(text) => text,
            _ => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')?.parse().ok());
        Ok(value.unwrap_or(0.0))
    }

    /// Bytes of all keys by `MEMORY USAGE`, by kind: what stands behind the partition's tag.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn memory(&self) -> Result<Vec<(String, usize, f64)>, Error> {
        let mut resp = self.connect().await?;
        let mut kinds = std::collections::BTreeMap::<String, (usize, f64)>::new();
        let Reply::Array(keys) = resp.call(&["KEYS", "rc:*"]).await? else { return Ok(Vec::new()) };
        for key in keys {
            let Reply::BulkString(key) = key else { continue };
            let key = String::from_utf8_lossy(&key).into_owned();
            let kind = key.split(':').nth(2).unwrap_or_default().to_owned();
            if let Reply::Integer(bytes) = resp.call(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]).await? {
                let sum = kinds.entry(kind).or_default();
                *sum = (sum.0 + 1, sum.1 + bytes as f64);
            }
        }
        Ok(kinds.into_iter().map(|(kind, (count, bytes))| (kind, count, bytes)).collect())
    }
}
