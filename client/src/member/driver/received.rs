//! Numbered messages of the server: which of them come again, and when the server must be told of them.

use roomcast_protocol::limits::{RECEIVED_BYTES, RECEIVED_MESSAGES};

/// The highest number received, and what the server was not told of yet: it keeps a copy of that until then.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Received {
    /// Known once joined.
    highest: Option<u64>,
    messages: usize,
    bytes: usize,
}

impl Received {
    /// Returns the highest sequence number received; `None` before the first join.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Takes `resumed` and `sq` of a join ack. A server that took the room over may count on from less than what an
    /// earlier one had sent; another membership counts from a number of its own.
    pub fn joined(&mut self, resumed: bool, sequence: u64) {
        self.highest = Some(if resumed { self.highest.unwrap_or(0).min(sequence) } else { sequence });
    }

    /// Notes a message of so many bytes; returns whether it is new: `false` for one that was received before, over an
    /// earlier connection.
    pub fn note(&mut self, sequence: u64, bytes: usize) -> bool {
        self.messages += 1;
        self.bytes += bytes;
        let new = self.highest.is_none_or(|highest| sequence > highest);
        if new && self.highest.is_some() {
            self.highest = Some(sequence);
        }
        new
    }

    /// Returns whether the server must be told at once.
    pub fn is_owed(&self) -> bool {
        self.messages >= RECEIVED_MESSAGES || self.bytes >= RECEIVED_BYTES
    }

    /// Records that the number is being reported to the server.
    pub fn told(&mut self) {
        (self.messages, self.bytes) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(joins: &[(bool, u64)]) -> Option<u64> {
        let mut received = Received::default();
        joins.iter().for_each(|(resumed, sequence)| received.joined(*resumed, *sequence));
        received.highest()
    }

    #[test]
    fn a_resumed_member_goes_on_from_the_lower_number_and_another_from_the_servers() {
        assert_eq!(after(&[(false, 7), (true, 9)]), Some(7));
        assert_eq!(after(&[(false, 1000), (true, 9)]), Some(9));
        assert_eq!(after(&[(false, 7), (false, 9)]), Some(9));
        assert_eq!(after(&[(true, 9)]), Some(0), "the first ack was lost, and all that came with it");
    }

    #[test]
    fn what_came_before_is_dropped_and_much_of_it_is_told() {
        let mut received = Received::default();
        received.joined(false, 5);
        assert!(!received.note(5, 1) && received.note(6, 1) && !received.note(6, 1));
        assert!(!received.is_owed());
        received.note(7, RECEIVED_BYTES);
        assert!(received.is_owed());
        received.told();
        assert!(!received.is_owed());
    }
}
