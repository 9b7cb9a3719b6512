//! Cases: who there is, what is said, what breaks.

mod random;

use roomcast_protocol::signal::RoomType;
use serde::{Deserialize, Serialize};

pub use random::plans;

/// Nodes of a case.
pub const NODES: usize = 3;
/// Rooms of a case.
pub const ROOMS: usize = 2;

/// One client.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ClientPlan {
    pub room: usize,
    /// Whether it numbers what it says.
    pub numbers: bool,
    /// Whether its heartbeats say what it has, though it does not number.
    pub confirms: bool,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Op {
    Join {
        client: usize,
        node: usize,
        creating: bool,
    },
    Leave(usize),
    Say {
        from: usize,
        to: usize,
        count: u8,
    },
    Kick {
        by: usize,
        of: usize,
    },
    Accept {
        by: usize,
        of: usize,
    },
    /// The socket is lost; the client comes back.
    Drop(usize),
    /// The client goes silent, and never comes back.
    Vanish(usize),
    /// The session is claimed on another node while the first connection stands.
    Move {
        client: usize,
        node: usize,
    },
    /// The session is claimed on another node, and the first connection goes on with its heartbeats.
    Double {
        client: usize,
        node: usize,
    },
    /// The client takes another token, over its connection where it is a member.
    Renew {
        client: usize,
        publishes: bool,
    },
    /// The client lets its token end.
    Lapse(usize),
    /// The tokens of the client's user are revoked, by a request to this node.
    Revoke {
        client: usize,
        node: usize,
    },
    /// A moderator kicks the client and revokes its tokens.
    Banish {
        by: usize,
        of: usize,
    },
    Kill {
        node: usize,
        restart_after: u16,
    },
    Pause {
        node: usize,
        time: u16,
    },
    Cut {
        node: usize,
        time: u16,
    },
    /// The node that owns this room then is killed.
    KillOwner {
        room: usize,
        restart_after: u16,
    },
    PauseOwner {
        room: usize,
        time: u16,
    },
    CutOwner {
        room: usize,
        time: u16,
    },
    DeafenOwner {
        room: usize,
        time: u16,
    },
    /// The node gets no messages of other nodes.
    Deafen {
        node: usize,
        time: u16,
    },
    /// This percentage of the messages to a node is lost.
    Lose {
        node: usize,
        time: u16,
        percent: u8,
    },
    /// Commands time out; every other one has run.
    TimeOut {
        time: u16,
    },
    /// Commands are answered late, but within their time limit.
    Slow {
        time: u16,
    },
    /// Commands time out; every other one runs seconds later, behind those of a new connection.
    Late {
        time: u16,
    },
    Away {
        time: u16,
    },
    Empty,
    FailOver {
        lost: u16,
    },
    Clock {
        back: bool,
        by: u16,
    },
    Drain {
        node: usize,
        restart_after: u16,
    },
}

impl Op {
    /// The same of the node that owns the room.
    pub const fn at(self, node: usize) -> Self {
        match self {
            Self::KillOwner { restart_after, .. } => Self::Kill { node, restart_after },
            Self::PauseOwner { time, .. } => Self::Pause { node, time },
            Self::CutOwner { time, .. } => Self::Cut { node, time },
            Self::DeafenOwner { time, .. } => Self::Deafen { node, time },
            other => other,
        }
    }
}

/// An operation and the time before it, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Step {
    pub wait: u16,
    pub op: Op,
}

/// A case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub seed: u64,
    /// Rooms that are calls of two users.
    #[serde(default)]
    pub calls: Vec<usize>,
    /// Rooms that are broadcasts; the others are groups.
    #[serde(default)]
    pub broadcasts: Vec<usize>,
    /// Whether the nodes want access tokens.
    #[serde(default)]
    pub tokens: bool,
    /// The longest time that a message between a client and its node takes, in milliseconds.
    #[serde(default)]
    pub latency: u16,
    pub clients: Vec<ClientPlan>,
    pub steps: Vec<Step>,
}

impl Plan {
    /// The type of a room.
    pub fn room_type(&self, room: usize) -> RoomType {
        match (self.calls.contains(&room), self.broadcasts.contains(&room)) {
            (true, _) => RoomType::P2p,
            (false, true) => RoomType::P2m,
            (false, false) => RoomType::M2m,
        }
    }
}
