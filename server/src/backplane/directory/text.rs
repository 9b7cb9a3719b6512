//! The text format of arguments and answers of the scripts. Numbers that are only compared are 16 hexadecimal digits;
//! times are decimal.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use roomcast_core::cluster::directory::{Asserted, Claimed, Era, Journaled, LeaseAnswer, Looked};
use roomcast_core::cluster::{BootId, Life, Ownership};
use roomcast_core::time::Instant;

use crate::backplane::Reply;

pub fn hex(number: u64) -> String {
    format!("{number:016x}")
}

fn number(hex: &str) -> Option<u64> {
    u64::from_str_radix(hex, 16).ok()
}

fn era_text(era: Era) -> String {
    format!("{}:{}", hex(era.master), era.began.0)
}

fn era_of(text: &str) -> Option<Era> {
    let (master, began) = text.split_once(':')?;
    Some(Era { master: number(master)?, began: Instant(began.parse().ok()?) })
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub struct Arguments(pub Vec<Bytes>);

impl Arguments {
    pub fn text(&mut self, text: impl Into<Bytes>) -> &mut Self {
        self.0.push(text.into());
        self
    }

    pub fn millis(&mut self, duration: Duration) -> &mut Self {
        self.text(duration.as_millis().to_string())
    }

    pub fn number(&mut self, number: u64) -> &mut Self {
        self.text(hex(number))
    }

    /// Appends owner, life and term; three empty texts for `None`.
    pub fn ownership(&mut self, ownership: Option<Ownership>) -> &mut Self {
        let Some(Ownership { life, term, owner }) = ownership else { return self.text("").text("").text("") };
        let owner = owner.map(|owner| hex(owner.0)).unwrap_or_default();
        self.text(owner).text(format!("{}{}", hex(life.created), hex(life.random))).number(term)
    }

    pub fn era(&mut self, era: Option<Era>) -> &mut Self {
        self.text(era.map(era_text).unwrap_or_default())
    }

    /// Appends a field of a journal, or a value, as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> &mut Self {
        // Only maps with keys that are no texts have no JSON, and journals have none of those.
        self.text(serde_json::to_vec(value).expect("fields and values have a JSON form"))
    }

    /// Appends pairs of field and value.
    pub fn pairs<F: Serialize, V: Serialize>(&mut self, fields: &[(F, V)]) -> &mut Self {
        fields.iter().fold(self, |args, (field, value)| args.json(field).json(value))
    }

    /// Appends the number of deleted fields, then these, then pairs of field and value.
    pub fn changes<F: Serialize, V: Serialize>(&mut self, changes: &[(F, Option<V>)]) {
        let deleted = || changes.iter().filter(|(_, value)| value.is_none());
        self.text(deleted().count().to_string());
        deleted().for_each(|(field, _)| _ = self.json(field));
        for (field, value) in changes {
            value.iter().for_each(|value| _ = self.json(field).json(value));
        }
    }
}

/// A reader of a flat answer.
pub struct ReplyReader(std::vec::IntoIter<Reply>);

impl ReplyReader {
    pub fn of(reply: Reply) -> Option<Self> {
        match reply {
            Reply::Array(replies) => Some(Self(replies.into_iter())),
            _ => None,
        }
    }

    /// Returns all values as texts.
    pub fn texts(mut self) -> Option<Vec<String>> {
        let mut texts = Vec::with_capacity(self.0.len());
        while !self.is_empty() {
            texts.push(self.text()?);
        }
        Some(texts)
    }

    /// Returns the nested answers.
    pub fn lists(self) -> impl Iterator<Item = Option<Self>> {
        self.0.map(Self::of)
    }

    fn bytes(&mut self) -> Option<Bytes> {
        match self.0.next()? {
            Reply::Bytes(bytes) => Some(bytes),
            Reply::Int(number) => Some(number.to_string().into()),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.into()).ok()
    }

    fn boot(&mut self) -> Option<BootId> {
        number(&self.text()?).map(BootId)
    }

    fn millis(&mut self) -> Option<Duration> {
        self.text()?.parse().ok().map(Duration::from_millis)
    }

    fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    fn life(&mut self) -> Option<Life> {
        let text = self.text()?;
        Some(Life { created: number(text.get(..16)?)?, random: number(text.get(16..)?)? })
    }

    fn ownership(&mut self) -> Option<Ownership> {
        let owner = self.text()?;
        let owner = if owner.is_empty() { None } else { Some(BootId(number(&owner)?)) };
        Some(Ownership { owner, life: self.life()?, term: number(&self.text()?)? })
    }

    /// Returns each era with its remaining settling time.
    pub fn eras(mut self) -> Option<Vec<(Era, Duration)>> {
        let mut eras = Vec::new();
        while !self.is_empty() {
            eras.push((era_of(&self.text()?)?, self.millis()?));
        }
        Some(eras)
    }

    pub fn lease(mut self) -> Option<LeaseAnswer> {
        let (mut living, mut gone) = (Self::of(self.0.next()?)?, Self::of(self.0.next()?)?);
        let version = self.text()?.parse().ok()?;
        let mut answer = LeaseAnswer { version, time: Instant(self.text()?.parse().ok()?), ..LeaseAnswer::default() };
        while !living.is_empty() {
            answer.alive.insert(living.boot()?);
        }
        while !gone.is_empty() {
            answer.dead.insert(gone.boot()?, gone.millis()?);
        }
        Some(answer)
    }

    pub fn looked(mut self) -> Option<Looked> {
        match self.text()?.as_str() {
            "wait" => Some(Looked::Wait(self.millis()?)),
            "stands" if self.is_empty() => Some(Looked::Nothing),
            "stands" => Some(Looked::Stands(self.ownership()?)),
            _ => None,
        }
    }

    pub fn asserted(mut self) -> Option<Asserted> {
        match self.text()?.as_str() {
            "done" => Some(Asserted::Done),
            "stands" => Some(Asserted::Stands(self.ownership()?)),
            _ => None,
        }
    }

    pub fn journaled(mut self) -> Option<Journaled> {
        match self.text()?.as_str() {
            "wait" => Some(Journaled::Wait(self.millis()?)),
            "done" => Some(Journaled::Done),
            "lost" => Some(Journaled::Lost),
            "stands" => Some(Journaled::Fenced(self.ownership()?)),
            _ => None,
        }
    }

    pub fn claimed<F: DeserializeOwned, V: DeserializeOwned>(mut self, mine: BootId) -> Option<Claimed<F, V>> {
        match self.text()?.as_str() {
            "wait" => Some(Claimed::Wait(self.millis()?)),
            "stands" if self.is_empty() => Some(Claimed::Stands(None)),
            "stands" => Some(Claimed::Stands(Some(self.ownership()?))),
            "won" => self.won(mine),
            _ => None,
        }
    }

    fn won<F: DeserializeOwned, V: DeserializeOwned>(mut self, mine: BootId) -> Option<Claimed<F, V>> {
        let ownership = Ownership { life: self.life()?, term: number(&self.text()?)?, owner: Some(mine) };
        let era = era_of(&self.text()?)?;
        let (is_whole, stale) = (self.text()? == "1", self.text()? == "1");
        let mut fields = Vec::new();
        while !self.is_empty() {
            fields.push((self.bytes()?, self.bytes()?));
        }
        let read = |(field, value): (Bytes, Bytes)| {
            Some((serde_json::from_slice(&field).ok()?, serde_json::from_slice(&value).ok()?))
        };
        let journal = if is_whole { fields.into_iter().map(read).collect::<Option<Vec<_>>>() } else { None };
        if is_whole && journal.is_none() {
            tracing::error!("a journal cannot be read: its room ends");
        }
        Some(Claimed::Won { ownership, journal, stale, era })
    }
}
