//! Timers of a connection: pings, keepalives, and the ends of silence and age. Pure.
//!
//! One timer per connection is enough: it asks what is due, and when to ask again. Traffic only moves deadlines
//! back, so that the timer is never set anew before it has fired.

use std::time::{Duration, Instant};

use roomcast_protocol::code::CloseCode;

/// The number of pings that a peer may leave unanswered.
const UNANSWERED: u32 = roomcast_protocol::limits::UNANSWERED_PINGS;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Time without a message in either direction after which the connection is closed. Pings and keepalives are
    /// no messages here: else a keepalive would keep every connection.
    pub idle: Duration,
    /// The age at which a connection is closed.
    pub age: Duration,
    /// Time without a message to the peer after which it gets a keepalive.
    pub keepalive: Duration,
    /// Time between two pings.
    pub ping: Duration,
}

/// An action that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerAction {
    /// Close the connection.
    Close(CloseCode),
    /// Drop the connection without a close frame, since the peer does not respond.
    Drop,
    /// Send a ping.
    Ping,
    /// Send a keepalive.
    Keepalive,
}

/// The ages of one connection.
#[derive(Debug)]
pub struct Timers {
    opened: Instant,
    exchanged: Instant,
    last_sent: Instant,
    pinged: Instant,
    unanswered: u32,
}

impl Timers {
    /// Creates the timers of a connection that opens now.
    pub const fn new(now: Instant) -> Self {
        Self { opened: now, exchanged: now, last_sent: now, pinged: now, unanswered: 0 }
    }

    /// Records a received frame.
    pub const fn on_frame(&mut self) {
        self.unanswered = 0;
    }

    /// Records a received message.
    pub const fn on_message(&mut self, now: Instant) {
        self.exchanged = now;
    }

    /// Records the time at which a message was sent.
    pub fn on_sent(&mut self, when: Instant) {
        self.exchanged = self.exchanged.max(when);
        self.last_sent = self.last_sent.max(when);
    }

    /// Returns one action that is due. Must be called again until it returns `None`.
    pub fn due(&mut self, now: Instant, timeouts: &Timeouts) -> Option<TimerAction> {
        if now >= self.opened + timeouts.age {
            return Some(TimerAction::Close(CloseCode::TooOld));
        }
        if now >= self.exchanged + timeouts.idle {
            return Some(TimerAction::Close(CloseCode::IdleTimeout));
        }
        if now >= self.pinged + timeouts.ping {
            self.pinged = now;
            self.unanswered += 1;
            return Some(if self.unanswered > UNANSWERED { TimerAction::Drop } else { TimerAction::Ping });
        }
        if now >= self.last_sent + timeouts.keepalive {
            self.last_sent = now;
            return Some(TimerAction::Keepalive);
        }
        None
    }

    /// Returns the time of the next call.
    pub fn next(&self, timeouts: &Timeouts) -> Instant {
        let ends = (self.opened + timeouts.age).min(self.exchanged + timeouts.idle);
        ends.min(self.pinged + timeouts.ping).min(self.last_sent + timeouts.keepalive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMEOUTS: Timeouts = Timeouts {
        idle: Duration::from_secs(600),
        age: Duration::from_secs(7200),
        keepalive: Duration::from_secs(240),
        ping: Duration::from_secs(30),
    };

    /// Simulates a connection whose peer sends frames and messages at these periods, to its end: the time of the end in
    /// seconds, and the actions.
    fn life(frames: u64, messages: u64, replies: u64) -> (u64, Vec<TimerAction>) {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        let mut all = Vec::new();
        for second in 1.. {
            let now = start + Duration::from_secs(second);
            let every = |period: u64| period != 0 && second % period == 0;
            if every(frames) {
                timers.on_frame();
            }
            if every(messages) {
                timers.on_message(now);
            }
            if every(replies) {
                timers.on_sent(now);
            }
            while let Some(due) = timers.due(now, &TIMEOUTS) {
                all.push(due);
                if matches!(due, TimerAction::Close(_) | TimerAction::Drop) {
                    return (second, all);
                }
            }
            assert!(timers.next(&TIMEOUTS) > now);
        }
        unreachable!("every connection ends")
    }

    #[test]
    fn a_silent_peer_is_dropped_after_three_pings() {
        assert_eq!(
            life(0, 0, 0),
            (120, vec![TimerAction::Ping, TimerAction::Ping, TimerAction::Ping, TimerAction::Drop])
        );
    }

    #[test]
    fn keepalives_and_pongs_do_not_keep_an_idle_connection() {
        let (end, dues) = life(10, 0, 0);
        assert_eq!((end, dues.last()), (600, Some(&TimerAction::Close(CloseCode::IdleTimeout))));
        assert_eq!(dues.iter().filter(|due| **due == TimerAction::Keepalive).count(), 2);
    }

    #[test]
    fn who_hears_nothing_gets_keepalives_and_who_hears_something_does_not() {
        assert_eq!(life(3, 3, 0).1.iter().filter(|due| **due == TimerAction::Keepalive).count(), 29);
        assert!(!life(3, 3, 3).1.contains(&TimerAction::Keepalive));
    }

    #[test]
    fn a_busy_connection_ends_at_its_age() {
        let (end, dues) = life(1, 1, 1);
        assert_eq!((end, dues.last()), (7200, Some(&TimerAction::Close(CloseCode::TooOld))));
    }

    proptest! {
        #[test]
        fn traffic_never_brings_the_next_deadline_forward(steps in prop::collection::vec((0_u64..40, 0_u8..3), 1..60)) {
            let mut now = Instant::now();
            let mut timers = Timers::new(now);
            for (seconds, what) in steps {
                now += Duration::from_secs(seconds);
                while timers.due(now, &TIMEOUTS).is_some_and(|due| !matches!(due, TimerAction::Close(_) | TimerAction::Drop)) {}
                let before = timers.next(&TIMEOUTS);
                match what {
                    0 => timers.on_frame(),
                    1 => timers.on_message(now),
                    _ => timers.on_sent(now),
                }
                prop_assert!(timers.next(&TIMEOUTS) >= before);
            }
        }
    }
}
