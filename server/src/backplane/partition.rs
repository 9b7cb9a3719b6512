//! Partitions of the rooms. All keys of a room have the hash tag of its partition, so that they share a slot in a Redis
//! Cluster and one script may access them all.

use std::fmt;

use roomcast_protocol::id::RoomId;

/// One of 64 partitions of the rooms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Partition(u8);

impl Partition {
    /// The number of partitions.
    pub const COUNT: u8 = 64;

    /// Returns the partition of a room, by an FNV-1a hash that is the same on every node and in every version.
    #[must_use]
    pub fn of(room: &RoomId) -> Self {
        const PRIME: u64 = 0x0100_0000_01b3;
        let hash = room
            .as_str()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        let folded = hash ^ (hash >> 32) ^ (hash >> 16);
        Self(u8::try_from(folded % u64::from(Self::COUNT)).unwrap_or_default())
    }

    /// Returns all partitions.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Returns the number of the partition, below [`COUNT`](Self::COUNT).
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns a key of this partition, such as `rc:{07}:r:demo` for `r:demo`.
    #[must_use]
    pub fn key(self, kind_and_rest: &str) -> String {
        format!("rc:{{{self}}}:{kind_and_rest}")
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_over_all_partitions() {
        let mut rooms = [0_u32; Partition::COUNT as usize];
        for number in 0..6400 {
            let room = RoomId::parse(&format!("room-{number}")).expect("a room's name");
            rooms[Partition::of(&room).index()] += 1;
        }
        assert!(rooms.iter().all(|&rooms| (60..=145).contains(&rooms)), "{rooms:?}");
    }

    #[test]
    fn a_room_never_changes_its_partition() {
        let room = RoomId::parse("demo").expect("a room's name");
        assert_eq!(Partition::of(&room).key("r:demo"), "rc:{07}:r:demo");
    }
}
