//! nginx as it serves files best: one process on the server's core, `sendfile`, kept connections, open files kept,
//! compressed files made before, no log.
//!
//! It runs without a master process: one process is measured, and one is stopped by its id.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::error::{Error, attempt};
use crate::machine::Cores;
use crate::process::Program;

/// In front of a path: the same file, read into memory and written from there, as a server must that encrypts.
pub const COPIED: &str = "/copied";

/// A running nginx and its folder, which goes with it.
#[derive(Debug)]
pub struct Nginx {
    program: Program,
    folder: Folder,
}

/// A folder of this run.
#[derive(Debug)]
struct Folder(PathBuf);

impl Nginx {
    /// Starts it on a free port, without any file yet.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(program: &Path, cores: Cores) -> Result<Self, Error> {
        let folder = Folder(std::env::temp_dir().join(format!("roomcast-bench-{}", std::process::id())));
        attempt("make a folder for nginx", fs::create_dir_all(folder.0.join("files")))?;
        let probe = attempt("find a free port", TcpListener::bind("127.0.0.1:0"))?;
        let address = attempt("find a free port", probe.local_addr())?;
        drop(probe);
        let (place, file) = (folder.0.display().to_string(), folder.0.join("nginx.conf").display().to_string());
        attempt("write the settings of nginx", fs::write(&file, settings(&place, address)))?;
        let arguments = ["-p", &place, "-c", &file, "-e", "stderr"];
        let program = Program::start_at(program, &arguments, cores, address).await?;
        Ok(Self { program, folder })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.program.pid
    }

    /// Gives it a file, or the compressed form of one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, path: &str, gzip: bool, bytes: &[u8]) -> Result<(), Error> {
        let name = format!("{}{}", path.trim_start_matches('/'), if gzip { ".gz" } else { "" });
        attempt("write a file for nginx", fs::write(self.folder.0.join("files").join(name), bytes))
    }

    /// Stops it.
    ///
    /// # Errors
    /// When the system does not let it end.
    pub async fn stop(self) -> Result<(), Error> {
        self.program.stop().await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn settings(folder: &str, address: SocketAddr) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|what| format!("    {what}_temp_path {folder}/{what};\n")).collect();
    format!(
        "daemon off;\nmaster_process off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n{temporary}    access_log off;\n    sendfile on;\n    tcp_nopush on;\n    tcp_nodelay on;\n    \
         keepalive_timeout 75s;\n    keepalive_requests 1000000000;\n    \
         open_file_cache max=100 inactive=1h;\n    open_file_cache_valid 1h;\n    \
         types {{ application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; }}\n    \
         gzip_static on;\n    server {{ listen {address}; root {folder}/files;\n        \
         location {COPIED}/ {{ alias {folder}/files/; sendfile off; }}\n    }}\n}}\n"
    )
}
