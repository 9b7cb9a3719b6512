//! Metrics of the connections.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

/// Metrics of the connections. They use the recorder that was installed before.
pub struct Counters {
    pub reconnects: Counter,
    pub gaps: Counter,
    pub commands: Counter,
    pub beat_lag: Gauge,
}

impl Counters {
    pub fn describe() -> Self {
        describe_counter!("roomcast_redis_reconnects_total", "Connections to Redis made after the first one");
        describe_counter!("roomcast_redis_gaps_total", "Times that packets of other nodes may have been missed");
        describe_counter!("roomcast_redis_commands_total", "Commands, scripts and packets sent to Redis");
        let lag = "Time that the newest beat took from this node through Redis and back";
        describe_gauge!("roomcast_redis_beat_lag_seconds", Unit::Seconds, lag);
        Self {
            reconnects: counter!("roomcast_redis_reconnects_total"),
            gaps: counter!("roomcast_redis_gaps_total"),
            commands: counter!("roomcast_redis_commands_total"),
            beat_lag: gauge!("roomcast_redis_beat_lag_seconds"),
        }
    }
}
