//! A process that is told to stop ends in order, and SIGHUP ends no server.

use std::process::Stdio;
use std::time::{Duration, Instant};

use roomcast_protocol::limits::HEARTBEAT_TIMEOUT;
use roomcast_tests::media;
use roomcast_tests::process::Process;
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::certificate::Files;

#[tokio::test]
async fn a_server_ends_with_sigterm_and_sigint_and_never_with_sighup() {
    let files = Files::new("signals");
    for (tls, says) in [(None, "SIGHUP: nothing has changed"), (Some(files.flags()), "the certificate was read again")]
    {
        for signal in ["-TERM", "-INT"] {
            let mut server = Server::alone(tls.as_ref().map_or(&[][..], |flags| &flags[..])).await;
            for _ in 0..2 {
                server.signal("-HUP").await;
                server.logged(says).await;
            }
            let answer = files.client().build().unwrap().get(server.url("/healthz")).send();
            assert_eq!(with_timeout("an answer", answer).await.unwrap().status(), 200);
            server.signal(signal).await;
            server.logged("stopping").await;
            assert!(server.ended().await.success(), "{signal}");
        }
    }
}

/// `roomcast publish` with an input that goes on: its pipe stays open.
async fn publish(url: &str, room: &str, flags: &[&str], stderr: Stdio) -> Process {
    // Tests that are run under nohup ignore SIGHUP, as a publisher that inherits this would.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(program());
    command.args(["publish", "--server", url, "--room", room, "-"]).args(flags);
    let mut process = Process::start(command.stdin(Stdio::piped()).stderr(stderr));
    let clip = std::fs::read(media::clip()).expect("a clip");
    let input = process.child().stdin.as_mut().expect("a pipe");
    input.write_all(&clip).await.expect("it reads");
    process
}

async fn playlist(client: &reqwest::Client, server: &Server, room: &str, says: &str) {
    let url = server.url(&format!("/live/{room}/main/v0/playlist.m3u8"));
    let seen = async {
        loop {
            let answer = client.get(&url).send().await.expect("the server answers");
            if answer.text().await.expect("it is text").contains(says) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    with_timeout(says, seen).await;
}

#[tokio::test]
async fn viewers_see_the_end_when_a_publisher_is_told_to_stop() {
    let files = Files::new("stop");
    let client = files.client().build().unwrap();
    for (tls, flags) in [(&[][..], &[][..]), (&files.flags()[..], &["--ca", &files.certificate][..])] {
        let server = Server::alone(tls).await;
        for signal in ["-TERM", "-INT", "-HUP"] {
            let room = format!("stop{}", signal.to_lowercase());
            let mut publisher = publish(&server.url(""), &room, flags, Stdio::null()).await;
            playlist(&client, &server, &room, "#EXTINF").await;
            let told = Instant::now();
            publisher.signal(signal).await;
            playlist(&client, &server, &room, "#EXT-X-ENDLIST").await;
            assert!(told.elapsed() < HEARTBEAT_TIMEOUT, "{signal}: not by its silence, after {:?}", told.elapsed());
            assert!(publisher.ended().await.success(), "{signal}");
        }
    }
}

#[tokio::test]
async fn a_publisher_told_to_stop_on_a_dead_network_ends_within_a_second_and_says_so() {
    let server = Server::alone(&[]).await;
    let client = reqwest::Client::new();
    for (room, requests, replies) in [("mute", Flow::Held, Flow::Passes), ("deaf", Flow::Passes, Flow::Held)] {
        let network = Proxy::start(&server.address).await;
        let mut publisher = publish(&format!("http://{}", network.address()), room, &[], Stdio::piped()).await;
        playlist(&client, &server, room, "#EXTINF").await;
        network.set(|faults| (faults.requests, faults.replies) = (requests, replies));
        let told = Instant::now();
        publisher.signal("-TERM").await;
        let ended = publisher.ended().await;
        // The bound of a second, and what starting and ending a process takes on a busy machine.
        assert!(told.elapsed() < Duration::from_secs(2), "{room}: after {:?}", told.elapsed());
        let mut said = String::new();
        let stderr = publisher.child().stderr.as_mut().expect("a pipe");
        with_timeout("what it says", stderr.read_to_string(&mut said)).await.expect("text");
        assert_eq!(ended.code(), Some(1), "{said}");
        assert!(said.contains("roomcast: stopped; the server may not have been told ("), "{said}");
    }
}

/// A named pipe that ends when it is dropped. A process that opens it for reading waits for its writer, and the other
/// way round.
struct Pipe(std::path::PathBuf);

impl Pipe {
    async fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("roomcast-pipe-{name}-{}", std::process::id()));
        let made = Command::new("mkfifo").arg(&path).status().await.expect("mkfifo runs");
        assert!(made.success());
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a working machine")
    }

    /// Opens it once somebody reads, and puts a plain file in its place for later readers.
    async fn opened(&self, text: &str) -> tokio::fs::File {
        let mut options = tokio::fs::OpenOptions::new();
        let opened = options.write(true).open(&self.0);
        let pipe = with_timeout("somebody to read the pipe", opened).await.expect("a working machine");
        let beside = self.0.with_extension("plain");
        tokio::fs::write(&beside, text).await.expect("a working machine");
        tokio::fs::rename(&beside, &self.0).await.expect("a working machine");
        pipe
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn sighup_while_the_settings_are_read_is_answered_once_the_server_runs() {
    let (pipe, text) = (Pipe::new("serve").await, "listen = \"127.0.0.1:0\"\nworkers = 1\n");
    let mut command = Command::new(program());
    command.args(["serve", "--config", pipe.path()]);
    let mut server = Server::run_unread(command);
    let mut writer = pipe.opened(text).await;
    server.signal("-HUP").await;
    writer.write_all(text.as_bytes()).await.expect("it reads");
    writer.shutdown().await.expect("it reads");
    drop(writer);
    server.logged("SIGHUP: nothing has changed").await;
    server.signal("-TERM").await;
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_publisher_takes_sighup_from_its_start_unless_it_is_to_ignore_it() {
    let files = Files::new("early");
    let server = Server::alone(&files.flags()).await;
    let (pipe, text) = (Pipe::new("publish").await, std::fs::read_to_string(&files.certificate).expect("it was made"));
    let mut command = Command::new(program());
    command.args(["publish", "--server", &server.url(""), "--room", "early", "--ca", pipe.path(), "-"]);
    let mut publisher = Process::start(command.stdin(Stdio::piped()).stderr(Stdio::null()));
    let mut writer = pipe.opened(&text).await;
    publisher.signal("-HUP").await;
    writer.write_all(text.as_bytes()).await.expect("it reads");
    writer.shutdown().await.expect("it reads");
    drop(writer);
    // By itself: whether the server was told in time is another matter.
    assert!(publisher.ended().await.code().is_some());

    let server = Server::alone(&[]).await;
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP && exec \"$0\" publish --server \"$1\" --room nohup -"]);
    command.arg(program()).arg(server.url(""));
    let mut publisher = Process::start(command.stdin(Stdio::piped()).stderr(Stdio::null()));
    let clip = std::fs::read(media::clip()).expect("a clip");
    publisher.child().stdin.as_mut().expect("a pipe").write_all(&clip).await.expect("it reads");
    playlist(&reqwest::Client::new(), &server, "nohup", "#EXTINF").await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", publisher.id())).expect("it runs");
    let takes_hangup = |mask: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix(mask)).expect("a mask");
        u64::from_str_radix(mask.trim(), 16).expect("a mask") & 1 == 1
    };
    assert_eq!(["SigIgn:", "SigCgt:"].map(takes_hangup), [true, false]);
    publisher.signal("-TERM").await;
    assert!(publisher.ended().await.success());
}
