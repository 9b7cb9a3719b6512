//! Settings on which all nodes must agree, and the switch with which tests break one rule on purpose.

use std::time::Duration;

use roomcast_protocol::limits;

/// The settings of a cluster. All nodes that share a Redis need the same values.
#[derive(Debug, Clone, Copy)]
pub struct ClusterSettings {
    /// The lifetime of a lease after its renewal. Also the settling time of an era, and the age from which the lease
    /// table is complete.
    pub lease: Duration,
    /// The time after which an absent member is removed.
    pub heartbeat_timeout: Duration,
    /// The time for which a JOIN waits for an owner.
    pub join_wait: Duration,
    /// The age from which an unacknowledged packet is assumed lost. Doubled up to twice while no acknowledgement
    /// arrives.
    pub ack_timeout: Duration,
    /// The time after which an acknowledgement is sent without a message.
    pub ack_delay: Duration,
    /// The interval at which confirmations are sent to senders.
    pub confirm_interval: Duration,
    /// The time after which an edge without members is released.
    pub edge_idle: Duration,
    /// The time for which a room without publishers waits for one.
    pub grace_period: Duration,
    /// The time for which a kicked user is refused.
    pub kick_duration: Duration,
    /// The bounds of the signals that are kept for a member.
    pub backlog: BacklogBounds,
    /// The limit, in bytes, of signals on one connection that an edge keeps until the owner has received them. Above
    /// it, the socket is not read any further, so that it may be exceeded only slightly.
    pub max_unseen: usize,
    /// The limit, in bytes, of such signals of all connections of a node.
    pub max_unseen_of_all: usize,
    /// The rule that is broken on purpose, to verify the tests.
    #[cfg(feature = "mutants")]
    pub broken: Option<Mutation>,
}

/// The bounds of the signals that are kept for a member until it has received them. Older signals are dropped, and the
/// gap is announced.
#[derive(Debug, Clone, Copy)]
pub struct BacklogBounds {
    /// The maximum number of signals.
    pub signals: usize,
    /// The maximum number of bytes of their texts.
    pub bytes: usize,
}

impl BacklogBounds {
    /// No bounds.
    pub(crate) const NONE: Self = Self { signals: usize::MAX, bytes: usize::MAX };
}

impl Default for BacklogBounds {
    fn default() -> Self {
        Self { signals: limits::BACKLOG_SIGNALS, bytes: limits::BACKLOG_BYTES }
    }
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            heartbeat_timeout: Duration::from_secs(10),
            join_wait: Duration::from_secs(8),
            ack_timeout: Duration::from_secs(2),
            ack_delay: Duration::from_millis(250),
            confirm_interval: Duration::from_secs(1),
            edge_idle: Duration::from_secs(30),
            grace_period: Duration::from_secs(30),
            kick_duration: limits::KICK_DURATION,
            backlog: BacklogBounds::default(),
            max_unseen: 256 * 1024,
            max_unseen_of_all: 256 * 1024 * 1024,
            #[cfg(feature = "mutants")]
            broken: None,
        }
    }
}

impl ClusterSettings {
    /// Returns whether a rule is broken on purpose: never without the feature `mutants`.
    #[cfg(not(feature = "mutants"))]
    #[must_use]
    pub const fn breaks(&self, _rule: Mutation) -> bool {
        false
    }

    /// Returns whether a rule is broken on purpose.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn breaks(&self, rule: Mutation) -> bool {
        self.broken == Some(rule)
    }

    /// Returns half of the lease: the duration of an outage of Redis from which the timeouts of absent members are
    /// restarted.
    #[must_use]
    pub fn half_lease(&self) -> Duration {
        self.lease / 2
    }
}

macro_rules! mutations {
    ($($(#[doc = $text:literal])+ $name:ident),* $(,)?) => {
        /// A rule of the design that can be broken on purpose, to see that the tests notice.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutation { $($(#[doc = $text])+ $name),* }

        impl Mutation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

mutations! {
    /// The owner takes any number of a signal, not exactly the next.
    NumbersInOrder,
    /// An edge does not ask its members to repeat what is unconfirmed after it attached.
    Resend,
    /// A packet with another counter than the expected one is no reason for doubt.
    GapIsDoubt,
    /// An old unacknowledged packet is no reason for doubt.
    TimeoutIsDoubt,
    /// An acknowledgement counts for signals of earlier attachments too, even before a new one stands.
    AckByAttachment,
    /// An owner does not ask edges to attach again: neither in doubt nor when it does not know their attachment.
    Again,
    /// Every owner counts `sq` and stays from the same beginning.
    NumbersByTerm,
    /// Confirmations are not repeated after an attach.
    ConfirmAgain,
    /// Owners do not assert their rooms in a new era.
    AssertOnEra,
    /// A lease renewal does not name the nodes it depends on.
    LeasePeers,
    /// Absences go on counting although Redis was away.
    Amnesty,
    /// Nothing waits for the end of the settling.
    Settling,
    /// An owner decides with an expired lease.
    FreshLease,
    /// A claim does not compare what stands there.
    CompareAndSet,
    /// Messages that show a change do not wait for the journal.
    JournalFirst,
    /// A greater ownership does not fence a journal write.
    Fencing,
    /// A write that comes behind a later one of the same owner is taken.
    NumbersOfWrites,
    /// A change made while a whole write is under way counts as written with it.
    WholeWrite,
    /// A journal that may lack something is not written whole again before single changes.
    PartialWrite,
    /// An attached edge closes a connection for which more is kept than may be, and reads it on.
    HoldBack,
    /// A member that does not number has its signals forgotten by the edge at once.
    KeepUnseen,
    /// Backlogs do not hold back the sender's confirmation.
    HeldByBacklog,
    /// A later stay of a session does not end the earlier one.
    NewestStay,
    /// LEAVE is sent once and forgotten.
    KeepLeave,
    /// Members that a takeover found are never removed.
    RemoveAfterTakeover,
    /// Repetitions after a takeover are not dropped.
    DropRepetitions,
    /// An edge keeps members in whose new token grants the room no longer.
    LeaveByToken,
    /// An `Attach` does not name the tokens that members have taken since their JOINs.
    TokensNamed,
    /// A publisher whose new token does not let it publish stays one.
    DemoteByToken,
    /// The kick of a moderator revokes no tokens.
    RevokeWithKick,
    /// An edge admits viewers whose user was kicked.
    ViewersKicked,
    /// An edge does not tell the owner that it has viewers.
    ViewersTold,
    /// An edge keeps viewers that a kick names of which it was not told, and those of another life of the room.
    ViewersLetGo,
}

/// Returns a duration in whole milliseconds.
#[must_use]
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
