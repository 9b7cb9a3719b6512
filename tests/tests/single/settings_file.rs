//! The file of settings: what wins over what, what is refused, what is printed, what SIGHUP and `check` make of it.

use std::path::PathBuf;

use roomcast_tests::redis::Redis;
use roomcast_tests::server::{Server, program};
use serde_json::Value;
use tokio::process::Command;

use crate::certificate::Files;
use crate::settings::{refusal, run};

/// A file of settings, removed when dropped.
struct Settings(PathBuf);

impl Settings {
    fn new(name: &str, text: &str) -> Self {
        let settings = Self(std::env::temp_dir().join(format!("roomcast-{name}-{}.toml", std::process::id())));
        settings.write(text);
        settings
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("a working machine");
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a working machine")
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn printed(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(&[&["config"][..], arguments].concat(), variables).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn flags_win_over_variables_over_the_file_over_defaults_and_lists_are_replaced() {
    let file = Settings::new(
        "order",
        "max_rooms = 5\nroom_linger = \"7s\"\nice_server = [\"stun:a.example\", \"stun:b.example\"]\nlog = \"warn\"\n",
    );
    let variables = [("ROOMCAST_CONFIG", file.path()), ("ROOMCAST_ROOM_LINGER", "8s"), ("ROOMCAST_LOG", "error")];
    let flags = ["--json", "--log", "debug", "--ice-server", "stun:c.example"];
    let settings: Value = serde_json::from_str(&printed(&flags, &variables).await).unwrap();
    let found = ["max_rooms", "room_linger", "log", "kick_duration"].map(|id| settings[id].to_string());
    assert_eq!(found, ["5", "\"8s\"", "\"debug\"", "\"1m\""]);
    assert_eq!(settings["ice_server"], serde_json::json!(["stun:c.example"]));
    let settings: Value = serde_json::from_str(&printed(&["--json", "--config", file.path()], &[]).await).unwrap();
    assert_eq!(settings["ice_server"][1], "stun:b.example");
}

#[tokio::test]
async fn what_is_printed_can_be_fed_back_and_holds_no_secret() {
    let secret = Settings::new("secret", "geheim\n");
    let from_file = format!("--turn-secret=file:{}", secret.path());
    let flags = [
        "--idle-timeout=20m",
        "--max-frame=5000B",
        "--rate-limit=off",
        "--ice-server=turn:a.example,stun:b.example",
        "--allow-origin=https://a.example",
        "--redis-url=redis://ann:geheim@127.0.0.1:7000/2",
        "--redis-timeout=2s",
        &from_file,
    ];
    let text = printed(&flags, &[]).await;
    assert!(!text.contains("geheim"), "{text}");
    assert!(text.contains(&format!("\nturn_secret = \"file:{}\"\n", secret.path())), "{text}");
    let shown = printed(
        &["--turn-secret=geheim", "--ice-server=turn:a", "--ice-token=geheim", "--ice-url=https://turn.example/ice"],
        &[],
    )
    .await;
    assert!(!shown.contains("geheim") && shown.contains("# turn_secret is set; it is not shown."), "{shown}");
    assert!(shown.contains("# ice_token is set; it is not shown."), "{shown}");
    assert!(shown.contains("\nice_url = \"https://turn.example/ice\"\n"), "{shown}");
    assert!(
        text.contains("\nredis_url = \"redis://ann@127.0.0.1:7000/2\"\n") && text.contains("max_frame = \"5000B\""),
        "{text}"
    );
    let file = Settings::new("printed", &text);
    // Nobody starts alone because a password was left out.
    let refused = refusal(&["serve", "--config", file.path()], &[]).await;
    assert!(refused.contains("redis_url in ") && refused.contains("must have user:password"), "{refused}");
    let again = printed(&[&["--config", file.path()][..], &flags[5..6], &flags[7..]].concat(), &[]).await;
    assert_eq!(again, text);
    let plain = Settings::new("plain", &printed(&["--idle-timeout=20m"], &[]).await);
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let fed_back = json(printed(&["--json", "--config", plain.path()], &[]).await);
    assert_eq!(fed_back, json(printed(&["--json", "--idle-timeout=20m"], &[]).await));
}

#[tokio::test]
async fn a_file_that_cannot_work_is_refused_in_one_line() {
    for (text, says) in [
        ("max_roomz = 5", "max_roomz in "),
        ("max_roomz = 5", "there is no such setting; did you mean max_rooms?"),
        ("max-rooms = 5", "did you mean max_rooms?"),
        ("config = \"other.toml\"", "there is no such setting"),
        ("max_rooms = 0", "\"0\" must be a whole number from 1"),
        ("[rooms]\nmax_rooms = 5", "rooms in "),
        ("ice_server = [\"stun:a\", \"nonsense\", \"stun:b\"]", "\"nonsense\" (item 2 of 3) must be stun:HOST"),
        ("cors_origin = [\"https://a\", 5]", "item 2 of 2 is no text; must be a text"),
        ("ice_server = [5]", "must be a text, a number or a list of texts"),
        ("log = \"\"", "must name levels"),
        ("a = 5\nb = [\n", ", line 2: "),
        ("max_rooms = 5\nlog = \"info\"\nmax_rooms = 6\n", ", line 3: duplicate key"),
        ("help = true", "there is no such setting"),
        ("max_message = \"8KiB\"", "must be at most max_message in "),
        ("turn_secret = \"file:/nowhere/geheim\"", "turn_secret in "),
    ] {
        let file = Settings::new("bad", text);
        let said = refusal(&["serve", "--config", file.path()], &[]).await;
        assert!(said.contains(says), "{text}: {said}");
    }
    let said = refusal(&["serve"], &[("ROOMCAST_CONFIG", "/nowhere.toml")]).await;
    assert!(said.contains("ROOMCAST_CONFIG \"/nowhere.toml\" cannot be read"), "{said}");
}

#[tokio::test]
async fn an_empty_list_means_none() {
    let file = Settings::new("none", "cors_origin = []\nice_server = []\n");
    let text = printed(&["--config", file.path()], &[]).await;
    assert!(text.contains("\ncors_origin = []\n") && text.contains("# ice_server is not set."), "{text}");
    file.write(&text);
    let settings: Value = serde_json::from_str(&printed(&["--json", "--config", file.path()], &[]).await).unwrap();
    assert_eq!((&settings["cors_origin"], &settings["ice_server"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[tokio::test]
async fn sighup_takes_what_can_change_and_names_what_cannot() {
    let file = Settings::new("hangup", "listen = \"127.0.0.1:0\"\nlog = \"info\"\n");
    let mut command = Command::new(program());
    command.args(["serve", "--workers", "1", "--config", file.path()]);
    let mut server = Server::run(command).await;
    file.write("listen = \"127.0.0.1:0\"\nlog = \"info,roomcast_server=debug\"\nmax_rooms = 5\n");
    server.signal("-HUP").await;
    server.logged("takes effect with the next start only: max_rooms").await;
    server.logged("the log filter becomes info,roomcast_server=debug").await;
    file.write("max_roomz = 5\n");
    server.signal("-HUP").await;
    let said = server.logged("the settings stay as they are").await;
    assert!(said.contains("did you mean max_rooms?"), "{said}");
    assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn sighup_is_answered_under_any_filter_of_the_log_that_shows_warnings() {
    let file = Settings::new("hidden", "listen = \"127.0.0.1:0\"\nlog = \"info\"\n");
    let mut command = Command::new(program());
    command.args(["serve", "--workers", "1", "--config", file.path()]);
    let mut server = Server::run(command).await;
    for (log, says) in [
        ("error", "the log filter becomes error"),
        ("warn", "the log filter is warn"),
        ("warn", "SIGHUP: nothing has changed"),
        ("off", "the log filter becomes off"),
        ("info", "the log filter is info"),
    ] {
        file.write(&format!("listen = \"127.0.0.1:0\"\nlog = \"{log}\"\n"));
        server.signal("-HUP").await;
        server.logged(says).await;
    }
}

#[tokio::test]
async fn check_lists_everything_that_is_wrong() {
    let redis = Redis::start().await;
    let (files, url) = (Files::new("check"), redis.url());
    let few = ["check", "--max-connections=100", "--redis-url", &url];
    let output = run(&[&few[..], &files.flags()].concat(), &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let bad = ["check", "--redis-url=redis://127.0.0.1:1", "--tls-cert=/nowhere/c", "--tls-key=/nowhere/k"];
    let unlimited = ["--max-connections=999999999", "--listen=nowhere.invalid:1"];
    for (arguments, count, says) in [
        (
            [&bad[..], &unlimited].concat(),
            4,
            ["--tls-cert \"/nowhere/c\": No such file", "--listen", "127.0.0.1:1 refuses", "open files"],
        ),
        (vec!["check", "--max-rooms=0", "--log=loud"], 2, ["--max-rooms", "--log", "", ""]),
        (
            vec!["check", "--max-connections=1", "--listen=127.0.0.1:9090", "--metrics-listen=localhost:9090"],
            1,
            ["--listen \"127.0.0.1:9090\" and --metrics-listen \"localhost:9090\" must differ", "", "", ""],
        ),
    ] {
        let output = run(&arguments, &[]).await;
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), count), "{said}");
        assert!(said.lines().all(|line| line.starts_with("roomcast: ")), "{said}");
        assert!(says.iter().all(|says| said.contains(says)), "{said}");
    }
}

#[tokio::test]
async fn a_healthcheck_asks_where_the_file_says() {
    let server = Server::alone(&[]).await;
    let file = Settings::new("health", &format!("max_rooms = 5\nlisten = \"{}\"\n", server.address));
    let output = run(&["healthcheck"], &[("ROOMCAST_CONFIG", file.path())]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
