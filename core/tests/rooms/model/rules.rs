//! Every signal but `JOIN`.

use roomcast_protocol::signal::RoomType;

use super::{KICK, Member, Model, Sent};
use crate::command::{Key, To, What};

/// The name of a signal.
pub fn name(what: What) -> &'static str {
    match what {
        What::Leave => "LEAVE",
        What::Beat { .. } | What::WrongType => "HEARTBEAT",
        What::Update(..) => "UPDATE",
        What::Kick(_) => "KICK",
        What::Request(..) => "PUBLISH_REQUEST",
        What::Accept(_) => "PUBLISH_ACCEPT",
        What::Reject(_) => "PUBLISH_REJECT",
        What::Offer(_) => "OFFER",
        What::Answer(_) => "ANSWER",
        What::Ice(_) => "ICE",
        What::Watch(_) => "WATCH",
    }
}

impl Member {
    /// A list below what is lost gets another number.
    pub fn keep_list_behind_the_loss(&mut self) {
        let Some(place) = self.kept.iter().position(|number| self.history[number].list && *number < self.lost) else {
            return;
        };
        let sent = Sent { again: true, ..self.history[&self.kept.remove(place)].clone() };
        self.last += 1;
        self.history.insert(self.last, sent);
        self.kept.push(self.last);
    }

    /// It has everything up to this number: nothing of that is kept.
    pub fn confirm(&mut self, claim: u64) {
        self.confirmed = self.confirmed.max(claim);
        self.had = self.had.max(claim);
        let gone: Vec<u64> = self.kept.iter().copied().filter(|number| *number <= claim).collect();
        let lost = gone.iter().filter(|number| !self.history[number].list).max();
        self.lost = self.lost.max(lost.copied().unwrap_or(0));
        self.kept.retain(|number| *number > claim);
    }

    /// It names a number that was never given: what is kept gets numbers above it.
    pub fn count_on_above(&mut self, claim: u64) {
        if claim <= self.last {
            return;
        }
        (self.last, self.had) = (claim, claim);
        for number in std::mem::take(&mut self.kept) {
            self.last += 1;
            // A message sent under its former number may still be under way.
            let sent = self.history[&number].clone();
            self.history.insert(number, Sent { again: true, ..sent.clone() });
            self.history.insert(self.last, sent);
            self.kept.push(self.last);
        }
    }
}

impl Model {
    /// `claim` is the number a heartbeat confirms, `mark` tells the signal from others.
    pub fn signal(&mut self, connection: u64, who: Key, what: What, claim: Option<u64>, mark: u64) {
        if let Err(code) = self.carry_out(connection, who, what, claim, mark) {
            self.say(connection, format!("{code} {}", name(what)));
        }
        self.on_time();
    }

    fn exists(&self, what: What) -> bool {
        match what {
            What::WrongType => false,
            What::Leave | What::Beat { .. } | What::Update(..) => true,
            What::Kick(_) => self.room_type != RoomType::P2p,
            What::Request(..) | What::Accept(_) | What::Reject(_) | What::Watch(_) => self.group(),
            What::Offer(_) | What::Answer(_) | What::Ice(_) => self.room_type != RoomType::P2m,
        }
    }

    fn carry_out(&mut self, connection: u64, who: Key, what: What, claim: Option<u64>, mark: u64) -> Result<(), u16> {
        if self.closed || !self.opened {
            return Err(4001);
        }
        let now = self.now;
        let member = self.members.get_mut(&who).filter(|member| member.connection == Some(connection));
        let known = member.map(|member| (member.heard, member.earlier, member.known) = (now, None, true)).is_some();
        if !self.exists(what) {
            return Err(2002);
        }
        if !known {
            return Err(4002);
        }
        let text = format!("{} {mark}", name(what));
        let publisher = self.publishers().contains(&who);
        match what {
            What::WrongType => Ok(()),
            What::Leave => {
                self.remove(who, true);
                Ok(())
            }
            What::Beat { ack, .. } => {
                self.beat(who, claim);
                if ack {
                    self.say(connection, format!("BEAT b{mark} {}", self.shown));
                }
                Ok(())
            }
            What::Update(video, audio) => self.update(who, publisher, video, audio),
            What::Kick(to) => self.kick(publisher, to, &text),
            What::Request(video, audio) => self.request(who, publisher, (video, audio), &text),
            What::Accept(to) => self.accept(who, to, &text),
            What::Reject(to) => self.decide(who, to).map(|targets| self.forward(&targets, &text)),
            What::Offer(_) if self.group() && !publisher => Err(4051),
            What::Offer(to) | What::Ice(to) => self.pass_on(who, to, &text, 4003),
            What::Answer(to) => self.pass_on(who, to, &text, 4024),
            What::Watch(to) => {
                let mut targets = self.named(to);
                targets.retain(|key| *key != who && self.publishers().contains(key));
                self.forward_or(&targets, &text, 4024)
            }
        }
    }

    fn beat(&mut self, who: Key, claim: Option<u64>) {
        let member = self.members.get_mut(&who).unwrap();
        member.confirms |= claim.is_some();
        if let Some(claim) = claim.filter(|claim| *claim <= member.last) {
            member.confirm(claim);
        }
    }

    fn update(&mut self, who: Key, publisher: bool, video: bool, audio: bool) -> Result<(), u16> {
        if !publisher {
            return Err(4051);
        }
        let before = self.list();
        let member = self.members.get_mut(&who).unwrap();
        (member.video, member.audio) = (video, audio);
        self.changed |= before != self.list();
        Ok(())
    }

    fn kick(&mut self, publisher: bool, to: To, text: &str) -> Result<(), u16> {
        let user = match to {
            To::User(user) | To::Session((user, _)) => user,
        };
        if !publisher {
            return Err(4051);
        }
        let targets = self.named(to);
        if targets.is_empty() {
            return Err(4002);
        }
        if self.owner().unwrap().0 == user {
            return Err(4051);
        }
        for key in targets {
            self.deliver(key, text, false);
            self.remove(key, false);
        }
        self.kicked.push((user, self.now + KICK));
        Ok(())
    }

    fn request(&mut self, who: Key, publisher: bool, sends: (bool, bool), text: &str) -> Result<(), u16> {
        if publisher {
            return Err(4023);
        }
        let owner = self.owner().ok_or(4024_u16)?;
        let member = self.members.get_mut(&who).unwrap();
        (member.video, member.audio) = sends;
        self.deliver(owner, text, false);
        Ok(())
    }

    /// Returns those about whom the owner decides.
    fn decide(&self, who: Key, to: To) -> Result<Vec<Key>, u16> {
        if self.owner() != Some(who) {
            return Err(4051);
        }
        let mut targets = self.named(to);
        targets.retain(|key| *key != who);
        if targets.is_empty() { Err(4002) } else { Ok(targets) }
    }

    fn accept(&mut self, who: Key, to: To, text: &str) -> Result<(), u16> {
        let targets = self.decide(who, to)?;
        let publishers = self.publishers();
        let fresh: Vec<Key> = targets.iter().copied().filter(|key| !publishers.contains(key)).collect();
        if publishers.len() + fresh.len() > 9 {
            return Err(4025);
        }
        self.forward(&targets, text);
        for key in fresh {
            let place = self.next();
            self.members.get_mut(&key).unwrap().publishes = Some(place);
            self.changed = true;
        }
        Ok(())
    }

    fn pass_on(&mut self, who: Key, to: Option<To>, text: &str, nobody: u16) -> Result<(), u16> {
        let mut targets = match to {
            Some(to) => self.named(to),
            None => self.publishers().into_iter().filter(|key| key.0 != who.0).collect(),
        };
        targets.retain(|key| *key != who);
        self.forward_or(&targets, text, nobody)
    }

    fn forward_or(&mut self, targets: &[Key], text: &str, nobody: u16) -> Result<(), u16> {
        self.forward(targets, text);
        if targets.is_empty() { Err(nobody) } else { Ok(()) }
    }

    fn forward(&mut self, targets: &[Key], text: &str) {
        for key in targets {
            self.deliver(*key, text, false);
        }
    }
}
