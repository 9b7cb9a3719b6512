//! nginx with the deployed configuration in front of nodes.

use std::path::Path;

use tokio::process::Command;

use crate::nodes::Nodes;
use crate::process::Process;
use crate::redis::{Folder, port};
use crate::with_timeout;

/// The folder of the deployed files.
const DEPLOYED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/nginx");

/// A balancer; ends when dropped.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    folder: Folder,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Nginx {
    /// Starts one in front of these nodes.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(nodes: &Nodes) -> Self {
        let (folder, address) = (Folder::new(), format!("127.0.0.1:{}", port::free()));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {name};\n"))
            .concat();
        let main = format!(
            "daemon off;\npid nginx.pid;\nerror_log nginx.log crit;\nworker_processes 1;\nevents {{ worker_connections 1024; }}\n\
             http {{\naccess_log off;\n{temporary}include roomcast.conf;\n}}\n"
        );
        write(folder.path(), "nginx.conf", &main);
        write(folder.path(), "listen.conf", &format!("listen {address};\n"));
        let deployed = std::fs::read_to_string(Path::new(DEPLOYED).join("roomcast.conf"));
        write(folder.path(), "roomcast.conf", &deployed.expect("it is deployed"));
        name_nodes(folder.path(), nodes);
        // Ordinary users are not told where Debian keeps it.
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("nginx");
        command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf")).args(["-e", "/dev/null"]);
        let nginx = Self { process: Process::start(&mut command), folder, address };
        let up = async { while tokio::net::TcpStream::connect(&nginx.address).await.is_err() {} };
        with_timeout("nginx takes connections", up).await;
        nginx
    }

    /// Reads anew where the nodes are. Connections that stand go on.
    pub async fn reread(&self, nodes: &Nodes) {
        name_nodes(self.folder.path(), nodes);
        self.process.signal("-HUP").await;
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if !self.process.runs() {
            return;
        }
        // Its worker ends with it on SIGTERM, and would stay behind a SIGKILL.
        let _ = std::process::Command::new("kill").arg(self.process.id().to_string()).status();
        for _ in 0..200 {
            if !self.process.runs() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

fn name_nodes(folder: &Path, nodes: &Nodes) {
    let server = |place: usize| format!("server {} max_fails=1 fail_timeout=1s;\n", nodes[place].address);
    write(folder, "nodes.conf", &(0..nodes.count()).map(server).collect::<String>());
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("the folder of a test can be written to");
}
