//! A signal for members here and elsewhere.
//!
//! Who is here and connected gets it at once. All others are reached through what all nodes share, which knows where
//! they are. So is who is here while an earlier signal of the same sender is on its way there, or while it lacks
//! something that came that way: order holds between two members.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::errand::{Answer, Errand, Mark, Record, Relay, Target};
use super::{MOST_WAITING, Sent};
use crate::room::effect::Effect;
use crate::room::member::Member;
use crate::room::relay::{Missing, Said};
use crate::room::stage::{Publisher, Stage};
use crate::room::{Refusal, Room, refuse};
use crate::time::Instant;

/// Whom a signal is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// Every session of a user.
    User(UserId),
    /// These sessions.
    Sessions(Vec<MemberKey>),
}

impl Room {
    /// `here` are those of this node.
    pub(in crate::room) fn pass_on_shared(
        &mut self,
        said: Said<'_>,
        aim: Aim,
        here: Vec<MemberKey>,
        missing: Missing,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Said { by: from, signal, .. } = said;
        let Some(shared) = &self.shared else { return refuse(missing.0, missing.1) };
        let waits = shared.outstanding.contains_key(from);
        let at_once = |key: &MemberKey| !waits && self.members.get(key).is_some_and(Member::is_up_to_date);
        let (here, later): (Vec<_>, Vec<_>) = here.into_iter().partition(at_once);
        let mut not = here.clone();
        not.push(from.clone());
        let targets: Vec<Target> = match aim {
            Aim::User(user) if here.is_empty() || self.is_spread(&user) => vec![Target::User(user)],
            Aim::User(_) => later.into_iter().map(Target::Session).collect(),
            Aim::Sessions(keys) => keys.into_iter().filter(|key| !not.contains(key)).map(Target::Session).collect(),
        };
        if targets.is_empty() && here.is_empty() {
            return refuse(missing.0, missing.1);
        }
        self.forward(&here, signal, out);
        if !targets.is_empty() {
            let missing = here.is_empty().then_some(missing);
            let sent = Sent::new(said, missing);
            let text = signal.raw().into();
            self.send_away(sent, |ticket| Errand::Relay(Relay { ticket, targets, not, text }), out)?;
        }
        Ok(())
    }

    fn send_away(
        &mut self,
        sent: Sent,
        errand: impl FnOnce(u64) -> Errand,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Some(shared) = &mut self.shared else { return Ok(()) };
        if shared.sent.len() >= MOST_WAITING {
            return refuse(AckCode::Unavailable, "other nodes are out of reach; try again");
        }
        shared.tickets += 1;
        *shared.outstanding.entry(sent.sender.clone()).or_default() += 1;
        shared.sent.insert(shared.tickets, sent);
        out.push(Effect::Elsewhere(errand(shared.tickets)));
        Ok(())
    }

    /// Whether a user with a session here may have others elsewhere.
    fn is_spread(&self, user: &UserId) -> bool {
        let publishes = |publisher: &Publisher| {
            publisher.session.user_id == *user && !self.members.contains(&publisher.session.key())
        };
        self.shared.as_ref().is_some_and(|shared| shared.spread.contains(user))
            || self.stage.publishers().iter().any(publishes)
    }

    /// Whether somebody whom the owner answers may be on another node.
    pub(in crate::room) fn may_be_elsewhere(&self, said: Said<'_>, here: &[MemberKey]) -> bool {
        self.shared.is_some()
            && match &said.signal.head.recipient {
                Some(Recipient::User(user)) => here.is_empty() || self.is_spread(user),
                Some(Recipient::Session(key)) => here.is_empty() && key != said.by,
                None => false,
            }
    }

    /// Asks who a recipient's sessions are; the sender's further signals wait.
    pub(in crate::room) fn look_for(&mut self, said: Said<'_>, out: &mut Vec<Effect>) {
        let Some(to) = said.signal.head.recipient.clone() else { return };
        match self.send_away(Sent::new(said, None), |ticket| Errand::Find { ticket, to }, out) {
            Ok(()) => {
                if let Some(shared) = &mut self.shared {
                    *shared.busy.entry(said.connection).or_default() += 1;
                }
            }
            Err(refusal) => self.send_refusal(said.connection, said.signal, &refusal, out),
        }
    }

    /// A member is known elsewhere by a description, which has changed.
    pub(in crate::room) fn describe(&self, key: &MemberKey, out: &mut Vec<Effect>) {
        if let (Some(_), Some(member)) = (&self.shared, self.members.get(key)) {
            out.push(Effect::Elsewhere(Errand::Describe(member.record())));
        }
    }

    /// Something came of an errand.
    pub fn answered(&mut self, now: Instant, answer: Answer) -> Vec<Effect> {
        let mut out = Vec::new();
        match answer {
            Answer::Relayed { ticket, found, here } => self.on_relayed(now, ticket, found, here, &mut out),
            Answer::RelayedBefore { ticket, here } => {
                for (key, mark) in here {
                    self.expect_up_to(now, &key, mark);
                }
                if let Some(shared) = &mut self.shared {
                    shared.settle(ticket);
                }
            }
            Answer::Found { ticket, records } => self.on_found(now, ticket, records, &mut out),
            Answer::Failed { ticket } => self.on_failed(now, ticket, &mut out),
            Answer::Seen { connection, document } => {
                if let Some((version, stage)) = document {
                    self.see(version, stage);
                }
                self.release(now, connection, &mut out);
            }
            Answer::Confirmed { connection } => self.release(now, connection, &mut out),
            Answer::Inbox { key, mark, kept } => self.fill_inbox(&key, mark, kept, &mut out),
        }
        self.on_time(now, &mut out);
        out
    }

    fn see(&mut self, version: u64, stage: Box<Stage>) {
        if version > self.version() {
            self.learn(version, Some(stage));
        }
    }

    /// The document was read.
    pub fn seen(&mut self, now: Instant, version: u64, stage: Box<Stage>) -> Vec<Effect> {
        let mut out = Vec::new();
        self.see(version, stage);
        self.on_time(now, &mut out);
        out
    }

    fn on_relayed(
        &mut self,
        now: Instant,
        ticket: u64,
        found: usize,
        here: Vec<(MemberKey, Mark)>,
        out: &mut Vec<Effect>,
    ) {
        let Some(sent) = self.shared.as_mut().and_then(|shared| shared.settle(ticket)) else { return };
        for (key, mark) in here {
            self.take_in(now, &key, mark, sent.signal.raw().into(), out);
        }
        if let (0, Some((code, reason))) = (found, sent.missing) {
            let refusal = Refusal { code, reason: reason.to_owned() };
            self.send_refusal(sent.connection, &sent.signal, &refusal, out);
        }
    }

    fn on_found(&mut self, now: Instant, ticket: u64, records: Vec<Record>, out: &mut Vec<Effect>) {
        let Some(sent) = self.shared.as_mut().and_then(|shared| shared.settle(ticket)) else { return };
        let newcomer = |record: Record| Publisher {
            session: record.session,
            video: record.video,
            audio: record.audio,
            ingest: Vec::new(),
        };
        let others = records.into_iter().filter(|record| record.session.key() != sent.sender);
        let newcomers = others.map(newcomer).collect();
        if let Err(refusal) = self.accept(now, sent.said(), newcomers, out) {
            self.send_refusal(sent.connection, &sent.signal, &refusal, out);
        }
        self.release(now, sent.connection, out);
    }

    fn on_failed(&mut self, now: Instant, ticket: u64, out: &mut Vec<Effect>) {
        let Some(sent) = self.shared.as_mut().and_then(|shared| shared.settle(ticket)) else { return };
        let asked = matches!(sent.signal.body, crate::room::Body::PublishAccept) && sent.missing.is_none();
        let reason = "other nodes are out of reach; try again".to_owned();
        self.send_refusal(sent.connection, &sent.signal, &Refusal { code: AckCode::Unavailable, reason }, out);
        if asked {
            self.release(now, sent.connection, out);
        }
    }
}
