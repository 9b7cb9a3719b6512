//! The Redis of a case: the directory behind failovers, losses of data and a clock that is set.

use std::collections::VecDeque;

use roomcast_core::cluster::ClusterSettings;
use roomcast_core::cluster::directory::{Context, Directory};
use roomcast_core::room::owner::{Field, Value};
use roomcast_core::room::site::DirectoryQuery;
use roomcast_core::time::Instant;
use roomcast_protocol::id::RoomId;

use crate::command::{Answer, Command};
use crate::node::access::{Revoked, merge};

/// The time of Redis at the beginning of a case.
const EPOCH: u64 = 1_000_000;
/// Interval at which a replica takes a copy, in milliseconds, and the number of copies that it keeps.
const COPY_EVERY: u64 = 250;
const COPIES: usize = 40;

pub struct Redis {
    settings: ClusterSettings,
    pub directory: Directory<Field, Value>,
    copies: VecDeque<(u64, Directory<Field, Value>)>,
    revoked: Revoked,
    master: u64,
    ahead: u64,
    /// Only cases that lose data need copies.
    keeps_copies: bool,
}

impl Redis {
    pub fn new(settings: ClusterSettings, keeps_copies: bool) -> Self {
        let (directory, copies) = (Directory::new(settings), VecDeque::new());
        Self { settings, directory, copies, revoked: Revoked::new(), master: 1, ahead: EPOCH, keeps_copies }
    }

    fn context(&self, now: Instant) -> Context {
        Context { now: Instant(now.0 + self.ahead), master: self.master }
    }

    pub fn set_clock(&mut self, back: bool, by: u64) {
        self.ahead = if back { self.ahead.saturating_sub(by) } else { self.ahead + by };
    }

    /// All data is lost.
    pub fn empty(&mut self) {
        self.directory = Directory::new(self.settings);
        self.copies.clear();
        self.revoked.clear();
        self.master += 1;
    }

    /// A replica takes over that lacks the last writes.
    pub fn fail_over(&mut self, now: Instant, lost: u64) {
        let then = now.0.saturating_sub(lost);
        let copy = self.copies.iter().rfind(|(at, _)| *at <= then).or_else(|| self.copies.front());
        if let Some((_, copy)) = copy {
            self.directory = copy.clone();
        }
        self.copies.retain(|(at, _)| *at <= then);
        // At worst all of it was lost: the nodes put it back.
        self.revoked.clear();
        self.master += 1;
    }

    pub fn copy(&mut self, now: Instant) {
        let due = self.copies.back().is_none_or(|(at, _)| at + COPY_EVERY <= now.0);
        if self.keeps_copies && due {
            self.copies.push_back((now.0, self.directory.clone()));
            if self.copies.len() > COPIES {
                self.copies.pop_front();
            }
        }
    }

    pub fn run(&mut self, now: Instant, command: &Command) -> Answer {
        self.copy(now);
        let context = self.context(now);
        let directory = &mut self.directory;
        match command {
            Command::Lease { boot, peers, revoked, .. } => {
                let lease = directory.lease(context, *boot, 1, peers);
                merge(&mut self.revoked, revoked);
                Answer::Lease(lease, self.revoked.clone())
            }
            Command::Begin => Answer::Era(directory.begin(context)),
            Command::Of(room, ask) => answer(directory, context, room, ask),
            Command::Leave(boot) => {
                directory.leave(context, *boot);
                Answer::Done
            }
        }
    }
}

fn answer(directory: &mut Directory<Field, Value>, context: Context, room: &RoomId, ask: &DirectoryQuery) -> Answer {
    match ask {
        DirectoryQuery::Look => Answer::Looked(directory.look(context, room)),
        DirectoryQuery::Claim { expected, mine, random, fields } => {
            Answer::Claimed(directory.claim(context, room, *expected, *mine, (*random, fields)))
        }
        DirectoryQuery::Assert(mine) => Answer::Asserted(directory.assert(context, room, *mine)),
        DirectoryQuery::Write(write) => Answer::Journaled(directory.journal(context, room, write)),
        DirectoryQuery::Release(mine, keep) => {
            directory.release(context, room, *mine, keep.as_deref());
            Answer::Done
        }
    }
}
