//! What is counted of the backplane, under names for Prometheus.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

/// The backplane's metrics. They count into the recorder that was installed before.
pub struct Counters {
    pub(super) reconnects: Counter,
    pub(super) resyncs: Counter,
    pub(super) gaps: Counter,
    pub(super) reaped_members: Counter,
    pub(super) commands: Counter,
    pub(super) beat_lag: Gauge,
    cas_retries: Counter,
}

impl Counters {
    /// Describes all and starts at nothing.
    pub(super) fn describe() -> Self {
        describe_counter!("roomcast_redis_reconnects_total", "Connections to Redis made after the first one");
        describe_counter!("roomcast_redis_resyncs_total", "Times that rooms were told to read their state anew");
        describe_counter!("roomcast_redis_gaps_total", "Times that messages of other nodes may have been missed");
        describe_counter!("roomcast_redis_cas_retries_total", "Writes repeated because another node was first");
        describe_counter!("roomcast_redis_reaped_members_total", "Members of dead nodes removed by this one");
        describe_counter!("roomcast_redis_commands_total", "Commands and scripts sent to Redis");
        describe_gauge!(
            "roomcast_redis_beat_lag_seconds",
            Unit::Seconds,
            "How long the newest beat took from this node through Redis and back"
        );
        Self {
            reconnects: counter!("roomcast_redis_reconnects_total"),
            resyncs: counter!("roomcast_redis_resyncs_total"),
            gaps: counter!("roomcast_redis_gaps_total"),
            reaped_members: counter!("roomcast_redis_reaped_members_total"),
            commands: counter!("roomcast_redis_commands_total"),
            beat_lag: gauge!("roomcast_redis_beat_lag_seconds"),
            cas_retries: counter!("roomcast_redis_cas_retries_total"),
        }
    }

    /// A compare-and-set found another version than expected.
    pub fn cas_retry(&self) {
        self.cas_retries.increment(1);
    }
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counters")
    }
}
