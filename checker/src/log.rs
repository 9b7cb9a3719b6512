//! The log: what clients did and saw, and which faults there were. Times are in milliseconds.

use std::sync::OnceLock;

/// A failure of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A node was killed, for a moment only.
    Killed(usize),
    /// A node stood still, or was cut off from Redis.
    Apart(usize),
    /// A node drained.
    Drained(usize),
    /// Messages between nodes were lost or commands timed out.
    Lossy,
    /// Redis was away.
    Away,
    /// Redis is back, and nodes may not have noticed it yet.
    Recovering,
    /// Redis lost some or all of its data, for a moment only.
    Data,
}

impl Fault {
    /// Whether an owner on the node that this meets may end.
    #[must_use]
    pub const fn ends_owners(self) -> bool {
        matches!(self, Self::Killed(_) | Self::Apart(_) | Self::Drained(_))
    }

    /// The node that this meets.
    #[must_use]
    pub const fn node(self) -> Option<usize> {
        match self {
            Self::Killed(node) | Self::Apart(node) | Self::Drained(node) => Some(node),
            Self::Lossy | Self::Away | Self::Recovering | Self::Data => None,
        }
    }
}

/// The end of a membership at a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The client has left.
    Left,
    /// The client was kicked.
    Kicked,
    /// The room was closed.
    Closed,
    /// A newer connection of the session took over (4000).
    TakenOver,
    /// The server does not know the member (1012 by an owner, 4002).
    Unknown,
    /// Its token has ended or was revoked.
    TokenOver,
    /// The socket was lost, or the client gave it up.
    Lost,
}

/// One thing that happened to a client. Clients are numbered, each is one session of one user.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields of an event are named for what they are")]
pub enum Event {
    /// JOIN was sent on a node, maybe while a former connection of the client stands.
    Asked { client: usize },
    /// JOIN was acknowledged.
    Joined { client: usize, node: usize, creating: bool, resumed: bool },
    /// JOIN was refused, with this code.
    Refused { client: usize, code: u16 },
    /// A membership or its connection ended.
    Ended { client: usize, outcome: Outcome },
    /// LEAVE was sent by a member.
    LeaveSaid { client: usize },
    /// A signal was sent for the first time, with an id that is unique in the log and rises.
    Sent { from: usize, to: usize, id: u64 },
    /// A signal was refused, or its connection ended before the server said that it had read it.
    Doubtful { id: u64 },
    /// A signal arrived with a sequence number.
    Got { to: usize, from: usize, id: u64, sq: u64 },
    /// Something else arrived with a sequence number.
    Numbered { to: usize, sq: u64 },
    /// A former connection was answered as a member's, though a newer one of the session was acknowledged then.
    Doubled { client: usize, since: u64 },
    /// A loss was announced.
    Gap { client: usize },
    /// Everything that the client said up to this id is confirmed.
    Confirmed { client: usize, id: u64 },
    /// The client has this token from now on: the time of issue, that of its end, and whether it may publish.
    Token { client: usize, issued: u64, ends: u64, publishes: bool },
    /// It was asked for a revocation of the client's tokens, which may have come about.
    RevokeAsked { client: usize },
    /// The client's tokens that were issued until then are revoked at all nodes.
    Revoked { client: usize, before: u64 },
    /// A moderator kicks the client; with the kick its tokens are revoked.
    BanishAsked { of: usize },
    /// A connection was closed for what was kept of it, though the owner of its room was known.
    CutOff { client: usize },
    /// KICK was sent by one who may not have been allowed to.
    KickAsked { of: usize },
    /// A list was seen: its version, where it is known, the publishers, and those of them that it calls the owner.
    List { client: usize, version: Option<(u64, u64)>, publishers: Vec<usize>, owners: Vec<usize> },
    /// A fault begins.
    Begins(Fault),
    /// A fault ends.
    Ends(Fault),
    /// A playlist listed a segment under a number, by a name.
    Listed { playlist: String, number: u64, name: String },
    /// Something that a playlist named before and after was not there.
    Unfetchable { name: String },
    /// The text of the playlist at the end, at one of the nodes.
    Playlist { node: usize, text: String },
    /// At the end: whether the client wants to be a member, and is.
    Last { client: usize, wants: bool, is_in: bool },
    /// Behind the end, when all have left: something that is still kept somewhere.
    Remains(String),
}

/// A client, as far as it changes what is promised to it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The room it joins.
    pub room: usize,
    /// Whether it numbers what it says and drops repetitions.
    pub numbers: bool,
    /// Whether it says what it has; of others only what was written to their sockets is known.
    pub confirms: bool,
    /// Whether it says so of a membership that has ended, when it joins anew.
    pub remembers: bool,
    /// Publishers that its room has at most.
    pub places: usize,
    /// Whether whoever does not publish is known to the edge of its node alone.
    pub broadcast: bool,
}

/// The log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Events with their times, in order.
    pub events: Vec<(u64, Event)>,
    /// The clients by number.
    pub clients: Vec<Kind>,
    /// The time for which a kick holds.
    pub kick: u64,
    /// The time from which nothing is said or broken any more.
    pub calm: u64,
    /// The time by which a client may learn something later than in virtual time: its own pace, and that of the
    /// machine.
    pub slack: u64,
    /// From when to when something was broken, once it has been asked for: then nothing more is written.
    broken: OnceLock<Vec<Span>>,
}

/// A fault, its start and its end.
pub(crate) type Span = (Fault, u64, u64);

/// Whether a fault lasted at some moment from one time to another.
pub(crate) fn overlaps((_, begin, end): &Span, from: u64, to: u64) -> bool {
    *begin <= to && *end >= from
}

impl Log {
    /// An empty log about these clients; a kick holds for a time, and clients may learn things this much later.
    #[must_use]
    pub fn new(clients: Vec<Kind>, kick: u64, slack: u64) -> Self {
        Self { clients, kick, slack, ..Self::default() }
    }

    /// Whether a client is known to an edge alone at a time: in a broadcast that does not list it.
    pub(crate) fn is_viewer(&self, who: usize, then: u64) -> bool {
        let seen = self.events.iter().rev().find_map(|(at, event)| match event {
            Event::List { client, publishers, .. } if *client == who && *at <= then => Some(publishers),
            _ => None,
        });
        self.clients[who].broadcast && seen.is_some_and(|publishers| !publishers.contains(&who))
    }

    /// The node on which a client was a member last before a time, and whether it asked to create the room.
    pub(crate) fn last_join(&self, who: usize, then: u64) -> Option<(usize, bool)> {
        self.events.iter().rev().find_map(|(at, event)| match event {
            Event::Joined { client, node, creating, .. } if *client == who && *at < then => Some((*node, *creating)),
            _ => None,
        })
    }

    /// The time of the last event.
    pub(crate) fn end(&self) -> u64 {
        self.events.last().map_or(0, |(at, _)| *at)
    }

    /// From when to when something was broken.
    pub(crate) fn faults(&self) -> &[Span] {
        self.broken.get_or_init(|| self.find_faults())
    }

    fn find_faults(&self) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        for (at, event) in &self.events {
            match event {
                Event::Begins(fault) => found.push((*fault, *at, u64::MAX)),
                Event::Ends(fault) => {
                    let open = found.iter_mut().rev().find(|(other, _, end)| other == fault && *end == u64::MAX);
                    open.into_iter().for_each(|(.., end)| *end = *at);
                }
                _ => {}
            }
        }
        for (fault, begin, end) in &mut found {
            if matches!(fault, Fault::Killed(_) | Fault::Data) {
                *end = *begin;
            }
        }
        found
    }

    /// The time at which this long has passed since then, with Redis there all the time.
    pub(crate) fn later(&self, then: u64, by: u64) -> u64 {
        let away = |fault: &Fault| matches!(fault, Fault::Away | Fault::Recovering);
        self.faults().iter().filter(|(fault, ..)| away(fault)).fold(then + by, |due, (_, begin, end)| {
            if *begin < due && *end >= then { due.max(end.saturating_add(by)) } else { due }
        })
    }

    /// Whether a node was sound in all of a time: neither killed nor apart nor drained.
    pub(crate) fn is_sound(&self, node: usize, from: u64, to: u64) -> bool {
        !self.faults().iter().any(|span| span.0.node() == Some(node) && overlaps(span, from, to))
    }

    /// Whether some node was not sound in a time.
    pub(crate) fn is_any_unsound(&self, from: u64, to: u64) -> bool {
        self.faults().iter().any(|span| span.0.ends_owners() && overlaps(span, from, to))
    }
}
