//! The program with a Redis: what it says of itself over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::rooms::until;
use super::server::Redis;

struct Program {
    process: Child,
    address: String,
}

impl Program {
    fn start(url: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(["serve", "--listen", "127.0.0.1:0", "--node-lease", "2s", "--beat-timeout", "700ms"])
            .env("ROOMCAST_REDIS_URL", url)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(process.stderr.take().expect("a log")).lines();
        let address = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening on http://")?.1.trim().to_owned()))
            .expect("it listens");
        // Whoever writes must be read.
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address }
    }

    /// The status and the body under a path.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").expect("a body").1.to_owned())
    }

    /// The value of a metric.
    fn metric(&self, name: &str) -> Option<f64> {
        self.get("/metrics").1.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_and_metrics_tell_of_redis() {
    let mut redis = Redis::start(&[]);
    let program = Program::start(&redis.url());
    until("ready", || program.get("/readyz") == (200, "ready\n".into())).await;
    assert_eq!(program.metric("roomcast_redis_up"), Some(1.0));
    assert_eq!(program.metric("roomcast_redis_reconnects_total"), Some(0.0));
    redis.kill();
    until("away", || program.get("/readyz") == (503, "redis is out of reach\n".into())).await;
    assert_eq!(program.metric("roomcast_redis_up"), Some(0.0));
    assert_eq!(program.get("/healthz").0, 200, "it lives on");
    redis.run();
    until("ready", || program.get("/readyz").0 == 200).await;
    assert_eq!(program.metric("roomcast_redis_reconnects_total"), Some(1.0));

    let (_, page) = program.get("/metrics");
    for name in [
        "redis_reconnects_total",
        "redis_gaps_total",
        "redis_commands_total",
        "redis_beat_lag_seconds",
        "redis_up",
        "rooms",
        "connections",
        "draining",
    ] {
        assert!(page.contains(&format!("# HELP roomcast_{name} ")), "{name} is not described in {page}");
        assert!(program.metric(&format!("roomcast_{name} ")).is_some(), "{name} has no value in {page}");
    }
    // An orderly end gives the lease up: the node is known to be dead, and for how long.
    let boots = || redis.ask(&["HKEYS", "rc:{L}:nodes"]);
    assert!(!boots().is_empty());
    let id = i32::try_from(program.process.id()).expect("a process id");
    kill(Pid::from_raw(id), Signal::SIGTERM).expect("signalled");
    until("left", || boots().lines().any(|field| field.starts_with("d:"))).await;
}
