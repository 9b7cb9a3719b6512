//! Settings that cannot work stop the start: exit code 2 and one line that names them.

use std::process::{Output, Stdio};

use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use tokio::process::Command;

/// Runs the program to its end.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).envs(variables.iter().copied()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.spawn().expect("the program starts").wait_with_output();
    with_timeout(&format!("{arguments:?} to end"), output).await.expect("it was ours")
}

/// The one line of a refusal.
pub async fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables).await;
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?} {variables:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(said.starts_with("roomcast: ") && !said.contains("panicked"), "{arguments:?}: {said}");
    said
}

/// Every flag of `serve` that takes a value, with the name of its value, as its help has them.
async fn flags() -> Vec<(String, String)> {
    let help = run(&["serve", "--help-all"], &[]).await;
    let help = String::from_utf8(help.stdout).expect("text");
    let named = help.lines().filter_map(|line| {
        let (flag, value) = line.trim_start().strip_prefix("--")?.split_once(" <")?;
        Some((format!("--{flag}"), value.split_once('>')?.0.to_owned()))
    });
    named.collect()
}

/// Nonsense of five kinds for a value of that kind.
fn nonsense(value: &str) -> [(&'static str, &'static str); 5] {
    let (huge, wrong) = match value {
        "TIME" => ("99999999999999999999999h", "10 apples"),
        "SIZE" => ("99999999999999999999999TiB", "10 apples"),
        "COUNT,SIZE" => ("99999999999999999999999,1MiB", "200;1MiB"),
        "HOST:PORT" => ("127.0.0.1:99999999999999999999999", "127.0.0.1;80"),
        _ => ("99999999999999999999999", "1\u{1f980}\n;$(x)"),
    };
    [("empty", ""), ("text", "nonsense"), ("negative", "-1"), ("huge", huge), ("symbols", wrong)]
}

/// Nonsense that is a valid value of these settings: names of files and users, secrets.
fn is_a_value(flag: &str, kind: &str) -> bool {
    match flag {
        "--public-url" => kind == "empty",
        "--turn-secret" | "--auth-claim" | "--auth-audience" | "--auth-issuer" => kind != "empty",
        "--ice-token" => !matches!(kind, "empty" | "symbols"),
        "--ingest-user" => !matches!(kind, "empty" | "symbols"),
        _ => false,
    }
}

#[tokio::test]
async fn no_flag_takes_nonsense() {
    let flags = flags().await;
    assert!(flags.len() > 60, "{flags:?}");
    let mut refused = 0;
    for (flag, value) in &flags {
        for (kind, nonsense) in nonsense(value) {
            let argument = format!("{flag}={nonsense}");
            if is_a_value(flag, kind) {
                let other = match flag.as_str() {
                    "--turn-secret" => Some("--ice-server=turn:turn.example.com"),
                    "--ice-token" => Some("--ice-url=https://turn.example.com/"),
                    _ => None,
                };
                let line: Vec<_> = ["config", &argument].into_iter().chain(other).collect();
                assert!(run(&line, &[]).await.status.success(), "{argument}");
                continue;
            }
            let said = refusal(&["serve", &argument], &[("ROOMCAST_LISTEN", "127.0.0.1:0")]).await;
            assert!(said.contains(flag.as_str()), "{argument}: {said}");
            let right = ["such as", "default", "must be"].iter().any(|word| said.contains(word));
            assert!(right, "{argument}: {said}");
            refused += 1;
        }
    }
    assert!(refused > flags.len() * 4, "{refused}");
}

#[tokio::test]
async fn a_value_that_cannot_work_is_named_with_a_right_one() {
    for (argument, says) in [
        ("--ice-server=nonsense", "--ice-server \"nonsense\" must be stun:HOST:PORT"),
        ("--ice-server=stun.example.com:3478", "such as stun:stun.example.com:3478"),
        (
            "--workers=513",
            "--workers \"513\" must be a whole number from 0 to 512, where 0 is one per core (default 0)",
        ),
        ("--workers -1", "--workers \"-1\" must be a whole number from 0 to 512"),
        ("--room-linger -5s", "--room-linger \"-5s\" is not a duration"),
        ("--max-frame -.5MiB", "--max-frame \"-.5MiB\" is not a size"),
        ("--log=nonsense", "--log \"nonsense\" must name levels"),
        ("--max-connections-per-address=0", "from 1 to 1000000000 (default 10000)"),
        ("--max-rooms=0", "from 1 to 1000000000 (default 100000)"),
        ("--max-rooms-per-connection=0", "(default 16)"),
        ("--max-frame=", "is not a size, such as 32KiB or 16MiB (default 32.0 KiB)"),
        ("--room-linger=soon", "is not a duration, such as 10s or 2h (default 30s)"),
        ("--ingest-part=5s", "must be at most --ingest-segment \"1s\" (default)"),
        ("--ingest-user=\u{e9}", "is not a legal name: a user"),
        ("--heartbeat-timeout=2s", "--heartbeat-timeout \"2s\" must be at least 6s (default 10s)"),
        ("--public-url=https://a/?x", "takes no query"),
        ("--public-url=https://me@a/", "takes no user"),
        ("--redis-url=redis+sentinel://h:1", "the service after the sentinels: redis+sentinel://HOST:PORT/mymaster"),
        ("--redis-url=redis://:geheim@", "--redis-url needs a host"),
        ("--turn-secret=file:/nowhere/geheim.txt", "--turn-secret cannot read"),
    ] {
        let words: Vec<_> = argument.split(' ').collect();
        let said = refusal(&[&["serve", "--listen=127.0.0.1:0"], &words[..]].concat(), &[]).await;
        assert!(said.contains(says), "{said}");
        assert!(!said.contains(":geheim@"), "{said}");
    }
}

#[tokio::test]
async fn all_faults_stand_in_one_line_each_under_the_name_it_was_given() {
    let variables = [("ROOMCAST_MAX_ROOMS", "0"), ("ROOMCAST_TURN_SECRET", "file:/nowhere"), ("ROOMCAST_LOG", "loud")];
    let said = refusal(&["serve", "--workers=-1", "--listen=here"], &variables).await;
    for name in
        ["--workers \"-1\"", "--listen \"here\"", "ROOMCAST_MAX_ROOMS \"0\"", "ROOMCAST_TURN_SECRET cannot read"]
    {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert_eq!(said.matches("; ").count(), 4, "{said}");
}

#[tokio::test]
async fn empty_variables_are_unset() {
    let names = flags().await;
    let names: Vec<_> = names.iter().map(|(flag, _)| flag[2..].replace('-', "_").to_uppercase()).collect();
    let names: Vec<_> = names.iter().map(|name| format!("ROOMCAST_{name}")).collect();
    let empty: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let output = run(&["config"], &empty).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, run(&["config"], &[]).await.stdout);
}

#[tokio::test]
async fn certificates_and_names_that_cannot_be_used_stop_the_start() {
    let missing = ["serve", "--listen=127.0.0.1:0", "--tls-cert=/nowhere/cert.pem", "--tls-key=/nowhere/key.pem"];
    assert!(refusal(&missing, &[]).await.contains("/nowhere/cert.pem"));
    let said = refusal(&["serve", "--listen=nowhere.invalid:80"], &[]).await;
    assert!(said.contains("--listen \"nowhere.invalid:80\": the name"), "{said}");
}

#[tokio::test]
async fn the_server_listens_on_a_name() {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "localhost:0", "--workers", "1"]);
    let server = Server::run(command).await;
    assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
    let port = server.address.rsplit_once(':').unwrap().1;
    let by_name = reqwest::get(format!("http://localhost:{port}/healthz")).await.unwrap();
    assert_eq!(by_name.status(), 200);
}

#[tokio::test]
async fn unknown_variables_are_a_warning_and_those_of_kubernetes_are_not() {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1", "--log", "info"]);
    command.env("ROOMCAST_MAX_ROOM", "5").env("ROOMCAST_SERVICE_HOST", "10.0.0.1");
    command.env("ROOMCAST_PORT", "tcp://10.0.0.1:80").env("ROOMCAST_PORT_80_TCP_ADDR", "10.0.0.1");
    let mut server = Server::run_unread(command);
    let warned = server.logged("is not a setting").await;
    assert!(warned.contains("WARN") && warned.contains("did you mean ROOMCAST_MAX_ROOMS?"), "{warned}");
    server.logged("listening on").await;
    server.terminate().await;
    assert!(!server.rest_of_log().await.contains("is not a setting"));
    for command in ["config", "check"] {
        let output = run(&[command, "--max-connections=1"], &[("ROOMCAST_MAX_ROOM", "5")]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.contains("warning: the variable ROOMCAST_MAX_ROOM"), "{said}");
    }
    for command in [&["publish", "--room", "x", "/nowhere.mp4"][..], &["healthcheck", "--url", "http://127.0.0.1:1"]] {
        let said = String::from_utf8(run(command, &[("ROOMCAST_MAX_ROOM", "5")]).await.stderr).unwrap();
        assert!(said.contains("warning: the variable ROOMCAST_MAX_ROOM is not a setting; did you mean"), "{said}");
    }
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_and_a_shortage_told() {
    let run = |limits: &str| {
        let mut command = Command::new("sh");
        let script = format!("{limits} && exec \"$0\" serve --listen 127.0.0.1:0 --workers 2 --max-connections 1000");
        command.args(["-c", &script]).arg(program());
        Server::run_unread(command)
    };
    let mut short = run("ulimit -n 1024");
    let told = short.logged("open files").await;
    assert!(told.contains("needs 2064 open files, and the system allows 1024"), "{told}");
    assert!(told.contains("--max-connections 480"), "{told}");
    let mut lacking = Command::new("sh");
    let script = "ulimit -n 20 && exec \"$0\" serve --listen 127.0.0.1:0 --workers 1";
    let ended = with_timeout("the refusal", lacking.args(["-c", script]).arg(program()).output()).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("the system allows 20 open files, and 1 worker needs at least 65"), "{said}");
    let mut enough = run("ulimit -Sn 256 && ulimit -Hn 4000");
    enough.logged("listening on").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", enough.process().id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["4000", "4000"]);
    enough.terminate().await;
    assert!(!enough.rest_of_log().await.contains("needs"));
}

#[tokio::test]
async fn text_that_was_given_is_escaped_wherever_it_is_quoted() {
    let odd = std::env::temp_dir().join(format!("roomcast-odd-{}.toml", std::process::id()));
    std::fs::write(&odd, "\"a\\nb\\u001b[31m\" = 1\n").unwrap();
    let odd_path = odd.to_str().unwrap();
    let name = "ROOMCAST_A\nB\u{1b}[31m";
    let (file, url) = ("no\nfile\u{1b}[31m", "http://no\nfile\u{1b}[31m");
    for (arguments, variables, says) in [
        (&["check", "--config", odd_path][..], &[][..], "a\\nb\\u{1b}[31m in "),
        (&["serve", "--config", odd_path], &[], "a\\nb\\u{1b}[31m in "),
        (&["check", "--config", file], &[], "no\\nfile\\u{1b}[31m"),
        (&["check", "--max-connections=1"], &[(name, "1")], "ROOMCAST_A\\nB\\u{1b}[31m is not a setting"),
        (&["publish", "--room", "x", file], &[], "no\\nfile\\u{1b}[31m"),
        (&["publish", "--room", "x", "--ca", file, "-"], &[], "no\\nfile\\u{1b}[31m"),
        (&["healthcheck", "--url", url], &[], "http://no\\nfile\\u{1b}[31m"),
        (&["serve", "--a\nb\u{1b}[31m"], &[], "unexpected argument '--a, b' found"),
        (&["serve", "--tls-cert", file, "--tls-key", file], &[], "no\\nfile\\u{1b}[31m"),
    ] {
        let output = run(arguments, variables).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.lines().count() == 1 && said.contains(says), "{arguments:?}: {said:?}");
        assert!(!said.trim_end_matches('\n').contains(char::is_control), "{arguments:?}: {said:?}");
    }
    std::fs::remove_file(&odd).unwrap();
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1"]).env(name, "1");
    let warned = Server::run_unread(command).logged("is not a setting").await;
    assert!(warned.contains("the variable ROOMCAST_A\\nB\\x1b[31m is not a setting"), "{warned:?}");
}
