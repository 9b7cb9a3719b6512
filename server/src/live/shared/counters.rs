//! What is counted of replicated streams, under names for Prometheus.

use metrics::{Counter, counter, describe_counter};

/// The metrics of replicated streams. They count into the recorder that was installed before.
#[derive(Clone)]
pub(super) struct Counters {
    /// Uploads decided anew because another node was first.
    pub conflicts: Counter,
    /// News that did not follow what was known.
    pub gaps: Counter,
    /// Streams put back after Redis had lost them.
    pub restored: Counter,
    /// Entries and checkpoints that make no sense here.
    pub bad: Counter,
    /// Media fetched from other nodes.
    pub fetched: Counter,
    /// Media that could not be had in time.
    pub missed: Counter,
}

impl Counters {
    pub fn describe() -> Self {
        describe_counter!("roomcast_hls_conflicts_total", "Uploads decided anew because another node was first");
        describe_counter!("roomcast_hls_gaps_total", "News of streams that did not follow what was known");
        describe_counter!("roomcast_hls_restored_total", "Streams put back after Redis had lost them");
        describe_counter!("roomcast_hls_bad_entries_total", "Entries of streams' logs that make no sense to this node");
        describe_counter!("roomcast_hls_fetched_total", "Media fetched from other nodes");
        describe_counter!("roomcast_hls_missed_total", "Requests for media that could not be fetched in time");
        Self {
            conflicts: counter!("roomcast_hls_conflicts_total"),
            gaps: counter!("roomcast_hls_gaps_total"),
            restored: counter!("roomcast_hls_restored_total"),
            bad: counter!("roomcast_hls_bad_entries_total"),
            fetched: counter!("roomcast_hls_fetched_total"),
            missed: counter!("roomcast_hls_missed_total"),
        }
    }
}
