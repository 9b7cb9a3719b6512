//! What is written down.

use std::sync::OnceLock;
use std::time::Duration;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When, since the beginning.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// An answer to `JOIN` with 200.
#[derive(Debug, Clone)]
pub struct Joined {
    /// When it was asked for.
    pub asked: Duration,
    /// Whether the room was to be created.
    pub creating: bool,
    /// Whether a member came back.
    pub resumed: bool,
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A node was killed.
    Killed(usize),
    /// A node stands still or is cut off from Redis.
    Apart(usize),
    /// Redis is away.
    Redis,
}

/// Something that happened. Connections are numbered over the whole log, members named by their session.
#[derive(Debug, Clone)]
pub enum What {
    /// A connection joined, on this node.
    Joined(u32, usize, Joined),
    /// A connection has ended, or nothing is known of it any more.
    Ended(u32),
    /// `LEAVE` was sent.
    Left(u32),
    /// `KICK` of this session was sent by one who may have been allowed to.
    KickAsked(String),
    /// The kicked session was told.
    Kicked(String),
    /// A signal with a number was sent to a session. `accepted`: read by the server and not refused.
    Sent {
        /// By this connection.
        connection: u32,
        /// To this session.
        to: String,
        /// With this number, which rises for each pair.
        number: u64,
        /// Whether the server has taken it.
        accepted: bool,
    },
    /// A signal came.
    Got {
        /// On this connection.
        connection: u32,
        /// From this session.
        from: String,
        /// With this number.
        number: u64,
    },
    /// A sequence number came.
    Number(u32, u64),
    /// A loss was announced.
    Gap(u32),
    /// A list was seen, of sessions and their roles.
    Saw(u32, Vec<(String, String)>),
    /// A fault begins.
    Begins(Fault),
    /// A fault ends.
    Ends(Fault),
    /// A segment was listed: by this playlist, under this number, by this name.
    Listed(String, u64, String),
    /// What a playlist named was fetched.
    Fetched(String),
    /// What a playlist named, before and after, was not there.
    Unfetchable(String),
    /// A playlist, asked of a node at the end; or the status of the answer.
    Playlist(usize, String),
    /// The list of a room, asked on a node at the end.
    Last(usize, String, Vec<String>),
}

/// The log, in order of time, and what must be known to judge it.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// What happened.
    pub entries: Vec<Entry>,
    /// Session and room of each connection, by its number.
    pub connections: Vec<(String, String)>,
    /// For how long a kick holds.
    pub kick: Duration,
    /// What was broken, once it has been asked for: then nothing more is written.
    pub(super) broken: OnceLock<Vec<(Fault, Duration, Duration)>>,
}

impl Log {
    /// The session of a connection.
    #[must_use]
    pub fn session(&self, connection: u32) -> &str {
        &self.connections[connection as usize].0
    }

    /// The room of a connection.
    #[must_use]
    pub fn room(&self, connection: u32) -> &str {
        &self.connections[connection as usize].1
    }

    /// The end of the log.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.entries.last().map(|entry| entry.at).unwrap_or_default()
    }

    /// From when to when something was broken; a killed node for a moment only.
    pub fn faults(&self) -> impl Iterator<Item = (Fault, Duration, Duration)> {
        self.broken.get_or_init(|| self.find_faults()).iter().copied()
    }

    fn find_faults(&self) -> Vec<(Fault, Duration, Duration)> {
        let found = self.entries.iter().enumerate().filter_map(|(place, entry)| {
            let What::Begins(fault) = entry.what else { return None };
            let end = match fault {
                Fault::Killed(_) => entry.at,
                fault => {
                    let ends = |later: &&Entry| matches!(later.what, What::Ends(ended) if ended == fault);
                    self.entries[place..].iter().find(ends).map_or(self.end(), |later| later.at)
                }
            };
            Some((fault, entry.at, end))
        });
        found.collect()
    }

    /// When this long has passed since then, with Redis there all the time.
    #[must_use]
    pub fn later(&self, then: Duration, by: Duration) -> Duration {
        let mut due = then + by;
        for (fault, begin, end) in self.faults() {
            if fault == Fault::Redis && begin < due && end >= then {
                due = due.max(end + by);
            }
        }
        due
    }

    /// Whether the node was sound in all of this time: neither killed nor apart.
    #[must_use]
    pub fn sound(&self, node: usize, from: Duration, to: Duration) -> bool {
        self.faults().all(|(fault, begin, end)| match fault {
            Fault::Killed(one) | Fault::Apart(one) => one != node || end < from || begin > to,
            Fault::Redis => true,
        })
    }
}
