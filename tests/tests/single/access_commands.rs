//! `roomcast token`, `roomcast token check` and `roomcast key`, and a real server that takes what they make.

use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_tests::media;
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

/// Exit code, standard output and standard error of a command.
async fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it was built");
    // It need not read its input.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes()).await;
    let output = with_timeout("the command to end", child.wait_with_output()).await.expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The output of a command that succeeds and complains of nothing.
async fn printed(arguments: &[&str]) -> String {
    let (code, out, said) = run(arguments, "").await;
    assert_eq!((code, said.as_str()), (Some(0), ""), "{arguments:?}");
    out.trim_end().to_owned()
}

async fn token(arguments: &[&str]) -> String {
    printed(&[&["token", "--auth-secret", SECRET, "--user", "ann"][..], arguments].concat()).await
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_token_is_taken_by_the_server_whose_secret_has_signed_it() {
    let server = Server::alone(&["--auth-secret", SECRET, "--auth-audience", "here"]).await;
    let grants = ["--room", "demo-*,lobby", "--grant", "join,publish,create:p2p", "--name", "Ann"];
    let good = token(&[&grants[..], &["--auth-audience", "here", "--ttl", "1h"]].concat()).await;
    let url = server.url("");
    let (code, told, said) = run(&["token", "check", "--server", &url, &good], "").await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let lines: Vec<_> = told.lines().collect();
    let [user, until, rooms, may] = lines[..] else { panic!("{told}") };
    assert_eq!((user, rooms), ("user: ann, shown as Ann", "rooms: demo-*, lobby"));
    assert_eq!(may, "may: join, create rooms of type p2p, publish, play");
    assert!(until.starts_with("until: ") && (until.contains("59m") || until.contains("1h")), "{until}");
    // The same in words of its own, from standard input.
    let here = ["token", "check", "--auth-secret", SECRET, "--auth-audience", "here", "-"];
    let (code, own, _) = run(&here, &format!("{good}\n")).await;
    assert_eq!((code, own.lines().last()), (Some(0), Some(may)));
    let other = token(&["--grant", "join", "--auth-audience", "there"]).await;
    for command in [&["token", "check", "--server", &url, &other][..], &here] {
        let (code, told, said) = run(command, &other).await;
        assert_eq!((code, told.as_str()), (Some(1), ""));
        assert!(said.contains("refused: `aud` of the token does not name this server (audience)"), "{said}");
        assert!(!said.contains(&other), "{said}");
    }
}

#[tokio::test]
async fn the_first_secret_signs_and_a_name_of_it_stands_in_the_header() {
    let first = format!("2026={SECRET}");
    let keys = ["--auth-secret", &first, "--auth-secret", OTHER];
    let signed = printed(&[&["token", "--user", "ann", "--grant", "admin"][..], &keys].concat()).await;
    assert_eq!(part(&signed, 0), serde_json::json!({"alg": "HS256", "typ": "JWT", "kid": "2026"}));
    let claims = part(&signed, 1);
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!((life, &claims["room"]), (7200, &serde_json::json!({"admin": true})));
    assert!(claims["jti"].as_str().is_some_and(|id| id.len() > 20) && claims.get("aud").is_none());
    for (keys, code, says) in [
        (&keys[..], 0, ""),
        (&["--auth-secret", SECRET], 0, ""),
        (&["--auth-secret", OTHER], 1, "(signature)"),
        (&["--auth-secret", &format!("2027={SECRET}")], 1, "(unknown_key)"),
        (&["--auth-secret", SECRET, "--auth-claim", "https://x/room"], 0, ""),
    ] {
        let (ended, told, said) = run(&[&["token", "check", &signed][..], keys].concat(), "").await;
        assert!(ended == Some(code) && said.contains(says) && !said.contains(SECRET), "{keys:?}: {said}");
        // Where the grants stand under another name, there are none.
        assert_eq!(told.contains("may: administer"), code == 0 && !keys.contains(&"--auth-claim"), "{told}");
    }
}

#[tokio::test]
async fn settings_of_a_token_that_cannot_work_are_refused_in_one_line() {
    let own = format!("{SECRET};max-ttl=1h");
    let base = ["token", "--user", "ann", "--grant", "join"];
    for (flags, says) in [
        (&[][..], "a token is signed with a secret: needs --auth-secret"),
        (&["--auth-secret", "short"], "must be at least 32 bytes long"),
        (&["--auth-secret", SECRET, "--ttl", "48h"], "--ttl \"48h\" must be at most --auth-max-ttl \"1day\" (default)"),
        (&["--auth-secret", &own, "--ttl", "2h"], "--ttl \"2h\" must be at most the max-ttl of the key (1h)"),
        (&["--auth-secret", SECRET, "--ttl", "10ms"], "--ttl \"10ms\" must be at least 1s"),
        (&["--auth-secret", SECRET, "--room", "a*b"], "is no room name"),
        (&["--auth-secret", SECRET, "--url", "call"], "--url needs one --room by its whole name"),
        (&["--auth-secret", SECRET, "--url", "call", "--room", "a*"], "--url needs one --room by its whole name"),
        (&["--auth-secret", SECRET, "--url", "door", "--room", "a"], "must be call, group, watch, broadcast or ffmpeg"),
    ] {
        let (code, out, said) = run(&[&base[..], flags].concat(), "").await;
        assert_eq!((code, out.as_str(), said.lines().count()), (Some(2), "", 1), "{flags:?}: {said}");
        assert!(said.contains(says) && !said.contains(SECRET), "{said}");
    }
    let (code, _, said) = run(&["token", "--user", "ann", "--grant", "sing", "--auth-secret", SECRET], "").await;
    assert!(code == Some(2) && said.contains("--grant \"sing\" must be join, publish, create"), "{said}");
    let (code, _, said) = run(&["token", "check", "a.b.c"], "").await;
    assert!(code == Some(2) && said.contains("needs --auth-secret") && !said.contains("a.b.c"), "{said}");
    let flags = ["--auth-secret", SECRET, "--url", "ffmpeg", "--room", "demo"];
    let (code, _, said) = run(&[&base[..], &flags].concat(), "").await;
    assert!(
        code == Some(1) && said.contains("--url ffmpeg is of no use: the token does not grant `publish`"),
        "{said}"
    );
}

#[tokio::test]
async fn the_settings_of_the_server_are_read_from_its_file() {
    let folder = folder_of_its_own();
    let (config, secret) = (format!("{folder}/roomcast.toml"), format!("{folder}/secret"));
    printed(&["key", "--out", &folder]).await;
    let text = format!("auth_secret = \"file:{secret}\"\nauth_issuer = \"us\"\nmax_rooms = 5\n");
    std::fs::write(&config, text).unwrap();
    let signed = printed(&["token", "--config", &config, "--user", "ann", "--grant", "join"]).await;
    assert_eq!(part(&signed, 1)["iss"], "us");
    assert!(printed(&["token", "check", "--config", &config, &signed]).await.contains("may: join, play"));
    let server = Server::alone(&["--config", &config]).await;
    assert!(printed(&["token", "check", "--server", &server.url(""), &signed]).await.contains("may: join, play"));
    // A key that is in use is not written over.
    let (code, _, said) = run(&["key", "--out", &folder], "").await;
    assert!(code == Some(1) && said.contains(&secret), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn addresses_of_the_page_hold_the_token_behind_the_hash() {
    for (page, grant) in [("call", "join"), ("group", "join"), ("watch", "play"), ("broadcast", "publish,create")] {
        let flags = ["--room", "demo", "--grant", grant, "--url", page, "--server", "https://a.example/team/"];
        let address = token(&flags).await;
        let (start, token) = address.split_once("#token=").expect("a fragment");
        assert_eq!(start, format!("https://a.example/team/{page}/demo"));
        assert_eq!(part(token, 1)["room"]["id"], "demo");
    }
}

#[tokio::test]
async fn the_command_for_ffmpeg_pushes_to_a_server_with_a_key() {
    let server = Server::alone(&["--auth-secret", SECRET]).await;
    let flags = ["--room", "demo", "--grant", "publish,play", "--url", "ffmpeg", "--server", &server.url("")];
    let command = token(&flags).await;
    let clip = media::clip();
    let command = command.replace("input.mp4", clip.to_str().unwrap()).replace("ffmpeg -re", "ffmpeg -v error");
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = with_timeout("ffmpeg", shell.output()).await.expect("ffmpeg is installed");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let played = token(&["--room", "demo", "--grant", "play"]).await;
    let path = format!("/live/@{played}/demo/main/playlist.m3u8");
    assert_eq!(reqwest::get(server.url(&path)).await.unwrap().status(), 200);
    assert_eq!(reqwest::get(server.url("/live/demo/main/playlist.m3u8")).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_server_out_of_reach_and_an_open_one_are_told() {
    let (code, _, said) = run(&["token", "check", "--server", "http://127.0.0.1:1", "a.b.c"], "").await;
    assert!(code == Some(1) && said.contains("out of reach: no connection"), "{said}");
    let server = Server::alone(&[]).await;
    let (code, _, said) = run(&["token", "check", "--server", &server.url(""), "a.b.c"], "").await;
    assert!(code == Some(1) && said.contains("the server is open"), "{said}");
}

#[tokio::test]
async fn a_key_is_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let secret = printed(&["key"]).await;
    assert_eq!(URL_SAFE_NO_PAD.decode(&secret).unwrap().len(), 32);
    assert_ne!(secret, printed(&["key"]).await);
    let both = printed(&["key", "--es256"]).await;
    let (pem, jwks) = both.split_once("-----END PRIVATE KEY-----\n").expect("PEM comes first");
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let jwks: Value = serde_json::from_str(jwks).unwrap();
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["d"]), (&"EC".into(), &Value::Null));
    let folder = folder_of_its_own();
    printed(&["key", "--es256", "--out", &folder]).await;
    let rights = |name: &str| std::fs::metadata(format!("{folder}/{name}")).unwrap().permissions().mode() & 0o777;
    assert_eq!((rights("private.pem"), rights("jwks.json")), (0o600, 0o644));
    // The two fit together, says another program.
    let private = format!("{folder}/private.pem");
    let openssl = Command::new("openssl").args(["pkey", "-in", &private, "-pubout", "-outform", "DER"]).output();
    let public = openssl.await.expect("openssl is installed").stdout;
    let jwks: Value = serde_json::from_slice(&std::fs::read(format!("{folder}/jwks.json")).unwrap()).unwrap();
    let [x, y] = ["x", "y"].map(|part| URL_SAFE_NO_PAD.decode(jwks["keys"][0][part].as_str().unwrap()).unwrap());
    assert!(public.ends_with(&[x, y].concat()));
    std::fs::remove_dir_all(folder).unwrap();
}

/// A folder of its own below that of the build, which does not exist yet.
fn folder_of_its_own() -> String {
    let folder = program().with_file_name(format!("keys-{}", uuid::Uuid::new_v4()));
    folder.to_str().expect("text").to_owned()
}
