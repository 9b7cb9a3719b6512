//! Real Redis servers on free ports, each in a folder of its own, which goes with it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// One `redis-server`.
pub struct Redis {
    pub port: u16,
    bus: u16,
    folder: PathBuf,
    file: Option<PathBuf>,
    arguments: Vec<String>,
    process: Option<Child>,
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port()
}

impl Redis {
    /// Starts a server that keeps nothing on disk and waits until it answers.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_at(free_port(), arguments)
    }

    fn start_at(port: u16, arguments: &[&str]) -> Self {
        let mut redis = Self::not_started(port);
        redis.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        redis.run();
        redis
    }

    fn not_started(port: u16) -> Self {
        let folder = std::env::temp_dir().join(format!("roomcast-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self { port, bus: 0, folder, file: None, arguments: Vec::new(), process: None }
    }

    /// A Sentinel that watches a master as `rooms` and is quick to act.
    pub fn sentinel(master: u16) -> Self {
        let mut sentinel = Self::not_started(free_port());
        let file = sentinel.folder.join("sentinel.conf");
        let lines = format!(
            "sentinel monitor rooms 127.0.0.1 {master} 1\nsentinel down-after-milliseconds rooms 500\n\
             sentinel failover-timeout rooms 3000\n"
        );
        std::fs::write(&file, lines).expect("written");
        sentinel.arguments = vec!["--sentinel".into()];
        sentinel.file = Some(file);
        sentinel.run();
        sentinel
    }

    /// A server that may join a cluster.
    pub fn cluster_node() -> Self {
        let mut node = Self::not_started(free_port());
        node.bus = free_port();
        let arguments = format!(
            "--cluster-enabled yes --cluster-port {} --cluster-node-timeout 1000 --cluster-require-full-coverage no \
             --cluster-replica-validity-factor 0 --repl-diskless-sync-delay 0",
            node.bus
        );
        node.arguments = arguments.split_whitespace().map(str::to_owned).collect();
        node.run();
        node
    }

    /// The port of the cluster's bus.
    pub fn bus(&self) -> u16 {
        self.bus
    }

    /// Runs it (again), empty.
    pub fn run(&mut self) {
        let log = std::fs::File::create(self.folder.join("log")).expect("a log");
        let mut command = Command::new("redis-server");
        command.args(&self.file).args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        if self.file.is_none() {
            command.args(["--save", "", "--appendonly", "no"]);
        }
        let process = command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .stdout(Stdio::from(log))
            .spawn()
            .expect("redis-server is installed");
        self.process = Some(process);
        for _ in 0..500 {
            if self.ask(&["PING"]).trim() == "PONG" {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }

    /// Returns the answer of `redis-cli`.
    pub fn ask(&self, command: &[&str]) -> String {
        ask(self.port, command)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("it runs");
        kill(Pid::from_raw(i32::try_from(process.id()).expect("a process id")), signal).expect("signalled");
    }
}

fn ask(port: u16, command: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(command)
        .stdin(Stdio::null())
        .output()
        .expect("redis-cli is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
