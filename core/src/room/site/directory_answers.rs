//! Handling of the directory's answers.

use std::sync::Arc;

use std::time::Duration;

use roomcast_protocol::ack::RoomClosedReason;

use super::{Context, DirectoryAnswer, DirectoryQuery, QueryState, RETRY_DELAY, Site, SiteEffect};
use crate::cluster::directory::{Claimed, Looked};
use crate::cluster::ownership::{Interest, NextStep, next_step};
use crate::cluster::{BootId, Ownership};
use crate::room::edge::Edge;
use crate::room::owner::{Owner, OwnerEffect, Turn};

impl Site {
    /// Handles the answer to a query.
    pub fn on_answer(&mut self, context: Context<'_>, ask: DirectoryQuery, answer: DirectoryAnswer) -> Vec<SiteEffect> {
        match ask {
            DirectoryQuery::Look => self.on_looked(context, answer),
            DirectoryQuery::Claim { mine, .. } => self.on_claimed(context, mine, answer),
            DirectoryQuery::Assert(mine) => self.of_owner(context, mine, |owner, turn, out| {
                let answer = if let DirectoryAnswer::Asserted(answer) = answer { Some(answer) } else { None };
                owner.on_asserted(turn, answer.as_ref(), out);
            }),
            DirectoryQuery::Write(write) => self.of_owner(context, write.ownership, |owner, turn, out| {
                let answer = if let DirectoryAnswer::Journaled(answer) = answer { Some(answer) } else { None };
                owner.on_journaled(turn, answer.as_ref(), out);
            }),
            DirectoryQuery::Release(mine, _) => self.on_released(context, mine, &answer),
        }
        self.end(context)
    }

    fn of_owner(
        &mut self,
        context: Context<'_>,
        mine: Ownership,
        change: impl FnOnce(&mut Owner, Turn, &mut Vec<OwnerEffect>),
    ) {
        if self.owner.as_ref().is_some_and(|owner| owner.ownership() == mine) {
            self.with_owner(context, change);
        }
    }

    fn on_released(&mut self, context: Context<'_>, mine: Ownership, answer: &DirectoryAnswer) {
        if self.owner.as_ref().is_none_or(|owner| owner.ownership() != mine) {
            return;
        }
        match answer {
            DirectoryAnswer::Released => self.released(context),
            _ => self.release = QueryState::At(context.now + RETRY_DELAY),
        }
    }

    fn on_looked(&mut self, context: Context<'_>, answer: DirectoryAnswer) {
        self.seek = QueryState::No;
        if self.owner.is_some() {
            return self.attach_or_wait(context);
        }
        let DirectoryAnswer::Looked(looked) = answer else { return self.seek_later(context, RETRY_DELAY) };
        let names_this = matches!(&looked, Looked::Stands(standing) if standing.owner == Some(self.boot));
        let edge = self.edge.as_ref();
        if !edge.is_some_and(Edge::is_seeking) && !names_this {
            return;
        }
        let interest = Interest {
            creates: edge.is_some_and(|edge| edge.creator().is_some()),
            has_members: edge.is_some_and(Edge::has_members),
            takes: edge.is_some_and(|edge| edge.has_members() || edge.has_waiting()),
        };
        let Some(lease) = context.lease else { return };
        match next_step(context.now, lease, &looked, interest) {
            NextStep::Wait(time) => self.seek_later(context, time),
            NextStep::Claim(_) if context.draining => self.seek_later(context, RETRY_DELAY),
            NextStep::Claim(expected) => self.claim(context, expected),
            NextStep::Attach(owner) => self.attach_to(context.now, owner),
            NextStep::Missing => {
                self.with_edge(|edge, out| edge.close(RoomClosedReason::Ended, out));
                if self.edge.as_ref().is_some_and(Edge::is_needed) {
                    self.seek(context);
                } else {
                    // At once: who asks for the room next is told that there is none.
                    self.with_edge(|edge, out| edge.release_if_idle(context.now, out));
                }
            }
        }
    }

    /// Attaches to the owner on this node, or waits if its ownership has ended.
    fn attach_or_wait(&mut self, context: Context<'_>) {
        if self.owner.as_ref().is_some_and(Owner::has_ended) {
            self.seek_later(context, RETRY_DELAY);
        } else {
            self.attach_to_own(context);
        }
    }

    fn seek_later(&mut self, context: Context<'_>, wait: Duration) {
        self.seek = QueryState::At(context.now + wait.max(Duration::from_millis(1)));
    }

    pub(super) fn claim(&mut self, context: Context<'_>, expected: Option<Ownership>) {
        let creator = self.edge.as_ref().and_then(Edge::creator).filter(|_| expected.is_none());
        let fields = creator.map(|creator| Owner::creation(Arc::clone(&self.settings), context.turn(), creator));
        let (mine, random) = (self.boot, self.next_id());
        self.seek = QueryState::Asked;
        self.ask(DirectoryQuery::Claim { expected, mine, random, fields: fields.unwrap_or_default() });
    }

    fn on_claimed(&mut self, context: Context<'_>, mine: BootId, answer: DirectoryAnswer) {
        self.seek = QueryState::No;
        if mine != self.boot {
            return self.seek(context);
        }
        match answer {
            DirectoryAnswer::Claimed(Claimed::Won { ownership, journal, stale, era }) => {
                // Without a journal the room is over: it has no members.
                let journal = (journal.unwrap_or_default(), stale);
                let mut owner = Owner::load(Arc::clone(&self.settings), context.turn(), (ownership, era), journal);
                owner.set_node(self.streams, self.tallies.clone());
                self.owner = Some(owner);
                self.show_owned_streams(context);
                self.drop_dead_nodes(context);
                self.attach_to_own(context);
                self.with_owner(context, Owner::on_time);
            }
            DirectoryAnswer::Claimed(Claimed::Wait(time)) => self.seek_later(context, time),
            // As told as by a look.
            DirectoryAnswer::Claimed(Claimed::Stands(standing)) => {
                let looked = standing.map_or(Looked::Nothing, Looked::Stands);
                self.on_looked(context, DirectoryAnswer::Looked(looked));
            }
            _ => self.seek_later(context, RETRY_DELAY),
        }
    }
}
