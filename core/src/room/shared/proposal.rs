//! All that waits, folded into one change of the document.

use std::collections::HashSet;

use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::errand::Record;
use super::{Flight, Waiting};
use crate::room::Room;
use crate::room::joining::JoinRequest;
use crate::room::stage::{Command, Outcome};
use crate::room::submit::Then;
use crate::time::Instant;

/// A change of what all nodes share, good only if the document still has the version it was made from.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The version of the document it was decided on; 0: there is none.
    pub expected: u64,
    /// Whether the room was open by that.
    pub open: bool,
    /// The version is to be higher than this, too.
    pub above: u64,
    /// The document, if it changes.
    pub document: Option<String>,
    /// How many publishers there are then.
    pub publishers: usize,
    /// Whether the room is over for want of a publisher.
    pub ends: bool,
    /// Whether the document stands in place of one that was lost.
    pub restores: bool,
    /// What is done beside it, in order.
    pub operations: Vec<Operation>,
    /// Whether this node has somebody in the room, or reads its broadcasts.
    pub present: bool,
    /// How many viewers this node has in it.
    pub viewers: usize,
}

/// What is done beside a change of the document.
#[derive(Debug, Clone)]
pub enum Operation {
    /// A member comes in.
    Join(Record),
    /// Somebody who is refused, unless it is a member already, maybe of another node.
    Probe(Record),
    /// A member was there all the time.
    Return(Record),
    /// A member of this node is gone.
    Leave {
        /// Who.
        key: MemberKey,
        /// Of which membership; 0: of whichever there is.
        generation: u64,
    },
    /// A member is told that it may publish, before the list says so.
    Tell {
        /// Who.
        key: MemberKey,
        /// What.
        text: String,
    },
    /// Members are put out.
    Kick {
        /// Who.
        to: Recipient,
        /// What they are told.
        text: String,
    },
}

impl Room {
    /// Folds what waits into a proposal, unless one is on its way.
    pub fn propose(&mut self, now: Instant) -> Option<Proposal> {
        let time = self.shared_time(now);
        let rules = self.rules();
        let shared = self.shared.as_mut()?;
        let rests = shared.again.is_some_and(|again| now < again);
        let nothing = shared.queue.is_empty() && !shared.dirty && shared.restore.is_none();
        if self.closed || shared.flight.is_some() || rests || nothing {
            return None;
        }
        shared.again = None;
        shared.generation = shared.generation.max(time.0) + 1;
        let mut stage = self.stage.clone();
        stage.clean(time);
        let before = self.stage.clone();
        let mut waiting = Vec::with_capacity(shared.queue.len());
        let mut operations = Vec::new();
        let (mut ends, mut joins, mut viewers) = (false, 0_usize, 0_usize);
        for item in shared.queue.drain(..) {
            let decided = stage.decide(time, rules, &item.command);
            if let Ok(decided) = &decided {
                ends |= decided.outcome == Outcome::Ended;
                let back = match &item.command {
                    Command::Return { member, .. } => self.members.get(&member.session.key()),
                    _ => None,
                };
                if let (Command::Accept { .. }, Then::Accept { signal, accepted, .. }) = (&item.command, &item.then) {
                    let elsewhere = accepted.iter().filter(|key| !self.members.contains(key));
                    let text = signal.raw();
                    operations.extend(elsewhere.map(|key| Operation::Tell { key: key.clone(), text: text.to_owned() }));
                }
                let back = back.map(|member| Operation::Return(member.returning()));
                let had = |key: &MemberKey| self.members.get(key).and_then(|member| member.returning().had);
                if let Some(operation) = back.or_else(|| operation(&item, shared.generation, had)) {
                    joins += usize::from(matches!(operation, Operation::Join(_)));
                    viewers +=
                        usize::from(matches!(operation, Operation::Join(_)) && decided.outcome == Outcome::Viewer);
                    operations.push(operation);
                }
            }
            if decided.is_err()
                && let Some(Operation::Join(record)) = operation(&item, shared.generation, |_| None)
            {
                operations.push(Operation::Probe(record));
            }
            waiting.push((item, decided.map(|decided| decided.outcome)));
        }
        // Who joins over another connection while it is brought back is brought back by that.
        let joining: HashSet<MemberKey> = operations.iter().filter_map(joins_as).collect();
        operations.retain(|one| !matches!(one, Operation::Return(record) if joining.contains(&record.session.key())));
        let members = self.members.iter().filter(|(key, _)| !stage.publishes(key)).count();
        let present = !self.members.is_empty() || joins > 0 || shared.observed;
        let document = (stage != before || shared.restore.is_some())
            .then(|| serde_json::to_string(&stage).expect("a stage serialises"));
        let proposal = Proposal {
            expected: shared.restore.unwrap_or(shared.version),
            open: before.is_open(),
            above: shared.version,
            document,
            publishers: stage.publishers().len(),
            ends,
            restores: shared.restore.is_some(),
            operations,
            present,
            viewers: members + viewers,
        };
        let dirty = std::mem::take(&mut shared.dirty);
        shared.flight = Some(Flight { stage, waiting, dirty });
        Some(proposal)
    }

    /// A user of these sessions may have others elsewhere.
    pub(super) fn spread(&mut self, user: UserId) {
        if let Some(shared) = &mut self.shared {
            shared.spread.insert(user);
        }
    }
}

fn joins_as(operation: &Operation) -> Option<MemberKey> {
    match operation {
        Operation::Join(record) => Some(record.session.key()),
        _ => None,
    }
}

/// `had` is up to which number a member that is here has signals of other nodes.
fn operation(item: &Waiting, generation: u64, had: impl Fn(&MemberKey) -> Option<u64>) -> Option<Operation> {
    match (&item.command, &item.then) {
        (Command::Join { newcomer, .. }, Then::Join(request)) => {
            let JoinRequest { join, welcome, .. } = &**request;
            Some(Operation::Join(Record {
                session: newcomer.session.clone(),
                video: newcomer.video,
                audio: newcomer.audio,
                keeps_tokens: join.options.resume_token.is_some(),
                resume_token: welcome.resume_token.clone(),
                other_token: join.options.resume_token.clone().unwrap_or_default(),
                generation,
                birth: generation,
                had: join.options.resume_from.max(had(&newcomer.session.key())),
            }))
        }
        (Command::Leave { key }, Then::Gone { generation, .. }) => {
            Some(Operation::Leave { key: key.clone(), generation: *generation })
        }
        (Command::Kick { to, .. }, Then::Kick { signal, .. }) => {
            Some(Operation::Kick { to: to.clone(), text: signal.raw().to_owned() })
        }
        _ => None,
    }
}
