//! The program as an operator meets it: health, page, flags.

use reqwest::redirect::Policy;
use std::process::Command;

use roomcast_tests::broadcast::get;
use roomcast_tests::server::{Server, program};
use serde_json::Value;

#[tokio::test]
async fn the_server_is_healthy_and_ready() {
    let server = Server::start(&[]).await;
    assert_eq!(get(&server.url("/healthz")).await.status(), 200);
    assert_eq!(get(&server.url("/readyz")).await.status(), 200);
    assert_eq!(get(&server.url("/nowhere/at/all")).await.status(), 404);
}

#[test]
fn the_version_names_the_profile_of_the_build() {
    let printed = Command::new(program()).arg("--version").output().unwrap();
    let path = program();
    let profile = path.parent().and_then(|folder| folder.file_name()).unwrap().to_str().unwrap();
    let expected = format!("roomcast {} ({profile})\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), expected);
}

#[tokio::test]
async fn the_page_is_served_under_every_address_it_has() {
    let server = Server::start(&[]).await;
    for path in ["/", "/call/demo", "/group/demo", "/watch/demo"] {
        let response = get(&server.url(path)).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
        assert!(response.text().await.unwrap().contains("<title>"), "{path}");
    }
}

#[tokio::test]
async fn the_schema_is_served_as_it_is_written() {
    let server = Server::start(&[]).await;
    let folder = std::env::temp_dir().join(format!("roomcast-schema-{}", std::process::id()));
    let written = Command::new(program()).arg("schema").arg(&folder).status().unwrap();
    assert!(written.success());
    for path in ["client-messages.schema.json", "codes.json", "vectors/server-messages.json"] {
        let text = get(&server.url(&format!("/schema/{path}"))).await.text().await.unwrap();
        assert_eq!(std::fs::read_to_string(folder.join(path)).unwrap(), text, "{path}");
    }
    assert_eq!(get(&server.url("/schema/nothing.json")).await.status(), 404);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_index_of_the_schema_names_every_file_of_the_folder() {
    let server = Server::start(&[]).await;
    let index: Value = get(&server.url("/schema/")).await.json().await.unwrap();
    assert_eq!(index["version"], roomcast_protocol::schema::VERSION);
    let listed: Vec<_> = index["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");
    for path in ["README.md", "codes.json", "interpreters/state_machine.py", "vectors/state-machine.json"] {
        assert!(listed.contains(&path), "{path} in {listed:?}");
    }
    for file in index["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let response = get(&server.url(&format!("/schema/{path}"))).await;
        assert_eq!(response.headers()["content-type"].to_str().unwrap(), file["type"], "{path}");
        let body = response.bytes().await.unwrap();
        assert_eq!(body, std::fs::read(format!("{folder}/{path}")).unwrap(), "{path}");
        assert_eq!(body.len() as u64, file["bytes"].as_u64().unwrap(), "{path}");
    }
    // "schema" leads there, and a browser gets a page.
    let page = reqwest::Client::new().get(server.url("/schema")).header("accept", "text/html").send().await.unwrap();
    assert!(page.url().path().ends_with("/schema/"), "{}", page.url());
    let page = page.text().await.unwrap();
    assert!(page.contains("<a href=\"codes.json\">") && page.contains("<a href=\"README.md\">"), "{page}");
}

#[tokio::test]
async fn every_address_of_the_published_description_is_there() {
    let server = Server::start(&[]).await;
    let text = get(&server.url("/schema/openapi.json")).await.text().await.unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let paths = published["paths"].as_object().unwrap();
    let readable: Vec<_> = paths.iter().filter(|(_, item)| item.get("get").is_some()).collect();
    assert!(readable.len() > 5);
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    for (path, item) in readable {
        let address = path.replace(['{', '}'], "");
        let response = client.get(server.url(&address)).send().await.unwrap();
        let status = response.status().as_u16().to_string();
        assert!(item["get"]["responses"].get(&status).is_some(), "{address} answers {status}");
        let text = response.text().await.unwrap();
        assert!(path == "/schema/{file}" || !text.contains("Page not found"), "{address} leads nowhere");
    }
}

#[test]
fn a_bad_flag_ends_with_2_and_one_sentence() {
    for bad in [
        ["serve", "--room-linger=soon"],
        ["serve", "--no-such-flag"],
        ["publish", "-"],
        ["dance", "-"],
        ["serve", "--rate-limit=fast"],
        ["serve", "--idle-timeout=0s"],
        ["serve", "--max-frame=0"],
        ["config", "--allow-origin=here"],
        ["serve", "--max-connection-age=200years"],
        ["serve", "--max-connections-per-address=-1"],
    ] {
        let output = Command::new(program()).args(bad).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn flags_win_over_the_environment_over_defaults() {
    let run = |flags: &[&str]| {
        let output = Command::new(program())
            .args(["config", "--json"])
            .args(flags)
            .env("ROOMCAST_ROOM_LINGER", "7s")
            .output()
            .unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(run(&[])["room_linger"], "7s");
    assert_eq!(run(&["--room-linger", "9s"])["room_linger"], "9s");
    assert_eq!(run(&[])["heartbeat_timeout"], "10s");
    assert_eq!(run(&["--rate-limit", "off"])["rate_limit"], "off");
    assert_eq!(run(&[])["idle_timeout"], "10m");
    assert_eq!(run(&["--allow-origin", "https://a.b,https://c.d"])["allow_origin"][1], "https://c.d");
}

#[test]
fn a_port_that_is_taken_is_told_in_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(program()).args(["serve", "--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot listen there: "));
}

#[test]
fn help_is_shown_to_whoever_gives_too_little() {
    for (given, says) in [(&[][..], "publish"), (&["publish"], "--room <ROOM>"), (&["schema"], "<DIR>")] {
        let output = Command::new(program()).args(given).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{given:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("Usage: roomcast") && said.contains(says), "{given:?}: {said}");
    }
    let output = Command::new(program()).arg("--help").output().unwrap();
    assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().contains("Commands:"));
}

#[test]
fn what_is_wrong_is_told_whole_and_in_one_line() {
    for (given, says) in [
        (&["publish", "--user", "ann"][..], "--room <ROOM>, <FILE>"),
        (&["serve", "--max-room", "5"], "'--max-rooms'"),
        (&["server"], "'serve'"),
        (&["serve", "--tls-cert", "cert.pem"], "--tls-key"),
        (&["publish", "--room", "a/b", "-"], "--room"),
    ] {
        let output = Command::new(program()).args(given).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.starts_with("roomcast: ") && said.contains(says), "{said}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for command in [&["config"][..], &["--help"], &["serve", "--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(program()).args(command).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{command:?}");
    }
}
