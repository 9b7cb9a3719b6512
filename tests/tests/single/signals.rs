//! A process that is told to stop ends in order, and SIGHUP ends no server.

use std::process::Stdio;
use std::time::{Duration, Instant};

use roomcast_protocol::limits::HEARTBEAT_TIMEOUT;
use roomcast_tests::media;
use roomcast_tests::process::Process;
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::server::{Server, program};
use roomcast_tests::soon;
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
            assert_eq!(soon("an answer", answer).await.unwrap().status(), 200);
            server.signal(signal).await;
            server.logged("stopping").await;
            assert!(server.ended().await.success(), "{signal}");
        }
    }
}

/// `roomcast publish` with an input that goes on: its pipe stays open.
async fn publish(url: &str, room: &str, flags: &[&str], stderr: Stdio) -> Process {
    let mut command = Command::new(program());
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
    soon(says, seen).await;
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
        network.set(|weather| (weather.requests, weather.replies) = (requests, replies));
        let told = Instant::now();
        publisher.signal("-TERM").await;
        let ended = publisher.ended().await;
        // The bound of a second, and what starting and ending a process takes on a busy machine.
        assert!(told.elapsed() < Duration::from_secs(2), "{room}: after {:?}", told.elapsed());
        let mut said = String::new();
        let stderr = publisher.child().stderr.as_mut().expect("a pipe");
        soon("what it says", stderr.read_to_string(&mut said)).await.expect("text");
        assert_eq!(ended.code(), Some(1), "{said}");
        assert!(said.contains("roomcast: stopped; the server could not be told ("), "{said}");
    }
}
