//! `roomcast publish` at a server with a key.

use std::process::Stdio;

use roomcast_tests::media;
use roomcast_tests::process::Process;
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A token of Ann for room `demo`.
async fn token(flags: &[&str]) -> String {
    let mut command = Command::new(program());
    command.args(["token", "--auth-secret", SECRET, "--user", "ann", "--room", "demo"]).args(flags);
    let output = with_timeout("a token", command.output()).await.expect("it was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn publish(server: &Server, token: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["publish", "--server", &server.url(""), "--room", "demo"]).args(flags).arg(media::clip());
    command.env("ROOMCAST_TOKEN", token).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Exit code and log of a publisher.
async fn run(mut command: Command) -> (Option<i32>, String) {
    let output = with_timeout("roomcast publish to end", command.output()).await.expect("it was built");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

/// A file with a text, of its own.
fn file(text: &str) -> String {
    let path = program().with_file_name(format!("token-{}", uuid::Uuid::new_v4()));
    std::fs::write(&path, text).expect("the folder of the build can be written to");
    path.to_str().expect("text").to_owned()
}

const GRANTS: [&str; 2] = ["--grant", "create,publish,play"];

#[tokio::test]
async fn a_publisher_is_the_subject_of_its_token() {
    let server = Server::alone(&["--auth-secret", SECRET]).await;
    let good = token(&GRANTS).await;
    // `play` reads the playlist that the first run has left, and the second continues.
    for _ in 0..2 {
        let (code, said) = run(publish(&server, &good, &[])).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains(&good), "{said}");
    }
    let played = reqwest::get(server.url(&format!("/live/@{good}/demo/main/v0/playlist.m3u8"))).await.unwrap();
    let playlist = played.text().await.unwrap();
    assert!(playlist.contains("#EXT-X-DISCONTINUITY\n"), "{playlist}");
    let (code, said) = run(publish(&server, &good, &["--user", "bob"])).await;
    assert!(code == Some(1) && said.contains("`userId` is not the subject of the token"), "{said}");
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_with_the_servers_sentence() {
    let server = Server::alone(&["--auth-secret", SECRET, "--auth-audience", "here", "--auth-leeway", "1s"]).await;
    let other = token(&GRANTS).await;
    let over = token(&[&GRANTS[..], &["--auth-audience", "here", "--ttl", "1s"]].concat()).await;
    let idle = token(&["--grant", "join", "--auth-audience", "here"]).await;
    let (code, said) = run(publish(&server, &other, &[])).await;
    assert!(code == Some(1) && said.contains("`aud` of the token does not name this server (code 4041)"), "{said}");
    let (code, said) = run(publish(&server, &idle, &[])).await;
    assert!(code == Some(1) && said.contains("the token does not grant `create`"), "{said}");
    let ended = async {
        loop {
            let (code, said) = run(publish(&server, &over, &[])).await;
            if said.contains("the server refused: the token ended") {
                return (code, said);
            }
        }
    };
    let (code, said) = with_timeout("a token to end", ended).await;
    assert_eq!(code, Some(1), "{said}");
}

#[tokio::test]
async fn settings_of_a_token_that_cannot_work_are_refused_in_one_line() {
    let server = Server::alone(&[]).await;
    for (token, says) in [
        ("two words", "must be an access token, or file:PATH"),
        ("geheim", "is no access token"),
        ("file:/nowhere/at/all", "ROOMCAST_TOKEN /nowhere/at/all: cannot be read"),
    ] {
        let (code, said) = run(publish(&server, token, &[])).await;
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(says) && !said.contains("geheim"), "{said}");
    }
}

#[tokio::test]
async fn a_file_with_a_fresh_token_outlives_the_first_one() {
    let server = Server::alone(&["--auth-secret", SECRET, "--auth-grace", "1s"]).await;
    let short = token(&[&GRANTS[..], &["--ttl", "2s"]].concat()).await;
    let path = file(&short);
    let mut command = publish(&server, &format!("file:{path}"), &[]);
    let mut publisher = Process::start(command.env("ROOMCAST_LOG", "trace,h2=info,hyper=info,mio=info"));
    let on_air = async {
        let url = server.url(&format!("/live/@{short}/demo/main/v0/playlist.m3u8"));
        while !reqwest::get(&url).await.expect("the server answers").status().is_success() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    with_timeout("the publisher to be on air", on_air).await;
    let fresh = token(&GRANTS).await;
    std::fs::write(&path, &fresh).unwrap();
    let mut said = String::new();
    with_timeout("the end", publisher.child().stderr.as_mut().unwrap().read_to_string(&mut said)).await.unwrap();
    assert!(publisher.ended().await.success(), "{said}");
    assert!(!said.contains(&short) && !said.contains(&fresh), "{said}");
    // Where the token stays the same, its end is that of the publisher.
    std::fs::remove_file(&path).unwrap();
    let short = token(&[&GRANTS[..], &["--ttl", "2s"]].concat()).await;
    let (code, said) = run(publish(&server, &short, &[])).await;
    assert!(code == Some(1) && said.contains("token expired"), "{said}");
}
