//! When a heartbeat is due, and when so many went unanswered that the connection counts as dead.
//!
//! Only answers count as life: a socket can swallow heartbeats for minutes before it fails.

use std::time::{Duration, Instant};

use roomcast_protocol::ack::HeartbeatTimes;
use roomcast_protocol::limits::HURRYING_INTERVAL;

/// No server makes a client send faster than this.
const SHORTEST: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pulse {
    interval: Duration,
    timeout: Duration,
    due: Instant,
    answered: Instant,
    count: u64,
    /// The earliest time of a heartbeat before the interval is over.
    early: Instant,
}

impl Pulse {
    /// Begins with the ack of `JOIN`, which says how fast.
    pub fn new(now: Instant, times: HeartbeatTimes) -> Self {
        let interval = Duration::from_millis(times.interval).max(SHORTEST);
        // A timeout within the interval would leave no heartbeat the time to be answered.
        let timeout = Duration::from_millis(times.timeout).max(interval * 2);
        Self { interval, timeout, due: now + interval, answered: now, count: 0, early: now }
    }

    pub fn answered(&mut self, now: Instant) {
        self.answered = now;
    }

    /// Lets the next heartbeat be due as soon as may be.
    pub fn hurry(&mut self, now: Instant) {
        self.due = self.due.min(now.max(self.early));
    }

    pub fn is_dead(&self, now: Instant) -> bool {
        now >= self.answered + self.timeout
    }

    /// The id of the heartbeat to send, if one is due.
    pub fn beat(&mut self, now: Instant) -> Option<String> {
        if now < self.due {
            return None;
        }
        self.due = now + self.interval;
        self.early = now + HURRYING_INTERVAL;
        self.count += 1;
        Some(self.count.to_string())
    }

    /// When to look again.
    pub fn deadline(&self) -> Instant {
        self.due.min(self.answered + self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: HeartbeatTimes = HeartbeatTimes { interval: 3000, timeout: 10_000 };

    #[test]
    fn a_heartbeat_is_due_every_interval() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, TIMES);
        assert_eq!(pulse.beat(start + Duration::from_millis(2999)), None);
        assert_eq!(pulse.beat(pulse.deadline()).as_deref(), Some("1"));
        assert_eq!(pulse.beat(pulse.deadline()).as_deref(), Some("2"));
        assert_eq!(pulse.due, start + Duration::from_secs(9));
    }

    #[test]
    fn a_hurried_heartbeat_is_due_at_once_and_five_times_a_second_at_most() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, TIMES);
        let mut beats = 0;
        for millis in 0..1000 {
            let now = start + Duration::from_millis(millis);
            pulse.hurry(now);
            beats += u32::from(pulse.beat(now).is_some());
        }
        assert_eq!(beats, 5);
        assert_eq!(pulse.due, start + Duration::from_millis(1000), "the last hurry");
    }

    #[test]
    fn only_answers_keep_the_connection_alive() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pulse = Pulse::new(start, TIMES);
        assert!(pulse.beat(at(9)).is_some());
        assert!(!pulse.is_dead(at(9)) && pulse.is_dead(at(10)));
        pulse.answered(at(9));
        assert!(!pulse.is_dead(at(18)) && pulse.is_dead(at(19)));
    }

    #[test]
    fn a_server_cannot_ask_for_a_flood() {
        let start = Instant::now();
        let pulse = Pulse::new(start, HeartbeatTimes { interval: 0, timeout: 0 });
        assert!(pulse.deadline() >= start + SHORTEST && !pulse.is_dead(start + SHORTEST));
    }
}
