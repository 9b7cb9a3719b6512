//! `roomcast publish` beside another one, and with settings that cannot work.

use std::process::{Output, Stdio};
use std::time::Duration;

use roomcast_tests::media;
use roomcast_tests::process::Process;
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::certificate::Files;

fn command(server: &Server, flags: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["publish", "--server", &server.url(""), "--room", "demo"]).args(flags).arg(media::clip());
    command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn run(server: &Server, flags: &[&str]) -> (Option<i32>, String) {
    let ended = with_timeout("roomcast publish to end", command(server, flags).output()).await;
    let Output { status, stderr, .. } = ended.expect("it was built");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

async fn playlist(server: &Server, is_there: impl Fn(&str) -> bool) {
    let url = server.url("/live/demo/main/v0/playlist.m3u8");
    let seen = async {
        loop {
            let answer = reqwest::get(&url).await.expect("the server answers");
            if is_there(&answer.text().await.expect("it is text")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    with_timeout("the playlist", seen).await;
}

#[tokio::test]
async fn a_second_publisher_ends_unless_it_is_to_take_over() {
    let server = Server::alone(&[]).await;
    let mut first = Process::start(&mut command(&server, &[]));
    playlist(&server, |text| text.contains("#EXTINF")).await;
    let (code, said) = run(&server, &[]).await;
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(code, Some(1), "{said}");
    assert!(last.contains("another publisher is on air in room demo") && last.contains("--take-over"), "{said}");
    assert!(first.runs());
    // The first goes on as if nothing had been.
    let url = server.url("/live/demo/main/v0/playlist.m3u8");
    let segments = |text: &str| text.matches("#EXTINF").count();
    let before = segments(&reqwest::get(&url).await.unwrap().text().await.unwrap());
    playlist(&server, |text| segments(text) > before && !text.contains("#EXT-X-ENDLIST")).await;
    let mut second = Process::start(&mut command(&server, &["--take-over"]));
    let mut said = String::new();
    with_timeout("the end of the first", first.child().stderr.as_mut().unwrap().read_to_string(&mut said))
        .await
        .unwrap();
    assert_eq!(first.ended().await.code(), Some(1), "{said}");
    assert!(said.contains("another publisher has taken over room demo"), "{said}");
    assert!(second.ended().await.success());
    playlist(&server, |text| text.contains("#EXT-X-ENDLIST") && !text.contains("#EXT-X-GAP")).await;
}

#[tokio::test]
async fn another_user_on_air_is_told_as_well() {
    let server = Server::alone(&[]).await;
    let _first = Process::start(&mut command(&server, &["--user", "ann"]));
    playlist(&server, |text| text.contains("#EXTINF")).await;
    for flags in [&[][..], &["--take-over"]] {
        let (code, said) = run(&server, flags).await;
        assert!(code == Some(1) && said.contains("another publisher is on air in room demo"), "{code:?} {said}");
    }
}

#[tokio::test]
async fn settings_of_a_publisher_that_cannot_work_are_refused_in_one_line() {
    for (flags, says) in [
        (&["--ca", "/nowhere/ca.pem"][..], "--ca /nowhere/ca.pem: No such file"),
        (&["--ca", "/proc/self/status"], "there is no certificate in it"),
        (&["--server", "nonsense"], "must be the address of a server, such as"),
        (
            &["--server", "http://ann:geheim@127.0.0.1:1"],
            "--server \"http://…@127.0.0.1:1\" takes no user and no password",
        ),
        (&["--server", "http://127.0.0.1:1/?x"], "takes no query (?) and no fragment (#)"),
        (&["--segment", "soon"], "is not a duration"),
        (&["--part", "2000ms"], "--part \"2000ms\" must be at most --segment \"1s\" (default), such as 1s"),
        (&["--part", "1500000us"], "--part \"1500000us\" must be at most --segment \"1s\" (default)"),
        (&["--segment", "120min"], "--segment \"120min\" must be at most 1h, such as 2s"),
        (&["--target-duration", "61m"], "--target-duration \"61m\" must be at most 1h"),
        (
            &["--target-duration", "1000ms", "--segment", "1100ms"],
            "--segment \"1100ms\" must be at most --target-duration \"1000ms\", such as 1s",
        ),
        (&["--segment", "1ns"], "--segment \"1ns\" must be at least 100ms (default 1s)"),
        (&["--target-duration", "1500ms"], "--target-duration \"1500ms\" must be whole seconds, such as 2s"),
        (&["--log", "loud"], "must name levels"),
    ] {
        let mut command = Command::new(program());
        command.args(["publish", "--room", "demo"]).args(flags).arg("-").stdin(Stdio::null());
        let output = with_timeout("its end", command.output()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(says) && !said.contains("geheim"), "{said}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_told_with_the_file_that_was_given() {
    let (files, other) = (Files::new("signed"), Files::new("not-signed"));
    let server = Server::alone(&files.flags()).await;
    let (code, said) = run(&server, &["--ca", &other.certificate]).await;
    let says = format!("the server's certificate was not signed by {:?}", other.certificate);
    assert!(code == Some(1) && said.contains(&says), "{code:?} {said}");
}
