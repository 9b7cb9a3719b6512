//! What settings demand of each other.

use std::time::Duration;

use super::Serve;
use super::given::Given;
use super::host::is_turn;
use crate::live::{LONGEST_PUSHED, SHORTEST_PUSHED};

/// Settings that say something of the way to Redis, and nothing without it.
const OF_REDIS: [&str; 9] = [
    "redis_ca",
    "redis_timeout",
    "redis_media_timeout",
    "redis_connect_timeout",
    "redis_max_calls",
    "redis_max_call_bytes",
    "redis_max_pushed",
    "node_lease",
    "beat_timeout",
];

/// What cannot work together, each in a clause that names the settings, their values and a right one.
///
/// `changed` has the ids of the settings that differ from their defaults: one that is merely written down is no demand.
pub fn contradictions(serve: &Serve, given: &[Given], changed: &[String]) -> Vec<String> {
    let names = Names { given, changed };
    let mut faults = Vec::new();
    frames(serve, &names, &mut faults);
    times(serve, &names, &mut faults);
    ingest(serve, &names, &mut faults);
    files(serve, &names, &mut faults);
    redis(serve, &names, &mut faults);
    ice(serve, &names, &mut faults);
    faults
}

/// Settings by the name under which they were given.
struct Names<'a> {
    given: &'a [Given],
    changed: &'a [String],
}

impl Names<'_> {
    fn find(&self, id: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.id == id)
    }

    fn is_given(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    fn is_changed(&self, id: &str) -> bool {
        self.changed.iter().any(|changed| changed == id)
    }

    fn of(&self, id: &str) -> String {
        self.find(id).map_or_else(|| format!("--{}", id.replace('_', "-")), Given::name)
    }

    /// `name "value"`: the value as it is in effect, also when it is the default.
    fn with(&self, id: &str, value: impl std::fmt::Display) -> String {
        let default = if self.is_given(id) { "" } else { " (default)" };
        format!("{} \"{value}\"{default}", self.of(id))
    }

    fn time(&self, id: &str, value: Duration) -> String {
        self.with(id, humantime::format_duration(value))
    }
}

fn frames(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    let (frame, message) = (serve.connection.max_frame, serve.connection.max_message);
    if frame > message {
        let [frame, message_is] = [names.with("max_frame", frame), names.with("max_message", message)];
        faults.push(format!("{frame} must be at most {message_is}, such as {message}"));
    }
}

fn times(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    let idle = serve.connection.idle_timeout;
    // A short idle timeout alone is no fault: connections then end before their first ping or keepalive.
    if names.is_changed("ping_interval") && serve.connection.ping_interval.saturating_mul(3) > idle {
        let ping = names.time("ping_interval", serve.connection.ping_interval);
        let (idle_is, right) = (names.time("idle_timeout", idle), humantime::format_duration(idle / 3));
        faults.push(format!("{ping} must be at most a third of {idle_is}, such as {right}"));
    }
    if names.is_changed("keepalive_interval") && serve.connection.keepalive_interval >= idle {
        let keepalive = names.time("keepalive_interval", serve.connection.keepalive_interval);
        let (idle_is, right) = (names.time("idle_timeout", idle), humantime::format_duration(idle / 2));
        faults.push(format!("{keepalive} must be less than {idle_is}, such as {right}"));
    }
}

/// The bounds of what pushed media is cut into are those of `?part=`, `?segment=` and `?target=`.
fn ingest(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    let ingest = &serve.ingest;
    let (part, segment, target) = (ingest.ingest_part, ingest.ingest_segment, ingest.ingest_target_duration);
    if target.subsec_nanos() != 0 {
        let right = Duration::from_secs(target.as_secs() + 1);
        let target_is = names.time("ingest_target_duration", target);
        faults.push(format!("{target_is} must be whole seconds, such as {}", humantime::format_duration(right)));
    }
    for (id, length) in [("ingest_segment", segment), ("ingest_target_duration", target)] {
        if length > LONGEST_PUSHED {
            faults.push(format!("{} must be at most 1h, such as 2s", names.time(id, length)));
        }
    }
    if part < SHORTEST_PUSHED {
        faults.push(format!("{} must be at least 50ms, such as 350ms", names.time("ingest_part", part)));
    }
    if part > segment {
        let (part_is, segment_is) = (names.time("ingest_part", part), names.time("ingest_segment", segment));
        faults.push(format!("{part_is} must be at most {segment_is}, such as {}", humantime::format_duration(segment)));
    }
}

fn files(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    for (there, missing, is_alone) in [
        ("tls_cert", "--tls-key", serve.delivery.tls_cert.is_some() && serve.delivery.tls_key.is_none()),
        ("tls_key", "--tls-cert", serve.delivery.tls_key.is_some() && serve.delivery.tls_cert.is_none()),
    ] {
        if is_alone {
            let there = names.find(there).map_or_else(|| names.of(there), Given::with_value);
            faults.push(format!("{there} needs {missing} too, such as {missing} /etc/roomcast/{}.pem", &missing[6..]));
        }
    }
}

fn redis(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    let Some(address) = &serve.backplane.redis_url else {
        let alone: Vec<_> = names
            .given
            .iter()
            .filter(|given| OF_REDIS.contains(&given.id.as_str()) && names.is_changed(&given.id))
            .collect();
        if !alone.is_empty() {
            let alone = alone.into_iter().map(Given::with_value).collect::<Vec<_>>().join(", ");
            faults.push(format!("{alone} needs --redis-url too, such as redis://127.0.0.1:6379"));
        }
        return;
    };
    if let Some(ca) = names.find("redis_ca").filter(|_| !address.tls) {
        let ca = ca.with_value();
        faults.push(format!("{ca} needs a {} over TLS, such as rediss://redis.example.com", names.of("redis_url")));
    }
    let (timeout, lease) = (serve.backplane.redis_timeout, serve.backplane.node_lease);
    if timeout >= lease {
        let [timeout, lease_is] = [names.time("redis_timeout", timeout), names.time("node_lease", lease)];
        let right = humantime::format_duration(lease / 6);
        faults.push(format!("{timeout} must be less than {lease_is}, such as {right}"));
    }
}

fn ice(serve: &Serve, names: &Names<'_>, faults: &mut Vec<String>) {
    let turn = serve.ice_server.iter().find(|url| is_turn(url));
    match (turn, &serve.turn_secret) {
        (Some(url), None) => faults.push(format!(
            "{} \"{url}\" needs --turn-secret too, such as file:/run/secrets/turn",
            names.of("ice_server")
        )),
        (None, Some(_)) => faults.push(format!(
            "{} needs an --ice-server to be used with, such as turn:turn.example.com:3478",
            names.of("turn_secret")
        )),
        _ => {}
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
            (&["--max-frame=1MiB", "--max-message=1KiB"][..], "--max-frame \"1.0 MiB\" must be at most --max-message"),
            (&["--max-message=1KiB"], "--max-frame \"32.0 KiB\" (default) must be at most --max-message \"1.0 KiB\""),
            (&["--ping-interval=20m", "--idle-timeout=1m"], "--ping-interval \"20m\" must be at most a third of"),
            (&["--keepalive-interval=10m"], "must be less than --idle-timeout \"10m\" (default), such as 5m"),
            (&["--ingest-segment=2h"], "--ingest-segment \"2h\" must be at most 1h"),
            (&["--ingest-part=20ms"], "--ingest-part \"20ms\" must be at least 50ms"),
            (&["--ingest-part=1500ms"], "--ingest-part \"1s 500ms\" must be at most --ingest-segment \"1s\""),
            (&["--ingest-target-duration=2500ms"], "must be whole seconds, such as 3s"),
            (
                &["--tls-cert=a.pem"],
                "--tls-cert \"a.pem\" needs --tls-key too, such as --tls-key /etc/roomcast/key.pem",
            ),
            (&["--tls-key=a.pem"], "needs --tls-cert too, such as --tls-cert /etc/roomcast/cert.pem"),
            (&["--redis-timeout=2s"], "--redis-timeout \"2s\" needs --redis-url too"),
            (&["--redis-url=redis://a", "--redis-ca=x"], "--redis-ca \"x\" needs a --redis-url over TLS"),
            (&["--redis-url=redis://a", "--node-lease=1s"], "must be less than --node-lease \"1s\""),
            (&["--ice-server=turn:a"], "--ice-server \"turn:a\" needs --turn-secret too"),
            (&["--turn-secret=geheim"], "--turn-secret needs an --ice-server"),
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
        let line = refused(&["--ingest-segment=2h", "--max-frame=1MiB"]);
        assert_eq!(line.matches("; ").count(), 1, "{line}");
    }
}
