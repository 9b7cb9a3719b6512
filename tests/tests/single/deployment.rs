//! Settings for orchestrators and monitoring: `roomcast healthcheck` and `--metrics-listen`.

use std::net::TcpListener;
use std::process::{Command, Output};

use roomcast_tests::broadcast::get;
use roomcast_tests::server::{Server, program};

/// Runs `roomcast healthcheck` to its end, without the settings of this machine.
async fn healthcheck(flags: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command.arg("healthcheck").args(flags).env_remove("ROOMCAST_LISTEN").env_remove("ROOMCAST_TLS_CERT");
    command.envs(environment.iter().copied());
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it starts")).await;
    let Output { status, stderr, .. } = ended.expect("it ends");
    (status.code(), String::from_utf8(stderr).expect("it prints text"))
}

fn unused_address() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").to_string()
}

#[tokio::test]
async fn a_healthcheck_exits_with_0_while_the_server_is_ready_and_with_1_otherwise() {
    let mut server = Server::alone(&[]).await;
    let url = server.url("/");
    assert_eq!(healthcheck(&["--url", &url], &[]).await, (Some(0), String::new()));
    let listen = [("ROOMCAST_LISTEN", server.address.replace("127.0.0.1", "0.0.0.0"))];
    let listen = listen.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(healthcheck(&[], &listen).await, (Some(0), String::new()));
    assert_eq!(healthcheck(&["--path", "/healthz"], &listen).await, (Some(0), String::new()));
    let (code, said) = healthcheck(&["--path", "/nothing"], &listen).await;
    assert!(code == Some(1) && said.contains("404") && said.lines().count() == 1, "{code:?} {said}");
    let (code, said) = healthcheck(&["--url", "nonsense"], &[]).await;
    assert!(code == Some(1) && said.contains("http://host:port"), "{code:?} {said}");
    server.terminate().await;
    assert!(server.ended().await.success());
    let (code, said) = healthcheck(&["--url", &url], &[]).await;
    assert!(code == Some(1) && said.contains("no connection"), "{code:?} {said}");
}

#[tokio::test]
async fn a_healthcheck_of_a_node_that_lacks_its_redis_fails() {
    let nowhere = format!("redis://{}", unused_address());
    let server = Server::alone(&["--redis-url", &nowhere]).await;
    let (code, said) = healthcheck(&["--url", &server.url("")], &[]).await;
    assert!(code == Some(1) && said.contains("503"), "{code:?} {said}");
    let alive = healthcheck(&["--url", &server.url(""), "--path", "/healthz"], &[]).await;
    assert_eq!(alive, (Some(0), String::new()));
}

#[tokio::test]
async fn a_healthcheck_that_gets_no_answer_ends_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("it is bound"));
    let (code, said) = healthcheck(&["--url", &url, "--timeout", "200ms"], &[]).await;
    assert!(code == Some(1) && said.contains("in time"), "{code:?} {said}");
}

#[tokio::test]
async fn metrics_with_an_address_of_their_own_are_nowhere_else() {
    let metrics = unused_address();
    let server = Server::alone(&["--metrics-listen", &metrics]).await;
    assert_eq!(get(&server.url("/metrics")).await.status(), 404);
    let response = get(&format!("http://{metrics}/metrics")).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.expect("it is text").contains("\nroomcast_rooms 0\n"));
    for path in ["/", "/ws", "/healthz", "/live/demo/main/playlist.m3u8"] {
        assert_eq!(get(&format!("http://{metrics}{path}")).await.status(), 404, "{path}");
    }
    let plain = Server::alone(&[]).await;
    assert_eq!(get(&plain.url("/metrics")).await.status(), 200);
}

#[test]
fn an_address_for_metrics_that_is_taken_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let mut command = Command::new(program());
    let output = command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &address]).output();
    let Output { status, stderr, .. } = output.expect("it starts");
    let said = String::from_utf8(stderr).expect("it prints text");
    assert!(status.code() == Some(1) && said.contains("--metrics-listen"), "{status:?} {said}");
}

fn deployed(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The number that follows a text for the first time after another text.
fn number_after(text: &str, section: &str, key: &str) -> u64 {
    let found = text.split_once(section).and_then(|(_, rest)| rest.split_once(key));
    let (_, rest) = found.unwrap_or_else(|| panic!("no {key} after {section}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn deployed_limits_are_enough_for_the_defaults_of_16_workers_and_for_an_answer_of_the_healthcheck() {
    let printed = Command::new(program()).args(["config", "--json"]).output().expect("it starts");
    let settings: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let needed = 16 * settings["max_connections"].as_u64().expect("a count") + 64;
    let (compose, unit) = (deployed("compose.yaml"), deployed("systemd/roomcast.service"));
    for allowed in [number_after(&compose, "x-node:", "nofile: "), number_after(&unit, "", "LimitNOFILE=")] {
        assert!(allowed >= needed, "{allowed} of {needed}");
    }
    // `roomcast healthcheck --timeout` is 2 s, and then it says why.
    let image = number_after(&deployed("Dockerfile"), "HEALTHCHECK", "--timeout=");
    assert!(image > 2 && number_after(&compose, "roomcast, healthcheck]", "timeout: ") > 2, "{image}");
}
