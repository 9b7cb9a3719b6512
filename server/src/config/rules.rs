//! Rules between settings.

use super::Serve;
use super::access::AccessTokens;
use super::contradictions::{Contradictions, next_second, suggested};
use super::edge::CdnSecret;
use super::given::Given;
use super::groups::{GROUPS, SEVERAL_NODES};
use roomcast_protocol::limits::LONGEST_MEDIA;

use crate::host::is_turn;

/// Settings that have no effect without Redis: those of its group but the address.
fn of_redis() -> impl Iterator<Item = &'static str> {
    let group = GROUPS.iter().filter(|(title, _)| *title == SEVERAL_NODES);
    group.flat_map(|(_, ids)| ids.iter().copied()).filter(|id| *id != "redis_url")
}

/// Combinations that cannot work, each a clause with the settings, their values and a right one.
///
/// `changed` has the ids of the settings that differ from their defaults. `faulty` has those of the settings that are
/// wrong by themselves: their defaults, which stand in for them here, contradict nothing.
pub fn contradictions(serve: &Serve, given: &[Given], changed: &[String], faulty: &[String]) -> Vec<String> {
    let mut found = Contradictions::new(given, faulty);
    frames(serve, &mut found);
    keys(&serve.access, &mut found);
    caches(serve, &mut found);
    times(serve, &mut found);
    ingest(serve, &mut found);
    files(serve, &mut found);
    redis(serve, changed, &mut found);
    ice(serve, &mut found);
    service(serve, &mut found);
    found.into_faults()
}

fn frames(serve: &Serve, found: &mut Contradictions<'_>) {
    let (frame, message) = (serve.connection.max_frame, serve.connection.max_message);
    if frame > message {
        let [frame, message_is] = [found.with("max_frame", frame), found.with("max_message", message)];
        let right = message.to_string().replace(".0 ", "");
        found.refuse(&["max_frame", "max_message"], format!("{frame} must be at most {message_is}, such as {right}"));
    }
    // A message that was let in goes out to members whose queue need not be empty.
    let (outbox, least) = (serve.connection.max_outbox, message * 2_u64);
    if outbox < least {
        let [outbox, message_is] = [found.with("max_outbox", outbox), found.with("max_message", message)];
        let right = least.to_string().replace(".0 ", "");
        let fault = format!("{outbox} must be at least twice {message_is}, such as {right}");
        found.refuse(&["max_outbox", "max_message"], fault);
    }
}

fn times(serve: &Serve, found: &mut Contradictions<'_>) {
    let connection = &serve.connection;
    let idle = ("idle_timeout", connection.idle_timeout);
    found.at_most([("ping_interval", connection.ping_interval), idle], "at most a third of", idle.1 / 3);
    found.at_most([("keepalive_interval", connection.keepalive_interval), idle], "at most half of", idle.1 / 2);
    let target = ("ingest_target_duration", serve.ingest.ingest_target_duration);
    let segment = ("ingest_segment", serve.ingest.ingest_segment);
    for length in [segment, target] {
        found.at_most([length, ("hls_window", serve.hls_window)], "at most a third of", serve.hls_window / 3);
    }
}

/// The bounds of what pushed media is cut into are those of `?part=`, `?segment=` and `?target=`.
fn ingest(serve: &Serve, found: &mut Contradictions<'_>) {
    let ingest = &serve.ingest;
    let (part, segment, target) = (ingest.ingest_part, ingest.ingest_segment, ingest.ingest_target_duration);
    if target.subsec_nanos() != 0 {
        let target_is = found.time("ingest_target_duration", target);
        let fault = format!("{target_is} must be whole seconds, such as {}", next_second(target));
        found.refuse(&["ingest_target_duration"], fault);
    }
    for (id, length) in [("ingest_segment", segment), ("ingest_target_duration", target)] {
        if length > LONGEST_MEDIA {
            let fault = format!("{} must be at most 1h, such as 2s", found.time(id, length));
            found.refuse(&[id], fault);
        }
    }
    found.at_most([("ingest_part", part), ("ingest_segment", segment)], "at most", segment);
}

/// A key set is that of everybody whom its publisher lets in somewhere: only the audience says which tokens are for here.
pub fn keys(access: &AccessTokens, found: &mut Contradictions<'_>) {
    if let (Some(jwks), None) = (&access.auth_jwks, &access.auth_audience) {
        let jwks = found.with("auth_jwks", jwks);
        let fault = format!("{jwks} needs --auth-audience too, such as --auth-audience https://rooms.example.com");
        found.refuse(&["auth_jwks", "auth_audience"], fault);
    }
}

fn caches(serve: &Serve, found: &mut Contradictions<'_>) {
    if serve.edge.cdn_secret.is_empty() {
        return;
    }
    let name = found.of("cdn_secret");
    if !serve.access.has_keys() {
        let fault = format!("{name} needs --auth-secret or --auth-jwks too: without a key whoever asks is served");
        found.refuse(&["cdn_secret", "auth_secret", "auth_jwks"], fault);
    }
    let signs = |one: &CdnSecret| serve.access.auth_secret.iter().any(|key| key.secret == one.0);
    if serve.edge.cdn_secret.iter().any(signs) {
        let fault = format!("{name} must differ from {}, or the CDN could sign tokens", found.of("auth_secret"));
        found.refuse(&["cdn_secret", "auth_secret"], fault);
    }
}

fn files(serve: &Serve, found: &mut Contradictions<'_>) {
    let delivery = &serve.delivery;
    for (there, missing, is_alone) in [
        ("tls_cert", "--tls-key", delivery.tls_cert.is_some() && delivery.tls_key.is_none()),
        ("tls_key", "--tls-cert", delivery.tls_key.is_some() && delivery.tls_cert.is_none()),
    ] {
        if is_alone {
            let there = found.find(there).map_or_else(|| found.of(there), Given::with_value);
            let right = format!("such as {missing} /etc/roomcast/{}.pem", &missing[6..]);
            found.refuse(&["tls_cert", "tls_key"], format!("{there} needs {missing} too, {right}"));
        }
    }
}

fn redis(serve: &Serve, changed: &[String], found: &mut Contradictions<'_>) {
    let Some(address) = &serve.backplane.redis_url else { return without_redis(changed, found) };
    if let Some(ca) = found.find("redis_ca").filter(|_| !address.tls) {
        let ca = ca.with_value();
        let fault = format!("{ca} needs a {} over TLS, such as rediss://redis.example.com", found.of("redis_url"));
        found.refuse(&["redis_ca", "redis_url"], fault);
    }
    let (timeout, lease) = (serve.backplane.redis_timeout, serve.backplane.node_lease);
    if timeout >= lease {
        let [timeout, lease_is] = [found.time("redis_timeout", timeout), found.time("node_lease", lease)];
        let fault = format!("{timeout} must be less than {lease_is}, such as {}", suggested(lease / 6));
        found.refuse(&["redis_timeout", "node_lease"], fault);
    }
    let (calls, upload) = (serve.backplane.redis_max_call_bytes, serve.max_upload);
    if calls < upload {
        let [calls, upload_is] = [found.with("redis_max_call_bytes", calls), found.with("max_upload", upload)];
        let right = (upload * 4_u64).to_string().replace(".0 ", "");
        let fault = format!("{calls} must be at least {upload_is}, such as {right}");
        found.refuse(&["redis_max_call_bytes", "max_upload"], fault);
    }
}

fn without_redis(changed: &[String], found: &mut Contradictions<'_>) {
    let is_alone = |given: &&Given| of_redis().any(|id| id == given.id.as_str()) && changed.contains(&given.id);
    let alone: Vec<_> = found.given().iter().filter(is_alone).map(Given::with_value).collect();
    if !alone.is_empty() {
        let fault = format!("{} needs --redis-url too, such as redis://127.0.0.1:6379", alone.join(", "));
        found.refuse(&["redis_url"], fault);
    }
}

fn ice(serve: &Serve, found: &mut Contradictions<'_>) {
    let turn = serve.ice_server.iter().find(|url| is_turn(url));
    let fault = match (turn, serve.turn.turn_secret.first()) {
        (Some(url), None) => {
            format!("{} \"{url}\" needs --turn-secret too, such as file:/run/secrets/turn", found.of("ice_server"))
        }
        (None, Some(_)) => format!(
            "{} needs an --ice-server to be used with, such as turn:turn.example.com:3478",
            found.of("turn_secret")
        ),
        _ => return,
    };
    found.refuse(&["ice_server", "turn_secret"], fault);
}

fn service(serve: &Serve, found: &mut Contradictions<'_>) {
    if serve.turn.ice_token.is_some() && serve.turn.ice_url.is_none() {
        let name = found.of("ice_token");
        let fault = format!("{name} needs --ice-url too, such as https://turn.example.com/credentials");
        found.refuse(&["ice_token", "ice_url"], fault);
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::config::read;
    use crate::config::refusal::Refusal;

    fn refused(flags: &[&str]) -> String {
        let line: Vec<OsString> = ["roomcast", "config"].iter().chain(flags).map(Into::into).collect();
        match read(&line) {
            Err(Refusal::Line(line)) => line,
            other => panic!("{flags:?}: {other:?}"),
        }
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused_by_name_and_value() {
        for (flags, says) in [
            (
                &["--max-frame=1MiB", "--max-message=8KiB"][..],
                "--max-frame \"1MiB\" must be at most --max-message \"8KiB\", such as 8KiB",
            ),
            (&["--max-message=8KiB"], "--max-frame \"32.0 KiB\" (default) must be at most --max-message \"8KiB\""),
            (
                &["--ping-interval=20m", "--idle-timeout=10m"],
                "--ping-interval \"20m\" must be at most a third of --idle-timeout \"10m\", such as 3m",
            ),
            // A value that equals the default is judged like any other.
            (&["--ping-interval=30s", "--idle-timeout=10s"], "--ping-interval \"30s\" must be at most a third of"),
            (&["--idle-timeout=10s"], "--ping-interval \"30s\" (default) must be at most a third of --idle-timeout"),
            (
                &["--idle-timeout=10s"],
                "\"10s\", such as 3s; --keepalive-interval \"4m\" (default) must be at most half",
            ),
            (&["--keepalive-interval=10m"], "must be at most half of --idle-timeout \"10m\" (default), such as 5m"),
            (
                &["--hls-window=5s"],
                "--ingest-target-duration \"2s\" (default) must be at most a third of --hls-window \"5s\"",
            ),
            (
                &["--max-outbox=64KiB"],
                "--max-outbox \"64KiB\" must be at least twice --max-message \"128.0 KiB\" (default), such as 256KiB",
            ),
            (
                &["--max-message=1MiB"],
                "--max-outbox \"256.0 KiB\" (default) must be at least twice --max-message \"1MiB\", such as 2MiB",
            ),
            (
                &["--ingest-segment=30s"],
                "--ingest-segment \"30s\" must be at most a third of --hls-window \"1m\" (default), such as 20s",
            ),
            (&["--ingest-segment=2h", "--hls-window=9h"], "--ingest-segment \"2h\" must be at most 1h"),
            (&["--ingest-part=20ms"], "--ingest-part \"20ms\" must be at least 50ms"),
            (&["--ingest-part=1500ms"], "--ingest-part \"1500ms\" must be at most --ingest-segment \"1s\""),
            (&["--ingest-target-duration=2500ms"], "must be whole seconds, such as 3s"),
            (
                &["--tls-cert=a.pem"],
                "--tls-cert \"a.pem\" needs --tls-key too, such as --tls-key /etc/roomcast/key.pem",
            ),
            (&["--tls-key=a.pem"], "needs --tls-cert too, such as --tls-cert /etc/roomcast/cert.pem"),
            (&["--redis-timeout=2s"], "--redis-timeout \"2s\" needs --redis-url too"),
            (&["--redis-url=redis://a", "--redis-ca=x"], "--redis-ca \"x\" needs a --redis-url over TLS"),
            (
                &["--redis-url=redis://a", "--redis-max-call-bytes=1MiB"],
                "--redis-max-call-bytes \"1MiB\" must be at least --max-upload \"16.0 MiB\" (default), such as 64MiB",
            ),
            (&["--redis-url=redis://a", "--node-lease=1s"], "must be less than --node-lease \"1s\""),
            (
                &["--auth-jwks=https://id.example/keys"],
                "--auth-jwks \"https://id.example/keys\" needs --auth-audience too, such as --auth-audience https://",
            ),
            (&["--auth-jwks=http://id.example/keys"], "must be an https address, an http address on loopback"),
            (&["--cdn-secret=geheim6789abcdef0123456789abcdef"], "--cdn-secret needs --auth-secret or --auth-jwks too"),
            (
                &["--cdn-secret=geheim6789abcdef0123456789abcdef", "--auth-secret=geheim6789abcdef0123456789abcdef"],
                "--cdn-secret must differ from --auth-secret",
            ),
            (&["--ice-server=turn:a"], "--ice-server \"turn:a\" needs --turn-secret too"),
            (&["--turn-secret=geheim"], "--turn-secret needs an --ice-server"),
            (&["--ice-token=geheim"], "--ice-token needs --ice-url too, such as https://"),
            (&["--ice-token=ge heim", "--ice-url=https://a/"], "--ice-token must be of A-Z a-z 0-9"),
            (&["--ice-url=http://turn.example/"], "must be an https address, or an http address on loopback, such as"),
            (&["--ice-url=https://ann:geheim@turn.example/"], "takes no user and no password, such as https://"),
            (&["--ice-url=/run/servers.json"], "must be an https address, or an http address on loopback"),
            (&["--ice-url=https://a/", "--ice-ttl=59s"], "--ice-ttl \"59s\" must be at least 1m"),
        ] {
            let line = refused(flags);
            assert!(line.contains(says), "{line}");
            assert!(!line.contains('\n') && !line.contains("geheim"), "{line}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let line = refused(&["--max-rooms=0", "--workers=513", "--room-linger=soon", "--turn-secret=file:/geheim/x"]);
        assert_eq!(line.matches("; ").count(), 3, "{line}");
        assert!(
            line.contains("--max-rooms \"0\" must be a whole number from 1 to 1000000000 (default 100000)"),
            "{line}"
        );
        let line = refused(&["--ingest-segment=2h", "--hls-window=9h", "--max-frame=1MiB"]);
        assert_eq!(line.matches("; ").count(), 1, "{line}");
        let line = refused(&["--max-rooms=0", "--tls-cert=a.pem", "--ingest-part=5s"]);
        assert_eq!(line.matches("; ").count(), 2, "of one setting and of pairs: {line}");
    }

    #[test]
    fn a_value_that_is_wrong_by_itself_is_told_once() {
        let line =
            refused(&["--idle-timeout=1ns", "--ping-interval=30s", "--turn-secret=file:/no", "--ice-server=turn:a"]);
        assert_eq!(line.matches("; ").count(), 1, "{line}");
    }
}
