//! Whether a `JOIN` asks to create the room, and when it is worth asking the other way round.
//!
//! Between two `JOIN`s a room may come and go, so one answer proves nothing for the next; the turns are bounded.

use roomcast_protocol::code::AckCode;

/// Whether a member creates its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creating {
    /// Joins a room that is there.
    Never,
    /// Joins a room that is there, else creates it; creates it again when it is gone after a lost connection.
    IfAbsent,
    /// Creates the room; refused when it is there already.
    Always,
}

/// Maximum number of successive changes between creating and joining.
const MAX_TURNS: u32 = 6;

#[derive(Debug)]
pub(super) struct Creation {
    wish: Creating,
    creates: bool,
    turns: u32,
}

impl Creation {
    pub fn new(wish: Creating) -> Self {
        Self { wish, creates: wish != Creating::Never, turns: 0 }
    }

    /// Returns whether the next `JOIN` asks to create the room.
    pub fn creates(&self) -> bool {
        self.creates
    }

    /// Asks the other way round after a refusal with this code; returns whether to join again.
    pub fn turn_if_refused(&mut self, code: u16) -> bool {
        let exists = code == AckCode::AlreadyExistRoom.number() && self.creates;
        let absent = code == AckCode::RoomNotFound.number() && !self.creates;
        if self.wish != Creating::IfAbsent || !(exists || absent) || self.turns >= MAX_TURNS {
            return false;
        }
        self.turns += 1;
        self.creates = absent;
        true
    }

    /// Resets the number of turns: the room exists, and a further `JOIN` joins it.
    pub fn joined(&mut self) {
        self.turns = 0;
        self.creates = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXISTS: u16 = 4022;
    const ABSENT: u16 = 4001;

    #[test]
    fn a_room_that_is_there_is_joined_and_one_that_went_is_created_again() {
        let mut creation = Creation::new(Creating::IfAbsent);
        assert!(creation.creates());
        assert!(creation.turn_if_refused(EXISTS) && !creation.creates());
        assert!(creation.turn_if_refused(ABSENT) && creation.creates());
        creation.joined();
        assert!(!creation.creates());
        assert!(creation.turn_if_refused(ABSENT) && creation.creates());
    }

    #[test]
    fn turning_round_has_an_end() {
        let mut creation = Creation::new(Creating::IfAbsent);
        let answer = |creation: &Creation| if creation.creates() { EXISTS } else { ABSENT };
        let turns = (0..100).take_while(|_| creation.turn_if_refused(answer(&creation))).count();
        assert_eq!(turns, 6);
    }

    #[test]
    fn only_if_absent_turns_round() {
        assert!(!Creation::new(Creating::Never).turn_if_refused(ABSENT));
        assert!(!Creation::new(Creating::Always).turn_if_refused(EXISTS));
        assert!(!Creation::new(Creating::IfAbsent).turn_if_refused(4025));
        assert!(!Creation::new(Creating::Never).creates());
    }
}
